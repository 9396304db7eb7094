"""The derivatives of loops as loops: the chain rule, written into rows of arrays.

What adds to the gradient of `x[i]` in a body is a row of that body's indices; that gradient is a family
as the members of `x` are. So what comes out are bodies as those of a text: they can be computed, and
derived again. A member that several combinations read gets the sum of what these bring: what reads,
backward, adds, and what adds, reads. Sizes are those of the equations, not of their members.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from backprop.chain.columns import Row, Rows
from backprop.chain.walk import Operand, Walk
from backprop.graph import depending
from backprop.loops.affine import Places, ordinals
from backprop.loops.domains import Domain
from backprop.loops.parts import Block, Use, part
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.rows import ArrayColumns, Gathered, Index, Lift, Read
from backprop.operations import EQUALITIES, GATHERS, OPERATIONS

_SUM = GATHERS["sum"]


class Destination(NamedTuple):
    """Where a row goes: the members of a family, and whether it is added to what they have."""

    row: int
    family: str
    places: Places
    adds: bool


class Stage(NamedTuple):
    """A body, and where its rows go. run, body: of a recurrence that and its body, whose own part may lack
    what is computed before."""

    part: Block
    writes: Sequence[Destination]
    run: Recurrence | None = None
    body: Timed | None = None


def derived(
    columns: ArrayColumns,
    program: Sequence[Stage],
    given: Container[str],
    wrt: Iterable[str],
    mark: str,
    sizes: bool = False,
    seeds: Mapping[str, float] = MappingProxyType({}),
) -> list[Stage]:
    """What computes the derivatives by members of the families `wrt`, after a program has run.

    columns: takes the new rows. given: the families whose members have adjoints, which stand in
    families of these names with the `mark` before them. So do those that come out: in families that
    begin with 0 everywhere. sizes: of all that is added up the sizes, in the place of derivatives. seeds:
    adjoints that are known, one number for all members of a family.
    """
    moving = moved(program, wrt)
    asked = {write.family for stage in program for write in stage.writes if write.family in given}
    writer, found = Rows(columns), list[Stage]()
    for stage in reversed(program):
        uses = [use for use in stage.part.uses if use.family in moving]
        if stage.run and not asked.isdisjoint(body.family for body in stage.run.bodies):
            asked.update(body.family for body in stage.run.bodies)  # they need one another
        if uses and any(write.family in asked for write in stage.writes):
            made = _Adjoint(writer, stage.part.steps, sizes).stage(stage, uses, asked, mark, seeds)
            found.append(made._replace(run=stage.run, body=stage.body))
            asked.update(write.family.removeprefix(mark) for write in made.writes)
    return found


def moved(program: Sequence[Stage], wrt: Iterable[str]) -> set[str]:
    """These families, and those with members that depend on some of theirs."""
    known = {*wrt}
    for stage in program:
        if any(use.family in known for use in stage.part.uses):
            known.update(write.family for write in stage.writes)
            if stage.run:  # whose members need one another
                known.update(body.family for body in stage.run.bodies)
    return known


def choosing(program: Sequence[Stage], moving: Container[str]) -> Iterator[Stage]:
    """Slopes, with the borders of what they choose by an equality of what moves: where `x^y` has the exponent
    0 its slope by `x` is 0, but not the derivative of that by `y`. Which side of an inequality is taken
    does not matter: both are the slope. Ties of a gather are borders of its own. moving: the families
    that move."""
    for stage in program:
        columns, uses = stage.part.columns, stage.part.uses
        given = [use.row for use in uses if use.family in moving]
        found = depending(columns, given, stage.part.steps)
        some = [step for step in stage.part.bordering if step in found and by_number(columns, step)]
        yield stage._replace(part=stage.part._replace(bordering=some))


def crossing(program: Sequence[Stage], wrt: Iterable[str]) -> Iterator[Stage]:
    """A program whose steps stand on a border only where they can leave it as some families move: of a choice
    the condition does."""
    moving = moved(program, wrt)
    for stage in program:
        part, columns = stage.part, stage.part.columns
        given = [*(use.row for use in part.uses if use.family in moving), *part.outer]
        found = {*given, *depending(columns, given, part.steps)}
        some = []
        for step in part.bordering:
            operands = columns.operands(step)
            chooses = step not in columns.specials and OPERATIONS[columns.op(step)].chooses
            if not found.isdisjoint(operands[:1] if chooses else operands):
                some.append(step)
        yield stage._replace(part=part._replace(bordering=some))


def by_number(columns: ArrayColumns, step: int) -> bool:
    """Whether a step asks whether something is equal to a number."""
    return (
        step not in columns.specials
        and columns.op(step) in EQUALITIES
        and any(map(columns.is_number, columns.operands(step)))
    )


def adjoints(
    writer: Rows,
    steps: Sequence[int],
    sums: Mapping[int, int],
    by: Sequence[int],
    apart: Container[int] = (),
) -> dict[int, int]:
    """The rows of the adjoints of what leads to some rows by steps, operands first. sums: the adjoints of
    these. by: what the derivatives are by. apart: steps that stand for no other row that is equal."""
    return _Adjoint(writer, [each for each in steps if each not in apart]).back(steps, {**sums}, by)


class _Adjoint(Walk[Row]):
    """The way back through steps of a body."""

    graph: ArrayColumns

    def __init__(self, writer: Rows, steps: Sequence[int], sizes: bool = False) -> None:
        columns = writer.columns
        assert isinstance(columns, ArrayColumns)
        super().__init__(writer, columns, (), {})
        self._rows, self._columns, self._sizes = writer, columns, sizes
        for step in steps:
            if step not in columns.specials:
                writer.enter(step)

    def stage(
        self,
        of: Stage,
        uses: Sequence[Use],
        asked: Container[str],
        mark: str,
        seeds: Mapping[str, float],
    ) -> Stage:
        """The stage that adds what this one brings to what is used."""
        columns, sums = self._columns, dict[int, int]()
        reads = {use.row: use for use in of.part.uses}
        for row, family, places, _ in of.writes:
            if family in seeds:
                self._add(sums, row, seeds[family])
            elif family in asked:
                home = columns.homes[row]
                gradient = columns.special(Read(mark + family, (), home), home)
                reads[gradient] = Use(gradient, mark + family, places)
                self._add(sums, row, Row(gradient))
        self.back(of.part.steps, sums, [use.row for use in uses])
        writes = list[Destination]()
        for use in uses:
            if use.row in sums:
                row = spread(columns, sums[use.row], columns.homes[use.row])
                writes.append(Destination(row, mark + use.family, use.places, True))
        roots = [write.row for write in writes]
        return Stage(part(columns, roots, reads), writes)

    def back(self, steps: Sequence[int], sums: dict[int, int], by: Sequence[int]) -> dict[int, int]:
        """Add up what steps bring to the adjoints of their operands, of what depends on some rows."""
        moving = depending(self._columns, by, steps)
        for step in reversed(steps):
            if step in sums and step in moving:
                for operand, share in self.shares(step, self.named(sums[step]), moving):
                    self._add(sums, operand, share)
        return sums

    def named(self, row: int) -> Operand[Row]:
        return self._rows.called(row)

    def chooses(self, step: int) -> bool:
        return step not in self._columns.specials and super().chooses(step)

    def shares(
        self, step: int, gradient: Operand[Row], moving: Container[int]
    ) -> Iterator[tuple[int, Operand[Row]]]:
        special, homes = self._columns.specials.get(step), self._columns.homes
        if special is None:
            for operand, share in super().shares(step, gradient, moving):
                yield operand, self._down(share, homes[step], homes[operand])
            return
        (operand,) = self._columns.operands(step)
        if operand not in moving:
            return
        if isinstance(special, Lift):
            yield operand, self._down(gradient, homes[step], homes[operand])
            return
        assert isinstance(special, Gathered)
        yield operand, self._gathered(step, special, gradient)

    def _gathered(self, step: int, special: Gathered, gradient: Operand[Row]) -> Operand[Row]:
        """What comes to the terms of a gather."""
        writer, gather = self._rows, special.gather
        inner, outer = self._columns.homes[special.row], self._columns.homes[step]
        if gather.divided:
            count = self._down(1.0, inner, outer)
            gradient = writer.value("/", [gradient, count])

        def lifted(operand: Operand[Row]) -> Operand[Row]:
            return Row(spread(self._columns, writer.node(operand), inner))

        slope = gather_slope(writer, special, lifted(Row(step)), outer)
        return writer.product(lifted(gradient), slope)

    def _add(self, sums: dict[int, int], row: int, share: Operand[Row]) -> None:
        share = self._size(share)
        if row in sums:
            share = self._rows.value("+", [Row(sums[row]), share])
        sums[row] = self._rows.node(share)

    def _down(self, share: Operand[Row], inner: Domain, outer: Domain) -> Operand[Row]:
        """The sum of a share over the combinations of a domain further in."""
        if inner is outer:
            return share
        terms = spread(self._columns, self._rows.node(self._size(share)), inner)
        return Row(self._columns.special(Gathered(terms, _SUM), outer))

    def _size(self, share: Operand[Row]) -> Operand[Row]:
        """The size of what is added, if sizes are."""
        return self._rows.value("abs", [share]) if self._sizes else share


def gather_slope(
    writer: Rows, special: Gathered, out: Operand[Row], outer: Domain | None = None
) -> Operand[Row]:
    """The slope of a gather by its terms, but for the mean's number of them. out: what it is, in the
    domain of the terms. outer: its own domain, where several terms may be the least or the largest one:
    without it each of them is."""
    gather, terms = special.gather, Row(special.row)
    if gather.joined_by == "+":
        return 1.0
    if gather.joined_by == "*":  # where a term is 0 this is nan, and then in doubt
        return writer.value("/", [out, terms])
    if gather.joined_by == "logsumexp":
        return writer.value("exp", [writer.value("-", [terms, out])])
    if gather.joined_by == "hypot":
        return writer.text(OPERATIONS["hypot"].slopes[0], {"x": terms, "out": out})
    same = writer.value("==", [terms, out])
    if outer is None:
        return writer.value("if", [same, 1.0, 0.0])
    columns = writer.columns  # of several the first is
    assert isinstance(columns, ArrayColumns)
    inner = columns.homes[special.row]
    place = Row(columns.special(Index(ordinals(inner)), inner))
    places = writer.node(writer.value("if", [same, place, float(inner.size)]))
    first = columns.special(Gathered(spread(columns, places, inner), GATHERS["min"]), outer)
    found = writer.value("==", [place, Row(spread(columns, first, inner))])
    return writer.value("if", [found, 1.0, 0.0])


def spread(columns: ArrayColumns, row: int, home: Domain) -> int:
    """A row with a number for each combination of a domain."""
    return row if columns.homes[row] is home else columns.lift(row, home)
