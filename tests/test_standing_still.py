"""Descents on which a slope is infinite times 0, because what it leads to stands still there."""

from typing import Any

import numpy
import pytest
from scipy.optimize import minimize

import backprop
from backprop.evaluation import indeterminate
from backprop.evaluation.standing_still import without_standing
from backprop.values import forward


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number for each point at which gradients are computed with many digits."""
    found, settle = list[int](), indeterminate.settle

    def counted(*given: Any) -> Any:
        found.append(1)
        return settle(*given)

    monkeypatch.setattr(indeterminate, "settle", counted)
    return found


def test_a_clamp_within_an_arcsine_takes_no_digits(asked: list[int]) -> None:
    """A minute for 32 steps: at each point 40 slopes were computed with 700 digits. At most those of the ends do."""
    text = "f = sum((asin(clamp(a*k/10 + b, -1, 1)) - 0.3*k)^2 for k in 1..40)"
    found = backprop.parse(text).descend({"a": 0.3, "b": 0.2})
    k = numpy.arange(1, 41)

    def value(at: Any) -> float:
        return float(
            ((numpy.arcsin(numpy.clip(at[0] * k / 10 + at[1], -1, 1)) - 0.3 * k) ** 2).sum()
        )

    end = [found.parameters["a"], found.parameters["b"]]
    judge = minimize(value, end, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    assert found.stopped == "minimum", found.reason
    assert judge.fun > found.value - 1e-6
    assert len(asked) < 10


@pytest.mark.parametrize(
    ("text", "x", "y", "slopes"),
    [
        ("asin(clamp(x, -1, 1)) + x*y", 2.0, 3.0, [3.0, 2.0]),
        ("sqrt(relu(x)) + y^2", -1.0, 3.0, [0.0, 6.0]),
        ("sqrt(max(x, 1) - 1) + acosh(max(y, 1)) + x*y", 0.5, -1.0, [-1.0, 0.5]),
        ("log(min(x, 0) + y)*sqrt(relu(x - 3))", 1.0, 2.0, [0.0, 0.0]),
    ],
)
def test_the_slopes_beside_it_are_those_of_what_moves(
    text: str, x: float, y: float, slopes: list[float], asked: list[int]
) -> None:
    """As `grad` has them, which takes many digits."""
    model = backprop.parse(f"f = {text}")
    found = model.grad({"x": x, "y": y})
    assert [found.gradients["x"], found.gradients["y"]] == slopes
    asked.clear()
    descent = model.descend({"x": x, "y": y}, optimizer="gd", lr=0.125, steps=1)
    assert [descent.parameters["x"], descent.parameters["y"]] == [
        at - 0.125 * slope for at, slope in zip((x, y), slopes, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("asin(clamp(x, -1, 1))", 1.0),  # at the border itself
        ("sqrt(abs(x))", 0.0),
        ("sqrt(x^2)", 0.0),  # nothing stands still there
        ("asin(max(x, y))", 1.0),  # the other operand moves
        ("sqrt(x)", 0.0),
    ],
)
def test_what_moves_or_is_on_a_border_is_no_such_step(text: str, x: float) -> None:
    model = backprop.parse(f"f = {text} + y")
    graph = model.graph("f")
    leaves = [model.names["x"], model.names["y"]]
    data = graph.columns.start()
    for leaf, number in zip(leaves, (x, -3.0), strict=True):
        data[leaf] = number
    forward(graph, graph.steps, data)
    assert without_standing(graph, data, leaves) is None
