"""A text as loops over arrays: its families, where their members stand, and the numbers of the file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from backprop.graph import Columns, in_order
from backprop.language.build import Builder
from backprop.loops.affine import Ints, Places, distinct, numbers_up, once, plain
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Domain, Reals, Wholes
from backprop.loops.family import Family
from backprop.loops.many import NotLoops, about
from backprop.loops.parts import ArrayWalk, Block, Use, part
from backprop.loops.reader import LoopBuilder
from backprop.loops.repeated import Repeated
from backprop.loops.rounded import moves
from backprop.loops.rows import ArrayColumns, Read
from backprop.loops.words import words
from backprop.syntax.bodies import Parts
from backprop.syntax.parser import Statement


class Layout:
    """The members of a text's families, and what its statements are.

    families: by name, in the order of the file. defaults: the numbers that the file gives members,
    nan where it gives none. loops: the statements. uses: what is read, by row. computed: by number
    the loops that are equations, and for which combinations they are. fixed: of each family the
    members that indices are made of.
    """

    def __init__(self, statements: Sequence[Statement], builder: LoopBuilder) -> None:
        self.columns: ArrayColumns = builder.columns
        self.builder = builder
        self.families: dict[str, Family] = {}
        self.defaults: dict[str, Reals] = {}
        self.loops: list[Repeated] = []
        self.uses: dict[int, Use] = {}
        self.written: list[Repeated] = []
        """The statements as the file has them."""
        self._tables: dict[str, tuple[Family, Reals]] = {}
        self.computed: dict[int, NDArray[numpy.bool_]] = {}
        self.fixed: dict[str, list[Wholes]] = {}
        builder.table, builder.extent = self.table, self.extent
        builder.present, builder.kept = self.present, self.kept
        later = builder.declarations.later
        for statement in statements:
            if statement.shape.form == "function":
                continue
            if statement.shape.form in ("declaration", "goal"):
                later.append(statement)
            else:
                with about(statement):
                    loop = builder.loop(statement)
                if loop.domain.size:
                    self.loops.append(loop)
        self._enter()

    def table(self, name: str, indices: tuple[Ints, ...], home: Domain, inside: Domain) -> Reals:
        """The numbers of members that indices are made of, which the file gives. indices: for each
        combination of `home`, of which those count that have some in the domain that is read, `inside`."""
        if name not in self._tables:
            owners = self.builder.families.owners.get(name, [])
            if not owners or any(each.shape.drawn for each in owners):
                raise NotLoops("an index comes from a family that is no table of numbers")
            loops = [self.builder.with_body(self.builder.loop(each)) for each in owners]
            family = Family(name, [each.at for each in loops])
            numbers = numpy.full(family.size, numpy.nan)
            for loop in loops:
                places = family.places(loop.at)
                family.owner[places] = 0
                rows = in_order([loop.root], self.columns.operands)
                if any(isinstance(self.columns.specials.get(row), Read) for row in rows):
                    raise NotLoops("an index comes from a family that is no table of numbers")
                numbers[places] = _numbers(part(self.columns, [loop.root], {}))
            self._tables[name] = family, numbers
        family, numbers = self._tables[name]
        family.members(indices)
        places = used = family.places(indices)
        if home in inside.around() and inside.within(home) < 0:
            used = places[numpy.unique(numbers_up(inside, home))]
        self.fixed.setdefault(name, []).append(used)
        return numbers[places]

    def present(self, name: str, indices: Sequence[Ints]) -> bool:
        """Whether a family has all of these members; so does one that no statement defines."""
        family = self.families.get(name)
        return (
            not family or len(indices) != family.dimensions or bool(self.kept(name, indices).all())
        )

    def kept(self, name: str, indices: Sequence[Ints]) -> NDArray[numpy.bool_]:
        """Which members of a family there are. Raises NotLoops for one that no statement defines."""
        family = self._family(name)
        places = family.where(indices)
        found: NDArray[numpy.bool_] = family.owner[places] != Family.ABSENT
        return found & (places >= 0) if isinstance(places, numpy.ndarray) else found

    def extent(self, name: str) -> list[tuple[int, int]]:
        """The least and the largest index of each position of a family."""
        family = self._family(name)
        return [(low, low + count - 1) for low, count in zip(family.low, family.shape, strict=True)]

    def _family(self, name: str) -> Family:
        if name not in self.families or not self.families[name].dimensions:
            raise NotLoops("a family is gathered that no statement defines")
        return self.families[name]

    def _enter(self) -> None:
        defined: dict[str, list[int]] = {}
        for number, loop in enumerate(self.loops):
            defined.setdefault(loop.family, []).append(number)
        for name, numbers in defined.items():
            known = [self.loops[each].at for each in numbers]
            family = self.families[name] = Family(name, known)
            for each in numbers:
                places = family.where(self.loops[each].at)
                defined = (family.owner[once(places)] != Family.ABSENT).any()
                with about(self.loops[each].statement):
                    if defined or not distinct(places):
                        raise NotLoops("a member is defined twice")
                family.owner[once(places)] = each
        for number, loop in enumerate(self.loops):
            if not loop.statement.shape.drawn:
                with about(loop.statement):
                    self.loops[number] = self.builder.with_body(loop)
        self._undefined()
        self.enter_uses()

    def _undefined(self) -> None:
        """Enter the inputs that no statement defines."""
        read: dict[str, list[tuple[Ints, ...]]] = {}
        for special in self.columns.specials.values():
            if isinstance(special, Read) and special.family not in self.families:
                read.setdefault(special.family, []).append(special.at)
        for name, indices in read.items():
            family = self.families[name] = Family(name, indices)
            for each in indices:
                family.owner[family.places(each)] = Family.UNDEFINED

    @property
    def undefined(self) -> bool:
        """Whether there are inputs that no statement defines."""
        return any((each.owner == Family.UNDEFINED).any() for each in self.families.values())

    def enter_uses(self) -> None:
        """Find where what has been read stands."""
        for row, special in self.columns.specials.items():
            if isinstance(special, Read) and row not in self.uses:
                family = self.families[special.family]
                places = family.members(special.at)
                self.uses[row] = Use(row, family.name, places)

    def known(self) -> dict[int, Block]:
        """Find the numbers of the file. The equations, by their number, each as all that leads to its
        members."""
        for family in self.families.values():
            # one place more, for what is computed and not wanted
            self.defaults[family.name] = numpy.full(family.size + 1, numpy.nan)
        parts: dict[int, Block] = {}
        for number, loop in enumerate(self.loops):
            with about(loop.statement):
                self._know(number, loop, parts)
        self.written = [*self.loops]
        for number, reads in self.computed.items():
            if not reads.all():
                self._nothing(number, reads, parts[number])
        return parts

    def _know(self, number: int, loop: Repeated, parts: dict[int, Block]) -> None:
        """Find the numbers of one statement, or enter its part."""
        if loop.statement.shape.drawn:
            self._draw(loop)
            self._say(loop, self.families[loop.family].places(loop.at))
            return
        found = part(self.columns, [loop.root], self.uses)
        if found.uses:
            parts[number] = found
            if loop.statement.shape.const or loop.parts.limits:
                raise NotLoops("what is computed has bounds or is const")
            self.computed[number] = self._reading(found, loop)
            return
        called = words(loop.statement.tokens, Parts((), loop.parts.body))
        if not called.isdisjoint(self.builder.functions) and self._is_equation(loop, found):
            raise NotLoops("a function of the file makes a number of what is computed")
        self._default(loop, found)

    def _is_equation(self, loop: Repeated, found: Block) -> bool:
        """Whether a statement whose functions read no member is an equation, because one is called with
        what is computed, as its first member shows: f(2*i), and not f(i)."""
        if not all(each.counts.all() for each in found.domains.values()):
            return True
        scope = {name: each[0] for name, each in self._variables(loop).items()}
        single = Builder({}, Columns(), self.builder.functions, self.builder.families)
        single.expression(loop.statement.tokens, loop.parts.body, scope)
        return single.uses_names

    def _reading(self, of: Block, loop: Repeated) -> NDArray[numpy.bool_]:
        """For each combination of a loop whether it reads members: in sums of nothing there are none,
        and what they alone make is an input."""
        columns = self.columns
        if all(each.each > 0 for each in of.domains.values()):
            return numpy.broadcast_to(numpy.True_, loop.domain.size)
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

    def _nothing(self, number: int, reads: NDArray[numpy.bool_], of: Block) -> None:
        """Make inputs of the members that read nothing."""
        loop = self.loops[number]
        family = self.families[loop.family]
        places = family.places(loop.at)[~reads]
        writer = ArrayWriter()
        known: dict[int, Spread] = {}
        for use in of.uses:
            home = self.columns.homes[use.row]
            known[use.row] = 1.0 if home is self.columns.whole else numpy.ones(home.size)
        walk = ArrayWalk.through(of, writer, known)
        with writer.watched():
            walk.forward()
        numbers = numpy.broadcast_to(walk.found[loop.root], loop.domain.size)[~reads]
        if not numpy.isfinite(numbers).all():
            raise NotLoops("a number of the file is too large or too small for a double")
        self.defaults[family.name][places] = numbers
        family.owner[places] = len(self.loops)
        self.loops.append(loop)

    def target(self, loop: Repeated) -> Places:
        """Where the members that a loop computes stand; those that read nothing behind all others."""
        family = self.families[loop.family]
        places = family.where(loop.at)
        inputs = ~numpy.isnan(self.defaults[family.name][places])
        if not inputs.any():
            return places
        return plain(numpy.where(inputs, family.size, family.places(loop.at)))

    def _say(self, loop: Repeated, places: Wholes) -> None:
        """Take what a statement says of its inputs besides their numbers."""
        tokens, declarations = loop.statement.tokens, self.builder.declarations
        if not (loop.statement.shape.const or loop.parts.limits):
            return
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

    def _variables(self, loop: Repeated) -> dict[str, list[int]]:
        """What the variables of a loop are, for each of its combinations."""
        return {
            name: self.builder.of_variable(found.node, loop.domain)
            for name, found in loop.scope.items()
        }

    def _draw(self, loop: Repeated) -> None:
        """The numbers of members that are drawn at random."""
        families, tokens = self.builder.families, loop.statement.tokens
        family = self.families[loop.family]
        places = family.places(loop.at)
        numbers = self.defaults[loop.family]
        labels, body = family.labels(places), loop.parts.body
        variables = self._variables(loop)
        first = {name: each[0] for name, each in variables.items()}
        numbers[places[0]], _ = families.draw(tokens, body, labels[0], first)
        within = [words(tokens, each) for each in body.parts.values()]
        if variables.keys() & set().union(
            {tokens.texts[node.token] for node in body.nodes}, *within
        ):
            for at, (place, label) in enumerate(zip(places.tolist(), labels, strict=True)):
                scope = {name: each[at] for name, each in variables.items()}
                numbers[place], _ = families.draw(tokens, body, label, scope)
            return
        low, high = families.integers.arguments(tokens, body, first)
        name = tokens.texts[body.nodes[-1].token]
        drawn = [families.drawn(name, low, high, label) for label in labels]
        numbers[places] = drawn
        if not numpy.isfinite(drawn).all():
            raise NotLoops("a number that is drawn is too large for a double")

    def _default(self, loop: Repeated, found: Block) -> None:
        """The numbers that a statement without names gives members."""
        places = self.families[loop.family].places(loop.at)
        self.defaults[loop.family][places] = _numbers(found)
        self._say(loop, places)


def _numbers(of: Block) -> Spread:
    """The numbers of a part that reads nothing."""
    writer = ArrayWriter()
    walk = ArrayWalk.through(of, writer, {})
    with writer.watched():
        walk.forward()
    if writer.small or not walk.is_finite():
        raise NotLoops("a number of the file is too large or too small for a double")
    if moves(walk):
        raise NotLoops("a number of the file is what rounding makes of it")
    return walk.found[of.roots[0]]
