"""Formulas with indices: members of families, `w[i,k]`, and what is gathered over an index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from backprop.algebra.formula import Call, Formula, Sum, is_number
from backprop.algebra.kept import kept_property
from backprop.row import CALL


class MemberFormula(Formula):
    """A member of a family: its indices are formulas of index variables and constants."""

    def __init__(self, family: str, indices: Sequence[Formula]) -> None:
        super().__init__((family, *indices), indices)
        self.family = family
        self.indices = tuple(indices)

    @kept_property
    def names(self) -> frozenset[str]:
        return super().names | {self.family}

    def bound_text(self) -> tuple[str, int]:
        return f"{self.family}[{','.join(map(_closely, self.indices))}]", CALL


def _closely(found: Formula) -> str:
    """The text of an index, its number behind its names, without blanks: `t+1`."""
    if isinstance(found, Sum):
        found = Sum(sorted(found.terms, key=is_number))
    return found.text().replace(" ", "")


class DerivativeFormula(Formula):
    """`derivative(V, x[i])` of an expression, before it is known what else moves with x[i]."""

    def __init__(self, of: Formula, by: Formula) -> None:
        super().__init__((of, by), (of, by))
        self.of = of
        self.by = by

    def bound_text(self) -> tuple[str, int]:
        return f"derivative({self.of.text()}, {self.by.text()})", CALL


def names_derived(found: Formula) -> frozenset[str]:
    """The names in the expressions that a formula has derivatives of."""
    if isinstance(found, DerivativeFormula):
        return found.of.names
    return frozenset().union(*map(names_derived, found.parts))


class RangeFormula(Formula):
    """What an index runs through: `i in 1..n`, with its step if that is not 1, or `i in [1, 3]`."""

    def __init__(self, name: str, items: Sequence[Formula], listed: bool = False) -> None:
        super().__init__((name, listed, *items), items)
        self.name = name
        self.items = tuple(items)
        self.listed = listed

    def bound_text(self) -> tuple[str, int]:
        texts = [_closely(each) for each in self.items]
        through = f"[{', '.join(texts)}]" if self.listed else "..".join(texts)
        return f"{self.name} in {through}", 0


def _called_alike(
    body: Formula, clauses: Sequence[RangeFormula], condition: Formula | None
) -> Iterator[object]:
    """What is gathered, whatever its indices are called: `x[j] for j in 1..n`, or with k."""
    names = {each.name: f"#{at}" for at, each in enumerate(clauses)}

    def called(found: Formula) -> str:
        return _WORD.sub(lambda word: names.get(word[0], word[0]), found.text())

    yield called(body)
    for each in clauses:
        yield each.listed, tuple(map(called, each.items))
    if isinstance(condition, Call) and condition.name in ("==", "!="):
        yield condition.name, frozenset(map(called, condition.operands))
    elif condition is not None:
        yield called(condition)


_WORD = re.compile(r"[^\W\d]\w*'*")


class GatherFormula(Formula):
    """What a gather of the table makes of a body, over clauses, where a condition holds."""

    def __init__(
        self,
        name: str,
        body: Formula,
        clauses: Sequence[RangeFormula],
        condition: Formula | None = None,
    ) -> None:
        more = () if condition is None else (condition,)
        super().__init__((name, *_called_alike(body, clauses, condition)), (body, *clauses, *more))
        self.name = name
        self.body = body
        self.clauses = tuple(clauses)
        self.condition = condition

    @kept_property
    def names(self) -> frozenset[str]:
        return super().names - self.bound

    @kept_property
    def bound(self) -> frozenset[str]:
        """The names of its indices."""
        return frozenset(each.name for each in self.clauses)

    def bound_text(self) -> tuple[str, int]:
        return f"{self.name}({self.body.text()} {through(self.clauses, self.condition)})", CALL


def index_names(found: Formula) -> Iterator[str]:
    """The names of all indices in a formula."""
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if isinstance(part, RangeFormula):
            yield part.name
        waiting += part.parts


def families(found: Formula) -> Iterator[str]:
    """The families whose members a formula reads."""
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if isinstance(part, MemberFormula):
            yield part.family
        waiting += part.parts


def through(clauses: Sequence[RangeFormula], condition: Formula | None) -> str:
    """The text of clauses: `for i in 1..n, k in 1..m if i != k`; "" of none."""
    if not clauses:
        return ""
    where = f" if {condition.text()}" if condition is not None else ""
    return f"for {', '.join(each.text() for each in clauses)}{where}"


def loops_in(clauses: Sequence[RangeFormula], found: Formula | None) -> int:
    """How many loops are inside one another at most, in an equation with these ranges."""
    most, waiting = 0, [] if found is None else [(found, 0)]
    while waiting:
        part, outside = waiting.pop()
        outside += len(part.clauses) if isinstance(part, GatherFormula) else 0
        most = max(most, outside)
        waiting += [(each, outside) for each in part.parts]
    return len(clauses) + most
