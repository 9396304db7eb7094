"""One equation as a whole: its steps, and its derivative by each name that it uses."""

from __future__ import annotations

from backprop.engine.interpreter import local_slopes
from backprop.values import NUMBER, Value


def by_names(value: Value) -> dict[Value, float]:
    """The derivative of one equation by each name that it uses: the chain rule inside it."""
    inside: dict[Value, float] = {value: 1.0}
    found: dict[Value, float] = {}
    # The unnamed steps of an equation, results before operands.
    for step in reversed(steps_of(value)):
        factor = inside[step]
        for operand, slope in zip(step.prev, local_slopes(step), strict=True):
            if operand.op == NUMBER:
                continue
            part = factor * slope if factor and slope else 0.0
            into = found if operand.label or not operand.prev else inside
            into[operand] = into.get(operand, 0.0) + part
    return found


def steps_of(value: Value) -> list[Value]:
    """The steps of the equation of `value`, operands first: the walk stops at names."""
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[tuple[Value, bool]] = [(value, False)] if value.prev else []
    while stack:
        step, done = stack.pop()
        if done:
            order.append(step)
        elif step not in seen:
            seen.add(step)
            stack.append((step, True))
            stack += [(each, False) for each in step.prev[::-1] if each.prev and not each.label]
    return order
