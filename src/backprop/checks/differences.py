"""Slopes from values alone, in doubles: differences extrapolated to a step of zero.

C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software
4 (1982) 75-76: a tableau of difference quotients with falling steps, each column free of one more
power of the step; the entry that differs least from its neighbours is the result, and that
difference the estimate of its error. Added here: what rounding can do to each entry, measured and
not guessed; several first steps, the small ones believed before the large ones; and the two sides
of the point apart, so that corners, jumps and edges show.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import copysign, inf, isfinite, isnan, nan, ulp
from typing import NamedTuple

from backprop.checks.along import Along
from backprop.evaluation.sides import Side, Sides, on_bound

_ROWS = 9
_SKIPS = 24
"""How often a first step is halved until it stays inside the domain."""

_AGREED, _QUICKLY = 1e-11, 1e-9
"""The relative error at which no larger step is tried; and that at which a quick look ends."""

_BETWEEN = 2.0**-19, 2.0**-2
"""Where the first steps of a quick look are, relative to numbers above 1."""

_CLEAN = 1e-8
"""The relative error up to which a quick look has seen a slope."""


Ends = Callable[[float], Sequence[float]]
"""The two points of a difference, by the step."""


class _Estimate(NamedTuple):
    slope: float
    error: float
    step: float


_NOTHING = _Estimate(nan, inf, 0.0)


def sides(function: Along, only: int = 0) -> Sides:
    """What the function does at its `start`. only: the one side that counts, if not both do."""
    x = function.start
    steps = _first_steps(x)
    if only:
        at, aside = function(x), function(x + only * steps[0])
        scale = abs(aside) / max(abs(x), steps[0]) if isfinite(aside) else 0.0
        inner = on_bound(_side(function, only, steps), only)
        return inner._replace(scale=scale, flat=aside == at)
    left, right = (_side(function, side, steps) for side in (-1, 1))
    if "none" in (left.kind, right.kind) or "jump" in (left.kind, right.kind):
        return Sides(left, right)
    found = _best(function, lambda step: (x - step, x + step), steps, 4.0)
    if not _holds(function, found, function.noise(steps[0])):
        found = _NOTHING
    for side in (left, right):
        # one of them may see further, where on the other lies a jump
        apart = abs(side.slope - found.slope) > 3 * (side.error + found.error)
        if side.kind == "slope" and side.error < found.error and not apart:
            found = _Estimate(side.slope, side.error, steps[0])
    beside = [function(x + side * (found.step or steps[0])) for side in (-1, 1)]
    size = max(map(abs, beside))
    scale = size / max(abs(x), found.step, ulp(0.0)) if isfinite(size) else 0.0
    flat = beside == [function(x)] * 2
    return Sides(left, right, found.slope, found.error, scale, flat)


def quick_sides(function: Along) -> Sides | None:
    """What a smooth function does on both sides of its start, by few looks; None where these leave
    anything open.

    function: one that knows what rounding does at its start.
    """
    x = function.start
    low, high = (part * max(abs(x), 1.0) for part in _BETWEEN)
    steps = [step for step in _first_steps(x) if low <= step <= high]
    if not steps:
        return None
    left, right = (_side(function, side, steps, quick=True) for side in (-1, 1))
    found = _best(function, lambda step: (x - step, x + step), steps, 4.0, _QUICKLY)
    slopes = (left.slope, left.error), (right.slope, right.error), (found.slope, found.error)
    if not left.kind == right.kind == "slope" or not _holds(function, found, function.noise(0.0)):
        return None
    if not all(slope and error <= _CLEAN * abs(slope) for slope, error in slopes):
        return None
    return Sides(left, right, found.slope, found.error)


def _first_steps(x: float) -> list[float]:
    """Steps to begin with, from small to large: for the number's own scale and for that of 1."""
    sizes = {abs(x) * 2.0**-bits for bits in (38, 28, 18, 9, 2)}
    sizes |= {2.0**bits for bits in (-28, -18, -9, -2, 6, 18, 40)}
    sizes |= set() if x else {2.0**-200, 2.0**-80, 2.0**-44}
    steps: list[float] = []
    for step in sorted(sizes):
        if step >= max(256 * ulp(x), 16 * steps[-1] if steps else 0):
            steps.append(step)
    most = max(4 * abs(x), 0.25)
    near = [step for step in steps if step <= most]
    return near + [step for step in steps if step > most][: 3 if abs(x) < 0.1 else 0]


def _best(
    function: Along, ends: Ends, steps: Sequence[float], factor: float, agreed: float = _AGREED
) -> _Estimate:
    """The best of the estimates that begin with each of the steps, up to one of this relative error.

    A larger step has less rounding in it, but may reach over a corner or a wave: its estimate
    counts only as long as all agree, within their errors, with those of smaller steps.
    """
    best = _NOTHING
    for number, step in enumerate(steps):
        enough = agreed if agreed > _AGREED else 0.0
        found = _ridders(function, ends, step, factor, 4 if number else _SKIPS, enough)
        if not isfinite(found.error):
            continue
        if best is not _NOTHING and abs(found.slope - best.slope) > 3 * (found.error + best.error):
            break  # there is something in between
        if found.error > 4 * best.error:
            break  # a larger step has less rounding in it: the error is that of reaching too far
        if found.error < best.error:
            best = found
        if best.error <= agreed * abs(best.slope):
            break
    return best


def _ridders(
    function: Along, ends: Ends, step: float, factor: float, skips: int, enough: float
) -> _Estimate:
    """Halve the step and extrapolate, up to a relative error that is enough. factor: 4 where the
    error is even in the step, else 2."""
    while skips and not isfinite(function.slope(ends(step))[0]):
        skips -= 1
        step /= 2
    best = _NOTHING
    shaken = inf
    before: list[tuple[float, float]] = []
    for _ in range(_ROWS):
        slope, width = function.slope(ends(step))
        if not isfinite(slope):
            break
        if not before:
            shaken = function.noise(step)
        row = [(slope, 2 * shaken / width)]
        power = factor
        for older, rounding in before:
            value, blur = row[-1]
            better = (power * value - older) / (power - 1)
            blurred = (power * blur + rounding) / (power - 1)
            row.append((better, blurred))
            error = max(abs(better - value), abs(better - older)) + blurred
            if error < best.error:
                best = _Estimate(better, error, step)
            power *= factor
        if len(row) > 3 and abs(row[-1][0] - before[-1][0]) > 4 * best.error:
            break  # from here on rounding wins
        if best.error <= enough * abs(best.slope):
            break
        before = row
        step /= 2
    return best


def _side(function: Along, side: int, steps: Sequence[float], quick: bool = False) -> Side:
    """What the function does on one side of its start. quick: whether a slope may be no infinite one."""
    x = function.start
    at = function(x)
    levels = _levels(x)
    values = [function(x + side * level) for level in levels]
    if all(map(isnan, values[len(values) // 2 :])):
        return Side("none")
    changes = [value - at for value in values]
    floor = 20 * function.noise(steps[0])
    kind, near = "slope", x
    if (last := _jump(changes, floor)) is not None:
        kind, near = "jump", x + side * levels[last]
    elif _diverges(changes, floor):
        return Side("jump", height=inf)
    elif infinite := 0.0 if quick else _infinite(function, side, 50 * floor):
        return Side("infinite", infinite * side * inf, 0.0)

    agreed = _QUICKLY if quick else _AGREED
    found = _best(function, lambda step: (near, x + side * step), steps, 2.0, agreed)
    if isfinite(found.error) and (kind == "jump" or _holds(function, found, floor, side)):
        return Side(kind, found.slope, found.error)
    return Side("jump" if kind == "jump" else "unclear")


def _holds(function: Along, found: _Estimate, noise: float, side: int = 0) -> bool:
    """Whether the slope explains what happens between x and the doubles next to it. Where a wave is
    shorter than these are apart, as in sin(1e17), it does not."""
    x = function.start
    if not x or not isfinite(found.error):
        return True
    distance = 4 * ulp(x)
    ahead, back = x + distance * (side >= 0), x - distance * (side <= 0)
    change = function(ahead) - function(back)
    width = ahead - back
    off = abs(change - found.slope * width)
    return not off > 40 * noise + (3 * found.error + 0.1 * abs(found.slope)) * width


def _levels(x: float) -> list[float]:
    """Small distances from x, down to its last bits."""
    if x:
        return [max(abs(x) * 2.0**-bits, 4 * ulp(x)) for bits in range(36, 51, 2)]
    return [2.0**-bits for bits in (36, 40, 44, 48, 52, 56, 60, 100, 200, 400)]


def _jump(changes: Sequence[float], floor: float) -> int | None:
    """Where a change does not shrink with the distance, the last one before rounding swallows it."""
    first = changes[0]
    kept = [number for number, change in enumerate(changes) if abs(change) > floor]
    if len(kept) < 4 or kept[0] != 0 or not isfinite(first):
        return None
    near = all(abs(changes[each] - first) <= 0.1 * abs(first) for each in kept)
    return kept[-1] if near else None


def _diverges(changes: Sequence[float], floor: float) -> bool:
    """Whether changes grow while the distance shrinks, as those of 1/h and log(h) do."""
    sizes = [abs(change) for change in changes]
    grow = all(wide <= close for wide, close in pairwise(sizes))
    one_way = len({change > 0 for change in changes}) == 1
    return grow and one_way and sizes[-1] > max(1.2 * sizes[0], floor)


def _infinite(function: Along, side: int, floor: float) -> float:
    """1 or -1, the direction in which the function leaves its value at an infinite slope; else 0.

    The difference quotient then grows with every step that is made smaller, like a power of the
    step (a square root: by 8 for 6 bits), as long as rounding lets it be seen.
    """
    x, at = function.start, function(function.start)
    falling = range(10, 47, 6) if x else (10, 16, 22, 28, 34, 40, 50, 60, 100, 200, 400)
    quotients: list[tuple[float, float]] = []
    for bits in falling:
        distance = (abs(x) or 1.0) * 2.0**-bits
        change = function(x + side * distance) - at
        if not isfinite(change):
            continue  # outside the domain, as yet
        if abs(change) <= floor:
            break
        quotients.append((distance, change / distance))
    if len(quotients) < 4:
        return 0.0
    for (wide, lower), (close, higher) in pairwise(quotients):
        closer, steeper = wide / close if close else inf, higher / lower if lower else inf
        if not closer**0.15 <= steeper <= closer**0.97:
            return 0.0
    return copysign(1.0, quotients[-1][1])
