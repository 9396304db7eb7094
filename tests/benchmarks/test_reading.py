"""Reading and differentiating a file of 100,000 equations `v = x*y + sin(z)`.

`pytest tests/benchmarks --benchmark-only -s`; what is timed is also checked.
"""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import pytest

import backprop

COUNT = 100_000


def text() -> str:
    return "\n".join(f"v{k} = x{k % 100}*y{k % 7} + sin(z{k % 13})" for k in range(COUNT))


@pytest.fixture
def numbers() -> dict[str, float]:
    names = (
        [f"x{k}" for k in range(100)] + [f"y{k}" for k in range(7)] + [f"z{k}" for k in range(13)]
    )
    return {name: 0.01 * at + 0.5 for at, name in enumerate(names)}


def test_reading(benchmark: Any) -> None:
    source = text()
    model = benchmark.pedantic(backprop.parse, args=(source,), rounds=3)
    assert len(model.values) == COUNT + 120
    print(f"\n{COUNT / benchmark.stats.stats.median:,.0f} equations/s read")


def test_differentiating(benchmark: Any, numbers: dict[str, float]) -> None:
    total = "\nL = " + " + ".join(f"v{k}" for k in range(COUNT))
    model = backprop.parse(text() + total)
    found = benchmark.pedantic(model.grad, args=(numbers,), rounds=3)
    uses = sum(k % 13 == 0 for k in range(COUNT))
    assert found.gradients["z0"] == pytest.approx(uses * math.cos(numbers["z0"]), rel=1e-12)
    print(f"\n{COUNT / benchmark.stats.stats.median:,.0f} equations/s differentiated")


def test_memory(benchmark: Any) -> None:
    """Bytes that the Model holds for each equation, and the most while it is read."""
    source = text()
    benchmark.pedantic(lambda: None, rounds=1)
    tracemalloc.start()
    model = backprop.parse(source)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(model.values) == COUNT + 120
    print(f"\n{held / COUNT:,.0f} bytes an equation held, {peak / COUNT:,.0f} at the peak")
