"""In the library, too, the name of a family stands for all its members."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import backprop
from backprop.errors import NotANumber, UnknownName

TEXT = "L = sum((x[i] - i)^2 for i in 1..3) + sum(w[i,j]^3 for i in 1..2, j in 1..3)"
LARGE = "L = sum((x[i] - i)^2 for i in 1..60000) + sum(w[i,j]^3 for i in 1..2, j in 1..3)"


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"x": 2, "w": 1}, {f"x[{i}]": 2 for i in (1, 2, 3)}),
        ({"x[*]": 2.0, "w[*]": 1}, {f"x[{i}]": 2 for i in (1, 2, 3)}),
        ({"x": [4, 5, 6], "w": 1}, {"x[1]": 4, "x[2]": 5, "x[3]": 6}),
        ({"x": (4, 5, 6), "w": numpy.ones((2, 3))}, {"x[1]": 4, "x[2]": 5, "x[3]": 6}),
        ({"x": 2, "x[2]": 7, "w": 1}, {"x[1]": 2, "x[2]": 7, "x[3]": 2}),
        ({"x[2..3]": [8, 9], "x[1]": 0, "w": 1}, {"x[1]": 0, "x[2]": 8, "x[3]": 9}),
    ],
)
def test_a_family_is_all_its_members(given: dict[str, Any], same: dict[str, float]) -> None:
    model = backprop.parse(TEXT)
    all_ = {**same, **{f"w[{i},{j}]": 1 for i in (1, 2) for j in (1, 2, 3)}}
    assert model.grad(given).gradients == model.grad(all_).gradients
    one, other = model.hessian(given), model.hessian(all_)
    assert one.inputs == other.inputs
    assert (one.matrix == other.matrix).all()
    assert (model.jacobian(given).jacobian == model.jacobian(all_).jacobian).all()
    ended = model.descend(given, of="L", lr=0.01, steps=3)
    assert ended.parameters == model.descend(all_, of="L", lr=0.01, steps=3).parameters
    assert str(model.explain(given)) == str(model.explain(all_))


def test_an_array_has_an_axis_for_each_index_that_varies() -> None:
    model = backprop.parse(TEXT)
    numbers = numpy.arange(6.0).reshape(2, 3)
    found = model.grad({"x": 0, "w": numbers}).gradients
    for i in range(2):
        for j in range(3):
            assert found[f"w[{i + 1},{j + 1}]"] == 3 * numbers[i, j] ** 2
    row = model.grad({"x": 0, "w[1,*]": [1, 2, 3], "w[2,*]": 0}).gradients
    assert [row[f"w[1,{j}]"] for j in (1, 2, 3)] == [3, 12, 27]


def test_of_loops_too() -> None:
    model = backprop.parse(LARGE)
    found = model.grad({"x": numpy.arange(1.0, 60001.0) + 0.5, "w": 0}).gradients
    assert found["x[1]"] == found["x[60000]"] == 1.0
    assert model.grad(x=0, w=0).gradients["x[7]"] == -14.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"x": [1, 2], "w": 0}, "x takes 3 numbers, 3, not an array of shape (2,)"),
        ({"x": 0, "w": [1, 2, 3]}, "w takes 6 numbers, 2 by 3, not an array of shape (3,)"),
        ({"x": [[1, 2, 3]], "w": 0}, "x takes 3 numbers, 3, not an array of shape (1, 3)"),
        ({"x": [1, "two", 3], "w": 0}, "x[2]"),
        ({"x": [[1], [2, 3], 4], "w": 0}, "x[1]"),
    ],
)
def test_another_shape_is_an_error(given: dict[str, Any], said: str) -> None:
    with pytest.raises(NotANumber) as caught:
        backprop.parse(TEXT).grad(given)
    assert said in str(caught.value)


def test_what_is_no_family_is_told_as_before() -> None:
    for name in ("y", "x[9]", "y[*]", ""):
        with pytest.raises(UnknownName):
            backprop.parse(TEXT).grad({name: 1})


def test_options_of_the_command_line_have_methods() -> None:
    model = backprop.parse("L = a^2*b; a = 1; b = 2")
    for option, method in [
        ("times", "hessian_times"),
        ("diagonal", "hessian_diagonal"),
        ("sparse", "hessian_sparse"),
    ]:
        assert callable(getattr(model, method))
        with pytest.raises(UnknownName, match=f"there is {method}"):
            model.hessian(**{option: 1})
    with pytest.raises(UnknownName, match="there is along"):
        model.jacobian(along={"a": 1})
    assert backprop.parse("L = times^2").grad(times=3).value == 9


def test_a_direction_may_be_a_text_as_on_the_command_line() -> None:
    """y = x^3*z along (1, 2) from (1, 0): (1 + t)^3 * 2t has the derivatives 2, 12, 36."""
    model = backprop.parse("y = x^3*z")
    assert model.along("x=1, z=2", x=1, z=0, order=3).derivatives.tolist() == [[2, 12, 36]]
    assert model.hessian_times("x=1", x=1, z=1).numbers.tolist() == [6, 3]


@pytest.mark.parametrize("values", [[1, 2], "x=1", 3.0])
def test_numbers_without_names_are_refused(values: Any) -> None:
    model = backprop.parse("y = x^3*z")
    for verb in (model.grad, model.hessian, model.jacobian):
        with pytest.raises(TypeError, match="given by name"):
            verb(values)


@pytest.mark.parametrize("given", [3, None, [1, 2]])
def test_what_is_no_name_and_no_direction_is_refused_in_words(given: Any) -> None:
    model, point = backprop.parse("y = x^3*z"), {"x": 1, "z": 1}
    for verb in (model.along, model.hessian_times):
        with pytest.raises(TypeError, match="a direction is a mapping"):
            verb(given, point)
    if given is not None:  # which is the default
        with pytest.raises(TypeError, match="a name is a text, not"):
            model.hessian(point, wrt=given)
        with pytest.raises(TypeError, match="a name is a text, not"):
            model.diff(of=given)
