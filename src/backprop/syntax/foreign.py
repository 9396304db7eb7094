"""What to say of the words of other languages: `math.exp(x)`, `x.sin()`, `in range(1, 4)`, `y <- x`."""

import re
from collections.abc import Callable

from backprop.errors import SyntaxFault, mend
from backprop.operations import DERIVATIVE, FUNCTIONS, GATHERS
from backprop.syntax.case import (
    CONSTRAINTS,
    NO_CONSTRAINTS,
    SIGNS,
    Case,
    begin,
    brief,
    closing,
    defines,
    end,
    fault,
    own,
    product,
    raised,
    values,
)
from backprop.syntax.ranges import RANGED
from backprop.syntax.scanner import FIRST_WORDS, Tokens

_MODULES = frozenset(
    "math cmath Math np numpy jnp jax sp scipy sympy torch tf keras F nn mp mpmath stats special".split()
)
_VALUES = {"e": "exp(1)", "E": "exp(1)", "tau": "(2*pi)", "Infinity": "inf"}
_VALUES |= {"pi": "pi", "PI": "pi", "inf": "inf"}
_NORMAL = {"norm.cdf": "normcdf", "norm.pdf": "normpdf"}


def dotted(tokens: Tokens, at: int) -> SyntaxFault | None:
    """The error for a name with points in it, the first of which is the token `at`."""
    kinds, texts = (*tokens.kinds, "", ""), (*tokens.texts, "", "")
    if texts[at - 1 : at + 3] == ("s", ".", "t", "."):
        return fault(NO_CONSTRAINTS, tokens.span(at - 1, at + 2), CONSTRAINTS)
    first, last = begin(tokens, at), at - 1
    while texts[last + 1] == "." and kinds[last + 2] == "NAME":
        last += 2
    if last < at or first == at or (first and texts[first - 1] == "."):
        return None
    called = kinds[last + 1] == "LPAR"
    parts = texts[at - 1 : last + 1 : 2]
    if called and (name := _NORMAL.get(".".join(parts[-2:]))):
        message = "functions and numbers have their names alone"
        return fault(message, tokens.span(at - 1, last), mend(name))
    known = values(tokens.source.text)
    module = texts[at - 1] in _MODULES and not defines(tokens.source.text, texts[at - 1])
    submodule = called and last > at + 1 and texts[at - 1] not in known
    if kinds[at - 1] == "NAME" and (module or submodule):
        name = texts[last] if called else _VALUES.get(texts[last], texts[last])
        message = "functions and numbers have their names alone"
        return fault(message, tokens.span(at - 1, last), mend(name))
    if called and last == at + 1 and end(tokens, last + 1) > last:
        return _method(tokens, first, at)
    if kinds[at - 1] != "NAME":
        return None
    hints = [mend("_".join(parts))]
    if known.issuperset(parts):
        hints = [f"for a product write {'*'.join(parts)}", f"for a name {'_'.join(parts)}"]
    elif parts[0] not in known and (number := _VALUES.get(parts[-1], "")):
        hints = [f"for the number write {number}", f"for a name {'_'.join(parts)}"]
    return fault("a name has no '.' in it", tokens.span(at - 1, last), *hints)


def _method(tokens: Tokens, first: int, at: int) -> SyntaxFault:
    """The error for `x.sin()`, a function behind its argument, and for `nap.sin(x)`, one of a module:
    what has too many arguments as the one is the other. first: where the operand begins."""
    name, close = tokens.texts[at + 1], end(tokens, at + 2)
    operand, arguments = own(tokens, first, at - 1), own(tokens, at + 3, close - 1)
    depth, count = 0, int(bool(arguments))
    for kind in tokens.kinds[at + 3 : close]:
        depth += (kind in ("LPAR", "LSQB")) - (kind in ("RPAR", "RSQB"))
        count += kind == "COMMA" and not depth
    base = operand if first == at - 1 and tokens.kinds[first] == "NAME" else ""
    known = values(tokens.source.text)
    alone, whole = f"{name}({arguments})", tokens.span(first, close)
    if name in GATHERS and not arguments and re.search(rf"(?<!\w){base}\s*\[", tokens.source.text):
        operand += "[*]"
    behind = f"{name}({', '.join(filter(None, (operand, arguments)))})"
    fits, fits_alone = _takes(name, count + 1), _takes(name, count)
    message = "a function stands before its arguments"
    if not base or not arguments or (fits and (base in known or not fits_alone)):
        return fault(message, whole, mend(behind))
    if base in known and fits_alone:
        return fault("a product is written with '*'", whole, mend(f"{operand}*{alone}"))
    if not fits:
        message = "functions and numbers have their names alone"
        return fault(message, tokens.span(first, at + 1), mend(name))
    hints = f"if {base} is a module write {alone}", f"if it is a number {behind}"
    return fault(message, whole, *hints)


def _takes(name: str, count: int) -> bool:
    """Whether a function takes so many arguments, as far as it is known."""
    row = FUNCTIONS.get(name)
    if not row or (name in GATHERS and count == 1):
        return name not in GATHERS or count == 1
    return row.arity - len(row.defaults) <= count and (row.folds or count <= row.arity)


def colon(tokens: Tokens, at: int) -> SyntaxFault | None:
    """The error for the token `at`, a `:`, of other languages and of spreadsheets."""
    kinds, texts, here = tokens.kinds, tokens.texts, tokens.span(at)
    opened = [texts[each] for each in Case(tokens, at).opened]
    rest = own(tokens, at + 1, len(kinds) - 1)
    if kinds[at + 1 : at + 2] == ("ASSIGN",) and tokens.touch(at, at + 1):
        return fault("there is no ':='", tokens.span(at, at + 1), mend("="))
    if at == 2 and FIRST_WORDS.get(texts[0]) == "GOAL":  # AMPL
        word, name = texts[:2]
        return fault(
            f"{word!r} takes a name alone", tokens.whole, mend(f"{name} = {rest}; {word} {name}")
        )
    if texts[:2] == ["subject", "to"]:
        return fault(NO_CONSTRAINTS, tokens.span(0, 1), CONSTRAINTS)
    if at == 1 and texts[0] in FIRST_WORDS:
        return fault(f"there is no ':' behind {texts[0]!r}", tokens.span(0, 1), mend(texts[0]))
    if texts[0] == "def" and not opened:
        function = rest.removeprefix("return").strip()
        return fault(
            "there is no word 'def'", tokens.whole, mend(f"{own(tokens, 1, at - 1)} = {function}")
        )
    if opened[-1:] == ["["]:
        alone = texts[at - 1] == "[" and texts[at + 1 : at + 2] == ["]"]
        return fault(_READS_MEMBERS, here, mend("*" if alone else ".."))
    if opened and all(_CELL.fullmatch(each) for each in (texts[at - 1], *texts[at + 1 : at + 2])):
        hint = "write the cells one by one, A1 + A2, or a family: sum(a[i] for i in 1..n)"
        return fault("cells of a spreadsheet have no range here", tokens.span(at - 1, at + 1), hint)
    if "RANGE" in kinds[:at] and "FOR" in kinds[:at]:
        hint = "what is for each index stands before 'for': x[i] = … for i in 1..n"
        return fault("there are no loops here", here, hint)
    if "IN" in kinds[:at] and texts.count(":") > 1:
        return fault("a range has no steps", here, "write the numbers as a list: [1, 3, 5]")
    if tokens.sign < 0 and end(tokens, 0) == at - 1:
        return fault("a value stands behind '='", here, mend("="))
    return None


_CELL = re.compile(r"[A-Z]{1,2}[0-9]+")
_READS_MEMBERS = "members read x[1..3] or x[*]"


def _pieces(case: Case) -> SyntaxFault | None:
    """SymPy's `Piecewise((x, x > 0), (0, True))`."""
    tokens, kinds = case.tokens, case.tokens.kinds
    outer, inner = [-1, -1, *case.opened][-2:]
    if case.kind() != "COMMA" or outer < 1 or inner != outer + 1 or len(kinds) > 200:
        return None
    if tokens.texts[outer - 1] != "Piecewise":
        return None
    last, meant, open_ = closing(tokens, outer), "", 0
    while inner < last and (close := closing(tokens, inner)) > inner:
        cuts = (at for at in range(inner, close) if kinds[at] == "COMMA")
        cut = next((at for at in cuts if Case(tokens, at).opened[-1] == inner), close)
        value, condition = own(tokens, inner + 1, cut - 1), own(tokens, cut + 1, close - 1)
        open_ += condition != "True"
        meant += value if condition == "True" else f"if({condition}, {value}, "
        inner = close + 2
    whole = not meant.endswith(", ") and "…" not in meant
    hint = mend(meant + ")" * open_) if whole else "a choice reads if(condition, then, else)"
    return fault("there is no function 'Piecewise'", tokens.span(outer - 1, last), hint)


def one_name(tokens: Tokens, first: int, last: int) -> str:
    """The hint for a left side that is meant to be one name or member: `my name`, `w[i][j]`, `w[i j]`;
    "" for others. first: its token behind `const`."""
    if first < last and {*tokens.kinds[first : last + 1]} == {"NAME"}:
        return mend(" ".join([*tokens.texts[:first], "_".join(tokens.texts[first : last + 1])]))
    if _FRACTION.fullmatch(text := tokens.span(0, last).text):
        claim = brief(tokens.whole).replace(" ", "")
        return f'{text} is computed here; to check one of yours: backprop check --claim "{claim}"'
    if indices := _SEVERAL_INDICES.fullmatch(tokens.span(0, last).text):
        return mend(re.sub(r"\]\s*\[|(?<=\w)\s+(?=\w)", ",", indices[0]))
    return ""


_FRACTION = re.compile(r"[d∂]\s*[^\W\d]\w*\s*/\s*[d∂]\s*[^\W\d]\w*")
_SEVERAL_INDICES = re.compile(r"[^\W\d]\w*\[\s*\w+(?:\s*\]\s*\[\s*\w+|\s+\w+)+\s*\]")


def _arrow(case: Case) -> SyntaxFault | None:
    """R's `y <- x` and `x -> y`."""
    tokens = case.tokens
    kinds, last = tokens.kinds, len(tokens.kinds) - 1
    if tokens.sign >= 0:
        return None
    at = end(tokens, int(kinds[0] in ("CONST", "GOAL"))) + 1
    sign = at + (kinds[at : at + 2] == ("LT", "LT"))
    if at and kinds[sign : sign + 2] == ("LT", "MINUS") and tokens.touch(at, sign + 1):
        return fault("'<-' defines nothing here", tokens.span(at, sign + 1), mend("="))
    called = end(tokens, 0) if kinds[1:2] == ("LPAR",) else -1
    if kinds[called + 1 : called + 3] == ("MINUS", "GT") and last > called + 3 > 3:
        hint = mend(f"{own(tokens, 0, called)} = {own(tokens, called + 3, last)}")
        return fault("'->' defines nothing here", tokens.whole, hint)
    at = begin(tokens, last + 1) - 2
    if at > 0 and kinds[at : at + 2] == ("MINUS", "GT") and tokens.touch(at, at + 1):
        sides = own(tokens, at + 2, last), own(tokens, 0, at - 1)
        if "NAME" not in kinds[at:]:  # SymPy's x: 2 and Mathematica's x -> 2
            sides = sides[::-1]
        hint = mend(" = ".join(sides))
        return fault("'->' defines nothing here", tokens.whole, hint)
    return None


def _exponent(case: Case) -> SyntaxFault | None:
    """`1.5 e-3`: a power of ten, or a product."""
    around = [*map(case.kind, (-1, 0, 2))]
    if around != ["NUMBER", "NAME", "NUMBER"] or case.kind(1) not in SIGNS:
        return None
    if case.text() not in ("e", "E") or not case.touching(2) or not case.text(2).isdecimal():
        return None
    number, sign, digits = case.written(-1), case.text(1), case.text(2)
    power = f"for a power of ten write {number}e{sign}{digits}"
    product = f"for a product {number}*{case.text()} {sign} {digits}"
    message = "the exponent of a number stands behind an e"
    return fault(message, case.span(-1, 2), power, product)


def _list(case: Case) -> SyntaxFault | None:
    """Numbers in a list as a value: `x = 1, 2, 3` and `x = [1, 2, 3]`."""
    name, _, *rest = [*case.tokens.texts, "", ""]
    whole = case.tokens.whole
    if case.tokens.kinds[:4] == ("NAME", "ASSIGN", "LSQB", "LSQB"):
        hint = f"write a statement for each: {name}[1,1] = 1; {name}[1,2] = 2"
        return fault("a family has a line for each member", whole, hint)
    if row := _ROW.fullmatch(whole.text):  # MATLAB's [1 2 3]
        members = (f"{name}[{i}] = {each}" for i, each in enumerate(row[1].split(), 1))
        return fault("a family has a line for each member", whole, mend("; ".join(members)))
    found = _NUMBERS.fullmatch("".join(rest))
    apart = {*rest} & {"[", "(", "{"} or re.search(r",\s", case.tokens.whole.text)
    grouped = not apart and found and _THOUSANDS.fullmatch(found[1])
    if case.tokens.kinds[:2] != ("NAME", "ASSIGN") or not found or grouped:
        return None
    members = (f"{name}[{i}] = {each}" for i, each in enumerate(found[1].split(","), 1))
    return fault("a family has a line for each member", case.tokens.whole, mend("; ".join(members)))


_NUMBERS = re.compile(r"(?:[\[({](?=.*[])}]))?([-\d.eE]+(?:,[-\d.eE]+){2,6})[])}]?")
_ROW = re.compile(r"[^\W\d]\w*\s*=\s*\[\s*(-?[\d.]+(?:\s+-?[\d.]+){1,6})\s*\]")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+")


def _derivative(case: Case) -> SyntaxFault | None:
    """`d/dx x^2` and `d/dt (…)`."""
    tokens, at = case.tokens, case.at
    before = tokens.texts[max(at - 3, 0) : at]
    if before[:2] != ["d", "/"] or not re.fullmatch(r"d[^\W\d]", before[2]):
        return None
    last = product(tokens, raised(tokens, at))
    operand = own(tokens, at, last) if last >= at else ""
    if operand[:1] == "(" and closing(tokens, at) == last:
        operand = operand[1:-1]
    place = tokens.span(at - 3, max(last, at - 1))
    hint = f"write {DERIVATIVE}({operand or '…'}, {before[2][1:]})"
    return fault("derivatives are a function here", place, mend(hint[6:]) if operand else hint)


def _given(case: Case) -> SyntaxFault | None:
    """Numbers and functions in words behind an equation: `y = x^2 where x is 3`, `at x = 3`."""
    whole = case.tokens.whole
    behind = case.behind_operand or case.kind() == "COMMA"
    found = _GIVEN.fullmatch(whole.text) if behind and len(whole.text) <= 200 else None
    if not found or defines(whole.source.text, found[2]):
        return None
    given = (_IS.sub(" = ", part, count=1) for part in _AND.split(found[3]))
    meant = "; ".join([found[1].rstrip(" ,"), *given])
    place = whole._replace(start=whole.start + found.start(2), end=whole.start + found.end(2))
    return fault(f"there is no word {found[2]!r}", place, mend(meant))


_IS = re.compile(r"\s*(?::?=|\b(?:is|equals|being)\b)\s*")
_AND = re.compile(
    r"\s*(?:,|\band\b)\s*(?=[^\W\d]\w*(?:[\[(][^])=]*[])])?\s*(?::?=|is\b|equals\b|being\b))"
)
_GIVEN = re.compile(
    r"([^=]+=[^=]+?)\b(where|with|given|when|let|at|assuming|using|for(?!.*(?:\.\.|:|\bto\b)))\s+"
    r"([^\W\d]\w*(?:[\[(][^])=]*[])])?\s*(?::?=(?!=)|(?:is|equals|being)\b).+)"
)


def _loud(case: Case) -> SyntaxFault | None:
    """`x > 0 AND x < 1`, `NOT x`."""
    if case.text() == "forall" and case.behind_operand:
        return fault("this is written 'for' here", case.span(), mend("for"))
    for at, words in ((0, ("AND", "OR")), (-1, ("NOT",))):
        if case.text(at) in words and case.kind(at) == "NAME" and case.behind_operand:
            small = case.text(at).lower()
            return fault(f"this is written {small!r} here", case.span(at, at), mend(small))
    return None


def _times(case: Case) -> SyntaxFault | None:
    """An x between two operands: the sign of a product, or a name: `2 x (a + b)`, `a x b`."""
    tokens, at = case.tokens, case.at
    first = begin(tokens, at)
    factors, last = [own(tokens, first, at - 1)], at - 1
    while tokens.texts[last + 1 : last + 2] in (["x"], ["X"]):
        stop = end(tokens, last + 2)
        if stop < last + 2 or tokens.touch(last, last + 1) or tokens.touch(last + 1, last + 2):
            break
        factors.append(own(tokens, last + 2, stop))
        last = stop
    if first == at or len(factors) < 2:
        return None
    hints = (
        f"for a product write {'*'.join(factors)}",
        f"with the name {f'*{case.text()}*'.join(factors)}",
    )
    return fault("is the x a name or the sign of a product?", tokens.span(first, last), *hints)


def _square(case: Case) -> SyntaxFault | None:
    """Square brackets around a part of a formula: `2*[x + t]`, `2[x + t]`."""
    tokens, at = case.tokens, case.at
    apart = case.kind(-1) in ("NUMBER", "RPAR", "RSQB")
    bounds = case.kind(-1) == "IN" and "FOR" not in tokens.kinds
    if case.kind() != "LSQB" or (case.behind_operand and not apart) or tokens.sign > at or bounds:
        return None
    close = closing(tokens, at)
    inside = own(tokens, at + 1, close - 1)
    member = begin(tokens, at)
    if close > at + 1 and case.kind(-1) == "RSQB" and tokens.kinds[member] == "NAME":
        meant = f"{own(tokens, member, at - 2)},{inside}]"  # w[1][2]
        return fault("the indices of a member have commas", tokens.span(member, close), mend(meant))
    if close <= at + 1 or "," in inside or tokens.kinds[close] != "RSQB":
        return None
    first = begin(tokens, at) if apart else at
    factor = f"{own(tokens, first, at - 1)}*" if apart else ""
    message = "square brackets are for an index, round ones for a part of a formula"
    return fault(message, tokens.span(first, close), mend(f"{factor}({inside})"))


def _named(case: Case) -> SyntaxFault | None:
    """Arguments with the names of parameters: `f(x=2)`, `normal(0, sd=1)`."""
    called = case.opened and case.tokens.kinds[case.opened[-1] - 1] == "NAME"
    around = case.kind(-2), case.kind(-1), case.kind()
    if not called or around not in (("LPAR", "NAME", "ASSIGN"), ("COMMA", "NAME", "ASSIGN")):
        return None
    hints = "write them alone, in their order", "or compare with '=='"
    return fault("arguments have no names", case.span(-1), *hints)


FOREIGN: tuple[Callable[[Case], SyntaxFault | None], ...] = (
    _pieces,
    _arrow,
    *RANGED,
    _exponent,
    _list,
    _derivative,
    _given,
    _loud,
    _times,
    _square,
    _named,
)
