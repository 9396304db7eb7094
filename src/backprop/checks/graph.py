"""The part of a graph between an input and an output, and how much rounding there is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from math import inf, isfinite, nan
from random import Random

from backprop.engine import backward, forward, local_slopes
from backprop.errors import NotFinite
from backprop.evaluation import diagnosis
from backprop.language import Model
from backprop.operations import OPERATIONS
from backprop.values import Value, in_order

_RUNS = 3
_EPSILON = 2.0**-52


class Graph:
    """Everything that leads to one output, operands first in `order`."""

    def __init__(self, model: Model, output: str) -> None:
        self.model = model
        self.output = output
        self.root = model.values[output]
        self.order = in_order([self.root])
        self._at = {value: at for at, value in enumerate(self.order)}
        self._users: dict[Value, list[Value]] = {}
        for value in self.order:
            for operand in value.prev:
                self._users.setdefault(operand, []).append(value)

    def __contains__(self, value: Value) -> bool:
        return value in self._at

    def above(self, value: Value) -> list[Value]:
        """Every step that depends on `value` and leads to the output, operands first."""
        found: set[Value] = set()
        stack = [value]
        while stack:
            for user in self._users.get(stack.pop(), ()):
                if user not in found:
                    found.add(user)
                    stack.append(user)
        return sorted(found, key=self._at.__getitem__)

    @property
    def finite(self) -> bool:
        """Whether every step with a say has a finite value, as the Values stand now."""
        return has_value(self.model, self.order)


def has_value(model: Model, order: Sequence[Value]) -> bool:
    """Whether the last of `order` has a value: no step that has a say is inf or nan."""
    if all([isfinite(value.data) for value in order]):  # noqa: C419  twice as fast
        return True
    try:
        diagnosis.values(model, order, len(order))
    except NotFinite:
        return False
    return isfinite(order[-1].data)


class Along:
    """The output as a function of one input, computed forward in doubles; nan where it has no value.

    The Values hold the last point; `restore` brings the first one back.
    """

    def __init__(self, graph: Graph, leaf: Value) -> None:
        self.steps = graph.above(leaf)
        self.start = leaf.data
        self._model = graph.model
        self._leaf = leaf
        self._order = [leaf, *self.steps]
        self._known: dict[float, float] = {}

    def __call__(self, x: float) -> float:
        if x not in self._known:
            self._leaf.data = x
            forward(self.steps)
            there = isfinite(x) and has_value(self._model, self._order)
            self._known[x] = self._order[-1].data if there else nan
        return self._known[x]

    def noise(self, x: float) -> float:
        """How far rounding may have moved the output at x: the largest change found when the last
        bit of every step is changed at random (a method of Vignes' CESTAC), doubled."""
        exact = self(x)
        if exact != exact:
            return inf
        random = Random(0)
        worst = 0.0
        for _ in range(_RUNS):
            self._leaf.data = x
            _shaken_forward(self.steps, random)
            moved = abs(self._order[-1].data - exact)
            if isfinite(moved):
                worst = max(worst, moved)
        return 2 * worst + _EPSILON * abs(exact)

    def restore(self) -> None:
        """The Values as they were at first."""
        self._leaf.data = self.start
        forward(self.steps)


def gradient_noise(order: Sequence[Value], of: Iterable[Value]) -> dict[Value, float]:
    """How far rounding may have moved the gradients by `of`, where `order` is forward and backward.

    The largest change that is found when the last bit of every step is changed at random, and the
    last bits of the contributions that add up to a gradient. It is a size, no bound. The Values are
    afterwards as they were before.
    """
    wanted = list(of)
    data = [value.data for value in order]
    exact = [value.grad for value in wanted]
    sizes = _contributions(order)
    worst = [4 * _EPSILON * sizes[value] for value in wanted]
    random = Random(0)
    steps = [value for value in order if value.prev]
    for _ in range(_RUNS):
        _shaken_forward(steps, random)
        backward(order)
        for at, value in enumerate(wanted):
            moved = abs(value.grad - exact[at])
            if isfinite(moved):
                worst[at] = max(worst[at], moved)
    for value, number in zip(order, data, strict=True):
        value.data = number
    backward(order)
    return dict(zip(wanted, worst, strict=True))


def _contributions(order: Sequence[Value]) -> dict[Value, float]:
    """For each Value the sum of the sizes of all that is added up to its gradient."""
    sizes = dict.fromkeys(order, 0.0)
    sizes[order[-1]] = 1.0
    for value in reversed(order):
        if value.prev and sizes[value]:
            for operand, slope in zip(value.prev, local_slopes(value), strict=True):
                if slope and isfinite(slope):
                    sizes[operand] += sizes[value] * abs(slope)
    return {value: size if isfinite(size) else 0.0 for value, size in sizes.items()}


def claim_noise(order: Sequence[Value]) -> float:
    """How far rounding may have moved the last of `order`, a formula; the Values are left as they were."""
    data = [value.data for value in order]
    steps = [value for value in order if value.prev]
    random = Random(0)
    worst = 0.0
    for _ in range(_RUNS):
        _shaken_forward(steps, random)
        moved = abs(order[-1].data - data[-1])
        if isfinite(moved):
            worst = max(worst, moved)
    for value, number in zip(order, data, strict=True):
        value.data = number
    return worst


def _shaken_forward(steps: Sequence[Value], random: Random) -> None:
    """Forward, each result with its last bit changed. Whole numbers that operators make of whole
    numbers stay: they are exact, as exponents and conditions often are."""
    for step in steps:
        forward((step,))
        data = step.data
        exact = _operator(step.op) and _whole(data) and all(_whole(each.data) for each in step.prev)
        if not exact:
            step.data = data * (1 + random.choice((-_EPSILON, _EPSILON)))


@cache
def _operator(op: str) -> bool:
    """Whether an equation writes it with a sign of its own: not a function such as tanh, whose whole
    numbers are rounded ones."""
    return not OPERATIONS[op].called or not op.isidentifier()


def _whole(number: float) -> bool:
    return abs(number) < 2.0**53 and number.is_integer()
