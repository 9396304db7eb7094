"""Chains of equalities: updates `x ← 3 − 0.1·2 = 2.8` for numbers, and claims with links."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_chains_for_members_and_beside_equations(tmp_path: Path) -> None:
    text = "e = w[1]*w[2]; L = e^2; w[i] = 0 for i in 1..2"
    file = tmp_path / "values"
    file.write_text("e = w[1]·w[2] = 2·3 = 6\nw[1] ← 1 + 1 = 2\nw[2] ← 3\n", encoding="utf-8")
    for given in (["--values", str(file)], ["--set", "w[*] ← 5 − 3 = 2; w[2] = 1 + 2 = 3"], ["--set", "w[i] = i + 1 = 1 + i for i in 1..2"]):  # fmt: skip
        ran = backprop("grad", "-e", text, *given, "--format", "json")
        assert json.loads(ran.out)["value"] == 36
    ran = backprop("grad", "-e", text, "--set", "w[*] ← 5 − 3 = 3")
    assert "w[*] cannot be 2 and 3" in ran.err


@pytest.mark.parametrize("text", ["e = a·b = 2·(−3) = −6", "e = a·b = 7"])
def test_a_file_has_no_chains(text: str) -> None:
    ran = backprop("grad", "-e", text)
    assert ran.status == 2
    assert "if the rest is its value at one point, write e = a·b\n" in ran.err


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
    ("L'' = 3", 2, "first derivatives"), ("a → q → L: 3", 1, "there is no 'q'"), ("a = ∂L/∂q*2", 1, "there is no 'q'"), ("a = ∂L/e", 1, "no differential"),
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
