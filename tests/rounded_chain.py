"""The chain rule as far as doubles can follow it: what of a difference is rounding.

Every step's value is the nearest double; slopes of single steps are differences in mpmath; their
products and sums are exact and never leave the range.
"""

from __future__ import annotations

import random
from math import inf, isfinite, nan
from typing import Any

from one_sided import FINE, QUICK, SMALLEST, Sides, Step, applied, nearest, same
from truth import mp

STRAIGHT = {"+", "-", "neg", "copy", "if", "relu", "abs", "min", "max", "floor", "ceil", "round"} | {
    "sign", "<", "<=", ">", ">=", "==", "!=", "not", "and", "or",
}  # fmt: skip
"""Operations whose slopes are the same all around, away from corners and jumps."""

CHOICES = {"<", "<=", ">", ">=", "==", "!=", "not", "and", "or"}


def is_rounding(sides: Sides, name: str, gradient: float) -> bool:
    """Whether a gradient is no slope of the output, but the best that doubles allow: their steps
    have the values that they have, and what one rounding more or less changes is not decided."""
    for wide in (False, True):
        chain, error = by_rounded_steps(sides, name, wide)
        if not isfinite(error):
            continue
        if same(gradient, chain, error):
            return True
        others = [by_rounded_steps(sides, name, wide, 4, seed)[0] for seed in range(4)]
        spread = 8 * max((abs(other - chain) for other in others), default=0.0)
        if isfinite(spread) and same(gradient, chain, error + spread):
            return True
    return False


def by_rounded_steps(
    sides: Sides, name: str, wide: bool = False, ulps: int = 0, seed: int = 0
) -> tuple[float, float]:
    """The gradient by a name, and how far doubles may be off it; nan and inf where a step on the
    way has no slope and that matters. wide: values have the digits of doubles, but never leave
    their range. ulps: by how much inexact values are moved at random.

    A step without a slope does not matter where the zero that it meets does not depend on the name.
    """
    chance, steps = random.Random(seed), sides.steps
    target = sides.names[name]
    moving = {target, *sides.above(target)}
    lost = set()  # what is 0 in doubles only
    with mp.workprec(QUICK):
        values: list[Any] = []
        plain: list[Any] = []  # in the range of doubles, where every choice is made
        for at, step in enumerate(steps):
            exact = sides.value(step, values)
            value = None if exact is None else _rounded(exact, wide)
            if wide:
                there = sides.value(step, plain)
                plain.append(None if there is None else _rounded(there, False))
                if step.op in CHOICES:
                    value = plain[-1]
            if value is not None and value != exact:
                if not value:
                    lost.add(at)
                value *= 1 + chance.choice((-1, 1)) * ulps * mp.mpf(2) ** -52
            values.append(value)
        # Of every step: its adjoint, None where it has none; the error of that; whether a 0 is fixed.
        adjoints: list[Any] = [mp.mpf(0)] * len(values)
        errors, fixed = [mp.mpf(0)] * len(values), [True] * len(values)
        loose = [mp.mpf(0)] * len(values)  # what corners on the way leave open
        adjoints[-1] = mp.mpf(1)
        for at in range(len(values) - 1, target, -1):
            adjoint, step = adjoints[at], steps[at]
            if at not in moving or (adjoint == 0 and fixed[at] and not errors[at] + loose[at]):
                continue
            inside = [values[each] for each in step.operands]
            for number, operand in enumerate(step.operands):
                if operand not in moving:
                    continue
                slope, most = local(step.op, inside, number)
                if step.op in ("min", "max") and step.operands[0] == step.operands[1]:
                    slope = mp.mpf(1 - number)  # a tie with itself is no corner
                still = _is_fixed(step, number, inside, moving | lost)
                if (slope == 0 and still) or (adjoint == 0 and fixed[at] and not loose[at]):
                    continue  # whatever the other is
                if adjoint is not None and most < inf:
                    loose[operand] += loose[at] * most
                    if slope is None:  # a corner
                        loose[operand] += abs(adjoint) * most
                        continue
                if slope is None or adjoint is None:
                    adjoints[operand] = None
                    continue
                fixed[operand] = fixed[operand] and fixed[at] and still
                if adjoints[operand] is not None:
                    adjoints[operand] += adjoint * slope
                    errors[operand] += errors[at] * abs(slope)
                    if slope not in (0, 1, -1):
                        tiny = abs(slope) < SMALLEST and not wide
                        lost_digits = SMALLEST if tiny else abs(slope) * 1e-13
                        errors[operand] += abs(adjoint) * lost_digits
        if adjoints[target] is None or loose[target] > SMALLEST:
            return nan, inf
        return nearest(adjoints[target]), nearest(errors[target])


def _rounded(exact: Any, wide: bool) -> Any:
    """The nearest double, or the nearest number that has as many digits."""
    if not wide:
        return mp.mpf(nearest(exact))
    with mp.workprec(53):
        return +exact


def _is_fixed(step: Step, number: int, inside: list[Any], moving: set[int]) -> bool:
    """Whether the slope by an operand does not depend on what moves."""
    if step.op in STRAIGHT:
        return True
    if step.op == "*" or (step.op == "/" and number == 0):
        return step.operands[1 - number] not in moving
    return step.op == "^" and number == 0 and step.operands[1] not in moving and inside[1] in (0, 1)


def local(op: str, operands: list[Any], number: int) -> tuple[Any, Any]:
    """The slope of an operation by one operand, where both sides agree or only one has a value;
    else None. And how large the slopes on both sides are, inf at the end of a root."""
    if op == "if":
        slope = mp.mpf(number == (1 if operands[0] != 0 else 2))
        return slope, slope
    found = []
    with mp.workprec(FINE):
        at = None if None in operands else applied(op, operands)
        size = min(abs(operands[number]) or 1, mp.mpf(1)) if at is not None else None
        for side in (-1, 1) if at is not None else ():
            slopes = []
            for power in (400, 420):
                moved, step = [*operands], side * size * mp.mpf(10) ** -power
                moved[number] += step
                value = applied(op, moved)
                if value is not None:
                    slopes.append((value - at) / step)
            if len(slopes) == 2:
                far, near = slopes
                found.append(mp.mpf(0) if abs(near) <= abs(far) / 1000 else near)
                if abs(near - far) > 1e-15 * abs(near) and found[-1]:
                    return None, inf
        if not found or abs(found[0] - found[-1]) > 1e-15 * abs(found[0]):
            return None, max(map(abs, found), default=inf)
        return found[-1], abs(found[-1])
