"""Which members of recurrences lead to an output, found at some times, against going through all."""

from __future__ import annotations

import numpy
import pytest

from backprop.loops import plan, reaching
from backprop.loops.loop_model import LoopModel
from backprop.loops.stepped import Stepped
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed

TEXTS = {
    "all": "x[0] = 1; x[t+1] = a*x[t] + b for t in 0..n-1; L = x[n]; a = 0.5; b = 0.25",
    "each of two": "x[0] = 1; x[1] = 2; x[t+2] = a*x[t] + b for t in 0..n-2; L = x[n]; a = 0.5; b = 0.25",
    "two before": "x[0] = 1; x[1] = 2; x[t+2] = a*x[t] + b*x[t+1] for t in 0..n-2; L = x[n]; a = 0.5; b = 0.25",
    "backwards": "x[n] = 1; x[t] = a*x[t+1] + c[t] for t in 0..n-1; c[t] = t for t in 0..n; L = x[0]; a = 0.5",
    "in the middle": "x[0] = 1; x[t+1] = a*x[t] for t in 0..n-1; L = x[100]*x[n-150] + x[n-20]; a = 0.5",
    "a circle": "x[0] = 1; v[0] = 0; x[t+1] = x[t] + h*v[t] for t in 0..n-1; v[t+1] = v[t] - h*x[t+1] for t in 0..n-1; h = 0.1; L = v[n]",
    "one alone": "x[0] = 1; v[0] = 0; x[t+1] = a*x[t] + 0*v[0] for t in 0..n-1; v[t+1] = v[t]*x[t] for t in 0..n-1; a = 0.1; L = x[n]",
    "far apart": "x[t] = t for t in 0..50; x[t+1] = a*x[t-50] + x[t] for t in 50..n-1; a = 0.5; L = x[n]",
    "far apart alone": "x[t] = t for t in 0..50; x[t+1] = a*x[t-50] for t in 50..n-1; a = 0.5; L = x[n]",
    "from a table": "const k[t] = mod(7*t, 30) for t in 0..n; y[j] = j for j in 0..30; x[0] = 1; x[t+1] = a*x[t] + y[k[t]] for t in 0..n-1; a = 0.5; L = x[n]",
    "one that all read": "x[0] = 1; x[t+1] = a*x[t] + x[0] for t in 0..n-1; a = 0.5; L = x[n]",
    "read at first only": "v[0] = 1; u[0] = 0; v[t+1] = a*v[t] + u[t] for t in 0..29; v[t+1] = a*v[t] for t in 30..n-1; u[t+1] = a*v[t] + u[0] for t in 0..n-1; a = 0.5; L = v[n] + sum(u[t] for t in n-60..n)",
    "by turns": "x[0] = 1; x[1] = 1; x[2] = 1; x[t+1] = a*x[t-mod(t,2)] for t in 2..n-1; a = 0.5; L = x[n] + x[n-1]",
    "every third": "x[0] = 1; x[3*t+3] = a*x[3*t] + b for t in 0..n-1; a = 0.5; b = 1; L = x[3*n]",
}  # fmt: skip
"""Recurrences of `n` steps."""


def _found(
    text: str, monkeypatch: pytest.MonkeyPatch, long: int, tried: int = 3
) -> dict[str, list[bool]] | None:
    monkeypatch.setattr(reaching, "_LONG", long)
    monkeypatch.setattr(reaching, "_TRIED", tried)
    monkeypatch.setattr(plan, "_ROUNDS", 0)
    model = read_model(Source("<text>", text), many=0)
    if not isinstance(model, LoopModel) or not any(isinstance(x, Stepped) for x in model.plan.runs):
        return None
    (family, place, _) = next(iter(model.plan.places_of([model.output(None)])))
    found = model.plan.reached(family.name, int(place[0]))
    return {name: numpy.array(each[:-1]).tolist() for name, each in found.items()}


@pytest.mark.parametrize("tried", [3, 4])
@pytest.mark.parametrize("kind", TEXTS)
def test_times_in_a_row_say_what_all_are(
    kind: str, tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"n = 400; {TEXTS[kind]}; output L"
    found = _found(text, monkeypatch, 0, tried)
    assert found
    assert found == _found(text, monkeypatch, 10**9)


def test_random_recurrences(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = 0
    for number in range(1000 if request.config.getoption("--whole") else 40):
        text, _ = random_indexed(number)
        found = _found(text, monkeypatch, 0)
        some += found is not None
        assert found == _found(text, monkeypatch, 10**9), number
    assert some > 5


def test_many_times_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single steps are gone through at some hundred times at most."""
    ran: list[int] = []
    mark = reaching.mark_times

    def counted(period: object, stop: int, marks: object, run: object) -> None:
        def count(first: int, last: int) -> None:
            ran.append(last - first)
            run(first, last)  # type: ignore[operator]

        mark(period, stop, marks, count)  # type: ignore[arg-type]

    monkeypatch.setattr("backprop.loops.stepped.mark_times", counted)
    model = read_model(Source("<text>", f"n = 100000; {TEXTS['a circle']}; output L"))
    assert isinstance(model, LoopModel)
    reached = model.plan.reached("L", 0)
    assert reached["x"][:-1].all()
    assert sum(ran) < 500
