"""A gradient as the sum over all paths from a name to the output."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from backprop.derivation.steps import Path
from backprop.errors import TooLarge
from backprop.evaluation.gradient import Evaluation, partials
from backprop.evaluation.unrounded import Unrounded, times
from backprop.graph import Graph
from backprop.language import Model

MOST_PATHS = 200
"""Paths that are written out."""

Uses = Mapping[int, Sequence[tuple[int, float]]]
"""For each name the equations that use it, with their derivatives by it."""


def paths(model: Model, found: Evaluation, names: Sequence[str]) -> dict[str, list[Path]]:
    """For each name all ways from it to the output, over equations. Raises TooLarge."""
    graph = found.graph
    used: dict[int, list[tuple[int, float]]] = defaultdict(list)
    unrounded = Unrounded(graph, *found.numbers)
    for node in graph.steps:
        if node in graph.labels:
            known = partials(graph, node, found.numbers.data)
            for operand, slope in unrounded.partials(node, known).items():
                used[operand].append((node, slope))
    ways = {graph.output: 1}
    for node in reversed(graph.order[:-1]):
        ways[node] = sum(ways[user] for user, _ in used[node])
    for name in names:
        count = ways[model.names[name]]
        if count > MOST_PATHS:
            most = f"{MOST_PATHS} is the most that is written out"
            message = f"{count:,} paths lead from {name} to {graph.label(graph.output)}, and {most}"
            hints = ["name something nearer to the output, or explain without --paths"]
            raise TooLarge(message, hints=hints, where=model.source.name)
    found_paths = {name: _paths_from(model.names[name], graph, used) for name in names}
    for name, listed in found_paths.items():
        if len(listed) == 1:  # the whole gradient: a product may end in other bits
            listed[0] = listed[0]._replace(product=unrounded.gradient(model.names[name]))
    return found_paths


def _paths_from(begin: int, graph: Graph, used: Uses) -> list[Path]:
    found: list[Path] = []
    waiting: list[tuple[tuple[int, ...], tuple[float, ...]]] = [((begin,), ())]
    while waiting:
        way, factors = waiting.pop()
        if way[-1] == graph.output:
            product = 1.0
            for factor in reversed(factors):  # from the output back, as the gradient is made
                product = times(product, factor)
            found.append(Path(tuple(map(graph.label, way)), factors, product))
            continue
        for user, slope in reversed(used[way[-1]]):
            waiting.append(((*way, user), (*factors, slope)))
    return found
