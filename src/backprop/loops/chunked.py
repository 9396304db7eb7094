"""A statement a few combinations at a time, forward and back: what is between members is computed again on
the way back, and so takes no memory.

A body is cut into stages. Those of one outermost index are gone through in chunks, with the sums over it;
single numbers that these lead to, and small families, are computed as a whole in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.chunks import Chunks
from backprop.loops.domains import Domain, Reals
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.rows import ArrayColumns, Gathered
from backprop.loops.slice_sums import SliceSums, often_read
from backprop.loops.stepped import Stepped
from backprop.loops.walks import Doubtful, bring_back, labels, walk_through

KEPT = 1 << 21
"""So many numbers between members are kept for the way back, 16 MB: then nothing is computed twice."""


class Chunked:
    """A stage. first: the outermost domain of its rows. turn: what is computed, of family "" the terms of
    sums over `first`. sums: these, rows of the whole."""

    def __init__(self, turn: Turn, first: Domain, sums: Sequence[int]) -> None:
        self.turn, self.sums = turn, sums
        self.chunks = Chunks(turn.part, first)

    def forward(
        self,
        values: Mapping[str, Reals],
        rows: dict[int, Spread],
        writer: ArrayWriter,
        noted: bool,
    ) -> list[tuple[str, Any]]:
        """Compute what it has, into `values` and `rows`; where labels are met, if that is noted. Raises
        Doubtful."""
        met: list[tuple[str, Any]] = []
        columns = self.turn.part.columns
        totals: dict[int, float] = {}
        for some, block in self.chunks:
            turn = self._of(some, block)
            walk = walk_through(block, writer, values, rows)
            walk.forward()
            if not walk.is_finite():
                raise Doubtful(turn.family)
            if noted:
                met += labels(walk, turn)
            if turn.family:
                values[turn.family][turn.target] = walk.found[block.roots[0]]
            for row in self.sums:
                terms = self._terms(columns, row, walk.found, some)
                before = [totals[row]] if row in totals else []
                totals[row] = float(numpy.add.accumulate(numpy.concatenate([before, terms]))[-1])
        for row, total in totals.items():
            count = self._divided(row)
            rows[row] = total / count if count else total
        return met

    def backward(
        self,
        values: Mapping[str, Reals],
        rows: Mapping[int, Spread],
        gradients: dict[str, Reals],
        by_row: dict[int, Spread],
        reached: Mapping[str, NDArray[numpy.bool_]],
        writer: ArrayWriter,
    ) -> None:
        """Add what it brings to the gradients of what it reads, and of rows."""
        arrived: dict[int, Spread] = {}
        for row in self.sums:
            if row in by_row:
                given, count = by_row.pop(row), self._divided(row)
                term = self._term(row)
                share = writer.value("/", [given, float(count)]) if count else given
                arrived[term] = arrived[term] + share if term in arrived else share
        family = self.turn.family
        if not arrived and not (family and reached[family][self.turn.target].any()):
            return
        columns = self.turn.part.columns
        others = {name: len(each) for name, each in gradients.items() if name != family}
        often = often_read([self.turn.part], others, len(self.chunks))
        sums = SliceSums(gradients, by_row, often)
        for some, block in reversed(self.chunks):
            turn = self._of(some, block)
            if not arrived and not reached[family][turn.target].any():
                continue
            walk = walk_through(block, writer, values, rows)
            walk.forward()
            walk.once = True
            seeds = None
            if arrived:
                sizes = {row: self.chunks.size(columns.homes[row], some) for row in arrived}
                seeds = {row: numpy.full(sizes[row], each) for row, each in arrived.items()}
            bring_back(walk, turn, gradients, sums.by_row, seeds=seeds)
            sums.next()
        sums.end()

    def _of(self, some: slice, block: Block) -> Turn:
        """The turn for some combinations of `first`."""
        turn = self.turn
        if not turn.family:
            return turn._replace(part=block)
        home = block.columns.homes[block.roots[0]]
        return Turn(block, turn.family, self.chunks.places(turn.target, home, some))

    def _terms(
        self, columns: ArrayColumns, row: int, found: Mapping[int, Spread], some: slice
    ) -> Any:
        term = self._term(row)
        return numpy.broadcast_to(found[term], self.chunks.size(columns.homes[term], some))

    def _term(self, row: int) -> int:
        special = self.turn.part.columns.specials[row]
        assert isinstance(special, Gathered)
        return special.row

    def _divided(self, row: int) -> int:
        """By how many terms a sum is divided; 0 of one that is not."""
        special = self.turn.part.columns.specials[row]
        assert isinstance(special, Gathered)
        return self.turn.part.columns.homes[special.row].size if special.gather.divided else 0


def stages(turn: Turn, uses: Mapping[int, Use]) -> list[Turn | Chunked]:
    """What a statement computes in stages that are gone through in chunks where that is worth while. uses:
    what is read, by row."""
    columns, whole = turn.part.columns, turn.part
    if not turn.family or whole.outer:
        return [turn]
    large = _large(whole)
    if not large:
        return [turn]
    uses = {**uses, **{use.row: use for use in whole.uses}}  # of derivatives it reads others, too
    groups = _groups(whole, large)
    if groups is None:
        return [turn]
    of = {row: number for number, (_, rows) in enumerate(groups) for row in rows}
    needed: dict[int, dict[int, None]] = {number: {} for number in range(len(groups))}
    for row, number in of.items():
        for operand in columns.operands(row):
            if of.get(operand, number) != number:
                needed[of[operand]][operand] = None
    (root,) = whole.roots
    found: list[Turn | Chunked] = []
    for number, (first, rows) in enumerate(groups):
        outside = {row for row, other in of.items() if other != number}
        last = root in rows
        if first is None:
            block = part(columns, [root] if last else [*needed[number]], uses, outside)
            found.append(Turn(block, turn.family if last else "", turn.target))
            continue
        sums = [row for row in rows if columns.homes[row] is columns.whole]
        roots = [*dict.fromkeys(columns.operands(row)[0] for row in sums)]
        family = turn.family if last and not sums else ""
        block = part(columns, [root] if family else roots, uses, outside)
        found.append(Chunked(Turn(block, family, turn.target), first, sums))
        if last and sums:
            block = part(columns, [root], uses, {*outside, *sums})
            found.append(Turn(block, turn.family, turn.target))
    return found


def _outermost(home: Domain) -> Domain | None:
    """The outermost domain around, or this one; None of the whole."""
    while home.depth > 1 and home.parent is not None:
        home = home.parent
    return home if home.depth else None


def _large(of: Block) -> set[Domain]:
    """The outermost domains with many steps that can be gone through in chunks."""
    columns = of.columns
    sizes: dict[Domain, int] = {}
    not_so: set[Domain | None] = set()
    for step in of.steps:
        special = columns.specials.get(step)
        home = _outermost(columns.homes[step])
        if home is not None:
            sizes[home] = sizes.get(home, 0) + columns.homes[step].size
        elif isinstance(special, Gathered) and special.gather.joined_by != "+":
            not_so.add(_outermost(columns.homes[special.row]))
    return {home for home, size in sizes.items() if size > KEPT // 8 and home not in not_so}


def _groups(of: Block, large: set[Domain]) -> list[tuple[Domain | None, set[int]]] | None:
    """The steps of a part in groups, each after what it needs: those of one of the `large` domains, with the
    sums over it, and others. None if there is no such order."""
    columns = of.columns
    own: dict[int, Domain | None] = {}
    for step in of.steps:
        special = columns.specials.get(step)
        home = _outermost(columns.homes[step])
        if home is None and isinstance(special, Gathered):
            home = _outermost(columns.homes[special.row])
        own[step] = home if home in large else None
    left, done = [*of.steps], set[int]()
    groups: list[tuple[Domain | None, set[int]]] = []
    while left:
        plain: set[int] = set()
        for step in left:
            operands = columns.operands(step)
            if own[step] is None and all(x not in own or x in done or x in plain for x in operands):
                plain.add(step)
        if plain:
            groups.append((None, plain))
            done |= plain
        ready = next((home for home in large if _is_ready(columns, own, done, home)), None)
        if ready is not None:
            rows = {step for step in left if own[step] is ready}
            groups.append((ready, rows))
            done |= rows
            large = large - {ready}
        elif not plain:
            return None
        left = [step for step in left if step not in done]
    return groups


def _is_ready(
    columns: ArrayColumns, own: Mapping[int, Domain | None], done: set[int], home: Domain
) -> bool:
    """Whether all is computed that the rows of a domain need of others, which are single numbers."""
    for step, domain in own.items():
        if domain is not home:
            continue
        for operand in columns.operands(step):
            inside = operand not in own or own[operand] is home
            if not inside and (operand not in done or columns.homes[operand] is not columns.whole):
                return False
            if inside and operand in own and columns.homes[operand] is columns.whole:
                return False  # a sum over it that it needs itself
    return True


def sizes(runs: Iterable[Turn | Recurrence]) -> dict[str, int]:
    """How many numbers between members ways through some runs keep, by the family that they lead to."""
    found: dict[str, int] = {}
    for run in runs:
        for each in _bodies(run):
            steps = sum(each.part.columns.homes[step].size for step in each.part.steps)
            found[each.family] = found.get(each.family, 0) + steps
    return found


def held(runs: Sequence[Turn | Recurrence], uses: Mapping[int, Use]) -> dict[str, int]:
    """How many numbers between members a way through some runs and back has at once, by the family that they
    lead to. uses: what is read, by row."""
    found = sizes(runs)
    if sum(found.values()) <= KEPT:
        return found
    name, most = "", 0  # of the run that has most of them, as one is done after the other
    for run in runs:
        if isinstance(run, Turn):
            here = {run.family: max(map(_held, stages(run, uses)))}
        else:
            here = sizes([run])
        if sum(here.values()) > most:
            name, most = max(here, key=lambda each: here[each]), sum(here.values())
    return {name: most}


def _held(stage: Turn | Chunked) -> int:
    """How many numbers between members a stage has at once."""
    if isinstance(stage, Turn):
        return sum(sizes([stage]).values())
    homes, chunks = stage.turn.part.columns.homes, stage.chunks
    return sum(chunks.most(homes[step]) for step in stage.turn.part.steps)


def _bodies(run: Turn | Recurrence) -> Sequence[Turn | Timed]:
    """The statements of a run; of one that goes step by step, which keeps nothing, none."""
    if isinstance(run, Stepped):
        return []
    return run.bodies if isinstance(run, Recurrence) else [run]
