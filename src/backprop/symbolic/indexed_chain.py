"""The chain rule on a formula with indices, by one of the reads in it: `w[k]` as one name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce

from backprop.algebra.formula import ZERO, Call, Formula, Symbol
from backprop.algebra.from_text import gathered, rebuilt
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.algebra.kept import kept_property
from backprop.algebra.normal import times
from backprop.symbolic.chain import NO_NAMES, Chain
from backprop.symbolic.domains_of import both
from backprop.symbolic.loops_read import NotIndexed
from backprop.symbolic.reads_of import IndexScope, ReadsOf

_WORD = re.compile(r"[^\W\d]\w*")


class ReadSymbol(Symbol):
    """A read of a member as a name of its own: where an index of it is gathered, it is gathered."""

    def __init__(self, read: MemberFormula) -> None:
        super().__init__(read.text())
        self.read = read
        self._indices = frozenset().union(*(each.names for each in read.indices))

    @kept_property
    def names(self) -> frozenset[str]:
        return self._indices | {self.name}


def with_reads(found: Formula) -> Formula:
    """A formula in which every read of a member is a name of its own, `w[k]`."""
    if isinstance(found, MemberFormula):
        return ReadSymbol(found)
    return rebuilt(found, with_reads) if found.parts else found


def _members(found: Formula) -> Formula:
    """A formula with members again, whose indices can be called otherwise."""
    if isinstance(found, ReadSymbol):
        return found.read
    return rebuilt(found, _members) if found.parts else found


class IndexedChain(Chain):
    """Derivatives by a read, as textbooks write them. scope: the indices around the formula. Raises
    NotIndexed.

    The derivative of a sum by a read that has the index of the sum is that of the one term which has it.
    """

    def __init__(
        self,
        by: str,
        scope: IndexScope,
        fresh: Callable[[], str],
        named: Mapping[Formula, Symbol] = NO_NAMES,
    ) -> None:
        super().__init__(by, True, named)
        self._scope = scope
        self._indices = {*_WORD.findall(by.partition("[")[2])}
        self._reads = ReadsOf((), fresh, True, lambda found, _: found)

    def _made(self, found: Formula) -> Formula:
        if not isinstance(found, GatherFormula):
            return super()._made(found)
        inner = self._of(found.body)
        if inner == ZERO:
            return ZERO
        whole = _members(found)
        assert isinstance(whole, GatherFormula)
        term = times(with_reads(self._reads.factor(whole, self._scope)), inner)
        left = [each for each in found.clauses if each.name not in self._indices]
        if left:
            where = reduce(both, self._inside(found, left), found.condition)
            return gathered("sum", term, left, where)
        if found.condition is not None:
            raise NotIndexed
        return term

    def _inside(self, found: GatherFormula, left: Sequence[RangeFormula]) -> Iterator[Formula]:
        """That the read's own indices are in their ranges, where others move these. Raises NotIndexed."""
        names = {each.name for each in left}
        for each in found.clauses:
            if each in left or each.names.isdisjoint(names):
                continue
            if each.listed or len(each.items) != 2:
                raise NotIndexed
            index = Symbol(each.name)
            for pair in ((each.items[0], index), (index, each.items[1])):
                if not names.isdisjoint(pair[0].names | pair[1].names):
                    yield Call("<=", pair)
