"""`Model.derivative`: a Model like any other, whose output is what `grad` and Taylor coefficients say."""

from __future__ import annotations

import pickle

import numpy
import pytest

import backprop
from backprop import gallery
from backprop.errors import BackpropError
from odd_models import random_model

TEXT = "e = a*b; L = e^3 + sin(a) + exp(-b^2); a = 0.7; b = -0.4"


@pytest.mark.parametrize("name", [each.name for each in gallery.examples()])
def test_of_the_gallery_it_is_the_gradient(name: str) -> None:
    model = backprop.parse(next(each.text for each in gallery.examples() if each.name == name))
    found = model.grad(of=model.goal.name if model.goal else model.outputs[-1])
    few = 1 if len(model.columns) > 2000 else 6
    for by in [each for each in model.inputs if each in found.gradients][:few]:
        slope = model.derivative(found.output, by).grad()
        assert slope.value == pytest.approx(found.gradients[by], rel=1e-12, abs=1e-14)


def test_of_random_models_it_is_what_the_graph_has() -> None:
    compared = 0
    for seed in range(120):
        made = random_model(seed)
        model = backprop.parse(made.text)
        by = next(iter(made.values), "")
        if not by:
            continue
        point = {each: 0.5 + 0.25 * at for at, each in enumerate(model.inputs)}
        try:
            found, slope = model.grad(point), model.derivative("y", by).grad(point)
        except BackpropError:
            continue
        if not (found.warnings or found.notes or slope.warnings or slope.notes):
            compared += 1
            assert slope.value == pytest.approx(found.gradients[by], rel=1e-9, abs=1e-12)
    assert compared > 40


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_higher_orders_are_taylor_coefficients(order: int) -> None:
    model = backprop.parse(TEXT)
    for by in ("a", "b", "e"):
        slope = model.derivative("L", by, order)
        if by == "e":
            right = {1: 3 * 0.28**2, 2: -6 * 0.28, 3: 6.0}.get(order, 0.0)
        else:
            right = model.along({by: 1}, of="L", order=order).derivatives[0, -1]
        assert slope.grad().value == pytest.approx(right, rel=1e-12, abs=1e-14)


def test_it_is_a_model_like_any_other() -> None:
    model = backprop.parse(TEXT)
    slope = model.derivative("L", "a")
    assert (slope.output(), slope.text_of("dL_da")) == ("dL_da", "derivative(L, a)")
    assert slope.inputs == model.inputs
    value, gradient = backprop.compile(slope)([0.7, -0.4])
    assert value == pytest.approx(model.grad(of="L").gradients["a"])
    second = model.hessian(of="L").matrix
    assert gradient == pytest.approx(second[0])
    assert slope.derivative(wrt="b").grad().value == pytest.approx(second[0, 1])
    assert slope.jacobian().jacobian == pytest.approx(numpy.array([second[0]]))
    assert slope.check().right
    assert "dL_da" in str(slope.explain())
    assert "dL_da" in slope.draw().source
    assert pickle.loads(pickle.dumps(backprop.compile(slope)))([0.7, -0.4])[0] == value
    assert model.output() == "L"  # which is as it was


def test_names() -> None:
    model = backprop.parse(
        "h[i] = w[i]*x' for i in 1..3; d2h_2_dx2 = 1; w[i] = i for i in 1..3; x' = 2; dk = h[1]"
    )
    assert model.derivative("h[2]", "x'").output() == "dh_2_dx"
    assert model.derivative("h[2]", "x'", 2).output() == "d2h_2_dx2_"
    assert model.derivative("h[2]", "w[2]").grad().value == 2


def test_a_goal_gives_way() -> None:
    model = backprop.parse(TEXT + "; M = a*L; minimize M")
    assert model.derivative(wrt="b").output() == "dM_db"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("L", "q"), "there is no 'q'"),
        (("K", "a"), "there is no 'K'"),
        (("L", "a", 0), "a whole number from 1 to 10, not 0"),
        (("L", "a", 11), "a whole number from 1 to 10, not 11"),
        (("L", "a", "two"), "a whole number from 1 to 10, not 'two'"),
        (("L", "a", True), "not True"),
        (("L",), "a derivative is by a name, and none is given"),
    ],
)
def test_what_cannot_be(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(BackpropError, match=message):
        backprop.parse(TEXT).derivative(*arguments)  # type: ignore[arg-type]


def test_by_a_name_that_the_derivative_went_through() -> None:
    """g = 3*y^2*2*x; by the value of y the slope of y, 2*x, stays: L_y = g + y*6*y*2*x."""
    found = backprop.parse("x = 3; y = x^2; V = y^3; g = derivative(V, x); L = g*y").grad()
    assert found.data["g"] == 3 * 81 * 6
    assert found.gradients["y"] == 3 * 81 * 6 + 9 * 6 * 9 * 6
    assert found.gradients["x"] == 42 * 3**6  # of 6*x^7


def test_it_has_the_sizes_and_the_rows_of_the_model() -> None:
    """Of k*(1 + … + 5) the slope is 15; of (2 - w)^2 + (5 - 2*w)^2 at w = 2 it is -4, and the second one 10."""
    sized = backprop.parse("n = 3; V = sum(k*i for i in 1..n); k = 1", sizes={"n": 5})
    assert sized.derivative("V", "k").grad().value == 15
    rows = {"x": [1.0, 2.0], "y": [2.0, 5.0]}
    slope = backprop.parse("w = 2; L = sum((y - w*x)^2)", data=rows).derivative("L", "w")
    assert slope.grad().value == -4
    assert slope.grad().gradients["w"] == 10
    assert slope.hessian().matrix == [[0.0]]
    assert backprop.compile(slope)([2.0])[0] == -4
    assert slope.derivative(wrt="w").grad().value == 10


def test_members_are_names_of_their_own() -> None:
    found = backprop.parse("V = x[1]^2 + x[2]^2; d = derivative(V, x)")
    (warning,) = found.warnings
    assert [*warning.hints] == ["x[1] is a name of its own: write derivative(V, x[1])"]
    with pytest.raises(BackpropError, match=r"write derivative\(derivative\(V, x\), x\)"):
        backprop.parse("x = 1; V = x^2; d = hessian(V, x)")


def test_what_a_program_is_made_of_and_asked() -> None:
    with pytest.raises(TypeError, match="compile takes a Model, not str"):
        backprop.compile("L = x^2")  # type: ignore[call-overload]
    program = backprop.compile(backprop.parse("L = x^2*y"))
    with pytest.raises(ValueError, match="of rows compile"):
        program.hessian(numpy.ones((5, 2)))
