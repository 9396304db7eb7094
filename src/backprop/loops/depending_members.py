"""Which members depend on one, found going forward through a program of loops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType

import numpy

from backprop.graph import in_order
from backprop.loops.affine import numbered, whole
from backprop.loops.derivative_sweep import refuse
from backprop.loops.domains import Domain, spread
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block, Turn, Use
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.zero_members import Holds, flat_somewhere, led_to

RunBody = Turn | Timed

_ROUNDS = 12
"""So often is looked which members of a recurrence depend on something, from each guess."""


_MOST_LOOKED_AT = 5_000_000
"""Members, for each that derivatives are by, that are looked at for what depends on it."""

_ENDS = 4
"""So many of the first and of the last members that derivatives are by are looked at exactly: there are
the borders of a text. All others are known to depend or not by what stands between."""


class DependingMembers:
    """The members that depend on that one. family, place: where it stands. sloped: whether what has no
    slope, and the condition of a choice, do not count. known: as of `led_to`."""

    def __init__(
        self,
        plan: Layout,
        family: str,
        place: int,
        sloped: bool,
        known: Mapping[int, Holds] = MappingProxyType({}),
    ) -> None:
        self._plan, self._family, self._place, self._sloped = plan, family, place, sloped
        self._known = known
        self._led: dict[str, Holds] = {}

    def members(self, family: str) -> Holds:
        """The members of a family that depend on it, and one place more."""
        if family not in self._led:
            self._led[family] = numpy.zeros(self._plan.families[family].size + 1, dtype=bool)
            if family == self._family:
                self._led[family][self._place] = True
        return self._led[family]

    def on(self, root: int, uses: Sequence[Use]) -> Holds:
        some = {use.row: each for use in uses if (each := self.of(use)).any()}
        if not some:
            return numpy.zeros(self._plan.columns.homes[root].size, dtype=bool)
        return led_to(self._plan.columns, root, some, self._sloped, self._known)

    def of(self, use: Use) -> Holds:
        """For which combinations what a row reads depends on it."""
        return self.members(use.family)[whole(numbered(use.places))]

    def mark(self, run: Turn | Recurrence, parts: Sequence[Block]) -> None:
        """Find which members that a run computes depend on it."""
        bodies = bodies_of(run)
        if isinstance(run, Turn):
            self.members(run.family)[run.target] = self._and_itself(
                run, self.on(parts[0].roots[0], parts[0].uses)
            )
            return
        looked = False
        for guess in self._guesses(run, parts):
            for body, each in zip(bodies, guess, strict=True):
                self.members(body.family)[body.target] = self._and_itself(body, each)
            for _ in range(_ROUNDS):
                # each member needs others, never itself: what says of all the same again is so
                found = [
                    self._and_itself(body, self.on(each.roots[0], each.uses))
                    for body, each in zip(bodies, parts, strict=True)
                ]
                same = True
                for body, each in zip(bodies, found, strict=True):
                    marks = self.members(body.family)
                    same = same and bool((marks[body.target] == each).all())
                    marks[body.target] = each
                if same:
                    return
            looked = True
        if looked:
            refuse("is by a member that some of a recurrence depend on")

    def _and_itself(self, body: RunBody, found: Holds) -> Holds:
        """What is found for the members of a body, where that one is among them."""
        if body.family == self._family:
            found = found | (whole(numbered(body.target)) == self._place)
        return found

    def _guesses(self, run: Recurrence, parts: Sequence[Block]) -> Iterator[list[Holds]]:
        """Of a recurrence none of its members, if none reads one; those from the first time on at which one
        does; all, and none."""
        none = [numpy.zeros(body.domain.size, dtype=bool) for body in run.bodies]
        for body, each in zip(run.bodies, none, strict=True):
            self.members(body.family)[body.target] = self._and_itself(body, each)
        begins = [self.on(each.roots[0], each.uses) for each in parts]
        if not any(each.any() for each in begins):
            return
        times = [
            numpy.repeat(whole(body.times), numpy.diff(body.ends)) * (-1 if run.backwards else 1)
            for body in run.bodies
        ]
        first = min(
            int(at[each].min()) for at, each in zip(times, begins, strict=True) if each.any()
        )
        yield [at >= first for at in times]
        yield [~each for each in none]
        yield none


def depends(
    plan: Layout,
    of: int,
    by: Use,
    home: Domain,
    led: Holds,
    known: Mapping[int, Holds],
    exact: bool,
    computed: Callable[[], Iterable[tuple[Turn | Recurrence, Sequence[Block]]]],
) -> Holds:
    """For which combinations a row depends on what a derivative of it is by, also by what has no slope, as a
    condition. home: the combinations of the derivative. led: for which it may be more than 0, which is more
    than those for which it is: exactly so by the first and last members alone. known: as of `led_to`.
    exact: whether all that the row needs is computed before, as it is not in a recurrence of derivatives.
    computed: what is computed before, with all that leads to it."""
    columns = plan.columns
    places = home.lifted(whole(numbered(by.places)), columns.homes[by.row])
    size, found = sum(each.size for each in plan.families.values()), led
    at_ends = numpy.unique(places)
    if len(at_ends) > 2 * _ENDS:
        at_ends = at_ends[[*range(_ENDS), *range(-_ENDS, 0)]]
    unsure = numpy.unique(places[~led])
    if len(unsure) * size > _MOST_LOOKED_AT:
        unsure = unsure[:0]
    if not led.any() or len(at_ends) * size > _MOST_LOOKED_AT:
        at_ends = at_ends[:0]
    if not (len(unsure) or len(at_ends)):
        return led
    rows, runs = in_order([of], columns.operands), [*computed()]
    if not flat_somewhere(columns, chain(rows, *(each.steps for _, some in runs for each in some))):
        unsure = unsure[:0]
    uses = [plan.uses[row] for row in rows if row in plan.uses]
    if not exact or not _is_all_computed(plan, uses, runs):
        at_ends = at_ends[:0]
    for place in numpy.union1d(unsure, at_ends).tolist():
        one = DependingMembers(plan, by.family, place, False, known)
        try:
            for run, parts in runs:
                one.mark(run, parts)
        except NotLoops:  # not known, which is no reason to unroll
            continue
        here = places == place
        does = spread(one.on(of, uses), columns.homes[of], home)
        found = numpy.where(here, does & (led | (place in unsure)), found)
    return found


def _is_all_computed(
    plan: Layout,
    uses: Sequence[Use],
    runs: Sequence[tuple[Turn | Recurrence, Sequence[Block]]],
) -> bool:
    """Whether all members that are read, and those that these read, are inputs, or computed by some run."""
    done = dict[str, Holds]()
    for run, _ in runs:
        for body in bodies_of(run):
            if body.family not in done:
                size = plan.families[body.family].size
                done[body.family] = numpy.append(plan.inputs_of(body.family), True)
                assert len(done[body.family]) == size + 1
            done[body.family][body.target] = True
    for use in chain(uses, *(each.uses for _, parts in runs for each in parts)):
        inputs = plan.inputs_of(use.family) if use.family not in done else None
        there = done[use.family] if inputs is None else numpy.append(inputs, True)
        if not there[whole(numbered(use.places))].all():
            return False
    return True


def bodies_of(run: Turn | Recurrence) -> Sequence[RunBody]:
    return run.bodies if isinstance(run, Recurrence) else [run]
