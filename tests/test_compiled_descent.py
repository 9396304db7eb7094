"""The compiled loop takes the steps that Python takes: the same numbers, the same end, the same reports."""

from __future__ import annotations

from typing import Any

import pytest

import backprop
from backprop.descent import Descent
from backprop.descent.optimizers import FIRST_ORDER, SCHEDULES

CLASSIC = "e = a*b; d = e+c; L = d*f; a = 2; b = -3; c = 10; f = -2"
BOWL = "L = (a - 1)^2 + 3*(b + 2)^2 + a*b; a = 4; b = 5"
ROSENBROCK = "L = 100*(y - x^2)^2 + (1 - x)^2; x = -1.2; y = 1"
CHOOSING = "L = if(a > 1, sqrt(a - 1) + a, (a - 1)^2) + max(b, 0) + abs(b - 0.3); a = 3; b = 1"
NETWORK = """
n = 12
w[i,j] ~ uniform(-1, 1) for i in 1..n, j in 1..2; v[i] ~ uniform(-1, 1) for i in 1..n
h[i,k] = tanh(w[i,1]*cos(k) + w[i,2]*sin(2*k)) for i in 1..n, k in 1..8
y[k] = sum(v[i]*h[i,k] for i in 1..n) for k in 1..8
L = mean((y[k] - sin(k))^2 for k in 1..8)
"""
"""Over 400 operations: a tape."""

VARIANTS: list[dict[str, Any]] = [
    {},
    {"clip": 1.0},
    {"bounds": {"a": (1.5, 4.0)}},
    {"maximize": True},
    {"until_change": 1e-4},
    {"target": -9.0},
    {"until_grad": 9.5},
    {"freeze": ["c"]},
]


def both(text: str, **options: Any) -> tuple[Descent, Descent]:
    """The descent step by step, and in the compiled loop."""
    found = [
        backprop.parse(text).descend(engine=engine, **options) for engine in ("python", "native")
    ]
    return found[0], found[1]


def assert_alike(slow: Descent, fast: Descent, rel: float = 0.0) -> None:
    """To the bit, or to `rel`; texts and counts in any case."""
    assert (fast.steps, fast.stopped, fast.converged) == (slow.steps, slow.stopped, slow.converged)
    assert (fast.best.step, fast.evaluations) == (slow.best.step, slow.evaluations)
    close = {"rel": rel, "abs": 1e-300 + rel}
    assert fast.value == pytest.approx(slow.value, **close)
    assert fast.parameters == pytest.approx(slow.parameters, **close)
    assert fast.gradients == pytest.approx(slow.gradients, rel=rel, abs=10 * rel)
    assert fast.best.parameters == pytest.approx(slow.best.parameters, **close)
    assert fast.values.tolist() == pytest.approx(slow.values.tolist(), **close)
    assert fast.state.updates == slow.state.updates
    for name, column in slow.state.memory.items():
        assert fast.state.memory[name] == pytest.approx(column, rel=10 * rel, abs=rel)
    if not rel:
        assert (fast.reason, fast.error is None) == (slow.reason, slow.error is None)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
@pytest.mark.parametrize("row", FIRST_ORDER, ids=lambda row: row.name)
@pytest.mark.one_in(2)
def test_every_optimizer(row: Any, options: dict[str, Any]) -> None:
    """To the bit."""
    assert_alike(*both(CLASSIC, lr=1e-3, steps=120, optimizer=row.name, **options))


@pytest.mark.parametrize("row", SCHEDULES.values(), ids=lambda row: row.name)
def test_every_schedule(row: Any) -> None:
    assert_alike(*both(BOWL, lr=0.05, steps=150, schedule=row.name))


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam", "rprop"])
@pytest.mark.parametrize("text", [BOWL, ROSENBROCK, CHOOSING])
def test_other_functions(text: str, optimizer: str) -> None:
    slow, fast = both(text, lr=2e-4, steps=3000, optimizer=optimizer)
    assert_alike(slow, fast, 1e-11)  # x^2 is a product in machine code


@pytest.mark.parametrize(
    "options", [{}, {"clip": 0.2}, {"bounds": {"w": (-0.5, 0.5)}}, {"maximize": True}], ids=str
)
@pytest.mark.parametrize("optimizer", ["gd", "adam", "rprop", "nadam"])
def test_a_tape_inside_the_loop(optimizer: str, options: dict[str, Any]) -> None:
    # not longer: with clipping nadam is unstable here, and multiplies rounding by 7 in each step
    slow, fast = both(NETWORK, lr=0.01, steps=60, optimizer=optimizer, **options)
    assert_alike(slow, fast, 1e-9)


def test_it_converges_at_the_same_step() -> None:
    slow, fast = both(BOWL, lr=0.1, steps=100_000)
    assert slow.converged
    assert_alike(slow, fast, 1e-13)


def test_it_rests_where_nothing_moves() -> None:
    """At the limit of rounding the loop leaves the last steps, and the verdict, to Python."""
    text = "L = (a - 0.1)^2 + 1; a = 3"
    slow, fast = both(text, lr=0.3, steps=100_000, until_grad=0.0)
    assert slow.steps < 1000
    assert_alike(slow, fast, 1e-13)
    assert fast.reason == slow.reason


@pytest.mark.parametrize(
    ("text", "lr"),
    [
        ("L = -a^4; a = 1", 0.1),
        ("L = a^2; a = 1", 1.5),
        ("L = log(a); a = 0.5", 0.3),
        ("L = sqrt(a); a = 1", 0.9),
        ("L = a*b; a = 1; b = -1", 0.5),
    ],
)
def test_it_diverges_at_the_same_step(text: str, lr: float) -> None:
    options: dict[str, Any] = {"lr": lr, "steps": 5000, "until_grad": 0.0}
    slow, fast = both(text, **options)
    assert slow.failed
    assert slow.stopped == fast.stopped
    assert fast.steps == slow.steps
    assert str(fast.error) == str(slow.error)
    assert fast.value == pytest.approx(slow.value, rel=1e-12)


@pytest.mark.parametrize("optimizer", ["gd", "rprop"])
@pytest.mark.parametrize(
    ("text", "end"),
    [
        (
            "L = x + if(x > 0, 0, cbrt(x))*u; x = 4; u = 1",
            ("cannot go on", 31),
        ),  # an infinite slope at 0, where L is 0
        (
            "L = x + if(x > 0, 0, cbrt(x))*u; x = 500; u = 1",
            ("cannot go on", 3999),
        ),  # in the second batch
        (
            "L = x + if(x > 2, 0, hypot(sqrt(x - 2), 0)); x = 5",
            ("minimum at a corner", 24),
        ),  # one that is not known, at 2, the edge of where L has a value
    ],
)
def test_a_gradient_that_is_not_finite_ends_the_run_before_it(
    text: str, end: tuple[str, int], optimizer: str
) -> None:
    """Plain descent in the compiled loop looks at gradients after many steps, and then goes back."""
    slow, fast = both(text, lr=0.125, steps=10_000, optimizer=optimizer, only=["x"])
    assert_alike(slow, fast)
    if optimizer == "gd":
        assert (fast.stopped, fast.steps) == end


def test_an_explained_step_among_the_compiled_ones() -> None:
    slow, fast = both(CLASSIC, lr=1e-3, steps=500, explain_step=321)
    assert fast.explained == slow.explained
    assert len(fast.explained) > 4
    assert_alike(slow, fast)


def test_history_keeps_the_same_steps() -> None:
    slow, fast = both(CLASSIC, lr=1e-4, steps=1003, every=50)
    assert fast.history.steps == slow.history.steps
    assert fast.history.steps[-1] == 1003
    assert fast.history.values == slow.history.values
    assert fast.history.lrs == slow.history.lrs
    assert fast.history.parameters == slow.history.parameters
    assert fast.history.step_lengths == slow.history.step_lengths


@pytest.mark.parametrize("every", [0, 1, 7, 1000])
def test_callbacks(every: int) -> None:
    """Every so many steps and after the last; with 0 now and then, and after the last."""
    model = backprop.parse(CLASSIC)
    seen: list[backprop.descent.Step] = []
    found = model.descend(
        lr=1e-4, steps=500, engine="native", callback=seen.append, callback_every=every
    )
    numbers = [step.number for step in seen]
    assert numbers[0] == 0
    assert numbers[-1] == 500
    if every:
        assert set(range(0, 501, every)) <= set(numbers) | {0}
        assert len(numbers) <= 500 // every + 2
    assert seen[-1].value == found.value
    assert seen[-1].parameters == found.parameters


def test_a_callback_ends_the_run() -> None:
    model = backprop.parse(CLASSIC)
    found = model.descend(
        lr=1e-4,
        steps=10**6,
        engine="native",
        callback=lambda step: step.number >= 40,
        callback_every=20,
    )
    assert (found.steps, found.stopped) == (40, "interrupted")


def test_a_state_goes_on_as_if_it_were_one_run() -> None:
    model = backprop.parse(CLASSIC)
    options: dict[str, Any] = {
        "lr": 1e-3,
        "optimizer": "adam",
        "schedule": "inverse",
        "engine": "native",
    }
    whole = model.descend(steps=300, **options)
    first = model.descend(steps=120, **options)
    second = model.descend(steps=180, state=first.state, **options)
    assert second.parameters == whole.parameters
    assert second.state.memory == whole.state.memory


def test_the_values_of_the_model_hold_the_last_step() -> None:
    model = backprop.parse(CLASSIC)
    found = model.descend(lr=1e-4, steps=1000, engine="native")
    assert {name: model.values[name].data for name in "abcf"} == found.parameters
    assert model.values["L"].data == found.value
    assert model.values["a"].grad == found.gradients["a"]


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs", "bfgs", "newton"])
def test_searching_methods_on_every_engine(optimizer: str) -> None:
    """Without a step size the engines only compute the output; where they end is the same."""
    found = [
        backprop.parse(ROSENBROCK).descend(engine=engine, optimizer=optimizer, steps=20_000)
        for engine in ("python", "native")
    ]
    for each in found:
        assert each.converged, each.reason
        assert each.parameters == pytest.approx({"x": 1, "y": 1}, rel=1e-6)


@pytest.mark.parametrize("engine", ["python", "native"])
def test_outputs_of_a_run_without_end_do_not_fill_the_memory(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second of them is kept, every fourth, …, and the last."""
    from backprop.descent import batch, course

    model = backprop.parse(BOWL)
    options: dict[str, Any] = {"lr": 1e-4, "until_grad": 0.0, "engine": engine}
    whole = model.descend(steps=999, **options)
    assert (len(whole.values), whole.values_every) == (1000, 1)
    monkeypatch.setattr(course, "_MOST_VALUES", 100)
    monkeypatch.setattr(batch, "_FIRST", 70)
    for steps in (99, 100, 101, 500, 998, 999):
        found = model.descend(steps=steps, **options)
        every = found.values_every
        assert len(found.values) <= 101
        assert found.values[-1] == whole.values[steps]
        kept = [whole.values[at] for at in range(0, steps + 1, every)]
        assert found.values.tolist()[: len(kept)] == kept
        assert len(found.values) - len(kept) == (steps % every > 0)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (
            "L = sqrt(x)*y; x = 1; y = 1",
            {"optimizer": "adam", "lr": 0.01, "bounds": {"x": (0, 9), "y": (1, 2)}},
        ),
        ("L = sqrt(x); x = 1", {"lr": 10.0, "bounds": {"x": (0, 1)}}),
        ("L = acos(x) + x; x = 0.5", {"lr": 3.0, "bounds": {"x": (-1, 1)}}),
        ("L = sqrt(x) + y; x = 1; y = 2", {"lr": 0.3, "bounds": {"x": (0, 1)}}),
    ],
)
def test_an_infinite_slope_at_a_bound_is_no_rest(text: str, options: dict[str, Any]) -> None:
    slow, fast = both(text, steps=5000, **options)
    assert slow.stopped == "cannot go on"
    assert_alike(slow, fast)
    assert str(fast.error) == str(slow.error)


def test_bounds_may_be_whole_numbers() -> None:
    for engine in ("python", "native"):
        model = backprop.parse("L = (x - 9)^2 + lgamma(y); x = 1; y = 2")
        found = model.descend(lr=0.1, steps=50, bounds={"x": (0, 3), "y": (1, 5)}, engine=engine)
        assert found.parameters["x"] == 3
        assert {type(number) for number in found.parameters.values()} == {float}


def test_a_first_batch_of_a_large_graph_is_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that Ctrl-C and the progress bar need not wait for a thousand long ones."""
    from backprop.descent import batch

    sizes: list[int] = []
    go = batch.Batches.go

    def watched(self: batch.Batches, *arguments: Any) -> Any:
        found = go(self, *arguments)
        sizes.append(len(found.values) if found else 0)
        return found

    monkeypatch.setattr(batch.Batches, "go", watched)
    backprop.parse(NETWORK).descend(lr=0.01, steps=300, engine="native")
    assert sizes[0] == 1
    assert len(sizes) < 20


def test_parameters_in_any_order() -> None:
    """The loop has them by name (x2 before x10); nobody else need know."""
    names = [10, 2, 0, 7, 1]
    text = " + ".join(f"{k + 1}*(x{k} - {k})^2*x{names[0]}" for k in names)
    text += "\n" + "\n".join(f"x{k} = {0.3 * k + 1}" for k in names)
    for options in (
        {},
        {"bounds": {"x2": (1.7, 1.9), "x10": (0, 3.5)}},
        {"clip": 0.5},
        {"optimizer": "adam"},
    ):
        slow, fast = both(f"L = {text}", lr=1e-4, steps=400, every=100, **options)
        assert [*fast.parameters] == [*slow.parameters]
        assert_alike(slow, fast, 1e-12)
        for name, column in slow.history.parameters.items():
            assert fast.history.parameters[name].tolist() == pytest.approx(
                column.tolist(), rel=1e-12
            )


@pytest.mark.parametrize("chain", [False, True], ids=["side by side", "in order"])
def test_slopes_that_no_double_can_hold_on_a_tape(chain: bool) -> None:
    """-log(sigmoid(x)) is -x far below 0, and its slope -1: sigmoid(x)^2 is less than 1e-347."""
    text = "x[i] = 0 for i in 1..300; q[i] = -log(1/(1 + exp(-x[i]))) for i in 1..300; "
    sums = "s[1] = q[1]; s[i] = s[i-1] + q[i] for i in 2..300; L = s[300]"
    text += sums if chain else "L = sum(q[i] for i in 1..300)"
    slow, fast = both(text, lr=100, steps=7, maximize=True, of="L")
    assert_alike(slow, fast, 1e-12)
    # the first slope is -1/2, the second -1 as far as doubles go
    assert set(fast.parameters.values()) == {-650.0}
    assert set(fast.gradients.values()) == {-1.0}
    assert (fast.stopped, fast.value) == ("steps", pytest.approx(300 * 650))
