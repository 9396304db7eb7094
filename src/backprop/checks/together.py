"""The gradient of loops by very many inputs against differences: groups of them are moved at once.

Along a direction v of a group the slope is the sum of g*v over its inputs. Each has a share of about
the same size in it, and random: where the sum agrees with differences, none of the gradients is off by
more than the difference is, divided by v, unless several are and cancel one another by chance.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.checks import differences
from backprop.checks.along import ROOM, Along, Fast
from backprop.checks.asked import at_a_glance
from backprop.checks.rounding import COARSE, EPSILON
from backprop.checks.verdict import AGREES, Check, Compared, judge, shared
from backprop.loops.domains import Reals, Wholes
from backprop.loops.many import NotLoops

COARSER = COARSE / EPSILON
"""How much larger changes are that are well above those of rounding."""

_FIRST, _LARGEST = 32, 100_000
"""So many groups there are about to begin with, and so many inputs in one at most."""

_WORK = 3e10
"""So many steps of the output are computed in all: some ten seconds in machine code."""

_ASIDE = 2.0**-9
"""So far aside, relative, an output is still the same that has no slope."""

_SEEN = 1e-3
"""The part of a gradient that has to show in the sum of its group."""


class Standing(NamedTuple):
    """Where an output is looked at: its name, those of the inputs, their numbers, the gradient, what
    rounding may do to it, and the bounds."""

    output: str
    inputs: Sequence[str]
    x: Reals
    slopes: Reals
    noises: Reals
    low: Reals
    high: Reals


Computes = Callable[[Reals], float | None]
"""The output by the numbers of all inputs; None where it is in doubt."""


class _AlongLoops(Along):
    """The output of loops as a function of one number. Raises NotLoops where it is in doubt."""

    def __init__(self, x: float, bounds: tuple[float, float], fast: Fast, rounding: float) -> None:
        self._stand(x, bounds, fast, rounding)

    def _interpreted(self, x: float) -> float:
        raise NotLoops("whether there is a value is in doubt")


def one_by_one(point: Standing, output: Computes, size: int, rounding: float) -> dict[str, Check]:
    """The checks of those inputs for which a quick look at each is enough, by name. size: how many steps
    the output takes. rounding: how far that moves it."""
    looks = ((name, _alone(point, at, output, rounding)) for at, name in enumerate(point.inputs))
    return {name: check for name, check in looks if check}


def together(point: Standing, output: Computes, size: int, rounding: float) -> dict[str, Check]:
    """The checks of those inputs for which looks at groups are enough, by name. size, rounding: as of
    `one_by_one`."""
    found: dict[str, Check] = {}
    left = _WORK / size

    def counted(numbers: Reals) -> float | None:
        nonlocal left
        left -= 1
        return output(numbers)

    looks = _Groups(point, counted, rounding)
    waiting = deque(looks.first())
    while waiting and left > 0:
        group = waiting.popleft()
        if len(group) > 1:
            checks = looks.at(group)
            found |= checks
            waiting += [] if checks else numpy.array_split(group, 2)
        elif check := _alone(point, at := int(group[0]), counted, rounding):
            found[point.inputs[at]] = check
    return found


def _alone(point: Standing, at: int, output: Computes, rounding: float) -> Check | None:
    """The check of one input."""
    x, slope, noise = (float(each[at]) for each in (point.x, point.slopes, point.noises))

    def fast(x: float) -> float | None:
        numbers = point.x.copy()
        numbers[at] = x
        return output(numbers)

    name, coarse = point.inputs[at], partial(COARSER.__mul__, noise)
    bounds = float(point.low[at]), float(point.high[at])
    try:
        asked = Compared(name, point.output, x, slope, noise, coarse)
        return at_a_glance(asked, _AlongLoops(x, bounds, fast, rounding))
    except NotLoops:
        return None


class _Groups:
    """Looks at groups, each an array of the numbers of its inputs."""

    def __init__(self, point: Standing, output: Computes, rounding: float) -> None:
        self._point, self._output, self._rounding = point, output, rounding
        self._random = numpy.random.default_rng(0)
        x, scale = point.x, numpy.maximum(numpy.abs(point.x), 1.0)
        down, up = x - point.low, point.high - x
        room = scale * ROOM
        inner = (down <= room).astype(int) - (up <= room).astype(int)
        self._inner: NDArray[numpy.int64] = inner
        """The only side that counts of an input that stands on a bound; 0 for both."""
        for far in (down, up):
            far[far <= room] = inf
        self._reach: Reals = numpy.minimum(scale, numpy.minimum(down, up))
        """How far an input may be moved."""
        self._share: Reals = numpy.abs(point.slopes) * self._reach

    def first(self) -> Iterator[Wholes]:
        """The groups to begin with, each of inputs whose shares are about as large."""
        kind = numpy.sign(self._point.slopes) * 3 * (self._inner != 0) + self._inner
        kind = numpy.where(self._share == 0, 10, 0) + kind
        size = min(max(1, len(kind) // _FIRST), _LARGEST)
        for each in numpy.unique(kind):
            members = numpy.flatnonzero(kind == each)
            members = members[numpy.argsort(-self._share[members], kind="stable")]
            yield from numpy.array_split(members, -(-len(members) // size))

    def at(self, group: Wholes) -> dict[str, Check]:
        """The checks of a group; none where a look leaves something open."""
        point, reach, share = self._point, self._reach[group], self._share[group]
        inner, slopes = int(self._inner[group[0]]), point.slopes[group]
        part = self._random.uniform(0.5, 1.0, len(group))
        flat = not share.any()
        if flat:
            move = reach * part
        else:
            move = share.min() / numpy.abs(slopes) * part
            if not numpy.isfinite(move).all() or not move.all():
                return {}
        sign = numpy.sign(slopes) if not flat else self._random.choice((-1.0, 1.0), len(group))
        move *= inner or sign
        whole = float(slopes @ move)
        noise = float(point.noises[group] @ numpy.abs(move))
        placed = EPSILON * float(numpy.linalg.norm(slopes * point.x[group]))
        asked = Compared(
            point.output, point.output, 0.0, whole, noise, partial(COARSER.__mul__, noise)
        )
        ends = (0.0 if inner else -1.0, 1.0)
        function = _AlongLoops(0.0, ends, self._along(group, move), self._rounding + placed)
        try:
            check = self._judged(asked, function, flat)
        except NotLoops:
            return {}
        if check is None or (
            not flat and check.uncertainty > _SEEN * float(numpy.abs(slopes * move).min())
        ):
            return {}
        names, off = point.inputs, check.numeric - whole
        return {
            names[at]: shared(names[at], x, slope, slope + off / by, check.uncertainty / abs(by))
            for at, x, slope, by in zip(
                group.tolist(), point.x[group].tolist(), slopes.tolist(), move.tolist(), strict=True
            )
        }

    def _judged(self, asked: Compared, function: _AlongLoops, flat: bool) -> Check | None:
        if not flat and not function.inner:
            return at_a_glance(asked, function)
        found = differences.sides(function, function.inner)
        check = judge(asked, found)
        if flat:
            sides = (function.inner,) if function.inner else (-1, 1)
            flat = all(function(side * _ASIDE) == function(0.0) for side in sides)
            return check if flat and check.verdict == AGREES else None
        return check if check.verdict == AGREES else None

    def _along(self, group: Wholes, move: Reals) -> Callable[[float], float | None]:
        start = self._point.x

        def output(t: float) -> float | None:
            numbers = start.copy()
            numbers[group] += t * move
            return self._output(numbers)

        return output
