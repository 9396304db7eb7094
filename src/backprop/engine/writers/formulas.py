"""Derivatives as formulas that people read: `2*a*x + b`, where the interpreter has the number 7.

`Formulas.partials` takes an equation at a point and gives, for each name that it uses, the formula
of the derivative by it: the chain rule, with the slopes of the table. Of an `if`, in the equation
or in a slope, only the branch taken at that point is written.
"""

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress

from backprop.engine.walk import Operand, Texts, Walk
from backprop.graph import Graph
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.syntax import functions
from backprop.syntax.algebra import ZERO, Call, Formula, Symbol, TooLong, number, operation
from backprop.values import ByNode

Pair = tuple[Formula | None, float]
"""A formula, None if it is too long, and its number at the point."""


class Formulas(Texts[Pair]):
    """The formulas of a graph at a point, each with its number, by which conditions are decided.

    data: the numbers of the point. names: what the nodes are called that equations use. taken:
    names of the file that are no constants any more. A formula that is too long is None.
    """

    def __init__(
        self, graph: Graph, data: ByNode, names: Mapping[int, str], taken: Container[str] = ()
    ) -> None:
        self._graph = graph
        self._data = data
        self._names = names
        self._constants: dict[str, Operand[Pair]] = {
            # the file's own pi is not the circle's
            name: (number(value) if name in taken else Symbol(name), value)
            for name, value in CONSTANTS.items()
        }
        self._named = {value: Symbol(n) for n, value in CONSTANTS.items() if n not in taken}

    def equation(self, node: int) -> Formula | None:
        """What an equation computes, from the names that it uses."""
        return self._pair(self._walk(node).found[node])[0]

    def partials(self, node: int) -> dict[int, Formula | None]:
        """The derivatives of an equation by each node that it uses."""
        walk = self._walk(node)
        # every sum begins with 0, so that its number is written first: 1 + x
        seeds: dict[int, Operand[Pair]] = dict.fromkeys(walk.found, (ZERO, 0.0))
        seeds[node] = 1.0
        found = walk.backward(seeds, self._graph.uses(node))
        return {each: self._pair(operand)[0] for each, operand in found.items()}

    def one_step(self, node: int) -> tuple[Formula, list[Formula | None]]:
        """A single operation as it is, `x/x` and not 1, and its slopes by each operand."""
        op, operands = self._graph.op(node), self._graph.operands(node)
        called = [self._pair(self._leaf(operand)) for operand in operands]
        slopes = self.slopes(op, called, self.value(op, called))
        raw = tuple(found for found, _ in called if found is not None)
        call = raw[0] if op == "copy" else Call(OPERATIONS[op].written or op, raw)
        return call, [self._pair(each)[0] for each in slopes]

    def value(self, name: str, operands: Sequence[Operand[Pair]]) -> Pair:
        """An operation on formulas; of an `if` the branch that is taken. A pivot is not written:
        it cancels."""
        pairs = [self._pair(operand) for operand in operands]
        if name == "if":
            return pairs[1] if pairs[0][1] else pairs[2]
        if OPERATIONS[name].written:
            return pairs[OPERATIONS[name].slopes[-1] == "1"]  # the operand that has a slope
        result = functions.value(name)(*(value for _, value in pairs))
        known = [found for found, _ in pairs if found is not None]
        with suppress(TooLong):
            if len(known) == len(pairs):
                return operation(name, known), result
        return None, result

    def product(self, gradient: Operand[Pair], slope: Operand[Pair], careful: bool) -> Pair:
        """Gradient times slope; a formula that is 0 makes 0 of any other."""
        return self.value("*", [gradient, slope])

    def text(self, text: str, names: Mapping[str, Operand[Pair]]) -> Operand[Pair]:
        return super().text(text, {**self._constants, **names})

    def _walk(self, node: int) -> Walk[Pair]:
        known = {each: self._leaf(each) for each in self._graph.uses(node)}
        walk = Walk(self, self._graph, self._graph.equation(node), known)
        walk.forward()
        return walk

    def _leaf(self, node: int) -> Operand[Pair]:
        value = self._data[node]
        return value if self._graph.is_number(node) else (Symbol(self._names[node]), value)

    def _pair(self, operand: Operand[Pair]) -> Pair:
        """A number as a pair: a constant by its name, where no equation has taken that."""
        if isinstance(operand, tuple):
            return operand
        return self._named.get(operand) or number(operand), operand
