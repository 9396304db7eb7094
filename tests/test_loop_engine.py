"""Loops at many points: values and gradients by some inputs, against the same text unrolled."""

from __future__ import annotations

import random
from typing import Any

import pytest

from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient, by_loops, evaluate
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, passes, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.ready import build
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from looped import apart

GROUPS = 10


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member, too, are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_models_at_several_points(
    group: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of even groups with their recurrences slice by slice, the others step by step."""
    monkeypatch.setattr(sequence, "STEPS", 0 if group % 2 == 0 else 10**6)
    models = 100 if request.config.getoption("--whole") else 12
    looped = 0
    for number in range(group * models, (group + 1) * models):
        text, values = random_indexed(number)
        source = Source("<text>", text)
        model = read_model(source, many=0)
        if not isinstance(model, LoopModel):
            continue
        whole, chance = read_carefully(source), random.Random(number)
        output = model.output()
        inputs = [name for name in model.inputs if name not in model.constants]
        if not inputs:
            continue
        some = chance.sample(inputs, chance.randint(1, len(inputs)))
        names = [name for name in inputs if name in some]
        start = evaluate(whole, values, output).gradient.data
        try:
            engine = build(model, output, names, values)
        except NotLoops:  # a branch that is not taken has no value
            assert by_loops(model, values, None) is None
            continue
        for _ in range(3):
            moved = [start[name] * chance.uniform(0.999, 1.001) for name in names]
            given = {**values, **dict(zip(names, moved, strict=True))}
            try:
                right = evaluate(whole, given, output, restores=False)
            except BackpropError:
                continue
            found = engine.run(moved)
            if found is None:
                continue
            looped += 1
            assert found[0] == right.gradient.value, number  # to the bit
            by_name = dict(zip(names, map(float, found[1]), strict=True))
            leading = {name: by_name[name] for name in names if name in right.gradient.gradients}
            others = [by_name[name] for name in names if name not in leading]
            assert not any(others), number
            if whole_pass := by_loops(
                model, given, output
            ):  # which is held to four units elsewhere
                assert leading == {name: whole_pass.gradients[name] for name in leading}, number
            else:
                assert apart(Gradient(output, found[0], {}, leading), right) <= 4, number
    assert looped > models


def test_a_logsumexp_of_members_of_ordinary_size_is_swept_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The distance of the largest term from itself is 0, and no number that was too small for a double."""
    text = "L = sum(logsumexp(a[c]*x[i] for c in 1..5) for i in 1..40); a[c] ~ normal(1, 1) for c in 1..5; x[i] ~ normal(1, 1) for i in 1..40"
    sweeps = list[object]()
    swept = passes._swept

    def counted(*given: Any, **more: Any) -> Any:
        found = swept(*given, **more)
        sweeps.append(found)
        return found

    monkeypatch.setattr(passes, "_swept", counted)
    model = read_model(Source("<text>", text), many=0)
    found = by_loops(model, {}, None)
    assert found
    assert len(sweeps) == 1
    unrolled = evaluate(read_carefully(Source("<text>", text)), {}, "L").gradient
    assert found.value == unrolled.value
    assert found.gradients == pytest.approx(
        {name: unrolled.gradients[name] for name in found.gradients}, rel=1e-13
    )


def test_gradients_by_a_few_names_are_those_by_all() -> None:
    text = "L = sum(exp(a[i])*x[i] for i in 1..30); a[i] ~ normal(0, 1) for i in 1..30; x[i] ~ normal(0, 1) for i in 1..30; u = L"
    model = read_model(Source("<text>", text), many=0)
    every, some = by_loops(model, {}, "L"), by_loops(model, {}, "L", wrt=["a[3]", "L", "u"])
    assert every
    assert some
    assert some.data == every.data
    assert some.gradients == {"a[3]": every.gradients["a[3]"], "L": 1.0}


@pytest.mark.parametrize("start", range(0, 100, 20))
def test_all_numbers_of_a_file_at_once_are_those_one_by_one(start: int) -> None:
    looked = 0
    for number in range(start, start + 20):
        text, _ = random_indexed(number)
        try:
            model = read_model(Source("<text>", text), many=0)
            right = read_carefully(Source("<text>", text))
        except BackpropError:
            continue
        if model.loops:
            found = model.default_numbers()
            assert found == {name: model.default(name) for name in model.defaults}
            assert [*found] == [*right.default_numbers()]
            assert found == pytest.approx(right.default_numbers(), rel=1e-15)
            looked += 1
    assert looked >= 5
