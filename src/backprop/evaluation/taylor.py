"""Derivatives of any order along a line, by univariate Taylor arithmetic.

Where every input moves as `x + t*v`, each node is a power series in t. Those of the inputs are known;
of a step the chain rule, `out' = sum(slope*operand')`, says with the coefficients of the slopes below
order k what the coefficient k is (Griewank and Walther, Evaluating Derivatives, 2nd edition, chapter 13):

    k*out[k] = sum over operands x, and j from 0 to k - 1, of slope[j] * (k - j) * x[k - j]

The slopes are the texts of the table, as steps behind those of the graph, each known to one order
less; so nothing recurs, though the slope of sin is cos, and that of cos is -sin. The numbers are
doubles, or mpmath's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle, pairwise, repeat
from math import ceil, factorial, inf, isfinite, log10, nan
from typing import Any

from backprop.chain.columns import Row, Rows
from backprop.chain.walk import Operand
from backprop.engine.writers.exact import Exact, ExactWriter
from backprop.evaluation.shaken import FACTORS, MOST, changed
from backprop.graph import Graph
from backprop.operations import EQUALITIES, OPERATIONS
from backprop.row import is_truth
from backprop.special import context
from backprop.syntax import functions, precision
from backprop.values import ByNode

_DIGITS = (50, 100, 200, 400, 800, 1600, 3200, 6400)
"""Working digits: more, until two in a row tell the same."""

_FAR = 25
"""Numbers so many powers of ten apart, or more, are lost beside each other with the fewest digits."""

_SAME = 1e-16
"""How far apart two numbers are the same, relative."""

_GONE = 0.9
"""What becomes smaller with more digits by so many of them, or more, is nothing but rounding."""

_LARGE = 20_000
"""What rounding leaves of graphs of more steps is not computed with more digits: it would take minutes."""

_MOVED = 1e-7
"""How far derivatives may move with changes 64 times as large as rounding, relative."""

_NEAR = 10
"""Beside a point, where values are asked, an input is 1e-10 of itself away, or of 1, or half of that."""


_AGREE = 1e-15
"""How far apart two numbers from values beside a point are the same, relative."""


class Series:
    """The power series of the nodes of a graph along a line.

    along: the direction, by node. data: what the nodes are worth in doubles: choices and jumps of the
    graph are as they turn out there. order: of the last coefficient. digits: of mpmath's numbers,
    None for doubles. precise: whether slopes for any precision take the place of the others. factors:
    what each coefficient is multiplied with, one after the other.
    """

    def __init__(
        self,
        graph: Graph,
        along: Mapping[int, float],
        data: ByNode,
        order: int,
        digits: int | None = None,
        precise: bool = True,
        factors: Iterable[float] = repeat(1.0),
    ) -> None:
        self._rows = Rows(graph.columns.copy())
        self._columns = self._rows.columns
        self._same = self._rows.known(graph)
        self._data, self._precise = data, precise and digits is not None
        self._exact = ExactWriter(digits, data) if digits else None
        self._number: Any = self._exact.mp.mpf if self._exact else float
        self.found: dict[int, list[Any]] = {}
        """The coefficients of each row; of what stands still, one."""
        self.tied = False
        """Whether a slope is one of a single point, such as `if(y == 0, …)`: then it says nothing of
        others beside it."""
        self._moving = {node for node, way in along.items() if way}
        self._slopes: dict[int, list[tuple[int, Operand[Row]]]] = {}
        for node in graph.order:
            if not graph.is_step(node):
                way = [self._number(along[node])] if node in self._moving else []
                self.found[node] = [self._number(data[node]), *way]
            elif self._same[node] == node:
                self._add(node)
            else:
                self.found[node] = self.found[self._same[node]]
                if self._same[node] in self._moving:
                    self._moving.add(node)
        needs = self._needs([*filter(self._moving.__contains__, graph.steps)], order)
        first = [node for node in graph.steps if node in needs]
        steps = [*first, *sorted(node for node in needs if node >= len(self._same))]
        chosen = [node for node in steps if node in self._slopes]
        changes = iter(factors)
        for k in range(1, order + 1):
            for row in chosen:
                if needs[row] >= k:
                    self.found[row].append(self._next(row, k) * next(changes))

    def _add(self, row: int) -> None:
        """Compute the value of a row, whose operands have theirs."""
        columns, found = self._columns, self.found
        name, operands = columns.op(row), columns.operands(row)
        if not operands:
            found[row] = [self._number(columns.constant(row))]
            return
        inside, own = row < len(self._same), OPERATIONS[name]
        if own.chooses:
            holds = self._data[operands[0]] if inside else found[operands[0]][0]
            taken = operands[1 if holds else 2]
            found[row] = found[taken]
            if taken in self._moving:
                self._moving.add(row)
            return
        numbers = [found[each][0] for each in operands]
        moves = any(each in self._moving for each in operands)
        if inside and (self._exact is None or not functions.has_slopes(name)):
            value = self._number(self._data[row])
        elif self._exact is None:
            value = functions.value(name)(*numbers)
        elif is_truth(own):
            value = self._exact.value(name, [Exact(each, False) for each in numbers]).value
        else:
            value = self._exact.number(name, numbers)
        found[row] = [value]
        if moves and functions.has_slopes(name):
            self._moving.add(row)
        elif moves and not inside and name in EQUALITIES:
            self.tied |= bool(value) == (name == EQUALITIES[0])

    def _needs(self, steps: Sequence[int], order: int) -> dict[int, int]:
        """The order to which each row that moves is needed, those that slopes are made of among them."""
        needs: dict[int, int] = {}
        levels: list[list[int]] = [[] for _ in range(order + 1)]

        def ask(row: int, level: int) -> None:
            stack = [row]
            while stack:
                row = stack.pop()
                if row in self._moving and needs.get(row, -1) < level:
                    needs[row] = level
                    levels[level].append(row)
                    stack += self._columns.operands(row)

        for step in steps:
            ask(step, order)
        for level in range(order, 0, -1):
            for row in levels[level]:
                if (
                    needs[row] == level
                    and self._columns.operands(row)
                    and self._same_or(row) == row
                ):
                    for _, slope in self._slopes_of(row):
                        if isinstance(slope, Row):
                            ask(slope.node, level - 1)
        return needs

    def _same_or(self, row: int) -> int:
        """The row that stands for all that are equal to it."""
        return self._same[row] if row < len(self._same) else row

    def _slopes_of(self, row: int) -> list[tuple[int, Operand[Row]]]:
        """The operands of a row that move, each with the slope by it; none of a choice, which is the
        branch that it takes."""
        name, operands = self._columns.op(row), [*map(self._same_or, self._columns.operands(row))]
        if row not in self._slopes and not OPERATIONS[name].chooses:
            before, own = len(self._columns), OPERATIONS[name]
            called = [self._rows.called(each) for each in operands]
            if self._precise and own.precise_slopes:
                names = dict(zip(own.operands, called, strict=True))
                slopes: Sequence[Operand[Row]]
                slopes = [self._rows.text(text, names) for text in own.precise_slopes]
            else:
                slopes = self._rows.slopes(name, called, Row(row))
            for made in range(before, len(self._columns)):
                self._add(made)
            self._slopes[row] = [
                (operand, slope)
                for operand, slope in zip(operands, slopes, strict=True)
                if operand in self._moving and slope != 0.0
            ]
        return self._slopes.get(row, [])

    def _next(self, row: int, k: int) -> Any:
        """The coefficient k of a row, whose coefficients before it are there."""
        total: Any = 0.0
        for operand, slope in self._slopes[row]:
            x = self.found[operand]
            if isinstance(slope, float):
                if k < len(x):
                    total += k * slope * x[k]
                continue
            s = self.found[slope.node]
            for j in range(max(0, k + 1 - len(x)), min(k, len(s))):
                total += s[j] * (k - j) * x[k - j]
        return total / k

    def derivatives(self, node: int, order: int) -> list[Any]:
        """The derivatives of a node by t, from the first on."""
        found = self.found[node]
        return [
            factorial(k) * found[k] if k < len(found) else 0.0 * found[0]
            for k in range(1, order + 1)
        ]


def derivatives_along(
    graph: Graph, along: Mapping[int, float], data: ByNode, order: int
) -> list[list[float]]:
    """The derivatives of each output along a line, from the first to `order`; nan where the chain rule
    does not say them. Of a graph that is not large they are right to the last digits of doubles; of
    one of up to 20,000 steps to nine digits; of larger ones they are nan too where they are all rounding."""
    precise = any(OPERATIONS[graph.op(step)].precise_slopes for step in graph.steps)
    if len(graph.steps) > MOST and not precise:
        plain = Series(graph, along, data, order)
        found = [plain.derivatives(each, order) for each in graph.outputs]
        if plain.tied:
            return [[nan] * order for _ in found]
        for at, near in _spoilt(graph, along, data, found):
            if len(graph.steps) <= _LARGE:
                output = Graph(graph.columns, [graph.outputs[at]])
                found[at] = _settled(output, along, data, order)
            else:  # those that are not their own size from what they would be are known, roughly
                both = zip(found[at], near, strict=True)
                found[at] = [x if abs(x - y) <= abs(x) else nan for x, y in both]
        return [[each if isfinite(each) else nan for each in row] for row in found]
    return [_settled(Graph(graph.columns, [each]), along, data, order) for each in graph.outputs]


def first_beyond_doubles(graph: Graph, along: Mapping[int, float], data: ByNode) -> float:
    """The first derivative of the output along a line, where what leads to it is too large for a double: by
    the chain rule alone; nan where that does not say it."""
    if len(graph.steps) > MOST:
        return nan
    digits = _least_digits(graph, data)
    known = [Series(graph, along, data, 1, each, False) for each in (digits, 2 * digits)]
    few, many = (each.derivatives(graph.output, 1)[0] for each in known)
    sure = not known[1].tied and context(digits).isfinite(many)
    return float(many) if sure and abs(few - many) <= _SAME * abs(many) else nan


def _spoilt(
    graph: Graph, along: Mapping[int, float], data: ByNode, found: Sequence[Sequence[float]]
) -> Iterator[tuple[int, list[float]]]:
    """The places of outputs whose derivatives move, and to what, if everything is changed by a little more
    than rounding (see `shaken`): by so much that rounding leaves them few digits."""
    order = len(found[0]) if found else 0
    near = changed(graph, data, 0)[1]
    shaken = Series(graph, along, near, order, factors=cycle(FACTORS))
    for at, (output, numbers) in enumerate(zip(graph.outputs, found, strict=True)):
        others = shaken.derivatives(output, order)
        if any(abs(x - y) > _MOVED * abs(x) for x, y in zip(numbers, others, strict=True)):
            yield at, others


def _settled(graph: Graph, along: Mapping[int, float], data: ByNode, order: int) -> list[float]:
    """The derivatives of one output, with more and more digits until they stay the same; what goes
    away with them, twice in a row, is 0."""
    history: list[list[Any]] = []
    precise, least = True, _least_digits(graph, data)
    tried = [each for each in _DIGITS if each >= least]
    for digits in tried:
        series = Series(graph, along, data, order, digits, precise)
        if series.tied and precise:
            precise = False
            series = Series(graph, along, data, order, digits, precise)
        exact = series.derivatives(graph.output, order)
        if series.tied or not all(map(context(digits).isfinite, exact)):
            return _by_values(graph, along, data, order)
        history.append(exact)
        found = [_agreed([each[k] for each in history], tried) for k in range(order)]
        if None not in found:
            return [each for each in found if each is not None]
    return [nan if each is None else each for each in found]


def _least_digits(graph: Graph, data: ByNode) -> int:
    """The digits that leave a number's own beside the square of any other."""
    sizes = [log10(abs(data[each])) for each in graph.order if data[each] and isfinite(data[each])]
    apart = max(sizes) - min(sizes) if sizes else 0.0
    return _DIGITS[0] + 2 * ceil(apart) if apart > _FAR else _DIGITS[0]


def _agreed(numbers: Sequence[Any], tried: Sequence[int]) -> float | None:
    """What a number is, of which there are versions of more and more digits; None: not known yet. tried:
    the digits."""
    *before, last = numbers
    if before and abs(last - before[-1]) <= _SAME * abs(last):
        return float(last)
    end = len(numbers)
    ten = context(tried[end - 1]).mpf(10)
    first, *sizes = [abs(each) for each in numbers[-3:]]
    first = first or ten ** (-_GONE * tried[max(end - 3, 0)])  # 0 by chance
    more = [each - tried[max(end - 3, 0)] for each in tried[max(end - 2, 0) : end]]
    gone = len(sizes) == 2 and all(
        size <= first * ten ** (-_GONE * digits) for size, digits in zip(sizes, more, strict=True)
    )
    return 0.0 if gone else None


def _by_values(graph: Graph, along: Mapping[int, float], data: ByNode, order: int) -> list[float]:
    """The derivatives as those of a polynomial through values beside the point on both sides; nan
    where two of these do not agree, so that there are none, or values are missing."""
    count = order // 2 + 3
    # the fastest input moves by no more than an absolute 1e-10: of what is large, that is less of itself
    large = [abs(data[each]) / abs(way) for each, way in along.items() if way and data[each]]
    apart = max(map(abs, along.values())) * min(filter(isfinite, large), default=1.0)
    least = _NEAR + ceil(log10(apart)) if 1 < apart < inf else _NEAR
    digits = least * (2 * count + 1) + _least_digits(graph, data)
    mp = context(digits)
    far = [abs(mp.mpf(data[each]) / way) for each, way in along.items() if way and data[each]]
    # an input that is 0 moves by so much of 1, and so does the fastest one, however long the direction is
    far.append(1 / max(abs(mp.mpf(way)) for way in along.values()))
    near = min(far) * mp.mpf(10) ** -_NEAR
    found, noise = list[list[Any]](), list[Any]()
    for step in (near, near / 2):
        places = [step * at for at in range(-count, count + 1)]
        values = [_value(graph, along, data, place, digits) for place in places]
        if not all(map(mp.isfinite, values)):
            return [nan] * order
        found.append(_polynomial(places, values)[1 : order + 1])
        lost = max(map(abs, values)) * mp.mpf(10) ** (_NEAR - digits)
        noise = [lost / step**k for k in range(1, order + 1)]
    nearer = [_nearer(*each) for each in zip(*found, noise, strict=True)]
    if None in nearer:
        return [nan] * order
    return [float(factorial(k) * each) for k, each in enumerate(nearer, 1)]


def _nearer(far: Any, near: Any, noise: Any) -> Any:
    """A coefficient from values near a point, and from nearer ones: None if they do not agree. What
    is 0 has errors that fall with a high power of how near they are."""
    if abs(far - near) <= _AGREE * abs(near):
        return near
    return 0.0 if abs(near) < noise or abs(near) < abs(far) / 16 else None


def _value(graph: Graph, along: Mapping[int, float], data: ByNode, place: Any, digits: int) -> Any:
    """The output at a place on the line."""
    mp = context(digits)
    found: dict[int, Any] = {}
    for node in graph.order:
        operands, name = graph.operands(node), graph.op(node)
        if not operands:
            found[node] = mp.mpf(data[node]) + place * along.get(node, 0.0)
        elif OPERATIONS[name].chooses:
            found[node] = found[operands[1 if data[operands[0]] else 2]]
        elif not functions.has_slopes(name):
            found[node] = mp.mpf(data[node])
        else:
            found[node] = precision.unbounded(name, digits)(*[found[each] for each in operands])
    return found[graph.output]


def _polynomial(places: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """The coefficients of the polynomial through these points, by Newton's divided differences."""
    differences = [*values]
    for order in range(1, len(places)):
        for at in range(len(places) - 1, order - 1, -1):
            apart = places[at] - places[at - order]
            differences[at] = (differences[at] - differences[at - 1]) / apart
    found = [differences[-1]]
    for at in range(len(places) - 2, -1, -1):  # times (t - place), plus the next difference
        lower = [differences[at] - places[at] * found[0]]
        inner = [x - places[at] * y for x, y in pairwise(found)]
        found = [*lower, *inner, found[-1]]
    return found
