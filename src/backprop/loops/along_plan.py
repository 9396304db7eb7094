"""What a plan computes along a line: where inputs move as `x + t*v`, the power series of all members in t.

The coefficients of a family are families of its shape, `x·1`, `x·2`, …, computed by loops as it is; of a
recurrence they are recurrences, computed time by time beside it. So what comes out is a plan, which has
values and gradients as any other: the gradient of the first coefficient of an output by the inputs is its
Hessian times v, and by v its gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy

import numpy

from backprop.chain.columns import Row
from backprop.chain.walk import Operand
from backprop.graph import in_order
from backprop.loops.affine import Places
from backprop.loops.derived import by_number, spread
from backprop.loops.file_numbers import FileNumbers, entered
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Gathered, Read
from backprop.loops.sequence import divided, quickest
from backprop.loops.series_rows import SeriesRows

_SINGLE = 20_000
"""The most single steps of one time that are worth code of their own: arrays of few numbers take as long as
some hundred of them."""


def coefficient(family: str, order: int) -> str:
    """What a family of coefficients is called; of order 0 the family itself."""
    return f"{family}·{order}" if order else family


class AlongPlan(Plan):
    """A plan with the coefficients of its families up to an order.

    moving: the families whose inputs move; their parts of the direction are the numbers of `x·1`. asked: the
    families that are asked for: what does not lead to them is left out. Raises NotLoops.
    """

    def __init__(self, plan: Plan, moving: Iterable[str], asked: Iterable[str], order: int) -> None:
        self.__dict__.update(copy(plan).__dict__)
        self.__dict__.pop("in_file_order", None)
        self.order = order
        self._own = len(plan.columns)
        self.families, self.uses = {**plan.families}, {**plan.uses}
        self.runs, self._reached = [], {}
        self.needed = {*asked}
        """The families that are asked for, and all that lead to them."""
        runs = [*self._leading(plan.runs)][::-1]
        for use in (use for run in runs for each in _bodies(run) for use in each.part.uses):
            if isinstance(self.columns.specials.get(use.row), Read):
                self.uses[use.row] = use  # also of derivatives, which the text does not name
        self.orders: dict[str, int] = dict.fromkeys(moving, 1)
        """Of each family that moves the highest order of its coefficients."""
        rows = set[int]()
        for run in runs:
            parts = [each.part for each in _bodies(run)]
            if any(
                not rows.isdisjoint(part.outer)
                or any(use.family in self.orders for use in part.uses)
                for part in parts
            ):
                self.orders |= dict.fromkeys(_families(run), order)
                if not _families(run):
                    rows.update(row for part in parts for row in part.roots)
        self._of: dict[str, tuple[str, int]] = {}
        """The family and the order of each family of coefficients."""
        self.defaults, self._partly = {**plan.defaults}, {*plan._partly}
        for family, most in self.orders.items():
            for at in range(1, most + 1):
                name = coefficient(family, at)
                self.families[name] = twin = copy(plan.families[family])
                twin.name = name
                self._of[name] = family, at
                self.defaults[name] = plan.defaults[family]
                self._partly.update([name] if family in plan._partly else ())
        self._members: dict[tuple[int, int], int] = {}
        steps = [step for run in runs for each in _bodies(run) for step in each.part.steps]
        self._series = SeriesRows(self.columns, dict.fromkeys(steps), self._member)
        for run in runs:
            self._add(run)

    def _leading(self, runs: Sequence[Turn | Recurrence]) -> Iterator[Turn | Recurrence]:
        """The runs that are needed, the last one first."""
        outer = set[int]()
        for run in reversed(runs):
            rows = run.part.roots if isinstance(run, Turn) and not run.family else ()
            if self.needed.isdisjoint(_families(run)) and outer.isdisjoint(rows):
                continue
            for each in _bodies(run):
                outer.update(each.part.outer)
                self.needed.update(use.family for use in each.part.uses)
            yield run

    def numbers(
        self,
        known: Mapping[str, FileNumbers],
        direction: Sequence[tuple[str, Places, Sequence[float]]] = (),
    ) -> dict[str, FileNumbers]:
        """The numbers of all families, those of coefficients 0 where no direction is given. direction:
        families of inputs, places there, and numbers."""
        found = {**known}
        for family, most in self.orders.items():
            size = self.families[family].size + 1
            found |= {coefficient(family, at): numpy.zeros(size) for at in range(1, most + 1)}
        for family, places, numbers in direction:
            name = coefficient(family, 1)
            found[name] = entered(found[name], places, numbers)
        return found

    def moves(self, row: int) -> bool:
        """Whether a row depends on what moves."""
        return self._series.moves(row)

    def is_own(self, row: int) -> bool:
        """Whether a row is one of the plan itself."""
        return row < self._own

    def moved_row(self, row: int) -> Operand[Row]:
        """How a row moves along the line: a row that is computed for the output, or a number."""
        return self._series.first(row)

    def made_to_move(self, row: int) -> int | None:
        """A row of how a row moves along the line, needed or not; None where it stays."""
        return self._series.of(row, 1)

    def _member(self, row: int, order: int) -> int | None:
        """The row that reads coefficients of the members that a row reads."""
        use = self.uses[row]
        if order > self.orders.get(use.family, 0):
            return None
        key = row, order
        if key not in self._members:
            special = self.columns.specials[row]
            assert isinstance(special, Read)
            name = coefficient(use.family, order)
            made = self.columns.special(
                Read(name, special.at, special.within), self.columns.homes[row]
            )
            self.uses[made] = Use(made, name, use.places)
            self._members[key] = made
        return self._members[key]

    def again(self, family: str, loop: Repeated) -> Repeated:
        if family not in self._of:
            return loop
        columns, specials = self.columns, self.columns.specials
        other = self.builder.with_body(loop)
        self.enter_uses()
        for one, two in zip(
            *(in_order([each.root], columns.operands) for each in (loop, other)), strict=True
        ):
            if isinstance(specials.get(one), Gathered) and columns.homes[one] is columns.homes[two]:
                self._series.twins[one] = two
        row = self._series.of(loop.root, self._of[family][1])
        if row is None or not columns.is_step(row):
            home = columns.homes[loop.root]
            row = columns.number(0.0) if row is None else row
            row = spread(columns, columns.step("copy", (row,)), home)
        return loop._replace(family=family, root=row)

    def _bordering(self, of: Block) -> Block:
        """A part with the borders of the text, and of slopes those that count: see `derived.choosing`."""
        some = [
            step
            for step in of.bordering
            if step < self._own or (step in of.moving and by_number(self.columns, step))
        ]
        return of._replace(bordering=some)

    def _add(self, run: Turn | Recurrence) -> None:
        """Enter a run, and what computes the coefficients of its members."""
        if isinstance(run, Turn):
            self.runs.append(run)
            for at in range(1, self.orders.get(run.family, 0) + 1):
                if (row := self._series.of(run.part.roots[0], at)) is not None:
                    made = self._bordering(part(self.columns, [row], self.uses))
                    self.runs.append(Turn(made, coefficient(run.family, at), run.target))
            return
        bodies = list[Timed]()
        for body in run.bodies:
            bodies.append(body)
            for at in range(1, self.orders.get(body.family, 0) + 1):
                row = self._series.of(body.part.roots[0], at)
                if row is None:
                    continue
                every = part(self.columns, [row], self.uses)
                within, before = divided(self.columns, every, body.first, self.uses)
                if before:
                    self.runs.append(before._replace(part=self._bordering(before.part)))
                name = coefficient(body.family, at)
                within = self._bordering(within)
                own = body.own and body.own._replace(family=name, root=row)
                bodies.append(body._replace(part=within, family=name, own=own))
        self.runs.append(quickest(bodies, run.backwards, _SINGLE))


def _bodies(run: Turn | Recurrence) -> Sequence[Turn | Timed]:
    return run.bodies if isinstance(run, Recurrence) else [run]


def _families(run: Turn | Recurrence) -> set[str]:
    """The families that a run computes members of; none where its rows are kept for another one."""
    return {each.family for each in _bodies(run)} - {""}
