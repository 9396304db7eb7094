"""Which members depend on one, found going forward through a program of loops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy

from backprop.graph import in_order
from backprop.loops.affine import numbered, whole
from backprop.loops.derivative_sweep import refuse
from backprop.loops.domains import Domain, spread
from backprop.loops.parts import Block, Turn, Use
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.zero_members import Holds, chooses, led_to

RunBody = Turn | Timed

_ROUNDS = 12
"""So often is looked which members of a recurrence depend on something, from each guess."""


_MOST_LOOKED_AT = 5_000_000
"""Members, for each that derivatives are by, that are looked at for what depends on conditions alone."""


class DependingMembers:
    """The members that depend on that one. family, place: where it stands. sloped: whether what has no
    slope, and the condition of a choice, do not count."""

    def __init__(self, plan: Layout, family: str, place: int, sloped: bool) -> None:
        self._plan, self._family, self._place, self._sloped = plan, family, place, sloped
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
        return led_to(self._plan.columns, root, some, self._sloped)

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
        refuse("is by a member that some of a recurrence depend on")

    def _and_itself(self, body: RunBody, found: Holds) -> Holds:
        """What is found for the members of a body, where that one is among them."""
        if body.family == self._family:
            found = found | (whole(numbered(body.target)) == self._place)
        return found

    def _guesses(self, run: Recurrence, parts: Sequence[Block]) -> Iterator[list[Holds]]:
        """All members of a recurrence, none, and those from the first time on at which one reads it."""
        sizes = [body.domain.size for body in run.bodies]
        yield [numpy.ones(size, dtype=bool) for size in sizes]
        none = [numpy.zeros(size, dtype=bool) for size in sizes]
        for body, each in zip(run.bodies, none, strict=True):
            self.members(body.family)[body.target] = self._and_itself(body, each)
        begins = [self.on(each.roots[0], each.uses) for each in parts]
        yield none
        times = [
            numpy.repeat(whole(body.times), numpy.diff(body.ends)) * (-1 if run.backwards else 1)
            for body in run.bodies
        ]
        first = min(
            int(at[each].min()) for at, each in zip(times, begins, strict=True) if each.any()
        )
        yield [at >= first for at in times]


def depends(
    plan: Layout,
    of: int,
    by: Use,
    home: Domain,
    led: Holds,
    computed: Callable[[], Iterable[tuple[Turn | Recurrence, Sequence[Block]]]],
) -> Holds:
    """For which combinations a row depends on what a derivative of it is by, also by conditions alone, which
    lead to no slope. home: the combinations of the derivative. led: for which it may be more than 0.
    computed: what is computed before, with all that leads to it."""
    columns = plan.columns
    places = home.lifted(whole(numbered(by.places)), columns.homes[by.row])
    unsure = numpy.unique(places[~led])
    work = len(unsure) * sum(each.size for each in plan.families.values())
    if work > _MOST_LOOKED_AT or not chooses(plan):
        return led
    rows = in_order([of], columns.operands)
    uses, runs, found = [plan.uses[row] for row in rows if row in plan.uses], [*computed()], led
    for place in unsure.tolist():
        one = DependingMembers(plan, by.family, place, sloped=False)
        for run, parts in runs:
            one.mark(run, parts)
        found = found | (places == place) & spread(one.on(of, uses), columns.homes[of], home)
    return found


def bodies_of(run: Turn | Recurrence) -> Sequence[RunBody]:
    return run.bodies if isinstance(run, Recurrence) else [run]
