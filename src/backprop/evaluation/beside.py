"""What there is beside a border, in words: `from the left -1, from the right 1`."""

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from math import inf, isfinite, isinf, isnan, ulp
from typing import NamedTuple

from backprop.evaluation.borders import conditions
from backprop.evaluation.looks import NOTHING
from backprop.evaluation.sides import AGREED, Side, Sides
from backprop.graph import Graph
from backprop.numbers import exact, few, shown
from backprop.operations import EQUALITIES, OPERATIONS
from backprop.values import ByNode, summed_sizes

_ROUNDING = 1e-13
"""How far apart two slopes are the same, relative to what was added up to them."""

_GROUPS = 3
"""The most sentences of a note."""

_UNCLEAR, _NO_VALUE = "there is no clear slope", "there is no value"


class Told(NamedTuple):
    """What a note tells of a node: its gradient, and what there is on the sides."""

    gradient: str
    sides: str


class Beside:
    """The words for the sides of the nodes of a graph.

    data: what the nodes are worth. gradients: of the output, whose name is given, by them. poles:
    comparisons that have no value on the other side.
    """

    def __init__(
        self, graph: Graph, data: ByNode, gradients: ByNode, output: str, poles: Set[int]
    ) -> None:
        self._graph, self._data, self._gradients = graph, data, gradients
        self._output, self._poles = output, poles

    def told(self, found: Sides, node: int, step: int, exact: bool) -> Told | None:
        """What a node has beside a step on a border, where that is another slope than the gradient.
        exact: whether the step stands there with more digits, too."""
        said = self._said(found, node, step, exact)
        return Told(self._number(node, found), said) if said else None

    def sentence(
        self, head: str, taken: str, value: str, told: Mapping[str, Told], more: int
    ) -> str:
        """A note. head: where it stands. taken: what the gradients are. value: of the output, where
        rounding decides it. told: of these names. more: how many inputs lead there besides."""
        behind = f" ({value})" if value else ""
        if not told:
            return f"{head}: {value}" if value else f"{head}: the gradient is {taken}"
        alike: dict[Told, list[str]] = {}
        for name, found in told.items():
            alike.setdefault(found, []).append(name)
        (first, names), *others = alike.items()
        are = "is"
        if len(names) > 1:
            are = "are"
            taken = taken.replace("that of", "those of").replace("the slope", "the slopes")
        comma = "," if len(names) > 1 else ""
        subject = self._by(names, first.gradient)
        said = [f"{head}: {subject}{comma} {are} {taken}{behind}; {first.sides}"]
        for found, names in others[: _GROUPS - 1]:
            are = "are" if len(names) > 1 else "is"
            said.append(f"So {are} {self._by(names, found.gradient)}; {found.sides}")
        if rest := [name for _, names in others[_GROUPS - 1 :] for name in names]:
            said.append(f"And so on for {few(rest)}")
        if more:
            inputs = "input leads" if more == 1 else "inputs lead"
            said.append(f"{more:,} more {inputs} there, not looked at")
        return ". ".join(said)

    def _by(self, names: Sequence[str], gradient: str) -> str:
        """The gradients by some names, which are the same number."""
        slopes = few([f"∂{self._output}/∂{name}" for name in names])
        if len(names) == 1:
            return f"{slopes} = {gradient}"
        return f"{slopes}, {'both' if len(names) == 2 else 'all'} {gradient}"

    def _said(self, found: Sides, node: int, step: int, exact: bool) -> str:
        """What comes out beside an input, where that is another slope than the gradient; or ""."""
        left, right = (self._side(side, found, node, step) for side in (found.left, found.right))
        more = "" if exact else "with more digits "
        if found.left.kind == found.right.kind == "none":
            return f"{more}on both sides {_NO_VALUE}"
        if left == right:
            isolated = exact and self._graph.op(step) in EQUALITIES
            other = isolated and not left.startswith(f"{self._output} is")
            where = "from the other side" if other else "on both sides"
            return f"{more}{where} {left}" if left else ""
        if left and right:
            return f"{more}from the left {left}, from the right {right}"
        return f"{more}from the other side {left or right}"

    def _side(self, side: Side, both: Sides, node: int, step: int) -> str:
        gradient = self._gradients[node]
        if isnan(gradient):
            return ""
        if side.kind == "none":
            return _NO_VALUE if step in self._poles else ""
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
        if side.kind == "jump" and side.height > seen(self._data[self._graph.output]):
            if not same:
                return f"{slope}, after a jump"
            row = OPERATIONS[self._graph.op(step)]
            if row.name in EQUALITIES or conditions(row):  # there may be two such values
                value = beside(side.limit, self._data[self._graph.output])
                return f"{self._output} is {value}"
            return "the value jumps"
        return "" if same else slope

    def _number(self, node: int, found: Sides) -> str:
        """The gradient by a node, with all digits where few are those of another slope beside it."""
        gradient = self._gradients[node] + 0.0
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
        if self._graph.op(step) in EQUALITIES and left.kind == right.kind == "slope":
            return rounding + ulp(1.0) * size * len(self._graph.steps) + left.error
        return inf

    @cached_property
    def _sizes(self) -> list[float]:
        """The size of what was added up to each gradient."""
        return summed_sizes(self._graph, self._data)


def seen(value: float) -> float:
    """The largest difference from a value that doubles do not show."""
    return 2 * ulp(value)


def beside(number: float, other: float) -> str:
    """A number as a text that is not that of the other one."""
    return shown(number) if shown(number) != shown(other) else exact(number)
