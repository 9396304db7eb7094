"""How long derivatives are to read: beside those of textbooks, and beside SymPy's, which is a referee here."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from backprop.algebra.formula import Formula
from backprop.language.reading import read_model
from backprop.source import Source
from backprop.symbolic.request import Request
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import formula
from formulas_of_physics import FORMULAS

BOOK = [  # a function and its derivative as tables and solutions of calculus books print it
    ("x^7", "7*x^6"), ("3*x^4 - 2*x^2 + 5*x - 1", "12*x^3 - 4*x + 5"), ("sqrt(x)", "1/(2*sqrt(x))"), ("1 / x^3", "-3/x^4"),
    ("x^2*exp(x)", "(x^2 + 2*x)*exp(x)"), ("x*sin(x)", "sin(x) + x*cos(x)"), ("x^2*log(x)", "2*x*log(x) + x"), ("sin(x) / x", "(x*cos(x) - sin(x))/x^2"),
    ("x/(x^2 + 1)", "(1 - x^2)/(x^2 + 1)^2"), ("(x - 1)/(x + 1)", "2/(x + 1)^2"), ("exp(x)/(1 + exp(x))", "exp(x)/(1 + exp(x))^2"), ("tan(x)", "1 + tan(x)^2"),
    ("sin(x^2)", "2*x*cos(x^2)"), ("sin(x)^2", "2*sin(x)*cos(x)"), ("exp(-x^2/2)", "-x*exp(-x^2/2)"), ("log(x^2 + 1)", "2*x/(x^2 + 1)"),
    ("sqrt(x^2 + 1)", "x/sqrt(x^2 + 1)"), ("(x^2 + 1)^5", "10*x*(x^2 + 1)^4"), ("log(cos(x))", "-sin(x)/cos(x)"), ("atan(x)", "1/(1 + x^2)"),
    ("asin(x)", "1/sqrt(1 - x^2)"), ("atan(1 / x)", "-1/(x^2 + 1)"), ("tanh(x)", "1 - tanh(x)^2"), ("2^x", "2^x*log(2)"),
    ("x^x", "x^x*(log(x) + 1)"), ("x*sqrt(1 - x^2)", "(1 - 2*x^2)/sqrt(1 - x^2)"), ("cosh(x)*sinh(x)", "cosh(x)^2 + sinh(x)^2"), ("log(log(x))", "1/(x*log(x))"),
]  # fmt: skip


def pretty(text: str, by: str) -> Formula:
    """The derivative as `--pretty` has it."""
    model = read_model(Source("text", f"y_ = {text}"))
    (found,) = Request(model, ["y_"], [by], textbook=True).nested()
    return found.formula


@pytest.mark.parametrize(("text", "book"), BOOK)
def test_derivatives_are_no_longer_than_the_books(text: str, book: str) -> None:
    """In tokens; and the same numbers."""
    found = pretty(text, "x")
    for x in (0.3, 0.7):
        assert evaluated(formula(found.text()), {"x": x}) == pytest.approx(
            evaluated(formula(book), {"x": x}), rel=1e-12, nan_ok=True
        )
    tokens = len(formula(found.text()).tokens.texts)
    assert tokens <= len(formula(book).tokens.texts), found
    assert len(BOOK) == 28


def test_formulas_of_physics_beside_sympys() -> None:
    """`count_ops` of what is written, over that of `simplify(diff(...))`: the median at most 1, none above 1.5.

    `pytest tests/test_readability.py -s -k physics` prints the table.
    """
    sympy = pytest.importorskip("sympy", reason='pip install -e ".[referee]"')
    assert len(FORMULAS) == 100
    ratios = {}
    lines = ["\nhere  diff  simplify  ratio  formula, and its derivative here"]
    for text, by in FORMULAS:
        found = pretty(text, by).text()
        names = {
            name: sympy.Symbol(name, positive=True)
            for name in read_model(Source("text", f"y_ = {text}")).inputs
        }

        def sympified(text: str, names: dict[str, Any] = names) -> Any:
            return sympy.sympify(text.replace("^", "**"), locals=names, rational=True)

        theirs = sympy.diff(sympified(text), names[by])
        point = {symbol: sympy.Rational(11 + at, 10) for at, symbol in enumerate(names.values())}
        own = sympified(found)
        apart = complex((own - theirs).evalf(30, subs=point))
        assert abs(apart) <= 1e-20 * abs(complex(theirs.evalf(30, subs=point))), (text, found)
        here, usual = sympy.count_ops(own), sympy.count_ops(theirs)
        shortest = max(1, sympy.count_ops(sympy.simplify(theirs)))
        ratios[text, by] = here / shortest
        lines.append(
            f"{here:4}  {usual:4}  {shortest:8}  {here / shortest:5.2f}  d/d{by} {text} = {found}"
        )
    print("\n".join(lines))
    assert statistics.median(ratios.values()) <= 1.0
    assert max(ratios.values()) <= 1.5, max(ratios, key=ratios.__getitem__)
