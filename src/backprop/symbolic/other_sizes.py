"""Whether derivatives with indices are those for other sizes, too: `n = 6` decides which ranges are empty,
and where `i < 10` holds for all indices.

The derivatives are made again, with numbers a little and much larger in the place of those of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from backprop.algebra.formula import Formula, TooLong
from backprop.algebra.indexed import GatherFormula, RangeFormula
from backprop.symbolic.index_points import IndexNumbers
from backprop.symbolic.loops_read import IndexedEquation, NotIndexed
from backprop.symbolic.of_families import IndexedDerived

_LARGER = (1, 1), (1, 2), (3, 5)
"""Other sizes that are tried: so many times the file's, and so many more."""

_FAR = 7, 8, 11

_SMALL = 7
"""As many members as this, and one more of each further size, are soon looked at."""

Derive = Callable[[IndexNumbers], Sequence[IndexedDerived]]
"""The derivatives with other numbers for what ranges are made of."""


def only_for(
    equations: Sequence[IndexedEquation],
    numbers: IndexNumbers,
    found: Sequence[IndexedDerived],
    derive: Derive,
) -> Mapping[str, int]:
    """The sizes for which alone these derivatives are; none where they are for others, too."""
    sizes = _sizes(equations, numbers)
    if not sizes:
        return {}
    own = _said(found)
    apart = all(_is_box(each.clauses) for each in equations) and not _nested(equations)
    for by, more in _LARGER if apart else _LARGER[:2]:
        larger = {name: by * size + more for name, size in sizes.items()}
        if _derived(derive, {**numbers, **larger}) != own:
            return sizes
    return {}


def for_larger(
    numbers: IndexNumbers, sizes: Mapping[str, int], derive: Derive
) -> Mapping[str, int]:
    """Sizes whose derivatives are those for all larger ones, as far as is tried; none if there are none."""
    first, *others = ({name: size + more for name, size in sizes.items()} for more in _FAR)
    said = _derived(derive, {**numbers, **first})
    if said is not None and all(_derived(derive, {**numbers, **each}) == said for each in others):
        return first
    return {}


def for_smaller(
    equations: Sequence[IndexedEquation],
    numbers: IndexNumbers,
    found: Sequence[IndexedDerived],
    derive: Derive,
) -> Mapping[str, int]:
    """Small sizes that have the same derivatives; none if there are none."""
    sizes = _sizes(equations, numbers)
    smaller = {name: min(size, _SMALL + at) for at, (name, size) in enumerate(sizes.items())}
    if smaller != sizes and _derived(derive, {**numbers, **smaller}) == _said(found):
        return smaller
    return {}


def _derived(derive: Derive, numbers: IndexNumbers) -> list[tuple[str, str, str]] | None:
    try:
        return _said(derive(numbers))
    except (NotIndexed, TooLong):
        return None


def _said(found: Sequence[IndexedDerived]) -> list[tuple[str, str, str]]:
    return [(each.left, each.equation.formula.text(), each.behind) for each in found]


def _sizes(equations: Sequence[IndexedEquation], numbers: IndexNumbers) -> dict[str, int]:
    """The whole numbers of which ranges, conditions and indices are made."""
    used: set[str] = set()
    for each in equations:
        formulas: list[Formula] = [*each.clauses, *each.indices]
        formulas += [one for one in (each.condition, each.formula) if one is not None]
        while formulas:
            part = formulas.pop()
            if isinstance(part, RangeFormula):
                used |= part.names
            elif isinstance(part, GatherFormula) and part.condition is not None:
                used |= part.condition.names
            formulas += part.parts
        used |= set().union(*(one.names for one in each.indices))
        used |= each.condition.names if each.condition is not None else set()
    return {
        name: int(number)
        for name, number in numbers.items()
        if name in used and number == number // 1
    }


def _is_box(clauses: Sequence[RangeFormula]) -> bool:
    names = {each.name for each in clauses}
    return all(each.names.isdisjoint(names) for each in clauses)


def _nested(equations: Sequence[IndexedEquation]) -> bool:
    """Whether a gather has ranges of which one depends on another, or on an index around it."""
    for each in equations:
        waiting = [(each.formula, frozenset(one.name for one in each.clauses))]
        while waiting:
            part, around = waiting.pop()
            if part is None:
                continue
            if isinstance(part, GatherFormula):
                around |= part.bound
                if any(not one.names.isdisjoint(around) for one in part.clauses):
                    return True
            waiting += [(one, around) for one in part.parts]
    return False
