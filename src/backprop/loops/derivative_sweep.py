"""The way back through a program of loops, as families and runs of a plan: `∂V/∂x[i]` as members that
equations can read.

What a body brings to the members that it reads is a family, a number for each reading; the derivative by
a member is the sum of what is brought there. Of a recurrence both are the bodies of another one, which goes
through the times the other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from itertools import groupby
from typing import Any, NoReturn

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import Affine, Places, affine, numbered, plain, ranged, whole
from backprop.loops.derived import Destination, Stage, spread
from backprop.loops.domains import Domain, Wholes
from backprop.loops.family import Family
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.rows import Gathered, Read
from backprop.loops.sequence import divided, quickest
from backprop.operations import GATHERS

Reached = Mapping[str, NDArray[numpy.bool_]]
"""Of each family the members that lead to something."""

Runs = list[Turn | Recurrence]
"""What is computed, in order."""

_MOST_KINDS = 8
"""Of so many kinds the times of one statement may be, by how often others read its members."""


class DerivativeSweep:
    """The way back through a program. runs: of the plan, takes what is computed. number: of the statement
    that it is for. mark: before the names of the families. roots: what the program computes, which is read
    and not computed again. reached: whether a member leads to what the derivatives are of."""

    def __init__(
        self,
        plan: Layout,
        runs: Runs,
        number: int,
        mark: str,
        roots: Mapping[int, Use],
        reached: Reached,
    ) -> None:
        self._runs = runs
        self._plan, self._number, self._mark, self._roots = plan, number, mark, roots
        self._reached = reached
        self._brought: dict[str, list[tuple[str, Places]]] = {}
        """Of each family what is added to its derivatives: families, and where their members go."""
        self._done: dict[str, NDArray[numpy.bool_]] = {}
        """Of each family of derivatives the members that are computed."""
        self._domains: dict[int, Domain] = {}

    def run(self, stages: Iterable[Stage]) -> None:
        for recurrence, group in groupby(stages, lambda each: each.run):
            if recurrence is not None:
                self._recurrence(recurrence, [*group])
                continue
            for stage in group:
                for use in stage.part.uses:
                    if use.family.startswith(self._mark):
                        self._total(use.family.removeprefix(self._mark), use.places)
                for write in stage.writes:
                    self._bring(write, stage)
        for family in [*self._brought]:
            self._total(family)

    def _uses(self, stage: Stage) -> dict[int, Use]:
        """What a stage reads, and what need not be computed again."""
        return {**self._roots, **{use.row: use for use in stage.part.uses}}

    def _bring(self, write: Destination, stage: Stage) -> None:
        """A family of what a row adds."""
        name = self._brings(write)
        size = self._plan.columns.homes[write.row].size
        root = self._step(write.row)
        self._turn(name, slice(0, size), root, self._uses(stage), stage.part.bordering)

    def _brings(self, write: Destination) -> str:
        """Enter the family of what a row adds, and say that it is added."""
        size = self._plan.columns.homes[write.row].size
        family = write.family.removeprefix(self._mark)
        brought = self._brought.setdefault(family, [])
        name = f"{len(brought)}{write.family}"
        enter(self._plan, Family(name, [(self._places(size),)]), self._number)
        brought.append((name, write.places))
        return name

    def _step(self, row: int) -> int:
        columns = self._plan.columns
        return row if columns.is_step(row) else columns.step("copy", (row,))

    def _domain(self, size: int) -> Domain:
        """One of so many combinations, those of an array."""
        if size not in self._domains:
            self._domains[size] = Domain(self._plan.columns.whole, size)
        return self._domains[size]

    def _places(self, size: int) -> Any:
        whole_of_it = self._plan.columns.whole
        return ranged(self._domain(size), Affine(whole_of_it, 0), Affine(whole_of_it, 1))

    def _total(self, family: str, places: Places | None = None) -> None:
        """The derivatives by members of a family: the sums of what was brought. places: of those; None for
        all that are left."""
        of = self._plan.families[family]
        done = self._adjoint(family)
        if places is None:
            if done.all():
                return
            places = plain(numpy.flatnonzero(~done))
        count = len(done[places])
        home, uses = self._domain(count), dict[int, Use]()
        rows = [
            self._gathered(name, *_placed(at, places, of.size), home, uses)
            for name, at in self._brought.get(family, [])
        ]
        self._turn(self._mark + family, places, self._sum(rows, home), uses, ())
        done[places] = True

    def _sum(self, rows: Iterable[int | None], home: Domain) -> int:
        """The row of a sum, a step."""
        columns = self._plan.columns
        total: int | None = None
        for row in rows:
            if row is not None:
                total = row if total is None else columns.step("+", (total, row))
        if total is None:
            total = columns.step("copy", (columns.number(0.0),))
        return self._step(spread(columns, total, home))

    def _adjoint(self, family: str) -> NDArray[numpy.bool_]:
        """Which derivatives by members of a family are computed. The family is entered the first time."""
        if family not in self._done:
            of = self._plan.families[family]
            twin = copy(of)
            twin.name = self._mark + family
            enter(self._plan, twin, self._number)
            leading = self._reached[family][:-1]
            if not leading.all():  # the derivative by the others is 0
                twin.owner = numpy.where(leading, twin.owner, numpy.int32(Family.ABSENT))
                twin.own(slice(0, 0), self._number)
            self._done[family] = numpy.zeros(of.size, dtype=bool)
        return self._done[family]

    def _turn(
        self,
        name: str,
        target: Places,
        root: int,
        uses: Mapping[int, Use],
        bordering: Sequence[int],
    ) -> None:
        """Let members of a family be computed. bordering: what may stand on a border."""
        made = _bordering(part(self._plan.columns, [root], uses), bordering)
        self._runs.append(Turn(made, name, target))

    def _gathered(
        self, name: str, counts: Wholes, order: Places, home: Domain, uses: dict[int, Use]
    ) -> int | None:
        """The row of what one family brings to each combination of a domain, None if that is nothing. counts:
        how many of its members for each. order: which, one after the other."""
        columns = self._plan.columns
        if not counts.any():
            return None
        single = bool((counts == 1).all())
        inner = home if single else Domain(home, counts)
        if isinstance(order, slice):
            found = affine(order, inner)
            order = numpy.arange(order.start, order.stop) if found is None else found
        else:
            order = affine(whole(order), inner) or order
        row = columns.special(Read(name, (order,), inner), inner)
        uses[row] = Use(row, name, plain(order))
        return row if single else columns.special(Gathered(row, GATHERS["sum"]), home)

    # recurrences

    def _recurrence(self, of: Recurrence, stages: Sequence[Stage]) -> None:
        """The way back through a recurrence."""
        timed: dict[tuple[int, int], str] = {}
        after: list[tuple[Destination, Stage]] = []
        own = self._computed_by(of)
        for at, stage in enumerate(stages):
            for number, write in enumerate(stage.writes):
                family = write.family.removeprefix(self._mark)
                if family in own and own[family][write.places].any():
                    timed[at, number] = self._brings(write)
                else:
                    after.append((write, stage))
        bodies: list[Timed] = []
        for at, stage in enumerate(stages):
            assert stage.body is not None
            bodies += self._totals(stage.body)
            for number, write in enumerate(stage.writes):
                if (at, number) in timed:
                    bodies.append(self._timed(timed[at, number], write, stage, stage.body))
        self._runs.append(quickest(bodies, not of.backwards))
        for write, stage in after:
            self._bring(write, stage)

    def _computed_by(self, of: Recurrence) -> dict[str, NDArray[numpy.bool_]]:
        """Of each family the members that a recurrence computes."""
        found: dict[str, NDArray[numpy.bool_]] = {}
        for body in of.bodies:
            size = self._plan.families[body.family].size
            marks = found.setdefault(body.family, numpy.zeros(size + 1, dtype=bool))
            marks[body.target] = True
            if marks[-1]:
                refuse("is of a recurrence with members that read nothing")
        return found

    def _timed(self, name: str, write: Destination, stage: Stage, body: Timed) -> Timed:
        """What a row of a body brings, time by time."""
        columns, uses = self._plan.columns, self._uses(stage)
        home = columns.homes[write.row]
        every = part(columns, [self._step(write.row)], uses)
        within, before = divided(columns, every, body.first, uses)
        some = stage.part.bordering
        if before:
            self._runs.append(before._replace(part=_bordering(before.part, some)))
        target = slice(0, home.size)
        return Timed(_bordering(within, some), name, target, home, body.first, body.times, (), None)

    def _totals(self, body: Timed) -> Iterator[Timed]:
        """The derivatives by the members of a body, time by time: a body for each kind of times, by how
        often members are read."""
        columns = self._plan.columns
        family, each = body.family, body.domain.within(body.first)
        size = self._plan.families[family].size
        self._adjoint(family)[body.target] = True
        target = whole(numbered(body.target))
        brought = [(name, *_placed(at, target, size)) for name, at in self._brought.get(family, [])]
        kinds = numpy.zeros(body.first.size, dtype=numpy.int64)
        if each > 0:
            patterns = [counts.reshape(body.first.size, each) for _, counts, _ in brought]
            patterns.append(numpy.zeros((body.first.size, 1), dtype=numpy.int64))
            _, found = numpy.unique(numpy.concatenate(patterns, 1), axis=0, return_inverse=True)
            found = found.reshape(-1)
            kinds = found if found.max(initial=0) < _MOST_KINDS else kinds
        ends, times = body.ends, whole(body.times)
        of_member = numpy.repeat(kinds, numpy.diff(ends))
        for kind in range(int(kinds.max(initial=0)) + 1):
            some, here = numpy.flatnonzero(kinds == kind), of_member == kind
            first = home = Domain(columns.whole, len(some))
            if body.domain is not body.first:
                home = Domain(first, each if each >= 0 else numpy.diff(ends)[some])
            uses: dict[int, Use] = {}
            rows = [
                self._gathered(name, counts[here], order[numpy.repeat(here, counts)], home, uses)
                for name, counts, order in brought
            ]
            every = part(columns, [self._sum(rows, home)], uses)
            within, before = divided(columns, every, first, uses)
            if before:
                self._runs.append(before)
            goes = affine(times[some], first) or times[some]
            name, at = self._mark + family, plain(target[here])
            yield Timed(_bordering(within, ()), name, at, home, first, goes, (), None)


def _bordering(of: Block, some: Sequence[int]) -> Block:
    """A part of whose steps only these may stand on a border."""
    return of._replace(bordering=[step for step in of.bordering if step in some])


def _placed(at: Places, places: Places, size: int) -> tuple[Wholes, Any]:
    """For each of some places how many there are in `at`, and the numbers of these, one after the other."""
    if all(isinstance(each, slice) and each == slice(0, size) for each in (at, places)):
        return numpy.ones(size, dtype=numpy.int64), slice(0, size)
    goes = whole(numbered(at))
    where = numpy.full(size + 1, -1, dtype=numpy.int64)
    wanted = whole(numbered(places))
    where[wanted] = numpy.arange(len(wanted))
    goes = where[goes]
    some = numpy.flatnonzero(goes >= 0)
    counts = numpy.bincount(goes[some], minlength=len(wanted)).astype(numpy.int64)
    return counts, some[numpy.argsort(goes[some], kind="stable")]


def enter(plan: Layout, family: Family, number: int) -> None:
    """Enter a family that the text does not name. number: of the statement that it is for."""
    if family.owner.max(initial=Family.ABSENT) == Family.ABSENT:
        family.own(slice(0, family.size), number)
    else:
        there = family.owner != Family.ABSENT
        family.owner = numpy.where(there, numpy.int32(number), numpy.int32(Family.ABSENT))
        family.own(slice(0, 0), number)
    plan.families[family.name] = family
    plan.defaults[family.name] = numpy.broadcast_to(numpy.nan, family.size + 1)


def refuse(what: str) -> NoReturn:
    raise NotLoops(f"a derivative {what}")


class IsZero(NotLoops):
    """A derivative is 0 for all combinations."""


def is_zero() -> NoReturn:
    raise IsZero("a derivative is 0")
