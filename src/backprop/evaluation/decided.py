"""Derivatives in equations at points where the chain rule meets 0·∞: they are what `grad` says of what they
are derivatives of. What depends on them has its slopes by values beside the point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from math import isfinite, nan
from typing import NamedTuple, TypeAlias

from backprop.chain.derivatives import derivative_graph
from backprop.errors import BackpropError, IndeterminateForm, Label, NotFinite
from backprop.evaluation.borders import met_within
from backprop.evaluation.diagnosis import has_value, place
from backprop.evaluation.indeterminate import slopes_by_values, verdict
from backprop.evaluation.looks import LARGEST
from backprop.evaluation.precise import PLAIN, Precise
from backprop.evaluation.precise_sides import beside
from backprop.evaluation.sides import AGREED
from backprop.evaluation.smooth_corners import Settled, SmoothCorners
from backprop.graph import Columns, Graph, depending, in_order
from backprop.language.model import Model
from backprop.numbers import few, shown
from backprop.syntax import functions
from backprop.values import ByNode, Lookup, backward, forward, having_say

_GROUPS, _STEPS = 20, 100_000
"""The most things whose derivatives are looked at, or of more the most steps that lead to them."""

_WARNINGS = 5
"""The most warnings for one run."""

_WORK = 100_000
"""The most steps that are computed beside the point, what is no sum or product counted as four: some
seconds."""


_SLOPES = Lookup(functions.slopes)


class Decided(NamedTuple):
    """What is known of derivatives in equations that their steps do not say.

    graph: that of the output, in which they are no steps. order: all that is computed, without what leads
    to them alone. rows: these derivatives. warnings: on each. corners: of others that stand on a border.
    """

    graph: Graph
    order: list[int]
    rows: list[int]
    warnings: list[BackpropError]
    corners: SmoothCorners


def decided(
    model: Model, graph: Graph, order: Sequence[int], data: list[float], settled: Settled
) -> Decided | None:
    """Give derivatives the values that `grad` says, and what depends on them those that follow; None where
    there are none to give. order: what has been computed, `graph` before all else. settled: what `grad`
    finds of a graph. Raises NotFinite."""
    columns, borders = model.columns, met_within(graph, data)
    if not borders and all([isfinite(data[node]) for node in order]):  # noqa: C419
        return None
    known, asked = {*order}, model.derivations

    def needs(node: int) -> Sequence[int]:
        of = asked.get(node)
        return (*columns.operands(node), of.of) if of else columns.operands(node)

    every = in_order(order, needs)
    forward(columns, [x for x in every if x not in known and columns.is_step(x)], data)
    odd = depending(columns, [node for node in every if not isfinite(data[node])], every)
    borders = met_within(Graph(columns, every), data) if borders else []
    bent = depending(columns, borders, every)
    bending = {row for row in asked if row in bent}
    groups = dict[tuple[int, frozenset[int]], list[int]]()
    for row in every:
        if row in asked and (row in odd or row in bending):
            groups.setdefault((asked[row].of, asked[row].held), []).append(row)
    if not groups:
        return None
    without, found, warnings = columns.copy(), list[int](), list[BackpropError]()
    corners = SmoothCorners(without, bending, {*borders}, data, settled, _WORK)
    behind = depending(columns, bending, every)
    infinite, stale, looked, spent = dict[int, None](), set[int](), 0, 0

    def settle() -> None:
        """Compute what depends on the derivatives that have been decided."""
        moved = (x for x in every if (x in odd or x in bent) and x not in infinite)
        forward(without, filter(without.is_step, moved), data)
        stale.clear()

    for (of, held), rows in groups.items():
        whole = Graph(columns, [of], graph.labels).holding(held)
        if stale and not stale.isdisjoint(whole.order):
            settle()
        slope: _Slope | None = None
        by = {asked[row].by: row for row in rows}
        if spoilt := not odd.isdisjoint(rows):
            looked, spent = looked + 1, spent + len(whole.order)
        if not spoilt or (looked > _GROUPS and spent > _STEPS):
            slope = _at_corners(corners, whole, by, held, data, found) if of in behind else None
        else:
            slope = _slopes(whole, by, held, without, data, found, corners)
            if not slope and not infinite.keys().isdisjoint(whole.order):
                slope = _unknown
        for row in rows if slope else ():
            assert slope
            number, how = slope(asked[row].by)
            if number == data[row] or (number != number and not isfinite(data[row])):
                continue
            data[row] = number
            stale.add(row)
            if not isfinite(number):
                infinite[row] = None
                continue
            without.undefine(row)
            found.append(row)
            warnings += [_told(model, row, data, f"by values it is {how}")] if how else []
    if stale:
        settle()
    if infinite and (lost := infinite.keys() & {*having_say(graph, graph.order, data)}):
        raise _without_value(model, min(lost), data)
    if not found:
        return Decided(graph, [*order], [], [], corners) if bending else None
    inner = Graph(without, graph.outputs, graph.labels)
    still = {*in_order([node for node in order if node in model.labels], without.operands)}
    first = [*inner.order]
    there = {*first}
    others = [node for node in order if node in still and node not in there]
    return Decided(inner, first + others, found, abridged(model, warnings), corners)


def by_values(model: Model, graph: Graph, data: ByNode) -> set[int]:
    """The derivatives in equations that are not what their steps compute, in a graph whose nodes are worth
    `data`."""
    found = set[int]()
    for row in model.derivations:
        if row in graph and graph.is_step(row) and _computed(graph, row, data) != data[row]:
            found.add(row)
    return found


def _computed(graph: Graph, row: int, data: ByNode) -> float:
    """What a step makes of its operands."""
    here = {each: data[each] for each in graph.operands(row)}
    forward(graph, [row], here)
    return here[row]


def abridged(model: Model, told: Iterable[BackpropError]) -> list[BackpropError]:
    """The first of many warnings on derivatives in equations, and how many more there are."""
    warnings = [*told]
    if rest := warnings[_WARNINGS:]:
        message = (
            f"the chain rule does not decide {len(rest)} more derivatives in equations: by values"
        )
        more = IndeterminateForm(message, where=model.source.name)
        more.leads = frozenset().union(*(x.leads for x in rest if isinstance(x, IndeterminateForm)))
        warnings[_WARNINGS:] = [more]
    return warnings


def unseen(model: Model, corners: SmoothCorners) -> list[BackpropError]:
    """A warning where not all derivatives in equations have been looked at."""
    if corners.left >= 0:
        return []
    message = (
        "derivatives in equations stand on borders here, too many to be looked at from both sides:"
        " some are those of their steps"
    )
    warning = IndeterminateForm(message, where=model.source.name)
    warning.leads = frozenset(model.names)
    return [warning]


_Slope: TypeAlias = Callable[[int], tuple[float, str]]
"""A function of a node: the derivative by it, and how it was found in words, "" where that needs none."""


def _at_corners(
    corners: SmoothCorners,
    graph: Graph,
    rows: Mapping[int, int],
    held: frozenset[int],
    data: list[float],
    found: Collection[int],
) -> _Slope | None:
    """The derivatives of a graph's output where only borders are met; None where that takes too long.
    rows: those of which it may be that values say more, by what they are by. found: the rows that
    values have decided."""
    if corners.left < 0:
        return None
    if {*found}.isdisjoint(graph.order):
        more = corners.more(graph.output, rows, held)
        return lambda node: (data[rows[node]] + more.get(node, 0.0), "")
    look = _Beside(graph, data, corners.left)

    def beside_it(node: int) -> tuple[float, str]:
        number, how = look.slope(node)
        corners.left = look.left
        if number != number:
            return data[rows[node]], ""
        return number, "" if how == shown(number) else how

    return beside_it


def _slopes(
    graph: Graph,
    by: Container[int],
    held: frozenset[int],
    without: Columns,
    data: list[float],
    found: Collection[int],
    corners: SmoothCorners,
) -> _Slope | None:
    """The derivatives of a graph's output; None where it has no value. The rest as for `_at_corners`."""
    if {*found}.isdisjoint(graph.order) and has_value(graph, graph.order, data):
        gradients = [0.0] * len(data)
        undecided = corners.settled(graph, data, gradients) or ()
        by_values = slopes_by_values(graph, data)
        more = corners.more(graph.output, by, held)
        return lambda node: (
            by_values(node) if node in undecided else (gradients[node] + more.get(node, 0.0), "")
        )
    inner = Graph(without, graph.outputs)
    if not has_value(inner, inner.order, data):
        return None
    look = _Beside(graph, data, _WORK)
    return lambda node: look.slope(node)


def _unknown(node: int) -> tuple[float, str]:
    """The slope of what has none itself."""
    return nan, ""


class _Beside:
    """The slopes of a graph's output by values beside a point at which its steps have none."""

    def __init__(self, graph: Graph, data: list[float], work: int) -> None:
        self._graph, self._data, self.left = graph, data, work
        self._levels = cache(partial(Precise, graph, data, most=LARGEST))

    def slope(self, node: int) -> tuple[float, str]:
        """The slope by a node, and that in words."""
        graph = self._graph
        self.left -= 8 * sum(1 if graph.op(each) in PLAIN else 4 for each in graph.above(node))
        if self.left < 0:
            return nan, "not looked at: nan is given"
        found = beside(graph, self._levels, node)
        slope, how = verdict(found)
        if slope != slope and (around := self._around(node)) is not None:
            return around, shown(around)
        here = self._data[graph.output]
        away = [
            side.limit
            for side in (found.left, found.right)
            if side.kind == "slope" and not abs(side.limit - here) <= AGREED * max(1.0, abs(here))
        ]
        return slope, f"{how}, beside a jump" if away else how

    def _around(self, node: int) -> float | None:
        """The slope by a node that goes by all that has no value, by way of sums: that by x of
        sqrt(y)^2 + 3*x is 3, where y is 0. None where none of it does."""
        graph, data = self._graph, self._data
        above = graph.above(node)
        moving = {node, *above}
        behind = depending(graph, [n for n in graph.order if not isfinite(data[n])], graph.steps)
        for step in above:
            inside = graph.operands(step)
            if functions.constant_slopes(graph.op(step)):
                continue
            lost = not behind.isdisjoint(inside)
            alone = len(moving.intersection(inside)) == 1 and not behind.difference(moving) & {
                *inside
            }
            if lost and not (alone and functions.has_slopes(graph.op(step))):
                return None
        gradients = defaultdict[int, float](float, {graph.output: 1.0})
        doubtful = backward(graph, above, data, gradients, _SLOPES)
        return None if doubtful or not isfinite(gradients[node]) else gradients[node]


def add_slopes(
    model: Model, graph: Graph, data: list[float], gradients: ByNode, rows: Sequence[int]
) -> Iterator[BackpropError]:
    """Add to the gradients of names what derivatives in equations bring that values have decided. Steps
    without a name that lead to them have none: nan. graph: that of the output, whole. Warnings say how."""
    work = _WORK
    inside, labels = {*graph.order}, graph.labels
    shares = [(row, gradients[row]) for row in rows if row in inside]
    for row, gradient in shares:
        own = Graph(graph.columns, [row], labels)
        look, said, plain = _Beside(own, data, work), list[str](), True
        for node in own.order[:-1]:
            if own.is_number(node):
                continue
            if node not in labels:
                gradients[node] = nan
                continue
            slope, how = look.slope(node)
            if slope != slope and (swapped := _swapped(model, row, node, data)) is not None:
                slope, how = swapped, shown(swapped)
            gradients[node] += gradient * slope if slope or not isfinite(gradient) else 0.0
            said.append(f"by {labels[node]} is {how}")
            plain &= how == shown(slope)
        work = look.left
        if said and not (plain and isfinite(_computed(graph, row, data))):
            yield _told(model, row, data, f"by values its slope {few(said)}", {*labels.values()})


def _swapped(model: Model, row: int, node: int, data: ByNode) -> float | None:
    """The slope of a derivative by an input of what it is the derivative of, as the derivative of that one's
    slope, which has a value: of `y*cbrt(y)*x` by y it is 0 by x, where y is 0. None where it has none."""
    asked = model.derivations[row]
    whole = Graph(model.columns, [asked.of]).holding(asked.held)
    if node == asked.by or node not in whole or whole.is_step(node):
        return None
    slopes = derivative_graph(whole, [node])
    found = slopes.columns.start()
    for each in whole.order:
        found[each] = data[each]
    forward(slopes, slopes.steps, found)
    if asked.by not in slopes or not has_value(slopes, slopes.order, found):
        return None
    number, _ = slopes_by_values(slopes, found)(asked.by)
    return None if number != number else number


def _told(
    model: Model, row: int, data: ByNode, what: str, leads: set[str] | None = None
) -> IndeterminateForm:
    text, labels = _placed(model, row, data)
    message = f"the chain rule does not decide {text} here: {what}"
    warning = IndeterminateForm(message, *labels)
    warning.leads = frozenset(leads or {*model.names})
    return warning


def _placed(model: Model, row: int, data: ByNode) -> tuple[str, list[Label]]:
    """The text of a derivative, and where it stands, with the number of what it is by."""
    text, labels = place(model, row, data)
    by = model.derivations[row].by
    at = f"{model.labels[by]} = {shown(data[by])}" if by in model.labels else ""
    return text, [labels[0]._replace(text=at), *labels[1:]] if labels else labels


def _without_value(model: Model, row: int, data: ByNode) -> NotFinite:
    text, labels = _placed(model, row, data)
    return NotFinite(f"{text} is {shown(data[row])} here", *labels)
