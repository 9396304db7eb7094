"""Residuals of all rows with their derivatives, reduced to a triangle, as Gauss and Newton's method needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from backprop.by_rows.block_kernel import BlockKernel, NotSure, RowBlock, Seeds, Summed
from backprop.by_rows.block_writer import BlockWalk, BlockWriter
from backprop.by_rows.passing import RowSource
from backprop.by_rows.reductions import CHUNK
from backprop.by_rows.row_gathers import adds
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.triangles import Triangles, reduced
from backprop.chain.walk import Walk
from backprop.graph import in_order
from backprop.language.apart import NotApart
from backprop.loops.arrays import Spread
from backprop.loops.domains import Reals

_WIDEST = 500
"""Of more parameters a triangle takes longer than it is worth: each row takes their square."""


_PIECE = 4 * CHUNK
"""Rows that are gone through at once: of more, what is computed of them does not stay in the cache, as there
are derivatives by each parameter."""


class ResidualTriangle(NamedTuple):
    """names: the parameters. triangle: R with R'R = [J r]'[J r], shape (names + 1, names + 1), upper. rows:
    how many residuals there are."""

    names: Sequence[str]
    triangle: Reals
    rows: int

    @property
    def squares(self) -> float:
        """The sum of the squares of all residuals."""
        return float(numpy.square(self.triangle[:, -1]).sum())

    @property
    def gradient(self) -> Reals:
        """J'r, half of the gradient of that sum, by parameter."""
        found: Reals = self.triangle[:, :-1].T @ self.triangle[:, -1]
        return found

    @property
    def products(self) -> Reals:
        """J'J."""
        found: Reals = self.triangle[:, :-1].T @ self.triangle[:, :-1]
        return found


class _UnlookedWriter(BlockWriter):
    """Does not look for what is too small for a double, of which nobody asks."""

    def kept(self, name: str, found: Spread, operands: Sequence[Spread]) -> Spread:
        return found


class ResidualKernel(BlockKernel):
    """The triangles of the chunks of a block. sums: each term of which is a residual. names: by which
    derivatives are asked for, of what all rows have in common; the others stay. by_code: whether machine code
    may reduce them."""

    def __init__(
        self,
        program: RowProgram,
        sums: Sequence[Summed],
        shared: Callable[[str], float],
        names: Sequence[str],
        by_code: bool = True,
    ) -> None:
        super().__init__(program.of_row, sums, Seeds({}, {}), shared, False, False)
        self._place = {name: at for at, name in enumerate(names)}
        self._wanted = {name: n for name, n in self._inputs.items() if name in self._place}
        self._members = [
            numpy.array([self._place.get(name, -1) for name in each.members])
            for each in self._taken
        ]
        self._reduces_by_code = by_code
        self.triangles = Triangles(len(names) + 1, by_code)

    def chunks(self, block: RowBlock) -> Reals:
        """The triangles of the chunks of a block, shape (chunks, width, width), of all its residuals. Raises
        NotSure for what is not finite."""
        return numpy.concatenate([self._chunks_of(each) for each in pieces(block)])

    def _chunks_of(self, block: RowBlock) -> Reals:
        first, *others = self.rows_of(block)
        found = self.triangles.parts(first)
        for columns in others:
            for at, start in enumerate(range(0, block.rows, CHUNK)):
                some = columns[:, start : start + CHUNK]
                found[at] = reduced(found[at], some, self._reduces_by_code)
        return found

    def rows_of(self, block: RowBlock) -> list[Reals]:
        """Of each sum the derivatives of its residuals, and these, a row each: shape (width, rows). Raises
        NotSure for what is not finite."""
        writer = _UnlookedWriter()
        known: dict[int, Spread] = {**self._shared}
        for name, node in self._leaves.items():
            known[node] = block.columns[name]
        with numpy.errstate(all="ignore"):
            positions = self._take(known, writer, block)
            walk = BlockWalk(writer, self._graph, self._steps, known)
            walk.forward()
            return [self._columns(walk, each.term, block, positions) for each in self._sums]

    def _columns(
        self, walk: Walk[Reals], term: int, block: RowBlock, positions: Sequence[Any]
    ) -> Reals:
        """Derivatives of a residual, and itself, a row each: shape (width, rows)."""
        leaves = [each.leaf for each in self._taken]
        slopes = walk.backward({term: 1.0}, [*self._wanted.values(), *leaves])
        columns = numpy.empty((len(self._place) + 1, block.rows))
        columns[-1] = walk.found[term]
        for name in self._place.keys() - self._wanted.keys():
            columns[self._place[name]] = 0.0
        for name, node in self._wanted.items():
            numpy.add(slopes[node], 0.0, out=columns[self._place[name]])
        rows = numpy.arange(block.rows)
        for leaf, members, places in zip(leaves, self._members, positions, strict=True):
            at = members[places]
            some = rows[at >= 0]
            slope = numpy.broadcast_to(numpy.asarray(slopes[leaf], dtype=float), block.rows)
            columns[at[some], some] += slope[some]
        if not numpy.isfinite(columns).all():
            row = int(numpy.flatnonzero(~numpy.isfinite(columns).all(axis=0))[0])
            raise NotSure("a row is not finite", self._table, block.start + row)
        return columns


def pieces(block: RowBlock) -> Iterator[RowBlock]:
    """The rows of a block, so many at a time as are gone through at once."""
    for start in range(0, block.rows, _PIECE):
        rows = min(_PIECE, block.rows - start)
        columns = {name: each[start : start + rows] for name, each in block.columns.items()}
        yield RowBlock(columns, rows, block.start + start)


def no_code(term: Summed, names: Sequence[str]) -> None:
    """Nothing in the place of blocks."""
    return


def with_totals(
    program: RowProgram,
    names: Sequence[str],
    given: Mapping[str, float],
    sources: Sequence[RowSource],
) -> Mapping[str, float]:
    """Numbers for all inputs, and for what residuals have in them that is gathered over rows, `y - a*(x -
    mean(x))`. Raises NotApart where that depends on parameters, NotSure for what is not finite."""
    first = [each for level in program.levels[:-1] for each in level]
    if not all(adds(each.gather) for each in program.levels[-1]):
        raise NotApart("what is gathered over rows is no sum")
    if not first:
        return given
    once, labels = program.once, program.once.labels
    known = [once.names[name] for each in first for name in each.reads if name in once.names]
    reads = {labels.get(node) for node in in_order(known, once.columns.operands)}
    if not reads.union(*(each.reads for each in first)).isdisjoint(names):
        raise NotApart("a residual has what is gathered over rows in it, and depends on parameters")
    data = program.value_and_gradient(given, sources, sure=False).data
    return {**given, **{each.total: data[each.total] for each in first}}


def residual_triangle(
    program: RowProgram,
    names: Sequence[str],
    given: Mapping[str, float],
    sources: Sequence[RowSource],
    map_blocks: Callable[..., Iterable[Any]] = map,
    over: Callable[[Summed, Sequence[str]], Any] = no_code,
    by_code: bool = True,
) -> ResidualTriangle:
    """The triangle of all residuals by parameters at a point. program: of equations whose output is a sum of
    sums of residuals, `L = sum(y - a*exp(-b*x))`: each term of a sum is one. names: of parameters, inputs of
    the equations. given: numbers for all inputs, as of `with_totals`. sources, map_blocks: as of
    `RowProgram.value_and_gradient`.
    over: makes what finds the triangle of one sum and names in the place of blocks, see
    `MachineResiduals.triangle`, or None. by_code: whether machine code may reduce the others. Raises NotApart
    where residuals have sums over rows in them, NotSure for what is not finite."""
    if any(each.total not in given for level in program.levels[:-1] for each in level):
        raise NotApart("a residual has what is gathered over rows in it")
    sums = program.levels[-1]
    if not all(adds(each.gather) for each in sums):
        raise NotApart("what is gathered over rows is no sum")
    once = program.once_at(given, sources)
    reads = dict.fromkeys(name for each in sums for name in sorted(each.reads))
    slopes = {name: once.slopes(name) for name in reads}
    moving = [name for name in reads if not slopes[name].keys().isdisjoint(names)]
    if len(moving) > _WIDEST or len(names) > _WIDEST:
        raise NotApart("there are many parameters")
    triangles, rows = Triangles(len(moving) + 1, by_code), 0
    for table in dict.fromkeys(each.table for each in sums):
        some = [each for each in sums if each.table == table]
        left = list[Summed]()
        for each in some:
            made = over(each, moving)
            try:
                triangles.add(made(once.number)[None] if made else triangles.zero[:0])
            except NotSure:  # blocks know which row it is
                made = None
            left += [] if made else [each]
        if left:
            kernel = ResidualKernel(program, left, once.number, moving, by_code)
            here = Triangles(len(moving) + 1, by_code)
            for found in map_blocks(kernel.chunks, sources[table].blocks(kernel.columns)):
                here.add(found)
            triangles.add(here.value()[None])
        # as a pass has found, of what is read in batches
        rows += sources[table].count() * len(some)
    triangle = triangles.value()
    if moving != [*names]:
        chain = numpy.zeros((len(moving) + 1, len(names) + 1))
        chain[-1, -1] = 1.0
        for at, name in enumerate(moving):
            chain[at, :-1] = [slopes[name].get(each, 0.0) for each in names]
        width = len(names) + 1
        triangle = reduced(numpy.zeros((width, width)), (triangle @ chain).T, by_code)
    return ResidualTriangle(names, triangle, rows)
