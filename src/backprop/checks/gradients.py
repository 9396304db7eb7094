"""The gradient of one output by every input, against slopes from values alone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from math import inf, isfinite

from backprop.checks import differences
from backprop.checks.along import Along, ManyInputs
from backprop.checks.asked import at_a_glance, chosen
from backprop.checks.rounding import COARSE, EPSILON, RUNS, gradient_noise
from backprop.checks.verdict import (
    AGREES,
    SMALLEST,
    UNKNOWN,
    Check,
    Compared,
    by_rounding,
    judge,
    on_border,
)  # fmt: skip
from backprop.evaluation import precise, precise_sides
from backprop.evaluation.borders import conditions, met
from backprop.evaluation.decided import by_values
from backprop.evaluation.diagnosis import own_text
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.evaluation.looks import LARGEST, Looks
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.language.declarations import FREE
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON
from backprop.syntax import functions, precision
from backprop.syntax.functions import kinks
from backprop.values import derivatives, having_say

_MOST, _MOST_CLOSE = 20_000, 2_000
"""The most steps that are computed again with 60 digits for what is not wrong, and with a thousand,
where a step can take milliseconds."""

_MANY = 30, 8 * EPSILON
"""So often the last three bits are changed at random before a gradient is called wrong."""

_BESIDE = 1e-6
"""How far beside a point an operation is looked at, relative to numbers above 1."""

_LEAST = 1e-3
"""The part of a gradient that has to show in values before they contradict it."""


@dataclass(frozen=True)
class GradientCheck:
    """The gradient that was checked, and a Check for each input that its output depends on.

    method: `differences`, or `precise` for differences at 60 digits and more. together: whether groups
    of inputs were moved at once, so that the numbers of each are as if it alone were off.
    """

    gradient: Gradient
    checks: tuple[Check, ...]
    method: str
    together: bool = False

    @property
    def right(self) -> bool:
        return not any(check.wrong for check in self.checks)


def _levels(
    graph: Graph, data: list[float], decided: Collection[int]
) -> Callable[[int], precise.Precise]:
    def level(digits: int) -> precise.Precise:
        far = (
            digits in precise_sides.CLOSE
        )  # a pole that near is not to look like the end of a domain
        most = LARGEST if far else precision.BEYOND
        return precise.Precise(graph, data, digits, most, decided)

    return cache(level)


class _Closer:
    """Verdicts by values that have more digits than doubles. noise: what rounding may do to the
    gradient of a node, tried often."""

    def __init__(
        self,
        graph: Graph,
        data: list[float],
        decided: Collection[int],
        noise: Callable[[int], float],
    ) -> None:
        self._levels = _levels(graph, data, decided)
        self._graph, self._noise = graph, noise
        self._left, self._close_left = _MOST, _MOST_CLOSE

    def may(self, steps: Sequence[int]) -> bool:
        """Whether so many steps may still be computed without need; takes them off."""
        self._left -= len(steps)
        return self._left >= 0

    def judged(self, asked: Compared, node: int, only: int) -> Check:
        """The verdict on the gradient of a node: anything but agreement is that of a close look.
        only: the one side that counts, if not both do."""
        self._close_left -= len(self._graph.above(node))
        closely = self._close_left >= 0
        least = max(_LEAST * abs(asked.gradient), SMALLEST) if closely else inf
        check = self._seen(asked, node, precise_sides.QUICK, least, only)
        if check.verdict == AGREES or not (closely or check.wrong):
            return check
        return self._seen(asked, node, precise_sides.CLOSE, least, only)

    def _seen(
        self, asked: Compared, node: int, digits: Sequence[int], least: float, only: int
    ) -> Check:
        found = precise_sides.sides(
            self._graph, self._levels, node, digits=digits, flat=least, only=only
        )
        check = judge(asked, found)
        return judge(replace(asked, noise=self._noise(node)), found) if check.wrong else check


def _holds_still(graph: Graph, step: int, data: list[float]) -> bool:
    """Whether a step has a slope here, but the same value beside: `clamp(x, c, c)` at x = c."""
    name, numbers = graph.op(step), [data[each] for each in graph.operands(step)]
    for at, (number, slope) in enumerate(zip(numbers, functions.slopes(name), strict=True)):
        if slope(*numbers, data[step]):
            near = (number + way * max(abs(number), 1.0) * _BESIDE for way in (-1, 1))
            beside = ([*numbers[:at], moved, *numbers[at + 1 :]] for moved in near)
            return all(functions.value(name)(*each) == data[step] for each in beside)
    return False


def check_gradient(
    model: Model,
    values: Mapping[str, float] | None = None,
    of: str | None = None,
    precisely: bool = False,
    among: Sequence[str] = (),
) -> GradientCheck:
    """Check the gradient of `of` at these numbers for inputs, by all but the constants.

    among: names and patterns of the inputs to check, if not all.

    The slopes come from values of the equations alone, by differences; with `precisely`, of values
    that mpmath computes to 60 digits and more. Raises what `Model.grad` raises, and UnknownName.
    """
    if model.loops and not precisely:
        from backprop.checks.quick_loops import seen  # with NumPy

        if found := seen(model, values or {}, of, among):
            gradient, checks, inputs, together = found
            doubtful = [name for name in inputs if name not in checks]
            if doubtful:
                rest = _unrolled(model, values, of, False, doubtful)
                checks |= {each.name: each for each in rest.checks}
            found_all = tuple(checks[name] for name in inputs)
            return GradientCheck(gradient, found_all, "differences", together)
    return _unrolled(model, values, of, precisely, among)


def _unrolled(
    model: Model,
    values: Mapping[str, float] | None,
    of: str | None,
    precisely: bool,
    among: Sequence[str],
) -> GradientCheck:
    """The check by a graph in which every step has a row of its own."""
    file, numbers, gradient = evaluate(model, values or {}, of)
    graph, data = file.for_many_walks(), numbers.data
    inputs = {name: model.names[name] for name in chosen(model, gradient, among)}
    steady = numbers
    if (
        model.derivations
    ):  # values have decided some of the gradients, of which rounding says nothing
        both = zip(derivatives(graph, data), numbers.gradients, strict=True)
        steady = numbers._replace(gradients=[x if isfinite(x) else y for x, y in both])
    noisy = cache(lambda *how: gradient_noise(graph, steady, inputs.values(), *how))
    decided = by_values(model, graph, data)
    closer = _Closer(graph, data, decided, lambda node: noisy(*_MANY)[node])

    def coarse(node: int) -> float:
        return noisy(RUNS, COARSE)[node]

    say = having_say(graph, graph.order, data)
    corners = {
        step: own_text(model, step, 40) or model.labels.get(step) or graph.op(step)
        for step in say
        if kinks(graph.op(step), [data[each] for each in graph.operands(step)])
    }
    looks = Looks(graph, data, [], [*corners])
    borders = sorted({*met(file, data)} & {*say})  # which looks at what leads elsewhere, too
    jumping = {step for step in borders if not OPERATIONS[graph.op(step)].corner}
    # these turn out otherwise on both sides, or on the only one that there is
    alone = [
        step
        for step in borders
        if conditions(row := OPERATIONS[graph.op(step)])
        or row.binding == COMPARISON
        or _holds_still(graph, step, data)
    ]
    # a sum over thousands of inputs is above each of them
    leading = {*in_order([*corners, *borders], graph.operands)}
    along = ManyInputs(graph, data, [] if precisely else [*inputs.values()])
    checks = []
    for name, node in inputs.items():
        slope, above = gradient.gradients[name], cache(partial(graph.above, node, leading))
        at = dict.fromkeys(corners[step] for step in corners and above() if step in corners)
        asked = Compared(
            name, gradient.output, data[node], slope, noisy()[node],
            partial(coarse, node), [*at], precisely,
        )  # fmt: skip
        bounds = model.bounds.get(name, FREE)
        function = Along(graph, data, node, bounds, along.fast(node), along.rounding)
        if decided:
            function.begin()
        jumps = bool(jumping) and not jumping.isdisjoint(above())
        if function.rounding is not None and not jumps:
            if quick := at_a_glance(asked, function):
                checks.append(quick)
                continue
            function.measure()
        # on a bound only the inner side counts; what is taken at a corner there is between both
        for only in dict.fromkeys((function.inner, 0)):
            if precisely:
                check = closer.judged(asked, node, only)
            else:
                found = differences.sides(function, only)
                check = judge(asked, found)
                if check.verdict == UNKNOWN and function.rounding is not None:
                    function.measure(everywhere=True)
                    found = differences.sides(function, only)
                    check = judge(asked, found)
                # Differences of doubles can be misled, by waves shorter than the doubles are apart,
                # by sharp bends, and by small jumps. Nobody is told of what mpmath has not seen too.
                flat = found.flat or slope == 0.0 or jumps
                doubtful = flat if check.verdict == AGREES else check.verdict != UNKNOWN
                if doubtful and (check.wrong or closer.may(graph.above(node))):
                    confirmed = closer.judged(replace(asked, precise=True), node, only)
                    unseen = confirmed.verdict == UNKNOWN
                    check = check if unseen and not (check.wrong or flat) else confirmed
            if not check.wrong:
                break
        rounded = [step for step in above() if step in corners] if check.wrong else []
        if rounded := [step for step in rounded if not looks.is_exact(step)]:
            check = by_rounding(check, [*dict.fromkeys(corners[step] for step in rounded)])
        if check.wrong and (here := [step for step in alone if step in above()]):
            held = graph.holding(alone)
            rest = replace(asked, gradient=derivatives(held, data)[node])
            if not judge(rest, precise_sides.sides(held, _levels(held, data, decided), node)).wrong:
                check = on_border(check, own_text(model, here[0], 60) or graph.op(here[0]))
        checks.append(check)
    return GradientCheck(gradient, tuple(checks), "precise" if precisely else "differences")
