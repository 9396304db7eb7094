"""Random functions that are hard on descents, with what is true of them: their values at 40 digits.

Each is made of building blocks of some kinds: without a value somewhere, steps, infinite slopes, huge curvature,
flat, periodic; and begins at an ordinary point, at 0, at a corner, at a bound, or at huge or tiny numbers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import mpmath

mp = mpmath.mp.clone()
mp.dps = 40
FAR, ALL_BITS = 1e15, 2500
"""The periods of a number of 300 digits take as many digits."""

LARGEST = mp.mpf(1.7976931348623157e308)

KINDS = ("no value", "steps", "slopes", "curvature", "flat", "periodic", "plain")
Value = Callable[[dict[str, Any]], Any]


class NoValue(Exception):
    """There is none."""


@dataclass(frozen=True)
class Part:
    """A formula: as a text of the language, and as a function of mpmath's numbers."""

    text: str
    at: Value = field(repr=False)


def _checked(function: Callable[..., Any], *parts: Part) -> Value:
    def at(point: dict[str, Any]) -> Any:
        operands = [part.at(point) for part in parts]
        try:
            value = function(*operands)
        except (ValueError, ZeroDivisionError, OverflowError, mp.NoConvergence):
            raise NoValue from None
        if isinstance(value, mp.mpc) or mp.isnan(value) or abs(value) > LARGEST:
            raise NoValue
        return value

    return at


def number(value: float) -> Part:
    return Part(f"({value!r})", lambda _: mp.mpf(value))


def name(of: str) -> Part:
    return Part(of, lambda point: point[of])


def _power(x: Any, y: Any) -> Any:
    if y == 0:
        return mp.mpf(1)
    if not x:
        return x if y > 0 else _none()
    return (
        mp.exp(_small(y * mp.log(x)))
        if x > 0
        else x ** int(y)
        if y == int(y) and abs(y) < 1e4
        else _none()
    )


def _none() -> Any:
    raise NoValue


def _small(x: Any) -> Any:
    """An exponent; of larger ones mpmath would take more than all memory."""
    if x > 720:
        raise NoValue
    return max(x, mp.mpf(-(10**6)))


def _even(x: Any) -> Any:
    below = mp.floor(x)
    up = x - below > 0.5 or (x - below == 0.5 and below % 2)
    return below + 1 if up else below


def _turned(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A periodic function, at numbers of up to 300 digits before the point."""

    def at(x: Any) -> Any:
        if abs(x) < FAR:
            return function(x)
        with mp.workprec(ALL_BITS):
            found = function(x)
        return +found

    return at


def _mod(x: Any, y: Any) -> Any:
    """Exact, of numbers that are rounded, as IEEE's remainder is."""
    if not y:
        raise NoValue
    with mp.workprec(ALL_BITS):
        found = x - y * mp.floor(x / y)
    return +found


def _tanh(x: Any) -> Any:
    return mp.sign(x) if abs(x) > 400 else mp.tanh(x)


_CALLS: dict[str, Callable[..., Any]] = {
    "exp": lambda x: mp.exp(_small(x)),
    "log": lambda x: mp.log(x) if x > 0 else _none(),
    "sqrt": lambda x: mp.sqrt(x) if x >= 0 else _none(),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(mp.fabs(x)),
    "sin": _turned(mp.sin),
    "cos": _turned(mp.cos),
    "tan": _turned(mp.tan),
    "asin": lambda x: mp.asin(x) if abs(x) <= 1 else _none(),
    "acos": lambda x: mp.acos(x) if abs(x) <= 1 else _none(),
    "atanh": lambda x: mp.atanh(x) if abs(x) < 1 else _none(),
    "atan": mp.atan,
    "tanh": _tanh,
    "cosh": lambda x: (mp.exp(_small(x)) + mp.exp(_small(-x))) / 2,
    "erf": lambda x: mp.sign(x) if abs(x) > 30 else mp.erf(x),
    "abs": mp.fabs,
    "relu": lambda x: max(x, mp.mpf(0)),
    "softplus": lambda x: x if x > 1e6 else mp.log1p(mp.exp(_small(x))) if x < 700 else x,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "round": _even,
    "sign": mp.sign,
    "min": min,
    "max": max,
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "mod": _mod,
}


def call(of: str, *parts: Part) -> Part:
    function = _CALLS[of]
    return Part(f"{of}({', '.join(part.text for part in parts)})", _checked(function, *parts))


def add(*parts: Part) -> Part:
    total = parts[0]
    for part in parts[1:]:
        total = Part(f"{total.text} + {part.text}", _checked(lambda x, y: x + y, total, part))
    return Part(f"({total.text})", total.at)


def times(*parts: Part) -> Part:
    total = parts[0]
    for part in parts[1:]:
        total = Part(f"{total.text}*{part.text}", _checked(lambda x, y: x * y, total, part))
    return Part(f"({total.text})", total.at)


def over(one: Part, other: Part) -> Part:
    return Part(
        f"({one.text}/{other.text})", _checked(lambda x, y: x / y if y else _none(), one, other)
    )


def power(one: Part, other: float) -> Part:
    text = repr(int(other)) if other == int(other) and abs(other) < 1e15 else repr(other)
    text = text if other >= 0 else f"({text})"
    return Part(f"{one.text}^{text}", _checked(_power, one, number(other)))


def choice(one: Part, other: Part, then: Part, otherwise: Part) -> Part:
    def at(point: dict[str, Any]) -> Any:
        return (then if one.at(point) > other.at(point) else otherwise).at(point)

    text = f"if({one.text} > {other.text}, {then.text}, {otherwise.text})"
    return Part(text, at)


@dataclass(frozen=True)
class Hostile:
    """A function f of some inputs, where a descent begins, and the bounds of inputs."""

    kinds: tuple[str, ...]
    f: Part = field(repr=False)
    start: dict[str, float]
    bounds: dict[str, tuple[float, float]]

    @property
    def text(self) -> str:
        inputs = []
        for each, x in self.start.items():
            low, high = self.bounds.get(each, (-inf, inf))
            ends = f"{'' if low == -inf else repr(low)}..{'' if high == inf else repr(high)}"
            inputs.append(f"{each} = {x!r}" + (f" in {ends}" if each in self.bounds else ""))
        return "; ".join([*inputs, f"f = {self.f.text}"])

    def value(self, point: Sequence[Any], bits: int = 0) -> Any:
        """Its value, at so many bits if they are given, else at as many digits as it takes; None where there is
        none that doubles hold."""
        far = any(abs(x) > FAR for x in point)
        named = dict(zip(self.start, map(mp.mpf, point), strict=True))
        with mp.workprec(bits or (mp.prec if not far else ALL_BITS)):
            try:
                return +self.f.at(named)
            except NoValue:
                return None


class Maker:
    """Makes them of a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.names = ["x", "y", "z"][: self.chance.choice((1, 2, 2, 3))]

    def made(self) -> Hostile:
        count = self.chance.choice((1, 1, 2, 2, 3))
        kinds = tuple(self.chance.choice(KINDS) for _ in range(count))
        parts = [self._scaled(self._part(kind)) for kind in kinds]
        if self.chance.random() < 0.4:
            parts.append(self._bowl())
        f = self._joined(parts)
        f = self.chance.choice([f] * 6 + [times(number(10.0 ** self.chance.randint(-20, 20)), f)])
        used = [each for each in self.names if each in f.text] or self.names[:1]
        if used[0] not in f.text:
            f = add(f, times(number(0.0), name(used[0])))
        start = {each: self._start() for each in used}
        bounds = {}
        for each, x in start.items():
            if self.chance.random() < 0.15 and abs(x) < 1e100:
                size = max(abs(x), 1.0)
                low = x if self.chance.random() < 0.3 else x - size * self.chance.random()
                high = self.chance.choice([inf, x + size * self.chance.random()])
                bounds[each] = self.chance.choice([(low, high), (-inf, x), (low, high)])
        return Hostile(kinds, f, start, bounds)

    def _start(self) -> float:
        chance = self.chance
        size = 10.0 ** chance.uniform(-3, 3)
        ordinary = round(chance.uniform(-3, 3), 3)
        huge = chance.choice((-1, 1)) * 10.0 ** chance.choice((6, 15, 100, 150, 300))
        tiny = chance.choice((-1, 1)) * 10.0 ** chance.choice((-6, -15, -100, -200, -310))
        whole = float(chance.randint(-2, 2))
        return chance.choice([ordinary] * 6 + [size, -size, 0.0, whole, whole, huge, tiny])

    def _joined(self, parts: Sequence[Part]) -> Part:
        total = parts[0]
        for part in parts[1:]:
            joined = self.chance.choice(("+", "+", "+", "*", "max", "min", "-"))
            if joined == "+":
                total = add(total, part)
            elif joined == "-":
                total = add(total, times(number(-1.0), part))
            elif joined == "*":
                total = times(add(total), add(part))
            else:
                total = call(joined, total, part)
        return total

    def _scaled(self, part: Part) -> Part:
        sizes = [1.0] * 6 + [-1.0, 0.5, 1e-12, 1e12, 1e-3, 100.0]
        size = self.chance.choice(sizes)
        return part if size == 1 else times(number(size), add(part))

    def _bowl(self) -> Part:
        squares = [power(add(name(x), number(self._shift())), 2) for x in self.names]
        return times(number(10.0 ** self.chance.randint(-6, 2)), add(*squares))

    def _shift(self) -> float:
        return self.chance.choice((0.0, 1.0, -1.0, round(self.chance.uniform(-3, 3), 2)))

    def _line(self, size: float = 1.0) -> Part:
        """A linear function of one input or of several, or a bent one."""
        chance = self.chance
        if chance.random() < 0.5:
            return add(times(number(size), name(chance.choice(self.names))), number(self._shift()))
        if chance.random() < 0.2:
            x, y = chance.choice(self.names), chance.choice(self.names)
            return add(name(x), times(number(-size), power(name(y), 2)))
        terms = [times(number(size * self._factor()), name(x)) for x in self.names]
        return add(*terms, number(self._shift()))

    def _factor(self) -> float:
        return self.chance.choice((1.0, -1.0, round(self.chance.uniform(-2, 2), 2), 2.0))

    def _part(self, kind: str) -> Part:
        chance, line = self.chance, self._line
        one = number(1.0)
        if kind == "no value":
            made = [
                lambda: call("log", line()),
                lambda: call("sqrt", line()),
                lambda: call("acos", line(0.3)),
                lambda: call("atanh", line(0.3)),
                lambda: over(one, line()),
                lambda: power(line(), 1.5),
                lambda: call("log", call("log", add(power(line(), 2), one))),
                lambda: times(line(), call("log", call("abs", line()))),
                lambda: call("exp", call("exp", line())),
                lambda: over(line(), add(power(line(), 2), number(-1.0))),
            ]
        elif kind == "steps":
            made = [
                lambda: call("floor", line(chance.choice((1.0, 10.0, 1e3)))),
                lambda: call("ceil", line()),
                lambda: call("round", line(3.0)),
                lambda: call("sign", line()),
                lambda: call("mod", line(), number(chance.choice((0.1, 1.0, 3.0)))),
                lambda: choice(line(), number(0.0), line(), line()),
                lambda: choice(line(), number(0.0), one, power(line(), 2)),
                lambda: times(call("floor", line()), line()),
            ]
        elif kind == "slopes":
            made = [
                lambda: call("sqrt", call("abs", line())),
                lambda: call("cbrt", line()),
                lambda: power(call("abs", line()), chance.choice((0.3, 0.9, 1.5, 2.5))),
                lambda: call("asin", call("max", call("min", line(), one), number(-1.0))),
                lambda: call("abs", line()),
                lambda: call("hypot", line(), line()),
                lambda: call("max", line(), line(), line()),
                lambda: call("relu", line()),
                lambda: call("sqrt", add(power(line(), 2), power(line(), 4))),
                lambda: power(call("relu", line()), chance.choice((2, 3, 8))),
            ]
        elif kind == "curvature":
            made = [
                lambda: times(number(chance.choice((1e8, 1e16, 1e100))), power(line(), 2)),
                lambda: call("sqrt", add(number(chance.choice((1e-12, 1e-30))), power(line(), 2))),
                lambda: call("tanh", line(chance.choice((1e4, 1e8)))),
                lambda: call("exp", line(chance.choice((30.0, 1000.0)))),
                lambda: call("cosh", line(20.0)),
                lambda: power(line(), chance.choice((8, 20, 100))),
                lambda: over(one, add(number(1e-9), power(line(), 2))),
                lambda: call("softplus", line(1e4)),
            ]
        elif kind == "flat":
            made = [
                lambda: call("tanh", line()),
                lambda: call("exp", times(number(-1.0), power(line(), 2))),
                lambda: over(one, add(one, power(line(), 2))),
                lambda: power(line(), chance.choice((4, 6, 8, 3, 5))),
                lambda: call("erf", line()),
                lambda: call("exp", line()),
                lambda: times(number(0.0), line()),
                lambda: call("atan", line()),
                lambda: number(chance.choice((1.0, 1e20))),
                lambda: times(power(line(), 2), power(line(), 2)),
                lambda: call("log", add(one, power(line(), 2))),
            ]
        elif kind == "periodic":
            size = chance.choice((1.0, 1.0, 10.0, 1e3))
            made = [
                lambda: call("sin", line(size)),
                lambda: call("cos", line(size)),
                lambda: power(call("tan", line()), 2),
                lambda: times(line(), call("sin", over(one, line()))),
                lambda: call("abs", call("sin", line(size))),
                lambda: call("cos", times(line(), line())),
                lambda: times(line(), call("cos", line(size))),
            ]
        else:
            made = [
                lambda: power(line(), 2),
                lambda: times(line(), line()),
                lambda: line(),
                lambda: power(add(times(line(), line()), number(-1.0)), 2),
                lambda: power(line(), 3),
            ]
        return chance.choice(made)()


def hostile(seed: int) -> Hostile:
    """The function of a seed."""
    return Maker(seed).made()
