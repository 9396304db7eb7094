"""Where the chain rule meets 0·∞, or gradients too small for a double: every engine, and descents.

The table of odd points has the gradients themselves; here are the ways that meet many at once.
"""

import random
from collections.abc import Callable
from math import inf, isfinite, isnan, sqrt
from typing import Any

import pytest

import backprop
from backprop.checks import check_gradient
from backprop.engine.engines import Engine, GeneratedPython, StraightCode, TapeCode
from backprop.evaluation.gradient import evaluate, partials, settled
from backprop.evaluation.gradient import gradient as gradient_of
from backprop.graph import Columns, Graph
from backprop.values import forward
from counting import steps
from sizes import size
from truth import mp

ENGINES = [GeneratedPython, StraightCode, TapeCode]
NUMBERS = [0.0, 1.0, -1.0, 4.0, 0.25, 1e-200, 1e200, -1e-200]
UNARY = ["sqrt", "cbrt", "exp", "log", "abs", "neg", "relu", "tanh", "sin"]
BINARY = ["+", "-", "*", "/", "min", "max", "^", "hypot", "<", "=="]


def odd_graph(seed: int, steps: int) -> tuple[Graph, dict[int, float]]:
    """Operations with infinite slopes, choices and zeros, on numbers where these matter."""
    chance = random.Random(seed)
    columns = Columns()
    leaves = [columns.input() for _ in range(4)]
    nodes = [*leaves, columns.number(0.0), columns.number(2.0), columns.number(1e-200)]
    for _ in range(steps):
        kind = chance.random()
        if kind < 0.4:
            nodes.append(columns.step(chance.choice(UNARY), [chance.choice(nodes)]))
        elif kind < 0.8:
            nodes.append(columns.step(chance.choice(BINARY), chance.choices(nodes, k=2)))
        else:
            condition = columns.step("<", chance.choices(nodes, k=2))
            nodes.append(columns.step("if", [condition, *chance.choices(nodes, k=2)]))
    return Graph(columns, [nodes[-1]]), {leaf: chance.choice(NUMBERS) for leaf in leaves}


@pytest.mark.parametrize("engine", ENGINES)
def test_machines_are_right_or_leave_it_to_the_interpreter(
    engine: type[Engine], request: pytest.FixtureRequest
) -> None:
    """What is decided in numbers of 60 digits is what an engine says, if it says anything."""
    told = 0
    for seed in range(1500 if request.config.getoption("--whole") else 20):
        graph, numbers = odd_graph(seed, 12)
        data = graph.columns.start()
        for leaf, number in numbers.items():
            data[leaf] = number
        forward(graph, graph.steps, data)
        if not isfinite(data[graph.output]):
            continue
        gradients = [0.0] * len(data)
        settled(graph, data, gradients)
        found = engine(graph, list(numbers), {}).run(list(numbers.values()))
        if found is None:
            continue
        told += 1
        for leaf, got in zip(numbers, found[1], strict=True):
            right = gradients[leaf]
            assert abs(got - right) <= 1e-9 * abs(right) + 1e-290, (seed, leaf, got, right)
    assert told >= 10


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [3, 400])
def test_a_branch_that_is_not_taken_costs_no_engine_its_answer(
    engine: type[Engine], count: int
) -> None:
    """At t = 0 the root has an infinite slope, but no say."""
    text = f"L = sum(if(t > 0, sqrt(a*t)*t, b*i) for i in 1..{count}); t = 0"
    model = backprop.parse(text)
    graph = model.graph("L")
    leaves = {name: model.names[name] for name in ("a", "b", "t")}
    code = engine(graph, list(leaves.values()), {})
    found = code.run([2.0, 3.0, 0.0])
    assert found is not None
    assert found[0] == 3 * count * (count + 1) / 2
    assert [number + 0.0 for number in found[1]] == [0, count * (count + 1) / 2, 0]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [1, 30, 300])
def test_adjoints_that_become_too_small_are_computed_again(
    engine: type[Engine], count: int, request: pytest.FixtureRequest
) -> None:
    """(k·a)·1e200·1e200·1e-200·1e-200 is k·a, whose derivative is k; on the way back it is 1e-400.
    Straight machine code is chosen up to 1,000 steps, which are 140 of the terms."""
    if engine is StraightCode and not request.config.getoption("--whole"):
        count = min(count, 140)
    term = "i*a*1e200*1e200*1e-200*1e-200"
    model = backprop.parse(f"L = sum({term} for i in 1..{count})")
    found = engine(model.graph("L"), [model.names["a"]], {}).run([1e-300])
    if found is None:  # a tape has the derivatives by the numbers, too: they are 1e-500
        assert engine is TapeCode
    else:
        assert found[1][0] == pytest.approx(count * (count + 1) / 2, rel=1e-12)
    gradient = model.grad({"a": 1e-300}, engine="native" if engine is TapeCode else "python")
    assert gradient.gradients["a"] == pytest.approx(count * (count + 1) / 2, rel=1e-12)
    assert not gradient.warnings


@pytest.mark.parametrize(
    ("text", "start", "cause", "value"),
    [
        # lands exactly on the minimum, where there is no slope
        ("L = sqrt((a-1)^2 + (b-2)^2)", {"a": 1, "b": 0}, "minimum at a corner", 0),
        ("L = sqrt((a-1)^2 + (b-2)^2)", {"a": 1, "b": 2}, "minimum at a corner", 0),
        ("L = sqrt(a^2) + 0.5*a", {"a": 1}, "minimum at a corner", 0),
        # from 0 the derivative by values, -2, leads to 1
        ("L = (cbrt(x^3) - 1)^2", {"x": 0}, "minimum", 0),
        # a top
        ("L = -sqrt(a^2)", {"a": 0}, "stationary", 0),
    ],
)
def test_a_descent_at_a_corner_looks_at_values(
    text: str, start: dict[str, float], cause: str, value: float
) -> None:
    found = backprop.parse(text).descend(start, lr=0.25, steps=200)
    assert found.stopped == cause
    assert found.converged == (cause != "stationary")
    assert found.value == pytest.approx(value, abs=1e-15)


def test_check_looks_closer_where_doubles_show_no_change() -> None:
    """1 - cos(x) is 0 in doubles up to x = 1e-8; its root is |x|/sqrt(2) there."""
    found = check_gradient(backprop.parse("y = sqrt(1 - cos(x)); x = 0"))
    [check] = found.checks
    assert check.verdict == "corner"
    assert (check.left, check.right) == pytest.approx((-sqrt(0.5), sqrt(0.5)), rel=1e-12)
    flat = check_gradient(backprop.parse("y = 1 + x^2; x = 0"))
    assert [each.verdict for each in flat.checks] == ["agrees"]


def test_what_values_cannot_decide_is_nan_with_a_warning() -> None:
    found = backprop.parse("y = sqrt(x^2) + 5*x; x = 0").grad()
    assert isnan(found.gradients["x"])
    [warning] = found.warnings
    assert "4 from the left and 6 from the right" in warning.message


def test_many_undecided_names_take_little_time_and_few_words() -> None:
    """Each of 300 roots of squares at 0 is a corner of the sum."""
    found = backprop.parse("w[i] = 0 for i in 1..300; y = sum(sqrt(w[i]^2) for i in 1..300)").grad()
    assert set(found.gradients.values()) == {0.0, 1.0}
    assert len(found.warnings) <= 5


@pytest.mark.parametrize(
    ("text", "at", "gradient"),
    [
        ("y = if(x < 0, 0, sqrt(x)^2)", 0.0, 1.0),  # the branch that is taken is x
        ("y = if(x < 0, 1, sqrt(x)^2)", 0.0, 1.0),
        ("y = if(x < 0, 1, x*sqrt(x))", 0.0, 0.0),
        ("y = floor(x) + sqrt(abs(x))^2", 0.0, 0.0),  # the corner of abs
    ],
)
def test_a_branch_that_is_taken_is_decided_by_itself(text: str, at: float, gradient: float) -> None:
    assert backprop.parse(text).grad({"x": at}).gradients["x"] == gradient


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize(
    ("text", "values", "name", "gradient", "value"),
    [  # computed with mpmath at 50 digits
        ("y = exp(x)*z", {"x": -800, "z": 1e300}, "x", 3.6678745841776874e-48, "3.667874584e-48"),
        ("y = x^2/z", {"x": 3e-170, "z": 1e-300}, "z", -9e260, "9e-40"),
        ("y = softplus(x)*w", {"x": -744, "w": 1e300}, "x", 7.671944704179479e-24, "7.671944704e-24"),
        ("y = sqrt(x*z)", {"x": 1e-160, "z": 2e-162}, "x", 0.07071067811865475, "1.414213562e-161"),
    ],
)  # fmt: skip
def test_values_that_lose_digits_are_told_and_gradients_keep_theirs(
    engine: str, text: str, values: dict[str, float], name: str, gradient: float, value: str
) -> None:
    found = gradient_of(backprop.parse(text), values, engine=engine)
    assert found.gradients[name] == pytest.approx(gradient, rel=1e-12, abs=0)
    [warning] = found.warnings
    assert f"y would be {value}" in warning.message


def test_a_slope_lost_below_a_large_one_is_found() -> None:
    """sigmoid(log2(1e-8*x)) at 1e-300: the sigmoid is 1e-444, the slope of log2 1.4e308."""
    found = backprop.parse("y = sigmoid(log2(1e-8*x)); x = 1e-300").grad()
    assert found.gradients["x"] == pytest.approx(6.443204939e-145, rel=1e-9)


@pytest.mark.parametrize(
    "text", ["y = sqrt(-x)", "y = sqrt(0 - x)", "y = sqrt(x)", "y = sqrt(a*x)"]
)
def test_the_slope_of_a_root_at_its_end_has_the_sign_of_the_side_that_exists(text: str) -> None:
    at = {"x": -0.0 if "sqrt(x)" in text else 0.0} | ({"a": -1.0} if "a" in text else {})
    right = inf if "sqrt(x)" in text else -inf
    parsed = backprop.parse(text)
    assert parsed.grad(at).gradients["x"] == right
    for engine in ("python", "native"):
        program = backprop.compile(parsed, engine=engine)
        gradient = program([at[name] for name in program.inputs])[1]
        assert gradient[program.inputs.index("x")] == right


def test_more_than_can_be_looked_at_is_nan_and_counted() -> None:
    """What grows with the root of a product of 900 factors has a corner by each."""
    text = "L = sqrt(prod(1 + w[i]^2 for i in 1..900) - 1); w[i] = 0 for i in 1..900"
    found = backprop.parse(text).grad()
    left = sum(isnan(each) for each in found.gradients.values())
    assert 0 < left < 900
    assert set(found.gradients.values()) >= {0.0, 1.0}
    assert f"{left} are nan" in found.warnings[-1].message


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize(
    ("text", "values", "name", "gradient"),
    [  # by hand: log(1/(1 + exp(x))) is -x for large x, and so on
        ("y = -log(1/(1 + exp(-x)))", {"x": -400}, "x", -1.0),
        ("y = -log(exp(x)/(exp(x) + exp(z)))", {"x": -340, "z": 340}, "z", 1.0),
        ("y = sqrt(0.5/a)", {"a": 1e200}, "a", -(0.5**1.5) * 1e-300),
        ("y = log(1/x)", {"x": 1e200}, "x", -1e-200),
        ("y = log(x^-2)", {"x": 1e150}, "x", -2e-150),
        ("y = (x/(x*x*1e200))^1.5", {"x": 1.0}, "x", -1.5e-300),
        ("y = atan(1e200*x)", {"x": 1.0}, "x", 1e-200),
        ("y = atan2(0.1, a*1e200)", {"a": 1e-20}, "a", -1e-161),
        ("y = 1/(x/1e200)", {"x": 2.0}, "x", -2.5e199),
        ("y = sqrt(1/x)", {"x": 1e-200}, "x", -5e299),
        ("y = log(1/x)", {"x": 1e-200}, "x", -1e200),
        ("y = (cosh(x)^-1)*cosh(x)", {"x": 400.0}, "x", 0.0),
    ],
)
def test_slopes_that_no_double_can_hold_do_not_spoil_gradients(
    engine: str, text: str, values: dict[str, float], name: str, gradient: float
) -> None:
    parsed = backprop.parse(text)
    found = gradient_of(parsed, values, engine=engine)
    assert found.gradients[name] == pytest.approx(gradient, rel=1e-9, abs=0)
    assert not found.warnings
    program = backprop.compile(parsed, engine=engine)
    slopes = program([values[each] for each in program.inputs])[1]
    assert slopes[program.inputs.index(name)] == pytest.approx(gradient, rel=1e-9, abs=0)


def test_slopes_that_no_double_can_hold_on_a_tape() -> None:
    text = "p[i] = 1/(1 + exp(-x[i])) for i in 1..300; L = -sum(log(p[i]) for i in 1..300)"
    program = backprop.compile(backprop.parse(text), of="L", engine="native")
    assert set(program([-400.0] * 300)[1]) == {-1.0}


@pytest.mark.parametrize(
    ("text", "at"),
    [  # all are 0 on both sides of the point, by algebra
        ("y = acos(x/x)", {"x": 3}),
        ("y = acosh(x/x)", {"x": 7}),
        ("y = asin(x/x)", {"x": -2}),
        ("y = acos(x/sqrt(x^2))", {"x": 3}),
        ("y = sqrt(1 - x/x)", {"x": 3}),
        ("y = sqrt(abs(x)/x - 1)", {"x": 3}),
        ("y = sqrt(log(x/x))", {"x": 7}),
        ("y = sqrt(exp(log(x)) - x)", {"x": 2}),
        ("y = sqrt(sin(x)^2 + cos(x)^2 - 1)", {"x": 0}),
        ("c = a*b/(sqrt(a^2)*sqrt(b^2)); y = acos(c)", {"a": 3, "b": 7}),
    ],
)
def test_the_last_digits_lead_nowhere(text: str, at: dict[str, float]) -> None:
    found = backprop.parse(text).grad(at)
    assert [found.gradients[name] for name in at] == [0.0] * len(at)
    assert found.warnings


@pytest.mark.parametrize(
    ("text", "slope"),
    [  # d/dx of acos(1 - c*x^2) is sqrt(2c) on the right, of sqrt(c*x^2) sqrt(c)
        ("y = acos(1 - 1e-6*x^2)", "0.001414213562 from the right"),
        ("y = sqrt(1 - (1 - 1e-6*x^2))", "0.001 from the right"),
    ],
)
def test_small_differences_are_no_rounding(text: str, slope: str) -> None:
    (warning,) = backprop.parse(text).grad({"x": 0}).warnings
    assert slope in str(warning)


@pytest.mark.parametrize("huge", ["exp(-X^2)", "sin(X)", "floor(X)", "2^X", "gamma(X)", "tanh(X)"])
def test_what_no_number_of_digits_can_hold_takes_no_time(huge: str) -> None:
    """A branch not taken, with a number of 10^200 digits in it, beside what needs many digits."""
    text = f"u = if(a < 0, a, {huge.replace('X', 'exp(1e200)')}); y = exp(a)*(-a)^acos(u)"
    found = backprop.parse(text).grad({"a": -1e-300}, of="y")
    a = mp.mpf(-1e-300)
    value = mp.exp(a) * (-a) ** mp.acos(a)
    right = value * (1 - mp.log(-a) / mp.sqrt(1 - a * a) + mp.acos(a) / a)
    assert found.gradients["a"] == pytest.approx(float(right), rel=1e-9)


@pytest.mark.parametrize(
    "rest",
    [
        "z = y + floor(2.5)",
        "z = y + mod(5, 3) + hypot(3, 4)",
        "c = 2.5; z = y + clamp(c, 2, 3) + round(c)",
        "a = max(x, 0); z = y + if(a > 0, 1, a == x)*(x and a)",
    ],
)
def test_one_equation_is_settled_beside_others_with_borders(rest: str) -> None:
    """sqrt(x)^2 is x where x >= 0, so that its derivative at 0 is 1, whatever the others say."""
    model = backprop.parse(f"x = 0; y = sqrt(x)^2; {rest}")
    numbers = evaluate(model, {}, "z").numbers
    x, y = model.names["x"], model.names["y"]
    assert partials(model.graph("z"), y, numbers.data) == {x: 1.0}


MANY = size(500, 1000)


@pytest.mark.parametrize(
    ("text", "at", "name", "right"),
    [
        # by hand, from the right, where the roots have values: x·(1 + 2 + … + 1000)
        ("y = sum(sqrt(x*i)^2 for i in 1..1000)", 0.0, "x", 500500.0),
        pytest.param(
            "y = sum(sqrt(x*i)^2 for i in 1..10000)", 0.0, "x", 50005000.0, marks=pytest.mark.whole
        ),
        ("y = sum(sqrt(x[i])^2 for i in 1..600)", 0.0, "x[599]", 1.0),
        pytest.param(
            "y = sum(sqrt(x[i])^2 for i in 1..3000)", 0.0, "x[2999]", 1.0, marks=pytest.mark.whole
        ),
        (f"y = mean(sqrt(x[i])^2 for i in 1..{MANY})/2 - 3*x[7]", 0.0, "x[8]", 0.5 / MANY),
        (f"y = mean(sqrt(x[i])^2 for i in 1..{MANY})/2 - 3*x[7]", 0.0, "x[7]", 0.5 / MANY - 3),
        # |x[i+1] - x[i]|: corners, with 0 between the slopes
        (f"y = sum(sqrt((x[i+1] - x[i])^2) for i in 1..{MANY})", 0.0, f"x[{MANY // 2}]", 0.0),
        # factors that are 0, whose slopes are not
        (f"y = sum(cbrt(x[i]^3)*a[i] for i in 1..{2 * MANY})", 1.0, "x[1]", 1.0),
    ],
)
@pytest.mark.one_in(2)
def test_sums_of_many_terms_cost_as_much_as_their_terms(
    text: str, at: float, name: str, right: float
) -> None:
    model = backprop.parse(text)
    found = model.grad(dict.fromkeys(model.inputs, at))
    assert found.gradients[name] == pytest.approx(right, rel=1e-12, abs=0.0)
    assert not any(map(isnan, found.gradients.values()))


ROOTS = "sum(sqrt(x[i])^2 for i in 1..400)"
"""The sum of x, where there is one: at 0 and above."""


@pytest.mark.parametrize(
    ("text", "function"),
    [  # what the text is of x[3], where the others are 0
        (f"y = ({ROOTS})^2", lambda x: x**2),
        (f"y = ({ROOTS} + 1)^2", lambda x: (x + 1) ** 2),
        (f"y = exp(-{ROOTS}/7)", lambda x: mp.exp(-x / 7)),
        ("y = log(3 + mean(i*sqrt(x[i])^2 for i in 1..400))", lambda x: mp.log(3 + x * 3 / 400)),
        (f"y = sqrt(4 + {ROOTS})*a + a^2; a = 1.5", lambda x: mp.sqrt(4 + x) * 1.5),
        (f"y = {ROOTS}/(1 + sum(i*x[i] for i in 1..400))", lambda x: x / (1 + 3 * x)),
        (f"s = {ROOTS}; y = (s - 2)^3 + s", lambda x: (x - 2) ** 3 + x),
        ("h[j] = sin(1 + sum(j*sqrt(x[i])^2 for i in 1..100)) for j in 1..2; y = h[1]*h[2]", lambda x: mp.sin(1 + x) * mp.sin(1 + 2 * x)),
    ],
)  # fmt: skip
@pytest.mark.one_in(2)
def test_sums_of_many_terms_inside_of_others(text: str, function: Callable[[Any], Any]) -> None:
    model = backprop.parse(text)
    found = model.grad({name: 0.0 for name in model.inputs if name not in model.defaults})
    right = float(mp.diff(function, 0, direction=1))
    assert found.gradients["x[3]"] == pytest.approx(right, rel=1e-12, abs=1e-15)
    assert not any(map(isnan, found.gradients.values()))


def test_a_root_of_many_squares_has_a_corner_by_each() -> None:
    """By each of w, where the others are 0, it is |w|."""
    found = backprop.parse("L = sqrt(sum(w[i]^2 for i in 1..900)); w[i] = 0 for i in 1..900").grad()
    assert {found.gradients[f"w[{i}]"] for i in range(1, 901)} == {0.0}


@pytest.mark.parametrize(
    ("untaken", "a"),
    [("mod(a, sigmoid(a))", -1e10), ("mod(sigmoid(a), -1)", -1e16), ("1e16^exp(a)", 1e4)],
)
def test_a_branch_that_mpmath_would_take_for_ever_with_holds_nothing_up(
    untaken: str, a: float
) -> None:
    """y is b*exp(-800*c) + 1 there: the exponential makes the looks that take many digits."""
    text = f"y = b*exp(-800*c) + if(c > 0, 1, {untaken})"
    model = backprop.parse(text)
    found = model.grad({"a": a, "b": 2, "c": 1})
    assert steps(lambda: model.grad({"a": a, "b": 2, "c": 1})) < 500_000
    assert found.value == 1
    assert found.gradients["a"] == 0


def test_remainders_of_what_is_far_smaller_are_right() -> None:
    """sigmoid(-1e10) is exp(-1e10), which no double holds: mod(-u, 3) is 3 - u."""
    found = backprop.parse("y = b + c*mod(-sigmoid(a), 3)").grad({"a": -1e10, "b": 2, "c": 2})
    assert found.gradients["c"] == 3
    assert any("y would be 8" in each.message for each in found.warnings)


@pytest.mark.parametrize(
    ("text", "x", "right"),
    [  # the slopes are -7.4e498 and 1.9e499: d/dx of (xy)^(-2/3)/9, and of -1/(8 x sqrt(xy))
        ("derivative(derivative(cbrt(x*y), x), y)", 1e-300, -inf),
        ("derivative(derivative(derivative(sqrt(x*y), x), x), y)", 1e-200, inf),
    ],
)
def test_what_values_say_beyond_doubles_is_infinite(text: str, x: float, right: float) -> None:
    found = backprop.parse(f"L = {text}").grad(x=x, y=1)
    assert found.gradients["x"] == right
