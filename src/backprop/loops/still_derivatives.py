"""Members of families of derivatives that are 0: which they are, and their times, as a recurrence would have
them that computes them."""

from __future__ import annotations

from collections.abc import Container, Iterator

import numpy

from backprop.loops.derived import spread
from backprop.loops.domains import Domain, Wholes
from backprop.loops.parts import Turn, part
from backprop.loops.placement import Layout
from backprop.loops.recurrence import Timed
from backprop.loops.zero_members import Holds


class StillDerivatives:
    """The members that are 0 of families of derivatives of a plan."""

    def __init__(self, plan: Layout) -> None:
        self._plan = plan
        self._zero = dict[str, Holds]()
        self._bodies = list[Timed]()

    def enter(self, name: str, body: Timed, home: Domain, first: Domain) -> Turn:
        """Take note that members are 0 that stand where those of a body do. Answers with what computes them.
        name: of their family. home, first: of their rows."""
        columns = self._plan.columns
        row = spread(columns, columns.step("copy", [columns.number(0.0)]), home)
        every = part(columns, [row], self._plan.uses)
        size = self._plan.families[name].size + 1
        self._zero.setdefault(name, numpy.zeros(size, dtype=bool))[body.target] = True
        self._bodies.append(Timed(every, name, body.target, home, first, body.times, (), None))
        return Turn(every, name, body.target)

    def again(self, of: str, name: str) -> Iterator[Turn]:
        """As `enter`, for how all members of a family move that are 0. name: of the family of that."""
        for body in self.bodies({of}):
            yield self.enter(name, body, body.domain, body.first)

    def bodies(self, families: Container[str]) -> list[Timed]:
        """Those of some families, as bodies of recurrences."""
        return [body for body in self._bodies if body.family in families]

    def moves(self, family: str, places: Wholes) -> Holds:
        """Which members of a family are not known to be 0."""
        zero = self._zero.get(family)
        return numpy.ones(len(places), dtype=bool) if zero is None else ~zero[places]

    def forget(self, families: Container[str]) -> None:
        """Of families that there are no more."""
        self._bodies = [body for body in self._bodies if body.family not in families]
        self._zero = {name: each for name, each in self._zero.items() if name not in families}
