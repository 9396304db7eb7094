"""What stands in the place of FILE for `backprop diff` and `explain --symbolic`, and what results are called."""

import json
from pathlib import Path

import pytest

import backprop as library
from backprop.reports.formulas.latex_lines import pieces, width
from backprop.syntax.latex import latex, latex_clauses
from backprop.syntax.latex_products import as_printed
from backprop.syntax.parser import formula
from running import backprop
from truth import mp


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("1/x", "-1/x^2"), ("√x", "1/(2*sqrt(x))"), ("|x|", "sign(x)"), ("x²", "2*x"), ("x/y", "df_dx = 1/y\ndf_dy = -x/y^2"),
        ("x-1", "1"), ("-(x-y)*z", "df_dx = -z\ndf_dy = z\ndf_dz = y - x"), ("-2*x", "-2"), ("-√x", "-1/(2*sqrt(x))"), ("-x*x", "-2*x"), ("- x", "-1"),
        ("-exp(-x)", "exp(-x)"), ("-hypot(x, 0)", "-x/hypot(x, 0)"), ("-h*h", "-2*h"), ("y = 1/x", "-1/x^2"), (".5*x", "0.5"),
    ],
)  # fmt: skip
def test_what_reads_as_an_expression_is_one(expression: str, answer: str) -> None:
    """Derivatives from any table; a minus in front is no option."""
    ran = backprop("diff", expression)
    assert (ran.status, ran.out, ran.err) == (0, f"{answer}\n", "")


def test_options_stay_options_beside_a_minus() -> None:
    assert backprop("diff", "-(x-y)*z", "--wrt", "z", "--format=json").out.startswith("{")
    assert backprop("diff", "--wrt", "z", "-(x-y)*z").out == "y - x\n"
    assert backprop("diff", "-ex*y", "--wrt", "x").out == "y\n"  # -e with its text
    assert backprop("diff", "-e", "-x*y", "--wrt", "x").out == "-y\n"


@pytest.mark.parametrize(
    ("word", "says", "not_said"),
    [
        ("2x", "write f = 2*x", "no file"), (r"\frac{x}{y}", "write f = x/y", "no file"), ("x^2*sin(", "never closed", "no file"), ("sin x", "write sin(x)", "no file"), ("5", "no inputs", "no file"),
        ("x", "goes after -e: -e x", "product"), ("eqs.tx", "there is no file eqs.tx", "'.'"), ("my file.txt", "there is no file my file.txt", "'.'"),
        ("a/b.eq", "there is no file a/b.eq", "'.'"), ("there/nosuch", "there is no file there/nosuch", "df_d"), ("-x", "backprop diff -e -x", "file"),
        ("-max-nodes", "write --max-nodes", "df_d"), ("--x^2", "no option", "df_d"),
    ],
)  # fmt: skip
def test_what_is_neither_is_told(
    word: str, says: str, not_said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    ran = backprop("diff", word)
    assert ran.status in (1, 2)
    assert ran.out == ""
    assert says in ran.err
    assert not_said not in ran.err


@pytest.mark.parametrize("name", ["x", "2x", "1", "-x*y"])
def test_an_existing_file_always_wins(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("L = u^2", encoding="utf-8")
    assert backprop("diff", name).out == "dL_du = 2*u\n"


def test_explain_symbolic_takes_an_expression_too() -> None:
    of_file = backprop("explain", "--symbolic", "-e", "f = x^2*sin(x)")
    assert of_file.out.startswith("f = x^2·sin(x)")
    for line in (["x^2*sin(x)"], ["-e", "x^2*sin(x)"]):
        assert backprop("explain", "--symbolic", *line) == of_file
    assert "result: −y" in backprop("explain", "--symbolic", "-x*y", "--only", "x").out


def test_a_text_too_long_for_rules_is_told_which_intermediate_to_take() -> None:
    text = "h = x^2; L = " + " + ".join(f"sin({n}*x)*cos({n}*h)" for n in range(2, 60))
    ran = backprop("explain", "--symbolic", "-e", text)
    assert "--of h" in ran.err
    assert backprop("explain", "--symbolic", "-e", text, "--of", "h").status == 0


# ---------------------------------------------------------------------------------------- names


def names(*line: str) -> list[str]:
    """What JSON calls the results; the same as the text has in front of its equality signs."""
    found = json.loads(backprop("diff", *line, "--format", "json").out)
    called = [each["name"] for each in found["equations"]]
    lines = backprop("diff", *line).out.splitlines()
    if "=" in lines[-1]:
        assert [each.partition(" = ")[0] for each in lines] == called
    return called


def test_one_rule_for_names() -> None:
    """Of an expression f, or the first letter after it that it does not have."""
    assert names("x^2") == ["df_dx"]
    assert names("x^y") == ["df_dx", "df_dy"]
    assert names("x^y", "--order", "2") == ["d2f_dx2", "d2f_dx_dy", "d2f_dy2"]
    assert names("x^y", "--order", "2", "--wrt", "x, y") == ["d2f_dx_dy"]
    assert names("-e", "x*y") == names("x*y", "--shape", "steps") == ["df_dx", "df_dy"]
    assert names("f*x") == ["dg_df", "dg_dx"]
    assert names("f*g*h*y") == ["df__df", "df__dg", "df__dh", "df__dy"]
    assert names("x + df_dx*y", "--wrt", "x") == ["df_dx_"]


def test_readers_see_the_same_names() -> None:
    assert backprop("diff", "x^2*y", "--pretty").out == "∂f/∂x = 2·x·y\n∂f/∂y = x^2\n"
    assert r"\frac{df}{dx}" in backprop("diff", "x^2", "--format", "latex").out
    assert (
        r"\frac{\partial^{2}f}" in backprop("diff", "x*y", "--order", "2", "--format", "latex").out
    )


# ------------------------------------------------------------------------------- Euler's number


@pytest.mark.parametrize("line", [["e^x"], ["2*e^-x", "--wrt", "x"], ["-e", "e**x"], ["e²*x"]])
def test_a_power_of_e_has_a_note(line: list[str]) -> None:
    ran = backprop("diff", *line)
    assert ran.status == 0
    assert "exp(1)" in ran.err


@pytest.mark.parametrize("line", [["e*x"], ["x*exp(1)^y"], ["1.5e2^x"], ["x^e"], ["-e", "e = 2; L = e^x"], ["me^x"]])  # fmt: skip
def test_other_letters_e_have_none(line: list[str]) -> None:
    assert backprop("diff", *line).err == ""


def test_a_product_of_forty_functions_is_written_step_by_step() -> None:
    ran = backprop("diff", "-e", "L = " + "*".join(f"sin({at}*x)" for at in range(1, 41)))
    assert ran.status == 0
    assert ran.err.startswith("step by step: ")
    with mp.workprec(300):
        wanted = mp.diff(lambda x: mp.fprod(mp.sin(at * x) for at in range(1, 41)), mp.mpf(0.03))
    found = library.parse(ran.out).grad(x=0.03, of="dL_dx").value
    assert found == pytest.approx(float(wanted), rel=1e-12)


# ---------------------------------------------------------------------------------------- LaTeX


def test_sums_and_ranges_look_as_in_a_paper() -> None:
    text = "n = 5; y[1] = 0.3; r = 2.5; y[t+1] = r*y[t] for t in 1..n-1; L = y[n]"
    out = backprop("diff", "-e", text, "--format", "latex").out
    assert r" \quad t = 1, \ldots, n - 1" in out
    assert r"\sum_{t = 1}^{n - 1} y_{t}" in out


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("sum(x[i]*y[k] for i in 1..n, k in 1..m)", r"\sum_{i = 1}^{n} \sum_{k = 1}^{m} x_{i}"), ("prod(-x[i] for i in 2..n-1)", r"\prod_{i = 2}^{n - 1} \left(-x_{i}\right)"),
        ("sum(x[i] for i in 1..n if i != 2)", r"\sum_{i = 1, \ldots, n,\, i \ne 2} x_{i}"), ("mean(x[i] for i in 1..n)", r"\operatorname{mean}_{i = 1, \ldots, n} x_{i}"),
    ],
)  # fmt: skip
def test_gathers_in_latex(text: str, looks: str) -> None:
    assert latex(formula(text)).startswith(looks)


def test_conditions_behind_an_equation() -> None:
    found = latex_clauses("for t in 1..n-1, k in 1..m if t != k")
    assert found == r"t = 1, \ldots, n - 1,\; k = 1, \ldots, m \text{ if } t \ne k"


@pytest.mark.parametrize(
    ("text", "looks"),
    [  # as journals print them; where a dot or a blank is left out, nothing else could be read
        ("2*x*sin(x)", r"2 x \sin(x)"), ("x*2*y", r"x \cdot 2 y"), ("2*3^x", r"2 \cdot 3^{x}"), ("x*(y + 1)", r"x \, (y + 1)"), ("2*(y + 1)*(x - 1)", r"2 (y + 1) (x - 1)"),
        ("rate*time", r"\mathrm{rate} \, \mathrm{time}"), ("x*rate*y", r"x \, \mathrm{rate} \, y"), ("2*rate", r"2 \, \mathrm{rate}"), ("rate_1*x", r"\mathrm{rate}_{1} \, x"),
        ("sin(x)*cos(y)", r"\sin(x) \cos(y)"), ("1e-3*x", r"10^{-3} \cdot x"), ("2*(1/3)*x", r"2 \cdot \frac{1}{3} x"), ("x*(-3)", r"x \cdot (-3)"),
        ("x1*x12", r"x_{1} x_{12}"), ("a*(b*2^x)", r"a \, \left(b \cdot 2^{x}\right)"),
    ],
)  # fmt: skip
def test_products_in_latex(text: str, looks: str) -> None:
    assert as_printed(latex(formula(text))) == looks


def test_the_latex_of_rules_has_the_same_products() -> None:
    for format in ("latex", "markdown"):
        out = backprop("explain", "--symbolic", "x^2*sin(x)", "--format", format).out
        assert r"2 x \sin(x) + x^{2} \cos(x)" in out
    page = backprop("explain", "--symbolic", "x^2*sin(x)", "--format", "html").out
    assert "·" in page or "&#x022C5;" in page  # where lines may break


@pytest.mark.parametrize(
    ("text", "breaks"),
    [
        ("L = (x + y)^2", 0),
        ("h1 = tanh(w1*x + b1); h2 = tanh(w2*h1 + b2); y = w3*h2; L = (y - t)^2", 1),
        ("L = a*sin(b*x + c)*exp(d*x) + sum((u*i - v)^2 for i in 1..2)*cosh(u*x + v)", 1),
    ],
)
def test_long_lines_of_latex_are_broken(text: str, breaks: int) -> None:
    """Outside of all brackets, each piece of which is whole."""
    ran = backprop("diff", "-e", text, "--format", "latex", "--shape", "nested")
    rows = ran.out.splitlines()
    assert all(width(row) < 100 for row in rows)
    assert (sum(row.startswith(r"&\quad ") for row in rows) > 0) == bool(breaks)
    for row in rows:
        for opens, closes in (("{", "}"), ("(", ")"), (r"\left", r"\right")):
            assert row.count(opens) == row.count(closes), row
    for row in rows:
        if row.startswith(r"&\quad "):
            assert row.removeprefix(r"&\quad ").startswith(("+ ", "- ", r"\times \left("))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a + b - c", ["a", " + b", " - c"]), (r"\left|a + b\right| - \frac{c + d}{e}", [r"\left|a + b\right|", r" - \frac{c + d}{e}"]),
        (r"x_{i + 1} \left(a + b\right) (c + d)", [r"x_{i + 1} ", r"\left(a + b\right) ", "(c + d)"]),
        (r"\begin{cases}a + b & c\end{cases}", [r"\begin{cases}a + b & c\end{cases}"]), (r"\left\lfloor a + b\right\rfloor", [r"\left\lfloor a + b\right\rfloor"]),
        (r"\tanh(a + b) \sin\left(c + d\right)", [r"\tanh(a + b) \sin\left(c + d\right)"]),
    ],
)  # fmt: skip
def test_where_lines_of_latex_may_end(text: str, parts: list[str]) -> None:
    assert pieces(text) == parts


def test_latex_of_third_derivatives_names_what_is_by_what() -> None:
    """A derivative that is raised stands in brackets, and one that has no equation is written as one."""
    steps = backprop("diff", "-e", "b = x*y; c = sin(b); L = c^2", "--order", "3", "--wrt", "x", "--shape", "steps", "--format", "latex").out  # fmt: skip
    assert r"-\sin(b) \left(\frac{db}{dx}\right)^{2}" in steps
    text = "h[i] = tanh(w[i]*x[i]) for i in 1..n; n = 3; x[i] = i for i in 1..n; const x[*]; L = sum(h[i]^2 for i in 1..n)"
    for style in (["--format", "latex"], ["--pretty"]):
        indexed = backprop("diff", "-e", text, "--order", "3", "--wrt", "w", *style).out
        assert "d2L" not in indexed
    assert "∂(∂²L/∂w[p]∂w[i])/∂(∂²L/∂w[p]∂h[i])" in indexed


def test_a_file_that_needs_data_is_told_what_formulas_take() -> None:
    """And not to give data, of which the next message would say that there is to be none."""
    ran = backprop("diff", "-e", "L = sum((y - a*x)^2)")
    assert ran.status == 1
    assert "write an index for the rows" in ran.err
    assert "--data" not in ran.err
