"""One time of a recurrence as a graph of single steps: `x[t+1]` and `v[t+1]` for any one t.

That is possible where the members of all times are made in the same way; only where they read and
write, and what the numbers of their indices are, goes on from time to time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.graph import Columns, joined
from backprop.loops import edges
from backprop.loops.affine import Affine, Ints, Places, numbers_up
from backprop.loops.domains import Domain, Reals, Wholes
from backprop.loops.gathers import can_tie
from backprop.loops.parts import Block, Known, Use
from backprop.loops.recurrence import Recurrence, Slots, Timed
from backprop.loops.rows import Gathered, Lift
from backprop.operations import EQUALITIES, Gather

MOST_STEPS = 2000
"""Single steps at one time that are worth code of their own."""

MOST_PHASES = 20
"""So many phases have code of their own."""


class Course(NamedTuple):
    """How a number goes on in time: at time number n it is base + by*n, or the one in `table`, which
    begins with that of the first time."""

    base: int
    by: int = 0
    table: Wholes | Reals | None = None

    @property
    def key(self) -> object:
        """Equal for what is the same at all times."""
        return self if self.table is None else self.table.tobytes()


class Leaf(NamedTuple):
    """What a moment begins with: a member of a family, or one number of a row that is computed before.
    whole: whether that is a single number."""

    source: str | int
    at: Course
    whole: bool = False


class Border(NamedTuple):
    """A step that may stand on a border. op: its operation, "max of" of the largest of many. still:
    which of its operands do not move. labels: what is read that may be equal if it has no slope; none
    of other borders."""

    step: int
    op: str
    operands: Sequence[int]
    still: Sequence[bool]
    labels: tuple[Use, ...] = ()


class Moment(NamedTuple):
    """The members of one statement at one time. targets: their nodes, and where they stand. leaves,
    numbers: what the nodes without operands are. steps: operands first. looked: nodes that may be finite
    where the targets are."""

    columns: Columns
    family: str
    targets: Sequence[tuple[int, Course]]
    leaves: Mapping[int, Leaf]
    numbers: Mapping[int, Course]
    looked: Sequence[int]
    borders: Sequence[Border]

    @property
    def steps(self) -> list[int]:
        return [*filter(self.columns.is_step, range(len(self.columns)))]


class Period(NamedTuple):
    """Times from number `start` to before `stop`: what is computed at each of them."""

    start: int
    stop: int
    moments: Sequence[Moment]


def periods(of: Recurrence, most: int) -> list[Period] | None:
    """A recurrence as single steps; None where times are not alike, or have more than so many of them."""
    shapes = [_shape(body) for body in of.bodies]
    if None in shapes or sum(shape.steps for shape in shapes if shape) > most:
        return None
    phases = of.phases(MOST_PHASES)
    if phases is None:
        return None
    found: list[Period] = []
    for start, stop, slots in phases:
        here = [
            _Unroller(shape, at, start).moment()
            for shape, at in zip(shapes, slots, strict=True)
            if shape and at is not None
        ]
        found.append(Period(start, stop, here))
    return found


class _Shape(NamedTuple):
    """A statement whose times are alike. sizes: of each domain the combinations at one time. ups,
    terms: of lifted rows and of gathers what they have at one time, of those from outside all that they
    have. steps: about how many single ones."""

    body: Timed
    sizes: Mapping[Domain, int]
    ups: Mapping[int, Sequence[int] | Ints]
    terms: Mapping[int, Sequence[tuple[int, int]]]
    steps: int


def _shape(body: Timed) -> _Shape | None:
    part, first = body.part, body.first
    columns = part.columns
    rows = [*part.steps, *part.known, *(use.row for use in part.uses)]
    sizes: dict[Domain, int] = {}
    for home in dict.fromkeys([columns.homes[row] for row in rows]):
        if first in home.around():
            size = _size(home, first)
            if not size:
                return None
            sizes[home] = size
    ups: dict[int, Sequence[int] | Ints] = {}
    for row, up in part.ups.items():
        places = up.places
        size = sizes[columns.homes[row]]
        source = columns.homes[columns.operands(row)[0]]
        if isinstance(places, int):
            ups[row] = [0] * size
        elif source not in sizes:
            ups[row] = places
        elif isinstance(places, Affine) and columns.homes[row].within(first) >= 0:
            ups[row] = places.inside(first)
        else:  # as many at each time, though perhaps others
            at = numpy.asarray(places).reshape(first.size, size)
            at = at - sizes[source] * numpy.arange(first.size)[:, None]
            if (at != at[0]).any():
                return None
            ups[row] = at[0].tolist()
    terms: dict[int, Sequence[tuple[int, int]]] = {}
    for row, domain in part.domains.items():
        size = sizes[columns.homes[row]]
        counts = numpy.full((1, size), domain.each)
        if domain.each < 0:
            counts = domain.counts.reshape(first.size, size)
        if (counts != counts[0]).any():
            return None
        ends = numpy.cumsum(counts[0]).tolist()
        terms[row] = [*zip([0, *ends[:-1]], ends, strict=True)]
    steps = sum(sizes[columns.homes[row]] for row in part.steps)
    return _Shape(body, sizes, ups, terms, steps)


def _size(home: Domain, first: Domain) -> int:
    """How many combinations of a domain there are at each time; 0 where that differs."""
    each = home.within(first)
    if each >= 0:
        return each
    counts = numpy.bincount(numbers_up(home, first), minlength=first.size)
    return 0 if (counts != counts[0]).any() else int(counts[0])


class _Unroller:
    """Reads the single steps of one statement at one time. at: the combinations of its `first`, time
    by time, from time number `start` on."""

    def __init__(self, shape: _Shape, at: Slots, start: int) -> None:
        self.shape, self.at, self.start = shape, at, start
        self.line = self._line(at)
        self.columns = Columns()
        self.nodes: dict[int, list[int]] = {}
        self.leaves: dict[int, Leaf] = {}
        self.numbers: dict[int, Course] = {}
        self._known: dict[object, int] = {}

    def moment(self) -> Moment:
        body, part = self.shape.body, self.shape.body.part
        columns, whole = part.columns, part.columns.whole
        sizes = self.shape.sizes
        for use in part.uses:
            courses = self._courses(use.places, sizes[columns.homes[use.row]])
            self.nodes[use.row] = [self._leaf(Leaf(use.family, each)) for each in courses]
        for row in part.outer:
            if columns.homes[row] is whole:
                self.nodes[row] = [self._leaf(Leaf(row, Course(0), True))]
        known = part.known.rows if isinstance(part.known, Known) else part.known
        for row, numbers in known.items():
            if isinstance(numbers, float):
                self.nodes[row] = [self.columns.number(numbers)]
            else:
                courses = self._courses(numbers, sizes[columns.homes[row]])
                self.nodes[row] = [self._number(each) for each in courses]
        for row in part.steps:
            self.nodes[row] = [*self._made(row, sizes[columns.homes[row]])]
        (root,) = part.roots
        courses = self._courses(body.target, sizes[body.domain])
        targets = [*zip(self.nodes[root], courses, strict=True)]
        looked = [node for row in part.looked if row != root for node in self.nodes[row]]
        borders = [each for row in part.bordering for each in self._borders(part, row)]
        return Moment(
            self.columns, body.family, targets, self.leaves, self.numbers, looked, borders
        )

    def _made(self, row: int, size: int) -> Iterator[int]:
        """The nodes of a row, one for each of its combinations at one time."""
        part = self.shape.body.part
        columns, step = part.columns, self.columns.step
        special = columns.specials.get(row)
        if isinstance(special, Lift):
            up = self.shape.ups[row]
            if isinstance(up, Affine | numpy.ndarray):
                for each in self._courses(up, size):
                    yield self._leaf(Leaf(special.row, each))
            else:
                yield from (self.nodes[special.row][at] for at in up)
        elif isinstance(special, Gathered):
            nodes = self.nodes[special.row]
            for start, stop in self.shape.terms[row]:
                yield self._gathered(special.gather, nodes[start:stop])
        else:
            operands = [self._at(each, size) for each in columns.operands(row)]
            for called in zip(*operands, strict=True):
                yield step(columns.op(row), called)

    def _gathered(self, gather: Gather, terms: Sequence[int]) -> int:
        """What a gather makes of its terms, as if they had been written out."""
        step = self.columns.step
        if not terms:
            return self.columns.number(gather.empty or 0.0)
        if gather.joined_by == "hypot" and len(terms) == 1:
            return step("abs", terms)
        found = joined(gather.joined_by, terms, step)
        if not gather.divided:
            return found
        return step("/", (found, self.columns.number(len(terms))))

    def _at(self, row: int, size: int) -> Sequence[int]:
        """The nodes of an operand of a row with so many combinations."""
        nodes = self.nodes[row]
        return nodes * size if len(nodes) < size else nodes

    def _borders(self, part: Block, row: int) -> Iterator[Border]:
        columns = part.columns
        special, operands = columns.specials.get(row), columns.operands(row)
        size = self.shape.sizes[columns.homes[row]]
        if isinstance(special, Gathered):
            if not can_tie(special.gather):
                return
            terms = self.nodes[special.row]
            for node, (start, stop) in zip(self.nodes[row], self.shape.terms[row], strict=True):
                yield Border(node, f"{special.gather.joined_by} of", terms[start:stop], ())
        elif special is None and len({*operands}) == len(operands):
            op = columns.op(row)
            uses = [use for use in part.uses if use.row in operands]
            moving = [each for each in operands if not columns.is_number(each)]
            equal = op in EQUALITIES and uses and len(uses) == len(moving)
            labels = tuple(uses) if equal else ()
            still = [not part.moves(each) for each in operands]
            if not edges.condition(op, still):
                return
            called = zip(*(self._at(each, size) for each in operands), strict=True)
            for node, nodes in zip(self.nodes[row], called, strict=True):
                yield Border(node, op, nodes, still, labels)

    def _courses(self, numbers: Places | Reals, size: int) -> Iterator[Course]:
        """How each of `size` numbers goes on in time. numbers: all of them, combination by combination
        of `first`."""
        base, by = self.line
        if isinstance(numbers, slice) and by is not None:
            for number in range(size):
                yield Course(numbers.start + base * size + number, by * size)
            return
        first = self.shape.body.first
        alike = isinstance(numbers, Affine) and numbers.domain.within(first) >= 0
        if alike and isinstance(numbers, Affine) and by is not None and first.depth == 1:
            stride = numbers.strides[0]
            for number in numbers.inside(first):
                yield Course(number + stride * base, stride * by)
            return
        if isinstance(numbers, slice):
            numbers = numpy.arange(numbers.start, numbers.stop)
        every = numpy.asarray(numbers)
        at = numpy.asarray(self.at) * size
        for number in range(size):
            some = every[at + number]
            base, by = self._line(some)
            yield Course(0, 0, some) if by is None else Course(base, by)

    def _line(self, numbers: Slots | Reals) -> tuple[int, int | None]:
        """The number at time number 0 and the steps by which numbers go on; None if these differ."""
        by = int(numbers[1] - numbers[0]) if len(numbers) > 1 else 0
        if not isinstance(numbers, range) and (
            (numpy.diff(numbers) != by).any() or numbers[0] != int(numbers[0])
        ):
            return 0, None
        return int(numbers[0]) - by * self.start, by

    def _leaf(self, leaf: Leaf) -> int:
        key = leaf.source, leaf.at.key
        if key not in self._known:
            node = self._known[key] = self.columns.input()
            self.leaves[node] = leaf
        return self._known[key]

    def _number(self, at: Course) -> int:
        if at.table is None and not at.by:
            return self.columns.number(float(at.base))
        if at.key not in self._known:
            node = self._known[at.key] = self.columns.input()
            self.numbers[node] = at
        return self._known[at.key]


def view(numbers: NDArray[Any]) -> Any:
    """An array as plain Python reads and writes it quickest without a list of objects."""
    return memoryview(numbers)  # type: ignore[arg-type]
