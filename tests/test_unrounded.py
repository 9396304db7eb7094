"""Slopes that no double holds are printed as they are, so that every product is true.

-1/x^2 at 1e200 is -1e-400, and 1/1e-200 is 1e200: their product is -1e-200.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from math import inf
from pathlib import Path

import pytest

from backprop.numbers import Wide, shown
from backprop.reports.style import Style, fitted
from running import backprop


@pytest.mark.parametrize(
    ("text", "at", "lines"),
    [
        ("u = 1/x; y = log(u)", "x=1e200",
         ["∂u/∂x = −1/x^2 = −1/1e200^2 = −1e−400", "∂y/∂u · ∂u/∂x = 1e200 · (−1e−400) = −1e−200"]),
        ("p = a*1e200*1e200; y = p*1e-200*1e-200", "a=1e-300",
         ["∂y/∂p = 1e−400", "∂y/∂p · ∂p/∂a = 1e−400 · 1e400 = 1"]),
        ("u = x^2; y = sqrt(u)", "x=1e-150", ["∂y/∂u · ∂u/∂x = 5e149 · 2e−150 = 1"]),
        # 1 + 1e-400·1e400, of which each is a share
        ("p = a*1e200*1e200; y = p*1e-200*1e-200 + a", "a=1e-300", ["1e−400 · 1e400 = 1", "= 1 + 1 = 2"]),
        # a slope of 0 indeed
        ("u = relu(x); y = 3*u", "x=-1", ["∂y/∂u · ∂u/∂x = 3 · 0 = 0"]),
    ],
)  # fmt: skip
def test_the_products_of_an_explanation_are_true(text: str, at: str, lines: list[str]) -> None:
    for detail in ("equations", "operations"):
        ran = backprop("explain", "-e", text, "--set", at, "--detail", detail)
        assert ran.status == 0
        assert "may be anything" not in ran.out
        if detail == "equations":
            assert all(line in ran.out for line in lines), ran.out


def test_paths_and_pictures_have_them_too(tmp_path: Path) -> None:
    model = "-e", "u = 1/x; y = log(u)", "--set", "x=1e200"
    assert "= −1e−400 · 1e200 = −1e−200" in backprop("explain", *model, "--paths", "x").out
    file = tmp_path / "a.dot"
    assert backprop("draw", *model, "-o", str(file)).status == 0
    assert "1e+200 · -1e-400 = -1e-200" in file.read_text()


BEYOND = [
    # what grad prints, the number by hand, and in each format of explain
    ("u = 1/x", "x=1e200", 0.0, "−1e−400 (0 in doubles)", r"-10^{-400}\ (0\text{ in doubles})"),
    ("u = x/c", "x=1e-160, c=5e-324", inf, "2.02402e323 (inf in doubles)",
     r"2.02402 \cdot 10^{323}\ (\infty\text{ in doubles})"),
    # 1e-400 through u, twice 2e-400·2 besides: 1e-400·(1 + 2·2)
    ("v = x^2; u = (v*1e-200 + x*1e-200)*1e-200", "x=2", 0.0, "1e−400 + 4e−400 = 5e−400 (0 in doubles)",
     r"5 \cdot 10^{-400}\ (0\text{ in doubles})"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "double", "said", "latex"), BEYOND)
def test_every_format_has_what_grad_prints_beside_the_number(
    text: str, at: str, double: float, said: str, latex: str, tmp_path: Path
) -> None:
    model = "-e", text, "--set", at
    printed = json.loads(backprop("grad", *model, "--format", "json").out)["gradients"]["x"]
    assert float(printed) == double
    assert f"= {said}\n" in backprop("explain", *model).out
    for form in ("latex", "markdown"):
        assert f"{latex}$" in backprop("explain", *model, "--format", form).out
    page = backprop("explain", *model, "--format", "html").out
    assert "\xa0in\xa0doubles)" in re.sub("<[^>]*>", "", page)
    data = backprop("explain", *model, "--format", "json").out
    last = json.loads(data)["backward"][-1]
    found = (last["totals"] or [each for each in last["shares"] if each["by"] == "x"])[0]
    key = "total" if last["totals"] else "product"
    number = found["beyond"][key]
    assert float(found[key]) == double
    assert Decimal(number) == pytest.approx(
        Decimal(said.split(" (")[0].split(" ")[-1].replace("−", "-")), rel=Decimal("1e-5")
    )
    assert "beyond" not in backprop("explain", *model, "--format", "json", "--hide-answers").out
    assert backprop("draw", *model, "-o", str(tmp_path / "a.dot")).status == 0
    if "v =" not in text:
        assert f"({double:g} in doubles)" in (tmp_path / "a.dot").read_text()


CLAIMED = [
    # -1e-400 by hand: what grad prints, 0, is right, and so is the number; nothing else
    ("u = 1/x", "x=1e200", "du/dx", {
        "0": True, "-0": True, "-1e-400": True, "-1.00e-400": True, "-1/x^2": True, "2*-5e-401": True,
        "-1e-400 (0 in doubles)": True, "-1/1e200^2": True,
        "-1e-399": False, "1e-400": False, "-1e-401": False, "1e-300": False, "-1e400": False,
    }),
    # 3/5e-324, and 5e-324 is 2^-1074 = 4.94065645841e-324: 6.07206759922e323
    ("y = b*3/c", "b=1e-160, c=5e-324", "dy/db", {
        "inf": True, "6.07e323": True, "6.072067599e323": True, "6.072067599e+323 (inf in doubles)": True,
        "-inf": False, "6.08e323": False, "-6.07e323": False, "1.7e308": False, "6.0720e323": False,
    }),
    ("p = a*1e200*1e200; y = p*1e-200*1e-200", "a=1e-300", "dy/da", {
        "1e-400*1e400": True, "dy/dp*dp/da": True, "1e-400*1e401": False, "1e-400 + 1": True,
    }),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "at", "left", "claim", "right"),
    [(*case[:3], claim, right) for case in CLAIMED for claim, right in case[3].items()],
)
def test_a_claim_fits_the_number_or_what_grad_prints(
    text: str, at: str, left: str, claim: str, right: bool
) -> None:
    ran = backprop("check", "-e", text, "--set", at, "--claim", f"{left} = {claim}")
    assert ran.status == 1 - right, ran.out
    assert f"the claim is {'right' if right else 'wrong'}\n" in ran.out
    assert "undefined" not in ran.out


def test_a_formula_with_such_a_number_is_refused() -> None:
    ran = backprop("check", "-e", "u = 1/x", "--set", "x=1e200", "--claim", "du/dx = x*1e-400")
    assert (ran.status, "too small for a double" in ran.err) == (2, True)


def test_the_json_of_a_claim_has_the_numbers_as_texts() -> None:
    claim = "-e", "u = 1/x", "--set", "x=1e200", "--claim", "du/dx = -1e-399", "--format", "json"
    [found] = json.loads(backprop("check", *claim).out)["claims"]
    assert found["beyond"] == {"claimed": "-1e-399", "value": "-1e-400"}
    assert (found["claimed"], found["value"], found["verdict"]) == (0, 0, "wrong")
    paths = "-e", "u = 1/x; beyond = 2*u", "--set", "x=1e200", "--paths", "x", "--format", "json"
    data = json.loads(backprop("explain", *paths).out)
    assert (data["gradients"], data["beyond"]) == ({"x": 0.0}, {"gradients": {"x": "-2e-400"}})


@pytest.mark.parametrize(("text", "at"), [(case[0], case[1]) for case in (*CLAIMED, *BEYOND)])
@pytest.mark.parametrize("detail", ["equations", "operations"])
def test_what_explain_prints_is_right(text: str, at: str, detail: str, tmp_path: Path) -> None:
    model = "-e", text, "--set", at
    printed = backprop("explain", *model, "--detail", detail).out
    lines = [
        each.strip() for each in printed.splitlines() if re.match(" +(∂|share|together)", each)
    ]
    assert lines
    (tmp_path / "sheet").write_text("\n".join(lines), "utf-8")
    ran = backprop("check", *model, "--claims", str(tmp_path / "sheet"))
    assert "all claims are right" in ran.out, ran.out + ran.err


def test_a_number_beyond_doubles_is_written() -> None:
    assert shown(Wide(Decimal("-1.5e-400"))) == "-1.5e-400"
    assert shown(Wide(Decimal(1) / 3 * Decimal("1e500")), 3) == "3.33e+499"
    assert Wide(Decimal("-1e-400")) == 0.0
    assert Wide(Decimal("1e400")) == float("inf")


def test_a_number_is_said_once_and_no_product_that_is_none() -> None:
    ran = backprop("explain", "-e", "u = if(x > 0, 1, 0); y = u*z", "--set", "x=-1,z=2")
    assert "u = if(x > 0, 1, 0) = 0\n" in ran.out
    ran = backprop("explain", "-e", "u = atan2(z, x); y = u^2 + x", "--set", "z=0, x=0")
    assert "0 · nan" not in ran.out
    assert "∂y/∂z = ∂y/∂u · ∂u/∂z = nan\n" in ran.out
    assert "(0 times a slope that is infinite or nan may be anything, and" in ran.out


def test_a_minus_behind_a_sign_has_brackets_in_latex() -> None:
    text = "y = 1 + (-w) + 2*-w - (-w)/2 + sum(-w*i for i in 1..2)"
    for form in ("latex", "markdown"):
        found = backprop("explain", "-e", text, "--set", "w=-2.582", "--format", form).out
        assert r"1 + \left(-w\right) + 2 \cdot \left(-w\right) - \left(-\frac{w}{2}\right)" in found
        assert r"1}^{2} \left(-w \cdot i\right)" in found
        assert not re.search(r"([+-] |cdot |\} )-", found.replace(r"\frac{-", ""))


def test_a_name_does_not_stand_alone_in_a_narrow_terminal() -> None:
    line = "  9. L = " + " + ".join(f"a{number}·w{number}" for number in range(12)) + " = 12"
    lines = fitted(line, Style(width=60), 7)
    assert lines[0].startswith("  9. L = a0·w0 + a1·w1")
    assert " ".join(map(str.strip, lines)) == line.strip()
    assert all(len(each) <= 60 for each in lines)


def test_nothing_is_broken_in_a_pipe() -> None:
    text = "y = " + " + ".join(f"sin(a{n})*exp(b{n})*log(c{n})*tanh(d{n})" for n in range(6))
    ran = backprop(
        "explain", "-e", text, "--set", ", ".join(f"{x}{n}=1" for x in "abcd" for n in range(6))
    )
    assert "that uses it, times the derivative of that equation by the name.\n" in ran.out
    assert (
        re.search(r"^  2\. y = .*, sum rule, .*tanh.*$", ran.out, re.M)
        or "derivatives of" in ran.out
    )
    assert not re.search(r"^     \w+ rule", ran.out, re.M)
