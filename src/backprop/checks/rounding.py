"""How far rounding moves a number: its largest change when the last bit of every step is changed at random.

A method of Vignes' CESTAC: J. Vignes, "A stochastic arithmetic for reliable scientific
computation", Mathematics and Computers in Simulation 35 (1993) 233-261. It is no bound.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite, pi
from random import Random

from backprop.graph import Graph
from backprop.operations import FUNCTIONS
from backprop.syntax import functions
from backprop.values import ByNode, Lookup, Numbers, derivatives, forward, summed_sizes

EPSILON = 2.0**-52

RUNS = 3

COARSE = 1024 * EPSILON
"""The relative size of changes that are well above those of rounding."""


def value_noise(graph: Graph, steps: Sequence[int], data: ByNode, exact: float) -> float:
    """How far rounding may move the last of the steps from `exact`. Changes the steps' numbers in
    `data`."""
    changes = [abs(shaken[steps[-1]] - exact) for shaken in _shaken(graph, steps, data) if steps]
    return max(filter(isfinite, changes), default=0.0)


def noises(graph: Graph, data: ByNode, of: Iterable[int]) -> dict[int, float]:
    """How far rounding may move the values of the nodes `of`."""
    worst = dict.fromkeys(of, 0.0)
    for shaken in _shaken(graph, graph.steps, [*data]):
        for node, most in worst.items():
            moved = abs(shaken[node] - data[node])
            worst[node] = max(most, moved) if isfinite(moved) else most
    return worst


def gradient_noise(
    graph: Graph, numbers: Numbers, of: Iterable[int], runs: int = RUNS, size: float = EPSILON
) -> dict[int, float]:
    """How far rounding may move the gradients by the nodes `of`, in the steps and where the
    contributions to a gradient are added up. size: of the changes, relative."""
    sizes = summed_sizes(graph, numbers.data)
    worst = {node: 4 * size * (sizes[node] if isfinite(sizes[node]) else 0.0) for node in of}
    for shaken in _shaken(graph, graph.steps, [*numbers.data], runs, size):
        found = derivatives(graph, shaken)
        for node, most in worst.items():
            moved = abs(found[node] - numbers.gradients[node])
            worst[node] = max(most, moved) if isfinite(moved) else most
    return worst


def _shaken(
    graph: Graph, steps: Sequence[int], data: ByNode, runs: int = RUNS, size: float = EPSILON
) -> Iterator[ByNode]:
    """`data`, a few times, with the last bit of each result changed at random.

    Whole numbers that operators make of whole numbers stay: they are exact, as exponents and
    conditions often are, and as those of floor are. Those of a function such as tanh are rounded, and so is
    pi: sin(pi) is 0, whatever a double makes of it.
    """
    random = Random(0)

    def shaking(name: str) -> functions.Function:
        value = functions.value(name)
        operator = name not in FUNCTIONS
        if not functions.has_slopes(name):
            return value

        def shaken(*operands: float) -> float:
            found = value(*operands)
            if operator and _whole(found) and all(map(_whole, operands)):
                return found
            return found * (1 + random.choice((-size, size)))

        return shaken

    values = Lookup(shaking)
    leaves = {each for step in steps for each in graph.operands(step) if graph.is_number(each)}
    circles = [each for each in sorted(leaves) if abs(graph.constant(each)) == pi]
    for _ in range(runs):
        for node in circles:
            data[node] = graph.constant(node) * (1 + random.choice((-size, size)))
        forward(graph, steps, data, values)
        yield data
    for node in circles:
        data[node] = graph.constant(node)


def _whole(number: float) -> bool:
    return abs(number) < 2.0**53 and number.is_integer()
