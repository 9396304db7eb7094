"""What a file says of its inputs, and what every command makes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import backprop as library
from backprop.errors import BackpropError, NotAnInput, NotANumber, NothingToMove, OutsideBounds
from backprop.language import with_defaults
from running import backprop

FILE = """const g = 2 # given
a = 1.0(1) in 0..3; b = 4 ± 5%
w[i] = 0 in -i..i for i in 1..2
L = g*(a - 5)^2 + (b - 1)^2 + sum((w[i] - 9)^2 for i in 1..2)
minimize L
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("eqs.txt").write_text(FILE, encoding="utf-8")


def run(*words: str) -> str:
    ran = backprop(*words)
    assert ran.status == 0, ran.err
    return ran.out


def fails(*words: str) -> str:
    ran = backprop(*words)
    assert ran.status in (1, 2)
    assert ran.out == ""
    assert "Traceback" not in ran.err
    return ran.err


def test_json_says_what_the_file_says() -> None:
    for command in (["grad"], ["check"], ["explain"], ["descend"], ["check", "--claim", "da = 1"]):
        found = json.loads(backprop(*command, "--format", "json").out)
        assert found["constants"] == ["g"]
        assert found["bounds"] == {"a": [0, 3], "w[1]": [-1, 1], "w[2]": [-2, 2]}
        assert found["uncertainties"] == {"a": 0.1, "b": 0.2}
        assert found["goal"] == {"minimize": "L"}
    found = json.loads(run("grad", "-e", "y = x; x = 1 in 0..", "--format", "json"))
    assert found["bounds"] == {"x": [0, "inf"]}
    assert not {"constants", "uncertainties", "goal"} & found.keys()


def test_tables_say_it() -> None:
    lines = run("grad").splitlines()
    assert lines[2].split() == "name role equation data uncertainty bounds grad".split()
    assert lines[4].split() == "g constant 2 2 16".split()  # (1 - 5)^2
    assert lines[5].split() == "a input 1.0 1 0.1 0..3 -16".split()  # 2*g*(a - 5)
    assert r"$a$ & input & $1.0$ & $1$ & $0.1$ & 0..3 &" in run("grad", "--format", "latex")


def test_a_descent_moves_no_constant_and_stays_within_bounds() -> None:
    """The least value within the bounds: a = 3, b = 1, w = 1, 2: 2*4 + 0 + 64 + 49."""
    for optimizer in ("gd", "adam(beta1=0.5)", "lbfgs"):
        found = library.load("eqs.txt").descend(optimizer=optimizer, steps=3000)
        assert found.value == pytest.approx(121, rel=1e-6)
        assert found.parameters == pytest.approx({"a": 3, "b": 1, "w[1]": 1, "w[2]": 2}, rel=1e-3)
        assert all(
            low <= found.parameters[name] <= high for name, (low, high) in found.bounds.items()
        )
    said = run("descend")
    assert "constant: g\n" in said
    assert "0..3" in said


def test_other_bounds_take_the_place_of_those_of_the_file() -> None:
    found = library.load("eqs.txt").descend(bounds={"a": (0, 4), "w": (-10, 1.5)})
    assert found.parameters == pytest.approx({"a": 4, "b": 1, "w[1]": 1.5, "w[2]": 1.5})
    json.loads(run("descend", "--bounds", "a=0..9", "--set", "a=7", "--format", "json"))
    assert "a = 7 lies outside its bounds 0..3" in fails("descend", "--set", "a=7")


def test_a_number_outside_the_bounds_is_an_error_at_its_place() -> None:
    said = fails("grad", "--set", "b=1, a=-1")
    assert "<--set>:1:6: error: a = -1 lies outside its bounds 0..3" in said
    assert "its bounds" in said
    assert "w[1] = 5 lies outside" in fails("check", "--set", "w=5")
    assert "lies outside" in fails("draw", "--set", "w[*]=5", "-o", "x.svg")
    Path("v.json").write_text('{"a": 5}')
    assert "v.json:1:2: error: a = 5 lies outside" in fails("grad", "--values", "v.json")
    assert run("grad", "--values", "v.json", "--set", "a=3")  # which wins
    with pytest.raises(OutsideBounds):
        library.load("eqs.txt").grad({"a": 3.1})
    with pytest.raises(OutsideBounds):
        library.load("eqs.txt").descend({"a": 3.1})
    for number in ("2", True, float("nan"), 10**400):  # no numbers, whatever the bounds
        with pytest.raises(NotANumber):
            library.load("eqs.txt").grad({"a": number})


def test_constants_are_set_and_differentiated_by_but_not_moved() -> None:
    assert run("grad", "--set", "g=3", "--wrt", "g").splitlines()[-2].split()[-1] == "16"
    model = library.load("eqs.txt")
    assert model.grad({"g": 3}).gradients["g"] == 16
    with pytest.raises(NotAnInput, match="'g' is const"):
        model.descend(only=["g"])
    assert "no descent moves it" in fails("descend", "--only", "a, g")
    assert model.descend(only=["?"], steps=1).parameters.keys() == {"a", "b"}
    assert model.descend(freeze=["g", "w"], steps=1).parameters.keys() == {"a", "b"}
    with pytest.raises(NothingToMove, match="every input of y is const"):
        library.parse("const x = 2; y = x^2").descend()


def test_families_in_options() -> None:
    text = "x[i] = i in 0..9 for i in 1..3; const x[1]; L = sum((x[i] - 7)^2 for i in 1..3)"
    model = library.parse(text)
    assert model.descend(only=["x[*]"]).parameters == pytest.approx({"x[2]": 7, "x[3]": 7})
    found = json.loads(run("descend", "-e", text, "--freeze", "x[3..3]", "--format", "json"))
    assert found["parameters"] == pytest.approx({"x[2]": 7})
    limits = ["--bounds", "x[*]=0..5", "--format", "json"]
    assert json.loads(run("descend", "-e", text, *limits))["parameters"]["x[3]"] == pytest.approx(5)
    assert "x[3]" in run("grad", "-e", text, "--wrt", "x[*]")


def test_maximize_holds_for_the_output_of_the_file() -> None:
    model = library.parse("y = -(x - 3)^2; x = 0; z = (x - 1)^2; maximize y")
    assert model.descend().parameters["x"] == pytest.approx(3)
    assert model.descend().maximize
    assert model.descend(of="z").parameters["x"] == pytest.approx(1)
    assert not model.descend(of="y", steps=1).maximize


def test_what_is_saved_keeps_what_was_said() -> None:
    run("descend", "--save", "new.txt")
    text = Path("new.txt").read_text(encoding="utf-8")
    model, old = library.parse(text), library.parse(FILE)
    assert text.startswith("const g = 2 # given\na = 3 ± 0.1 in 0..3; b = ")
    assert "\nw[1] = 1 in -1..1\nw[2] = 2 in -2..2\n" in text
    assert (model.constants, model.bounds, model.goal) == (old.constants, old.bounds, old.goal)
    assert model.uncertainties["a"] == 0.1
    assert run("grad", "--values", "new.txt").startswith("L = 121\n")


def test_what_is_saved_of_constants_that_were_set() -> None:
    text = (
        "const x[i] = i^2 for i in 1..2; const g; y = a*g*x[1]*x[2]; a = 1 in 0..; w[1] = 5 # so\n"
    )
    Path("c.txt").write_text(text)
    run("descend", "c.txt", "--set", "x[2]=5, g=0, w[1]=6", "--save", "d.txt", "--of", "y")
    assert Path("d.txt").read_text() == (
        "const x[1] = 1\nconst x[2] = 5; const g; y = a*g*x[1]*x[2]; a = 1 in 0..; w[1] = 6 # so\ng = 0\n"
    )
    assert library.load("d.txt").constants == ("x[1]", "x[2]", "g")


def test_files_of_numbers_may_say_more() -> None:
    Path("v.txt").write_text(
        "const g = 9 # so\na = 2 in 0..5\nb = 3 ± 0.1\nminimize L\nconst x, t\n"
        "w[i] = i/10 in -1..1 for i in 1..2\ny ~ a*x\nL = a*b\n",
        encoding="utf-8",
    )
    found = json.loads(run("grad", "--values", "v.txt", "--format", "json"))["data"]
    assert [found[name] for name in ("g", "a", "b", "w[1]", "w[2]")] == [9, 2, 3, 0.1, 0.2]


@pytest.mark.parametrize("seed", ["0", "5"])
def test_files_of_numbers_draw_them_with_the_seed(seed: str) -> None:
    drawn = "m = 3\na ~ normal(0, 1) in -9..9\nw[i] ~ uniform(m, 2*m) for i in 1..2\n"
    Path("v.txt").write_text(drawn, encoding="utf-8")
    model = library.parse(drawn, seed=int(seed))
    # a file without an equation, too, is one of numbers
    for text in ("y = a*m + w[1] + w[2]", "a = 1; w[1] = 1; w[2] = 2; m = 1"):
        for name in ("a", "w[1]", "w[2]"):
            options = ("--of", name, "--values", "v.txt", "--seed", seed, "--format", "json")
            assert json.loads(run("grad", "-e", text, *options))["value"] == model.default(name)


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ("a ~ normal(q, 1)", "v.txt:1:12: error: normal of what has no number"),
        ("a ~ normal(1)", "v.txt:1:5: error: normal takes 2 arguments, not 1"),
        ("y ~ normal(1, 2)", "v.txt:1:1: error: 'y' is computed by its equation"),
        ("c ~ normal(1, 2)", "v.txt:1:1: error: there is no 'c'"),
        ("w[i] ~ normal(q, 1) for i in 1..1", "normal of what has no number"),
        ("a ~ normal(0, 1)\na = 3", "v.txt:1:1: error: 'a' is defined twice"),
        ("a = 3\na ~ normal(0, 1)", "v.txt:2:1: error: 'a' is defined twice"),
    ],
)
def test_what_a_file_of_numbers_cannot_draw_is_an_error_there(drawn: str, said: str) -> None:
    Path("v.txt").write_text(drawn, encoding="utf-8")
    text = "y = a*b*w[2]; w[1] = 2; w[2] = 2*w[1]; b = 2; a = 1"
    assert said in fails("grad", "-e", text, "--values", "v.txt")


@pytest.mark.parametrize(
    "text", ["a = 2 in 0..5", "a = 2 ± 1", "const g = 3", "minimize L", "const a"]
)
def test_settings_are_numbers_alone(text: str) -> None:
    assert "says more than a number" in fails("grad", "--set", text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0 <= x <= 5", "x = … in 0..5"), ("5 > x > 0", "x = … in 0..5"), ("x >= 0", "x = … in 0.."),
        ("x < -3", "x = … in ..-3"), ("0 <= x", "x = … in 0.."), ("2*pi ≥ x", "x = … in ..2*pi"),
        ("0 < x[i] < 1 for i in 1..3", "x[i] = … in 0..1 for i in 1..3"), ("w[*] >= 0", "w[i] = … in 0.. for i in 1..n"),
        ("0 <= x+1 <= 5", "bounds are those of an input: x = 1 in 0..5"), ("0 < x > 1", ""), ("a < b", ""),
        ("x != 3", ""), ("x >=", ""), ("x + 1 < 3", ""), ("f(0 < x < 5)", ""), ("a*b", ""),
    ],
)  # fmt: skip
def test_comparisons_as_statements_are_told_how_bounds_read(text: str, meant: str) -> None:
    ran = backprop("grad", "-e", f"{text}; y = x", "--set", "x=1")
    assert ran.status == 2
    assert meant in ran.err if meant else "in 0.." not in ran.err and "bounds" not in ran.err
    if " = … in" in meant:  # what is said reads, with a number and names that have one
        start = meant.replace("…", "-5" if "..-3" in meant else "0.5").replace("1..n", "1..2")
        assert backprop("grad", "-e", f"{start}; y = 1 + z; z = 2", "--of", "y").status == 0


def test_explain_calls_constants_given() -> None:
    said = run("explain", "--steps-of", "forward")
    assert "Given\n-----\n  g = 2\n\nInputs\n------\n  a = 1\n  b = 4\n" in said
    assert "Given\n-----\n  x = 1\n" in run("explain", "-e", "y = 2*x; x = 1")
    assert "<h2>Given</h2>" in run("explain", "--format", "html")


def test_pictures_show_constants_muted() -> None:
    run("draw", "-o", "x.dot")
    lines = Path("x.dot").read_text(encoding="utf-8").splitlines()
    (g,) = (line for line in lines if "g: a constant" in line or "g = 2" in line)
    assert 'fontcolor="#767676"' in g
    assert "style=solid" in g
    (a,) = (line for line in lines if line.lstrip().startswith("a ["))
    assert "#767676" not in a


def test_points_of_a_check_stay_within_bounds_and_constants_stay() -> None:
    """|a| and a differ left of 0 only, g*a and 2*a where g is not 2."""
    text = "const g = 2; a = 1 in 0..; y = abs(a)*g + 0*a"
    assert "20 of 20 right" in run("check", "-e", text, "--claim", "da = g*abs(a)/a")
    found = json.loads(run("check", "-e", text, "--claim", "dg = a", "--format", "json"))
    assert found["claims"][0]["points_right"] == 20
    assert "20 of 20 right" in run("check", "-e", text, "--claim", "da = g*2/g")
    inputs = json.loads(run("check", "-e", text, "--format", "json"))["inputs"]
    assert [each["name"] for each in inputs] == ["a"]


def test_no_difference_reaches_beyond_a_bound() -> None:
    """Beyond 1 is another function; on the bound itself both sides are looked at."""
    text = "a = {} in ..1; y = if(a <= 1.000001, a^2, 1e9*a^3)"
    for number in ("0.9", "0.999999", "1"):
        inputs = json.loads(run("check", "-e", text.format(number), "--format", "json"))["inputs"]
        assert inputs[0]["verdict"] == "agrees"


def _data(count: int) -> str:
    lines = "".join(f"x[{k}] = {k}; " for k in range(1, count + 1))
    return f"{lines} b = 1; L = sum((b*x[i] - 2)^2 for i in 1..{count})"


def test_what_looks_like_data_is_said() -> None:
    ran = backprop("descend", "-e", _data(8), "--steps", "3")
    assert ran.status == 0
    assert (
        "warning: x[*] looks like data, and the descent moves it; to keep it, write: const x[*]\n"
        in ran.err
    )
    for text in (
        _data(7),
        f"const x[*]; {_data(8)}",
        f"x[i] = i for i in 1..8; {_data(8)[_data(8).index(' b = ') :]}",
    ):
        assert "looks like data" not in backprop("descend", "-e", text, "--steps", "3").err
    ran = backprop("descend", "-e", _data(9), "--freeze", "x[*]", "--steps", "3")
    assert "looks like data" not in ran.err


def test_what_is_given_and_looks_like_data_is_said(tmp_path: Path) -> None:
    text = _data(8)[_data(8).index(" b = ") :]
    lines, json_ = tmp_path / "lines", tmp_path / "json"
    lines.write_text("".join(f"x[{k}] = {k}\n" for k in range(1, 9)))
    json_.write_text('{"x": [1, 2, 3, 4, 5, 6, 7, 8]}')
    numbers = ", ".join(f"x[{k}]={k}" for k in range(1, 9))
    for given in (["--values", str(lines)], ["--values", str(json_)], ["--set", numbers]):
        for start, said in (
            ("", True),
            ("const x[*]; ", False),
            ("x[i] = 0 for i in 1..8; ", False),
        ):
            ran = backprop("descend", "-e", start + text, *given, "--steps", "2")
            assert ran.status == 0
            assert ("x[*] looks like data" in ran.err) == said
    ran = backprop("descend", "-e", text, "--set", "x[*]=1", "--steps", "2")
    assert "looks like data" not in ran.err


def test_several_outputs_are_all_listed_and_a_slip_is_asked_about() -> None:
    names = ", ".join(f"y{k}" for k in range(12))
    text = "; ".join(f"y{k} = x^{k + 2}" for k in range(12))
    assert f"there are 12 outputs: {names}\n" in fails("grad", "-e", f"{text}; x = 1")
    said = fails("grad", "-e", "total = a + b; L = totl^2; a = 1; b = 2")
    assert said.index("is totl, used once, meant to be total?") < said.index("choose one")
    for text, slip in [
        ("alpha=1; y=2*alpha; z=3*alhpa", "is alhpa, used once, meant to be alpha?"),
        ("speed=3; y=sped*2; z=speed", "is sped, used once, meant to be speed?"),
        ("speed=3; y=sped*sped; z=speed", ""),
        ("rate=3; y=x1*2; z=x2*rate", ""),
        (
            "w[1]=3; y=2*weight; z=w[1]*wieght; weight=1",
            "is wieght, used once, meant to be weight?",
        ),
    ]:
        said = fails("grad", "-e", text)
        assert ("used once" in said, slip in said) == (bool(slip), True)
        assert said.index(slip) < said.index("choose one")
    assert "= add L = h(x, y)\n" in fails("grad", "-e", "h(x, y) = x*y")
    assert "= add y = f(x)\n" in fails("grad", "-e", "f(x) = x^2")


def test_a_constant_is_no_unused_output() -> None:
    assert library.parse("const g = 9; a = 2").outputs == ["a"]
    assert library.parse("const g = 9; a = 2; y = a^2").output() == "y"
    for text in ("const a = 3", "const a = 3; const b = 4", "a[1] = 3; b = 4; const a[*], b"):
        assert library.parse(text).outputs == []
        for command in ("grad", "explain", "check", "descend", "draw"):
            said = fails(command, "-e", text)
            assert "there is no output: every name is const\n  = add an equation" in said
    said = fails("grad", "-e", "n = 2; const a = 1 in 0..n")
    assert "there is no output: every name is const, or used in ranges and bounds" in said
    assert run("grad", "-e", "const a = 3; output a").startswith("a = 3\n")


def test_a_check_of_an_output_beside_a_border_of_another() -> None:
    """Where L stands on its border, a is still a, with slope 1."""
    said = run("check", "-e", "a = 2; b = 2; L = if(a > b, a, 1); output a")
    assert "the gradient agrees" in said


def test_families_name_outputs_and_ways() -> None:
    text = "x[1] = 1; x[2] = 2; y[i] = x[i]^2 for i in 1..2"
    values = [
        json.loads(line)["value"]
        for line in run("grad", "-e", text, "--of", "y[*]", "--format", "json").splitlines()
    ]
    assert values == [1, 4]
    assert "Paths from x[2]" in run("explain", "-e", text, "--of", "y[2]", "--paths", "x[2..2]")


def test_formulas_of_a_person_have_no_bounds() -> None:
    for claim in ("dL/da = 2 ± 1", "dL/da = 2.0(1)", "dL/da = 2 in 0..5"):
        assert "a formula has no uncertainty and no bounds" in fails("check", "--claim", claim)
    assert "more than a number" in fails("descend", "--optimizer", "adam(beta1=0.9 in 0..1)")


def test_a_row_of_a_family_that_is_partly_constant() -> None:
    text = "w[i] = 0 for i in 1..20; const w[1..4]; L = sum((w[i] - 1)^2 for i in 1..20)"
    assert "w[1..20]  constant, input" in run("grad", "-e", text)
    assert "constant: w[1], w[2], w[3], w[4]\n" in run("descend", "-e", text)


def test_many_constants_are_named_by_their_families() -> None:
    rows = "; ".join(f"x[{i},1] = {i}; x[{i},2] = 0; t[{i}] = 1" for i in range(1, 5))
    text = f"const x, t; const g = 2; {rows}; L = sum((a*x[i,1] + x[i,2] - g*t[i])^2 for i in 1..4)"
    assert "constant: g, x[1..4,1..2], t[1..4]\n" in run("descend", "-e", text + "; a = 0")


def test_a_constant_that_only_ranges_use_is_one() -> None:
    out = run(
        "grad", "-e", "const n = 3; L = sum(a*i for i in 1..n); a = 2; b = 1; c = 2*b", "--of", "L"
    )
    rows = {line.split("  ")[0]: line for line in out.splitlines()}
    assert rows["n"].split() == ["n", "constant", "3", "3"]
    assert "not used" in rows["b"]
    assert "not used" in rows["c"]


@pytest.mark.parametrize(
    ("text", "bounds", "saved"),
    [
        # 5 % of 2 is 0.1, whatever the number has become; 9.81·x is least where x is
        ("const g=9.81; y=g*x; x=2.0(1) in 1..; minimize y", "x=0..3", "x=0 ± 0.1 in 0..3;"),
        ("y=(x-4)^2; x=2 in 1..3 # c", "x=0..", "x=4 in 0.. # c"),
        ("y=(x-4)^2; x=2 in 1..3", "x=..", "x=4"),
        ("y=(x-4)^2; x=2 in 1..3", "x=2..2", "x=2 in 2..2"),
        ("y=(x-4)^2; x=2 ± 5%", None, "x=4 ± 0.1"),
        ("y=(x-4)^2; x=2 ±\n 5% in 0..5 # 7%", None, "x=4 ± 0.1 in 0..5 # 7%"),
        ("y=(x-4)^2; x=2 ± 0.1 # 7%", None, "x=4 ± 0.1 # 7%"),
        (
            "y=(w[1]-3)^2+(w[2]-4)^2; w[i] = 2 ± 5% in 0..9 for i in 1..2",
            "w[1]=0..5",
            "w[1] = 3 ± 0.1 in 0..5\nw[2] = 4 ± 0.1 in 0..9",
        ),
    ],
)
def test_what_is_saved_is_read_again(text: str, bounds: str | None, saved: str) -> None:
    options = ("--bounds", bounds) if bounds else ()
    ran = backprop("descend", "-e", text, *options, "--optimizer", "lbfgs", "--save", "-")
    assert ran.out.strip().endswith(saved) or saved in ran.out
    assert backprop("grad", "-e", ran.out).status == 0


@pytest.mark.parametrize(
    ("text", "saved"),
    [
        ("a = (1 + # one\n 1) in 0..5", "a = 3 in 0..5  # one\n"),
        ("a = 1 + # one\n 1 ± 0.1 # two", "a = 3 ± 0.1  # one\n # two"),
        ("a = (2 # two\n) in 0..(5 # five\n)", "a = 3 in 0..5  # two\n  # five\n"),
        ("a = 2 in 0..(5 # five\n)", "a = 3 in 0..(5 # five\n)"),
        ("a = (1 + # one\n 1) = # two\n 2", "a = 3  # one\n  # two\n"),
        ("a[i] = (1 + # one\n 1) in 0..5 for i in 1..1", "a[1] = 3 in 0..5  # one\n"),
        ("const b = (1 + # one\n 1); a = 2", "const b = 4  # one\n; a = 3"),
    ],
)
def test_comments_inside_move_behind_what_is_saved(text: str, saved: str) -> None:
    name = "a[1]" if "a[" in text else "a"
    Path("s.txt").write_text(f"{text}\ny = ({name} - 3)^2", encoding="utf-8")
    given = ("--set", "b=4") if "b" in text else ()
    run("descend", "s.txt", "--of", "y", "--optimizer", "lbfgs", "--save", "s.txt", *given)
    assert Path("s.txt").read_text(encoding="utf-8").startswith(saved)
    assert library.load("s.txt").default(name) == 3


def test_equations_that_would_not_read_are_not_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop.language.with_defaults", lambda *_: "a = 3\n in 0..5")
    text = "a = 2; y = (a - 3)^2"
    Path("s.txt").write_text(text, encoding="utf-8")
    for to in ("s.txt", "-"):
        ran = backprop("descend", "s.txt", "--save", to)
        assert "the equations are not saved, since they would not read" in ran.err
        assert (ran.status, Path("s.txt").read_text(encoding="utf-8")) == (1, text)
        assert "in 0..5" not in ran.out


def test_bounds_that_limit_nothing_are_none() -> None:
    for optimizer in ("bfgs", "cg", "newton"):
        for text, more in (("a = 2 in -inf..inf", ()), ("a = 2 in 1..3", ("--bounds", "a=.."))):
            options = ("--optimizer", optimizer, *more)
            ran = backprop("descend", "-e", f"y = (a-5)^2; {text}", *options, "--format", "json")
            assert json.loads(ran.out)["parameters"]["a"] == pytest.approx(5)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("const g=2; x=1; y=g*x", ["--freeze", "x"], "y is const or frozen\n  = do not freeze x"),
        ("const g=2; x=1; y=g*x", ["--freeze", "x, g"], "y is const or frozen\n"),
        ("const g=2; x=1; z=1; y=g*x*z", ["--freeze", "*"], "const or frozen\n  = freeze fewer"),
        ("x=1; z=1; y=x*z", ["--freeze", "*"], "input of y is frozen\n  = freeze fewer of them"),
        ("x=1; y=2*x", ["--freeze", "x"], "input of y is frozen\n  = do not freeze x"),
        ("x=1; z=1; y=x*z", ["--only", "x", "--freeze", "x"], "y that --only names is frozen\n"),
        ("const g=2; x=1; y=g*x", ["--only", "x", "--freeze", "x"], "--only names is frozen\n"),
        ("x=1; z=1; y=x; v=z", ["--of", "y", "--only", "z", "--freeze", "z"], "depends on none"),
        ("const g=2; x=1; y=g; v=x", ["--of", "y", "--freeze", "x"], "input of y is const\n"),
    ],
)
def test_why_nothing_is_free_to_move(text: str, options: list[str], said: str) -> None:
    assert said in fails("descend", "-e", text, *options)


def test_a_constant_has_no_bounds_of_a_descent() -> None:
    ran = backprop("descend", "-e", "const g = 1; y = (g-a)^2; a = 3", "--bounds", "g=0..3")
    assert ran.status
    assert "'g' is const in the equations" in ran.err
    assert "--bounds" in ran.err


@pytest.mark.parametrize(
    ("pattern", "missing"),
    [
        ("1..5", "x[5]"),
        ("0..2", "x[0]"),
        ("7..9", "x[7..9]"),
        ("1..3", ""),
        ("2..", ""),
        ("..2", ""),
        ("0..", "x[0]"),
        ("..9", "x[9]"),
    ],
)
def test_const_of_a_slice_names_members_that_there_are(pattern: str, missing: str) -> None:
    text = f"x[i] = i for i in 1..3; const x[{pattern}]; y = a^2 + sum(x[j]^2 for j in 1..3); a = 1"
    ran = backprop("grad", "-e", text)
    assert f"there is no '{missing}'" in ran.err if missing else ran.status == 0
    plain = text.replace(f"const x[{pattern}]; ", "")
    for option in (
        "grad --set",
        "grad --wrt",
        "grad --only",
        "check --only",
        "descend --only",
        "descend --freeze",
    ):
        command, name = option.split()
        end = "=2" if name == "--set" else ""
        ran = backprop(command, "-e", plain, name, f"x[{pattern}]{end}")
        assert f"there is no '{missing}'" in ran.err if missing else ran.status == 0, option


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("a = 1 in 0..sum(i for i in 1..3); y = a^2", (0, 6)),
        ("a = 1 in 0..max(i^2 for i in 1..3) + 1; y = a^2", (0, 10)),
        ("a = 1 in -prod(i for i in 1..4)..mean(i for i in 1..3); y = a", (-24, 2)),
        ("a = 1 in 0..sum(i*j for i in 1..2, j in 1..3 if i != j); y = a", (0, 13)),
        ("a = 1 in 0..sum(max(j for j in 1..i) for i in 1..3); y = a", (0, 6)),
        ("a = 1 in 0..sum(x[i]^2 for i in 1..2); y = a + x[1]; x[i] = i for i in 1..2", (0, 5)),
        ("a = 1 in 0..m; m = 2*x[2]; y = a; x[i] = i for i in 1..2", (0, 4)),
        ("a = 1 in 0..m/2; m = 4*pi; y = a", (0, 6.283185307179586)),
        ("a = 1 in 0..n; n = sum(k for k in 1..3); y = a", (0, 6)),
    ],
)
def test_bounds_are_any_expression_of_constants(text: str, bounds: tuple[float, float]) -> None:
    assert library.parse(text).bounds["a"] == bounds


def test_sums_in_ranges_draws_and_uncertainties() -> None:
    model = library.parse(
        "n = sum(k for k in 1..3); x[i] = i for i in 1..n; y = sum(x[i] for i in 1..n)"
    )
    assert model.grad().value == 21
    text = "x[i] = i for i in 1..sum(k for k in 1..2) if i != max(k for k in 1..2); y = x[1] + x[3]"
    assert library.parse(text).grad().value == 4
    model = library.parse(
        "a = 2 ± sum(i/10 for i in 1..3); z ~ uniform(3, sum(1 for i in 1..3)); y = a + z"
    )
    assert model.uncertainties["a"] == pytest.approx(0.6)
    assert model.grad().value == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = 1 in 0..min(i for i in 1..0); y = a", "a bound is the min of nothing"),
        ("a = 1 in 0..sum(i for i in 1..10^9); y = a", "over 10,000,000 values"),
        ("a = 1 in 0..sum(q for i in 1..3); y = a", "'q' is not known here"),
        ("a = 1 in 0..x[inf]; y = a", "is not known here"),
        ("x[i] = i for i in 1..m; m = 2*pi; y = x[1]", "this is 6.28319, no whole number"),
        ("x[i] = i for i in 1..m; m = 2^60; y = x[1]", "no index or range goes beyond"),
        ("x[i] = i for i in 1..n; n = sum(n for k in 1..2); y = x[1]", "no integer constant"),
    ],
)
def test_what_is_no_constant_expression(text: str, says: str) -> None:
    with pytest.raises(BackpropError, match=re.escape(says)):
        library.parse(text)


SIZED = "const n; x[i] = i for i in 1..n; y = sum(x[i] for i in 1..n)"


@pytest.mark.parametrize("values", ["n = 3\n", '{"n": 3}', "const n = 3"])
def test_a_constant_without_a_number_is_given_one(values: str, tmp_path: Path) -> None:
    """In a range, a draw or bounds, too: 1 + 2 + 3 is 6."""
    (tmp_path / "v").write_text(values)
    for text in (SIZED, SIZED.removeprefix("const n; ")):
        assert run("grad", "-e", text, "--values", str(tmp_path / "v")).startswith("y = 6\n")
        assert run("grad", "-e", text, "--set", "n=3").startswith("y = 6\n")
    given = ("--values", str(tmp_path / "v"), "--set", "n=4, x[1]=2")
    assert run("grad", "-e", SIZED, *given).startswith("y = 11\n")
    piped = backprop("grad", "-e", SIZED, "--values", "-", stdin=values.encode())
    assert piped.out.startswith("y = 6\n")
    for text in ("const n; a = 1 in 0..n; y = a", "const n; a ~ uniform(n, n); y = a/n"):
        assert run("grad", "-e", text, "--set", "n=3").startswith("y = 1\n")
    assert "this is 2.5, no whole number" in fails("grad", "-e", SIZED, "--set", "n=2.5")
    assert "'n' is no integer constant" in fails("grad", "-e", SIZED, "--set", "m=3")
    said = fails("grad", "-e", SIZED + "; z = q(1)", "--set", "n=3")
    assert ("no function 'q'" in said, "n = 3" in said) == (True, False)


def test_what_a_model_says_cannot_be_changed() -> None:
    model = library.parse("a = 2 ± 0.1 in 0..5; y = a^2")
    for mapping in (model.bounds, model.uncertainties):
        with pytest.raises(TypeError):
            mapping["a"] = (3, 4)  # type: ignore[index]


def test_what_an_uncertainty_is_made_of_is_told() -> None:
    text = "a = 2 ± k; k = 8; y = a*k"
    found = json.loads(run("grad", "-e", text, "--set", "k=3", "--format", "json"))
    assert found["uncertainties"] == {"a": 3}
    with pytest.raises(NotAnInput, match="an uncertainty \\(±\\)"):
        library.parse(text).grad(k=3)


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize(
    ("text", "slope", "verdict", "note"),
    [
        ("a = 1 in 0..1; y = if(a <= 1, a, 100*a)", 1, "agrees", ""),
        ("a = 5 in 0..5; y = a^2 + (5-a)^1.5", 10, "agrees", ""),
        ("a = 6 in 6..; y = a + 0*if(a >= 6, 1, log(a-7))", 1, "agrees", ""),
        ("a = 1 in 1..2; y = if(a <= 1, a, 100*a)", 1, "jump", "jumps to the right"),
        ("a = 2 in 0..9; y = if(a <= 2, a, 100*a)", 1, "jump", "jumps to the right"),
        ("a = 0 in 0..; y = abs(a)", 0, "corner", "the gradient takes 0"),
        ("a = 5 in 5..; y = acos(a/5 - 1e-9*(a-5)) + a", None, "edge", "for a larger a"),
    ],
)
def test_a_check_on_a_bound_looks_at_its_inner_side(
    text: str, slope: float | None, verdict: str, note: str, precise: bool
) -> None:
    ran = backprop("check", "-e", text, "--format", "json", *["--precise"] * precise)
    assert ran.status == 0
    found = json.loads(ran.out)["inputs"][0]
    assert (found["verdict"], note in found["note"]) == (verdict, True)
    assert slope is None or found["gradient"] == pytest.approx(slope)


@pytest.mark.parametrize("start", ["w[i] = 0 for i in 1..9", "w[i] ~ normal(0, 1) for i in 1..9"])
def test_parameters_that_a_descent_saved_do_not_look_like_data(start: str) -> None:
    text = f"y = sum((w[i] - i)^2 for i in 1..9); {start}"
    for _ in range(2):  # what was saved twice as well
        ran = backprop("descend", "-e", text, "--steps", "1", "--save", "-")
        assert "looks like data" not in ran.err
        text = ran.out
    assert text.count("# w[*]: parameters of a descent") == 1
    assert "looks like data" in backprop("descend", "-e", text.replace("# w[*]:", "#")).err


def test_a_tilde_in_a_comment_draws_nothing() -> None:
    """A right side over two lines keeps its spelling when its input stays where it is."""
    text = "w[1] = (2 + # ~ two\n 3)\nL = w[1]^2"
    assert with_defaults(library.parse(text), {}) == text
    drawn = with_defaults(library.parse("w[1] ~ uniform(0, 1)\nL = w[1]^2"), {})
    assert "~" not in drawn


WITHIN = [  # by hand: 2/3 is 0.667, 0.67 and 0.66667, and neither 0.668 nor 0.6669
    ("a ← min(0.5 − 6·(−1), 0.6666666667) = 0.6666666667", 2 / 3), ("a=0.667", 2 / 3), ("a = 6.67e−1", 2 / 3),
    ("a*=0.67", 2 / 3), ("a=−0.667", -2 / 3), ("a=0.668", None), ("a=0.6669", None), ("a=0.7", None), ("a=2.001/3", None),
    ("a=-0.68", None), ("a=0.66", 0.66), ("a=-0.6668", None), ("a=-0.333", -0.333),
]  # fmt: skip


@pytest.mark.parametrize(("given", "value"), WITHIN)
def test_a_number_that_is_rounded_from_a_bound_is_the_bound(
    given: str, value: float | None, tmp_path: Path
) -> None:
    text = "a = 0.5 in -2/3..2/3; L = (a - 1)^2"
    ran = backprop("grad", "-e", text, "--set", given, "--format", "json")
    if value is None:
        assert "lies outside its bounds" in ran.err
    else:
        assert json.loads(ran.out)["data"]["a"] == value
    number = re.sub(".* = |.*=", "", given).replace("−", "-")
    if "/" not in number:
        file = tmp_path / "a.json"
        file.write_text(f'{{"a": {number}}}')
        assert backprop("grad", "-e", text, "--values", str(file)).status == ran.status
