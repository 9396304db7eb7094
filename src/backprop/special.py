"""The gamma function and its logarithmic derivatives, to the last few bits, on the whole real line.

Python's `math.gamma` and `math.lgamma` lose bits between 0 and 25 (38 ulp near the minimum) and at
negative arguments (84 ulp); there, and for digamma and polygamma, mpmath computes with 120 bits
and the result is rounded once. A call of mpmath costs 10 to 300 microseconds, its import 40 ms.

Like everything in `numerics`, these never raise: nan outside the domain and at poles that have no
sign, inf past the range and at the others.
"""

import math
from collections.abc import Callable
from functools import cache
from math import copysign, inf, nan
from typing import Any

_MOST_ORDERS = 1000
"""The largest order of polygamma: past it the values overflow nearly everywhere."""


def gamma(x: float) -> float:
    """The gamma function; nan at 0, -1, -2, …; within 4 ulp."""
    if x > 0 and (x > 25 or x < 0.25 or x.is_integer()):
        return _float(math.gamma, x)
    if (x <= 0 and x.is_integer()) or x == -inf:
        return nan
    if x < -184:  # below half the smallest double; the sign alternates
        return -0.0 if math.floor(x) % 2 else 0.0
    return x if x != x else _float(context().gamma, x)


def lgamma(x: float) -> float:
    """The logarithm of the gamma function's absolute value; inf at 0, -1, -2, …"""
    if x >= 8 or 0 < x < 1e-3 or x == inf:
        return _float(math.lgamma, x)
    if x <= 0 and x.is_integer():
        return inf
    if x != x or x in (1.0, 2.0):
        return x if x != x else 0.0
    return float(context().loggamma(x).real)


def digamma(x: float) -> float:
    """The derivative of `lgamma`; nan at 0, -1, -2, …; exact to the last bit at its roots too."""
    if (x <= 0 and (x.is_integer() or x == -inf)) or x != x:
        return nan
    if abs(x) < 1e-17:
        return -1 / x
    return x if x == inf else _float(context().digamma, x)


def polygamma(n: float, x: float) -> float:
    """The n-th derivative of digamma; nan unless n is an integer from 0 to 1000.

    At the poles 0, -1, -2, … inf for odd n, nan for even n. Left of 0 by reflection, DLMF 5.15.6:
    `(-1)^n polygamma(n, 1-x) - polygamma(n, x) = pi d^n/dx^n cot(pi x)`.
    """
    if not (0 <= n <= _MOST_ORDERS and n.is_integer()) or x != x or x == -inf:
        return nan
    if n == 0:
        return digamma(x)
    order, odd = int(n), int(n) % 2
    if x == inf:
        return 0.0
    if x > 0:
        return _float(lambda at: _right(order, at), x)
    if x.is_integer():
        return inf if odd else nan
    return _float(lambda at: _reflected(order, at), x)


def _right(n: int, x: Any) -> Any:
    """polygamma for x > 0, n >= 1: `(-1)^(n+1) n! zeta(n+1, x)`, DLMF 5.15.1 and 25.11.1."""
    mp = context()
    x = mp.mpf(x)
    if x < 1e-30:  # the first term of the sum is all there is
        return (-1) ** (n + 1) * mp.factorial(n) / x ** (n + 1)
    return mp.psi(n, x)


def _reflected(n: int, x: float) -> Any:
    mp = context()
    near = mp.mpf(x) - round(x)  # exact; keeps the bits that pi*x would lose
    cot = mp.mpf(0) if abs(near) == 0.5 else mp.cospi(near) / mp.sinpi(near)
    derivative = mp.mpf(0)
    for coefficient in reversed(_cotangent(n)):
        derivative = derivative * cot + coefficient
    derivative *= mp.pi ** (n + 1)  # of (-1)^n pi d^n/dx^n cot(pi x)
    other = _right(n, 1 - mp.mpf(x))
    return derivative - other if n % 2 else other - derivative


@cache
def _cotangent(n: int) -> list[int]:
    """P with d^n/dy^n cot y = (-1)^n P(cot y), lowest power first; no coefficient is negative."""
    polynomial = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(polynomial)][1:]
        polynomial = [
            (slope[k] if k < len(slope) else 0) + (slope[k - 2] if k >= 2 else 0)
            for k in range(len(slope) + 2)
        ]
    return polynomial


@cache
def context(digits: int = 35) -> Any:
    """mpmath with this many digits, 35 for 120 bits: nobody's global precision matters or changes."""
    import mpmath  # 40 ms: only for who needs it

    found = mpmath.mp.clone()
    found.dps = digits
    return found


def _float(function: Callable[[float], Any], x: float) -> float:
    """`function(x)` rounded to a double, inf of its sign past the range."""
    try:
        value = function(x)
    except OverflowError:
        return inf
    try:
        return float(value)
    except OverflowError:
        return copysign(inf, 1 if value > 0 else -1)
