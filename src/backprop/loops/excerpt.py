"""Some members of loops unrolled: their equations alone, with what they read as inputs.

FileNumbers of all members come from loops; who shows a few of them needs the single steps of these only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.graph import Columns, Graph, Place, in_order, joined
from backprop.language.families import right
from backprop.language.model import Model
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Domain, Reals, Wholes, spread, stretch
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.parts import ArrayWalk, part
from backprop.loops.plan import Plan
from backprop.loops.repeated import Repeated
from backprop.loops.rows import Gathered, Index, Lift, Read
from backprop.loops.slopes_at import slopes_at
from backprop.source import pack
from backprop.values import forward

_WHOLE, _MOST = 300, 20_000
"""Sums of more terms have only those that read what is shown, and the rest as one; steps that are made."""

REST = "the rest of a sum " * 20
"""What the rest is called: too long to stand in a formula, as the sum is."""

Member = tuple[int, int]
"""The number of a statement, and one of its combinations."""


class _BodyAt(NamedTuple):
    """A body at one combination of its indices. root: its last row. around: that which it stands in.
    made: the nodes of its rows."""

    root: int
    domain: Domain
    at: int
    around: _BodyAt | None
    made: dict[int, int]

    def combination(self, home: Domain) -> int:
        """The combination of a domain around. Raises NotLoops for one beside it."""
        domain, at = self.domain, self.at
        while domain is not home:
            if domain.parent is None:
                raise NotLoops("a value depends on indices that stand beside it")
            at = int(domain.up[at])
            domain = domain.parent
        return at


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
        self._shown, self._values = shown, values
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
        loop = self.plan.loops[number]
        family = self.plan.families[loop.family]
        label = family.labels(family.places([each[at : at + 1] for each in loop.indices]))[0]
        begin = len(self.columns)
        if self._linear and self._is_long(loop, at):
            root = self._made_linear(label, member)
        else:
            root = self._body(_BodyAt(self._source(loop.root), loop.domain, at, None, {}))
        if root < begin or not self.columns.is_step(root):
            root = self.columns.step("copy", (root,))
        self._stands(label, loop)
        return label, root

    def _is_long(self, loop: Repeated, at: int) -> bool:
        """Whether an equation gathers more terms than are unrolled."""
        columns = self.plan.columns
        for row in in_order([loop.root], columns.operands):
            special = columns.specials.get(row)
            if isinstance(special, Gathered):
                terms = stretch(columns.homes[special.row], loop.domain, at)
                if terms.stop - terms.start > _WHOLE:
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

    def _body(self, frame: _BodyAt) -> int:
        """The node of the root of a body."""
        columns = self.plan.columns

        def needs(row: int) -> Sequence[int]:
            if isinstance(columns.specials.get(row), Gathered) or self._found(row, frame.around):
                return ()
            return [self._source(each) for each in columns.operands(row)]

        for row in in_order([frame.root], needs):
            known = self._found(row, frame.around)
            frame.made[row] = self._row(row, frame) if known is None else known
            if len(self.columns) > _MOST:
                raise NotLoops("more steps than are shown")
        return frame.made[frame.root]

    def _found(self, row: int, frame: _BodyAt | None) -> int | None:
        """The node of a row in the bodies around: an argument of a function."""
        while frame:
            if row in frame.made:
                return frame.made[row]
            frame = frame.around
        return None

    def _row(self, row: int, frame: _BodyAt) -> int:
        old, new = self.plan.columns, self.columns
        special, place = old.specials.get(row), old.places[row] or None
        if row in old.callers:
            place = (place or 0, old.callers[row])  # type: ignore[assignment]
        home = old.homes[row]
        if old.is_number(row):
            return new.number(old.constant(row), place)
        if isinstance(special, Index):
            return new.number(float(special.numbers[frame.combination(home)]), place)
        if isinstance(special, Read):
            family = self.plan.families[special.family]
            at = frame.combination(home)
            indices = [each[at : at + 1] for each in special.indices]
            return self.input(family.labels(family.places(indices))[0], place)
        if isinstance(special, Gathered):
            return self._gathered(row, special, frame, place)
        operands = [self._operand(self._source(each), frame) for each in old.operands(row)]
        if old.op(row) == "neg" and new.is_number(operands[0]):
            return new.number(-new.constant(operands[0]), place)
        return new.step(old.op(row), operands, place)

    def _operand(self, row: int, frame: _BodyAt) -> int:
        """The node of an operand; each use of a variable is a number of its own."""
        index = isinstance(self.plan.columns.specials.get(row), Index)
        return self._row(row, frame) if index else frame.made[row]

    def _gathered(self, row: int, special: Gathered, frame: _BodyAt, place: int | None) -> int:
        columns, gather = self.plan.columns, special.gather
        home, domain = columns.homes[row], columns.homes[special.row]
        if row not in self._inner:
            self._inner[row] = domain.over(home)
        inner, at = self._inner[row], frame.combination(home)
        count = int(inner.counts[at])
        terms = numpy.arange(count) + int(inner.starts[at])
        if not count and gather.empty is not None:
            return self.columns.number(gather.empty, place)
        cut = count > _WHOLE
        if cut:
            if gather.joined_by != "+":
                raise NotLoops("many numbers that are more than added up")
            shows = self._shows(special.row, domain)[terms]
            shows[:2] = True  # so that it is a sum in any case
            terms = terms[shows]
            if len(terms) > _WHOLE:
                raise NotLoops("more terms than are shown")
        source = self._source(special.row)
        nodes = [self._body(_BodyAt(source, domain, term, frame, {})) for term in terms.tolist()]

        def step(op: str, parts: Sequence[int]) -> int:
            return self.columns.step(op, parts, place)

        if cut:
            rest = self.columns.input()
            self.rests[rest] = self._now
            nodes.append(rest)
        if gather.name == "norm" and len(nodes) == 1:
            return step("abs", nodes)
        total = joined(gather.joined_by, nodes, step)
        if cut:
            whole = float(numpy.atleast_1d(self._sum(row))[at])
            self._totals[total] = whole * count if gather.divided else whole
        if gather.divided:
            total = step("/", (total, self.columns.number(float(count), place)))
        return total

    def _shows(self, row: int, domain: Domain) -> NDArray[numpy.bool_]:
        """For which combinations of a body it reads members that are shown."""
        found = numpy.zeros(domain.size, dtype=bool)
        columns = self.plan.columns
        for each in in_order([row], columns.operands):
            if (use := self.plan.uses.get(each)) and use.family in self._shown:
                size = self.plan.families[use.family].size
                read = numpy.isin(numpy.arange(size)[use.places], self._shown[use.family])
                found |= spread(read, columns.homes[each], domain)
        return found

    def _sum(self, row: int) -> Any:
        """What a sum is worth, for each combination of its home."""
        if row in self._known:
            return self._known[row]
        columns = self.plan.columns
        block = part(columns, [row], self.plan.uses)
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
        return Model(
            self._whole.source,
            self.columns,
            {name: self.names[name] for name in self._whole.naming.in_file(self.names)},
            places=self._places,
            repeated=self._repeated,
            functions=self._whole.functions,
            seed=self._whole.seed,
        )

    @cached_property
    def graph(self) -> Graph:
        """The graph of these equations."""
        labels = {row: name for name, row in self.names.items()}
        labels |= {row: f"{REST}{at}" for at, row in enumerate(self.rests)}
        return Graph(self.columns, self.roots.values(), labels)
