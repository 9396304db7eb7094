"""A text as loops over arrays: its families, the order in which they are computed, and what is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.errors import BackpropError
from backprop.graph import in_order
from backprop.language.build import EXPECTED
from backprop.language.families import Families
from backprop.loops import sequence
from backprop.loops.arrays import Array, ArrayWriter, Numbers
from backprop.loops.parts import ArrayWalk, Part, Places, Use, part
from backprop.loops.reader import Loop, LoopBuilder, NotLoops
from backprop.loops.rows import ArrayColumns, Read
from backprop.syntax.parser import Statement

Whole = NDArray[numpy.int64]

_SPARSE = 4
"""Arrays of a family may have so many places for each member."""


class Family:
    """Members as places of an array: the last index runs fastest.

    name: of the family, or a name without indices. low, shape: the least index of each position, and
    how many there are. owner: the number of the statement that defines each member, UNDEFINED where
    none does, ABSENT where there is no member.
    """

    UNDEFINED, ABSENT = -1, -2

    def __init__(self, name: str, indices: Sequence[tuple[Whole, ...]]) -> None:
        self.name = name
        self.dimensions = len(indices[0])
        if any(len(each) != self.dimensions for each in indices):
            raise NotLoops("a family with several numbers of indices")
        whole = [numpy.concatenate(each) for each in zip(*indices, strict=True)]
        self.low = [int(each.min(initial=0 if not len(each) else each[0])) for each in whole]
        self.shape = [
            int(each.max()) - low + 1 if len(each) else 0
            for each, low in zip(whole, self.low, strict=True)
        ]
        self.size = 1
        for each in self.shape:
            self.size *= each
        members = len(whole[0]) if whole else 1
        if self.size > _SPARSE * members + 1000:
            raise NotLoops("a family with few members far apart")
        self.owner = numpy.full(self.size, self.ABSENT, dtype=numpy.int32)

    def places(self, indices: Sequence[Whole]) -> Whole:
        """Where members stand, those of -1 nowhere."""
        if not indices:
            return numpy.zeros(1, dtype=numpy.int64)
        found = numpy.zeros(len(indices[0]), dtype=numpy.int64)
        there = numpy.ones(len(indices[0]), dtype=bool)
        for index, low, count in zip(indices, self.low, self.shape, strict=True):
            at = index - low
            there &= (at >= 0) & (at < count)
            found = found * count + at
        return numpy.where(there, found, -1)

    def members(self, indices: Sequence[Whole]) -> Whole:
        """Where members stand that there are. Raises NotLoops for others."""
        if len(indices) != self.dimensions:
            raise NotLoops("another number of indices")
        found = self.places(indices)
        if (found < 0).any() or (self.owner[found] == self.ABSENT).any():
            raise NotLoops("no such member")
        return found

    def label(self, place: int) -> str:
        """What the member at a place is called."""
        if not self.dimensions:
            return self.name
        numbers = numpy.unravel_index(place, self.shape)
        inside = ",".join(str(low + int(at)) for low, at in zip(self.low, numbers, strict=True))
        return f"{self.name}[{inside}]"

    def labels(self, places: Whole) -> list[str]:
        """What the members at these places are called."""
        if not self.dimensions:
            return [self.name] * len(places)
        numbers = numpy.unravel_index(places, self.shape)
        columns = [(low + at).tolist() for low, at in zip(self.low, numbers, strict=True)]
        if len(columns) == 1:
            return [f"{self.name}[{at}]" for at in columns[0]]
        return [f"{self.name}[{','.join(map(str, at))}]" for at in zip(*columns, strict=True)]


class Run(NamedTuple):
    """What is computed next: a part, and where its members stand. Of what is the same for all slices
    of a loop the family is "", and its rows are kept."""

    part: Part
    family: str
    target: Places


class Program:
    """What a text computes, as loops.

    families: by name, in the order of the file. defaults: the numbers that the file gives members,
    nan where it gives none. runs: what is computed, in order.
    """

    def __init__(self, statements: Sequence[Statement], builder: LoopBuilder) -> None:
        self.columns: ArrayColumns = builder.columns
        self.builder = builder
        self.families: dict[str, Family] = {}
        self.defaults: dict[str, Array] = {}
        self.loops: list[Loop] = []
        self.runs: list[Run] = []
        self.uses: dict[int, Use] = {}
        """What is read, by row."""
        self._reached: dict[tuple[str, int], Mapping[str, NDArray[numpy.bool_]]] = {}
        self.input = self.columns.input()
        self.step = self.columns.step("copy", [self.columns.number(0.0)])
        self._written: list[Loop] = []
        self._tables: dict[str, tuple[Family, Array]] = {}
        self.computed: dict[int, NDArray[numpy.bool_]] = {}
        """By number the loops that are equations, and for which combinations they are."""
        self.fixed: dict[str, list[Whole]] = {}
        """Of each family the members that indices are made of."""
        builder.table, builder.extent = self.table, self.extent
        builder.present, builder.kept = self.present, self.kept
        later = builder.declarations.later
        for statement in statements:
            if statement.shape.form == "function":
                continue
            if statement.shape.form in ("declaration", "goal"):
                later.append(statement)
            else:
                loop = builder.loop(statement)
                if loop.domain.size:
                    self.loops.append(loop)
        self._enter()

    def table(self, name: str, indices: tuple[Whole, ...]) -> Array:
        """The numbers of members that indices are made of, which the file gives."""
        if name not in self._tables:
            owners = self.builder.families.owners.get(name, [])
            if not owners or any(each.shape.drawn for each in owners):
                raise NotLoops("no table")
            loops = [self.builder.with_body(self.builder.loop(each)) for each in owners]
            family = Family(name, [each.indices for each in loops])
            numbers = numpy.full(family.size, numpy.nan)
            for loop in loops:
                places = family.places(loop.indices)
                family.owner[places] = 0
                of = part(self.columns, [loop.root], {})
                if any(isinstance(self.columns.specials.get(row), Read) for row in _leaves(of)):
                    raise NotLoops("no table")
                numbers[places] = _numbers(of)
            self._tables[name] = family, numbers
        family, numbers = self._tables[name]
        places = family.members(indices)
        self.fixed.setdefault(name, []).append(places)
        return numbers[places]

    def present(self, name: str, indices: Sequence[Whole]) -> bool:
        """Whether a family has all of these members; so does one that no statement defines."""
        family = self.families.get(name)
        return (
            not family or len(indices) != family.dimensions or bool(self.kept(name, indices).all())
        )

    def kept(self, name: str, indices: Sequence[Whole]) -> NDArray[numpy.bool_]:
        """Which members of a family there are. Raises NotLoops for one that no statement defines."""
        family = self._family(name)
        places = family.places(indices)
        found: NDArray[numpy.bool_] = (places >= 0) & (family.owner[places] != Family.ABSENT)
        return found

    def extent(self, name: str) -> list[tuple[int, int]]:
        """The least and the largest index of each position of a family."""
        family = self._family(name)
        return [(low, low + count - 1) for low, count in zip(family.low, family.shape, strict=True)]

    def _family(self, name: str) -> Family:
        if name not in self.families or not self.families[name].dimensions:
            raise NotLoops("a family that no statement defines")
        return self.families[name]

    # ------------------------------------------------------------------ families and bodies

    def _enter(self) -> None:
        defined: dict[str, list[int]] = {}
        for number, loop in enumerate(self.loops):
            defined.setdefault(loop.family, []).append(number)
        for name, numbers in defined.items():
            known = [self.loops[each].indices for each in numbers]
            family = self.families[name] = Family(name, known)
            for each in numbers:
                places = family.places(self.loops[each].indices)
                if (family.owner[places] != Family.ABSENT).any() or len(places) != len(
                    numpy.unique(places)
                ):
                    raise NotLoops("defined twice")
                family.owner[places] = each
        for number, loop in enumerate(self.loops):
            if not loop.statement.shape.drawn:
                self.loops[number] = self.builder.with_body(loop)
        self._undefined()
        self.enter_uses()

    def _undefined(self) -> None:
        """Enter the inputs that no statement defines."""
        read: dict[str, list[tuple[Whole, ...]]] = {}
        for special in self.columns.specials.values():
            if isinstance(special, Read) and special.family not in self.families:
                read.setdefault(special.family, []).append(special.indices)
        for name, indices in read.items():
            family = self.families[name] = Family(name, indices)
            for each in indices:
                family.owner[family.places(each)] = Family.UNDEFINED

    def enter_uses(self) -> None:
        """Find where what has been read stands."""
        for row, special in self.columns.specials.items():
            if isinstance(special, Read) and row not in self.uses:
                family = self.families[special.family]
                places = plain(family.members(special.indices))
                self.uses[row] = Use(row, family.name, places)

    # ------------------------------------------------------------------------------- order

    def prepare(self) -> None:
        """Find the numbers of the file, and the order of what is computed."""
        for family in self.families.values():
            # one place more, for what is computed and not wanted
            self.defaults[family.name] = numpy.full(family.size + 1, numpy.nan)
        parts: dict[int, Part] = {}
        for number, loop in enumerate(self.loops):
            if loop.statement.shape.drawn:
                self._draw(loop)
                self._say(loop, self.families[loop.family].places(loop.indices))
                continue
            found = part(self.columns, [loop.root], self.uses)
            if found.uses:
                parts[number] = found
                if loop.statement.shape.const or loop.parts.limits:
                    raise NotLoops("of equations")
                self.computed[number] = self._reading(found, loop)
            else:
                self._default(loop, found)
        self._written = [*self.loops]
        for number, reads in self.computed.items():
            if not reads.all():
                self._nothing(number, reads, parts[number])
        needs = {number: self._needs(each) & parts.keys() for number, each in parts.items()}
        for group in _together(needs):
            if len(group) == 1 and group[0] not in needs[group[0]]:
                number = group[0]
                loop = self.loops[number]
                self.runs.append(Run(parts[number], loop.family, self.target(loop)))
            else:
                self.runs += sequence.in_turn(self, group)

    def reached(self, output: str, place: int) -> Mapping[str, NDArray[numpy.bool_]]:
        """Of each family the members that lead to an output."""
        key = output, place
        if key not in self._reached:
            found = {
                name: numpy.zeros(each.size + 1, dtype=bool) for name, each in self.families.items()
            }
            found[output][place] = True
            rows = set[int]()
            for run in reversed(self.runs):
                if run.family:
                    asked = {run.part.roots[0]: found[run.family][run.target]}
                else:
                    asked = {
                        row: numpy.ones(self.columns.homes[row].size, dtype=bool)
                        for row in run.part.roots
                        if row in rows
                    }
                if run.family and found[run.family][run.target].all():
                    for use in run.part.uses:
                        found[use.family][use.places] = True
                    rows.update(run.part.outer)
                elif any(each.any() for each in asked.values()):
                    for use, which in _reached(run.part, asked, rows):
                        some = numpy.arange(len(found[use.family]))[use.places]
                        found[use.family][some[which]] = True
            self._reached = {key: found}
        return self._reached[key]

    def in_file_order(self) -> Iterator[tuple[str, Whole]]:
        """Of each statement the family and the places of its members; of inputs that no statement
        defines those that it uses first, before it."""
        seen = {name: each.owner != Family.UNDEFINED for name, each in self.families.items()}
        for loop in self._written:
            own = self.families[loop.family]
            rows = in_order([loop.root], self.columns.operands) if loop.root >= 0 else ()
            for use in [self.uses[row] for row in rows if row in self.uses]:
                if not seen[use.family].all():
                    places = numpy.arange(self.families[use.family].size)[use.places]
                    first = numpy.sort(numpy.unique(places, return_index=True)[1])
                    new = places[first][~seen[use.family][places[first]]]
                    seen[use.family][new] = True
                    yield use.family, new
            yield loop.family, own.places(loop.indices)

    def unused(self) -> Iterator[str]:
        """The names that no equation uses, in file order."""
        used = {name: numpy.zeros(each.size, dtype=bool) for name, each in self.families.items()}
        for run in self.runs:
            for use in run.part.uses:
                used[use.family][use.places] = True
        for name, places in self.in_file_order():
            free = places[~used[name][places]]
            yield from self.families[name].labels(free)

    def last(self, loop: Loop) -> int:
        """The last token of the right side of a statement."""
        parts = loop.parts
        if parts.limits:
            limit = parts.limits[0].node
            return limit.last if limit.kind == "concise" else limit.first - 1
        return parts.clauses[0].node.token - 2 if parts.clauses else -1

    def _needs(self, of: Part) -> set[int]:
        """The statements whose members a part reads."""
        found: set[int] = set()
        for use in of.uses:
            found.update(numpy.unique(self.families[use.family].owner[use.places]).tolist())
        return found

    def _reading(self, of: Part, loop: Loop) -> NDArray[numpy.bool_]:
        """For each combination of a loop whether it reads members: in sums of nothing there are none,
        and what they alone make is an input."""
        columns = self.columns
        found: dict[int, NDArray[numpy.bool_]] = {}
        for row in in_order([loop.root], columns.operands):
            home = columns.homes[row]
            if row in of.ups:
                up = of.ups[row].places
                inner = found[columns.operands(row)[0]]
                found[row] = numpy.full(up, inner[0]) if isinstance(up, int) else inner[up]
            elif row in of.domains:
                inner = found[columns.operands(row)[0]].astype(numpy.int64)
                found[row] = of.domains[row].joined(numpy.add, inner, 0) > 0
            else:
                found[row] = numpy.full(home.size, row in self.uses)
                for operand in columns.operands(row):
                    found[row] = found[row] | found[operand]
        return found[loop.root]

    def _nothing(self, number: int, reads: NDArray[numpy.bool_], of: Part) -> None:
        """Make inputs of the members that read nothing."""
        loop = self.loops[number]
        family = self.families[loop.family]
        places = family.places(loop.indices)[~reads]
        writer = ArrayWriter()
        known: dict[int, Numbers] = {}
        for use in of.uses:
            home = self.columns.homes[use.row]
            known[use.row] = 1.0 if home is self.columns.whole else numpy.ones(home.size)
        walk = ArrayWalk.through(of, writer, known)
        with writer.watched():
            walk.forward()
        numbers = numpy.broadcast_to(walk.found[loop.root], loop.domain.size)[~reads]
        if not numpy.isfinite(numbers).all():
            raise NotLoops("numbers that doubles do not hold")
        self.defaults[family.name][places] = numbers
        family.owner[places] = len(self.loops)
        self.loops.append(loop)

    def target(self, loop: Loop) -> Places:
        """Where the members that a loop computes stand; those that read nothing behind all others."""
        family = self.families[loop.family]
        places = family.places(loop.indices)
        inputs = ~numpy.isnan(self.defaults[family.name][places])
        return plain(numpy.where(inputs, family.size, places))

    def _say(self, loop: Loop, places: Whole) -> None:
        """Take what a statement says of its inputs besides their numbers."""
        tokens, declarations = loop.statement.tokens, self.builder.declarations
        labels = self.families[loop.family].labels(places)
        if loop.statement.shape.const:
            place = tokens.span(0, tokens.sign - 1)
            declarations.constants |= dict.fromkeys(labels, place)
        if not loop.parts.limits:
            return
        variables = self._variables(loop)
        numbers = self.defaults[loop.family][places].tolist()
        for at, (label, number) in enumerate(zip(labels, numbers, strict=True)):
            scope = {name: each[at] for name, each in variables.items()}
            declarations.limit(label, loop.statement, loop.parts, scope, number)

    def _variables(self, loop: Loop) -> dict[str, list[int]]:
        """What the variables of a loop are, for each of its combinations."""
        return {
            name: self.builder.of_variable(found.node, loop.domain)
            for name, found in loop.scope.items()
        }

    def _draw(self, loop: Loop) -> None:
        """The numbers of members that are drawn at random."""
        families, tokens = self.builder.families, loop.statement.tokens
        family = self.families[loop.family]
        places = family.places(loop.indices)
        numbers = self.defaults[loop.family]
        labels, body = family.labels(places), loop.parts.body
        variables = self._variables(loop)
        first = {name: each[0] for name, each in variables.items()}
        numbers[places[0]], _ = families.draw(tokens, body, labels[0], first)
        if variables.keys() & {tokens.texts[node.token] for node in body.nodes}:
            for at, (place, label) in enumerate(zip(places.tolist(), labels, strict=True)):
                scope = {name: each[at] for name, each in variables.items()}
                numbers[place], _ = families.draw(tokens, body, label, scope)
            return
        low, high = families.integers.arguments(tokens, body, first)
        name = tokens.texts[body.nodes[-1].token]
        drawn = [families.drawn(name, low, high, label) for label in labels]
        numbers[places] = drawn
        if not numpy.isfinite(drawn).all():
            raise NotLoops("a number beyond doubles")

    def _default(self, loop: Loop, found: Part) -> None:
        """The numbers that a statement without names gives members."""
        places = self.families[loop.family].places(loop.indices)
        self.defaults[loop.family][places] = _numbers(found)
        self._say(loop, places)


def _numbers(of: Part) -> Numbers:
    """The numbers of a part that reads nothing."""
    writer = ArrayWriter()
    walk = ArrayWalk.through(of, writer, {})
    with writer.watched():
        walk.forward()
    if writer.small or not walk.is_finite():
        raise NotLoops("numbers that doubles do not hold")
    return walk.found[of.roots[0]]


def _leaves(of: Part) -> set[int]:
    """The rows that a part begins with."""
    return {row for step in of.steps for row in of.columns.operands(step)}.difference(of.steps)


def _reached(
    of: Part, asked: Mapping[int, NDArray[numpy.bool_]], rows: set[int]
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
                up, size = of.ups[step]
                here = numpy.full(1, mask.any())
                if not isinstance(up, int):
                    here = numpy.zeros(size, dtype=bool)
                    here[up[mask]] = True
            elif step in of.domains:
                here = mask[of.domains[step].up]
            if columns.homes[operand] is columns.whole:
                here = numpy.full(1, here.any())
            masks[operand] = masks[operand] | here if operand in masks else here
    rows.update(row for row in of.outer if row in masks)
    for use in of.uses:
        if use.row in masks:
            yield use, masks[use.row]


def plain(places: Whole) -> Places:
    """Places as a slice, if they are one."""
    if (
        len(places)
        and places[-1] - places[0] == len(places) - 1
        and (numpy.diff(places) == 1).all()
    ):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def _together(needs: Mapping[int, set[int]]) -> list[list[int]]:
    """Groups of numbers that need one another, each group after what it needs (Kosaraju and Sharir:
    the order of one walk along all needs, then walks against them)."""
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
) -> Program:
    """A text as loops. Raises NotLoops where it is to be unrolled."""
    try:
        names = dict.fromkeys(equations, EXPECTED)
        program = Program(statements, LoopBuilder(names, functions, members))
        program.prepare()
        return program
    except BackpropError:
        raise NotLoops("a mistake") from None
