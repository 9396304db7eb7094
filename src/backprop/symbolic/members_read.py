"""Which members of a family a read means: a gradient turned around, from reads to members.

A read in a sum means a member for some indices of the sum. Solved for these, the member's gradient is a
sum over the indices that are left, for all members or for those of a part of the family.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import islice

from backprop.algebra.formula import ZERO, Call, Formula, Product, absolute, is_number
from backprop.algebra.from_text import gathered, substituted
from backprop.algebra.indexed import RangeFormula
from backprop.algebra.normal import minus, operation
from backprop.symbolic.domains_of import (
    IndexCondition,
    MembersCondition,
    MembersPart,
    StatedCondition,
    both,
    conditions_of,
    holds,
    solve,
)
from backprop.symbolic.loops_read import NotIndexed
from backprop.symbolic.reads_of import ReadUse

_MOST_SPLITS = 24
"""Conditions by which the members of a family are told apart, in one statement."""

_MOST_PARTS = 100
"""Parts of the members of one statement, each with an equation."""

Apart = Callable[[ReadUse, set[str]], ReadUse]
"""Gives the indices of a read other names than these."""


def pieces(
    piece: MembersPart,
    uses: Sequence[ReadUse],
    apart: Apart,
    outer: int = 0,
    strict: bool = False,
) -> Iterator[tuple[MembersPart, list[Formula]]]:
    """The parts of the members of a statement, each with the terms that count there. outer: so many
    indices in front are no indices of the family that is read. strict: where a sum has no terms, that is a
    part by itself: what stands beside the sum may name members that are not there. Raises NotIndexed."""
    terms, conditions = [], list[MembersCondition]()
    for use in uses:
        solved = _solved(piece, use, apart, outer, strict)
        if solved is not None:
            terms.append(solved)
            conditions += [each for each in solved[1] if each not in conditions]
    if len(conditions) > _MOST_SPLITS:
        raise NotIndexed
    found = [*islice(in_parts(piece, conditions, terms), _MOST_PARTS + 1)]
    if len(found) > _MOST_PARTS:
        raise NotIndexed
    yield from found


def at_member(
    piece: MembersPart, term: Formula, wanted: Sequence[Formula | None]
) -> Iterator[tuple[MembersPart, Formula]]:
    """The parts of members at which indices have wanted values, with a formula there. wanted: None where
    any will do. Raises NotIndexed."""
    conditions: list[MembersCondition] = []
    for place, value in enumerate(wanted):
        index = piece.indices[place]
        if value is None:
            continue
        condition = IndexCondition(index, value, equal=True)
        at = piece.place(index)
        if at is None:
            conditions.append(condition)
            continue
        if holds(condition, piece) is False:
            return
        term = substituted(term, {piece.clauses[at].name: value})
        piece = piece.at(at, value)
    undecided = []
    for each in conditions_of(piece.condition):
        sure = holds(each, piece._replace(condition=None))
        if sure is False:
            return
        undecided += [each.formula] if sure is None else []
    piece = piece._replace(condition=reduce(both, undecided, None))
    for part, terms in in_parts(piece, conditions, [(term, conditions)]):
        if terms:
            yield part, terms[0]


def in_parts(
    piece: MembersPart,
    conditions: list[MembersCondition],
    terms: list[tuple[Formula, list[MembersCondition]]],
) -> Iterator[tuple[MembersPart, list[Formula]]]:
    """The parts of members that conditions tell apart, each with the terms whose conditions hold there.
    Raises NotIndexed."""
    if not conditions:
        if (found := _with_members(piece)) is not None:
            yield found, [term for term, _ in terms]
        return
    first, *rest = conditions
    sure = holds(first, piece)
    if sure is None and not piece.clauses:
        raise NotIndexed  # a single member has no place for a condition
    parts = [(piece, sure)] if sure is not None else piece.split(first)
    for part, true in parts:
        kept = [(term, own) for term, own in terms if true or first not in own]
        if part.indices != piece.indices:
            by = _values_of(piece, part)
            kept = [(substituted(term, by), own) for term, own in kept]
            left = [each.changed(by) for each in rest]
            kept = [(term, [each.changed(by) for each in own]) for term, own in kept]
        else:
            left = rest
        yield from in_parts(part, left, kept)


def _with_members(piece: MembersPart) -> MembersPart | None:
    """A part without the condition of a single member, for which no equation has a place; None where that
    does not hold, or holds for none of several, whatever the sizes of a text are. Raises NotIndexed."""
    undecided, names = list[Formula](), {each.name for each in piece.clauses}
    fixed = all(each.names <= names for each in piece.clauses)
    for each in conditions_of(piece.condition):
        sure = None
        if not names or (fixed and each.formula.names <= names):
            sure = holds(each, piece._replace(condition=None))
        if sure is False:
            return None
        if sure is None and not names:
            raise NotIndexed
        undecided += [] if sure and not names else [each.formula]
    return piece._replace(condition=reduce(both, undecided, None))


def _solved(
    piece: MembersPart, use: ReadUse, apart_from: Apart, outer: int, strict: bool
) -> tuple[Formula, list[MembersCondition]] | None:
    """What a read brings to the member of a piece, and the conditions on the member's indices."""
    use = apart_from(use, {each.name for each in piece.clauses})
    variables = {each.name for each in use.clauses}
    members = piece.indices[outer:]
    if len(use.indices) != len(members):
        raise NotIndexed
    bound: dict[str, Formula] = {}
    inside: list[MembersCondition] = []
    for read, member in zip(use.indices, members, strict=True):
        read = substituted(read, bound)
        free = sorted((read.names & variables) - bound.keys())
        apart = minus(read, member)
        for name in free:
            solved = solve(apart, name)
            if solved is not None:
                bound[name] = solved[1]
                bound = {
                    each: substituted(value, {name: solved[1]}) for each, value in bound.items()
                }
                break
        else:
            if apart != ZERO:
                inside.append(IndexCondition(read, member, equal=True))
    inside = [each.changed(bound) for each in inside]
    for clause in use.clauses:
        if clause.name in bound:
            inside += _in_range(clause, bound)
    left = [
        RangeFormula(each.name, [substituted(item, bound) for item in each.items], each.listed)
        for each in use.clauses
        if each.name not in bound
    ]
    if use.condition is not None:
        inside += conditions_of(substituted(use.condition, bound))
    names = {each.name for each in left}
    outside = [each for each in inside if each.formula.names.isdisjoint(names)]
    rest = [each.formula for each in inside if each not in outside]
    if strict:
        outside += _with_terms(left, [each for each in inside if each not in outside])
    kept = []
    for each in dict.fromkeys(outside):
        sure = holds(each, piece)
        if sure is False:
            return None
        if sure is None:
            kept.append(each)
    term = substituted(use.slope, bound)
    return gathered("sum", term, left, reduce(both, rest, None)) if left else term, kept


def _with_terms(
    left: Sequence[RangeFormula], conditions: Sequence[MembersCondition]
) -> Iterator[MembersCondition]:
    """What holds around a sum if it has a term: of conditions on one of its indices, and of its ranges."""
    names = {each.name for each in left}
    ends = {each.name: each.items for each in left if len(each.items) == 2 and not each.listed}
    ranges = [IndexCondition(*items) for items in ends.values()]
    for each in (*conditions, *ranges):
        own = each.formula.names & names
        if not isinstance(each, IndexCondition) or each.equal or len(own) > 1:
            continue
        for name in own & ends.keys():
            solved = solve(minus(each.right, each.left), name)
            if solved is not None:  # the end of the range where the condition holds, if anywhere
                each = each.changed({name: ends[name][solved[0] > 0]})
        if each.formula.names.isdisjoint(names) and not is_number(minus(each.right, each.left)):
            yield each


def _in_range(clause: RangeFormula, bound: dict[str, Formula]) -> list[MembersCondition]:
    """That the index of a clause, which is a member's, is one that the clause has."""
    value = bound[clause.name]
    items = [substituted(each, bound) for each in clause.items]
    if clause.listed:
        same: list[Formula] = [Call("==", (value, each)) for each in items]
        return [StatedCondition(reduce(lambda one, other: operation("or", (one, other)), same))]
    if len(items) == 2:
        low, high = items
        return [IndexCondition(low, value), IndexCondition(value, high)]
    low, high, step = items
    if not isinstance(step, Product) or step.powers or step.coefficient == 0:
        raise NotIndexed
    if step.coefficient < 0:
        low, high = high, low
    size = Product(absolute(step.coefficient))
    beside = operation("mod", (minus(value, items[0]), size))
    return [
        IndexCondition(low, value),
        IndexCondition(value, high),
        *([IndexCondition(beside, ZERO, equal=True)] if size.coefficient != 1 else []),
    ]


def _values_of(piece: MembersPart, part: MembersPart) -> dict[str, Formula]:
    """The index of a piece that has one value in its part."""
    left = {each.name for each in part.clauses}
    for before, after in zip(piece.indices, part.indices, strict=True):
        for name in before.names - left:
            solved = solve(minus(before, after), name)
            if solved is not None:
                return {name: solved[1]}
    return {}
