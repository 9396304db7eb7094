"""Statements that are gone through a few combinations at a time, against the same text unrolled."""

from __future__ import annotations

import pytest

from backprop.evaluation.gradient import by_loops, evaluate
from backprop.language.reading import read_carefully
from backprop.loops import chunked, chunks, loop_model, sequence
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from looped import apart


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is gone through in chunks, of a few combinations."""
    monkeypatch.setattr(chunked, "KEPT", -1)
    monkeypatch.setattr(chunks, "SOME", 4)
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


@pytest.mark.parametrize("group", range(10))
def test_random_models_are_what_they_are_unrolled(
    group: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence, "STEPS", 0 if group % 2 == 0 else 10**6)
    models = 100 if request.config.getoption("--whole") else 10
    looped = 0
    for number in range(group * models, (group + 1) * models):
        text, values = random_indexed(number)
        source = Source("<text>", text)
        found = by_loops(read_model(source, many=0), values, None)
        whole = evaluate(read_carefully(source), values, noted=True)
        if found is None:
            continue
        looped, right = looped + 1, whole.gradient
        assert [*found.data.items()] == [*right.data.items()], number  # to the bit
        assert [*found.gradients] == [*right.gradients], number
        assert apart(found, whole) <= 4, number
        assert not right.notes, number
    assert looped > models / 2  # some stand on borders, or in circles


TEXTS = {
    "a variance": "x[i] = sin(i) for i in 1..20; m = mean(x[i] for i in 1..20); v = mean((x[i] - m)^2 for i in 1..20); L = v/m; output L",
    "sums in a sum": "a = 2; x[i] = cos(i) for i in 1..9; L = sum(exp(a*x[i]/sum(x[j]^2 for j in 1..9)) for i in 1..9); output L",
    "two sums of the same index": "a = 2; x[i] = cos(i) for i in 1..9; y[i] = a*x[i]/(sum(x[j]*j for j in 1..9) + sum(x[j] for j in 1..i)) for i in 1..9; L = sum(y[*]); output L",
    "triangles": "a = 0.5; h[i,j] = a*i + a^2*j for i in 1..9, j in 1..i; L = sum(h[i,j]*sum(h[i,k] for k in 1..j) for i in 1..9, j in 1..i); output L",
    "a condition": "a = 0.5; h[i,j] = a*i + a^2*j for i in 1..9, j in 1..9 if i != j; L = sum(h[i,j]^2 for i in 1..9, j in 1..9 if i != j); output L",
    "a table": "const k[i] = mod(i*7, 5) + 1 for i in 1..30; x[i] = i/9 for i in 1..5; y[i] = x[k[i]]*i for i in 1..30; L = sum(y[i]^2 for i in 1..30); output L",
    "offsets": "x[i] = sin(i) for i in 0..30; y[i] = x[i] - x[i-1] for i in 1..30; L = sum(y[i]^2 for i in 1..30); output L",
    "a sum of none": "a = 1; x[i] = i*a for i in 1..9; y[i] = sum(x[j] for j in 1..i-1)*a for i in 1..9; L = sum(y[i] for i in 1..9); output L",
    "the largest": "a = 1; x[i] = sin(i)*a for i in 1..9; L = max(x[i]^2 for i in 1..9)*sum(x[i] for i in 1..9); output L",
    "logsumexp": "a = 1; x[i] = sin(i)*a for i in 1..9; L = logsumexp(x[i]^2 for i in 1..9)*sum(x[i] for i in 1..9); output L",
    "slices": "a = 0.9; x[0,j] = j/5 for j in 1..5; x[t+1,j] = a*x[t,j] + sin(x[t,j]) for t in 0..19, j in 1..5; L = sum(x[20,j]*a for j in 1..5); output L",
    "some members": "a = 0.9; x[i] = exp(i*a/9) for i in 1..20; L = x[3]*sum(x[i] for i in 5..7); output L",
    "values of a branch": "a = 0.9; x[i] = if(i*a > 5.1, sqrt(i*a - 5), a) for i in 1..20; L = sum(x[i]^2 for i in 1..20); output L",
}  # fmt: skip


@pytest.mark.parametrize("what", TEXTS)
@pytest.mark.parametrize("some", [1, 4, 1000])
def test_texts(what: str, some: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "SOME", some)
    source = Source("<text>", TEXTS[what])
    model = read_model(source, many=0)
    assert model.loops
    found = by_loops(model, {}, None)
    whole = evaluate(read_carefully(source), {}, noted=True)
    assert found
    assert found.data == whole.gradient.data  # to the bit
    assert [*found.gradients] == [*whole.gradient.gradients]
    assert apart(found, whole) <= 4


@pytest.mark.parametrize("text", [TEXTS["a variance"], TEXTS["triangles"]])
def test_something_is_gone_through_in_chunks(text: str) -> None:
    plan = read_model(Source("<text>", text), many=0).loops
    assert plan
    stages = [stage for run in plan.runs for stage in chunked.stages(run, plan.uses)]
    made = [stage for stage in stages if isinstance(stage, chunked.Chunked)]
    assert made
    assert sum(len([*stage.chunks]) for stage in made) > 2 * len(made)
