"""Verdicts where something jumps only if several inputs move at once: no single one of them tells of it."""

from itertools import product
from math import cos, isnan, sqrt

import pytest

import backprop

JUMPING = {
    "output": "if({all}, 1, 0)",
    "gradient": "relu(min({parts}))",
    "curvature": "{n}*relu(min({parts}))^2",
}


def orthants() -> list[tuple[str, tuple[int, ...]]]:
    return [
        (what, signs) for what in JUMPING for n in (2, 3, 4) for signs in product((1, -1), repeat=n)
    ]


@pytest.mark.parametrize(("what", "signs"), orthants())
def test_lower_between_the_axes_is_no_minimum(what: str, signs: tuple[int, ...]) -> None:
    names = [f"x{at}" for at in range(len(signs))]
    parts = [name if sign > 0 else f"-{name}" for name, sign in zip(names, signs, strict=True)]
    fields = {
        "all": " and ".join(f"{part} > 0" for part in parts),
        "parts": ", ".join(parts),
        "n": 2 * len(parts),
    }
    bowl = " + ".join(f"{name}^2" for name in names)
    model = backprop.parse(f"L = {bowl} - {JUMPING[what].format(**fields)}")
    at = dict.fromkeys(names, 0.0)
    beside = {name: 0.01 * sign for name, sign in zip(names, signs, strict=True)}
    assert model.grad(beside).value < model.grad(at).value
    found = model.hessian(at)
    assert found.verdict == "not smooth"
    # of two inputs points around tell the second derivatives themselves, which are then nan
    if found.matrix.tolist() == [
        [2.0 * (row == column) for column in range(len(names))] for row in range(len(names))
    ]:
        assert (
            f"the {what} jumps here where {', '.join(names[:-1])} and {names[-1]} move"
            in "".join(map(str, found.notes))
        )


@pytest.mark.parametrize(
    "text",
    [
        "x^2 + y^2 - min(relu(x), relu(y))",
        "x^2 + y^2 + abs(abs(x) - abs(y)) - max(abs(x), abs(y))",
        "x^2 + y^2 - if(x > 0 and y > 0, x, 0)",
        "x^2 + y^2 - sign(relu(x*y))",
        "x^2 + y^2 - relu(ceil(x*y))",  # the first step of ceil is where x*y is 1e-323
        "(x - 2*y)^2 + y^2 + x^2 - 1e-3*relu(min(x, y))",
        "1e8*(x^2 + y^2) - relu(min(x, y))",
    ],
)
def test_two_that_are_lower_beside(text: str) -> None:
    model = backprop.parse(f"L = {text}")
    near = [model.grad(x=a * 1e-9, y=b * 1e-9).value for a in (1, -1) for b in (1, -1)]
    assert min(near) < model.grad(x=0, y=0).value
    assert model.hessian(x=0, y=0).verdict == "not smooth"


@pytest.mark.parametrize(
    "text",
    [
        "x^2 + y^2 - relu(min(x, y))^3",
        "x^2 + y^2 - abs(x*y)^2",
        "x^2 + y^2 - abs(x)*y^2",
        "if(x > y, x^2 + y^2, y^2 + x^2)",
        "x^2 + y^2 + 1e-6*(exp(x*y) - 1 - x*y) + relu(x*y - 1e-4)",
        "x^2 + y^2 + max(x*y, -x*y)*x",
    ],
)
def test_what_is_smooth_enough_stays_a_minimum(text: str) -> None:
    assert backprop.parse(f"L = {text}").hessian(x=0, y=0).verdict == "minimum"


def test_of_many_inputs_two_meet_at_a_border() -> None:
    hidden = [f"tanh(w{at}*x{at} - {at}/100)*v{at}" for at in range(100)]
    model = backprop.parse(f"L = ({' + '.join(hidden)} - 1)^2 + relu(min(w0, x0))")
    values = dict.fromkeys(model.inputs, 0.5) | {"w0": 0.0, "x0": 0.0}
    found = model.hessian(values)
    assert (found.matrix.shape, found.verdict) == ((300, 300), "not smooth")
    assert "the gradient jumps here where w0 and x0 move together" in str(found.notes[-1])


@pytest.mark.parametrize(
    ("text", "x", "mixed"),
    [
        ("cbrt(x) + x*abs(y)", 0, (1, -1)),
        ("cbrt(x) + x*hypot(y, y)", 0, (sqrt(2), -sqrt(2))),
        ("sqrt(x) + x*max(y, 2*y)", 0, (2, 1)),
        ("cbrt(x) + x*if(y > 0, y, 3*y)", 0, (1, 3)),
        ("(x - 1)*sin(mod(y, -1)) - atan2(x, x)*(x - 1)", 0, (cos(1), 1)),
        ("acosh(x) + x*relu(y)", 1, (1, 0)),
        ("cbrt(x) + x*sin(y)", 0, (1, 1)),
        ("sqrt(x) + x*y^2 + x*y", 0, (1, 1)),
        ("cbrt(x) + x*abs(y)*y", 0, (0, 0)),
    ],
)
def test_by_an_input_of_infinite_slope_a_corner_of_the_other_one_counts(
    text: str, x: float, mixed: tuple[float, float]
) -> None:
    """mixed: the derivatives by x of the slopes by y on the right and on the left of y = 0. Those by y of the
    slope by x, which is infinite or unknown, say nothing."""
    found = backprop.parse(f"L = {text}").hessian(x=x, y=0)
    cross = float(found.matrix[0, 1])
    right, left = mixed
    assert isnan(cross) if right != left else cross == pytest.approx(right, rel=1e-12)
    slopes = [
        [
            float(backprop.parse(f"L = {text}").grad(x=x + dx, y=dy).gradients["y"])
            for dx in (1e-3, 0.1)
        ]
        for dy in (1e-9, -1e-9)
    ]
    for (near, far), side in zip(slopes, mixed, strict=True):
        assert (far - near) / (0.1 - 1e-3) == pytest.approx(side, abs=1e-6)


def test_notes_stand_at_the_border_that_they_are_about() -> None:
    found = backprop.parse("L = if(x < 1, x^2, x^3) + max(y, z)^2").hessian(x=1, y=2, z=2)
    told = [str(each).splitlines()[2] for each in found.notes if "second" in each.message]
    marks = [line.count("^") for line in told]
    texts = [
        each.message.split(" is ")[0].split(" are ")[0]
        for each in found.notes
        if "second" in each.message
    ]
    assert dict(zip(texts, marks, strict=True)) == {
        "the second derivative ∂²L/∂x²": len("x < 1"),
        "the second derivatives ∂²L/∂y² and ∂²L/∂z²": len("max(y, z)"),
    }
    (jump,) = [each for each in found.notes if "the gradient jumps" in each.message]
    assert str(jump).splitlines()[2].count("^") == len("max(y, z)")
