"""The derivatives of several outputs along a direction, of the first order and of higher ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backprop.errors import AtBorder, BackpropError, InfiniteSlope
from backprop.evaluation.along_line import FirstAlong, first_along
from backprop.evaluation.borders import met
from backprop.evaluation.cancelled import LARGE
from backprop.evaluation.diagnosis import place
from backprop.evaluation.forward_sweeps import fill_forward
from backprop.evaluation.gradient import Gradient
from backprop.evaluation.sure_outputs import Outputs, by_itself, once
from backprop.evaluation.taylor import derivatives_along
from backprop.graph import Graph, depending
from backprop.language import Model
from backprop.memory import without_collector
from backprop.numbers import shown
from backprop.syntax.functions import TINY
from backprop.values import forward, having_say


class Directional(NamedTuple):
    """How some outputs change where the inputs move as `x + t*v`.

    outputs: their names. along: the direction v, by input. values: what the outputs are worth
    (float64, shape (outputs,)). derivatives: a row for each output, its derivatives by t at t = 0,
    from the first on (float64, shape (outputs, order)): derivatives, not Taylor coefficients, which
    are these by k!; nan where the chain rule does not say them. warnings, notes: as `Gradient`
    has them, of all outputs.
    """

    outputs: Sequence[str]
    along: Mapping[str, float]
    values: NDArray[np.float64]
    derivatives: NDArray[np.float64]
    warnings: Sequence[BackpropError] = ()
    notes: Sequence[BackpropError] = ()


@without_collector
def along(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    direction: Mapping[str, float],
    order: int = 1,
    engine: str = "auto",
) -> Directional:
    """The derivatives of some outputs along a direction, by a single sweep from the front. The first is
    what the gradients say that `Model.grad` has, and where these do not add up to it, what values say.
    direction: a number for each input that moves. engine: of the first, if loops over arrays do not
    compute it; higher ones are the interpreter's.
    Raises as `Model.grad`."""
    if model.loops and (looped := _by_loops(model, values, of, direction, order)):
        return looped
    point = Outputs.of(model, values, of)
    rows = [model.names[name] for name in of]
    way = {model.names[name]: number for name, number in direction.items() if number}
    numbers, found = np.zeros(len(rows)), np.full((len(rows), order), np.nan)
    warnings, notes, borders = point.warnings, list[BackpropError](), list[AtBorder]()
    apart = list[BackpropError]()
    sure = point.sure
    if point.data is not None:
        numbers[:] = [point.data[row] for row in rows]
        if order > 1:
            found[:] = derivatives_along(point.graph, way, point.data, order)
        first = np.zeros((len(rows), 1))
        sure = fill_forward(point, rows, [way], first, engine)
        found[:, :1] = np.where(np.isnan(found[:, :1]), first, found[:, :1])
    moving = [name for name, number in direction.items() if number]
    if order > 1 and point.data is not None:
        borders = [*_on_borders(model, point.graph, point.data, way, of, found)]
    for at, name in enumerate(of):
        if not sure[at]:
            result = by_itself(point, model, values, name, moving)
            numbers[at] = result.value
            shares = [each * direction[by] for by, each in result.gradients.items() if each]
            first_one = _first(model, point, rows[at], way, sum(shares), result)
            found[at, 0] = first_one.number
            decided = isfinite(first_one.number) and not isfinite(sum(shares))
            warnings += [
                each
                for each in result.warnings
                if not (decided and isinstance(each, InfiniteSlope))
            ]
            notes += result.notes
            apart += [*first_one.warnings, *first_one.notes]
        if order > 1 and np.isnan(found[at, 1]) and at < _FEW and len(point.graph.steps) <= LARGE:
            found[at, 1] = _by_products(model, values, name, direction)
        if unknown := np.flatnonzero(np.isnan(found[at, 1:])).tolist():
            warnings.append(_unknown(name, unknown[0] + 2, model))
        warnings += _infinite(name, found[at], model)
    for each in _few(apart, model):
        (notes if isinstance(each, AtBorder) else warnings).append(each)
    said = once(warnings), once([*notes, *borders])
    return Directional(tuple(of), dict(direction), numbers, found + 0.0, *said)


def _few(said: list[BackpropError], model: Model) -> list[BackpropError]:
    """What is said of first derivatives that those by each input do not add up to: of a few outputs."""
    rest = len(said) - _SAID
    if rest <= 1:
        return said
    message = f"so it is with {rest:,} more outputs along this direction"
    return [*said[:_SAID], AtBorder(message, where=model.source.name)]


def _first(
    model: Model,
    point: Outputs,
    row: int,
    way: Mapping[int, float],
    known: float,
    gradient: Gradient,
) -> FirstAlong:
    """The first derivative of an output that is not sure. known: what those by each input, those of the
    gradient, add up to."""
    graph = Graph(point.graph.columns, [row], point.graph.labels)
    if point.data is None:
        return FirstAlong(known)
    lost = any(0 < abs(each) < TINY for each in gradient.gradients.values())
    return first_along(model, graph, point.data, way, known, bool(gradient.notes), lost)


_FEW = 20
"""Of so many outputs second derivatives that the series does not say are looked for."""


def _by_products(
    model: Model, values: Mapping[str, float], of: str, direction: Mapping[str, float]
) -> float:
    """The second derivative along a direction by the second derivatives times it, which values of all
    sides say where the chain rule meets 0·∞; nan where they do not, either."""
    from backprop.evaluation.hessian_parts import times

    try:
        found = times(model, values, direction, of, [*direction])
    except BackpropError:
        return np.nan
    parts = zip(found.inputs, found.numbers.tolist(), strict=True)
    return float(sum(direction[name] * part for name, part in parts if direction.get(name)))


_SAID = 5
"""Of so many outputs it is said that values are asked about them."""

_BESIDE = 2.0**-16
"""How far along a direction it is looked on both sides of a border, relative to the inputs."""

_WEIGHTS = 4.0, -6.0, 4.0, -1.0
"""Of what there is at 1, 2, 3 and 4 times a distance, what a cubic through it is at 0."""

_APART = 1e-8
"""How far derivatives on both sides are apart that are not the same, relative to what they add up."""

_NOISE = 1e-13
"""What is a smaller part of that is nothing but rounding."""

_LEAST = 1e-290
"""Inputs that are smaller are looked around as 0 is: at a distance of 1."""


def _on_borders(
    model: Model,
    graph: Graph,
    data: list[float],
    way: Mapping[int, float],
    of: Sequence[str],
    found: NDArray[np.float64],
) -> Iterator[AtBorder]:
    """Derivatives of a higher order are on a border what both sides say, if these agree; else notes on the
    outputs. way: the direction, by row. found: the derivatives, shape (outputs, order), which become so."""
    moving = depending(graph, way, graph.steps)
    border = sorted(moving.intersection(met(graph, data)))
    if border:
        border = sorted({*border} & {*having_say(graph, graph.order, data, graph.outputs)})
    if not border:
        return
    spot = place(model, border[0], data)[1]
    if len(graph.steps) > LARGE:
        message = "something stands on a border here: derivatives of order 2 and more are those of one side"
        yield AtBorder(message, *spot, where=model.source.name)
        return
    most = max(abs(number) for number in way.values())
    unit = {row: number / most for row, number in way.items()}
    far, near = (
        [_limits(graph, data, unit, side * step, found.shape[1]) for side in (-1, 1)]
        for step in (_BESIDE, _BESIDE / 4)
    )
    known = [_alike(*each) for each in zip(far, near, strict=True)]
    same = _alike(*near) & known[0] & known[1]
    with np.errstate(all="ignore"):
        powers = np.power(
            most, np.arange(1, found.shape[1] + 1)
        )  # of a direction so many times as long
        sizes = near[0].sizes + near[1].sizes
        both = (near[0].numbers + near[1].numbers) / 2
        both[np.abs(both) <= _NOISE * sizes] = 0.0
        sizes, both = sizes * powers, both * powers
        known_so = np.abs(found - both) <= _APART * (np.abs(found) + sizes)
    wrong = same & ~known_so & np.isfinite(both)
    wrong[:, 0] = False
    found[wrong] = both[wrong]
    for at, name in enumerate(of):
        orders = np.flatnonzero(~same[at, 1:] & np.isfinite(found[at, 1:])) + 1
        if not len(orders):
            continue
        order = int(orders[0])
        with np.errstate(all="ignore"):
            limits = [float(each.numbers[at, order] * powers[order]) for each in near]
        one, other = (shown(each + 0.0, 5) for each in limits)
        what = f"the derivative of {name} of order {order + 1} along this direction"
        sides_say = f"is about {one} before this point and {other} behind it"
        if not (known[0][at, order] and known[1][at, order]):
            sides_say = "has no limit at this point"
        message = f"{what} {sides_say}; here it is that of the slopes taken at corners"
        yield AtBorder(message, *spot, where=model.source.name)


class _Limits(NamedTuple):
    """What derivatives lead to on one side of a point, shape (outputs, order); sizes: what that is added up
    of, of the same shape."""

    numbers: NDArray[np.float64]
    sizes: NDArray[np.float64]


def _limits(
    graph: Graph, data: list[float], way: Mapping[int, float], step: float, order: int
) -> _Limits:
    """What the derivatives lead to on one side of a point. way: of which the largest part is 1. step: how far
    along it is looked, with its sign, relative to the inputs."""
    size = max(abs(data[row]) for row in way)
    size = size if size > _LEAST else 1.0
    found = _Limits(*np.zeros((2, len(graph.outputs), order)))
    for times, weight in enumerate(_WEIGHTS, 1):
        there = [*data]
        for row, number in way.items():
            there[row] += times * step * size * number
        forward(graph, graph.steps, there)
        with np.errstate(all="ignore"):
            part = weight * np.array(derivatives_along(graph, way, there, order))
            found = _Limits(found.numbers + part, found.sizes + np.abs(part))
    return found


def _alike(one: _Limits, other: _Limits) -> NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        apart = np.abs(one.numbers - other.numbers)
        found: NDArray[np.bool_] = apart <= _APART * (one.sizes + other.sizes)
    return found


def _by_loops(
    model: Model,
    values: Mapping[str, float],
    of: Sequence[str],
    direction: Mapping[str, float],
    order: int,
) -> Directional | None:
    """The derivatives of outputs of a Model of loops; None for others, and where something is in doubt."""
    from backprop.evaluation.looped_series import along_by_loops

    found = along_by_loops(model, values, of, direction, order)
    if found is None:
        return None
    numbers, derivatives = found
    told = [each for at, name in enumerate(of) for each in _infinite(name, derivatives[at], model)]
    said = once([*model.warnings, *told])
    return Directional(tuple(of), dict(direction), numbers, derivatives + 0.0, said)


def _unknown(name: str, order: int, model: Model) -> InfiniteSlope:
    """The warning for an output whose derivatives are not known from an order on."""
    message = (
        f"the derivatives of {name} along this direction are not known from order {order} on:"
        " the chain rule does not decide them at this point, or they are all rounding"
    )
    return InfiniteSlope(message, where=model.source.name)


def _infinite(name: str, derivatives: NDArray[np.float64], model: Model) -> Iterator[InfiniteSlope]:
    """The warning for an output of which a derivative of a higher order is the first that is infinite: of
    the slope itself there is one."""
    orders = np.flatnonzero(np.isinf(derivatives)).tolist()
    if orders and orders[0] > 0:
        number = shown(float(derivatives[orders[0]]))
        what = f"the derivative of {name} of order {orders[0] + 1} along this direction is {number}"
        yield InfiniteSlope(what, where=model.source.name)
