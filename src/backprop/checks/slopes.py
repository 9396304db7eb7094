"""Derivatives that stand in formulas: each is an input of its formula, with a number at every point."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import NamedTuple

from backprop.evaluation.gradient import partials
from backprop.evaluation.unrounded import Unrounded
from backprop.graph import Columns, Graph
from backprop.values import ByNode, by_names, local_slopes


class Slope(NamedTuple):
    """The derivative of a node by another.

    direct: of the equation of `of` alone, as if no other name depended on `by`; otherwise through
    all equations. use: of `of`, which is a single operation, by its first, second, … use of `by`
    alone; 0 for all of them.
    """

    of: int
    by: int
    direct: bool = False
    use: int = 0

    def at(self, graph: Graph, data: ByNode, gradients: Mapping[int, ByNode], given: bool) -> float:
        """Its number at a point. data: of all names. gradients: of `of` by every node. given: whether
        it is the given point, where what is too small or 0·∞ is settled as `explain` has it."""
        if self.of == self.by:
            return 1.0
        if self.use:
            slopes = local_slopes(graph, self.of, data)
            uses = [at for at, node in enumerate(graph.operands(self.of)) if node == self.by]
            return slopes[uses[self.use - 1]] if self.use <= len(uses) else 0.0
        if self.direct:
            of_equation = partials if given else by_names
            return of_equation(graph, self.of, data).get(self.by, 0.0)
        return gradients[self.of][self.by]

    def exactly(self, graph: Graph, data: ByNode, known: Mapping[int, Sequence[float]]) -> float:
        """Its number at the given point, as it is if numbers have no limits; nan where that is not
        known. data: of all names. known: the gradients of some nodes by every node."""
        if not self.use and self.of != self.by and self.by in graph:
            if self.direct:
                slopes = Unrounded(graph, data, data).partials(
                    self.of, partials(graph, self.of, data)
                )
                return slopes.get(self.by, 0.0)
            if self.of in known:
                return Unrounded(graph, data, [*known[self.of]]).gradient(self.by)
        return nan


class Slopes:
    """The derivatives of a sheet of formulas, and the inputs in `columns` that stand for them."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.by_node: dict[int, Slope] = {}
        self._nodes: dict[Slope, int] = {}

    def node(self, slope: Slope) -> int:
        """The input that stands for a derivative."""
        if slope not in self._nodes:
            self._nodes[slope] = self.columns.input()
            self.by_node[self._nodes[slope]] = slope
        return self._nodes[slope]

    def product(self, *slopes: Slope) -> int:
        """A step that is the product of derivatives."""
        first, *others = map(self.node, slopes)
        for node in others:
            first = self.columns.step("*", (first, node))
        return first
