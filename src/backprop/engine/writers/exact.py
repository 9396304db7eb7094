"""Derivatives at a point, in numbers that lose little: many digits, and exponents without end.

A double that is 0 may be 0 indeed, or have been too small; and 0 times an infinite slope is
decided only if one knows on what the 0 depends. Both are known here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from backprop.chain.walk import Operand, Texts
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.row import COMPARISON
from backprop.special import context
from backprop.syntax import functions, precision
from backprop.syntax.fold import fold
from backprop.syntax.parser import Statement
from backprop.values import ByNode

_NOISE = 15
"""A difference is 0 if all but so many of the digits cancel."""


_CANCELLED = 700
"""The most digits that such a difference as cos(x) - sin(x)/x loses, at the smallest double."""


_NUMBERS = {"0": 0.0, "1": 1.0, "-1": -1.0}
"""Formulas of slopes that are numbers."""


class Open(NamedTuple):
    """Where the chain rule does not decide: at the slopes of a step. form: 0·∞ or ∞ − ∞."""

    step: int
    form: str


class Exact(NamedTuple):
    """A number: of a node, of a slope, or of a gradient.

    value: as mpmath has it. varies: whether it may change with the inputs that the derivative is
    by. node: whose it is. open: why the value is not known.
    """

    value: Any
    varies: bool
    node: int = -1
    open: Open | None = None


class ExactWriter(Texts[Exact]):
    """Computes what it is asked to write; see `walk.Writer`.

    0·∞ is 0 where the 0 does not vary, and open where it does: then the product may be anything.
    """

    def __init__(self, digits: int, data: ByNode) -> None:
        self._data = data
        """What the nodes are worth in doubles: a condition is as it turns out there."""
        self.held: set[int] = set()
        """Steps whose slopes are those that doubles have."""
        self.mp = context(digits)
        self._digits = digits
        self._noise = self.mp.mpf(10) ** (_NOISE - digits)
        self._huge = self.mp.mpf(10) ** (digits // 2)
        """Larger gradients that cancel may take more than rounding with them."""
        self._step = -1
        """The step whose slopes were asked for last."""

    def text(self, text: str, names: Mapping[str, Operand[Exact]]) -> Operand[Exact]:
        """A formula of the table; of sums, whose slopes are numbers, without reading it."""
        return _NUMBERS[text] if text in _NUMBERS else super().text(text, names)

    def statement(
        self, statement: Statement, names: Mapping[str, Operand[Exact]]
    ) -> Operand[Exact]:
        """The right side of a statement, in which pi has all digits, as it has in values."""
        known: dict[str, Operand[Exact]] = {**CONSTANTS, "pi": Exact(+self.mp.pi, False), **names}
        return fold(statement, float, known.__getitem__, self.value)

    def number(self, name: str, operands: Sequence[Any]) -> Any:
        """The value of an operation; inf and nan where doubles have them."""
        if name in ("+", "-") and all(map(self.mp.isfinite, operands)):
            x, y = operands
            if self._near(x, y if name == "-" else -y):
                return self.mp.mpf(0)
        found = precision.unbounded(name, self._digits)(*operands)
        plain = len(operands) == 1 and 0.5 < abs(operands[0]) < 1e15
        if plain and abs(found) <= self._noise and not functions.can_vanish(name):
            return self.mp.mpf(0)  # but for rounding, like cos(asin(1))
        return (
            found if found == found else self.mp.mpf(functions.value(name)(*map(float, operands)))
        )

    def value(self, name: str, operands: Sequence[Operand[Exact]]) -> Exact:
        row, numbers = OPERATIONS[name], list(map(self._exact, operands))
        if row.chooses:
            condition, *branches = numbers
            chosen = branches[not self._holds(condition)]
            return chosen._replace(varies=chosen.varies or condition.varies)
        values = [each.value for each in numbers]
        varies = any(each.varies for each in numbers)
        if row.binding == COMPARISON:
            tie = self._near(*values)
            return Exact(self.number(name, [values[0]] * 2 if tie else values), varies and tie)
        if name == "*" and any(each.value == 0 and not each.varies for each in numbers):
            varies = False
        found = self.number(name, values)
        opened = next((each.open for each in numbers if each.open is not None), None)
        if name == "+" and opened is None and self._cancels(values[0], values[1], found):
            opened = Open(self._step, "∞ − ∞")
        return Exact(found, varies, open=opened)

    def slopes(
        self, name: str, operands: Sequence[Operand[Exact]], out: Operand[Exact]
    ) -> tuple[Operand[Exact], ...]:
        self._step = self._exact(out).node
        if OPERATIONS[name].chooses:  # a branch that is not taken has no say, on the border neither
            taken = self._holds(self._exact(operands[0]))
            return 0.0, float(taken), float(not taken)
        if self._step in self.held:
            numbers = [self._data[self._exact(each).node] for each in (*operands, out)]
            return tuple(slope(*numbers) for slope in functions.slopes(name))
        if texts := OPERATIONS[name].precise_slopes:
            exact = list(map(self._exact, operands))
            values, varies = [each.value for each in exact], any(each.varies for each in exact)
            digits = self._digits + _CANCELLED
            return tuple(
                Exact(precision.compiled(text, OPERATIONS[name].operands, digits)(*values), varies)
                for text in texts
            )
        return super().slopes(name, operands, out)

    def product(
        self, gradient: Operand[Exact], slope: Operand[Exact], careful: bool
    ) -> Operand[Exact]:
        pair = self._exact(gradient), self._exact(slope)
        if any(each.value == 0 and not each.varies for each in pair):
            return 0.0
        (g, _, _, opened), (s, *_) = pair
        if opened is None and (
            (g == 0 and not self.mp.isfinite(s)) or (s == 0 and not self.mp.isfinite(g))
        ):
            opened = Open(self._step, "0·∞")
        return Exact(g * s, any(each.varies for each in pair), open=opened)

    def _holds(self, condition: Exact) -> bool:
        known = condition.node >= 0
        return bool(self._data[condition.node] if known else condition.value)

    def _cancels(self, x: Any, y: Any, total: Any) -> bool:
        """Whether a sum of gradients is ∞ − ∞, or so large that what is lost of it may be much."""
        return bool((total != total and x == x and y == y) or (total == 0 and abs(x) > self._huge))

    def _near(self, x: Any, y: Any) -> bool:
        """Whether two numbers are equal, but for what rounding loses."""
        return x == y or bool(abs(x - y) <= self._noise * max(abs(x), abs(y)))

    def _exact(self, operand: Operand[Exact]) -> Exact:
        return operand if isinstance(operand, Exact) else Exact(self.mp.mpf(operand), False)
