"""The first derivative of an output along a direction of several inputs, by values at 60 digits.

Where the output has a derivative by each input but no tangent plane, as `cbrt(x^2*y)` at (0, 0), the sum of
these by the direction's parts is not what the output does along it. There the place on the line is one
input more, and values say what the derivative by it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from math import frexp, inf, isfinite, ldexp, nan
from typing import NamedTuple

from backprop.errors import AtBorder, BackpropError, IndeterminateForm
from backprop.evaluation.borders import met
from backprop.evaluation.diagnosis import place
from backprop.evaluation.indeterminate import verdict
from backprop.evaluation.precise import Precise
from backprop.evaluation.precise_sides import sides
from backprop.evaluation.sides import AGREED, Side, Sides
from backprop.evaluation.taylor import first_beyond_doubles
from backprop.graph import Columns, Graph, depending
from backprop.language import Model
from backprop.numbers import shown
from backprop.values import any_steep

_FLAT = 1e-15
"""Where values show no slope at all, what it may be all the same."""

_MOST = 20_000
"""Graphs of more steps are not asked for values: that takes 0.5 ms a step."""

_LEAST = -900
"""The power of two below which the unit of a line is not taken: its parts would lose digits."""


class FirstAlong(NamedTuple):
    """The first derivative of an output along a direction, and what there is to say of it."""

    number: float
    warnings: Sequence[BackpropError] = ()
    notes: Sequence[BackpropError] = ()


def first_along(
    model: Model,
    graph: Graph,
    data: list[float],
    way: Mapping[int, float],
    known: float,
    noted: bool,
    lost: bool,
) -> FirstAlong:
    """What values say of the derivative of the output of a graph along a direction. way: by the row of the
    input. known: what those by each input add up to. noted: whether these are said to stand at a border.
    lost: whether some have lost digits, as they are too small for a double."""
    moving = {row: part for row, part in way.items() if part and row in graph}
    # by an input alone it may be too large for a double, or too small, and not along the line
    if not isfinite(known) or lost:
        found = first_beyond_doubles(graph, moving, data) if moving else nan
        if isfinite(found):
            return FirstAlong(found)
    if len(moving) < 2:  # which is what values say of that input
        return FirstAlong(known)
    if len(graph.steps) > _MOST:
        return FirstAlong(known, _unasked(model, graph, data, moving))
    seen = _seen(graph, data, moving)
    number, how = verdict(seen)
    there = [side for side in (seen.left, seen.right) if side.kind != "none"]
    jumps = any(side.kind == "jump" and isfinite(side.slope) for side in there)
    if not there or not (jumps or all(side.kind in ("slope", "infinite") for side in there)):
        return FirstAlong(known)
    behind = depending(graph, moving, graph.steps)
    what = f"the derivative of {model.labels[graph.output]} along this direction"
    border = [step for step in met(graph, data) if step in behind]
    finite = isfinite(known) and all(isfinite(side.slope) for side in there)
    if jumps and (noted or not border or not isfinite(known)):
        return FirstAlong(known)
    if border and (jumps or (finite and not _agree(there))):
        before, after = (shown(side.slope + 0.0, 5) for side in (seen.left, seen.right))
        more = ", after a jump" if jumps else ""
        message = (
            f"{what} is {before} before this point and {after} behind it{more}:"
            f" {shown(known + 0.0)} is the sum of those by each input"
        )
        spot = place(model, border[0], data)[1]
        return FirstAlong(known, notes=[AtBorder(message, *spot, where=model.source.name)])
    same = number == known or abs(number - known) <= AGREED * abs(number)
    if same and _agree(there):
        return FirstAlong(known)
    steep = [step for step in graph.steps if step in behind and any_steep(graph, [step], data)]
    spot = place(model, steep[0], data)[1] if steep else []
    message = f"{what} is not the sum of those by each input: by values it is {how}"
    return FirstAlong(number, [IndeterminateForm(message, *spot, where=model.source.name)])


def _unasked(
    model: Model, graph: Graph, data: list[float], moving: Mapping[int, float]
) -> Sequence[BackpropError]:
    """What there is to say of an output that values are not asked about: nothing, where all is smooth."""
    behind = depending(graph, moving, graph.steps)
    odd = behind.intersection(met(graph, data))
    odd |= {step for step in graph.steps if step in behind and any_steep(graph, [step], data)}
    if not odd:
        return ()
    message = (
        f"the derivative of {model.labels[graph.output]} along this direction is the sum of those by"
        f" each input, of {len(graph.steps):,} steps: whether values say another is not looked at"
    )
    return [IndeterminateForm(message, *place(model, min(odd), data)[1], where=model.source.name)]


def _seen(graph: Graph, data: list[float], moving: Mapping[int, float]) -> Sides:
    """What the output does at its place on the line; unclear where doubles have decided otherwise on the way
    to it than many digits do."""
    unit = _unit(data, moving)
    line, start, at = _line(graph, data, {row: ldexp(part, unit) for row, part in moving.items()})
    levels = cache(partial(Precise, line, start))
    value = levels(60).value(line.output)
    if not abs(value - data[graph.output]) <= AGREED * abs(value):
        return Sides(Side("unclear"), Side("unclear"))
    fastest = max(frexp(part)[1] for part in moving.values())
    found = sides(line, levels, at, AGREED / 10, flat=ldexp(_FLAT, unit + fastest))
    return found._replace(
        left=_larger(found.left, -unit),
        right=_larger(found.right, -unit),
        slope=_scaled(found.slope, -unit),
    )


def _larger(side: Side, power: int) -> Side:
    return side._replace(slope=_scaled(side.slope, power), error=_scaled(side.error, power))


def _scaled(number: float, power: int) -> float:
    try:
        return ldexp(number, power)
    except OverflowError:
        return inf if number > 0 else -inf


def _unit(data: list[float], moving: Mapping[int, float]) -> int:
    """The power of two as which a step of 1 on the line moves no input by more than itself, or by 1."""
    sizes = [frexp(part)[1] for part in moving.values()]
    least = min(
        min(frexp(data[row])[1] if data[row] else 0, 0) - size
        for row, size in zip(moving, sizes, strict=True)
    )
    return max(least, _LEAST - min(sizes))


def _line(
    graph: Graph, data: list[float], moving: Mapping[int, float]
) -> tuple[Graph, list[float], int]:
    """A graph in which the inputs that move are steps: where they start, and how far they go for each unit of
    one input more; its numbers, and that input."""
    columns: Columns = graph.columns.copy()
    start = [*data]

    def add(row: int, number: float) -> int:
        start.append(number)
        return row

    at = add(columns.input(), 0.0)
    for row, part in moving.items():
        far = add(columns.step("*", (at, add(columns.number(part), part))), 0.0)
        root = columns.step("+", (add(columns.input(), data[row]), far))
        columns.define(row, root)
    return Graph(columns, [graph.output], graph.labels), start, at


def _agree(there: Sequence[Side]) -> bool:
    slopes = [side.slope for side in there]
    low, high = min(slopes), max(slopes)
    return low == high or high - low <= AGREED * max(-low, high)
