"""Derivatives of what stands elsewhere, through all the equations in between: a sweep back through what is
computed before, of which the equations read the derivatives as they read any other family."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy

from backprop.graph import in_order
from backprop.loops.affine import Places, numbered, whole
from backprop.loops.depending_members import bodies_of, depends
from backprop.loops.derivative_sweep import (
    DerivativeSweep,
    IsZero,
    Reached,
    Runs,
    enter,
    is_zero,
    refuse,
)
from backprop.loops.derived import Destination, Stage, choosing, derived, moved, spread
from backprop.loops.domains import Domain
from backprop.loops.family import Family, is_named
from backprop.loops.leading_bounds import LeadingBounds
from backprop.loops.leading_members import LeadingMembers, leading_members
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.placement import Layout
from backprop.loops.read_within import (
    FEW_MEMBERS,
    has_other_slopes,
    stands_for_another,
)
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.rows import ArrayColumns, Gathered, Read
from backprop.loops.split_numbers import split_number
from backprop.loops.taken_rows import for_some
from backprop.loops.tangent_families import TangentFamilies
from backprop.loops.zero_members import Holds
from backprop.operations import GATHERS
from backprop.syntax.scanner import Tokens


class AskedRow(NamedTuple):
    """A derivative: its row, of which row, by which one; where it stands, and its closing bracket."""

    row: int
    of: int
    by: int
    place: tuple[Tokens, int]


FoundRow = tuple[int, Holds]
"""The row of a derivative, and for which of its combinations it is not 0."""


class ThroughEquations:
    """Sweeps through equations. pending: the derivatives that are not found yet, by row. reads: of each
    family of equations those that these read; takes those of derivatives."""

    def __init__(
        self, columns: ArrayColumns, pending: dict[int, AskedRow], reads: dict[str, set[str]]
    ) -> None:
        self._columns, self.pending, self._reads = columns, pending, reads
        self._tangents: dict[str, TangentFamilies] = {}
        self._bounds: dict[str, LeadingBounds] = {}
        self.splits = False
        """Whether numbers that are derived again are split into those that they are made of."""
        self.again = 0
        """Within how many derivatives those stand that are looked for, besides those in one row."""
        self._known: dict[int, Holds] = {}
        """Of derivatives for which of their combinations they are of what depends on what they are by."""
        self._swept_by: dict[str, set[str]] = {}
        """By what stands before the names of their families, those that derivatives are by."""

    def through(
        self,
        plan: Layout,
        runs: Runs,
        reached: Callable[[str], Reached],
        number: int,
        asked: AskedRow,
        by: Use,
    ) -> FoundRow:
        """The derivative of what stands elsewhere. runs: what is computed before, takes what computes it.
        reached: says which members lead to a number. number: of the statement. Raises NotLoops."""
        columns = self._columns
        if columns.homes[asked.of] is not columns.whole:
            if columns.homes[asked.by] is columns.whole:
                row, led = self._forward(plan, runs, by).row(asked.of, runs, number)
            else:
                row, led = self._by_several(plan, runs, number, asked, by)
            every = in_order([row], columns.operands)
            self._read(plan, number, {plan.uses[at].family for at in every if at in plan.uses})
            return row, led
        several = columns.homes[asked.by] is not columns.whole
        if self.splits and several and self._is_derived_again(asked):
            of_each = partial(self.through, plan, runs, reached, number)
            if found := self._split(plan, asked, by, of_each):
                return found
        mark = self._swept(plan, runs, reached, number, asked)
        name = mark + by.family
        if name not in plan.families:
            is_zero()
        special, home = columns.specials[asked.by], columns.homes[asked.by]
        assert isinstance(special, Read)
        family, places = plan.families[name], whole(numbered(by.places))
        led = family.owner[places] != Family.ABSENT
        if not led.any():
            is_zero()
        self._read(plan, number, {name})
        if led.all():
            row = columns.special(Read(name, special.at, special.within), home)
            plan.uses[row] = Use(row, name, by.places)
            return row, led
        among = Domain(home, led.astype(numpy.int64))
        row = columns.special(
            Read(name, tuple(each[led] for each in special.indices), among), among
        )
        plan.uses[row] = Use(row, name, places[led])
        return columns.special(Gathered(row, GATHERS["sum"]), home), led

    def _is_derived_again(self, asked: AskedRow) -> bool:
        """Whether another derivative is of this one."""
        every = [each.of for each in self.pending.values() if each.row != asked.row]
        return self.again > 0 or asked.row in in_order(every, self._columns.operands)

    def _split(
        self,
        plan: Layout,
        asked: AskedRow,
        by: Use,
        through: Callable[[AskedRow, Use], FoundRow],
    ) -> FoundRow | None:
        """The derivative of a number as a sum over those that it is made of; None where it is not split."""
        columns, total, depends = self._columns, None, None
        for row, share in split_number(plan, asked.of, by, self._reads, plan.computed).items():
            try:
                found, led = through(asked._replace(of=row), by)
            except IsZero:
                continue
            home = columns.homes[found]
            term = columns.step("*", (spread(columns, share, home), found))
            if not led.all():
                term = for_some(columns, term, Domain(home, led.astype(numpy.int64)))
                term = columns.special(Gathered(term, GATHERS["sum"]), home)
            total = term if total is None else columns.step("+", (total, term))
            depends = led if depends is None else depends | led
        return None if total is None or depends is None else (total, depends)

    def depends(
        self, plan: Layout, runs: Runs, asked: AskedRow, by: Use, led: Holds, exact: bool
    ) -> Holds:
        """For which combinations a derivative is of what depends on what it is by, conditions included. led:
        for which it may be more than 0. runs: what is computed before. exact: as of `depends` of members."""

        def before() -> Iterator[tuple[Turn | Recurrence, list[Block]]]:
            for run in runs:
                if not isinstance(run, Turn) or run.family:
                    yield run, [self.whole(plan, runs, body) for body in bodies_of(run)]

        home = self._columns.homes[asked.row]
        self._known[asked.row] = depends(plan, asked.of, by, home, led, self._known, exact, before)
        return self._known[asked.row]

    def computed(self, plan: Layout, runs: Runs, family: str) -> list[tuple[Block, Places]]:
        """What computes the members of a family that the text does not name, and where these stand."""
        found = list[tuple[Block, Places]]()
        for run in runs:
            if isinstance(run, Turn) and run.family == family:
                found.append((self.whole(plan, runs, run), run.target))
            elif isinstance(run, Recurrence):
                bodies = [body for body in run.bodies if body.family == family]
                found += [(self.whole(plan, runs, body), body.target) for body in bodies]
        return found

    def bounds(self, plan: Layout, runs: Runs, family: str, moved: Container[str]) -> LeadingBounds:
        """Between which members of a family those stand that lead to others. moved: the families that depend
        on it."""
        if family not in self._bounds:
            every = partial(self.whole, plan, runs)
            self._bounds[family] = LeadingBounds(plan, family, every)
        self._bounds[family].take(runs, moved)
        return self._bounds[family]

    def _read(self, plan: Layout, number: int, families: set[str]) -> None:
        """Take note of what a statement reads. number: its own."""
        self._reads.setdefault(plan.loops[number].family, set()).update(families)

    def _forward(self, plan: Layout, runs: Runs, by: Use) -> TangentFamilies:
        """How all moves with one member."""
        (label,) = plan.families[by.family].labels(whole(numbered(by.places)))
        if label not in self._tangents:
            every = partial(self.whole, plan, runs)
            self._tangents[label] = TangentFamilies(plan, label, by, every, self._reads)
        return self._tangents[label]

    def _by_several(
        self, plan: Layout, runs: Runs, number: int, asked: AskedRow, by: Use
    ) -> FoundRow:
        """As `through`, by one of a few members for each combination: of each how all moves with it, and of
        that what is by it."""
        columns, home = self._columns, self._columns.homes[asked.row]
        places = whole(numbered(by.places))
        if columns.homes[asked.by] is not home:
            places = home.lifted(places, columns.homes[asked.by])
        several = numpy.unique(places)
        if len(several) > FEW_MEMBERS or several[-1] == plan.families[by.family].size:
            refuse("goes through other equations, for each combination by others")
        total, depends = None, numpy.zeros(home.size, dtype=bool)
        for place in several.tolist():
            one = Use(by.row, by.family, slice(place, place + 1))
            if not (found := self._forward(plan, runs, one).moving(asked.of, runs, number)):
                continue
            row, led = found
            some, of = places == place, columns.homes[row]
            depends |= some & (led if of is home else home.lifted(led, of))
            row = row if of is home else columns.lift(row, home)
            share = for_some(columns, row, Domain(home, some.astype(numpy.int64)))
            share = columns.special(Gathered(share, GATHERS["sum"]), home)
            total = share if total is None else columns.step("+", (total, share))
        if total is None:
            is_zero()
        return total, depends

    def _name(self, plan: Layout, row: int) -> str:
        """The family of a number: its own, or of a member or an expression a new one."""
        special = self._columns.specials.get(row)
        if not isinstance(special, Read) or self._columns.homes[row] is not self._columns.whole:
            return f"{row}"
        (label,) = plan.families[special.family].labels(plan.uses[row].places)
        return label

    def _swept(
        self,
        plan: Layout,
        runs: Runs,
        reached: Callable[[str], Reached],
        number: int,
        asked: AskedRow,
    ) -> str:
        """Compute the derivatives of a row by all that is asked for. Answers with what stands before the
        names of their families."""
        columns, of = self._columns, asked.of
        of_name = name = self._name(plan, of)
        mark, by = f"∂{name}/∂", plan.uses[asked.by].family
        while mark in plan.derived and by not in self._swept_by.get(mark, ()):
            name += "'"  # of which none had been asked for, or which was refused
            mark = f"∂{name}/∂"
        if mark in plan.derived:
            return mark
        plan.derived[mark] = number
        begin = len(runs)
        if name not in plan.families:
            enter(plan, Family(name, [()]), number)
            root = of if columns.is_step(of) else columns.step("copy", [of])
            runs.append(Turn(part(columns, [root], plan.uses), name, slice(0, 1)))
        program, needed, leading = list[Stage](), {name}, reached(name)
        for run in reversed(runs):
            bodies = run.bodies if isinstance(run, Recurrence) else [run]
            if needed.isdisjoint(body.family for body in bodies):
                continue
            recurrence = run if isinstance(run, Recurrence) else None
            for body in reversed(bodies):
                if is_named(body.family) and not leading[body.family][body.target].any():
                    continue
                for every, target, timed in self._members(plan, runs, body, leading):
                    root = every.roots[0]
                    if is_named(body.family) and stands_for_another(columns, root):
                        refuse("goes through members that are a step of something else")
                    write = Destination(root, body.family, target, False)
                    program.insert(0, Stage(every, [write], recurrence, timed))
                    needed.update(use.family for use in every.uses)
        wrt = {
            plan.uses[each.by].family
            for each in [*self.pending.values(), asked]
            if each is asked or self._name(plan, each.of) == of_name
        }
        self._swept_by[mark] = wrt
        found = derived(columns, program, {name}, wrt, mark, seeds={name: 1.0})
        roots = {
            row: Use(row, of, places)
            for each in program
            for row, of, places, _ in each.writes
            if not has_other_slopes(columns, row)
        }
        DerivativeSweep(plan, runs, number, mark, roots, leading).run(
            choosing(found, moved(program, wrt))
        )
        for made in runs[begin:]:
            for body in made.bodies if isinstance(made, Recurrence) else [made]:
                if body.family:
                    every = self.whole(plan, runs, body)
                    read = self._reads.setdefault(body.family, set())
                    read.update(use.family for use in every.uses)
        return mark

    def _members(
        self, plan: Layout, runs: Runs, body: Turn | Timed, leading: Reached
    ) -> Sequence[LeadingMembers]:
        """The members of a body that lead to a number, and all that leads to them."""
        which, there = leading[body.family], whole(numbered(body.target))
        size = plan.families[body.family].size
        partly = bool((there == size).any())  # some read nothing: they stand behind all members
        if is_named(body.family) and (partly or not which[body.target].all()):
            pending = {*self.pending}
            found = leading_members(plan, body, which)
            if found and pending == self.pending.keys():
                return found
            for row in self.pending.keys() - pending:
                del self.pending[row]
        if partly:
            refuse("goes through members of which some read nothing")
        timed = body if isinstance(body, Timed) else None
        return [LeadingMembers(self.whole(plan, runs, body), body.target, timed)]

    def whole(self, plan: Layout, runs: Runs, body: Turn | Timed) -> Block:
        """All that leads to the members of a body, also what is computed before."""
        if not body.part.outer:
            return body.part
        uses = {**plan.uses, **{use.row: use for use in body.part.uses}}
        for run in runs:
            if isinstance(run, Turn) and not run.family:
                uses.update((use.row, use) for use in run.part.uses)
        return part(self._columns, body.part.roots, uses)
