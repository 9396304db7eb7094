"""The end of a run that stands still, where the output falls as far as doubles go."""

from math import inf

from backprop.descent.course import Run, Stop
from backprop.descent.objective import Point
from backprop.errors import NotFinite

_FIRST, _FACTOR = 1e-3, 8.0
"""How far the first look goes, relative to numbers above 1, and each one beside that before it."""

_FAR = 1e100
"""How far away an output must have no value, or the numbers be about to leave the range of doubles,
for its fall to be one without end."""

_LARGEST = 1.79e308
"""The farthest that a number is moved."""


def without_end(run: Run, stop: Stop) -> Stop | None:
    """What the end of a run that is stuck becomes if the output falls along its gradient, farther and
    farther, until doubles end; else None."""
    if stop.cause != "stuck" or not _falls(run):
        return None
    problem = run.problem
    way, least = ("rises", "maximum") if problem.sign < 0 else ("falls", "minimum")
    message = f"{problem.output} {way} as far as doubles go, and has no {least} on this way"
    hints = [] if problem.bounded else ["give the inputs --bounds, or take another output"]
    error = NotFinite(message, hints=hints, where=problem.model.source.name)
    return Stop("diverged", f"diverged after step {run.number}: {message}", error)


def _falls(run: Run) -> bool:
    """Whether the output is never higher at a point farther along the gradient, and at last lower, or
    without a value so far away that doubles end."""
    problem, longest = run.problem, max(map(abs, run.gradient), default=0.0)
    if not 0 < longest < inf:
        return False
    down = [-slope / longest for slope in run.gradient]
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
    return run.problem.inside([max(-_LARGEST, min(_LARGEST, number)) for number in moved])
