"""Values, forward, backward: graphs against differences and closed forms."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backprop
from backprop import Value, errors
from backprop.graph import in_order
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.syntax import functions
from truth import TRUTH, mp


def classic() -> dict[str, Value]:
    a, b, c, f = Value(2, "a"), Value(-3, "b"), Value(10, label="c"), Value(-2, "f")
    e = a * b
    d = e + c
    return {"a": a, "b": b, "c": c, "d": d, "e": e, "f": f, "L": d * f}


def test_the_notebook() -> None:
    values = classic()
    assert values["L"].data == -8
    values["L"].backward()
    grads = {name: value.grad for name, value in values.items()}
    assert grads == {"a": 6, "b": -4, "c": -2, "d": -2, "e": -2, "f": 4, "L": 1}


def test_one_descent_step_of_the_notebook() -> None:
    values = classic()
    values["L"].backward()
    for name in "abcf":
        values[name].data -= 0.001 * values[name].grad
    assert values["L"].forward().data == pytest.approx(-8.072063904, rel=1e-14)
    assert round(values["e"].data, 4) == -5.9740
    assert round(values["d"].data, 4) == 4.0280


def test_repr_reads_as_in_every_tutorial() -> None:
    values = classic()
    values["L"].label = "L"
    values["L"].backward()
    assert repr(values["L"]) == "Value(label=L, data=-8.0, grad=1.0)"
    assert repr(Value(1.5)) == "Value(data=1.5, grad=0.0)"


def test_backward_twice_gives_the_same() -> None:
    values = classic()
    values["L"].backward()
    values["L"].backward()
    assert values["a"].grad == 6


def test_a_repeated_operand_counts_twice() -> None:
    a = Value(3, "a")
    square = a * a
    assert square.prev == (a, a)
    square.backward()
    assert a.grad == 6


def test_uses_add_up_through_a_diamond() -> None:
    a = Value(2.0)
    b = a + a
    c = b + b * a
    c.backward()
    assert a.grad == 2 + 2 * 2 * a.data


def test_operators_and_functions() -> None:
    x, y = Value(0.5), Value(2.0)
    result = (1 - x) / y**2 + 3 * -x + 2**x - x / 4 + abs(x) + (+y) - 1.5 + 6 / y
    expected = 0.5 / 4 - 1.5 + math.sqrt(2) - 0.125 + 0.5 + 2 - 1.5 + 3
    assert result.data == pytest.approx(expected)
    assert x.tanh().data == backprop.tanh(x).data == math.tanh(0.5)
    assert x.pow(2).data == 0.25
    assert backprop.max(x, y, 3).data == 3
    assert backprop.if_(x < y, x, y).data == 0.5
    assert x.leaky_relu().op == "leaky_relu"
    assert math.floor(y).data == 2
    assert round(Value(2.5)).data == 2
    assert min(x, y) is x
    assert sorted([y, x]) == [x, y]
    for wrong in (lambda: math.exp(y), lambda: y + "2", lambda: Value("2"), lambda: float(y)):
        with pytest.raises(TypeError):  # never a plain number that has silently left the graph
            wrong()  # type: ignore[no-untyped-call]


def test_a_function_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="no function 'sen'"):
        Value(1).sen()
    with pytest.raises(AttributeError):
        backprop.sen(Value(1))
    with pytest.raises(TypeError, match=r"pow\(\) of a Value .* no modulus"):
        pow(Value(2), 2, 3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"round\(\) of a Value .* no digits"):
        round(Value(2.5), 2)
    assert (pow(Value(3), 2).data, round(Value(2.75)).data) == (9, 3)
    with pytest.raises(TypeError, match="tanh takes 1"):
        backprop.tanh(Value(1), 2)


def test_in_order_is_each_once_and_operands_first() -> None:
    values = classic()
    order = in_order([values["L"]], attrgetter("prev"))
    assert [order.index(values[name]) for name in "abecdfL"] == list(range(7))


def test_a_chain_of_a_hundred_thousand_values() -> None:
    x = Value(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert x.grad == 100_001


# ------------------------------------------------------------------ branches and corners


@pytest.mark.parametrize(
    ("text", "x", "value", "gradient"),
    [
        ("if(x > 0, sqrt(x), 0)", -1.0, 0, 0),
        ("if(x > 0, log(x), x)", 0.0, 0, 1),
        ("if(x > 0, x, exp(-1000*x))", 2.0, 2, 1),
        ("if(x > 0 and log(x) > 1, 1, x^2)", -3.0, 9, -6),
        ("if(x <= 0 or log(x) > 1, x^2, 1)", -3.0, 9, -6),
        ("if(x > 0, 1/x, 1/(1 - x))", 0.0, 1, 1),
        ("0*sqrt(x) + x", 0.0, 0, 1),
        ("min(x, 2*x)", 0.0, 0, 1),
        ("max(2*x, x)", 0.0, 0, 2),
        ("abs(x)", 0.0, 0, 0),
        ("relu(x)", 0.0, 0, 0),
        ("(x > 1)*3 + x", 2.0, 5, 1),
        ("x^2", 0.0, 0, 0),
        ("x^1", 0.0, 0, 1),
        ("x^0", 0.0, 1, 0),
        ("x^2", -3.0, 9, -6),
        ("x^-1", -2.0, -0.5, -0.25),
        ("x^0.5", 0.0, 0, math.inf),
        ("sqrt(x)^2", 0.0, 0, 1),
    ],
)
def test_only_what_has_a_say_has_a_gradient(
    text: str, x: float, value: float, gradient: float
) -> None:
    found = backprop.parse(f"y = {text}").grad({"x": x})
    assert (found.value, found.gradients["x"]) == (value, gradient)


def test_a_named_value_that_has_no_say_shows_nan_and_warns() -> None:
    found = backprop.parse("s = sqrt(x); y = if(x > 0, s, 0)").grad({"x": -1})
    assert math.isnan(found.data["s"])
    assert found.gradients == {"s": 0, "x": 0, "y": 0 + 1}
    assert "sqrt(x) has no value" in str(found.warnings[0])


def test_an_infinite_gradient_is_shown_with_a_warning_at_its_step() -> None:
    found = backprop.parse("s = 2*sqrt(x); y = s + x").grad({"x": 0})
    assert found.gradients["x"] == math.inf
    assert found.warnings[0].labels[0].span.text == "sqrt(x)"


@pytest.mark.parametrize(
    ("text", "step", "cause"),
    [
        ("y = 1 + log(x - 2)", "log(x - 2)", errors.OutsideDomain),
        ("y = 1/(x - x)", "1/(x - x)", errors.OutsideDomain),
        ("y = exp(1000*x)", "exp(1000*x)", errors.NotFinite),
        ("y = (x - 2)^0.5", "(x - 2)^0.5", errors.OutsideDomain),
        ("y = gamma(x - 2)", "gamma(x - 2)", errors.OutsideDomain),
        ("f(t) = log(t - 9); y = f(x)", "log(t - 9)", errors.OutsideDomain),
        ("y = asin(x + 5)", "asin(x + 5)", errors.OutsideDomain),
        ("y = 10^400", "10^400", errors.NotFinite),
        ("y = x + inf", "x + inf", errors.NotFinite),
    ],
)
def test_a_step_without_a_finite_value_is_named(
    text: str, step: str, cause: type[errors.BackpropError]
) -> None:
    with pytest.raises(cause) as caught:
        backprop.parse(text).grad({"x": 1} if "x" in text else {})
    assert caught.value.labels[0].span.text == step


def test_equations_that_the_output_does_not_need_may_fail() -> None:
    found = backprop.parse("y = x^2; z = log(-x)").grad({"x": 1}, of="y")
    assert found.gradients == {"x": 2, "y": 1}
    assert math.isnan(found.data["z"])


def test_inputs_that_the_output_does_not_need_may_be_missing() -> None:
    found = backprop.parse("y = x^2; z = y*w").grad({"x": 1}, of="y")
    assert found.data == {"x": 1, "y": 1}


def test_the_graph_of_an_output_is_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = backprop.parse("a = x*y; L = a + x")
    model.grad({"x": 2, "y": 3})
    monkeypatch.delattr("backprop.graph.in_order")
    again = model.grad({"x": 5, "y": 6})
    assert again.data == {"x": 5.0, "y": 6.0, "a": 30.0, "L": 35.0}
    assert again.gradients == {"x": 7.0, "y": 5.0, "a": 1.0, "L": 1.0}


def test_a_model_forgets_the_values_of_the_last_call() -> None:
    model = backprop.parse("a = 1; y = a*x")
    assert model.grad({"a": 5, "x": 2}).value == 10
    assert model.grad({"x": 2}).value == 2
    with pytest.raises(errors.MissingInputs, match="x has no value"):
        model.grad({"a": 1})


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"q": 1}, errors.UnknownName),
        ({"y": 1}, errors.NotAnInput),
        ({"x": "2"}, errors.NotANumber),
        ({"x": math.nan}, errors.NotANumber),
        ({"x": True}, errors.NotANumber),
        ({"x": 10**400}, errors.NotANumber),
    ],
)
def test_values_that_cannot_be_set(values: dict[str, Any], cause: type[Exception]) -> None:
    with pytest.raises(cause):
        backprop.parse("y = x*x").grad(values)


# --------------------------------------------------- random expressions against mpmath

NAMES = ("a", "b", "c")
_UNARY = [
    name for name, row in FUNCTIONS.items()
    if row.arity == 1 and row.name == name and name not in ("floor", "ceil", "round", "sign", "gamma", "lgamma", "digamma")
]  # fmt: skip
_INFIX = ("+", "-", "*", "/", "^")
Tree = Any


def _trees() -> st.SearchStrategy[Tree]:
    leaves = st.sampled_from(NAMES) | st.integers(1, 9).map(lambda k: k / 4)
    return st.recursive(
        leaves,
        lambda inner: (
            st.tuples(st.sampled_from(_UNARY), inner)
            | st.tuples(st.sampled_from((*_INFIX, "min", "max", "hypot", "atan2")), inner, inner)
            | st.tuples(st.just("neg"), inner)
            | st.tuples(
                st.just("if"), st.tuples(st.sampled_from(("<", ">=")), inner, inner), inner, inner
            )
        ),
        max_leaves=8,
    )


def _text(tree: Tree) -> str:
    if not isinstance(tree, tuple):
        return str(tree)
    name, *parts = tree
    texts = [_text(part) for part in parts]
    if name == "neg":
        return f"(-{texts[0]})"
    if name in (*_INFIX, "<", ">="):
        return f"({texts[0]} {name} {texts[1]})"
    return f"{name}({', '.join(texts)})"


def _truth(tree: Tree, at: dict[str, Any]) -> Any:
    if isinstance(tree, str):
        return at[tree]
    if not isinstance(tree, tuple):
        return mp.mpf(tree)
    name, *parts = tree
    if name == "if":
        return _truth(parts[1 if _truth(parts[0], at) else 2], at)
    value = (TRUTH.get(name) or getattr(mp, name))(*(_truth(part, at) for part in parts))
    if isinstance(value, mp.mpc) or not mp.isfinite(value):
        raise ValueError(name)
    return value


def _true_gradient(tree: Tree, at: dict[str, float], name: str) -> list[Any]:
    """Difference quotients with steps of two sizes; where they disagree there is a corner."""
    quotients = []
    for bits in (40, 60, 200):
        step = mp.ldexp(1, -bits)
        sides = [
            _truth(tree, {k: mp.mpf(v) + side * step * (k == name) for k, v in at.items()})
            for side in (-1, 0, 1)
        ]
        quotients += [(sides[2] - sides[1]) / step, (sides[1] - sides[0]) / step]
    return [*quotients, (sides[2] - sides[0]) / (2 * step)]


@settings(deadline=None)
@given(_trees(), st.tuples(*[st.integers(-24, 24).map(lambda k: k / 8 + 0.01)] * 3))
def test_random_expressions_against_mpmath(tree: Tree, point: tuple[float, float, float]) -> None:
    at = dict(zip(NAMES, point, strict=True))
    text = _text(tree)
    model = backprop.parse(f"y = 0*(a + b + c) + {text}")
    with mp.workprec(700):
        try:
            value = _truth(tree, at={k: mp.mpf(v) for k, v in at.items()})
            gradients = {name: _true_gradient(tree, at, name) for name in NAMES}
        except (ValueError, ZeroDivisionError, OverflowError):
            return  # no value here or nearby: other tests are about that
        if abs(value) > 1e12:
            return
        try:
            found = model.grad(at)
        except errors.NotFinite:
            # A step on the way may leave the range of doubles, or be a pole by rounding.
            return
        assert abs(found.value - value) <= 1e-7 * max(1, abs(value)), text
        for name, quotients in gradients.items():
            spread = max(quotients) - min(quotients)
            true = quotients[-1]
            if spread > 1e-3 * max(1, abs(true)) or abs(true) > 1e9:
                continue  # a corner, or too steep for doubles to place
            if not math.isfinite(found.gradients[name]):
                # An infinite slope on the way, as in asin(a/a): shown as it is, and said.
                assert found.warnings, text
                continue
            assert abs(found.gradients[name] - true) <= 1e-6 * max(1, abs(true)), (
                f"{text} by {name}"
            )


def test_every_operation_has_slopes_that_compile() -> None:
    for name, row in OPERATIONS.items():
        assert len(functions.slopes(name)) == row.arity


def test_an_error_in_python_is_what_the_command_line_prints() -> None:
    with pytest.raises(errors.BackpropError) as caught:
        backprop.parse("y = sen(x)\nz = 2x")
    assert str(caught.value).splitlines() == [
        "<text>:1:5: there is no function 'sen'",
        "  1 | y = sen(x)",
        "    |     ^^^^^^",
        "   = write sin(x)",
        "",
        "<text>:2:5: a product needs its '*'",
        "  2 | z = 2x",
        "    |     ^^",
        "   = write z = 2*x",
    ]
