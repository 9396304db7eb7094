"""Functions that Python has not, or not to the last few bits: around gamma, `erfinv`, and `cbrt`.

Python's `math.gamma` and `math.lgamma` lose bits between 0 and 25 (38 ulp near the minimum) and at
negative arguments (84 ulp); there, and for digamma and polygamma, mpmath computes with 120 bits
and the result is rounded once. A call of mpmath costs 10 to 300 microseconds, its import 40 ms.

Like everything in `numerics`, these never raise: nan outside the domain and at poles that have no
sign, inf past the range and at the others.
"""

import math
from collections.abc import Callable
from functools import cache, lru_cache
from math import copysign, inf, nan
from typing import Any

_MOST_ORDERS = 1000
"""The largest order of polygamma: past it the values overflow nearly everywhere."""

_SMALLEST, _LARGEST, _KNOWN_BITS = 1e-300, 1 - 1e-9, 40
"""Of what numbers erfinv in doubles is a start for more digits, and how many of its bits are right."""

_MANY_BITS = 5
"""Of whole numbers of as many bits mpmath's exp is slower than that of others."""


def gamma(x: float) -> float:
    """The gamma function; nan at 0, -1, -2, …; within 4 ulp."""
    if x > 0 and (x > 25 or x < 0.25 or x.is_integer()):
        return _float(math.gamma, x)
    if (x <= 0 and x.is_integer()) or x == -inf:
        return nan
    if x < -184:  # below half the smallest double; the sign alternates
        return -0.0 if math.floor(x) % 2 else 0.0
    return x if x != x else _computed("gamma", x)


def lgamma(x: float) -> float:
    """The logarithm of the gamma function's absolute value; inf at 0, -1, -2, …"""
    if x >= 8 or 0 < x < 1e-3 or x == inf:
        return _float(math.lgamma, x)
    if x <= 0 and x.is_integer():
        return inf
    if x != x or x == -inf:
        return nan
    if -1e-17 < x < 0:
        return -math.log(-x)
    if x > 0 and (2 * x).is_integer():
        if x.is_integer():
            return math.log(math.factorial(int(x) - 1))
        return _LGAMMA_OF_HALVES[int(x)]
    return _computed("loggamma", x)


def digamma(x: float) -> float:
    """The derivative of `lgamma`; nan at 0, -1, -2, …; exact to the last bit at its roots too."""
    if (x <= 0 and (x.is_integer() or x == -inf)) or x != x:
        return nan
    if abs(x) < 1e-17:
        return -1 / x
    if x > 1e17:
        return math.log(x)
    if 0 < x < 1000 and (2 * x).is_integer():
        return _digamma_of_half(int(2 * x))
    return x if x == inf else _computed("digamma", x)


_LGAMMA_OF_HALVES = [
    0.5723649429247001, -0.12078223763524522, 0.2846828704729192, 1.2009736023470743,
    2.4537365708424423, 3.9578139676187165, 5.662562059857142, 7.534364236758733,
]  # fmt: skip
"""lgamma of 0.5, 1.5, …, the doubles next to it."""

_EULER = 0x93C467E37DB0C7A4D1BE3F810152CB57
_EULER_AND_LOG_4 = 0x1F6A897D3214FBAFC6585A6B10938B8B5
"""Euler's constant, and log(4) more, times 2^128."""


def _digamma_of_half(twice: int) -> float:
    """digamma of half a whole number: by the harmonic series, DLMF 5.4.14 and 5.4.15, with 120 bits."""
    one, odd = 1 << 128, twice % 2
    total = sum(2 * one // each for each in range(2 - odd, twice - 1, 2))
    return (total - (_EULER_AND_LOG_4 if odd else _EULER)) / one


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
    if x <= 0 and x.is_integer():
        return inf if odd else nan
    return _polygamma(order, x)


_KEPT = 1 << 12
"""So many numbers of a function are known from the last time: of an argument that is the same in all rows of
data each row asks."""


@lru_cache(_KEPT)
def _computed(name: str, x: float) -> float:
    """A function of mpmath, of a double, rounded to one."""
    return _float(lambda at: getattr(context(), name)(at).real, x)


@lru_cache(_KEPT)
def _polygamma(n: int, x: float) -> float:
    return _float(lambda at: (_right if at > 0 else _reflected)(n, at), x)


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
    found.exp, found.erfinv = _quick_exp(found), _quick_erfinv(found)
    return found


def _quick_erfinv(mp: Any) -> Callable[[Any], Any]:
    """The erfinv of mpmath, which finds a root by erf of all digits, by Newton's method."""
    plain = mp.erfinv

    def erfinv(x: Any) -> Any:
        number = mp.convert(x)
        if not isinstance(number, mp.mpf) or not _SMALLEST < abs(number) < _LARGEST:
            return plain(number)
        found, right = mp.mpf(_erfinv(float(number))), [mp.prec + _KNOWN_BITS]
        while right[-1] > _KNOWN_BITS:
            right.append(right[-1] // 2 + 4)
        for bits in reversed(right):
            with mp.workprec(bits + _KNOWN_BITS):
                found -= (mp.erf(found) - number) * mp.sqrt(mp.pi) / 2 * mp.exp(found**2)
        return +found

    return erfinv


def _quick_exp(mp: Any) -> Callable[..., Any]:
    """The exp of mpmath, which takes a product of all digits for each bit of a whole number, without that."""
    plain = mp.exp

    def exp(x: Any, **options: Any) -> Any:
        number = mp.convert(x)
        if options or not isinstance(number, mp.mpf) or not mp.isint(number):
            return plain(x, **options)
        size = mp.mag(number)
        if number == 0 or size < _MANY_BITS:
            return plain(number)
        with mp.workprec(mp.prec + size + 10):
            twos = mp.nint(number / mp.ln2)
            rest = number - twos * mp.ln2
        return mp.ldexp(plain(rest), int(twos))

    return exp


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


_COEFFICIENTS = """
    3.3871328727963665 133.14166789178438 1971.5909503065513 13731.69376550946
    45921.95393154987 67265.7709270087 33430.57558358813 2509.0809287301227 /
    1.0 42.31333070160091 687.1870074920579 5394.196021424751
    21213.794301586597 39307.89580009271 28729.085735721943 5226.495278852854 /
    1.4234371107496835 4.630337846156546 5.769497221460691 3.6478483247632045
    1.2704582524523684 0.2417807251774506 0.022723844989269184 0.0007745450142783414 /
    1.0 2.053191626637759 1.6763848301838038 0.6897673349851
    0.14810397642748008 0.015198666563616457 0.0005475938084995345 1.0507500716444169e-09 /
    6.657904643501103 5.463784911164114 1.7848265399172913 0.29656057182850487
    0.026532189526576124 0.0012426609473880784 2.7115555687434876e-05 2.0103343992922881e-07 /
    1.0 0.599832206555888 0.1369298809227358 0.014875361290850615
    0.0007868691311456133 1.8463183175100548e-05 1.421511758316446e-07 2.0442631033899397e-15"""
_POLYNOMIALS = [tuple(map(float, each.split())) for each in _COEFFICIENTS.split("/")]
_CENTRE, _TAIL, _FAR_TAIL = zip(_POLYNOMIALS[::2], _POLYNOMIALS[1::2], strict=True)
"""Above and below a fraction, the lowest power first: Wichura 1988, algorithm AS 241."""

_ROOT = 1.4142135623730951


def erfinv(x: float) -> float:
    """The number whose `erf` is x, within 6 ulp; inf of its sign at -1 and 1, nan beyond.

    It is the quantile of the normal distribution at (1 + x)/2, over sqrt(2). Nothing is lost near
    0, -1 and 1: 1 - abs(x) is exact where it is small.
    """
    if abs(x) >= 1 or x != x:
        return copysign(inf, x) if abs(x) == 1 else nan
    if abs(x) <= 0.85:
        return x * _fraction(_CENTRE, 0.180625 - x * x / 4) / (2 * _ROOT)
    r = math.sqrt(-math.log((1 - abs(x)) / 2))
    found = _fraction(_TAIL, r - 1.6) if r <= 5 else _fraction(_FAR_TAIL, r - 5)
    return copysign(found / _ROOT, x)


_erfinv = erfinv

_Fraction = tuple[tuple[float, ...], tuple[float, ...]]


def _fraction(coefficients: _Fraction, at: float) -> float:
    above = below = 0.0
    for one, other in zip(*map(reversed, coefficients), strict=True):
        above, below = above * at + one, below * at + other
    return above / below


def _text(coefficients: _Fraction, at: str) -> str:
    """A quotient of two polynomials as text in the equation language."""
    above, below = (
        f"{'(' * (len(each) - 1)}{each[-1]!r}"
        + "".join(f"*{at} + {one!r})" for one in each[-2::-1])
        for each in coefficients
    )
    return f"{above}/{below}"


_R = "sqrt(-log((1 - abs(x))/2))"
ERFINV = (
    f"if(abs(x) <= 0.85, x*({_text(_CENTRE, '(0.180625 - x*x/4)')})/{2 * _ROOT!r}, "
    f"if(abs(x) == 1, x/0, sign(x)*(if({_R} <= 5, {_text(_TAIL, f'({_R} - 1.6)')}, "
    f"{_text(_FAR_TAIL, f'({_R} - 5)')})/{_ROOT!r})))"
)
"""`erfinv(x)` as text in the equation language, for machine code."""


_SPLIT, _UP, _DOWN = 2.0**27 + 1, 2.0**200, 2.0**-200


def cbrt(x: float) -> float:
    """The cube root, rounded once: C's may be off by a bit, 3.0000000000000004 for 27.

    One step of Newton's method from there, r - (r^3 - x)/(3r^2), with r^3 as an exact sum (T. J.
    Dekker, Numer. Math. 18, 1971: halves of a double have products without rounding), where x is of
    a size at which nothing is too large or too small.
    """
    out = math.cbrt(x)
    if x == 0 or x - x != 0:
        return out
    q = _UP if abs(x) < 1 else _DOWN
    r = out * q
    s = r * r
    high, high2 = _half(r), _half(s)
    low, low2 = r - high, s - high2
    off = (high * high - s) + 2 * high * low + low * low
    p = s * r
    off2 = (high2 * high - p) + high2 * low + low2 * high + low2 * low
    return (r + ((x * q * q * q - p) - (off2 + off * r)) / (3 * s)) / q


def _half(x: float) -> float:
    """A double of the first 26 bits."""
    return _SPLIT * x - (_SPLIT * x - x)


def _cbrt_text() -> str:
    """What `cbrt` makes of the number of C's function, as text in the equation language."""
    q = f"if(abs(x) < 1, {_UP!r}, {_DOWN!r})"
    r = f"(out*{q})"
    s = f"({r}*{r})"
    high, high2 = (f"({_SPLIT!r}*{each} - ({_SPLIT!r}*{each} - {each}))" for each in (r, s))
    low, low2 = f"({r} - {high})", f"({s} - {high2})"
    off = f"(({high}*{high} - {s}) + 2*{high}*{low} + {low}*{low})"
    p = f"({s}*{r})"
    off2 = f"(({high2}*{high} - {p}) + {high2}*{low} + {low2}*{high} + {low2}*{low})"
    found = f"({r} + ((x*{q}*{q}*{q} - {p}) - ({off2} + {off}*{r}))/(3*{s}))/{q}"
    return f"if(x == 0, out, if(x - x == 0, {found}, out))"


CBRT = _cbrt_text()
"""`cbrt(x)` for machine code, in which `out` is what C gives."""
