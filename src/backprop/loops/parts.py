"""The chain rule over arrays: a body once, for all combinations of its indices, or for a slice of them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy

from backprop.chain.walk import NOTHING, Operand, Walk, hides
from backprop.graph import in_order
from backprop.loops import edges, gathers
from backprop.loops.affine import Affine, Ints, Places, numbers_up, whole
from backprop.loops.arrays import ArrayWriter, Spread, finite, is_nothing
from backprop.loops.domains import Domain, Reals
from backprop.loops.rows import ArrayColumns, Gathered, Index, Lift
from backprop.loops.scattered import added
from backprop.operations import OPERATIONS
from backprop.row import is_truth


class Use(NamedTuple):
    """Members that a body reads: the row, the family, and where they stand in it."""

    row: int
    family: str
    places: Places


class Up:
    """Where a lifted row comes from. size: how many combinations the row itself has."""

    def __init__(self, size: int, places: Callable[[], Ints | int], hollow: bool = False) -> None:
        self.size, self._places, self.hollow = size, places, hollow

    @cached_property
    def places(self) -> Ints | int:
        """For each combination of the lifted row that of the row itself; of one number how many there
        are."""
        return self._places()


class Known(Mapping[int, Spread]):
    """The numbers of rows of which they are known. rows: whole ones as such, which become doubles when
    someone asks for them."""

    def __init__(self) -> None:
        self.rows: dict[int, Ints | float] = {}
        self._made: dict[int, Reals] = {}

    def forget(self) -> None:
        """Keep no doubles."""
        self._made.clear()

    def __getitem__(self, row: int) -> Spread:
        found = self.rows[row]
        if isinstance(found, float):
            return found
        if row not in self._made:
            self._made[row] = whole(found).astype(float)
        return self._made[row]

    def __iter__(self) -> Iterator[int]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Block(NamedTuple):
    """Rows of a body. roots: those that are asked for. steps: what is computed, operands first.
    outer: rows that are computed elsewhere. known: of numbers and of the variables of clauses what
    they are. uses: what is read. ups: of lifted rows. domains: what gathers run through. guarded, moving,
    looked: as of `Walk`. bordering: the steps that may stand on a border. hollow: whether some rows are
    computed for combinations that nothing asks for: of `a[i]` in a sum over none."""

    columns: ArrayColumns
    roots: Sequence[int]
    steps: Sequence[int]
    outer: Sequence[int]
    known: Mapping[int, Spread]
    uses: Sequence[Use]
    ups: Mapping[int, Up]
    domains: Mapping[int, Domain]
    guarded: Container[int]
    moving: Container[int]
    looked: Sequence[int]
    bordering: Sequence[int]
    hollow: bool

    @property
    def size(self) -> int:
        """About how many steps it takes, unrolled."""
        return self.size_of(self.columns.homes[self.roots[0]].size)

    def size_of(self, members: int) -> int:
        """About how many steps a slice with so many of its members takes; its domains are its own."""
        homes = self.columns.homes
        steps = sum(homes[step].size for step in self.steps if step not in self.ups)
        inside = sum(each.size for each in self.domains.values())
        return inside + steps * members // max(homes[self.roots[0]].size, 1)

    def forget(self) -> None:
        """Keep no arrays of places and of variables, which are made again when someone asks for them."""
        if isinstance(self.known, Known):
            self.known.forget()
        for use in self.uses:
            if isinstance(use.places, Affine):
                use.places.forget()
        for up in self.ups.values():
            up.__dict__.pop("places", None)

    def moves(self, row: int) -> bool:
        """Whether a row may move: it is no number, and not true or false."""
        columns = self.columns
        truth = columns.is_step(row) and row not in columns.specials
        return not (columns.is_number(row) or (truth and is_truth(OPERATIONS[columns.op(row)])))

    def slices(self, within: Domain) -> Iterator[Block]:
        """The part for each combination of a domain that all of its own steps lie within."""
        columns, at = self.columns, numpy.arange(within.size + 1)
        homes = {columns.homes[row] for row in (*self.steps, *self.ups, *self.known)}
        homes.update(columns.homes[use.row] for use in self.uses)
        homes.discard(columns.whole)
        ends = {
            home: numpy.searchsorted(home.lifted(at[:-1], within), at).tolist()
            for home in homes
            if within in home.around()
        }
        ups = {row: (columns.homes[row], self.ups[row]) for row in self.ups}
        bases = {row: columns.homes[row] for row in self.domains}
        for number in range(within.size):
            here = {home: slice(each[number], each[number + 1]) for home, each in ends.items()}
            known: dict[int, Spread] = {}
            for row, numbers in self.known.items():
                home = columns.homes[row]
                known[row] = numbers if isinstance(numbers, float) else numbers[here[home]]
            uses = [
                use._replace(places=sliced(use.places, here[columns.homes[use.row]]))
                for use in self.uses
            ]
            moved: dict[int, Up] = {}
            for row, (home, up) in ups.items():
                source = columns.homes[columns.operands(row)[0]]
                some = here[home]
                if isinstance(up.places, int):
                    moved[row] = _known_up(some.stop - some.start, 1)
                elif source in here:
                    first, last = here[source].start, here[source].stop
                    moved[row] = _known_up(up.places[some] - first, last - first)
                else:  # computed before, for all slices
                    moved[row] = _known_up(up.places[some], up.size)
            domains = {
                row: Domain(columns.whole, self.domains[row].counts[here[home]])
                for row, home in bases.items()
            }
            yield self._replace(known=known, uses=uses, ups=moved, domains=domains)


def part(
    columns: ArrayColumns,
    roots: Sequence[int],
    places: Mapping[int, Use],
    outside: Container[int] = (),
) -> Block:
    """Everything that leads to these rows. places: what is read, by row. outside: rows of which only
    the numbers are needed."""
    order = in_order(
        roots, lambda row: () if row in outside or row in places else columns.operands(row)
    )
    inside = [row for row in order if row not in outside]
    steps = [row for row in inside if columns.is_step(row) and row not in places]
    known = Known()
    ups: dict[int, Up] = {}
    domains: dict[int, Domain] = {}
    for row in inside:
        special = columns.specials.get(row)
        if row in places:
            continue
        if columns.is_number(row):
            known.rows[row] = columns.constant(row)
        elif isinstance(special, Index):
            known.rows[row] = special.known
        elif isinstance(special, Lift):
            ups[row] = _up(columns.homes[row], columns.homes[special.row])
        elif special is not None:
            assert isinstance(special, Gathered)
            domains[row] = columns.homes[special.row].over(columns.homes[row])
    outer = [row for row in order if row in outside]
    uses = [places[row] for row in inside if row in places]
    walk = ArrayWalk(ArrayWriter(), columns, steps, {})
    moving = walk.moving([*(use.row for use in uses), *outer])
    looked = [*dict.fromkeys([*roots, *hidden(columns, steps)])]
    asked = [step for step in steps if (step in moving or not (uses or outer)) and step not in ups]
    some = [step for step in asked if step in domains or edges.has_some(columns.op(step))]
    return Block(
        columns,
        roots,
        steps,
        outer,
        known,
        uses,
        ups,
        domains,
        walk.guarded,
        moving,
        looked,
        some,
        any(up.hollow for up in ups.values()),
    )


def _up(inner: Domain, home: Domain) -> Up:
    """Where a row of a domain comes from that is lifted into one further in."""
    if home.parent is None:
        return _known_up(inner.size, 1)
    return Up(
        home.size, lambda: numbers_up(inner, home), inner is not home and inner.over(home).gaps
    )


def _known_up(places: Ints | int, size: int) -> Up:
    return Up(size, lambda: places, isinstance(places, int) and not places)


def hidden(columns: ArrayColumns, steps: Iterable[int]) -> Iterator[int]:
    """The operands of steps that may be finite where these are not. A branch that is not taken need
    not be, and one that is taken shows."""
    for step in steps:
        special = columns.specials.get(step)
        if isinstance(special, Gathered) and hides(special.gather.joined_by, 0, (None, None)):
            yield special.row
        if special is not None:
            continue
        operands = columns.operands(step)
        known = tuple(columns.constant(x) if columns.is_number(x) else None for x in operands)
        for at, operand in enumerate(operands):
            chosen = OPERATIONS[columns.op(step)].chooses and at
            if not columns.is_number(operand) and not chosen and hides(columns.op(step), at, known):
                yield operand


class Turn(NamedTuple):
    """What is computed next: a part, and where its members stand. Of what is the same for all slices
    of a loop the family is "", and its rows are kept."""

    part: Block
    family: str
    target: Places

    @property
    def turns(self) -> Sequence[Turn]:
        """As of a recurrence: this alone."""
        return (self,)


def sliced(places: Places, some: slice) -> Places:
    """Some of the places, those that stand there."""
    if isinstance(places, slice):
        return slice(places.start + some.start, places.start + some.stop)
    return places[some]


class ArrayWalk(Walk[Reals]):
    """The chain rule through the rows of a part, which are arrays."""

    writer: ArrayWriter
    graph: ArrayColumns
    part: Block
    once = False
    """Whether nobody goes back a second time: what is not needed any longer is then given up."""

    @classmethod
    def through(cls, part: Block, writer: ArrayWriter, known: Mapping[int, Spread]) -> Self:
        """A walk through a part. known: what is read, and the rows that are computed elsewhere."""
        walk = cls.__new__(cls)
        walk.writer, walk.graph, walk.part = writer, part.columns, part
        walk.steps, walk.guarded = part.steps, part.guarded  # type: ignore[assignment]
        walk.found = {**part.known, **known}
        return walk

    def chooses(self, step: int) -> bool:
        return step not in self.graph.specials and super().chooses(step)

    def made(self, step: int, operands: Sequence[Spread]) -> Spread:
        special = self.graph.specials.get(step)
        if isinstance(special, Lift):
            up = self.part.ups[step].places
            if isinstance(up, int):
                return numpy.broadcast_to(operands[0], up)
            return numpy.asarray(operands[0])[up]
        if isinstance(special, Gathered):
            found = gathers.value(self.writer, special.gather, self.part.domains[step], operands[0])
            return float(found[0]) if self.graph.homes[step] is self.graph.whole else found
        return super().made(step, operands)

    def named(self, row: int) -> Spread:
        """As an array what is no number of the equations: only such are 0 whatever arrives."""
        found = self.found[row]
        return found if self.graph.is_number(row) else numpy.atleast_1d(found)

    def moving(self, wanted: Iterable[int]) -> Container[int]:
        return self.part.moving if hasattr(self, "part") else super().moving(wanted)

    def shares(
        self, step: int, gradient: Spread, moving: Container[int]
    ) -> Iterator[tuple[int, Spread]]:
        yield from self._brought(step, gradient, moving)
        if self.once:  # no step that is left needs it
            self.found.pop(step, None)

    def _brought(
        self, step: int, gradient: Spread, moving: Container[int]
    ) -> Iterator[tuple[int, Spread]]:
        special = self.graph.specials.get(step)
        if special is None:
            self.writer.wanted = [each in moving for each in self.graph.operands(step)]
            for operand, share in super().shares(step, gradient, moving):
                alone = self.graph.homes[operand] is self.graph.whole
                yield operand, _total(share) if alone else share
            return
        (operand,) = self.graph.operands(step)
        if operand not in moving:
            return
        given = numpy.atleast_1d(numpy.asarray(gradient))
        if isinstance(special, Lift):
            up = self.part.ups[step].places
            if isinstance(up, int):
                yield operand, _total(given)
                return
            yield operand, added(numpy.full_like(_like(self.found[operand]), -0.0), up, given)
            return
        assert isinstance(special, Gathered)
        terms, out = (numpy.atleast_1d(self.found[row]) for row in (operand, step))
        domain = self.part.domains[step]
        share = gathers.gradient(self.writer, special.gather, domain, terms, out, given)
        yield operand, self.writer.gathered(share)

    def borders(self) -> Iterator[tuple[int, Any]]:
        """The steps that stand on a border for some combinations, and for which. What is true or
        false, and what no name leads to, stands on none."""
        for step in self.part.bordering:
            special, operands = self.graph.specials.get(step), self.graph.operands(step)
            called = [self.found[each] for each in operands]
            if special is None:
                still = [not self.part.moves(each) for each in operands]
                met = edges.met(self.graph.op(step), called, still)
                if numpy.any(met) and len({*operands}) == len(operands):
                    yield step, met
            elif isinstance(special, Gathered):
                domain, terms = self.part.domains[step], numpy.atleast_1d(called[0])
                if gathers.tied(special.gather, domain, terms, numpy.atleast_1d(self.found[step])):
                    yield step, True

    def is_finite(self) -> bool:
        """Whether all values are finite that have a say."""
        return all(finite(self.found[row]) for row in self.part.looked)


def _total(share: Spread) -> float:
    """What all combinations bring to one number."""
    if isinstance(share, float):  # nothing
        return share
    return NOTHING if is_nothing(share).all() else float(share.sum())


def _like(numbers: Operand[Any]) -> Reals:
    return numpy.atleast_1d(numpy.asarray(numbers, dtype=float))
