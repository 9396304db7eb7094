"""Gradients that add up much are rounded far less often than there are numbers; and the measure of that."""

from __future__ import annotations

from math import cosh, isclose, tanh
from sys import float_info
from typing import Any

import numpy
import pytest

from backprop.evaluation.gradient import by_loops, evaluate
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.ready import build
from backprop.loops.stepped import Stepped
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import by_rounding

TIMES = 10_000
A_TENTH = (
    f"a = 1; x[0] = 0; x[t+1] = x[t] + a*c[t] for t in 0..{TIMES - 1}; L = x[{TIMES}]; "
    f"c[t] = 0.1 for t in 0..{TIMES - 1}"
)
"""0.1, which is a bit more, added so often one after the other is off by 700 units of the last place."""


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def off(slope: float) -> float:
    """How far the slope by a is from the sum, in units of the last place."""
    return abs(slope - 0.1 * TIMES) / (0.1 * TIMES * float_info.epsilon)


def native(text: str) -> dict[str, float]:
    """The gradient by machine code."""
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    names = [*model.inputs]
    engine: Any = build(model, "L", names, {}, "native")
    _, slopes = engine.run(numpy.array([model.default(name) for name in names]))
    return dict(zip(names, slopes.tolist(), strict=True))


@pytest.mark.parametrize("steps", [True, False])
def test_what_all_times_bring_to_one_number(steps: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time by time, and slice by slice."""
    monkeypatch.setattr(sequence, "STEPS", 10**6 if steps else 0)
    model = read_model(Source("<text>", A_TENTH), many=0)
    assert any(isinstance(run, Stepped) for run in model.loops.runs) == steps
    found = by_loops(model, {}, "L")
    assert found
    assert off(found.gradients["a"]) < 50


def test_what_all_slices_bring_to_a_family(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members that are read at every time, by themselves and by an index."""
    monkeypatch.setattr(sequence, "STEPS", 0)
    text = A_TENTH.replace("a*c[t]", "a*c[t]*w[mod(t, 2)+1]") + "; w[k] = 1 for k in 1..2"
    found = by_loops(read_model(Source("<text>", text), many=0), {}, "L")
    assert found
    assert off(found.gradients["a"]) < 50
    assert off(2 * found.gradients["w[1]"]) < 50


def test_slices_count_their_own_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three a time, and not as many as all of them have."""
    monkeypatch.setattr(sequence, "STEPS", 0)
    model = read_model(Source("<text>", A_TENTH), many=0)
    assert isinstance(model, LoopModel)
    model.plan.reached("L", 0)
    assert TIMES <= model.plan.leading <= 4 * TIMES


def test_what_all_times_bring_in_machine_code() -> None:
    assert off(native(A_TENTH)["a"]) < 110  # 64 and then 156 at a time


def test_what_loops_within_few_rows_bring_in_machine_code() -> None:
    """Rows of 100 loops of 50, 2 rows: their sums are of 50 and of 100."""
    text = "a = 1; c[k] = 0.1 for k in 1..50; x[i,j,k] = a*c[k] for i in 1..100, j in 1..2, k in 1..50; L = sum(x[*,*,*])"
    assert off(native(text)["a"]) < 60


def test_the_measure_of_rounding_on_the_way() -> None:
    """tanh(y)' = 1/cosh(y)^2, which moves by -2*tanh(y)/cosh(y)^2 with y; and so with y = x + 8 and
    z = y + x of the terms that are added."""
    source = Source("<text>", "x = 0.5; y = x + 8; z = y + x; L = tanh(z)")
    graph, (data, gradients), _ = evaluate(read_carefully(source), {})
    node = next(at for at, name in graph.labels.items() if name == "x")
    found = by_rounding(graph, data, node)
    assert isclose(gradients[node], 2 / cosh(9) ** 2, rel_tol=1e-12)
    moves = 2 * 2 * tanh(9) / cosh(9) ** 2  # of the adjoints of y and z with x, z' = 2
    assert isclose(found, moves * (0.5 + 8 + 8.5 + 0.5), rel_tol=1e-6)


def test_the_measure_of_rounding_of_what_is_computed() -> None:
    """x = 3 - 2.9 is rounded as 2.9 is, and (x^2/2)' by x is x."""
    source = Source("<text>", "a = 3; x = a - 2.9; L = x^2/2")
    graph, (data, _), _ = evaluate(read_carefully(source), {})
    node = next(at for at, name in graph.labels.items() if name == "x")
    assert isclose(by_rounding(graph, data, node), 3 + 2.9, rel_tol=1e-6)
