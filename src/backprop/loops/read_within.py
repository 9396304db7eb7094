"""What a derivative goes through, for each combination by another member: `derivative(y[i]*x[i], x[i])`,
where `y[i]` has an equation. That is read again, for the members that are read there, and stands in their
place until the derivative is known; what this has of their values is then read from the members."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.chain.columns import Row, has_value_in_slopes
from backprop.chain.walk import Operand
from backprop.graph import in_order
from backprop.loops.affine import Affine, Places, affine, numbered, whole
from backprop.loops.derivative_sweep import refuse
from backprop.loops.domains import Domain, Wholes
from backprop.loops.family import is_named
from backprop.loops.in_time import TimeOrder
from backprop.loops.leading_bounds import LeadingBounds
from backprop.loops.many import Variable
from backprop.loops.parts import Block, Use
from backprop.loops.placement import Layout
from backprop.loops.rows import ArrayColumns, Gathered, Index, Lift, Read
from backprop.loops.taken_rows import TakenRows, for_some, made_with, reading
from backprop.operations import GATHERS

_BY_TERMS = ("*", "logsumexp", "hypot")

_AGAIN, _AGAIN_BY_FEW = 30, 3
"""So often an equation is read again within itself: `derivative(s[i], d[i-2])` of a sum up to i; by a few
members, of which it can be found how all moves with each."""

FEW_MEMBERS = 16
"""By so many members derivatives may be for which it is found how all moves with each."""

_DEEP, _MOST = 60, 600
"""The most equations one after another, and the most readings, that are read again for one derivative."""


class HeldState:
    """What is found on the way to a derivative by one number of a state. others: the other numbers, which are
    held, as readings. apart: whether what a single combination reads is the same at all times, too. of: the
    row that is derived, with equations in the place of members; read: makes it one of members again. numbers:
    of what it has that is the same at all times, and is held too, the row and that which stands for it.
    known: the readings of what moves, and stays."""

    def __init__(self, others: Sequence[Use], apart: bool) -> None:
        self.others, self.apart = others, apart
        self.of = -1
        self.numbers: Mapping[int, int] = {}
        self.known: Sequence[Use] = ()
        self.read: Callable[[int], int] = lambda row: row


class ReadWithin:
    """A row in which equations stand in the place of members that move.

    moved: the families of these. by: what moves them. derive: finds the derivatives in a row. order: of
    what need one another, if what is derived is among them. by_state: whether of what is read it is known
    otherwise how it moves. state: what it is one number of that moves them, if it is.
    """

    def __init__(
        self,
        plan: Layout,
        moved: Container[str],
        by: Use,
        derive: Callable[[int], object],
        order: TimeOrder | None,
        bounds: LeadingBounds | None,
        computed: Callable[[str], Sequence[tuple[Block, Places]]],
        by_state: Callable[[Use], bool] | None = None,
        state: HeldState | None = None,
    ) -> None:
        self._plan, self._columns = plan, plan.columns
        self._moved, self._by, self._derive, self._order = moved, by, derive, order
        self._bounds, self._unnamed = bounds, computed
        self._by_state, self._held = by_state, state.others if state else []
        self._state = state
        few = len(numpy.unique(whole(numbered(by.places)))) <= FEW_MEMBERS
        self._again_most = _AGAIN_BY_FEW if few else _AGAIN
        self._top = self._columns.whole
        self.settled = set[int]()
        """The readings of which the members that the derivative is not by do not move."""
        self.still = set[int]()
        """The readings of what does not move."""
        self.by_state = dict[int, Use]()
        """Those that move, and stay readings."""
        self._for_all = set[int]()
        """The readings in equations of several members that are one number for all of these."""
        self.members = dict[int, int]()
        """The rows of equations that stand in the place of members, and what reads these."""
        self._known = dict[tuple[Any, ...], int]()

    def row(self, of: int) -> int:
        """This row with equations in the place of members, for each combination of what moves them."""
        columns, outer = self._columns, self._columns.homes[self._by.row]
        self._top = columns.homes[of]
        if self._top is not columns.whole and self._top in outer.around():
            self._top, of = outer, columns.lift(of, outer) if outer is not self._top else of
        return self._within(of, ())

    def read(self, found: int) -> int:
        """A row made of what `row` is with the members where their equations stand."""
        return made_with(self._columns, found, {**self.members}) if self.members else found

    def for_some(self, root: int, some: Domain) -> int:
        """As the function of this name."""
        return for_some(self._columns, root, some, self.members)

    def made_again(self, others: Mapping[int, int]) -> None:
        """Take note that rows have been made again: others by their numbers."""
        known = {others[row]: member for row, member in self.members.items() if row in others}
        self.members.update(known)

    def _within(self, of: int, path: tuple[str, ...]) -> int:
        columns, uses = self._columns, self._plan.uses
        order = in_order([of], lambda row: () if row in uses else columns.operands(row))
        made = {row: self._equation(uses[row], path) for row in order if row in uses}
        made = {row: other for row, other in made.items() if row != other}
        return made_with(columns, of, made) if made else of

    def _equation(self, use: Use, path: tuple[str, ...]) -> int:
        """The row that stands in the place of a reading: itself where nothing has to."""
        plan, own = self._plan, use.family == self._by.family
        if not (use.family in self._moved or own) or self._top is self._columns.whole:
            return use.row
        use = self._for_each(use)
        home = self._columns.homes[use.row]
        if self._top not in home.around() or (stays := self._stays(use, home)).all():
            return use.row
        if use.row in self.by_state or (self._by_state and self._by_state(use)):
            self.by_state[use.row] = use
            return use.row
        places = whole(numbered(use.places))
        family = plan.families[use.family]
        if (places == family.size).any():
            refuse("goes through members of which some read nothing")
        key = use.family, home, places.tobytes()
        if key in self._known:
            return self._known[key]
        owner, shares = numpy.where(stays, -1, family.owner[places]), list[int]()
        covered = numpy.zeros(home.size, dtype=bool)
        if not is_named(use.family):
            shares += self._unnamed_shares(use, numpy.where(stays, -1, places), path, covered)
            owner = numpy.full_like(owner, -1)
        for number in sorted({*owner.tolist()} & plan.computed.keys()):
            self._check(use, path)
            hit = owner == number
            combinations = self._combinations(number)[places[hit]]
            hit[hit] = computed = plan.computed[number][combinations]
            if hit.any():
                shares.append(self._share(use, hit, number, combinations[computed], path))
                covered |= hit
        if not shares:
            self._stay(use)
            return use.row
        if not covered.all():
            shares.append(self._staying(use, ~covered))
        found = shares[0]
        for share in shares[1:]:
            found = self._columns.step("+", (found, share))
        self._known[key] = found = self._columns.step("copy", (found,))
        self.members[found] = use.row
        return found

    def _check(self, use: Use, path: tuple[str, ...]) -> None:
        """Refuse what goes on for long. path: the families around."""
        again = path.count(use.family) > self._again_most
        if again or len(path) > _DEEP or len(self.members) > _MOST:
            refuse("goes through members that need one another, for each combination by others")

    def _staying(self, use: Use, some: NDArray[numpy.bool_]) -> int:
        """A reading for those of its combinations for which it stays one."""
        home = self._columns.homes[use.row]
        domain = Domain(home, some.astype(numpy.int64))
        row = reading(self._plan, use.family, whole(numbered(use.places))[some], domain)
        self._stay(self._plan.uses[row])
        return self._columns.special(Gathered(row, GATHERS["sum"]), home)

    def _stay(self, use: Use) -> None:
        """Take note that all that is read there does not move, but for the member that a derivative is by."""
        self.settled.add(use.row)
        if use.family != self._by.family or not hits_of(self._columns, use, self._by).any():
            self.still.add(use.row)

    def _unnamed_shares(
        self, use: Use, places: Wholes, path: tuple[str, ...], covered: NDArray[numpy.bool_]
    ) -> Iterator[int]:
        """As `_share`, of what computes a family that the text does not name. places: -1 where the reading
        stays. covered: takes for which combinations there are some."""
        columns, home = self._columns, self._columns.homes[use.row]
        for every, target in self._unnamed(use.family):
            self._check(use, path)
            at = numpy.full(self._plan.families[use.family].size, -1, dtype=numpy.int64)
            at[target] = numpy.arange(len(at[target]))
            hit = (places >= 0) & (at[places] >= 0)
            covered |= hit
            if hit.any():
                domain = home if hit.all() else Domain(home, hit.astype(numpy.int64))
                read = {each.row: each for each in every.uses}
                root = every.roots[0]
                of = columns.homes[root]
                self._note_for_all(root, of)
                root = TakenRows(self._plan, read, of, at[places][hit], domain).row(root)
                root = root if columns.homes[root] is domain else columns.lift(root, domain)
                root = each_by_itself(columns, root)
                yield self._placed(root, use, domain, path)

    def _share(
        self,
        use: Use,
        hit: NDArray[numpy.bool_],
        number: int,
        combinations: Wholes,
        path: tuple[str, ...],
    ) -> int:
        """The right side of a statement for the members that a reading has of it. hit: where it has some.
        combinations: which of the statement's."""
        columns, home = self._columns, self._columns.homes[use.row]
        domain = home if hit.all() else Domain(home, hit.astype(numpy.int64))
        root = self._again(number, combinations, domain)
        self._note_for_all(root, self._plan.loops[number].domain)
        self._derive(root)  # before: a derivative is a copy of what it is of until it is known
        return self._placed(each_by_itself(columns, root), use, domain, path)

    def _placed(self, root: int, use: Use, domain: Domain, path: tuple[str, ...]) -> int:
        """What stands for a reading where that is a row. domain: the row's, the reading's or one within."""
        columns, home = self._columns, self._columns.homes[use.row]
        root = self._within(root, (*path, use.family))
        if stands_for_another(columns, root):
            refuse("goes through members that are a step of something else")
        if not has_other_slopes(columns, root):
            self.members[root] = use.row if domain is home else columns.lift(use.row, domain)
        return root if domain is home else columns.special(Gathered(root, GATHERS["sum"]), home)

    def _note_for_all(self, root: int, of: Domain) -> None:
        """Take note of what an equation reads once for all of its members, if these are several: also where
        only one of them is read, that is no number of its time. of: its combinations."""
        columns, uses = self._columns, self._plan.uses
        if self._state and of.size > 1:
            order = in_order([root], lambda row: () if row in uses else columns.operands(row))
            self._for_all |= {
                row for row in order if row in uses and columns.homes[row] is columns.whole
            }

    def _for_each(self, use: Use) -> Use:
        """A reading of what is the same for several combinations as one of each."""
        columns, top, home = self._columns, self._top, self._columns.homes[use.row]
        each = use.family in (self._by.family, *(held.family for held in self._held))
        if self._state and (top.size > 1 or self._state.apart or use.row in self._for_all):
            each = False  # of all times
        names = home is columns.whole and not (each or self._order)
        if names or home is top or home not in top.around():
            return use
        special = columns.specials[use.row]
        assert isinstance(special, Read)
        key = "", use.row
        if key not in self._known:
            at = tuple(
                each.lifted(top) if isinstance(each, Affine) else top.lifted(each, home)
                for each in special.at
            )
            read = columns.special(Read(use.family, at, top), top)
            self._known[key] = read
            places = self._plan.families[use.family].members(at)
            if not at:
                places = numpy.zeros(top.size, dtype=numpy.int64)
            self._plan.uses[read] = Use(read, use.family, places)
        return self._plan.uses[self._known[key]]

    def _stays(self, use: Use, home: Domain) -> NDArray[numpy.bool_]:
        """For which combinations a reading is of the member that a derivative is by, or of what does not move
        with it. Takes note where it is so for all."""
        own, hits = use.family == self._by.family, numpy.zeros(home.size, dtype=bool)
        if own:
            hits = hits_of(self._columns, use, self._by)
        if own and (hits.all() or use.family not in self._moved):
            return numpy.ones_like(hits)
        still = self._before(use, home)
        if self._bounds and (outer := self._columns.homes[self._by.row]) in home.around():
            by = home.lifted(whole(numbered(self._by.places)), outer)
            still = still | self._bounds.none_at(use, by)
        for held in self._held:
            if held.family == use.family and self._columns.homes[held.row] in home.around():
                still = still | hits_of(self._columns, use, held)
        if (still | hits).all():
            self._stay(use)
        return still | hits

    def _before(self, use: Use, home: Domain) -> NDArray[numpy.bool_]:
        """For which combinations a reading is of what does not need the member that a derivative is by: of
        what is computed before that, or at the same time by what does not need it."""
        order, time = self._order, self._order.time if self._order else {}
        if not order or use.family not in time or self._by.family not in time:
            return numpy.zeros(home.size, dtype=bool)
        keys = list[Any]()
        for each in (use, self._by):
            special, inner = self._columns.specials[each.row], self._columns.homes[each.row]
            assert isinstance(special, Read)
            keys.append(home.lifted(whole(time[each.family].of(special.at)), inner))
            owner = self._plan.families[each.family].owner[whole(numbered(each.places))]
            keys.append(home.lifted(owner, inner))
        one, own, other, theirs = keys
        found: NDArray[numpy.bool_] = (one == other) & (own == theirs)  # of one statement
        found |= ~numpy.isin(own, [*self._plan.computed])
        if order.needs is None:
            return found
        found |= one > other if order.backwards else one < other
        for number, needs in order.needs.items():
            for by in order.needs:
                if by not in needs:
                    found |= (one == other) & (own == number) & (theirs == by)
        return found

    def _combinations(self, number: int) -> Wholes:
        """Of each place of a family which combination of a statement defines it."""
        loop = self._plan.loops[number]
        family = self._plan.families[loop.family]
        found = numpy.full(family.size, -1, dtype=numpy.int64)
        places = family.places(loop.at)
        found[places] = numpy.arange(len(places))
        return found

    def _again(self, number: int, combinations: Wholes, domain: Domain) -> int:
        """The right side of a statement read again for some of its combinations, one for each of a domain."""
        plan, columns = self._plan, self._columns
        loop, scope = plan.loops[number], dict[str, Any]()
        for name, variable in loop.scope.items():
            numbers = whole(plan.builder.of_variable(variable.node, loop.domain))[combinations]
            known = affine(numbers, domain) or numbers
            scope[name] = Variable(columns.special(Index(known), domain))
        root = plan.builder.with_body(loop._replace(domain=domain, scope=scope)).root
        plan.enter_uses()
        return root


def each_by_itself(columns: ArrayColumns, root: int) -> int:
    """A row of which each combination is a step of its own: what is one number for several is lifted before
    its last step, and not behind it. Slopes that have the value then read the member's."""
    special = columns.specials.get(root)
    if not isinstance(special, Lift) or special.row in columns.specials:
        return root
    home = columns.homes[root]
    operands = [columns.lift(each, home) for each in columns.operands(special.row)]
    return columns.step(columns.op(special.row), operands) if operands else root


def stands_for_another(columns: ArrayColumns, root: int) -> bool:
    """Whether the last step of a body is, for some of its combinations, that of another row: of a sum of one
    term, or for several members. What its slopes have of its value is then not read from the members."""
    row, another = root, False
    while isinstance(special := columns.specials.get(row), Lift | Gathered):
        if isinstance(special, Gathered):
            counts = columns.homes[special.row].over(columns.homes[row]).counts
            if not (counts == 1).any():
                return another and special.gather.joined_by == "hypot"
        row, another = special.row, True
    return another and columns.is_step(row) and _by_value(columns, row)


def _by_value(columns: ArrayColumns, step: int) -> bool:
    called = list[Operand[Row]]()
    for each in columns.operands(step):
        while isinstance(special := columns.specials.get(each), Lift):
            each = special.row
        called.append(columns.constant(each) if columns.is_number(each) else Row(each))
    return has_value_in_slopes(columns.op(step), called)


def has_other_slopes(columns: ArrayColumns, row: int) -> bool:
    """Whether a row gathers what has slopes by its terms alone, step by step, of which loops write the same
    numbers by the result: then that is made again, and not read as the member that it is."""
    special = columns.specials.get(row)
    return isinstance(special, Gathered) and special.gather.joined_by in _BY_TERMS


def hits_of(columns: ArrayColumns, use: Use, by: Use) -> NDArray[numpy.bool_]:
    """For each combination for which members are read whether it is the one that a derivative is by."""
    home, outer = columns.homes[use.row], columns.homes[by.row]
    one, other = whole(numbered(use.places)), whole(numbered(by.places))
    if outer.parent is None:
        found: NDArray[numpy.bool_] = one == other[0]
    elif outer in home.around():
        found = one == home.lifted(other, outer)
    else:
        refuse("is by a name of which its body reads a member for all combinations, too")
    return found
