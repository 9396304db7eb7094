"""Families that are const, tables that indices are made of, and numbers that rounding takes digits of: by
arrays they are what they are step by step, and no name is made for them."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import pytest

from backprop.errors import BackpropError
from backprop.evaluation.gradient import gradient
from backprop.language.reading import read_carefully
from backprop.loops.family import Family
from backprop.loops.worth import read_model
from backprop.report import declared
from backprop.report.gradient_report import gradient_report
from backprop.report.large_report import LargeReport
from backprop.source import Source
from running import backprop

BODY = (
    "n = 6; x[i,j] = i*j/7 for i in 1..n, j in 1..2; y[i] = sin(i) for i in 1..n; y[0] = 2; k[i] = mod(i, 3) + 1 for i in 1..n;"
    "a[i] = 0.1*i for i in 1..3; s = 3; z[i] = y[i]*a[k[i]] for i in 1..n; L = sum(x[i,1]*z[i] for i in 1..n) + s*y[0] + x[1,2]"
)
DECLARED = [
    "const x[*]", "const x, y", "const x[*,1]", "const x[2,*]", "const x[2..4,*], y[3]", "const y[0]", "const y[..3]", "const k[*]",
    "const k[*]; const s, y[2..]", "const a[2]; const x[3..,2]", "const n", "const s; const y[*]", "const y[1..2], y[3..4]",
    "const x[*]; minimize L",
]  # fmt: skip
MISTAKEN = [
    "const x[*]; const x[*]", "const y[3]; const y[3]", "const z[*]", "const q[*]", "const y[9]", "const y[2..9]", "const L", "const s; const s",
    "const y; const y[2]",
]  # fmt: skip


def read_by_loops(source: Source) -> Any:
    return read_model(source, many=0)


@pytest.mark.parametrize("said", DECLARED)
@pytest.mark.parametrize("first", [True, False])
def test_what_is_const_is_so_step_by_step(said: str, first: bool) -> None:
    text = f"{said}\n{BODY}" if first else f"{BODY}\n{said}"
    looped, whole = read_model(Source("", text), many=0), read_carefully(Source("", text))
    assert looped.loops
    assert looped.constants == whole.constants
    assert repr(looped.constants) == repr(whole.constants)
    assert len(looped.constants) == len(whole.constants)
    assert {*looped.fixed} == {*whole.fixed}
    for name in (*whole.names, "q", "y[77]", "x[1]", "y"):
        assert (name in looped.constants) == (name in whole.constants)
        assert (name in looped.still) == (name in whole.still)
        assert (name in looped.fixed) == (name in whole.fixed)
    assert looped.outputs == whole.outputs
    assert looped.inputs == whole.inputs
    assert [*looped.settable] == [*whole.settable]
    assert looped.loops


@pytest.mark.parametrize("said", DECLARED)
def test_reports_are_those_step_by_step(said: str) -> None:
    text = f"{BODY}\n{said}"
    reports = []
    for read in (read_by_loops, read_carefully):
        model = read(Source("", text))
        found = gradient(model, {}, "L")
        assert bool(model.loops) == (read is read_by_loops)
        shown = gradient_report(model, [found], [], True, [])
        reports.append((shown.table(), declared(model)))
    assert reports[0] == reports[1]


@pytest.mark.parametrize("said", DECLARED)
def test_rows_of_families_have_the_roles_of_their_members(said: str) -> None:
    model = read_by_loops(Source("", BODY.replace("n = 6", "n = 20") + f"\n{said}"))
    name, role, *_ = LargeReport(model, {"L": model.swept({}, "L", False)}).table().columns
    roles = dict(zip(name.cells, role.cells, strict=True))
    constants = {each.partition("[")[0] for each in model.constants} | {"n", "k"}
    for row, told in roles.items():
        own = row.partition("[")[0]
        assert ("constant" in told) == (own in constants) or own == "a", row
    assert roles["n"] == roles["k[1..20]"] == "constant"


@pytest.mark.parametrize("said", MISTAKEN)
def test_mistakes_are_told_as_step_by_step(said: str) -> None:
    text = f"{BODY}\n{said}"
    told = []
    for read in (read_by_loops, read_carefully):
        with pytest.raises(BackpropError) as caught:
            read(Source("", text))
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_for_data_that_is_const_no_names_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "n = 400000; x[i] = sin(i) for i in 1..n; k[i] = mod(i, 3) + 1 for i in 1..n; const x[*], k[*]; a[j] = j for j in 1..3;"
        "L = mean((x[i] - a[k[i]])^2 for i in 1..n)"
    )
    labels, made = Family.labels, 0

    def counted(family: Family, places: Any) -> list[str]:
        nonlocal made
        found = labels(family, places)
        made += len(found)
        return found

    monkeypatch.setattr(Family, "labels", counted)
    ran = backprop("grad", "-e", text, "--verbose")
    assert made < 1000
    assert "read as loops" in ran.err
    assert "unrolled" not in ran.err.replace("unrolled, there would be", "")
    assert "x[1..400000]  constant" in ran.out


@pytest.mark.parametrize(("body", "count"), [("sin(t/10)", 300000), ("cos(t/7)*3", 200000)])
def test_digits_that_rounding_takes_are_restored_by_arrays(body: str, count: int) -> None:
    text = f"n = {count}; u[t] = {body} for t in 1..n; w = 1; L = sum(w*u[t] for t in 1..n)"
    found = read_model(Source("", text))
    numbers = found.default_numbers()
    assert found.loops
    near = [t for t in range(1, count + 1) if abs(numbers[f"u[{t}]"]) < 1e-4]
    assert len(near) > 5
    lost = 0
    with mpmath.workdps(60):
        for t in near:
            exact = (
                mpmath.sin(mpmath.mpf(t) / 10)
                if "sin" in body
                else 3 * mpmath.cos(mpmath.mpf(t) / 7)
            )
            off = abs(numbers[f"u[{t}]"] - exact) / abs(exact)
            assert off < 2e-9, t
            plain = math.sin(t / 10) if "sin" in body else 3 * math.cos(t / 7)
            if abs(plain - exact) > 1e-8 * abs(exact):
                lost += 1
                assert off < 2.3e-16, t
    assert lost
