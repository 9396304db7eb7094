"""What a matrix of second derivatives says of a point: minimum, maximum, saddle, flat, or nothing.

The signs of its eigenvalues count, those of a matrix of scaled inputs, which are the same (Sylvester's law
of inertia); and those of which rounding may have made the sign count as unknown (Weyl's inequality).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import inf, isfinite
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.evaluation.cancelled import LARGE
from backprop.evaluation.quadric import Quadric
from backprop.evaluation.second_derivatives import SecondDerivatives
from backprop.evaluation.shaken import FACTORS, changed
from backprop.evaluation.sides import AGREED

MOST = 2000
"""The most inputs for which eigenvalues are computed: seconds."""

_ROUNDED = 64 * float_info.epsilon
"""How far rounding may move a sum of a few dozen terms, relative to their sizes."""

_BELOW = float_info.epsilon / 2
"""The least part of an output that doubles can tell."""

_TENDS = 1 / 4
"""How much of a gradient may be left where the parabola has none, if an output that can fall by no more than
its rounding ends there: of exp(x), which falls on and on, it is 0.37."""

_MANY = 200
"""Of more inputs the directions themselves are computed only where they are asked for."""

_TRIES = (0, 31)
"""The changes of all numbers that are tried; each is 64 times that of rounding."""

_SHAKEN = 1 / 8
"""How much of what such changes do rounding may do: eight times what it does at the most."""

_INPUTS = 8 * float_info.epsilon
"""How far rounding may have moved each input, relative: eight times what it does at the most."""

_WILD = 0.5
"""Of numbers that move by more than this part of themselves, and of the second derivatives of their inputs,
nothing is known: of a chaotic recurrence they are something else each time."""

_WORK = 500_000
"""Steps times inputs up to which the changes are made to all numbers on the way: seconds."""

UNKNOWN = "cannot tell: rounding"
"""The verdict where rounding may have made the signs."""

SlopesAt = Callable[[Sequence[float]], Any]
"""Takes a point; gives the gradient there, shape (n,)."""

Leaning = dict[int, float]
"""Parts of a direction by the places of the inputs, without those that are 0."""


class Curving(NamedTuple):
    """What second derivatives say.

    verdict: `minimum`, `maximum`, `saddle`, `flat` or `cannot tell: rounding` where the gradient is 0;
    `curved up`, `curved down`, `curved both ways`, `flat` or `cannot tell: rounding` elsewhere; `not
    smooth` where a second derivative or the gradient has a jump; `too many inputs`; `no inputs`.
    eigenvalues: shape (n,), from the lowest on; None where there are none. norm: of the gradient.
    stationary: whether that is 0, but for rounding. flat: directions in which the gradient does not
    change, as far as doubles tell. lost: whether second derivatives are as small as their rounding there.
    error: the most that rounding does to an eigenvalue, infinite where that is not known. step: to
    the minimum of the parabola, its length, and how much lower that is; None where there is none or the
    gradient is 0. signs: how many eigenvalues are negative, unknown and positive. below: whether the
    gradient counts as 0 because the output can fall, or rise, by no more than its own rounding.
    """

    verdict: str
    eigenvalues: Any = None
    norm: float = 0.0
    stationary: bool = False
    flat: Sequence[Leaning] = ()
    lost: bool = False
    error: float = 0.0
    step: tuple[float, float] | None = None
    signs: tuple[int, int, int] = (0, 0, 0)
    below: bool = False


class Rounding(NamedTuple):
    """The most that rounding does to the numbers of the matrix, shape (n, n), and to those of the
    gradient, (n,). straight: whether the gradient changes as the matrix says where rounding may have moved
    the inputs."""

    matrix: Any
    gradient: Any
    straight: bool = True


def curvature(
    second: SecondDerivatives,
    x: Sequence[float],
    matrix: Any,
    gradient: Sequence[float],
    slopes_at: SlopesAt,
    moved: Mapping[tuple[int, int], float],
    bent: bool,
    value: float,
) -> Curving:
    """What the second derivatives at `x` say. matrix: they; gradient: by the same inputs, with more digits
    where rounding leaves too few; slopes_at: the same at other points. moved: of numbers of the matrix that
    have more digits than doubles give them how far these move with what the inputs are changed here. bent:
    whether something stands on a border here, and they do not say all. value: of the output."""

    def rounding() -> Rounding:
        return _rounding(second, x, matrix, gradient, moved)

    return curvature_within(matrix, gradient, rounding, slopes_at, x, value, bent)


def curvature_within(
    matrix: Any,
    gradient: Any,
    rounding: Callable[[], Rounding],
    slopes_at: SlopesAt,
    x: Sequence[float],
    value: float = 0.0,
    bent: bool = False,
) -> Curving:
    """What second derivatives say of which it is known how far rounding may move them. slopes_at: the
    gradient at another point. The others are those of `curvature`."""
    with numpy.errstate(all="ignore"):  # what is beyond doubles makes the bounds infinite
        slopes = numpy.array(gradient, float)
        return _said(matrix, slopes, rounding, slopes_at, bent, value, x)


def rounding_by(
    matrix: Any, gradient: Any, sizes: tuple[Any, Any], others: Iterable[tuple[Any, Any]]
) -> Rounding:
    """How far rounding may move a matrix and a gradient: by the sizes of what is added up to both, and by
    how far others are from them, where everything is changed a little."""
    table, steps = (_ROUNDED * each for each in sizes)
    table, most = table / 2 + table.T / 2, numpy.zeros(table.shape)
    for other, there in others:
        moved = numpy.abs(other - matrix)
        most = numpy.fmax(most, moved / 2 + moved.T / 2)
        steps = numpy.fmax(steps, numpy.abs(there - gradient) * _SHAKEN)
    table = numpy.fmax(table, most * _SHAKEN)
    if numpy.isfinite(table).all():
        units = _units(matrix, table)
        whole = numpy.fmax(units * units[:, None], numpy.abs(matrix))
        table = numpy.where(most > _WILD * whole, inf, table)
    return Rounding(table, steps)


def points_near(x: Sequence[float]) -> Iterator[list[float]]:
    """Points whose numbers are changed a little."""
    return (_near(x, offset) for offset in _TRIES)


def _near(x: Sequence[float], offset: int) -> list[float]:
    return [number * FACTORS[(at + offset) % len(FACTORS)] for at, number in enumerate(x)]


def _said(
    matrix: Any,
    slopes: Any,
    rounding_of: Callable[[], Rounding],
    slopes_at: SlopesAt,
    bent: bool,
    value: float,
    x: Sequence[float],
) -> Curving:
    norm = _length(slopes)
    if not len(slopes):
        return Curving("no inputs")
    if bent or not numpy.isfinite(matrix).all() or not numpy.isfinite(slopes).all():
        return Curving("not smooth", norm=norm)
    if len(slopes) > MOST:
        return Curving("too many inputs", norm=norm)
    rounding = rounding_of()
    if not all(numpy.isfinite(each).all() for each in (rounding.matrix, rounding.gradient)):
        return _nobody_knows(matrix, norm)
    stationary = bool((numpy.abs(slopes) <= rounding.gradient).all())
    stationary = stationary or _is_nearest(matrix, slopes, x)
    if stationary and norm and not rounding.straight:
        return _nobody_knows(matrix, norm)
    try:
        least, at = _BELOW * abs(value), numpy.array(x, float)
        return _judged(matrix, slopes, norm, stationary, rounding, least, slopes_at, at)
    except numpy.linalg.LinAlgError:
        return Curving(UNKNOWN, None, norm, stationary, lost=True)


def _is_nearest(matrix: Any, slopes: Any, x: Sequence[float]) -> bool:
    """Whether the gradient is 0 at a point of which none is nearer than this one whose numbers are doubles:
    that of cos at pi is 1.2e-16."""
    if len(x) != len(slopes):
        return False
    near = numpy.spacing(numpy.abs(numpy.array(x, float))) / 2
    if (numpy.abs(slopes) > numpy.abs(matrix) @ near).any():
        return False
    units = _units(matrix, numpy.zeros(matrix.shape))
    scaled, to = matrix / units / units[:, None], slopes / units
    try:
        if len(x) > _MANY:
            way = numpy.linalg.solve(scaled, to)
        else:  # flat directions need no step
            way = numpy.linalg.lstsq(scaled, to, rcond=None)[0]
    except numpy.linalg.LinAlgError:
        return False
    left = numpy.abs(to - scaled @ way) <= _ROUNDED * (numpy.abs(scaled) @ numpy.abs(way))
    return bool((left & (numpy.abs(way / units) <= near)).all())


def _length(numbers: Any) -> float:
    """The length of a vector, also where squares leave the doubles."""
    largest = float(numpy.abs(numbers).max(initial=0.0))
    if not isfinite(largest) or largest == 0:
        return largest
    return largest * float(numpy.linalg.norm(numbers / largest))


def _nobody_knows(matrix: Any, norm: float) -> Curving:
    """What is said where rounding has no bound: nothing compares with that."""
    try:
        eigenvalues = numpy.linalg.eigvalsh(matrix)
    except numpy.linalg.LinAlgError:
        eigenvalues = None
    return Curving(UNKNOWN, eigenvalues, norm, True, lost=True, error=inf)


def _judged(
    matrix: Any,
    slopes: Any,
    norm: float,
    stationary: bool,
    rounding: Rounding,
    least: float,
    slopes_at: SlopesAt,
    x: Any,
) -> Curving:
    """least: the least change of the output that doubles can tell."""
    eigenvalues = numpy.linalg.eigvalsh(matrix)
    units = _units(matrix, rounding.matrix)
    scaled = matrix / units / units[:, None]
    many = len(matrix) > _MANY
    bends, directions = (numpy.linalg.eigvalsh(scaled), None) if many else numpy.linalg.eigh(scaled)
    solved = len(bends) * float_info.epsilon * float(numpy.abs(bends).max())
    lost = float(numpy.linalg.norm(rounding.matrix / units / units[:, None])) + solved
    flat, up, down = numpy.abs(bends) <= lost, (bends > lost).any(), (bends < -lost).any()
    signs = int((bends < -lost).sum()), int(flat.sum()), int((bends > lost).sum())
    if many and flat.any():  # the directions themselves take three times as long
        directions = numpy.linalg.eigh(scaled)[1]
    ways = () if directions is None else _echelon(directions[:, flat].T / units)
    unsure = any(_is_unsure(way, matrix, rounding.matrix) for way in ways)
    step, below, definite = None, False, bool(up) != bool(down)
    if not (flat.any() or stationary) and (definite or directions is not None):
        bowl = Quadric(scaled, units, bends, directions)
        way = bowl.way(slopes)
        if bowl.height(slopes) <= least:
            noise = rounding.gradient + numpy.abs(matrix) @ numpy.spacing(numpy.abs(x))
            room = bowl.height(_TENDS * slopes) + bowl.most(noise)
            below = stationary = bool(bowl.height(slopes_at((x - way).tolist())) <= room)
        if definite and not below:
            step = _length(way), float(slopes @ way) / 2
    if up and down:
        verdict = "saddle" if stationary else "curved both ways"
    elif flat.any():
        verdict = UNKNOWN if unsure else "flat"
    elif up:
        verdict = "minimum" if stationary else "curved up"
    else:
        verdict = "maximum" if stationary else "curved down"
    named = [_parts(way) for way in ways]
    error = float(numpy.linalg.norm(rounding.matrix))
    return Curving(verdict, eigenvalues, norm, stationary, named, unsure, error, step, signs, below)


def _rounding(
    second: SecondDerivatives,
    x: Sequence[float],
    matrix: Any,
    gradient: Sequence[float],
    known: Mapping[tuple[int, int], float],
) -> Rounding:
    """How far rounding may move the numbers: by the sizes of what is added up to them, and by what
    they do if all numbers on the way are changed a little."""
    graph, data = second.graph, second.data(x)
    here = numpy.array([data[each] for each in graph.outputs])
    near = (_shaken(second, x, data, each) for each in _TRIES)
    table, steps, _ = rounding_by(matrix, here, second.both_sizes(x), near)
    for (one, other), way in known.items():
        table[one, other] = table[other, one] = way * _SHAKEN + _ROUNDED * abs(matrix[one, other])
    straight = _is_straight(second, x, matrix, here, steps)
    if len(graph.steps) <= LARGE:
        right = numpy.array(gradient, float)
        computed_again = ~(numpy.abs(right - here) <= AGREED * numpy.abs(right))  # nan, too
        by_inputs = _INPUTS * (numpy.abs(matrix) @ numpy.abs(numpy.array(x, float)))
        steps = numpy.where(computed_again, by_inputs + _ROUNDED * numpy.abs(right), steps)
    return Rounding(table, steps, straight)


def _is_straight(
    second: SecondDerivatives, x: Sequence[float], matrix: Any, here: Any, noise: Any
) -> bool:
    """Whether the gradient is a straight line as far as rounding may have moved the inputs: that of sin is
    not at 1e17, where doubles are 16 apart. here: the gradient in doubles; noise: its rounding."""
    for factor in (1 + _INPUTS, 1 - _INPUTS):
        there = [number * factor for number in x]
        data = second.data(there)
        moved = numpy.array(there, float) - numpy.array(x, float)
        apart = numpy.array([data[each] for each in second.graph.outputs]) - here - matrix @ moved
        room = _WILD * (numpy.abs(matrix) @ numpy.abs(moved)) + 2 * noise
        if not (numpy.abs(apart) <= room).all():
            return False
    return True


def _shaken(
    second: SecondDerivatives, x: Sequence[float], data: list[float], offset: int
) -> tuple[Any, Any]:
    """The second derivatives and the gradient if everything is changed a little; of what is large, if the
    inputs are."""
    if len(second.graph.steps) * len(x) <= _WORK:
        near = list(changed(second.graph, data, offset)[0])
        table = second.table(near)
    else:
        there = _near(x, offset)
        near, table = second.data(there), second.matrix(there)
    return table, numpy.array([near[each] for each in second.graph.outputs])


_SMALL = 1024.0
"""How many times its rounding the unit of a second derivative is that is rounding alone."""


def _units(matrix: Any, rounding: Any) -> Any:
    """For each input the unit in which its own second derivative is about 1, or where that is nothing the
    largest that it has with another; 1 where all are 0. What is rounding alone is small in it: in the sum of
    all that may be off it hides no other input's."""
    sizes, noise = numpy.abs(matrix), numpy.diagonal(rounding)
    own = numpy.diagonal(sizes)
    units = numpy.where(own > noise, numpy.sqrt(own), 0.0)
    for at in numpy.flatnonzero(
        units == 0
    ).tolist():  # Bunch, J. ACM 18, 1971: with what has a unit
        row, known = sizes[at], units > 0
        least = numpy.sqrt(_SMALL * noise[at])
        units[at] = max(least, (row[known] / units[known]).max(initial=0.0))
        units[at] = units[at] or numpy.sqrt(row.max())
    units[units == 0] = 1.0
    return units


def _echelon(ways: Any) -> Any:
    """A basis of the same directions with as many zeros as elimination makes: a direction of one
    input is that, and no mixture."""
    if len(ways) > _MANY:  # one input after the other takes minutes
        from scipy.linalg import qr, solve_triangular

        _, upper, order = qr(ways, mode="economic", pivoting=True)
        rest = solve_triangular(upper[:, : len(ways)], upper[:, len(ways) :])
        found = numpy.empty_like(ways)
        found[:, order] = numpy.hstack([numpy.identity(len(ways)), rest])
        return found
    ways, row = numpy.array(ways), 0
    free = list(range(ways.shape[1]))
    while row < len(ways):
        sizes = numpy.abs(ways[row:][:, free])
        at, column = numpy.unravel_index(int(sizes.argmax()), sizes.shape)
        ways[[row, row + at]] = ways[[row + at, row]]
        pivot = free.pop(int(column))
        ways[row] /= ways[row, pivot]
        others = numpy.arange(len(ways)) != row
        ways[others] -= numpy.outer(ways[others, pivot], ways[row])
        row += 1
    return ways


def _is_unsure(way: Any, matrix: Any, rounding: Any) -> bool:
    """Whether a second derivative that counts in a direction is nothing but rounding: otherwise large
    ones cancel there, or all are 0."""
    parts = numpy.abs(way) > _PART * numpy.abs(way).max()
    inside = numpy.ix_(parts, parts)
    small = (numpy.abs(matrix[inside]) <= rounding[inside]) & (rounding[inside] > 0)
    return bool(small.any())


_PART = 1e-6
"""What is a smaller part of a direction is rounding."""


def _parts(way: Any) -> Leaning:
    """A direction by the places of the inputs, its first part 1."""
    places = numpy.flatnonzero(numpy.abs(way) > _PART * numpy.abs(way).max()).tolist()
    return {place: float(way[place] / way[places[0]]) for place in places}
