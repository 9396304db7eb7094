"""Derivatives as a textbook writes them: by the name of the value, simplified, each rule once."""

from __future__ import annotations

import json
import math
import re
from xml.etree import ElementTree

import pytest

import backprop as library
from backprop.algebra.formula import written
from backprop.engine.writers.formulas import Formulas
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.row import Operation
from backprop.syntax.functions import evaluated
from backprop.syntax.latex import latex
from backprop.syntax.parser import formula
from backprop.values import by_names, graph_of
from running import backprop

BY_HAND = [
    # an equation, a claim about its slope from a textbook, as it is to be printed
    ("h = tanh(z)", "∂h/∂z = 1 − h^2"), ("p = sigmoid(z)", "∂p/∂z = p·(1 − p)"),
    ("y = exp(z)", "∂y/∂z = y"), ("y = sqrt(z)", "∂y/∂z = 1/(2·y)"), ("y = cbrt(z)", "∂y/∂z = 1/(3·y^2)"),
    ("y = tan(z)", "∂y/∂z = 1 + y^2"), ("r = hypot(z, w)", "∂r/∂z = z/r"), ("r = sqrt(z^2 + w^2)", "∂r/∂w = w/r"),
    ("L = logsumexp(z, w)", "∂L/∂z = exp(z − L)"), ("L = logsumexp(z, w, b)", "∂L/∂b = exp(b − L)"),
    ("L = logsumexp(z, w, b, 1)", "∂L/∂w = exp(w − L)"), ("r = hypot(z, w, b)", "∂r/∂b = b/r"),
    ("h = tanh(z*w + b)", "∂h/∂z = (1 − h^2)·w"), ("p = sigmoid(-z)", "∂p/∂z = −p·(1 − p)"),
    ("s = exp(z - logsumexp(z, w, b))", "∂s/∂w = −s·exp(w − logsumexp(z, w, b))"),
    ("f(t) = tanh(t); h = f(z)", "∂h/∂z = 1 − h^2"), ("y = sin(z + z^2)", "∂y/∂z = cos(z + z^2)·(1 + 2·z)"),
    ("s = exp(z - logsumexp(z, w, b))", "∂s/∂z = s·(1 − s)"), ("q = -w*log(z) - (1 - w)*log(1 - z)", "∂q/∂z = (1 − w)/(1 − z) − w/z"),
    # of a larger equation the value has no name
    ("h = 2*tanh(z)", "∂h/∂z = 2·sech(z)^2"), ("q = z/w", "∂q/∂w = −z/w^2"), ("q = 2^z", "∂q/∂z = 2^z·log(2)"),
    ("L = logsumexp(z, w, b) - z", "∂L/∂b = exp(b − logsumexp(z, w, b))"),
    # simplified
    ("y = 0.5*erfc(-z/sqrt(2))", "∂y/∂z = exp(−z^2/2)/sqrt(2·pi)"), ("y = erf(z/sqrt(2))", "∂y/∂z = 2·exp(−z^2/2)/sqrt(2·pi)"),
    ("y = sqrt(z)^3*w", "∂y/∂z = 1.5·w·sqrt(z)"), ("y = w*exp(-z)*exp(z)", "∂y/∂w = 1"),
]  # fmt: skip
AT = "z = 0.3; w = 0.7; b = -0.2"


@pytest.mark.parametrize(("text", "claim"), BY_HAND)
def test_slopes_are_those_of_a_textbook(text: str, claim: str) -> None:
    whole = f"{text}; {AT}"
    output = re.split(" = ", text.split("; ")[-1])[0]
    out = backprop("explain", "-e", whole, "--of", output).out
    assert claim in out
    assert f"{claim} = " in out or f"{claim}\n" in out
    marked = backprop("check", "-e", whole, "--of", output, "--claim", claim)
    assert (marked.status, marked.err) == (0, "")


@pytest.mark.parametrize(
    "row", [row for row in OPERATIONS.values() if row.name in FUNCTIONS], ids=lambda row: row.name
)
def test_the_textbooks_formula_has_the_slopes_number(row: Operation) -> None:
    """At every sample point where the textbook's formula does not cancel."""
    compared = 0
    for point in row.samples:
        names = [f"x{at}" for at in range(row.arity)]
        leaves = [library.Value(each, name) for each, name in zip(point, names, strict=True)]
        value = library.values.apply(row.name, *leaves)
        value.label = "y"
        graph, values = graph_of([value])
        data = [each.data for each in values]
        numbers = by_names(graph, graph.output, data)
        named = {each.label: each.data for each in values}
        written_out = Formulas(graph, data, graph.labels, textbook=True)
        for operand, found in written_out.partials(graph.output).items():
            text, number = written(found), numbers[operand]
            cancels = bool(row.textbook) and (abs(number) < 1e-4 or max(map(abs, point)) > 1e4)
            extreme = not 1e-100 < min(map(abs, point)) <= max(map(abs, point)) < 1e100
            if not math.isfinite(number) or abs(number) < 1e-290 or cancels or extreme:
                continue
            assert evaluated(formula(text), named) == pytest.approx(number, rel=1e-9), (text, point)
            compared += 1
    assert compared or set(row.slopes) == {"0"} or row.name == "polygamma"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("h = tanh(z); z = 20", "∂h/∂z = sech(z)^2 = sech(20)^2 = 1.69934e−17"),
        ("p = sigmoid(z); z = 40", "∂p/∂z = sigmoid(z)·sigmoid(−z)"),
    ],
)
def test_where_the_textbook_cancels_the_accurate_slope_is_written(text: str, line: str) -> None:
    """4·e^-40 = 1.69934e-17 by mpmath; 1 - tanh(20)^2 is 0 in doubles."""
    assert line in backprop("explain", "-e", text).out


@pytest.mark.parametrize("z", [1, 3, 5, 7, 9])
def test_what_cancels_in_part_is_read_back(z: int) -> None:
    """1 - 0.999909^2 has two digits that are right: the claim is right all the same."""
    text = f"h = tanh(z); L = 3*h; z = {z}"
    out = backprop("explain", "-e", text).out
    claims = [line.strip() for line in out.splitlines() if line.strip().startswith("∂")]
    ran = backprop("check", "-e", text, "--claim", "; ".join(claims))
    assert ran.status == 0, ran.out


def test_in_single_operations_the_step_has_the_name() -> None:
    out = backprop("explain", "-e", f"L = 2*tanh(z*w); {AT}", "--detail", "operations").out
    assert "∂v2/∂v1 = 1 − v2^2 = 1 − 0.206966^2" in out
    assert (
        "∂q/∂v1 = exp(v1 − q)"
        in backprop("explain", "-e", f"q = logsumexp(z*w, b); {AT}", "--detail", "operations").out
    )


def test_every_format_has_the_textbooks_slope() -> None:
    of = {"markdown": "1 - h^{2}", "latex": "1 - h^{2}", "json": '"1 - h^2"', "text": "1 − h^2"}
    for format, said in of.items():
        assert (
            said
            in backprop("explain", "-e", f"h = tanh(z); {AT}", "--format", format, "--of", "h").out
        )
    found = json.loads(
        backprop("explain", "-e", f"h = tanh(z); {AT}", "--of", "h", "--format", "json").out
    )
    model = library.parse(f"h = tanh(z); {AT}")
    assert found["backward"][0]["shares"][0]["product"] == model.grad(of="h").gradients["z"]


def explained(text: str, *more: str) -> str:
    ran = backprop("explain", "-e", text, *more)
    assert (ran.status, ran.err) == (0, "")
    return " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("y = (x^2)^z", "y = (x^2)^z, power rule, exponential rule ∂"),
        ("y = log(x) + log(x*z)", "chain rule through log, sum rule, product rule ∂"),
        ("y = tanh((x + z)^3)", "chain rule through tanh, power rule, sum rule ∂"),
        ("y = sin(x)*exp(x)*log(x)", "product rule, derivatives of log, exp and sin ∂"),
        ("y = sin(exp(log(x*z)))", "chain rule through sin, exp and log, product rule ∂"),
        (
            "y = 1/2*(x - z)^2",
            "y = 1/2·(x − z)^2, constant factor rule, chain rule, power rule, sum rule ∂",
        ),
        ("y = (x + z)^3", "chain rule, power rule, sum rule ∂"),
    ],
)
def test_each_rule_and_each_function_is_named_once(text: str, rules: str) -> None:
    assert rules in explained(f"{text}; x = 2; z = 3", "--of", "y")


def test_conditions_of_members_are_told_with_their_numbers() -> None:
    text = "L = sum(if(x[i] > 0, x[i], 0) for i in 1..3); x[1] = 1; x[2] = -1; x[3] = 2"
    out = explained(text)
    assert "the conditions x[1] > 0 and x[3] > 0 hold: only the branches that are taken" in out
    assert "the condition x[2] > 0 does not hold: only the branch that is taken" in out


def test_a_formula_is_not_written_twice() -> None:
    """A member's equation with its numbers is what it becomes."""
    out = explained("h[i] = tanh(x[i]) for i in 1..2; L = h[1]*h[2]; x[1] = 1; x[2] = 2")
    assert "h[1] = tanh(x[1]) = tanh(1) = 0.761594" in out


LONG = """share[i] = exp(s[i] - logsumexp(s[k] for k in 1..4)) for i in 1..4
L = sum((share[i] - share[i-1]*s[i])^2 + 2*share[i]*s[i-1] for i in 2..4)/(1 + s[1]^2*share[1] + s[2]^2*share[2] + share[3])
s[i] = 0.1*i for i in 1..4"""


def pieces_of(out: str) -> list[list[ElementTree.Element]]:
    """The `<math>` of each line that is shown on a phone."""
    shown = re.sub(r'<span class="page">.*?</span>(?=<span class="phone">)', "", out)
    lines = re.findall(r"<li>(.*?)(?=<li>|</li>|<ul>)", shown)
    return [
        [ElementTree.fromstring(each) for each in re.findall("<math.*?</math>", line)]
        for line in lines
    ]


@pytest.mark.parametrize("detail", ["equations", "operations"])
def test_a_page_has_lines_that_break_and_fit_a_phone(detail: str) -> None:
    """No piece is wider than a line of a phone: about 40 signs, of which a fraction has two rows."""
    out = backprop("explain", "-e", LONG, "--of", "L", "--detail", detail, "--format", "html").out
    assert "max-width: 30rem" in out
    assert 'name="viewport"' in out
    lines = [line for line in pieces_of(out) if line]
    assert len(lines) > 20
    for line in lines:
        for piece in line:
            rows = 1 + any(each.tag.endswith("mfrac") for each in piece.iter())
            assert len("".join(piece.itertext())) <= 45 * rows, "".join(piece.itertext())
    # the pieces together are the formula, without any sign lost
    whole = "".join("".join(piece.itertext()) for line in lines for piece in line)
    if detail == "equations":
        assert "=es1−logsumexp(s1,s2,s3,s4)" in whole.replace(" ", "").replace("\xa0", "")


def test_lines_of_a_phone_break_before_equality_signs_and_terms() -> None:
    text = "L = first*second*third + fourth*fifth*sixth - first*third*fifth + second*fourth*sixth"
    values = ", ".join(f"{name}=1.2345" for name in "first second third fourth fifth sixth".split())
    out = backprop("explain", "-e", text, "--set", values, "--format", "html").out
    starts = {"".join(piece.itertext())[0] for line in pieces_of(out) for piece in line}
    assert {"=", "+", "−"} <= starts
    assert "·" not in starts


def test_a_sum_stays_with_the_factor_before_it_on_a_phone() -> None:
    text = "r[i] = i for i in 1..4; L = sum(r[i]^2 for i in 1..4) + 2*(sum(r[i]*r[k]*3 for i in 1..3 for k in 2..4 if i < k))"
    out = backprop("explain", "-e", text, "--of", "L", "--format", "html").out
    starts = {"".join(piece.itertext())[0] for line in pieces_of(out) for piece in line}
    assert "·" not in starts


def test_a_fraction_of_a_share_is_as_large_as_others() -> None:
    out = backprop("explain", "-e", "e = a*2; L = e*a; a = 3", "--format", "latex").out
    assert r"share of $\displaystyle \frac{\partial L}{\partial a}$" in out
    assert r"$\frac" not in out


def test_signs_and_brackets_are_spaced_as_in_print() -> None:
    out = backprop(
        "explain", "-e", "L = -a*(-b - 1)*sigmoid(-c); a = 2; b = -3; c = 1", "--format", "html"
    ).out
    minus = re.findall(r"<mo[^>]*>−</mo>", out)
    assert len(minus) > 10
    assert all(
        'form="prefix" lspace="0" rspace="0"' in each or 'form="infix"' in each for each in minus
    )
    assert re.search(r"<mo>=</mo><mo form=\"prefix\"[^>]*>−</mo><mi>a</mi>", out)
    for bracket in re.findall(r"<mo[^>]*>[()]</mo>", out):
        assert 'lspace="0" rspace="0"' in bracket
    assert (
        r"\mathopen{}" in backprop("explain", "-e", "L = tanh(a); a = 2", "--format", "latex").out
    )


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("-a/b", r"-\frac{a}{b}"), ("-a*b/c", r"-\frac{a \cdot b}{c}"), ("x*(-a/b)", r"x \cdot \left(-\frac{a}{b}\right)"),
        ("-(a + b)/c", r"-\frac{a + b}{c}"), ("(-a + b)/c", r"\frac{-a + b}{c}"), ("(-a/b)^2", r"\left(-\frac{a}{b}\right)^{2}"),
        ("-a/b/c", r"-\frac{\frac{a}{b}}{c}"), ("1 - a/b", r"1 - \frac{a}{b}"), ("(-2)^2/x", r"\frac{\left(-2\right)^{2}}{x}"),
    ],
)  # fmt: skip
def test_a_minus_stands_before_a_fraction(text: str, tex: str) -> None:
    assert latex(formula(text)) == tex


def test_indices_of_members_are_numbers() -> None:
    out = explained("a[i] = a[i-1]*2 + a[i-1] for i in 1..2; a[0] = 3; L = a[2]")
    assert "a[1] = a[0]·2 + a[0] = 3·a[0] = 3·3 = 9" in out or "a[1] = a[0]·2 + a[0] = " in out
    assert "1-1" not in out
    assert "1 − 1" not in out


def test_a_factor_that_begins_with_a_minus_is_a_formula_of_its_own() -> None:
    out = explained("g = cos(a/2); L = g^2; a = 1")
    assert "∂g/∂a = −sin(a/2)/2 = −sin(1/2)/2 = −0.239713 ∂L/∂a = ∂L/∂g · ∂g/∂a = " in out
    assert "· −" not in out
