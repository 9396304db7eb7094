"""What the gradient is on the other side of a border: by values at 60 digits, an input at a time.

A border is worth a note if the output has a slope beside it that the gradient is not, or jumps there,
where one of the inputs that lead to the border moves by itself, or another name that has a gradient.
"""

from collections import ChainMap
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import isfinite
from typing import NamedTuple

from backprop.errors import AtBorder
from backprop.evaluation.beside import Beside, Told, beside, seen
from backprop.evaluation.borders import choosing_slopes, conditions, kind, met_within
from backprop.evaluation.diagnosis import place
from backprop.evaluation.looks import NOTHING, Looks
from backprop.evaluation.sides import AGREED
from backprop.graph import Graph, depending, in_order
from backprop.language import Model
from backprop.numbers import shown
from backprop.operations import EQUALITIES, OPERATIONS
from backprop.row import COMPARISON, Operation, is_truth
from backprop.syntax import functions
from backprop.values import backward, derivatives, forward, having_say

_MOST = 5
"""The most notes for one run."""

_INPUTS, _NAMES = 6, 3
"""The most inputs that are moved across one border, and names with equations if no input does it."""

_MORE = 12
"""The most names that are moved besides, once one of them is known to be told of."""


def asked(
    model: Model,
    graph: Graph,
    steps: Sequence[int],
    data: list[float],
    gradients: list[float],
) -> tuple[AtBorder, ...]:
    """The notes on these steps, each of which stands on a border; of many the first few, and how many
    more there are."""
    borders = _Borders(model, graph, steps, data, gradients)
    found = [*borders.notes(steps)]
    notes = [borders.written(each) for each in found[:_MOST]]
    if rest := found[_MOST:]:
        border = "border" if len(rest) == 1 else "borders"
        more = AtBorder(f"and {len(rest)} more {border}", where=model.source.name)
        more.leads = frozenset().union(*map(borders.leads, rest))
        notes.append(more)
    return tuple(notes)


class Changed(NamedTuple):
    """What is otherwise if choices are: the gradients by some names, and perhaps the value."""

    names: Sequence[int] = ()
    value: bool = False


@dataclass(slots=True)
class _Note:
    """What is found at a border. step: that stands on it. at: all steps at its place in the text.
    alone: whether the step makes a difference by itself. head: where it stands. taken: what the
    gradients are. through: the nodes that lead there. value: of the output, where rounding decides it.
    told: of nodes, and what there is beside them.
    """

    step: int
    at: Sequence[int]
    alone: bool
    head: str
    taken: str
    through: Iterable[int]
    value: str = ""
    told: dict[int, Told] = field(default_factory=dict)


class _Borders:
    """The borders that one point stands on.

    inputs: those that can move. told: those of which a note speaks. said: of which node, and what
    of its sides. again: the steps of which no more is to be said than of one before. heard: what
    leads to the steps of the notes. poles: comparisons that have no value here on the other side.
    """

    def __init__(
        self,
        model: Model,
        graph: Graph,
        steps: Sequence[int],
        data: list[float],
        gradients: list[float],
    ) -> None:
        self.model, self.graph, self.data, self.gradients = model, graph, data, gradients
        self.labels = model.labels
        fixed = set(model.fixed)
        self.inputs = [node for node in graph.inputs if self.labels.get(node) not in fixed]
        self.met = steps
        self.looks = Looks(graph, data, gradients, self.met)
        self.told: set[int] = set()
        self.said: set[tuple[int, str]] = set()
        self.again: set[int] = set()
        self.heard: set[int] = set()
        self.poles: set[int] = set()
        self.changed: dict[int, Changed] = {}
        self.valued = False
        self.beside = Beside(graph, data, gradients, self.labels[graph.output], self.poles)

    def notes(self, steps: Sequence[int]) -> Iterator[_Note]:
        """One note for each place in the text at which a border makes a difference."""
        columns = self.graph.columns
        together: dict[object, list[int]] = {}
        for step in self._crossed(steps):
            packed = columns.places[step]  # below 0 it is that of the statement
            key = (packed, columns.callers.get(step)) if packed > 0 else step
            together.setdefault(key, []).append(step)
        quiet = []
        for members in together.values():
            notes = (self._note(step, members) for step in members if self._matters(step))
            if note := next(filter(None, notes), None):
                yield note
            elif self.again.isdisjoint(members):
                quiet.append(members)
        # Two borders can matter together of which neither does by itself.
        for members in quiet if len(steps) > 1 else ():
            notes = (self._note(step, members, {*self.told}) for step in members)
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

    def _note(
        self, step: int, at: Sequence[int], told: Container[int] | None = None
    ) -> _Note | None:
        """The note on a step, None if no input that leads to it has other slopes beside it. at: the
        steps at its place. told: of which inputs enough is said."""
        row = OPERATIONS[self.graph.op(step)]
        exact = self.looks.is_exact(step)
        head, taken = self._words(step, row, exact)
        changed = Changed()
        if step in self.rounded:
            changed = self.changed.get(step, changed)
            if told is not None:  # nothing by itself
                changed = self._otherwise(ChainMap(*self.rounded.values()))
        below = self.looks.below(step)
        value = self._value() if changed.value and not self.valued else ""
        through = [*self.labels] if value else [*below, *changed.names]
        note = _Note(step, at, told is None, head, taken, through)
        may = self.looks.may_visit and self.looks.may(len(below) // 5)
        for node in self._movers(step, below, changed) if may else ():
            if told is not None and node in told:
                continue
            if step in self.again and node in self.heard and not self.graph.is_step(node):
                continue  # what one input tells again, the next one does as well
            sides = self.looks.sides(node, exact, step in self.poles, alone=note.alone)
            may = sides is not None
            if sides is None:  # too large
                break
            if not (found := self.beside.told(sides, node, step, exact)):
                continue
            if (node, found.sides) not in self.said:
                self._tell(note, node, found)
                break
            self.again.add(step)
        if may and value:
            self.valued, note.value = True, value
        if not note.told and not note.value and (may or not note.alone):
            return None
        self.heard.update(note.through)
        return note

    def _movers(self, step: int, below: Sequence[int], changed: Changed) -> list[int]:
        """What is moved across a border: a few inputs and names that lead to it, and others that change."""
        inputs, names = self._crossing(step, OPERATIONS[self.graph.op(step)], below)
        inside = {*below}
        others = [node for node in changed.names if node not in inside]
        return [*inputs[:_INPUTS], *names[:_NAMES], *others[:_INPUTS]]

    def _tell(self, note: _Note, node: int, found: Told) -> None:
        note.told[node] = found
        self.told.add(node)
        self.said.add((node, found.sides))

    def written(self, note: _Note) -> AtBorder:
        """A note as a sentence on all inputs whose gradients its border touches, and on names with
        equations that it touches though no such input leads to them."""
        more = self._tell_rest(note) if note.told else 0
        told = [node for node in self.labels if node in note.told]
        named = {self.labels[node]: note.told[node] for node in told}
        message = self.beside.sentence(note.head, note.taken, note.value, named, more)
        _, labels = place(self.model, note.step, self.data)
        found = AtBorder(message, *labels)
        found.leads = self.leads(note)
        found.told = frozenset(() if more or note.value else named)
        return found

    def leads(self, note: _Note) -> frozenset[str]:
        """The names that lead to a border."""
        return frozenset(self.labels[node] for node in note.through if node in self.labels)

    def _tell_rest(self, note: _Note) -> int:
        """Put into a note what else it is to tell of. Returns how many inputs that lead there were not
        looked at."""
        tried, left, exact = {*note.told}, _MORE, self.looks.is_exact(note.step)
        for step in note.at if note.alone else [note.step]:
            row = OPERATIONS[self.graph.op(step)]
            if left <= 0 or not self.looks.may_visit:
                break
            if step != note.step and not (
                self._matters(step) and self._words(step, row, exact)[0] == note.head
            ):
                continue
            below = self.looks.below(step)
            others = self.changed.get(step, Changed()).names if note.alone else ()
            for node in chain(*self._crossing(step, row, below), others):
                if node in tried or left <= 0 or self._is_told(node, note):
                    continue
                tried.add(node)
                left -= 1
                sides = self.looks.sides(node, exact, step in self.poles, alone=note.alone)
                found = sides and self.beside.told(sides, node, step, exact)
                if sides is None:
                    left = 0
                    tried.discard(node)
                elif found and (node, found.sides) not in self.said:
                    self._tell(note, node, found)
        if left > 0:
            return 0
        leading, told = (in_order([*each], self.graph.operands) for each in (note.at, note.told))
        return len({*self.inputs}.intersection(leading).difference(tried, told))

    def _is_told(self, node: int, note: _Note) -> bool:
        """Whether of a node enough is said: by a note before, or of what it leads to, or that leads to it."""
        if not note.alone and node in self.told:
            return True
        above, below = self.looks.below(*note.told), self.looks.below(node)
        return node in above or not note.told.keys().isdisjoint(below)

    def _words(self, step: int, row: Operation, exact: bool) -> tuple[str, str]:
        """Where a step stands, and what the gradient is. exact: whether it does so with more
        digits, too."""
        text, branch = place(self.model, step, self.data)[0], "that of this branch"
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
            return f"{text} is a tie {here}", "that of its first argument"
        shape = "jump" if row.jump else "corner"
        return f"{text} has a {shape} {just}{here}", "the slope taken there"

    def _crossing(
        self, step: int, row: Operation, below: Sequence[int]
    ) -> tuple[list[int], list[int]]:
        """The inputs that lead to a step, first those that move it away from its border at once: by
        which the difference of its operands has a slope. And names with equations that do."""
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
        return leaves, names

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
        if not set(met_within(graph, data)) <= set(self.met):  # it stands on another border then
            return False
        before, after = derivatives(graph, self.data), derivatives(graph, data)
        if any(before[node] != after[node] for node in self.inputs):
            return False
        below = in_order([step], graph.operands)  # of which a name alone may leave the border
        inputs, names = self._crossing(step, OPERATIONS[graph.op(step)], below)
        across = [*inputs[:_INPUTS], *names[:_NAMES]]
        return all(before[node] == after[node] for node in across)

    def _otherwise(self, choices: Mapping[int, float]) -> Changed:
        """What is otherwise where some choices are: the nodes that these give other values."""
        graph, data = self.graph, [*self.data]
        if not self.looks.may(len(graph.order) // 5):
            return Changed()
        behind = depending(graph, ChainMap(*self.rounded.values()), graph.steps)
        exact = {at: value for at, value in self.looks.unrounded.items() if at not in behind}
        for node, value in (numbers := {**exact, **choices}).items():
            data[node] = value
        reached = depending(graph, numbers, graph.steps).difference(numbers)
        forward(graph, (step for step in graph.steps if step in reached), data)
        was, value = self.data[graph.output], data[graph.output]
        if not isfinite(value):
            self.poles.update(choices)
        after, names = derivatives(graph, data), {*self.inputs, *self.labels}
        changed = [node for node in graph.order if node in names and self._moved(node, after[node])]
        return Changed(changed, not abs(value - was) <= seen(was))

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
        elif abs(found - was) <= seen(was):
            return ""
        else:
            with_more = f"it is {beside(found, was)}" if found == found else "there is none"
        output = self.labels[self.graph.output]
        value = shown(was) if found is None else beside(was, found)
        return f"so {output} is {value}; with more digits {with_more}"
