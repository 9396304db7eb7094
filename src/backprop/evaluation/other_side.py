"""What the gradient is on the other side of a border: by values at 60 digits, an input at a time.

A border is worth a note if the output has a slope beside it that the gradient is not, or jumps there,
where one of the inputs that lead to the border moves by itself, or another name that has a gradient.
"""

from collections import ChainMap
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import inf, isfinite, isinf, isnan, ulp
from typing import NamedTuple

from backprop.errors import AtBorder
from backprop.evaluation.borders import choosing_slopes, conditions, is_truth, kind, met
from backprop.evaluation.diagnosis import place
from backprop.evaluation.looks import AGREED, NOTHING, Looks
from backprop.evaluation.sides import Side, Sides
from backprop.graph import Graph, depending, in_order
from backprop.language import Model
from backprop.numbers import exact, shown
from backprop.operations import EQUALITIES, OPERATIONS
from backprop.row import COMPARISON, Operation
from backprop.syntax import functions
from backprop.values import backward, derivatives, forward, having_say, summed_sizes

_MOST = 5
"""The most notes for one run."""

_INPUTS, _NAMES = 6, 3
"""The most inputs that are moved across one border, and names with equations if no input does it."""

_ROUNDING = 1e-13
"""How far apart two slopes are the same, relative to what was added up to them."""

_UNCLEAR, _NO_VALUE = "there is no clear slope", "there is no value"


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


class Changed(NamedTuple):
    """What is otherwise if choices are: the gradients by some names, and perhaps the value."""

    names: Sequence[int] = ()
    value: bool = False


class _Borders:
    """The borders that one point stands on.

    inputs: those that can move. told: those of which a note speaks. said: of which node, and what
    of its sides. again: the steps of which no more is to be said than of one before. heard: what
    leads to the steps of the notes. poles: comparisons that have no value here on the other side.
    """

    def __init__(
        self, model: Model, graph: Graph, data: list[float], gradients: list[float]
    ) -> None:
        self.model, self.graph, self.data, self.gradients = model, graph, data, gradients
        self.labels = model.labels
        fixed = set(model.fixed)
        self.inputs = [node for node in graph.inputs if self.labels.get(node) not in fixed]
        self.met = met(graph, data)
        self.looks = Looks(graph, data, gradients, self.met)
        self.told: set[int] = set()
        self.said: set[tuple[int, str]] = set()
        self.again: set[int] = set()
        self.heard: set[int] = set()
        self.poles: set[int] = set()
        self.changed: dict[int, Changed] = {}
        self.valued = False

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
            elif self.again.isdisjoint(members):
                quiet.append(members)
        # Two borders can matter together of which neither does by itself.
        for members in quiet if len(steps) > 1 else ():
            notes = (self._note(step, {*self.told}) for step in members)
            if note := next(filter(None, notes), None):
                yield note

    def _crossed(self, steps: Sequence[int]) -> list[int]:
        """Those of the steps that have a say and that an input can move across their border, or that
        more digits move there.

        What goes through a comparison, or a jump, moves at borders of its own only; but a name
        behind a jump has a gradient of its own, which a corner or a tie can split. Of an equality
        that chooses between slopes only what has a slope itself counts: a label has none.
        """
        graph = self.graph
        say = set(having_say(graph, graph.order, self.data)).intersection(steps)
        self.rounded = {step: found for step in say if (found := self.looks.otherwise(step))}
        sloping = [step for step in graph.steps if functions.has_slopes(graph.op(step))]
        live = self._live([graph.output], sloping)
        varying = depending(graph, self.inputs, graph.steps)
        named = [node for node in self.labels if node in varying and self._is_number(node)]
        moving = depending(graph, self.inputs, sloping)
        split = depending(graph, [*self.inputs, *named], sloping)
        counting = depending(graph, live.intersection([*self.inputs, *named]), sloping)
        choosing = choosing_slopes(graph, counting)

        def across(step: int) -> set[int]:
            row = OPERATIONS[graph.op(step)]
            if row.name in EQUALITIES:
                return counting if step in choosing else moving | counting
            if conditions(row):
                return moving | counting
            return moving if row.binding == COMPARISON else split

        return [
            step
            for step in graph.steps
            if step in self.rounded
            or (step in say and not across(step).isdisjoint(graph.operands(step)))
        ]

    def _live(self, roots: Iterable[int], steps: Sequence[int]) -> set[int]:
        """The roots, and all that has slopes on its way to one of them, by some of the steps."""
        found = set(roots)
        for step in reversed(steps):
            if step in found:
                inside, row = self.graph.operands(step), OPERATIONS[self.graph.op(step)]
                pairs = zip(inside, row.slopes, strict=True)
                found.update(operand for operand, slope in pairs if slope != "0")
        return found

    def _is_number(self, node: int) -> bool:
        """Whether a node is a step whose value is more than true or false."""
        return self.graph.is_step(node) and not is_truth(OPERATIONS[self.graph.op(node)])

    def _matters(self, step: int) -> bool:
        """Whether a border makes a difference, if it is the only one here."""
        row = OPERATIONS[self.graph.op(step)]
        if step in self.rounded:
            self.changed[step] = self._otherwise(self.rounded[step])
            return any(self.changed[step]) or bool(row.jump)
        if row.binding == COMPARISON:
            return not self._is_indifferent(step)
        return not row.corner or self.gradients[step] != 0.0

    def _note(self, step: int, told: Container[int] | None = None) -> AtBorder | None:
        """The note on a step, None if no input that leads to it has other slopes beside it. told: of
        which inputs enough is said."""
        row = OPERATIONS[self.graph.op(step)]
        exact = self.looks.is_exact(step)
        head, said = self._words(step, row, exact)
        changed = Changed()
        if step in self.rounded:
            changed = self.changed.get(step, changed)
            if told is not None:  # nothing by itself
                changed = self._otherwise(ChainMap(*self.rounded.values()))
        below = in_order([step], self.graph.operands) if self.looks.may(0) else [step]
        value = self._value() if changed.value and not self.valued else ""
        leads = [*self.labels] if value else [*below, *changed.names]
        if not self.looks.may(len(below) // 5):
            message = f"{head}: the gradient is that of {said}"
            return None if told is not None else self._made(step, leads, message)
        inside = set(below)
        others = [node for node in changed.names if node not in inside][:_INPUTS]
        for node in [*self._crossing(step, row, below), *others]:
            if told is not None and node in told:
                continue
            if step in self.again and node in self.heard and not self.graph.is_step(node):
                continue  # what one input tells again, the next one does as well
            sides = self.looks.sides(node, exact, step in self.poles, alone=told is None)
            if sides is None:  # too large
                message = f"{head}: the gradient is that of {said}"
                return None if told is not None else self._made(step, leads, message)
            if found := self._tail(sides, node, step, exact):
                if (node, found) in self.said:
                    self.again.add(step)
                    continue
                self.told.add(node)
                self.said.add((node, found))
                gradient = self._number(node, sides)
                if value:
                    self.valued, said = True, f"{said} ({value})"
                text = f"{head}: the gradient by {self.labels[node]}, {gradient}, is that of {said}"
                return self._made(step, leads, f"{text}; {found}")
        if value:
            self.valued = True
            return self._made(step, leads, f"{head}: {value}")
        return None

    def _made(self, step: int, leads: Sequence[int], message: str) -> AtBorder:
        _, labels = place(self.model, step, self.data)
        self.heard.update(leads)
        note = AtBorder(message, *labels)
        note.leads = frozenset(self.labels[node] for node in leads if node in self.labels)
        return note

    def _words(self, step: int, row: Operation, exact: bool) -> tuple[str, str]:
        """Where a step stands, and what the gradient is that of. exact: whether it does so with more
        digits, too."""
        text, branch = place(self.model, step, self.data)[0], "this branch"
        just, here = ("exactly ", "here") if exact else ("", "here by rounding")
        if row.name == "==":
            return f"{text} holds {just}{here}", branch
        if row.name == "!=":
            return f"{text} fails {just}{here}", branch
        if row.binding == COMPARISON:
            return f"{text} is {just}on its border {here}", branch
        if at := conditions(row):
            zeros = [self.graph.operands(step)[number] for number in at]
            condition = next(node for node in zeros if self.data[node] == 0)
            name = self.labels.get(condition) or place(self.model, condition, self.data)[0]
            return f"the condition {name} is {just}0 {here}", branch
        if kind(row) == "ties":
            return f"{text} is a tie {here}", "its first argument"
        shape = "jump" if row.jump else "corner"
        return f"{text} has a {shape} {just}{here}", "the slope taken there"

    def _crossing(self, step: int, row: Operation, below: Sequence[int]) -> list[int]:
        """The inputs that lead to a step, first those that move it away from its border at once: by
        which the difference of its operands has a slope. Then names that do."""
        slopes, tie = dict.fromkeys(below, 0.0), kind(row) == "ties"
        asked = conditions(row) or range(row.arity)
        for number, operand in enumerate(self.graph.operands(step)):
            if number in asked:
                slopes[operand] += -1.0 if number and tie else 1.0
        inside = [node for node in below[:-1] if self.graph.is_step(node)]
        backward(self.graph, inside, self.data, slopes)
        leaves = [node for node in self.inputs if node in slopes]
        leaves.sort(key=lambda node: slopes[node] == 0.0)
        live = self._live((self.graph.operands(step)[number] for number in asked), inside)
        names = [
            n for n in reversed(inside) if n in live and n in self.labels and self._is_number(n)
        ]
        names.sort(key=lambda node: slopes[node] == 0.0)
        return leaves[:_INPUTS] + names[:_NAMES]

    def _is_indifferent(self, step: int) -> bool:
        """Whether the output and its gradient stay as they are if a comparison turns out otherwise."""
        graph, data = self.graph, [*self.data]
        if not self.looks.may(len(graph.order) // 5):
            return False
        data[step] = 1.0 - data[step]
        forward(graph, graph.above(step), data)
        if not isfinite(data[graph.output]):
            self.poles.add(step)
        if data[graph.output] != self.data[graph.output]:
            return False
        if not set(met(graph, data)) <= set(self.met):  # it stands on another border then
            return False
        before, after = derivatives(graph, self.data), derivatives(graph, data)
        if any(before[node] != after[node] for node in self.inputs):
            return False
        below = in_order([step], graph.operands)  # of which a name alone may leave the border
        across = self._crossing(step, OPERATIONS[graph.op(step)], below)
        return all(before[node] == after[node] for node in across)

    def _otherwise(self, choices: Mapping[int, float]) -> Changed:
        """What is otherwise where some choices are: the nodes that these give other values."""
        graph, data = self.graph, [*self.data]
        if not self.looks.may(len(graph.order) // 5):
            return Changed()
        for node, value in choices.items():
            data[node] = value
        reached = depending(graph, choices, graph.steps).difference(choices)
        forward(graph, (step for step in graph.steps if step in reached), data)
        was, value = self.data[graph.output], data[graph.output]
        if not isfinite(value):
            self.poles.update(choices)
        after, names = derivatives(graph, data), {*self.inputs, *self.labels}
        changed = [node for node in graph.order if node in names and self._moved(node, after[node])]
        return Changed(changed, not abs(value - was) <= _seen(was))

    def _moved(self, node: int, other: float) -> bool:
        """Whether a gradient is another one than that of a node."""
        gradient = self.gradients[node]
        if not isfinite(other) or not isfinite(gradient):
            return isfinite(gradient)
        return abs(other - gradient) > AGREED * max(abs(other), abs(gradient)) + NOTHING

    def _value(self) -> str:
        """What the value of the output is where rounding decides, and with more digits."""
        found, was = self.looks.value(), self.data[self.graph.output]
        if found is None:
            with_more = "it may be another one"
        elif abs(found - was) <= _seen(was):
            return ""
        else:
            with_more = f"it is {_beside(found, was)}" if found == found else "there is none"
        output = self.labels[self.graph.output]
        value = shown(was) if found is None else _beside(was, found)
        return f"{output} is {value} by that; with more digits {with_more}"

    def _tail(self, found: Sides, node: int, step: int, exact: bool) -> str:
        """What comes out beside an input, where that is another slope than the gradient; or ""."""
        left, right = (self._said(side, found, node, step) for side in (found.left, found.right))
        more = "" if exact else "with more digits "
        if found.left.kind == found.right.kind == "none":
            return f"{more}on both sides {_NO_VALUE}"
        if left == right:
            isolated = exact and self.graph.op(step) in EQUALITIES
            other = isolated and not left.startswith(f"{self.labels[self.graph.output]} is")
            where = "from the other side" if other else "on both sides"
            return f"{more}{where} {left}" if left else ""
        if left and right:
            return f"{more}from the left {left}, from the right {right}"
        return f"{more}from the other side {left or right}"

    def _said(self, side: Side, both: Sides, node: int, step: int) -> str:
        gradient = self.gradients[node]
        if isnan(gradient):
            return ""
        if side.kind == "none":
            return _NO_VALUE if step in self.poles else ""
        if side.kind == "unclear":
            return _UNCLEAR
        same = side.slope == gradient
        if isfinite(side.slope) and isfinite(gradient):
            most = AGREED * max(abs(gradient), abs(side.slope)) + NOTHING + side.error
            if isfinite(size := self._sizes[node]):
                most = min(most + _ROUNDING * size, self._apart(both, step, size))
            same = abs(side.slope - gradient) <= most
        slope = shown(side.slope + 0.0)
        if slope == shown(gradient + 0.0) and float(slope) != side.slope:
            slope = exact(side.slope)
        if side.kind == "slope" and isinf(side.slope):
            slope = "beyond 1.8e308" if side.slope > 0 else "beyond -1.8e308"
        if isinf(side.height):
            return "the value has no finite limit"
        # a double beside the value is no jump
        if side.kind == "jump" and side.height > _seen(self.data[self.graph.output]):
            if not same:
                return f"{slope}, after a jump"
            row = OPERATIONS[self.graph.op(step)]
            if row.name in EQUALITIES or conditions(row):  # there may be two such values
                value = _beside(side.limit, self.data[self.graph.output])
                return f"{self.labels[self.graph.output]} is {value}"
            return "the value jumps"
        return "" if same else slope

    def _number(self, node: int, found: Sides) -> str:
        """The gradient by a node, with all digits where few are those of another slope beside it."""
        gradient = self.gradients[node] + 0.0
        apart = (abs(side.slope - gradient) for side in (found.left, found.right))
        near = any(abs(gradient) * AGREED > each > abs(gradient) * _ROUNDING for each in apart)
        return exact(gradient) if near and float(shown(gradient)) != gradient else shown(gradient)

    def _apart(self, both: Sides, step: int, size: float) -> float:
        """How near to a gradient one of two slopes that differ by little is it, and not the other; of
        those beside a point with a slope of its own, how far rounding may have moved that. size: of
        what was added up to the gradient."""
        left, right = both.left, both.right
        apart, rounding = abs(left.slope - right.slope), _ROUNDING * size + NOTHING
        if apart > rounding + left.error + right.error:
            return apart / 4
        if self.graph.op(step) in EQUALITIES and left.kind == right.kind == "slope":
            return rounding + ulp(1.0) * size * len(self.graph.steps) + left.error
        return inf

    @cached_property
    def _sizes(self) -> list[float]:
        """The size of what was added up to each gradient."""
        return summed_sizes(self.graph, self.data)


def _seen(value: float) -> float:
    """The largest difference from a value that doubles do not show."""
    return 2 * ulp(value)


def _beside(number: float, other: float) -> str:
    """A number as a text that is not that of the other one."""
    return shown(number) if shown(number) != shown(other) else exact(number)
