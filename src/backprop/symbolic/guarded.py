"""Terms of derivatives step by step that only count where a condition holds: `if(x > 0, dL_du/(2*u), 0)` of
`u = sqrt(x); L = if(x > 0, u, 0)`, since u has no value elsewhere, and 0 times that has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from backprop.algebra.formula import EULER, ZERO, Call, Formula, Product, Sum, Symbol, value_of
from backprop.algebra.normal import choice, operation
from backprop.operations import OPERATIONS
from backprop.row import AND, COMPARISON, NOT, OR

_TOTAL = frozenset(
    "sin cos atan tanh sech sigmoid abs sign relu min max erf erfc softplus normcdf floor ceil".split()
)
"""Functions that have a value wherever their operands have one."""


class Guards:
    """The conditions outside of which derivatives by names are 0. formulas: the equations, by name."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self._formulas = formulas
        self._total: dict[Formula, bool] = {}
        self._conditions: dict[str, Formula] = {}
        self._passed: dict[str, list[Formula | None]] = {}
        """The conditions of what uses a name, None of what has none."""

    def take(self, name: str, adjoint: Formula) -> None:
        """The derivative by a name, after all that uses it."""
        condition = _condition(adjoint)
        passed = self._passed.get(name, [])
        known = [each for each in passed if each is not None]
        if condition is None and known and len(known) == len(passed):
            condition = _either(known)
        if condition is not None:
            self._conditions[name] = condition

    def guarded(self, name: str, by: str, slope: Formula, term: Formula) -> Formula:
        """A term of what a name depends on, `by`, with its condition where the slope may have no value.
        Raises TooLong."""
        condition = self._conditions.get(name)
        self._passed.setdefault(by, []).append(condition or _condition(term))
        if condition is None or self._is_total(slope):
            return term
        if isinstance(condition, Call) and condition.name == "not":
            return choice(condition.operands[0], ZERO, term)
        return choice(condition, term, ZERO)

    def _is_total(self, found: Formula) -> bool:
        """Whether a formula has a value wherever the inputs have one."""
        waiting = [found]
        while waiting:
            part = waiting[-1]
            if part in self._total:
                waiting.pop()
                continue
            inner = self._inner(part)
            left = [each for each in inner if each not in self._total]
            if left:
                waiting += left
                continue
            self._total[part] = _keeps(part) and all(self._total[each] for each in inner)
            waiting.pop()
        return self._total[found]

    def _inner(self, part: Formula) -> list[Formula]:
        if isinstance(part, Symbol):
            return [self._formulas[part.name]] if part.name in self._formulas else []
        return [*part.parts]


def _keeps(found: Formula) -> bool:
    """Whether a formula has a value wherever its parts have one."""
    if isinstance(found, Product):
        numbers = [value_of(by) for _, by in found.powers]
        whole = all(each is not None and each >= 0 and each.denominator == 1 for each in numbers)
        return whole and all(base != EULER for base, _ in found.powers)
    if isinstance(found, Call):
        row = OPERATIONS[found.name]
        compares = row.binding in (COMPARISON, AND, OR, NOT)
        return found.name in _TOTAL or row.chooses or compares
    return isinstance(found, Sum | Symbol)


def _condition(found: Formula) -> Formula | None:
    """Where a formula can be other than 0; None of what can be so anywhere."""
    terms = found.terms if isinstance(found, Sum) else (found,)
    conditions = list[Formula]()
    for term in terms:
        if not isinstance(term, Call) or not OPERATIONS[term.name].chooses:
            return None
        condition, one, other = term.operands
        if other == ZERO:
            conditions.append(condition)
        elif one == ZERO:
            conditions.append(operation("not", [condition]))
        else:
            return None
    return _either(conditions)


def _either(conditions: Sequence[Formula]) -> Formula:
    """Where one of some conditions holds."""
    return reduce(lambda one, other: operation("or", [one, other]), dict.fromkeys(conditions))
