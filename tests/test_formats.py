"""Formulas as LaTeX, and numbers as people read them."""

from __future__ import annotations

import pytest

from backprop.numbers import shown
from backprop.reports.style import aligned
from backprop.syntax.latex import latex, latex_number
from backprop.syntax.latex_names import Naming
from backprop.syntax.parser import formula
from running import backprop


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a*b + c", r"a \cdot b + c"),
        ("(a + b)*c", r"\left(a + b\right) \cdot c"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a - b - c", "a - b - c"),
        ("a/(b*c)", r"\frac{a}{b \cdot c}"),
        ("(a/b)^2", r"\left(\frac{a}{b}\right)^{2}"),
        ("a^b^c", "a^{b^{c}}"),
        ("(a^b)^c", r"\left(a^{b}\right)^{c}"),
        ("-x^2", "-x^{2}"),
        ("(-x)^2", r"\left(-x\right)^{2}"),
        ("exp(x)^2", r"\left(e^{x}\right)^{2}"),
        ("2*exp(x + 1)", r"2 \cdot e^{x + 1}"),
        ("sqrt(x)/sin(y)", r"\frac{\sqrt{x}}{\sin\left(y\right)}"),
        ("2*expm1(x)", r"2 \cdot \left(e^{x} - 1\right)"),
        ("abs(x)", r"\left|x\right|"),
        ("not (a < b or c)", r"\lnot \left(a < b \lor c\right)"),
        ("pow(x, 2)", "x^{2}"),
        ("leaky_relu(x)", r"\operatorname{leaky\_relu}\left(x\right)"),
        ("f(a, b)", r"f\left(a, b\right)"),
        ("1e-3*x", r"10^{-3} \cdot x"),
        ("1e3^x", r"\left(10^{3}\right)^{x}"),
    ],
)
def test_latex(text: str, expected: str) -> None:
    assert latex(formula(text)) == expected


@pytest.mark.parametrize(
    ("index", "below"),
    [
        ("2..3", r"2 \ldots 3"), ("2..", r"2 \ldots"), ("..3", r"\ldots 3"), ("*", "*"),
        ("2, *", "2,*"), ("1 + 1..n, ..2", r"1 + 1 \ldots n,\ldots 2"),
    ],
)  # fmt: skip
def test_every_kind_of_index_in_latex(index: str, below: str) -> None:
    """In the text of a formula, and in every document that shows one."""
    assert latex(formula(f"sum(x[{index}])")) == rf"\operatorname{{sum}}\left(x_{{{below}}}\right)"
    more, also = (", j", ", j in 1..3") if "," in index else ("", "")
    text = f"n=3; x[i{more}]=i for i in 1..3{also}; L=sum(x[{index}])"
    for kind in ("latex", "markdown", "table"):
        assert backprop("grad", "-e", text, "--format", kind).status == 0
    for kind in ("latex", "markdown", "html", "text"):
        assert backprop("explain", "-e", text, "--format", kind).status == 0


def test_latex_of_a_long_sum_takes_linear_time() -> None:
    text = "+".join(["x"] * 100_000)
    assert latex(formula(text)) == " + ".join(["x"] * 100_000)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x", "x"), ("x1", "x_{1}"), ("x_1", "x_{1}"), ("w_i_j", "w_{i,j}"), ("alpha", r"\alpha"), ("α", r"\alpha"),
     ("λ_2", r"\lambda_{2}"), ("loss", r"\mathrm{loss}"), ("x'", "{x'}"), ("速度", r"\text{速度}"), ("Δx", r"\Delta\text{x}"), ("θ̂_2", r"\hat{\theta}_{2}"), ("ẍ", r"\ddot{x}"), ("ταχύς", r"\tau\alpha\chi\acute{\upsilon}\varsigma"), ("é", r"\text{é}"),
     ("_a", r"\text{\_a}"), ("v_max", r"v_{\mathrm{max}}")],
)  # fmt: skip
def test_latex_names(name: str, expected: str) -> None:
    assert Naming([name]).name(name) == expected


def test_numbers() -> None:
    assert [shown(x, None) for x in (1 / 3, -0.0, 1e-5, float("nan"), 2.0, None)] == [
        "0.3333333333", "-0", "1e-05", "nan", "2", "",
    ]  # fmt: skip
    assert latex_number("-1e-05") == r"-10^{-5}"
    assert latex_number("inf") == r"\infty"
    assert aligned(["-8", "0.5", "10", "1e-05"]) == ["-8    ", " 0.5  ", "10    ", " 1e-05"]
    assert aligned(["16 values", "0.25"]) == ["16 values", " 0.25    "]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("a + 10", "-6 + 10"),
        ("10 + a", r"10 + \left(-6\right)"),
        ("a*2", r"-6 \cdot 2"),
        ("2*a", r"2 \cdot \left(-6\right)"),
        ("(a + 1)*a", r"\left(-6 + 1\right) \cdot \left(-6\right)"),
        ("a^2", r"\left(-6\right)^{2}"),
        ("a/2", r"\frac{-6}{2}"),
    ],
)
def test_a_negative_number_has_brackets_where_print_has_them(text: str, right: str) -> None:
    assert latex(formula(text), {"a": "-6"}) == right


def test_a_wide_latex_table_is_made_as_wide_as_the_line() -> None:
    wide = "L = " + " + ".join(f"weight_{each}*2" for each in range(9)) + "; x = 2"
    settings = ", ".join(f"weight_{each}=1" for each in range(9))
    out = backprop("grad", "-e", wide, "--set", settings, "--of", "L", "--format", "latex").out
    assert out.startswith(r"{\providecommand{\resizebox}[3]{#3}%")  # where graphicx is missing
    assert out.count("{") == out.count("}")
    assert "$L = " not in out  # the name has a column of its own
    narrow = backprop("grad", "-e", "L = x^2; x = 2", "--format", "latex").out
    assert narrow.startswith(r"\begin{tabular}")
    assert "$L = x^{2}$" in narrow
