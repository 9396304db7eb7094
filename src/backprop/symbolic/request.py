"""What `diff` is asked: derivatives of outputs by names, in the shape that fits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement, islice

from backprop.algebra.careful import careful
from backprop.algebra.formula import Formula
from backprop.errors import BadOption, TooLarge
from backprop.language.model import Model
from backprop.symbolic.by_names import DerivativeNames, Derived, closed, in_steps, needed, nested
from backprop.symbolic.equations import Equations

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
        self.naming = DerivativeNames(set(model.names))

    def names(self, of: str) -> list[str]:
        """What an output is derived by."""
        if self._wrt:
            return [*self._wrt]
        leading, held = self.model.leading(of), self.model.held
        return [name for name in self.model.inputs if name in leading and name not in held]

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
            found += nested(equations, of, self.orders(of), self.naming, self.textbook)
        return self._careful(found)

    def _careful(self, found: list[Derived]) -> list[Derived]:
        """Formulas as they are computed; as they are read they stay."""
        if self.textbook or self.alone:
            return found
        return [each._replace(formula=careful(each.formula)) if each.of else each for each in found]

    def steps(self) -> list[Derived]:
        """Equations step by step, those of the file that they need first."""
        found: list[Derived] = []
        for of, equations in [*self._equations.items()]:
            if self._order == 1:
                names = self.names(of)
                used, steps = in_steps(equations, of, names, self.naming, self.textbook)
                self._equations[of] = used
                found += steps
                continue
            for wrt in self.orders(of):
                found += self._higher(of, wrt)
        return self._careful(self._with_needed(found))

    def _higher(self, of: str, wrt: tuple[str, ...]) -> list[Derived]:
        """A derivative of higher order: the equations of a derivative, derived again."""
        derived: list[Derived] = []
        current = of
        equations = self._equations[of]
        for at, name in enumerate(wrt):
            equations, found = in_steps(equations, current, [name], self.naming, self.textbook)
            path, last = wrt[: at + 1], at == len(wrt) - 1
            current = self.naming(of, path)
            derived += [
                each._replace(name=current, of=of, wrt=path, asked=last) if each.asked else each
                for each in found
            ]
            equations = equations.with_more({each.name: each.formula for each in derived})
        self._equations[of] = equations
        return [each for each in derived if each.asked or self._is_used(each, derived)]

    def _is_used(self, found: Derived, derived: list[Derived]) -> bool:
        return any(found.name in each.formula.names for each in derived)

    def _with_needed(self, found: list[Derived]) -> list[Derived]:
        first: dict[str, Formula] = {}
        own = {each.name for each in found}
        for equations in self._equations.values():
            for name in needed(found, equations):
                if name not in own:
                    first.setdefault(name, equations.formulas[name])
        return [*(Derived(name, each) for name, each in first.items()), *dict.fromkeys(found)]


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
