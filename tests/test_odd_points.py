"""The table of odd points, through every way to a gradient: the commands as typed, and the library.

What `grad`, `explain`, `draw` and `Model.grad` say is right and comes with the warning or the note
that belongs to it. `Value.backward()` and compiled programs say the same number, or nan where only
values decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import copysign, isfinite, isnan
from pathlib import Path

import pytest

import backprop as library
from backprop.errors import NotFinite
from odd_points import BEYOND, CHOICE, EITHER, NO_VALUE, POINTS, SHOWN, SURE, VALUES, Point
from running import Ran, backprop

WITH_VALUE = [point for point in POINTS if point.kind != NO_VALUE]
WITHOUT = [point for point in POINTS if point.kind == NO_VALUE]

LOUD = {(point.text, point.at) for point in POINTS if point.kind not in (SURE, EITHER)}
"""What says something about one of its names, if not about every one."""

every_point = pytest.mark.parametrize("point", WITH_VALUE, ids=str)


def is_right(got: float, point: Point) -> bool:
    """To nine digits; what is 0 is 0 up to rounding."""
    return any(
        (isnan(got) and isnan(right))
        or got == right
        or (isfinite(right) and abs(got - right) <= (1e-9 * abs(right) if right else 1e-15))
        for right in point.allowed
    )


def assert_right(got: float, point: Point, warned: bool) -> None:
    """The right number; beyond doubles also one that is not finite, with a warning."""
    if point.kind == BEYOND and warned and not isfinite(got):
        return
    assert is_right(got, point), f"{got!r}, right: {point.right!r} ({point.source})"


def assert_said(warnings: int, notes: int, point: Point) -> None:
    """What belongs to the kind of a point is said, and nothing else."""
    if point.kind == SURE and (point.text, point.at) not in LOUD:
        assert (warnings, notes) == (0, 0)
    elif point.kind == CHOICE:
        assert (warnings, bool(notes)) == (0, True)
    elif point.kind == EITHER:
        assert warnings == 0
    elif point.kind in (VALUES, SHOWN):
        assert warnings


def said(ran: Ran) -> tuple[int, int]:
    """How many warnings and notes there are on standard error."""
    assert ran.status == 0, ran.err
    return len(re.findall(r"\bwarning:", ran.err)), len(re.findall(r"\bnote:", ran.err))


def number(text: str) -> float:
    """A number as reports write it: of one that no double holds, what doubles have."""
    text = re.sub(r".*\((\S+) in doubles\)", r"\1", text)
    return float(text.replace("−", "-"))


@every_point
def test_grad(point: Point) -> None:
    assert_grad(point, "python")


@every_point
@pytest.mark.one_in(5)
def test_grad_by_machine_code(point: Point) -> None:
    """Of which all are compiled below."""
    assert_grad(point, "native")


def assert_grad(point: Point, engine: str) -> None:
    ran = backprop(
        "grad", "-e", point.text, "--set", point.at, "--format", "json", "--engine", engine
    )
    warnings, notes = said(ran)
    found = json.loads(ran.out)
    assert_right(number(str(found["gradients"][point.by])), point, warnings > 0)
    assert_said(warnings, notes, point)
    if point.kind == CHOICE:
        assert found["notes"]


@every_point
@pytest.mark.one_in(3)
def test_explain(point: Point) -> None:
    ran = backprop("explain", "-e", point.text, "--set", point.at, "--digits", "17")
    warnings, _ = said(ran)
    output = ran.out.split(" =", 1)[0]
    start = f"∂{output}/∂{point.by} = "
    lines = [line.strip() for line in ran.out.splitlines() if f" {start}" in f" {line}"]
    ends = [line for line in lines if line.startswith((start, f"together: {start}"))]
    assert ends, ran.out
    got = number(ends[-1].split(" = ")[-1])
    assert_right(got, point, warnings > 0)
    assert_said(warnings, point.kind == CHOICE, point)
    same = json.loads(
        backprop("grad", "-e", point.text, "--set", point.at, "--format", "json").out
    )["gradients"][point.by]
    assert got == number(str(same)) or isnan(got)


@every_point
@pytest.mark.one_in(3)
def test_draw(point: Point, tmp_path: Path) -> None:
    file = tmp_path / "graph.dot"
    ran = backprop(
        "draw", "-e", point.text, "--set", point.at, "--digits", "17", "-o", str(file),
        "--detail", "operations",
    )  # fmt: skip
    warnings, _ = said(ran)
    name = re.escape(point.by)
    box = re.search(
        rf'^\t*"?{name}"? \[label="{{?.*?grad\\ ([^" ]+)(?: }})?"', file.read_text(), re.M
    )
    assert box is not None, file.read_text()
    assert_right(number(box[1]), point, warnings > 0)
    assert_said(warnings, point.kind == CHOICE, point)


def _numbers(model: library.Model, at: str) -> Mapping[str, float]:
    """What `--set` would give every input, a family's name standing for all its members."""
    given = {
        name.strip(): float(text) for name, text in (each.split("=") for each in at.split(", "))
    }
    return {name: given.get(name, given.get(name.split("[")[0], 0.0)) for name in model.inputs}


@every_point
def test_the_library(point: Point) -> None:
    model = library.parse(point.text)
    found = model.grad(_numbers(model, point.at))
    assert_right(found.gradients[point.by], point, bool(found.warnings))
    assert_said(len(found.warnings), len(found.notes), point)


def _assert_never_silent(got: float, point: Point) -> None:
    """Without a channel for warnings: the right number, or one that nobody takes for a slope."""
    if point.kind in (VALUES, BEYOND) and not isfinite(got):
        return
    assert is_right(got, point), f"{got!r}, right: {point.right!r} ({point.source})"


@every_point
def test_backward_of_values(point: Point) -> None:
    model = library.parse(point.text)
    output = model.grad(_numbers(model, point.at)).output
    for value in model.values.values():
        value.grad = 0.0
    model.values[output].backward()
    _assert_never_silent(model.values[point.by].grad, point)


@every_point
@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.one_in(2)
def test_compiled_programs(point: Point, engine: str) -> None:
    model = library.parse(point.text)
    program = library.compile(model, engine=engine)
    if point.by not in program.inputs:  # of which a program has the gradients
        assert model.is_equation(point.by)
        return
    numbers = _numbers(model, point.at)
    _, gradient = program([numbers[name] for name in program.inputs])
    _assert_never_silent(float(gradient[program.inputs.index(point.by)]), point)


@pytest.mark.parametrize("point", WITHOUT, ids=str)
def test_without_a_value_there_is_an_error(point: Point, tmp_path: Path) -> None:
    picture = str(tmp_path / "graph.dot")
    for command in (["grad"], ["grad", "--engine", "native"], ["explain"], ["draw", "-o", picture]):
        ran = backprop(*command, "-e", point.text, "--set", point.at)
        assert (ran.status, ran.out) == (1, "")
        assert "error:" in ran.err
    model = library.parse(point.text)
    numbers = _numbers(model, point.at)
    with pytest.raises(NotFinite):
        model.grad(numbers)
    program = library.compile(model)
    with pytest.raises(NotFinite):
        program([numbers[name] for name in program.inputs])


def test_the_table_is_large_and_names_its_sources() -> None:
    assert len(POINTS) >= 120
    assert len({str(point) for point in POINTS}) == len(POINTS)
    assert all(point.source for point in POINTS)


def test_the_border_of_a_choice_is_told_with_the_slope_beyond_it() -> None:
    """x*log(z) has the slope log(23.10386685872218) = 3.14 by x; the branch that is taken has 0."""
    text, at = "y = if(x == 0, 0, x*log(z))", "x=0, z=23.10386685872218"
    ran = backprop("grad", "-e", text, "--set", at)
    assert said(ran) == (0, 1)
    assert "x == 0" in ran.err
    assert "3.14" in ran.err
    assert copysign(1, library.parse(text).grad({"x": 0.0, "z": 23.0}).gradients["x"]) == 1
