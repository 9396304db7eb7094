"""Second derivatives of which the matrix would be too large: times a direction, by one input alone, or
those that can be other than 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import frexp, isfinite, isnan, ldexp
from typing import Any, NamedTuple

import numpy

from backprop.errors import BackpropError, IndeterminateForm, TooLarge
from backprop.evaluation.borders import crossed, met
from backprop.evaluation.gradient import Gradient
from backprop.evaluation.hessian_matrix import (
    CurvedPoint,
    at_point,
    careful,
    inputs_by,
    symmetric,
)
from backprop.evaluation.second_digits import by_values, product, spoilt
from backprop.evaluation.sweep_plan import Entries
from backprop.evaluation.taylor import first_beyond_doubles
from backprop.graph import Graph, depending, in_order
from backprop.language import Model
from backprop.row_progress import watched
from backprop.values import having_say

_FEW, _STEPS = 50, 2000
"""The most inputs, and steps of a gradient, of which every second derivative is looked at."""

_ENTRIES = 20_000_000
"""The most second derivatives that are kept."""


class HessianPart(NamedTuple):
    """Some second derivatives of an output by n inputs.

    inputs: their names. direction: shape (n,), what they are multiplied with; None where they are
    not. numbers: shape (n,), the product, or the second derivatives by one input alone; None of
    entries. entries: those that can be other than 0, by place. way: how they were found, in words.
    """

    gradient: Gradient
    inputs: tuple[str, ...]
    direction: Any = None
    numbers: Any = None
    entries: Entries | None = None
    way: str = ""
    warnings: tuple[BackpropError, ...] = ()
    notes: tuple[BackpropError, ...] = ()


def times(
    model: Model,
    values: Mapping[str, float],
    direction: Mapping[str, float],
    of: str | None = None,
    wrt: Sequence[str] = (),
    engine: str = "auto",
) -> HessianPart:
    """The second derivatives times a direction, by one sweep over the graph of the gradient. direction:
    the parts by the names of inputs, 0 of others. Raises as `Model.grad`."""
    size = frexp(max(map(abs, direction.values()), default=1.0))[1]
    # along one about as long as 1 nothing is too small for a double, or too large, because of its length
    unit = {name: ldexp(part, -size) for name, part in direction.items()}
    if model.loops:
        from backprop.evaluation.looped_second import rounded, times_by_loops

        output = model.output(of)
        names = inputs_by(model, output, wrt)
        if looped := times_by_loops(model, values, unit, output, names):
            gradient, numbers, noise = looped
            way = numpy.array([direction.get(name, 0.0) for name in names], float)
            said = (*gradient.warnings, *rounded(model, numbers, noise)), gradient.notes
            one = "one sweep over the gradient"
            return HessianPart(
                gradient, tuple(names), way, _larger(numbers, size), None, one, *said
            )
    point = at_point(model, values, of, wrt, engine)
    whole = numpy.array([direction.get(name, 0.0) for name in point.names], float)
    way = numpy.array([unit.get(name, 0.0) for name in point.names], float)
    if _is_small(point):
        found = careful(model, point, lambda one, other: bool(way[one] or way[other]))
        with numpy.errstate(all="ignore"):
            parts = numpy.where(way == 0, 0.0, found.matrix * way)
            numbers = _larger(parts.sum(axis=1), size)
        _put_large(point, whole, numbers, ~numpy.isnan(parts).any(axis=1))
        return _part(point, found.warnings, found.notes, direction=whole, numbers=numbers)
    numbers = point.second.products(point.x, way[None])[0]
    moving = [leaf for leaf, part in zip(point.leaves, way, strict=True) if part]
    doubts = _doubtful(point, moving)
    numbers[doubts] = numpy.nan

    def numbers_at(near: list[float], scale: float, **slopes: Any) -> Any:
        return point.second.swept(near, way[None], scale, **slopes)[0]

    lost = spoilt(point.second, point.data, 1, numbers, numbers_at)
    if lost.any():
        some = numpy.flatnonzero(lost).tolist()
        numbers[some] = product(point.second, point.data, way.tolist(), some)
    numbers = _larger(numbers, size)
    sure = numpy.ones(len(numbers), bool)
    sure[_doubtful(point, moving, finite=True)] = False
    _put_large(point, whole, numbers, sure)
    told = _told(model, numbers)
    return _part(point, told, direction=whole, numbers=numbers, way="one sweep over the gradient")


def _larger(numbers: Any, size: int) -> Any:
    """Numbers times a power of two."""
    with numpy.errstate(all="ignore"):
        return numpy.ldexp(numbers, size)


def _put_large(point: CurvedPoint, way: Any, numbers: Any, sure: Any) -> None:
    """Put numbers of a product right that are infinite, or unknown, as a second derivative alone is too large
    for a double. sure: those that the chain rule says."""
    second = point.second
    moving = dict(zip(point.leaves, way.tolist(), strict=True))
    for place in numpy.flatnonzero(sure & ~numpy.isfinite(numbers)).tolist()[:_FEW]:
        row = Graph(second.graph.columns, [second.graph.outputs[place]])
        along = {leaf: part for leaf, part in moving.items() if part and leaf in row}
        found = first_beyond_doubles(row, along, point.data)
        numbers[place] = numbers[place] if isnan(found) else found


def diagonal(
    model: Model,
    values: Mapping[str, float],
    of: str | None = None,
    wrt: Sequence[str] = (),
    engine: str = "auto",
    tell: Callable[[str], None] | None = None,
) -> HessianPart:
    """The second derivatives by one input alone. tell: says how long many sweeps take. Raises as
    `Model.grad`; with `tell` TooLarge where it takes hours."""
    if (looped := _by_loops(model, values, of, wrt, True, tell)) and looped.entries:
        return looped._replace(numbers=looped.entries.diagonal(), entries=None)
    point = at_point(model, values, of, wrt, engine)
    if _is_small(point):
        found = careful(model, point, lambda one, other: one == other)
        return _part(point, found.warnings, found.notes, numbers=found.matrix.diagonal().copy())
    with watched(len(point.names), tell) as progress:
        numbers, sweeps = point.second.diagonal(point.x, progress)
    numbers[_doubtful(point, point.leaves)] = numpy.nan
    lost = spoilt(point.second, point.data, sweeps, numbers, point.second.own)
    both = [(place, place) for place in numpy.flatnonzero(lost).tolist()]
    for (place, _), each in by_values(point.second, point.data, both):
        numbers[place] = each.number
    return _part(point, _told(model, numbers), numbers=numbers, way=_way(sweeps))


def sparse(
    model: Model,
    values: Mapping[str, float],
    of: str | None = None,
    wrt: Sequence[str] = (),
    engine: str = "auto",
) -> HessianPart:
    """The second derivatives that can be other than 0, as the graph tells. Raises as `Model.grad`, and
    TooLarge where they are too many."""
    if looped := _by_loops(model, values, of, wrt, False):
        return looped
    point = at_point(model, values, of, wrt, engine)
    if _is_small(point):
        found = careful(model, point)
        entries = Entries.every(found.matrix).some()
        return _part(point, found.warnings, found.notes, entries=entries)
    known = point.second.entries(point.x)
    if by_numbers := known is None:
        count = len(point.names)
        if count * count > _ENTRIES:
            message = f"nearly all of {count:,} by {count:,} second derivatives can be other than 0"
            hints = ['take a product with a direction: --times "a=1"', "or name inputs: --wrt"]
            raise TooLarge(message, hints=hints, where=model.source.name)
        known = Entries.every(symmetric(point.second.products(point.x, None)))
    doubts = numpy.zeros(len(point.names), bool)
    doubts[_doubtful(point, point.leaves)] = True
    known.values[doubts[known.rows] | doubts[known.columns]] = numpy.nan

    def values_at(near: list[float], scale: float, **slopes: Any) -> Any:
        again = point.second.entries_of(near, scale, **slopes)
        if again:
            return again.values
        return point.second.table(near, scale, **slopes)[known.rows, known.columns]

    lost = spoilt(point.second, point.data, known.sweeps, known.values, values_at)
    asked = zip(known.rows[lost].tolist(), known.columns[lost].tolist(), strict=True)
    right = by_values(point.second, point.data, asked)
    known.values[lost] = [each.number for _, each in right]
    entries = known.symmetric()
    if by_numbers:  # what is 0 by rounding alone is not, now
        entries = entries.some()
    return _part(point, _told(model, entries.values), entries=entries, way=_way(known.sweeps))


def _by_loops(
    model: Model,
    values: Mapping[str, float],
    of: str | None,
    wrt: Sequence[str],
    diagonal: bool,
    tell: Callable[[str], None] | None = None,
) -> HessianPart | None:
    """Entries of a Model of loops; None where loops do not have them."""
    if not model.loops:
        return None
    from backprop.evaluation.looped_second import parts_by_loops, rounded

    output = model.output(of)
    names = inputs_by(model, output, wrt)
    with watched(len(names), tell) as progress:
        looped = parts_by_loops(model, values, output, names, diagonal, progress)
    if not looped:
        return None
    gradient, entries, noise = looped
    said = (*gradient.warnings, *rounded(model, entries.values, noise)), gradient.notes
    return HessianPart(gradient, tuple(names), None, None, entries, _way(entries.sweeps), *said)


def _way(sweeps: int) -> str:
    if not sweeps:
        return "passes over the rows"
    return f"{sweeps:,} {'sweep' if sweeps == 1 else 'sweeps'} over the gradient"


def _is_small(point: CurvedPoint) -> bool:
    return len(point.names) <= _FEW and len(point.second.graph.steps) <= _STEPS


def _part(
    point: CurvedPoint,
    warnings: Sequence[BackpropError],
    notes: Sequence[BackpropError] | None = None,
    **numbers: Any,
) -> HessianPart:
    gradient = point.at.gradient
    told = (*gradient.warnings, *warnings) if notes is None else tuple(warnings)
    noted = gradient.notes if notes is None else tuple(notes)
    return HessianPart(gradient, tuple(point.names), **numbers, warnings=told, notes=noted)


def _doubtful(point: CurvedPoint, moving: Sequence[int], finite: bool = False) -> list[int]:
    """The places of gradients to which a step leads that stands on a border, or is not finite, has a say,
    and moves: of large graphs these are left open. finite: on a border alone."""
    graph, data = point.second.graph, point.data
    borders = {*crossed(graph, met(graph, data), moving)}
    odd = {*borders}
    if not finite:
        odd |= {step for step in graph.steps if not isfinite(data[step])}
    if not odd:
        return []
    undecided = depending(graph, borders, graph.steps) if borders else ()
    odd &= {*having_say(graph, graph.order, data, graph.outputs, undecided)}
    if not odd:
        return []
    leads = {*in_order(odd, graph.operands)}
    if leads.isdisjoint(moving):
        return []
    behind = depending(graph, odd, graph.steps)
    return [place for place, output in enumerate(graph.outputs) if output in behind]


def _told(model: Model, numbers: Any) -> list[BackpropError]:
    """A warning where numbers are left open."""
    many = int((~numpy.isfinite(numbers)).sum())
    if not many:
        return []
    are = "number is not known: it is" if many == 1 else "numbers are not known: they are"
    message = (
        f"{many:,} {are} at a border, a corner, where something is not finite, or all rounding"
    )
    hints = ["of up to 50 inputs each is looked at: name them with --wrt"]
    return [IndeterminateForm(message, where=model.source.name, hints=hints)]
