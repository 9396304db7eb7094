"""A gradient as the sum over all paths from a name to the output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop.derivation.steps import Path
from backprop.engine import by_names
from backprop.errors import TooLarge
from backprop.evaluation.gradient import Gradient
from backprop.language import Model
from backprop.values import Value, in_order

MOST_PATHS = 200
"""Paths that are written out."""

Uses = Mapping[Value, Sequence[tuple[Value, float]]]
"""For each named Value the equations that use it, with their derivatives by it."""


def paths(model: Model, gradient: Gradient, names: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """For each name all ways from it to the output, over equations. Raises TooLarge."""
    output = model.values[gradient.output]
    order = in_order([output])
    used: dict[Value, list[tuple[Value, float]]] = {}
    for value in order:
        if value.prev and value.label:
            for operand, slope in by_names(value).items():
                used.setdefault(operand, []).append((value, slope))
    found: dict[str, tuple[Path, ...]] = {}
    for name in names:
        count = _count(model.values[name], output, order, used)
        if count > MOST_PATHS:
            raise TooLarge(
                f"{count:,} paths lead from {name} to {gradient.output}, and {MOST_PATHS} is the most"
                " that is written out",
                hints=["name something nearer to the output, or explain without --paths"],
                where=model.source.name,
            )
        found[name] = tuple(_paths_from(model.values[name], output, used))
    return found


def _count(
    begin: Value,
    output: Value,
    order: Sequence[Value],
    used: Uses,
) -> int:
    ways = {output: 1}
    for value in reversed(order):
        if value is not output and (value.label or not value.prev):
            ways[value] = sum(ways.get(user, 0) for user, _ in used.get(value, ()))
    return ways.get(begin, 0)


def _paths_from(begin: Value, output: Value, used: Uses) -> list[Path]:
    found: list[Path] = []
    waiting: list[tuple[tuple[Value, ...], tuple[float, ...]]] = [((begin,), ())]
    while waiting:
        way, factors = waiting.pop()
        if way[-1] is output:
            product = 1.0
            for factor in reversed(factors):  # from the output back, as the gradient is made
                product = product * factor if product and factor else 0.0
            found.append(Path(tuple(value.label for value in way), factors, product))
            continue
        for user, slope in reversed(used.get(way[-1], ())):
            waiting.append(((*way, user), (*factors, slope)))
    return found
