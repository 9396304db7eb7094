"""A text as loops over arrays: its families, where their members stand, and the numbers of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy
from numpy.typing import NDArray

from backprop.graph import in_order
from backprop.language.declarations import DeclarationReader
from backprop.loops.affine import Ints, Places, distinct, numbers_up, plain
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.called_equations import is_equation
from backprop.loops.domains import Domain, Reals, Wholes
from backprop.loops.draws import column_of, drawn, first_of, variables_of
from backprop.loops.family import Family, is_named
from backprop.loops.file_numbers import PIECE, FileNumbers, entered, none, numbers_of
from backprop.loops.held import Marks, hold
from backprop.loops.in_time import TimeOrder
from backprop.loops.literals import Literal, literal, repeated
from backprop.loops.many import NotLoops, about
from backprop.loops.parts import ArrayWalk, Block, Use, part
from backprop.loops.reader import LoopBuilder
from backprop.loops.repeated import Repeated
from backprop.loops.restored import restored
from backprop.loops.rows import ArrayColumns, Read
from backprop.loops.table_rows import NO_TABLE, TableRows
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
        self.defaults: dict[str, FileNumbers] = {}
        self.loops: list[Repeated] = []
        self.uses: dict[int, Use] = {}
        self.said: dict[int, Literal] = {}
        """The statements of one number each, by theirs."""
        self.written: list[Repeated] = []
        """The statements as the file has them."""
        self._tables: dict[str, tuple[Family, Reals]] = {}
        self._begun = set[str]()  # of these the ones whose numbers have been asked for
        self.computed: dict[int, NDArray[numpy.bool_]] = {}
        self.fixed: dict[str, list[Wholes]] = {}
        self.unmoved: list[int] = []
        self.unrolls = True  # so that what is in doubt can be found out with the unrolled graph
        self.held: Marks = {}
        """The members that are const."""
        self.derived: dict[str, int] = {}
        """What stands before the names of families that the text does not name, of derivatives in it, and
        the statement that they are for."""
        self.used_besides: list[Use] = []  # what derivatives in the text are of, and by
        self.timing: TimeOrder | None = None  # of members that need one another, the last one found
        self._partly: set[str] = set()
        """The families of equations of which some members read nothing."""
        builder.table, builder.extent = self.table, self.extent
        builder.present, builder.kept = self.present, self.kept
        later = builder.declarations.later
        for statement in statements:
            if statement.shape.form == "function":
                continue
            if statement.shape.form in ("declaration", "goal"):
                later.append(statement)
            elif said := literal(statement):
                self.said[len(self.loops)] = said
                self.loops.append(repeated(statement, said, self.columns.whole))
            else:
                with about(statement):
                    loop = builder.loop(statement)
                if loop.domain.size:
                    self.loops.append(loop)
        self._enter()

    def table(self, name: str, indices: tuple[Ints, ...], home: Domain, inside: Domain) -> Reals:
        """The numbers of members that indices are made of. indices: for each combination of `home`, of
        which those count that have some in the domain that is read, `inside`."""
        family, numbers = self._table(name)
        family.members(indices)
        places = used = family.places(indices)
        if home in inside.around() and inside.within(home) < 0:
            used = places[numpy.unique(numbers_up(inside, home))]
        self.fixed.setdefault(name, []).append(used)
        return numbers[places]

    def _table(self, name: str) -> tuple[Family, Reals]:
        """A family that indices are made of, and its numbers."""
        if name not in self._tables:
            owners = self.builder.families.owners.get(name, [])
            if name in self.families and (data := column_of(self.builder, owners)) is not None:
                return self._tables.setdefault(name, (self.families[name], data))
            if not owners or any(each.shape.drawn for each in owners) or name in self._begun:
                raise NotLoops(NO_TABLE)
            self._begun.add(name)
            reader = TableRows(self.builder)
            loops = [reader.with_body(reader.loop(each)) for each in owners]
            family = Family(name, [each.at for each in loops])
            numbers = numpy.full(family.size, numpy.nan)
            for loop in loops:
                places = family.places(loop.at)
                family.own(places, 0)
                body = part(reader.columns, [loop.root], {})
                numbers[places] = numpy.concatenate([*numbers_of(body)])
            family.enter(self.builder.families.integers.sizes, numbers)
            self._tables[name] = family, numbers
        return self._tables[name]

    def present(self, name: str, indices: Sequence[Ints]) -> bool:
        """Whether a family has all of these members; so does one that no statement defines."""
        family = self.families.get(name)
        return (
            not family
            or len(indices) != family.dimensions
            or not (
                self._family(name).ends_beyond(indices) or not family.has(family.where(indices))
            )
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
            said = [each for each in numbers if each in self.said]
            others = [each for each in numbers if each not in self.said]
            known = [self.loops[each].at for each in others]
            known += [at] if (at := self.indices_said(said)) else []
            family = self.families[name] = Family(name, known)
            if at:
                places = family.where(at)
                if not distinct(places):
                    raise NotLoops("a member is defined twice")
                family.own(places, numpy.array(said))
            for each in others:
                places = family.where(self.loops[each].at)
                met = family.owners(places) - {Family.ABSENT}
                with about(self.loops[each].statement):
                    if met or not distinct(places):
                        raise NotLoops("a member is defined twice")
                family.own(places, each)
        for number, loop in enumerate(self.loops):
            if not (loop.statement.shape.drawn or number in self.said):
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
            if name in self.builder.families.statements:
                raise NotLoops("a family is read that has no members")
            family = self.families[name] = Family(name, indices)
            for each in indices:
                family.own(family.where(each), Family.UNDEFINED)

    def inputs_of(self, name: str) -> NDArray[numpy.bool_]:
        """Which places of a family are those of inputs."""
        family = self.families[name]
        free = numpy.ones(len(self.loops) + 2, dtype=bool)
        free[[*self.computed, Family.ABSENT]] = False  # UNDEFINED is the last one, ABSENT before it
        if family.alike is not None:
            return numpy.broadcast_to(free[family.alike], family.size)
        found = numpy.empty(family.size, dtype=bool)
        for start in range(0, family.size, PIECE):
            some = slice(start, start + PIECE)
            found[some] = free[family.owner[some]]
        return found

    @property
    def undefined(self) -> bool:
        """Whether there are inputs that no statement defines."""
        return any((each.owner == Family.UNDEFINED).any() for each in self.families.values())

    def derive_within(self, root: int) -> None:
        """Find the derivatives in a row of a recurrence."""

    def enter_uses(self) -> None:
        """Find where what has been read stands."""
        for row, special in self.columns.specials.items():
            if isinstance(special, Read) and row not in self.uses:
                family = self.families.get(special.family)
                if family and is_named(family.name):  # and not of another plan in these columns
                    self.uses[row] = Use(row, family.name, family.members(special.at))

    def known(self) -> dict[int, Block]:
        """Find the numbers of the file. The equations, by their number, each as all that leads to its
        members."""
        for family in self.families.values():
            # one place more, for what is computed and not wanted; no array before there are numbers
            self.defaults[family.name] = none(family.size + 1)
        parts: dict[int, Block] = {}
        self._know_said()
        for number, loop in enumerate(self.loops):
            if number in self.said:
                continue
            with about(loop.statement):
                self._know(number, loop, parts)
        self.written = [*self.loops]
        for number, reads in self.computed.items():
            if not reads.all():
                self._nothing(number, reads, parts[number])
        return parts

    def indices_said(self, numbers: Sequence[int]) -> tuple[Ints, ...]:
        """The indices of the members of statements of one number each, position by position."""
        indices = [self.said[each].indices for each in numbers]
        if len({*map(len, indices)}) > 1:
            raise NotLoops("members of one family have different numbers of indices")
        return tuple(numpy.array(each, dtype=numpy.int64) for each in zip(*indices, strict=True))

    def _know_said(self) -> None:
        """Enter the numbers of statements of one each."""
        by_family: dict[str, list[int]] = {}
        for number in self.said:
            by_family.setdefault(self.loops[number].family, []).append(number)
        for name, numbers in by_family.items():
            family = self.families[name]
            places = family.places(self.indices_said(numbers))
            self._give(name, places, [self.said[each].number for each in numbers])
            still = [self.loops[each].statement.shape.const for each in numbers]
            if any(still):
                hold(self.held, family, places[still])

    def _give(
        self,
        name: str,
        places: Places,
        numbers: Reals | Sequence[float] | Iterator[Reals] | Callable[[], Iterator[Reals]],
    ) -> None:
        """Enter numbers of a family. See `file_numbers.entered`."""
        self.defaults[name] = entered(self.defaults[name], places, numbers)

    def _know(self, number: int, loop: Repeated, parts: dict[int, Block]) -> None:
        """Find the numbers of one statement, or enter its part."""
        if loop.statement.shape.drawn:
            self._draw(loop)
            self._say(loop, self.families[loop.family].where(loop.at))
            return
        found = part(self.columns, [loop.root], self.uses)
        if is_equation(self.builder, loop, found):
            parts[number] = found
            if loop.parts.limits:
                raise NotLoops("what is computed has bounds")
            if loop.statement.shape.const:
                self.unmoved.append(number)
                self._say(loop, self.families[loop.family].where(loop.at))
            self.computed[number] = self._reading(found, loop)
            return
        self._default(loop, found)

    def _reading(self, of: Block, loop: Repeated) -> NDArray[numpy.bool_]:
        """For each combination of a loop whether it reads members: in sums of nothing there are none,
        and what they alone make is an input. A derivative is by one, whatever it is of."""
        columns, derived = self.columns, self.builder.derived
        if not of.uses or self._reads_always(of, loop.root):
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
                found[row] = numpy.full(home.size, row in self.uses or row in derived)
                for operand in columns.operands(row):
                    found[row] = found[row] | found[operand]
        return found[loop.root]

    def _reads_always(self, of: Block, root: int) -> bool:
        """Whether it is plain that members are read for each combination of a root."""
        columns, always = self.columns, set[int]()
        for row in in_order([root], columns.operands):
            if (
                row in self.uses
                or row in self.builder.derived
                or (
                    not (row in of.domains and of.domains[row].gaps)
                    and not always.isdisjoint(columns.operands(row))
                )
            ):
                always.add(row)
        return root in always

    def _nothing(self, number: int, reads: NDArray[numpy.bool_], of: Block) -> None:
        """Make inputs of the members that read nothing."""
        loop = self.loops[number]
        self._partly.add(loop.family)
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
        self._give(family.name, places, numbers)
        family.own(places, len(self.loops))
        self.loops.append(loop)

    def target(self, loop: Repeated) -> Places:
        """Where the members that a loop computes stand; those that read nothing behind all others."""
        if loop.family not in self._partly:
            return self.families[loop.family].where(loop.at)
        family = self.families[loop.family]
        places = family.where(loop.at)
        inputs = ~numpy.isnan(self.defaults[family.name][places])
        if not inputs.any():
            return places
        return plain(numpy.where(inputs, family.size, family.places(loop.at)))

    def _say(self, loop: Repeated, places: Places) -> None:
        """Take what a statement says of its inputs besides their numbers."""
        if loop.statement.shape.const:
            hold(self.held, self.families[loop.family], places)
        if not loop.parts.limits:
            return
        labels = self.families[loop.family].labels(places)
        numbers = self.defaults[loop.family][places].tolist()
        self._limit(loop, labels, numbers, self.builder.declarations)

    def _limit(
        self, loop: Repeated, labels: Sequence[str], numbers: list[float], taken: DeclarationReader
    ) -> None:
        """Take the bounds and the uncertainties of the members of a loop, which have these numbers."""
        (limit, *more), tokens = loop.parts.limits, loop.statement.tokens
        words = {tokens.texts[node.token] for item in limit.items for node in item}
        if not more and limit.node.kind == "bounds" and words.isdisjoint(loop.scope):
            scope = first_of(self.builder, loop)

            def take(label: str, number: float) -> None:
                taken.limit(label, loop.statement, loop.parts, scope, number)

            take(first := labels[0], numbers[0])
            low, high = taken.bounds[first]
            for label, number in zip(labels, numbers, strict=True):
                if number < low or number > high:
                    take(label, number)
            taken.bounds.update(dict.fromkeys(labels, (low, high)))
            taken.written.update(dict.fromkeys(labels, taken.written[first]))
            return
        variables = variables_of(self.builder, loop)
        for at, (label, number) in enumerate(zip(labels, numbers, strict=True)):
            scope = {name: each[at] for name, each in variables.items()}
            taken.limit(label, loop.statement, loop.parts, scope, number)

    def _draw(self, loop: Repeated) -> None:
        """The numbers of members that are drawn at random."""
        family = self.families[loop.family]
        places = family.where(loop.at)
        self._give(loop.family, places, drawn(self.builder, loop, family, places))

    def _default(self, loop: Repeated, found: Block) -> None:
        """The numbers that a statement without names gives members."""
        family = self.families[loop.family]
        places = family.where(loop.at)
        restore = partial(restored, self.builder, loop)
        self._give(loop.family, places, numbers_of(found, restore, partial(family.label, places)))
        self._say(loop, places)
