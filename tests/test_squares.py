"""Which outputs are sums of squares, and their residuals and derivatives against values at 60 digits."""

from __future__ import annotations

from typing import Any

import pytest

import backprop
from backprop.descent.begin import begin
from backprop.descent.squares import Squares
from truth import mp


def squares(text: str, sign: float = 1.0) -> Squares | None:
    model = backprop.parse(text)
    names = [name for name in model.inputs if name not in model.constants]
    return begin(model, {}, model.output(), names, "auto", 1)[0].squares(sign)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("f = (x - 3)^2 + 1e16*(z - x)^2; x = 1; z = 1", 2),
        ("f = sum((y[i] - a*t[i])^2 for i in 1..5); y[i] = i for i in 1..5; const y, t; t[i] = i^2 for i in 1..5; a = 2", 5),
        ("f = mean((a*i - b)^2 for i in 1..4)/3 + 7; a = 1; b = 2", 4),
        ("r = a*b - 1; f = r*r + 0.5*a^2; a = 1; b = 2", 2),
        ("f = w*(a - 1)^2/n; const w = 4; const n = 2; a = 3", 1),
        ("f = w*(a - 1)^2; const w = -4; a = 3", 0),
        ("f = (a - 1)^2 - (b - 2)^2; a = 0; b = 0", 0),
        ("f = (a - 1)^2 + b; a = 0; b = 0", 0),
        ("f = (a - 1)^4; a = 0", 0),
        ("f = a; a = 1", 0),
    ],
)  # fmt: skip
def test_what_is_a_sum_of_squares(text: str, count: int) -> None:
    """The squares of the residuals make the output, but for what does not move."""
    found = squares(text)
    assert (len(found) if found else 0) == count
    if found:
        model = backprop.parse(text)
        names = [name for name in model.inputs if name not in model.constants]
        points = [[0.3 * at - 1 for at, _ in enumerate(names)], [2.0 for _ in names]]
        outputs = [model.grad(dict(zip(names, x, strict=True))).value for x in points]
        sums = [float(found.values(x) @ found.values(x)) for x in points]
        assert sums[1] - sums[0] == pytest.approx(outputs[1] - outputs[0], rel=1e-12)


def test_the_negative_of_a_sum_of_squares_is_one_for_who_climbs() -> None:
    text = "f = 3 - 2*(a - 1)^2; a = 0"
    assert squares(text) is None
    found = squares(text, -1.0)
    assert found
    assert found.values([0.0]) == pytest.approx([-(2**0.5)])


def test_derivatives_of_residuals_against_differences_at_60_digits() -> None:
    found = squares(
        "f = sum((y[i] - a*exp(-b*i))^2/i for i in 1..3); const y[i] = i for i in 1..3; a = 2; b = 1"
    )
    assert found
    values, slopes = found.both([2.0, 0.5])
    with mp.workdps(60):

        def residual(i: int, a: Any, b: Any) -> Any:
            return (i - a * mp.exp(-b * i)) / mp.sqrt(i)

        step = mp.mpf(10) ** -25
        for at, i in enumerate((1, 2, 3)):
            here = residual(i, mp.mpf(2), mp.mpf("0.5"))
            assert values[at] == pytest.approx(float(here), rel=1e-14)
            by_a = (residual(i, 2 + step, mp.mpf("0.5")) - here) / step
            by_b = (residual(i, mp.mpf(2), mp.mpf("0.5") + step) - here) / step
            assert slopes[at] == pytest.approx([float(by_a), float(by_b)], rel=1e-13)
