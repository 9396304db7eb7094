"""The operations of the table at any precision, on mpmath's numbers."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from backprop.operations import OPERATIONS
from backprop.special import context
from backprop.syntax.fold import fold
from backprop.syntax.parser import formula

PreciseFunction = Callable[..., Any]

BEYOND = 1024
"""Powers of two: as in doubles, what is larger has no value."""

_HUGE = 1 << 17
"""Powers of two: of what is larger not all operations are computed; mpmath would need as many bits,
and no end of time for `exp(-exp(1e200))`."""

_LONG = 4096
"""Powers of two: of longer exponents mpmath takes a multiplication for each bit."""

_NOISE = 15
"""So many of the last digits are rounding's: they lead across no jump."""

_KEPT = 1 << 11
"""So many numbers of a function with so many digits are known from the last time."""


@cache
def unbounded(name: str, digits: int) -> PreciseFunction:
    """The function that computes an operation of the table with so many digits; it answers with nan
    where there is no finite real value."""
    mp = context(digits)
    row = OPERATIONS[name]
    text = row.precise or (row.value if isinstance(row.value, str) else "")
    plain: Any = getattr(mp, name, None) or row.value
    if text:
        plain = compiled(text, row.operands, digits)
    easy = row.any_size or (text and not row.precise)

    def total(*operands: Any) -> Any:
        if not easy and any(mp.mag(each) > _HUGE for each in operands if each == each):
            return mp.nan
        if name == "^" and mp.mag(operands[1]) > _LONG:
            return mp.nan
        try:
            found = jumping(*operands) if row.jump else plain(*operands)
        # outside the domain, at a pole, and where a series of mpmath's comes to no end
        except (ValueError, ArithmeticError, mp.NoConvergence):
            return mp.nan
        if isinstance(found, mp.mpc) or not mp.isfinite(found):
            return mp.nan
        return found if isinstance(found, mp.mpf) else mp.mpf(found)

    @lru_cache(_KEPT)
    def known(number: Any) -> Any:
        return total(number)

    def jumping(x: Any, *others: Any) -> Any:
        if name != "mod":
            return plain(settled(x, digits), *others)
        apart = mp.mag(x) - mp.mag(others[0])
        if abs(apart) > _HUGE and x:  # as many bits would mpmath take for the remainder
            small = x if (x > 0) == (others[0] > 0) else x + others[0]
            return mp.nan if apart > 0 else small
        found, blur = plain(x, *others), abs(x) * mp.mpf(10) ** (_NOISE - digits)
        whole = min(abs(found), abs(found - others[0])) <= blur < abs(others[0]) / 4
        return mp.mpf(0) if whole else found

    # functions by series take milliseconds, and looks beside a point ask for the same numbers
    return known if row.arity == 1 and callable(row.value) else total


def settled(number: Any, digits: int) -> Any:
    """A number of so many digits, or the half or whole number that it is but for rounding."""
    mp = context(digits)
    near = mp.nint(2 * number) / 2 if mp.isfinite(number) else number
    return near if abs(number - near) <= abs(near) * mp.mpf(10) ** (_NOISE - digits) else number


@cache
def value(name: str, digits: int, most: int = BEYOND) -> PreciseFunction:
    """The function that computes an operation with so many digits, with nan where there is no value,
    or it is too large: above `most`, a power of two, by default what doubles hold."""
    mp, total = context(digits), unbounded(name, digits)

    def bounded(*operands: Any) -> Any:
        found = total(*operands)
        return mp.nan if found == found and mp.mag(found) > most else found

    return bounded


@cache
def compiled(text: str, parameters: tuple[str, ...], digits: int) -> PreciseFunction:
    """A formula of the table as a function of mpmath's numbers; those in the text are doubles, as in slopes.
    Besides the operations of the table it may call functions of mpmath's; of an `if`, only the branch that is
    taken is computed."""
    mp = context(digits)

    def apply(name: str, parts: list[PreciseFunction]) -> PreciseFunction:
        row = OPERATIONS.get(name)
        if row and row.chooses:
            condition, taken, other = parts
            return lambda at: taken(at) if condition(at) else other(at)
        called = unbounded(name, digits) if row else getattr(mp, name)
        return lambda at: called(*[part(at) for part in parts])

    def named(name: str) -> PreciseFunction:
        return lambda at: at[name] if name in at else getattr(mp, name)

    def number(text: str) -> PreciseFunction:
        return lambda at: mp.mpf(float(text))

    found = fold(formula(text), number, named, apply)
    return lambda *operands: found(dict(zip(parameters, operands, strict=True)))
