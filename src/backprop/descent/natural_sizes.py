"""How large moves of inputs are: of one that began at 0 and is there again, no number of its own tells."""

from __future__ import annotations

from math import inf
from weakref import WeakKeyDictionary

from backprop.descent.course import Run
from backprop.descent.objective import Point
from backprop.descent.problem import FEW

_HELD = 1e-3
"""An input is back at 0 that is less than this part of what it was."""

_ABOUT = 20.0
"""A change is about another one if it is by no more than so many times larger or smaller."""

_MUCH = 0.1
"""Much of what the output has fallen."""

_SIZES, _HALVED = 30, 8
"""So many powers of 10 are tried, up and down, and how often what is between two is halved."""


_HARDLY = 1e-6
"""An input has hardly moved if that changes the output by less than this part of what it has fallen."""


def sizes_of(run: Run) -> Point:
    """The scale of each input: how large it is or was, or how far it came; where it began at 0 and has hardly
    moved, what changes the output by much, or 1."""
    columns = zip(run.x, run.sizes, run.begun, run.largest, strict=True)
    sizes = [
        max(size, abs(at - begun) if size or not at else 0.0, most)
        for at, size, begun, most in columns
    ]
    if len(sizes) > FEW:
        return [size or 1.0 for size in sizes]
    for at, size in enumerate(sizes):
        if not size or (run.begun[at] == 0 and not _has_moved(run, at, size)):
            sizes[at] = max(size, natural_size(run, at, 0.0) or size or 1.0)
    return sizes


def _has_moved(run: Run, at: int, size: float) -> bool:
    """Whether a move of an input that began at 0 by so much, which it has come, changes the output."""
    problem = run.problem
    if problem.objective.is_smooth:  # bends tell
        return True
    if abs(run.gradient[at]) * size > _HARDLY * run.fallen:
        return True
    sides = ([*run.x[:at], run.x[at] + side, *run.x[at + 1 :]] for side in (size, -size))
    values = (problem.known(problem.inside(point), inf) for point in sides)
    return any(abs(value - run.value) > _HARDLY * run.fallen for value in values)


def is_at_0(run: Run, at: int, begun: float) -> bool:
    """Whether nothing is known of the size of an input by its numbers."""
    if begun:
        return False
    size = run.largest[at]
    return abs(run.x[at]) <= _HELD * size or not _has_moved(run, at, size)


_KNOWN: WeakKeyDictionary[Run, dict[tuple[int, int, float], float | None]] = WeakKeyDictionary()
"""What was found at the last points of runs: by the step, the input and its bend."""


def natural_size(run: Run, at: int, bend: float) -> float | None:
    """The move of an input that changes the output by about as much as the run has fallen, or all of it: as
    its second derivative foretells, if that is so, else the least one that does; None if there is none.

    The powers of 10 begin at the move that the bend asks for, so that units do not matter.
    """
    known, asked = _KNOWN.setdefault(run, {}), (run.number, at, bend)
    if asked not in known:
        known[asked] = _natural_size(run, at, bend)
    return known[asked]


def _natural_size(run: Run, at: int, bend: float) -> float | None:
    def change(size: float) -> float:
        most = 0.0
        for side in (size, -size):
            moved = [*run.x]
            moved[at] += side
            there = run.problem.known(run.problem.inside(moved), run.value)
            most = max(most, abs(there - run.value))
        return most

    fallen = run.fallen or abs(run.value)
    if not fallen:
        return None
    natural = (2 * fallen / bend) ** 0.5 if bend > 0 else inf
    if not 0 < natural < inf:
        natural = run.largest[at] or max(run.largest) or 1.0
    elif fallen / _ABOUT < change(natural) < _ABOUT * fallen:
        return natural
    sizes = [natural * 10.0**k for k in range(-_SIZES, _SIZES + 1)]
    much = _MUCH * fallen
    high = next((size for size in sizes if change(size) > much), None)
    if high is None:  # bounds, or a plateau, let it change so far only
        changes = [change(size) for size in sizes]
        much = max(changes) / 2
        if not much > run.problem.rounding(run.x):
            return None
        high = next(size for size, by in zip(sizes, changes, strict=True) if by > much)
    low = high / 10
    for _ in range(_HALVED):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if change(middle) > much else (middle, high)
    return high
