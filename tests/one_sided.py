"""Slopes of random models from values alone, from both sides, with mpmath.

Nothing here knows a slope of the table of operations, nor calls anything of backprop's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import inf, isfinite, nan
from types import MappingProxyType
from typing import Any, NamedTuple

from odd_models import Model, Tree
from truth import TRUTH, mp

QUICK, FINE = 1300, 5000
"""Bits: for a first look, and for steps that are small beside everything that doubles can tell
apart, and yet not lost in the largest of them."""

SMALLEST = 2.3e-308
"""Slopes below this may come out as 0."""


JUMPS = {"floor", "ceil", "round"}


class Unknown(Exception):
    """mpmath cannot compute this."""


class Step(NamedTuple):
    """A name, a number, or an operation and the steps that are its operands."""

    op: str
    operands: tuple[int, ...] = ()
    number: float = nan


class Side(NamedTuple):
    """What a function does on one side of a point.

    kind: slope; infinite; jump, where `slope` is that beside the point; none, where there is no
    value; unclear.
    """

    kind: str
    slope: float = nan


class Sides:
    """The output of a model as a function of each of its names."""

    def __init__(self, model: Model, defaults: Mapping[str, float] = MappingProxyType({})) -> None:
        """defaults: the numbers of equations without names, which are inputs: doubles."""
        self.steps: list[Step] = []
        self.names: dict[str, int] = {}
        for name, number in model.values.items():
            self.names[name] = self._add(Step("input", number=number))
        for name, tree in model.equations:
            root = self._flat(tree)
            if name in defaults:
                with mp.workprec(QUICK):
                    exact = self._all()[root]
                if exact is not None and same(defaults[name], nearest(exact)):
                    self.names[name] = self._add(Step("input", number=defaults[name]))
                    continue
            self.names[name] = self._add(Step("copy", (root,)))

    def _add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _flat(self, tree: Tree) -> int:
        if isinstance(tree, str):
            return self.names[tree]
        if isinstance(tree, float):
            return self._add(Step("number", number=tree))
        return self._add(Step(tree[0], tuple([self._flat(each) for each in tree[1:]])))

    def _all(self) -> list[Any]:
        """The value of every step, None where there is none."""
        found: list[Any] = []
        for step in self.steps:
            found.append(self.value(step, found))
        return found

    def _moved(self, base: list[Any], node: int, by: Any) -> Any:
        """The value of the output where one step is moved by a number."""
        found = [*base]
        found[node] += by
        for at in self.above(node):
            found[at] = self.value(self.steps[at], found)
        return found[-1]

    def above(self, node: int) -> list[int]:
        """The steps that depend on a step, in order."""
        found = {node}
        for at, step in enumerate(self.steps):
            if not found.isdisjoint(step.operands):
                found.add(at)
        return sorted(found - {node})

    def value(self, step: Step, found: list[Any]) -> Any:
        """The value of a step, given that of those before it; None where there is none."""
        if not step.operands:
            return mp.mpf(step.number)
        operands = [found[each] for each in step.operands]
        if step.op == "if":
            return None if operands[0] is None else operands[1 if operands[0] != 0 else 2]
        if step.op in ("and", "or") and operands[0] is not None:
            left = operands[0] != 0
            if left == (step.op == "or"):
                return mp.mpf(left)
        return None if None in operands else applied(step.op, operands)

    @cached_property
    def _quick(self) -> list[Any]:
        with mp.workprec(QUICK):
            return self._all()

    @cached_property
    def _fine(self) -> list[Any]:
        with mp.workprec(FINE):
            return self._all()

    def has_value(self, name: str) -> bool:
        """Whether a name has a value: one that is not needed may have none, and one that stands
        at the end of a domain may have one in doubles only."""
        return self._quick[self.names[name]] is not None

    def is_blurred(self, name: str) -> bool:
        """Whether the double of a name has lost digits that its value has: it fell out of the
        range, or was rounded where the numbers next to each other are far apart."""
        value = self._quick[self.names[name]]
        return value is not None and abs(nearest(value) - value) > abs(value) / 10**9

    def near(self, name: str) -> list[float]:
        """The slopes on both sides of the point, looked at quickly."""
        return self._quotients(name, QUICK, self._quick, 40)

    def nearest(self, name: str) -> list[float]:
        """The slopes on both sides so near that an end of a domain which no double can tell from
        the point, such as that of asin at exp(-1e-600), is far away."""
        return self._quotients(name, FINE, self._fine, 700)

    def _quotients(self, name: str, bits: int, values: list[Any], power: int) -> list[float]:
        node, found = self.names[name], []
        with mp.workprec(bits):
            if values[-1] is None or values[node] is None:
                return []
            step = mp.mpf(10) ** -power * (abs(values[node]) or 1)
            for side in (-step, step):
                value = self._moved(values, node, side)
                found.append(nan if value is None else nearest((value - values[-1]) / side))
        return found

    def smooth(self, name: str) -> float:
        """The slope by central differences, where those from the sides differ by as much less as the
        step is smaller: there is no corner, but what bends sharply. Elsewhere nan."""
        node, found = self.names[name], []
        with mp.workprec(FINE):
            if self._fine[-1] is None or self._fine[node] is None:
                return nan
            for power in (650, 700):
                step = mp.mpf(10) ** -power
                sides = [self._moved(self._fine, node, each) for each in (-step, step)]
                if None in sides:
                    return nan
                left, right = ((each - self._fine[-1]) / step for each in sides)
                found.append(((right - left) / 2, abs(right + left)))
            (wide, apart), (close, closer) = found
            bends = closer < apart * mp.mpf(10) ** -40 and abs(wide - close) <= abs(close) / 10**11
            return nearest(close) if bends else nan

    def sides(self, name: str) -> tuple[Side, Side]:
        """Both sides, looked at closely: from the left, from the right."""
        node = self.names[name]
        with mp.workprec(FINE):
            at = self._fine[-1]
            if at is None or self._fine[node] is None:
                raise Unknown("a value in a quick look only")
            size = min(abs(self._fine[node]) or 1, mp.mpf(1))
            found = []
            for sign in (-1, 1):
                steps = [sign * size * mp.mpf(10) ** -power for power in (340, 380)]
                beside = [self._moved(self._fine, node, step) for step in steps]
                twice = self._moved(self._fine, node, 2 * steps[1])
                found.append(_side(at, steps, [*beside, twice]))
        return found[0], found[1]


def applied(op: str, operands: list[Any]) -> Any:
    """The value of an operation; None where there is none, or none that is in the range of doubles."""
    if op == "atan2" and operands[0] == 0 and operands[1] <= 0:
        raise Unknown("the sign of a zero decides")
    if any(mp.isfinite(each) and mp.mag(each) > 10**5 for each in operands):
        raise Unknown("so large that mpmath takes for ever")
    if op in JUMPS:  # cos(acos(0.5)) is a half, but for the last digits of mpmath's
        half = mp.nint(2 * operands[0]) / 2
        noise = abs(half) * mp.mpf(2) ** (40 - mp.prec)
        operands = [half if abs(operands[0] - half) <= noise else operands[0]]
    try:
        value = (TRUTH.get(op) or getattr(mp, op))(*operands)
    except (ValueError, ZeroDivisionError):
        return None
    except (OverflowError, MemoryError, NotImplementedError, mp.NoConvergence) as error:
        raise Unknown(op) from error
    if isinstance(value, mp.mpc) or not mp.isfinite(value) or mp.mag(value) > 1024:
        return None
    return mp.mpf(value)


def _side(at: Any, steps: list[Any], beside: list[Any]) -> Side:
    if at is None or any(value is None for value in beside):
        return Side("none" if at is None or beside[1] is None else "unclear")
    far, near = (beside[each] - at for each in (0, 1))
    wide, close = far / steps[0], near / steps[1]
    if abs(wide - close) <= 1e-11 * abs(close):
        return Side("slope", nearest(close))
    if abs(far - near) <= 1e-11 * abs(near):
        return Side("jump", nearest((beside[2] - beside[1]) / steps[1]))
    if abs(close) <= abs(wide) / 10:
        return Side("slope", 0.0)
    if abs(close) >= 10 * abs(wide):
        return Side("infinite", inf if close > 0 else -inf)
    return Side("unclear")


def nearest(value: Any) -> float:
    """The nearest double; inf beyond the range."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def same(got: float, right: float, error: float = 0.0) -> bool:
    """Whether a gradient is a slope, to nine digits or to what doubles can hold."""
    return (
        isfinite(right) and abs(got - right) <= 1e-9 * abs(right) + SMALLEST + error
    ) or got == right
