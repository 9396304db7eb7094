"""Descents that meet corners: what they say of them, and what leads on from there.

Every value is known by hand: on c*|x| the output falls where c is above the size at which the cone
holds it, and with 0.01*|x|^2 added its least value is -(c - 1)^2/0.04.
"""

from math import inf, sqrt

import pytest

import backprop
from backprop.descent.result import Descent
from backprop.descent_options import DescentOptions
from backprop.evaluation import indeterminate

RIDGE = "L = sqrt((a-b)^2) + 0.01*(a+b-3)^2"
"""Falls along a = b, to 0 at 1.5."""


def descent(text: str, start: dict[str, float], **options: object) -> Descent:
    given: DescentOptions = options  # type: ignore[assignment]
    return backprop.parse(text).descend(start, **given)


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs", "bfgs", "cg", "newton"])
@pytest.mark.parametrize("text", [RIDGE, RIDGE.replace("sqrt((a-b)^2)", "abs(a-b)")])
def test_a_ridge_that_falls_is_no_minimum(text: str, optimizer: str) -> None:
    found = descent(text, {"a": 0, "b": 1}, optimizer=optimizer)
    assert found.value == pytest.approx(0, abs=1e-9)
    assert found.parameters == pytest.approx({"a": found.parameters["b"], "b": 1.5}, abs=1e-4)


@pytest.mark.parametrize("lr", [0.1, 0.25])
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam", "rprop"])
def test_a_given_step_size_never_converges_on_a_ridge_that_falls(optimizer: str, lr: float) -> None:
    found = descent(RIDGE, {"a": 0, "b": 1}, optimizer=optimizer, lr=lr, steps=200)
    assert not found.converged
    assert "minimum" not in found.reason


@pytest.mark.parametrize("count", [1, 2, 3, 6, 13, 20])
@pytest.mark.parametrize("size", [0.9, 0.99, 1.02, 1.2])
def test_a_cone_holds_up_to_its_slope(count: int, size: float) -> None:
    names = [f"x{at}" for at in range(count)]
    signs = [1 if at % 3 else -1 for at in range(count)]
    squares = " + ".join(f"{name}^2" for name in names)
    pull = " + ".join(
        f"({size * sign / sqrt(count)!r})*{name}" for name, sign in zip(names, signs, strict=True)
    )
    text = f"L = sqrt({squares}) - ({pull}) + 0.01*({squares})"
    found = descent(text, dict.fromkeys(names, 0.0), optimizer="lbfgs")
    assert found.converged
    assert (found.stopped == "minimum at a corner") == (size < 1)
    assert found.value == pytest.approx(-(max(0, size - 1) ** 2) / 0.04, abs=1e-11)
    if size > 1:
        assert "it went on from a corner after step 0" in found.reason
        far = (size - 1) / 0.02 / sqrt(count)
        expected = {name: far * sign for name, sign in zip(names, signs, strict=True)}
        assert found.parameters == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("root", ["sqrt({}^2)", "abs({})"])
@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_each_term_of_a_sum_of_corners_holds_by_itself(root: str, count: int) -> None:
    """With 0.1*a^2 added and pulled by 1.2 the first moves to 1, the others stay at 0."""
    terms = " + ".join(root.format(f"x{at}") for at in range(count))
    start = {f"x{at}": 0.0 for at in range(count)}
    found = descent(f"L = {terms} + 0.1*x0^2 - 0.9*x0", start, optimizer="gd")
    assert (found.value, found.parameters) == (0, start)
    assert "lower nearby" not in found.reason
    found = descent(f"L = {terms} + 0.1*x0^2 - 1.2*x0", start, optimizer="gd")
    assert found.value == pytest.approx(-0.1, abs=1e-3)  # where gd zigzags


@pytest.mark.parametrize("count", [250, pytest.param(1000, marks=pytest.mark.whole)])
def test_many_corners_at_once_are_not_asked_one_by_one(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 0.5 the first step leads to 0 for all; nobody has looked at all ways down from there."""
    asked: list[object] = []
    monkeypatch.setattr(indeterminate, "by_values", lambda *given: asked.append(given) or [])
    text = f"w[i] = 0.5 for i in 1..{count}; L = sum(sqrt(w[i]^2) for i in 1..{count})"
    found = descent(text, {}, optimizer="gd")
    assert (found.value, found.converged, asked) == (0, False, [])
    assert found.stopped == "corner"


def test_a_maximum_of_many_falls_where_all_fall() -> None:
    text = "w[i] = 0 for i in 1..8; L = max(w[i] for i in 1..8) + sum(w[i]^2 for i in 1..8)"
    found = descent(text, {}, optimizer="lbfgs")
    assert found.value == pytest.approx(-1 / 32, abs=1e-4)  # all at -1/16


def test_a_smooth_function_written_with_roots_is_no_corner() -> None:
    found = descent("L = sqrt(x^4) - x^3", {"x": 0})
    assert (found.stopped, found.reason) == (
        "minimum",
        "converged: a minimum: the gradient is 0",
    )
    # lands on 0 exactly: 1 - 0.5*2*1
    found = descent("L = sqrt(x^4)", {"x": 1}, lr=0.5)
    assert (found.stopped, found.value) == ("minimum", 0)
    assert "corner" not in found.reason


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs"])
def test_a_choice_by_data_alone_is_no_corner(optimizer: str) -> None:
    """The slope by b is 2*(b - 1) + exp(b) + w, with w at its bound 2: 0 at W(1/2)·(-1)."""
    text = "w = 0 in ..2; b = 0; L = if(t == 1, (b - 1)^2 + exp(b) - 5*w + b*w, 0); "
    for data in ("const t = 1", "const s[i] = 1 for i in 1..2; t = max(s[1], s[2])"):
        found = descent(text + data, {}, optimizer=optimizer, until_grad=1e-8)
        assert (found.stopped, found.parameters["w"]) == ("gradient", 2)
        assert found.parameters["b"] == pytest.approx(-0.35173371124919584, abs=1e-7)
        assert "corner" not in found.reason
        assert found.evaluations < 40  # nothing around the end was looked at


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lbfgs", "newton"])
@pytest.mark.parametrize("lr", [None, 0.1])
def test_where_values_show_the_way_down_there_is_no_error(optimizer: str, lr: float | None) -> None:
    """sqrt(a^2 + b^2) - 2*a falls by 1 for every a; up to the bound."""
    lr = None if optimizer in ("lbfgs", "newton") else lr
    bounds = {} if optimizer == "newton" else {"a": (-3.0, 3.0)}
    text = "L = sqrt(a^2+b^2) - 2*a"
    found = descent(text, {"a": 0, "b": 0}, optimizer=optimizer, lr=lr, bounds=bounds, steps=50)
    assert found.value < -2.9
    start = found.start_gradients
    assert -1.4 < start["a"] <= -1 + 1e-9
    assert abs(start["b"]) < 0.7


@pytest.mark.parametrize(
    ("text", "options", "stopped", "value"),
    [
        (
            "sqrt(a^2+b^2) - 2*a",
            {"bounds": {"a": (-1, 0)}},
            "minimum at a corner",
            0,
        ),  # the way is barred
        (
            "sqrt(a^2+b^2) - 2*a",
            {"bounds": {"a": (-inf, 0), "b": (0, 1)}},
            "minimum at a corner",
            0,
        ),
        ("sqrt(a^2+b^2) - 2*a", {"only": ["b"]}, "minimum at a corner", 0),
        (
            "2*a - sqrt(a^2+b^2)",
            {"maximize": True, "bounds": {"a": (0, 3)}},
            "maximum at bounds",
            3,
        ),
        ("-sqrt(a^2+b^2)", {"maximize": True}, "maximum at a corner", 0),
        ("sqrt(a^2+b^2)", {"maximize": True}, "stationary", 0),
        ("-sqrt(a^2+b^2)", {}, "stationary", 0),
        ("sqrt(a^2) - sqrt(b^2)", {}, "falls without end", -inf),
        # along b = 0.9*a the first is 0, and the second falls by 0.57 for each a
        ("sqrt((0.9*a-b)^2) - 0.3*sqrt((a+b)^2)", {}, "falls without end", -inf),
        ("sqrt(sqrt(a^2+b^2))", {}, "minimum at a corner", 0),  # a cusp
        ("sqrt(sqrt(a^2+b^2)) + a", {"lr": 0.1}, "minimum at a corner", 0),
        ("abs(a) - relu(2*a) + 0.5*a^2 + b^2", {}, "minimum", -0.5),  # relu takes 0
    ],
)
def test_corners_of_every_kind(
    text: str, options: dict[str, object], stopped: str, value: float
) -> None:
    found = descent(f"L = {text}", {"a": 0, "b": 0}, **options)
    assert found.stopped == stopped, found.reason
    assert found.value == pytest.approx(value, abs=1e-9) or value < found.value < -1e-3
    kind = "maximum" if options.get("maximize") else "minimum"
    if stopped == f"{kind} at a corner":
        assert f"converged: a {kind} at a corner, by values: L is " in found.reason
    if stopped == "stationary":
        assert f"L {'rises' if options.get('maximize') else 'falls'} towards " in found.reason


def test_a_narrow_way_down_from_a_saddle_is_found() -> None:
    """Three inputs move freely where two squares stay 0: along that line L falls both ways."""
    squares = "(0.3*b - 0.3*a - 0.1*c)^2 + (0.8*b - 1.2*a - 1.6*c)^2"
    text = f"L = sqrt({squares}) - 0.3*sqrt((0.3*a - b + 0.4*c)^2)"
    found = descent(text, {"a": 0, "b": 0, "c": 0}, optimizer="bfgs")
    assert found.stopped == "stationary"
    assert "L falls towards" in found.reason


def test_the_step_by_other_slopes_says_so() -> None:
    found = descent("L = sqrt(a^2) - 2*a + 0*b", {"a": 0, "b": 0}, lr=0.5, steps=1, explain_step=1)
    assert found.parameters["a"] == pytest.approx(0.5)
    assert "g = ∂L/∂x, as the points around this corner share it" in found.explained[1]


@pytest.mark.parametrize("count", [300, pytest.param(1000, marks=pytest.mark.whole)])
def test_many_inputs_take_little_work(count: int) -> None:
    """Many corners at once: few points are looked at, and no more is said."""
    text = f"w[i] = 0 for i in 1..{count}; L = max(w[i] for i in 1..{count}) + 0.1*max(-w[i] for i in 1..{count})"
    found = descent(text, {}, steps=1)
    assert found.evaluations < 10_000
    assert not found.converged


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam", "rprop", "lbfgs", "adagrad"])
@pytest.mark.parametrize(
    "text",
    [
        "L = sqrt(a*b); a = 0 in 0..; b = 0 in 0..",
        "L = sqrt(a)*b; a = 0 in 0..; b = 0 in 0..",
        "L = -sqrt(a*b); a = 0 in 0..1; b = 0 in 0..1",
    ],
)
def test_a_start_without_second_derivatives_gets_a_verdict(text: str, optimizer: str) -> None:
    """sqrt(a*b) is 0 on both axes, and infinitely bent there; with the minus it falls to -1."""
    found = descent(text, {}, optimizer=optimizer)
    assert found.converged or found.stopped in ("stationary", "flat", "corner", "rounding")
    if "-" in text:
        assert found.value == pytest.approx(-1) or not found.converged


@pytest.mark.parametrize(
    "text",
    [
        # along b = a^2 the first is 0, and the rest falls
        "sqrt((b-a^2)^2) - 0.5*a^2",
        "sqrt((b-a^2)^2) - 0.01*a^2",
        "abs(b-a^2) - 0.5*a^2",
        "1e6 + sqrt((b-a^2)^2) - 0.5*a^2",
        # and along b + a = (a - b)^2
        "sqrt((b+a-(a-b)^2)^2) - 0.05*(a-b)^2",
        "-if(a == 0, 0, 1)",  # jumps down from 0
    ],
)
@pytest.mark.parametrize("optimizer", ["gd", "lbfgs"])
def test_a_valley_that_bends_is_no_minimum(text: str, optimizer: str) -> None:
    found = descent(f"L = {text} + 0*b", {"a": 0, "b": 0}, optimizer=optimizer)
    if optimizer == "lbfgs" and "if" not in text:  # it goes on along the crease, without end
        assert (found.value < -1e6, found.converged) == (True, False), found.reason
        return
    assert (found.stopped, found.converged) == ("stationary", False), found.reason
    assert "L falls towards" in found.reason


@pytest.mark.parametrize("slopes", [(1, 1), (1, 4), (3, 1)])
@pytest.mark.parametrize(
    ("size", "lower"), [(1.5, True), (1.001, True), (0.999, False), (0, False)]
)
def test_gradients_of_0_say_nothing_of_moving_together(
    slopes: tuple[float, float], size: float, lower: bool
) -> None:
    """p*a + q*b is at least 2*sqrt(p*q*a*b), and no more than that where p*a = q*b."""
    p, q = slopes
    text = f"L = {p}*a + {q}*b - {2 * size * sqrt(p * q)!r}*sqrt(a*b); a = 0 in 0..; b = 0 in 0.."
    found = descent(text, {})
    if lower:
        assert not found.converged or found.value < 0, found.reason
    else:
        assert found.converged
        assert found.value == 0


@pytest.mark.parametrize("text", ["floor(a)", "sign(a)", "-floor(a)", "if(a < 0, 0, 1)"])
@pytest.mark.parametrize("start", [0.0, 0.5])
def test_on_a_plateau_nothing_converges(text: str, start: float) -> None:
    lower = start == 0 and text != "-floor(a)"  # just below
    assert descent(f"L = {text}", {"a": start}).stopped == ("stationary" if lower else "flat")


@pytest.mark.parametrize(
    "options", [{}, {"lr": 0.3}, {"optimizer": "lbfgs"}, {"optimizer": "adam"}]
)
def test_landing_on_a_plateau_is_no_convergence(options: dict[str, object]) -> None:
    """floor(a) + relu(a) is lower by 1 for every 1 that a is below 0."""
    found = descent("L = floor(a) + relu(a)", {"a": 2.5}, **options)
    assert found.gradients["a"] == 0
    plateau = "this may be a plateau: floor(a) jumps elsewhere" in found.reason
    assert plateau or "L falls towards a - 1" in found.reason


LOWERING = [{}, {"lr": 0.4}, {"optimizer": "lbfgs"}, {"optimizer": "adam", "lr": 1.0}]


@pytest.mark.parametrize("options", LOWERING)
@pytest.mark.parametrize("start", [1.2, 3.0, 40.0])
@pytest.mark.parametrize(
    "text",
    [
        "if(a > 1, a^2, 0.5)",
        "if(a > 1, a^2, 0.5) + (b - 3)^2",
        "(a > 1)*a^2",
        "if(not (a <= 1), a^2, 0.5)",
        "if(relu(a - 1), a^2, 0.5)",
        "if(a > 1 and b > 1, a^2 + b^2, 0.5)",
    ],
)
def test_a_plateau_beyond_a_jump_is_no_minimum(
    text: str, start: float, options: dict[str, object]
) -> None:
    at = {"a": start, "b": 2.0} if "b" in text else {"a": start}
    found = descent(f"L = {text}", at, **options)
    assert found.stopped == "flat", found.reason
    assert "this may be a plateau: L jumps where " in found.reason


@pytest.mark.parametrize("start", [1.2, 3.0])
def test_a_higher_plateau_is_no_minimum_either(start: float) -> None:
    for options in LOWERING:
        assert not descent("L = if(a > 1, a^2, 5)", {"a": start}, **options).converged


@pytest.mark.parametrize("options", LOWERING)
@pytest.mark.parametrize("start", [1.2, 3.0])
@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("if(x > 1, x - 1, 0)", 0.0),
        ("if(x > 1, (x - 1)^2, 0)", 0.0),
        ("relu(x - 1) + 2", 2.0),
        ("max(x - 1, 0)^2", 0.0),
        ("if(abs(x) < 1, x^2/2, abs(x) - 0.5)", 0.0),
        ("if(x > 1, x^2, x^2 - 3)", -3.0),
    ],
)
def test_what_is_continuous_or_curved_at_the_end_converges(
    text: str, least: float, start: float, options: dict[str, object]
) -> None:
    found = descent(f"L = {text}", {"x": start}, **options)
    assert found.converged, found.reason
    assert found.value == pytest.approx(least, abs=1e-12)


def test_a_minimum_between_jumps_is_one() -> None:
    """The first step leads to 1 exactly; there the second derivative is 2."""
    found = descent("L = (a - 1)^2 + floor(a + 0.5)", {"a": 1.25}, lr=0.5)
    assert (found.stopped, found.parameters["a"]) == ("minimum", 1)
    found = descent("L = relu(a)", {"a": 1.5}, lr=1.0)
    assert (found.stopped, found.value) == ("minimum, not unique", 0)


@pytest.mark.parametrize("optimizer", ["bfgs", "cg"])
def test_a_run_along_two_ridges_takes_little_work(optimizer: str) -> None:
    """On them L is -0.01*a, which has no end: as low as any method gets, in a few seconds."""
    from time import process_time

    text = "L = 100*sqrt((b-0.37*a)^2) + 100*sqrt((c+0.71*a)^2) - 0.01*a"
    before = process_time()
    found = descent(text, dict.fromkeys("abc", 0.0), optimizer=optimizer, steps=400)
    assert process_time() - before < 8  # two or three where nobody else computes
    assert found.value < 0
