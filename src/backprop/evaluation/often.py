"""A graph whose gradient is asked again and again: values, gradient and the look of `shaken` as one
function of generated Python, several times as fast, with the same numbers to the last bit.

It is for points where nothing is in doubt. Where something is, it says so and has changed nothing.
"""

from collections.abc import Callable
from typing import Any

from backprop.evaluation.shaken import BORDERS, EXACT, FACTORS, HINT, JUMPS, ROUNDS, WHOLE, turns
from backprop.graph import CODES, NUMBER, Graph
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.syntax.functions import TINY
from backprop.syntax.parser import formula
from backprop.values import ByNode

Sweep = Callable[[ByNode, ByNode], bool]


def sweep(graph: Graph) -> Sweep:
    """A function of the numbers of all rows and of gradients, both lists: it sets those of the graph
    and returns True; or it returns False where something is in doubt: not finite, too small, on a
    border, or changed by rounding.

    In the code `v3` is the value of row 3 and `g3` its gradient, `k3` the value if everything is
    changed a little, `s3` that of an input, which changes only for slopes, and `d3` its gradient.
    """
    writing = _SweepWriter(graph)
    for node in graph.order:
        if graph.is_step(node):
            writing.step(node)
        else:
            writing.leaf(node)
    writing.lines += [f"g{node} = d{node} = 0.0" for node in graph.order]
    writing.lines.append(f"g{graph.output} = d{graph.output} = 1.0")
    for step in reversed(graph.steps):
        writing.slopes(step)
    for node in graph.order:
        writing.unless(f"abs(d{node} - g{node}) <= {HINT!r}*abs(g{node})")
    for node in graph.order:
        writing.lines.append(f"data[{node}] = v{node}; gradients[{node}] = g{node}")
    code = "\n    ".join(["def sweep(data, gradients):", *writing.lines, "return True"])
    exec(code, writing.scope)
    made: Sweep = writing.scope["sweep"]
    return made


class _SweepWriter:
    """The code in the making, line by line, and what it calls."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {"turns": turns, "inf": float("inf"), "nan": float("nan")}
        self._slots = 0

    def unless(self, sure: str) -> None:
        """Give up unless something holds."""
        self.lines.append(f"if not {sure}: return False")

    def _give_up(self, doubt: str) -> None:
        self.lines.append(f"if {doubt}: return False")

    def leaf(self, node: int) -> None:
        """An input, or a number of the equations: whole ones stay as they are."""
        factor = FACTORS[node % len(FACTORS)]
        whole = f"-{WHOLE} < v{node} < {WHOLE} and v{node}.is_integer()"
        self.lines.append(f"v{node} = k{node} = data[{node}]")
        self.lines.append(f"s{node} = v{node} if {whole} else v{node}*{factor!r}")

    def step(self, node: int) -> None:
        """The value of a step, and what it would be."""
        op, inside = self.graph.ops[node], self.graph.operands(node)
        name = self.graph.op(node)
        at, near = ([f"{kind}{each}" for each in inside] for kind in "vk")
        self.lines.append(f"v{node} = {functions.call(name, at, self.scope)}")
        if functions.can_vanish(name):
            lost = f"(v{node} or {' and '.join(at)})"
            self._give_up(f"-{TINY!r} < v{node} < {TINY!r} and {lost}")
        if BORDERS[op]:
            self._give_up(f"turns({op}, ({', '.join(at)},), ({', '.join(near)},))")
        if JUMPS[op]:
            self.lines.append(f"k{node} = v{node}")
            self.unless(f"v{node} - v{node} == 0")
            return
        changed = f"k{node} *= {FACTORS[node % len(FACTORS)]!r}"
        self.lines.append(f"k{node} = {functions.call(name, near, self.scope)}")
        if not ROUNDS[op]:
            whole = " and ".join(
                f"{each}.is_integer()" for each in (f"k{node}", *dict.fromkeys(near))
            )
            changed = f"if not (-{EXACT!r} < k{node} < {EXACT!r} and {whole}): {changed}"
        self.lines.append(changed)
        self.unless(f"abs(k{node} - v{node}) <= {HINT!r}*abs(v{node})")

    def slopes(self, step: int) -> None:
        """What a step adds to the gradients of its operands, as `backward` does."""
        graph, inside, name = self.graph, self.graph.operands(step), self.graph.op(step)
        self._slots += len(inside)
        steep = "" if functions.can_be_steep(name) else f" and g{step}"
        self._give_up(f"-{TINY!r} < g{step} < {TINY!r}{steep}")
        constant = functions.constant_slopes(name)
        at, near = (
            dict(zip((*OPERATIONS[name].operands, "out"), each, strict=True))
            for each in (
                [f"v{each}" for each in (*inside, step)],
                [f"{'k' if graph.is_step(each) else 's'}{each}" for each in (*inside, step)],
            )
        )
        rows = zip(inside, OPERATIONS[name].slopes, functions.can_be_lost(name), strict=True)
        for use, (operand, text, lossy) in enumerate(rows):
            if graph.ops[operand] == CODES[NUMBER]:
                continue
            factor = FACTORS[(self._slots - use) % len(FACTORS)]
            slope, other = (
                functions.python(formula(text), self.scope, names) for names in (at, near)
            )
            self.lines.append(f"d{operand} += d{step}*({other}*{factor!r})")
            if constant:
                if constant[use]:
                    self.lines.append(f"g{operand} {'+' if constant[use] > 0 else '-'}= g{step}")
                continue
            self.lines.append(f"s = {slope}; p = g{step}*s")
            if lossy:
                self._give_up(f"-{TINY!r} < s < {TINY!r} and (s or {' and '.join(at.values())})")
            self._give_up(f"-{TINY!r} < p < {TINY!r} and (p or s and g{step})")
            self.lines.append(f"g{operand} += p")
