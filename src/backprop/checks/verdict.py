"""A gradient beside the slopes that were found without it: do they agree, and if not, why?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import floor, inf, isfinite, isinf, isnan, log10, nan

from backprop.evaluation.sides import Side, Sides
from backprop.numbers import DIGITS, listed, spoken

AGREES, CORNER, JUMP, EDGE, BORDER = "agrees", "corner", "jump", "edge", "border"
UNKNOWN, DIFFERS = "cannot tell", "DIFFERS"
"""The verdicts. Only the last one says that the gradient is wrong."""

_ROUNDING = 1e-12
"""What a correct gradient may be off by, relative, besides what rounding was seen to do between the
steps: inside one, such as exp(-x^2/2) for large x, some hundred times as much as a bit is lost."""

SMALLEST = 2.3e-308
"""Slopes below this may come out as 0."""

_FEWEST = 1e-3
"""A comparison whose own error is larger than this part of the gradient tells nothing."""

_WORTH = 1e-7
"""One-sided slopes that differ by less, relative, are told only where they explain a gradient."""

_MOST_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Check:
    """One input: its gradient, and what the differences say of it.

    numeric: the slope from differences, nan where there is none. uncertainty: how far it and the
    rounding of the gradient allow the two to be apart. error, relative: how far they are apart; nan
    where there is nothing to compare. digits: how many agree, at most as many as the uncertainty
    lets one see. left, right: the one-sided slopes where they differ. note: a sentence, or "".
    edge: whether the output has values on one side only.
    """

    name: str
    value: float
    gradient: float
    numeric: float
    uncertainty: float
    error: float
    relative: float
    digits: int | None
    verdict: str
    note: str = ""
    left: float = nan
    right: float = nan
    edge: bool = field(default=False, kw_only=True)

    @property
    def wrong(self) -> bool:
        return self.verdict == DIFFERS


@dataclass(frozen=True)
class Compared:
    """What is to be judged. noise: what rounding may have done to the gradient; coarse: what it
    would do if doubles had three digits less. at: the operations that stand at a corner or a jump, as
    texts. precise: whether the slopes have more digits than doubles."""

    name: str
    output: str
    value: float
    gradient: float
    noise: float
    coarse: Callable[[], float]
    at: Sequence[str] = ()
    precise: bool = False


def judge(asked: Compared, sides: Sides) -> Check:
    """The verdict on one gradient."""
    left, right = sides.left, sides.right
    kinds = (left.kind, right.kind)
    if "none" in kinds:
        return _edge(asked, left, right)
    if "jump" in kinds:
        return _jump(asked, left, right)
    if "infinite" in kinds and left.slope == right.slope:
        return _told(asked, AGREES, f"the slope is {spoken(left.slope)}", left, right)
    if (
        {*kinds} == {"infinite", "slope"}
        and isfinite(asked.gradient)
        and not (asked.at or asked.precise)
    ):
        # steps without a corner have none on one side only: noise grows like that, too
        return _check(
            asked, nan, inf, UNKNOWN, f"the differences settle on no slope of {asked.output}"
        )
    if "infinite" in kinds or _apart(left, right, _WORTH):
        return _corner(asked, left, right)
    check = _smooth(asked, sides)
    if check.wrong and _apart(left, right) and not (corner := _corner(asked, left, right)).wrong:
        return corner
    return check


def _corner(asked: Compared, left: Side, right: Side) -> Check:
    seen = [0.0 if abs(side.slope) <= 3 * side.error else side.slope for side in (left, right)]
    one, other = (spoken(slope, _needed(*seen)) for slope in seen)
    note = f"the slope is {one} from the left and {other} from the right"
    return _told(asked, CORNER, note + _by(asked), left, right)


def on_border(check: Check, border: str) -> Check:
    """The verdict where a gradient is that of a branch taken at this point alone. border: the
    condition that decides so."""
    slope, gradient = spoken(check.numeric), spoken(check.gradient)
    where = "beside it" if check.edge else "on both sides"
    note = (
        f"{border} turns out otherwise {where}, where the slope is {slope}; the gradient is"
        f" that of the branch taken here, {gradient}"
    )
    return replace(
        check, verdict=BORDER, note=note, numeric=nan, error=nan, relative=nan, digits=None,
        left=check.numeric, right=check.numeric,
    )  # fmt: skip


def by_rounding(check: Check, corners: Sequence[str]) -> Check:
    """The verdict where operations stand at their corners as their operands are rounded, and not with
    more digits. corners: the operations, as texts."""
    note = (
        f"by rounding only this is at the corner of {listed(corners)}: with more digits the slope is"
        f" {spoken(check.numeric)}; the gradient takes {spoken(check.gradient)}"
    )
    return replace(check, verdict=CORNER, note=note)


def _smooth(asked: Compared, sides: Sides) -> Check:
    gradient, numeric = asked.gradient, sides.slope
    if isnan(numeric) or not sides.error < inf:
        note = f"the differences settle on no slope of {asked.output}"
        return _check(asked, numeric, inf, UNKNOWN, note)
    if gradient == numeric and not isfinite(gradient):
        return _check(asked, numeric, 0.0, AGREES, f"the slope is {spoken(gradient)}")
    size = max([abs(each) for each in (gradient, numeric) if isfinite(each)], default=0.0)
    away = abs(gradient - numeric)
    seen = 3 * sides.error + _ROUNDING * size + SMALLEST
    allowed = seen + 8 * asked.noise
    if not away <= allowed:
        taken, found = (spoken(each, _needed(gradient, numeric)) for each in (gradient, numeric))
        note = f"the gradient is {taken}, the slope by differences {found}"
        if isfinite(gradient) and size:
            part = away / size
            note += f", {spoken(100 * part, 3)} %" if part >= 1e-4 else f", {spoken(part, 2)} of it"
            note += " away"
        if asked.at:
            note += f"; what is taken at the corner of {listed(asked.at)} does not add up to it"
        return _check(asked, numeric, allowed, DIFFERS, note)
    if allowed <= _FEWEST * size or size == 0:
        return _check(asked, numeric, allowed, AGREES, "")
    if asked.precise:
        return _rounded(asked, numeric, 3 * sides.error, allowed)
    zero = abs(gradient) <= 8 * asked.noise and allowed <= 1e-6 * sides.scale
    if zero and asked.coarse() >= 8 * asked.noise:
        return _check(asked, numeric, allowed, AGREES, f"0 within {spoken(allowed, 1)}")
    note = f"rounding in {asked.output} hides slopes below {spoken(allowed, 1)}"
    return _check(asked, numeric, allowed, UNKNOWN, note)


def _rounded(asked: Compared, numeric: float, error: float, allowed: float) -> Check:
    """The verdict on a gradient that rounding may have moved by much, beside a slope that has more
    digits: whether it did. error: of the slope."""
    gradient, size = asked.gradient, max(abs(asked.gradient), abs(numeric))
    away = error + abs(gradient - numeric)
    if away <= max(_FEWEST * size, SMALLEST):
        return _check(asked, numeric, away, AGREES, "")
    slope = f"with more digits the slope is {spoken(numeric)}"
    note = f"rounding moves the gradient, {spoken(gradient)}, by as much as it is: {slope}"
    found = _check(asked, numeric, allowed, UNKNOWN, note)
    return by_rounding(found, asked.at) if asked.at else found


def _edge(asked: Compared, left: Side, right: Side) -> Check:
    name, output = asked.name, asked.output
    if left.kind == right.kind:
        note = f"{output} has no value beside this {name}, so that it has no slope"
        return _check(asked, nan, inf, EDGE, note)
    inside, where, there = left, "left", "larger"
    if left.kind == "none":
        inside, where, there = right, "right", "smaller"
    jumps = inside.kind == "jump"
    note = f"{output} has no value for a {there} {name}"
    note += f", and {_leap(inside, where)}" if jumps else ""
    if isnan(inside.slope) or (jumps and not isfinite(asked.gradient)):
        return _check(asked, nan, inf, EDGE, note)
    note += f"; from the {where} the slope is {_seen(inside)}"
    found = _told(asked, EDGE, note, inside, inside)
    if found.wrong and jumps:  # the gradient is that at this point alone
        return _check(asked, nan, inf, EDGE, note)
    if found.wrong and asked.at:  # what is taken there counts on both sides, of which one is seen
        slopes = inside.slope, inside.slope
        return _check(asked, nan, inf, CORNER, note + _by(asked), *slopes)
    return replace(found, edge=True)


def _jump(asked: Compared, left: Side, right: Side) -> Check:
    both = left.kind == right.kind
    leaps = [
        _leap(side, where)
        for side, where in ((left, "left"), (right, "right"))
        if side.kind == "jump" and (isinf(side.height) or not both)
    ]
    does = (
        leaps[0]
        if len(leaps) == 1
        else f"{'has no finite limit' if leaps else 'jumps'} on both sides"
    )
    note = f"{asked.output} {does}" + _by(asked)
    if not isfinite(asked.gradient) or isnan(left.slope) or isnan(right.slope) or both:
        # What is written for this point alone, such as a branch for x == 0, has no slope to compare.
        return _check(asked, nan, inf, JUMP, note, left.slope, right.slope)
    return _told(asked, JUMP, note, left, right)


def _told(asked: Compared, verdict: str, note: str, left: Side, right: Side) -> Check:
    """The verdict, if the gradient is one of the slopes or between them; else DIFFERS. note:
    what the slopes do."""
    gradient = asked.gradient
    low, high = sorted((left.slope, right.slope))
    size = max([abs(each) for each in (low, high, gradient) if isfinite(each)], default=0.0)
    slack = 3 * max(left.error, right.error) + 8 * asked.noise + _ROUNDING * size + SMALLEST
    within = gradient in (low, high) or low - slack <= gradient <= high + slack
    if isnan(gradient):  # it says itself that there is no slope here
        within = verdict != AGREES
    if not within:
        verdict = DIFFERS
        note += f", but the gradient is {spoken(gradient)}"
        note += "" if low == high else ", which is not between them"
    numeric = low if low == high else nan
    return _check(asked, numeric, slack, verdict, note, left.slope, right.slope)


def _check(
    asked: Compared, numeric: float, allowed: float, verdict: str, note: str, *slopes: float
) -> Check:
    """The Check, and the end of its note. slopes: from the left and the right, where they differ."""
    gradient = asked.gradient
    if verdict in (CORNER, JUMP):
        shown = _needed(*slopes) if slopes and verdict == CORNER else DIGITS
        takes = "is" if isnan(gradient) else "takes"
        note += f"; the gradient {takes} {spoken(gradient, shown)}"
    elif verdict == UNKNOWN and not asked.precise:
        note += "; --precise computes with more digits"
    error = 0.0 if gradient == numeric else abs(gradient - numeric)
    size = max(abs(gradient), abs(numeric))
    relative = error / size if size and isfinite(size) else (0.0 if error == 0 else nan)
    digits = None
    if isfinite(numeric) and isfinite(gradient) and size > 0:
        # the rest of what is allowed is patience, and says nothing about what was seen
        blur = max(allowed - _ROUNDING * size - SMALLEST, 0.0)
        seen = max(error, min(blur, size)) / size
        digits = min(_MOST_DIGITS, max(0, floor(-log10(seen)))) if seen else _MOST_DIGITS
    return Check(
        asked.name, asked.value, gradient, numeric, allowed, error, relative, digits, verdict,
        note, *slopes,
    )  # fmt: skip


def shared(name: str, value: float, gradient: float, numeric: float, allowed: float) -> Check:
    """The Check of an input that agrees as one of many."""
    asked = Compared(name, "", value, gradient, 0.0, lambda: 0.0)
    return _check(asked, numeric, allowed, AGREES, "")


def _apart(left: Side, right: Side, worth: float = 0.0) -> bool:
    """Whether two one-sided slopes differ by more than their errors. worth: by how much, relative to
    the larger one, at least."""
    if not left.kind == right.kind == "slope":
        return False
    size = max(abs(left.slope), abs(right.slope))
    return abs(left.slope - right.slope) > max(10 * (left.error + right.error), worth * size)


def _needed(one: float, other: float) -> int:
    """How many digits show that two numbers differ, if they do."""
    return 17 if abs(one - other) > 0 and spoken(one) == spoken(other) else DIGITS


def _leap(side: Side, where: str) -> str:
    """What a value does that jumps on one side."""
    return f"{'has no finite limit from' if isinf(side.height) else 'jumps to'} the {where}"


def _by(asked: Compared) -> str:
    return f" (by {listed(asked.at)})" if asked.at else ""


def _seen(side: Side) -> str:
    """A one-sided slope, which is 0 where its error says that it may be."""
    return spoken(0.0 if abs(side.slope) <= 3 * side.error else side.slope)
