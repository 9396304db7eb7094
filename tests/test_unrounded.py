"""Slopes that no double holds are printed as they are, so that every product is true.

-1/x^2 at 1e200 is -1e-400, and 1/1e-200 is 1e200: their product is -1e-200.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from backprop.numbers import Wide, shown
from running import backprop


@pytest.mark.parametrize(
    ("text", "at", "lines"),
    [
        ("u = 1/x; y = log(u)", "x=1e200",
         ["∂u/∂x = −1/x^2 = −1/1e200^2 = −1e−400", "∂y/∂u · ∂u/∂x = 1e200 · (−1e−400) = −1e−200"]),
        ("p = a*1e200*1e200; y = p*1e-200*1e-200", "a=1e-300",
         ["∂y/∂p = 1e−400", "∂y/∂p · ∂p/∂a = 1e−400 · 1e400 = 1"]),
        ("u = x^2; y = sqrt(u)", "x=1e-150", ["∂y/∂u · ∂u/∂x = 5e149 · 2e−150 = 1"]),
        # 1 + 1e-400·1e400, of which each is a share
        ("p = a*1e200*1e200; y = p*1e-200*1e-200 + a", "a=1e-300", ["1e−400 · 1e400 = 1", "= 1 + 1 = 2"]),
        # a slope of 0 indeed
        ("u = relu(x); y = 3*u", "x=-1", ["∂y/∂u · ∂u/∂x = 3 · 0 = 0"]),
    ],
)  # fmt: skip
def test_the_products_of_an_explanation_are_true(text: str, at: str, lines: list[str]) -> None:
    for detail in ("equations", "operations"):
        ran = backprop("explain", "-e", text, "--set", at, "--detail", detail)
        assert ran.status == 0
        assert "may be anything" not in ran.out
        if detail == "equations":
            assert all(line in ran.out for line in lines), ran.out


def test_paths_and_pictures_have_them_too(tmp_path: Path) -> None:
    model = "-e", "u = 1/x; y = log(u)", "--set", "x=1e200"
    assert "= −1e−400 · 1e200 = −1e−200" in backprop("explain", *model, "--paths", "x").out
    file = tmp_path / "a.dot"
    assert backprop("draw", *model, "-o", str(file)).status == 0
    assert "1e+200 · -1e-400 = -1e-200" in file.read_text()


def test_a_number_beyond_doubles_is_written() -> None:
    assert shown(Wide(Decimal("-1.5e-400"))) == "-1.5e-400"
    assert shown(Wide(Decimal(1) / 3 * Decimal("1e500")), 3) == "3.33e+499"
    assert Wide(Decimal("-1e-400")) == 0.0
    assert Wide(Decimal("1e400")) == float("inf")
