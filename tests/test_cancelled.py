"""Gradients that doubles lose to rounding: `grad` computes them with more digits, and says so.

The right numbers are mpmath's derivatives of functions that are written here once more.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import backprop as library
from backprop.errors import Cancelled
from running import backprop
from truth import mp

CASES: list[tuple[str, float, Callable[[Any], Any]]] = [
    ("expm1(x)/x", 1e-20, lambda x: mp.expm1(x) / x),
    ("(exp(x) - 1)/x", 1e-12, lambda x: mp.expm1(x) / x),
    ("(1 - cos(x))/x^2", 1e-5, lambda x: 2 * (mp.sin(x / 2) / x) ** 2),
    ("(1 - cos(x))^2", 1e-8, lambda x: 4 * mp.sin(x / 2) ** 4),
    ("atan2(x*cos(x), mish(x))", 1e-160, lambda x: mp.atan(mp.cos(x) / mp.tanh(mp.log1p(mp.exp(x))))),
    ("1e20*x + x - 1e20*x", 1.0, lambda x: x),
    ("x*1e15*1e15 + x - x*1e30", 1.0, lambda x: x * (10**15 * 10**15 + 1 - mp.mpf(1e30))),
    ("(sinc(0.75 + x) - sinc(0.75))/x", 1e-20, lambda x: (mp.sinc(0.75 + x) - mp.sinc(0.75)) / x),
    ("(sinc(x) - 1)/x^2", 1e-160, lambda x: (mp.sinc(x) - 1) / x**2),
    ("erf(x)/x", 1e-20, lambda x: mp.erf(x) / x),
    ("(1 - erfc(x))/x", 1e-12, lambda x: mp.erf(x) / x),
    ("erfinv(x)/x", 1e-20, lambda x: mp.erfinv(x) / x),
    ("(gelu(1 + x) - gelu(1))/x", 1e-20, lambda x: ((1 + x) * mp.ncdf(1 + x) - mp.ncdf(1)) / x),
    ("(exp2(x) - 1)/x", 1e-20, lambda x: mp.expm1(x * mp.log(2)) / x),
    ("log(1 + x)/x", 1e-17, lambda x: mp.log1p(x) / x),
    ("log(1 + x)/x", 1e-9, lambda x: mp.log1p(x) / x),
    ("sin(x)/x", 1e-9, mp.sinc),
    ("(x - sin(x))/x^3", 1e-4, lambda x: (x - mp.sin(x)) / x**3),
    ("sqrt(x + 1) - sqrt(x)", 1e15, lambda x: 1 / (mp.sqrt(x + 1) + mp.sqrt(x))),
    ("tanh(x) - x", 1e-6, lambda x: mp.tanh(x) - x),
    ("x/x + sqrt(x)", 1e-40, lambda x: 1 + mp.sqrt(x)),
    ("(x^2 + 2*x + 1 - (x + 1)^2 + x)^2", 1e-9, lambda x: x**2),
    ("u = 1 - cos(x); y = u^3/x^5", 1e-7, lambda x: 8 * mp.sin(x / 2) ** 6 / x**5),
    ("((x + 1e20) - 1e20)*x", 3.0, lambda x: x**2),
    ("abs((x + 1e20) - 1e20 - 2.5)", 3.0, lambda x: x - 2.5),
    ("cos(x^3)", 1e8, lambda x: mp.cos(x**3)),
    ("floor(2)*expm1(x)/x", 1e-20, lambda x: 2 * mp.expm1(x) / x),
    ("round(2.5)*(1 - cos(x))/x^2", 1e-9, lambda x: 4 * (mp.sin(x / 2) / x) ** 2),
    ("mod((x + 1e20) - 1e20, 2)*x", 3.0, lambda x: (x - 2) * x),
    ("max(sqrt(2)^2, 2)*expm1(x)/x", 1e-20, lambda x: mp.mpf(2) * mp.expm1(x) / x),
    ("1e9*hypot(x, (x + 7) + (0.5 - x))", 1e-160, lambda x: 10**9 * mp.sqrt(x**2 + 7.5**2)),
]  # fmt: skip


def derivative(function: Callable[[Any], Any], at: float) -> float:
    """By mpmath, with steps that are small beside the argument."""
    with mp.workdps(1500):
        x = mp.mpf(at)
        step = x / mp.mpf(10) ** 400
        return float((function(x + step) - function(x - step)) / (2 * step))


def written(text: str) -> str:
    return text if "y =" in text else f"y = {text}"


@pytest.mark.parametrize(("text", "at", "function"), CASES)
def test_what_rounding_takes_is_computed_again(
    text: str, at: float, function: Callable[[Any], Any]
) -> None:
    right = derivative(function, at)
    ran = backprop("grad", "-e", written(text), "--set", f"x={at!r}", "--format", "json")
    found = json.loads(ran.out)
    assert found["gradients"]["x"] == pytest.approx(right, rel=1e-9, abs=0)
    program = library.compile(library.parse(written(text)), engine="python")
    far = abs(program([at])[1][0] - right) > 1e-9
    assert far == any("make ∂y/∂x" in note for note in found.get("notes", []))
    explained = json.loads(
        backprop("explain", "-e", written(text), "--set", f"x={at!r}", "--format", "json").out
    )
    assert f"{found['gradients']['x']!r}" in json.dumps(explained)


@pytest.mark.parametrize(("text", "at", "function"), CASES)
def test_check_agrees_with_it(text: str, at: float, function: Callable[[Any], Any]) -> None:
    ran = backprop("check", "-e", written(text), "--set", f"x={at!r}", "--precise")
    assert ran.status == 0, ran.out
    assert "0 of 1" not in ran.out
    assert "agrees" in ran.out


@pytest.mark.parametrize(
    ("text", "at", "right"),
    [
        ("cosh(x)^2 - sinh(x)^2", 30.0, 1.0),
        ("(1 - cos(x))/x^2", 1e-9, 0.5),
        ("(x + 1e8)^2 - x^2 - 1e16", 3.1, 6.2e8),
    ],
)
def test_a_value_that_rounding_takes_is_told(text: str, at: float, right: float) -> None:
    found = library.parse(f"y = {text}").grad(x=at)
    assert found.value != pytest.approx(right, rel=1e-9, abs=0)
    (note,) = [note for note in found.notes if "makes y" in note.message]
    assert isinstance(note, Cancelled)
    assert float(note.message.split()[-1]) == pytest.approx(right, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("text", "x", "step", "right"),
    [
        ("if(1e20*((x + 1e-20) - x) > 0.5, 2*x, 3*x)", 1, 1, 2),
        ("if(1e20*((x + 1e-20) - x) < 0.5, 2*x, 3*x)", 1, 0, 3),
        ("floor(x/49*49)", 1, 1, 1),
        ("floor(x/49*49*2^30)", 1, 2**30, 2**30),
        ("if(x/49*49 >= x, 5, 7)", 1, 1, 5),
        ("if(x/49*49 == x, 5, 7)", 1, 1, 5),
        ("if(sqrt(x)^2 > x, 5, 7)", 2, 0, 7),
        ("if(exp(log(x)) > x, 5, 7)", 10, 0, 7),
        ("ceil(sqrt(x)^2)", 5, 5, 5),
        ("round(x/49*49/2)*3", 1, 0, 0),
        ("floor((x + 1e20) - 1e20 + 0.5)", 3, 3, 3),
    ],
)
def test_a_choice_that_rounding_decides_is_told(
    text: str, x: float, step: float, right: float
) -> None:
    found = library.parse(f"y = {text}").grad(x=x)
    told = [each.message for each in (*found.warnings, *found.notes)]
    if found.value == right:
        assert not told
    else:
        (message,) = told
        assert "by rounding" in message
        assert message.endswith(f"with more digits it is {step}")


@pytest.mark.parametrize("whole", range(2, 60))
def test_the_last_of_many_digits_leads_across_no_jump(whole: int) -> None:
    for text in ("floor(sqrt(x)^2)", "ceil(sqrt(x)^2)", "floor(exp(log(x)))", "floor(x/49*49)"):
        found = library.parse(f"y = {text}").grad(x=whole)
        told = [each.message for each in found.warnings]
        assert len(told) == (found.value != whole)
        assert all(message.endswith(f"with more digits it is {whole}") for message in told)
        assert not any("by rounding" in note.message for note in found.notes)
    for text in ("mod(sqrt(x)^2, x)", "mod(exp(log(x)), x)", "mod(x/49*49, x)"):
        found = library.parse(f"y = {text}").grad(x=whole)
        told = [note.message for note in found.notes if "makes y" in note.message]
        assert len(told) == (found.value > 0.5)
        assert all(message.endswith("with more digits it is 0") for message in told)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("e = a*b; d = e + c; y = d*f", {"a": 2, "b": -3, "c": 10, "f": -2}),
        ("y = a - b", {"a": 0.1, "b": 0.1}),
        ("y = (a - b)^2", {"a": 3, "b": 3}),
        ("y = tanh(a*b + c) - sigmoid(a)", {"a": 0.3, "b": -0.7, "c": 0.2}),
        ("y = softplus(a - b) + log(a^2 + b^2)", {"a": 1.5, "b": 0.25}),
        ("y = exp(a) - exp(b)", {"a": 0.5, "b": 0.25}),
        ("y = sin(a)^2 + cos(a)^2", {"a": 0.7}),
        ("y = (a + 0.2 - b)^2", {"a": 0.1, "b": 0.3}),
    ],
)
def test_nothing_is_said_where_nothing_is_lost(text: str, values: dict[str, float]) -> None:
    assert library.parse(text).grad(values).notes == ()


def test_the_shares_are_said_to_be_lost_where_explain_adds_them_up() -> None:
    ran = backprop("explain", "-e", "u = expm1(x); y = u/x", "--set", "x=1e-20")
    assert "−1e20 + 1e20 = 0.5" in ran.out
    assert "doubles lose the sum to rounding" in ran.out


def test_compiled_programs_have_the_digits_of_doubles() -> None:
    program = library.compile(library.parse("y = expm1(x)/x"), engine="python")
    assert program([1e-20])[1].tolist() == [0.0]


@pytest.mark.parametrize(
    ("text", "values", "asked", "said"),
    [
        ("y = sqrt(x)^2 + z", "x=0, z=1", "x", "0·∞"),
        ("y = sqrt(x)^2 + z", "x=0, z=1", "z", ""),
        ("y = sqrt(x)", "x=0", "x", "slope"),
        ("y = sqrt(x) + z", "x=0, z=1", "z", ""),
        ("y = expm1(x)/x + z", "x=1e-20, z=1", "x", "∂y/∂x 0"),
        ("y = expm1(x)/x + z", "x=1e-20, z=1", "z", ""),
        ("y = (1 - cos(x))/x^2 + z", "x=1e-9, z=-1", "z", "makes y"),
        ("y = abs(x) + abs(z)", "x=0, z=0", "x", "∂y/∂x = 0"),
    ],
)
def test_of_what_is_asked_for_all_is_said(text: str, values: str, asked: str, said: str) -> None:
    ran = backprop("grad", "-e", text, "--set", values, "--wrt", asked)
    assert bool(ran.err) == bool(said), ran.err
    assert said in ran.err


def test_a_choice_that_rounding_decides_beside_a_border_is_told() -> None:
    # 1e150*1e-150 is more than 1 by 1.2e-16 of doubles, and less than that of their exact values
    text = "u = a*1e150*1e150*1e-150*1e-150; y = c*ceil(u)"
    exact = -745 * Fraction(1e150) ** 2 * Fraction(1e-150) ** 2
    assert math.ceil(exact) == -744
    ran = backprop("grad", "-e", text, "--set", "a=-745, c=2")
    assert (
        ran.err.count("ceil(u) is -745 by rounding at u = -745: with more digits it is -744") == 1
    )
    assert "rounding" not in backprop("grad", "-e", text, "--set", "a=-745.5, c=2").err


def test_a_corner_by_rounding_is_looked_at_from_values_that_are_not_rounded() -> None:
    """The root of a variance: (x[1] - m)/(3*y) = -1/sqrt(6), whatever doubles make of s - m^2."""
    text = (
        "x[i] = 1e9 + i for i in 1..3; s = mean(x[i]^2 for i in 1..3); m = mean(x[i] for i in 1..3)"
    )
    found = library.parse(f"{text}; v = s - m^2; y = sqrt(abs(v))").grad()
    assert found.value == 0
    assert found.gradients["x[1]"] == pytest.approx(-(6**-0.5))
    assert found.gradients["x[3]"] == pytest.approx(6**-0.5)
    assert not any("0.174" in note.message for note in found.notes)


def test_a_remainder_of_rounding_is_no_number() -> None:
    with mp.workdps(500):
        large = mp.csc(mp.mpf(1e-200))
        right = float(large - mp.floor(large))
    found = library.parse("y = x*mod(csc(1e-200), 1)").grad(x=2)
    assert found.gradients["x"] == pytest.approx(right, rel=1e-12)
    assert found.notes


@pytest.mark.parametrize("b", [1e30, 2e30, 3e30, 5e30, 7e30, 1.1e30, 1.3e30, 1.7e30])
def test_a_jump_that_rounding_decides_is_told_at_every_point(b: float) -> None:
    found = library.parse("y = a*ceil(sin(b^9))").grad(a=2, b=b)
    with mp.workdps(400):
        right = float(mp.ceil(mp.sin(mp.mpf(b) ** 9)))
    told = [each.message for each in found.warnings if "by rounding" in each.message]
    assert bool(told) == (found.gradients["a"] != right)
    assert all(told_right.endswith(f"it is {right:g}") for told_right in told)


def whole(number: int | Fraction) -> Any:
    return mp.mpf(number.numerator) / number.denominator


DEFAULTS: list[tuple[str, Callable[[], Any]]] = [
    ("sinc(sqrt(1e200))", lambda: mp.sinc(mp.sqrt(mp.mpf(1e200)))),
    ("tan(2^40*sqrt(3)*1e9)", lambda: mp.tan(2**40 * mp.sqrt(3) * 10**9)),
    ("1e16 + 1 - 1e16", lambda: mp.mpf(1)),
    ("(exp(1e-17) - 1)*1e17", lambda: mp.expm1(mp.mpf(1e-17)) * 10**17),
    ("1e-300*1e-300*1e290*1e290", lambda: whole(Fraction(1e-300) ** 2 * Fraction(1e290) ** 2)),
    ("1e-320/3*1e300", lambda: whole(Fraction(1e-320) / 3 * Fraction(1e300))),
    ("sqrt(5)^2 - 5", lambda: mp.mpf(0)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "right"), DEFAULTS)
def test_numbers_of_the_file_keep_what_rounding_takes(text: str, right: Callable[[], Any]) -> None:
    with mp.workdps(1000):
        number = right()
        slope = float(2 * number)
    found = json.loads(
        backprop("grad", "-e", f"u = {text}; y = u^2 + x", "--set", "x=1", "--format", "json").out
    )
    assert found["data"]["u"] == pytest.approx(float(number), rel=1e-15, abs=0)
    assert found["gradients"]["u"] == pytest.approx(slope, rel=1e-15, abs=0)


def test_rounding_goes_on_through_round() -> None:
    """Where doubles are whole numbers, those next to each other have other sines."""
    found = library.parse("v = sin(round(b^b)); y = softplus(v)").grad({"b": 36.7})
    with mp.workdps(200):
        b = mp.mpf(36.7)
        right = mp.sin(mp.nint(b**b))
        values = [f"{float(each):.10g}" for each in (right, mp.log1p(mp.exp(right)))]
        slope = float(1 / (1 + mp.exp(-right)))
    assert found.gradients["v"] == pytest.approx(slope, rel=1e-12, abs=0)
    assert found.notes[-1].message.endswith(f"with more digits they are {' and '.join(values)}")


def test_all_that_a_jump_by_rounding_changes_is_told() -> None:
    """b^2*a + b, where both the factor a and its sign are 0 by rounding."""
    text = "y = b^2*((1e16 + a) - 1e16)*sign((1e16 + a) - 1e16) + b"
    a, b = 0.7, 0.5
    [note] = library.parse(text).grad({"a": a, "b": b}).notes
    for said in (
        f"∂y/∂b = 1 is the slope taken there (so y is {b}; with more digits it is {b**2 * a + b:g})",
        f"with more digits on both sides {2 * b * a + 1:g}",
        f"So is ∂y/∂a = 0; with more digits on both sides {b**2:g}",
    ):
        assert said in note.message
    assert {"a", "b"} <= note.leads


@pytest.mark.parametrize(
    ("text", "step", "known", "right"),
    [
        ("floor(1e16 + 1 - 1e16)", "floor(1e16 + 1 - 1e16)", 0, 1),
        ("sign(1 - cos(1e-9))", "sign(1 - cos(1e-9))", 0, 1),
        ("if(1e16 + 1 == 1e16, 5, 7)", "1e16 + 1 == 1e16", 1, 0),
        ("floor(sqrt(3)*sqrt(3))", "floor(sqrt(3)*sqrt(3))", 2, 3),
        ("round(7*(1e16 + 1 - 1e16)) + 2", "round(7*(1e16 + 1 - 1e16))", 0, 7),
    ],
)
def test_a_choice_of_the_file_that_rounding_decides_is_told(
    text: str, step: str, known: int, right: int
) -> None:
    model = library.parse(f"u = {text}; y = u*x")
    for _ in range(2):
        [told] = model.grad({"x": 1}).warnings
        assert told.message.startswith(f"{step} is {known} by rounding")
        assert told.message.endswith(f": with more digits it is {right}")
    assert not model.grad({"x": 1, "u": 1}).warnings


@pytest.mark.parametrize(
    "text", ["floor(7/2)", "sign(0*3)", "mod(7.5*2, 5)", "clamp(0.5*2, 0, 1)", "floor(log10(1000))"]
)
def test_of_a_choice_that_rounding_does_not_decide_nothing_is_said(text: str) -> None:
    assert not library.parse(f"u = {text}; y = u*x").grad({"x": 1}).warnings


def test_a_constant_of_ranges_is_the_same_number_everywhere() -> None:
    """1e16 + 3 is 1e16 + 4 in doubles: with it the range was read."""
    text = "n = 1e16 + 3 - 1e16; c = 2; y = n*c + prod(c for i in 1..n)"
    for command in ("grad", "explain", "check"):
        ran = backprop(command, "-e", text)
        assert ran.status == 0
        assert re.search(rf"y = .*\b{4 * 2 + 2**4}$", ran.out, re.MULTILINE)
        assert "1e16 + 3 - 1e16 is 4 by rounding: with more digits it is 3" in ran.err
    ran = backprop("grad", "-e", text, "--set", "n=3")
    assert f"y = {3 * 2 + 2**3}\n" in ran.out
    assert not ran.err


def test_what_is_saved_has_the_digits_of_the_run(tmp_path: Path) -> None:
    """1e16 + 1 and 1e16 + 3 are 1e16 and 1e16 + 4 in doubles."""
    text = "x[i] = 1e16 + i - 1e16 for i in 1..3\nb = 1e16 + 1 - 1e16\nc = 2\n"
    file, saved = tmp_path / "eqs.txt", tmp_path / "saved.txt"
    file.write_text(text + "y = c^2 + b*sum(x[i]^2 for i in 1..3)\n")
    command = ("descend", str(file), "--steps", "1", "--lr", "0.25", "--save", str(saved))
    ran = backprop(*command, "--only", "x[1], c", "--format", "json")
    inputs = json.loads(ran.out)["inputs"]
    assert inputs == {"x[1]": 0.5, "x[2]": 2.0, "x[3]": 3.0, "b": 1.0, "c": 1.0}
    assert "b = 1e16 + 1 - 1e16\n" in saved.read_text()
    again = json.loads(backprop("grad", str(saved), "--of", "y", "--format", "json").out)
    assert {name: again["data"][name] for name in inputs} == inputs
    # a number that the formula would not have given
    backprop(*command, "--only", "c", "--set", "b=0")
    assert "b = 0\n" in saved.read_text()


def test_shares_that_values_cannot_show_stay() -> None:
    text = "w = sqrt(u^1*(1e-300 == a)); y = hypot(1e200*(v + w), sigmoid(log1p(u)))"
    ran = backprop("grad", "-e", text, "--set", "a=-1, u=2, v=1.25", "--format", "json")
    with mp.workdps(700):
        u, side = mp.mpf(2), mp.mpf(1e200) * mp.mpf("1.25")

        def other(u: Any) -> Any:
            return (1 + u) / (2 + u)  # the sigmoid of a logarithm

        right = other(u) / (2 + u) ** 2 / mp.sqrt(side**2 + other(u) ** 2)
    assert json.loads(ran.out)["gradients"]["u"] == pytest.approx(float(right), rel=1e-12, abs=0)


LOST = """x = 1e-5
w[i] = 1/i for i in 1..{0}
L = (1 - cos(x))/x^2 + sum(w[i]^2 for i in 1..{0})*x"""
"""The slope of the first term is -x/12; doubles make it -8e-3."""


@pytest.mark.parametrize("count", [3, 400, 2000])
def test_large_graphs_keep_their_digits_too(count: int) -> None:
    """`grad`, `jacobian` both ways and along a direction, of graphs of 15 to 4,000 steps."""
    model = library.parse(LOST.format(count))
    right = -1e-5 / 12 + sum((1 / i) ** 2 for i in range(1, count + 1))
    found = model.grad()
    assert found.gradients["x"] == pytest.approx(right, rel=1e-12)
    assert any("it is computed with more digits" in each.message for each in found.notes)
    for mode in ("forward", "reverse"):
        [[by_x, by_w]] = model.jacobian(wrt=["x", "w[2]"], mode=mode).jacobian.tolist()
        assert by_x == pytest.approx(right, rel=1e-12)
        assert by_w == pytest.approx(1e-5, rel=1e-12)
    along = model.along({"x": 2.0}).derivatives
    assert along.tolist() == [[pytest.approx(2 * right, rel=1e-12)]]


def test_sweeps_of_a_tape_are_looked_at_for_digits() -> None:
    """40 outputs of 1,600 steps each, two of which have lost what one derivative is made of."""
    model = library.parse("""u[j] = 1e-5*j for j in 1..40; w[i] = cos(i) for i in 1..800
        q = sum(tanh(w[i]*w[1])^2*i for i in 1..800)
        y[j] = q*u[j]*0.001 + if(j < 3, 1 - cos(u[j]), u[j])/u[j]^2 for j in 1..40""")
    found = model.jacobian(mode="reverse")
    at = found.inputs.index("u[1]")
    q = model.grad(of="q").value
    assert found.jacobian[0, at] == pytest.approx(q * 0.001 - 1e-5 / 12, rel=1e-12)
    assert found.jacobian[1, at + 1] == pytest.approx(q * 0.001 - 2e-5 / 12, rel=1e-12)
    assert found.jacobian[2, at + 2] == pytest.approx(q * 0.001 - 1 / (3e-5) ** 2, rel=1e-12)
    told = [each.message for each in found.notes]
    assert len(told) == 4
    assert all(f"y[{j}]" in message for j, message in zip((1, 1, 2, 2), told, strict=True))


def test_what_is_too_large_to_be_computed_again_is_told() -> None:
    found = library.parse(LOST.format(12_000)).grad()
    [warning] = found.warnings
    assert warning.message.startswith("rounding leaves few digits, or none, of ∂L/∂x 1.63")
    assert "of up to 20,000 steps" in warning.hints[0]
    assert not library.parse(LOST.format(12_000)).grad(x=1).warnings
