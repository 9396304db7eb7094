"""Valid formulas, spoiled by one common mistake at a time: the hint, followed to the letter, gives
back the value, or the message asks what is meant.

Each kind of mistake is a row: a pattern, and what takes its place. A text that is still read must
have the value of the original.
"""

import contextlib
import math
import re
from collections.abc import Callable, Iterator

import pytest

import backprop
from backprop.errors import BackpropError

DATA = "x = 1.5\nt = 2\nk1 = 3\nw[1] = 0.5\nw[2] = -1\nw[3] = 4\n"
ROUNDS = 1
"""Fixes that a text may need: a line with several mistakes is mended as a whole."""

FORMULAS = [
    "2*x + 1",
    "3*x*t - k1",
    "2*(x + t)*(x - 4)",
    "sin(2*x) + cos(x)*t",
    "exp(-x) - sqrt(t)/k1",
    "tanh(k1*x + 1) - abs(x - t)",
    "sin(x)^2 + 3*cos(x)^2",
    "1.5*x + 1000*t - 2.25",
    "max(x, t) + min(2*x, k1, 7)",
    "log(x)/log(t) + atan2(x, t)",
    "sqrt(2*x) + (x + 1)/2",
    "x^2/2 - x^3*t + 1/(x + t)",
    "if(x > 1, 2*x, t)*k1",
    "sum(w[i]*i for i in 1..3) + x",
    "2*pi*x + floor(x*t + 0.25)",
    "0.001*t + 5*x^-2 - -t",
    "gamma(x + 1) + 0.05*t",
    "if(x > 1 and t < 3, x, t)",
]

Spoil = str | Callable[[re.Match[str]], str]

# what is done to a formula: a name, a pattern, what stands in its place
KINDS: list[tuple[str, str, Spoil]] = [
    ("no * behind a number", r"(?<=\d)\*(?=[a-z])", ""),
    ("no * before a bracket", r"(?<=\d)\*(?=\()", ""),
    ("no * between brackets", r"\)\*\(", ")("),
    ("no * behind a bracket", r"\)\*(?=[a-z])", ")"),
    ("a blank for *", r"\*", " "),
    ("a dot for *", r"\*", "."),
    ("x for *", r"(?<=\d)\*(?=\()", " x "),
    ("an argument without brackets", r"(sin|cos|exp|sqrt|log)\((\w+)\)", r"\1 \2"),
    ("a product without brackets", r"(sin|sqrt)\((2)\*(x)\)", r"\1 \2\3"),
    ("two letters changed places", r"(?<![a-z])tanh", "tahn"),
    ("a letter is missing", r"sqrt|floor", lambda m: m[0][:2] + m[0][3:]),
    ("a letter twice", r"exp(?=\()", "expp"),
    ("a capital letter", r"(sin|exp|max|abs)(?=\()", lambda m: m[0].capitalize()),
    ("capital letters", r"(sqrt|log|min)(?=\()", lambda m: m[0].upper()),
    ("NumPy", r"(?<!\w)(sin|cos|exp|sqrt|log|tanh|floor)(?=\()", r"np.\1"),
    ("Python's math", r"(?<!\w)(sin|cos|exp|sqrt|log|tanh|floor|gamma)(?=\()", r"math.\1"),
    ("a method", r"(sin|cos|exp|log)\((x)\)", r"\2.\1()"),
    ("LaTeX's name", r"(?<!\w)(sin|cos|exp|log)(?=\()", r"\\\1"),
    ("LaTeX's fraction", r"\((\w+ \+ 1)\)/(2)", r"\\frac{\1}{\2}"),
    ("LaTeX's product", r"\*", r" \\cdot "),
    ("LaTeX's product", r"(?<=\w)\*(?=\w)", r" \\cdot "),
    ("LaTeX's brackets", r"\((x [+-] \w)\)", r"\\left(\1\\right)"),
    ("LaTeX's exponent", r"\^(\d)", r"^{\1}"),
    ("LaTeX's pi", r"(?<!\w)pi(?!\w)", r"\\pi"),
    ("LaTeX's comparison", r"(?<=x) > ", r" \\gt "),
    ("LaTeX's root", r"sqrt\((\w+)\)", r"\\sqrt{\1}"),
    ("a decimal comma", r"(?<=\d)\.(?=\d)(?!\.)", ","),
    ("thousands", r"1000", "1,000"),
    ("thousands with a point", r"1000", "1.000,0"),
    ("thousands with _", r"1000", "1_000"),
    ("thousands with a blank", r"1000", "1 000"),
    ("Fortran's exponent", r"0\.001", "1d-3"),
    ("an exponent of paper", r"0\.001", "1×10^-3"),
    ("hexadecimal", r"(?<![\d.])7", "0x7"),
    ("an en dash", r" - ", " – "),
    ("a missing bracket", r"\)$", ""),
    ("a bracket too much", r"\)$", "))"),
    ("square brackets", r"\((x [-+] \w)\)", r"[\1]"),
    ("curly brackets", r"\((x [-+] \w)\)", r"{\1}"),
    ("a semicolon between arguments", r"(?<=\w), (?=[\dtk])", "; "),
    ("a power before its brackets", r"(sin|cos)\(x\)\^2", r"\1^2(x)"),
    ("a small power before its brackets", r"(sin|cos)\(x\)\^2", r"\1²(x)"),
    ("a small power without brackets", r"(sin|cos)\(x\)\^2", r"\1² x"),
    ("a factorial", r"gamma\(x \+ 1\)", "x!"),
    ("floor's brackets", r"floor\((.*?)\)", r"⌊\1⌋"),
    ("per cent", r"0\.05", "5%"),
    ("a sign of division", r"/", " : "),
    ("a root without brackets", r"sqrt\(2\*x\)", "√2x"),
    ("a half", r"\(x \+ 1\)/2", "½(x + 1)"),
    ("a fraction of small digits", r"\(x \+ 1\)/2", "¹⁄₂(x + 1)"),
    ("a comment of C", r"$", "  // a comment"),
    ("a long comment of C", r"$", "  /* a comment */"),
    ("a comment of LaTeX", r"$", "  % a comment"),
    ("a semicolon and a comment of C", r"$", ";  // a comment"),
    ("&& for and", r" and ", " && "),
    ("& for and", r" and ", " & "),
    ("a ternary of C", r"if\((.*?), (.*?), (.*?)\)", r"(\1 ? \2 : \3)"),
    ("a ternary of Python", r"if\((.*?), (.*?), (.*?)\)", r"(\2 if \1 else \3)"),
    ("if then else", r"if\((.*?), (.*?), (.*?)\)", r"(if \1 then \2 else \3)"),
    ("=< for <=", r"x > 1", "x => 1"),
    ("a sum of Python", r"1\.\.3", "range(1, 4)"),
    ("a sum over to", r"in 1\.\.3", "= 1 to 3"),
    ("a sum with =", r"in 1\.\.3", "=1..3"),
    ("a sum with three dots", r"1\.\.3", "1...3"),
    ("a sum of R", r"1\.\.3", "1:3"),
    ("names side by side", r"(?<!\w)x\*t", "xt"),
    ("round brackets of an index", r"w\[i\]", "w(i)"),
    ("an index of LaTeX", r"w\[i\]", "w_i"),
    ("Pi", r"(?<!\w)pi", "Pi"),
    ("NumPy's pi", r"(?<!\w)pi", "np.pi"),
    ("pi glued to a name", r"2\*pi\*x", "2πx"),
    ("a plus of two signs", r"- -t", "-- t"),
    ("a caret of TeX", r"\^(?=\d)", "ˆ"),
    ("stars of paper", r"\^(?=\d)", "∗∗"),
    ("a small fraction as power", r"sqrt\(t\)", "t^½"),
    ("ln", r"(?<!\w)log(?=\()", "ln"),
    ("e to a power", r"exp\(-x\)", "e^(-x)"),
    ("another name of a function", r"(?<!\w)gamma\(x \+ 1\)", "factorial(x)"),
    ("a named power", r"x\^3", "pow(x; 3)"),
    ("a cube", r"x\^3", "cube(x)"),
    ("a square", r"x\^2(?=/)", "square(x)"),
    ("a comment of SQL", r"$", "  -- a comment"),
    ("a comment of Basic", r"$", "  ' a comment"),
    ("a comment of Fortran", r"$", "  ! a comment"),
    ("MATLAB's product", r"\*", ".*"),
    ("MATLAB's power", r"\^(?=\d)", ".^"),
    ("Julia's root", r"sqrt\((\w+)\)", r"√\1"),
    ("a blank before an exponent", r"0\.001", "1 e-3"),
    ("SymPy's sum", r"sum\((.*?) for i in 1\.\.3\)", r"Sum(\1, (i, 1, 3))"),
    ("Maple's sum", r"sum\((.*?) for i in 1\.\.3\)", r"sum(\1, i=1..3)"),
    ("a calculator's sum", r"sum\((.*?) for i in 1\.\.3\)", r"sum(\1, i, 1, 3)"),
    ("a sum with its range first", r"sum\((.*?) for i in 1\.\.3\)", r"sum(i=1..3, \1)"),
    ("a comma before for", r" for i", ", for i"),
    ("a list without brackets", r"1\.\.3", "1, 2, 3"),
    ("forall", r" for i", " forall i"),
    ("a spreadsheet's choice", r"if\(", "IF("),
    ("a spreadsheet's and", r"(x > 1) and (t < 3)", r"AND(\1, \2)"),
    ("a function by its letter", r"gamma(?=\()", "Γ"),
    ("R's assignment of a sum", r"for i in 1\.\.3", "for i in seq(1, 3)"),
    ("a spreadsheet's power", r"x\^3", "POWER(x, 3)"),
    ("a spreadsheet's pi", r"(?<!\w)pi", "PI()"),
    ("a spreadsheet's root", r"sqrt\((\w+)\)", r"WURZEL(\1)"),
    ("a phone's quotes", r"max\((x), (t)\)", r"max(“\1”, \2)"),
    ("a phone's times", r"\*", " × "),
    ("a phone's letter x", r"(?<=\d)\*(?=\()", " X "),
    ("a PDF's minus", r" - ", " ‒ "),
    ("a PDF's product", r"\*", " ∙ "),
    ("a PDF's wide brackets", r"\((x [-+] \w)\)", r"（\1）"),
    ("a PDF's slash", r"/", " ∕ "),
    ("two bars", r" and ", " ∧ "),
    ("a C cast", r"(?<![\w.])7", "7.0f"),
    ("brackets of Mathematica", r"(sin|cos|exp)\((x)\)", r"\1[\2]"),
    ("NumPy's square", r"x\^2(?=/)", "np.square(x)"),
    ("a choice of Excel in German", r"if\((.*?), (.*?), (.*?)\)", r"WENN(\1;\2;\3)"),
    ("LaTeX in a text", r"^.*$", r"$\g<0>$"),
    ("an x for a product", r"(?<=x)\*(?=t)", " x "),
    ("the order of a root first", r"sqrt\(t\)", "root(2, t)"),
    ("where behind the equation", r"$", " where k2 = 3"),
    ("is for =", r"$", " where k2 is 3"),
    ("return", r"^", "return "),
    ("Mathematica's names", r"(sin|cos|exp)\((x)\)", lambda m: f"{m[1].capitalize()}[{m[2]}]"),
]


def spoiled() -> Iterator[tuple[str, str, str]]:
    for kind, pattern, instead in KINDS:
        for formula in FORMULAS:
            for found in re.finditer(pattern, formula):
                new = found.expand(instead) if isinstance(instead, str) else instead(found)
                yield kind, formula, formula[: found.start()] + new + formula[found.end() :]


def value(formula: str) -> float:
    return backprop.parse(f"y = {formula}\n{DATA}").grad(of="y").value


def proposed(error: BackpropError) -> list[str]:
    """What the hints say to write."""
    found = [_PROPOSAL.search(hint) for hint in error.hints]
    return [each[1] or each[2] or each[3] for each in found if each]


_PROPOSAL = re.compile(
    r"(?:^|: )write (.+)$|^or(?:, [^,]+,)? (?!write a line|make|is )(.+)$"
    r"|^(?:for|with) .*? (?:write )?([^ ]*[*(^].*|\S+)$"
)


def mended(text: str, error: BackpropError, advice: str) -> str:
    """The text with the hint followed to the letter: a whole line for its line, else for what is
    underlined."""
    span = error.labels[0].span
    number, _ = span.source.position(span.start)
    if advice.replace(" ", "").startswith("y="):
        return f"{advice}\n{DATA}"
    assert number == 1, str(error)
    return text[: span.start] + advice + text[span.end :]


def check_question(text: str, error: BackpropError, advice: list[str], right: float) -> None:
    """Of what a message proposes where it asks, one gives the value back; it may propose nothing."""
    assert error.hints, f"no hint: {error}"
    values = []
    for each in advice:
        with contextlib.suppress(BackpropError):
            values.append(backprop.parse(mended(text, error, each)).grad(of="y").value)
    assert not advice or any(math.isclose(each, right, rel_tol=1e-12) for each in values), str(
        error
    )


@pytest.mark.parametrize(("kind", "formula", "wrong"), [*spoiled()])
def test_a_hint_gives_back_the_value_or_the_message_asks(
    kind: str, formula: str, wrong: str
) -> None:
    right = value(formula)
    text = f"y = {wrong}\n{DATA}"
    seen = [text]
    for _ in range(ROUNDS + 1):
        try:
            found = backprop.parse(text).grad(of="y").value
        except BackpropError as caught:
            error = caught
            advice = proposed(error)
            if len(advice) != 1:
                assert len(seen) == 1, "\n".join(seen)  # who asks has not led astray before
                check_question(text, error, advice, right)
                return
            text = mended(text, error, advice[0])
            seen.append(text)
            continue
        assert math.isclose(found, right, rel_tol=1e-12), "\n".join(seen)
        return
    raise AssertionError("still wrong: " + "\n".join(each.splitlines()[0] for each in seen))


def test_there_are_forty_kinds_and_each_spoils_something() -> None:
    kinds = {kind for kind, _, _ in spoiled()}
    assert kinds == {kind for kind, _, _ in KINDS}
    assert len(kinds) >= 40


ALONE = [
    ("sin[x]", "sin(x)"), ("cos[x + 1]", "cos(x + 1)"), ("max[x, t]", "max(x, t)"), ("tg x", "sin(x)/cos(x)"),
    ("2 ctg x", "2*cos(x)/sin(x)"), ("\\cos\\pi", "-1"), ("\\lvert x - t\\rvert", "t - x"), ("v[1][2]", "7"),
    ("sum w[i] for i in 1..3", "w[1] + w[2] + w[3]"), ("prod w[i] for i in 1..3", "w[1]*w[2]*w[3]"),
    ("sum(w[i]*w[j] for i in 1..3 for j in 1..2)", "(w[1] + w[2] + w[3])*(w[1] + w[2])"),
    ("x(x + 1)", "x*(x + 1)"), ("2*t(x - 4)^2", "2*t*(x - 4)^2"), ("-x(t)", "-x*t"),
    ("Product(w[i], (i, 1, 2))", "w[1]*w[2]"), ("sum(for i in 2..3 w[i])", "w[2] + w[3]"),
]  # fmt: skip
"""Mistakes of their own that have one mend, and the formula that was meant."""


@pytest.mark.parametrize(("wrong", "right"), ALONE)
def test_a_mistake_with_one_mend_is_mended_at_once(wrong: str, right: str) -> None:
    text = f"y = {wrong}\n{DATA}v[1,2] = 7"
    with pytest.raises(BackpropError) as caught:
        backprop.parse(text).grad(of="y")
    (advice,) = proposed(caught.value)
    whole = mended(text, caught.value, advice)
    if advice.startswith("y = "):
        whole += "\nv[1,2] = 7"
    due = 7 if right == "7" else value(right)
    assert math.isclose(backprop.parse(whole).grad(of="y").value, due, rel_tol=1e-12)


@pytest.mark.parametrize("wrong", ["2/x(t + 1)", "2^x(t)", "f(x)", "w(1)"])
def test_a_name_before_brackets_may_be_a_factor_or_not(wrong: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(f"y = {wrong}\n{DATA}")
    assert len(proposed(caught.value)) != 1
    assert caught.value.hints


@pytest.mark.parametrize(
    ("wrong", "hint"), [("xt", "x*t"), ("2*xt", "x*t"), ("x^xt", "(x*t)"), ("1/xt", "(x*t)")]
)
def test_letters_of_which_each_is_a_value_may_be_a_product(wrong: str, hint: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(f"y = {wrong}\n{DATA}").grad(of="y")
    assert f"if xt is no name of yours, write {hint}" in caught.value.hints


# what a file says of the family w, the range that the hint has, and the sum of w by hand
RANGES = [
    ("w[1] = 1; w[2] = 2; w[3] = 4; n = 2", "1..3", 7), ("w[0] = 1; w[1] = 2", "0..1", 3),
    ("w[2] = 1; w[5] = 2", "[2, 5]", 3), ("w[i] = i for i in 2..4; n = 3", "2..4", 9),
    ("n = 3; w[k] ~ uniform(2, 2.5) for k in 1..n", "1..n", None), ("w[0] = 1; w[t+1] = 2*w[t] for t in 0..2; n = 2", "…", None),
]  # fmt: skip


@pytest.mark.parametrize(("family", "span", "due"), RANGES)
@pytest.mark.parametrize(("call", "term"), [("sum(w)", "w[i]"), ("sum(1*w[*])", "1*w[i]")])
def test_the_range_of_a_hint_is_that_of_the_family(
    call: str, term: str, family: str, span: str, due: float | None
) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(f"{family}; y = {call}")
    assert f"write sum({term} for i in {span})" in caught.value.hints
    if due is not None:
        model = backprop.parse(f"{family}; y = sum(w[i] for i in {span})")
        assert model.grad(of="y").value == due


@pytest.mark.parametrize("text", ["f = x^2; y = f'(3)", "y = f''(3); f = x^3"])
def test_a_prime_of_an_equation_is_no_product(text: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(text)
    assert [*caught.value.hints] == [
        "a derivative is by a name: write derivative(f, x), or ask 'backprop grad --of f'"
    ]


def test_a_prime_of_an_equation_by_a_name_is_its_derivative() -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse("f = x^2; y = f'(x) + 1; x = 3")
    assert [*caught.value.hints] == ["write derivative(f, x)"]
    found = backprop.parse("f = x^2; y = derivative(f, x) + 1; x = 3").grad(of="y")
    assert found.value == 2 * 3 + 1
    assert found.gradients["x"] == 2


@pytest.mark.parametrize("written", ["w1", "w_1", "w₁"])
def test_a_member_written_as_a_name_is_asked_about(written: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(f"y = 2*{written}\n{DATA}").grad(of="y")
    assert f"or is {written} meant to be w[1]?" in caught.value.hints


def test_a_member_by_the_letter_of_its_index_is_asked_about() -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(f"y = sum(w_i for i in 1..3)\n{DATA}").grad(of="y")
    assert "or is w_i meant to be w[i]?" in caught.value.hints


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("y = sum_i w[i]", "for a sum write sum(… for i in 1..n)"),
        ("y = Σ_i w[i]", "for a sum write sum(… for i in 1..n)"),
        ("y = sum(w[i] for i in 1..3 step 2)", "write the numbers as a list: [1, 3, 5]"),
        ("y = [[1, 2], [3, 4]]", "write a statement for each: y[1,1] = 1; y[1,2] = 2"),
        ("dy/dx = 2*x",
         'dy/dx is computed here; to check one of yours: backprop check --claim "dy/dx=2*x"'),
    ],
)  # fmt: skip
def test_what_is_not_mended_by_a_word_is_told(text: str, hint: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(f"{text}\n{DATA}")
    assert caught.value.hints[0] == hint


def test_a_backslash_between_values_is_asked_about() -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(f"y = x\\t\n{DATA}")
    assert caught.value.hints == ("for a quotient write /t", "for a product *t")


ASKED = [
    ("2^3x", {"2^3*x", "2^(3*x)"}), ("1.5 e-3", {"1.5e-3", "1.5*e - 3"}), ("e^2x", {"e^2*x", "e^(2*x)"}),
    ("sum(w[i] for i in 1,3)", {"sum(w[i] for i in [1,3])", "sum(w[i] for i in 1..3)"}),
]  # fmt: skip
"""Texts that may be two formulas."""


@pytest.mark.parametrize(("wrong", "readings"), ASKED)
def test_what_may_be_two_formulas_is_asked(wrong: str, readings: set[str]) -> None:
    text = f"y = {wrong}\n{DATA}"
    with pytest.raises(BackpropError) as caught:
        backprop.parse(text)
    found = {mended(text, caught.value, each) for each in proposed(caught.value)}
    assert {each.splitlines()[0] for each in found} == {f"y = {each}" for each in readings}


STATEMENTS = [
    ("w = (1, 2, 3)", "w[1] = 1; w[2] = 2; w[3] = 3"), ("w=1,2,3", "w[1] = 1; w[2] = 2; w[3] = 3"),
    ("w = {4, 5, 6}", "w[1] = 4; w[2] = 5; w[3] = 6"), ("w[i] = i forall i in 1..3", "w[i] = i for i in 1..3"),
    ("w[i] = i for i in 1,2,3", "w[i] = i for i in [1,2,3]"), ("w[i][j] = 2 for i in 1..2, j in 1..2", "w[i,j] = 2 for i in 1..2, j in 1..2"),
    ("w[i j] = 2 for i in 1..2, j in 1..2", "w[i,j] = 2 for i in 1..2, j in 1..2"), ("my name = 3", "my_name = 3"),
    ("w = [1 -2 3.5]", "w[1] = 1; w[2] = -2; w[3] = 3.5"),
    ("w[i,j] = 2 for i in 1..2 for j in 1..2", "w[i,j] = 2 for i in 1..2 , j in 1..2"), ("const my name = 3", "const my_name = 3"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "right"), STATEMENTS)
def test_a_statement_is_mended_to_the_letter(wrong: str, right: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(wrong)
    (advice,) = proposed(caught.value)
    span = caught.value.labels[0].span
    found = wrong[: span.start] + advice + wrong[span.end :]
    assert advice == right or found == right
    backprop.parse(right)


@pytest.mark.parametrize("wrong", ["a in [0, 1]", "a in (0, 1)", "a in 0..1"])
def test_bounds_without_a_value_are_told_as_they_are_written(wrong: str) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(f"{wrong}; y = a^2")
    assert caught.value.hints == ("write a = … in 0..1",)
    assert backprop.parse("a = 0.5 in 0..1; y = a^2").grad().value == 0.25


SEVERAL = [
    ("if(x > 1 && t < 3, 2x, 3t)", "if(x > 1 and t < 3, 2*x, 3*t)"),
    ("1,5x + [x + t]*2", "1.5*x + (x + t)*2"),
    ("np.sin(x) + 2(x + 1)", "sin(x) + 2*(x + 1)"),
    ("{x + 1}*2x − 5%", "(x + 1)*2*x - 5/100"),
    ("2[x + 1](x + 2)", "2*(x + 1)*(x + 2)"),
    ("sin 2x + cos²(x)", "sin(2*x) + cos(x)^2"),
    ("x! + 30° + 2t", "gamma(x + 1) + 30*pi/180 + 2*t"),
    ("⌊2x⌋ + 1_000t", "floor(2*x) + 1000*t"),
    ("x.sin() + 3\\cos(t)", "sin(x) + 3*cos(t)"),
    ("sum(w[i]*2i for i = 1:3)", "sum(w[i]*2*i for i in 1..3)"),
    ("1,5*x ✕ [t + 1] – 2x", "1.5*x * (t + 1) - 2*x"),
    ("2x(x + 1)", "2*x*(x + 1)"),
    ("t(2x - 3)(x + 1)", "t*(2*x - 3)*(x + 1)"),
    ("2x(x + 1)(t - 1)", "2*x*(x + 1)*(t - 1)"),
    ("Sin(2x) + COS(3t)", "sin(2*x) + cos(3*t)"),
    ("max(2x; 3t)", "max(2*x, 3*t)"),
    ("MAX(1,5x; t)", "max(1.5*x, t)"),
    ("1,5x² + 2,5t", "1.5*x^2 + 2.5*t"),
    ("sin²x+cos²x", "sin(x)^2 + cos(x)^2"),
    ("Sum(2w[i] for i in 1..3)", "2*sum(w[i] for i in 1..3)"),
]
"""Several mistakes in one line, and the line as it should be."""


@pytest.mark.parametrize(("wrong", "right"), SEVERAL)
def test_several_mistakes_in_a_line_are_mended_at_once_or_asked_about(
    wrong: str, right: str
) -> None:
    text = f"y = {wrong}\n{DATA}"
    with pytest.raises(BackpropError) as caught:
        backprop.parse(text).grad(of="y")
    advice = proposed(caught.value)
    if len(advice) == 1:
        found = backprop.parse(mended(text, caught.value, advice[0])).grad(of="y").value
        assert math.isclose(found, value(right), rel_tol=1e-12)
    else:
        assert caught.value.hints


ONE_ROUND = [
    ("y = np.square(x)", ["y = x^2"]), ("y = 2e^x", ["2*exp(x)", "2*e^x"]),
    ("y = 2e^{-x} + 3t", ["2*exp(-x) + 3*t", "2*e^(-x) + 3*t"]), ("e = 3; y = 2e^x", ["y = 2*e^x"]),
    ("y = WENN(x > 1; 2x; t)", ["y = if(x > 1, 2*x, t)"]), ("y = SI(x > 1;x;t)", ["y = if(x > 1, x, t)"]),
    ("y = SUMME(x;t;2x)", ["y = x + t + (2*x)"]), ("y = MITTELWERT(x;t)", ["y = (x + t)/2"]), ("y = RUNDEN(x;1)", ["y = round(x*10^1)/10^1"]),
    (r"y = \binom{k1}{t}", ["y = gamma(k1 + 1)/(gamma(t + 1)*gamma(k1 - t + 1))"]), ("y = lg(2x)", ["y = log10(2*x)", "y = log2(2*x)"]),
    ("y = x where x is 3", ["y = x; x = 3"]), ("y = 2x where x = 3t", ["y = 2*x; x = 3*t"]), ("y = x*t, where x = 3, t = 2", ["y = x*t; x = 3; t = 2"]),
    ("y = x*t where x = 3 and t = 2", ["y = x*t; x = 3; t = 2"]), ("y = x^2 at x = 3", ["y = x^2; x = 3"]), ("y = x^2 for x = 3", ["y = x^2; x = 3"]),
    ("y = x^2, x = 3, t = 4", ["y = x^2; x = 3; t = 4"]), ("y = x^2 where x=1.5 and t>2", None), ("y = w[1] where w[i] = 3 for i in 1..2", ["y = w[1]; w[i] = 3 for i in 1..2"]),
    ("g = const 9.81", ["const g = 9.81"]), ("g = 9.81 const", ["const g = 9.81"]), ("L = minimize x^2", ["L = x^2; minimize L"]), ("x = float 3", ["x = 3"]),
    ("y = return 2x", ["y = 2*x"]), ("f(x) = return x^2; y = f(2)", ["f(x) = x^2"]),
    *((f"f {each}; y = f(2)", ["f(x) = x^2"]) for each in
      ("= x -> x^2", "= (x) => x^2", "= @(x) x^2", "= function(x) x^2", ":= x -> x^2", ": x ↦ x^2", r"= \x -> x^2", "= λx.x^2", "= function(x) { return x^2 }")),
    ("f = x -> 2x; y = f(2)", ["f(x) = 2*x"]), ("y = x x t", ["x*t", "x*x*t"]), ("y = 2 x 3 x t", ["2*3*t", "2*x*3*x*t"]),
    ("y = root(3, x)", ["x^(1/3)"]), ("y = root(x, 3)", ["x^(1/3)"]),
    ("y = $\\frac{x}{2} + 2x$", ["y = x/2 + 2*x"]), ("y = 2$x$ + $x + 1$*3", ["y = 2*x + (x + 1)*3"]), (r"y = \(2x\)", ["y = 2*x"]),
]  # fmt: skip
"""What one round has to mend: the only errors, and what is proposed; None: whatever is, it asks."""


@pytest.mark.parametrize(("wrong", "right"), ONE_ROUND)
def test_one_round_mends_it(wrong: str, right: list[str] | None) -> None:
    with pytest.raises(BackpropError) as caught:
        backprop.parse(wrong)
    if right is not None:
        assert len(caught.value.all) == 1
        assert proposed(caught.value) == right
        return
    assert len(proposed(caught.value)) != 1 or "where" not in caught.value.meant
