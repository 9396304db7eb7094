"""Triangles of residuals and their derivatives, against products of many digits and derivatives by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import fsum
from typing import Any

import mpmath
import numpy
import pytest

from backprop.by_rows import held_residuals, held_rows, machine_rows, triangles
from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.held_residuals import MANY_ROWS, ResidualsOverRows
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.reductions import CHUNK
from backprop.by_rows.residual_rows import ResidualTriangle, residual_triangle
from backprop.by_rows.triangles import Triangles, reduced
from backprop.language.apart import NotApart
from test_by_rows import Given, program_of


def products(columns: Any) -> Any:
    """A'A to 40 digits, rounded. columns: A', shape (width, rows)."""
    with mpmath.workdps(40):
        exact = mpmath.matrix(columns.tolist())
        found = exact * exact.T
        width = len(columns)
        return numpy.array([[float(found[i, j]) for j in range(width)] for i in range(width)])


def near(triangle: Any, columns: Any, rel: float = 1e-14) -> None:
    """Hold R'R against A'A, and R against being a triangle."""
    right = products(columns)
    sizes = numpy.sqrt(numpy.diagonal(right))
    with numpy.errstate(all="ignore"):
        assert (numpy.abs(triangle.T @ triangle - right) <= rel * numpy.outer(sizes, sizes)).all()
    assert (numpy.tril(triangle, -1) == 0).all()
    assert (numpy.diagonal(triangle) >= 0).all()


@pytest.mark.parametrize("by_code", [True, False])
@pytest.mark.parametrize("width", [1, 2, 5, 9])
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 255, 256, 257, 600, 2047, 2048, 3100])
def test_rows_are_reduced(rows: int, width: int, by_code: bool) -> None:
    chance = numpy.random.default_rng(rows + width)
    columns = chance.normal(size=(width, rows)) * 10.0 ** chance.integers(-6, 6, (width, 1))
    found = reduced(numpy.zeros((width, width)), columns, by_code)
    near(found, columns)
    more = chance.normal(size=(width, 40))
    near(reduced(found, more, by_code), numpy.concatenate([columns, more], axis=1))


@pytest.mark.parametrize("by_code", [True, False])
@pytest.mark.parametrize("size", [1e-200, 1e-150, 1.0, 1e150, 1e200])
def test_large_and_small_numbers(size: float, by_code: bool) -> None:
    columns = numpy.random.default_rng(1).normal(size=(4, 300))
    found = reduced(numpy.zeros((4, 4)), columns * size, by_code)
    near(found / size, columns)


@pytest.mark.parametrize("by_code", [True, False])
def test_columns_that_depend_on_one_another(by_code: bool) -> None:
    a, b = numpy.random.default_rng(2).normal(size=(2, 500))
    columns = numpy.stack([a, numpy.zeros(500), b, a + b, 2 * a])
    found = reduced(numpy.zeros((5, 5)), columns, by_code)
    near(found, columns)
    sizes = numpy.linalg.svd(found, compute_uv=False)
    assert (sizes[2:] < 1e-13 * sizes[0]).all()
    assert sizes[1] > 1e-3 * sizes[0]


def test_small_angles_keep_the_digits_that_products_lose() -> None:
    chance = numpy.random.default_rng(3)
    a = chance.normal(size=3 * CHUNK)
    columns = numpy.stack([a, a + 1e-9 * chance.normal(size=len(a))])
    made = Triangles(2)
    made.add(made.parts(columns))
    with mpmath.workdps(40):
        x, y = (mpmath.matrix(each.tolist()) for each in columns)
        along = (x.T * y)[0] / (x.T * x)[0]
        apart = mpmath.norm(y - along * x)
    assert made.value()[1, 1] == pytest.approx(float(apart), rel=1e-6)  # of A'A no digit is left


@pytest.mark.parametrize("bad", [numpy.nan, numpy.inf])
def test_what_is_not_finite_stays_so(bad: float) -> None:
    columns = numpy.ones((3, 10))
    columns[1, 4] = bad
    assert numpy.isnan(reduced(numpy.zeros((3, 3)), columns)).any()


# ------------------------------------------------------------------------------ residuals


PEAK = "a = 2; b = 0.5; c = 0.1; L = sum(y - a*exp(-b*x) - c)"


def table_of(rows: int) -> Given:
    chance = numpy.random.default_rng(rows)
    x, y = chance.uniform(0.5, 2, rows), chance.normal(size=rows)
    return Given(x=x, y=y, county=chance.integers(1, 4, rows))


def made_of(
    text: str, names: list[str], *tables: Given, map_blocks: Any = map, **given: float
) -> ResidualTriangle:
    program = program_of(text, [*tables])
    known = dict[str, float]()
    for model in (program.row, program.once):
        known |= {name: model.default(name) for name in model.defaults}
    sources = [HeldRows(table, table.names) for table in tables]
    return residual_triangle(program, names, {**known, **given}, sources, map_blocks)


@pytest.mark.parametrize("rows", [1, 2, 3, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7])
def test_residuals_and_threads(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(rows)
    found = list[Any]()
    for chunks in (1, 2, 3, 64):
        monkeypatch.setattr(held_rows, "BLOCK", chunks * CHUNK)
        for threads in (0, 1, 2, 3):
            with ThreadPoolExecutor(max(threads, 1)) as pool:
                mapped = pool.map if threads else map
                found.append(made_of(PEAK, ["a", "b", "c"], table, map_blocks=mapped))
    assert all((each.triangle == found[0].triangle).all() for each in found)  # to the bit
    x, y, _ = table.columns.values()
    e = numpy.exp(-0.5 * x)
    columns = numpy.stack([-e, 2 * x * e, -numpy.ones(rows), y - 2 * e - 0.1])
    if rows < 5000:
        near(found[0].triangle, columns)
    assert found[0].rows == rows
    assert found[0].squares == pytest.approx(fsum(columns[-1] ** 2), rel=1e-13)
    right = [fsum(each * columns[-1]) for each in columns[:-1]]
    scale = numpy.sqrt(found[0].squares * numpy.diagonal(found[0].products)).max()
    assert found[0].gradient == pytest.approx(right, rel=1e-12, abs=1e-13 * scale)


def test_parameters_that_others_are_computed_of() -> None:
    table = table_of(70)
    text = "k = 0.25; a = 8*k; b = 2*k; u = 3; c = u*k; L = sum(y - a*exp(-b*x) - c)"
    found = made_of(text, ["k", "u"], table)
    x, y, _ = table.columns.values()
    e = numpy.exp(-0.5 * x)
    by_k = -8 * e + 2 * 2 * x * e - 3
    near(found.triangle, numpy.stack([by_k, numpy.full(70, -0.25), y - 2 * e - 0.75]), 1e-13)
    alone = made_of(text, ["u"], table)  # the other stays
    near(alone.triangle, numpy.stack([numpy.full(70, -0.25), y - 2 * e - 0.75]), 1e-13)


def test_members_that_rows_name() -> None:
    table = table_of(90)
    text = "m[i] = i for i in 1..3; b = 2; L = sum(y - m[county]*x - b) + sum(m[2] - b*x)"
    found = made_of(text, ["m[1]", "m[2]", "m[3]", "b"], table)
    x, y, county = table.columns.values()
    one = [-1.0 * (county == k) * x for k in (1, 2, 3)] + [-numpy.ones(90), y - county * x - 2]
    two = [numpy.zeros(90), numpy.ones(90), numpy.zeros(90), -x, 2 - 2 * x]
    near(found.triangle, numpy.concatenate([numpy.stack(one), numpy.stack(two)], axis=1))
    assert found.rows == 180


def test_residuals_of_two_tables() -> None:
    chance = numpy.random.default_rng(5)
    one, other = Given(x=chance.normal(size=50)), Given(z=chance.normal(size=5000))
    found = made_of("a = 2; b = 3; L = sum(x - a) + sum(z*b - a)", ["a", "b"], one, other)
    x, z = one.columns["x"], other.columns["z"]
    first = numpy.stack([-numpy.ones(50), numpy.zeros(50), x - 2])
    second = numpy.stack([-numpy.ones(5000), z, 3 * z - 2])
    near(found.triangle, numpy.concatenate([first, second], axis=1))
    assert found.rows == 5050


def test_what_is_no_sum_of_residuals() -> None:
    with pytest.raises(NotApart, match="gathered over rows"):
        made_of("a = 1; L = sum(y - mean(a*x))", ["a"], table_of(9))
    with pytest.raises(NotApart, match="gathered over rows"):
        made_of("a = 1; L = max(y - a*x)", ["a"], table_of(9))


def test_a_row_that_is_not_finite_is_named() -> None:
    table = table_of(CHUNK + 5)
    table.columns["x"][CHUNK + 2] = 0.0
    with pytest.raises(NotSure) as error:
        made_of("a = 1; L = sum(y - a/x)", ["a"], table)
    assert error.value.row == CHUNK + 2


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(300)
    right = made_of(PEAK, ["a", "b", "c"], table)
    monkeypatch.setattr(triangles, "_compiled", lambda: None)
    found = made_of(PEAK, ["a", "b", "c"], table)
    assert found.triangle == pytest.approx(right.triangle, rel=1e-12, abs=1e-13)


# ------------------------------------------------------------------------------ by machine code


def many_of(
    text: str, names: list[str], *tables: Given, by_code: bool = True, threads: int = 1
) -> ResidualTriangle:
    program = program_of(text, [*tables])
    known = dict[str, float]()
    for model in (program.row, program.once):
        known |= {name: model.default(name) for name in model.defaults}
    sources = [HeldRows(table, table.names) for table in tables]
    made = ResidualsOverRows(program, sources, by_code, threads)
    found = made.at(names, known)
    if by_code and tables[0].size >= MANY_ROWS and "m[county]" not in text:
        assert all(made._made.values())  # which were really there
        assert made._made
    return found


CODE = (
    (PEAK, ["a", "b", "c"]),
    (PEAK, ["b"]),
    ("k = 0.25; a = 8*k; b = 2*k; u = 3; c = u*k; L = sum(y - a*exp(-b*x) - c)", ["k", "u"]),
    ("a = 2; b = 0.5; L = sum(y - a*x) + sum(x - b*y*a)", ["a", "b"]),
    ("a = 2 in 0..5; b = 0.5; L = sum(if(x > 1, y - a*x, y - b))", ["a", "b"]),
    ("m[i] = i for i in 1..3; b = 2; L = sum(y - m[county]*x - b)", ["m[1]", "m[3]", "b"]),
)


@pytest.mark.parametrize(("text", "names"), CODE)
def test_machine_code_finds_the_same(
    text: str, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(held_residuals, "WORTH", 0)
    table = table_of(3 * CHUNK + 11)
    right = many_of(text, names, table, by_code=False)
    found = [many_of(text, names, table, threads=threads) for threads in (1, 2, 3)]
    size = numpy.abs(right.triangle).max(axis=0)
    assert (numpy.abs(found[0].triangle - right.triangle) <= 1e-12 * size).all()
    assert all((each.triangle == found[0].triangle).all() for each in found)  # to the bit
    assert found[0].rows == right.rows


@pytest.mark.parametrize("rows", [2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK - 1, 5 * CHUNK + 7])
def test_edges_of_chunks_by_machine_code(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(held_residuals, "WORTH", 0)
    monkeypatch.setattr(machine_rows, "_SHARE", CHUNK)
    monkeypatch.setattr(machine_rows, "_WORTH", 0.0)
    monkeypatch.setattr(machine_rows, "_LONG", 0)
    table = table_of(rows)
    found = [many_of(PEAK, ["a", "b", "c"], table, threads=threads) for threads in (1, 2, 3)]
    right = many_of(PEAK, ["a", "b", "c"], table, by_code=False)
    assert all((each.triangle == found[0].triangle).all() for each in found)
    assert found[0].triangle == pytest.approx(right.triangle, rel=1e-11)


def test_a_row_that_is_not_finite_is_named_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_residuals, "WORTH", 0)
    table = table_of(3 * CHUNK)
    table.columns["x"][CHUNK + 2] = 0.0
    with pytest.raises(NotSure) as error:
        many_of("a = 1; L = sum(y - a/x)", ["a"], table)
    assert error.value.row == CHUNK + 2


def test_machine_code_is_made_where_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite")
    table = table_of(3 * CHUNK)
    program = program_of(PEAK, [table])
    sources = [HeldRows(table, table.names)]
    known = {name: program.row.default(name) for name in program.row.defaults}
    made = ResidualsOverRows(program, sources, True, 1)
    monkeypatch.setattr(held_residuals, "WORTH", 6 * 3 * CHUNK)
    found = list[Any]()
    for at in range(4):
        found.append(made.at(["a", "b", "c"], known).triangle)
        assert bool(made._made) == (at > 1)  # two passes, and four to come
    assert (found[0] == found[1]).all()
    assert found[2] == pytest.approx(found[1], rel=1e-12)
    assert (found[2] == found[3]).all()
