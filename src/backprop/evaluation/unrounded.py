"""Derivatives that no double holds, such as -1e-400, for who writes them as text.

The gradient that they are a part of may be a double all the same: 1e200 times -1e-400.
"""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from functools import cached_property
from math import inf, isfinite, isnan
from typing import Any

from backprop.engine.underflow import too_small
from backprop.graph import Graph
from backprop.numbers import DIGITS, PRECISION, Wide
from backprop.syntax.functions import TINY, can_be_lost
from backprop.values import ByNode, backward, local_slopes, share

_BEYOND = 3_321_000
"""Numbers beyond this, and below its inverse, are too long even for a text: they stay inf and 0."""


class Unrounded:
    """The derivatives of a graph at a point. data: what the nodes are worth. gradients: as they are
    known there. whole: whether the graph has all that leads to its output; else gradients are as they
    are known."""

    def __init__(self, graph: Graph, data: ByNode, gradients: ByNode, whole: bool = True) -> None:
        self._graph, self._data, self._gradients = graph, data, gradients
        self._whole = whole

    def gradient(self, node: int) -> float:
        """The derivative of the output by a node."""
        number = self._gradients[node] + 0.0
        if _fits(number) or not self._whole or not self.unsure:
            return number
        exact = self._exactly.get(node)
        return number if exact is None else unrounded(exact, number)

    def partials(self, node: int, known: Mapping[int, float]) -> dict[int, float]:
        """The derivatives of one equation by what it uses, in place of these."""
        if all(map(_fits, known.values())):
            return {**known}
        alone = Unrounded(self._graph.alone(node), self._data, {**known})
        return {operand: alone.gradient(operand) for operand in known}

    @cached_property
    def unsure(self) -> bool:
        """Whether something on the way is too small or too large for a double."""
        found = dict.fromkeys(self._graph.order, 0.0)
        found[self._graph.output] = 1.0
        graph, data = self._graph, self._data
        doubtful = backward(graph, graph.steps, data, found)
        return (
            bool(doubtful)
            or not all(map(isfinite, found.values()))
            or bool(too_small(graph, data))
            or any(map(self._has_lost_slope, graph.steps))
        )

    def _has_lost_slope(self, step: int) -> bool:
        """Whether a slope of a step is too small for a double where its operands are not 0."""
        slopes = local_slopes(self._graph, step, self._data)
        whole = all(self._data[each] for each in self._graph.operands(step))
        pairs = zip(slopes, can_be_lost(self._graph.op(step)), strict=True)
        return any(lost and abs(slope) < TINY and (slope or whole) for slope, lost in pairs)

    @cached_property
    def _exactly(self) -> Mapping[int, Any]:
        from backprop.evaluation.indeterminate import exact_numbers  # which loads mpmath

        return exact_numbers(self._graph, self._data)[1]


def unrounded(exact: Any, double: float | None = None) -> float:
    """A number of mpmath's as a float, which is a Wide where no double holds it. double: that which
    stands for it, the nearest one if None."""
    nearest = float(exact) if double is None else double
    if exact == 0 or not -inf < exact < inf or _fits(float(exact)):
        return nearest
    mantissa, exponent = exact.man_exp
    size = exponent + abs(mantissa).bit_length()
    return Wide(Decimal(str(exact)), double) if abs(size) < _BEYOND else nearest


def _fits(number: float) -> bool:
    """Whether a number has all its digits as a double, and is not 0."""
    return TINY <= abs(number) < inf


def times(one: float, other: float) -> float:
    """The product of two numbers, of which both, and it as well, may be beyond doubles."""
    plain = not isinstance(one, Wide) and not isinstance(other, Wide)
    number = share(one, other)
    if plain and (_fits(number) or not (one and other and isfinite(one) and isfinite(other))):
        return number
    exact = Context(2 * DIGITS, traps=[]).multiply(decimal(one), decimal(other))
    number = number if plain else float(exact)
    return number if _fits(number) or not exact or not exact.is_finite() else Wide(exact, number)


def decimal(number: float) -> Decimal:
    """The number that a float, or a Wide, is."""
    return number.exact if isinstance(number, Wide) else Decimal(number)


def is_product(one: float, other: float, product: float) -> bool:
    """Whether a number is what two others are multiplied, and not 0·∞, which may be anything."""
    nothing = isnan(product) and 0 in (one, other)
    found = times(one, other)
    if any(isinstance(each, Wide) for each in (one, other, product)):
        return _adds_up([found], product)
    return isfinite(found) or not (isfinite(product) or nothing)


def is_sum(parts: Sequence[float], total: float) -> bool:
    """Whether numbers add up to another one, as far as they are written; asked only where one of them
    is beyond doubles: then a value that is too small for a double may be missing in them."""
    beyond = any(isinstance(each, Wide) for each in (*parts, total))
    return not beyond or _adds_up(parts, total)


def _adds_up(parts: Sequence[float], total: float) -> bool:
    exact = [*map(decimal, (*parts, total))]
    if not all(each.is_finite() for each in exact):
        return False
    apart = sum(exact[:-1], -exact[-1])
    return abs(apart) <= max(map(abs, exact)) * Decimal(PRECISION)
