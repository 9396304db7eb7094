"""What a wrong derivative could have come from: each mistake with the number that it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite

from backprop.checks.graph import Graph
from backprop.checks.words import factor, number
from backprop.engine import by_names, local_slopes, steps_of
from backprop.engine.writers.formulas import partials
from backprop.language import Model
from backprop.source import one_line
from backprop.syntax.algebra import written
from backprop.values import NUMBER, Value

Key = tuple[object, ...]

_MOST = 400
"""Steps between the two names: past that, only the derivative as a whole is looked at."""

_LONG = 60

_FACTORS = (
    (2.0, "twice"),
    (0.5, "half"),
    (3.0, "three times"),
    (1 / 3, "a third of"),
    (4.0, "four times"),
    (0.25, "a quarter of"),
    (-2.0, "−2 times"),
    (-0.5, "−1/2 times"),
)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A mistake. rank: the simple ones first. kind: its name for programs. value: what a person who
    makes it would claim. say: the sentence, to be called while the Values stand at a point."""

    rank: int
    kind: str
    value: float
    say: Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Edge:
    """A use of an operand by a step, or by an equation as a whole; number: which operand of a step."""

    operand: Value
    step: Value
    number: int | None


class Way:
    """Everything between an output and a name that leads to it."""

    def __init__(self, model: Model, graph: Graph, by: Value) -> None:
        self.model = model
        self.graph = graph
        self.by = by
        self.above = graph.above(by)
        self.names = [value for value in self.above if value.label]
        self.large = len(self.above) > _MOST
        on_the_way = {by, *self.above}
        self.uses: list[_Edge] = []
        self.steps: list[_Edge] = []
        self.owner: dict[Value, Value] = {}
        for equation in [] if self.large else self.names:
            inside = steps_of(equation)
            used = dict.fromkeys(
                each for step in inside for each in step.prev if each.label and each in on_the_way
            )
            self.uses += [_Edge(each, equation, None) for each in used]
            twice = any(len(set(step.prev)) < len(step.prev) for step in inside)
            for step in inside if len(inside) > 1 or twice or _powers(inside) else ():
                if step in on_the_way:
                    self.owner[step] = equation
                    self.steps += [
                        _Edge(each, step, at)
                        for at, each in enumerate(step.prev)
                        if each in on_the_way
                    ]

    # ------------------------------------------------------------------ numbers, at one point

    def suspects(self) -> Iterator[tuple[Key, Suspect]]:
        """Every mistake, with the value it gives where the Values stand now."""
        right, output, name = self.by.grad, self.graph.root.label, self.by.label
        yield ("sign",), Suspect(1, "sign", -right, lambda: "a sign error")
        yield ("by",), Suspect(70, "value", self.by.data, lambda: f"this is the value of {name}")
        if output != name:
            value = self.graph.root.data
            yield ("of",), Suspect(71, "value", value, lambda: f"this is the value of {output}")
        if right:
            yield (
                ("reciprocal",),
                Suspect(65, "reciprocal", 1 / right, lambda: "this is 1 divided by the derivative"),
            )
        for times, words in _FACTORS:
            said = f"this is {words} the derivative"
            yield ("factor", times), Suspect(90, "factor", times * right, lambda said=said: said)  # type: ignore[misc]
        yield ("square",), Suspect(95, "power", right**2, lambda: "this is the derivative squared")
        if not self.large:
            yield from self._on_the_way(self._tangents())

    def _on_the_way(self, tangent: dict[Value, float]) -> Iterator[tuple[Key, Suspect]]:
        for at, each in enumerate(self.above[:-1]):
            product = each.grad * tangent[each]
            if abs(product - self.by.grad) > 1e-9 * abs(product):
                continue  # there are other ways as well
            early, upstream = (
                (self._early(each), self._only_upstream(each, tangent))
                if each.label
                else (self._outer(each), self._inner(each, tangent))
            )
            if each.label:
                rank = 10 + min(at, 9)
                yield ("early", each), Suspect(rank, "early", tangent[each], early)
                yield ("local", each), Suspect(30, "local", each.grad, upstream)
            else:
                yield ("early", each), Suspect(47, "missing factor", tangent[each], early)
                yield ("local", each), Suspect(47, "missing factor", each.grad, upstream)
        local = {equation: by_names(equation) for equation in self.names}
        for edge in self.uses:
            slope = local[edge.step][edge.operand]
            rest, base = self._shares(edge, slope, tangent)
            for other, instead in local[edge.step].items():
                if other is not edge.operand:
                    swapped = Suspect(
                        20, "swapped", rest + base * instead, self._swapped(edge, other)
                    )
                    yield ("swapped", edge, other), swapped
            yield from self._changed(edge, slope, rest, base, 40)
        for edge in self.steps:
            assert edge.number is not None
            slope = local_slopes(edge.step)[edge.number]
            rest, base = self._shares(edge, slope, tangent)
            yield from self._changed(edge, slope, rest, base, 45)
            for other in edge.step.prev:
                if other is not edge.operand and other.data:
                    lost = rest + base * slope / other.data
                    said = self._factor(edge, other, "is missing")
                    yield ("lost", edge, other), Suspect(60, "factor", lost, said)
                more = rest + base * slope * other.data
                said = self._factor(edge, other, "is too many")
                yield ("more", edge, other), Suspect(62, "factor", more, said)

    def _changed(
        self, edge: _Edge, slope: float, rest: float, base: float, rank: int
    ) -> Iterator[tuple[Key, Suspect]]:
        """The mistakes with one derivative on the way."""
        key = (edge.operand, edge.step, edge.number)
        share = base * slope
        yield ("missing", *key), Suspect(rank, "missing factor", rest + base, self._missing(edge))
        if rest and share:
            forgotten = self._forgotten(edge, share)
            yield ("forgotten", *key), Suspect(rank + 10, "missing contribution", rest, forgotten)
            only = self._only(edge)
            yield ("only", *key), Suspect(rank + 12, "missing contribution", share, only)
            negative = self._negative(edge)
            yield ("negative", *key), Suspect(rank + 13, "sign", rest - share, negative)
        if slope:
            upside_down = self._upside_down(edge)
            yield ("over", *key), Suspect(82, "reciprocal", rest + base / slope, upside_down)
        out = rest + base * edge.step.data
        yield ("value", *key), Suspect(72, "value", out, self._value_of(edge))

    def _shares(
        self, edge: _Edge, slope: float, tangent: dict[Value, float]
    ) -> tuple[float, float]:
        """What reaches the derivative by other ways, and the factor of this edge's slope in the rest."""
        base = edge.step.grad * tangent[edge.operand]
        if not isfinite(base):
            return 0.0, base
        return self.by.grad - base * slope, base

    def _tangents(self) -> dict[Value, float]:
        """The derivative by the name of everything on the way: the chain rule, forward."""
        tangent = {self.by: 1.0}
        for step in self.above:
            total = 0.0
            for operand, slope in zip(step.prev, local_slopes(step), strict=True):
                if operand in tangent and slope and tangent[operand]:
                    total += slope * tangent[operand]
            tangent[step] = total
        return tangent

    # ----------------------------------------------------------------------------- sentences

    def _early(self, name: Value) -> Callable[[], str]:
        return lambda: (
            f"it stops too early: this is {self._d(name, self.by)};"
            f" the factor {self._d(self.graph.root, name)} = {number(name.grad)} is missing"
        )

    def _only_upstream(self, name: Value, tangent: dict[Value, float]) -> Callable[[], str]:
        return lambda: (
            f"the local derivative is missing: this is {self._d(self.graph.root, name)};"
            f" the factor {self._d(name, self.by)} = {number(tangent[name])} is missing"
        )

    def _outer(self, step: Value) -> Callable[[], str]:
        return lambda: (
            f"the outer derivative is missing: that of {self.graph.root.label} with respect to"
            f" {self.text(step)}, {number(step.grad)}"
        )

    def _inner(self, step: Value, tangent: dict[Value, float]) -> Callable[[], str]:
        return lambda: (
            f"the inner derivative is missing: that of {self.text(step)} with respect to"
            f" {self.by.label}, {number(tangent[step])}"
        )

    def _swapped(self, edge: _Edge, other: Value) -> Callable[[], str]:
        return lambda: (
            f"the local derivative of {self.equation(edge.step)} with respect to"
            f" {edge.operand.label} is {self._formula(edge.step, edge.operand)},"
            f" the claim has {self._formula(edge.step, other)}"
        )

    def _missing(self, edge: _Edge) -> Callable[[], str]:
        return lambda: f"{self.derivative(edge)}, is missing"

    def _forgotten(self, edge: _Edge, share: float) -> Callable[[], str]:
        return lambda: f"the share through {self._through(edge)}, {number(share)}, is forgotten"

    def _only(self, edge: _Edge) -> Callable[[], str]:
        return lambda: f"this is only the share through {self._through(edge)}; others are forgotten"

    def _negative(self, edge: _Edge) -> Callable[[], str]:
        return lambda: f"a sign error in {self.derivative(edge)}"

    def _upside_down(self, edge: _Edge) -> Callable[[], str]:
        return lambda: f"{self.derivative(edge)}, is upside down"

    def _value_of(self, edge: _Edge) -> Callable[[], str]:
        return lambda: (
            f"the value of {self._through(edge)}, {number(edge.step.data)},"
            f" stands in place of {self.derivative(edge)}"
        )

    def _factor(self, edge: _Edge, other: Value, how: str) -> Callable[[], str]:
        def say() -> str:
            text, value = self.text(other), number(other.data)
            shown = text if text == value else f"{text} = {value}"
            return f"in {self.derivative(edge)}, the factor {shown} {how}"

        return say

    def derivative(self, edge: _Edge) -> str:
        """`the derivative of e = a*b with respect to a, b = −3`."""
        if edge.number is None:
            slope = by_names(edge.step)[edge.operand]
            formula = self._formula(edge.step, edge.operand)
        else:
            slope, formula = local_slopes(edge.step)[edge.number], ""
        same = f"{formula} = " if formula and formula != number(slope) else ""
        inside = ""
        owner = self.owner.get(edge.step)
        if edge.number is not None and owner is not None and owner is not edge.step:
            inside = f" inside {self.equation(owner)}"
        return (
            f"the derivative of {self._through(edge)} with respect to"
            f" {self.text(edge.operand)}{inside}, {same}{number(slope)}"
        )

    def _through(self, edge: _Edge) -> str:
        return self.equation(edge.step) if edge.step.label else self.text(edge.step)

    def equation(self, value: Value) -> str:
        text = self.model.text(value)
        return f"{value.label} = {text}" if text and len(text) <= _LONG else value.label

    def text(self, value: Value) -> str:
        if value.label:
            return value.label
        if value.op == NUMBER:
            return number(value.data)
        text = one_line(self.model.text(value))
        return text if text and len(text) <= _LONG else f"a step {value.op}"

    def _formula(self, equation: Value, by: Value) -> str:
        """The derivative of an equation by a name as a formula; of a long one its number."""
        names = {value: value.label for value in self.model.values.values()}
        found = partials(equation, names, self.model.values)[by]
        text = "" if found is None else written(found)
        return text if text and len(text) <= _LONG else number(by_names(equation)[by])

    def _d(self, of: Value, by: Value) -> str:
        return f"∂{of.label}/∂{by.label}"

    def chain(self) -> str:
        """The derivative as a product along the only way there is, or as the sum of its shares:
        `∂L/∂a = ∂L/∂d · ∂d/∂a = −2 · 3 = −6`."""
        root = self.graph.root
        whole, total = self._d(root, self.by), number(self.by.grad)
        users: dict[Value, list[Value]] = {}
        for edge in self.uses:
            users.setdefault(edge.operand, []).append(edge.step)
        at = self.by
        factors: list[str] = []
        numbers: list[float] = []
        while len(users.get(at, ())) == 1 and len(factors) < 8:
            equation = users[at][0]
            factors.insert(0, self._d(equation, at))
            numbers.insert(0, by_names(equation)[at])
            at = equation
        if at is root and len(numbers) > 1:
            shown = " · ".join([number(numbers[0]), *map(factor, numbers[1:])])
            return f"{whole} = {' · '.join(factors)} = {shown} = {total}"
        first = users.get(self.by, [])
        if not 1 <= len(first) <= 8:
            return f"{whole} = {total}"
        products: list[str] = []
        shares: list[str] = []
        for equation in first:
            slope = by_names(equation)[self.by]
            if equation is root:  # a share of its own, without anything between
                products.append(self._formula(equation, self.by))
                shares.append(number(slope) if not shares else factor(slope))
            else:
                products.append(f"{self._d(root, equation)} · {self._d(equation, self.by)}")
                grad = number(equation.grad) if not shares else factor(equation.grad)
                shares.append(f"{grad} · {factor(slope)}")
        sides = [whole, " + ".join(products), " + ".join(shares), total]
        return " = ".join(side for at, side in enumerate(sides) if side != total or at == 3)


def _powers(steps: list[Value]) -> bool:
    """Whether a step has a number for an operand, a factor of which may have been forgotten."""
    return any(operand.op == NUMBER for step in steps for operand in step.prev)
