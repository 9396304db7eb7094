"""The truth about the operations: mpmath, at as many bits as it takes, and nothing of backprop's own.

A value is mpmath's function of the same name, or the textbook's definition where mpmath has none.
A slope is a difference quotient of that value at hundreds of bits, not a formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

mp = mpmath.mp.clone()
mp.prec = 4200  # 1e150 + 1e-150 has 300 digits, 1 - tanh(300) is 1e-260
Truth = Callable[..., Any]


def _choose(c: Any, x: Any, y: Any) -> Any:
    return x if c != 0 else y


def _nearest(x: Any) -> Any:
    below = mp.floor(x)
    if x - below == mp.mpf("0.5"):
        return below if below % 2 == 0 else below + 1
    return mp.floor(x + mp.mpf("0.5"))


def _clamped(x: Any, lo: Any, hi: Any) -> Any:
    if lo > hi:
        raise ValueError("lo > hi")
    return min(max(x, lo), hi)


def _elu(x: Any, a: Any) -> Any:
    return x if x > 0 else a * mp.expm1(x)


TRUTH: dict[str, Truth] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "^": lambda x, y: mp.mpf(1) if y == 0 else mp.power(x, y),
    "neg": lambda x: -x,
    "copy": lambda x: x,
    "unit": lambda x, y: x / mp.sqrt(x * x + y * y) if x or y else mp.mpf(0),
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "exp2": lambda x: mp.power(2, x),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(mp.fabs(x)),
    "abs": lambda x: mp.fabs(x),
    "round": _nearest,
    "lgamma": lambda x: mp.log(mp.fabs(mp.gamma(x))),
    "polygamma": lambda n, x: mp.psi(int(n), x),
    "min": lambda x, y: min(x, y),
    "max": lambda x, y: max(x, y),
    "mod": lambda x, y: x - y * mp.floor(x / y),
    "clamp": _clamped,
    "normcdf": lambda x: mp.ncdf(x),
    "normpdf": lambda x: mp.npdf(x),
    "if": _choose,
    "<": lambda x, y: mp.mpf(x < y),
    "<=": lambda x, y: mp.mpf(x <= y),
    ">": lambda x, y: mp.mpf(x > y),
    ">=": lambda x, y: mp.mpf(x >= y),
    "==": lambda x, y: mp.mpf(x == y),
    "!=": lambda x, y: mp.mpf(x != y),
    "not": lambda x: mp.mpf(x == 0),
    "and": lambda x, y: mp.mpf(x != 0 and y != 0),
    "or": lambda x, y: mp.mpf(x != 0 or y != 0),
    "relu": lambda x: max(x, mp.mpf(0)),
    "leaky_relu": lambda x, a: x if x > 0 else a * x,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "logsigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "logsumexp": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "pivot": lambda x, y: max(x, y),
    "below": lambda x, m: x - m,
    "above": lambda m, x: m + x,
    "elu": _elu,
    "selu": lambda x: mp.mpf(1.0507009873554805) * _elu(x, mp.mpf(1.6732632423543772)),
    "mish": lambda x: x * mp.tanh(mp.log(1 + mp.exp(x))),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "gelu": lambda x: x * mp.ncdf(x),
}

BITS = dict.fromkeys(
    "gamma lgamma digamma polygamma erf erfc erfinv gelu normcdf unit".split(), 1400
)
"""Working bits where the usual number would take minutes."""


def truth(name: str) -> Truth:
    """What is true of an operation: as it is said above, or mpmath's function of its name."""
    found: Truth | None = TRUTH.get(name) or getattr(mp, name, None)
    assert found, f"mpmath has no function {name!r}: say in TRUTH, in tests/truth.py, what it is"
    return found


def true_value(name: str, operands: tuple[float, ...]) -> Any:
    """The exact value at these doubles, a real number, nan, or None where there is none."""
    function = truth(name)
    with mp.workprec(BITS.get(name, mp.prec)):
        try:
            value = function(*map(mp.mpf, operands))
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
        return None if isinstance(value, mp.mpc) else value


def true_slope(name: str, operands: tuple[float, ...], number: int) -> Any:
    """The partial derivative by operand `number`: a central difference at hundreds of bits.

    The step is 2^-200, of the operand where that is smaller than 1; the error is about its square.
    """
    function = truth(name)
    with mp.workprec(BITS.get(name, mp.prec)):
        points = list(map(mp.mpf, operands))
        step = mp.ldexp(min(mp.fabs(points[number]) or mp.mpf(1), mp.mpf(1)), -200)
        sides = []
        for side in (-1, 1):
            moved = points.copy()
            moved[number] += side * step
            try:
                sides.append(function(*moved))
            except (ValueError, ZeroDivisionError, OverflowError):
                return None
        slope = (sides[1] - sides[0]) / (2 * step)
        return None if isinstance(slope, mp.mpc) else slope


def ulps(value: float, truth: Any) -> float:
    """How many units in the last place `value` is away from `truth`; below the smallest normal
    number the unit is that of the smallest normal number."""
    smallest = 2.2250738585072014e-308
    unit = mp.ldexp(1, int(mp.floor(mp.log(max(mp.fabs(truth), mp.mpf(smallest)), 2))) - 52)
    return float(mp.fabs(mp.mpf(value) - truth) / unit)


def condition(
    function: Callable[[tuple[float, ...]], Any], operands: tuple[float, ...], truth: Any
) -> float:
    """How much a relative change of the operands is magnified in the result: sum |x_i f_i / f|."""
    if truth == 0:
        return 0.0
    total = mp.mpf(0)
    for number, operand in enumerate(operands):
        if operand:
            moved = list(operands)
            moved[number] = mp.mpf(operand) * (1 + mp.ldexp(1, -60))
            changed = function(tuple(moved))
            if changed is not None:
                total += mp.fabs((changed - truth) / truth) * mp.ldexp(1, 60)
    return float(total)
