"""`check` by loops of more inputs than are looked at one by one: groups of them are moved at once."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from backprop.checks import check_gradient, gradients, quick_loops, together
from backprop.graph import Graph
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from running import backprop

LINKED = "n = 150; x[i] = sin(i) for i in 1..n; L = sum(x[i]^2 for i in 1..n) + sum(x[i]*x[i+1] for i in 1..n-1)"

TEXTS = {
    "linked": LINKED,
    "on bounds": LINKED.replace("x[i] = sin(i) for", "x[i] = 1 - mod(i, 3)/2 in 0..1 for"),
    "near bounds": LINKED.replace("x[i] = sin(i) for", "x[i] = sin(i) in -1.001..1.001 for"),
    "corners": LINKED + " + sum(abs(x[i] - 1/3) for i in 1..n)",
    "on a corner": LINKED + " + sum(abs(x[i] - x[4]) for i in 5..n) + sum(relu(x[i] - sin(7)) for i in 1..n)",
    "on a jump": LINKED + " + sum(if(x[i] > sin(9), x[i], 2*x[i] - sin(9)) for i in 1..n) + sum(floor(x[i] + 3 - sin(9)) for i in 8..9)",
    "nearest": "n = 30; k = 15; c[j] = sin(j) for j in 1..k; const p; p[i] = sin(40*i) for i in 1..n; "
    "L = sum(min((p[i] - c[j])^2 for j in 1..k) for i in 1..n)",
    "dead": "n = 150; x[i] = sin(i) for i in 1..n; L = sum(relu(x[i])^2 for i in 1..n) + sum(exp(x[i]) for i in 1..3)",
    "various": "n = 150; x[i] = sin(i) for i in 1..n; L = sum(x[i]^2*10^(mod(i, 4) - 2) for i in 1..n)",
    "a recurrence": "n = 60; v[0] = 0.1; c[i] = sin(i) + 2 for i in 1..n; v[i] = 0.9*v[i-1] + sin(c[i])*cos(v[i-1])/2 for i in 1..n; "
    "L = v[n]^2 + sum(v[i] for i in 0..n)",
}  # fmt: skip


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of inputs for small texts, too."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", 0)
    monkeypatch.setattr(quick_loops, "_FEW", 1)
    monkeypatch.setattr(quick_loops, "_WORK", 0)
    monkeypatch.setattr(together, "_FIRST", 3)


def looped(text: str) -> Any:
    found = read_model(Source("", text), many=0)
    assert found.loops
    return found


def looked(text: str, values: Any = None) -> Any:
    found = quick_loops.seen(looped(text), values or {}, None, [])
    return found if found and found.together else None


@pytest.mark.parametrize("name", [*TEXTS])
def test_what_agrees_agrees_looked_at_one_by_one(name: str) -> None:
    found = looked(TEXTS[name])
    assert len(found.checks) > 0.95 * len(found.inputs)
    alone = {
        each.name: each for each in check_gradient(read_carefully(Source("", TEXTS[name]))).checks
    }
    assert [*alone] == [*found.inputs]
    for check in found.checks.values():
        other = alone[check.name]
        assert (check.verdict, check.value) == (other.verdict, other.value)
        assert abs(check.numeric - other.numeric) <= check.uncertainty + other.uncertainty
        assert check.uncertainty <= 1e-3 * abs(check.gradient) or check.gradient == 0


@pytest.mark.parametrize("name", [*TEXTS])
@pytest.mark.parametrize("factor", [1.003, -1.0])
def test_one_wrong_gradient_is_found(
    name: str, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = quick_loops.by_loops
    chance = random.Random(f"{name} {factor}")
    sound = looked(TEXTS[name])
    moved = [each for each in sound.checks if sound.gradient.gradients[each]]
    one = chance.choice(moved)

    def wrong(*asked: Any) -> Any:
        found = right(*asked) or quick_loops._on_corners(*asked)
        assert found
        return found._replace(gradients={**found.gradients, one: factor * found.gradients[one]})

    monkeypatch.setattr(quick_loops, "by_loops", wrong)
    found = looked(TEXTS[name])
    assert one not in found.checks
    assert len(found.checks) > 0.9 * len(found.inputs) - 1


def test_random_models(request: pytest.FixtureRequest) -> None:
    models = 100 if request.config.getoption("--whole") else 8
    compared = 0
    for number in range(models):
        text, values = random_indexed(number)
        if not read_model(Source("", text), many=0).loops or not (found := looked(text, values)):
            continue
        alone = check_gradient(read_carefully(Source("", text)), values)
        for other in alone.checks:
            if check := found.checks.get(other.name):
                compared += 1
                assert check.verdict == other.verdict, (number, other.name)
    assert compared > 5 * models


def test_what_is_wrong_is_told_of_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What groups leave open is looked at step by step: verdicts and exit status are those of any check."""
    model = looped(TEXTS["corners"].replace("1/3", "sin(4)"))
    found = check_gradient(model)
    assert not model.loops
    verdicts = {each.name: each.verdict for each in found.checks}
    assert verdicts.pop("x[4]") == "corner"
    assert {*verdicts.values()} == {"agrees"}
    assert found.right


def report(text: str, *more: str) -> Any:
    ran = backprop("check", "-e", text, *more)
    assert ran.status == 0
    return ran


def test_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    text = LINKED.replace("150", "20000")
    monkeypatch.undo()
    start = time.process_time()
    ran = report(text, "--verbose")
    assert time.process_time() - start < 10  # step by step it took minutes
    assert "unrolled after all" not in ran.err
    assert "all 20000 gradients agree with differences" in ran.out
    assert "groups of inputs were moved at once" in ran.out
    found = json.loads(report(text, "--format", "json").out)
    assert found["together"] is True
    assert len(found["inputs"]) == 20000
    assert {each["verdict"] for each in found["inputs"]} == {"agrees"}
    small = json.loads(report("L = a*b; a = 1; b = 2", "--format", "json").out)
    assert "together" not in small
    assert len(report(text, "--format", "csv").out.splitlines()) == 20001


def test_members_on_corners_are_no_reason_to_look_at_all_others_step_by_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    unrolled, looked_at = gradients._unrolled, []

    def alone(model: Any, values: Any, of: Any, precisely: bool, among: Any) -> Any:
        looked_at.append([*among])
        return unrolled(model, values, of, precisely, among)

    monkeypatch.setattr(gradients, "_unrolled", alone)
    ran = report("n = 30000; w[i] = i - 15000 for i in 1..n; L = sum(abs(w[i]) for i in 1..n)")
    assert looked_at == [["w[15000]"]]
    assert "29999 of 30000 gradients agree with differences; none is wrong" in ran.out
    assert "w[15000]: corner: the slope is −1 from the left and 1 from the right" in ran.out


def test_corners_above_an_input_are_found_without_a_walk_through_the_sum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    above, walked = Graph.above, 0

    def counted(graph: Graph, node: int, among: Any = None) -> list[int]:
        nonlocal walked
        found = above(graph, node, among)
        walked += len(found)
        return found

    monkeypatch.setattr(Graph, "above", counted)
    terms = " + ".join(f"abs(x{at} - 5)" for at in range(2000))
    inputs = "; ".join(f"x{at} = {at % 11}" for at in range(2000))
    ran = report(f"{inputs}; L = {terms}")
    assert ran.out.count("corner") > 180  # every eleventh
    assert walked < 700_000  # through the whole sum for each input it would be two million
