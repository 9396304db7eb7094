"""Where the chain rule meets 0·∞, or a gradient that is too small for a double.

The interpreter, and machine code, only notice that this may be so. Here it is decided, for each
node by itself, from values of more digits than doubles have: 0·∞ is 0 if the 0 does not depend
on that node. Otherwise the chain rule does not decide, and the derivative is nan; `by_values` asks
the values themselves.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from functools import cache, partial
from itertools import chain, islice
from math import inf, isfinite, isinf, nan
from types import MappingProxyType
from typing import Any

from backprop.chain.walk import Walk
from backprop.engine.underflow import too_small
from backprop.engine.writers.exact import Exact, ExactWriter, Open
from backprop.errors import IndeterminateForm, Underflow
from backprop.evaluation.borders import kind, met_within
from backprop.evaluation.diagnosis import place
from backprop.evaluation.harmless import moves_output
from backprop.evaluation.precise import PLAIN, Precise, angle, has_signed_zero
from backprop.evaluation.precise_sides import sides
from backprop.evaluation.sides import AGREED, Side, Sides
from backprop.graph import Graph, depending, in_order
from backprop.language.model import Model
from backprop.numbers import shown
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.values import ByNode, any_steep, having_say

_MOST = 2_500
"""The most steps that are looked at, one node after another, at many digits; three times as many at
few. What is left then stays undecided: two or three seconds are enough."""

_BY_VALUES = 50_000
"""The most steps that move with the names that values are asked about, besides twice the whole graph;
what is no sum or product counts as four."""

_MANY, _FEW = 700, 500
"""Digits that hold the sum of any two doubles, for graphs of up to so many steps; else 60 digits."""

_FLAT = 1e-15
"""Where values show no slope at all, what it may be all the same."""

_WARNINGS, _NAMED = 5, 4
"""The most warnings, and the most names in one."""


def settle(
    graph: Graph, data: ByNode, gradients: ByNode, doubtful: Sequence[int]
) -> dict[int, Open]:
    """Put the gradients of a graph right that `backward` was not sure of.

    doubtful: the steps that it returned. What the chain rule does not decide becomes nan: returned
    are these nodes, with the step at which it does not.
    """
    unknown = [node for node in graph.order if not isfinite(gradients[node])]
    leading = in_order([*unknown, *doubtful], graph.operands)
    wanted = [node for node in leading if not graph.is_number(node)]
    inputs = [node for node in graph.order if not graph.is_number(node)]
    found = _Exactly(graph, data).derivatives(inputs, wanted)
    for node, number in found.items():
        if isinf(gradients[node]) and number.open is None and number.value != number.value:
            continue  # at the end of a domain, of which doubles may be the only ones to have a value
        gradients[node] = float(number.value) if number.open is None else nan
    return {node: number.open for node, number in found.items() if number.open is not None}


def by_values(
    model: Model,
    graph: Graph,
    data: ByNode,
    gradients: ByNode,
    undecided: Mapping[int, Open],
) -> list[IndeterminateForm]:
    """Give the named nodes that `settle` left undecided the slopes that values give; warnings, one for
    each place in the text."""
    slope = slopes_by_values(graph, data)
    output, left = model.labels[graph.output], _BY_VALUES + 2 * _work(graph, graph.steps)
    said: dict[Hashable, dict[str, str]] = defaultdict(dict)
    first: dict[Hashable, Open] = {}
    unseen: list[str] = []
    for node, where in undecided.items():
        if node not in model.labels:
            continue
        name = model.labels[node]
        if left >= 0:
            left -= _work(graph, graph.moved_by(node)[0])
        if left < 0:
            gradients[node] = nan
            unseen.append(name)
            continue
        gradients[node], how = slope(node)
        columns, step = model.columns, where.step
        key: Hashable = (columns.places[step], columns.callers.get(step), where.form)
        said[key][name] = f"∂{output}/∂{name} is {how}"
        first.setdefault(key, where)
    warnings = []
    for place_of, parts in list(said.items())[:_WARNINGS]:
        more = f"; and so on for {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
        step, form = first[place_of]
        text, labels = place(model, step, data)
        at = f" at {labels[0].text}" if labels and labels[0].text else ""
        listed = "; ".join(islice(parts.values(), _NAMED))
        message = f"the chain rule meets {form} in {text}{at}: by values {listed}{more}"
        warnings.append(IndeterminateForm(message, *labels))
        warnings[-1].leads = frozenset(parts)
    if rest := [*chain.from_iterable(list(said.values())[_WARNINGS:]), *unseen]:
        found = f"; {len(unseen)} are nan, because there are too many to look at" if unseen else ""
        message = f"the chain rule does not decide {len(rest)} more gradients{found}"
        warnings.append(IndeterminateForm(message, where=model.source.name))
        warnings[-1].leads = frozenset(rest)
    return warnings


def _work(graph: Graph, steps: Iterable[int]) -> int:
    """How long it takes to compute some steps."""
    return sum(1 if graph.op(step) in PLAIN else 4 for step in steps)


def lost(model: Model, graph: Graph, data: ByNode) -> list[Underflow]:
    """A warning where the value of the output is not what it would be if doubles had more digits
    and smaller numbers, at the first step with which that begins: one that is too small, one that
    jumps because of rounding, or one that has a value by rounding only."""
    exact = _Exactly(graph, data)
    value = float(exact.value(graph.output))
    would = f"{model.labels[graph.output]} would be {shown(value)}"
    missed = set[int]()
    if not _agree(value, data[graph.output]) and moves_output(graph, data):
        missed = {*too_small(graph, data)}
    return _first_lost(model, graph, data, exact, missed, would)


def _agree(value: Any, known: float) -> bool:
    return bool(abs(value - known) <= AGREED * abs(value))


def _first_lost(
    model: Model,
    graph: Graph,
    data: ByNode,
    exact: "_Exactly",
    missed: Container[int],
    would: str,
) -> list[Underflow]:
    """The warning of `lost`. missed: the steps that are too small for a double, and matter. would: what
    the output would be without them."""
    what, hint = "", "scale the numbers, or compute with logarithms"
    for step in having_say(graph, graph.order, data):
        number = exact.value(step)
        if step in missed:
            if not _agree(number, data[step]):
                counts = "has lost digits" if data[step] else "counts as 0"
                what = f"is too small for a double{{at}}, and {counts}; {would}"
        elif not isfinite(float(number)) and not any_steep(graph, [step], data):
            what = "has a value by rounding only{at}: with more digits there is none"
        elif (found := exact.outcome(step)) != data[step]:
            known = shown(data[step])
            what = f"is {known} by rounding{{at}}: with more digits it is {shown(found)}"
        if what:
            text, labels = place(model, step, data)
            at = f" at {labels[0].text}" if labels and labels[0].text else ""
            return [Underflow(f"{text} {what.format(at=at)}", *labels, hints=[hint])]
    return []


def exactly(
    model: Model, graph: Graph, data: ByNode, restores: bool
) -> tuple[float, list[Underflow]]:
    """The value of an expression without names, and a warning where rounding makes it what it is: it
    decides a choice or a jump, or takes digits that count. restores: whether those are given back."""
    exact, root = _Exactly(graph, data), graph.output
    value, known = float(exact.value(root)), data[root]
    if not isfinite(value):
        value = known
    found = _first_lost(model, graph, data, exact, (), "")
    if not found and not restores and not _agree(value, known):
        text, labels = place(model, root, data)
        message = f"{text} is {shown(known)} by rounding: with more digits it is {shown(value)}"
        found = [Underflow(message, *labels)]
    return value if restores else known, found


def exact_numbers(
    graph: Graph, data: ByNode, met: Iterable[int] = ()
) -> tuple[Callable[[int], Any], dict[int, Any], list[int]]:
    """As mpmath has them: the values of the nodes, the derivatives of the output by those for which
    the chain rule decides, and the steps that jump otherwise than in doubles. met: steps on a border,
    where they stay if rounding led them there."""
    nodes = [node for node in graph.order if not graph.is_number(node)]
    exact = _Exactly(graph, data)
    exact.hold(met)
    found = exact.derivatives(nodes, nodes)
    jumped = [step for step in graph.steps if exact.outcome(step) != data[step]]
    gradients = {node: each.value for node, each in found.items() if each.open is None}
    return exact.value, gradients, jumped


def slopes_by_values(graph: Graph, data: ByNode) -> Callable[[int], tuple[float, str]]:
    """A function of a node: the slope of the output by it that values give, and that in words.

    A branch stays as it is chosen there: what stands exactly on a border and decides one does not
    move. What jumps otherwise, such as a factor sign(x), moves with the values; if the output then
    jumps, it stays as well.
    """
    jumping = [step for step in met_within(graph, data) if not functions.has_slopes(graph.op(step))]
    deciding = {
        graph.operands(step)[0]
        for step in graph.steps
        if jumping and OPERATIONS[graph.op(step)].chooses
    }
    branches = {*in_order(deciding, graph.operands)}
    chosen = branches.intersection(jumping)
    ways = [graph.holding(chosen)]
    if len(chosen) < len(jumping):
        ways.append(graph.holding(jumping))
    levels = cache(lambda way, digits: Precise(ways[way], data, digits))

    def slope(node: int) -> tuple[float, str]:
        found = Sides(Side("unclear"), Side("unclear"))
        for way, held in enumerate(ways):
            found = sides(held, partial(levels, way), node, AGREED / 10, flat=_FLAT)
            if not {"jump", "unclear"} & {found.left.kind, found.right.kind}:
                break
        return verdict(found)

    return slope


def verdict(found: Sides) -> tuple[float, str]:
    """The slope that values give, and that in words: nan where there is none."""
    there = [side for side in (found.left, found.right) if side.kind != "none"]
    if not there or any(side.kind not in ("slope", "infinite") for side in there):
        return nan, "unclear: nan is given"
    # beyond doubles the error is infinite, too
    slopes = [
        side.slope + 0.0 if isinf(side.slope) or abs(side.slope) > side.error else 0.0
        for side in there
    ]
    low, high = min(slopes), max(slopes)
    size = max(abs(low), abs(high))
    if low == high or (isfinite(size) and high - low <= AGREED * size):
        slope = found.slope if size and found.slope == found.slope else slopes[-1]
        return slope, shown(slope + 0.0)
    both = f"{shown(slopes[0])} from the left and {shown(slopes[-1])} from the right"
    if -inf < low <= 0 <= high < inf:
        return 0.0, f"{both}; 0 is taken, as at the corner of abs"
    return nan, f"{both}: nan is given"


class _Exactly:
    """A graph whose nodes have values of many digits."""

    def __init__(self, graph: Graph, data: ByNode) -> None:
        self._graph, self._data = graph, data
        self._writer = writer = ExactWriter(_MANY if len(graph.steps) <= _FEW else 60, data)
        self._values: dict[int, Any] = {node: writer.mp.mpf(data[node]) for node in graph.order}
        for step in graph.steps:
            name = graph.op(step)
            # what jumps stays where doubles have it: the last digits do not choose a branch
            if OPERATIONS[name].chooses:
                condition, taken, other = graph.operands(step)
                self._values[step] = self._values[taken if data[condition] else other]
            elif has_signed_zero(graph, step, data) and not self._values[graph.operands(step)[0]]:
                self._values[step] = angle(graph, step, data, self._values, writer.mp.dps)
            elif functions.has_slopes(name):
                operands = [self._values[each] for each in graph.operands(step)]
                self._values[step] = writer.number(name, operands)
            elif float(found := self._jumped(step)) == data[step]:
                self._values[step] = (
                    found  # round(x), where doubles have no digits behind the point
                )

    def value(self, node: int) -> Any:
        """The value of a node; of what jumps, the double."""
        return self._values[node]

    def outcome(self, step: int) -> float:
        """The value of a step that jumps, by its operands' values; of another, the double."""
        found = functions.has_slopes(self._graph.op(step))
        return self._data[step] if found else float(self._jumped(step))

    def _jumped(self, step: int) -> Any:
        """The value of a step that jumps with many digits, by its operands' values."""
        operands = [Exact(self._values[each], False) for each in self._graph.operands(step)]
        if not all(isfinite(each.value) for each in operands):
            return self._data[step]
        return self._writer.value(self._graph.op(step), operands).value

    def hold(self, steps: Iterable[int]) -> None:
        """Leave the slopes of these steps as doubles have them where they stand at a corner, or a tie,
        by rounding, and not because something is too small for a double."""
        for step in steps:
            row = OPERATIONS[self._graph.op(step)]
            apart, *others = [self._values[each] for each in self._graph.operands(step)]
            apart -= others[0] if kind(row) == "ties" else 0
            if row.corner and abs(apart) >= functions.TINY:
                self._writer.held.add(step)

    def derivatives(self, varying: Iterable[int], wanted: Iterable[int]) -> dict[int, Exact]:
        """The derivatives of the output by the wanted nodes: all together, where `varying` and what
        depends on it may move, and by itself each that this leaves open, as far as time allows."""
        graph, left = self._graph, _MOST * (1 if len(self._graph.steps) <= _FEW else 3)
        found = self._backward(depending(graph, varying, graph.steps), graph.steps, wanted)
        for node, number in found.items():
            if number.open is None or left < 0:
                continue
            steps, sums = graph.moved_by(node)
            if not sums.keys() <= {graph.output}:
                steps, sums = graph.above(node), {}
            left -= len(steps)
            if steps and left >= 0:
                terms = sums.get(graph.output, {})
                found[node] = self._backward({node, *steps}, steps, [node], terms)[node]
        return found

    def _backward(
        self,
        varying: set[int],
        steps: Sequence[int],
        wrt: Iterable[int],
        terms: Mapping[int, float] = MappingProxyType({}),
    ) -> dict[int, Exact]:
        """The derivatives of the output by nodes. varying: what depends on them; steps: of that.
        terms: of the output among these, each with its factor, if there are any."""
        used = {node for step in steps for node in (step, *self._graph.operands(step))}
        known = {node: Exact(self._values[node], node in varying, node) for node in used}
        found = Walk(self._writer, self._graph, steps, known).backward(
            terms or {self._graph.output: 1.0}, wrt
        )
        return {
            node: number if isinstance(number, Exact) else Exact(number, False)
            for node, number in found.items()
        }
