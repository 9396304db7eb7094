"""The table of rewrites: every row holds wherever its pattern has a value, and is used."""

from __future__ import annotations

import math
import random

import pytest

from backprop.algebra import rewrites
from backprop.algebra.formula import Formula, number, written
from backprop.algebra.from_text import of_text, substituted
from backprop.algebra.multiplied import with_square
from backprop.algebra.tidy import simplified
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import formula

ROWS = [*rewrites.NORMAL, *rewrites.SHAPES, *rewrites.REWRITES]
ALL = [
    *ROWS,
    rewrites.QUOTIENT,
    rewrites.SQUARE,
    rewrites.TEXTBOOK,
    *rewrites.RATIOS,
    *rewrites.FAR_OUT,
]
POINTS = 400
_SPECIAL = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0)


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.pattern)
def test_a_row_holds_wherever_its_pattern_has_a_value(row: rewrites.Rewrite) -> None:
    """Computed by the interpreter, step by step as it is written; a condition is any number."""
    chance, other, compared = random.Random(row.pattern), random.Random(f"k {row.pattern}"), 0
    for _ in range(POINTS):
        names = {
            name: chance.choice((*_SPECIAL, chance.uniform(-4, 4), chance.uniform(0, 1)))
            for name in "uvw"
        }
        names["c"] = float(chance.random() < 0.5)
        names |= {"k": other.uniform(-4, 4), "n": other.choice((0.5, 1.0, 2.0, 3.0))}
        before = evaluated(formula(row.pattern), names)
        if not math.isfinite(before):
            continue
        after = evaluated(formula(row.result), names)
        assert after == pytest.approx(before, rel=1e-9, abs=1e-12), names
        compared += 1
    assert compared > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.pattern)
def test_a_row_is_used(row: rewrites.Rewrite) -> None:
    """With names for its letters that no other row has."""
    names = {"u": "a", "v": "b", "w": "d", "k": "g", "n": "3"}
    by = {name: of_text(other) for name, other in names.items()} | {"c": of_text("x < y")}
    made = simplified(substituted(of_text(row.pattern), by))
    assert made == simplified(substituted(of_text(row.result), by))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("sqrt(x^2)", "sqrt(x^2)"), ("(x^2)^(1/2)", "sqrt(x^2)"), ("(x^2)^0.3", "(x^2)^0.3"), ("(x*y)^0.5", "sqrt(x*y)"),
        ("(-8)^(1/3)", "(-8)^(1/3)"), ("0^x", "0^x"), ("log(x^2)", "log(x^2)"), ("log(x*y)", "log(x*y)"), ("asin(sin(x))", "asin(sin(x))"),
        ("atan(tan(x))", "atan(tan(x))"), ("sqrt(x)*sqrt(y)", "sqrt(x)*sqrt(y)"), ("(x^y)^n", "(x^y)^n"), ("abs(x)^(1/2)", "sqrt(abs(x))"), ("sign(x)^2", "sign(x)^2"),
        ("(x - 1)^2", "(x - 1)^2"), ("exp(y*log(x))", "exp(y*log(x))"), ("1/0", "1/0"),
    ],
)  # fmt: skip
def test_what_does_not_hold_everywhere_is_not_used(text: str, kept: str) -> None:
    assert written(simplified(of_text(text))) == kept


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("x/3*2", "2*x/3"), ("0.1*x*2", "0.2*x"), ("x*0.5", "x/2"), ("1/x^2", "1/x^2"), ("x^(-2)", "1/x^2"), ("-1*x", "-x"),
        ("2*x + 2*y", "2*(x + y)"), ("1/(1 + x^2/y^2)/y", "y/(y^2 + x^2)"), ("2*x*(x + 1) + x^2", "3*x^2 + 2*x"),
        ("2*x*sin(x) + x^2*cos(x)", "2*x*sin(x) + x^2*cos(x)"), ("(1 + x^2) - 2*x^2", "1 - x^2"), ("0.1 + 0.2", "0.3"),
        ("x^0.5", "sqrt(x)"), ("x^1.5", "x^1.5"), ("x^(3/2)", "x^(3/2)"), ("x*3/3", "x"), ("2*3 + x - x", "6"),
    ],
)  # fmt: skip
def test_formulas_are_as_a_person_writes_them(text: str, simple: str) -> None:
    assert written(simplified(of_text(text))) == simple


def test_numbers_are_exact() -> None:
    """A tenth is a tenth: ten of them are one, where doubles have 0.9999999999999999."""
    tenth: Formula = number(0.1)
    total = of_text("+".join(["x/10"] * 10))
    assert written(total) == "x"
    assert written(of_text("+".join([tenth.text()] * 10))) == "1"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("x^2 - 2*x*y + y^2", "(x - y)^2"), ("4*x^2 + 4*x + 1", "(2*x + 1)^2"), ("(x^2 + 1 - 2*x)*exp(x)", "exp(x)*(x - 1)^2"),
        # no squares, though the number of a term has a root
        ("4/(2 + x)^2 + 4*y*(1 + x) + (1 + x)^2", None), ("4*(1 + x)^3 + 4*y + y^2", None), ("4*(1 + x) + 4*x + x^2", None), ("x^3 + 2*x + 1", None),
    ],
)  # fmt: skip
def test_only_squares_are_written_as_squares(text: str, made: str | None) -> None:
    found = of_text(text)
    assert with_square(found).text() == (made or found.text())
