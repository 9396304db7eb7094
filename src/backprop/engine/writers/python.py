"""A graph as generated Python: for some thousand evaluations, or where there is no machine code.

Compiling costs about 45 microseconds a step, evaluating 0.05 to 0.1, a tenth of what the
interpreter takes, which looks everything up anew.
"""

from collections.abc import Callable, Sequence
from math import copysign, inf, isfinite, nan
from typing import Any

from backprop.chain.walk import NOTHING, Operand, value_and_gradient
from backprop.engine import underflow
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.syntax.functions import TINY
from backprop.syntax.parser import formula

_FEW = 20
"""In graphs of up to so many steps each product is looked at whether it is too small."""

Evaluate = Callable[..., tuple[float, tuple[float, ...], bool]]


class PythonWriter:
    """Lines of Python in the making; see `walk.Writer`."""

    def __init__(self, looks: bool = True) -> None:
        self.looks = looks
        """Whether each product is looked at: in a large graph the processor is asked."""
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {"inf": inf, "nan": nan, "isfinite": isfinite, "zero": _zero}
        self._begins = 0
        self.lost = False
        """Whether a product of numbers is too small, at every point."""
        self.products: list[tuple[str, ...]] = []
        """Those that may be too small for a double, with their factors; values and slopes, with their
        numbers."""

    def put(self, expression: str) -> str:
        """The name of an expression's result."""
        name = f"v{len(self.lines)}"
        self.lines.append(f"    {name} = {expression}")
        return name

    def value(self, name: str, operands: Sequence[Operand[str]]) -> Operand[str]:
        return self.put(functions.call(name, list(map(written, operands)), self.scope))

    def arrived(self, gradient: Operand[str]) -> Operand[str]:
        if isinstance(gradient, float):
            return gradient + 0.0
        return self.value("+", [gradient, 0.0])

    def begin(self) -> None:
        self._begins = len(self.lines)
        self.lines.append("    pass")

    def computed(self, name: str, operands: Sequence[Operand[str]], out: Operand[str]) -> None:
        grows = name == "*" and any(isinstance(x, float) and abs(x) >= 1 for x in operands)
        if functions.can_vanish(name) and 0.0 not in operands and not grows:
            factors = [each for each in operands if isinstance(each, str)]
            self.products.append((written(out), *factors))
            if not factors:  # which Python folds
                numbers = [each for each in operands if isinstance(each, float)]
                self.lost |= abs(functions.value(name)(*numbers)) < TINY

    def too_small(self) -> list[Operand[str]]:
        tests = [
            f"-{TINY!r} < {x} < {TINY!r} and ({x} or {' and '.join(factors) or 1})"
            for x, *factors in self.products
        ]
        if self.lost:
            return [nan]
        if not tests:
            return []
        mark = None if self.looks else underflow.functions()
        if mark:
            self.scope["clear"], self.scope["read"] = mark
            self.lines[self._begins] = "    clear()"
            tests = ["read()"]
        return [self.put(f"nan if {' or '.join(tests)} else 0.0")]

    def slopes(
        self, name: str, operands: Sequence[Operand[str]], out: Operand[str]
    ) -> tuple[Operand[str], ...]:
        row = OPERATIONS[name]
        texts = dict(zip((*row.operands, "out"), map(written, (*operands, out)), strict=True))
        return tuple(self._slope(text, texts) for text in row.slopes)

    def _slope(self, text: str, names: dict[str, str]) -> Operand[str]:
        code = functions.python(formula(text), self.scope, names)
        try:
            return float(code)  # the same at every point
        except ValueError:
            return code

    def used(
        self, slope: Operand[str], name: str, numbers: Sequence[Operand[str]], at: int
    ) -> Operand[str]:
        if self.looks and isinstance(slope, str) and functions.can_be_lost(name)[at]:
            slope = slope if slope.isidentifier() else self.put(slope)
            if 0.0 not in numbers:
                self.products.append((slope, *(each for each in numbers if isinstance(each, str))))
        return slope

    def product(self, gradient: Operand[str], slope: Operand[str], careful: bool) -> Operand[str]:
        g, s = written(gradient), written(slope)
        if slope == 1.0:
            return gradient
        if isinstance(gradient, float) and isinstance(slope, float):  # Python would fold it, too
            self.lost |= abs(gradient * slope) < TINY and bool(gradient and slope)
            return gradient * slope
        if not s.isidentifier() and (careful or self.looks):
            s = self.put(s)
        made = self.put(f"{g}*{s} + 0.0 if {g} else zero({g}, {s})" if careful else f"{g}*{s}")
        if not (isinstance(slope, float) and abs(slope) >= 1):
            self.products.append((made, g, s))
        return made

    def branch(self, gradient: Operand[str], slope: Operand[str]) -> Operand[str]:
        if isinstance(slope, float):
            return gradient if slope else NOTHING
        return self.put(f"{written(gradient)} if {slope} else {NOTHING}")


def _zero(gradient: float, slope: float) -> float:
    """A gradient of 0 times a slope, careful."""
    return gradient if copysign(1.0, gradient) < 0 else gradient * slope + 0.0


def written(operand: Operand[str]) -> str:
    """An operand as it stands in an expression."""
    if isinstance(operand, str):
        return operand
    return repr(operand) if operand >= 0 else f"({operand!r})"


def evaluation(
    graph: Graph, wrt: Sequence[int], fixed: Sequence[int], scale: float = 1.0
) -> Evaluate:
    """A function of the numbers of `wrt` and of `fixed` → value, gradient, whether all is finite.

    scale: of the gradients on the way.
    """
    looks = scale != 1.0 or len(graph.steps) <= _FEW or not underflow.functions()
    writer = PythonWriter(looks)
    known = {leaf: writer.put(f"c[{at}]") for at, leaf in enumerate(fixed)}
    known |= {leaf: writer.put(f"x[{at}]") for at, leaf in enumerate(wrt)}
    out, by, looked = value_and_gradient(writer, graph, wrt, known, scale)
    gradient = list(map(written, by))
    each_once = dict.fromkeys([*map(written, looked), *gradient])
    finite = " and ".join(f"isfinite({each})" for each in each_once) or "True"
    lines = ["def evaluate(x, c):", *writer.lines]
    lines += [f"    return {written(out)}, ({''.join(f'{g}, ' for g in gradient)}), {finite}"]
    exec("\n".join(lines), writer.scope)
    evaluate: Evaluate = writer.scope["evaluate"]
    return evaluate
