"""The families that a text does not name: what derivatives in it are made of. A member that reads one of
theirs reads what these are made of, as where a derivative is unrolled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy
from numpy.typing import NDArray

from backprop.graph import in_order
from backprop.loops.derivative_rows import DerivativeRows
from backprop.loops.domains import Domain, Wholes, spread
from backprop.loops.many import NotLoops
from backprop.loops.parts import Turn, Use
from backprop.loops.plan import Plan, asked_in
from backprop.loops.recurrence import Recurrence


class Unnamed:
    """These families. turns: what computes each, in order. copies: rows that stand for others. Raises
    NotLoops where members of one need one another."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.turns: dict[str, Turn] = {}
        self.copies: set[int] = set()
        if plan.builder.derivatives is None:
            return
        assert isinstance(plan.builder.derivatives, DerivativeRows)
        named = {loop.family for loop in plan.loops}
        for run in plan.runs:
            for body in run.bodies if isinstance(run, Recurrence) else [run]:
                if not body.family or body.family in named:
                    continue
                size = plan.families[body.family].size
                whole = isinstance(body.target, slice) and body.target == slice(0, size)
                if not isinstance(body, Turn) or body.family in self.turns or not whole:
                    raise NotLoops("a derivative goes through a recurrence")
                self.turns[body.family] = body
        roots = {run.part.roots[0] for run in self.turns.values()}
        self.copies |= plan.builder.derivatives.rows
        self.copies |= {root for root in roots if plan.columns.op(root) == "copy"}

    def __contains__(self, family: str) -> bool:
        return family in self.turns

    def body(self, family: str) -> tuple[int, Domain]:
        """The root of what computes a family, with its home: a combination for each place."""
        root = self.turns[family].part.roots[0]
        return root, self._plan.columns.homes[root]

    def uses(self, family: str) -> Sequence[Use]:
        """What computes a family reads: also rows of equations that are computed as members."""
        return self.turns[family].part.uses

    def with_users(self, places: Mapping[str, Wholes]) -> Mapping[str, Wholes]:
        """Places by family, and those of these families that read one of them, on any way."""
        found = {**places}
        for family in self.turns:
            uses = {use.row: use for use in self.uses(family)}
            some = reading(self._plan, self.body(family)[0], uses, found)
            if some.any():
                found[family] = numpy.flatnonzero(some)
        return found

    def reads(self, family: str, places: Wholes) -> Iterator[tuple[Use, Wholes]]:
        """What some members of a family that is none of these, or is one, stand for: places of named
        families, each with the use that reads them."""
        open_ = {family: places}
        for each in reversed([*self.turns]):
            if each not in open_:
                continue
            of = self.turns[each].part
            asked = numpy.zeros(self._plan.columns.homes[of.roots[0]].size, dtype=bool)
            asked[open_.pop(each)] = True
            for use, which in asked_in(of, {of.roots[0]: asked}, set()):
                read = numpy.arange(self._plan.families[use.family].size)[use.places][which]
                if use.family in self.turns:
                    read = numpy.concatenate([open_.get(use.family, read[:0]), read])
                    open_[use.family] = numpy.unique(read)
                else:
                    yield use, numpy.unique(read)


def reading(
    plan: Plan, root: int, uses: Mapping[int, Use], places: Mapping[str, Wholes]
) -> NDArray[numpy.bool_]:
    """For which combinations of its home a row reads one of some members, on any way. uses: by row."""
    columns = plan.columns
    found: dict[int, NDArray[numpy.bool_]] = {}
    for row in in_order([root], lambda at: () if at in uses else columns.operands(at)):
        home = columns.homes[row]
        if (use := uses.get(row)) and use.family in places:
            every = numpy.arange(plan.families[use.family].size)[use.places]
            some = numpy.isin(every, places[use.family])
            if some.any():
                found[row] = some
        for operand in () if row in uses else columns.operands(row):
            if operand in found:
                some = spread(found[operand], columns.homes[operand], home)
                found[row] = found[row] | some if row in found else some
    return found[root] if root in found else numpy.zeros(columns.homes[root].size, dtype=bool)
