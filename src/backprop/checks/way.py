"""What lies between an output and a name that leads to it, and how it is called in sentences."""

from typing import NamedTuple

from backprop.checks.points import Subject
from backprop.numbers import spoken

_MOST = 400
"""Steps between the two names: past that, only the derivative as a whole is looked at."""

LONG = 60
"""The most characters of an equation or a formula in a sentence."""


class Edge(NamedTuple):
    """A use of an operand by a step, or by an equation as a whole.

    number: which operand of a step. equation: that the step stands in.
    """

    operand: int
    step: int
    number: int | None
    equation: int


class Way:
    """Everything between the output of a graph and the name `by`.

    above: the steps, operands first; none of them if there are too many. uses: where equations use
    names on the way. steps: where steps inside of equations use operands on the way, but for
    equations of one step that say nothing else.
    """

    def __init__(self, subject: Subject, by: int) -> None:
        self.subject = subject
        self.model = subject.model
        self.graph = graph = subject.graph
        self.by = by
        met = [by]  # and what uses it, and what uses that
        seen = {by}
        for node in met:
            new = {*graph.users.get(node, [])[: _MOST + 2]} - seen
            seen |= new
            met += new
            if len(met) > _MOST + 1:
                break
        self.large = len(met) > _MOST + 1
        self.above = [] if self.large else graph.above(by)
        self.uses: list[Edge] = []
        self.steps: list[Edge] = []
        on_the_way = {by, *self.above}
        for equation in (node for node in self.above if node in graph.labels):
            edges = [
                Edge(each, step, at, equation)
                for step in graph.equation(equation)
                for at, each in enumerate(graph.operands(step))
            ]
            used = dict.fromkeys(edge.operand for edge in edges)
            passed = [each for each in used if each in graph.labels and each in on_the_way]
            self.uses += [Edge(each, equation, None, equation) for each in passed]
            plain = edges[0].step == equation and len(used) == len(edges)  # a single step
            if not plain or any(map(graph.is_number, used)):  # which may be a forgotten factor
                self.steps += [edge for edge in edges if edge.operand in on_the_way]

    def d(self, of: int, by: int) -> str:
        """`∂L/∂a`."""
        return f"∂{self.graph.label(of)}/∂{self.graph.label(by)}"

    def text(self, node: int) -> str:
        """A name, a number, or the text of a step."""
        if label := self.graph.label(node):
            return label
        if self.graph.is_number(node):
            return spoken(self.graph.columns.constant(node))
        text = self.model.instance(node)
        return text if text and len(text) <= LONG else f"a step {self.graph.op(node)}"

    def equation(self, node: int) -> str:
        """`e = a*b`; the name alone, if its equation is long."""
        label, text = self.graph.label(node), self.model.instance(node)
        return f"{label} = {text}" if text and len(text) <= LONG else label

    def through(self, edge: Edge) -> str:
        """The equation or the step that uses the operand."""
        return self.equation(edge.step) if self.graph.label(edge.step) else self.text(edge.step)

    def respect(self, edge: Edge) -> str:
        """`e = a*b with respect to a`."""
        inside = "" if edge.step == edge.equation else f" inside {self.equation(edge.equation)}"
        return f"{self.through(edge)} with respect to {self.text(edge.operand)}{inside}"
