"""Names of derivatives without the stroke that they got beside others, where these are not written:
`dV_dx` for `dV_dx_`, if the text's own `derivative(V, x[i])` is not needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence

from backprop.symbolic.by_names import PART
from backprop.symbolic.given_members import with_families
from backprop.symbolic.of_families import IndexedDerived


def plainly_named(found: Sequence[IndexedDerived], words: Container[str]) -> list[IndexedDerived]:
    """Derivatives with plain names where no word of the text and no other equation has these."""
    used = {name for each in found for name in (each.equation.name, *each.equation.formula.names)}
    by: dict[str, str] = {}
    strokes = {  # dL_dx_ by x_ is no dL_dx
        each.equation.name
        for each in found
        if any(name.endswith("_") for name in (each.equation.of, *each.equation.wrt))
    }
    for name in dict.fromkeys(each.equation.name for each in found if each.equation.of):
        if name in strokes:
            continue
        plain = name.rstrip("_")
        while plain in used or plain in words or plain in by.values():
            if plain == name:
                break
            plain += "_"
        if plain != name:
            by[name] = plain
    by |= _parts(found, used)
    if not by:
        return [*found]
    return [
        each._replace(
            equation=each.equation._replace(
                name=by.get(each.equation.name, each.equation.name),
                formula=with_families(each.equation.formula, by),
                of=by.get(each.equation.of, each.equation.of),
                wrt=tuple(by.get(name, name) for name in each.equation.wrt),
            )
        )
        for each in found
    ]


def _parts(found: Sequence[IndexedDerived], used: Container[str]) -> dict[str, str]:
    """Names for the parts of each derivative that count from 1: some that were made are another one again."""
    by: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name in dict.fromkeys(each.equation.name for each in found if not each.equation.of):
        label, part, number = name.rpartition(PART)
        if label and number.isdigit():
            counts[label] += 1
            by[name] = f"{label}{part}{counts[label]}"
    kept = {name: plain for name, plain in by.items() if name != plain}
    return kept if all(each not in used or each in by for each in kept.values()) else {}
