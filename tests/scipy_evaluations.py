"""How often scipy's methods ask for value and gradient until a standard function is at its published minimum."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy
from scipy import optimize

import backprop
from standard_functions import StandardFunction

METHODS = ("BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP")
"""Those that need no second derivatives; with their default settings."""


class Fewest(NamedTuple):
    """The method that asked least often, and how often."""

    method: str
    evaluations: int


def fewest(function: StandardFunction) -> Fewest | None:
    """Of the methods that come to a published minimum; None where none does."""
    program = backprop.compile(backprop.parse(function.equations))
    start = [function.start[name] for name in program.inputs]
    found = [_asked(method, program, start, function.minima) for method in METHODS]
    reached = [Fewest(method, count) for method, count in zip(METHODS, found, strict=True) if count]
    return min(reached, key=lambda each: each.evaluations, default=None)


def _asked(method: str, program: Any, start: list[float], minima: tuple[float, ...]) -> int:
    """How often a method asks; 0 where it ends elsewhere."""
    count = 0

    def value(x: Any) -> Any:
        nonlocal count
        count += 1
        try:
            return program(x)
        except backprop.BackpropError:
            return 1e300, numpy.zeros(len(x))

    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        end = optimize.minimize(value, start, jac=True, method=method).fun
    near = any(abs(end - least) <= max(1e-5 * abs(least), 1e-10) for least in minima)
    return count if near else 0
