"""The end of a run that stands still, where the output falls as far as doubles go."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, isinf, log

from backprop.descent.course import Run, Stop
from backprop.descent.objective import Point
from backprop.errors import NotFinite
from backprop.numbers import shown

_FIRST, _FACTOR = 1e-3, 8.0
"""How far the first look goes, in the scale of the input that moves most in it, and each one beside that
before it."""

_MOVED = 1e-4
"""An input has moved by more than this part of where it is."""

_FAR = 1e100
"""How far away an output must have no value, or the numbers be about to leave the range of doubles,
for its fall to be one without end."""

_AT_THE_END = 1e307
"""An input that is larger can hardly become larger still."""

_BOTTOM, _MANY_TIMES = 1e250, 1e10
"""An output that is lower than minus the first has fallen nearly as far as doubles go; and an input has grown
far that is so many times as large as it was."""

_LIMIT, _NONE = 0.5, 1e-15
"""What falls by more than this part of all that it has fallen comes near to nothing; what is left of the
output far away is nothing if it is less than the second part."""

_BESIDE, _ABOVE, _DEEPER = 1e-6, (1e-4, 1e-6, 1e-8, 1e-10), 2.0
"""A pole is so near that so small a part of the scale of the inputs promises to change the output by itself;
at a hundredth of the distance it is so many times as deep."""

_GROWN = 1e6
"""What has become so many times as large leads on, not a pole beside which the output falls slowly."""

_ALIKE = 0.01
"""A logarithm falls alike, but for this part, from one of these distances to the next."""

_LAST, _SLOWLY = 8, 1e-4
"""What still falls by this part of all that it has fallen, over so many of the last points, has no limit."""

_NAMED = 4
"""The most inputs that are named."""

_LARGEST = 1.79e308
"""The farthest that a number is moved."""


def without_end(run: Run) -> Stop | None:
    """The end of a run that nothing lowers, if the output falls along its gradient, farther and farther,
    until doubles end; else None."""
    if _is_at_the_end(run):
        growing = [
            to if _has_grown(to, begun) else 0.0 for to, begun in zip(run.x, run.begun, strict=True)
        ]
        return endless(run, f"{falling(run, growing, -inf)}, and has no {run.least} on this way")
    lowest = _lowest(run)
    if lowest is None or (lowest > -inf and run.problem.rounding(run.x) > run.fallen > 0):
        return None  # what looks like a fall may be rounding
    longest = max(map(abs, run.gradient))
    way = [-slope / longest for slope in run.gradient]
    return endless(run, f"{falling(run, way, lowest)}, and has no {run.least} on this way")


def pole(run: Run) -> Stop | None:
    """The end of a run beside a point towards which the output falls as a power of the distance, beyond all
    bounds; else None."""
    sizes = [max(abs(at), abs(at - to)) or 1.0 for at, to in zip(run.x, run.begun, strict=True)]
    slopes = [slope * size for slope, size in zip(run.gradient, sizes, strict=True)]
    steepest = max(map(abs, slopes), default=0.0)
    if not abs(run.value) < _BESIDE * steepest < inf:
        return None
    up = [slope / steepest * size for slope, size in zip(slopes, sizes, strict=True)]

    def value(part: float) -> float:
        above = [at + part * by for at, by in zip(run.x, up, strict=True)]
        return run.problem.known(run.problem.inside(above), inf)

    values = [*(value(part) for part in _ABOVE), run.value]
    as_power = all(after < _DEEPER * before < 0 for before, after in pairwise(values))
    far = any(abs(at) > _GROWN * abs(begun) > 0 for at, begun in zip(run.x, run.begun, strict=True))
    if not as_power and (far or not _is_logarithm(values, steepest)):
        return None
    parts = [(name, by) for name, by in run.problem.named(up).items() if by]
    at = run.problem.named(run.x)
    names = ", ".join(f"{name} = {shown(at[name])}" for name, _ in parts[:_NAMED])
    more = ", …" if len(parts) > _NAMED else ""
    return endless(
        run, f"{run.output} {run.falls}s beyond all bounds towards a pole beside {names}{more}"
    )


def _is_logarithm(values: Sequence[float], steepest: float) -> bool:
    """Whether outputs so far above a point fall as the logarithm of the distance, down to the last one, and
    the slope there, too."""
    falls = [before - after for before, after in pairwise(values[:-1])]
    by = falls[-1] / log(_ABOVE[-2] / _ABOVE[-1])
    if not (by > 0 and all(abs(each - falls[-1]) <= _ALIKE * falls[-1] for each in falls)):
        return False
    expected = values[-2] - by * log(_ABOVE[-1] * steepest / by)
    return abs(values[-1] - expected) <= by


def still_falls(run: Run, seen: Sequence[float]) -> bool:
    """Whether an output still falls, and to no limit, at the last of many points of which each is far beyond
    the one before. seen: the outputs there."""
    if len(seen) <= 2 * _LAST:
        return False
    size = max(run.fallen, abs(run.value))
    return seen[-1 - _LAST] - seen[-1] > _SLOWLY * size


def falling(run: Run, way: Point, lowest: float, where: str = "while") -> str:
    """What an output does that falls along a way until doubles end. lowest: the output there. where: the
    word, or words, for the way."""
    ends = zip(way, run.problem.low, run.problem.high, strict=True)
    open_ = [by if isinf(low if by < 0 else high) else 0.0 for by, low, high in ends]
    names = [name for name, by in run.problem.named(open_).items() if by]
    listed = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    grow = "grows" if len(names) == 1 else "grow"
    size = max(run.fallen, abs(run.value))
    near_end = max(map(abs, run.x)) > _FAR and abs(lowest) > _NONE * size
    if near_end or not run.value - lowest <= _LIMIT * size:
        return f"{run.output} {run.falls}s as far as doubles go {where} {listed} {grow} beyond all bounds"
    limit = shown(0.0 if abs(lowest) <= _NONE * size else lowest * run.problem.sign)
    return f"{run.output} {run.falls}s towards {limit} {where} {listed} {grow} beyond all bounds"


def endless(run: Run, message: str) -> Stop:
    """The end of an output that has none. message: how it is seen."""
    problem = run.problem
    hints = [] if problem.bounded else ["give the inputs --bounds, or take another output"]
    error = NotFinite(message, hints=hints, where=problem.model.source.name)
    return Stop(
        run.endless, f"{run.falls}s without end, seen after step {run.number}: {message}", error
    )


def _is_at_the_end(run: Run) -> bool:
    """Whether the output has fallen nearly as far as doubles go, and inputs have grown far; or one of these
    is there, and the output is higher at half of it."""
    for at, (to, begun) in enumerate(zip(run.x, run.begun, strict=True)):
        if abs(to) > _AT_THE_END and _has_grown(to, begun):
            half = [*run.x[:at], to / 2, *run.x[at + 1 :]]
            if run.problem.known(half, -inf) > run.value:
                return True
    deep = run.value < -_BOTTOM < -_BOTTOM / _FAR < run.start.value * run.problem.sign
    return deep and any(_has_grown(*ends) for ends in zip(run.x, run.begun, strict=True))


def _has_grown(to: float, begun: float) -> bool:
    return abs(to) > (_MANY_TIMES * abs(begun) or _MANY_TIMES**2)


def _lowest(run: Run) -> float | None:
    """The last output along the gradient, if it is never higher at a point farther away, and at last lower,
    minus infinity where it has no value so far away that doubles end; else None."""
    problem, longest = run.problem, max(map(abs, run.gradient), default=0.0)
    if not 0 < longest < inf:
        return None
    down = [-slope / longest for slope in run.gradient]
    at, way = max(zip(run.x, down, strict=True), key=lambda each: abs(each[0]))
    if abs(at) > _FAR and at * way < 0:
        return None  # it leads back from far away
    value = lowest = run.value
    seen = [value]
    sizes = [max(abs(to), abs(to - begun)) for to, begun in zip(run.x, run.begun, strict=True)]
    scales = [size / abs(by) for size, by in zip(sizes, down, strict=True) if size and by]
    here, reach = run.x, _FIRST * min(scales, default=1.0)
    while (there := _moved(run, down, reach)) != here:
        try:
            value = problem.value(there)
        except NotFinite:
            if problem.bottomless:
                return -inf
            far = _has_moved_far(run.x, there)
            return lowest if far and (lowest < run.value or here is run.x) else None
        if value > lowest or (value == lowest < run.value):
            return None
        here, lowest, reach = there, value, reach * _FACTOR
        seen.append(value)
    if not _has_moved_far(run.x, here):  # a bound is no end
        return None
    if still_falls(run, seen):
        return -inf
    return lowest if lowest < run.value else None


def _has_moved_far(begun: Point, there: Point) -> bool:
    """Whether an input is far away that has moved: of one that stood there nothing is seen."""
    ends = zip(begun, there, strict=True)
    return any(abs(to) > _FAR and abs(to - at) > _MOVED * abs(to) for at, to in ends)


def _moved(run: Run, down: Point, reach: float) -> Point:
    """Where a move of this length leads, within the bounds and the range of doubles."""
    moved = [at + reach * part for at, part in zip(run.x, down, strict=True)]
    return run.problem.inside(list(map(within, moved)))


def within(number: float) -> float:
    """A number, or the last one before the range of doubles ends."""
    return max(-_LARGEST, min(_LARGEST, number))
