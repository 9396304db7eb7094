"""`backprop check` where differences show rounding, bends of no width, or a border: no verdict is false.

The slopes are mpmath's at 5,000 bits, or by hand as the comments say.
"""

from __future__ import annotations

import json
import random
from math import isfinite

import pytest

import backprop as library
from backprop.checks import Check, check_gradient
from backprop.errors import BackpropError
from backprop.evaluation import shaken
from odd_models import Model, Tree
from one_sided import Side, Sides, Unknown, same
from running import backprop

METHODS = (False, True)

SEEN = [
    # 1e-100/(1 + 1e-100): doubles lose it in the sum, and so do 60 digits
    ("y = log(1+1e-100*x)", "x=1", "x", ("cannot tell", "agrees")),
    # z*p is 2.5e-301: d/dx = z*p/x; d/dz = 2*1e-300*z*log(x)
    ("p = expm1(1e-300*z); y = asin(log(expm1(x)^(z*p)))", "x=5e-324, z=0.5", "x", ("agrees", "agrees")),
    ("p = expm1(1e-300*z); y = asin(log(expm1(x)^(z*p)))", "x=5e-324, z=0.5", "z", ("cannot tell", "agrees")),
    # exp(-800) is too small for a double, and the slope exp(-800)*1e300 is not
    ("y = exp(x)*z", "x=-800, z=1e300", "x", ("cannot tell", "agrees")),
    # smooth, if one looks closely: 1/1e-200, 1/1e-200, 1/1e-100, 0, 1/sqrt(1e-200)/2
    ("y = atan2(x, 1e-200)", "x=0", "x", ("agrees", "agrees")),
    ("y = tanh(x/1e-200)", "x=0", "x", ("agrees", "agrees")),
    ("y = x/(abs(x)+1e-100)", "x=0", "x", ("agrees", "agrees")),
    ("y = sqrt(x^2+1e-200)", "x=0", "x", ("agrees", "agrees")),
    ("y = sqrt(x+1e-200)", "x=0", "x", ("agrees", "agrees")),
    ("y = log(x+1e-100)", "x=0", "x", ("agrees", "agrees")),
    ("y = 5*x + 1e-100*tanh(1e200*x)", "x=0", "x", ("agrees", "agrees")),
    # real jumps, corners, edges stay what they are
    ("y = ceil(floor(x))+x", "x=2", "x", ("jump", "jump")),
    ("y = floor(floor(x))+x*x", "x=2", "x", ("jump", "jump")),
    ("y = 1 + relu(x)", "x=0", "x", ("corner", "corner")),
    ("y = abs(sqrt(x))", "x=0", "x", ("edge", "edge")),
    # 0 is the documented slope of hypot(0, 0); on the right, where there is a value, it is 1
    ("y = hypot(tanh(x), round(sqrt(x^(2/3))))", "x=0", "x", ("corner", "corner")),
    # 0.1*0.3 - 0.03 is 0 in doubles, and 1.7e-18 for their exact values: the slope there is 0.1
    ("y = max(0, 0.1*x-0.03)", "x=0.3", "x", ("corner", "corner")),
    ("y = 1e10 + max(0, 0.1*x-0.03)", "x=0.3", "x", ("corner", "corner")),
    ("y = abs(x^2)", "x=1e-200", "x", ("cannot tell", "agrees")),
    ("y = 0.5*x+exp2(floor(x))", "x=-40", "x", ("jump", "jump")),  # by a hundred doubles
    ("y = x*atan2(z,x)", "x=-1, z=-0.0", "x", ("agrees", "agrees")),
    # the corners of x and -x are there with any number of digits: 0 is no slope of x
    ("y = relu(x)-relu(-x)", "x=0", "x", ("DIFFERS", "DIFFERS")),
    # what is not taken is not blamed
    ("y = sigmoid(if(x != 0, max(x, x), x+x))", "x=0", "x", ("border", "border")),
    # cos of 1e300, where doubles are 1e284 apart: `grad` takes more digits
    ("y = cos(hypot(a+1, c*c))", "a=-745, c=1e150", "a", ("cannot tell", "agrees")),
    # a slope among the smallest numbers: 1/(1e300*(1 + log(1e300)^2))
    ("y = atan(log(a))", "a=1e300", "a", ("cannot tell", "agrees")),
    # all that moves is taken times 0
    ("y = sqrt(1-cos(0*b))", "b=0.5", "b", ("agrees", "agrees")),
]  # fmt: skip


def checked(text: str, at: str, name: str, precisely: bool) -> Check:
    values = {each.split("=")[0].strip(): float(each.split("=")[1]) for each in at.split(",")}
    found = check_gradient(library.parse(text), values, None, precisely)
    return next(each for each in found.checks if each.name == name)


@pytest.mark.parametrize("precisely", METHODS)
@pytest.mark.parametrize(("text", "at", "name", "verdicts"), SEEN)
def test_the_verdict_is_right(
    text: str, at: str, name: str, verdicts: tuple[str, str], precisely: bool
) -> None:
    found = checked(text, at, name, precisely)
    assert found.verdict == verdicts[precisely], found
    assert "max(x, x)" not in found.note
    if precisely and found.verdict == "agrees" and found.gradient:
        assert (found.digits or 0) >= 12
        assert not found.note


def test_the_reason_is_that_of_the_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = backprop("check", "--precise", "-e", "y=max(0, 0.1*x-0.03)", "--set", "x=0.3")
    assert ran.status == 0
    words = " ".join(ran.out.split())
    assert "by rounding only this is at the corner of max(0, 0.1*x-0.03)" in words
    assert "with more digits the slope is 0.1; the gradient takes 0" in words
    # (0.1 + 0.2 - 0.3)^2: doubles are 5.6e-17 off in their sum, in a graph that is not looked at
    monkeypatch.setattr(shaken, "LARGE", 0)
    found = checked("y = (0.1 + 0.2 - x)^2", "x=0.3", "x", True)
    assert "by as much as it is: with more digits the slope is −5.551115123e−17" in found.note


def test_equations_that_the_output_does_not_need_are_not_looked_at() -> None:
    options = ["--set", "x=1", "--of", "y", "--format", "json"]
    ran = backprop("check", "-e", "w = ceil(q*3); y = x*2", *options)
    assert (ran.status, json.loads(ran.out)["right"]) == (0, True)


# ------------------------------------------------------------------------------- random models

_SCALES = (1e-300, 1e-200, 1e-100, 1e-30, 1e-17, 1e-9)
_POINTS = (0.0, 0.3, 1.0, 2.0, 3.0, 30.0, 1e-200, 1e-17, 5e-324, 0.1, -0.3, -2.0, 1e17)


def _model(seed: int) -> Model:
    """Bends of no width, sums that swallow, ties by rounding, one inside another."""
    chance = random.Random(f"closer {seed}")
    tree: Tree = chance.choice(
        ("a", ("-", "a", 2.0), ("-", ("*", 0.1, "a"), 0.03), ("^", "a", 2.0), ("sqrt", "a"))
    )
    for _ in range(chance.choice((1, 2, 2, 3))):
        small = chance.choice(_SCALES)
        tree = chance.choice(
            (
                ("tanh", ("/", tree, small)), ("atan2", tree, small), ("sqrt", ("+", tree, small)),
                ("/", tree, ("+", ("abs", tree), small)), ("hypot", tree, small), ("sign", tree),
                ("log", ("+", 1.0, ("*", small, tree))), ("max", 0.0, tree), ("abs", tree),
                ("if", (">", tree, small), tree, ("sin", tree)), ("cbrt", ("+", tree, small)),
                ("floor", ("+", tree, 1.0)), ("ceil", tree), ("*", tree, ("floor", tree)),
                ("-", ("+", tree, 1.0), 1.0), ("exp", ("/", tree, small)), ("+", tree, "a"),
                ("-", 1.0, ("cos", tree)), ("^", tree, 2.0), ("^", tree, ("/", 2.0, 3.0)),
            )
        )  # fmt: skip
    return Model((("y", tree),), {"a": chance.choice(_POINTS)})


def _false(check: Check, sides: tuple[Side, Side]) -> str:
    """What is false about a verdict, beside the slopes from both sides; "" if nothing is."""
    left, right = sides
    kinds, gradient = {left.kind, right.kind}, check.gradient
    smooth = kinds == {"slope"} and same(left.slope, right.slope)
    right_one = smooth and same(gradient, left.slope)
    if check.verdict == "agrees" and "unclear" not in kinds:
        if kinds == {"infinite"} and left.slope == right.slope == gradient:
            return ""
        size = max(abs(gradient), abs(left.slope))
        near = abs(gradient - left.slope) <= 1e-3 * size + 3e-308 and isfinite(size)
        return "" if (smooth and near) or gradient == left.slope == right.slope else "agrees"
    if check.verdict == "cannot tell":
        return ""
    if right_one:
        return check.verdict
    if check.verdict == "jump":
        return "" if kinds & {"jump", "unclear"} else "no jump"
    return "no edge" if check.verdict == "edge" and not kinds & {"none", "unclear"} else ""


@pytest.mark.parametrize("group", range(4))
def test_no_verdict_on_a_random_model_is_false(group: int, request: pytest.FixtureRequest) -> None:
    models, judged = 500 if request.config.getoption("--whole") else 25, 0
    for seed in range(group * models, group * models + models):
        model = _model(seed)
        try:
            parsed = library.parse(model.text)
            found = [check_gradient(parsed, model.values, "y", each) for each in METHODS]
            slopes = Sides(model)
            if not slopes.has_value("y"):
                continue
            sides = slopes.sides("a")
        except (BackpropError, Unknown):
            continue
        judged += 1
        for each in found:
            for check in each.checks:
                assert not _false(check, sides), (seed, str(model), check, sides)
    assert judged > models / 2
