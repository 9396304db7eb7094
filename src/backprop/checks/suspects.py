"""What a wrong derivative could have come from: each mistake with the number that it gives."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

from backprop.algebra.formula import written
from backprop.checks import mistake_table as table
from backprop.checks.way import LONG, Edge, Way
from backprop.numbers import spoken
from backprop.values import Numbers, local_slopes, tangents


class Suspect(NamedTuple):
    """A mistake: with the whole derivative, a node, a use of an operand, or there another one.

    rank: the simple ones first. kind: its name for programs. value: what a person who makes it
    would claim. said: the sentence, with fields that `Mistakes.sentence` fills in.
    """

    rank: int
    kind: str
    value: float
    said: str
    edge: Edge | None = None
    node: int | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Which mistake it is, the same at every point."""
        return self[3:]


class Mistakes:
    """The mistakes that can be made on a way, at one point."""

    def __init__(self, way: Way, numbers: Numbers) -> None:
        self._way = way
        self._graph = way.graph
        self._data, self._gradients = numbers
        self._local = way.subject.local(numbers)
        self._right = self._gradients[way.by]

    @cached_property
    def _tangent(self) -> dict[int, float]:
        """The derivative by the name of everything on the way."""
        return tangents(self._graph, self._way.above, self._data, {self._way.by: 1.0})

    def suspects(self) -> Iterator[Suspect]:
        """Every mistake, with the value that it gives."""
        way, right = self._way, self._right
        whole = {"right": right}
        yield from _made(table.WHOLE, whole)
        for at, node in enumerate(dict.fromkeys((way.by, self._graph.output))):
            for found in _made(table.VALUE, {**whole, "value": self._data[node]}, at):
                yield found._replace(said=found.said.format(node=way.text(node)))
        for at, node in enumerate(() if way.large else way.above[:-1]):
            yield from self._cut(node, min(at, 9))
        for edge in way.uses:
            numbers = self._shares(edge)
            for node, instead in self._local[edge.step].items():
                if node != edge.operand:
                    yield from _made(table.OTHER, {**numbers, "other": instead}, 0, edge, node)
            yield from _made(table.EDGE, numbers, 0, edge)
        for edge in way.steps:
            numbers = self._shares(edge)
            yield from _made(table.EDGE, numbers, 0, edge)
            op, operands = self._graph.op(edge.step), self._graph.operands(edge.step)
            for node, name in table.factors(op, operands, edge.operand):
                factor = {**numbers, "factor": self._data[node]}
                yield from _suspect(table.BY_NAME[name], factor, 0, edge, node)

    def _cut(self, node: int, late: int) -> Iterator[Suspect]:
        """One of the two factors that meet at a node is missing, where every way passes it."""
        above, below = self._gradients[node], self._tangent[node]
        if abs(above * below - self._right) > 1e-9 * abs(above * below):
            return  # there are other ways as well
        numbers = {"right": self._right, "above": above, "below": below}
        if self._graph.label(node):
            yield from _made(table.MEETING, numbers, late, None, node)
        else:
            yield from _made(table.INSIDE, numbers, 0, None, node)

    def sentence(self, found: Suspect) -> str:
        """What is to be said of a mistake at this point."""
        way, edge, node, output = self._way, found.edge, found.node, self._graph.output
        fields = {"asked": "derivative"}
        if edge is not None:
            numbers = self._shares(edge)
            slope = numbers["local"]
            respect, formula, shown = way.respect(edge), self._formula(edge), spoken(slope)
            same = "" if _same(formula, shown) else f"{formula} = "
            fields |= {
                "respect": respect,
                # the derivative of e = a*b with respect to a, b = −3
                "derivative": f"the derivative of {respect}, {same}{shown}",
                "formula": formula,
                "through": way.through(edge),
                "operand": way.text(edge.operand),
                "value": spoken(self._data[edge.step]),
                "share": spoken(numbers["upstream"] * slope),
            }
            if not slope and found.said == table.MISSING:  # it does not depend on it here
                return f"the derivative of {respect} is 0 here, and the claim has 1"
            if node is not None and edge.number is None:
                fields["other"] = self._formula(edge._replace(operand=node))
            elif node is not None:
                text, value = way.text(node), spoken(self._data[node])
                fields["factor"] = value if _same(text, value) else f"{text} = {value}"
        elif node is not None:
            fields |= {
                "output": way.text(output),
                "node": way.text(node),
                "by": way.text(way.by),
                "upper": way.d(output, node),
                "lower": way.d(node, way.by),
                "above": spoken(self._gradients[node]),
                "below": spoken(self._tangent[node]),
                "whole": way.d(output, way.by),
                "through": way.equation(node),
            }
        return found.said.format_map(fields)

    def _slope(self, edge: Edge) -> float:
        if edge.number is None:
            return self._local[edge.step][edge.operand]
        return local_slopes(self._graph, edge.step, self._data)[edge.number]

    def _shares(self, edge: Edge) -> dict[str, float]:
        """What the rows of the table call the parts of the derivative: what reaches it by other ways,
        what this edge's slope is multiplied by, and the slope."""
        base, slope = self._gradients[edge.step] * self._tangent[edge.operand], self._slope(edge)
        rest = self._right - base * slope if isfinite(base) else 0.0
        found = {"right": self._right, "rest": rest, "upstream": base, "local": slope}
        return {**found, "value": self._data[edge.step]}

    def _formula(self, edge: Edge) -> str:
        """The derivative of an equation by a name as a formula; of a long one, and of a step, its number."""
        found = None
        if edge.number is None:
            found = self._local.formulas(edge.step)[edge.operand]
        return written(found, LONG) or spoken(self._slope(edge))

    def chain(self) -> str:
        """The derivative as a product along the only way there is, or as the sum of its shares:
        `∂L/∂a = ∂L/∂d · ∂d/∂a = −2 · 3 = −6`."""
        by, output, d, local = self._way.by, self._graph.output, self._way.d, self._local
        users: dict[int, list[int]] = {}
        for edge in self._way.uses:
            users.setdefault(edge.operand, []).append(edge.step)
        direct = users.get(by, [])
        path = [by]
        while len(users.get(path[-1], ())) == 1 and len(path) <= 8:
            path += users[path[-1]]
        # of each product the factors, as texts and as numbers
        products: list[list[tuple[str, float]]] = []
        if path[-1] == output and len(path) > 2:
            path.reverse()
            products = [[(d(of, at), local[of][at]) for of, at in pairwise(path)]]
        elif len(direct) <= 8:
            for equation in direct:
                last = d(equation, by), local[equation][by]
                if equation == output:  # a share of its own, without anything between
                    products.append([(self._formula(Edge(by, equation, None, equation)), last[1])])
                else:
                    products.append([(d(output, equation), self._gradients[equation]), last])
        texts = " + ".join(" · ".join(text for text, _ in each) for each in products)
        numbers = " + ".join(
            " · ".join(_factor(value, first or at) for at, (_, value) in enumerate(each))
            for first, each in enumerate(products)
        )
        total = spoken(self._right)
        sides = [side for side in (texts, numbers) if side not in ("", total)]
        return " = ".join([d(output, by), *sides, total])


def _same(text: str, number: str) -> bool:
    """Whether a formula is a number as it is spoken: `-4` is `−4`."""
    return text.replace("-", "−") == number


def _made(
    what: str,
    numbers: Mapping[str, float],
    late: int = 0,
    edge: Edge | None = None,
    node: int | None = None,
) -> Iterator[Suspect]:
    """What the rows of the table give that are tried for this."""
    for row in table.TRIED[what]:
        yield from _suspect(row, numbers, late, edge, node)


def _suspect(
    row: table.MistakeRow,
    numbers: Mapping[str, float],
    late: int,
    edge: Edge | None,
    node: int | None,
) -> Iterator[Suspect]:
    """What a row gives, if that is a mistake. late: how much later than others."""
    value = row.gives(numbers)
    if value is not None:
        inside = row.inside if edge is not None and edge.number is not None else 0
        yield Suspect(row.rank + late + inside, row.kind, value, row.said, edge, node)


def _factor(value: float, at: int) -> str:
    """A number as a factor of a product, a negative one in brackets unless it stands at the beginning."""
    return f"({spoken(value)})" if value < 0 and at else spoken(value)
