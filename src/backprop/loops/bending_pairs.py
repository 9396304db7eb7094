"""Which second derivatives of loops can be other than 0: what `engine.sparsity` reads off a graph, for all
combinations of indices at once.

A set of leaves for each combination is a whole number for each of its elements, combination times leaves plus
leaf, in order. Only what bends needs sets: of a sum over rows at the end there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy

from backprop.engine.sparsity import Sparsity, bending
from backprop.loops.affine import Places
from backprop.loops.affine import whole as wholes
from backprop.loops.derived import Stage
from backprop.loops.domains import Wholes
from backprop.loops.live_rows import Live, live_rows, slopes_of
from backprop.loops.moving import Leaves
from backprop.loops.parts import Block
from backprop.loops.rows import Gathered, Lift
from backprop.loops.zero_members import Holds

_MOST = 10_000_000
"""The most elements that are looked at: a second or two. For more everything counts as dependent."""

_MARKS = 2**26
"""The most pairs of leaves that are marked, one by one, instead of sorted."""

_NONE = numpy.zeros(0, dtype=numpy.int64)


class TooDense(Exception):
    """Too much depends on too much."""


def pattern(
    program: Sequence[Stage], output: str, leaves: Sequence[Leaves], sizes: dict[str, int]
) -> Sparsity | None:
    """For each leaf those with which the output can have a second derivative other than 0, by their places;
    None where these are nearly all, or too many to tell. program: what computes the family of the output.
    leaves: by family and places, one after the other. sizes: of families."""
    count = sum(len(places) for _, places in leaves)
    found = _LeafSets(program, output, leaves, sizes, count)
    try:
        pairs = found.pairs()
    except TooDense:
        return None
    ends = numpy.searchsorted(pairs, numpy.arange(count + 1) * count).tolist()
    columns = (pairs % max(count, 1)).tolist()
    return [columns[ends[row] : ends[row + 1]] for row in range(count)]


def members_by_leaves(
    program: Sequence[Stage],
    asked: Sequence[tuple[str, Places]],
    leaves: Sequence[Leaves],
    sizes: dict[str, int],
) -> tuple[Wholes, Wholes] | None:
    """By which leaves members can have a derivative other than 0: of each pair the place of the member and
    that of the leaf, in order. asked: the members, by family and places. The others are those of
    `pattern`."""
    count = sum(len(places) for _, places in leaves)
    found = _LeafSets(program, "", leaves, sizes, count, {family for family, _ in asked})
    try:
        return found.of_members(asked)
    except TooDense:
        return None


class _LiveStage(NamedTuple):
    """What of a stage leads to the output. bent: steps, with the pairs of their operands that have second
    derivatives, None for all terms of a gather. asked: rows of which sets are needed. rows: those that lead
    there, and for which combinations."""

    bent: list[tuple[int, Sequence[tuple[int, int]] | None]]
    asked: set[int]
    rows: Live


class _LeafSets:
    """The sets of a program's rows, and of members by family."""

    def __init__(
        self,
        program: Sequence[Stage],
        output: str,
        leaves: Sequence[Leaves],
        sizes: dict[str, int],
        count: int,
        asked: Collection[str] = (),
    ) -> None:
        self._program, self._count, self._left = program, count, _MOST
        self._live = self._backward(live_rows(program, output, sizes), {*asked})
        self._members: dict[str, list[Wholes]] = {}
        """Of each family the elements of its members, a member a combination; in order of those `sorted`."""
        self._sorted = set[str]()
        self._sizes = sizes
        begin = 0
        for family, places in leaves:
            at = wholes(places) if not isinstance(places, slice) else _range(places)
            own = at * count + begin + numpy.arange(len(at))
            self._members.setdefault(family, []).append(own)
            begin += len(at)

    def _backward(self, every: Sequence[Live], asked_families: set[str]) -> list[_LiveStage]:
        """What of each stage is live, and asked for. every: the rows that lead to the output.
        asked_families: of members whose sets are asked for; takes those that lead there."""
        found = list[_LiveStage]()
        for stage, live in zip(reversed(self._program), reversed(every), strict=True):
            part, columns = stage.part, stage.part.columns
            bent = list[tuple[int, Sequence[tuple[int, int]] | None]]()
            asked = {write.row for write in stage.writes if write.family in asked_families}
            for step in reversed(part.steps):
                below = slopes_of(part, step)
                if step in live:
                    special = columns.specials.get(step)
                    operands = columns.operands(step)
                    if isinstance(special, Gathered):
                        if bending(special.gather.joined_by, (False, False)):
                            bent.append((step, None))
                            asked.update(operands)
                    elif special is None:
                        still = tuple(columns.is_number(each) for each in operands)
                        if pairs := bending(columns.op(step), still):
                            bent.append((step, pairs))
                            asked.update(operands[at] for pair in pairs for at in pair)
                if step in asked:
                    asked.update(below)
            asked_families.update(use.family for use in part.uses if use.row in asked)
            found.append(_LiveStage(bent, asked, live))
        return found[::-1]

    def pairs(self) -> Wholes:
        """The second derivatives that can be other than 0: row times leaves plus column, in order. Raises
        TooDense."""
        found = [_NONE]
        for stage, live, rows in self._walk():
            for step, pairs in live.bent:
                found += self._bends(stage.part, rows, step, pairs, live.rows[step])
        return numpy.unique(numpy.concatenate(found))

    def of_members(self, asked: Sequence[tuple[str, Places]]) -> tuple[Wholes, Wholes]:
        """The places of members in `asked`, and of the leaves in their sets. Raises TooDense."""
        for _ in self._walk():
            pass
        found, leaves, begin = [_NONE], [_NONE], 0
        for family, places in asked:
            at, of = self._apart(self._read(family, places))
            found.append(at + begin)
            leaves.append(of)
            begin += len(_range(places) if isinstance(places, slice) else wholes(places))
        return numpy.concatenate(found), numpy.concatenate(leaves)

    def _walk(self) -> Iterator[tuple[Stage, _LiveStage, dict[int, Wholes]]]:
        """Each stage with the sets of its rows, which its members have when the next one is asked for."""
        for stage, live in zip(self._program, self._live, strict=True):
            if not live.asked:
                continue
            rows = self._forward(stage.part, live.asked)
            yield stage, live, rows
            for write in stage.writes:
                if write.row in live.asked and len(rows.get(write.row, _NONE)):
                    combinations, leaves = self._apart(rows[write.row])
                    there = _at(write.places, combinations) * self._count + leaves
                    self._members.setdefault(write.family, []).append(there)

    def _forward(self, part: Block, asked: set[int]) -> dict[int, Wholes]:
        """The sets of the rows of a part that are asked for."""
        columns, rows = part.columns, dict[int, Wholes]()
        for use in part.uses:
            if use.row in asked:
                rows[use.row] = self._read(use.family, use.places)
        for step in part.steps:
            if step not in asked:
                continue
            special, home = columns.specials.get(step), columns.homes[step]
            below = [each for each in slopes_of(part, step) if len(rows.get(each, _NONE))]
            if isinstance(special, Gathered):
                up = part.domains[step].up
                rows[step] = _once([self._moved(rows[each], up) for each in below])
            elif isinstance(special, Lift):
                up_at = part.ups[step].places
                at = numpy.zeros(up_at, numpy.int64) if isinstance(up_at, int) else wholes(up_at)
                size = part.ups[step].size
                rows[step] = self._union([self._taken(rows[each], size, at) for each in below])
            else:
                parts = []
                for each in below:
                    if columns.homes[each] is columns.whole and home is not columns.whole:
                        at = numpy.zeros(home.size, numpy.int64)
                        parts.append(self._taken(rows[each], 1, at))
                    else:
                        parts.append(rows[each])
                rows[step] = self._union(parts)
        return rows

    def _bends(
        self,
        part: Block,
        rows: dict[int, Wholes],
        step: int,
        pairs: Sequence[tuple[int, int]] | None,
        live: Holds,
    ) -> list[Wholes]:
        """The pairs of leaves by which a step bends. live: for which combinations."""
        columns, operands = part.columns, part.columns.operands(step)
        if pairs is None:
            up, each = part.domains[step].up, rows.get(operands[0], _NONE)
            several = (numpy.bincount(up, minlength=columns.homes[step].size)[up] > 1) & live[up]
            each = each[several[each // self._count]]  # a gather of a single term is that term
            terms = _once([self._moved(each, up)])
            return [self._crossed(terms, terms, columns.homes[step].size)]
        found, home = list[Wholes](), columns.homes[step]
        for one, other in pairs:
            both = [operands[one], operands[other]]
            sets = [rows.get(each, _NONE) for each in both]
            if any(columns.homes[each] is not home for each in both):
                at = numpy.zeros(home.size, numpy.int64)
                sets = [
                    self._taken(each, 1, at) if columns.homes[row] is not home else each
                    for row, each in zip(both, sets, strict=True)
                ]
            first = sets[0] if live.all() else sets[0][live[sets[0] // self._count]]
            found.append(self._crossed(first, sets[1], home.size))
        return found

    def _crossed(self, one: Wholes, other: Wholes, size: int) -> Wholes:
        """All pairs of the elements of two sets, for each combination."""
        if not len(one) or not len(other):
            return _NONE
        rows, first = self._apart(one)
        begins = numpy.searchsorted(other, numpy.arange(size + 1) * self._count)
        counts = numpy.diff(begins)[rows]
        self._spend(int(counts.sum()))
        up = numpy.repeat(numpy.arange(len(rows)), counts)
        inside = numpy.arange(len(up)) - numpy.repeat(numpy.cumsum(counts) - counts, counts)
        second = other[begins[rows][up] + inside] % self._count
        found = first[up] * self._count + second
        if self._count**2 > _MARKS:
            return _once([found])
        marks = numpy.zeros(self._count**2, dtype=bool)
        marks[found] = True
        return numpy.flatnonzero(marks)

    def _read(self, family: str, places: Places) -> Wholes:
        """The sets of members that are read."""
        known = self._members.get(family, [])
        if not known:
            return _NONE
        if len(known) > 1 or family not in self._sorted:
            self._members[family] = known = [numpy.unique(numpy.concatenate(known))]
            self._sorted.add(family)
        at = _range(places) if isinstance(places, slice) else wholes(places)
        return self._taken(known[0], self._sizes[family], at)

    def _taken(self, elements: Wholes, size: int, at: Wholes) -> Wholes:
        """The sets of some of so many combinations, one after the other."""
        if not len(elements):
            return _NONE
        begins = numpy.searchsorted(elements, numpy.arange(size + 1) * self._count)
        counts = numpy.diff(begins)[at]
        self._spend(int(counts.sum()) + len(at))
        up = numpy.repeat(numpy.arange(len(at)), counts)
        inside = numpy.arange(len(up)) - numpy.repeat(numpy.cumsum(counts) - counts, counts)
        found: Wholes = up * self._count + elements[begins[at][up] + inside] % self._count
        return found

    def _moved(self, elements: Wholes, up: Wholes) -> Wholes:
        """The elements as those of the combinations that theirs extend."""
        combinations, leaves = self._apart(elements)
        return up[combinations] * self._count + leaves

    def _apart(self, elements: Wholes) -> tuple[Wholes, Wholes]:
        """The combinations and the leaves of elements."""
        return elements // self._count, elements % self._count

    def _union(self, parts: Sequence[Wholes]) -> Wholes:
        if len(parts) < 2:
            return parts[0] if parts else _NONE
        self._spend(sum(map(len, parts)))
        return _once(parts)

    def _spend(self, elements: int) -> None:
        self._left -= elements
        if self._left < 0:
            raise TooDense


def _once(parts: Sequence[Wholes]) -> Wholes:
    """Some numbers in order, each once."""
    numbers: Wholes = numpy.concatenate([_NONE, *parts])
    steps = numpy.diff(numbers)
    if (steps < 0).any():
        numbers = numpy.unique(numbers)
    elif not (steps > 0).all():
        numbers = numbers[numpy.concatenate([[True], steps > 0])]
    return numbers


def _range(places: slice) -> Wholes:
    found: Wholes = numpy.arange(places.start, places.stop)
    return found


def _at(places: Places, combinations: Wholes) -> Wholes:
    """The places of some combinations."""
    at = _range(places) if isinstance(places, slice) else wholes(places)
    found: Wholes = at[combinations]
    return found
