"""What machine code needs of memory: a value and a gradient for each member, and little else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import sys
from array import array

import backprop
from backprop.loops.ready import build
from benchmarks.worker import peak

text, steps = sys.argv[1], int(sys.argv[2])
model = backprop.parse(text.replace("n-1", str(steps - 1)).replace("[n]", f"[{steps}]"))
engine = build(model, "L", ["a", "b"], {}, "native")
found = engine.run(array("d", [1e-7, 2e-7]))
print(peak(), found[0], *found[1])
"""


def peak_of(text: str, steps: int) -> tuple[float, list[float]]:
    """The most memory of a process that compiles and computes a gradient, in bytes, and what it finds."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    ran = subprocess.run(
        [sys.executable, "-c", _SCRIPT, text, str(steps)],
        env={**os.environ, "PYTHONPATH": path, "BACKPROP_CACHE": "off"},
        capture_output=True,
        text=True,
        check=True,
    )
    bytes_, *found = map(float, ran.stdout.split())
    return bytes_, found


@pytest.mark.parametrize("body", ["x[t] - a*x[t] + b", "x[t] + a*sin(x[t]) + b"])
def test_a_step_takes_18_bytes(body: str) -> None:
    """16, who defines it, and 1 that C's library may keep to itself; measured between two sizes, so that
    what is loaded counts for nothing. What no cache holds is not kept besides the members."""
    text = f"x[0] = 1; x[t+1] = {body} for t in 0..n-1; a = 0.5; b = 1; L = x[n]; output L"
    few, many = 5_000_000, 9_000_000
    (first, _), (second, found) = peak_of(text, few), peak_of(text, many)
    assert 15 < (second - first) / (many - few) < 18.5
    value, by_a, by_b = found
    assert value == pytest.approx(by_hand("sin" in body, many)[0], rel=1e-9)
    assert [by_a, by_b] == pytest.approx(by_hand("sin" in body, many)[1:], rel=1e-9)


def by_hand(sine: bool, steps: int) -> list[float]:
    """The last member, and its derivatives by a and b, step by step from the front."""
    from math import cos, sin

    a, b, x, of_a, of_b = 1e-7, 2e-7, 1.0, 0.0, 0.0
    for _ in range(steps):
        by_x, by_a = (1 + a * cos(x), sin(x)) if sine else (1 - a, -x)
        of_a, of_b = by_x * of_a + by_a, by_x * of_b + 1
        x = x + a * sin(x) + b if sine else x - a * x + b
    return [x, of_a, of_b]
