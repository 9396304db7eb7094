"""What to say of forms of paper and of other languages that the grammar does not have: `x²y`, `√2x`.

Each cause is a function as those of `faults`. A form that could mean two things gets a hint for
each; no hint leaves out what has a meaning.
"""

import re
import unicodedata
from collections.abc import Callable

from backprop.errors import SyntaxFault, mend
from backprop.meanings import MEANT, logarithm
from backprop.numbers import exact
from backprop.operations import FUNCTIONS
from backprop.source import Span
from backprop.synonyms import ALIASES
from backprop.syntax.case import (
    APART,
    BEGINS,
    MIXED,
    POWERS,
    RAISING,
    ROOTS,
    SIGNS,
    SUPERSCRIPTS,
    Case,
    bare,
    begin,
    defines,
    end,
    fault,
    other_root,
    own,
    product,
    raised,
    small_pair,
)  # fmt: skip
from backprop.syntax.scanner import Tokens
from backprop.syntax.spelling import FRACTIONS

_DIGITS = "[0-9a-fA-F_]"
_OTHER_BASE = re.compile(
    rf"0(?:[xX]{_DIGITS}*\.?{_DIGITS}+\.?(?:[pP][-+]?[0-9]+)?|[bBoO][0-9_]+(?:\.[0-9]+)?)(?![\w.])",
    re.ASCII,
)
_THOUSANDS = re.compile(r"(_[0-9_]*[0-9](?:[eE][0-9]*)?)([^\W\d]\w*)?")


def _superscript(case: Case) -> SyntaxFault | None:
    """A superscript where there is nothing that it could raise, or `x¹ᐟ²`."""
    if case.written() == "ᐟ":
        return small_pair(case.tokens, case.at)
    if pair := small_pair(case.tokens, case.at - 1):
        return pair
    if case.kind() not in SUPERSCRIPTS or case.behind_operand:
        return None
    if case.kind(1) == "SQRT" and case.text().isdecimal():
        return other_root(case.tokens, case.text(), case.at, case.at + 1)
    minus = case.kind() == "SUPER_MINUS" and case.kind(1) in SUPERSCRIPTS
    small, here = case.text() + case.text(1) * minus, case.span(0, int(minus))
    if case.kind(-1) in POWERS or (case.kind(-1) in SIGNS and case.kind(-2) in POWERS):
        return fault("there is a '^' before this superscript", here, mend(small))
    return fault(APART, here, f"put what it raises before it: x^{small}")


def _power_again(case: Case) -> SyntaxFault | None:
    """A power of a power, or of a root: `x²^3`, `√x²`, `√x^2`."""
    tokens, at, kind = case.tokens, case.at, case.kind()
    if kind not in RAISING or not case.behind_operand:
        return None
    if case.text(-1) in FUNCTIONS and not defines(tokens.source.text, case.text(-1)):  # √sin²x
        behind = next((n for n in range(at, len(tokens.kinds)) if tokens.kinds[n] in BEGINS), at)
        if function := _power_of_function(Case(tokens, behind)):
            return function
    behind = at + 1 if kind in POWERS or kind == "SUPER_MINUS" else at
    behind += case.kind(1) in ("MINUS", "PLUS")
    last = max(at, end(tokens, behind)) if kind in POWERS else behind
    first = begin(tokens, at)
    exponent = own(tokens, at, last).removeprefix("**").removeprefix("^").strip() or "…"
    whole = tokens.span(first, last)
    if tokens.kinds[first] in ROOTS:
        root, inside = tokens.texts[first], own(tokens, first + 1, at - 1)
        power = f"({root}{inside})^{exponent}"
        other = f"for the root of a power {root}({inside}^{exponent})"
        hints = f"for a power of the root write {power}", other
        return fault("is the root or what is below it raised?", whole, *hints)
    base, mark, inner = own(tokens, first, at - 1).rpartition("^")
    if not mark:
        return None
    inner = f"({inner})" if inner.startswith("-") else inner
    hints = mend(f"({base}^{inner})^{exponent}"), f"or {base}^({inner}^{exponent})"
    return fault("a '^' behind a superscript could mean two things", whole, *hints)


def _root(case: Case) -> SyntaxFault | None:
    """A root of no operand, or a product behind a root: `√-x`, `√2x`."""
    tokens, at = case.tokens, case.at
    if case.kind(-1) in ROOTS:
        sign = case.text(-1)
        last = end(tokens, at + 1) if case.kind() in ("MINUS", "PLUS") else at - 1
        meant = f"{sign}({own(tokens, at, last)})" if last > at else f"{sign}(…)"
        message = f"{sign} is the root of the number, the name or the bracket behind it"
        return fault(message, tokens.span(at - 1, max(last, at - 1)), mend(meant))
    first = begin(tokens, at)
    if tokens.kinds[first] not in ROOTS or case.kind() not in BEGINS:
        return None
    last = max(at, end(tokens, at))
    root, inside = tokens.texts[first], own(tokens, first + 1, at - 1)
    factor = own(tokens, at, last)
    whole = f"for the root of a product write {root}({inside}*{factor})"
    product = f"for a product {root}{inside}*{factor}"
    return fault("what is below the root?", tokens.span(first, last), whole, product)


def _before_brackets(case: Case) -> tuple[int, str]:
    """The name and the power of `sin^2(`, `sin^-1(` and `sin^2 x`; of anything else -1."""
    tokens, at = case.tokens, case.at
    if case.kind(-1) == "RPAR":  # sin^(-1)(
        base = at - 6 if case.kind(-3) == "MINUS" else at - 5
        around = tokens.kinds[base + 2 : base + 3] + tokens.kinds[at - 2 : at - 1]
        known = base >= 0 and tokens.texts[base] in FUNCTIONS and tokens.kinds[base + 1] in POWERS
        if known and around == ("LPAR", "NUMBER"):
            return base, "".join(tokens.texts[base + 3 : at - 1])
    base = at - 4 if case.kind(-2) == "MINUS" else at - 3
    known = base >= 0 and tokens.texts[base] in FUNCTIONS and tokens.kinds[base + 1] in POWERS
    if not known or case.kind(-1) != "NUMBER" or defines(tokens.source.text, tokens.texts[base]):
        return -1, ""
    return base, "".join(tokens.texts[base + 2 : at])


def _power_of_function(case: Case, before: str = "") -> SyntaxFault | None:
    """`sin²(x)`, `sin⁻¹(x)`, `sin²x`, `sin^2(x)`, `sin^-1(x)`. before: a factor, `2*`."""
    tokens, at = case.tokens, case.at
    if case.kind() not in BEGINS or not case.behind_operand:
        return None
    base = at - 1
    while base > 0 and tokens.kinds[base] in SUPERSCRIPTS:
        base -= 1
    power = own(tokens, base + 1, at - 1)[1:]
    if base == at - 1:  # no superscript, but perhaps a `^` there
        base, power = _before_brackets(case)
        if base < 0:
            return None
    name = tokens.texts[base]
    of_one = (not re.search(r"[<\[]y", each) for each in MEANT.get(name, ()))
    known = (name in FUNCTIONS or any(of_one)) and not defines(tokens.source.text, name)
    if tokens.kinds[base] != "NAME" or not (known or case.kind() == "LPAR"):
        return None
    alone, behind, last = _inside(tokens, at)
    write = f"write {before}"
    raised_inside = f"({alone}){behind}" if behind and case.kind() == "LPAR" else alone + behind
    if _GLUED.search(raised_inside):
        hint = f"each function has its argument in brackets, and its power behind them: {name}(x)^2"
        return fault(f"the arguments of {name} need brackets", tokens.span(base, last), hint)
    if power == "-1":
        ways = {"one over the function": f"1/{name}"}
        inverse = _INVERSES.get(name, f"a{name}")
        if inverse in FUNCTIONS and not re.search(  # the file's own function has another inverse
            rf"\b{name}\s*\([^()]*\)\s*=(?!=)", tokens.source.text
        ):
            ways = {"the inverse function": inverse, **ways}
        hints = [f"for {way} {write}{made}({raised_inside})" for way, made in ways.items()]
        if behind:
            hints += [
                f"for {way}, raised, {write}{made}({alone}){behind}" for way, made in ways.items()
            ]
        message = f"{name}⁻¹ could mean two things"
    else:
        hints = [mend(f"{before}{name}({raised_inside})^{power}")]
        message = "the power of a function stands behind its brackets"
        if behind:
            hints[0] = f"for a power of the argument {hints[0]}"
            hints.append(f"for a power of all {write}({name}({alone})^{power}){behind}")
    if not known:
        message = f"is {name} a function or a number?"
        number = f"of a number write {name}^{power}*{own(tokens, at, last)}"
        hints = [number, *(f"or {hint}" for hint in hints)]
    return fault(message, tokens.span(base, last), *hints)


def _inside(tokens: Tokens, at: int) -> tuple[str, str, int]:
    """The argument that begins with the token `at`, without brackets: `2*x` of `2x²`; its power `^2`;
    and the last token. Without brackets it goes on to the last factor that touches the one before."""
    first, last = at, max(at, end(tokens, at))
    factors = ""
    kinds = (*tokens.kinds, "")
    while (
        kinds[at] != "LPAR"
        and kinds[last + 1] in BEGINS
        and tokens.ends[last] == tokens.starts[last + 1]
    ):
        factors += f"{own(tokens, first, last)}*"
        first = last + 1
        last = max(first, end(tokens, first))
    alone = bare(tokens, first, last)
    last = max(last, raised(tokens, first))
    factors += own(tokens, first, alone)
    if kinds[at] == "LPAR":
        factors = factors.removeprefix("(").removesuffix(")")
    return factors, own(tokens, alone + 1, last), last


_GLUED = re.compile(r"[^\W\d](?<!a)(sin|cos|tan|exp|log|ln)\b(?!\()")
"""A name and a function behind it: sin²xcos²x."""

_INVERSES = {
    "exp": "log",
    "log": "exp",
    "ln": "exp",
    "exp2": "log2",
    "log2": "exp2",
    "erf": "erfinv",
}


def _argument(case: Case, before: str = "") -> SyntaxFault | None:
    """The argument of a function without brackets: `sin x`, `sin 2x`, `sin x^2`, `sin|x|`. before:
    a factor, `2*`."""
    tokens, at, kind = case.tokens, case.at, case.kind()
    name = _function(case.text(-1), tokens.source.text)
    other = case.text(-1) if case.text(-1) in _OTHER_FUNCTIONS else ""
    if other and len(MEANT[other]) == 1:
        made = MEANT[other][0].replace("[x]", "{}")
    elif name or other:
        made = f"{name or other}({{}})"
    else:
        made = logarithm(case.text(-1), "{}", factor=True)
    if case.kind(-1) != "NAME" or not made or defines(tokens.source.text, case.text(-1)):
        return None
    if kind not in BEGINS or kind == "LPAR" or (case.touching() and kind != "BAR"):
        return None
    alone, behind, last = _inside(tokens, at)
    called = before + made
    hints = [mend(called.format(alone + behind))]
    if behind:
        function = f"for a power of the function write {called.format(alone)}{behind}"
        hints = [f"for a power of the argument {hints[0]}", function]
    further = product(tokens, last)
    if further > last:
        rest = own(tokens, last + 1, further)
        all_of_it = f"for a function of all write {called.format(alone + behind + rest)}"
        hints = [all_of_it, *(hint + rest for hint in hints)]
    whole, name = tokens.span(at - 1, further), name or case.text(-1)
    return fault(f"the arguments of {name} need brackets", whole, *hints)


_OTHER_FUNCTIONS = frozenset("lg tg ctg cotg cosec arctg sen".split())
"""Functions of textbooks that are told by their names, once they have brackets."""


def _function(name: str, text: str) -> str:
    """The function that a name is meant to be, `log2` by `log₂` and `sin` by `Sin`; "" where the text
    has a value of that name, or there is no such function."""
    plain = unicodedata.normalize("NFKC", name).lower().replace("_", "")
    known = (each for each in (name, plain) if each in FUNCTIONS or each in ALIASES)
    found = next(known, "")
    return "" if found and defines(text, name) else found


def _factor(case: Case) -> SyntaxFault | None:
    """A function without brackets that is the factor of a product without its `*`: `2 sin²2x`."""
    tokens, at, name = case.tokens, case.at, case.text()
    if not case.behind_operand or not (_function(name, tokens.source.text) or logarithm(name, "x")):
        return None
    following = at + 1
    while tokens.kinds[following : following + 1] and tokens.kinds[following] in SUPERSCRIPTS:
        following += 1
    inner, first = Case(tokens, following), begin(tokens, at)
    said = _power_of_function if following > at + 1 else _argument
    function = said(inner, f"{own(tokens, first, at - 1)}*") if first < at else None
    if not function or function.labels[0].span.start != tokens.starts[at]:
        return None
    place = function.labels[0].span._replace(start=tokens.starts[first])
    return fault(function.message, place, *function.hints)


def _thousands(case: Case) -> SyntaxFault | None:
    """Numbers with points or commas between their thousands: `1.000,5`, `1,000.5`."""
    if case.kind(-1) != "NUMBER" or case.kind() not in ("COMMA", "NUMBER"):
        return None
    text, place = case.tokens.source.text, case.span(-1)
    for sign, pattern in _GROUPED.items():
        found = pattern.match(text, place.start)
        if found and found.end() > case.tokens.starts[case.at]:
            meant = found[1].replace(sign, "") + found[2].replace(",", ".")
            message = "a number has nothing between its thousands"
            return fault(message, place._replace(end=found.end()), mend(meant))
    return None


def comma_in_number(place: Span) -> SyntaxFault | None:
    """The error for a number with commas in a list, where they separate: `a=1,5`, `a=1.000,5`. place:
    of what was taken for the next of the list."""
    text = place.source.text
    for found in _WITH_COMMAS.finditer(text, text.rfind("\n", 0, place.start) + 1):
        if found.start() < place.start < found.end():
            number, power = found[1], found[2]
            grouped = (
                digits[1].replace(sign, "") + digits[2].replace(",", ".")
                for sign, pattern in _GROUPED.items()
                if (digits := pattern.fullmatch(number))
            )
            whole, _, rest = number.partition(",")
            meant = next(grouped, "")
            hints = [mend(f"{meant or f'{whole}.{rest}'}{power}")]
            if not meant and len(rest) == 3 and len(whole) < 4:
                hints.append(f"or, of thousands, {whole}{rest}{power}")
            if meant or rest.isdecimal():
                span = place._replace(start=found.start(), end=found.end())
                return fault("a comma in a number", span, *hints)
    return None


_WITH_COMMAS = re.compile(
    r"(?<![\w.,])(\d+(?:\.\d{3})*(?:,\d+)+(?:\.\d+)?)((?:[eE][-+−]?\d+)?)(?![\w.]|,\d)", re.ASCII
)

_GROUPED = {
    ".": re.compile(r"(\d{1,3}(?:\.\d{3})+)((?:,\d+)?)(?![\w.,])", re.ASCII),
    ",": re.compile(r"(\d{1,3}(?:,\d{3})+)(\.\d+|(?<=,\d{3},\d{3}))(?![\w.,])", re.ASCII),
}
"""Numbers with a sign between their thousands: all of what it may be, and what stands behind them.
A single comma may be the decimal point: `1,500`."""


def _number(case: Case) -> SyntaxFault | None:
    """Numbers as other languages write them: `0x10`, `1_000`, `1.5d-3`, `2½`, `90deg`."""
    if case.kind(-1) != "NUMBER" or case.kind() not in ("NUMBER", "NAME"):
        return None
    before, here, both = case.written(-1), case.written(), case.span(-1)
    if here in FRACTIONS:
        hints = f"for the sum write ({before} + {here})", f"for a product {before}*{here}"
        return fault(MIXED, both, *hints)
    if re.fullmatch("deg(?:ree)?s?", here):
        return fault("angles are in radians", both, mend(f"({before}*pi/180)"))
    if case.touching() and here[0] == ".":  # 2e3.5
        mantissa, mark, power = before.lower().partition("e")
        hint = mend(f"{mantissa}*10^{power}{here}") if mark else "a point stands once"
        return fault("this is no number", both, hint)
    if not case.touching() or case.kind() == "NUMBER":
        return None
    if grouped := _THOUSANDS.fullmatch(here):
        number = before + grouped[1].replace("_", "")
        meant = mend(f"{number}*{grouped[2]}") if grouped[2] else mend(number)
        return fault("a number has no '_' in it", both, meant)
    other = _OTHER_BASE.match(both.source.text, both.start)
    if other:
        whole = both._replace(end=other.end())
        return fault("numbers are decimal", whole, mend(_decimal(other[0])))
    if here in ("f", "F") and not before.isdecimal():
        hints = f"for a product write {before}*{here}", f"for a number of C {before}"
        return fault("a number has no letter behind it", both, *hints)
    if re.fullmatch("[xX]10", here) and case.kind(1) in RAISING:
        return fault("a product needs its '*'", both, mend(f"{before}*10"), f"or {before}*{here}")
    signed = here in ("d", "D") and case.kind(1) in ("MINUS", "PLUS") and case.kind(2) == "NUMBER"
    if signed and case.touching(1) and case.touching(2) and case.text(2).isdecimal():
        sign, digits = case.text(1), case.text(2)
        power = f"for a power of ten write {before}e{sign}{digits}"
        hints = power, f"for a product {before}*{here} {sign} {digits}"
        return fault("the exponent of a number stands behind an e", case.span(-1, 2), *hints)
    if re.fullmatch("[dD][0-9]+", here):
        hints = f"for a power of ten write {before}e{here[1:]}", f"for a product {before}*{here}"
        return fault("the exponent of a number stands behind an e", both, *hints)
    return None


def _decimal(text: str) -> str:
    """A number of base 16, 8 or 2 with decimal digits; what to do where it is none."""
    text = text.replace("_", "")
    try:
        if text[1] not in "xX" or (text[2:].isalnum() and "p" not in text.lower()):
            return str(int(text, 0)) if len(text) < 300 else "it with decimal digits"
        return exact(float.fromhex(text))
    except (ValueError, OverflowError):
        return "it with decimal digits"


def _bar(case: Case) -> SyntaxFault | None:
    """A bar behind an operand that closes none: of other languages' `a || b`, or none at all."""
    if case.kind() != "BAR" or not case.behind_operand:
        return None
    tokens, at = case.tokens, case.at
    rest = tokens.kinds[at:].count("BAR")
    doubled = case.kind(1) == "BAR" and case.touching(1)
    apart = not case.touching() and not case.touching(1)
    if rest % 2 == 0 and not (doubled and rest == 2) and not apart and end(tokens, at) > at:
        return None  # a product
    hints = "write 'or' between conditions", "for an absolute value write abs(x)"
    return fault("this '|' closes nothing", case.span(0, int(doubled)), *hints)


PASTED: tuple[Callable[[Case], SyntaxFault | None], ...] = (
    _superscript, _power_again, _root, _power_of_function, _argument, _factor, _thousands, _number,
    _bar,
)  # fmt: skip
