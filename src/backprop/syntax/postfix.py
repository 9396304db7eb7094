"""What stands behind an operand on paper: `5!`, `30°15′`, `5%`, `2⁄3`; and points: `math.pi`."""

import re
from decimal import Decimal

from backprop.errors import SyntaxFault, mend
from backprop.numbers import exact
from backprop.syntax.case import MIXED, ROOTS, begin, end, fault, other_root, own, small_pair
from backprop.syntax.division import divided
from backprop.syntax.foreign import dotted
from backprop.syntax.scanner import Tokens
from backprop.syntax.spelling import FRACTIONS

TEMPERATURES = {
    "C": "write a temperature in kelvin: x + 273.15",
    "F": "write a temperature in kelvin: (x + 459.67)*5/9",
}
DEGREES = "°˚º"
_PARTS = {"%": "({}/100)", "‰": "({}/1000)"}
_MADE = {"!": "gamma({} + 1)", **dict.fromkeys(DEGREES, "({}*pi/180)"), **_PARTS}
"""What stands behind an operand, and how the two are written."""
_ANGLE = re.compile(r"\s*([\d.]+)\s*[′'’](?![′'’])(?:\s*([\d.]+)\s*(?:[″\"”]|[′'’]{2}))?", re.ASCII)
"""The minutes and seconds behind degrees."""


def postfix(tokens: Tokens, at: int, last: int) -> SyntaxFault | None:
    """What stands behind an operand, such as `!`: the error that shows how the two are written."""
    kinds, sign = (*tokens.kinds, ""), tokens.texts[at]
    first = begin(tokens, at)
    following = kinds[last + 1]
    if last > at:
        if sign != "!" or first == at:
            return None
        advice = "write it as a product, or a factorial as gamma(n + 1)"
        return fault("there is no double factorial", tokens.span(first, last), advice)
    if sign in "'’" and following == "NUMBER" and kinds[at - 1 : at] == ("NUMBER",):
        meant = tokens.texts[at - 1] + tokens.texts[at + 1]
        return fault(
            "a number has nothing between its thousands",
            tokens.span(at - 1, at + 1),
            mend(meant),
        )
    if sign == "∜" and (*kinds, "")[at + 1]:
        return other_root(tokens, "4", at, at)
    if sign in "⁄." and (following or sign == ".") and (pair := _fraction(tokens, at)):
        return pair
    if first == at:
        return None
    if sign == ".":
        return dotted(tokens, at)
    operand, whole = own(tokens, first, at - 1), tokens.span(first, at)
    if operand in FRACTIONS and kinds[max(first - 1, 0)] == "NUMBER":
        number = own(tokens, first - 1, first - 1)
        hints = f"for the sum write ({number} + {operand})", f"for a product {number}*{operand}"
        return fault(MIXED, tokens.span(first - 1, first), *hints)
    if sign in _MADE and kinds[first] in ROOTS and end(tokens, at + 1) <= at:
        base = next(each for each in range(first, at) if kinds[each] not in ROOTS)
        root, below = own(tokens, first, base - 1), own(tokens, base, at - 1)
        inner = f"for the root of {below}{sign} write {root}{_MADE[sign].format(below)}"
        outer = f"for {sign} of the root {_MADE[sign].format(operand)}"
        return fault("what is below the root?", whole, inner, outer)
    if sign == "!" and (following != "ASSIGN" or tokens.ends[at] < tokens.starts[at + 1]):
        message = "a factorial is a function here"
        return fault(message, whole, mend(_MADE[sign].format(operand)))
    if sign in DEGREES:
        if tokens.texts[at + 1 : at + 2] in (["C"], ["F"]):
            advice = TEMPERATURES[tokens.texts[at + 1]]
            return fault("there are no temperatures here", tokens.span(first, at + 1), advice)
        angle = _ANGLE.match(whole.source.text, whole.end)
        if angle and kinds[first] == "NUMBER":
            parts = f" + {angle[1]}/60" + (f" + {angle[2]}/3600" if angle[2] else "")
            whole = whole._replace(end=angle.end())
            return fault("angles are in radians", whole, mend(f"(({operand}{parts})*pi/180)"))
        return fault("angles are in radians", whole, mend(_MADE[sign].format(operand)))
    if sign == "‰" and kinds[at - 2 : at] == ("PLUSMINUS", "NUMBER"):
        part = exact(float(tokens.texts[at - 1]))
        return fault("there is no ‰", whole, mend(f"{Decimal(part) / 10}%"))
    if sign in _PARTS and "PLUSMINUS" in kinds[:at] and "IN" not in kinds[:at]:
        message = f"'{sign}' stands right behind the number after '±'"
        return fault(message, tokens.span(at), "write a = 2 ± 5%")
    if sign in _PARTS and following != "ASSIGN":
        part = _MADE[sign].format(operand)
        last = end(tokens, at + 1)
        if tokens.texts[at + 1 : at + 2] == ["of"]:
            whole = tokens.span(first, at + 1)
            return fault("there are no per cents here", whole, mend(f"{part}*"))
        if last <= at and (following not in ("MINUS", "PLUS") or _is_apart(tokens, at + 1)):
            return fault("there are no per cents here", whole, mend(part))
        remainder = divided(tokens, at, at, "mod") if sign == "%" else None
        if remainder and (last > at or remainder.labels[0].span.end < whole.end):
            return remainder
        close = tokens.starts[at + 1 : at + 2] == tokens.ends[at : at + 1]
        if remainder and close:
            last = remainder.labels[0].span.end
            rest = whole.source.text[whole.end : last]
            hints = f"for a remainder write {remainder.meant}", f"for a per cent write {part}{rest}"
            return fault("% could mean two things", whole._replace(end=last), *hints)
        meant = remainder.meant if remainder else "mod(x, y)"
        hints = f"for a per cent write {part}", f"for a remainder {meant}"
        return fault(f"{sign} could mean two things", whole, *hints)
    return None


def _fraction(tokens: Tokens, at: int) -> SyntaxFault | None:
    """What a fraction slash divides, `2⁄3` or `x²⁄³`, or the point of `x⁰.⁵`."""
    kinds = tokens.kinds
    if at + 1 >= len(kinds) or not at or not tokens.touch(at - 1, at + 1):
        return None
    if tokens.texts[at] == "." or kinds[at - 1 : at + 2 : 2] != ("NUMBER", "NUMBER"):
        return small_pair(tokens, at)
    whole, part = tokens.span(at - 1, at + 1), f"{tokens.texts[at - 1]}/{tokens.texts[at + 1]}"
    if kinds[max(at - 2, 0)] != "NUMBER":
        return fault("a fraction is written with '/'", whole, mend(f"({part})"))
    number = tokens.span(at - 2).text
    hints = f"for the sum write ({number} + {part})", f"for a product {number}*({part})"
    return fault(MIXED, tokens.span(at - 2, at + 1), *hints)


def _is_apart(tokens: Tokens, at: int) -> bool:
    """Whether there are blanks on both sides of an operator, and none before what is left of it:
    `5% - 2`."""
    ends, starts = tokens.ends, tokens.starts
    between = starts[at + 1 : at + 2]
    gaps = [
        ends[at - 2] < starts[at - 1],
        ends[at - 1] < starts[at],
        *(ends[at] < each for each in between),
    ]
    return gaps == [False, True, True]
