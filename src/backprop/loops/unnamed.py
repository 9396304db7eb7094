"""The families that a text does not name: what derivatives in it are made of. A member that reads one of
theirs reads what these are made of, as where a derivative is unrolled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.errors import TooLarge
from backprop.graph import in_order
from backprop.loops.affine import numbered, whole
from backprop.loops.derivative_rows import DerivativeRows
from backprop.loops.domains import Domain, Wholes, spread
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.plan import Plan, asked_in
from backprop.loops.recurrence import Recurrence, Timed

_ROUNDS = 12
"""So often is looked which members of a recurrence something leads to, from each guess."""

MarkedMembers = dict[str, NDArray[numpy.bool_]]
"""Of each family some members."""


class UnnamedPiece(NamedTuple):
    """What computes some members of one of these families. block: all that leads to them. places: where they
    stand, one for each combination of its root. times: of these, of a recurrence, from the first one on."""

    family: str
    block: Block
    places: Wholes
    times: Wholes | None = None

    @property
    def root(self) -> int:
        return self.block.roots[0]

    @property
    def home(self) -> Domain:
        """The home of the root."""
        return self.block.columns.homes[self.root]


class Unnamed:
    """These families. groups: what computes them, in order; the pieces of a recurrence together. copies: rows
    that stand for others."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.groups: list[list[UnnamedPiece]] = []
        self.copies: set[int] = set()
        self._families: set[str] = set()
        if plan.builder.derivatives is None:
            return
        assert isinstance(plan.builder.derivatives, DerivativeRows)
        named = {loop.family for loop in plan.loops}
        uses = {**plan.uses}
        for run in plan.runs:
            bodies: Sequence[Turn | Timed] = run.bodies if isinstance(run, Recurrence) else [run]
            for body in bodies if isinstance(run, Turn) and not run.family else ():
                uses.update((use.row, use) for use in body.part.uses)
            group = [
                self._piece(body, uses, isinstance(run, Recurrence) and run.backwards)
                for body in bodies
                if body.family and body.family not in named
            ]
            if group:
                self.groups.append(group)
                self._families.update(each.family for each in group)
        roots = {each.root for each in self.pieces}
        self.copies |= plan.builder.derivatives.rows
        self.copies |= {root for root in roots if plan.columns.op(root) == "copy"}

    def _piece(self, body: Turn | Timed, uses: Mapping[int, Use], backwards: bool) -> UnnamedPiece:
        block = body.part
        if block.outer:
            every = {**uses, **{use.row: use for use in block.uses}}
            block = part(self._plan.columns, block.roots, every)
        places = whole(numbered(body.target))
        if isinstance(body.target, slice):
            places = numpy.arange(self._plan.families[body.family].size)[body.target]
        times = None
        if isinstance(body, Timed):
            times = numpy.repeat(whole(body.times), numpy.diff(body.ends))
            times = -times if backwards else times
        return UnnamedPiece(body.family, block, places, times)

    def __contains__(self, family: str) -> bool:
        return family in self._families

    @property
    def pieces(self) -> Iterator[UnnamedPiece]:
        """What computes them, in order."""
        for group in self.groups:
            yield from group

    def at(self, family: str, place: int) -> tuple[UnnamedPiece, int]:
        """What computes a member, and its combination there. Raises NotLoops."""
        for each in self.pieces:
            if each.family == family:
                found = numpy.flatnonzero(each.places == place)
                if len(found):
                    return each, 0 if each.home.parent is None else int(found[0])
        raise NotLoops("a member that nothing computes")

    def with_users(self, places: Mapping[str, Wholes]) -> Mapping[str, Wholes]:
        """Places by family, and those of these families that read one of them, on any way. Raises NotLoops
        where that is not found soon."""
        found = {**places}
        marks: MarkedMembers = {}
        for group in self.groups:
            if len(group) == 1 and group[0].times is None:
                self._mark(group[0], self._reads_some(group[0], found), marks, found)
            else:
                self._settle(group, lambda each: self._reads_some(each, found), marks, found)
        return found

    def _reads_some(
        self, piece: UnnamedPiece, places: Mapping[str, Wholes]
    ) -> NDArray[numpy.bool_]:
        uses = {use.row: use for use in piece.block.uses}
        return reading(self._plan, piece.root, uses, places)

    def _mark(
        self,
        piece: UnnamedPiece,
        some: NDArray[numpy.bool_],
        marks: MarkedMembers,
        places: dict[str, Wholes],
    ) -> None:
        """Let some members of a piece be marked, and others not. places: takes where those stand."""
        family = piece.family
        if family not in marks:
            marks[family] = numpy.zeros(self._plan.families[family].size, dtype=bool)
        marks[family][piece.places] = some
        places[family] = numpy.flatnonzero(marks[family])
        if not len(places[family]):
            del places[family]

    def _settle(
        self,
        group: Sequence[UnnamedPiece],
        find: Callable[[UnnamedPiece], NDArray[numpy.bool_]],
        marks: MarkedMembers,
        places: dict[str, Wholes],
    ) -> None:
        """Mark members of a recurrence, where `find` says which from those that are marked. No member needs
        itself: what says of all the same again is so."""
        none = [numpy.zeros(len(each.places), dtype=bool) for each in group]
        for each, some in zip(group, none, strict=True):
            self._mark(each, some, marks, places)
        begins = [find(each) for each in group]
        if not any(each.any() for each in begins):
            return
        times = [each.times if each.times is not None else 0 * each.places for each in group]
        first = min(at[some].min() for at, some in zip(times, begins, strict=True) if some.any())
        for guess in [at >= first for at in times], begins:
            for each, some in zip(group, guess, strict=True):
                self._mark(each, some, marks, places)
            for _ in range(_ROUNDS):
                same = True
                for each in group:
                    some = find(each)
                    same = same and bool((marks[each.family][each.places] == some).all())
                    self._mark(each, some, marks, places)
                if same:
                    return
        raise NotLoops("a derivative goes through a recurrence")

    def reads(self, family: str, places: Wholes) -> Iterator[tuple[Use, Wholes]]:
        """What some members of a family that is none of these, or is one, stand for: places of named
        families, each with the use that reads them. Raises NotLoops where that is not found soon."""
        asked: MarkedMembers = {family: numpy.zeros(self._plan.families[family].size, dtype=bool)}
        asked[family][places] = True
        for group in reversed(self.groups):
            if not any(each.family in asked for each in group):
                continue
            if any(each.times is not None for each in group):
                self._lead(group, asked)
            for each in reversed(group):
                for use, read in self._read(each, asked):
                    if use.family not in self:
                        yield use, read
                    elif len(read):
                        self._asked(use.family, asked)[read] = True

    def _asked(self, family: str, asked: MarkedMembers) -> NDArray[numpy.bool_]:
        if family not in asked:
            asked[family] = numpy.zeros(self._plan.families[family].size, dtype=bool)
        return asked[family]

    def _read(self, piece: UnnamedPiece, asked: MarkedMembers) -> Iterator[tuple[Use, Wholes]]:
        """What the members of a piece read that are asked for."""
        some = self._asked(piece.family, asked)[piece.places]
        if not some.any():
            return
        some = some[:1] if piece.home.parent is None else some
        for use, which in asked_in(piece.block, {piece.root: some}, set()):
            if not which.any():
                continue
            read = numpy.arange(self._plan.families[use.family].size)[use.places][which]
            yield use, numpy.unique(read)

    def _lead(self, group: Sequence[UnnamedPiece], asked: MarkedMembers) -> None:
        """Ask for the members of a recurrence that lead to those that are asked for."""
        first = {each.family: self._asked(each.family, asked).copy() for each in group}
        times = [each.times if each.times is not None else 0 * each.places for each in group]
        last = max(
            (
                int(at[some].max())
                for at, each in zip(times, group, strict=True)
                if (some := first[each.family][each.places]).any()
            ),
            default=0,
        )
        before = {name: marks.copy() for name, marks in first.items()}
        for at, each in zip(times, group, strict=True):
            before[each.family][each.places] |= at <= last
        for start in before, first:
            now = start
            for _ in range(_ROUNDS):
                found = {name: marks.copy() for name, marks in first.items()}
                for each in group:
                    for use, read in self._read(each, now):
                        if use.family in found:
                            found[use.family][read] = True
                if all((found[name] == now[name]).all() for name in found):
                    asked.update(found)
                    return
                now = found
        raise NotLoops("a derivative goes through a recurrence")


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


def too_deep(plan: Plan, number: int, at: int, members: int) -> TooLarge:
    """The error for a member whose derivative goes through too much to be shown. number, at: its statement,
    and which of the combinations. members: how many of a recurrence it goes through at least."""
    loop = plan.loops[number]
    family = plan.families[loop.family]
    (label,) = family.labels(family.places([each[at : at + 1] for each in loop.indices]))
    much = f"{members:,} members of a recurrence, more than a person reads"
    hints = ["its number alone: backprop grad", "to see how it comes about take smaller ranges"]
    return TooLarge(
        f"a derivative in {label} goes through {much}",
        hints=hints,
        where=loop.statement.tokens.source.name,
    )
