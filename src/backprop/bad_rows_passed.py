"""Many rows of data of which something is not finite: passes find them, and all that come leave them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from backprop.by_rows.block_kernel import NotSure, RowBlock
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.row_counts import counted
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.threads import over_blocks
from backprop.data_streamed import StreamedRows, StreamedTable
from backprop.errors import BackpropError, BadData, ChooseOutput
from backprop.evaluation.leaves import inputs_at
from backprop.language import Model
from backprop.language.apart import NotApart, apart
from backprop.language.column_names import words_of
from backprop.language.laid import Data
from backprop.language.some_rows import SomeRows
from backprop.language.text_columns import statements_over
from backprop.loops.domains import Wholes
from backprop.names import family
from backprop.source import Source

_TIMES = 20
"""So often rows are looked for: what is left out changes sums, of which others may be made."""


ReadOver = Callable[[Sequence[Data]], tuple[Model, Mapping[str, float]]]
"""A Model over tables, and the numbers of its inputs."""


def leave_out_bad_rows(
    source: Source,
    tables: Sequence[StreamedTable],
    read: ReadOver,
    of: Sequence[str],
    tell: Callable[[str], object],
) -> None:
    """Leave those out, of tables that memory does not hold, of which an output has no finite value. of:
    outputs, by default all. What else is wrong is left to who computes. Raises BadData if no row is left."""
    heads = [each.head(0, 2) for each in tables]
    sources, _ = _passed(source, tables, heads, read, of, StreamedRows)
    for each in sources:
        if left := each.left_out:
            _say(each.name, each.count() + left, left, each.place_left_out, tell)


def tables_without(
    source: Source,
    tables: Sequence[Data],
    read: ReadOver,
    of: Sequence[str],
    tell: Callable[[str], object],
) -> tuple[Sequence[Data], bool]:
    """As `leave_out_bad_rows`, of tables in memory: those without the rows, and whether all others are known
    to have values."""
    heads = [SomeRows(each, numpy.zeros(2, dtype=numpy.int64)) for each in tables]
    found = [*tables]
    sources, sure = _passed(source, tables, heads, read, of, _HeldAndLeft)
    for each in sources:
        at = next(at for at, table in enumerate(tables) if table.name == each.name)
        left = each.size - len(each.kept)
        if left:
            found[at] = SomeRows(tables[at], each.kept)
            _say(each.name, each.size, left, each.place, tell)
    return found, sure


class _HeldAndLeft:
    """Rows of a table in memory, of which some are left out. kept: the numbers of the others."""

    def __init__(self, table: Data, names: Sequence[str]) -> None:
        self._table, self.names, self.name = table, names, table.name
        self._rows = HeldRows(table, names)
        self.size = self._rows.count()
        self.kept: Wholes = numpy.arange(self.size)

    def count(self) -> int:
        """How many rows there are."""
        return len(self.kept)

    def blocks(self, names: Sequence[str]) -> Sequence[RowBlock]:
        """Those that are kept."""
        return self._rows.blocks(names)

    def leave_out(self, rows: Wholes) -> None:
        """Leave more of them out."""
        self.kept = numpy.delete(self.kept, rows)
        self._rows = HeldRows(SomeRows(self._table, self.kept), self.names)

    def place(self) -> str:
        """Where the first one stands that is left out."""
        rows = numpy.arange(len(self.kept))
        first = numpy.flatnonzero(self.kept != rows)
        return self._table.rows(self.names).place(int(first[0]) if len(first) else len(rows))


def _passed(
    source: Source,
    tables: Sequence[Data],
    heads: Sequence[Data],
    read: ReadOver,
    of: Sequence[str],
    make: Any,
) -> tuple[Sequence[Any], bool]:
    """The rows of the tables that equations have, without the bad ones, and whether all have values. heads:
    rows of the tables, by which equations are looked at. make: makes what has the rows of a table and of some
    columns."""
    try:
        statements, seen, errors = statements_over(source, tables)
        if errors:
            return (), False
        model, numbers = read(heads)
        known, missing = inputs_at(model, numbers)
        if missing:
            return (), False
        given = {model.labels[node]: number for node, number in known.items()}
        words = words_of(statements)
        named = [(each, [name for name in each.names if name in words]) for each in seen]
        sources = [make(each, names) for each, names in named if names]
        sure = True
        for text, output in _outputs(source, model, of, words):
            over, others, _ = statements_over(text, tables)
            program = RowProgram(apart(over, others, text), output, model.seed, model.sizes)
            sure &= _leave_out(program, counted(program, given, sources, numbers), sources)
    except (NotApart, NotSure, BackpropError):
        return (), False
    return sources, sure


def _outputs(
    source: Source, model: Model, of: Sequence[str], words: set[str]
) -> list[tuple[Source, str]]:
    """Texts with what is asked for: outputs, or sums over the columns that are."""
    laid = model.laid
    try:
        named: Sequence[str | None] = model.meant_outputs(of) or [None]
        meant = [model.output(each) for each in named]
    except ChooseOutput:
        meant = []
    if laid is None or (meant and not any(family(each) in laid.families for each in meant)):
        return [(source, each) for each in meant]
    free = next(name for name in (f"total{n}" for n in range(len(words) + 1)) if name not in words)
    asked = of or [each for each in laid.families if each not in laid.columns]
    return [(Source(source.name, f"{source.text}\n{free} = sum({each})"), free) for each in asked]


def _leave_out(program: RowProgram, given: Mapping[str, float], sources: Sequence[Any]) -> bool:
    """Leave rows out until all passes find values: whether they do, or something else is wrong."""
    for _ in range(_TIMES):
        try:
            with over_blocks() as mapped:
                program.value_and_gradient(given, sources, map_blocks=mapped, sure=False)
            return True
        except NotSure as error:
            if error.row < 0 or error.kernel is None:
                return False
            source, kernel = sources[error.table], error.kernel
            with over_blocks() as mapped:
                bad = [*mapped(kernel.bad_rows, source.blocks(kernel.columns))]
            rows = numpy.concatenate(bad)
            if not len(rows):
                return False
            source.leave_out(rows)
    return False


def _say(
    name: str, count: int, left: int, place: Callable[[], str], tell: Callable[[str], object]
) -> None:
    """Say how many were left out of so many. Raises BadData for all."""
    if count == left:
        message = "there is nothing to compute with: something has no finite value in each row"
        raise BadData(message, where=name, hints=["see why: leave --skip-bad-rows out"])
    said = f"{left:,} of {count:,} rows left out: something has no finite value"
    tell(f"{name}: {said} (the first is {place()})")
