"""What to say where the grammar has no place for a token: the cause in one sentence, and the mend.

`explain` tries the causes from the most telling to the least; each is a short function that answers
with an error, or None when it is not the cause.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from typing import NamedTuple

from backprop.errors import LIMIT, Label, SyntaxFault, UnexpectedText
from backprop.operations import FUNCTIONS
from backprop.source import Span
from backprop.syntax.grammar import Unfit, shape
from backprop.syntax.scanner import Tokens

_OPERAND_ENDS = {"NUMBER", "NAME", "RPAR", "RSQB"}
_OPERAND_BEGINS = {"NUMBER", "NAME", "LPAR", "IF"}
_COMPARISONS = {"LT", "LE", "GT", "GE", "EQ", "NE"}
_OPERATORS = _COMPARISONS | {"PLUS", "MINUS", "TIMES", "DIVIDE", "POWER", "STARS", "AND", "OR"}
_WORDS = {"FOR", "IN", "IF", "AND", "OR", "NOT"}
_BRACKETS = {"RPAR": "LPAR", "RSQB": "LSQB"}


class _Case(NamedTuple):
    """The tokens of a statement, and the index at which the grammar gave up."""

    tokens: Tokens
    at: int
    expected: frozenset[str]

    def kind(self, offset: int = 0) -> str:
        index = self.at + offset
        return self.tokens.kinds[index] if 0 <= index < len(self.tokens.kinds) else ""

    def text(self, offset: int = 0) -> str:
        index = self.at + offset
        return self.tokens.texts[index] if 0 <= index < len(self.tokens.texts) else ""

    def span(self, first: int = 0, last: int = 0) -> Span:
        return self.tokens.span(self.at + first, self.at + last)

    @property
    def assigned(self) -> int:
        """The index of the first `=` or `~`, or -1."""
        kinds = self.tokens.kinds
        return next((i for i, kind in enumerate(kinds) if kind in ("ASSIGN", "TILDE")), -1)

    @property
    def opened(self) -> list[int]:
        """The brackets that are open where the grammar gave up."""
        stack: list[int] = []
        for index, kind in enumerate(self.tokens.kinds[: self.at]):
            if kind in ("LPAR", "LSQB"):
                stack.append(index)
            elif kind in _BRACKETS and stack:
                stack.pop()
        return stack

    def fault(self, message: str, *labels: Label | Span, hints: list[str]) -> SyntaxFault:
        return UnexpectedText(message, *labels, hints=hints)

    def missing(self, where: str, at: Label | Span) -> SyntaxFault:
        hint = "write a number, a name or an expression there"
        return self.fault(f"something is missing {where}", at, hints=[hint])


def explain_all(tokens: Tokens, unfit: Unfit) -> list[SyntaxFault]:
    """The errors of a statement: the first, and those that are left once missing `*` are put in."""
    found = [explain(tokens, unfit)]
    while _lacks_product(_Case(tokens, unfit.index, unfit.expected)) and len(found) < LIMIT:
        tokens = _with_product(tokens, unfit.index)
        try:
            shape(tokens.kinds)
        except Unfit as another:
            unfit = another
            found.append(explain(tokens, unfit))
        else:
            break
    return found


def _lacks_product(case: _Case) -> bool:
    causes = (cause for cause in _CAUSES if cause(case))
    return next(causes, None) is _product


def _with_product(tokens: Tokens, at: int) -> Tokens:
    """The tokens with a `*` of no width before the token `at`."""
    here = tokens.starts[at]
    return Tokens(
        tokens.source,
        (*tokens.kinds[:at], "TIMES", *tokens.kinds[at:]),
        [*tokens.texts[:at], "*", *tokens.texts[at:]],
        array("Q", [*tokens.starts[:at], here, *tokens.starts[at:]]),
        array("Q", [*tokens.ends[:at], here, *tokens.ends[at:]]),
    )


def explain(tokens: Tokens, unfit: Unfit) -> SyntaxFault:
    """The error to report for a statement that the grammar refused."""
    case = _Case(tokens, unfit.index, unfit.expected)
    for cause in _CAUSES:
        fault = cause(case)
        if fault:
            return fault
    return case.fault(f"unexpected {case.text()!r}", case.span(), hints=[])


def _no_equation(case: _Case) -> SyntaxFault | None:
    if case.assigned >= 0:
        return None
    tokens, whole = case.tokens, case.tokens.span(0, len(case.tokens.kinds) - 1)
    if case.kind() == "EQ":
        return case.fault(
            "'==' compares and defines nothing", case.span(), hints=["define a name with '='"]
        )
    if tokens.kinds[0] == "FOR":
        return case.fault(
            "a line cannot begin with 'for'",
            tokens.span(0, 0),
            hints=["put it on the line of the equation that it belongs to"],
        )
    if tokens.kinds[0] in _OPERATORS - {"PLUS", "MINUS"}:
        return case.fault(
            f"a line cannot begin with {tokens.texts[0]!r}",
            tokens.span(0, 0),
            hints=["to go on with the line above, end that line with the operator"],
        )
    if tokens.kinds[0] == "NUMBER" and len(tokens.kinds) == 1:
        return case.fault(
            "a number alone defines nothing",
            whole,
            hints=[f"give it a name: x = {tokens.texts[0]}"],
        )
    if tokens.kinds == ("NAME",):
        name = tokens.texts[0]
        return case.fault(
            f"{name!r} alone says nothing", whole, hints=[f"give it a value: {name} = 1"]
        )
    return case.fault(
        "this is no equation: nothing is defined",
        whole,
        hints=[f"give it a name: L = {_short(whole.text)}"],
    )


def _left_side(case: _Case) -> SyntaxFault | None:
    sign = case.assigned
    if case.at > sign or sign < 0:
        return None
    tokens = case.tokens
    if sign == 0:
        return case.fault(
            f"no name before {tokens.texts[0]!r}",
            tokens.span(0, 0),
            hints=["write: name = expression"],
        )
    if tokens.kinds[0] in _WORDS:
        return case.fault(
            f"{tokens.texts[0]!r} is a reserved word and cannot name a value",
            tokens.span(0, 0),
            hints=["choose another name"],
        )
    left = tokens.span(0, sign - 1)
    if tokens.kinds[sign - 1] in _OPERATORS and tokens.kinds[:1] == ("NAME",) and sign == 2:
        return case.fault(
            f"there is no '{tokens.texts[sign - 1]}='",
            tokens.span(sign - 1, sign),
            hints=["a name is defined once; use a new name for the new value"],
        )
    return case.fault(
        f"only a name can stand on the left of {tokens.texts[sign]!r}",
        left,
        hints=["write: name = expression"],
    )


def _ends_early(case: _Case) -> SyntaxFault | None:
    if case.kind():
        return None
    last = case.text(-1)
    if case.kind(-1) in ("IF", "FOR", "IN"):
        return case.fault(
            f"something is missing after {last!r}",
            case.tokens.after(),
            hints=[_FORM[case.kind(-1)]],
        )
    return case.missing(f"after {last!r}", Label(case.tokens.after(), "here"))


_FORM = {
    "IF": "a choice reads if(condition, then, else)",
    "FOR": "a range reads for i in 1..n",
    "IN": "a range reads for i in 1..n",
}


def _second_equation(case: _Case) -> SyntaxFault | None:
    if case.kind() == "ASSIGN" and case.kind(1) in ("LT", "GT"):
        sign = case.text(1)
        return case.fault(f"there is no '={sign}'", case.span(0, 1), hints=[f"write {sign}="])
    if case.kind() in ("ASSIGN", "TILDE"):
        hints = ["compare with '=='"]
        if not case.opened:
            hints.append("or make two equations of it, separated by ';' or a line end")
        return case.fault(f"a second {case.text()!r} in one equation", case.span(), hints=hints)
    if (
        case.kind() == "NAME"
        and case.kind(1) == "ASSIGN"
        and case.kind(-1) in _OPERAND_ENDS
        and not case.opened
    ):
        return case.fault(
            "a second equation begins here",
            case.span(),
            hints=["separate equations by ';' or a line end"],
        )
    return None


def _product(case: _Case) -> SyntaxFault | None:
    """Two operands side by side: what a person writes for a product."""
    left, right = case.kind(-1), case.kind()
    if left not in _OPERAND_ENDS or right not in _OPERAND_BEGINS:
        return None
    before, here = case.text(-1), case.text()
    touching = case.tokens.ends[case.at - 1] == case.tokens.starts[case.at]
    if left == "NUMBER" and right == "NAME" and touching and re.fullmatch(r"_[\d_]+", here):
        return case.fault(
            "a number has no '_' in it",
            case.span(-1),
            hints=[f"write {before}{here.replace('_', '')}"],
        )
    if left == right == "NUMBER":
        hint = f"multiply with '*': {before}*{here}"
        if not touching:
            hint += f"; or write the number without a space: {before}{here}"
        return case.fault("two numbers side by side", case.span(-1), hints=[hint])
    if right == "IF":
        return case.fault("unexpected 'if'", case.span(), hints=[_FORM["IF"]])
    if left == "NAME" and before in FUNCTIONS and not touching:
        return case.fault(
            f"the arguments of {before} need brackets",
            case.span(-1),
            hints=[f"write {before}({here})"],
        )
    if before == "0" and touching and re.fullmatch("[xX][0-9a-fA-F]+", here):
        return case.fault(
            "numbers are decimal", case.span(-1), hints=[f"write {int(here[1:], 16)}"]
        )
    if right == "LPAR" and case.kind(-2) in ("POWER", "STARS") and case.text(-3) in FUNCTIONS:
        hint = f"a power of a function: {case.text(-3)}(…)^{before}"
        return case.fault("the power stands behind the brackets", case.span(-3), hints=[hint])
    called = "(…)" if right == "NAME" and case.kind(1) == "LPAR" else ""
    product = f"{'(…)' if left == 'RPAR' else before}*{'(…)' if right == 'LPAR' else here + called}"
    hints = [f"write {product}"]
    if left == "NUMBER" and touching and here in ("e", "E"):
        hints.append(f"or, if a power of ten is meant, {before}e3")
    return case.fault("a product needs its '*'", case.span(-1), hints=hints)


def _choice(case: _Case) -> SyntaxFault | None:
    opened = case.opened
    if case.kind(-1) == "IF":
        return case.fault("'if' needs brackets here", case.span(-1, -1), hints=[_FORM["IF"]])
    if not opened or opened[-1] == 0 or case.tokens.kinds[opened[-1] - 1] != "IF":
        return None
    whole = case.tokens.span(opened[-1] - 1, case.at)
    if case.kind() == "RPAR" and case.kind(-1) in _OPERAND_ENDS | {"LPAR"}:
        return case.fault("too few parts in this 'if'", whole, hints=[_FORM["IF"]])
    if case.kind() == "COMMA" and case.kind(-1) in _OPERAND_ENDS:
        return case.fault("too many parts in this 'if'", whole, hints=[_FORM["IF"]])
    return None


def _chain(case: _Case) -> SyntaxFault | None:
    if case.kind() not in _COMPARISONS or case.kind(-1) not in _OPERAND_ENDS:
        return None
    middle = case.text(-1) if case.kind(-1) in ("NAME", "NUMBER") else "x"
    return case.fault(
        "comparisons cannot be chained",
        case.span(),
        hints=[f"join two comparisons: … {middle} and {middle} {case.text()} …"],
    )


def _closing(case: _Case) -> SyntaxFault | None:
    kind, opened = case.kind(), case.opened
    if kind not in _BRACKETS:
        return None
    if not opened:
        return case.fault(
            f"this {case.text()!r} closes nothing",
            case.span(),
            hints=["remove it, or add the bracket that it closes"],
        )
    opening = case.tokens.texts[opened[-1]]
    if case.tokens.kinds[opened[-1]] != _BRACKETS[kind]:
        return case.fault(
            f"{opening!r} is closed by {case.text()!r}",
            case.span(),
            Label(case.tokens.span(opened[-1], opened[-1]), "opened here"),
            hints=[f"close it with {')' if opening == '(' else ']'!r}"],
        )
    if opened[-1] == case.at - 1:
        return case.fault(
            "nothing between these brackets",
            case.span(-1),
            hints=["write an expression between them"],
        )
    return case.missing(f"before {case.text()!r}", case.span())


def _comma(case: _Case) -> SyntaxFault | None:
    if case.kind() != "COMMA":
        return None
    if case.kind(-1) == case.kind(1) == "NUMBER":
        return case.fault(
            "a comma in a number",
            case.span(-1, 1),
            hints=[
                f"write the decimal point: {case.text(-1)}.{case.text(1)}",
                *[f"or, of thousands, no comma: {case.text(-1)}{case.text(1)}"]
                * (len(case.text(1)) == 3),
            ],
        )
    if case.kind(-1) not in _OPERAND_ENDS:
        return case.fault(
            "something is missing before ','", case.span(), hints=["write an expression there"]
        )
    return case.fault(
        "a comma separates the arguments of a function, and here is none",
        case.span(),
        hints=["separate equations by ';' or a line end"],
    )


def _operators(case: _Case) -> SyntaxFault | None:
    if case.kind() not in _OPERATORS or case.kind(-1) in _OPERAND_ENDS:
        return None
    pair = {"<>": "!=", "//": "floor(x/y)"}.get(case.text(-1) + case.text())
    if pair:
        return case.fault("two operators side by side", case.span(-1), hints=[f"write {pair}"])
    if case.kind(-1) in _OPERATORS:
        return case.fault(
            "two operators side by side",
            case.span(-1),
            hints=["remove one, or write what stands between them"],
        )
    return case.missing(f"before {case.text()!r}", case.span())


def _words(case: _Case) -> SyntaxFault | None:
    if case.kind() == "FOR":
        return case.fault(
            "'for' needs an indexed name on the left",
            case.span(),
            hints=["write: x[i] = … for i in 1..n"],
        )
    if case.kind() == "NOT":
        return case.fault("'not' needs brackets here", case.span(), hints=["write (not …)"])
    if (case.kind() == "IN" and case.kind(-1) not in ("NAME",)) or case.kind() in _WORDS:
        return case.fault(
            f"{case.text()!r} is a reserved word and cannot name a value",
            case.span(),
            hints=["choose another name"],
        )
    if case.kind() == "RANGE":
        return case.fault("a range '..' has no place here", case.span(), hints=[_FORM["FOR"]])
    if case.kind() == "LSQB" and case.kind(-1) in ("NUMBER", "RPAR", "RSQB"):
        return case.fault("only a name has an index", case.span(), hints=["write: x[i]"])
    return None


_CAUSES: tuple[Callable[[_Case], SyntaxFault | None], ...] = (
    _no_equation,
    _left_side,
    _ends_early,
    _second_equation,
    _product,
    _choice,
    _chain,
    _closing,
    _comma,
    _operators,
    _words,
)


def _short(text: str) -> str:
    return text if len(text) <= 40 and "\n" not in text else "…"
