"""First-order steps around loops over arrays: those of the compiled loop, against those of Python around the
same machine code."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from backprop.descent import batch, minimize
from backprop.descent.looped import LoopedObjective
from backprop.descent.optimizers import FIRST_ORDER
from backprop.loops import sequence
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from test_compiled_descent import assert_alike

Both = Callable[..., tuple[Any, Any]]

LINE = """
n = 200
x[i] = i/n for i in 1..n
y[i] = a*x[i] + b + c[mod(i, 3)]*sin(9*x[i]) for i in 1..n
L = mean((y[i] - exp(-x[i]))^2 for i in 1..n)
a = 2; b = -3; c[j] = 0.1*j for j in 0..2
minimize L
"""

FAR = """
n = 40
L = -sum(logsumexp(-(m[j] - i)^2*w for j in 1..3) for i in 1..n)
m[j] = 15*j for j in 1..3; w = 1
minimize L
"""
"""Nearly all terms are too small for a double."""

TINY = """
const h[i,200] = 0 for i in 1..64
h[i,j] = x[j] + (i - 32)/64*h[i,j+1] for i in 1..64, j in 0..199
L = mean((sign(i - 32) - h[i,0])^2 for i in 1..64)
x[j] ~ uniform(-1, 1) for j in 0..199
minimize L
"""
"""Gradients on the way are."""


@pytest.fixture
def taken() -> list[int]:
    """How many steps each batch of the compiled loop took."""
    return []


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch, taken: list[int]) -> Both:
    """A descent in the compiled loop, and the same step by step."""
    monkeypatch.setattr(sequence, "THIN", 0)
    go, worth = batch.Batches.go, LoopedObjective.worth_compiling

    def watched(self: batch.Batches, *arguments: Any) -> Any:
        found = go(self, *arguments)
        taken.append(len(found.values) if found else 0)
        return found

    monkeypatch.setattr(batch.Batches, "go", watched)

    def run(text: str, values: Any = None, **options: Any) -> tuple[Any, Any]:
        wanted = {name: options.pop(name) for name in ("of", "callback") if name in options}
        found = []
        for compiled in (True, False):
            model = read_model(Source("<text>", text), many=0)
            assert model.loops
            known = worth if compiled else lambda *_: False
            monkeypatch.setattr(LoopedObjective, "worth_compiling", known)
            asked = minimize.Errand(model, values, **wanted)
            found.append(minimize.descend(asked, engine="native", **options)[0])
        return found[0], found[1]

    return run


OPTIONS: list[dict[str, Any]] = [
    {"clip": 0.1}, {"bounds": {"a": (1.9, 4.0), "c[1]": (0.0, 0.11)}}, {"maximize": True},
    {"until_change": 1e-4}, {"target": 1.0}, {"until_grad": 0.5}, {"freeze": ["c[1]"]},
    {"only": ["c[2]", "b", "c[0]"]}, {"every": 7}, {"explain_step": 20}, {"schedule": "cosine"},
]  # fmt: skip


@pytest.mark.parametrize("row", FIRST_ORDER, ids=lambda row: row.name)
def test_every_optimizer(both: Both, taken: list[int], row: Any) -> None:
    fast, slow = both(LINE, lr=0.01, steps=60, optimizer=row.name)
    assert_alike(slow, fast, 1e-12)
    assert sum(taken) >= fast.steps - (9 if row.name == "rprop" else 0)  # which may stand still


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("optimizer", ["gd", "adam", "nadam"])
def test_every_option(
    both: Both, taken: list[int], optimizer: str, options: dict[str, Any]
) -> None:
    fast, slow = both(LINE, lr=0.01, steps=60, optimizer=optimizer, **options)
    assert_alike(slow, fast, 1e-12)
    assert fast.reason == slow.reason
    assert fast.explained == slow.explained
    assert fast.history.steps == slow.history.steps
    assert sum(taken) >= fast.steps - 1


@pytest.mark.parametrize("group", range(4))
def test_random_models(
    both: Both, taken: list[int], group: int, request: pytest.FixtureRequest
) -> None:
    models = 100 if request.config.getoption("--whole") else 6
    steps = 0
    for number in range(group * models, (group + 1) * models):
        text, values = random_indexed(number)
        model = read_model(Source("<text>", text), many=0)
        leading = model.leading(model.output()) if model.loops else ()
        if {*model.inputs}.intersection(leading) <= {*model.held}:  # nothing that could move
            continue
        chance = random.Random(number)
        row, lr = chance.choice(FIRST_ORDER), 10 ** chance.uniform(-4, -1)
        fast, slow = both(text, values, lr=lr, steps=20, optimizer=row.name)
        assert_alike(slow, fast, 1e-10)
        assert fast.reason == slow.reason, number
        steps += fast.steps
    assert sum(taken) >= steps > 9 * models


@pytest.mark.parametrize(("text", "lr"), [(FAR, 1e-6), (TINY, 1e-3)], ids=["far", "tiny"])
def test_what_is_too_small_for_a_double_stays_in_the_loop(
    both: Both, taken: list[int], text: str, lr: float
) -> None:
    fast, slow = both(text, lr=lr, steps=50)
    assert_alike(slow, fast, 1e-12)
    assert fast.reason == slow.reason
    assert fast.steps == 50
    assert 0 not in taken


@pytest.mark.parametrize(
    ("text", "lr"),
    [
        ("L = -sum(a[i]^4 for i in 1..30); a[i] = 1 for i in 1..30", 0.1),
        ("L = sum(log(a[i]) for i in 1..30); a[i] = i/2 for i in 1..30", 0.3),
        ("L = sum(sqrt(a[i]) for i in 1..30); a[i] = 1 for i in 1..30", 0.9),
        ("L = sum(a[i]*a[i+1] for i in 1..29); a[i] = i for i in 1..30", 0.5),
        ("L = sum(exp(a[i]^2) for i in 1..30); a[i] = i/30 for i in 1..30", 0.9),
    ],
)
def test_it_diverges_at_the_same_step(both: Both, text: str, lr: float) -> None:
    fast, slow = both(text, lr=lr, steps=5000, until_grad=0.0)
    assert slow.failed
    assert slow.stopped == fast.stopped
    assert_alike(slow, fast, 1e-11)
    assert str(fast.error) == str(slow.error)
    assert fast.reason == slow.reason


def test_corners_on_the_way(both: Both) -> None:
    text = "L = sum(abs(a[i]) for i in 1..40) + a[1]^2; a[i] = i/4 for i in 1..40"
    fast, slow = both(text, lr=0.25, steps=60)
    assert_alike(slow, fast, 1e-12)
    assert fast.reason == slow.reason


def test_members_in_another_order_than_machine_code_has_them(both: Both, taken: list[int]) -> None:
    text = """
    y[i] = sum(w[j,i]*sin(i*j) for j in 1..9) for i in 1..70
    L = mean((y[i] - i/70)^2 for i in 1..70)
    w[j,i] = cos(i + 2*j)/3 for j in 1..9, i in 1..70
    """
    names = [f"w[{j},{i}]" for j in range(9, 0, -2) for i in range(70, 0, -3)]
    for only in ([], names):
        fast, slow = both(text, lr=0.5, steps=40, optimizer="adam", of="L", only=only)
        assert_alike(slow, fast, 1e-11)
    assert sum(taken) == 80


def test_a_callback_hears_of_every_step(both: Both) -> None:
    seen: list[Any] = []
    both(LINE, lr=0.01, steps=30, callback=seen.append)
    assert [step.number for step in seen] == [*range(31)] * 2
    for one, other in zip(seen[:31], seen[31:], strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-12)


def test_an_interruption_is_heard_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the batches of the loop grow with their speed alone, and not with what there is to do."""
    model = read_model(Source("<text>", LINE), many=0)
    before = time.perf_counter()

    def interrupt() -> None:
        time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGINT)

    # a shell lets what it starts in the background ignore it, and then this would not end
    before_it = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            minimize.descend(
                minimize.Errand(model), lr=1e-9, steps=10**9, until_grad=0.0, engine="native"
            )
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before_it)
    assert time.perf_counter() - before < 3
