"""Models over rows at random beside what mpmath makes of them, and the same written out row by row: by every way in
which rows are computed, for rows around every edge, to 1e-13."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pyarrow
import pytest
from pyarrow import parquet

import backprop as library
from backprop import data_batches
from backprop.by_rows import held_rows, machine_rows, rows_engine, threads
from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.reductions import CHUNK
from test_by_rows import Given, passed
from test_machine_rows import by_code
from truth import mp
from written_models import WrittenModel

pytest.importorskip("llvmlite")

FEW = (*range(1, 10), 15, 16, 17)
"""Around the numbers of doubles that processors compute with at once."""

MANY = (
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    2 * CHUNK - 1,
    2 * CHUNK,
    2 * CHUNK + 1,
    3 * CHUNK + 1,
    8 * CHUNK,
    8 * CHUNK + 1,
)
SIZES = (*FEW, *MANY)

Found = tuple[float, Mapping[str, float]]
"""A value, and slopes by name."""


class Case(NamedTuple):
    """A model, and the rows that it is computed over."""

    model: WrittenModel
    columns: Mapping[str, Any]
    times: list[int]

    @property
    def size(self) -> int:
        return sum(self.times)

    def parsed(self, data: Any = None) -> library.Model:
        return library.parse(self.model.text(), data=self.columns if data is None else data)


def case(number: int) -> Case:
    chance = random.Random(number)
    size = SIZES[number % len(SIZES)]
    different = size if size in FEW else 24
    model = WrittenModel(number, size in FEW, different)
    places = numpy.arange(size) if size in FEW else numpy.array(chance.choices(range(24), k=size))
    columns = {name: numpy.array(each, dtype=float)[places] for name, each in model.rows.items()}
    return Case(model, columns, numpy.bincount(places, minlength=different).tolist())


def written_out(case: Case) -> Found:
    """By indexed equations."""
    text = case.model.with_index(case.columns["k"].astype(int).tolist())
    numbers = {
        f"{name}[{row + 1}]": float(case.columns[name][row])
        for name in "xy"
        if f"const {name}[*]" in text
        for row in range(case.size)
    }
    found = library.parse(text).grad(numbers)
    return found.value, found.gradients


def by_members(case: Case) -> Found:
    found = case.parsed().grad()
    return found.value, found.gradients


def compiled(case: Case, engine: Any) -> Found:
    program = library.compile(case.parsed(), engine=engine)
    members = {f"w[{at}]": each for at, each in enumerate(case.model.members, 1)}
    value, slopes = program([{**case.model.inputs, **members}[name] for name in program.inputs])
    return float(value), dict(zip(program.inputs, slopes.tolist(), strict=True))


def by_blocks(case: Case, chunks: int, workers: int, patch: pytest.MonkeyPatch) -> Found:
    patch.setattr(held_rows, "BLOCK", chunks * CHUNK)
    with ThreadPoolExecutor(workers) as pool:
        found = passed(case.model.text(), Given(**case.columns), map_blocks=pool.map)
    return found.value, found.gradients


def by_machine(case: Case, workers: int) -> Found:
    found = by_code(case.model.text(), Given(**case.columns), threads=workers)[1]
    return found.value, found.gradients


def streamed(case: Case, path: Path, batch: int, workers: int, patch: pytest.MonkeyPatch) -> Found:
    patch.setattr(data_batches, "_BYTES", 64 * batch)
    patch.setattr(data_batches, "_ROWS", batch)
    patch.setattr(threads, "_allowed", [workers])
    found = case.parsed(library.read_data(path, memory=1)).grad()
    return found.value, found.gradients


def files_of(case: Case, folder: Path) -> tuple[Path, Path]:
    """The rows as Parquet and as CSV."""
    one, other = folder / "rows.parquet", folder / "rows.csv"
    parquet.write_table(pyarrow.table(dict(case.columns)), one, row_group_size=3000)
    rows = zip(*(each.tolist() for each in case.columns.values()), strict=True)
    other.write_text("x,y,k\n" + "".join(f"{x!r},{y!r},{int(k)}\n" for x, y, k in rows))
    return one, other


def ways(
    case: Case, folder: Path, patch: pytest.MonkeyPatch
) -> Iterator[tuple[str, list[Callable[[], Found]]]]:
    """All ways, those together that agree to the bit."""
    if case.size in FEW:
        yield "written out", [lambda: written_out(case)]
        yield "by members", [lambda: by_members(case)]
        yield "python", [lambda: compiled(case, "python")]
    yield "native", [lambda: compiled(case, "native")]
    numbers = [(chunks, workers) for chunks in (1, 2, 8) for workers in (1, 2, 3)]
    yield "blocks", [lambda at=at: by_blocks(case, *at, patch) for at in numbers]  # type: ignore[misc]
    yield "machine", [lambda at=at: by_machine(case, at) for at in (1, 2, 3)]  # type: ignore[misc]
    places = [
        (path, *at) for path in files_of(case, folder) for at in ((1000, 1), (CHUNK, 2), (5000, 3))
    ]
    yield "streamed", [lambda at=at: streamed(case, *at, patch) for at in places]  # type: ignore[misc]


@pytest.mark.parametrize("number", range(10 * len(SIZES)))
@pytest.mark.one_in(8)
def test_rows_are_what_they_are_written_out(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, least in (("_SHARE", CHUNK), ("_WORTH", 0.0), ("_LONG", 0)):
        monkeypatch.setattr(machine_rows, name, least)
    monkeypatch.setattr(rows_engine, "MANY_ROWS", 1)
    this = case(number)
    value, slopes, off, slope_off = this.model.truth(this.times)
    if abs(value) > 1e12:
        return
    size = max(map(abs, slopes.values())) or 1
    # factors that are all rounded alike make so much of a product; where a row is on a border, programs add
    # members one after the other, as indices do
    each = 2**-53 * this.size
    known = dict[str, list[Found]]()
    for way, several in ways(this, tmp_path, monkeypatch):
        for compute in several:
            try:
                found = compute()
            except NotSure:  # a tie or border, which other ways compute: of all blocks, and of none
                assert way in ("blocks", "machine")
                continue
            known.setdefault(way, []).append(found)
            least = 1e-13 + (each if way == "native" or "prod(" in this.model.text() else 0)
            # that numbers are given to 16 digits moves it so far, and a few roundings more as often
            assert abs(mp.mpf(found[0]) - value) <= (least + 30 * off) * (abs(value) or 1), way
            for name, slope in slopes.items():
                error = abs(mp.mpf(found[1].get(name, 0.0)) - slope)
                assert error <= (least + 30 * slope_off) * size, (way, name)
    assert "streamed" in known
    for way, every in known.items():
        one = {name: every[0][1].get(name, 0.0) for name in slopes}
        for found in every:
            assert found[0] == every[0][0], way
            assert {name: found[1].get(name, 0.0) for name in slopes} == one, way
