"""What a text computes as loops over arrays, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.errors import BackpropError
from backprop.graph import in_order
from backprop.language.build import EXPECTED
from backprop.language.families import Families
from backprop.loops import sequence
from backprop.loops.affine import among, count_of, seen
from backprop.loops.derivative_rows import DerivativeRows
from backprop.loops.domains import Wholes
from backprop.loops.family import Family
from backprop.loops.file_numbers import entered
from backprop.loops.file_order import FileOrder, in_file_order
from backprop.loops.held import Marks, hold
from backprop.loops.in_time import TimeOrder
from backprop.loops.many import NotLoops, about
from backprop.loops.parts import Block, Turn, Use, part
from backprop.loops.placement import Layout
from backprop.loops.reader import LoopBuilder
from backprop.loops.recurrence import Recurrence
from backprop.loops.repeated import Repeated
from backprop.loops.room import MEMBER, too_large
from backprop.loops.stepped import Stepped
from backprop.memory import available
from backprop.syntax.parser import Statement

_DOUBLE = 8  # bytes of a number
SINGLE = 6  # a single step in plain Python takes so much longer than one of an array of many
_ROUNDS = 12
"""So often further members of a recurrence are looked for at once, before that is done time by time."""


class Plan(Layout):
    """What a text computes, as loops. runs: what is computed, in order."""

    def __init__(self, statements: Sequence[Statement], builder: LoopBuilder) -> None:
        super().__init__(statements, builder)
        self.runs: list[Turn | Recurrence] = []
        self.leading = 0.0
        """About how many steps lead to the output that was last asked for in `reached`."""
        self.work = 0.0
        """About how many of them arrays go through in the time that these take, of which single steps in
        plain Python take longer."""
        self._reached: dict[tuple[str, int], Mapping[str, NDArray[numpy.bool_]]] = {}
        self.input = self.columns.input()
        self.step = self.columns.step("copy", [self.columns.number(0.0)])

    def prepare(self) -> None:
        """Find the order of what is computed."""
        parts = self.known()
        for each in parts.values():
            if each.hollow:
                self._no_more(each)
        needs = {number: self._needs(each) & parts.keys() for number, each in parts.items()}
        for group in _together(needs):
            if len(group) == 1 and group[0] not in needs[group[0]]:
                self._derive(group, parts, None)
                loop = self.loops[group[0]]
                self.runs.append(Turn(parts[group[0]], loop.family, self.target(loop)))
            else:
                with about(self.loops[group[0]].statement):
                    self.runs += sequence.in_turn(self, group)
                self._derive(group, parts, self.timing)

    def _derive(self, group: list[int], parts: dict[int, Block], by: TimeOrder | None) -> None:
        """Find the derivatives in statements. parts: takes what these then are. by: as of `timing`."""
        if not isinstance(rows := self.builder.derivatives, DerivativeRows):
            return
        if self.undefined:
            raise NotLoops("there are derivatives, and inputs that no statement defines")
        for number in group:
            loop = self.loops[number]
            through = rows.through(self, self.runs, self._reached_so_far, number)
            with about(loop.statement):
                if rows.within(self, loop.root, None if by else through, by):
                    parts[number] = part(self.columns, [loop.root], self.uses)

    def derive_within(self, root: int) -> None:
        if isinstance(self.builder.derivatives, DerivativeRows):
            self.builder.derivatives.within(self, root, order=self.timing)

    def again(self, family: str, loop: Repeated) -> Repeated:
        """A statement that was read again, as what computes members of a family."""
        return loop

    def turns(self) -> list[Turn]:
        """What is computed, in order, recurrences time by time. Raises NotLoops where one is gone
        through step by step."""
        if any(isinstance(run, Stepped) for run in self.runs):
            raise NotLoops("members need one another one by one")
        return [turn for run in self.runs for turn in run.turns]

    def units(self) -> list[Turn | Stepped]:
        """What is computed, in order, recurrences time by time, or as a whole if they are so."""
        found: list[Turn | Stepped] = []
        for run in self.runs:
            found += [run] if isinstance(run, Stepped) else run.turns
        return found

    def check_room(self, between: Mapping[str, int]) -> None:
        """Raise TooLarge if passes need more memory than is free. between: how many numbers between members
        they have at once, by the family that they lead to; the gradient of each is made, too."""
        needed = {name: MEMBER * float(each.size) for name, each in self.families.items()}
        for name, count in between.items():
            needed[name] = needed.get(name, 0.0) + 2.0 * _DOUBLE * count
        free = available()
        if sum(needed.values()) > free:
            loop = max(self.loops, key=lambda each: needed[each.family])
            count = self.families[loop.family].size
            what = f"{count:,} members of {loop.family}, and all that leads to them,"
            span = loop.statement.tokens.whole
            if clauses := loop.parts.clauses:
                span = loop.statement.tokens.span(clauses[0].node.first, clauses[-1].node.last)
            raise too_large(what, sum(needed.values()), free, span)

    def _no_more(self, of: Block) -> None:
        """Raise NotLoops if inputs that no statement defines are read where nothing asks for them."""
        of = of._replace(uses=[use for use in of.uses if self._undefined_in(use)])
        if not of.uses:
            return
        asked = {of.roots[0]: numpy.ones(self.columns.homes[of.roots[0]].size, dtype=bool)}
        for _, which in [*asked_in(of, asked, set())]:
            if not which.all():
                raise NotLoops(
                    "an input that no statement defines is read where nothing asks for it"
                )

    def _undefined_in(self, use: Use) -> bool:
        return Family.UNDEFINED in self.families[use.family].owners(use.places)

    def reached(self, output: str, place: int) -> Mapping[str, NDArray[numpy.bool_]]:
        """Of each family the members that lead to an output."""
        key = output, place
        if key not in self._reached:
            self._reached = {key: self.leads({output: place})}
        return self._reached[key]

    def leads(self, asked_for: Mapping[str, Any]) -> Mapping[str, NDArray[numpy.bool_]]:
        """Of each family the members that lead to some. asked_for: places by family."""
        found = {
            name: numpy.zeros(each.size + 1, dtype=bool) for name, each in self.families.items()
        }
        for name, places in asked_for.items():
            found[name][places] = True
        rows = set[int]()
        self.leading = self.work = 0.0
        for unit in reversed(self.runs):
            if isinstance(unit, Stepped):
                self._mark_steps(unit, found, rows)
                continue
            if isinstance(unit, Recurrence) and self._mark_at_once(unit, found, rows):
                continue
            for run in reversed(unit.turns):
                asked = found[run.family][run.target] if run.family else None
                self._mark(run.part, asked, found, rows)
                if asked is not None:
                    self._count(asked.mean() * run.part.size_of(len(asked)))
        return {name: _compact(each) for name, each in found.items()}

    def _reached_so_far(self, name: str) -> Mapping[str, NDArray[numpy.bool_]]:
        """As `reached`, of a number, before all is known that is computed."""
        found = self.reached(name, 0)
        self._reached.clear()
        return found

    def _mark_at_once(
        self, of: Recurrence, found: Mapping[str, NDArray[numpy.bool_]], rows: set[int]
    ) -> bool:
        """Mark the members that a recurrence reads at all of its times, until there are no more of them;
        whether so it is found soon, which is much faster than time by time."""
        count = -1
        for _ in range(_ROUNDS):
            asked = [found[body.family][body.target] for body in of.bodies]
            before, count = count, sum(int(each.sum()) for each in asked)
            if count == before:
                for body, each in zip(of.bodies, asked, strict=True):
                    self._count(each.mean() * body.part.size)
                return True
            for body, each in zip(of.bodies, asked, strict=True):
                self._mark(body.part, each, found, rows)
        return False

    def _mark(
        self,
        of: Block,
        asked: NDArray[numpy.bool_] | None,
        found: Mapping[str, NDArray[numpy.bool_]],
        rows: set[int],
    ) -> None:
        """Mark the members that a part reads. asked: for which combinations of its root; None of a
        part whose rows are kept, which are asked for if they are in `rows`. rows: takes those that
        are computed elsewhere."""
        if asked is not None and asked.all() and not of.hollow:
            for use in sorted(of.uses, key=lambda each: count_of(each.places)):
                if not found[use.family][:-1].all():
                    found[use.family][seen(use.places)] = True
            rows.update(of.outer)
            return
        roots = {
            row: numpy.ones(self.columns.homes[row].size, dtype=bool)
            for row in of.roots
            if row in rows
        }
        if asked is not None:
            roots = {of.roots[0]: asked}
        if any(each.any() for each in roots.values()):
            for use, which in asked_in(of, roots, rows):
                some = numpy.arange(len(found[use.family]))[use.places]
                found[use.family][some[which]] = True

    def _mark_steps(
        self, of: Stepped, found: Mapping[str, NDArray[numpy.bool_]], rows: set[int]
    ) -> None:
        """Mark the members that a recurrence reads."""
        asked = [found[body.family][body.target] for body in of.bodies]
        if all(each.all() for each in asked):
            for body, each in zip(of.bodies, asked, strict=True):
                self._mark(body.part, each, found, rows)
        else:
            of.mark(found, rows)
        for body in of.bodies:
            each = found[body.family][body.target]
            self._count(each.mean() * body.part.size, SINGLE)

    def _count(self, steps: float, each: int = 1) -> None:
        """Count steps that lead to an output. each: how much longer one takes than one of many in an
        array."""
        self.leading += steps
        self.work += each * steps

    @cached_property
    def in_file_order(self) -> FileOrder:
        """All names in the order of the file."""
        return in_file_order(self)

    def places_of(self, names: Iterable[str]) -> Iterator[tuple[Family, Wholes, list[str]]]:
        """Where names stand, those of one family together that come so. Raises NotLoops for what is no
        name."""
        every, start = [*names], 0
        while start < len(every):
            name = every[start].partition("[")[0]
            family = self.families.get(name)
            found = None if family is None else family.as_whole(every, start)
            if family is not None and found is None:
                found = family.all_named(every[start : _end_of(name, every, start)])
            if family is None or found is None:
                raise NotLoops(f"{every[start]}, or another one of these, is no name")
            stop = start + len(found)
            yield family, found, every[start:stop]
            start = stop

    def put(self, given: Mapping[str, float]) -> None:
        """Let inputs have numbers that are not those of the file, as `defaults`."""
        for of, places, names in self.places_of(given):
            numbers = [given[name] for name in names]
            self.defaults[of.name] = entered(self.defaults[of.name].copy(), places, numbers)

    @cached_property
    def deciding(self) -> Marks:
        """The members that ranges and indices are made of."""
        found: Marks = {}
        for name, places in self.fixed.items():
            for each in places:
                hold(found, self.families[name], each)
        for label in self.builder.families.integers.known:
            family = self.families.get(label.partition("[")[0])
            if family is not None and (at := family.named(label)) >= 0:
                hold(found, family, slice(at, at + 1))
        return found

    def unused(self) -> Iterator[str]:
        """The names that no equation uses, in file order, but for constants and what decides ranges."""
        used = {
            name: numpy.zeros(each.size + 1, dtype=bool) for name, each in self.families.items()
        }
        for marks in (self.held, self.deciding):
            for name, still in marks.items():
                used[name] |= still
        rows = set[int]()
        for use in self.used_besides:
            used[use.family][use.places] = True
        for run in reversed(self.runs):
            for of in run.bodies if isinstance(run, Recurrence) else (run,):
                size = self.columns.homes[of.part.roots[0]].size
                asked = numpy.ones(size, dtype=bool) if of.family else None
                self._mark(of.part, asked, used, rows)
        for name, places in self.in_file_order.groups:
            free = among(places, ~used[name][places])
            yield from self.families[name].labels(free)

    def last(self, loop: Repeated) -> int:
        """The last token of the right side of a statement."""
        parts = loop.parts
        if parts.limits:
            limit = parts.limits[0].node
            return limit.last if limit.kind == "concise" else limit.first - 1
        return parts.clauses[0].node.token - 2 if parts.clauses else -1

    def _needs(self, of: Block) -> set[int]:
        """The statements whose members a part reads."""
        found: set[int] = set()
        for use in of.uses:
            found |= self.families[use.family].owners(use.places)
        return found


def _end_of(name: str, names: Sequence[str], start: int) -> int:
    """Where the members of a family end that come one after another from number `start` on."""
    at = start
    while at < len(names) and names[at].partition("[")[0] == name:
        at += 1
    return at


def _compact(marks: NDArray[numpy.bool_]) -> NDArray[numpy.bool_]:
    """Marks that are the same everywhere as one. The place behind all members has no say."""
    if len(marks) > 1 and marks[0] == marks[:-1].all() and (marks[0] or not marks.any()):
        return numpy.broadcast_to(marks[0], len(marks))
    return marks


def asked_in(
    of: Block, asked: Mapping[int, NDArray[numpy.bool_]], rows: set[int]
) -> Iterator[tuple[Use, Any]]:
    """What a part reads for some of its combinations: each use, and which of its places. asked: of
    its rows. rows: takes those that are computed elsewhere."""
    columns, masks = of.columns, {**asked}
    for step in reversed(of.steps):
        if step not in masks:
            continue
        mask = masks[step]
        for operand in columns.operands(step):
            if columns.is_number(operand):
                continue
            here = mask
            if step in of.ups:
                up = of.ups[step]
                here = numpy.full(1, mask.any())
                if not isinstance(up.places, int):
                    here = numpy.zeros(up.size, dtype=bool)
                    here[up.places[mask]] = True
            elif step in of.domains:
                here = mask[of.domains[step].up]
            if columns.homes[operand] is columns.whole:
                here = numpy.full(1, here.any())
            masks[operand] = masks[operand] | here if operand in masks else here
    rows.update(row for row in of.outer if row in masks)
    for use in of.uses:
        if use.row in masks:
            yield use, masks[use.row]


def _together(needs: Mapping[int, set[int]]) -> list[list[int]]:
    """Groups of numbers that need one another, each after what it needs (Kosaraju and Sharir's algorithm)."""
    finished = in_order(needs, lambda each: sorted(needs[each]))
    users: dict[int, list[int]] = {each: [] for each in needs}
    for each, needed in needs.items():
        for other in needed:
            users[other].append(each)
    groups: list[list[int]] = []
    seen: set[int] = set()
    for each in reversed(finished):
        if each not in seen:
            group = in_order([each], lambda at: [x for x in users[at] if x not in seen])
            seen.update(group)
            groups.append(sorted(group))
    return groups[::-1]


def read(
    statements: Sequence[Statement],
    equations: Mapping[str, Statement],
    functions: Mapping[str, Statement],
    members: Families,
) -> Plan:
    """A text as loops. Raises NotLoops where it is to be unrolled, TooLarge where memory does not hold it."""
    drawn = [each for each in statements if each.shape.form == "distribution"]
    names = [*equations, *(each.tokens.texts[each.shape.target] for each in drawn)]
    builder = LoopBuilder(dict.fromkeys(names, EXPECTED), functions, members)
    builder.deriving = DerivativeRows
    try:
        plan = Plan(statements, builder)
        plan.prepare()
        builder.room.end()
        if builder.errors:  # of numbers that no double holds
            raise NotLoops("there is a mistake")
        return plan
    except BackpropError as error:
        if error is builder.room.refused:
            raise
        raise NotLoops("there is a mistake") from None
