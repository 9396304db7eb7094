"""Members that rows name, `alpha[county]`, in blocks of rows, against plain numbers and row by row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import fsum
from pathlib import Path
from typing import Any

import numpy
import pytest

import backprop as library
from backprop.by_rows import held_rows
from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.reductions import CHUNK
from backprop.by_rows.rows_engine import RowsEngine
from backprop.language.apart import NotApart
from running import backprop
from test_by_rows import Given, compare, passed, program_of

TAKING = (
    "alpha[i] = 0.1*i for i in 1..3; b = 2; L = mean((y - alpha[county] - b*x)^2)",
    (
        "w[i,j] = i + j for i in 1..4, j in 1..2; alpha[i] = i for i in 1..9; "
        "L = mean(x*sum(w[county,j]*x^j*alpha[j] for j in 1..2)) + mean(sum(w[county+1,j] for j in 1..2)*y)"
    ),
    "f(u) = u*alpha[county]; alpha[i] = i for i in 1..9; L = sum(f(x) + f(y))",
    "w[i,j] = i + j for i in 1..3, j in 1..2; L = sum(max(w[county,j]*x) for j in 1..2)",
    (
        "mu = 1; s = 0.5; z[i] = i/7 for i in 0..3; alpha[i] = mu + s*z[i] + z[1] for i in 0..3; "
        "L = sum((y - alpha[county]*x - alpha[1])^2) + logsumexp(alpha[4 - county]*y)"
    ),
    "mu = 1; alpha[i] = mu*i*mean(x) for i in 0..3; L = sum(alpha[county]*y)",
    "v[i] = i/4 for i in -3..3; c = 2; L = sum(v[county - 2*county]*y*c) + sum(v[county]*x) + v[2]",
    "w[i,j] = i*j for i in 1..3, j in 1..3; L = mean(w[county, 2]*x + w[2, county]*y + w[county, county])",
    "m = alpha[county]*x; alpha[i] = i for i in 1..3; L = sum((y - m)^2) + prod(1 + alpha[county]/100)",
)


def table_of(rows: int, seed: int = 0) -> Given:
    chance = numpy.random.default_rng(rows + seed)
    x, y = chance.uniform(0.5, 2, rows), chance.normal(size=rows)
    return Given(x=x, y=y, county=chance.integers(1, 4, rows))


@pytest.mark.parametrize("text", TAKING)
@pytest.mark.parametrize("rows", [1, 2, 60])
def test_models_are_the_same_as_row_by_row(text: str, rows: int) -> None:
    compare(text, table_of(rows))


@pytest.mark.parametrize("rows", [1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7])
def test_bits_do_not_depend_on_blocks_or_threads(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = table_of(rows)
    text = "alpha[i] = 0.1*i for i in 1..4; b = 2; L = sum((y - alpha[county]*x - b)^2)"
    found = list[Any]()
    for chunks in (1, 2, 3, 64):
        monkeypatch.setattr(held_rows, "BLOCK", chunks * CHUNK)
        for threads in (0, 1, 2, 3):
            with ThreadPoolExecutor(max(threads, 1)) as pool:
                made = passed(text, table, map_blocks=pool.map if threads else map)
            found.append((made.value, dict(made.gradients)))
    assert all(each == found[0] for each in found)
    x, y, county = table.columns.values()
    r = y - 0.1 * county * x - 2
    assert found[0][0] == pytest.approx(fsum(r**2), rel=1e-13)
    for member in (1, 2, 3):
        right = fsum((-2 * r * x)[county == member])
        assert found[0][1].get(f"alpha[{member}]", 0.0) == pytest.approx(
            right, rel=1e-12, abs=1e-12 * rows
        )
    assert "alpha[4]" not in found[0][1]  # which no row names
    assert found[0][1]["b"] == pytest.approx(fsum(-2 * r), rel=1e-12, abs=1e-12 * rows)


@pytest.mark.parametrize("county", [0.0, 4.0, 2.5, -1.0, 1e300, -1e300])
def test_what_is_no_index_names_its_row(county: float) -> None:
    rows = CHUNK + 9
    table = table_of(rows)
    table.columns["county"][CHUNK + 4] = county
    with pytest.raises(NotSure) as error:
        passed("alpha[i] = i for i in 1..3; L = sum(alpha[county]*y)", table)
    assert error.value.row == CHUNK + 4


def test_members_that_there_are_not() -> None:
    text = "alpha[1] = 1; alpha[3] = 2; L = sum(alpha[county]*y)"
    compare(text, Given(county=[1.0, 3.0, 1.0], y=[2.0, 5.0, 7.0]))
    with pytest.raises(NotSure):
        passed(text, Given(county=[1.0, 2.0, 1.0], y=[2.0, 5.0, 7.0]))


@pytest.mark.parametrize(
    "text",
    [
        "alpha[i] = i for i in 1..3; beta[i] = i for i in 1..3; L = sum(alpha[beta[county]]*y)",
        "z = x*2; L = sum(z[county])",
        "f(k) = alpha[k]*x; alpha[i] = i for i in 1..3; L = sum(f(county))",
        "f(k) = alpha[county + k]*x; alpha[i] = i for i in 1..3; L = sum(f(0))",
    ],
)
def test_what_does_not_come_apart(text: str) -> None:
    with pytest.raises(NotApart):
        program_of(text, [table_of(3)])


@pytest.mark.parametrize("memory", ["1K", "1G"])
def test_an_index_out_of_range_is_told_with_its_row(memory: str, tmp_path: Path) -> None:
    path, rows = tmp_path / "rows.csv", 20_000
    lines = [f"{1 + at % 50},{at / 7:.3f}\n" for at in range(rows)]
    lines[12_344] = "51,0.5\n"
    path.write_text("county,y\n" + "".join(lines), "utf-8")
    text = "alpha[i] = i for i in 1..50; L = mean((y - alpha[county])^2)"
    found = backprop("grad", "-e", text, "--data", str(path), "--memory", memory)
    assert found.status == 1
    assert "alpha[51] is not defined" in found.err
    assert "rows.csv:12346" in found.err or "rows.csv, row 12,345" in found.err


@pytest.mark.parametrize("text", TAKING)
@pytest.mark.parametrize("rows", [1, 9, CHUNK, 2 * CHUNK + 77])
def test_machine_code_takes_members(text: str, rows: int) -> None:
    pytest.importorskip("llvmlite")
    from test_machine_rows import by_code, near

    if "w[county,j]" in text:  # which blocks of rows do
        with pytest.raises(NotApart, match="several members"):
            by_code(text, table_of(rows))
        return
    found = [by_code(text, table_of(rows), threads=threads) for threads in (1, 2, 3)]
    near(*reversed(found[0]))
    assert all(each[1] == found[0][1] for each in found)  # to the bit


def test_programs_take_members() -> None:
    pytest.importorskip("llvmlite")
    table = table_of(40_000)
    text = "alpha[i] = 0.1*i for i in 1..3; b = 2; L = mean((y - alpha[county]*x - b)^2)"
    program = library.compile(library.parse(text, data=table.columns), engine="native")
    assert type(program._engine) is RowsEngine
    point = [{"b": 0.25}.get(name, 0.5) for name in program.inputs]
    value, slopes = program(point)
    x, y, county = table.columns.values()
    r = y - 0.5 * x - 0.25
    assert value == pytest.approx(fsum(r**2) / len(x), rel=1e-13)
    for name, slope in zip(program.inputs, slopes, strict=True):
        if name == "b":
            right = fsum(-2 * r)
        elif name.startswith("alpha"):
            right = fsum((-2 * r * x)[county == int(name[6])])
        else:
            continue
        assert slope == pytest.approx(right / len(x), rel=1e-11)
