"""Derivatives as books print them: factors and terms in the order of what was given, letters in front of
brackets, brackets in front of functions."""

import mpmath
import pytest

from backprop.language.reading import read_model
from backprop.source import Source
from backprop.symbolic.request import Request
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import formula

BOOK = [
    ("(a*x + b)/(c*x + d)", "x", "(a*d - b*c)/(c*x + d)^2"),
    ("2*h*f^3/c^2/(exp(h*f/(k*T)) - 1)", "k", "2*h^2*f^4*exp(h*f/(k*T))/(c^2*k^2*T*(exp(h*f/(k*T)) - 1)^2)"),
    ("x*exp(-a*x)", "x", "(1 - a*x)*exp(-a*x)"), ("x^2*exp(-a*x^2)", "x", "2*x*(1 - a*x^2)*exp(-a*x^2)"),
    ("exp(x)/x", "x", "(x - 1)*exp(x)/x^2"), ("w^2/(s^2 + w^2)", "w", "2*w*s^2/(s^2 + w^2)^2"),
    ("V*S^n/(K^n + S^n)", "S", "V*n*S^(n - 1)*K^n/(K^n + S^n)^2"), ("x^a*(1 - x)^b", "x", "(a*(1 - x) - b*x)*x^(a - 1)*(1 - x)^(b - 1)"),
    ("exp(-(x - mu)^2/(2*s^2))/(s*sqrt(2*pi))", "x", "-(x - mu)*exp(-(x - mu)^2/(2*s^2))/(s^3*sqrt(2*pi))"),
    ("K/(1 + (K - N0)/N0*exp(-r*t))", "t", "K*N0*r*(K - N0)*exp(-r*t)/(N0 + (K - N0)*exp(-r*t))^2"),
    ("K/(1 + (K - N0)/N0*exp(-r*t))", "K", "N0^2*(1 - exp(-r*t))/(N0 + (K - N0)*exp(-r*t))^2"),
    ("exp(a*x)*(a*sin(b*x) - b*cos(b*x))", "x", "(a^2 + b^2)*exp(a*x)*sin(b*x)"),
    ("4*e*((s/r)^12 - (s/r)^6)", "r", "24*e*(s^6/r^7 - 2*s^12/r^13)"), ("sin(x)/(1 + cos(x))", "x", "1/(1 + cos(x))"),
    ("abs(x)*x", "x", "2*abs(x)"), ("abs(x)^3", "x", "3*x*abs(x)"), ("log(abs(x))", "x", "1/x"), ("x/abs(x)", "x", "0"),
    ("cbrt(x^2)", "x", "2/(3*cbrt(x))"), ("sqrt(x + sqrt(x))", "x", "(2*sqrt(x) + 1)/(4*sqrt(x)*sqrt(x + sqrt(x)))"),
    ("x*asin(x) + sqrt(1 - x^2)", "x", "asin(x)"), ("x*acosh(x) - sqrt(x^2 - 1)", "x", "acosh(x)"), ("x*asinh(x) - sqrt(x^2 + 1)", "x", "asinh(x)"),
    ("(x + 1)*y^2", "y", "2*(x + 1)*y"), ("v^2*sin(2*t)/g", "t", "2*v^2*cos(2*t)/g"), ("sin(x)*x^2*y", "y", "sin(x)*x^2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "by", "book"), BOOK)
def test_a_derivative_has_the_order_of_books(text: str, by: str, book: str) -> None:
    """Token for token; the numbers are held against mpmath's differences of the text."""
    model = read_model(Source("text", f"y_ = {text}"))
    (found,) = Request(model, ["y_"], [by], textbook=True).nested()
    assert found.formula.text() == book
    point = {name: 1.25 + at / 8 for at, name in enumerate(model.inputs)}
    if "asin" in text and "sinh" not in text:
        point = {"x": 0.4}
    if "^b" in text:
        point["x"] = 0.4
    tiny = 1e-5
    sides = [
        evaluated(formula(text), {**point, by: point[by] + step * tiny}) for step in (-2, -1, 1, 2)
    ]
    wanted = (sides[0] - 8 * sides[1] + 8 * sides[2] - sides[3]) / (12 * tiny)
    assert evaluated(formula(book), point) == pytest.approx(wanted, rel=1e-8, abs=1e-9)


def test_second_derivatives_of_lengths_do_not_cancel() -> None:
    """`y^2/r^3` and `-x*y/r^3`, and not `1/r - x^2/r^3`; to the digits that mpmath has."""
    model = read_model(Source("text", "r = hypot(x, y)"))
    for by, book in (("xx", "y^2/hypot(x, y)^3"), ("xy", "-x*y/hypot(x, y)^3"), ("yy", "x^2/hypot(x, y)^3")):  # fmt: skip
        (found,) = Request(model, ["r"], [*by], order=2, textbook=True).nested()
        assert found.formula.text() == book
        x, y = 1e8, 1.0
        with mpmath.workdps(60):
            at = by.count("x"), by.count("y")
            wanted = mpmath.diff(lambda a, b: mpmath.sqrt(a * a + b * b), (x, y), at)
        assert evaluated(formula(found.formula.text()), {"x": x, "y": y}) == pytest.approx(
            float(wanted), rel=1e-12
        )
