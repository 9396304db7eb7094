"""What a wrong derivative could have come from: each mistake with the number that it gives."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import isfinite
from typing import NamedTuple

from backprop.checks.way import LONG, Edge, Way
from backprop.checks.words import factor, number
from backprop.engine.writers.formulas import partials, written
from backprop.values import Numbers, by_names, local_slopes, tangents

Key = tuple[object, ...]

_FACTORS = {
    "twice": 2.0,
    "half": 0.5,
    "three times": 3.0,
    "a third of": 1 / 3,
    "four times": 4.0,
    "a quarter of": 0.25,
    "−2 times": -2.0,
    "−1/2 times": -0.5,
}


class Suspect(NamedTuple):
    """A mistake. key: which one, and where; the same at every point. rank: the simple ones first.
    kind: its name for programs. value: what a person who makes it would claim."""

    key: Key
    rank: int
    kind: str
    value: float


class Mistakes:
    """The mistakes that can be made on a way, at one point."""

    def __init__(self, way: Way, numbers: Numbers) -> None:
        self._way = way
        self._graph = way.graph
        self._data, self._gradients = numbers
        self._right = self._gradients[way.by]

    @cached_property
    def _tangent(self) -> dict[int, float]:
        """The derivative by the name of everything on the way."""
        return tangents(self._graph, self._way.above, self._data, self._way.by)

    @cached_property
    def _local(self) -> dict[int, dict[int, float]]:
        """The derivatives of the equations on the way by the names in them."""
        return {node: by_names(self._graph, node, self._data) for node in self._way.names}

    def suspects(self) -> Iterator[Suspect]:
        """Every mistake, with the value that it gives."""
        right, by, output = self._right, self._way.by, self._graph.output
        yield Suspect(("sign",), 1, "sign", -right)
        yield Suspect(("by",), 70, "value", self._data[by])
        if output != by:
            yield Suspect(("of",), 71, "value", self._data[output])
        if right:
            yield Suspect(("reciprocal",), 65, "reciprocal", 1 / right)
        for words, times in _FACTORS.items():
            yield Suspect(("factor", words), 90, "factor", times * right)
        yield Suspect(("square",), 95, "power", right**2)
        if self._way.large:
            return
        for at, node in enumerate(self._way.above[:-1]):
            upper, lower = self._gradients[node], self._tangent[node]
            if abs(upper * lower - right) > 1e-9 * abs(upper * lower):
                continue  # there are other ways as well
            named = bool(self._graph.label(node))
            first, second = ("early", "local") if named else ("missing factor", "missing factor")
            yield Suspect(("early", node), 10 + min(at, 9) if named else 47, first, lower)
            yield Suspect(("local", node), 30 if named else 47, second, upper)
        for edge in self._way.uses:
            rest, base, _ = self._shares(edge)
            for other, instead in self._local[edge.step].items():
                if other != edge.operand:
                    yield Suspect(("swapped", edge, other), 20, "swapped", rest + base * instead)
            yield from self._changed(edge, 40)
        for edge in self._way.steps:
            yield from self._changed(edge, 45)
            rest, base, slope = self._shares(edge)
            for other in self._graph.operands(edge.step):
                size = self._data[other]
                if other != edge.operand and size:
                    yield Suspect(("lost", edge, other), 60, "factor", rest + base * slope / size)
                yield Suspect(("more", edge, other), 62, "factor", rest + base * slope * size)

    def _changed(self, edge: Edge, rank: int) -> Iterator[Suspect]:
        """The mistakes with one derivative on the way."""
        rest, base, slope = self._shares(edge)
        share = base * slope
        yield Suspect(("missing", edge), rank, "missing factor", rest + base)
        if rest and share:
            yield Suspect(("forgotten", edge), rank + 10, "missing contribution", rest)
            yield Suspect(("only", edge), rank + 12, "missing contribution", share)
            yield Suspect(("negative", edge), rank + 13, "sign", rest - share)
        if slope:
            yield Suspect(("over", edge), 82, "reciprocal", rest + base / slope)
        yield Suspect(("value", edge), 72, "value", rest + base * self._data[edge.step])

    def sentence(self, key: Key) -> str:
        """What is to be said of a mistake at this point."""
        way, by, output = self._way, self._way.by, self._graph.output
        match key:
            case ("sign",):
                return "a sign error"
            case ("by",):
                return f"this is the value of {way.text(by)}"
            case ("of",):
                return f"this is the value of {way.text(output)}"
            case ("reciprocal",):
                return "this is 1 divided by the derivative"
            case ("factor", words):
                return f"this is {words} the derivative"
            case ("square",):
                return "this is the derivative squared"
            case ("early" | "local" as end, int(node)):
                return self._cut(node, end == "early")
            case (what, Edge() as edge):
                return self._said(what, edge)
            case (what, Edge() as edge, int(other)):
                if what == "swapped":
                    return (
                        f"the local derivative of {way.respect(edge)}"
                        f" is {self._formula(edge.step, edge.operand)},"
                        f" the claim has {self._formula(edge.step, other)}"
                    )
                text, value = way.text(other), number(self._data[other])
                shown = text if text == value else f"{text} = {value}"
                how = "missing" if what == "lost" else "too many"
                return f"in {self._derivative(edge)}, the factor {shown} is {how}"
        raise KeyError(key)

    def _cut(self, node: int, early: bool) -> str:
        """One of the two factors that meet at a node is missing: that above it, or that below."""
        way, by, output = self._way, self._way.by, self._graph.output
        upper, lower = number(self._gradients[node]), number(self._tangent[node])
        if not self._graph.label(node):
            of, to, size = (output, node, upper) if early else (node, by, lower)
            side = "outer" if early else "inner"
            return (
                f"the {side} derivative is missing: that of {way.text(of)} with respect to"
                f" {way.text(to)}, {size}"
            )
        above, below = way.d(output, node), way.d(node, by)
        if early:
            return f"it stops too early: this is {below}; the factor {above} = {upper} is missing"
        return (
            f"the local derivative is missing: this is {above};"
            f" the factor {below} = {lower} is missing"
        )

    def _said(self, what: object, edge: Edge) -> str:
        """What is to be said of a mistake with one derivative."""
        through = self._way.through(edge)
        _, base, slope = self._shares(edge)
        match what:
            case "forgotten":
                return f"the share through {through}, {number(base * slope)}, is forgotten"
            case "only":
                return f"this is only the share through {through}; others are forgotten"
        derivative = self._derivative(edge)
        match what:
            case "missing":
                return f"{derivative}, is missing"
            case "negative":
                return f"a sign error in {derivative}"
            case "over":
                return f"{derivative}, is upside down"
        out = number(self._data[edge.step])
        return f"the value of {through}, {out}, stands in place of {derivative}"

    def _slope(self, edge: Edge) -> float:
        if edge.number is None:
            return self._local[edge.step][edge.operand]
        return local_slopes(self._graph, edge.step, self._data)[edge.number]

    def _shares(self, edge: Edge) -> tuple[float, float, float]:
        """What reaches the derivative by other ways, the factor of this edge's slope in the rest, and
        the slope."""
        base = self._gradients[edge.step] * self._tangent[edge.operand]
        slope = self._slope(edge)
        return (self._right - base * slope if isfinite(base) else 0.0), base, slope

    def _derivative(self, edge: Edge) -> str:
        """`the derivative of e = a*b with respect to a, b = −3`."""
        shown = number(self._slope(edge))
        formula = self._formula(edge.step, edge.operand) if edge.number is None else ""
        same = f"{formula} = " if formula and formula != shown else ""
        return f"the derivative of {self._way.respect(edge)}, {same}{shown}"

    def _formula(self, equation: int, by: int) -> str:
        """The derivative of an equation by a name as a formula; of a long one its number."""
        model = self._way.model
        found = partials(self._graph, equation, self._data, model.labels, model.names)[by]
        text = "" if found is None else written(found)
        return text if text and len(text) <= LONG else number(self._local[equation][by])

    def chain(self) -> str:
        """The derivative as a product along the only way there is, or as the sum of its shares:
        `∂L/∂a = ∂L/∂d · ∂d/∂a = −2 · 3 = −6`."""
        by, output, d = self._way.by, self._graph.output, self._way.d
        whole, total = d(output, by), number(self._right)
        users: dict[int, list[int]] = {}
        for edge in self._way.uses:
            users.setdefault(edge.operand, []).append(edge.step)
        at = by
        path: list[tuple[int, int]] = []
        while len(users.get(at, ())) == 1 and len(path) < 8:
            [equation] = users[at]
            path.insert(0, (equation, at))
            at = equation
        if at == output and len(path) > 1:
            names = " · ".join(d(*each) for each in path)
            return f"{whole} = {names} = {_product([self._local[of][by] for of, by in path])} = {total}"
        first = users.get(by, [])
        if not 1 <= len(first) <= 8:
            return f"{whole} = {total}"
        products: list[str] = []
        shares: list[str] = []
        for equation in first:
            slope = self._local[equation][by]
            if equation == output:  # a share of its own, without anything between
                products.append(self._formula(equation, by))
                shares.append(_product([slope], not shares))
            else:
                products.append(f"{d(output, equation)} · {d(equation, by)}")
                shares.append(_product([self._gradients[equation], slope], not shares))
        sides = [" + ".join(products), " + ".join(shares)]
        return " = ".join([whole, *(side for side in sides if side != total), total])


def _product(numbers: list[float], first: bool = True) -> str:
    """`−2 · 3 · (−1)`; first: whether nothing stands before it."""
    head = number(numbers[0]) if first else factor(numbers[0])
    return " · ".join([head, *map(factor, numbers[1:])])
