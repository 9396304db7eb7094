"""Real functions of doubles that never raise: nan outside the domain, inf at a pole or past the range.

Python's `math` raises where IEEE 754 has a value; a graph wants the value, so that an untaken
branch may fail silently and a taken one can be traced to its text. All take and return floats.
"""

import math
from collections.abc import Callable, Sequence
from math import copysign, inf, nan
from typing import Any

from backprop.special import CBRT, ERFINV, cbrt, digamma, erfinv, gamma, lgamma, polygamma

__all__ = ["CBRT", "ERFINV", "cbrt", "digamma", "erfinv", "gamma", "lgamma", "polygamma"]

Real = Callable[[float], float]


def _total(function: Real, overflow: Real = lambda x: inf, outside: Real = lambda x: nan) -> Real:
    """`function`, with values where it raises: past the range, and outside its domain."""

    def total(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return outside(x)
        except OverflowError:
            return overflow(x)

    total.__name__ = function.__name__
    _INSIDE[total] = function
    return total


_INSIDE: dict[Any, Any] = {}


def inside(function: Any) -> Any:
    """What a function calls, which is quicker, and raises ValueError or OverflowError where that has a value
    of its own; of others the function."""
    return _INSIDE.get(function, function)


def divide(x: float, y: float) -> float:
    """`x/y` as IEEE 754 divides: `divide(1, 0) = inf`, `divide(0, 0) = nan`."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else copysign(inf, x) * copysign(1.0, y)


def power(x: float, y: float) -> float:
    """`x^y`: 1 for `y = 0`, inf for `x = 0` and `y < 0`, nan for `x < 0` and `y` no integer."""
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):
        if x < 0 and not y.is_integer():
            return nan
        return -inf if copysign(1.0, x) < 0 and y % 2 == 1 else inf


def modulo(x: float, y: float) -> float:
    """What is left of x when whole y are taken away, with the sign of y; nan for `y = 0`."""
    return x % y if y else nan


def sqrt(x: float) -> float:
    """The square root: 0 of -0, too, so that the slope there, 0.5/sqrt(x), has its sign; nan below."""
    try:
        return math.sqrt(x) + 0.0
    except ValueError:
        return nan


_INSIDE[power] = math.pow
exp = _total(math.exp)
exp2 = _total(math.exp2)
expm1 = _total(math.expm1)
log = _total(math.log, outside=lambda x: -inf if x == 0 else nan)
log2 = _total(math.log2, outside=lambda x: -inf if x == 0 else nan)
log10 = _total(math.log10, outside=lambda x: -inf if x == 0 else nan)
log1p = _total(math.log1p, outside=lambda x: -inf if x == -1 else nan)
hypot = math.hypot
sin = _total(math.sin)
cos = _total(math.cos)
tan = _total(math.tan)
asin = _total(math.asin)
acos = _total(math.acos)
atan = math.atan
atan2 = math.atan2
sinh = _total(math.sinh, overflow=lambda x: copysign(inf, x))
cosh = _total(math.cosh)
tanh = math.tanh
asinh = _total(math.asinh)
acosh = _total(math.acosh)
atanh = _total(math.atanh, outside=lambda x: copysign(inf, x) if abs(x) == 1 else nan)
erf = math.erf
erfc = math.erfc
# Python's own go through integers, which have one zero: IEEE 754 keeps the sign, ceil(-0.3) is -0.
floor = _total(lambda x: copysign(math.floor(x), x), overflow=lambda x: x)
ceil = _total(lambda x: copysign(math.ceil(x), x), overflow=lambda x: x)
nearest = _total(lambda x: copysign(round(x), x), overflow=lambda x: x)


def sign(x: float) -> float:
    """-1, 0 or 1; nan for nan."""
    return x if x != x else copysign(1.0, x) if x else 0.0


def exact_factor(known: float, by: float, slope: float, numbers: Sequence[float]) -> float:
    """known + by*slope; nan where something there is rounded, is huge or tiny. slope: of an operation that
    adds up multiples, which has these numbers."""
    factor = by * slope
    if slope and not all(1e-200 < abs(each) < 1e200 for each in (slope, factor)):
        return nan
    exact = not slope or slope in numbers or abs(math.frexp(slope)[0]) == 0.5
    return known + factor if exact and is_exact(known, by, slope) else nan


def is_exact(known: float, by: float, slope: float) -> bool:
    """Whether known + by*slope is not rounded; of the sum by Knuth (The Art of Computer Programming 2,
    4.2.2, theorem B)."""
    factor = by * slope
    total = known + factor
    if not math.isfinite(total):
        return True
    part = total - known
    if known - (total - part) or factor - part:
        return False
    if not slope or any(abs(math.frexp(each)[0]) == 0.5 for each in (by, slope)):  # powers of 2
        return True
    from fractions import Fraction

    return Fraction(by) * Fraction(slope) == Fraction(factor)
