"""What the tool writes as JSON, `--values` reads: with it every command finds what it found before."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from running import Ran, backprop

EQUATIONS = """
n = 2
w[i] ~ uniform(-1, 1) for i in 1..n
far = 1e300; away = inf
k = 0.1 + 0.2
s = 5
b = x*s + k
L = (sum(w[i]*x^i for i in 1..n) + b)^2 + 1/away
M = w[1]*far
"""
SET = ["--set", "x=1/3, w[2]=-0.7, s=0.25"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "eqs.txt").write_text(EQUATIONS)
    return tmp_path


def data(*arguments: str) -> dict[str, float]:
    ran = backprop("grad", "--of", "L", "--format", "json", *arguments)
    assert ran.status == 0, ran.err
    found: dict[str, float] = json.loads(ran.out)["data"]
    return found


DESCENT = ["descend", "--of", "L", "--lr", "0.001", "--steps", "3", "--freeze", "s, w[1], k, away"]
WRITTEN = {
    "grad": ["grad", "--of", "L", "-o", "v.json"],
    "grad of two": ["grad", "--of", "L, M", "-o", "v.json"],
    "check": ["check", "--of", "L", "-o", "v.json"],
    "claims": ["check", "--of", "L", "--claim", "dk = 1", "-o", "v.json"],
    "explain": ["explain", "--of", "L", "-o", "v.json"],
    "explain of some": ["explain", "--of", "L", "--only", "b", "-o", "v.json"],
    "explain of another": ["explain", "--of", "M", "-o", "v.json"],
    "operations": ["explain", "--of", "L", "--detail", "operations", "-o", "v.json"],
    "paths": ["explain", "--of", "L", "--paths", "k", "-o", "v.json"],
    "a worksheet": ["explain", "--of", "L", "--hide-answers", "-o", "v.json"],
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_command_writes_leads_to_the_same_numbers(folder: Path, name: str) -> None:
    """With another seed and other defaults, that is by the numbers of the file alone."""
    same = data(*SET)
    ran = backprop(*WRITTEN[name], *SET)
    assert ran.wrote == ["v.json"], ran.err
    assert data("--values", "v.json", "--seed", "7") == same
    text = EQUATIONS.replace("s = 5", "s = 9").replace("k = 0.1 + 0.2", "k = 9")
    (folder / "eqs.txt").write_text(text)
    assert data("--values", "v.json", "--seed", "7") == same


@pytest.mark.parametrize("option", ["-o", "--history", "--state"])
def test_what_a_descent_writes_has_the_numbers_that_did_not_move(folder: Path, option: str) -> None:
    """`parameters` has those that moved only; s, w[1] and k are frozen, and given on the command line."""
    ran = backprop(*DESCENT, *SET, option, "v.json", "--save", "end.txt")
    assert "v.json" in ran.wrote
    (folder / "eqs.txt").rename("old.txt")
    end = data("end.txt")
    assert data("old.txt", "--values", "v.json", "--seed", "7") == end
    assert (end["s"], end["k"]) == (0.25, 0.1 + 0.2)
    inputs = json.loads(Path("v.json").read_text())["inputs"]
    assert inputs == {name: number for name, number in end.items() if name in inputs}
    assert {"x", "w[1]", "w[2]", "k", "s", "far"} <= inputs.keys()


def test_bits_survive(folder: Path) -> None:
    numbers = {"a": -0.0, "b": 5e-324, "c": 1.7976931348623157e308, "d": 0.1 + 0.2, "e": -1e-310}
    given = ", ".join(f"{name}={number!r}" for name, number in numbers.items())
    text = "y = a+b*0+c*0+d+e"
    for command in (["grad"], ["descend", "--steps", "0"], ["explain"], ["check"]):
        backprop(*command, "-e", text, "--set", given, "-o", "v.json")
        ran = backprop("grad", "-e", text, "--values", "v.json", "--format", "json")
        found = json.loads(ran.out)["data"]
        assert {name: repr(found[name]) for name in numbers} == {n: repr(v) for n, v in numbers.items()}  # fmt: skip


def test_settings_win_over_what_was_written(folder: Path) -> None:
    backprop("grad", "--of", "L", *SET, "-o", "v.json")
    assert data("--values", "v.json", "--set", "x=2")["x"] == 2


def refused(text: str, *said: str) -> Ran:
    Path("v.json").write_text(text)
    ran = backprop("grad", "--of", "L", "--values", "v.json")
    assert (ran.status, ran.out) in ((1, ""), (2, ""))
    assert all(each in ran.err for each in said), ran.err
    assert "Traceback" not in ran.err
    return ran


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('{"x": [1, 2]}', "1:7", "'x' is one number, and a list is given"),
        ('{"x": []}', "1:7", "'x' is one number, and a list is given"),
        ('{"b": [1]}', "1:7", "'b' is one number, and a list is given"),
        ('{"x": 1, "w": [[1], 2]}', "1:10", "'w[1]' is one number, and a list is given"),
        ('{"x": 1, "w": [1, [2, 3]]}', "1:10", "'w[2]' is one number, and a list is given"),
        ('{"x": 1, "w[1]": [2]}', "1:18", "'w[1]' is one number, and a list is given"),
        ('{"x": {"y": 1}}', "1:7", "the value of 'x' is no number"),
        ('{"x": "1"}', "1:7", "the value of 'x' is no number"),
        ('{"x": "nan"}', "1:7", "the value of 'x' is no number"),
        ('{"x": 1, "L": 2}', "1:10", "'L' is computed by its equation"),
        ('{"x": 1, "q": [1]}', "1:15", "there is no 'q' in the families"),
        ('{"x": 1, "x": 2}', "1:10", "'x' stands twice"),
        ('{"x": 1}\n{"x": 2}', "2:1", "extra data"),
        ('[{"x": 1}]', "1:1", "no object of numbers"),
        ('{"schema": 1, "output": "L", "parameters": {"x": 1}}', "1:1", "has no numbers for inputs"),
        ('{"schema": 1, "optimizer": "gd", "parameters": {"x": 1}}', "1:1", "no numbers for inputs"),
        ('{"schema": 1, "output": "L", "data": {"z": 1, "L": 2}}', "1:39", "there is no 'z'"),
        ('{"schema": 1, "output": "L", "data": {"x": "nan", "L": "nan"}}', "1:44", "is no number"),
        ('{"schema": 1, "output": "L", "data": {"x": 1}}\n{"x": 2}', "2:1", "extra data"),
        ('{"schema": 1, "output": "L", "data": {"x": 1}}\n[', "2:2", "no JSON"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_shown(folder: Path, text: str, place: str, said: str) -> None:
    ran = refused(text, said)
    assert re.search(rf"^v\.json:{place}: error: ", ran.err, re.M), ran.err


def test_names_of_the_tool_s_own_are_names_of_a_file_too(folder: Path) -> None:
    """An object of numbers alone is a person's, whatever its names are."""
    Path("v.json").write_text('{"schema": 1, "output": 2, "data": 3, "inputs": 4}')
    ran = backprop("grad", "-e", "y = schema + output*data*inputs", "--values", "v.json", "--format", "json")  # fmt: skip
    assert json.loads(ran.out)["value"] == 25


def test_an_equation_called_data_misleads_nobody(folder: Path) -> None:
    text = "inputs = data^2; L = inputs + given; data = 3; given = 1"
    backprop("grad", "-e", text, "--set", "data=5", "-o", "v.json")
    ran = backprop("grad", "-e", text, "--values", "v.json", "--format", "json")
    assert json.loads(ran.out)["value"] == 26
    backprop("descend", "-e", text, "--set", "data=5", "--steps", "0", "-o", "v.json")
    ran = backprop("grad", "-e", text, "--values", "v.json", "--format", "json")
    assert json.loads(ran.out)["value"] == 26


@pytest.mark.parametrize("rows", [4, 40])
def test_lists_that_are_too_long_are_one_mistake(rows: int, tmp_path: Path) -> None:
    text = "n = 3; w[i,j] = i*j for i in 1..n, j in 1..n; L = sum(w[*,*])"
    file = tmp_path / "numbers.json"
    file.write_text(json.dumps({"w": [[1.0] * rows] * rows}), "utf-8")
    ran = backprop("grad", "-e", text, "--values", str(file))
    assert ran.status == 1
    assert ran.err.count("error:") == 1
    assert f"the lists for 'w' have {rows * rows - 9:,} numbers beyond its members" in ran.err
    assert "w has w[1..3,1..3]" in ran.err
