"""Second derivatives of a Model of loops by loops: nothing is unrolled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.errors import BackpropError, Cancelled, IndeterminateForm
from backprop.evaluation.curvature import Curving, curvature_within, points_near, rounding_by
from backprop.evaluation.gradient import Gradient, by_loops
from backprop.evaluation.second_over_rows import bending_rows
from backprop.evaluation.sweep_plan import LEAST, Entries, SweepPlan, sweep_plan
from backprop.language import Model
from backprop.loops.line_curvature import LineCurvature
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.ready import Needed, needed
from backprop.loops.second import Curvature, LoopCurvature
from backprop.loops.walks import Doubtful
from backprop.source import normal

_MOST = 5000
"""The most inputs of which a whole matrix is computed, if its structure does not save sweeps."""

_FEW, _UNROLLED = 40, 3_000_000
"""Of recurrences more products than these are computed sooner by single steps, of fewer steps than these,
where there is no machine code."""

_MUCH = 1_000_000
"""So many steps of a recurrence, times the products, take longer than to make machine code of them."""

_OFTEN = 20
"""From so many points on machine code is worth compiling."""

_AT_ONCE = 50
"""The directions of one run through the loops."""

_LOOKS = 200
"""The most second derivatives in a diagonal whose rounding is looked at each by itself."""

_SIGNS = 4
"""Directions of random signs, along which rounding shows how far it may move sums of rows."""

_ROUNDED = 4 * float_info.epsilon
"""How far rounding moves what is added up, relative to its sizes."""

FEW = 1e-6
"""Numbers that rounding may move by a larger part have few digits."""

AGAIN = 20_000
"""Numbers that are all rounding are computed once more, step by step and with more digits, where no more
steps than these lead to the output."""

_PART, _LOST = 1e-12, 0.02
"""What rounding of loops moves by a smaller part of the largest number is left; a number that it moves by a
larger part is not known."""


class LoopedMatrix(NamedTuple):
    """The second derivatives of an output by n inputs, matrix of shape (n, n), and what they say."""

    gradient: Gradient
    matrix: Any
    curvature: Curving
    warnings: tuple[BackpropError, ...]


class _Point(NamedTuple):
    gradient: Gradient
    x: Any
    loops: LoopCurvature | LineCurvature
    steps: float

    def open(self, numbers: Any, noise: Any) -> bool:
        """Whether some numbers are all rounding that have digits if computed step by step."""
        return self.steps <= AGAIN and bool(_lost(numbers, noise).any())


def matrix_by_loops(
    model: Model, values: Mapping[str, float], output: str, names: Sequence[str]
) -> LoopedMatrix | None:
    """The second derivatives by these inputs; None where something is in doubt or all rounding, or loops do
    not have them. Raises as `Model.grad`."""
    if rows := bending_rows(model, values, output, names):
        try:
            return _matrix(model, rows.gradient, numpy.array(rows.x), rows.at, rows.sizes)
        except Doubtful:
            pass
    if len(names) > _MOST or not (point := _point(model, values, output, names, len(names))):
        return None
    gradient, x, loops, _ = point
    plan = _plan(loops, len(names))

    def sizes(x: Any) -> tuple[Any, Any]:
        bends, sloping = _table(loops.sizes, x, plan)
        return bends, sloping if isinstance(loops, LineCurvature) else loops.gradient_sizes(x)

    try:
        return _matrix(model, gradient, x, lambda x: _table(loops.at, x, plan), sizes, point.open)
    except Doubtful:
        return None


def _matrix(
    model: Model,
    gradient: Gradient,
    x: Any,
    at: Callable[[Any], tuple[Any, Any]],
    sizes: Callable[[Any], tuple[Any, Any]],
    is_open: Callable[[Any, Any], bool] = lambda numbers, noise: False,
) -> LoopedMatrix | None:
    """The second derivatives and what they say; None where they are open. at: them, (n, n), and the gradient,
    (n,), at other points. sizes: of what is added up to both. Raises Doubtful."""
    table, slopes = at(x)
    matrix = table / 2 + table.T / 2 + 0.0
    noise = numpy.zeros(matrix.shape)

    def rounding() -> Any:
        bends, sloping = sizes(x)
        noise[:] = _ROUNDED * (bends / 2 + bends.T / 2)
        near = (at(numpy.array(each)) for each in points_near(x.tolist()))
        return rounding_by(matrix, slopes, (bends, sloping), near)

    def slopes_at(there: Sequence[float]) -> Any:
        return at(numpy.array(there))[1]

    said = curvature_within(matrix, slopes, rounding, slopes_at, x.tolist(), gradient.value)
    if is_open(matrix, noise):
        return None
    return LoopedMatrix(gradient, matrix, said, (*rounded(model, matrix, noise),))


def parts_by_loops(
    model: Model,
    values: Mapping[str, float],
    output: str,
    names: Sequence[str],
    diagonal: bool,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[Gradient, Entries, Any] | None:
    """The second derivatives that can be other than 0, or those in the `diagonal`, and how far rounding may
    move each; None as of `matrix_by_loops`, and where nearly all are other than 0 and too many. progress: is
    told how many sweeps there were, where each number takes its own. Raises as `Model.grad`."""
    count = len(names)
    if rows := bending_rows(model, values, output, names):
        try:
            entries, added = rows.entries(diagonal)
            return rows.gradient, entries, _ROUNDED * added
        except Doubtful:
            pass
    if not (point := _point(model, values, output, names, count)):
        return None
    try:
        if not (found := _entries(point, diagonal, progress)):
            return None
    except Doubtful:
        return None
    entries, noise = found
    return None if point.open(entries.values, noise) else (point.gradient, entries, noise)


def _entries(
    point: _Point, diagonal: bool, progress: Callable[[int], None]
) -> tuple[Entries, Any] | None:
    _, x, loops, _ = point
    count = len(x)
    if plan := _plan(loops, count):
        found = plan.entries(loops.at(x, plan.ways).products)
        noise = plan.entries(_noise(loops, x, plan.ways)).values
        if diagonal:
            own = found.rows == found.columns
            rows, columns, values = found.rows[own], found.columns[own], found.values[own]
            return Entries(rows, columns, values, found.sweeps, found.width), noise[own]
        return found.symmetric(), noise
    if diagonal:
        every = numpy.arange(count)
        numbers = _own(loops.at, x, every, progress)
        return Entries(every, every, numbers, count, count), _noise_of_own(loops, x, numbers)
    if count > _MOST:
        return None
    table, _ = _table(loops.at, x, None)
    noise = _ROUNDED * _table(loops.sizes, x, None)[0]
    found = table / 2 + table.T / 2
    rows, columns = numpy.nonzero((found != 0) | _lost(found, noise))
    return Entries(rows, columns, found[rows, columns], count, count), noise[rows, columns]


def _noise(loops: LoopCurvature | LineCurvature, x: Any, ways: Any) -> Any:
    """How far rounding may move products with directions, (ways, n)."""
    ways = numpy.abs(ways) if isinstance(loops, LoopCurvature) else ways
    return _ROUNDED * loops.sizes(x, ways).products


def rounded(model: Model, numbers: Any, noise: Any) -> list[BackpropError]:
    """Leave numbers open that are all rounding, and warn of them and of those with few digits. noise: how far
    rounding may move each."""
    few, lost = _lost(numbers, noise, FEW), _lost(numbers, noise)
    few &= ~lost
    sizes = numpy.abs(numbers)
    numbers[lost] = numpy.nan
    told = list[BackpropError]()
    if lost.any():
        one = lost.sum() == 1
        are = "number is not known: it is" if one else "numbers are not known: they are"
        told.append(
            IndeterminateForm(f"{lost.sum():,} {are} all rounding", where=model.source.name)
        )
    if few.any():
        digits = max(int(-numpy.log10((noise[few] / sizes[few]).max())), 0)
        of = "1 number" if few.sum() == 1 else f"{few.sum():,} numbers"
        message = f"rounding leaves {of} fewer than 7 digits, perhaps {digits or 'hardly one'}"
        told.append(Cancelled(message, where=model.source.name))
    return told


def _lost(numbers: Any, noise: Any, part: float = _LOST) -> Any:
    """Which numbers rounding may move by a larger part of them, and of the largest by one that is seen."""
    sizes = numpy.abs(numbers)
    return (noise > _PART * sizes.max(initial=0.0)) & (noise > part * sizes)


def _own(
    run: Callable[[Any, Any], Curvature],
    x: Any,
    some: Any,
    progress: Callable[[int], None] = lambda done: None,
) -> Any:
    """What comes out in the diagonal, of some inputs."""
    numbers = numpy.empty(len(some))
    for first in range(0, len(some), _AT_ONCE):
        places = some[first : first + _AT_ONCE]
        ways = numpy.zeros((len(places), len(x)))
        ways[numpy.arange(len(places)), places] = 1.0
        part = run(x, ways).products[numpy.arange(len(places)), places]
        numbers[first : first + len(places)] = part
        progress(first + len(places))
    return numbers


def _noise_of_own(loops: LoopCurvature | LineCurvature, x: Any, numbers: Any) -> Any:
    """How far rounding may move the diagonal, (n,): at most as far as the sums of its rows; where that is
    much, each is looked at."""
    every, few = numpy.arange(len(x)), isinstance(loops, LoopCurvature)
    if few:
        ways = numpy.ones((1, len(x)))
    else:  # what is shown along signs drawn at random is no smaller than what the own input adds to it
        ways = numpy.random.default_rng(0).choice([-1.0, 1.0], (_SIGNS, len(x)))
    noise = _noise(loops, x, ways).max(axis=0)
    much = every[noise > FEW * numpy.abs(numbers)][: _LOOKS if few else None]
    noise[much] = _ROUNDED * _own(loops.sizes, x, much)
    return noise


def _plan(loops: LoopCurvature | LineCurvature, count: int) -> SweepPlan | None:
    return sweep_plan(loops.pattern()) if count >= LEAST else None


def _one_by_one(run: Callable[[Any, Any], Curvature], x: Any) -> Iterator[tuple[Any, Curvature]]:
    """What comes out along each input, some at once, and which these are."""
    for first in range(0, len(x), _AT_ONCE):
        places = numpy.arange(first, min(first + _AT_ONCE, len(x)))
        ways = numpy.zeros((len(places), len(x)))
        ways[numpy.arange(len(places)), places] = 1.0
        yield places, run(x, ways)


def _table(run: Callable[[Any, Any], Curvature], x: Any, plan: SweepPlan | None) -> tuple[Any, Any]:
    """The second derivatives, (n, n), and the gradient, (n,)."""
    if plan:
        found = run(x, plan.ways)
        return plan.entries(found.products).dense(), found.gradient
    table, gradient = numpy.empty((len(x), len(x))), None
    for places, part in _one_by_one(run, x):
        table[places], gradient = part.products, part.gradient
    return table, gradient


def times_by_loops(
    model: Model,
    values: Mapping[str, float],
    direction: Mapping[str, float],
    output: str,
    names: Sequence[str],
) -> tuple[Gradient, Any, Any] | None:
    """The gradient, the second derivatives by these inputs times a direction, shape (n,), and how far
    rounding may move each; None as of `matrix_by_loops`. direction: by names, 0 of others. Raises as
    `Model.grad`."""
    way = numpy.array([[direction.get(name, 0.0) for name in names]])
    if rows := bending_rows(model, values, output, names):
        try:
            noise = _ROUNDED * numpy.abs(way[0]) @ rows.sizes(rows.x)[0]
            return rows.gradient, rows.at(rows.x, way)[0][0], noise
        except Doubtful:
            pass
    if not (point := _point(model, values, output, names, 1)):
        return None
    try:
        found = point.loops.at(point.x, way).products[0]
        noise = _noise(point.loops, point.x, way)[0]
    except Doubtful:
        return None
    return None if point.open(found, noise) else (point.gradient, found, noise)


def curvature_of(asked: Needed, sweeps: int) -> LoopCurvature | LineCurvature:
    """What has second derivatives of an output. sweeps: how many products with directions are wanted at a
    point. Raises NotLoops."""
    try:
        return LoopCurvature(asked)
    except NotLoops:
        steps = asked.plan.leading
        found = LineCurvature(asked, by_code=steps * sweeps >= _MUCH)
        if sweeps > _FEW and steps < _UNROLLED and not found.by_code:
            raise
    return found


def _point(
    model: Model, values: Mapping[str, float], output: str, names: Sequence[str], sweeps: int
) -> _Point | None:
    """The gradient, and what has second derivatives. sweeps: how many products with directions are wanted."""
    gradient = by_loops(model, values, output) if names else None
    if gradient is None or not isinstance(model, LoopModel):
        return None
    given = {normal(name): number for name, number in values.items()}
    try:
        asked = needed(model, output, names, given)
        loops = curvature_of(asked, sweeps)
    except NotLoops:
        return None
    x = numpy.array([gradient.data[name] for name in names])
    return _Point(gradient, x, loops, asked.plan.leading)


class OftenByLoops:
    """The second derivatives of an output of a Model of loops by n inputs, at any points.

    inputs: the names of the numbers that are given. engine, runs: as for `compile`. Raises NotLoops where
    loops do not have them.
    """

    def __init__(
        self, model: LoopModel, output: str, inputs: Sequence[str], engine: str, runs: int
    ) -> None:
        self._asked = needed(model, output, inputs, {})
        self._asked.plan.reached(*self._asked.output)
        self._loops: LoopCurvature | LineCurvature | None = None
        if engine != "python" and runs >= _OFTEN:
            self._loops = LineCurvature(self._asked, by_code=True)
            self._many = self._loops.by_code
        if not (self._loops and self._many):
            self._loops = curvature_of(self._asked, 1)
            self._many = isinstance(self._loops, LoopCurvature) or len(inputs) <= _FEW

    def hessian(self, x: Any) -> Any:
        """All second derivatives, float64, shape (n, n); None where something is in doubt. x: shape (n,)."""
        if len(x) > _MOST or not self._many:
            return None
        assert self._loops
        try:
            table, _ = _table(self._loops.at, x, self._plan)
        except Doubtful:
            return None
        return table / 2 + table.T / 2 + 0.0

    def entries(self, x: Any) -> Entries | None:
        """The second derivatives that can be other than 0; None as of `hessian`, and where no few sweeps
        find them. x: shape (n,)."""
        if self._plan is None or not self._loops:
            return None
        try:
            return self._plan.entries(self._loops.at(x, self._plan.ways).products)
        except Doubtful:
            return None

    def times(self, x: Any, way: Any) -> Any:
        """The second derivatives times a direction, float64, shape (n,); None as of `hessian`. x, way: shape
        (n,)."""
        assert self._loops
        try:
            return self._loops.at(x, way[None]).products[0] + 0.0
        except Doubtful:
            return None

    @cached_property
    def _plan(self) -> SweepPlan | None:
        """The directions that find all entries, if these are few."""
        try:
            loops = LoopCurvature(self._asked)
        except NotLoops:
            return None
        return _plan(loops, sum(len(places) for _, places in self._asked.leaves))
