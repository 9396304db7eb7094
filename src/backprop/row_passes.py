"""`backprop grad --rows` over many rows: a column and its derivatives, a block of rows at a time.

What is computed of a single row is gone through with the chain rule, so that each row has its own gradient;
what all rows have in common and is no input brings its own derivatives, which passes over the rows find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.by_rows.block_kernel import BlockKernel, EachRow, NotSure, Seeds
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.row_counts import counted
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.threads import over_blocks
from backprop.data_streamed import StreamedRows
from backprop.errors import AtBorder, BackpropError, BadData, TooLarge
from backprop.evaluation.directions import along
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.leaves import inputs_at
from backprop.inputs import Inputs, Opened
from backprop.language import Model
from backprop.language.apart import NotApart, TwoTexts, apart
from backprop.language.column_names import words_of
from backprop.language.laid import Data
from backprop.language.some_rows import SomeRows
from backprop.language.text_columns import statements_over
from backprop.loops.worth import MANY
from backprop.names import family
from backprop.report import Column, Table
from backprop.row_by_row import SHOWN, AskedRows, RowsReport, asked_rows, first_rows, single_rows
from backprop.source import Source

ModelAt = tuple[Model, Mapping[str, float]]
"""A Model, and the numbers of its inputs."""

RowColumns = dict[str, NDArray[numpy.float64]]

_ENDLESS = 1 << 62

_WARNED = 5
"""Of so many derivatives that are not finite somewhere it is said why."""

_TOGETHER = 16
"""Blocks that are written at once."""


class StreamedRowsReport:
    """As `RowsReport`, of rows that are computed again whenever somebody asks for them. size: how many there
    are, all of which have values."""

    warnings: Sequence[BackpropError] = ()

    def __init__(
        self, passes: _Passes, size: int, notes: Sequence[BackpropError], whole: bool
    ) -> None:
        self._passes, self.size, self.notes, self.whole = passes, size, notes, whole
        self.output = passes.asked.output

    def table(self) -> Table:
        """The first rows. Raises TooLarge for all."""
        if self.whole and self.size > SHOWN:
            message = f"a table of {self.size:,} rows is too large for memory"
            raise TooLarge(
                message, hints=["write it as rows: --format csv, json, or -o FILE.parquet"]
            )
        first = next(iter(self.pieces()), RowsReport(self.output, {})).columns
        return first_rows(self.output, first, min(self.size, SHOWN), self.size)

    def pieces(self) -> Iterator[RowsReport]:
        """All rows, some at a time."""
        for columns in self._passes.pieces():
            yield RowsReport(self.output, columns)

    def records(self) -> list[Column]:
        """Of no rows: who writes all takes `pieces`."""
        return []

    def objects(self) -> Iterator[dict[str, Any]]:
        """An object for each row."""
        for each in self.pieces():
            yield from each.objects()


class _Once(NamedTuple):
    """What all rows have in common. value: its number; by: its derivatives by inputs."""

    value: float
    by: Mapping[str, float]


class _Passes:
    """The rows of a column. Raises NotApart where this is not the way, NotSure for what is in doubt."""

    def __init__(
        self,
        asked: AskedRows,
        program: RowProgram,
        given: Mapping[str, float],
        sources: Sequence[HeldRows | StreamedRows],
    ) -> None:
        self.asked, self.sure = asked, True
        self.endless: dict[str, int] = {}
        """Of derivatives that are not finite in some row the first such row."""
        self._program, self._given, self._sources = program, given, sources
        term = program.apart.sums[-1].term
        self.target = next(each for each in program.sums if each.name == term)
        self._once = {name: self._of(name) for name in sorted(self.target.reads)}
        self.source = sources[self.target.table]

    def _of(self, name: str) -> _Once:
        if name in self._given:
            return _Once(self._given[name], {name: 1.0})
        parts, of = self._program.apart, self._program
        called = f"{self._program.output}_{name}".partition("[")[0]
        once = Source(parts.once.name, f"{parts.once.text}\n{called} = {name}")
        program = RowProgram(parts._replace(once=once), called, of.seed, of.sizes)
        with over_blocks() as mapped:
            found = program.value_and_gradient(
                self._given, self._sources, map_blocks=mapped, sure=self.sure
            )
        return _Once(found.value, found.gradients)

    def inputs(self, model: Model, known: Sequence[str]) -> Iterator[str]:
        """The inputs, of these or by members that rows name, that a row depends on, in file order."""
        leading = {*known}.union(*(each.by for each in self._once.values()))
        for name in model.inputs:
            if name in leading and name not in model.held:
                yield name

    def each(self) -> Iterator[RowColumns]:
        """All rows, block after block. Raises NotSure."""
        seeds = Seeds({self.target.total: 1.0}, {})
        kernel = BlockKernel(
            self._program.of_row, [self.target], seeds, self._number, True, self.sure
        )
        names = [*dict.fromkeys([*kernel.columns, *self.asked.parts])]
        with over_blocks() as mapped:
            found: Iterable[EachRow] = mapped(kernel.each_row, self.source.blocks(names))
            for each in found:
                yield self._columns(each)

    def one_sided(self, error: NotSure, source: Source) -> AtBorder:
        """The note that some rows stand on borders, and are not refused from here on. Raises the error for a
        row without a value."""
        if error.row >= 0:
            raise error
        self.sure = False
        message = f"{error}: there the derivatives are those of one side, and digits may be lost"
        return AtBorder(message, where=source.name)

    def _number(self, name: str) -> float:
        known = self._once.get(name) or self._of(name)  # what is only watched needs others, too
        return known.value

    def _columns(self, found: EachRow) -> RowColumns:
        asked, block = self.asked, found.block
        made: dict[str, Any] = {each: block.columns[each] for each in asked.parts}
        made[asked.output] = found.values
        for each in asked.columns:
            made[f"d{asked.output}_d{each}"] = found.slopes.get(each, 0.0)
        for each in asked.by:
            slope: Any = 0.0
            for name, once in self._once.items():
                if each in once.by and name in found.slopes:
                    slope = slope + numpy.multiply(found.slopes[name], once.by[each])
            made[f"d{asked.output}_d{each}"] = slope
        self._look_for_endless(made, block.start)
        return {
            name: numpy.ascontiguousarray(numpy.broadcast_to(numbers, block.rows), dtype=float)
            + 0.0
            for name, numbers in made.items()
        }

    def _look_for_endless(self, made: Mapping[str, Any], start: int) -> None:
        for each in (*self.asked.columns, *self.asked.by):
            numbers = numpy.atleast_1d(made[f"d{self.asked.output}_d{each}"])
            if each not in self.endless and not isfinite(numbers.sum()):
                rows = numpy.flatnonzero(~numpy.isfinite(numbers))
                if len(rows):
                    self.endless[each] = start + int(rows[0])

    def pieces(self) -> Iterator[RowColumns]:
        """All rows, several blocks at a time."""
        some = list[RowColumns]()
        for each in self.each():
            some.append(each)
            if len(some) == _TOGETHER:
                yield _below_one_another(some)
                some = []
        if some:
            yield _below_one_another(some)


def _below_one_another(some: Sequence[RowColumns]) -> RowColumns:
    return {name: numpy.concatenate([each[name] for each in some]) for name in some[0]}


def rows(
    inputs: Inputs, wrt: Sequence[str] = (), whole: bool = False
) -> RowsReport | StreamedRowsReport:
    """As `single_rows`, many rows in passes. Raises BadOption, ChooseOutput."""
    opened = inputs.opened()
    found = _in_passes(inputs, opened, wrt, whole) if opened.tables else None
    return found or single_rows(inputs, opened, wrt, whole)


def _in_passes(
    inputs: Inputs, opened: Opened, wrt: Sequence[str], whole: bool
) -> RowsReport | StreamedRowsReport | None:
    """The report for many rows; None where another way is the right one: for few rows in memory, and for
    such of which something has to be said one by one."""
    try:
        statements, tables, errors = statements_over(opened.source, opened.tables)
    except BackpropError:
        return None
    words = words_of(statements)
    used = [(each, [name for name in each.names if name in words]) for each in tables]
    sources = [table.source(names) for table, names in used if names]  # type: ignore[attr-defined]
    streamed = [each for each in sources if isinstance(each, StreamedRows)]
    many = bool(streamed) or sum(each.count() for each in sources) * len(words) >= MANY
    if errors or not sources or not many or (inputs.skip_bad_rows and not streamed):
        return None

    def read(row: int = 0, of: HeldRows | StreamedRows | None = None) -> ModelAt:
        """By two rows of each table, which are this one of the table `of`."""
        name = of.name if of else ""
        heads: Sequence[Data] = [each.head(row if each is of else 0, 2) for each in streamed] or [
            SomeRows(each, numpy.full(2, row if each.name == name else 0), True)
            for each in opened.tables
        ]
        return inputs.given((), _ENDLESS, opened, heads)

    sample, numbers = read()
    asked = asked_rows(sample, inputs.of, wrt)
    known, missing = inputs_at(sample, numbers)
    if missing:
        evaluate(sample, numbers, asked.members[0])  # which says so
    given = {sample.labels[node]: number for node, number in known.items()}
    try:
        parts = _with_output(opened.source, opened.tables, asked.output, words)
        still = {name for each in tables for name in each.names} - {
            name for each in opened.tables for name in each.names
        }
        program = RowProgram(parts[0], parts[1], inputs.seed, sample.sizes, still)
        given = counted(program, given, sources, numbers)
        passes = _Passes(asked, program, given, sources)
        if program.of_row.taken and not wrt:  # the rows of the sample name few members
            passes.asked = asked._replace(by=[*passes.inputs(sample, asked.by)])
        if streamed:
            report = _streamed(passes, opened, whole)
            report.warnings = _endless(passes, read, inputs.of)
            return report
        held = _held(passes, opened, whole)
        return held._replace(warnings=_endless(passes, read, inputs.of))
    except (NotApart, NotSure) as error:
        if isinstance(error, NotSure) and error.row >= 0:
            model, numbers = read(error.row, sources[error.table])
            evaluate(model, numbers, asked.members[0])
        if not streamed:
            return None
        name = streamed[0].name
        message = f"{name} is larger than memory is to hold at once, and {error}"
        raise BadData(message, where=name, hints=["let it have more: --memory 8G"]) from None


def _endless(
    passes: _Passes, read: Callable[..., ModelAt], of: Sequence[str]
) -> list[BackpropError]:
    """The warnings of derivatives that are not finite, each of the first row where one is."""
    found = dict[str, BackpropError]()
    for name, row in [*passes.endless.items()][:_WARNED]:
        model, numbers = read(row, passes.source)
        asked = asked_rows(model, of, [name])
        moving = [name] if name in asked.by else [n for n in model.names if family(n) == name]
        result = along(model, numbers, asked.members[:1], dict.fromkeys(moving, 1.0))
        for each in result.warnings:
            if model.laid:
                each.hints = (*each.hints, *model.laid.row_of(each.message))
                model.laid.number(each)
            found[str(each)] = each
    return [*found.values()]


def _with_output(
    source: Source, tables: Sequence[Data], output: str, words: set[str]
) -> tuple[TwoTexts, str]:
    """The two texts, with a sum over the column, so that it is one of a row; and what the sum is called."""
    free = next(name for name in (f"total{n}" for n in range(len(words) + 1)) if name not in words)
    text = Source(source.name, f"{source.text}\n{free} = sum({output})")
    statements, seen, _ = statements_over(text, tables)
    return apart(statements, seen, text), free


def _held(passes: _Passes, opened: Opened, whole: bool) -> RowsReport:
    """The report of rows in memory."""
    notes = list[BackpropError]()
    try:
        found = [*passes.each()]
    except NotSure as error:
        notes = [passes.one_sided(error, opened.source)]
        found = [*passes.each()]
    return RowsReport(passes.asked.output, _below_one_another(found), (), notes, whole)


def _streamed(passes: _Passes, opened: Opened, whole: bool) -> StreamedRowsReport:
    """The report, once all rows have been seen: nobody is to get half of them, and then an error."""
    notes, size = list[BackpropError](), 0
    try:
        for each in passes.each():
            size += len(each[passes.asked.output])
    except NotSure as error:
        notes = [passes.one_sided(error, opened.source)]
        size = sum(len(each[passes.asked.output]) for each in passes.each())
    return StreamedRowsReport(passes, size, notes, whole)
