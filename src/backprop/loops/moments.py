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
from backprop.loops.domains import Domain, Reals, Wholes
from backprop.loops.parts import Block, Places, Use
from backprop.loops.recurrence import Recurrence, Timed
from backprop.loops.rows import Gathered, Lift
from backprop.operations import EQUALITIES, Gather

MOST_STEPS = 2000
"""Single steps at one time that are worth code of their own."""

_MOST_SPANS = 20
"""Spans of time in which other statements have members."""


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
    active = numpy.stack([at >= 0 for at in of.at])
    ends = numpy.flatnonzero((active[:, 1:] != active[:, :-1]).any(axis=0)) + 1
    if len(ends) >= _MOST_SPANS:
        return None
    found: list[Period] = []
    for start, stop in zip([0, *ends.tolist()], [*ends.tolist(), len(of.times)], strict=True):
        here = [
            _Unroller(shape, at[start:stop], start).moment()
            for shape, at in zip(shapes, of.at, strict=True)
            if shape and at[start] >= 0
        ]
        found.append(Period(start, stop, here))
    return found


class _Shape(NamedTuple):
    """A statement whose times are alike. sizes: of each domain the combinations at one time. ups,
    terms: of lifted rows and of gathers what they have at one time, of those from outside all that they
    have. steps: about how many single ones."""

    body: Timed
    sizes: Mapping[Domain, int]
    ups: Mapping[int, Sequence[int] | Wholes]
    terms: Mapping[int, Sequence[tuple[int, int]]]
    steps: int


def _shape(body: Timed) -> _Shape | None:
    part, first = body.part, body.first
    columns = part.columns
    rows = [*part.steps, *part.known, *(use.row for use in part.uses)]
    sizes: dict[Domain, int] = {}
    for home in dict.fromkeys([columns.homes[row] for row in rows]):
        if first in home.around():
            here = home.lifted(numpy.arange(first.size), first)
            counts = numpy.bincount(here, minlength=first.size)
            if (counts != counts[0]).any() or not counts[0]:
                return None
            sizes[home] = int(counts[0])
    ups: dict[int, Sequence[int] | Wholes] = {}
    for row, up in part.ups.items():
        size = sizes[columns.homes[row]]
        source = columns.homes[columns.operands(row)[0]]
        if isinstance(up.places, int):
            ups[row] = [0] * size
        elif source in sizes:
            at = up.places.reshape(first.size, size)
            at = at - sizes[source] * numpy.arange(first.size)[:, None]
            if (at != at[0]).any():
                return None
            ups[row] = at[0].tolist()
        else:
            ups[row] = up.places
    terms: dict[int, Sequence[tuple[int, int]]] = {}
    for row, domain in part.domains.items():
        counts = domain.counts.reshape(first.size, sizes[columns.homes[row]])
        if (counts != counts[0]).any():
            return None
        ends = numpy.cumsum(counts[0]).tolist()
        terms[row] = [*zip([0, *ends[:-1]], ends, strict=True)]
    steps = sum(sizes[columns.homes[row]] for row in part.steps)
    return _Shape(body, sizes, ups, terms, steps)


class _Unroller:
    """Reads the single steps of one statement at one time. at: the combinations of its `first`, time
    by time, from time number `start` on."""

    def __init__(self, shape: _Shape, at: Wholes, start: int) -> None:
        self.shape, self.at, self.start = shape, at, start
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
        for row, numbers in part.known.items():
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
            if isinstance(up, numpy.ndarray):
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
            if special.gather.joined_by not in ("min", "max", "hypot"):
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
        at = self.at
        for number in range(size):
            if isinstance(numbers, slice):
                base, by = self._line(at)
                if by is not None:
                    yield Course(numbers.start + base * size + number, by * size)
                    continue
                some = numbers.start + at * size + number
            else:
                some = numbers[at * size + number]
            base, by = self._line(some)
            yield Course(0, 0, some) if by is None else Course(base, by)

    def _line(self, numbers: Wholes | Reals) -> tuple[int, int | None]:
        """The number at time number 0 and the steps by which numbers go on; None if these differ."""
        by = int(numbers[1] - numbers[0]) if len(numbers) > 1 else 0
        if (numpy.diff(numbers) != by).any() or numbers[0] != int(numbers[0]):
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
