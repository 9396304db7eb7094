"""Numbers at the ends of the range of doubles: read, rounded, written, read again.

What is right comes from IEEE 754: the largest double is (2 - 2^-52)*2^1023, the smallest positive
one 2^-1074, and there are two zeros.
"""

import csv
import json
import math
import re
from fractions import Fraction
from pathlib import Path

import pytest
from tests.running import backprop

import backprop as library
from backprop.numbers import printed, rounded, shown

LARGEST = (2 - 2.0**-52) * 2.0**1023
SMALLEST = 2.0**-1074
ENDS = [LARGEST, -LARGEST, 1.75e308, SMALLEST, -SMALLEST, 1.2e-310, 2.0**-1022, 0.1 + 0.2, 1 / 3]
BITS = [*ENDS, -0.0, 0.0, 12345678901234567.0]

TOO_SMALL = "a number too small for a double"
BELOW = ["1e-400", "2e-324", "0.00001e-320", "1E-99999", f"0.{'0' * 400}1"]
"""Half of the smallest double is 2.47e-324: what lies below rounds to 0."""


def same(one: float, other: float) -> bool:
    """Whether two doubles have the same bits."""
    return one == other and math.copysign(1, one) == math.copysign(1, other)


# ------------------------------------------------------------------------- tau is a name


def test_tau_and_e_are_ordinary_names() -> None:
    decay = "y = exp(-t/tau)"
    ran = backprop("grad", "-e", decay, "--set", "t=1")
    assert (ran.status, "the input tau has no value" in ran.err) == (1, True)
    assert "write 2*pi" in ran.err
    ran = backprop("grad", "-e", decay, "--set", "t=1, tau=2", "--format", "json")
    found = json.loads(ran.out)
    assert found["value"] == pytest.approx(0.6065306597126334, rel=1e-15)  # e^(-1/2): A&S 4.2
    assert found["gradients"]["tau"] == pytest.approx(0.6065306597126334 / 4, rel=1e-15)
    assert set(library.parse("y = e*tau").inputs) == {"e", "tau"}
    ran = backprop("explain", "-e", f"y = sin({2 * math.pi!r}*x)", "--set", "x=1")
    assert "tau" not in ran.out


# ---------------------------------------------------------------- literals below the range


@pytest.mark.parametrize("text", BELOW)
def test_a_literal_below_the_range_is_refused_wherever_it_stands(text: str, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text(f"x = {text}\n")
    (tmp_path / "v.json").write_text(f'{{"x": {text}}}')
    (tmp_path / "v2.json").write_text(f'{{"x": -{text}}}')
    for arguments in (
        ["grad", "-e", f"y = x*{text}"],
        ["grad", "-e", f"f(a) = a*{text}; y = f(x)"],
        ["grad", "-e", f"y = x; x = -{text}"],
        ["grad", "-e", f"x ~ normal(0, {text}); y = x"],
        ["grad", "-e", f"y = sum(x for i in 1..3 if i > {text})"],
        ["grad", "-e", "y = x", "--set", f"x={text}"],
        ["grad", "-e", "y = x", "--values", str(tmp_path / "v.txt")],
        ["grad", "-e", "y = x", "--values", str(tmp_path / "v.json")],
        ["grad", "-e", "y = x", "--values", str(tmp_path / "v2.json")],
        ["check", "-e", "y = x", "--set", "x=1", "--claim", f"dx = {text}"],
        ["descend", "-e", "y = x", "--set", "x=1", "--bounds", f"x={text}..2"],
        ["descend", "-e", "y = x", "--set", "x=1", "--optimizer", f"adam(eps={text})"],
    ):
        ran = backprop(*arguments)
        assert (ran.status in (1, 2), ran.out) == (True, ""), arguments
        assert "too small for a double" in ran.err
        assert text[:9] in ran.err
        assert "^" in ran.err
    for flag in ("--lr", "--until-grad", "--target", "--until-change", "--clip"):
        ran = backprop("descend", "-e", "y = x^2", "--set", "x=1", flag, text)
        assert (ran.status, TOO_SMALL in ran.err) == (2, True)
        assert f"error: {flag} {text[:9]}" in ran.err


def test_the_same_in_long_texts() -> None:
    lines = "".join(f"a{k} = {k}.5*b\n" for k in range(300))
    ran = backprop("grad", "-", stdin=f"{lines}c = 1e-400*b\n".encode())
    assert (ran.status, f"301:5: error: {TOO_SMALL}" in ran.err) == (2, True)
    assert library.parse(f"{lines}c = 0e-400*b + 5e-324\n").names


@pytest.mark.parametrize("text", ["0e-400", "0.000e5", ".0e-99999", "-0e-400", "0"])
def test_zero_is_zero_however_it_is_written(text: str) -> None:
    ran = backprop("grad", "-e", f"y = x + {text}", "--set", f"x={text}", "--format", "json")
    assert json.loads(ran.out)["value"] == 0


@pytest.mark.parametrize("text", ["5e-324", "3e-324", "4.9e-324", "2.5e-324", "1e-310"])
def test_subnormal_literals_are_kept(text: str) -> None:
    value = library.parse(f"y = x + {text}").grad({"x": 0}).value
    assert value > 0
    assert abs(Fraction(value) - Fraction(text)) <= Fraction(1, 2) * Fraction(2) ** -1074


def test_a_state_with_numbers_beyond_the_range_is_no_state(tmp_path: Path) -> None:
    state = tmp_path / "s.json"
    line = ["descend", "-e", "y = x^2", "--set", "x=1", "--steps", "1", "--state", str(state)]
    assert backprop(*line).status == 0
    before = json.loads(state.read_text())["parameters"]["x"]
    state.write_text(state.read_text().replace(f'"x": {before!r}', '"x": 1e-400'))
    ran = backprop(*line)
    assert (ran.status, "1e-400 is beyond the range" in ran.err) == (2, True)


# --------------------------------------------------------------------- bits survive files


@pytest.mark.parametrize("number", BITS)
def test_bits_survive_every_file_that_is_written(number: float, tmp_path: Path) -> None:
    """x keeps its bits through --save, --state, --history and -o, and through --values again."""
    names = ("saved.eq", "state.json", "history.json", "history.csv", "out.json", "out.csv")
    saved, state, history, rows, out, table = (tmp_path / name for name in names)
    begin = ["descend", "-e", "L = (k - 1)^2 + if(x == 7, x, 0)", "--set", "k=0.5"]
    begin += ["--lr", "0.125", "--steps", "2"]
    given = ["--set", f"x={number!r}"]
    ran = backprop(*begin, *given, "--save", str(saved), "--state", str(state), "-o", str(out))
    assert ran.status == 0
    ran = backprop(*begin, *given, "--history", str(history), "-o", str(table))
    assert ran.status == 0
    assert backprop(*begin, *given, "--history", str(rows)).status == 0
    model = library.load(saved)
    assert same(model.default("x"), number)
    assert same(json.loads(state.read_text())["parameters"]["x"], number)
    assert all(same(each, number) for each in json.loads(history.read_text())["parameters"]["x"])
    with rows.open() as file:
        assert all(same(float(row["x"]), number) for row in csv.DictReader(file))
    found = json.loads(out.read_text())
    assert same(found["start"]["x"], number)
    assert same(found["parameters"]["x"], number)
    with table.open() as file:
        row = next(row for row in csv.DictReader(file) if row["name"] == "x")
    assert same(float(row["start"]), number)
    assert same(float(row["final"]), number)
    (tmp_path / "v.json").write_text(json.dumps({"x": number}))
    for values in (saved, tmp_path / "v.json"):
        ran = backprop("grad", "-e", "y = x", "--values", str(values), "--format", "json")
        if values is saved:  # which has other equations besides
            ran = backprop("grad", str(saved), "--format", "json")
        assert same(json.loads(ran.out)["data"]["x"], number)


def test_saving_keeps_the_half_plane(tmp_path: Path) -> None:
    """atan2(-0.0, -1) is -pi, atan2(0, -1) is pi: C99, F.9.1.4."""
    saved = tmp_path / "saved.eq"
    text = "L = atan2(b, -1) + (k - 1)^2; k = 1; b = 0"
    line = ["descend", "-e", text, "--freeze", "b", "--save", str(saved)]
    assert backprop(*line, "--set", "b=-0.0").status == 0
    assert library.load(saved).grad().value == -math.pi
    assert backprop(*line, "--set", "b=0").status == 0
    assert library.load(saved).grad().value == math.pi
    saved.write_text("w[i] = -0.0 for i in 1..2; k = 0; L = atan2(w[1], -1) + (k - w[2] - 1)^2")
    line = ["descend", str(saved), "--set", "w[2]=0", "--only", "k", "--save", str(saved)]
    assert backprop(*line).status == 0
    assert library.load(saved).grad().value == pytest.approx(-math.pi)


def test_the_zero_of_a_gradient_has_no_sign() -> None:
    ran = backprop("grad", "-e", "y = -0.0*x*z", "--set", "x=1, z=2", "--format", "json")
    found = json.loads(ran.out)
    assert same(found["value"], -0.0)  # data has its sign
    assert all(same(found["gradients"][name], 0.0) for name in ("x", "z"))


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["grad"], "b     input   -0.0          -0            -1"),
        (["grad", "--format", "markdown"], "| -0 |"),
        (["grad", "--format", "latex"], "$-0$"),
        (["explain"], "atan2(−0, −1) = −3.14159"),
        (["explain", "--format", "latex"], r"(-0, -1\right) = -3.14159"),
        (["draw", "-o", "-"], "data &#45;0 "),
    ],
)
def test_the_zero_of_a_value_has_its_sign_for_people_too(arguments: list[str], shown: str) -> None:
    """Without it there would stand atan2(0, -1) = -pi, which is wrong."""
    ran = backprop(*arguments, "-e", "y = atan2(b, -1); b = -0.0")
    assert shown in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain"],
        ["draw", "-o", "-"],
        ["check"],
        ["check", "--claim", "dx = 1"],
        ["descend", "--steps", "1", "--lr", "1", "--explain-step", "1"],
    ],
)
def test_the_zero_of_a_slope_has_no_sign_for_people(arguments: list[str]) -> None:
    """The derivative of cos at 0 is -sin(0)."""
    ran = backprop(*arguments, "-e", "y = cos(x) + z; x = 0; z = 1")
    assert "y" in ran.out
    assert not re.search("(-|−|&#45;)0(?![.0-9])", ran.out)


# ------------------------------------------------------------------------------ --digits


@pytest.mark.parametrize("number", ENDS)
def test_rounding_neither_overflows_nor_vanishes(number: float) -> None:
    for digits in range(1, 18):
        found = rounded(number, digits)
        assert math.isfinite(found)
        assert found
        assert (found > 0) == (number > 0)
        error = abs(Fraction(found) - Fraction(number))
        # a unit of the last digit, and half a unit of a subnormal that is read back
        assert error <= abs(Fraction(number)) / 10 ** (digits - 1) + Fraction(2) ** -1075
        read = float(shown(number, digits))
        assert read == (math.copysign(math.inf, found) if math.isinf(read) else found)
        assert math.isfinite(read) or abs(number) > 1.7e308
        assert len(shown(number, digits).partition("e")[0].strip("-0.").replace(".", "")) <= digits


def test_the_largest_double_in_three_digits_is_cut_where_it_is_to_be_read() -> None:
    """1.80e308 is past the largest double, 1.7976931348623157e308; as a text it is the nearer one."""
    assert rounded(LARGEST, 3) == 1.79e308
    assert shown(-LARGEST, 3) == "-1.80e+308"
    assert shown(LARGEST) == "1.797693135e+308"
    assert shown(1.7e308, 1) == "2e+308"
    assert shown(1.7e308, 2) == "1.7e+308"
    assert printed(LARGEST, 3) == "1.80e308"
    assert rounded(1.7e308, 1) == 1e308
    assert rounded(1.79e308, 2) == 1.7e308
    assert rounded(math.inf, 3) == math.inf
    assert math.isnan(rounded(math.nan, 3))


@pytest.mark.parametrize("format", ["table", "json", "csv", "markdown", "latex"])
@pytest.mark.parametrize("number", [LARGEST, -LARGEST, SMALLEST])
def test_digits_in_every_table(format: str, number: float) -> None:
    there = ["--set", f"x={number!r}", "--format", format, "--digits", "3"]
    largest = "1.79" if format in ("json", "csv") else "1.80"
    texts = [largest] if abs(number) > 1 else ["4.94", "5e-324"]
    for command in (
        ["grad", "-e", "y = x*1"],
        ["check", "-e", "y = x*1"],
        ["check", "-e", "y = x*1", "--claim", f"dx = 1; dy = {number!r}/x"],
        ["descend", "-e", "y = x*1", "--steps", "0"],
    ):
        ran = backprop(*command, *there)
        assert ran.status in (0, 1)
        assert "Traceback" not in ran.err
        assert not any(word in ran.out.lower() for word in ("inf", "nan")), ran.out
        assert command[0] == "check" or any(text in ran.out for text in texts)


@pytest.mark.parametrize("format", ["text", "json", "html", "markdown", "latex"])
def test_digits_in_every_document(format: str) -> None:
    line = ["explain", "-e", "y = x*1", "--set", f"x={LARGEST!r}", "--format", format]
    ran = backprop(*line, "--digits", "3")
    assert ran.status == 0
    assert ("1.79" if format == "json" else "1.80") in ran.out
    assert not any(sign in ran.out for sign in ("infty", "∞", '"inf"'))
    drawn = backprop("draw", "-e", "y = x*1", "--set", f"x={LARGEST!r}", "--digits", "3", "-o", "-")
    assert "1.80e+308" in drawn.out


@pytest.mark.parametrize(
    ("number", "digits", "expected"),
    [
        (2.399996, 6, "2.40000"), (2.4, 6, "2.4"), (0.1 + 0.2, 10, "0.3"), (1.4000001e217, 6, "1.40000e+217"),
        (0.49004, 3, "0.490"), (1234.999996, 6, "1235.00"), (1235, 6, "1235"), (123450.3, 6, "123450"),
        (120000.3, 6, "1.20000e+05"), (-0.0500000004, 6, "-0.0500000"), (1.0000001, 6, "1.00000"),
    ],
)  # fmt: skip
def test_the_zeros_of_rounded_numbers(number: float, digits: int, expected: str) -> None:
    assert shown(number, digits, zeros=True) == expected
