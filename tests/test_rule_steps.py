"""Differentiation rule by rule, without numbers: `backprop explain --symbolic`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import backprop as library
from backprop import derived_formulas
from backprop.algebra.from_text import of_text
from backprop.derivation.rule_steps import rule_steps
from backprop.derivation.steps import RuleSteps
from backprop.inputs import Inputs
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import formula
from running import backprop

TEXTS = """
x^2*sin(x) | sin(x^2) | exp(-x^2/2)*(x + 1) | x/(1 + x^2) | tanh(a*x + b)^2 | x^x | log(x)^2/x | 2*max(x, 0.3) | sqrt(1 - x^2) | a*x*exp(x)
x^3 - 2*x + 5 | exp(sin(x))/(x + b) | if(x > 0.5, x^2, x*a) | hypot(x, 2*x) | atan(x/b) | (x^2 + 1)^-3 | 2^(a*x) | x*log(x)*sin(x) | 1/cosh(x)
sigmoid(a*x)*tanh(x) | x^a | a^x | logsumexp(x, a*x, b) | sin(x)*cos(x)*exp(x) | sqrt(x)*(x - a)^2
"""  # fmt: skip
AT = {"x": 0.7, "a": 1.3, "b": 0.4, "u": 0.9, "v": 1.1}


def slope(text: str, by: str) -> float:
    """What `grad` says, the letters of rules being inputs as others are."""
    model = library.parse(f"result_ = {text} + 0*{by}")
    return model.grad({name: AT[name] for name in model.inputs}).gradients[by]


def steps_of(text: str) -> RuleSteps:
    return rule_steps(of_text(text), "x")


@pytest.mark.parametrize(
    "text", [each.strip() for each in TEXTS.replace("\n", "|").split("|") if each.strip()]
)
def test_every_step_and_every_piece_is_right(text: str) -> None:
    found = steps_of(text)
    assert evaluated(formula(found.derivative), AT) == pytest.approx(slope(text, "x"), rel=1e-12)
    assert found.steps[-1].derivative == found.derivative
    for number, step in enumerate(found.steps, 1):
        assert step.number == number
        assert evaluated(formula(step.derivative), AT) == pytest.approx(
            slope(step.formula, "x"), rel=1e-12
        )
        for piece in step.pieces:
            own = evaluated(formula(piece.derivative), AT)
            assert own == pytest.approx(slope(piece.formula, piece.by), rel=1e-12), piece
            if piece.how.startswith("step "):
                earlier = found.steps[int(piece.how[5:]) - 1]
                assert (earlier.formula, earlier.number < number) == (piece.formula, True)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("x^2*sin(x)", ["product rule"]), ("sin(x^2)", ["chain rule"]), ("x/(1 + x^2)", ["sum rule", "quotient rule"]), ("x^5", ["power rule"]),
        ("3*x^2", ["constant factor rule"]), ("2^x", ["exponential rule"]), ("tanh(x)", ["derivative of tanh"]), ("log(3*x)", ["constant factor rule", "chain rule"]),
    ],
)  # fmt: skip
def test_rules_have_their_names(text: str, rules: list[str]) -> None:
    assert [step.rule for step in steps_of(text).steps] == rules


def test_the_product_rule_reads_as_in_a_textbook() -> None:
    out = backprop("explain", "--symbolic", "-e", "y = x^2*sin(x)").out
    assert out.splitlines() == [
        "y = x^2·sin(x)", "", "Derivative by x", "---------------", "  result: 2·x·sin(x) + x^2·cos(x)", "  1. x^2·sin(x), product rule",
        "       (u·v)' = u'·v + u·v'", "       u = x^2, by x: 2·x (power rule)", "       v = sin(x), by x: cos(x) (derivative of sin)",
        "       derivative: 2·x·sin(x) + x^2·cos(x)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "x*exp(x)",
        "sin(x)/x",
        "(1-x)/(1+x^2)",
        "sqrt(1+x^2)",
        "exp(-x^2/2)*x",
        "x^3*sin(x^2)/(2+cos(x))",
        "log(x)^-2*(x+1)",
    ],
)
def test_pieces_put_into_their_rule_are_the_derivative(text: str) -> None:
    puts = [(step.put, step.derivative) for step in steps_of(text).steps if step.put]
    assert puts
    for put, derivative in puts:
        for x in (0.3, 1.7, 2.9):
            one, other = (
                library.parse(f"x={x}; r={each}+0*x").grad().value for each in (put, derivative)
            )
            assert one == pytest.approx(other, rel=1e-13)


def test_pieces_are_put_in_where_that_says_more() -> None:
    out = backprop("explain", "--symbolic", "(1-x)/(1+x^2)").out
    assert "       put in: ((−1)·(1 + x^2) − (1 − x)·2·x)/(1 + x^2)^2\n" in out
    hidden = backprop("explain", "--symbolic", "(1-x)/(1+x^2)", "--hide-answers").out
    assert "put in: ____" in hidden


def test_in_the_library() -> None:
    found = library.parse("y = x^2*sin(x)").explain(symbolic=True)
    assert str(found) == backprop("explain", "--symbolic", "-e", "y = x^2*sin(x)").out.rstrip("\n")
    assert repr(found) == "<rule by rule: y>"
    assert "<" in found._repr_mimebundle_()["text/html"]
    with pytest.raises(library.BackpropError, match="rule by rule"):
        library.parse("y = x^2").explain(symbolic=True, paths=["x"])


def test_many_rows_are_told_to_be_too_many_at_once(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n % 7}\n" for n in range(30_000))
    (tmp_path / "rows.csv").write_text("x,y\n" + rows)
    line = ["-e", "a = 1; L = mean((y - a*x)^2)", "--data", str(tmp_path / "rows.csv")]
    ran = backprop("explain", "--symbolic", *line)
    assert ran.status == 1
    assert "write an index for the rows" in ran.err


def test_a_letter_that_is_taken_is_not_used_for_a_rule() -> None:
    out = backprop("explain", "--symbolic", "-e", "y = u^2*sin(u*v)", "--only", "u").out
    assert "w = u^2" in out


@pytest.mark.parametrize("format", ["text", "markdown", "latex", "html", "json"])
def test_every_format_and_a_worksheet(format: str) -> None:
    text = "h = tanh(w*x); L = h^2*x"
    whole = backprop("explain", "--symbolic", "-e", text, "--format", format)
    hidden = backprop("explain", "--symbolic", "-e", text, "--format", format, "--hide-answers")
    assert (whole.status, hidden.status, whole.err, hidden.err) == (0, 0, "", "")
    assert "product rule" in whole.out
    assert "product rule" not in hidden.out
    if format == "json":
        found = json.loads(hidden.out)
        assert {step["derivative"] for part in found["parts"] for step in part["steps"]} == {None}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["-e", "y = 2"], "no inputs"), (["-e", "y = x", "--paths", "x"], "rule by rule"), (["-e", "y = x", "--only", "q"], "'q'"),
        (["-e", "y = x + " + " + ".join(f"sin({n}*x)*cos({n}*x)" for n in range(2, 60))], "too long"),
    ],
)  # fmt: skip
def test_mistakes(line: list[str], said: str) -> None:
    ran = backprop("explain", "--symbolic", *line)
    assert ran.status in (1, 2)
    assert said in ran.err
    assert "Traceback" not in ran.err


NETWORK = """n = 50; m = 3; x[i,k] = sin(i*k) for i in 1..n, k in 1..m; t[i] = cos(i) for i in 1..n; const x[*], t[*]
w[k] = k/10 for k in 1..m; b = 0; h[i] = tanh(sum(w[k]*x[i,k] for k in 1..m) + b) for i in 1..n; L = mean((h[i] - t[i])^2 for i in 1..n)"""


def test_equations_with_indices_are_explained_one_by_one() -> None:
    out = backprop("explain", "--symbolic", "-e", NETWORK).out
    titles = [line for line in out.splitlines() if line.startswith("Derivative")]
    assert titles == [
        "Derivative of L by h[i]", "Derivative of h[i] by w[k], for i in 1..n", "Derivative of h[i] by b, for i in 1..n",
        "Derivative of L by h[i], dL_dh[i], for i in 1..n", "Derivative of L by w[k], dL_dw[k], for k in 1..m", "Derivative of L by b, dL_db",
    ]  # fmt: skip
    assert "  2. sum(w[k]·x[i,k] for k in 1..m), sum rule, over k: the term with w[k]\n" in out
    assert "  result: x[i,k]·(1 − h[i]^2)\n" in out
    large = backprop("explain", "--symbolic", "-e", NETWORK.replace("n = 50", "n = 1000000"))
    assert (large.status, large.out) == (0, out)
    hidden = backprop("explain", "--symbolic", "-e", NETWORK, "--hide-answers").out
    assert "sum rule" not in hidden


@pytest.mark.parametrize(
    ("gather", "at"),
    [("sum(w[k]^2*c[k] for k in 1..3)", 2), ("mean(w[k]^3 for k in 1..3)", 1), ("logsumexp(w[k]*c[k] for k in 1..3)", 3), ("prod(w[k] + c[k] for k in 1..3)", 1),
     ("max(w[k]*c[k] for k in 1..3)", 2), ("max(w[k]*c[k] for k in 1..3)", 1), ("sum(w[k]*c[i] for i in 1..3, k in 1..3)", 2), ("exp(b*sum(w[k] for k in 1..3))", 3)],
)  # fmt: skip
def test_the_derivative_of_what_is_gathered(gather: str, at: int) -> None:
    text = (
        f"c[k] = k for k in 1..3; const c[*]; w[k] = 1.5 - k/4 for k in 1..3; b = 0.3; L = {gather}"
    )
    model = library.parse(text)
    found = derived_formulas.rules(Inputs(expressions=[text], of=["L"]))
    steps = next(each for each in found.parts if each.by == "w[k]" and not each.name)
    again = library.parse(
        f"{text.rpartition('; ')[0]}; L = {gather}; D[k] = {steps.derivative} for k in 1..3"
    )
    wanted = model.grad(of="L").gradients[f"w[{at}]"]
    assert again.grad(of=f"D[{at}]").value == pytest.approx(wanted, rel=1e-13)


def test_powers_below_a_line_stay_there() -> None:
    out = backprop("explain", "--symbolic", "a/x^n").out
    assert "result: −a·n/x^(n + 1)" in out
    assert "x^(−n" not in out
