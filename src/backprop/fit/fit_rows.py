"""The residuals of equations over rows of data, as a function of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy

from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.held_residuals import ResidualsOverRows
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.passing import RowSource
from backprop.by_rows.program_over import program_over
from backprop.by_rows.residual_rows import ResidualKernel, pieces
from backprop.descent.squares import Squares
from backprop.language import Model
from backprop.language.apart import NotApart
from backprop.language.laid import Data, RowNumbers, data_of
from backprop.language.modelled import NotSquares, unsquared
from backprop.language.reading import read_carefully
from backprop.loops.domains import Reals
from backprop.syntax.parser import Statement


class EachResidual(NamedTuple):
    """Derivatives of n residuals by P parameters, and these, shape (P + 1, n). where: the table of each
    statement, and how many rows it has."""

    columns: Reals
    where: Sequence[tuple[int, int]]


class FitRows:
    """The residuals of an output by P parameters. given: numbers for all inputs that have one. Raises
    NotSquares for an output that is no sum of squares.

    count: how many residuals there are, known after a look. mean: whether the output is their mean square.
    often: whether they are looked at more than once, for which machine code may be worth making.
    """

    count = 0

    def __init__(
        self,
        model: Model,
        output: str,
        names: Sequence[str],
        given: Mapping[str, float],
        often: bool = True,
    ) -> None:
        self._often = often
        self.names, self._of = [*names], (model, output)
        self._given = dict(given)
        self._graph: Squares | None = None
        self._last: tuple[list[float], Reals | None] | None = None
        self.mean = False
        try:
            self._take_rows(model, output)
        except NotApart:
            self._take_graph(model, output)

    def _take_rows(self, model: Model, output: str) -> None:
        def change(statements: list[Statement]) -> list[Statement]:
            found, self.mean = unsquared(statements, output)
            return found

        self._program, used = program_over(model, output, change)
        columns = self._program.apart.columns
        every = [*self._program.once.names, *self._program.shared]
        known = {name for name in every if name in model.names and name not in columns}
        defaults = {name for name in known if name in model.defaults or name in model.fixed}
        self._given = {name: model.default(name) for name in defaults} | self._given
        self.sources = [_source(table, some) for table, some in used]
        self._over = ResidualsOverRows(self._program, self.sources, self._often)

    def _take_graph(self, model: Model, output: str) -> None:
        if model.laid:
            from backprop.data_streamed import in_memory  # for data only

            in_memory(model.laid, "a row of this model needs what is gathered of all rows")
        tables = [getattr(each, "whole", each) for each in data_of(model.laid)]
        whole = read_carefully(model.source, model.seed, sizes=model.sizes, tables=tables)
        graph = whole.graph(output)
        leaves = [whole.names[name] for name in self.names]
        numbers = {**whole.default_numbers(), **self._given}
        inside = {*leaves}
        fixed = {
            node: numbers[name]
            for name, node in whole.names.items()
            if node in graph and not graph.is_step(node) and node not in inside and name in numbers
        }
        self._graph = Squares(graph, leaves, fixed)
        if not len(self._graph):
            raise NotSquares(f"{output} is no sum of squares")
        self.count = len(self._graph)

    def give(self, name: str, number: float) -> None:
        """Let an input that is no parameter have another number."""
        self._given[name], self._last = number, None

    def triangle(self, x: Sequence[float]) -> Reals | None:
        """The triangle T of all residuals, T'T = [J r]'[J r], at P parameters: shape (P + 1, P + 1);
        None where something is not finite."""
        if not self._last or self._last[0] != [*x]:
            self._last = [*x], self._found(x)
        return self._last[1]

    def _found(self, x: Sequence[float]) -> Reals | None:
        try:
            if not self._graph:
                with suppress(NotApart):
                    return self._by_rows(x)
                self._take_graph(*self._of)
            return self._by_graph(x)
        except (NotSure, OverflowError, ValueError, ZeroDivisionError):
            return None

    def each(self, x: Sequence[float], slopes: bool = True) -> EachResidual | None:
        """All residuals one by one, in the order of the statements and of the rows in their tables;
        None where tables are read pass by pass, or something is not finite. slopes: whether their
        derivatives are wanted."""
        if self._graph:
            values, derivatives = self._graph.both(x)
            both = numpy.column_stack([derivatives, values]).T[0 if slopes else -1 :]
            return EachResidual(both, ()) if numpy.isfinite(both).all() else None
        if not self._over.in_memory:
            return None
        try:
            return self._each_row(x, slopes)
        except (NotSure, NotApart, OverflowError, ValueError, ZeroDivisionError):
            return None

    def _each_row(self, x: Sequence[float], wanted: bool) -> EachResidual:
        given = {**self._given, **dict(zip(self.names, x, strict=True))}
        program, sources = self._program, self.sources
        once, sums = (
            program.once_at(self._over.given(self.names, given), sources),
            program.levels[-1],
        )
        reads = dict.fromkeys(name for each in sums for name in sorted(each.reads))
        slopes = {name: once.slopes(name) for name in reads}
        names = self.names if wanted else []
        moving = [name for name in reads if not slopes[name].keys().isdisjoint(names)]
        chain = numpy.zeros((len(names) + 1, len(moving) + 1))
        chain[-1, -1] = 1.0
        for at, name in enumerate(moving):
            chain[:-1, at] = [slopes[name].get(each, 0.0) for each in names]
        parts, where = list[Reals](), list[tuple[int, int]]()
        for each in sums:
            kernel = ResidualKernel(program, [each], once.number, moving)
            source = sources[each.table]
            some = (piece for block in source.blocks(kernel.columns) for piece in pieces(block))
            parts += [chain @ kernel.rows_of(piece)[0] for piece in some]
            where.append((each.table, source.count()))
        found = numpy.concatenate(parts, axis=1)
        return EachResidual(found, where)

    @property
    def in_memory(self) -> bool:
        """Whether all rows can be looked at one by one."""
        return bool(self._graph) or self._over.in_memory

    def cells(self) -> list[Reals]:
        """The numbers of each column, as far as they are in memory."""
        sources = self.sources if not self._graph else ()
        return cells_of(each.numbers for each in sources if isinstance(each, HeldRows))

    def place(self, where: Sequence[tuple[int, int]], row: int) -> str:
        """Where a residual comes from: `rows.csv:7`; its number, where there are no tables."""
        for table, count in where:
            if row < count:
                numbers = getattr(self.sources[table], "numbers", None)
                return str(numbers.place(row)) if numbers else f"row {row + 1}"
            row -= count
        return f"number {row + 1}"

    def _by_graph(self, x: Sequence[float]) -> Reals | None:
        assert self._graph
        values, slopes = self._graph.both(x)
        both = numpy.column_stack([slopes, values])
        if not numpy.isfinite(both).all():
            return None
        width = both.shape[1]
        found = numpy.zeros((width, width))
        made = numpy.linalg.qr(both, mode="r")
        found[: len(made)] = made
        return found

    def _by_rows(self, x: Sequence[float]) -> Reals:
        given = {**self._given, **dict(zip(self.names, x, strict=True))}
        found = self._over.at(self.names, given)
        self.count = found.rows
        triangle: Reals = found.triangle
        return triangle


class NoResiduals(FitRows):
    """Those of an output that is no sum of squares: there are none. tables: what it is computed of. count:
    of their rows. mean: whether it is a mean over these."""

    def __init__(
        self, names: Sequence[str], tables: Sequence[RowNumbers], count: int, mean: bool
    ) -> None:
        self.names, self.count, self.mean, self._tables = [*names], count, mean, tables

    def triangle(self, x: Sequence[float]) -> None:
        return None

    def each(self, x: Sequence[float], slopes: bool = True) -> None:
        return None

    @property
    def in_memory(self) -> bool:
        return False

    def cells(self) -> list[Reals]:
        return cells_of(self._tables)


def cells_of(tables: Iterable[RowNumbers]) -> list[Reals]:
    """The numbers of each column."""
    return [numpy.asarray(each, float) for table in tables for each in table.numbers.values()]


def _source(table: Data, names: Sequence[str]) -> RowSource:
    """The rows of a table, in memory or read pass by pass."""
    made: Callable[[Sequence[str]], RowSource] | None = getattr(table, "source", None)
    return made(names) if made else HeldRows(table, names)
