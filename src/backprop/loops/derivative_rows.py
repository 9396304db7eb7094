"""`derivative(V, x[i])` in a text that is read as loops: the derivatives of loops, which are loops.

What a body by itself says, of its own names or by a parameter of a function, becomes rows of that body.
What goes through other equations becomes families that have no name in the text: one of `∂V/∂x` for
each family on the way, which the equation reads as it would read any other. A member that several
combinations read gets the sum of what these bring: a sum over those that read it, as numbers of a table.
So all that comes out are bodies as those of a text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple, NoReturn

import numpy
from numpy.typing import NDArray

from backprop.chain.columns import Rows
from backprop.graph import Place, depending, in_order
from backprop.language.in_equations import Derivatives
from backprop.language.index_code import Scope
from backprop.language.integers import Argument
from backprop.loops.affine import Affine, Places, ranged, whole
from backprop.loops.derived import Destination, Stage, adjoints, choosing, derived, moved
from backprop.loops.domains import Domain
from backprop.loops.family import Family
from backprop.loops.many import Many, NotLoops
from backprop.loops.parts import Turn, Use, part
from backprop.loops.placement import Layout
from backprop.loops.reader import LoopBuilder
from backprop.loops.recurrence import Recurrence
from backprop.loops.rows import ArrayColumns, Gathered, Lift, Read
from backprop.operations import GATHERS
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens


class AskedRow(NamedTuple):
    """A derivative: its row, of which row, by which one."""

    row: int
    of: int
    by: int


Through = Callable[[AskedRow, Use], int]
"""Finds a derivative that goes through other equations: its row."""

Reached = Mapping[str, NDArray[numpy.bool_]]
"""Of each family the members that lead to something."""

Runs = list[Turn | Recurrence]
"""What is computed, in order."""


class DerivativeRows(Derivatives):
    """The derivatives in a text that is read as loops. pending: those that are not found yet."""

    _columns: ArrayColumns

    def __init__(self, builder: LoopBuilder) -> None:
        super().__init__(builder.columns)
        self._builder = builder
        self.pending: dict[int, AskedRow] = {}
        self._reads: dict[str, set[str]] = {}
        """Of each family of equations the families that these read."""

    def arguments(
        self, function: Statement, operands: list[Any], by: Collection[str], place: Place
    ) -> list[Any]:
        if any(isinstance(each, Many) for each in operands):
            _refuse("stands in a function of families")
        return super().arguments(function, operands, by, place)

    def copied(self, row: int, place: Place) -> int:
        return super().copied(self._builder.here(row), place)

    def add(
        self, operands: list[int], scope: Scope, tokens: Tokens, last: int, place: Place
    ) -> int:
        """The row of a derivative: until it is known a copy of what it is of, which so is needed."""
        of, by = operands
        columns, special = self._columns, self._columns.specials.get(by)
        if by not in self._own and not isinstance(special, Read):
            _refuse("is by what is no name")
        if by not in self._own and any(isinstance(each, Argument) for each in scope.values()):
            _refuse("of a function is by a name of the file")
        if columns.is_number(of):
            _refuse("of a number is 0")
        home = columns.innermost([of, by])
        row = columns.step("copy", (of,), place)
        columns.homes[row] = home
        if by in self._own:
            if not self.pending.keys().isdisjoint(in_order([of], columns.operands)):
                _refuse("is of one that goes through other equations")
            self._put(row, self._slope(of, [by]))
        else:
            self.pending[row] = AskedRow(row, of, by)
        return row

    def _slope(self, of: int, by: Sequence[int]) -> int:
        """The row of a derivative of a row by others of its body, which are one and the same."""
        columns = self._columns
        if any(columns.homes[each] is not columns.homes[of] for each in by):
            _refuse("is by what has other indices")
        order = in_order([of], lambda row: () if row in by else columns.operands(row))
        steps = [row for row in order if columns.is_step(row) and row not in by]
        if of not in by and of not in depending(columns, by, steps):
            _refuse("is 0")
        rows = Rows(columns)
        sums = adjoints(rows, steps, {of: rows.number(1.0)}, by)
        total = rows.called(sums[by[0]])
        for each in by[1:]:
            total = rows.value("+", [total, rows.called(sums[each])])
        return rows.node(total)

    def _put(self, row: int, root: int) -> None:
        columns = self._columns
        if columns.homes[root] is not columns.homes[row]:
            _refuse("is by what has other indices")
        columns.in_order = False
        columns.first[row] = root

    # what goes through other equations

    def within(self, plan: Layout, root: int, through: Through | None = None) -> bool:
        """Find the derivatives that a row is made of; whether there are any. through: finds those that go
        through other equations, which may not need the row's own. Raises NotLoops."""
        columns = self._columns
        rows = in_order([root], columns.operands)
        asked = [self.pending[row] for row in sorted(rows) if row in self.pending]
        for each in asked:
            by = plan.uses[each.by]
            moved = self._moved_by(plan, by.family)
            below = in_order([each.of], columns.operands)
            reads = [plan.uses[row] for row in below if row in plan.uses]
            plan.used_besides += [by, *(use for use in reads if use.row == each.of)]
            if any(read.family in moved and read.family != by.family for read in reads):
                if not through:
                    _refuse("of what it leads to goes through other equations")
                self._put(each.row, through(each, by))
            else:
                own = [read for read in reads if read.family == by.family]
                same = [read.row for read in own if _same(read, by)]
                if len(same) < len(own) and by.family in moved:
                    _refuse("is by a name of which its body reads other members, too")
                self._put(each.row, self._slope(each.of, same or [each.by]))
            del self.pending[each.row]
        return bool(asked)

    def _moved_by(self, plan: Layout, family: str) -> set[str]:
        """The families that depend on one."""
        if not self._reads:
            for number in plan.computed:
                loop = plan.loops[number]
                rows = in_order([loop.root], self._columns.operands)
                read = {plan.uses[row].family for row in rows if row in plan.uses}
                self._reads.setdefault(loop.family, set()).update(read)
        found: set[str] = set()
        while more := {
            name
            for name, read in self._reads.items()
            if name not in found and not read.isdisjoint({family, *found})
        }:
            found |= more
        return found

    def through(
        self,
        plan: Layout,
        runs: Runs,
        reached: Callable[[str], Reached],
        number: int,
        asked: AskedRow,
        by: Use,
    ) -> int:
        """The row of the derivative of a number that stands elsewhere. runs: what is computed before, takes
        what computes it. reached: says which members lead to a number. number: of the statement. Raises
        NotLoops."""
        columns = self._columns
        if columns.homes[asked.of] is not columns.whole:
            _refuse("goes through other equations, for each combination by others")
        mark = self._swept(plan, runs, reached, number, asked.of)
        name = mark + by.family
        if name not in plan.families:
            _refuse("is 0")
        special, home = columns.specials[asked.by], columns.homes[asked.by]
        assert isinstance(special, Read)
        if not plan.families[name].has(by.places):
            _refuse("is 0")
        row = columns.special(Read(name, special.at, special.within), home)
        plan.uses[row] = Use(row, name, by.places)
        return row

    def _name(self, row: int) -> str:
        """The family of a row: one that is read, or one of its own, which the text does not name."""
        special = self._columns.specials.get(row)
        return special.family if isinstance(special, Read) else f"{row}"

    def _swept(
        self,
        plan: Layout,
        runs: Runs,
        reached: Callable[[str], Reached],
        number: int,
        of: int,
    ) -> str:
        """Compute the derivatives of a row by all that leads there. Answers with what stands
        before the names of their families."""
        columns = self._columns
        name = self._name(of)
        mark = f"∂{name}/∂"
        if mark in plan.derived:
            return mark
        plan.derived[mark] = number
        begin = len(runs)
        if name not in plan.families:
            _enter(plan, Family(name, [()]), number)
            runs.append(Turn(part(columns, [of], plan.uses), name, slice(0, 1)))
        program = list[Stage]()
        needed = {name}
        for run in reversed(runs):
            families = {run.family} if isinstance(run, Turn) else {x.family for x in run.bodies}
            if families.isdisjoint(needed):
                continue
            if not isinstance(run, Turn):
                _refuse("is of a recurrence")
            root = run.part.roots[0]
            if self._stands_for_another(run, root):
                _refuse("goes through members that are a step of something else")
            program.insert(0, Stage(run.part, [Destination(root, run.family, run.target, False)]))
            needed.update(use.family for use in run.part.uses)
        wrt = {
            plan.uses[each.by].family
            for each in self.pending.values()
            if self._name(each.of) == name
        }
        found = derived(columns, program, {name}, wrt, mark, seeds={name: 1.0})
        roots = {
            row: Use(row, of, places) for each in program for row, of, places, _ in each.writes
        }
        _Sweep(plan, runs, number, mark, roots, reached(name)).run(
            choosing(found, moved(program, wrt))
        )
        for made in runs[begin:]:
            if isinstance(made, Turn):
                self._reads[made.family] = {use.family for use in made.part.uses}
        return mark

    def _stands_for_another(self, run: Turn, root: int) -> bool:
        """Whether the last step of a body is that of another row, for some of its combinations: of a sum of
        one term, or for several members. What slopes have of it is then not read from the members."""
        gathered = run.part.domains.get(root)
        lifted = isinstance(self._columns.specials.get(root), Lift)
        return lifted or (gathered is not None and bool((gathered.counts == 1).any()))


class _Sweep:
    """The way back through a program, as families and runs of a plan. mark: before the names of the
    families. roots: what the program computes, which is read and not computed again. reached: whether a
    member leads to what the derivatives are of."""

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
        self._domains: dict[int, Domain] = {}

    def run(self, stages: Iterable[Stage]) -> None:
        for stage in stages:
            for use in stage.part.uses:
                if use.family.startswith(self._mark):
                    self._total(use.family.removeprefix(self._mark))
            uses = {**self._roots, **{use.row: use for use in stage.part.uses}}
            for write in stage.writes:
                self._bring(write, uses, stage.part.bordering)
        for family in [*self._brought]:
            self._total(family)

    def _bring(self, write: Destination, uses: Mapping[int, Use], bordering: Sequence[int]) -> None:
        """A family of what a row adds. bordering: of the steps that lead there those that may stand on a
        border."""
        plan, columns = self._plan, self._plan.columns
        size = columns.homes[write.row].size
        family = write.family.removeprefix(self._mark)
        if self._mark + family in plan.families:
            _refuse("goes through members that need others of their family")
        brought = self._brought.setdefault(family, [])
        name = f"{len(brought)}{write.family}"
        self._computed(
            Family(name, [(self._places(size),)]), self._step(write.row), uses, bordering
        )
        brought.append((name, write.places))

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

    def _total(self, family: str) -> None:
        """The derivatives by a family: the sums of what was brought."""
        plan, columns = self._plan, self._plan.columns
        brought = self._brought.pop(family, [])
        if not brought:
            return
        name, of = self._mark + family, plan.families[family]
        home = self._domain(of.size)
        uses: dict[int, Use] = {}
        rows = [self._gathered(each, places, of.size, home, uses) for each, places in brought]
        total = rows[0]
        for row in rows[1:]:
            total = columns.step("+", (total, row))
        twin = copy(of)
        twin.name = name
        self._computed(twin, self._step(total), uses, ())
        leading = self._reached[family][:-1]
        if not leading.all():  # the derivative by the others is 0
            twin.owner = numpy.where(leading, twin.owner, numpy.int32(Family.ABSENT))
            twin.own(slice(0, 0), self._number)

    def _computed(
        self, family: Family, root: int, uses: Mapping[int, Use], bordering: Sequence[int]
    ) -> None:
        """Let a family be computed. bordering: what may stand on a border."""
        plan = self._plan
        _enter(plan, family, self._number)
        made = part(plan.columns, [root], uses)
        some = [step for step in made.bordering if step in bordering]
        target = slice(0, family.size)
        self._runs.append(Turn(made._replace(bordering=some), family.name, target))

    def _gathered(
        self, name: str, places: Places, size: int, home: Domain, uses: dict[int, Use]
    ) -> int:
        """The row of what one family brings to each place."""
        columns = self._plan.columns
        if isinstance(places, slice) and places == slice(0, size):
            index = (self._places(size),)
            row = columns.special(Read(name, index, home), home)
            uses[row] = Use(row, name, slice(0, size))
            return row
        at = numpy.arange(places.start, places.stop) if isinstance(places, slice) else whole(places)
        counts = numpy.bincount(at, minlength=size)[:size].astype(numpy.int64)
        order = numpy.argsort(at, kind="stable")[: int(counts.sum())]
        inner = Domain(home, counts)
        row = columns.special(Read(name, (order,), inner), inner)
        uses[row] = Use(row, name, order)
        return columns.special(Gathered(row, GATHERS["sum"]), home)


def _enter(plan: Layout, family: Family, number: int) -> None:
    """Enter a family that the text does not name. number: of the statement that it is for."""
    if family.owner.max(initial=Family.ABSENT) == Family.ABSENT:
        family.own(slice(0, family.size), number)
    else:
        there = family.owner != Family.ABSENT
        family.owner = numpy.where(there, numpy.int32(number), numpy.int32(Family.ABSENT))
        family.own(slice(0, 0), number)
    plan.families[family.name] = family
    plan.defaults[family.name] = numpy.broadcast_to(numpy.nan, family.size + 1)


def _same(one: Use, other: Use) -> bool:
    """Whether members that are read are the same ones for each combination, or others for each. Raises
    NotLoops where it depends."""
    places = [
        numpy.arange(each.start, each.stop) if isinstance(each, slice) else whole(each)
        for each in (one.places, other.places)
    ]
    if len(places[0]) != len(places[1]):
        _refuse("is by a name that its body reads for other combinations, too")
    same = places[0] == places[1]
    if same.any() and not same.all():
        _refuse("is by a name that its body reads for other combinations, too")
    return bool(same.all())


def _refuse(what: str) -> NoReturn:
    raise NotLoops(f"a derivative {what}")
