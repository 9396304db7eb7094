"""Families of derivatives that are other ones by another name: how `d2L_dx2[3,t]` moves with `dx_dx[t,3]` is
what is behind that in the same equations, `d2L_dx2[3,t]` again.

Two families are the same where their equations are, each with its own members in the place of the other's:
both are computed from where they begin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product

from backprop.algebra.formula import Formula
from backprop.algebra.from_text import rebuilt
from backprop.algebra.indexed import MemberFormula, RangeFormula
from backprop.algebra.tidy import simplified
from backprop.symbolic.of_families import IndexedDerived

_MOST_WAYS = 300
"""Ways in which indices may stand for each other."""

_Places = tuple[int, ...]
"""For each index of the other family, which of the own ones it is."""

_ByPlace = Mapping[tuple[tuple[Formula, ...], tuple[RangeFormula, ...], Formula | None], Formula]


def without_same(found: Sequence[IndexedDerived]) -> list[IndexedDerived]:
    """Equations in which families that nobody asked for have the name of another one that is the same."""
    kept: dict[str, list[IndexedDerived]] = {}
    for each in found:
        kept.setdefault(each.equation.name, []).append(each)
    for name in [*kept]:
        own = kept[name]
        if not own[0].indices or any(each.equation.asked or not each.equation.of for each in own):
            continue
        for other in [each for each in kept if each != name]:
            places = _places(own, kept[other])
            if places is not None:
                del kept[name]
                kept = {
                    one: [_with(each, name, other, places) for each in equations]
                    for one, equations in kept.items()
                }
                break
    return [each for equations in kept.values() for each in equations]


def _places(own: Sequence[IndexedDerived], others: Sequence[IndexedDerived]) -> _Places | None:
    """How the members of a family are those of one with fewer indices; None where they are not."""
    many, few = len(own[0].indices), len(others[0].indices)
    if len(own) != len(others) or not 0 < few < many:
        return None
    if {each[2:4] for each in own} != {each[2:4] for each in others}:
        return None
    fixed = {at for at in range(many) if len({each.indices[at] for each in own}) == 1}
    fixed = {at for at in fixed if own[0].indices[at].names.isdisjoint(_index_names(own))}
    name, other = own[0].equation.name, others[0].equation.name
    for places in islice(product(range(many), repeat=few), _MOST_WAYS):
        if not {*range(many)} - {*places} <= fixed:
            continue
        made = [_with(each, name, other, places) for each in others]
        wanted = {
            (each.indices, each.clauses, each.condition): each.equation.formula for each in made
        }
        if len(wanted) == len(own) and all(
            _same(_with(each, name, other, places), wanted, places) for each in own
        ):
            return places
    return None


def _same(found: IndexedDerived, wanted: _ByPlace, places: _Places) -> bool:
    """Whether an equation is that of the other family for the same members."""
    there = wanted.get((tuple(found.indices[at] for at in places), found.clauses, found.condition))
    formula = found.equation.formula
    return there is not None and there in (formula, simplified(formula))


def _index_names(found: Sequence[IndexedDerived]) -> set[str]:
    return {clause.name for each in found for clause in each.clauses}


def _with(found: IndexedDerived, name: str, other: str, places: _Places) -> IndexedDerived:
    """An equation that reads the members of another family."""

    def put(part: Formula) -> Formula:
        if name not in part.names:
            return part
        if isinstance(part, MemberFormula) and part.family == name:
            return MemberFormula(other, [part.indices[at] for at in places])
        return rebuilt(part, put)

    formula = put(found.equation.formula)
    if formula is found.equation.formula:
        return found
    return found._replace(equation=found.equation._replace(formula=formula))
