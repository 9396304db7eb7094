"""A graph as generated Python: for some thousand evaluations, or where there is no machine code.

Compiling costs about 45 microseconds a step, evaluating 0.05 to 0.1, a tenth of what the
interpreter takes, which looks everything up anew.
"""

from collections.abc import Callable, Sequence
from math import inf, isfinite, nan
from typing import Any

from backprop.engine.walk import Operand, value_and_gradient
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.syntax.parser import formula

Evaluate = Callable[..., tuple[float, tuple[float, ...], bool]]


class PythonWriter:
    """Lines of Python in the making; see `walk.Writer`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {"inf": inf, "nan": nan, "isfinite": isfinite}

    def put(self, expression: str) -> str:
        """The name of an expression's result."""
        name = f"v{len(self.lines)}"
        self.lines.append(f"    {name} = {expression}")
        return name

    def value(self, name: str, operands: Sequence[Operand[str]]) -> Operand[str]:
        return self.put(functions.call(name, list(map(_written, operands)), self.scope))

    def slopes(
        self, name: str, operands: Sequence[Operand[str]], out: Operand[str]
    ) -> tuple[Operand[str], ...]:
        row = OPERATIONS[name]
        texts = dict(zip((*row.operands, "out"), map(_written, (*operands, out)), strict=True))
        return tuple(self._slope(text, texts) for text in row.slopes)

    def _slope(self, text: str, names: dict[str, str]) -> Operand[str]:
        code = functions.python(formula(text), self.scope, names)
        try:
            return float(code)  # the same at every point
        except ValueError:
            return code

    def product(self, gradient: Operand[str], slope: Operand[str], careful: bool) -> Operand[str]:
        g, s = _written(gradient), _written(slope)
        if slope == 1.0:
            return gradient
        if not careful:
            return self.put(f"{g}*{s}")
        if not s.isidentifier():
            s = self.put(s)
        return self.put(f"{g}*{s} if {g} and {s} else 0.0")


def _written(operand: Operand[str]) -> str:
    if isinstance(operand, str):
        return operand
    return repr(operand) if operand >= 0 else f"({operand!r})"


def evaluation(graph: Graph, wrt: Sequence[int], fixed: Sequence[int]) -> Evaluate:
    """A function of the numbers of `wrt` and of `fixed` → value, gradient, whether all is finite."""
    writer = PythonWriter()
    known = {leaf: writer.put(f"c[{at}]") for at, leaf in enumerate(fixed)}
    known |= {leaf: writer.put(f"x[{at}]") for at, leaf in enumerate(wrt)}
    out, by, looked = value_and_gradient(writer, graph, wrt, known)
    gradient = list(map(_written, by))
    each_once = dict.fromkeys([*map(_written, looked), *gradient])
    finite = " and ".join(f"isfinite({each})" for each in each_once) or "True"
    lines = ["def evaluate(x, c):", *writer.lines]
    lines += [f"    return {_written(out)}, ({''.join(f'{g}, ' for g in gradient)}), {finite}"]
    exec("\n".join(lines), writer.scope)
    evaluate: Evaluate = writer.scope["evaluate"]
    return evaluate
