"""How many single operations the members of loops are, none of which is unrolled for it: the names that
`explain --detail operations` gives to operations are numbers counted through all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy
from numpy.typing import NDArray

from backprop.graph import in_order
from backprop.loops.domains import Domain, Wholes, combination, stretch
from backprop.loops.joining import CHAINS, apart, arguments_in, derives, steps_of
from backprop.loops.many import NotLoops
from backprop.loops.plan import Plan
from backprop.loops.rows import Gathered, Index, Lift

Terms = tuple[int, int]
"""A gathering row, and the combination of its home: one sum among all those of the text."""


class StepCounts:
    """The operations of each statement. Raises NotLoops for texts with derivatives in them."""

    def __init__(self, plan: Plan) -> None:
        if plan.builder.derivatives is not None:
            raise NotLoops("operations of derivatives, which equations share")
        self._plan = plan
        self._bodies: dict[tuple[int, Domain, bool], Wholes] = {}
        self._sums: dict[tuple[int, bool], Wholes] = {}
        self._around: dict[int, frozenset[int]] = {}
        """Of a gathering row what the bodies around have made before it: its terms take it from there."""

    def unnamed(self, number: int) -> Wholes:
        """Of each combination of a statement how many operations have no name of their own: the last one
        has that of the member."""
        loop = self._plan.loops[number]
        return numpy.maximum(self._body(self.source(loop.root), loop.domain) - 1, 0)

    def moving(self, number: int) -> Wholes:
        """Of each combination of a statement how many operations use something that is no number, one that
        does nothing but give a member a name among them."""
        loop = self._plan.loops[number]
        root = self.source(loop.root)
        every, moving = (self._body(root, loop.domain, some) for some in (False, True))
        named = loop.domain.lifted(~self._numbers(root), self._plan.columns.homes[root])
        return numpy.where(every == 0, named, moving)

    def source(self, row: int) -> int:
        """What a lifted row is the same as."""
        specials = self._plan.columns.specials
        while isinstance(special := specials.get(row), Lift):
            row = special.row
        return row

    def terms(self, row: int, at: int, moving: bool = False) -> Wholes:
        """Of the terms of a sum how many operations each one is, or how many `moving` ones."""
        columns = self._plan.columns
        special = columns.specials[row]
        assert isinstance(special, Gathered)
        some = stretch(columns.homes[special.row], columns.homes[row], at)
        self._row(row)  # so that what is around is known
        inside = columns.homes[special.row]
        return self._body(self.source(special.row), inside, moving, row)[some]

    def ends(self, row: int, at: int) -> Wholes:
        """Of a sum that is a chain how many operations there are up to each term and what adds it up, and how
        many `moving` ones: two rows."""
        special = self._plan.columns.specials[row]
        assert isinstance(special, Gathered)
        each = numpy.stack([self.terms(row, at), self.terms(row, at, moving=True)]) + 1
        each[:, 0] -= 1  # the first has nothing to be added to
        source = self.source(special.row)
        if each.shape[1] > 1 and self._numbers(source).all():
            each[1, 1] -= 1
        return numpy.cumsum(each, axis=1)

    def around(self, number: int, at: int, step: int) -> dict[Terms, list[int]]:
        """Which terms of sums have a part in an operation of a member, or use it. step: its place among
        the unnamed operations of the member, from 0."""
        loop = self._plan.loops[number]
        found: dict[Terms, list[int]] = {}
        self._body(self.source(loop.root), loop.domain)
        self._find(self.source(loop.root), loop.domain, at, step, found)
        return found

    def _find(
        self,
        root: int,
        domain: Domain,
        at: int,
        step: int,
        found: dict[Terms, list[int]],
        gather: int = -1,
    ) -> None:
        columns = self._plan.columns
        for row in self._order(root, gather):
            home = columns.homes[row]
            there = combination(domain, at, home)
            special = columns.specials.get(row)
            count = int(self._row(row)[there])
            if step >= count:
                step -= count
                continue
            if not isinstance(special, Gathered) or special.gather.joined_by not in CHAINS:
                return  # others are made whole
            ends = self.ends(row, there)[0]
            term = int(numpy.searchsorted(ends, step, side="right"))
            found[row, there] = [*range(max(term - 1, 0), min(term + 2, len(ends)))]
            if term < len(ends):
                before = int(ends[term - 1]) if term else 0
                first = stretch(columns.homes[special.row], home, there).start + term
                inside = columns.homes[special.row]
                self._find(self.source(special.row), inside, first, step - before, found, row)
            return

    def _order(self, root: int, gather: int) -> Sequence[int]:
        """The rows of a body that are made in it, operands first. gather: what the body is a term of."""
        columns, around = self._plan.columns, self._around.get(gather, frozenset())

        def needs(row: int) -> Sequence[int]:
            if isinstance(columns.specials.get(row), Gathered):
                return ()
            return [each for each in map(self.source, columns.operands(row)) if each not in around]

        return () if root in around else in_order([root], needs)

    def _body(self, root: int, domain: Domain, moving: bool = False, gather: int = -1) -> Wholes:
        """Of each combination of a domain how many operations a body is, or how many `moving` ones."""
        key = root, domain, moving
        if key not in self._bodies:
            made = {*self._around.get(gather, ())}
            total = numpy.zeros(domain.size, dtype=numpy.int64)
            for row in self._order(root, gather):
                self._add(row, domain, moving, made, total)
            self._bodies[key] = total
        return self._bodies[key]

    def _add(self, row: int, domain: Domain, moving: bool, made: set[int], total: Wholes) -> None:
        """Add what a row is, and what is made for the terms of a sum. made: takes what is made."""
        columns = self._plan.columns
        home = columns.homes[row]
        if isinstance(columns.specials.get(row), Gathered):
            for each in arguments_in(columns, row):
                for more in self._order(each, -1):
                    if more not in made:
                        self._add(more, domain, moving, made, total)
            known = (each for each in made if columns.homes[each].depth <= home.depth)
            self._around.setdefault(row, frozenset(known))
        made.add(row)
        counts = self._row(row, moving)
        total += counts[0] if home.parent is None else domain.lifted(counts, home)

    def _row(self, row: int, moving: bool = False) -> Wholes:
        """How many operations a row is, for each combination of its home; a sum with all of its terms."""
        columns = self._plan.columns
        home, special = columns.homes[row], columns.specials.get(row)
        if isinstance(special, Gathered):
            return self._gathered(row, special, moving)
        if columns.is_number(row) or special is not None:
            return numpy.broadcast_to(numpy.int64(0), home.size)
        found = ~self._numbers(row)
        if moving:
            op, some = columns.op(row), numpy.zeros(home.size, dtype=bool)
            for at, operand in enumerate(map(self.source, columns.operands(row))):
                if derives(op, at):
                    some |= ~home.lifted(self._numbers(operand), columns.homes[operand])
            found &= some
        return found.astype(numpy.int64)

    def _numbers(self, row: int) -> NDArray[numpy.bool_]:
        """For which combinations of its home a row is a number of the text where it stands, perhaps with a
        sign."""
        columns = self._plan.columns
        home, special = columns.homes[row], columns.specials.get(row)
        if isinstance(special, Gathered):
            counts = columns.homes[special.row].over(home).counts
            one = self._numbers(self.source(special.row)).all() and special.gather.name != "norm"
            empty: NDArray[numpy.bool_] = counts == 0
            return empty | (counts == 1) if one and not special.gather.divided else empty
        if special is None and not columns.is_number(row) and columns.op(row) == "neg":
            source = self.source(columns.operands(row)[0])
            lifted: NDArray[numpy.bool_] = home.lifted(self._numbers(source), columns.homes[source])
            return lifted
        none = columns.is_number(row) or isinstance(special, Index)
        return numpy.broadcast_to(numpy.bool_(none), home.size)

    def _gathered(self, row: int, special: Gathered, moving: bool) -> Wholes:
        if (row, moving) not in self._sums:
            columns = self._plan.columns
            home, domain = columns.homes[row], columns.homes[special.row]
            inner, source = domain.over(home), self.source(special.row)
            ends = numpy.concatenate([[0], numpy.cumsum(self._body(source, domain, moving, row))])
            starts, counts = inner.starts, inner.counts
            found = ends[starts + counts] - ends[starts]
            sizes, which = numpy.unique(counts, return_inverse=True)
            named = not self._numbers(source).all()
            pairs = apart(special.gather, columns, source)
            more = [steps_of(special.gather, size, named, pairs)[moving] for size in sizes.tolist()]
            self._sums[row, moving] = found + numpy.array(more, dtype=numpy.int64)[which]
        return self._sums[row, moving]


class OperationNames:
    """The names of single operations, counted through. letter: what they begin with. skipped: numbers with
    which the text has such names itself."""

    def __init__(self, letter: str, skipped: Collection[int]) -> None:
        self._letter, self._skipped = letter, sorted(skipped)

    def name(self, count: int) -> str:
        """The name of the operation that so many others come before."""
        number = count + 1
        for each in self._skipped:
            number += each <= number
        return f"{self._letter}{number}"

    def count(self, name: str) -> int | None:
        """How many operations come before the one of this name; None for other names."""
        digits = name[1:]
        if not name.startswith(self._letter) or not digits.isascii() or not digits.isdigit():
            return None
        number = int(digits)
        if digits[0] == "0" or number in self._skipped:
            return None
        return number - 1 - sum(each < number for each in self._skipped)
