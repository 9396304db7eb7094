"""All numbers that can be asked for about an output at a point, found quickly and often."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from math import isfinite, nan
from typing import NamedTuple

from backprop.evaluation.leaves import inputs_at
from backprop.graph import Graph
from backprop.language import Model
from backprop.operations import OPERATIONS
from backprop.quizzes.tidy_numbers import count_digits, has_gate, leaves_fractions
from backprop.syntax import functions
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula
from backprop.values import ByNode, Lookup, backward, forward, having_say

_SLOPES = Lookup(functions.slopes)
_GATED = Lookup(lambda name: has_gate(OPERATIONS[name]))
_NOTHING = (False, True)
"""Of what does not lead to an equation inside it: its derivative is 0."""


class AskedNumber(NamedTuple):
    """A number that a question can be about.

    name: what it is called, `L`, `∂L/∂e`. rounds: whether a function that makes no fractions has a part
    in it. vanishes: whether it may be 0, because something on the way lets operands have no say.
    """

    name: str
    number: float
    rounds: bool
    vanishes: bool


class _Kinds:
    """Which values and derivatives of a graph may need rounding, and which may be 0.

    functions: the steps that make of fractions what is none. long: the leaves that are none. none: those
    that are 0 because the file says so.
    """

    def __init__(
        self,
        graph: Graph,
        equations: Mapping[int, Sequence[int]],
        functions: Collection[int],
        long: Collection[int],
        none: Collection[int],
    ) -> None:
        self._graph = graph
        self.values, self.gates = {*long}, {*none}
        self._soft: dict[int, tuple[bool, ...]] = {}
        for step in graph.steps:
            operands = graph.operands(step)
            row = OPERATIONS[graph.op(step)]
            own = step in functions
            if own or not self.values.isdisjoint(operands):
                self.values.add(step)
            if _GATED[graph.ops[step]] or not self.gates.isdisjoint(operands):
                self.gates.add(step)
            by_name = {**dict(zip(row.operands, operands, strict=True)), "out": step}
            self._soft[step] = tuple(
                any(own or by_name.get(name) in self.values for name in names_in(formula(text)))
                for text in row.slopes
            )
        self.partials = {node: self._of(node, steps) for node, steps in equations.items()}
        self.gradients = self._of(graph.output, graph.steps)

    def _of(self, top: int, steps: Sequence[int]) -> dict[int, tuple[bool, bool]]:
        """For each node that leads to `top`: whether its derivative may need rounding, and may vanish."""
        graph = self._graph
        found: dict[int, tuple[bool, bool]] = {top: (False, False)}
        for step in reversed(steps):
            if step not in found:
                continue
            rounds, vanishes = found[step]
            # a factor that is 0 behind a gate makes the slope by the other one 0
            vanishes = vanishes or step in self.gates
            for operand, soft in zip(graph.operands(step), self._soft[step], strict=True):
                before = found.get(operand, (False, False))
                found[operand] = (before[0] or rounds or soft, before[1] or vanishes)
        return found


class AskedNumbers:
    """The numbers of an output: its values, the derivatives of its equations by what they use, its gradient,
    and what comes to it on each way."""

    def __init__(self, model: Model, output: str) -> None:
        self.graph = graph = model.graph(output)
        self.output = output
        self._names = model.names
        self._still = {model.names[each] for each in model.names if each in model.still}
        self._none = [node for node in graph.inputs if node in self._still]
        self._start = [
            (node, graph.constant(node)) for node in graph.order if graph.is_number(node)
        ]
        self._steps = graph.steps
        self._named = [node for node in graph.order if node in graph.labels]
        self._equations = {node: graph.equation(node) for node in self._named}
        self._equations = {node: steps for node, steps in self._equations.items() if steps}
        self._uses = {
            node: [each for each in graph.uses(node) if each not in self._still]
            for node in self._equations
        }
        users = Counter(chain.from_iterable(self._uses.values()))
        self._shared = {node for node, count in users.items() if count > 1}
        self.functions = {step for step in self._steps if self._is_function(step)}
        self._by_leaves: dict[tuple[tuple[int, ...], tuple[int, ...]], _Kinds] = {}

    def _kinds(self, data: ByNode) -> "_Kinds":
        """Which numbers may need rounding where leaves are worth this: those that no short number is, such
        as log(2), have a part in them as functions do."""
        long = tuple(each for each in self.graph.inputs if not count_digits(data[each]))
        none = tuple(each for each in self._none if data[each] == 0)
        if (long, none) not in self._by_leaves:
            kinds = _Kinds(self.graph, self._equations, self.functions, long, none)
            self._by_leaves[long, none] = kinds
        return self._by_leaves[long, none]

    def _is_function(self, step: int) -> bool:
        graph = self.graph
        known = tuple(
            graph.constant(each) if graph.is_number(each) else None for each in graph.operands(step)
        )
        return leaves_fractions(graph.op(step), known)

    def start(self, numbers: Mapping[str, float]) -> dict[int, float]:
        """The number of each leaf, where inputs have these numbers. numbers: of all inputs."""
        at = dict(self._start)
        at.update((self._names[name], float(number)) for name, number in numbers.items())
        return at

    def data(self, numbers: Mapping[str, float]) -> dict[int, float]:
        """What each node is worth."""
        at = self.start(numbers)
        forward(self.graph, self._steps, at)
        return at

    def spoiled(self, data: ByNode) -> dict[str, str]:
        """An operation that has no value, or stands on a corner or at a jump of its graph, with what is
        wrong there; mostly nothing."""
        for step in having_say(self.graph, self._steps, data) if self._steps else ():
            if not isfinite(data[step]):
                return {self.graph.op(step): "has no value"}
        corner = self.at_corner(data)
        return {corner: "stands at its corner"} if corner else {}

    def at_corner(self, data: ByNode) -> str:
        """The first operation that stands on a corner, or at a jump, of its graph; or ""."""
        graph = self.graph
        for step in self._steps:
            if _GATED[graph.ops[step]]:
                operands = [data[each] for each in graph.operands(step)]
                if functions.kinks(graph.op(step), operands):
                    return graph.op(step)
        return ""

    def values(self, data: ByNode) -> list[AskedNumber]:
        """The values of the equations."""
        label, kinds = self.graph.label, self._kinds(data)
        return [
            AskedNumber(label(node), data[node], node in kinds.values, node in kinds.gates)
            for node in self._equations
        ]

    def derivatives(self, data: ByNode) -> list[AskedNumber]:
        """The derivatives of the equations by what they use, then the gradient with its shares."""
        graph, label, every = self.graph, self.graph.label, self._kinds(data)
        found: list[AskedNumber] = []
        partials: dict[int, Mapping[int, float]] = {}
        for node in self._equations:
            by = self._partials(data, node)
            partials[node] = by
            kinds = every.partials[node]
            for used in self._uses[node]:
                rounds, vanishes = kinds.get(used, _NOTHING)
                name = f"∂{label(node)}/∂{label(used)}"
                found.append(AskedNumber(name, by.get(used, 0.0), rounds, vanishes))
        gradients = dict.fromkeys(self._named, 0.0)
        gradients[graph.output] = 1.0
        for node in reversed(self._named):
            for used in self._uses.get(node, ()):
                share = gradients[node] * partials[node].get(used, 0.0)
                gradients[used] = gradients.get(used, 0.0) + share
                if used in self._shared:
                    kind = every.gradients.get(used, _NOTHING)
                    name = f"share of ∂{self.output}/∂{label(used)}"
                    found.append(AskedNumber(name, share, *kind))
        for node in self._named:
            if node != graph.output and node not in self._still:
                kind = every.gradients.get(node, _NOTHING)
                name = f"∂{self.output}/∂{label(node)}"
                found.append(AskedNumber(name, gradients[node], *kind))
        return found

    def _partials(self, data: ByNode, node: int) -> Mapping[int, float]:
        """The derivative of one equation by what leads to it inside; nan where that is in doubt."""
        found: dict[int, float] = defaultdict(float, {node: 1.0})
        doubtful = backward(self.graph, self._equations[node], data, found, _SLOPES)
        return dict.fromkeys(found, nan) if doubtful else found


def numbers_of(model: Model, given: Mapping[str, float]) -> dict[str, float]:
    """The numbers of all inputs that have one, from `given` or the file; of those that decide ranges, too."""
    at, _ = inputs_at(model, given)
    names = (*model.inputs, *model.fixed)
    return {name: at[model.names[name]] for name in names if model.names.get(name) in at}
