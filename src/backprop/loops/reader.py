"""Statements → loops: the body of an indexed equation is read once, for all of its members.

The ordinary reader (`language.build`) makes a row for every step of every member. Here a row is an
array, and what cannot be read so raises NotLoops: the ordinary reader then unrolls the text, and says
what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.graph import Place
from backprop.language.arguments import SHARED, Members, shared
from backprop.language.build import Builder
from backprop.language.families import Families, key, ready_made
from backprop.language.in_equations import Derivatives
from backprop.language.index_code import Scope
from backprop.language.integers import MOST, Argument
from backprop.loops.affine import Affine, Ints, counted, evenly, listed, narrowed, no_index, ranged
from backprop.loops.arrays import ArrayWriter
from backprop.loops.domains import Domain, Reals, Wholes
from backprop.loops.family import named
from backprop.loops.index_calls import CalledRows
from backprop.loops.many import End, Many, NotLoops, Slot, Variable, open_extents
from backprop.loops.repeated import Repeated
from backprop.loops.room import CONDITION, EVENLY, MEMBER, NAMED, Room
from backprop.loops.rows import ArrayColumns, Gathered, Index, Lift, Read
from backprop.loops.words import words
from backprop.numbers import shown
from backprop.operations import FUNCTIONS, GATHERS, OPERATIONS, Gather
from backprop.source import Span, pack
from backprop.syntax.bodies import Nodes, Parts, ends_of
from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens


class LoopBuilder(Builder):
    """Reads the bodies of statements into array rows."""

    columns: ArrayColumns

    def __init__(
        self, names: Mapping[str, int], functions: Mapping[str, Statement], members: Families
    ) -> None:
        self.columns = columns = ArrayColumns()
        super().__init__(names, columns, functions, members)
        self.table: Callable[[str, tuple[Ints, ...], Domain, Domain], Reals]
        """The numbers of members of a family that indices are made of. See Plan."""
        self.present: Callable[[str, Sequence[Ints]], bool]
        """Whether a family has all of these members, as far as that is known. See Plan."""
        self.kept: Callable[[str, Sequence[Ints]], NDArray[numpy.bool_]]
        """Which members of a family there are. See Plan."""
        self.extent: Callable[[str], Sequence[tuple[int, int]]]
        """The least and the largest index of each position of a family. See Plan."""
        self._writer = ArrayWriter()
        self._open: list[tuple[Domain, Domain]] = []
        self.around: dict[Domain, tuple[Domain, Domain]] = {}
        """Of what a sum runs through the domain that it is made for, and that of the body around."""
        self.room = Room()
        self._calls = CalledRows(members, self._row_of)
        self._reading: Span
        self._within = columns.whole
        """The domain of the statement that is being read; `_reading` is its text."""
        self.deriving: Callable[[LoopBuilder], Derivatives]  # makes what keeps them
        self.derived = set[int]()
        """The rows of all derivatives."""

    def loop(self, statement: Statement, first: Sequence[str] = ()) -> Repeated:
        """A statement without its right side. first: the variables to run through outermost."""
        tokens, shape = statement
        self.room.closed = bool(first)
        parts = ready_made(statement)
        limits = (node for limit in parts.limits for item in limit.items for node in item)
        if any(node.kind in ("index", "gather") for node in limits):
            raise NotLoops("bounds are made of members")
        if first:
            order = [*parts.clauses]
            words = [tokens.texts[clause.node.token] for clause in order]
            places = {word: first.index(word) if word in first else len(first) for word in words}
            order.sort(key=lambda clause: places[tokens.texts[clause.node.token]])
            parts = parts._replace(clauses=tuple(order))
        taken = MEMBER + NAMED * bool(parts.limits)
        domain, scope = self._domain(tokens, parts, {}, self.columns.whole, taken)
        rows = [self._row_of(tokens, each, scope) for each in parts.indices]
        at, of = tuple(self._whole(row, domain) for row in rows), tokens.texts[shape.target]
        return Repeated(statement, of, domain, at, 0, -1, scope, parts)

    def with_body(self, loop: Repeated) -> Repeated:
        """A statement with its right side."""
        begin = len(self.columns)
        self._within, self._reading = loop.domain, loop.statement.tokens.whole
        root = self.expression(loop.statement.tokens, loop.parts.body, loop.scope)
        if not self.columns.is_step(root):
            root = self.columns.step("copy", (root,))
        return loop._replace(begin=begin, root=self._everywhere(root, loop.domain))

    def _everywhere(self, row: int, domain: Domain) -> int:
        """A row that has a number for each combination of a domain."""
        if self.columns.homes[row] is domain:
            return row
        return self.columns.special(Lift(row), domain)

    def _domain(
        self, tokens: Tokens, parts: Parts, scope: Scope, around: Domain, taken: int = EVENLY
    ) -> tuple[Domain, dict[str, Any]]:
        """What clauses run through, and the scope with their variables. taken: bytes of a combination."""
        inner, domain = {**scope}, around
        taken += CONDITION * bool(parts.condition)
        for clause in parts.clauses:
            ends = [self._row_of(tokens, item, inner) for item in clause.items]
            at = domain
            numbers = [self._whole(row, at) for row in ends]
            if some := self.families.narrowed.get(key(tokens, clause)):
                numbers = narrowed(clause.node.kind, numbers, some)
            span = tokens.span(clause.node.first, clause.node.last)
            if clause.node.kind == "listed":
                self.room.take(at.size * len(numbers), span, taken, False)
                domain, found = listed(at, numbers)
            else:
                low, high, by = [*numbers, Affine(at, 1)][:3]
                stays = by.constant if isinstance(by, Affine) else None
                if not (stays or (stays is None and numpy.all(by))):
                    raise NotLoops("a range has a step of 0")
                domain = Domain(at, counted(low, high, by))
                even = evenly(low, high, by) and (taken < MEMBER or domain.is_regular)
                self.room.take(domain.size, span, taken, even)
                written = chain.from_iterable(clause.items)
                plain = all(each.kind == "number" or each.operands == 1 for each in written)
                if domain.gaps and at.size and plain:
                    self.families.numbers(tokens, clause, {})  # which warns of what is empty
                found = ranged(domain, low, by)
            word = tokens.span(clause.node.token)
            row = self.columns.special(Index(found), domain, pack(word.start, word.end))
            inner[tokens.texts[clause.node.token]] = Variable(row)
        if parts.condition:
            row = self._row_of(tokens, parts.condition, inner)
            kept = domain.lifted(self._numbers(row), self.columns.homes[row]) != 0
            domain, inner = self._kept(tokens, parts, inner, domain, kept)
        return domain, inner

    def of_variable(self, row: int, domain: Domain) -> Ints:
        """What a variable is for each combination of a domain."""
        return self._whole(row, domain)

    def _kept(
        self,
        tokens: Tokens,
        parts: Parts,
        scope: dict[str, Any],
        domain: Domain,
        kept: NDArray[numpy.bool_],
    ) -> tuple[Domain, dict[str, Any]]:
        """The combinations of a domain for which a condition holds."""
        among, inner = domain.among(kept), {**scope}
        for variable in (tokens.texts[clause.node.token] for clause in parts.clauses):
            row = scope[variable].node
            if self.columns.homes[row] is domain:
                found = Index(self._numbers(row)[kept].astype(numpy.int64))
                row = self.columns.special(found, among, self.columns.places[row])
                inner[variable] = Variable(row)
        return among, inner

    def _numbers(self, row: int) -> Any:
        try:
            with self._writer.watched():
                return self.columns.numbers(row, self._writer)
        except KeyError:
            raise NotLoops("an index or a range depends on what is computed") from None

    def _whole(self, row: int, domain: Domain) -> Ints:
        """The whole numbers of a row, one for each combination of a domain."""
        home = self.columns.homes[row]
        evenly = self.columns.affine(row)
        if evenly is not None:
            if max(map(abs, evenly.ends() or (0,))) > MOST:
                raise NotLoops("an index is no whole number")
            return evenly.lifted(domain)
        numbers = numpy.asarray(self._numbers(row), dtype=float)
        if no_index(numbers).any():
            raise NotLoops("an index is no whole number")
        found: Wholes = domain.lifted(numbers, home).astype(numpy.int64)
        return found

    def _sized(self, row: int) -> int:
        """A row whose numbers index arithmetic can have. Raises NotLoops for others."""
        evenly = self.columns.affine(row)
        sizes = self._numbers(row) if evenly is None else evenly.ends() or (0,)
        with numpy.errstate(invalid="ignore"):
            if not (numpy.abs(sizes) <= MOST).all():
                raise NotLoops("index arithmetic meets what is no number of this size")
        return row

    def _row_of(self, tokens: Tokens, nodes: Nodes, scope: Scope) -> int:
        """The arithmetic of an index, a range or a condition as a row."""
        columns = self.columns
        if any(node.kind == "gather" for node in nodes):
            raise NotLoops("an index or a range is made of a sum")

        def visit(node: Node, operands: list[int]) -> int:
            word = tokens.texts[node.token]
            if node.kind == "name":
                found = scope.get(word)
                if isinstance(found, Argument | Variable):
                    return found.node
                return columns.number(float(self.families.integers.number(tokens, (node,), {})))
            if node.kind == "number":
                return self._sized(columns.number(float(word)))
            if node.kind == "operation":
                return self._sized(columns.step(node.operation, operands))
            if node.kind == "call" and word in FUNCTIONS and word not in self.functions:
                place = tokens.span(node.first, node.last)
                return self._sized(Builder._call(self, word, operands, place, None))
            if node.kind == "call" and word in self.functions:
                return self._calls.row(self.functions[word], operands)
            if node.kind == "index":
                home = columns.innermost(operands)
                indices = tuple(self._whole(each, home) for each in operands)
                numbers = self.table(word, indices, home, self._here)
                if len(odd := numpy.flatnonzero(no_index(numbers))):
                    member = named(word, indices, int(odd[0]))
                    raise NotLoops(f"{member} is {shown(numbers[odd[0]])}, and no index")
                return columns.special(Index(numbers.astype(numpy.int64)), home)
            raise NotLoops("an index or a range is made of what is no arithmetic of whole numbers")

        return fold_nodes(nodes, visit)

    def _input(self, name: str, place: int) -> int:
        self.families.integers.met(name, -1)
        return self.columns.special(Read(name, (), self._here), self.columns.whole, place)

    def _variable(self, found: Any, place: int) -> int:
        row: int = found.node
        return row

    def _member(self, tokens: Tokens, family: str, parts: Parts, scope: Scope, place: int) -> int:
        rows = [self._row_of(tokens, each, scope) for each in parts.indices]
        home = self.columns.innermost(rows)
        indices = tuple(self._whole(row, home) for row in rows)
        if not self.present(family, indices):  # but perhaps where something is computed
            inner = self._here
            if inner is not home:
                home, indices = inner, tuple(self._whole(row, inner) for row in rows)
        return self.columns.special(Read(family, indices, self._here), home, place)

    @property
    def _here(self) -> Domain:
        """The domain of the body that is being read."""
        return self._open[-1][1] if self._open else self._within

    def _enter(self, base: Domain, domain: Domain) -> None:
        """Read a body within what a sum runs through."""
        self.around[domain] = base, self._here
        self._open.append((base, domain))

    def _around(self, scope: Scope) -> Domain:
        """The domain of all variables of a scope."""
        used: list[int] = []
        for each in scope.values():
            used += each.ends() if isinstance(each, Many) else [each.node]
        return self.columns.innermost(used)

    def _of_family(
        self, tokens: Tokens, name: str, parts: Parts, scope: Scope, place: int
    ) -> int | Members:
        pattern: list[Slot] = []
        for nodes in parts.indices:
            if nodes[-1].kind == "star":
                pattern.append(Slot(None, None))
            elif nodes[-1].kind == "slice":
                ends = [self._row_of(tokens, each, scope) for each in ends_of(nodes)]
                low = None if nodes[-1].operation == "high" else ends[0]
                high = None if nodes[-1].operation == "low" else ends[-1]
                pattern.append(Slot(low, high))
            else:
                pattern.append(Slot(self._row_of(tokens, nodes, scope), None, False))
        given = scope.get(name)
        if isinstance(given, Argument):
            raise NotLoops("an argument has indices")
        if isinstance(given, Many):
            found = given.narrowed(pattern)
        elif given is None:
            found = Many(name, tuple(pattern))
        else:
            raise NotLoops("members are taken of what is no family")
        return found if parts.many else self._read(found, place)

    def _read(self, one: Many, place: Place = None, extra: Sequence[int] = ()) -> int:
        """The row of the member that is left, once the open indices are these rows."""
        rows = one.filled(extra)
        home = self.columns.innermost(rows)
        indices = tuple(self._whole(row, home) for row in rows)
        return self.columns.special(Read(one.family, indices, self._here), home, place)

    def _kept_derivatives(self) -> Derivatives:
        self.derivatives = self.derivatives or self.deriving(self)
        return self.derivatives

    def here(self, row: int) -> int:
        """A row that has a number for each combination of the body that is being read."""
        return self._everywhere(row, self._here)

    def _call(self, name: str, operands: list[Any], span: Span, place: Place) -> int:
        many = [each for each in operands if isinstance(each, Many)]
        if not many:
            return super()._call(name, operands, span, place)
        if name == "dot":
            rows = self._members(many, place)
            return self._summed(GATHERS["sum"], [self.columns.step("*", rows, place)], place)
        if name == "softmax":
            chosen = self._read(many[0], place, [operands[1]])
            return shared(
                chosen, *self._apart(many, place), partial(self.columns.step, place=place)
            )
        if name == "norm" or name == "hypot":
            gather = Gather("norm", "hypot")
        elif name in GATHERS and (len(operands) == 1 or name in ("min", "max", "logsumexp")):
            gather = GATHERS[name]
        else:
            raise NotLoops(f"{name} is called with several families")
        rows = [
            self._summed(gather, self._members([each], place), place)
            if isinstance(each, Many)
            else each
            for each in operands
        ]
        return self._joined(gather.joined_by, rows, place) if len(rows) > 1 else rows[0]

    def _apart(self, many: Sequence[Many], place: Place) -> tuple[int, int]:
        """As `parted`, of the members of a family: they are gone through twice."""
        find, take, _ = OPERATIONS[SHARED].around
        pivot = self._summed(Gather(find, find), self._members(many, place), place)
        (term,) = self._members(many, place)
        below = self.columns.step(take, (term, pivot), place)
        return pivot, self._summed(GATHERS[SHARED], [below], place)

    def _members(self, many: Sequence[Many], place: Place) -> list[int]:
        """The rows of families that are run through together, at the same open indices."""
        columns = self.columns
        base = columns.innermost([row for each in many for row in each.ends()])
        domain, rows = base, list[int]()
        extents = [open_extents(each, self.extent(each.family)) for each in many]
        if any(len(each) != len(extents[0]) for each in extents):
            raise NotLoops("families with different indices are run through together")
        for ends in zip(*extents, strict=True):  # of one index, of each of the families
            (least, most), *others = (self._ends(each, domain) for each in ends)
            if not all(map(numpy.array_equal, chain(*others), [least, most] * len(others))):
                raise NotLoops("families with different indices are run through together")
            domain = Domain(domain, counted(least, most, Affine(domain, 1)))
            self.room.take(domain.size, self._reading, EVENLY, evenly(least, most))
            found = ranged(domain, least, Affine(domain, 1))
            rows = [self._everywhere(row, domain) for row in rows]
            rows.append(columns.special(Index(found), domain))
        members = [
            (each.family, [self._whole(row, domain) for row in each.filled(rows)]) for each in many
        ]
        if not all(self.present(*each) for each in members):
            kept = [self.kept(*each) for each in members]
            if not all(numpy.array_equal(each, kept[0]) for each in kept):
                raise NotLoops("families with different indices are run through together")
            among = domain.among(kept[0])
            self.room.take(among.size, self._reading, EVENLY, False)
            numbers = [self._whole(row, domain)[kept[0]] for row in rows]
            domain, rows = among, [columns.special(Index(each), among) for each in numbers]
        if domain.over(base).gaps:
            raise NotLoops("a family is gathered that has no members")
        self._enter(base, domain)
        return [self._everywhere(self._read(each, place, rows), domain) for each in many]

    def _ends(self, ends: Sequence[End], domain: Domain) -> list[Ints]:
        """The least and the largest number of an open index."""
        return [Affine(domain, at) if row is None else self._whole(row, domain) for at, row in ends]

    def _scopes(self, tokens: Tokens, parts: Parts, scope: Scope) -> Iterator[dict[str, Any]]:
        used = words(tokens, parts)
        base = self._around({name: each for name, each in scope.items() if name in used})
        domain, inner = self._domain(tokens, parts, scope, base)
        if domain.size:
            self._enter(base, domain)
            yield inner

    def _summed(self, row: Gather, terms: list[int], place: Place) -> int:
        if not terms:
            if row.empty is None:
                raise NotLoops(f"there is the {row.name} of nothing")
            return self.columns.number(row.empty, place)
        base, domain = self._open.pop()
        if row.empty is None and domain.over(base).gaps:
            raise NotLoops(f"there is the {row.name} of nothing")
        body = self._everywhere(terms[0], domain)
        if base is domain:
            raise NotLoops("a sum runs through nothing of its own")
        return self.columns.special(Gathered(body, row), base, place)
