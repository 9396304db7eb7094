"""Forward and backward: two loops over a graph in order. This is backpropagation, all of it."""

from __future__ import annotations

from collections.abc import Sequence

from backprop.syntax import functions
from backprop.values import NUMBER, Value


class _Lookup(dict[str, functions.Function]):
    def __missing__(self, name: str) -> functions.Function:
        self[name] = found = functions.value(name)
        return found


class _Slopes(dict[str, tuple[functions.Function, ...]]):
    def __missing__(self, name: str) -> tuple[functions.Function, ...]:
        self[name] = found = functions.slopes(name)
        return found


_VALUE = _Lookup()
_SLOPES = _Slopes()


def forward(order: Sequence[Value]) -> None:
    """Set `data` of every Value that has operands; `order` has operands first.

    Never raises: where an operation has no value, `data` is nan or inf. `trace` finds out whether
    that matters.
    """
    for value in order:
        if value.prev:
            value.data = _VALUE[value.op](*[operand.data for operand in value.prev])


def backward(order: Sequence[Value]) -> None:
    """Set `grad` of every Value in `order` to the derivative of the last one by it.

    `order` has operands first, and `data` is set. The chain rule, from the output back: each use
    of an operand adds (gradient of the result) * (slope of the operation). What adds nothing is
    skipped, so that a branch that was not taken never meets the infinite slope that it may have.
    """
    for value in order:
        value.grad = 0.0
    order[-1].grad = 1.0
    for value in reversed(order):
        gradient = value.grad
        if not value.prev or gradient == 0.0:
            continue
        data = [operand.data for operand in value.prev]
        data.append(value.data)
        for operand, slope_of in zip(value.prev, _SLOPES[value.op], strict=True):
            if operand.op != NUMBER:
                slope = slope_of(*data)
                if slope != 0.0:
                    operand.grad += gradient * slope


def local_slopes(value: Value) -> list[float]:
    """The partial derivatives of one operation by each of its operands, at their `data`."""
    data = [operand.data for operand in value.prev]
    return [slope_of(*data, value.data) for slope_of in _SLOPES[value.op]]
