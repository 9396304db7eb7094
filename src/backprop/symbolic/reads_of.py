"""What an equation with indices reads, and how it changes with each read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache, reduce
from itertools import pairwise
from typing import NamedTuple

from backprop.algebra.formula import (
    MINUS,
    ONE,
    ZERO,
    Call,
    Formula,
    Product,
    Symbol,
    in_order,
    is_number,
    sign_of,
    value_of,
)
from backprop.algebra.from_text import rebuilt, renamed, substituted
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.normal import choice, minus, operation, plus, power, times
from backprop.symbolic.chain import Chain
from backprop.symbolic.domains_of import both, parts_of
from backprop.symbolic.loops_read import NotIndexed

_KEPT = 5_000
"""So many slopes are remembered."""

_OWN = "own value"
"""Stands for what a whole equation is called; no name of the language has a blank."""


class ReadUse(NamedTuple):
    """A read in a formula: of which name, at which indices, how the formula changes with it, and the
    sums that it stands in."""

    name: str
    indices: tuple[Formula, ...]
    slope: Formula
    clauses: tuple[RangeFormula, ...] = ()
    condition: Formula | None = None


class IndexScope(NamedTuple):
    """The indices that stand around a formula, and where they count."""

    clauses: tuple[RangeFormula, ...] = ()
    condition: Formula | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.clauses)

    def inside(self, part: GatherFormula) -> IndexScope:
        """The scope of what is gathered."""
        return IndexScope((*self.clauses, *part.clauses), both(self.condition, part.condition))

    def of(self, part: Formula) -> IndexScope:
        """What of it a formula depends on."""
        names, before = part.names, frozenset[str]()
        while names != before:
            before = names
            for each in (*self.clauses, *parts_of(self.condition)):
                own = {each.name} if isinstance(each, RangeFormula) else each.names & self.names
                if not names.isdisjoint(own):
                    names = names | each.names | own
        kept = tuple(each for each in self.clauses if each.name in names)
        where = [each for each in parts_of(self.condition) if not each.names.isdisjoint(names)]
        return IndexScope(kept, reduce(both, where, None))


NewPart = Callable[[Formula, IndexScope], Formula]
"""Makes an equation of its own of a formula, for all indices that it depends on, and says its name."""


class ReadsOf:
    """The reads in formulas of names that move. fresh: gives names for indices. Raises NotIndexed."""

    def __init__(
        self, moving: Collection[str], fresh: Callable[[], str], textbook: bool, part: NewPart
    ) -> None:
        self._moving = moving
        self._fresh = fresh
        self._textbook = textbook
        self._part = part

    def uses(
        self, found: Formula, scope: IndexScope, own: Formula | None = None
    ) -> Iterator[ReadUse]:
        """The reads in a formula, with its slope by each. scope: what stands around it. own: what the
        formula is called, if it is a whole equation."""
        if own is not None and isinstance(found, GatherFormula):
            yield from self._through(found, ONE, scope, own)
            return
        places: dict[str, Formula] = {}

        def opened(part: Formula) -> Formula:
            if isinstance(part, MemberFormula | GatherFormula):
                for name, known in places.items():
                    if known == part:
                        return Symbol(name)
                name = f"read {len(places)}"
                places[name] = part
                return Symbol(name)
            return rebuilt(part, opened)

        flat = opened(found)
        reads = [each for each in in_order(flat) if each not in scope.names]
        text = flat.text()
        if own is not None:
            places[_OWN] = own
        for name in reads:
            part = places.get(name, Symbol(name))
            if part.names.isdisjoint(self._moving):
                continue
            slope = substituted(_slope(flat, text, name, self._textbook, own is not None), places)
            if slope == ZERO:
                continue
            if isinstance(part, GatherFormula):
                yield from self._through(part, slope, scope)
            elif isinstance(part, MemberFormula):
                if any(not each.names.isdisjoint(self._moving) for each in part.indices):
                    raise NotIndexed
                yield ReadUse(part.family, part.indices, slope)
            else:
                yield ReadUse(name, (), slope)

    def _through(
        self, part: GatherFormula, slope: Formula, scope: IndexScope, own: Formula | None = None
    ) -> Iterator[ReadUse]:
        """The reads in what is gathered. own: what that is called."""
        part = self._renamed(part, scope.names)
        for use in self.uses(part.body, scope.inside(part)):
            factor = times(self.factor(part, scope, own), use.slope)
            whole = times(slope, factor)
            clauses = (*part.clauses, *use.clauses)
            yield ReadUse(
                use.name, use.indices, whole, clauses, both(part.condition, use.condition)
            )

    def factor(self, part: GatherFormula, scope: IndexScope, own: Formula | None = None) -> Formula:
        """How what is gathered moves with its body at one place of its indices. own: what it is called."""
        if part.name == "mean":
            return power(self._count(part), MINUS)
        if part.name == "logsumexp":
            whole = own or self._renamed(part, scope.names | part.bound)
            return operation("exp", [minus(part.body, whole)])
        if part.name == "prod":
            return self._others(part, scope.names)
        if part.name in ("max", "min"):
            return self._chosen(part, scope, own)
        if part.name != "sum":
            raise NotIndexed
        return ONE

    def _chosen(self, part: GatherFormula, scope: IndexScope, own: Formula | None) -> Formula:
        """1 where what is gathered is the member of a body, the first of several: the place of that, which
        is found once, has an equation of its own."""
        value = own if own and _is_exact(part.body) else self._part(part, scope)
        inner = self._renamed(part, scope.names | part.bound)
        at, behind = self._place(inner.clauses)
        here = Call("if", (Call("==", (inner.body, value)), at, behind))
        first = self._part(GatherFormula("min", here, inner.clauses, inner.condition), scope)
        return Call("if", (Call("==", (self._place(part.clauses)[0], first)), ONE, ZERO))

    def _place(self, clauses: Sequence[RangeFormula]) -> tuple[Formula, Formula]:
        """Where indices stand among all that their ranges have, in order, and what comes behind the last: of
        one index that is itself."""
        first, *rest = clauses
        ends = _ends(first)
        if ends is not None and not rest:
            return Symbol(first.name), plus(ends[1], ONE)
        at, size = _counted(first)
        if ends is not None and ends[0] == ONE:
            at, size = Symbol(first.name), plus(ends[1], ONE)
        for number, clause in enumerate(rest, 1):
            own, many = _counted(clause)
            outer = [each for each in clauses[:number] if each.name in clause.names]
            if outer:
                many = self._renamed(GatherFormula("max", many, outer), [e.name for e in outer])
            at, size = plus(times(at, many), own), times(size, many)
        return at, size

    def _renamed(self, part: GatherFormula, scope: Collection[str]) -> GatherFormula:
        """What is gathered, with indices that do not stand around it."""
        by: dict[str, Formula] = {}
        for clause in part.clauses:
            if clause.name in scope:
                by[clause.name] = Symbol(self._fresh())
        return renamed(part, by) if by else part

    def _count(self, part: GatherFormula) -> Formula:
        """How many terms are gathered."""
        names, counts = part.bound, list[Formula]()
        for clause in part.clauses:
            if part.condition is not None or any(
                not each.names.isdisjoint(names) for each in clause.items
            ):
                return GatherFormula("sum", ONE, part.clauses, part.condition)
            if clause.listed:
                counts.append(Product(len(clause.items)))
            elif len(clause.items) == 2:
                low, high = clause.items
                counts.append(plus(high, ONE, times(MINUS, low)))
            else:
                return GatherFormula("sum", ONE, part.clauses, part.condition)
        return times(*counts)

    def _others(self, part: GatherFormula, scope: Collection[str]) -> Formula:
        """The product of all factors but one: right where factors are 0, too."""
        inner = self._renamed(part, {*scope, *part.bound})
        differ: list[Formula] = [
            Call("!=", (Symbol(other.name), Symbol(clause.name)))
            for other, clause in zip(inner.clauses, part.clauses, strict=True)
        ]
        apart = reduce(lambda one, other: Call("or", (one, other)), differ)
        return GatherFormula("prod", inner.body, inner.clauses, both(inner.condition, apart))

    def apart(self, use: ReadUse, names: set[str]) -> ReadUse:
        """A read whose indices have other names than those of the member."""
        taken = {each.name for each in use.clauses} & names
        if not taken:
            return use
        by: dict[str, Formula] = {name: Symbol(self._fresh()) for name in sorted(taken)}
        whole = renamed(GatherFormula("sum", use.slope, use.clauses, use.condition), by)
        indices = tuple(substituted(each, by) for each in use.indices)
        return ReadUse(use.name, indices, whole.body, whole.clauses, whole.condition)


@lru_cache(
    maxsize=_KEPT
)  # each equation is derived again for each name of a higher order, and each size
def _slope(flat: Formula, _: str, by: str, textbook: bool, has_name: bool) -> Formula:
    """The slope of a formula whose text is given, too: others are equal whose terms have another order."""
    named = {flat: Symbol(_OWN)} if has_name else {}
    return Chain(by, textbook, named, far=not textbook).derivative(flat)


def _is_exact(found: Formula) -> bool:
    """Whether a formula has the same double as what a file says in another way: nothing in it rounds."""
    if isinstance(found, GatherFormula | Call) and found.name not in ("max", "min"):
        return False
    if isinstance(found, GatherFormula):
        return _is_exact(found.body)
    if isinstance(found, Call):
        return all(map(_is_exact, found.operands))
    return isinstance(found, Symbol | MemberFormula)


def _ends(clause: RangeFormula) -> tuple[Formula, Formula] | None:
    """The first and the last index of a range that rises by 1, or of a list that rises."""
    if clause.listed:
        numbers = [value_of(each) for each in clause.items]
        if None in numbers or any(low >= high for low, high in pairwise(numbers)):  # type: ignore[operator]
            return None
        return clause.items[0], clause.items[-1]
    if len(clause.items) != 2:
        return None
    return clause.items[0], clause.items[1]


def _counted(clause: RangeFormula) -> tuple[Formula, Formula]:
    """Where an index stands in its range, from 0, and a number that no such place reaches. Raises
    NotIndexed."""
    index = Symbol(clause.name)
    if clause.listed:
        if not all(map(is_number, clause.items)) or len({*clause.items}) < len(clause.items):
            raise NotIndexed
        at: Formula = Product(len(clause.items) - 1)
        for place, item in reversed([*enumerate(clause.items[:-1])]):
            at = choice(Call("==", (index, item)), Product(place), at)
        return at, Product(len(clause.items))
    low, high, *step = clause.items
    if not step:
        return minus(index, low), minus(plus(high, ONE), low)
    if is_number(step[0]) and sign_of(step[0]) < 0:
        return minus(low, index), minus(plus(low, ONE), high)
    if not is_number(step[0]):
        raise NotIndexed
    return minus(index, low), minus(plus(high, ONE), low)
