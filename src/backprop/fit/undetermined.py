"""Which combinations of parameters the data do not determine, by name, and tried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy

from backprop.fit.fit_points import FitPoint, Flags
from backprop.fit.statistics import Undetermined, undetermined_ways
from backprop.loops.domains import Reals
from backprop.numbers import few, shown

_TRIED = (0.5, -0.3)
"""How far parameters are moved along a way, in parts of their own sizes."""

_SAME = 1e-9
"""Sums of squares that are no further apart, relative, are the same."""

_ALIKE = 1e-4
"""Parts of a direction that are no further apart are equal."""


def undetermined_words(
    names: Sequence[str], point: FitPoint, free: Flags, value: Callable[[Reals], float]
) -> Iterator[str]:
    """A sentence for each combination that can vary while the sum of squares stays. names: of P
    parameters. value: finds that, nan where there is none."""
    said = set[str]()
    for at, name in enumerate(names):
        if free[at] and not point.slopes[:, at].any():
            said.add(name)
            yield f"the data do not determine {name}: at this point nothing depends on it"
    ways = undetermined_ways(point, free)
    for relative, plain in zip(ways[::2], ways[1::2], strict=False):
        found = next((way for way in (relative, plain) if _stays(way, point, value)), None)
        way = found or relative
        moving = [name for name, part in zip(names, way.parts, strict=True) if part]
        if len(moving) < 2 or said.issuperset(moving):
            continue
        together = f"{few(moving, 6)} can vary together"
        only = _invariant(names, way) if found else ""
        yield (
            f"only {only} is determined: {together}"
            if only
            else (
                f"the data do not determine {few(moving, 6)} by themselves: {together}"
                f", as {_spelled(names, way)}"
            )
        )


def _stays(way: Undetermined, point: FitPoint, value: Callable[[Reals], float]) -> bool:
    for far in _TRIED:
        if way.relative:
            x = point.x * numpy.exp(far * way.parts)
        else:
            x = point.x + far * way.parts * max(float(numpy.abs(point.x).max()), 1e-300)
        there, size = value(x), _SAME * float(numpy.square(point.triangle).sum())
        if not abs(there - point.squares) <= _SAME * max(abs(there), abs(point.squares), size):
            return False
    return True


def _invariant(names: Sequence[str], way: Undetermined) -> str:
    """What stays of two parameters that move together: `a*b`, `a/b`, `a + b`, `a - 2*b`."""
    moving = [at for at, part in enumerate(way.parts) if part]
    if len(moving) != 2:
        return ""
    one, other = moving
    ratio = (
        -way.parts[one] / way.parts[other]
    )  # of exponents, or of factors, of the other to this one
    whole = round(ratio)
    if abs(ratio - whole) > _ALIKE * abs(ratio) or not 1 <= abs(whole) <= 4:
        if (
            abs(1 / ratio - round(1 / ratio)) > _ALIKE / abs(ratio)
            or not 1 <= abs(1 / ratio) <= 4.1
        ):
            return ""
        one, other, whole = other, one, round(1 / ratio)
    first, second = names[one], names[other]
    if way.relative:
        power = "" if abs(whole) == 1 else f"^{abs(whole)}"
        return f"{first}{'*' if whole > 0 else '/'}{second}{power}"
    factor = "" if abs(whole) == 1 else f"{abs(whole)}*"
    return f"{first} {'+' if whole > 0 else '-'} {factor}{second}"


def _spelled(names: Sequence[str], way: Undetermined) -> str:
    """`a : b = 1 : -0.5`, in parts of themselves where that is meant."""
    some = [(name, part) for name, part in zip(names, way.parts, strict=True) if part][:6]
    unit = " %" if way.relative else ""
    return ", ".join(f"{name} by {shown(part, 3)}{unit}" for name, part in some)
