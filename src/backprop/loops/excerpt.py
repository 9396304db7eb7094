"""Some members of loops unrolled: their equations alone, with what they read as inputs.

FileNumbers of all members come from loops; who shows a few of them needs the single steps of these only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.graph import Columns, Graph, Place, in_order, joined
from backprop.language.families import right
from backprop.language.model import Model
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Domain, Reals, Wholes, combination, stretch
from backprop.loops.joining import arguments_in, together
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.parts import ArrayWalk, Use, part
from backprop.loops.plan import Plan
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Gathered, Index, Lift, Read
from backprop.loops.slopes_at import slopes_at
from backprop.loops.unnamed import Unnamed, reading, too_deep
from backprop.source import pack
from backprop.values import forward

WHOLE, _MOST = 300, 20_000
"""Sums of more terms have only those that read what is shown, and the rest as one; steps that are made."""

_UNROLLED = 3000
"""Of sums of more terms that read what is shown only numbers are told; of others the text is unrolled."""

_DEEPEST = 50
"""So many equations a derivative goes through that is shown."""

REST = "the rest of a sum " * 20
"""What the rest is called: too long to stand in a formula, as the sum is."""

Member = tuple[int, int]
"""The number of a statement, and one of its combinations."""


class TooManyTerms(NotLoops):
    """A member has more terms than formulas are written of, also unrolled. terms: how many."""

    def __init__(self, why: str, terms: int) -> None:
        super().__init__(why)
        self.terms = terms


def too_long(terms: int, why: str) -> NotLoops:
    """The error for so many terms."""
    return TooManyTerms(why, terms) if terms > _UNROLLED else NotLoops(why)


class BodyAt(NamedTuple):
    """A body at one combination of its indices. root: its last row. around: that which it stands in.
    made: the nodes of its rows."""

    root: int
    domain: Domain
    at: int
    around: BodyAt | None
    made: dict[int, int]
    uses: Mapping[int, Use] = MappingProxyType({})
    depth: int = 0

    def combination(self, home: Domain) -> int:
        """The combination of a domain around. Raises NotLoops for one beside it."""
        return combination(self.domain, self.at, home)


class Excerpt:
    """The equations of some members.

    columns: their steps. names: the rows of their names and of those that they read. roots: of the
    members themselves. data: what all rows are worth.
    """

    def __init__(
        self,
        model: LoopModel,
        members: Iterable[Member],
        shown: Mapping[str, Wholes],
        values: Mapping[str, Reals],
        linear: bool = False,
    ) -> None:
        """members: operands first. shown: of each family the places of members whose shares are shown.
        values: of all members. linear: whether equations with more terms than are unrolled are what is
        shown, times the derivatives by that, and a rest. Raises NotLoops for what is too much, or cannot
        be cut out."""
        self._whole = model
        self.plan: Plan = model.plan
        self.columns = Columns()
        self.names: dict[str, int] = {}
        self.rests: dict[int, Member] = {}
        """The rests of sums, each with the member that it is a part of."""
        self.roots: dict[str, int] = {}
        self.linear: set[str] = set()
        """The names of members that are too long, which are what they are near to."""
        self._unnamed = Unnamed(self.plan)
        self._shown, self._values = self._unnamed.with_users(shown), values
        self._stand_ins: dict[tuple[str, int], int] = {}
        """Of the families that the text does not name the nodes of members, in one equation."""
        self._depth = 0
        self._totals: dict[int, float] = {}
        self._known: dict[int, Spread] = {}
        self._places: dict[str, int] = {}
        self._repeated: dict[str, int] = {}
        self._inner: dict[int, Domain] = {}
        self._now: Member = 0, 0
        self._linear = linear
        for member in members:
            label, row = self._member(member)
            self.names[label] = self.roots[label] = row

    def _member(self, member: Member) -> tuple[str, int]:
        """The name of a member, and the row of its equation."""
        number, at = self._now = member
        self._stand_ins.clear()
        loop = self.plan.loops[number]
        family = self.plan.families[loop.family]
        label = family.labels(family.places([each[at : at + 1] for each in loop.indices]))[0]
        begin = len(self.columns)
        if self._linear and self._is_long(loop, at):
            root = self._made_linear(label, member)
        else:
            root = self._made(label, member, loop)
        if root < begin or not self.columns.is_step(root):
            root = self.columns.step("copy", (root,))
        self._stands(label, loop)
        return label, root

    def _made(self, label: str, member: Member, loop: Repeated) -> int:
        """The node of a member, of one with more terms than are shown what it is near to."""
        try:
            return self._body(BodyAt(self._source(loop.root), loop.domain, member[1], None, {}))
        except TooManyTerms:
            if any(family in self._unnamed for family in self._families(loop)):
                raise
            self.linear.add(label)
            return self._made_linear(label, member)

    def _families(self, loop: Repeated) -> set[str]:
        rows = in_order([loop.root], self.plan.columns.operands)
        return {self.plan.uses[row].family for row in rows if row in self.plan.uses}

    def _is_long(self, loop: Repeated, at: int) -> bool:
        """Whether an equation gathers more terms than are unrolled."""
        columns = self.plan.columns
        for row in in_order([loop.root], columns.operands):
            special = columns.specials.get(row)
            if isinstance(special, Gathered):
                terms = stretch(columns.homes[special.row], loop.domain, at)
                if terms.stop - terms.start > WHOLE:
                    return True
        return False

    def _made_linear(self, label: str, member: Member) -> int:
        """What a member is near to, where only what is shown changes: the same value and derivatives."""
        columns = self.columns
        nodes = [columns.number(0.0)]
        slopes = slopes_at(self.plan, *member, self._shown, self._values)
        for name, slope in slopes.items():
            nodes.append(columns.step("*", (columns.number(slope), self.input(name))))
        rest = columns.input()
        self.rests[rest] = member
        root = joined("+", [*nodes, rest], columns.step)
        family, place = self._whole.kind(label)
        self._totals[root] = float(self._values[family.name][place])
        return root

    def input(self, label: str, place: Place = None) -> int:
        """The row of a name whose equation is not here, or is not yet."""
        if label not in self.names:
            family, at = self._whole.kind(label)
            self.names[label] = self.columns.input(place)
            if (owner := int(family.owner[at])) >= 0:
                self._stands(label, self.plan.loops[owner])
        return self.names[label]

    def _stands(self, label: str, loop: Repeated) -> None:
        """Note where the statement of a name stands."""
        span = right(loop.statement, self.plan.last(loop))
        self._places[label] = pack(span.start, span.end)
        if loop.statement.shape.form != "equation":
            tokens = loop.statement.tokens
            self._repeated[label] = pack(tokens.starts[0], tokens.ends[-1])

    def _source(self, row: int) -> int:
        """What a lifted row is the same as."""
        columns = self.plan.columns
        while isinstance(special := columns.specials.get(row), Lift):
            row = special.row
        return row

    def _body(self, frame: BodyAt) -> int:
        """The node of the root of a body."""
        return self._make(frame.root, frame)

    def _make(self, root: int, frame: BodyAt) -> int:
        """The node of a row in a body."""
        columns = self.plan.columns

        def needs(row: int) -> Sequence[int]:
            gathered = isinstance(columns.specials.get(row), Gathered)
            if gathered or row in frame.uses or self._found(row, frame):
                return ()
            return [self._source(each) for each in columns.operands(row)]

        for row in in_order([root], needs):
            known = self._found(row, frame)
            frame.made[row] = self._row(row, frame) if known is None else known
            if len(self.columns) > _MOST:
                raise TooManyTerms("more steps than are shown", len(self.columns))
        return frame.made[root]

    def _found(self, row: int, frame: BodyAt) -> int | None:
        """The node of a row in the bodies around: an argument of a function."""
        while frame.around:
            if row in frame.around.made and self.plan.columns.homes[row].depth <= frame.depth:
                return frame.around.made[row]
            frame = frame.around
        return None

    def _row(self, row: int, frame: BodyAt) -> int:
        old, new = self.plan.columns, self.columns
        special, place = old.specials.get(row), old.places[row] or None
        if row in old.callers:
            place = (place or 0, old.callers[row])  # type: ignore[assignment]
        home = old.homes[row]
        if old.is_number(row):
            return new.number(old.constant(row), place)
        if isinstance(special, Index):
            return new.number(float(special.numbers[frame.combination(home)]), place)
        if use := frame.uses.get(row):
            at = frame.combination(home)
            places = numpy.arange(self.plan.families[use.family].size)[use.places]
            return self._read(use.family, places[at : at + 1], place)
        if isinstance(special, Read):
            at = frame.combination(home)
            indices = [each[at : at + 1] for each in special.indices]
            places = self.plan.families[special.family].places(indices)
            return self._read(special.family, places, place)
        if isinstance(special, Gathered):
            return self._gathered(row, special, frame, place)
        operands = [self._operand(self._source(each), frame) for each in old.operands(row)]
        if row in self._unnamed.copies:
            if place and not new.places[operands[0]] and new.is_step(operands[0]):
                new.places[operands[0]] = old.places[row]
            return operands[0]
        if old.op(row) == "neg" and new.is_number(operands[0]):
            return new.number(-new.constant(operands[0]), place)
        return new.step(old.op(row), operands, place)

    def _read(self, family: str, places: Wholes, place: Place) -> int:
        """The node of a member, or of what stands for a derivative."""
        if family in self._unnamed:
            return self._unnamed_member(family, int(places[0]))
        return self.input(self.plan.families[family].labels(places)[0], place)

    def _unnamed_member(self, family: str, place: int) -> int:
        """The node of what stands for a derivative."""
        if (family, place) not in self._stand_ins:
            piece, at = self._unnamed.at(family, place)
            self._depth += 1
            if self._depth > _DEEPEST:
                if len(piece.places) > _UNROLLED:
                    raise too_deep(self.plan, *self._now, len(piece.places))
                raise NotLoops("a derivative goes through many equations")
            uses = {use.row: use for use in piece.block.uses}
            made = self._body(BodyAt(self._source(piece.root), piece.home, at, None, {}, uses))
            self._depth -= 1
            self._stand_ins[family, place] = made
        return self._stand_ins[family, place]

    def _operand(self, row: int, frame: BodyAt) -> int:
        """The node of an operand; each use of a variable is a number of its own."""
        index = isinstance(self.plan.columns.specials.get(row), Index)
        return self._row(row, frame) if index else frame.made[row]

    def _stretch(self, row: int, special: Gathered, frame: BodyAt) -> tuple[int, int, int]:
        """The combination that a sum is of, its first term, and how many there are."""
        home = self.plan.columns.homes[row]
        if row not in self._inner:
            self._inner[row] = self.plan.columns.homes[special.row].over(home)
        inner, at = self._inner[row], frame.combination(home)
        return at, int(inner.starts[at]), int(inner.counts[at])

    def _gathered(self, row: int, special: Gathered, frame: BodyAt, place: int | None) -> int:
        columns, gather = self.plan.columns, special.gather
        home, domain = columns.homes[row], columns.homes[special.row]
        at, start, count = self._stretch(row, special, frame)
        terms = numpy.arange(count) + start
        if not count and gather.empty is not None:
            return self.columns.number(gather.empty, place)
        cut = count > WHOLE
        if cut:
            if gather.joined_by != "+":
                raise too_long(count, "many numbers that are more than added up")
            shows = self._shows(special.row, domain, frame.uses)[terms]
            shows[:2] = True  # so that it is a sum in any case
            terms = terms[shows]
            if len(terms) > WHOLE:
                raise too_long(len(terms), "more terms than are shown")
        source = self._source(special.row)
        for argument in arguments_in(columns, row) if count else ():
            self._make(argument, frame)
        nodes = [
            self._body(BodyAt(source, domain, term, frame, {}, frame.uses, home.depth))
            for term in terms.tolist()
        ]

        def step(op: str, parts: Sequence[int]) -> int:
            return self.columns.step(op, parts, place)

        if cut:
            rest = self.columns.input()
            self.rests[rest] = self._now
            nodes.append(rest)
        if gather.name == "norm" and len(nodes) == 1:
            return step("abs", nodes)
        total = together(gather, columns, source, nodes, step)
        if cut:
            whole = float(numpy.atleast_1d(self._sum(row, frame.uses))[at])
            self._totals[total] = whole * count if gather.divided else whole
        if gather.divided:
            total = step("/", (total, self.columns.number(float(count), place)))
        return total

    def _shows(self, row: int, domain: Domain, more: Mapping[int, Use]) -> NDArray[numpy.bool_]:
        """For which combinations of a body it reads members that are shown. more: what is read besides."""
        known = {**self.plan.uses, **more}
        return reading(self.plan, row, known, self._shown)

    def _sum(self, row: int, more: Mapping[int, Use]) -> Any:
        """What a sum is worth, for each combination of its home. more: what is read besides."""
        if row in self._known:
            return self._known[row]
        columns = self.plan.columns
        block = part(columns, [row], {**self.plan.uses, **more})
        known: dict[int, Spread] = {}
        for each, family, places in block.uses:
            whole = columns.homes[each] is columns.whole
            numbers = self._values[family][places]
            known[each] = float(numbers[0]) if whole else numbers
        writer = ArrayWriter()
        walk = ArrayWalk.through(block, writer, known)
        with writer.watched():
            walk.forward()
        self._known[row] = walk.found[row]
        return walk.found[row]

    @cached_property
    def data(self) -> list[float]:
        """What all rows are worth."""
        data, columns = self.columns.start(), self.columns
        for label, row in self.names.items():
            if label not in self.roots:
                family, at = self._whole.kind(label)
                data[row] = float(self._values[family.name][at])
        for step in Graph(columns, self.roots.values()).order:
            total = self._totals.get(step)
            if total is not None:
                rest = columns.operands(step)[-1] if columns.is_step(step) else step
                terms = data[columns.operands(step)[0]] if columns.is_step(step) else 0.0
                data[rest] = total - terms
                data[step] = total
            elif columns.is_step(step):
                forward(columns, (step,), data)
        return data

    @cached_property
    def model(self) -> Model:
        """A Model of these equations, whose other names are inputs."""
        found = Model(
            self._whole.source,
            self.columns,
            {name: self.names[name] for name in self._whole.naming.in_file(self.names)},
            places=self._places,
            repeated=self._repeated,
            functions=self._whole.functions,
            seed=self._whole.seed,
        )
        found.laid = self._whole.laid
        return found

    @cached_property
    def graph(self) -> Graph:
        """The graph of these equations."""
        labels = {row: name for name, row in self.names.items()}
        labels |= {row: f"{REST}{at}" for at, row in enumerate(self.rests)}
        return Graph(self.columns, self.roots.values(), labels)
