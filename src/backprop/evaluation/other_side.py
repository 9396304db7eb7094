"""What the gradient is on the other side of a border: by values at 60 digits, an input at a time.

A border is worth a note if the output has a slope beside it that the gradient is not, or jumps there,
where one of the inputs that lead to the border moves by itself, or another name that has a gradient.
"""

from collections.abc import Container, Iterator, Sequence
from copy import copy
from functools import cache, cached_property
from itertools import chain
from math import isfinite, isnan

from backprop.errors import AtBorder
from backprop.evaluation.borders import conditions, kind
from backprop.evaluation.diagnosis import place
from backprop.evaluation.precise import Precise, sides
from backprop.evaluation.sides import Side, Sides
from backprop.graph import Graph, depending, in_order
from backprop.language import Model
from backprop.numbers import shown
from backprop.operations import COMPARISON, OPERATIONS, Operation
from backprop.syntax import functions
from backprop.values import Lookup, backward, derivatives, forward, having_say

_MOST = 5
"""The most notes for one run."""

_WORK = 100_000
"""The most steps that are computed in mpmath's arithmetic, in all: about a second."""

_INPUTS, _NAMES = 6, 3
"""The most inputs that are moved across one border, and names with equations if no input does it."""

_AGREED, _ROUNDING = 1e-9, 1e-13
"""How far apart two slopes are the same: of themselves, and of what was added up to them."""

_EQUALITIES = "==", "!="

_UNCLEAR = "there is no clear slope"

_SIZES = Lookup(functions.sizes)


def asked(
    model: Model,
    graph: Graph,
    steps: Sequence[int],
    data: list[float],
    gradients: list[float],
) -> tuple[AtBorder, ...]:
    """The notes on these steps, each of which stands on a border; of many the first few, and how many
    more there are."""
    found = [*_Borders(model, graph, data, gradients).notes(steps)]
    if len(found) > _MOST:
        rest = found[_MOST:]
        border = "border" if len(rest) == 1 else "borders"
        more = AtBorder(f"and {len(rest)} more {border}", where=model.source.name)
        more.leads = frozenset().union(*[each.leads for each in rest])
        found = [*found[:_MOST], more]
    return tuple(found)


@cache
def _has_slopes(name: str) -> bool:
    return set(OPERATIONS[name].slopes) != {"0"}


class _Borders:
    """The borders that one point stands on.

    inputs: those that can move. work: how many steps may still be computed. known: what is known
    of inputs; told: those of which a note speaks. poles: comparisons that have no value here on
    the other side.
    """

    def __init__(
        self, model: Model, graph: Graph, data: list[float], gradients: list[float]
    ) -> None:
        self.model, self.graph, self.data, self.gradients = model, graph, data, gradients
        self.labels = model.labels
        fixed = set(model.constants)
        self.inputs = [node for node in graph.inputs if self.labels.get(node) not in fixed]
        self.work = _WORK
        self.known: dict[int, Sides] = {}
        self.told: set[int] = set()
        self.poles: set[int] = set()

    def notes(self, steps: Sequence[int]) -> Iterator[AtBorder]:
        """One note for each place in the text at which a border makes a difference."""
        columns = self.graph.columns
        together: dict[object, list[int]] = {}
        for step in self._crossed(steps):
            packed = columns.places[step]  # below 0 it is that of the statement
            key = (packed, columns.callers.get(step)) if packed > 0 else step
            together.setdefault(key, []).append(step)
        quiet = []
        for members in together.values():
            notes = (self._note(step) for step in members if self._matters(step))
            if note := next(filter(None, notes), None):
                yield note
            else:
                quiet.append(members)
        # Two borders can matter together of which neither does by itself.
        for members in quiet if len(steps) > 1 else ():
            notes = (self._note(step, {*self.told}) for step in members)
            if note := next(filter(None, notes), None):
                yield note

    def _crossed(self, steps: Sequence[int]) -> list[int]:
        """Those of the steps that have a say and that an input can move across their border.

        What goes through a comparison, or a jump, moves at borders of its own only. Of an equality
        only inputs count that have slopes: a label that is compared, and nothing else, has none.
        """
        graph = self.graph
        say = set(having_say(graph, graph.order, self.data)).intersection(steps)
        sloping = [step for step in graph.steps if _has_slopes(graph.op(step))]
        live = {graph.output}
        for step in reversed(sloping):
            if step in live:
                slopes = zip(graph.operands(step), OPERATIONS[graph.op(step)].slopes, strict=True)
                live.update(operand for operand, slope in slopes if slope != "0")
        moving = depending(graph, self.inputs, sloping)
        counting = depending(graph, live.intersection(self.inputs), sloping)
        return [
            step
            for step in graph.steps
            if step in say
            and not (counting if graph.op(step) in _EQUALITIES else moving).isdisjoint(
                graph.operands(step)
            )
        ]

    def _matters(self, step: int) -> bool:
        """Whether a border makes a difference, if it is the only one here."""
        row = OPERATIONS[self.graph.op(step)]
        if row.binding == COMPARISON:
            return not self._is_indifferent(step)
        return not row.corner or self.gradients[step] != 0.0

    def _note(self, step: int, told: Container[int] | None = None) -> AtBorder | None:
        """The note on a step, None if no input that leads to it has other slopes beside it. told: of
        which inputs enough is said."""
        row = OPERATIONS[self.graph.op(step)]
        head, said = self._words(step, row)
        below = in_order([step], self.graph.operands)
        for node in self._crossing(step, row, below):
            if told is not None and node in told:
                continue
            sides = self._sides(node)
            if sides is None:  # too large
                message = f"{head}: the gradient is that of {said}"
                return None if told is not None else self._made(step, below, message)
            if found := self._tail(sides, node, step):
                self.told.add(node)
                gradient = shown(self.gradients[node])
                text = f"{head}: the gradient by {self.labels[node]}, {gradient}, is that of {said}"
                return self._made(step, below, f"{text}; {found}")
        return None

    def _made(self, step: int, below: Sequence[int], message: str) -> AtBorder:
        _, labels = place(self.model, step, self.data)
        note = AtBorder(message, *labels)
        note.leads = frozenset(self.labels[node] for node in below if node in self.labels)
        return note

    def _words(self, step: int, row: Operation) -> tuple[str, str]:
        """Where a step stands, and what the gradient is that of."""
        text, branch = place(self.model, step, self.data)[0], "this branch"
        if row.name == "==":
            return f"{text} holds exactly here", branch
        if row.name == "!=":
            return f"{text} fails exactly here", branch
        if row.binding == COMPARISON:
            return f"{text} is exactly on its border here", branch
        if at := conditions(row):
            zeros = [self.graph.operands(step)[number] for number in at]
            condition = next(node for node in zeros if self.data[node] == 0)
            name = self.labels.get(condition) or place(self.model, condition, self.data)[0]
            return f"the condition {name} is exactly 0 here", branch
        if kind(row) == "ties":
            return f"{text} is a tie here", "its first argument"
        shape = "jump" if row.jump else "corner"
        return f"{text} has a {shape} exactly here", "the slope taken there"

    def _crossing(self, step: int, row: Operation, below: Sequence[int]) -> list[int]:
        """The inputs that lead to a step, first those that move it away from its border at once: by
        which the difference of its operands has a slope. Then names that do."""
        slopes = dict.fromkeys(below, 0.0)
        asked = conditions(row) or range(row.arity)
        for number, operand in enumerate(self.graph.operands(step)):
            if number in asked:
                slopes[operand] += -1.0 if number and kind(row) == "ties" else 1.0
        backward(self.graph, [n for n in below[:-1] if self.graph.is_step(n)], self.data, slopes)
        leaves = [node for node in self.inputs if node in slopes]
        leaves.sort(key=lambda node: slopes[node] == 0.0)
        names = [
            n for n in below[-2::-1] if n in self.labels and self.graph.is_step(n) and slopes[n]
        ]
        return leaves[:_INPUTS] + names[:_NAMES]

    def _is_indifferent(self, step: int) -> bool:
        """Whether the output and its gradient stay as they are if a comparison turns out otherwise."""
        graph, data = self.graph, [*self.data]
        self.work -= len(graph.order) // 5
        if self.work < 0:
            return False
        data[step] = 1.0 - data[step]
        forward(graph, graph.above(step), data)
        if not isfinite(data[graph.output]):
            self.poles.add(step)
        if data[graph.output] != self.data[graph.output]:
            return False
        before, after = derivatives(graph, self.data), derivatives(graph, data)
        return all(before[node] == after[node] for node in self.inputs)

    def _sides(self, node: int) -> Sides | None:
        """The output on both sides of an input, where all else are numbers; None if that takes long."""
        if node in self.known:
            return self.known[node]
        above = self.graph.above(node)
        self.work -= 10 * len(above)
        if self.work < 0:
            return None
        needed = {*above, node, *chain.from_iterable(map(self.graph.operands, above))}
        local = copy(self.graph)
        local.order = [each for each in self.graph.order if each in needed]
        local.steps = [*above]
        levels = cache(lambda digits: Precise(local, self.data, digits))
        self.known[node] = sides(local, levels, node)
        return self.known[node]

    def _tail(self, found: Sides, node: int, step: int) -> str:
        """What comes out beside an input, where that is another slope than the gradient; or ""."""
        left, right = (self._said(side, node, step) for side in (found.left, found.right))
        if left == right:
            isolated = self.graph.op(step) in _EQUALITIES
            where = "from the other side" if isolated else "on both sides"
            return f"{where} {left}" if left else ""
        if left and right:
            return f"from the left {left}, from the right {right}"
        return f"from the other side {left or right}"

    def _said(self, side: Side, node: int, step: int) -> str:
        gradient = self.gradients[node]
        if isnan(gradient):
            return ""
        if side.kind == "none":
            return "there is no value" if step in self.poles else ""
        if side.kind == "unclear":
            return _UNCLEAR
        same = side.slope == gradient
        if isfinite(side.slope) and isfinite(gradient):
            most = _AGREED * max(abs(gradient), abs(side.slope)) + _ROUNDING * self._sizes[node]
            same = abs(side.slope - gradient) <= most
        if side.kind == "jump" and not same:
            return f"{shown(side.slope)}, after a jump"
        if (
            side.kind == "jump"
        ):  # of what is equal here alone, such as a label, nobody wants to know
            return "" if self.graph.op(step) in _EQUALITIES else "the value jumps"
        return "" if same else shown(side.slope)

    @cached_property
    def _sizes(self) -> list[float]:
        """The size of what was added up to each gradient."""
        return derivatives(self.graph, self.data, _SIZES)
