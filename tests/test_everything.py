"""Values of all members and gradients by all of them, by machine code, and what is too large for NumPy."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from math import exp, inf, isclose
from sys import float_info
from typing import Any

import numpy
import pytest

from backprop import parse
from backprop.engine.native.machine import llvm
from backprop.errors import TooLarge
from backprop.evaluation.gradient import evaluate
from backprop.language.reading import read_carefully
from backprop.loops import everything, loop_model, plan, sequence
from backprop.loops.everything import by_code
from backprop.loops.family import Family
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.native.nest_engine import NestEngine
from backprop.loops.passes import Found, gradient
from backprop.loops.ready import build
from backprop.loops.walks import Doubtful
from backprop.loops.worth import read_model
from backprop.source import Source
from gradbench import PROBLEMS
from indexed_models import random_indexed
from looped import apart
from running import backprop

GROUPS = 10


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Slices of a single member are run as such, and there must be machine code."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)
    monkeypatch.setattr(everything, "MANY_STEPS", 0)
    llvm()  # raises where there is none: then nothing here would be tested


def by_machine(model: LoopModel, values: dict[str, float]) -> Found | None:
    output = model.output(None)
    of = model.place(output)
    assert of
    try:
        return by_code(model.plan, model.numbers(values), of[0].name, of[1], noted=False)
    except NotLoops:  # something is in doubt
        return None


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_models(group: int, request: pytest.FixtureRequest) -> None:
    models = 100 if request.config.getoption("--whole") else 6
    looped = 0
    for number in range(group * models, (group + 1) * models):
        text, values = random_indexed(number)
        model = read_model(Source("<text>", text), many=0)
        if not isinstance(model, LoopModel) or not (found := by_machine(model, values)):
            continue
        of = model.place(model.output(None))
        assert of
        try:
            gradient(model.plan, model.numbers(values), of[0].name, of[1], noted=True)
        except Doubtful:  # on a border there are several
            continue
        whole = evaluate(read_carefully(Source("<text>", text)), values)
        right = whole.gradient
        data, gradients = model.named(found)
        sizes = max(map(abs, right.data.values()))
        assert data.keys() == right.data.keys(), number
        for name, each in data.items():
            assert isclose(each, right.data[name], rel_tol=1e-13, abs_tol=1e-14 * sizes), number
        assert gradients.keys() == right.gradients.keys(), number
        largest = max(map(abs, right.gradients.values()))
        for name, each in gradients.items():
            near = right.gradients[name]
            assert isclose(each, near, rel_tol=1e-10, abs_tol=1e-13 * largest), number
        of_inputs = {name: each for name, each in gradients.items() if not model.is_equation(name)}
        assert apart(right._replace(gradients=of_inputs), whole) <= 4, number
        looped += 1
    assert looped > models / 3


def test_a_mixture_needs_no_array_as_large_as_its_combinations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sum over half a square in each of many combinations: to read it, to plan it, to compile it and to
    run it once."""
    sizes = {"n": 100, "d": 256, "k": 2}
    combinations = 100 * 2 * 256 * 255 // 2
    problem = PROBLEMS["gaussian_mixture"]
    first = read_model(Source("<text>", problem.text({"n": 9, "d": 3, "k": 2})), many=0)
    assert isinstance(first, LoopModel)
    assert by_machine(first, {})  # what is imported is no array
    tracemalloc.start()
    model = read_model(Source("<text>", problem.text(sizes)))
    assert isinstance(model, LoopModel)
    found = model.swept({}, "L")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * combinations
    assert found
    value, slopes = problem.gradient(sizes, problem.inputs(sizes))
    assert isclose(found.values["L"][0], value, rel_tol=1e-12)
    scale = max(abs(each).max() for each in slopes.values())
    for name, right in problem.by_name(sizes, slopes).items():
        family, place = model.place(name) or (None, 0)
        assert family
        assert abs(found.gradients[family.name][place] - right) <= 1e-11 * scale


def test_all_members_of_a_mixture_have_the_numbers_that_arrays_give() -> None:
    text = PROBLEMS["gaussian_mixture"].text({"n": 61, "d": 9, "k": 3})
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    found = by_machine(model, {})
    assert found
    other = gradient(model.plan, model.numbers({}), "L", 0)
    for name in model.plan.families:
        there = numpy.flatnonzero(model.plan.families[name].owner != Family.ABSENT)
        assert numpy.allclose(found.values[name][there], other.values[name][there], 1e-13, 1e-13)
        slopes, right = found.gradients[name][there], other.gradients[name][there]
        assert numpy.allclose(slopes, right, 1e-12, 1e-13 * abs(right).max())
        assert (found.reached[name] == other.reached[name]).all()


def test_what_memory_holds_by_machine_code_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, it is refused, with the number."""
    monkeypatch.setattr(everything, "MANY_STEPS", 1e9)
    text = PROBLEMS["gaussian_mixture"].text({"n": 100, "d": 64, "k": 4})
    model = read_model(Source("<text>", text))
    assert isinstance(model, LoopModel)
    monkeypatch.setattr(plan, "available", lambda: 20_000_000)
    with pytest.raises(TooLarge) as raised:
        model.swept({}, "L")
    assert "members of u, and all that leads to them, need about" in str(raised.value)
    monkeypatch.setattr(everything, "MANY_STEPS", 0)
    assert model.swept({}, "L")
    monkeypatch.setattr(plan, "available", lambda: 700_000)
    with pytest.raises(TooLarge):
        model.swept({}, "L")


@pytest.mark.parametrize(("engine", "runs"), [("auto", 0), ("python", 0), ("native", 1)])
def test_machine_code_runs_where_it_is_asked_for_by_name(
    engine: str, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few steps there are; and not where it is not wanted, however many."""
    monkeypatch.setattr(everything, "MANY_STEPS", inf if engine == "auto" else 0)
    counted: list[NestEngine] = []
    run = NestEngine.everything

    def noted(self: NestEngine, x: Any) -> Any:
        counted.append(self)
        return run(self, x)

    monkeypatch.setattr(NestEngine, "everything", noted)
    text = "x[0] = 0.3; x[t+1] = 3.2*x[t]*(1 - x[t]) for t in 0..99; L = x[100]"
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    model.engine = engine
    found = model.swept({}, "L")
    assert found
    assert len(counted) == runs
    right = evaluate(read_carefully(Source("<text>", text)), {}).gradient
    assert found.values["L"][0] == right.value
    assert isclose(found.gradients["x"][0], right.gradients["x[0]"], rel_tol=1e-13)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("0.5*max(x[t], 0.2)", "there may be corners or jumps"),
        ("0.5*x[t] + 0.1", ""),
    ],
)
def test_what_computes_instead_is_said(body: str, why: str) -> None:
    text = f"x[0] = 0.3; x[t+1] = {body} for t in 0..200000; L = x[200001]; output L"
    ran = backprop("grad", "-e", text, "--engine", "native")
    assert ran.status == 0
    said = f"<-e>: note: computed without machine code, since {why}\n" if why else ""
    assert ran.err == said
    for engine in ("auto", "python"):
        other = backprop("grad", "-e", text, "--engine", engine)
        assert (other.status, other.out, other.err) == (0, ran.out, "")


def test_what_is_kept_of_members_that_move() -> None:
    """Of a recurrence: not computed beforehand."""
    text = (
        "K[i,j] = (K[i-1,j] + K[i,j-1])/2 + erf(min(y[*])) for i in 1..3, j in 1..4; "
        "K[i,0] = 0.2*i for i in 1..3; K[0,j] = 0.3*j for j in 0..4; y[i] = a*i for i in 1..3; a = 0.4; "
        "L = sum(K[*,*])"
    )
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    found = by_machine(model, {})
    assert found
    right = evaluate(read_carefully(Source("<text>", text)), {}).gradient
    assert isclose(found.values["L"][0], right.value, rel_tol=1e-14)
    assert isclose(found.gradients["a"][0], right.gradients["a"], rel_tol=1e-13)


@pytest.mark.parametrize("power", [1, 2])
def test_gradients_that_vanish_on_the_way_are_the_same(power: int) -> None:
    """Those by members that are computed, too, down to the smallest doubles."""
    text = (
        f"a = 2; y[i] = exp(-a*i) for i in 1..1000; z[i] = y[i]^{power} for i in 1..1000; "
        "L = sum(z[i] for i in 1..1000)"
    )
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    found = by_machine(model, {})
    assert found
    y = [exp(-2.0 * i) for i in range(1, 1001)]
    for at, each in enumerate(y):
        slope = power * each ** (power - 1)
        assert isclose(found.gradients["y"][at], slope, rel_tol=1e-13, abs_tol=float_info.min)


@pytest.mark.parametrize("factor", [0.9995, 1.0003])
def test_gradients_of_long_recurrences(factor: float) -> None:
    """They shrink below the smallest doubles on the way, or grow beyond what a scale leaves room for."""
    text = f"x[0] = 1; a = {factor}; x[t+1] = a*x[t] for t in 0..1199999; L = x[1200000] + x[1]; output L"
    model = read_model(Source("<text>", text))
    assert isinstance(model, LoopModel)
    right = factor + factor**1_200_000, 1 + 1_200_000 * factor**1_199_999
    found = by_machine(model, {})
    assert found
    assert isclose(found.values["L"][0], right[0], rel_tol=1e-9)
    assert isclose(found.gradients["a"][0], right[1], rel_tol=1e-9)
    engine = build(model, "L", ["a"], {}, "native")
    for _ in range(2):
        value, (slope,) = engine.run(numpy.array([factor])) or (0.0, (0.0,))
        assert isclose(value, right[0], rel_tol=1e-9)
        assert isclose(slope, right[1], rel_tol=1e-9)


def test_the_library_runs_machine_code_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(everything, "MANY_STEPS", inf)
    runs: list[NestEngine] = []
    run = NestEngine.everything
    monkeypatch.setattr(NestEngine, "everything", lambda self, x: runs.append(self) or run(self, x))
    model = parse("x[0] = 0.3; x[t+1] = 0.5*x[t] + 0.1 for t in 0..200000; L = x[200001]")
    found = [model.grad(of="L", engine=each) for each in ("auto", "native", "python")]
    assert len(runs) == 1
    assert len({(each.value, each.gradients["x[200000]"]) for each in found}) == 1
