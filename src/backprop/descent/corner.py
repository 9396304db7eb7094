"""The end of a run at a point where the output has no slope: a corner, or a cusp."""

from collections.abc import Iterator, Sequence
from math import inf
from random import Random

from backprop.descent.problem import Point
from backprop.descent.run import Run, Stop

_NEAR = (1e-2, 1e-4, 1e-6, 1e-8)
"""How far values around it are looked at, relative to numbers larger than 1."""

_MOST_AXES, _OBLIQUE = 200, 32
"""The most parameters that are moved one at a time, and how often all are moved together."""


def judged(run: Run, x: Point) -> Stop:
    """Whether the output is lower anywhere near x, and the verdict on that."""
    problem = run.problem
    output, value = problem.output, problem.value(x)
    lower = "lower" if problem.sign > 0 else "higher"
    for size in _NEAR:
        for ways in _directions(len(x)):
            moved = [at + size * max(1.0, abs(at)) * way for at, way in zip(x, ways, strict=True)]
            if problem.known(problem.inside(moved), inf) < value:
                where = f"a corner, where {output} has no slope, and it is {lower} nearby"
                return Stop("stuck", f"stuck after step {run.number}: {where}; start elsewhere")
    kind = "minimum" if problem.sign > 0 else "maximum"
    none = f"{output} is nowhere {lower} nearby"
    return Stop("corner", f"converged: a {kind} at a corner, where there is no slope; {none}")


def _directions(count: int) -> Iterator[Sequence[float]]:
    """Ways to move so many numbers: each by itself, up and down, and all together, at random."""
    for at in range(min(count, _MOST_AXES)):
        for way in (1.0, -1.0):
            yield [way if each == at else 0.0 for each in range(count)]
    random = Random(0)
    for _ in range(_OBLIQUE if count > 1 else 0):
        yield [random.uniform(-1.0, 1.0) for _ in range(count)]
