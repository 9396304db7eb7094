"""Chains of equalities: updates `x ← 3 − 0.1·2 = 2.8` for numbers, and claims with links."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from mpmath import mp

import backprop as library
from running import CLASSIC, POINT, backprop

# ------------------------------------------------------------------------------------- numbers

SETTINGS = [
    ("x ← 3 − 0.1·2 = 2.8", 2.8), ("x <- 3 - 0.1*2 = 2.8", 2.8), ("x ← 2", 2), ("x = 1/3 = 0.333", 0.333),
    ("x = 1/3 = 0.3", 0.3), ("x = 2/3 = 0.67 = 0.6667", 0.6667), ("x ← 1e−5·2e5 = 2", 2), ("x = sqrt(2)^2 = 2", 2),
    ("x ← max(0.1 − 0.5·3, 0) = 0", 0), ("x = pi = 3.14", 3.14), ("x = 10.0/3 = 3.33", 3.33), ("x = 2 = 6/3", 2),
    ("x ← 1.23457·2 = 2.469138", 2.469138), ("x = 1e300*1e5/1e5 = 1e300", 1e300),
]  # fmt: skip
REFUSED = [
    ("x ← 3 − 0.1·2 = 2.9", 1, "x cannot be 2.8 and 2.9"), ("x = 7/2 = 4", 1, "x cannot be 3.5 and 4"),
    ("x = 2 + 2 = 5", 1, "x cannot be 4 and 5"), ("x = 1/3 = 0.34", 1, "x cannot be 0.3333333333 and 0.34"),
    ("x = 1 = 2 = 1", 1, "x cannot be 2 and 1"), ("x = b = 3", 1, "this is a name"), ("x = 3 = b", 1, "this is a name"),
    ("x = 1/0 = 3", 1, "1/0 has no value"), ("x = 2x = 3", 2, "write 2*x"), ("x = foo(2) = 3", 1, "no function 'foo'"),
    ("x = 2 = = 3", 2, "a second '='"), ("x = (2 = 3)", 2, "a second '='"), ("x ← ", 2, "something is missing"),
    ("x ← 2 ← 3", 2, "'←'"), ("x < -3", 2, "nothing is defined"), ("x = 1e400 = 3", 2, "too large"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SETTINGS)
def test_the_last_link_of_a_number_counts(text: str, value: float, tmp_path: Path) -> None:
    file = tmp_path / "values"
    file.write_text(f"# from a descent\n{text}\n", encoding="utf-8")
    for given in (["--set", text], ["--values", str(file)]):
        ran = backprop("grad", "-e", "y = x", *given, "--format", "json")
        assert json.loads(ran.out)["data"]["x"] == value


@pytest.mark.parametrize(("text", "status", "said"), REFUSED)
def test_links_that_differ_and_what_is_no_number(text: str, status: int, said: str) -> None:
    ran = backprop("grad", "-e", "y = x; b = 2", "--of", "y", "--set", text)
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err
    assert "^" in ran.err


ROUNDED = ["2.399996", "0.49000003", "1.40000004", "2.600003", "1234.999996"]


@pytest.mark.parametrize("number", ROUNDED)
@pytest.mark.parametrize("formula", ["p^3", "exp(p/100)", "2*(-p)"])
def test_rounded_numbers_that_end_in_zeros_go_back(number: str, formula: str) -> None:
    equations = f"p = {number}; y = {formula}"
    lines = [line.strip() for line in backprop("explain", "-e", equations).out.splitlines()]
    given = [
        re.sub(r"^\d+\. ", "", line) for line in lines if re.match(r"(\d+\. y|p) = [^,]*$", line)
    ]
    assert len(given) == 2
    assert backprop("grad", "-e", "\n".join(given)).status == 0  # at most a note
    claims = [line for line in lines if line.startswith("∂y/∂p")]
    assert claims
    assert backprop("check", "-e", equations, "--claim", claims[0]).status == 0


# The value of each at some number that is rounded to the one in it, by mpmath (sin(54257938.9)),
# or by the range: the rounding spans whole periods. Behind it what no such number gives: 40235…e230
# is exp(542.5), 0.6687 and -0.3017 are sin(1570.5 + 0.2963) = 1's neighbours at both ends.
SPANS = [
    ("sin(5.42579e7)", "-0.937637", "2 1.00001 -1.00001"), ("sin(5.42579e7)", str(float(mp.sin("54257938.9"))), "-5"),
    ("sin(5.42579e7)", "1.00000", "1.1"), ("mod(6.61342e6, 7)", "6", "7.1 30 -0.1"),
    ("sec(8.02656e7)", str(float(mp.sec("80265623.4"))), "0.5 -0.999 0"), ("sec(8.02656e7)", "-123456", "0.9"),
    ("sinc(2.95057e7)", str(float(mp.sin("29505731.2") / 29505731.2)), "1 1e-7"),
    ("(-1)^round(3.71223e12)", "-1", "9 -1.5"), ("tan(1.23457e9)", str(float(mp.tan("1234570321.5"))), ""),
    ("exp(543)", str(float(mp.exp("543.4"))), f"1e240 {float(mp.exp('543.51'))} {float(mp.exp('542.49'))}"),
    ("sin(1571)", str(float(mp.sin("1571.49"))), f"1.2 -0.9 {float(mp.sin('1571.51'))}"),
    ("exp(log(1.23)) - 1.23", "0.0099", "1 0.0101"), ("1.23 - 1.22", "0.0199", "5 0.0201 -0.0001"),
    ("sin(4.51902e7*(-335301))", "0.395806", "1.00001"), ("1/sin(759446)^2", "13.5785", "0.9"),
    ("mod(12, 7)", "5", "4 6"), ("floor(3.5)", "3", "2 4"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "value", "beyond"), SPANS)
def test_links_whose_rounding_spans_periods(formula: str, value: str, beyond: str) -> None:
    """Some numbers that are rounded to those that are written give the value; never a wrong one."""
    assert backprop("grad", "-e", f"y = {formula} = {value}").status == 0
    for wrong in beyond.split():
        for command in (["-e", f"y = {formula} = {wrong}"], ["-e", "z = y", "--set", f"y ← {formula} = {wrong}"]):  # fmt: skip
            assert "y cannot be" in backprop("grad", *command).err


def test_numbers_of_claims_whose_rounding_spans_periods() -> None:
    text = "L = sin(x)*w; w = 2; x = 54257938.9"  # the sine is 0.8991662669
    for claim, status in [("∂L/∂w = sin(x) = sin(5.42579e7) = 0.899166", 0), ("∂L/∂w = sin(5.42579e7) = -0.937637", 1), ("∂L/∂w = 0.5*sin(5.42579e7)", 1)]:  # fmt: skip
        assert backprop("check", "-e", text, "--claim", claim).status == status


ON_A_BRANCH = [
    "y = selu(x); x = -0.3", "y = selu(x); x = 0", "y = elu(x); x = 0", "y = leaky_relu(x); x = 0", "y = sinc(x); x = 0.99",
    "y = max(a, b)*min(a, b); a = 2; b = 2", "y = max(a*b, c)*min(a*b, c); a = 2; b = 3; c = 6", "y = max(x, 1)*min(x, 1); x = 1",
    "y = max(a, b, c)*min(a, b, c); a = 1; b = 1; c = 1", "y = abs(a - b)*max(a, b); a = 1; b = 1", "y = elu(x, a); x = -1; a = 0.5",
]  # fmt: skip
WRONG_ON_A_BRANCH = [
    ("y = selu(x); x = -0.3", "dx = 1.0507009873554805"), ("y = selu(x); x = 0.3", "dx = 1.7580993408473766*exp(x)"),
    ("y = selu(x); x = 0.3", "dx = 1.0507009873554805*cos(x - 0.3)"), ("y = sinc(x); x = 0.5", "dx = -0.3250740612*x"),
    ("y = max(a, b); a = 2; b = 2", "da = a/2"), ("y = max(a, b); a = 2; b = 2", "da = a/b"), ("y = elu(x); x = 0", "dx = 1 + x"),
    ("y = max(a, b)*min(a, b); a = 2; b = 2", "da = a*b"), ("y = x^n; x = 3; n = 0", "dx = n*x"), ("y = elu(x); x = 0", "dx = cos(x)"),
]  # fmt: skip


@pytest.mark.parametrize("text", ON_A_BRANCH)
def test_formulas_of_explain_are_right_on_their_branch(text: str) -> None:
    lines = [line.strip() for line in backprop("explain", "-e", text).out.splitlines()]
    claims = [line for line in lines if line.startswith("∂y/∂")]
    assert len(claims) > 1
    ran = backprop("check", "-e", text, *(word for each in claims for word in ("--claim", each)))
    assert ran.status == 0, ran.out


@pytest.mark.parametrize(("text", "claim"), WRONG_ON_A_BRANCH)
def test_formulas_that_are_right_at_the_point_alone_are_wrong(text: str, claim: str) -> None:
    ran = backprop("check", "-e", text, "--claim", claim)
    assert ran.status == 1
    assert "wrong" in ran.out


def test_long_sums_are_off_by_the_rounding_of_all_their_numbers() -> None:
    formula = " + ".join(["1.00"] * 150)
    assert backprop("grad", "-e", f"y = {formula} = 150.74").status == 0
    assert "y cannot be" in backprop("grad", "-e", f"y = {formula} = 150.76").err


def test_chains_for_members_and_beside_equations(tmp_path: Path) -> None:
    text = "e = w[1]*w[2]; L = e^2; w[i] = 0 for i in 1..2"
    file = tmp_path / "values"
    file.write_text("e = w[1]·w[2] = 2·3 = 6\nw[1] ← 1 + 1 = 2\nw[2] ← 3\n", encoding="utf-8")
    for given in (["--values", str(file)], ["--set", "w[*] ← 5 − 3 = 2; w[2] = 1 + 2 = 3"], ["--set", "w[i] = i + 1 = 1 + i for i in 1..2"]):  # fmt: skip
        ran = backprop("grad", "-e", text, *given, "--format", "json")
        assert json.loads(ran.out)["value"] == 36
    ran = backprop("grad", "-e", text, "--set", "w[*] ← 5 − 3 = 3")
    assert "w[*] cannot be 2 and 3" in ran.err


# ------------------------------------------------------------------------------------- equations

FILES = [
    ("e = a·b = ____ = ____; a = 2; b = -3", -6.0), ("e = a*b = 2*(-3) = ____; a = 2; b = -3", -6.0), ("a = 2 = ____", 2.0),
    ("e = a·b = 2·(−3) = −6; a = 2; b = -3", -6.0), ("e = a*b = -6; a = 2; b = -3", -6.0), ("a = b = 3; b = 3", 3.0),
    ("y = a/3 = 1/3 = 0.333 = 0.33333; a = 1", 1 / 3), ("y = f(a) = a^2 = 3² = 9; f(x) = x^2; a = 3", 9.0),
    ("y = if(a > 0, a^2, 0) = a^2 = 2^2 = 4; a = 2", 4.0), ("y = sum(w[i]*i for i in 1..2) = w[1] + w[2]·2 = 3 + 4·2 = 11; w[1] = 3; w[2] = 4", 11.0),
    ("h[1] = 2*a = 2·2 = 4; a = 2; y = h[1]", 4.0), ("y = 1/a = 1/inf = 0; a = inf", 0.0), ("y = -a = -0; a = 0", -0.0),
    ("y = a*1e-5 = 2·1e−5 = 2e−05; a = 2", 2e-5), ("a = 2*pi = 6.28; y = a", 6.283185307179586), ("const a = 1/3 = 0.333; y = a", 1 / 3),
    ("y = a + nan1 = 3; nan1 = 1; a = 2", 3.0), ("y = atan2(a, -1) = atan2(−0, −1) = −3.14159; a = -0.0", -3.141592653589793),
    ("y = max(a, 1) = max(2, 1) = 2\n# so\na = 2 ;", 2.0), ("y = (a +\n 1) = 2 +\n 1 = 3; a = 2", 3.0), ("y = |a| = |−2| = 2; a = -2", 2.0), ("y = floor(a) = floor(3) = 2; a = 2.9999999999999996", 2.0),
]  # fmt: skip
NOTED = [
    ("\n\ne = a·b = 2·(−3) = −6; a = 2; b = -4", "line 3 says e = −6, it is −8 here"),
    ("e = a*b = -6; a = 2; b = -3; f = e + 1 = -4", "line 1 says f = -4, it is −5 here"),
    ("e = a*b = b*b = 9; a = 2; b = 4", "line 1 says e = b*b, it is 8 here (2 such values in all)"),
    ("a = b = 3; b = 4", "line 1 says a = 3, it is 4 here"),
]  # fmt: skip
ASKED_IN_FILES = [
    ("a = b = 3", 2, "write b = 3; a = b"), ("y = a + 1; a = w[1] = 3", 2, "write w[1] = 3; a = w[1]"),
    ("a = 3 = 4", 1, "a cannot be 3 and 4"), ("e = a*b = 2*3 = 7; a = 2; b = 3", 1, "e cannot be 6 and 7"), ("e = a*b = 6 = 2*3.2; a = 2; b = 3", 1, "e cannot be 6 and 6.4"),
    ("e = a*b = ____ = 6; a = 2; b = 3", 1, "there is no '____'"), ("e = a = b = ____; a = 2; b = 2", 2, "a second '='"),
    ("a = 3 = b; b = 3", 2, "a second '='"), ("a = b = c; b = 3; c = 3", 2, "a second '='"), ("a = 3 = b = 3; b = 3", 2, "a second '='"),
    ("e = a*b = q = 6; a = 2; b = 3", 1, "there is no 'q'"), ("e = a*b = 2(3) = 6; a = 2; b = 3", 2, "write 2*3"), ("e = a*b = foo(2) = 6; a = 2; b = 3", 1, "no function 'foo'"),
    ("e = 2(a) = 2*3 = 6; a = 3", 2, "write 2*(a)"), ("e = a*b = = 6; a = 2; b = 3", 2, "'='"), ("a = 1/3 = 0.333 in 0..1", 2, "a second '='"),
    ("x[i] = i = 3 for i in 3..3", 2, "a second '='"), ("f(x) = x^2 = 4; y = f(2)", 2, "a second '='"), ("2*e = a = 3; a = 3", 2, "only a name"),
    ("  1. e = a·b = 2·3 = 6; a = 2; b = 3", 2, "if it is the number of a line, begin with e"), ("a = 2 = 2; a = 3", 1, "defined twice"), ("e = a = 1e400; a = 3", 2, "too large"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), FILES)
def test_values_behind_an_equation_leave_it_as_it_is(
    text: str, value: float, tmp_path: Path
) -> None:
    output = "y" if "y =" in text else "e" if "e =" in text else "a"
    ran = backprop("grad", "-", "--of", output, "--format", "json", stdin=text.encode())
    found = json.loads(ran.out)["value"]
    assert (ran.status, "says" in ran.err) == (0, False)
    assert str(found) == str(value)  # the sign of a zero, too
    file = tmp_path / "file.eq"
    file.write_text(text, encoding="utf-8")
    for command in ("grad", "explain", "check"):  # each goes on as with the equation alone
        assert backprop(command, str(file), "--of", output).status == 0
    assert library.load(file).grad(of=output).value == pytest.approx(value)


@pytest.mark.parametrize(("text", "said"), NOTED)
def test_a_value_that_is_another_at_this_point_is_a_note(text: str, said: str) -> None:
    ran = backprop("grad", "-", "--of", text.strip()[0], stdin=text.encode())
    assert ran.status == 0
    assert said in ran.err
    assert ran.err.count(" says ") == 1


def test_a_note_of_a_setting() -> None:
    text = "e = a*b = 2*(-3) = -6; a = 2 = 2; b = -3"
    assert backprop("grad", "-e", text).err == ""
    ran = backprop("grad", "-e", text, "--set", "a=5")
    assert "line 1 says e = -6, it is −15 here" in ran.err


@pytest.mark.parametrize(("text", "status", "said"), ASKED_IN_FILES)
def test_chains_that_are_none(text: str, status: int, said: str) -> None:
    ran = backprop("grad", "-", stdin=text.encode())
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err
    assert "^" in ran.err


def test_what_is_saved_takes_the_value_behind_a_number_away(tmp_path: Path) -> None:
    file = tmp_path / "a.eq"
    file.write_text(
        "L = (a - 1)^2 = 4/9 = 0.4444\na = 1/3 = 0.333 # so\nw[1] = 2 = 4/2\nM = w[1]\n"
    )
    ran = backprop(
        "descend", str(file), "--of", "L", "--lr", "0.5", "--steps", "1", "--save", str(file)
    )
    assert ran.status == 0, ran.err
    assert "a = 1 # so\nw[1] = 2 = 4/2\n" in file.read_text()
    assert "line 1 says L = 0.4444, it is 0 here" in backprop("grad", str(file), "--of", "L").err


# -------------------------------------------------------------------------------------- claims

SHARED = "y = x^2; z = 3*x; L = y*z; x = 2"
"""∂L/∂y = z = 6, ∂L/∂z = y = 4, ∂L/∂x = 6·4 + 4·3 = 36."""

ON_THE_WAY = "c = a^2; e = a*c; L = 5*e; a = 2"
"""e = a^3: the whole ∂e/∂a is 12, that of its equation c = 4."""

RIGHT = [
    (CLASSIC, "∂L/∂a = ∂L/∂e · ∂e/∂a = ∂L/∂e·b = −2·(−3) = 6"), (CLASSIC, "a = dL/de*b"),
    (CLASSIC, "a: f·b = 6"), (CLASSIC, "de/da = b = -3"), (CLASSIC, "a = (∂L/∂e)^2*b/(∂L/∂d)"),
    (CLASSIC, "a = −dL/de*b*−1"), (CLASSIC, "together: ∂L/∂a = 2 + 4 = 6"), (CLASSIC, "a → e → d → L: ∂e/∂a · ∂d/∂e · ∂L/∂d = −3·1·(−2) = 6"),
    (CLASSIC, "a -> e -> d -> L: 6"), (CLASSIC, "share of dL/da: dL/de * de/da = 6"),
    (SHARED, "share of ∂L/∂x: ∂L/∂y · ∂y/∂x = 6·4 = 24"), (SHARED, "share of ∂L/∂x: ∂L/∂z·3 = 12"), (SHARED, "L' = 36"),
    (SHARED, "L' = y'*z + y*z' = 4·6 + 4·3"), (SHARED, "y' = 2·x"), (SHARED, "x → y → L: ∂y/∂x·∂L/∂y = 24"),
    (SHARED, "∂L/∂x = ∂L/∂y·∂y/∂x + ∂L/∂z·∂z/∂x"), (ON_THE_WAY, "∂e/∂a = 3·a² = 12"), (ON_THE_WAY, "share of ∂e/∂a: c = 4"),
    (ON_THE_WAY, "∂L/∂a = ∂L/∂e·∂e/∂a = 60"), (ON_THE_WAY, "∂L/∂a = ∂L/∂e·∂e/∂a + ∂L/∂c·∂c/∂a = 5·4 + 10·4 = 60"),
    (ON_THE_WAY, "share of ∂L/∂a: ∂L/∂e·∂e/∂a = 5·c = 20"), (ON_THE_WAY, "a → c → e → L: ∂c/∂a·∂e/∂c·∂L/∂e = 4·2·5 = 40"),
    ("L = a*a; a = 3", "share by use 2 of ∂L/∂a: a = 3"), ("y = exp(x); x = 1", "y' = exp(1) = 2.71828 = 2.72"),
    ("y = x/3; x = 1e-5", "dx = 0.333·1 = 33.3e−2"), ("L = sqrt(x)^2*w; x = 0; w = 3", "∂L/∂x = 3; ∂L/∂w = sqrt(x)^2"),
    ("w[i] = i for i in 1..2; L = w[1]*w[2]", "dL/dw[1] = w[2] = 2; ∂L/∂w[2] = w[1]·∂L/∂w[1]/w[2] = 1"),
]  # fmt: skip
WRONG = [
    (CLASSIC, "∂L/∂a = ∂L/∂e · ∂e/∂b = −2·(−3) = 6", ["wrong", "right", "right"]),
    (CLASSIC, "a = ∂L/∂e·b = −2·3 = 6", ["right", "wrong", "right"]), (CLASSIC, "∂e/∂a = b = 3", ["right", "wrong"]),
    (SHARED, "share of ∂L/∂x: ∂L/∂y · ∂y/∂x = 12", ["right", "wrong"]), (SHARED, "y' = 2 = 4", ["wrong", "right"]),
    (ON_THE_WAY, "∂e/∂a = c = 12", ["wrong", "right"]), (ON_THE_WAY, "a → e → L: 60", ["wrong"]),
    (CLASSIC, "a = 6; b = dL/de", ["right", "wrong"]), (CLASSIC, "a = 1.8·3.3 = 6", ["wrong", "right"]),
]  # fmt: skip
ASKED = [
    ("a = 2^∂L/∂e", 2, "put brackets around it: (∂L/∂e)"), ("a = x/dL/de", 2, "put brackets around it"), ("a = dL/de^2", 2, "put brackets"),
    ("a = dL/de²", 2, "put brackets"), ("share of ∂L/∂a: 6", 2, "through which equation"), ("L' = 3", 2, "write ∂L/∂a, ∂L/∂b, ∂L/∂c or ∂L/∂f"),
    ("L'' = 3", 2, "first derivatives"), ("a → q → L: 3", 1, "there is no 'q'"), ("a = ∂L/∂q*2", 1, "there is no 'q'"), ("a = ∂L/e", 1, "no differential"), ("da = de*b", 1, "for the derivative of L by e write ∂L/∂e"),
    ("a = 6 = ", 2, "a number or a formula is missing here"), ("a → L:", 2, "is missing here"), ("a = nan*2x", 2, "write nan*2*x"),
]  # fmt: skip


def verdicts(text: str, *claims: str) -> tuple[int, list[str]]:
    at = ["--set", POINT] if text == CLASSIC else []
    given = [word for claim in claims for word in ("--claim", claim)]
    ran = backprop("check", "-e", text, *at, *given, "--format", "json")
    assert ran.out, ran.err
    return ran.status, [each["verdict"] for each in json.loads(ran.out)["claims"]]


@pytest.mark.parametrize(("text", "claim"), RIGHT)
def test_each_link_is_right(text: str, claim: str) -> None:
    status, found = verdicts(text, claim)
    assert (status, {*found}) == (0, {"right"})
    assert len(found) == sum(claim.count(sign) for sign in "=:") - ("together" in claim)


@pytest.mark.parametrize(("text", "claim", "expected"), WRONG)
def test_the_wrong_link_is_named(text: str, claim: str, expected: list[str]) -> None:
    assert verdicts(text, claim) == (1, expected)


STEPS = "L = (a*b + c)^2; a = 2; b = 3; c = 1"
"""v1 = a*b = 6, v2 = v1 + c = 7, L = v2^2: ∂L/∂v2 = 14, ∂v2/∂v1 = 1, ∂v1/∂a = 3."""


@pytest.mark.parametrize(
    ("text", "claim", "expected"),
    [
        (STEPS, "∂L/∂v2 = 2·v2 = 14; v1 = 14; ∂b = 28", ["right"] * 4),
        (STEPS, "dL/dv1 = 14; dv2 = 14", ["right"] * 2),
        (STEPS, "∂v2/∂v1 = 1; ∂v1/∂a = b = 3; ∂L/∂a = ∂L/∂v1 · ∂v1/∂a = 42", ["right"] * 5),
        (STEPS, "a → v1 → v2 → L: ∂v1/∂a·∂v2/∂v1·∂L/∂v2 = 42", ["right"] * 2),
        (STEPS, "∂L/∂v2 = 2·v1; ∂v1/∂a = v2; v1 = 7", ["wrong"] * 3),
        ("v1 = a*b; " + STEPS.replace("a*b", "v1"), "∂L/∂u1 = 14; ∂u1/∂v1 = 1", ["right"] * 2),
        (
            "L = (dv1 + 2)^2*v_1; dv1 = 1; v_1 = 5",
            "dv1 = 30; dL/dv_1 = 9; ∂u1/∂dv1 = 1",
            ["right"] * 3,
        ),
    ],
)
def test_operations_have_the_names_that_explain_gives_them(
    text: str, claim: str, expected: list[str]
) -> None:
    assert verdicts(text, claim)[1] == expected


def test_an_operation_that_there_is_not() -> None:
    ran = backprop("check", "-e", STEPS, "--claim", "∂L/∂v3 = 2")
    assert (ran.status, ran.out) == (1, "")
    assert "there is no 'v3'" in ran.err


@pytest.mark.parametrize(("claim", "status", "said"), ASKED)
def test_what_is_no_claim_is_asked_about(claim: str, status: int, said: str) -> None:
    ran = backprop("check", "-e", CLASSIC, "--set", POINT, "--claim", claim)
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err


def test_names_win_over_derivatives_and_blanks() -> None:
    """dL, dn and y' are names here, and so is `__`."""
    text = "L = 3*n + dL/dn + y' + __; n = 2; dL = 8; dn = 4; y' = 1; __ = 5"
    claims = "∂dL = 1/dn = 0.25", "∂dn = −dL/dn^2 = -0.5", "∂n = 3*y'", "∂__ = __ − 4"
    assert verdicts(text, *claims) == (1, ["right", "right", "right", "right", "wrong", "wrong"])


def test_blanks_are_unanswered(tmp_path: Path) -> None:
    options = ["check", "-e", CLASSIC, "--set", POINT]
    ran = backprop(
        *options, "--claim", "∂L/∂a = ∂L/∂e·b = ____ · ____ = ____; b = ?; c = ...; f = …; d = -2"
    )
    assert (ran.status, ran.err) == (0, "")
    assert "2 of 7 claims are right, 5 unanswered" in ran.out
    assert " -4 " not in ran.out  # no answer is told
    ran = backprop(*options, "--claim", "a = ____; b = 4")
    assert ran.status == 1
    assert "1 of 2 claims is wrong, 1 unanswered" in ran.out
    assert "the claim is unanswered\n" in backprop(*options, "--claim", "a = ____").out
    found = json.loads(backprop(*options, "--claim", "a = ____", "--format", "json").out)
    assert (found["right"], found["claims"][0]["verdict"], found["claims"][0]["value"]) == (
        True,
        "unanswered",
        None,
    )


@pytest.mark.parametrize("detail", ["equations", "operations"])
def test_a_worksheet_goes_back_before_it_is_filled_in(detail: str, tmp_path: Path) -> None:
    sheet = backprop("explain", "-e", SHARED, "--hide-answers", "--detail", detail).out
    lines = [
        line.strip()
        for line in sheet.splitlines()
        if line.strip().startswith(("∂", "share", "together"))
    ]
    assert len(lines) >= 6
    file = tmp_path / "sheet"
    file.write_text("\n".join(lines), encoding="utf-8")
    ran = backprop("check", "-e", SHARED, "--claims", str(file), "--format", "json")
    assert ran.status == 0, ran.err
    assert {each["verdict"] for each in json.loads(ran.out)["claims"]} == {"right", "unanswered"}


@pytest.mark.parametrize(
    ("lines", "verdicts"),
    [  # y = a^6 at a = 2: ∂y/∂x = 2·8, ∂x/∂a = 3·4, ∂y/∂a = 192
        ("∂y/∂a =\n∂y/∂x = 16\n", ["unanswered", "right"]),
        ("∂y/∂a =\r\n\r\n  ∂y/∂x: 16\r\n", ["unanswered", "right"]),
        ("∂y/∂x = # later\n∂y/∂a = 192\n∂x/∂a =\n", ["unanswered", "right", "unanswered"]),
        ("∂y/∂a =\na → x → y: 16·12 = 192", ["unanswered", "right", "right"]),
        ("∂y/∂a = ∂y/∂x·∂x/∂a =\n∂y/∂x = 16", ["right", "unanswered", "right"]),
        ("∂y/∂a =\n∂y/∂x·∂x/∂a = 16·12 =\n192", ["right", "right", "right"]),
        ("y =\nx =\na =\n", ["unanswered"] * 3),
        ("∂y/∂a =\n192\n", ["right"]),
    ],
)
def test_a_line_that_ends_in_an_equality_sign_leaves_the_next_claim_alone(
    lines: str, verdicts: list[str], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.txt"
    sheet.write_bytes(lines.encode())
    equations = ("-e", "a = 2; y = x^2; x = a^3")
    ran = backprop("check", *equations, "--claims", str(sheet), "--format", "json")
    assert [each["verdict"] for each in json.loads(ran.out)["claims"]] == verdicts


LARGE = "x = 1; y = x*1.23456789e300"
LARGEST = "x = 1; y = x*1.7971931e308"
TINY = "x = 1e-310; u = x^2; y = u + x"


@pytest.mark.parametrize(
    ("text", "claim", "right"),
    [  # rounded by hand
        (LARGE, "dy/dx = 1.23457e300", True),
        (LARGE, "dy/dx = 1.23458e300", False),
        (LARGEST, "dy/dx = 1.797e308", True),
        (LARGEST, "dy/dx = 0.1797e309", True),
        (LARGEST, "dy/dx = 1.796e308", False),
        # u' = 2x, times 1
        (TINY, "share of dy/dx: dy/du*du/dx = 1*2e-310 = 2e-310", True),
        (TINY, "share of dy/dx: dy/du*du/dx = nan", False),
        (TINY, "x -> u -> y: 2e-310", True),
        (
            "x = 1e-310; z = 2; y = if(x > z, x^2, z)",
            "share of dy/dx: dy/dv2*dv2/dx = 0*2e-310 = 0",
            True,
        ),
        ("x = 0; u = sqrt(x); y = u^2", "share of dy/dx: dy/du*du/dx = 0*inf = nan", True),
    ],
)
def test_claims_at_the_ends_of_the_doubles(text: str, claim: str, right: bool) -> None:
    ran = backprop("check", "-e", text, "--of", "y", "--claim", claim)
    assert (ran.status, "wrong" in ran.out) == (int(not right), not right)
