"""The part of a graph between an input and an output, and how much rounding there is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf, isfinite, nan
from random import Random

from backprop.engine import backward, forward, trace
from backprop.errors import NotFinite
from backprop.language import Model
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
        trace.values(model, order, len(order))
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
        return 2 * worst + _EPSILON * abs(exact) * (not _exact(exact))

    def restore(self) -> None:
        """The Values as they were at first."""
        self._leaf.data = self.start
        forward(self.steps)


def gradient_noise(order: Sequence[Value], of: Iterable[Value]) -> dict[Value, float]:
    """How far rounding may have moved the gradients by `of`, where `order` is forward and backward.

    The largest change that is found when the last bit of every number and every step is changed at
    random. It is a size, no bound. The Values are afterwards as they were before.
    """
    wanted = list(of)
    data = [value.data for value in order]
    exact = [value.grad for value in wanted]
    worst = [0.0] * len(wanted)
    random = Random(0)
    for _ in range(_RUNS):
        for value, number in zip(order, data, strict=True):
            if not value.prev:
                value.data = _shaken(number, random)
        _shaken_forward([value for value in order if value.prev], random)
        backward(order)
        for at, value in enumerate(wanted):
            moved = abs(value.grad - exact[at])
            if isfinite(moved):
                worst[at] = max(worst[at], moved)
    for value, number in zip(order, data, strict=True):
        value.data = number
    backward(order)
    return dict(zip(wanted, worst, strict=True))


def _shaken_forward(steps: Sequence[Value], random: Random) -> None:
    for step in steps:
        forward((step,))
        step.data = _shaken(step.data, random)


def _shaken(number: float, random: Random) -> float:
    """The number with its last bit moved; whole numbers are taken for exact, as exponents and
    conditions often are."""
    if _exact(number):
        return number
    return number * (1 + random.choice((-_EPSILON, _EPSILON)))


def _exact(number: float) -> bool:
    return not isfinite(number) or (abs(number) < 2.0**53 and number.is_integer())
