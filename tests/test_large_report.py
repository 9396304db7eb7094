"""The report of a Model of loops that is made of arrays, against that with every member."""

from __future__ import annotations

import pytest

from backprop.all_gradients import grad
from backprop.evaluation.gradient import gradient
from backprop.inputs import Inputs
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence, worth
from backprop.loops.loop_model import LoopModel
from backprop.report import Table
from backprop.report.large_report import LargeReport, large_report
from backprop.source import Source
from indexed_models import random_indexed
from running import backprop, unrolled
from sizes import size


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models are of loops, too."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def test_random_models_say_the_same(request: pytest.FixtureRequest) -> None:
    large = folded = derived = 0
    models = 1000 if request.config.getoption("--whole") else 28
    for number in range(models):
        text, values = random_indexed(number)
        model = worth.read_model(Source("<text>", text), many=0)
        if not isinstance(model, LoopModel):
            continue
        found = large_report(model, values, [None])
        if found is None:
            continue
        table, right = found.table(), found.whole.table()
        large, folded = (
            large + 1,
            folded + any(".." in str(name) for name in table.columns[0].cells),
        )
        _say_the_same(table, right, number)
        assert [*map(str, found.warnings)] == [*map(str, found.whole.warnings)]
        assert repr([*found.objects()]) == repr([*found.whole.objects()])
        _records_the_same(found, number)
        some = [*model.names][:: -1 - number % 3]
        chosen = large_report(model, values, [None], some)
        assert chosen
        assert len(chosen.table().columns[0].cells) == len(some)
        _say_the_same(chosen.table(), chosen.whole.table(), number)
        for only in ((), some):
            by = large_report(model, values, [None], only, some[number % 2 :])
            if by:  # an output among members that derivatives are by is left to others
                _say_the_same(by.table(), by.whole.table(), number)
                assert repr([*by.objects()]) == repr([*by.whole.objects()])
                derived += 1
    assert large > models / 2
    assert folded > models / 8
    assert derived > models * 3 / 4


def _records_the_same(found: LargeReport, number: int) -> None:
    for one, other in zip(found.records(), found.whole.records(), strict=True):
        assert (one.title, one.kind) == (other.title, other.kind), number
        assert [*map(repr, one.cells)] == [*map(repr, other.cells)], number


def _say_the_same(table: Table, right: Table, number: int) -> None:
    assert [each._replace(cells=()) for each in table.columns] == [
        each._replace(cells=()) for each in right.columns
    ], number
    for one, other in zip(table.columns, right.columns, strict=True):
        assert [*map(repr, one.cells)] == [*map(repr, other.cells)], number
    assert table.heads == right.heads
    assert [*table.emphasis] == [*right.emphasis], number


N = size(15_000, 30_000)
BIG = f"n = {N}; c[i] = cos(i) for i in 1..n; p = 2; y[i] = (2 + c[i])^p + p for i in 1..n; u[i] = y[i] for i in 1..20; L = mean(y[*])"


@pytest.mark.parametrize("format", ["table", "json", "csv"])
@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--wrt", "p, c"),
        ("--wrt", "u[2]", "--of", "u[4], L"),
        ("--set", "c[7]=3, p=3"),
        ("--of", "u[4], L"),
    ],
)
@pytest.mark.one_in(2)
def test_formats_have_every_member(format: str, more: tuple[str, ...]) -> None:
    arguments = ("-e", f"{BIG}; output L", "--format", format, *more)
    found = backprop("grad", *arguments)
    right = unrolled("grad", *arguments)
    assert found.status == right.status == 0
    assert found.err == right.err
    lines = found.out.splitlines()
    assert len(lines) == len(right.out.splitlines())
    if format == "csv":
        others = right.out.splitlines()
        assert [x.split(",")[:5] for x in lines] == [x.split(",")[:5] for x in others]
    if format == "table":
        assert found.out.replace("e-05", "") == right.out.replace("e-05", "")


@pytest.mark.parametrize("only", [(), ("L",), ("c[7]", "u")])
@pytest.mark.parametrize("wrt", [(), ("p",), ("c", "p")])
def test_large_files_are_told_of_by_arrays(only: tuple[str, ...], wrt: tuple[str, ...]) -> None:
    """Nobody makes a name of each member."""
    report = grad(Inputs(expressions=[f"{BIG}; output L"]), wrt, only=only)
    assert "whole" not in report.__dict__
    report.table()
    assert "whole" not in report.__dict__
    assert "index" not in report._model.__dict__


@pytest.mark.parametrize(
    "name",
    [
        "c[0]",
        "c[01]",
        "c[1",
        "c[1,2]",
        "c[]",
        "c",
        f"c[{N + 1}]",
        "c[²]",
        "n[1]",
        "L ",
        "c[-1]",
        "c[+1]",
        "d[1]",
        "c[1.0]",
    ],
)
def test_what_is_no_name(name: str) -> None:
    model = worth.read_model(Source("<text>", BIG))
    assert isinstance(model, LoopModel)
    assert name not in model.names
    assert "index" not in model.__dict__
    assert model.place("c[17]") == (model.plan.families["c"], 16)
    assert {*list(model.names)[:3]} <= model.index.keys()
    assert name not in model.names


def test_large_texts_on_corners_have_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop.report.large_report._TOLD", 0)
    text = "x[i] = (i - 200)/10 for i in 1..400; y[i] = abs(x[i])*a for i in 1..400; a = 0.5; L = a*y[7] + sum(y[i] for i in 1..400)"
    source = Source("<text>", text)
    model = worth.read_model(source, many=0)
    report = large_report(model, {}, [None])
    assert report
    whole = gradient(read_carefully(source), {})
    assert report.whole.results[0].gradients == pytest.approx(whole.gradients)
    (note,) = report.notes
    assert note.message.startswith("there are corners or jumps exactly here")
    assert report.whole.notes == report.notes
    (told,) = whole.notes
    assert "has a corner exactly here" in told.message
    monkeypatch.setattr("backprop.report.large_report._TOLD", 10_000)
    assert large_report(model, {}, [None]) is None


BOUNDED = """
n=300; x[i]=i for i in 1..n; g=9 in 0..20; w[k] = k ± 0.1 in 0..90 for k in 1..20; v[k] = k in 0..k for k in 1..20; u[1] = 1 ± 0.5
u[k] = k for k in 2..20; h[k]=k for k in 1..3; h2 = 4 ± 1; L=mean(g*x[i]^2 for i in 1..n)+sum(w[k]*v[k]*u[k] for k in 1..20)*h2 + h[1]
"""


def test_bounds_and_uncertainties_are_told_of_loops() -> None:
    """In tables, folded rows among them, and row by row."""
    model = worth.read_model(Source("<text>", BOUNDED), many=0)
    found = large_report(model, {}, [None])
    assert found is not None
    table = found.table()
    assert {"uncertainty", "bounds"} <= {each.title for each in table.columns}
    _say_the_same(table, found.whole.table(), 0)
    _records_the_same(found, 0)


@pytest.mark.parametrize(
    ("only", "names"),
    [("y[3], a", ["a", "y[3]"]), ("x[7..9], n", ["n", "x[7]", "x[8]", "x[9]"]), ("L", ["L"])],
)
def test_rows_of_some_names_alone_are_in_csv(only: str, names: list[str]) -> None:
    """As in tables, of loops and of the same text unrolled; gradients to the last digits of long sums."""
    text = "n = 40000; a = 2; x[i] = i/n for i in 1..n; y[i] = sin(a*x[i]) for i in 1..n; L = sum(y[i]^2 for i in 1..n)"
    command = "grad", "-e", text, "--only", only, "--format", "csv"
    found, right = (ran.out.splitlines()[1:] for ran in (backprop(*command), unrolled(*command)))
    assert [line.split(",")[1] for line in found] == names
    for mine, theirs in zip(found, right, strict=True):
        rows = [line.rsplit(",", 2) for line in (mine, theirs)]
        assert rows[0][0] == rows[1][0]
        for number, other in zip(rows[0][1:], rows[1][1:], strict=True):
            assert float(number) == pytest.approx(float(other), rel=1e-12)
