"""Equations of derivatives without those of members that no other one reads, as far as their ranges say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from backprop.algebra.formula import Formula, Symbol
from backprop.algebra.indexed import GatherFormula, MemberFormula, RangeFormula
from backprop.symbolic.index_points import IndexNumbers, corners, known_value
from backprop.symbolic.of_families import IndexedDerived

_Box = list[tuple[float, float]]


def reached(
    found: Sequence[IndexedDerived],
    name: str,
    indices: Sequence[Formula | None],
    numbers: IndexNumbers,
) -> list[IndexedDerived]:
    """The equations that a member needs. indices: its own; None where all are meant."""
    boxes = [_box(each.indices, each.clauses, numbers) for each in found]
    by_name: dict[str, list[int]] = {}
    for at, each in enumerate(found):
        by_name.setdefault(each.equation.name, []).append(at)
    kept = set[int]()
    whole = [(-inf, inf) if each is None else _ends([each], [], numbers)[0] for each in indices]
    waiting = [(name, whole)]
    while waiting:
        name, box = waiting.pop()
        for at in by_name.get(name, ()):
            if at not in kept and _meet(boxes[at], box):
                kept.add(at)
                each = found[at]
                waiting += _reads(each.equation.formula, each.clauses, numbers)
    return [each for at, each in enumerate(found) if at in kept]


def _reads(
    found: Formula, clauses: Sequence[RangeFormula], numbers: IndexNumbers
) -> Iterator[tuple[str, _Box]]:
    """Names and families in a formula, with the indices at which they are read."""
    waiting = [(found, [*clauses])]
    while waiting:
        part, around = waiting.pop()
        if isinstance(part, Symbol):
            yield part.name, []
        if isinstance(part, MemberFormula):
            yield part.family, _box(part.indices, around, numbers)
        if isinstance(part, GatherFormula):
            around = [*around, *part.clauses]
        waiting += [(each, around) for each in part.parts]


def _box(
    indices: Sequence[Formula], clauses: Sequence[RangeFormula], numbers: IndexNumbers
) -> _Box:
    """Between which numbers indices are."""
    names = {each.name for each in clauses}
    if any(not each.names <= {*numbers, *names} for each in (*indices, *clauses)):
        return [(-inf, inf)] * len(indices)
    return _ends(indices, clauses, numbers)


def _ends(
    indices: Sequence[Formula], clauses: Sequence[RangeFormula], numbers: IndexNumbers
) -> _Box:
    found: _Box = [(inf, -inf)] * len(indices)
    for point in corners(clauses, numbers):
        for at, index in enumerate(indices):
            value = known_value(index, point)
            if value != value:
                return [(-inf, inf)] * len(indices)
            low, high = found[at]
            found[at] = min(low, value), max(high, value)
    return found


def _meet(one: _Box, other: _Box) -> bool:
    return len(one) != len(other) or all(
        low <= upper and lower <= high
        for (low, high), (lower, upper) in zip(one, other, strict=True)
    )
