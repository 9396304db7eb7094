"""Some members of loops unrolled, each operation of theirs with the name that it has among all: what
`explain --detail operations` shows of them.

A sum of many terms is a chain, (((t1 + t2) + t3) + …). Of one that is cut the terms that are shown stand in
it, and the last one; what had been added up before each is an operation with its name and its value, whose
own steps are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy

from backprop.graph import Graph, in_order
from backprop.loops import excerpt
from backprop.loops.excerpt import BodyAt, Excerpt, Member, TooManyTerms, too_long
from backprop.loops.joining import CHAINS, arguments_in, moves
from backprop.loops.many import NotLoops
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Gathered
from backprop.loops.step_counts import StepCounts, Terms
from backprop.values import forward


class SingleSteps(Excerpt):
    """The operations of some members. counts: of all. asked: terms of sums that are shown besides."""

    def __init__(
        self, *some: Any, counts: StepCounts, asked: Mapping[Terms, Sequence[int]]
    ) -> None:
        self._counts, self._asked = counts, asked
        self._skips: dict[int, tuple[int, int]] = {}
        """How many operations a node stands for that is not one, or more than one, and how many of these are
        derived by something."""
        self._worth: dict[int, float] = {}
        """What nodes are worth of which not all operands are here."""
        super().__init__(*some)

    def _gathered(self, row: int, special: Gathered, frame: BodyAt, place: int | None) -> int:
        columns, gather = self.plan.columns, special.gather
        home, domain = columns.homes[row], columns.homes[special.row]
        at, start, count = self._stretch(row, special, frame)
        if count <= excerpt.WHOLE:
            return super()._gathered(row, special, frame, place)
        join = CHAINS.get(gather.joined_by)
        if join is None:
            raise too_long(count, "many numbers that are put together two by two")
        if arguments_in(columns, row):
            raise NotLoops("an argument of a function that the terms of a long sum share")
        shows = self._shows(special.row, domain, frame.uses)[start : start + count].copy()
        shows[-1] = True
        shows[[*self._asked.get((row, at), ())]] = True
        shows[0] |= shows[1]
        terms = numpy.flatnonzero(shows).tolist()
        if len(terms) > excerpt.WHOLE:
            raise TooManyTerms("more terms than are shown", len(terms))
        each = numpy.broadcast_to(self._sum(special.row, frame.uses), domain.size)
        each = each[start : start + count]
        worth = join.accumulate(each)
        joins = self._counts.ends(row, at)
        source = self._source(special.row)
        total, last = -1, -1
        for term in terms:
            if term > last + 1:
                left_out = float(join.reduce(each[last + 1 : term]))
                total = self._up_to(gather.joined_by, total, left_out, place)
                self._worth[total] = float(worth[term - 1])
                steps = joins[:, term - 1] - (joins[:, last] if last >= 0 else 0)
                self._skips[total] = int(steps[0]), int(steps[1])
            inside = BodyAt(source, domain, start + term, frame, {}, frame.uses, home.depth)
            node = self._body(inside)
            total = node if total < 0 else self.columns.step(gather.joined_by, (total, node), place)
            last = term
        self._worth[total] = float(worth[-1])
        if gather.divided:
            total = self.columns.step("/", (total, self.columns.number(float(count), place)), place)
        return total

    def _up_to(self, op: str, total: int, left_out: float, place: int | None) -> int:
        """The node of what terms make up to one that is not shown, from what was last shown on; -1 if
        nothing was. left_out: what those make that are not shown."""
        if total < 0:
            return self.columns.input(place)
        rest = self.columns.input()
        self.rests[rest] = self._now
        self._worth[rest] = left_out
        return self.columns.step(op, (total, rest), place)

    def _made(self, label: str, member: Member, loop: Repeated) -> int:
        """The node of a member."""
        return self._body(BodyAt(self._source(loop.root), loop.domain, member[1], None, {}))

    def stands_for_more(self, row: int) -> bool:
        """Whether a node is what terms make that are not here."""
        return row in self._skips

    def counted(self, root: int) -> dict[int, tuple[int, int]]:
        """The operations of the equation of a member that are here, but for the last: how many of the
        equation come before each, and how many of those that are derived by something come up to it."""
        columns, known = self.columns, {*self.names.values()}

        def needs(row: int) -> Sequence[int]:
            return () if row in known and row != root else columns.operands(row)

        found, count, moving = dict[int, tuple[int, int]](), 0, 0
        for row in in_order([root], needs):
            if row in known and row != root:
                continue
            if row in self._skips:
                steps, more = self._skips[row]
            else:
                steps = more = int(columns.is_step(row))
                if steps:
                    named = [not columns.is_number(each) for each in columns.operands(row)]
                    more = int(moves(columns.op(row), named))
            count, moving = count + steps, moving + more
            if steps and row != root:
                found[row] = count - 1, moving
        return found

    @cached_property
    def data(self) -> list[float]:
        """What all rows are worth."""
        data, columns = self.columns.start(), self.columns
        for row, number in self._worth.items():
            data[row] = number
        for label, row in self.names.items():
            family, at = self._whole.kind(label)
            data[row] = float(self._values[family.name][at])
        known = {*self._worth, *self.names.values()}
        for step in Graph(columns, self.roots.values()).order:
            if columns.is_step(step) and step not in known:
                forward(columns, (step,), data)
        return data
