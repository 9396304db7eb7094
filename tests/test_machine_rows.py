"""Passes over many rows by machine code, against passes by blocks, whose sums are those of plain numbers."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy
import pytest

import backprop as library
from backprop.by_rows import machine_rows, rows_engine, threads
from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.machine_rows import MachineRows
from backprop.by_rows.passing import SumsAndSlopes
from backprop.by_rows.reductions import CHUNK
from backprop.language.apart import NotApart
from backprop.loops.many import NotLoops
from backprop.loops.native import nest_engine
from backprop.operations import FUNCTIONS
from running import backprop
from sizes import size
from test_by_rows import TEXTS, Given, program_of, sure_samples

pytest.importorskip("llvmlite")


def by_code(text: str, *tables: Given, threads: int = 1, output: str = "L") -> list[SumsAndSlopes]:
    """By blocks, and by machine code."""
    program = program_of(text, [*tables], output)
    given = dict[str, float]()
    for model in (program.row, program.once):
        given |= {name: model.default(name) for name in model.defaults}
    sources = [HeldRows(table, table.names) for table in tables]
    made: dict[Any, MachineRows] = {}

    def over(table: int, sums: Any) -> Any:
        key = table, tuple(each.term for each in sums)
        if key not in made:
            made[key] = MachineRows(program, sums, sources[table], {}, threads)
        return made[key].over

    blocks = program.value_and_gradient(given, sources)
    return [blocks, program.value_and_gradient(given, sources, over=over)]


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets other threads take a part of the least work."""
    monkeypatch.setattr(machine_rows, "_SHARE", CHUNK)
    monkeypatch.setattr(machine_rows, "_WORTH", 0.0)
    monkeypatch.setattr(machine_rows, "_LONG", 0)


def near(found: SumsAndSlopes, right: SumsAndSlopes, rel: float = 1e-12) -> None:
    assert found.value == pytest.approx(right.value, rel=rel)
    size = max(map(abs, right.gradients.values()))
    assert found.gradients.keys() == right.gradients.keys()
    for name, slope in right.gradients.items():
        assert found.gradients[name] == pytest.approx(slope, rel=rel, abs=rel * size)


@pytest.mark.parametrize("text", TEXTS)
def test_models(text: str) -> None:
    chance = numpy.random.default_rng(8)
    rows = 2 * CHUNK + 77
    table = Given(x=chance.uniform(0.5, 2, rows), y=chance.normal(size=rows))
    near(*reversed(by_code(text, table)))


@pytest.mark.parametrize(
    "rows", [1, 7, 8, 9, 31, 33, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]
)
def test_edges_of_chunks_and_threads(rows: int, shares: None) -> None:
    chance = numpy.random.default_rng(rows)
    table = Given(x=chance.uniform(0.5, 2, rows), y=chance.normal(size=rows))
    for text in (
        "a = 2; b = 0.5; r = y - a*exp(-b*x); L = mean(r^2) + a*sum(x*b) + b",
        "a = 2; b = 0.5; L = max(a*x*y) - min(b*y)*sum(a*y) + logsumexp(a*y + b) + prod(1 + 0.01*b*y)",
    ):
        found = [by_code(text, table, threads=threads)[1] for threads in (1, 2, 3, 7)]
        near(*reversed(by_code(text, table)))
        assert all(each == found[0] for each in found)  # to the bit


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_products_with_zeros(zeros: int) -> None:
    x = numpy.random.default_rng(1).uniform(0.99, 1.01, 2 * CHUNK + 9)
    x[[CHUNK + 3, 5][:zeros]] = 0.0
    near(*reversed(by_code("a = 1e-9; b = 2; L = b*prod(a*a + x)", Given(x=x))))
    near(*reversed(by_code("a = 0; b = 2; L = b*prod(a + x)", Given(x=x))))


@pytest.mark.parametrize("large", [1e6, -1e6, 1e300])
def test_logsumexp_of_large_numbers(large: float) -> None:
    y = numpy.random.default_rng(1).normal(size=3 * CHUNK + 9)
    found, right = by_code(f"a = 1; b = 0.5; L = logsumexp(b*y + a*{large})", Given(y=y))
    near(found, right, 1e-9 if large == 1e300 else 1e-10)  # of terms of a million 1e-10 is known


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function(name: str) -> None:
    words, samples = sure_samples(name)
    kept = [each for each, found in samples if abs(found.value) < 1e30]
    if not kept:
        return
    table = Given(**dict(zip(words, zip(*kept * 3, strict=True), strict=True)))
    try:
        one, other = by_code(f"a = 1.5; k = 1; L = sum(a*{name}(k*{words[0]}{''.join(', ' + w for w in words[1:])}))", table)  # fmt: skip
    except (NotApart, NotLoops, NotSure):
        assert name == "pow"  # of some samples something is in doubt, which others compute
        return
    near(other, one, 1e-11)


def test_what_is_too_small_is_computed_as_it_is() -> None:
    rows = 3 * CHUNK
    x = numpy.linspace(0, 60, rows)
    text = "a = 1; b = 0.5; L = sum((0.1 - a*exp(-b*x^2))^2)"
    near(*reversed(by_code(text, Given(x=x))))


def test_a_row_that_is_not_finite() -> None:
    x = numpy.ones(2 * CHUNK)
    x[CHUNK + 5] = -1.0
    with pytest.raises(NotSure):
        by_code("a = 1; L = sum(log(a*x))", Given(x=x))


def test_programs_go_through_rows_by_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = numpy.random.default_rng(2)
    rows = 40_000
    columns = {"x": chance.uniform(0.5, 2, rows), "y": chance.normal(size=rows)}
    text = "a = 2; b = 0.5; const k = 3; L = mean((y - a*exp(-b*x*k))^2) + log(a*k)"
    model = library.parse(text, data=columns)
    program = library.compile(model, engine="native")
    assert type(program._engine) is rows_engine.RowsEngine
    monkeypatch.setattr(rows_engine, "MANY_ROWS", 1 << 60)
    others = library.compile(library.parse(text, data=columns), engine="native")
    assert type(others._engine) is not rows_engine.RowsEngine
    assert program.inputs == others.inputs
    for point in ([2.0, 0.5], [1.0, -0.25], [3.0, 1.0]):
        x = [point[0], point[1], *([3.0] * (len(program.inputs) - 2))]
        (value, slopes), (right, sure) = program(x), others(x)
        assert value == pytest.approx(right, rel=1e-12)
        assert slopes == pytest.approx(sure, rel=1e-12)
    with pytest.raises(library.BackpropError):
        program([-1.0, 0.5, *([3.0] * (len(program.inputs) - 2))])


def _data(path: Any, rows: int = 40_000) -> str:
    chance = numpy.random.default_rng(5)
    x = chance.uniform(0, 4, rows)
    y = 2.5 * numpy.exp(-0.7 * x) + 0.01 * chance.normal(size=rows)
    lines = (f"{a:.6f},{b:.6f}\n" for a, b in zip(x, y, strict=True))
    path.write_text("x,y\n" + "".join(lines), "utf-8")
    return str(path)


@pytest.mark.parametrize("optimizer", ["lbfgs", "auto", "adam"])
@pytest.mark.parametrize(
    "text",
    [
        "a = 1; b = 1; L = mean((y - a*exp(-b*x))^2)",
        "a = 1; b = 1; L = mean((y - a*exp(-b*x))^2) + 0.001*max(a, b)",
    ],
)
def test_descents_end_as_they_do_row_by_row(
    text: str, optimizer: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _data(tmp_path / "rows.csv", size(10_000, 40_000))
    many = size(2 * CHUNK, rows_engine.MANY_ROWS)  # 10,000 as if they were many
    monkeypatch.setattr(rows_engine, "MANY_ROWS", many)
    given = ["descend", "-e", text, "--data", path, "--optimizer", optimizer, "--format", "json"]
    given += ["--engine", "native"] if optimizer != "auto" else []
    given += ["--lr", "0.05", "--steps", "40"] if optimizer == "adam" else ["--steps", "60"]
    found = json.loads(backprop(*given).out)
    monkeypatch.setattr(rows_engine, "MANY_ROWS", 1 << 60)
    right = json.loads(backprop(*given).out)
    assert found["stopped"] == right["stopped"]
    assert found["converged"] == right["converged"]
    assert found["value"] == pytest.approx(right["value"], rel=1e-9)
    for name in "ab":
        one, other = found["parameters"][name], right["parameters"][name]
        assert one == pytest.approx(other, rel=1e-5)


def test_roundings_are_no_more_than_of_one_sum_after_the_other() -> None:
    chance = numpy.random.default_rng(2)
    rows = 40_000
    columns = {"x": chance.uniform(0.5, 2, rows), "y": chance.normal(size=rows)}
    text = "a = 2; b = 0.5; L = mean((y - a*exp(-b*x))^2)"
    program = library.compile(library.parse(text, data=columns), engine="native")
    engine: Any = program._engine
    value, _ = program([2.0, 0.5])
    assert value * 2**-54 < engine.rounding([2.0, 0.5]) < engine.careful.rounding([2.0, 0.5])
    assert not engine.at_border([2.0, 0.5])


def test_so_many_threads_as_a_person_allows(tmp_path: Any) -> None:
    path = _data(tmp_path / "rows.csv")
    text = "a = 1; b = 1; L = mean((y - a*exp(-b*x))^2)"
    given = ["descend", "-e", text, "--data", path, "--optimizer", "lbfgs", "--engine", "native"]
    shown = []
    for count in (1, 3):
        shown.append(backprop(*given, "--threads", str(count)))
        assert threads.cores() == count
    assert shown[0] == shown[1]
    assert shown[0].status == 0
    backprop("grad", "-e", text, "--data", path)
    assert threads.cores() == len(os.sched_getaffinity(0))


def test_functions_that_rows_call_are_rounded_as_they_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = []
    made = nest_engine.fused

    def seen(module: Any) -> Any:
        texts.append((module.text, made(module).text))
        return made(module)

    monkeypatch.setattr(nest_engine, "fused", seen)
    by_code("a = 2; b = 0.5; L = sum((1 - a*exp(-b*x)/b)^2)", Given(x=numpy.linspace(0, 1, CHUNK)))
    assert texts
    for plain, fused in texts:
        begin, end = fused.index("@run("), fused.index("define i32 @nests")
        assert "fmul contract arcp" in fused[begin:end]
        assert "contract" not in fused[:begin] + fused[end:]
        assert fused.replace(" contract arcp", "") == plain


def test_several_rows_that_are_the_largest_are_a_border() -> None:
    x = numpy.linspace(0, 1, 40_000)
    for tied in (False, True):
        x[5] = 1.0 if tied else 0.5
        model = library.parse("a = 2; b = 1; L = max(a*x) + b^2", data={"x": x})
        engine: Any = library.compile(model, engine="native")._engine
        assert type(engine) is rows_engine.RowsEngine
        assert engine.at_border([2.0, 1.0]) == tied
        assert "max" in engine.operations
        assert engine.is_continuous


def test_descents_of_what_is_no_sum(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _data(tmp_path / "rows.csv")
    text = "a = 1; b = 1; L = mean((y - a*exp(-b*x))^2) + 0.01*logsumexp(a*x) + 0.01*max(b*x)^2"
    given = ["descend", "-e", text, "--data", path, "--optimizer", "lbfgs", "--engine", "native"]
    found = json.loads(backprop(*given, "--format", "json").out)
    monkeypatch.setattr(rows_engine, "MANY_ROWS", 1 << 60)
    right = json.loads(backprop(*given, "--format", "json").out)
    assert found["stopped"] == right["stopped"]
    assert found["value"] == pytest.approx(right["value"], rel=1e-9)
    for name in "ab":
        assert found["parameters"][name] == pytest.approx(right["parameters"][name], rel=1e-5)
