"""The end of a run that stands still, where the output falls as far as doubles go."""

from itertools import pairwise
from math import inf, isinf, isnan

from backprop.descent.course import Run, Stop
from backprop.descent.objective import Point
from backprop.descent.problem import moves
from backprop.errors import NotFinite
from backprop.numbers import shown

_FIRST, _FACTOR = 1e-3, 8.0
"""How far the first look goes, relative to numbers above 1, and each one beside that before it."""

_FAR = 1e100
"""How far away an output must have no value, or the numbers be about to leave the range of doubles,
for its fall to be one without end."""

_BACK = 1.0, 0.9, 0.5
"""How far back, to where the run began, the output is looked at."""

_AHEAD = [0.1, 1.0, 10.0, 1e3, 1e6, 1e9]
"""How far ahead, in lengths of the way from the start."""

_BESIDE, _ABOVE, _DEEPER = 1e-6, (1e-4, 1e-6, 1e-8, 1e-10), 2.0
"""A pole is so near that so small a part of the scale of the inputs promises to change the output by itself;
at a hundredth of the distance it is so many times as deep."""

_NAMED = 4
"""The most inputs that are named."""

_LARGEST = 1.79e308
"""The farthest that a number is moved."""


def without_end(run: Run) -> Stop | None:
    """The end of a run that nothing lowers, if the output falls along its gradient, farther and farther,
    until doubles end; else None."""
    if not _falls(run):
        return None
    way = f"{run.output} {run.falls}s as far as doubles go"
    return endless(run, f"{way}, and has no {run.least} on this way")


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
    if not all(after < _DEEPER * before < 0 for before, after in pairwise(values)):
        return None
    parts = [(name, by) for name, by in run.problem.named(up).items() if by]
    at = run.problem.named(run.x)
    names = ", ".join(f"{name} = {shown(at[name])}" for name, _ in parts[:_NAMED])
    more = ", …" if len(parts) > _NAMED else ""
    return endless(
        run, f"{run.output} {run.falls}s beyond all bounds towards a pole beside {names}{more}"
    )


def tail(run: Run, room: float) -> Stop | None:
    """The end of a run where the output has become flat, if it only falls along the way from the start, ever
    less, and however far one goes; else None. It is not for outputs with corners, which may be flat.

    room: a rise by no more is none.
    """
    problem, x = run.problem, run.x
    way = moves(run.begun, x)
    way = [by if far else 0.0 for by, far in zip(way, _unbounded(run, way), strict=True)]
    if not any(way) or not run.fallen:
        return None

    def value(part: float) -> float:
        ahead = [_within(at + part * by) for at, by in zip(x, way, strict=True)]
        try:
            return problem.value(problem.inside(ahead))
        except NotFinite:  # 1/(1 + exp(x)) is 0 where exp(x) is beyond all doubles
            return problem.objective.last * problem.sign

    before = [*(value(-part) for part in _BACK), run.value]
    if not before[0] > before[-1] + room or not all(
        one >= after - room for one, after in pairwise(before)
    ):
        return None
    for part in _AHEAD:
        after = value(part)
        if isnan(after) and part > 1:
            break  # so far away doubles may end
        if not after <= run.value + room:
            return None
    names = [name for name, by in problem.named(way).items() if by]
    listed = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    grows = "grows" if len(names) == 1 else "grow"
    where = f"towards {shown(run.value * problem.sign)} while {listed} {grows} beyond all bounds"
    return endless(run, f"{run.output} {run.falls}s {where}, and has no {run.least} on this way")


def _unbounded(run: Run, way: Point) -> list[bool]:
    """Which parameters have no bound ahead."""
    ends = zip(way, run.problem.low, run.problem.high, strict=True)
    return [isinf(low if by < 0 else high) for by, low, high in ends]


def endless(run: Run, message: str) -> Stop:
    """The end of an output that has none. message: how it is seen."""
    problem = run.problem
    hints = [] if problem.bounded else ["give the inputs --bounds, or take another output"]
    error = NotFinite(message, hints=hints, where=problem.model.source.name)
    return Stop(
        run.endless, f"{run.falls}s without end, seen after step {run.number}: {message}", error
    )


def _falls(run: Run) -> bool:
    """Whether the output is never higher at a point farther along the gradient, and at last lower, or
    without a value so far away that doubles end."""
    problem, longest = run.problem, max(map(abs, run.gradient), default=0.0)
    if not 0 < longest < inf:
        return False
    down = [-slope / longest for slope in run.gradient]
    at, way = max(zip(run.x, down, strict=True), key=lambda each: abs(each[0]))
    if abs(at) > _FAR and at * way < 0:
        return False  # it leads back from far away
    value = lowest = run.value
    here, reach = run.x, _FIRST * max([1.0, *map(abs, run.x)])
    while (there := _moved(run, down, reach)) != here:
        try:
            value = problem.value(there)
        except NotFinite:
            return problem.bottomless or max(map(abs, here)) > _FAR
        if value > lowest or (value == lowest < run.value):
            return False
        here, lowest, reach = there, value, reach * _FACTOR
    return lowest < run.value and max(map(abs, here)) > _FAR


def _moved(run: Run, down: Point, reach: float) -> Point:
    """Where a move of this length leads, within the bounds and the range of doubles."""
    moved = [at + reach * part for at, part in zip(run.x, down, strict=True)]
    return run.problem.inside(list(map(_within, moved)))


def _within(number: float) -> float:
    """A number, or the last one before the range of doubles ends."""
    return max(-_LARGEST, min(_LARGEST, number))
