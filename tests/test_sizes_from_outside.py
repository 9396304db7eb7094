"""Numbers from outside for what ranges, indices, draws and bounds are made of: `--set`, `--values`."""

import json
import re
from pathlib import Path
from typing import Any

import numpy
import pytest

import backprop as library
from running import backprop

TABLE = """n = {n}
const c[i] = mod(i, 3) + 1 for i in 1..n
x[i] = 10*i for i in 1..3
y[i] = x[c[i]]*i for i in 1..n
L = sum(y[i] for i in 1..n)
"""
SIZES = pytest.mark.parametrize("n", [4, 13_000])
"""Unrolled, and as loops."""


def _total(*given: str, n: int) -> float:
    ran = backprop("grad", "-e", TABLE.format(n=n), "--only", "L", "--format", "json", *given)
    assert ran.status == 0, ran.err
    found: float = json.loads(ran.out)["value"]
    return found


def _sum(changed: dict[int, int], n: int) -> float:
    return sum(10 * changed.get(i, i % 3 + 1) * i for i in range(1, n + 1))


@SIZES
@pytest.mark.parametrize(
    ("given", "first"),
    [
        ("c[2]=1", {2: 1}),
        ("c[ 2 ] = 1", {2: 1}),
        ("c[1..2]=3, c[2]=2", {1: 3, 2: 2}),
        ("c[2]=2, c[1..2]=3", {1: 3, 2: 3}),
        ("c[2..3]=1; c[1]=1+2", {1: 3, 2: 1, 3: 1}),
    ],
)
def test_members_of_a_table_are_set(given: str, first: dict[int, int], n: int) -> None:
    assert _total("--set", given, n=n) == _sum(first, n)


@SIZES
@pytest.mark.parametrize("given", ["c=2", "c[*]=2", "c[..]=2", "c[1]=3, c=2", "c[*]=3; c[*]=2"])
def test_a_table_is_set_as_one(given: str, n: int) -> None:
    assert _total("--set", given, n=n) == 20 * n * (n + 1) / 2


@SIZES
def test_a_table_is_set_by_a_file(n: int, tmp_path: Path) -> None:
    file = tmp_path / "values"
    for text in (json.dumps({"c": [2] * n}), json.dumps({"c": 2, "n": n}), "c[*] = 2\n"):
        file.write_text(text)
        assert _total("--values", str(file), n=n) == 20 * n * (n + 1) / 2
    for others in ({"c": [3, 1, 2], "n": 3}, {"n": 3, "c[1]": 3, "c[2]": 1, "c[3]": 2}):
        file.write_text(json.dumps(others))
        assert _total("--values", str(file), n=n) == 30 + 20 + 60
    assert _total("--values", str(file), "--set", "c[3]=1", n=n) == 30 + 20 + 30


@SIZES
@pytest.mark.parametrize(
    ("given", "said", "place"),
    [
        ("c[2]=1.5", "c[2] is 1.5, no whole number", (4, 10)),
        ("c[2]=9", "x[9] is not defined; x has the indices 1..3", (4, 8)),
        ("n=2.5", "this is 2.5, no whole number", (2, 40)),
        ("n=1e18", "no index or range goes beyond 9,007,199,254,740,992", (2, 40)),
    ],
)
def test_what_is_wrong_stands_in_the_file_and_where_it_was_given(
    given: str, said: str, place: tuple[int, int], n: int
) -> None:
    ran = backprop("grad", "-e", TABLE.format(n=n), "--set", given)
    assert ran.status != 0
    assert said in ran.err
    assert ran.err.startswith(f"<-e>:{place[0]}:{place[1]}: error: ")
    assert re.search(r"in <--set>:\n +1 \| .*\n +\| -+ given here\n", ran.err)
    assert TABLE.format(n=n).splitlines()[place[0] - 1] in ran.err


@SIZES
@pytest.mark.parametrize(
    ("given", "missing"),
    [("c[0]=1", "c[0]"), ("c[0..2]=1", "c[0]"), ("c[1,1]=1", "c[1,1]"), ("d[*]=1", "d[*]")],
)
def test_members_that_are_not_there(given: str, missing: str, n: int) -> None:
    ran = backprop("grad", "-e", TABLE.format(n=n), "--set", given)
    assert ran.status == 1
    assert ran.err.startswith(f"<--set>:1:1: error: there is no {missing!r} in the inputs")


@SIZES
def test_errors_of_other_steps_have_the_lines_of_the_file(n: int) -> None:
    text = TABLE.format(n=n) + "z = log(x[1] - 20) + L\noutput z\n"
    ran = backprop("grad", "-e", text, "--set", "c[1]=3, n=3")
    assert ran.err.startswith("<-e>:6:5: error: log(x[1] - 20) has no value")
    assert "  6 | z = log(x[1] - 20) + L\n" in ran.err
    assert "given here" not in ran.err


def test_the_numbers_of_the_file_are_not_read_before() -> None:
    """Of 10^15 members none could be."""
    text = (
        "n = 1e15; x[i] = i for i in 1..n; t[i] = i for i in 1..n; L = sum(x[t[i]] for i in 1..n)"
    )
    ran = backprop("grad", "-e", text, "--set", "n=3", "--only", "L", "--format", "json")
    assert json.loads(ran.out)["value"] == 6


@SIZES
def test_a_descent_saves_what_was_given(n: int, tmp_path: Path) -> None:
    file = tmp_path / "saved.eq"
    given = ("--set", "c[1]=3, n=4", "--steps", "1", "--lr", "0.01", "--save", str(file))
    text = TABLE.format(n=n).replace("*i for i in 1..n", "^2 for i in 1..n") + "minimize L"
    ran = backprop("descend", "-e", text, *given, "--format", "json")
    assert ran.status == 0, ran.err
    saved = file.read_text()
    assert saved.startswith("n = 4\n")
    assert "const c[1] = 3\nconst c[2] = 3\n" in saved
    value = json.loads(backprop("grad", str(file), "--only", "L", "--format", "json").out)["value"]
    assert value == pytest.approx(json.loads(ran.out)["value"], rel=1e-12)


def test_a_draw_a_bound_and_a_condition_have_the_number_from_outside() -> None:
    text = (
        "s = 1; w[i] ~ uniform(0, s) for i in 1..3; b = 0.5 in 0..s\n"
        "y = sum(w[i] for i in 1..3 if i > s); L = y*b"
    )
    changed = text.replace("s = 1", "s = 2")
    for more in ([], ["--set", "b=2"]):
        found = backprop("grad", "-e", text, "--format", "json", "--set", "s=2", *more)
        assert found.status == 0
        right = backprop("grad", "-e", changed, "--format", "json", *more)
        assert found.out == right.out.replace("s = 2", "s = 1")
    assert "lies outside its bounds 0..2" in backprop("grad", "-e", text, "--set", "s=2, b=3").err


SUM = "n = 3 in 1..10; x[i] = i for i in 1..n; L = sum(x[i]^2 for i in 1..n)"


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ('{"n": "inf"}', "this is inf, no whole number"),
        ('{"n": 2.5}', "this is 2.5, no whole number"),
        ('{"n": NaN}', "the value of 'n' is no number"),
        ('{"n": "three"}', "the value of 'n' is no number"),
        ('{"n": [3]}', "'n' is one number, and a list is given for it"),
        ('{"n": 1e300}', "no index or range goes beyond"),
        ('{"n": 20}', "n = 20 lies outside its bounds 1..10"),
        ('{"n": 2, "x": [1, 2, 3]}', "there is no 'x[3]' in the inputs of these equations"),
        ('{"n": 4, "x": [1, 2, 3]}', "the lists for 'x' have no number for x[4]"),
    ],
)
def test_sizes_of_a_file_that_cannot_be(listed: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "sizes.json"
    file.write_text(listed)
    ran = backprop("grad", "-e", SUM, "--values", str(file))
    assert ran.status != 0
    assert said in ran.err
    assert f"{file}:1:" in ran.err or f"in {file}:" in ran.err


@pytest.mark.parametrize(
    ("text", "given", "right"),
    [
        ("top = 2; m = 6 in 0..top; y = m", "m=3, top=4", 3),
        ("t[i] = 2*i for i in 1..3; m = 6 in 0..t[2]; y = m", "m=7, t[2]=9", 7),
        ("t[i] = 2*i for i in 1..3; m = 6 in 0..t[2]; y = m", "m=7, t[*]=9", 7),
        ("m = 6 in 0..5; y = m", "m=3", "m = 6 lies outside its bounds 0..5"),
        ("top = 2; m = 1 in 0..top; y = m", "m=3", "m = 3 lies outside its bounds 0..2"),
        (SUM, "n=11", "n = 11 lies outside its bounds 1..10"),
    ],
)
def test_what_is_given_is_within_the_bounds_that_are_given(
    text: str, given: str, right: float | str
) -> None:
    ran = backprop("grad", "-e", text, "--set", given, "--format", "json")
    if isinstance(right, str):
        assert right in ran.err
    else:
        assert json.loads(ran.out)["value"] == right


def test_what_ranges_are_made_of_keeps_its_bounds_in_what_a_descent_saves() -> None:
    text = "n = 3 in 1..10\nconst c[i] = 1 ± 5% in 0..3 for i in 1..n\nx[i] = i for i in 1..n\n"
    text += "L = sum(x[c[i]]^2 for i in 1..n)\nminimize L"
    run = ("descend", "-e", text, "--steps", "1", "--save", "-")
    assert backprop(*run).out.startswith("".join(text.splitlines(True)[:2]))
    saved = backprop(*run, "--set", "n=2, c[2]=2").out
    assert saved.startswith(
        "n = 2 in 1..10\nconst c[1] = 1 ± 0.05 in 0..3\nconst c[2] = 2 ± 0.05 in"
    )


@SIZES
def test_a_program_gives_sizes(n: int, tmp_path: Path) -> None:
    text = TABLE.format(n=n)
    assert library.parse(text, sizes={"c": 2}).grad().value == 20 * n * (n + 1) / 2
    more = library.parse(text.partition("\n")[2], sizes={"n": n + 1})
    assert more.grad().value == _sum({}, n + 1)
    listed = [i % 2 + 1 for i in range(n)]
    right = _sum(dict(enumerate(listed, 1)), n)
    for given in (listed, tuple(listed), numpy.array(listed), numpy.array(listed, float)):
        assert library.parse(text, sizes={"c": given}).grad().value == right
    file = tmp_path / "some.eq"
    file.write_text(text)
    assert library.load(file, sizes={"n": numpy.int64(3), "c[1]": 1}).grad().value == _sum(
        {1: 1}, 3
    )


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"q": 1}, "'q' decides no range and no index of these equations"),
        ({"n": 3, "x": 2}, "'x' decides no range"),
        ({"n": "3"}, "n = '3' is no number"),
        ({"n": True}, "n = True is no number"),
        ({"n": float("nan")}, "n = nan is no number"),
        ({"c": [1, None]}, "c = [1, None] is no number"),
        ({"n": 2.5}, "this is 2.5, no whole number"),
        ({"c": [1, 2, 9, 1]}, "x[9] is not defined"),
    ],
)
def test_sizes_of_a_program_that_cannot_be(sizes: dict[str, Any], said: str) -> None:
    with pytest.raises(library.BackpropError, match=re.escape(said)):
        library.parse(TABLE.format(n=4), sizes=sizes)


def test_a_list_within_itself_is_no_size() -> None:
    around: list[Any] = [1]
    around.append(around)
    with pytest.raises(library.BackpropError, match="is no number"):
        library.parse(TABLE.format(n=4), sizes={"c": around})


@SIZES
def test_ranges_that_run_backwards_from_outside_are_told(n: int) -> None:
    text = f"n = {n}; b = 1; a[i] = b*i for i in 1..n; L = b + sum(a[i] for i in 1..n) + sum(j*i for i in 1..9, j in 5..i)"
    for number, warnings in ((0, 0), (1, 0), (-1, 2), (-30, 2)):
        ran = backprop("grad", "-e", text, "--set", f"n={number}")
        assert ran.status == 0
        assert ran.err.count("warning: nothing is in this range") == warnings
        assert ran.err.count(f"it goes from 1 to {number}") == warnings


def test_who_gives_no_size_is_told_both_ways() -> None:
    ran = backprop("grad", "-e", "a[i] = 1 for i in 1..n; L = sum(a[i] for i in 1..n)")
    assert "give it a number: n = 10 in the equations, or --set n=10" in ran.err
    ran = backprop("grad", "-e", "a[i,j] = b*i*j for i in 1..2, j in 1..3; b = 2; L = sum(a[*])")
    assert "for all of them write a[*,*]" in ran.err


def test_a_number_that_is_wrong_in_several_places_is_told_once() -> None:
    text = "n = 3; x[i] = i for i in 1..n; y[i] = x[i]^2 for i in 1..n; L = sum(y[i] for i in 1..n)"
    err = backprop("grad", "-e", text, "--set", "n=2.5").err
    assert err.count("error: this is 2.5, no whole number") == 1
    assert err.count("given here") == 1
    both = backprop("grad", "-e", f"{text}; M = sin(2x)", "--set", "n=2.5").err
    assert "a product needs its '*'" in both
