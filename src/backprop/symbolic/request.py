"""What `diff` is asked: derivatives of outputs by names, in the shape that fits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement, islice

from backprop.algebra.careful import careful
from backprop.algebra.formula import EULER, Formula, Symbol
from backprop.algebra.from_text import substituted
from backprop.algebra.ordering import names_first
from backprop.algebra.textbooks import with_lines
from backprop.errors import BadOption, TooLarge
from backprop.language.model import Model
from backprop.operations import DERIVATIVE
from backprop.symbolic.by_names import (
    DerivativeNames,
    Derived,
    PathNames,
    closed,
    in_steps,
    needed,
    nested,
)
from backprop.symbolic.equations import Equations
from backprop.symbolic.within_bounds import within

SHORT = 120
"""A formula is short up to so many characters: one that fits on two lines of a terminal."""

_MOST = 500
"""The most derivatives of higher order that are asked for by leaving --wrt out."""


class Request:
    """Derivatives of outputs of a Model.

    wrt: by these names; by default by all inputs that are no const and lead there. order: how often.
    With as many names as the order says, one mixed derivative. textbook: slopes as in a textbook. alone: the
    answer is to be read.
    """

    def __init__(
        self,
        model: Model,
        outputs: Sequence[str],
        wrt: Sequence[str] = (),
        order: int = 1,
        textbook: bool = False,
        alone: bool = False,
    ) -> None:
        self.model = model
        self.outputs = outputs
        self.textbook = textbook
        self.alone = alone
        self._wrt = wrt
        self._order = order
        self._equations = {of: Equations(model.graph(of), set(model.names)) for of in outputs}
        if DERIVATIVE in model.source.text:  # the order of whose factors is nobody's
            for equations in self._equations.values():
                for name, found in equations.formulas.items():
                    equations.formulas[name] = names_first(found, model.inputs)
        self.naming = DerivativeNames(set(model.names))

    def names(self, of: str) -> list[str]:
        """What an output is derived by."""
        if self._wrt:
            return [*self._wrt]
        leading, held = self.model.leading(of), self.model.held
        return [name for name in self.model.inputs if name in leading and name not in held]

    def divisors(self, of: str) -> set[Formula]:
        """The bases of powers with names in their exponents by which an output is divided."""
        return self._equations[of].divisors - {EULER}

    def whole(self, of: str) -> Formula:
        """An output as one formula of its inputs. Raises TooLong."""
        return closed(self._equations[of], of)

    def orders(self, of: str) -> list[tuple[str, ...]]:
        """The derivatives, each as the names that it is by, one after the other. Raises BadOption."""
        return paths(self.names(of), self._order, bool(self._wrt))

    def nested(self) -> list[Derived]:
        """Closed formulas. Raises TooLong."""
        found: list[Derived] = []
        for of, equations in self._equations.items():
            orders, far = self.orders(of), not self.alone
            found += nested(equations, of, orders, self.naming, self.textbook, far)
        return self._careful(self._within_bounds(found))

    def _within_bounds(self, found: list[Derived]) -> list[Derived]:
        """Without choices that the bounds of inputs decide."""
        bounds = self.model.bounds
        if not bounds:
            return found
        return [each._replace(formula=within(each.formula, bounds)) for each in found]

    def _careful(self, found: list[Derived]) -> list[Derived]:
        """Formulas as they are computed; as they are read they stay."""
        if self.textbook:
            divisors = set[Formula]().union(*map(self.divisors, self.outputs))
            return (
                [each._replace(formula=with_lines(each.formula, divisors)) for each in found]
                if divisors
                else found
            )
        if self.alone:
            return found
        return [each._replace(formula=careful(each.formula)) if each.of else each for each in found]

    def steps(self) -> list[Derived]:
        """Equations step by step, those of the file that they need first."""
        found: list[Derived] = []
        for of, equations in [*self._equations.items()]:
            if self._order == 1:
                first = PathNames(self.naming, of)
                steps = in_steps(equations, of, self.names(of), first, self.textbook)
                self._equations[of] = steps.equations
                found += steps.derived
            else:
                found += self._higher(of)
        return self._careful(self._with_needed(self._within_bounds(found)))

    def _higher(self, of: str) -> list[Derived]:
        """Derivatives of higher order: the equations of a derivative, derived again."""
        stages: dict[tuple[str, ...], tuple[str, PathNames]] = {
            (): (of, PathNames(self.naming, of))
        }
        derived: dict[str, Derived] = {}
        asked: set[str] = set()
        for path in self.orders(of):
            for at in range(len(path)):
                before, here = path[:at], path[: at + 1]
                if here in stages:
                    continue
                output, names = stages[before]
                equations = self._equations[of]
                steps = in_steps(equations, output, here[-1:], names, self.textbook)
                more = [each for each in steps.derived if each.name not in derived]
                derived |= {each.name: each._replace(asked=False) for each in more}
                formulas = {each.name: each.formula for each in more}
                self._equations[of] = steps.equations.with_more(formulas)
                (label,) = (each.name for each in steps.derived if each.asked)
                stages[here] = label, steps.names.after(here[-1])
            asked.add(stages[path][0])
        used = self._equations[of].used([*asked])
        kept = [each for each in derived.values() if each.name in used]
        found = _each_once([each._replace(asked=each.name in asked) for each in kept])
        formulas = {each.name: each.formula for each in found}
        self._equations[of] = self._equations[of].with_more(formulas)
        return found

    def _with_needed(self, found: list[Derived]) -> list[Derived]:
        first: dict[str, Formula] = {}
        own = {each.name for each in found}
        for equations in self._equations.values():
            for name in needed(found, equations):
                if name not in own:
                    literal = None if self.textbook else equations.literal(name)
                    first.setdefault(name, literal or equations.formulas[name])
        return [*(Derived(name, each) for name, each in first.items()), *dict.fromkeys(found)]


def _each_once(found: Sequence[Derived]) -> list[Derived]:
    """Equations without those of steps that are another one: `db_dx` of `dL_dx` and of `d2L_dx2`."""
    first: dict[tuple[str, tuple[str, ...]], Formula] = {}
    same: dict[str, Formula] = {}
    kept = []
    for each in found:
        each = each._replace(formula=substituted(each.formula, same))
        if each.of:
            own = first.setdefault((each.of, tuple(sorted(each.wrt))), Symbol(each.name))
            if own != Symbol(each.name) and not each.asked:
                same[each.name] = own
                continue
        kept.append(each)
    return kept


def paths(names: Sequence[str], order: int, given: bool) -> list[tuple[str, ...]]:
    """Derivatives of an order by names, each as those that it is by, one after the other. given: whether
    the names are those that a person gives. Raises BadOption, TooLarge."""
    if order == 1:
        return [(name,) for name in names]
    if given and len(names) == order:
        return [tuple(names)]
    if given and len(names) == 1:
        return [(names[0],) * order]
    if given:
        message = (
            f"a derivative of order {order} is by {order} names, and {len(names)} names are given"
        )
        raise BadOption(message, hints=['give --wrt one name, or one for each order: "a, a, b"'])
    pairs = combinations_with_replacement(names, order)
    found = [*islice(pairs, _MOST + 1)]
    if len(found) > _MOST:
        message = f"there are over {_MOST} derivatives of order {order} by {len(names)} inputs"
        raise TooLarge(message, hints=['choose some: --wrt a, or mixed --wrt "a, b"'])
    return found


def short(found: Sequence[Derived]) -> bool:
    """Whether every formula is short."""
    return all(len(each.formula.text()) <= SHORT for each in found)
