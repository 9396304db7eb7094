"""Points that are lower than the end of a run, and where they lie."""

from __future__ import annotations

from math import hypot, inf
from typing import NamedTuple

from backprop.descent.course import Run, Stop
from backprop.descent.objective import Point
from backprop.descent.problem import dot, moves
from backprop.numbers import shown

NAMED = 4
"""The most inputs that are named."""

_TWICE, _NARROWER = 60, 40
"""How often a way is gone twice as far, and how often what is left of it is then made narrower."""

_GOLDEN = (5**0.5 - 1) / 2


class Lead(NamedTuple):
    """A point that is lower than the end of a run. stop: the end, for a method that does not go there. left:
    what is left behind, ""  where it is nothing of note."""

    point: Point
    stop: Stop
    left: str = ""


def lowest_on(run: Run, point: Point) -> Point:
    """The lowest point on the way to a lower one, and beyond: by golden sections (Kiefer: Proc. Amer. Math.
    Soc. 4, 1953)."""
    way = moves(run.x, point)

    def at(part: float) -> tuple[float, float]:
        moved = [x + part * by for x, by in zip(run.x, way, strict=True)]
        return run.problem.known(run.problem.inside(moved), inf), part

    before, best, beyond = (run.value, 0.0), at(1.0), at(2.0)
    for _ in range(_TWICE):
        if not beyond < best:
            break
        before, best, beyond = best, beyond, at(2 * beyond[1])
    if not best[0] < run.value:
        return point
    low, high = before[1], beyond[1]
    left, right = at(high - _GOLDEN * (high - low)), at(low + _GOLDEN * (high - low))
    for _ in range(_NARROWER):
        best = min(best, left, right)
        if left[0] < right[0]:
            high, right = right[1], left
            left = at(high - _GOLDEN * (high - low))
        else:
            low, left = left[1], right
            right = at(low + _GOLDEN * (high - low))
    return run.problem.inside([x + best[1] * by for x, by in zip(run.x, way, strict=True)])


def lower(run: Run) -> str:
    """What other points are not to be, as a person sees it."""
    return "lower" if run.problem.sign > 0 else "higher"


def after(run: Run) -> str:
    """When a run has ended."""
    return f"after step {run.number}" if run.number else "at the start"


def stationary(run: Run, kind: str, point: Point, but: str = "") -> Stop:
    """The end of a run at a point that is no minimum, but of this kind. point: a lower one."""
    way = f"{run.output} {run.falls}s towards {towards(run, point)}{but}"
    return Stop("stationary", f"stationary {after(run)}, no {run.least}: {kind}{way}")


def unsure_far_away(run: Run, name: str, hides: str) -> Stop:
    """The end of a run on which an input has grown far, where rounding hides more. hides: that, in words."""
    size = shown(abs(run.last.parameters[name]), 2)
    still = f"{hides} whether {run.output} still {run.falls}s where {name} is {size}"
    return Stop("rounding", f"{after(run)}: {still}; perhaps it has no {run.least}")


def no_way(run: Run, point: Point) -> Stop:
    """The end of a run that nothing lowers, though the output is lower at a point found by values."""
    if not dot(run.gradient, moves(run.x, point)) < 0:
        return stationary(run, "", point, ", but its gradient does not lead there; start elsewhere")
    way = f"{run.output} {run.falls}s towards {towards(run, point)}, and its gradient says so"
    rough = "but no step along that was one: it is rough there, or has corners"
    if run.problem.objective.is_smooth and not run.method:
        given = "--lr" if run.options["lr"] is not None else "--optimizer"
        none = f"but none of its steps was lower; without {given} it may go on"
        return Stop("rounding", f"{after(run)}: {way}, {none}")
    return Stop("rounding", f"{after(run)}: {way}, {rough}; start elsewhere")


def towards(run: Run, point: Point) -> str:
    """A direction, by its largest parts: `a + 0.8, b - 0.6`."""
    way = moves(run.x, point)
    length = hypot(*way)
    parts = [(name, round(part / length, 2)) for name, part in run.problem.named(way).items()]
    parts = sorted((each for each in parts if each[1]), key=lambda each: -abs(each[1]))
    texts = [f"{name} {'+-'[part < 0]} {shown(abs(part))}" for name, part in parts[:NAMED]]
    return ", ".join(texts + ["…"] * (len(parts) > NAMED))
