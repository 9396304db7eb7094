"""Equations over many rows of data in blocks, against the same row by row as plain numbers."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import fsum, isfinite
from pathlib import Path
from typing import Any

import numpy
import pytest

import backprop as library
from backprop.by_rows import held_rows
from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.passing import SumsAndSlopes
from backprop.by_rows.reductions import CHUNK, Totals, by_chunks
from backprop.by_rows.row_program import RowProgram
from backprop.language.apart import NotApart, apart
from backprop.language.laid import RowNumbers
from backprop.operations import FUNCTIONS
from backprop.report import rows_summary
from backprop.source import Source
from backprop.syntax.parser import read
from running import backprop
from test_over_rows import random_formula


class Given:
    """A table in memory."""

    def __init__(self, **columns: Any) -> None:
        self.name = "rows.csv"
        self.columns = {name: numpy.asarray(each, dtype=float) for name, each in columns.items()}
        self.names = [*columns]
        self.size = len(next(iter(self.columns.values())))

    def rows(self, names: Any) -> RowNumbers:
        found = {name: self.columns[name] for name in names}
        return RowNumbers(self.name, self.size, found, lambda row: f"rows.csv:{row + 2}")


def program_of(text: str, tables: list[Given], output: str = "L") -> RowProgram:
    source = Source("<text>", text)
    statements, errors = read(source)
    assert not errors
    return RowProgram(apart(statements, tables, source), output, whole=True)


def passed(
    text: str,
    *tables: Given,
    output: str = "L",
    watched: bool = True,
    map_blocks: Callable[..., Any] = map,
) -> SumsAndSlopes:
    """What passes over all rows find, at the numbers of the text."""
    program = program_of(text, [*tables], output)
    given = dict[str, float]()
    for model in (program.row, program.once):
        given |= {name: model.default(name) for name in model.defaults}
    sources = [HeldRows(table, table.names) for table in tables]

    return program.value_and_gradient(given, sources, watched, map_blocks)


def members(gradients: Any, name: str) -> list[float]:
    return [slope for each, slope in gradients.items() if each.partition("[")[0] == name]


def compare(text: str, *tables: Given, rel: float = 1e-12) -> SumsAndSlopes:
    """Hold it against the chain rule with a row of its own for every step of every row."""
    found = passed(text, *tables)
    plain = library.parse(text, data=[table.columns for table in tables]).grad({}, of="L")
    assert found.value == pytest.approx(plain.value, rel=rel, abs=1e-300)
    size = max(map(abs, plain.gradients.values()))
    common = found.gradients.keys() & plain.gradients.keys()
    assert {name for name in plain.gradients if "[" not in name} <= common
    for name in common:
        assert found.gradients[name] == pytest.approx(
            plain.gradients[name], rel=rel, abs=rel * size
        )
    for name, extremes in found.slopes.items():
        every = members(plain.gradients, name)
        if "[" not in name and every:
            assert extremes.size == pytest.approx(max(map(abs, every)), rel=rel, abs=1e-300)
    for name, extremes in found.values.items():
        every = members(plain.data, name)
        if "[" not in name and every:
            assert [extremes.least, extremes.most] == pytest.approx(
                [min(every), max(every)], rel=rel
            )
            assert extremes.mean == pytest.approx(fsum(every) / len(every), rel=1e-9, abs=1e-12)
    return found


def sure_samples(name: str) -> tuple[list[str], list[tuple[Any, Any]]]:
    """The names of a function's operands, and samples of the table with what `grad` says there of `L = a*f(…)`,
    a = 1.5: where that is finite, and nothing has to be said of it."""
    row = FUNCTIONS[name]
    words = "x y z".split()[: row.arity]
    if not row.called or row.chooses or len(words) < row.arity:
        return words, []
    plain = library.parse(f"L = a*{name}({', '.join(words)})")
    kept = []
    for each in row.samples:
        if len(each) != row.arity:
            continue
        try:
            found = plain.grad({"a": 1.5, **dict(zip(words, each, strict=True))})
        except library.BackpropError:
            continue
        if isfinite(found.value) and not found.notes and not found.warnings:
            kept.append((each, found))
    return words, kept


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_over_rows_is_the_sum_of_its_rows(name: str) -> None:
    words, samples = sure_samples(name)
    if not samples:
        return
    kept, right = zip(*samples, strict=True)
    table = Given(**dict(zip(words, zip(*kept, strict=True), strict=True)))
    made = passed(f"a = 1.5; L = sum(a*{name}({', '.join(words)}))", table)
    largest = max(abs(each.value) for each in right)
    total = fsum(each.value for each in right)
    assert made.value == pytest.approx(total, rel=1e-13, abs=1e-13 * largest)
    slope = fsum(each.gradients["a"] for each in right)
    assert made.gradients["a"] == pytest.approx(slope, rel=1e-13, abs=1e-13 * largest)
    for word in words:
        sizes = [abs(each.gradients[word]) for each in right if word in each.gradients]
        if sizes and all(map(isfinite, sizes)):
            assert made.slopes[word].size == pytest.approx(max(sizes), rel=1e-12, abs=1e-300)


TEXTS = (
    "a = 2; b = 0.5; r = y - a*exp(-b*x); L = mean(r^2) + 0.1*a^2",
    "k = 3; m = mean(x*k); v = sum((x - m)^2)/count(x); L = v*k",
    "q = 2; L = sum((x - mean(x*q))^2)",
    "q = 2; L = sum((x - mean(x*q))^2)/sum((y - mean(y))^2)",
    "const n = 3; w[j] = 0.1*j for j in 1..n; p = sum(w[j]*x^j for j in 1..n); L = sum((y - p)^2)",
    "k = 2; S[j] = sum(k*x^j) for j in 1..3; L = sum(S[j]*k for j in 1..3)",
    "k = 2; L = sum(S[j]*k for j in 1..3); S[j] = sum(k*x^j) for j in 1..3",
    "a = 0.3; L = sum(mean(x^j) for j in 1..3)*a",
    "a = 0.3; f(u) = a*u^2; L = sum(f(x))",
    "q = 2; f(u) = u*x; L = sum(f(3)*q)",
    "a = 1; b = 2; L = sum(a*x) + b*mean(b*y)",
    "a = 1; L = sum(if(y > 0.3, a*x, a^2*y))",
    "a = 1; L = sqrt(mean(x^2)*a)",
    "a = 1; u = 5; L = log(sum(exp(a*x)))",
    "a = 2; t = a*x; L = mean(t)^2 + mean(t*y); z = x - y",
    "a = 2; b = 1; L = max(a*x)*sum(b*y) + logsumexp(a*y*b)",
    "a = 1; S[j] = min(a*x^j*y) for j in 1..3; L = sum(S[j] for j in 1..3)",
    "a = 2; p = max(x*a); L = p + log(sum(exp(a*x - p)))",
    "a = 0.1; L = prod(1 + a*y*tanh(x))*mean(x/max(x*a)) + min(y) + sum(x) + 2*sum(x)",
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("rows", [1, 2, 50])
def test_models_are_the_same_as_row_by_row(text: str, rows: int) -> None:
    chance = numpy.random.default_rng(rows)
    table = Given(x=chance.uniform(0.5, 2, rows), y=chance.normal(size=rows))
    if rows == 1 and "(y - mean(y))" in text:
        return
    compare(text, table)


def test_tables_of_different_lengths() -> None:
    chance = numpy.random.default_rng(4)
    one, other = Given(x=chance.normal(size=7)), Given(z=chance.normal(size=5000))
    compare("a = 2; b = 3; L = sum(a*x^2)*mean(b*z) + sum(tanh(a*z - mean(x)))", one, other)


@pytest.mark.parametrize("number", range(200))
def test_random_models(number: int) -> None:
    chance = random.Random(number)
    rows = chance.choice([1, 3, 17, 60])
    table = Given(
        x=[chance.uniform(-2, 2) for _ in range(rows)],
        y=[chance.uniform(-2, 2) for _ in range(rows)],
    )
    lines = [f"{name} = {chance.uniform(-1, 1):.3f}" for name in "abc"]
    known = ["a", "b", "c"]
    for at in range(chance.randint(0, 3)):
        lines.append(f"r{at} = {random_formula(chance, 2, [*known, 'x', 'y'])} + 0*x")
        known.append(f"r{at}")
        if chance.random() < 0.5:
            gather = chance.choice(
                ["sum", "mean", "sum", "mean", "max", "min", "prod", "logsumexp"]
            )
            lines.append(f"s{at} = {gather}({known[-1]}*{random_formula(chance, 1, known)})/3")
            known.append(f"s{at}")
    lines.append(f"L = mean({random_formula(chance, 3, [*known, 'x', 'y'])} + 0*y) + a*b")
    try:
        compare("\n".join(lines), table, rel=1e-11)
    except (NotSure, NotApart):  # a tie, which is told row by row
        assert re.search("max|min", "\n".join(lines))


SIZES = (1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 7, 9 * CHUNK)


@pytest.mark.parametrize("rows", SIZES)
def test_bits_do_not_depend_on_blocks_or_threads(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = numpy.random.default_rng(rows)
    table = Given(x=chance.uniform(0.5, 2, rows), y=chance.normal(size=rows))
    text = "a = 2; b = 0.5; m = mean(x); L = sum((y - a*exp(-b*(x - m)))^2) + a*sum(y*b)"
    found = list[Any]()
    for chunks in (1, 2, 3, 4, 64):
        monkeypatch.setattr(held_rows, "BLOCK", chunks * CHUNK)
        for threads in (0, 1, 2, 3):
            with ThreadPoolExecutor(max(threads, 1)) as pool:
                made = passed(text, table, map_blocks=pool.map if threads else map)
            slopes = {name: each.size for name, each in made.slopes.items()}
            found.append((made.value, dict(made.gradients), slopes))
    assert all(each == found[0] for each in found)
    r = table.columns["y"] - 2 * numpy.exp(
        -0.5 * (table.columns["x"] - fsum(table.columns["x"]) / rows)
    )
    value = fsum(r**2) + 2 * fsum(table.columns["y"] * 0.5)
    assert found[0][0] == pytest.approx(value, rel=1e-13)


def test_sums_are_merged_two_by_two_in_order() -> None:
    def tree(parts: list[str]) -> str:
        while len(parts) > 1:
            pairs = [f"({a}{b})" for a, b in zip(parts[::2], parts[1::2], strict=False)]
            parts = pairs + parts[len(parts) - len(parts) % 2 :]
        return parts[0]

    class Text(str):
        def __add__(self, other: str) -> Text:
            return Text(f"({self!s}{other!s})")

    for count in range(1, 20):
        names = [chr(97 + at) for at in range(count)]
        totals = Totals(1)
        for name in names:
            totals.add(numpy.array([[Text(name)]], dtype=object))
        assert totals.value()[0] == tree(names)


def test_chunks_are_counted_from_the_first_row() -> None:
    numbers = numpy.random.default_rng(0).normal(size=3 * CHUNK + 5)
    found = by_chunks(numbers, len(numbers))
    parts = [numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)]
    assert found.tolist() == [float(each.sum()) for each in parts]
    assert by_chunks(0.5, CHUNK + 3).tolist() == [0.5 * CHUNK, 1.5]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("L = a*b", "nothing that gathers rows"),
        ("L = sum(derivative((x - mean(x))^2*a, x)*y)", "derivatives"),
    ],
)
def test_what_does_not_come_apart(text: str, reason: str) -> None:
    with pytest.raises(NotApart, match=reason):
        program_of(f"a = 1; b = 2; {text}", [Given(x=[1, 2], y=[2, 1])])


@pytest.mark.parametrize(
    ("text", "row"),
    [("L = sum(a*log(x))", 2), ("L = sum(a/(x + 1e-3))", -1), ("L = sum(abs(a*x))", -2)],
)
def test_what_is_not_sure_is_left_to_others(text: str, row: int) -> None:
    table = Given(x=[1.0, 2.0, 0.0, 3.0])
    if row == -1:
        compare(f"a = 2; {text}", table)
        return
    with pytest.raises(NotSure) as error:
        passed(f"a = 2; {text}", table)
    assert row < 0 or error.value.row == row


def _tables(folder: Path, rows: int) -> Path:
    chance = numpy.random.default_rng(7)
    x, y = chance.uniform(0.5, 2, rows), chance.normal(size=rows)
    rows = zip(x, y, chance.integers(1, 4, rows), strict=True)
    lines = (f"{a:.6f},{b:.6f},{site}\n" for a, b, site in rows)
    path = folder / "rows.csv"
    path.write_text("x,y,site\n" + "".join(lines), "utf-8")
    return path


REPORTS = (
    "a = 2; b = 0.5 in 0..1; r = y - a*exp(-b*x); L = mean(r^2) + 0.1*a^2; q = a*b",
    "const k = 3; m = mean(x*k); v = sum((x - m)^2)/count(x); L = v*k; u = x*2",
    "w[j] = 0.1*j for j in 1..3; p[j] = w[j]*x^j for j in 1..3; L = sum((y - p[1] - p[2]*p[3])^2)",
    "a = 2; p = max(x*a); r = a*y; L = p*logsumexp(r) - min(r); u = 1 + x/1e5; q = prod(1 + a*x/1e5)",
    "m[i] = i for i in 1..3; s[i] = m[i]*k for i in 1..3; k = 2; r = y - s[site]*x; L = mean(r^2) + s[1]",
    "m[i,j] = i*j for i in 1..3, j in 1..2; r = y - m[site, 1]; L = sum(r*m[4 - site, 2])",
    "m[i] = i for i in 1..4; r = y - m[site]; L = mean(r^2)",
)


@pytest.mark.parametrize("text", REPORTS)
@pytest.mark.parametrize("more", [[], ["--wrt", "L"], ["--only", "L"]])
@pytest.mark.one_in(2)
def test_the_table_is_that_of_all_members(
    text: str, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _tables(tmp_path, 6000)
    shown = []
    for many in (1, 1 << 60):
        monkeypatch.setattr(rows_summary, "MANY", many)
        given = [each for each in more if not ("a, x" in each and "w[" in text)]
        shown.append(backprop("grad", "-e", text, "--data", str(path), "--of", "L", *given))
    assert shown[0] == shown[1]
    assert shown[0].status == 0


@pytest.mark.parametrize("seed", range(20))
def test_blocks_of_chunks_are_merged_as_chunks_one_after_the_other(seed: int) -> None:
    """To the bit, in blocks of any size, of none too."""
    chance = numpy.random.default_rng(seed)
    chunks = chance.normal(size=(int(chance.integers(1, 70)), 3))
    chunks *= 10.0 ** chance.integers(-8, 8, size=(len(chunks), 1))
    single, blocks = Totals(numpy.zeros(3)), Totals(numpy.zeros(3))
    for at in range(len(chunks)):
        single.add(chunks[at : at + 1])
    at = 0
    while at < len(chunks):
        size = int(chance.choice([0, 1, 2, 3, 4, 5, 8, 16]))
        blocks.add(chunks[at : at + size])
        at += size
    assert (single.value() == blocks.value()).all()
