"""Descent: torch's trajectories, the classic example, bounds, stops, and where it must not go on."""

from __future__ import annotations

import json
from dataclasses import replace
from math import cos, inf, isfinite, isnan, nan, pi
from pathlib import Path
from typing import Any

import pytest

import backprop
from backprop.descent import OPTIMIZERS, SCHEDULES, Step
from backprop.descent.choices import matching
from backprop.descent.optimizers import FIRST_ORDER, Optimizer
from backprop.errors import (
    BackpropError,
    BadOption,
    MissingInputs,
    NotAnInput,
    NothingToMove,
    OutsideDomain,
    UnexpectedText,
    UnknownName,
)
from running import CLASSIC

TABLE = json.loads((Path(__file__).parent / "tables/torch_trajectories.json").read_text("utf-8"))
START = {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}
ROSENBROCK = "f = (1 - x)^2 + 100*(y - x^2)^2; x = -1.2; y = 1"
SCHEDULE_OPTIONS = {
    "gamma": "rate", "T_max": "over", "step_size": "every", "total_iters": "over", "end_factor": "end",
    "eta_min": "end",
}  # fmt: skip


def _chosen(name: str, options: dict[str, float]) -> str:
    inside = ", ".join(f"{key}={number!r}" for key, number in options.items())
    return f"{name}({inside})" if inside else name


@pytest.mark.parametrize("run", TABLE["runs"], ids=lambda r: f"{r['problem']}-{r['optimizer']}")
def test_trajectories_agree_with_torch_to_12_digits(run: dict[str, object]) -> None:
    problem = TABLE["problems"][run["problem"]]
    model = backprop.parse(problem["equations"])
    options = dict(run["options"])
    lr = options.pop("lr")
    schedule = dict(run["schedule"] or {"name": "constant"})
    name = schedule.pop("name")
    numbers = {
        SCHEDULE_OPTIONS[key]: value
        for key, value in schedule.items()
        if key not in ("start_factor",)
    }
    seen: dict[int, Step] = {}
    found = model.descend(
        dict(zip(problem["names"], problem["start"], strict=True)),
        optimizer=_chosen(run["optimizer"], options),
        lr=lr,
        schedule=_chosen(name, numbers),
        clip=run["clip"],
        steps=100,
        until_grad=0,
        callback=lambda step: seen.update({step.number: step}),
    )
    assert found.stopped == "steps"
    for number, parameters in run["steps"].items():
        step = seen[int(number)]
        expected = dict(zip(problem["names"], parameters, strict=True))
        assert step.parameters == pytest.approx(expected, rel=1e-12, abs=0)
        assert step.value == pytest.approx(run["losses"][number], rel=1e-11, abs=1e-25)


def test_every_first_order_optimizer_and_schedule_is_in_torch_s_table() -> None:
    assert {run["optimizer"] for run in TABLE["runs"]} == {row.name for row in FIRST_ORDER}
    scheduled = {run["schedule"]["name"] for run in TABLE["runs"] if run["schedule"]}
    assert scheduled == SCHEDULES.keys() - {"constant", "inverse"}


def test_a_wrong_update_is_noticed() -> None:
    """The comparison with torch can fail: an lr that is 1e-9 off is seen."""
    run = next(
        r for r in TABLE["runs"] if r["optimizer"] == "adam" and r["problem"] == "rosenbrock"
    )
    problem = TABLE["problems"]["rosenbrock"]
    start = dict(zip(problem["names"], problem["start"], strict=True))
    found = backprop.parse(problem["equations"]).descend(
        start, optimizer="adam", lr=run["options"]["lr"] * (1 + 1e-9), steps=100
    )
    assert list(found.parameters.values()) != pytest.approx(run["steps"]["100"], rel=1e-12)


@pytest.mark.parametrize(
    "row", [*OPTIMIZERS.values(), *SCHEDULES.values()], ids=lambda row: row.name
)
def test_every_number_of_a_row_has_a_range_that_it_is_in(row: Any) -> None:
    for default, takes in row.options.values():
        assert takes.has(default) or isnan(default)


def test_the_classic_example() -> None:
    model = backprop.parse(CLASSIC)
    one = model.descend(START, lr=0.001, steps=1)
    assert one.parameters == {"a": 1.994, "b": -2.996, "c": 10.002, "f": -2.004}
    assert one.value == pytest.approx(-8.072063904, abs=1e-14)
    ten = model.descend(START, lr=0.001, steps=10)
    assert ten.value == pytest.approx(-8.73245129422151, rel=1e-14)
    assert ten.start_gradients == {"a": 6, "b": -4, "c": -2, "f": 4}
    assert (ten.steps, ten.stopped, ten.converged) == (10, "steps", False)
    assert list(ten.values) == [found.value for found in _one_by_one(10)]
    assert model.values["a"].data == ten.parameters["a"]
    assert model.values["a"].grad == ten.gradients["a"]


def _one_by_one(steps: int) -> list[backprop.Gradient]:
    """The same by hand: a gradient, a step, a gradient, …"""
    model = backprop.parse(CLASSIC)
    numbers, found = dict(START), []
    for _ in range(steps + 1):
        found.append(model.grad(numbers))
        numbers = {name: at - 0.001 * found[-1].gradients[name] for name, at in numbers.items()}
    return found


def test_schedules_are_what_they_are_called() -> None:
    model = backprop.parse("L = x; x = 0")
    rates: dict[str, list[float]] = {}
    for schedule in (
        "inverse(rate=0.5)",
        "cosine(end=0.1)",
        "step(every=2, rate=0.1)",
        "linear(over=4)",
    ):
        seen: list[float] = []
        model.descend(
            lr=2, steps=8, schedule=schedule, callback=lambda step, seen=seen: seen.append(step.lr)
        )
        rates[schedule] = seen[1:]
    assert rates["inverse(rate=0.5)"] == pytest.approx([2 / (1 + 0.5 * k) for k in range(8)])
    assert rates["cosine(end=0.1)"] == pytest.approx(
        [2 * (0.1 + 0.45 * (1 + cos(pi * k / 8))) for k in range(8)]
    )
    assert rates["step(every=2, rate=0.1)"] == pytest.approx(
        [2, 2, 0.2, 0.2, 0.02, 0.02, 2e-3, 2e-3]
    )
    assert rates["linear(over=4)"] == pytest.approx([2, 1.5, 1, 0.5])


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs", "bfgs", "cg", "newton"])
def test_rosenbrock_without_any_options(optimizer: str) -> None:
    found = backprop.parse(ROSENBROCK).descend(optimizer=optimizer)
    assert found.converged
    assert found.stopped == "minimum"
    assert found.parameters == pytest.approx({"x": 1, "y": 1}, abs=1e-7)
    assert found.gradient_norm <= 1e-8


@pytest.mark.parametrize("row", FIRST_ORDER, ids=lambda row: row.name)
def test_a_line_search_never_rises(row: Optimizer) -> None:
    found = backprop.parse(ROSENBROCK).descend(optimizer=row.name, steps=200)
    if row.lr is None:
        for before, after in zip(found.values, found.values[1:], strict=False):
            assert after <= before * (1 + 1e-15)
    assert found.value < 10


def test_bounds_hold_and_decide() -> None:
    model = backprop.parse("L = (a - 3)^2 + (b + 5)^2 + (c - 1)^2; a = 0; b = 0; c = 0")
    for optimizer in ("gd", "adam", "lbfgs"):
        seen: list[Step] = []
        found = model.descend(
            optimizer=optimizer,
            bounds={"a": (0, 1), "b": (-2, inf), "?": (-9, 9)},
            callback=seen.append,
        )
        assert all(0 <= step.parameters["a"] <= 1 for step in seen)
        assert all(step.parameters["b"] >= -2 for step in seen)
        assert found.parameters == pytest.approx({"a": 1, "b": -2, "c": 1}, abs=1e-6)
        if optimizer != "adam":
            assert found.stopped == "minimum at bounds"


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lbfgs"])
def test_a_norm_that_leaves_out_what_pushes_against_a_bound_says_so(optimizer: str) -> None:
    """The slope by a is 1 all the way to its bound."""
    less = ", without what pushes against a bound,"
    held = "converged: a minimum at bounds: a = 0 (∂L/∂a = 1); "
    text = "L = a + (b - 1)^2; a = 0.5 in 0..; b = 1"
    found = backprop.parse(text).descend(optimizer=optimizer)
    assert found.reason.startswith(held)
    assert (found.parameters["a"], found.gradients["a"], found.gradient_norm) == (0, 1, 0)
    found = backprop.parse(text.replace("b = 1", "b = 3")).descend(lr=0.6, steps=1)
    assert found.reason == f"the step is done; the gradient norm{less} is 0.8"
    assert less not in backprop.parse("L = a^2; a = 1 in 0..").descend().reason


def test_bounds_for_many_stand_in_the_order_of_the_file() -> None:
    names = [f"w{number}" for number in range(40)]
    model = backprop.parse("L = " + " + ".join(f"(w{at} - 1)^2" for at in range(40)))
    found = model.descend(dict.fromkeys(names, 0.0), steps=1, bounds={"w*": (0, 2)})
    assert list(found.bounds) == [name for name in model.inputs if name in names]
    assert matching(model, ["w3*", "w1", "w0"]) == ["w0", "w1", "w3", *names[30:]]


def test_a_start_outside_its_bounds_is_moved_and_said() -> None:
    found = backprop.parse("L = a^2; a = 5").descend(bounds={"a": (1, 2)})
    assert found.start == {"a": 2}
    assert found.parameters == {"a": 1}
    assert "outside its bounds 1..2" in str(found.warnings[0])


def test_only_and_freeze_choose_by_pattern() -> None:
    model = backprop.parse("L = (w1 - 1)^2 + (w2 - 2)^2 + (v - 3)^2; w1 = 0; w2 = 0; v = 0; u = 7")
    assert model.descend(only=["w*"]).parameters == pytest.approx({"w1": 1, "w2": 2})
    assert model.descend(freeze=["w?"]).parameters == pytest.approx({"v": 3})
    assert model.descend(only=["w*"], freeze=["w1"]).parameters == pytest.approx({"w2": 2})
    assert model.values["w1"].data == 0
    assert model.values["v"].data == 0


def test_the_values_of_a_model_keep_the_last_step_and_what_was_frozen() -> None:
    model = backprop.parse("L = (a - k)^2; k = 1; a = 0")
    found = model.descend({"k": 5}, freeze=["k"], lr=0.5, steps=1)
    assert found.parameters == {"a": 5}
    assert (model.values["k"].data, model.values["a"].data, model.values["L"].data) == (5, 5, 0)
    backprop.parse("L = (a - k)^2; a = 0").descend({"k": 5}, freeze=["k"])


def test_maximize_is_the_same_of_the_negative() -> None:
    up = backprop.parse("y = 3 - (x - 2)^2; x = 0").descend(maximize=True, lr=0.1, steps=5)
    down = backprop.parse("y = (x - 2)^2 - 3; x = 0").descend(lr=0.1, steps=5)
    assert up.parameters == down.parameters
    assert up.value == -down.value
    assert up.gradients["x"] == -down.gradients["x"] > 0
    assert up.best.value == up.value
    assert backprop.parse("y = 3 - (x - 2)^2; x = 0").descend(
        maximize=True, target=2.9
    ).value == pytest.approx(3, abs=0.1)


def test_stops_say_which_rule_and_number() -> None:
    model = backprop.parse("L = x^2 + 1; x = 4")
    by_grad = model.descend(lr=0.1, until_grad=1e-3)
    assert (by_grad.stopped, by_grad.converged) == ("gradient", True)
    assert by_grad.gradient_norm <= 1e-3 < abs(by_grad.gradients["x"] / 0.8)
    assert "0.001" in by_grad.reason
    by_change = model.descend(lr=0.1, until_change=1e-4)
    assert (by_change.stopped, by_change.converged) == ("change", True)
    assert abs(by_change.values[-1] - by_change.values[-2]) <= 1e-4 * (17 - by_change.value)
    by_target = model.descend(lr=0.1, target=2)
    assert (by_target.stopped, by_target.converged) == ("target", True)
    assert by_target.values[-1] <= 2 < by_target.values[-2]
    assert model.descend(lr=0.1, steps=0).values.tolist() == [17]
    assert model.descend({"x": 0}).steps == 0
    assert model.descend({"x": 0}).reason == "converged: a minimum: the gradient is 0"


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs", "bfgs", "cg"])
def test_a_fall_without_end_is_divergence(optimizer: str) -> None:
    found = backprop.parse("L = -exp(x); x = 1").descend(optimizer=optimizer)
    assert found.stopped == "falls without end"
    assert not found.converged
    assert "falls without end" in found.reason
    assert isinstance(found.error, BackpropError)
    assert isfinite(found.value)
    assert all(map(isfinite, found.values))


def test_divergence_is_traced_and_overwrites_nothing() -> None:
    found = backprop.parse("p = x^2\nL = p^2; x = 3").descend(lr=1.0)
    assert found.stopped == "cannot go on"
    assert found.error is not None
    assert found.error.labels[0].span.text in ("p^2", "x^2")
    assert found.best.step == 0
    assert found.best.parameters == {"x": 3}
    assert (found.best.value, found.start_value) == (81, 81)
    assert isfinite(found.value)
    assert found.value > 81
    assert found.steps == len(found.values) - 1
    assert f"step {found.steps + 1}:" in found.reason


def test_a_step_out_of_the_domain_is_traced() -> None:
    found = backprop.parse("L = x - 0.1*log(x); x = 1").descend(lr=3, steps=9)
    assert (found.stopped, found.steps) == ("cannot go on", 0)
    assert isinstance(found.error, OutsideDomain)
    assert found.error.labels[0].span.text == "log(x)"


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam", "lbfgs", "bfgs", "cg", "newton"])
def test_a_search_turns_back_at_the_edge_of_the_domain(optimizer: str) -> None:
    """The minimum of x - log(x) is 1 at x = 1; every long step from 40 leads below 0."""
    found = backprop.parse("L = x - log(x); x = 40").descend(optimizer=optimizer)
    assert found.value == pytest.approx(1, rel=1e-9)


def test_an_infinite_slope_ends_a_descent_or_is_left_behind() -> None:
    model = backprop.parse("L = sqrt(x) + u; u = 1; x = 4")
    found = model.descend({"x": 0})  # along u
    assert found.value < -1e100
    assert not found.converged
    assert model.descend({"x": 0}, freeze=["x"], lr=0.1, steps=2).parameters["u"] == pytest.approx(
        0.8
    )
    found = model.descend({"x": 0.25}, only=["x"], lr=0.25)
    assert (found.stopped, found.parameters) == ("cannot go on", {"x": 0.25})


_WITHOUT_END = [
    ("L = x", 0.0),
    ("L = 1e20 + x", 0.0),
    ("L = -sqrt(x)^2", 1.0),
    ("L = max(x, 2*x)", 1.0),
    ("L = -x^3", 1.0),
    ("L = -sqrt(x^2)", 1.0),
    ("L = min(x, -x) + 1e18", 1.0),
    ("L = x; maximize L", 0.0),
]
_METHODS = ["gd", "adam", "rmsprop", "lbfgs", "bfgs", "cg", "newton"]


@pytest.mark.parametrize(
    ("text", "start", "optimizer"),
    [
        (*each, name)
        for each in (*_WITHOUT_END, ("L = x + z; z = 1 in 0..5", 0.0))
        for name in _METHODS
    ],
)
def test_what_has_no_end_is_not_called_stuck(text: str, start: float, optimizer: str) -> None:
    found = backprop.parse(text).descend({"x": start}, optimizer=optimizer)
    assert found.failed or found.stopped == "steps", found.reason
    assert "corner" not in found.reason
    if found.failed:
        assert found.error
        assert "without end" in found.reason or "as far as doubles go" in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "L = abs(x) + 1e20",
        "L = max(x, -3*x)",
        "L = if(x > 1e200, -x, abs(x - 1))",
        "L = -abs(x) in 0..2",
    ],
)
def test_what_has_an_end_is_not_called_endless(text: str) -> None:
    text, _, bounds = text.partition(" in ")
    file = f"{text}; x = 1 in {bounds}" if bounds else f"{text}; x = 1.3"
    found = backprop.parse(file).descend()
    assert not found.failed, found.reason


def test_a_corner_is_where_one_is_stuck() -> None:
    found = backprop.parse("L = max(x, -2*x) + 1; x = 3.7").descend()
    assert found.stopped == "minimum at a corner"
    assert found.value == pytest.approx(1, abs=1e-6)


def test_what_rounding_hides_is_no_fall() -> None:
    """A gradient that cannot reach 1e-8: the output is 1e12 high, and bends by 1e8."""
    for optimizer in ("gd", "lbfgs", "bfgs"):
        found = backprop.parse("L = 1e12 + 5e7*(x - 1/3)^2; x = 1").descend(optimizer=optimizer)
        assert found.converged
        assert found.parameters["x"] == pytest.approx(1 / 3, abs=1e-5)


def test_a_state_continues_as_if_it_were_one_run() -> None:
    for optimizer in ("adam", "rprop", "nadam", "gd"):
        model = backprop.parse(ROSENBROCK)
        lr = None if optimizer == "gd" else 0.01
        whole = model.descend(optimizer=optimizer, lr=lr, steps=30)
        first = model.descend(optimizer=optimizer, lr=lr, steps=12)
        state = backprop.descent.State.from_json(json.loads(json.dumps(first.state.as_json())))
        second = model.descend(optimizer=optimizer, lr=lr, steps=18, state=state, every=1)
        assert second.parameters == (
            whole.parameters if lr else pytest.approx(whole.parameters, rel=1e-6)
        )
        assert second.history.steps[-1] == 30
    with pytest.raises(BadOption, match="of adam"):
        model.descend(optimizer="rprop", state=backprop.descent.State("adam", 1, {"x": 1, "y": 1}))
    with pytest.raises(BadOption, match="other parameters: y"):
        model.descend(freeze=["y"], state=backprop.descent.State("gd", 1, {"x": 1, "y": 1}))
    with pytest.raises(BadOption, match="no whole state"):
        model.descend(optimizer="adam", state=backprop.descent.State("adam", 1, {"x": 1, "y": 1}))


@pytest.mark.parametrize("optimizer", [row.name for row in FIRST_ORDER])
def test_a_run_that_ends_where_it_starts_has_a_state_to_go_on_from(optimizer: str) -> None:
    model = backprop.parse("L = (a - 1)^2")
    ended = model.descend({"a": 1}, optimizer=optimizer, lr=0.1)
    assert (ended.steps, ended.stopped) == (0, "minimum")
    moved = model.descend({"a": 3}, optimizer=optimizer, lr=0.1, steps=3)
    state = replace(ended.state, parameters={"a": 3.0})
    again = model.descend({"a": 1}, optimizer=optimizer, lr=0.1, steps=3, state=state)
    assert again.parameters == moved.parameters


def test_the_same_command_twice_goes_on_from_the_state() -> None:
    model = backprop.parse(CLASSIC)
    first = model.descend(START, optimizer="adam", lr=0.01, steps=10)
    second = model.descend(START, optimizer="adam", lr=0.01, steps=10, state=first.state)
    assert second.parameters == model.descend(START, optimizer="adam", lr=0.01, steps=20).parameters
    assert "goes on from" in str(second.warnings[0])


@pytest.mark.parametrize(
    "text",
    ["L = x^2 - y^2; x = 0; y = 0", "L = -x^2; x = 0", "L = x^3; x = 0", "L = relu(x); x = -1"],
)
def test_a_start_without_gradient_is_called_a_minimum_only_if_it_is_one(text: str) -> None:
    found = backprop.parse(text).descend(optimizer="gd")
    assert (found.converged, found.steps) == (False, 0)
    assert found.stopped in ("stationary", "flat")
    assert "at the start" in found.reason
    # what looks for lower points goes on from there, where there are any
    found = backprop.parse(text).descend()
    assert not found.converged
    assert found.failed == ("relu" not in text)
    assert backprop.parse("L = x^2 + y^2; x = 0; y = 0").descend().converged


def test_a_kink_is_no_rounding() -> None:
    found = backprop.parse(
        "L = 1e9 + 1000*abs(x - y) + 0.01*(x + y - 10)^2; x = 0.1; y = 0"
    ).descend()
    # 0.01*(x + y - 10)^2 is rounding of 1e9 within 2e-3 of the minimum
    assert not found.converged or found.parameters == pytest.approx({"x": 5, "y": 5}, abs=2e-3)


@pytest.mark.parametrize("text", ["a = 2", "L = 1000*tanh(-a); a = 0"])
def test_no_parameter_becomes_infinite(text: str) -> None:
    for lr in (None, 1e308):
        found = backprop.parse(text).descend(lr=lr)
        assert all(map(isfinite, [*found.parameters.values(), found.value, *found.values]))
        assert found.failed  # both fall without end


def test_what_a_callback_raises_comes_through() -> None:
    def fails(step: Step) -> None:
        if step.number == 1:
            raise ValueError("mine")

    for optimizer in ("gd", "lbfgs", "bfgs", "newton"):
        with pytest.raises(ValueError, match="mine"):
            backprop.parse(ROSENBROCK).descend(optimizer=optimizer, callback=fails)


def test_history_keeps_every_so_many_and_the_last() -> None:
    found = backprop.parse(CLASSIC).descend(START, lr=0.001, steps=10, every=4)
    assert found.history.steps.tolist() == [0, 4, 8, 10]
    assert found.history.values.tolist() == [found.values[at] for at in (0, 4, 8, 10)]
    assert found.history.parameters["a"][-1] == found.parameters["a"]
    assert found.history.step_lengths[1] == pytest.approx(
        0.001 * found.history.gradient_norms[1], rel=0.01
    )


def test_a_callback_sees_every_step_and_may_end_the_run() -> None:
    seen: list[Step] = []

    def watch(step: Step) -> bool:
        seen.append(step)
        return step.number == 3

    found = backprop.parse(CLASSIC).descend(START, lr=0.001, steps=10, callback=watch)
    assert [step.number for step in seen] == [0, 1, 2, 3]
    assert (found.stopped, found.steps) == ("interrupted", 3)
    assert seen[1].parameters["a"] == 1.994
    for optimizer in ("lbfgs", "bfgs", "cg", "newton"):
        seen.clear()
        found = backprop.parse(ROSENBROCK).descend(optimizer=optimizer, callback=watch)
        assert (found.stopped, found.steps) == ("interrupted", 3)


@pytest.mark.parametrize(
    ("error", "said", "options"),
    [
        (BadOption, "must be a positive finite", {"lr": -0.1}),
        (BadOption, "must be a positive finite", {"lr": 0}),
        (BadOption, "must be a positive finite", {"lr": nan}),
        (BadOption, "no optimizer 'adm'", {"optimizer": "adm"}),
        (BadOption, "no option 'beta3'", {"optimizer": "adam(beta3=1)"}),
        (BadOption, "beta1 must be from 0 to 1, less than 1", {"optimizer": "adam(beta1=2)"}),
        (BadOption, "maxcor must be a whole number", {"optimizer": "lbfgs(maxcor=2.5)"}),
        (BadOption, "has no option", {"optimizer": "newton(initial_trust_radius=1)"}),
        (BadOption, "every must be from 1 on", {"lr": 1, "schedule": "step(every=0)"}),
        (BadOption, "over must be from 1 on", {"lr": 1, "schedule": "linear(over=0)"}),
        (BadOption, "the step size is --lr|no option 'lr'", {"optimizer": "adamw(lr=1)"}),
        (BadOption, "whole number", {"steps": 2.5}),
        (BadOption, "no schedule 'cosin'", {"lr": 1, "schedule": "cosin"}),
        (BadOption, "none is given", {"schedule": "cosine"}),
        (BadOption, "wrong way round", {"bounds": {"a": (1, 0)}}),
        (BadOption, "wrong way round", {"bounds": {"a": (nan, 0)}}),
        (BadOption, "no number is within", {"bounds": {"a": (inf, inf)}}),
        (BadOption, "no number is within", {"bounds": {"a": (-inf, -inf)}}),
        (BadOption, r"bounds of a cannot be 5", {"bounds": {"a": 5}}),
        (BadOption, "bounds of a cannot be", {"bounds": {"a": ("0", 1)}}),
        (BadOption, "bounds of a cannot be", {"bounds": {"a": (0, 1, 2)}}),
        (BadOption, "bounds cannot be 5", {"bounds": 5}),
        (BadOption, "bounds cannot be", {"bounds": [("a", 0, 1)]}),
        (UnexpectedText, "this is no bound", {"bounds": "a"}),
        (BadOption, "--every 0: it is at least 1", {"every": 0}),
        (BadOption, "--explain-step 0: it is at least 1", {"explain_step": 0}),
        (BadOption, "--explain-step -2: it is at least 1", {"explain_step": -2}),
        (BadOption, "--explain-step takes a whole number, not 2.5", {"explain_step": 2.5}),
        (BadOption, "no room", {"bounds": {"a": (0, 1), "*": (2, 3)}}),
        (BadOption, "chooses its own steps", {"optimizer": "lbfgs", "lr": 0.1}),
        (BadOption, "chooses its own steps", {"optimizer": "newton", "clip": 1}),
        (BadOption, "clipped", {"clip": 0}),
        (BadOption, "0 or more", {"steps": -1}),
        (BadOption, "--until-grad must", {"until_grad": -1}),
        (BadOption, "target", {"target": nan}),
        (UnknownName, "no 'w*'", {"only": ["w*"]}),
        (UnknownName, "no 'aa'", {"freeze": ["aa"]}),
        (UnknownName, "no 'z'", {"bounds": {"z": (0, 1)}}),
        (NotAnInput, "'e' is computed", {"only": ["e"]}),
        (NothingToMove, "every input", {"freeze": ["*"]}),
        (NothingToMove, "depends on none", {"of": "d", "only": ["f"]}),
        (MissingInputs, "no value", {"values": {"a": 1}}),
    ],
)  # fmt: skip
def test_bad_input_is_refused(
    error: type[BackpropError], said: str, options: dict[str, object]
) -> None:
    with pytest.raises(error, match=said.replace("*", r"\*")):
        backprop.parse(CLASSIC).descend(**{"values": START, **options})


@pytest.mark.parametrize(
    "bounds",
    ["a=1..9", ["a=..9", "a=1.."], {"a": (1, None)}, {"a": (1, 9)}, {"*": [1, None]}],
)
def test_bounds_are_texts_or_pairs(bounds: Any) -> None:
    model = backprop.parse("a = 2 in 0..5; L = a^2")
    assert model.descend(bounds=bounds).parameters == {"a": 1}


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ("--digits 0: it is at least 1", {"digits": 0}),
        ("--digits 99: it is at most 17", {"digits": 99}),
        ("--depth -1: it is at least 0", {"depth": -1}),
        ("--depth takes a whole number, not 0.5", {"depth": 0.5}),
    ],
)
def test_the_library_holds_the_ranges_of_a_picture(said: str, options: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match=said):
        backprop.parse("a = 2; L = a^2").draw(**options)


def test_what_depends_on_no_input_cannot_descend() -> None:
    model = backprop.parse("u = 1; f(t) = 3; L = f(u)")
    with pytest.raises(NothingToMove, match="depends on no"):
        model.descend(of="L")


def test_an_infinite_number_without_a_say_cannot_move() -> None:
    model = backprop.parse("L = a^2 + if(a > 0, 0, x); a = 2")
    with pytest.raises(BadOption, match="x = inf cannot move"):
        model.descend({"x": inf})
    assert model.descend({"x": inf}, freeze=["x"], bounds={"a": (1, 3)}).converged


def test_near_names_are_suggested() -> None:
    with pytest.raises(BadOption) as caught:
        backprop.parse(CLASSIC).descend(START, optimizer="adm")
    assert caught.value.hints[0] == "did you mean 'adam'?"
    assert all(name in caught.value.hints[1] for name in OPTIMIZERS)


def test_an_update_that_is_a_number_already_is_written_once() -> None:
    row = Optimizer("copy", "x' = g", "")
    assert row.written({"x": 1.0, "g": -5.0}, "a", -5.0) == ["a ← −5"]


@pytest.mark.parametrize("optimizer", ["lbfgs", "bfgs", "cg", "newton"])
@pytest.mark.parametrize(
    "text", ["L = sqrt(x); x = 4", "L = log(x)^2; x = 1e-300", "L = x^0.1; x = 1"]
)
def test_second_derivatives_near_the_largest_double_end_a_descent_in_words(
    text: str, optimizer: str
) -> None:
    """They grow without end on the way to a border, where neither scipy's matrices nor differences hold them."""
    found = backprop.parse(text).descend(optimizer=optimizer, steps=200)
    assert found.converged or found.stopped in ("corner", "rounding", "steps", "stationary")
    assert isfinite(found.value)
    assert found.value <= found.start_value
