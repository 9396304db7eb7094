"""Derivatives as formulas that people read: `2*a*x + b`, where the interpreter has the number 7.

`Formulas.partials` takes an equation at a point and gives, for each name that it uses, the formula
of the derivative by it: the chain rule, with the slopes of the table. Of an `if`, in the equation
or in a slope, only the branch taken at that point is written. Textbooks write `1 - h^2` for the
slope of h = tanh(z): an equation that is one function as a whole has its name in its derivatives.
"""

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress

from backprop.algebra.formula import ZERO, Call, Formula, Product, Symbol, TooLong, number
from backprop.algebra.normal import by_numbers, operation, power, times
from backprop.chain.walk import Operand, Texts, Walk
from backprop.graph import Graph
from backprop.operations import CONSTANTS, FUNCTIONS, OPERATIONS
from backprop.row import POWER, Operation
from backprop.syntax import functions
from backprop.values import ByNode

Pair = tuple[Formula | None, float]
"""A formula, None if it is too long, and its number at the point."""


class Formulas(Texts[Pair]):
    """The formulas of a graph at a point, each with its number, by which conditions are decided.

    data: the numbers of the point. names: what the nodes are called that equations use. taken:
    names of the file that are no constants any more. textbook: write values by their names, and
    slopes as textbooks do, even where they cancel. A formula that is too long is None.
    """

    def __init__(
        self,
        graph: Graph,
        data: ByNode,
        names: Mapping[int, str],
        taken: Container[str] = (),
        textbook: bool = False,
    ) -> None:
        self._graph = graph
        self._data = data
        self._names = names
        self._constants: dict[str, Operand[Pair]] = {
            # the file's own pi is not the circle's
            name: (number(value) if name in taken else Symbol(name), value)
            for name, value in CONSTANTS.items()
        }
        self._named = by_numbers(taken)
        self._textbook = textbook
        self._short: dict[Formula, Formula] = {}  # an equation's formula: its name

    def equation(self, node: int) -> Formula | None:
        """What an equation computes, from the names that it uses."""
        return self._pair(self._walk(node).found[node])[0]

    def partials(self, node: int) -> dict[int, Formula | None]:
        """The derivatives of an equation by each node that it uses."""
        graph, walk = self._graph, self._walk(node)
        # every sum begins with 0, so that its number is written first: 1 + x
        seeds: dict[int, Operand[Pair]] = dict.fromkeys(walk.found, (ZERO, 0.0))
        top = self._outermost(node)
        row, operands = OPERATIONS[graph.op(top)], graph.operands(top)
        whole = self._pair(walk.found[top])[0]
        if self._textbook and row.name in FUNCTIONS and whole is not None:
            walk.found[top] = self._leaf(node)
            self._short = {whole: Symbol(self._names[node])}
        moving = [at for at, each in enumerate(operands) if not graph.is_number(each)]
        outer: Operand[Pair] = 1.0
        if len(moving) == 1 and row.binding >= POWER:  # one slope, times that of what is inside
            called = [walk.found[each] for each in operands]
            outer = self.slopes(row.name, called, walk.found[top])[moving[0]]
            top = operands[moving[0]]
            del seeds[node]
        seeds[top] = 1.0
        found = walk.backward(seeds, graph.uses(node))
        products = {each: self.product(outer, inner, False) for each, inner in found.items()}
        self._short = {}
        return {each: formula for each, (formula, _) in products.items()}

    def _shortened(self, made: Formula) -> Formula:
        """A formula, or a product, with the name of the equation for what the equation is."""
        if self._short and isinstance(made, Product):
            named = [self._short_power(base, by) for base, by in made.powers]
            return times(Product(made.coefficient, (), made.decimal), *named)
        return self._short.get(made, made)

    def _short_power(self, base: Formula, by: Formula) -> Formula:
        """A power, with the name of the equation for what the equation is."""
        whole = power(base, by)
        return self._short.get(whole) or power(self._short.get(base, base), by)

    def _outermost(self, node: int) -> int:
        """The operation that an equation is as a whole, without the pivot that is put back."""
        row, inner = OPERATIONS[self._graph.op(node)], self._graph.operands(node)[-1]
        puts_back = row.written and row.slopes[-1] == "1"
        return inner if puts_back and inner in self._graph.equation(node) else node

    def one_step(self, node: int) -> tuple[Formula, list[Formula | None]]:
        """A single operation as it is, `x/x` and not 1, and its slopes by each operand."""
        calls: dict[int, Pair] = {}  # of the node, and before it of operands without a name
        for step in self._graph.equation(node):
            op, operands = self._graph.op(step), self._graph.operands(step)
            called = [calls.get(each) or self._pair(self._leaf(each)) for each in operands]
            raw = tuple(found for found, _ in called if found is not None)
            call = raw[0] if op == "copy" else Call(OPERATIONS[op].written or op, raw)
            calls[step] = call, self._data[step]
        named = self._textbook and op in FUNCTIONS
        out = self._leaf(node) if named else self.value(op, called)
        return call, [self._pair(each)[0] for each in self.slopes(op, called, out)]

    def value(self, name: str, operands: Sequence[Operand[Pair]]) -> Pair:
        """An operation on formulas; of an `if` the branch that is taken. A pivot is not written:
        it cancels."""
        row, pairs = OPERATIONS[name], [self._pair(operand) for operand in operands]
        if row.chooses:
            return pairs[1] if pairs[0][1] else pairs[2]
        if row.written:
            return pairs[row.slopes[-1] == "1"]  # the operand that has a slope
        result = functions.value(name)(*(value for _, value in pairs))
        known = [found for found, _ in pairs if found is not None]
        with suppress(TooLong):
            if len(known) == len(pairs):
                made = operation(name, known)
                return self._shortened(made), result
        return None, result

    def product(self, gradient: Operand[Pair], slope: Operand[Pair], careful: bool) -> Pair:
        """Gradient times slope; a formula that is 0 makes 0 of any other."""
        return self.value("*", [gradient, slope])

    def texts(self, row: Operation, out: Operand[Pair]) -> tuple[str, ...]:
        named = isinstance(self._pair(out)[0], Symbol) or row.folds
        return row.for_people(self._textbook and named)

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
