"""What rows bring to the second derivatives of what is gathered over them, a chunk of rows at a time.

The derivatives of a row's graph are graphs (`chain.derivatives`): what is added up over rows are their
outputs, as terms are for values. With ∂R/∂t for the slope of what is gathered, R, by each row's term t,

    ∂²R/∂u∂v = Σ ∂R/∂t ∂²t/∂u∂v + Σ own ∂t/∂u ∂t/∂v + both ∂R/∂u ∂R/∂v,

where `own` and `both` are those of the reduction (`row_gathers`), and 0 for sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from backprop.by_rows.block_kernel import BlockKernel, NotSure, RowBlock, Seeds, Summed
from backprop.by_rows.block_writer import BlockWalk, BlockWriter
from backprop.by_rows.passing import RowSource
from backprop.by_rows.reductions import CHUNK, Totals, by_chunks, doubtful
from backprop.by_rows.row_gathers import adds
from backprop.by_rows.row_program import RowProgram
from backprop.chain.derivatives import RowWalk, tangent_graph
from backprop.graph import Columns, Graph, in_order
from backprop.language.apart import NotApart
from backprop.loops.arrays import Spread
from backprop.loops.domains import Reals
from backprop.syntax.functions import LOST

MOST_STEPS = 200_000
"""Of a larger graph of second derivatives one is made for products with directions."""


class RowPoint(NamedTuple):
    """Where second derivatives are wanted. shared: the numbers of what all rows have in common. states: of
    totals that are no sums. sources, map_blocks: as of `RowProgram.value_and_gradient`."""

    shared: Callable[[str], float]
    states: Mapping[str, Reals]
    sources: Sequence[RowSource]
    map_blocks: Callable[..., Iterable[Any]]


class SumBends(NamedTuple):
    """Something that is gathered, as it moves with m numbers that all rows have in common. slopes: by these,
    shape (m,). bends: its second derivatives times w directions, (w, m)."""

    slopes: Reals
    bends: Reals


class Added(NamedTuple):
    """What is added up over rows: a row of the graph times the slope by a term, or two rows times `own` of
    it. of: the number of the sum."""

    of: int
    row: int
    other: int = -1


class BendGraph(NamedTuple):
    """What is computed of a row. still: what is added up once, moved: once for each direction; inputs: the
    rows of the directions, of each sum."""

    columns: Columns
    still: Sequence[Added]
    moved: Sequence[Added] = ()
    inputs: Sequence[Sequence[int]] = ()


class RowBends:
    """The second derivatives of what a program gathers. moving: the names that move, of those that all rows
    have in common. Raises NotApart where this is not the way."""

    def __init__(self, program: RowProgram, moving: Iterable[str]) -> None:
        if program.of_row.taken:
            raise NotApart("its rows name members of a family")
        some = {*moving}
        self._program = program
        self.reads = [
            [n for n in program.shared if n in each.reads & some] for each in program.sums
        ]
        """Of each sum the names that move it."""
        walk = RowWalk(Graph(program.row.columns, [each.term for each in program.sums]))
        self._nodes = [[program.shared[name] for name in reads] for reads in self.reads]
        self.slopes = [
            walk.rows({each.term: 1.0}, nodes)
            for each, nodes in zip(program.sums, self._nodes, strict=True)
        ]
        """Of each sum the rows of its term's derivatives by these, in `columns`."""
        self.columns = walk.columns
        self._whole: BendGraph | None = None
        self._along: BendGraph | None = None

    def at(self, point: RowPoint, ways: Sequence[Reals] | None = None) -> list[SumBends]:
        """Those of each sum, times directions or, by default, as a matrix. ways: for each sum an array of
        shape (w, m). Raises NotSure."""
        widest = max(map(len, self.reads), default=0)
        if ways is None and (len(self.columns) * widest > MOST_STEPS):
            # all have as many directions
            ways = [numpy.eye(widest, len(reads)) for reads in self.reads]
        graph = self._of_directions() if ways is not None else self._of_matrix()
        count = len(ways[0]) if ways else 0
        ways = [] if ways is not None and not count else ways
        found: list[SumBends | None]
        none = SumBends(numpy.zeros(0), numpy.zeros((count, 0)))
        found = [None if reads else none for reads in self.reads]
        moving = [at for at, reads in enumerate(self.reads) if reads]
        for table in dict.fromkeys(self._program.sums[at].table for at in moving):
            some = [at for at in moving if self._program.sums[at].table == table]
            kernel = BendKernel(self._program, some, graph, ways, point)
            totals, doubt, size = Totals(numpy.zeros(kernel.many)), 0.0, 0.0
            for part, lost in point.map_blocks(
                kernel.bends, point.sources[table].blocks(kernel.columns)
            ):
                totals.add(part)
                doubt = numpy.maximum(doubt, lost)
                size = numpy.maximum(size, numpy.abs(part).max(axis=0, initial=0.0))
            if numpy.any(doubt > numpy.finfo(float).eps * size):
                raise NotSure("something is too small for a double", table)
            numbers = totals.value()
            if not numpy.isfinite(numbers).all():
                raise NotSure("a second derivative is not finite", table)
            for at in some:
                found[at] = self._bends(at, kernel, numbers, ways, count, point)
        return [each for each in found if each is not None]

    def _bends(
        self,
        at: int,
        kernel: BendKernel,
        numbers: Reals,
        ways: Sequence[Reals] | None,
        count: int,
        point: RowPoint,
    ) -> SumBends:
        """Those of one sum. numbers: all that is added up."""
        reads = len(self.reads[at])
        state = point.states.get(self._program.sums[at].total, numpy.zeros(0))
        both = self._program.sums[at].reduction.both(state)
        still = numbers[kernel.places(at)]
        slopes, rest = still[:reads], still[reads:]
        if ways is not None and not count:
            return SumBends(slopes, numpy.zeros((0, reads)))
        if ways is None:
            bends, upper = numpy.zeros((reads, reads)), numpy.triu_indices(reads)
            half = len(upper[0])
            bends[upper] = rest[:half]
            if len(rest) > half:
                bends[upper] += rest[half:]
            bends.T[upper] = bends[upper]
            return SumBends(slopes, bends + both * numpy.outer(slopes, slopes))
        bends = numpy.zeros((count, reads))
        for way in range(count):
            some = numbers[kernel.places(at, way)]
            bends[way] = some[:reads]
            if len(some) > reads:
                bends[way] += some[reads:]
        return SumBends(slopes, bends + both * numpy.outer(ways[at] @ slopes, slopes))

    def _of_matrix(self) -> BendGraph:
        if self._whole is None:
            columns, still = self.columns, list[Added]()
            for at, (nodes, slopes) in enumerate(zip(self._nodes, self.slopes, strict=True)):
                walk, places = RowWalk(Graph(columns, slopes)), range(len(slopes))
                rows = [walk.tangents({node: 1.0})[0] for node in nodes]
                columns = walk.columns
                still += [Added(at, row) for row in slopes]
                still += [Added(at, rows[k][to]) for k in places for to in places[k:]]
                if self._program.sums[at].reduction.bends:
                    still += [Added(at, slopes[k], slopes[to]) for k in places for to in places[k:]]
            self._whole = BendGraph(columns, still)
        return self._whole

    def _of_directions(self) -> BendGraph:
        if self._along is None:
            columns, inputs = self.columns, list[list[int]]()
            still, moved = list[Added](), list[Added]()
            for at, each in enumerate(self._program.sums):
                slopes = self.slopes[at]
                ways = dict.fromkeys(self._nodes[at])
                graph, more = tangent_graph(Graph(columns, [*slopes, each.term]), ways)
                *rows, by = graph.outputs
                columns = graph.columns
                inputs.append(more)
                still += [Added(at, row) for row in slopes]
                moved += [Added(at, row) for row in rows]
                if each.reduction.bends:
                    moved += [Added(at, slope, by) for slope in slopes]
            self._along = BendGraph(columns, still, moved, inputs)
        return self._along


class _Sweep:
    """Steps in order, with what is added up behind each, and what nobody needs any more.

    added: what is added up, with its places; terms: nodes that come first, and stay; kept: others that stay;
    known: nodes that are there."""

    def __init__(
        self,
        columns: Columns,
        added: Sequence[tuple[int, Added]],
        terms: Sequence[int],
        kept: Iterable[int] = (),
        known: Iterable[int] = (),
    ) -> None:
        roots = [*terms, *(x for _, each in added for x in (each.row, each.other) if x >= 0)]
        there = {*known}
        nodes = [node for node in in_order(roots, columns.operands) if node not in there]
        self.numbers = {x: columns.constant(x) for x in (*nodes, *roots) if columns.is_number(x)}
        self.steps = [node for node in nodes if columns.is_step(node)]
        place = {step: at for at, step in enumerate(self.steps)}
        self.due = dict[int, list[tuple[int, Added]]]()
        last = dict[int, int]()
        for at, step in enumerate(self.steps):
            last.update(dict.fromkeys(columns.operands(step), at))
            last.setdefault(step, at)
        for to, each in added:
            at = max(place.get(node, -1) for node in (each.row, each.other, *terms))
            self.due.setdefault(at, []).append((to, each))
            for node in (each.row, each.other):
                last[node] = max(last.get(node, -1), at)
        stays = {*terms, *kept}
        self.ends = dict[int, list[int]]()
        for node, at in last.items():
            if node in place and node not in stays:
                self.ends.setdefault(at, []).append(node)


class BendKernel(BlockKernel):
    """What a block brings to the second derivatives of some sums of one table, by their numbers."""

    def __init__(
        self,
        program: RowProgram,
        some: Sequence[int],
        graph: BendGraph,
        ways: Sequence[Reals] | None,
        point: RowPoint,
    ) -> None:
        sums = [program.sums[at] for at in some]
        super().__init__(program.of_row, sums, Seeds({}, point.states), point.shared, False)
        self._bends_of, self._states, self._ways = graph.columns, point.states, ways or ()
        self._sum_of: dict[int, Summed] = dict(zip(some, sums, strict=True))
        still = [each for each in graph.still if each.of in self._sum_of]
        moved = [each for each in graph.moved if each.of in self._sum_of]
        self._count = len(ways[0]) if ways else 0
        self._still, self._moved = still, moved
        self.many = len(still) + self._count * len(moved)
        terms = [self._sum_of[at].term for at in some if not adds(self._sum_of[at].gather)]
        later = _Sweep(graph.columns, [*enumerate(moved)], [])
        inside = {each for step in later.steps for each in graph.columns.operands(step)}
        inside |= {x for each in moved for x in (each.row, each.other)}
        self._first = _Sweep(graph.columns, [*enumerate(still)], terms, inside)
        done = {*self._first.steps, *self._first.numbers}
        self._second = _Sweep(graph.columns, [*enumerate(moved)], [], (), done)
        self._inputs_of = [(at, graph.inputs[at]) for at in some] if graph.inputs else []

    def places(self, at: int, way: int = -1) -> list[int]:
        """The places of what is added up for a sum, for a direction if one is named."""
        if way < 0:
            return [to for to, each in enumerate(self._still) if each.of == at]
        start = len(self._still) + way * len(self._moved)
        return [start + to for to, each in enumerate(self._moved) if each.of == at]

    def bends(self, block: RowBlock) -> tuple[Reals, Reals]:
        """What is added up in each chunk, shape (chunks, many), and how far what is too small for a double
        may have moved that, (many,). Raises NotSure."""
        chunks = [
            RowBlock(
                {name: each[at : at + CHUNK] for name, each in block.columns.items()},
                min(CHUNK, block.rows - at),
                block.start + at,
            )
            for at in range(0, block.rows, CHUNK)
        ]
        writer = BlockWriter()
        found, doubt = numpy.empty((len(chunks), self.many)), numpy.zeros(self.many)
        for at, chunk in enumerate(chunks):
            with writer.watched():
                self._fill(chunk, writer, found[at])
            if writer.small:
                shifted = BlockWriter(LOST)
                with shifted.watched():
                    self._fill(chunk, shifted, other := numpy.empty(self.many))
                doubt = numpy.maximum(doubt, doubtful(found[at : at + 1], other[None]))
                writer = BlockWriter()
        return found, doubt

    def _fill(self, chunk: RowBlock, writer: BlockWriter, out: Reals) -> None:
        known: dict[int, Spread] = {**self._shared}
        for name, node in self._leaves.items():
            known[node] = chunk.columns[name]
        if self._bordered or self._tying:
            walk = BlockWalk(writer, self._graph, self._steps, known)
            walk.forward()
            self._look_at_borders(chunk, walk)
        walk = BlockWalk(writer, self._bends_of, (), known)
        weights = dict[int, tuple[Spread, Spread]]()
        self._sweep(self._first, walk, weights, chunk, out)
        for way in range(self._count):
            for at, inputs in self._inputs_of:
                walk.found.update(zip(inputs, self._ways[at][way].tolist(), strict=True))
            start = len(self._still) + way * len(self._moved)
            self._sweep(self._second, walk, weights, chunk, out[start:])

    def _sweep(
        self,
        sweep: _Sweep,
        walk: BlockWalk,
        weights: dict[int, tuple[Spread, Spread]],
        chunk: RowBlock,
        out: Reals,
    ) -> None:
        """Compute steps, and add up what is due behind each. weights: by which what a sum brings counts."""
        found, operands = walk.found, self._bends_of.operands
        found.update(sweep.numbers)
        for at, step in enumerate(sweep.steps, -1):
            for to, each in sweep.due.get(at, ()):
                out[to] = self._added(each, walk, weights, chunk)
            for node in sweep.ends.get(at, ()):
                del found[node]
            found[step] = walk.made(step, [found[each] for each in operands(step)])
        for to, each in sweep.due.get(len(sweep.steps) - 1, ()):
            out[to] = self._added(each, walk, weights, chunk)
        for node in sweep.ends.get(len(sweep.steps) - 1, ()):
            del found[node]

    def _added(
        self,
        each: Added,
        walk: BlockWalk,
        weights: dict[int, tuple[Spread, Spread]],
        chunk: RowBlock,
    ) -> float:
        """The sum over the rows of a chunk."""
        sum_, found = self._sum_of[each.of], walk.found
        number = found[each.row]
        if not adds(sum_.gather):
            if each.of not in weights:
                state = self._states[sum_.total]
                rows = found[sum_.term], chunk.rows, chunk.start
                reduction = sum_.reduction
                weights[each.of] = reduction.slopes(state, *rows), reduction.own(state, *rows)
            slope, own = weights[each.of]
            other = slope if each.other < 0 else numpy.multiply(own, found[each.other])
            number = numpy.multiply(number, other)
        return float(by_chunks(number, chunk.rows)[0])
