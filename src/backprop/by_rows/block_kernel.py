"""What a block of rows brings to what is gathered over rows, and to the gradients of what all rows have in
common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.by_rows.block_writer import BlockWalk, BlockWriter
from backprop.by_rows.recorded import Again, NotRecorded, Recorded
from backprop.by_rows.reductions import CHUNK, Extremes, by_chunks, doubtful, extremes
from backprop.by_rows.row_gathers import Merging, Reduction, adds, reduction
from backprop.by_rows.taken_members import Taken, add_of_members, by_member, places
from backprop.chain.walk import Walk
from backprop.engine.underflow import SCALE
from backprop.graph import Columns, in_order
from backprop.loops import edges
from backprop.loops.arrays import Spread, finite
from backprop.loops.domains import Reals, Wholes
from backprop.operations import OPERATIONS
from backprop.row import is_truth
from backprop.syntax.functions import LOST


class RowBlock(NamedTuple):
    """Some rows that come one after the other. columns: of each its numbers, shape (rows,). start: the
    number of the first row."""

    columns: Mapping[str, Reals]
    rows: int
    start: int


class NotSure(Exception):
    """Something is not finite, stands on a border, or is too small for a double: others say what is so.
    row: where that is known, the number of its table, and its number there, from 0."""

    def __init__(self, reason: str, table: int = -1, row: int = -1) -> None:
        super().__init__(reason)
        self.table, self.row = table, row
        self.kernel: BlockKernel | None = None
        """What computed that row."""


class Summed(NamedTuple):
    """A number that is gathered over rows. term: its row in the graph of a row; name: its name there. total:
    that of what is made of all. reads: the names of what is computed once that the term needs. gather: as of
    `SummedTerm`."""

    term: int
    name: str
    total: str
    table: int
    reads: frozenset[str]
    gather: str

    @property
    def reduction(self) -> Reduction:
        """How one number is made of all."""
        return reduction(self.gather)


class Seeds(NamedTuple):
    """By the names of totals, what the gradient by each of them is, and the states of those that are no sums,
    which their slopes need."""

    by_total: Mapping[str, float]
    states: Mapping[str, Reals]


class RowGraph(NamedTuple):
    """The graph of a row. names: its nodes by name. shared: of these the inputs that all rows have in
    common; of_columns: the others, but for those that are taken from members. tables: of each name that has
    rows the number of its table. still: columns that cannot move, as what texts are compared with."""

    columns: Columns
    names: Mapping[str, int]
    shared: Mapping[str, int]
    of_columns: Mapping[str, int]
    tables: Mapping[str, int]
    taken: Mapping[int, Taken]
    still: Collection[str] = ()


class RowSums(NamedTuple):
    """What a pass over rows finds. totals: what is made of all rows, by name. slopes: what comes to the
    inputs that all rows have in common, by theirs. states: of totals that are no sums."""

    totals: dict[str, float]
    slopes: dict[str, float]
    states: dict[str, Reals]


class BlockPart(NamedTuple):
    """What a block of rows brings. sums: the states of each chunk, and behind them sums of the gradient,
    shape (chunks, width). doubt: how far what is too small for a double may have moved one of them, shape
    (width,). values, slopes: by name. effect: the sum of
    the squares of what each step's size, as large as all roundings of it, does to what is summed. named: of
    each input that takes its numbers from members, which of these rows name."""

    sums: Reals
    doubt: Reals
    values: Mapping[str, Extremes]
    slopes: Mapping[str, Extremes]
    effect: float = 0.0
    named: Sequence[NDArray[numpy.bool_]] = ()


def passes(sums: Sequence[Summed], by_code: bool) -> Iterator[tuple[int, Sequence[Summed]]]:
    """Those of each table; machine code goes through sums together, and through each of the others by
    itself."""
    for table in dict.fromkeys(each.table for each in sums):
        some = [each for each in sums if each.table == table]
        others = [each for each in some if by_code and not adds(each.gather)]
        if len(others) < len(some):
            yield table, [each for each in some if each not in others]
        for each in others:
            yield table, [each]


_NONE = numpy.zeros(0)


class EachRow(NamedTuple):
    """A term in each of some rows. values: one for each row, or one for all. slopes: so its derivatives, by
    name: by what all rows have in common, and by the columns of that row."""

    block: RowBlock
    values: Spread
    slopes: Mapping[str, Spread]


class BlockKernel:
    """What is gathered of the rows of a block, and what the gradients of it are.

    merging: makes one of the parts of two blocks, which have the states of what is gathered, and, where there
    are seeds, sums of the gradient by each input that all rows have in common. columns: those that are read.
    shared: the numbers of these inputs. sure: whether borders, and what is too small for a double, are
    refused. effects: whether these are asked for.
    """

    def __init__(
        self,
        row: RowGraph,
        sums: Sequence[Summed],
        seeds: Seeds | None,
        shared: Callable[[str], float],
        watched: bool,
        sure: bool = True,
        effects: bool = False,
    ) -> None:
        self._sure, self._effects = sure, effects
        self._sums, self._table = sums, sums[0].table
        self._graph = row.columns
        watched_names = {
            name: row.names[name]
            for name, table in (row.tables.items() if watched else ())
            if table == self._table
        }
        nodes = in_order(
            [*(each.term for each in sums), *watched_names.values()], row.columns.operands
        )
        self._taken = [row.taken[node] for node in nodes if node in row.taken]
        indices = [node for each in self._taken for node in each.nodes if node >= 0]
        self._steps = [node for node in nodes if row.columns.is_step(node)]
        inside = {*nodes, *in_order(indices, row.columns.operands)}
        self._leaves = {name: node for name, node in row.of_columns.items() if node in inside}
        self.columns = [*self._leaves]
        self._shared = {node: shared(name) for name, node in row.shared.items() if node in inside}
        leading = {*in_order([each.term for each in sums], row.columns.operands)}
        self._inputs = {name: node for name, node in row.shared.items() if node in leading}
        self._seeds = seeds
        self._by = [*self._inputs] if seeds is not None else []
        """The names by which there are slopes, some of them several times."""
        if seeds is not None:
            self._by += [name for each in self._taken for name in each.members]
        self._numbers = [numpy.array([*map(shared, each.members)]) for each in self._taken]
        self.merging = Merging([each.reduction for each in sums], len(self._by))
        self.width = self.merging.width
        self._watched = watched_names
        """What it is noted of how large it, and the gradient by it, is."""
        self._bordered: list[int] = []
        self._sloping: dict[str, int] = {}
        if seeds is not None:
            self._sloping = {n: node for n, node in watched_names.items() if node in leading}
            bordered = filter(leading.__contains__, self._steps)
            self._bordered = [each for each in bordered if edges.has_some(self._graph.op(each))]
        inputs = [*self._inputs.values(), *(each.leaf for each in self._taken)]
        # where nobody asks for gradients by columns, these stay where they are
        columns = [node for name, node in self._leaves.items() if name not in row.still]
        self._moving = self._depending([*inputs, *(columns if watched else ())])
        self._tying = [each for each in sums if each.term in self._moving]
        """What is gathered of terms that move: by rows, if these are looked at, else by inputs."""
        plain = not (effects or self._taken) and all(adds(each.gather) for each in sums)
        self._again = Again(self._recorded) if plain else None

    def _depending(self, some: Iterable[int]) -> set[int]:
        """These nodes, and the steps that depend on them."""
        found = {*some}
        for step in self._steps:
            if any(each in found for each in self._graph.operands(step)):
                found.add(step)
        return found

    def __call__(self, block: RowBlock) -> BlockPart:
        """The part of a block. Raises NotSure."""
        if self._again and block.rows % CHUNK == 0:
            found = self._again([block.columns[name] for name in self.columns], block.rows)
            if found is not None:
                return self._part(found, block.rows)
        writer = BlockWriter()
        with writer.watched():
            sums, walk, gradients, positions = self._computed(block, writer)
            self._look(block, sums, walk, gradients)
            doubt = numpy.zeros(self.width)
            if writer.small and self._sure:
                shifted = BlockWriter(LOST)
                with shifted.watched():
                    other, *_ = self._computed(block, shifted, SCALE)
                doubt = doubtful(sums, other)
            noted = self._noted(walk, gradients, block.rows)
            effect = (
                self._effect(walk, gradients, block.rows) if self._effects and self._seeds else 0.0
            )
        named = self.none_named()
        for each, some in zip(named, positions, strict=True):
            each[some] = True
        part = self._part([sums, *noted], block.rows)
        return part._replace(doubt=doubt, effect=effect, named=named)

    def _noted(
        self, walk: Walk[Reals], gradients: Mapping[int, Spread], rows: int
    ) -> Sequence[Any]:
        """From which to which what is watched, and then the gradients by it, are, and their sums."""
        values = [walk.found[node] for node in self._watched.values()]
        slopes = [numpy.add(gradients[node], 0.0) for node in self._sloping.values()]
        return [number for each in (*values, *slopes) for number in extremes(each, rows)]

    def _part(self, found: Sequence[Any], rows: int) -> BlockPart:
        """The part of a block. found: its sums, and what is noted."""
        noted = iter(
            [Extremes(rows, *map(float, found[at : at + 3])) for at in range(1, len(found), 3)]
        )
        values = {name: next(noted) for name in self._watched}
        slopes = dict(zip(self._sloping, noted, strict=True))
        return BlockPart(found[0], numpy.zeros(self.width), values, slopes)

    def _recorded(self, columns: Sequence[Any], rows: int) -> Sequence[Any]:
        """As `_part` takes it, by arrays that write down what is done with them. Raises NotRecorded."""
        block = RowBlock(dict(zip(self.columns, columns, strict=True)), rows, 0)
        writer = BlockWriter()
        with writer.watched():
            sums, walk, gradients, _ = self._computed(block, writer)
            try:
                self._look(block, sums, walk, gradients)
            except NotSure:
                raise NotRecorded("others say what is so") from None
            noted = self._noted(walk, gradients, rows)
        if writer.small or not isinstance(sums, Recorded):
            raise NotRecorded("something is too small for a double")
        return [sums, *noted]

    def each_row(self, block: RowBlock) -> EachRow:
        """The first term, row by row; there are seeds. Raises NotSure."""
        writer = BlockWriter()
        with writer.watched():
            sums, walk, gradients, positions = self._computed(block, writer)
            self._look(block, sums, walk, gradients)
        if writer.small and self._sure:
            raise NotSure("something is too small for a double", self._table)
        nodes = {**self._inputs, **self._leaves}
        slopes = {name: gradients[node] for name, node in nodes.items() if node in gradients}
        add_of_members(slopes, self._taken, positions, gradients)
        return EachRow(block, walk.found[self._sums[0].term], slopes)

    def bad_rows(self, block: RowBlock) -> Wholes:
        """The numbers of the rows of which a term has no finite value."""
        writer = BlockWriter()
        with writer.watched():
            _, walk, _, _ = self._computed(block, writer)
            bad = numpy.zeros(block.rows, dtype=bool)
            for each in walk.looked_at([each.term for each in self._sums]):
                bad |= ~numpy.isfinite(each)
        return numpy.flatnonzero(bad) + block.start

    def none_named(self) -> list[NDArray[numpy.bool_]]:
        """As `named` of a part, of no rows."""
        return [numpy.zeros(len(each.members), dtype=bool) for each in self._taken]

    def found(self, merged: Reals, named: Sequence[NDArray[numpy.bool_]]) -> RowSums:
        """What is made of all rows, by name. merged: as a part, of all together, shape (width,). named: as of
        a part, of all; what no row names has no slope."""
        totals, states = dict[str, float](), dict[str, Reals]()
        for each, (start, end) in zip(self._sums, self.merging.spans, strict=True):
            states[each.total] = merged[start:end]
            totals[each.total] = each.reduction.number(merged[start:end])
        slopes = dict[str, float]()
        known = numpy.concatenate([numpy.ones(len(self._inputs), dtype=bool), *named]).tolist()
        every = merged[self.merging.states :].tolist()
        for name, slope, is_known in zip(self._by, every, known, strict=False):
            if is_known:
                slopes[name] = slopes.get(name, 0.0) + slope
        return RowSums(totals, slopes, states)

    def _computed(
        self, block: RowBlock, writer: BlockWriter, scale: float = 1.0
    ) -> tuple[Reals, Walk[Reals], dict[int, Spread], Sequence[Wholes]]:
        known: dict[int, Spread] = {**self._shared}
        for name, node in self._leaves.items():
            known[node] = block.columns[name]
        positions = self._take(known, writer, block)
        walk = BlockWalk(writer, self._graph, self._steps, known)
        walk.forward()
        rows = block.rows, block.start
        parts = [each.reduction.parts(walk.found[each.term], *rows) for each in self._sums]
        gradients: dict[int, Spread] = {}
        if self._seeds is not None:
            seeds = self._begun(walk, block, scale)
            leaves = [each.leaf for each in self._taken]
            wanted = dict.fromkeys([*self._inputs.values(), *leaves, *self._watched.values()])
            if self._effects:
                wanted |= dict.fromkeys(self._steps)
            gradients = walk.backward(seeds, wanted)
            if scale != 1.0:
                gradients = {node: slope / scale for node, slope in gradients.items()}
            slopes = (gradients[node] for node in self._inputs.values())
            parts += [by_chunks(slope, block.rows)[:, None] for slope in slopes]
            for each, places in zip(self._taken, positions, strict=True):
                parts.append(by_member(places, gradients[each.leaf], len(each.members)))
        return numpy.concatenate(parts, axis=1) + 0.0, walk, gradients, positions

    def _take(self, known: dict[int, Spread], writer: BlockWriter, block: RowBlock) -> list[Wholes]:
        """Which member each row takes, whose numbers become known. Raises NotSure where there is none."""
        found = places(writer, self._graph, self._taken, known, block.rows)
        for each, numbers, some in zip(self._taken, self._numbers, found, strict=True):
            if (some < 0).any():
                row = block.start + int(numpy.argmin(some))
                raise NotSure("a row names a member that there is not", self._table, row)
            known[each.leaf] = numbers[some]
        return found

    def _begun(self, walk: Walk[Reals], block: RowBlock, scale: float) -> dict[int, Spread]:
        """The gradients that terms begin with."""
        assert self._seeds
        found: dict[int, Spread] = {}
        by_total, states = self._seeds
        for each in self._sums:
            state, rows = states.get(each.total, _NONE), (block.rows, block.start)
            slope = each.reduction.slopes(state, walk.found[each.term], *rows)
            begun = by_total[each.total] * scale * slope
            before = found.get(each.term)
            found[each.term] = begun if before is None else before + begun
        return found

    def _effect(self, walk: Walk[Reals], gradients: Mapping[int, Spread], rows: int) -> float:
        """As of `BlockPart`."""
        total = 0.0
        for step in self._steps:
            each = numpy.multiply(walk.found[step], gradients[step])
            square = float(numpy.square(each).sum())
            total += square * (1 if numpy.ndim(each) else rows)
        return total

    def _look(
        self, block: RowBlock, sums: Reals, walk: Walk[Reals], gradients: Mapping[int, Spread]
    ) -> None:
        """Raise NotSure where something is not finite, or on a border."""
        looked = walk.looked_at([each.term for each in self._sums])
        if not (numpy.isfinite(sums).all() and all(map(finite, looked))):
            row = -1
            for each in (*looked, *gradients.values()):
                bad = numpy.flatnonzero(~numpy.isfinite(numpy.broadcast_to(each, block.rows)))
                if len(bad):
                    row = int(bad[0]) if row < 0 else min(row, int(bad[0]))
            raise NotSure("a row is not finite", self._table, block.start + max(row, 0))
        if self._sure:
            self._look_at_borders(block, walk)

    def _look_at_borders(self, block: RowBlock, walk: Walk[Reals]) -> None:
        """Raise NotSure where a step stands on a border, or several rows have what is gathered."""
        for step in self._bordered:
            operands = self._graph.operands(step)
            still = [each not in self._moving or self._is_truth(each) for each in operands]
            met = edges.met(self._graph.op(step), [walk.found[each] for each in operands], still)
            if numpy.any(met):
                raise NotSure("a row stands on a border", self._table)
        if self._seeds:
            for tying in self._tying:
                state = self._seeds.states.get(tying.total, _NONE)
                terms = walk.found[tying.term]
                if tying.reduction.ties(state, terms, block.rows, block.start):
                    raise NotSure(f"several rows have the {tying.gather}", self._table)

    def _is_truth(self, node: int) -> bool:
        """Whether a node is true or false."""
        graph = self._graph
        return graph.is_step(node) and is_truth(OPERATIONS[graph.op(node)])
