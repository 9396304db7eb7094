"""What a wrong derivative could have come from: each mistake with the number that it gives."""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

from backprop.algebra.formula import written
from backprop.checks.way import LONG, Edge, Way
from backprop.numbers import spoken
from backprop.operations import OPERATIONS
from backprop.values import Numbers, local_slopes, tangents

_FACTORS = {
    "twice": 2.0, "half": 0.5, "three times": 3.0, "a third of": 1 / 3, "four times": 4.0,
    "a quarter of": 0.25, "−2 times": -2.0, "−1/2 times": -0.5,
}  # fmt: skip


_MISSING = "{derivative}, is missing"


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
        way, right, data = self._way, self._right, self._data
        yield Suspect(1, "sign", -right, "a sign error")
        for rank, node in enumerate(dict.fromkeys((way.by, self._graph.output)), 70):
            yield Suspect(rank, "value", data[node], f"this is the value of {way.text(node)}")
        if right:
            yield Suspect(65, "reciprocal", 1 / right, "this is 1 divided by the derivative")
        for words, times in _FACTORS.items():
            yield Suspect(90, "factor", times * right, f"this is {words} the derivative")
        yield Suspect(95, "power", right * right, "this is the derivative squared")
        for at, node in enumerate(() if way.large else way.above[:-1]):
            yield from self._cut(node, 10 + min(at, 9))
        for edge in way.uses:
            rest, base, _ = self._shares(edge)
            said = "the local derivative of {respect} is {formula}, the claim has {other}"
            for node, instead in self._local[edge.step].items():
                if node != edge.operand:
                    yield Suspect(20, "swapped", rest + base * instead, said, edge, node)
            yield from self._changed(edge, 40)
        for edge in way.steps:
            yield from self._changed(edge, 45)
            yield from self._factors(edge)

    def _factors(self, edge: Edge) -> Iterator[Suspect]:
        """An operand of a step is missing in its derivative, or is there once too often."""
        rest, base, slope = self._shares(edge)
        op, (first, *others) = self._graph.op(edge.step), self._graph.operands(edge.step)
        if OPERATIONS[op].chooses:
            return
        said = "in {derivative}, the factor {factor} is "
        for node in dict.fromkeys((first, *others)):
            number, power = self._data[node], op == "^" and edge.operand == first
            if number and (power or node != edge.operand):
                # of a*b, a/b by b, and a^n it is a factor
                has = power or (op in ("*", "/") and node == first)
                lost = said + "missing" if has else "{derivative}, is divided by {factor}"
                yield Suspect(60, "factor", rest + base * slope / number, lost, edge, node)
            more = rest + base * slope * number
            yield Suspect(62, "factor", more, said + "too many", edge, node)
        if op == "^" and edge.operand == first:
            lost = "in {derivative}, the power of {operand} is missing"
            yield Suspect(61, "factor", rest + base * self._data[others[0]], lost, edge)

    def _cut(self, node: int, early: int) -> Iterator[Suspect]:
        """One of the two factors that meet at a node is missing, where every way passes it."""
        above, below = self._gradients[node], self._tangent[node]
        if abs(above * below - self._right) > 1e-9 * abs(above * below):
            return  # there are other ways as well
        if self._graph.label(node):
            said = "it stops too early: this is {lower}; the factor {upper} = {above} is missing"
            yield Suspect(early, "early", below, said, None, node)
            said = "the local derivative is missing: this is {upper}; the factor {lower} = {below} is missing"
            yield Suspect(30, "local", above, said, None, node)
        else:
            said = (
                "the outer derivative is missing: that of {output} with respect to {node}, {above}"
            )
            yield Suspect(47, "missing factor", below, said, None, node)
            said = "the inner derivative is missing: that of {node} with respect to {by}, {below}"
            yield Suspect(47, "missing factor", above, said, None, node)

    def _changed(self, edge: Edge, rank: int) -> Iterator[Suspect]:
        """The mistakes with one derivative on the way."""
        rest, base, slope = self._shares(edge)
        share = base * slope
        yield Suspect(rank, "missing factor", rest + base, _MISSING, edge)
        if rest and share:
            kind = "missing contribution"
            said = "the share through {through}, {share}, is forgotten"
            yield Suspect(rank + 10, kind, rest, said, edge)
            said = "this is only the share through {through}; others are forgotten"
            yield Suspect(rank + 12, kind, share, said, edge)
            yield Suspect(rank + 13, "sign", rest - share, "a sign error in {derivative}", edge)
        if slope:
            said = "{derivative}, is upside down"
            yield Suspect(82, "reciprocal", rest + base / slope, said, edge)
        said = "the value of {through}, {value}, stands in place of {derivative}"
        yield Suspect(72, "value", rest + base * self._data[edge.step], said, edge)

    def sentence(self, found: Suspect) -> str:
        """What is to be said of a mistake at this point."""
        way, edge, node, output = self._way, found.edge, found.node, self._graph.output
        fields: dict[str, str] = {}
        if edge is not None:
            _, base, slope = self._shares(edge)
            respect, formula, shown = way.respect(edge), self._formula(edge), spoken(slope)
            same = "" if formula == shown else f"{formula} = "
            fields = {
                "respect": respect,
                # the derivative of e = a*b with respect to a, b = −3
                "derivative": f"the derivative of {respect}, {same}{shown}",
                "formula": formula,
                "through": way.through(edge),
                "operand": way.text(edge.operand),
                "value": spoken(self._data[edge.step]),
                "share": spoken(base * slope),
            }
            if not slope and found.said == _MISSING:  # it does not depend on it here
                return f"the derivative of {respect} is 0 here, and the claim has 1"
            if node is not None and edge.number is None:
                fields["other"] = self._formula(edge._replace(operand=node))
            elif node is not None:
                text, value = way.text(node), spoken(self._data[node])
                fields["factor"] = text if text == value else f"{text} = {value}"
        elif node is not None:
            fields = {
                "output": way.text(output),
                "node": way.text(node),
                "by": way.text(way.by),
                "upper": way.d(output, node),
                "lower": way.d(node, way.by),
                "above": spoken(self._gradients[node]),
                "below": spoken(self._tangent[node]),
            }
        return found.said.format_map(fields)

    def _slope(self, edge: Edge) -> float:
        if edge.number is None:
            return self._local[edge.step][edge.operand]
        return local_slopes(self._graph, edge.step, self._data)[edge.number]

    def _shares(self, edge: Edge) -> tuple[float, float, float]:
        """What reaches the derivative by other ways, what this edge's slope is times, and the slope."""
        base, slope = self._gradients[edge.step] * self._tangent[edge.operand], self._slope(edge)
        return (self._right - base * slope if isfinite(base) else 0.0), base, slope

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


def _factor(value: float, at: int) -> str:
    """A number as a factor of a product, a negative one in brackets unless it stands at the beginning."""
    return f"({spoken(value)})" if value < 0 and at else spoken(value)
