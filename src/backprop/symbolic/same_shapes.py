"""What depends on the shape of a formula alone, computed once for all formulas of that shape.

Long texts have few shapes: `sin(a1*x)` and `sin(a2*y)` are derived, and simplified, by the same steps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from backprop.algebra.formula import EULER, ONE, Call, Formula, Product, Sum, Symbol, TooLong

_WORD = re.compile(r"[^\W\d]\w*'*(?:\[[^\]]*\])?")
_MOST_SHAPES = 50_000

ByOtherNames = Mapping[str, Formula]


class SameShapes:
    """Results by shape. compute: of a formula, and what else it is asked; it must not look at names."""

    def __init__(self) -> None:
        self._known: dict[object, Formula | None] = {}

    def of(self, found: Formula, asked: str, compute: Callable[[Formula, str], Formula]) -> Formula:
        """What is computed of a formula. asked: a name in it, or "". Raises TooLong."""
        text, order = found.text(), dict[str, str]()
        for word in _WORD.findall(text):
            if word in found.names and word not in order:
                order[word] = f"n{len(order)}{_places(word)}"
        if len(order) < len(found.names) or not _is_plain(found):
            return compute(found, asked)
        key = _WORD.sub(lambda word: order.get(word[0], word[0]), text), order.get(asked, asked)
        if key not in self._known:
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            there: ByOtherNames = {name: Symbol(other) for name, other in order.items()}
            try:
                self._known[key] = compute(with_names(found, there), order.get(asked, asked))
            except TooLong:
                self._known[key] = None
        result = self._known[key]
        if result is None:
            raise TooLong
        return with_names(result, {other: Symbol(name) for name, other in order.items()})


def _places(name: str) -> str:
    """Brackets with as many indices as a name has: it is as long to read."""
    return re.sub(r"[^\[\],]+", "0", name[name.index("[") :]) if "[" in name else ""


def _is_plain(found: Formula) -> bool:
    """Whether a formula has no indices of its own."""
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, Symbol | Sum | Product | Call):
            return False
        waiting += part.parts
    return True


def with_names(found: Formula, by: ByOtherNames) -> Formula:
    """A formula with other names, each for one: it stays as it is otherwise."""
    if isinstance(found, Symbol):
        return found if found is EULER else by.get(found.name, found)
    if not found.names:
        return found
    if isinstance(found, Sum):
        terms = tuple([with_names(each, by) for each in found.terms])
        total = found.like(frozenset(terms), terms)
        total.terms = terms
        return total
    if isinstance(found, Call):
        operands = tuple([with_names(each, by) for each in found.operands])
        call = found.like((found.name, *operands), operands)
        call.name, call.operands = found.name, operands
        return call
    assert isinstance(found, Product)
    powers = tuple([(with_names(base, by), with_names(of, by)) for base, of in found.powers])
    parts = [
        each for base, of in powers for each in ((base,) if of is ONE or of == ONE else (base, of))
    ]
    made = found.like((found.coefficient, frozenset(powers)), parts)
    made.powers, made.coefficient, made.decimal = powers, found.coefficient, found.decimal
    return made
