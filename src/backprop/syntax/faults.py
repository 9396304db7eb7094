"""What to say where the grammar has no place for a token: the cause in one sentence, and the mend.

`explain_all` tries the causes from the most telling to the least; each is a short function that
answers with an error, or None when it is not the cause.
"""

import re
from array import array
from collections.abc import Callable
from typing import Any

from backprop.errors import LIMIT, Label, SyntaxFault, UnexpectedText, mend
from backprop.source import Span
from backprop.syntax import division
from backprop.syntax.case import (
    BEGINS,
    BRACKETS,
    Case,
    begin,
    brief,
    end,
    fault,
    own,
    raised,
)
from backprop.syntax.foreign import FOREIGN, one_name
from backprop.syntax.grammar import Unfit, shape
from backprop.syntax.misstated import BOUNDS, MISSTATED, as_bounds, concise
from backprop.syntax.pasted import PASTED, comma_in_number
from backprop.syntax.ranges import over_index
from backprop.syntax.scanner import CLOSES, FIRST_WORDS, Tokens
from backprop.syntax.subscripts import subscript

_COMPARISONS = {"LT", "LE", "GT", "GE", "EQ", "NE"}
_OPERATORS = _COMPARISONS | {"PLUS", "MINUS", "TIMES", "DIVIDE", "POWER", "STARS", "AND", "OR"}
_WORDS = {"FOR", "IN", "IF", "AND", "OR", "NOT"}


def _missing(where: str, at: Label | Span) -> SyntaxFault:
    hint = "write a number, a name or an expression there"
    return fault(f"something is missing {where}", at, hint)


def _reserved(word: str, at: Span) -> SyntaxFault:
    message = f"{word!r} is a reserved word and cannot name a value"
    return fault(message, at, "choose another name")


def explain_all(tokens: Tokens, unfit: Unfit) -> list[SyntaxFault]:
    """The errors of a statement: the first, and those that are left once missing `*` are put in."""
    found: list[SyntaxFault] = []
    while True:
        case = Case(tokens, unfit.index)
        cause, fault = next((each, fault) for each in _CAUSES if (fault := each(case)))
        found.append(fault)
        if cause is not _product or len(found) >= LIMIT:
            return found
        tokens = _with_product(tokens, unfit.index)
        try:
            shape(tokens.kinds)
            return _as_a_whole(tokens, found)
        except Unfit as another:
            unfit = another


def _as_a_whole(tokens: Tokens, found: list[SyntaxFault]) -> list[SyntaxFault]:
    """One error for products that need a `*` and nothing else, whose hint is the whole statement as
    it should be; those that were found where it is too long, or something else may be meant.

    tokens: of the statement with each `*` put in.
    """
    meant = own(tokens, 0, len(tokens.kinds) - 1)
    if meant == "(…)" or any(error.message != _NEEDED or len(error.hints) > 1 for error in found):
        return found
    places = [error.labels[0] for error in found]
    return [UnexpectedText(_NEEDED, *places, hints=[mend(meant)])]


_NEEDED = "a product needs its '*'"


def _with_product(tokens: Tokens, at: int) -> Tokens:
    """The tokens with a `*` of no width before the token `at`."""
    here = array("Q", [tokens.starts[at]])
    columns: Any = zip(tokens[1:], (("TIMES",), ["*"], here, here), strict=True)
    return Tokens(tokens.source, *[each[:at] + sign + each[at:] for each, sign in columns])


def _no_equation(case: Case) -> SyntaxFault | None:
    if case.tokens.sign >= 0 or (case.kind() in BRACKETS and not case.opened):
        return None
    tokens, whole = case.tokens, case.tokens.whole
    kind, word = tokens.kinds[0], tokens.texts[0]
    if kind == "NUMBER" and (comma := comma_in_number(tokens.span(0))):
        return comma
    if case.kind() == "EQ":
        return fault("'==' compares and defines nothing", case.span(), "define a name with '='")
    signed = kind in ("PLUS", "MINUS")
    if kind == "FOR" or (
        kind in _OPERATORS and not (signed and not _BELOW.search(whole.source.text[: whole.start]))
    ):
        hints = ["to go on with the line above, end that line with the operator"]
        if kind == "FOR":
            hints = ["put it on the line of the equation that it belongs to"]
        hints += [f"for an equation of its own give it a name: L = {brief(whole)}"] * signed
        return fault(f"a line cannot begin with {word!r}", tokens.span(0), *hints)
    if tokens.kinds == ("NUMBER",):
        return fault("a number alone defines nothing", whole, f"give it a name: x = {word}")
    if tokens.kinds == ("NAME",):
        return fault(f"{word!r} alone says nothing", whole, f"give it a value: {word} = 1")
    hint = f"give it a name: L = {brief(whole)}"
    try:
        shape(("NAME", "ASSIGN", *tokens.kinds))
    except Unfit:
        hint = "write: name = expression"
    hint = as_bounds(tokens) or hint
    if whole.source.option == "--set" and tokens.kinds == ("NAME", "NUMBER"):
        hint = mend(f"{word} = {tokens.texts[1]}")
    return fault("this is no equation: nothing is defined", whole, hint)


_BELOW = re.compile(r"(?:\A|\n)[^\S\n]*[^\s#][^\n]*\n\s*\Z")
"""Finds that there is a statement in the line above the end of a text."""


def _left_side(case: Case) -> SyntaxFault | None:
    sign = case.tokens.sign
    if case.at > sign or sign < 0:
        return None
    tokens = case.tokens
    kinds, texts = tokens.kinds, tokens.texts
    if kinds[0] == "NUMBER" and (comma := comma_in_number(tokens.span(0))):
        return comma
    if sign == 0:
        hint = "write: name = expression"
        return fault(f"no name before {texts[0]!r}", tokens.span(0), hint)
    if (
        kinds[:2] == ("NUMBER", "NAME")
        and texts[0].endswith(".")
        and not case.touching(1 - case.at)
    ):
        hint = f"if it is the number of a line, begin with {texts[1]}"
        return fault("a line cannot begin with a number", tokens.span(0), hint)
    at = int(texts[0] in FIRST_WORDS and sign > 1)
    if kinds[at] in _WORDS:
        return _reserved(texts[at], tokens.span(at))
    if kinds[0] == "NAME" and kinds[1] in _OPERATORS and sign == 2:
        hint = "a name is defined once; use a new name for the new value"
        return fault(f"there is no '{texts[1]}='", tokens.span(1, 2), hint)
    message = f"only a name can stand on the left of {texts[sign]!r}"
    hint = one_name(tokens, at, sign - 1) or "write: name = expression"
    return fault(message, tokens.span(0, sign - 1), hint)


def _ends_early(case: Case) -> SyntaxFault | None:
    if case.kind():
        return None
    if case.behind_operand and case.opened and case.text(case.opened[-1] - case.at) == "|":
        bar = case.tokens.span(case.opened[-1])
        return fault("this '|' is never closed", bar, "add the missing '|'")
    where = f"after {case.written(-1)!r}"
    if case.kind(-1) == "IN" and "FOR" not in case.tokens.kinds:
        return fault(f"something is missing {where}", case.tokens.after(), BOUNDS)
    if case.kind(-1) in _FORM:
        return fault(f"something is missing {where}", case.tokens.after(), _FORM[case.kind(-1)])
    return _missing(where, Label(case.tokens.after(), "here"))


_FORM = {
    "IF": "a choice reads if(condition, then, else)",
    "FOR": "a range reads for i in 1..n",
    "IN": "a range reads for i in 1..n",
}


def _second_equation(case: Case) -> SyntaxFault | None:
    at = 0 if case.kind() == "ASSIGN" else -1
    pair = case.text(at) + case.text(at + 1)
    if pair in ("=<", "=>") and (found := re.search(r"=[^;\n]*?(=?)\Z", case.before(at))):
        place = case.span(at, at + 1)
        place = place._replace(start=place.start - len(found[1]))  # in a chain '=' is before it
        return fault(f"there is no {pair!r}", place, mend(f"{pair[1]}="))
    unequal = {"/=": -1, "~=": 0}
    for sign, first in unequal.items():
        both = case.text(first) + case.text(first + 1)
        if both == sign and (case.opened or (first == 0 and case.touching(1))):
            return fault(f"there is no {sign!r}", case.span(first, first + 1), mend("!="))
    if case.kind() in ("ASSIGN", "TILDE"):
        hints = ["compare with '=='"]
        if not case.opened:
            hints.append("or make two equations of it, separated by ';' or a line end")
        if case.kind() == "ASSIGN" and not case.opened and _at_a_point(case):
            equation = own(case.tokens, 0, case.at - 1)
            alone = "the equation alone" if equation == "(…)" else equation
            hints.insert(0, f"if the rest is its value at one point, write {alone}")
        return fault(f"a second {case.text()!r} in one equation", case.span(), *hints)
    return None


_SEPARATE = "separate equations by ';' or a line end"


def _second_statement(case: Case) -> SyntaxFault | None:
    """A statement behind another: `a=2 b=3`, `a = 2 minimize a`. Of a claim a product may be meant."""
    tokens, text = case.tokens, case.tokens.source.text
    if tokens.sign < 0 or not case.kind() or not case.behind_operand or case.opened:
        return None
    start = tokens.starts[case.at]
    if case.touching() or not _STATEMENT.match(text, start):
        return None
    rest = re.compile(r"[^;#\r\n]*").match(text, start)
    stop = start + len(rest[0].rstrip()) if rest else start
    begin = tokens.starts[0]
    if left := _LEFT_SIDE.search(text, max(begin - 200, 0), begin):  # this is a right side
        begin = left.start()
    both = tokens.whole._replace(start=begin, end=stop)
    message, meant = "two statements stand side by side", brief(both)
    sign = ", " if both.source.option in ("--set", "--along", "--times") else "; "
    hints = [mend(_BETWEEN.sub(sign, meant)) if meant != "…" else _SEPARATE]
    if both.source.option == "--claim" and meant != "…":
        hints.append(f"or, for a product, {_BETWEEN.sub('*', meant)}")
    return fault(message, both, *hints)


_NAME = r"[^\W\d]\w*['′’]*"
_LEFT = rf"∂?{_NAME}(?:\[[^]=\r\n]*\]|\([^)=\r\n]*\))?(?:\s*/\s*[∂d]{_NAME}(?:\[[^]=\r\n]*\])?)?"
_STARTS = rf"(?:(?:const\s+)?{_LEFT}\s*(?::?=(?!=)|[~←])|(?:{'|'.join(FIRST_WORDS)})\s+{_NAME})"
_STATEMENT = re.compile(_STARTS)
_LEFT_SIDE = re.compile(rf"(?<![\w∂/]){_LEFT}\s*[=:]\s*$")
_BETWEEN = re.compile(rf"(?<=[^\s=~+*/^,(<>−-])(?<!\bconst)[ \t]+(?={_STARTS})")


def _at_a_point(case: Case) -> bool:
    """Whether a chain goes on with numbers behind a formula: `e = a*b = 2*(-3) = -6`."""
    _, formula, *others = case.tokens.sides()
    return (
        len(formula.kinds) > 1
        and "NAME" in formula.kinds
        and not any("NAME" in side.kinds or not side.kinds for side in others[-1:])
    )


def _product(case: Case) -> SyntaxFault | None:
    """Two operands side by side: what a person writes for a product."""
    left, right = case.kind(-1), case.kind()
    if right not in {*BEGINS, "IF"} or not case.behind_operand:
        return None
    tokens, at = case.tokens, case.at
    before, here, both = case.written(-1), case.written(), case.span(-1)
    if left == right == "NUMBER":
        hint = f"multiply with '*': {before}*{here}"
        if not case.touching():
            hint += f"; or write the number without a space: {before}{here}"
        return fault("two numbers side by side", both, hint)
    if case.text()[0] == "ˆ":
        return fault("a power is written with '^'", case.span(), mend(f"^{case.text()[1:]}"))
    if right == "IF":
        return fault("unexpected 'if'", case.span(), _FORM["IF"])
    first = at - 1 if left in ("NUMBER", "NAME") else begin(tokens, at)
    last = max(at, end(tokens, at))
    before, here = own(tokens, first, at - 1), own(tokens, at, last)
    hints = [mend(f"{before}*{here}")]
    if left == "NUMBER" and case.touching() and division.below(tokens, first):
        hints = [f"for a quotient times {here} write {before}*{here}"]
        hints.append(f"for one over a product ({before}*{here})")
    if left == "NUMBER" and case.touching() and division.raised_by(tokens, first):
        hints = [f"for a power times {here} write {before}*{here}"]
        hints.append(f"for a power of all ({before}*{here})")
    if gather := over_index(before):
        hints = [f"for a {gather} write {gather}(… for i in 1..n)", f"for a name {before}*{here}"]
    if left == "NUMBER" and case.touching() and case.text() in ("e", "E"):
        last = raised(tokens, at)
        here = own(tokens, at, last)
        raising = re.fullmatch(r"[eE](?:(?:\^|\*\*)\s*\(?([-−+]?[0-9]+)\)?)?", here)
        hints = [mend(f"{before}*{here}")]
        if raising:
            hints.append(f"or, if a power of ten is meant, {before}e{raising[1] or 3}")
    return fault(_NEEDED, tokens.span(first, last), *hints)


def _choice(case: Case) -> SyntaxFault | None:
    if case.kind(-1) == "IF":
        return fault("'if' needs brackets here", case.span(-1, -1), _FORM["IF"])
    opened = case.opened[-1] if case.opened else 0
    if opened == 0 or case.tokens.kinds[opened - 1] != "IF":
        return None
    few = case.kind() == "RPAR" and (case.behind_operand or case.kind(-1) == "LPAR")
    if few or (case.kind() == "COMMA" and case.behind_operand):
        message = f"too {'few' if few else 'many'} parts in this 'if'"
        return fault(message, case.tokens.span(opened - 1, case.at), _FORM["IF"])
    return None


def _chain(case: Case) -> SyntaxFault | None:
    if case.kind() not in _COMPARISONS or not case.behind_operand:
        return None
    middle = case.text(-1) if case.kind(-1) in ("NAME", "NUMBER") else "x"
    hint = f"join two comparisons: … {middle} and {middle} {case.text()} …"
    return fault("comparisons cannot be chained", case.span(), hint)


def _closing(case: Case) -> SyntaxFault | None:
    kind, opened = case.kind(), case.opened
    if kind not in BRACKETS:
        return None
    if not opened:
        hint = "remove it, or add the bracket that it closes"
        return fault(f"this {case.text()!r} closes nothing", case.span(), hint)
    opening = case.tokens.texts[opened[-1]]
    if case.tokens.kinds[opened[-1]] != BRACKETS[kind]:  # a bar, too
        message = f"{opening!r} is closed by {case.text()!r}"
        label = Label(case.tokens.span(opened[-1]), "opened here")
        hints = [f"close it with {CLOSES[opening]!r}"]
        return UnexpectedText(message, case.span(), label, hints=hints)
    if opened[-1] == case.at - 1:
        return fault(
            "nothing between these brackets", case.span(-1), "write an expression between them"
        )
    return _missing(f"before {case.text()!r}", case.span())


def _comma(case: Case) -> SyntaxFault | None:
    if case.kind() != "COMMA":
        return None
    left, right = case.text(-1), case.text(1)
    bounds = as_bounds(case.tokens.since(case.at + 1)) if case.behind_operand else ""
    if "=" in bounds and case.tokens.sign > 0:
        name, _, ends = bounds.rpartition(": ")[2].partition(" = … in ")
        if name == own(case.tokens, 0, case.tokens.sign - 1):
            value = own(case.tokens, 0, case.at - 1)
            hint = mend(f"{value} in {ends}") if value != "(…)" else BOUNDS
            return fault("bounds stand behind the value", case.tokens.whole, hint)
    if case.kind(-1) == case.kind(1) == "NUMBER":
        if "." in left + right:
            return fault("a comma between two numbers", case.span(-1, 1), _SEPARATE)
        hints = [mend(f"{left}.{right}", "with the decimal point: ")]
        if len(right) == 3:
            hints.append(f"or, of thousands, {left}{right}")
        return fault("a comma in a number", case.span(-1, 1), *hints)
    if not case.behind_operand:
        hint = "write an expression there"
        return fault("something is missing before ','", case.span(), hint)
    message = "a comma separates the arguments of a function, and here is none"
    if not case.opened and case.kind(1) == "NAME" and case.kind(2) == "ASSIGN":
        return fault(message, case.span(), mend(";"))
    return fault(message, case.span(), _SEPARATE)


def _operators(case: Case) -> SyntaxFault | None:
    if case.kind() not in _OPERATORS or case.behind_operand:
        return None
    stars = case.touching() and {case.written(-1), case.written()} <= {"∗", "*"}
    meant = "^" if stars else {"<>": "!="}.get(case.text(-1) + case.text())
    if meant or case.kind(-1) in _OPERATORS:
        hint = mend(meant) if meant else "remove one, or write what stands between them"
        return fault("two operators side by side", case.span(-1), hint)
    return _missing(f"before {case.text()!r}", case.span())


def _words(case: Case) -> SyntaxFault | None:
    kind, here = case.kind(), case.span()
    if kind in _MISPLACED:
        return fault(_MISPLACED[kind][0], here, _MISPLACED[kind][1])
    if kind in _WORDS:
        return _reserved(case.text(), here)
    if kind == "LSQB" and case.kind(-1) in ("NUMBER", "RPAR", "RSQB"):
        return fault("only a name has an index", here, "write: x[i]")
    return None


_MISPLACED = {
    "FOR": ("'for' needs an indexed name on the left", "write: x[i] = … for i in 1..n"),
    "NOT": ("'not' needs brackets here", "write (not …)"),
    "RANGE": ("a range '..' has no place here", _FORM["FOR"]),
}


_CAUSES: tuple[Callable[[Case], SyntaxFault | None], ...] = (
    *FOREIGN,
    *MISSTATED,
    subscript,
    _no_equation,
    _left_side,
    _ends_early,
    _second_statement,
    _second_equation,
    division.in_words,
    *PASTED,
    concise,
    _product,
    _choice,
    _chain,
    _closing,
    _comma,
    division.whole,
    _operators,
    _words,
    lambda case: fault(f"unexpected {case.text()!r}", case.span()),
)
