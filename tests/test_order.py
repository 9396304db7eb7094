"""The one walk over a graph: every Value once, after its operands, in the order they are written."""

from __future__ import annotations

import random
from operator import attrgetter

import pytest

from backprop.graph import in_order
from backprop.values import Value


def described(outputs: list[Value]) -> list[Value]:
    """What `in_order` is to do, in the plainest words: these recurse, which it must not."""
    order: list[Value] = []
    seen: set[Value] = set()

    def visit(value: Value) -> None:
        if value not in seen:
            seen.add(value)
            for operand in value.prev:
                visit(operand)
            order.append(value)

    for output in outputs:
        visit(output)
    return order


@pytest.mark.parametrize("circles", [False, True])
def test_the_walk_does_what_it_is_described_to_do(circles: bool) -> None:
    drawn = random.Random(5)
    for _ in range(2000):
        count = drawn.randrange(1, 30)
        graph = [Value(0.0) for _ in range(count)]
        for at, value in enumerate(graph):
            below = graph if circles else graph[:at]
            operands = drawn.choices(below, k=drawn.randrange(5)) if below else []
            value.prev = tuple(operands)
        outputs = drawn.choices(graph, k=drawn.randrange(1, 6))
        assert in_order(outputs, attrgetter("prev")) == described(outputs)
        assert in_order(iter(graph), attrgetter("prev")) == described(graph)
