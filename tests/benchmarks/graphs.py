"""Graphs of operations from a seed: the same numbers for the project and for every peer.

A graph is a list of `(operation, first, second)` over nodes: its inputs, its constants, then one
node an operation; the last node is the output. Operands are drawn until the value stays in range, so
nothing overflows, and what no operation uses is added up in pairs, so every node has a say.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

BINARY = ("+", "-", "*", "/")
UNARY = ("exp", "log", "sin", "tanh")
NUMBERS: dict[str, Callable[..., float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    **{name: getattr(math, name) for name in UNARY},
}
SIZES = {1_000: "10^3", 10_000: "10^4", 100_000: "10^5", 1_000_000: "10^6", 3_000_000: "3*10^6"}


@dataclass
class Graph:
    """inputs: their numbers. constants: numbers that take no gradient."""

    inputs: list[float]
    constants: list[float] = field(default_factory=list)
    operations: list[tuple[str, int, int]] = field(default_factory=list)

    def text(self) -> str:
        """The graph as equations, one an operation: inputs x0, x1, …, results v0, v1, …"""
        names = [f"x{k}" for k in range(len(self.inputs))] + [repr(c) for c in self.constants]
        names += [f"v{k}" for k in range(len(self.operations))]
        first = len(names) - len(self.operations)
        return "\n".join(
            f"{names[first + at]} = {names[a]}{op}{names[b]}"
            if op in BINARY
            else f"{names[first + at]} = {op}({names[a]})"
            for at, (op, a, b) in enumerate(self.operations)
        )

    def evaluate(
        self,
        inputs: Sequence[Any],
        constant: Callable[[float], Any],
        functions: dict[str, Callable[..., Any]],
    ) -> Any:
        """The output, computed with someone's numbers and functions, one call an operation."""
        nodes = [*inputs, *map(constant, self.constants)]
        add = nodes.append
        for op, a, b in self.operations:
            function = functions[op]
            add(function(nodes[a], nodes[b]) if op in BINARY else function(nodes[a]))
        return nodes[-1]


def graph(kind: str, count: int) -> Graph:
    """The graph of that kind with about `count` operations."""
    return {"layered": _layered, "anywhere": _anywhere, "network": _network, "chain": _chain}[kind](
        count, Random(20240229)
    )


def _layered(count: int, random: Random, width: int = 64, layers: int = 4) -> Graph:
    """Layers of 64; operands from the last four, and one in fifty an input: its gradient then tells
    of every layer."""

    def operand(size: int) -> int:
        if random.random() < 0.02:
            return random.randrange(64)
        return random.randrange(max(0, (size // width - layers) * width), size // width * width)

    return _mixed(count, random, operand)


def _anywhere(count: int, random: Random) -> Graph:
    """Operands from anywhere before."""
    return _mixed(count, random, random.randrange)


def _mixed(count: int, random: Random, operand: Callable[[int], int]) -> Graph:
    made = Graph([random.uniform(0.5, 1.5) for _ in range(64)])
    values, used = [*made.inputs], bytearray(len(made.inputs) + count)
    left = len(values)
    while len(made.operations) + left - 1 < count:
        op = random.choice((*BINARY, *UNARY))
        for _ in range(100):
            a, b = operand(len(values)), operand(len(values))
            if a != b and _tame(op, values[a], values[b]):
                break
        else:
            continue
        value = NUMBERS[op](*((values[a], values[b]) if op in BINARY else (values[a],)))
        left += 1
        for each in {a, b} if op in BINARY else {a}:
            left -= not used[each]
            used[each] = 1
        values.append(value)
        made.operations.append((op, a, b))
    _add_up(made, [at for at in range(len(values)) if not used[at]])
    return made


def _tame(op: str, x: float, y: float) -> bool:
    """Whether an operation keeps the value in range and its slopes are mostly below 1, so that
    gradients of a deep graph do not grow without end."""
    if op in "+-":
        return abs(x + y if op == "+" else x - y) < 2.5
    if op == "*":
        return max(abs(x), abs(y)) < 1.0
    if op == "/":
        return abs(y) > 1.1 and abs(x) < 2.0
    return {"exp": -2.5 < x < 0.0, "log": x > 1.1, "sin": abs(x) > 0.5, "tanh": abs(x) > 0.3}[op]


def _add_up(made: Graph, nodes: list[int]) -> None:
    """The sum of nodes in pairs, pairs of pairs, …: a wide graph stays one."""
    size = len(made.inputs) + len(made.constants) + len(made.operations)
    while len(nodes) > 1:
        pairs = list(zip(nodes[::2], nodes[1::2], strict=False))
        made.operations += [("+", a, b) for a, b in pairs]
        nodes = [*range(size, size + len(pairs)), *nodes[2 * len(pairs) :]]
        size += len(pairs)


def _network(count: int, random: Random, widths: tuple[int, ...] = (2, 16, 16, 1)) -> Graph:
    """A tanh network 2-16-16-1, and its squared error over as many rows as make the size."""
    weights = sum((above + 1) * below for above, below in pairwise(widths))
    rows = round(count / (2 * (weights - 33) + 33 + 3))
    made = Graph(
        [random.uniform(-0.5, 0.5) for _ in range(weights)],
        [random.uniform(0.1, 1.0) for _ in range(3 * rows)],
    )
    size = weights + len(made.constants)

    def node(op: str, a: int, b: int = 0) -> int:
        made.operations.append((op, a, b))
        return size + len(made.operations) - 1

    errors = []
    for row in range(rows):
        first = weights + 3 * row
        layer, weight = [first, first + 1], 0
        for below in widths[1:]:
            following = []
            for _ in range(below):
                total = weight + len(layer)  # the bias
                for at, value in enumerate(layer):
                    total = node("+", total, node("*", weight + at, value))
                weight += len(layer) + 1
                following.append(node("tanh", total))
            layer = following
        error = node("-", layer[0], first + 2)
        errors.append(node("*", error, error))
    _add_up(made, errors)
    return made


def _chain(count: int, random: Random) -> Graph:
    """One path: a third sin, the rest + and *, so chosen that the gradient neither dies nor grows."""
    made = Graph([0.7, 0.31, -0.29, 0.83, 1.21, -1.13])
    value, at, slope = made.inputs[0], 0, 0.0  # slope: the logarithm of the derivative so far
    while len(made.operations) < count:
        op = random.choice(("sin", "+", "*"))
        by = random.randrange(1, 3) if op == "+" else random.randrange(3, 6)
        factor = {"sin": math.cos(value), "+": 1.0, "*": made.inputs[by]}[op]
        following = math.sin(value) if op == "sin" else NUMBERS[op](value, made.inputs[by])
        grown = slope + math.log(abs(factor) + 1e-9)
        if abs(following) > 1.3 or (abs(grown) > 1.0 and abs(grown) > abs(slope)):
            continue
        made.operations.append((op, at, 0 if op == "sin" else by))
        value, slope, at = following, grown, len(made.inputs) + len(made.operations) - 1
    return made
