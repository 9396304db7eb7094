"""Gradients of which rounding leaves too few digits: contributions that cancel, or values that do.

`expm1(x)/x` at 1e-20 adds 1e20 and -1e20 to its gradient, and doubles keep nothing of 0.5. That is
found by Vignes' CESTAC method (see `checks.rounding`): everything is changed by a little more than
rounding, and what then moves a lot is computed again with many digits.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from math import copysign, isfinite, modf
from typing import Any, NamedTuple

from backprop.errors import Cancelled
from backprop.evaluation.borders import jumps, kind, met_within
from backprop.evaluation.sides import AGREED
from backprop.graph import NAMES, Graph, depending
from backprop.language.model import Model
from backprop.numbers import few, shown
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.syntax import functions
from backprop.values import SURE_SLOPES, ByNode, Lookup, backward

MOST = 500
"""Graphs of more steps are not looked at: a look takes as long as the gradient."""

_SIZE = 2.0**-46
"""The relative size of the changes, 64 times that of rounding."""

_MOVED = 1e-7
"""How far gradients may move with them, relative: with rounding by a hundredth of that."""

_HINT = 1e-10
"""Where nothing moves as far, no changes can have cancelled by chance; else others are tried, too."""

_OFFSETS = (0, 31, 62)
"""Where the factors begin, one try after the other."""

_SAID = 1e-9
"""What differs by less is put right without a word: at every minimum gradients are rounding."""

_WHOLE = 1024
"""Whole numbers below this stay: they are exact, as exponents are, and products of a few are too."""

_EXACT = 2.0**53
"""Whole numbers below this that operators make of such are exact."""

_BY_VALUES = 20
"""The most nodes for which values are asked, because the chain rule does not decide."""


def _factors(count: int) -> tuple[float, ...]:
    """Factors near 1 in no order: by the fractions of the golden ratio times cubes. (Those of its
    multiples have the same products as often as the multiples have the same sums.)"""
    fractions = (modf(number**3 * 0.6180339887498949)[0] - 0.5 for number in range(1, count))
    return tuple(1 + _SIZE * (part + copysign(0.5, part)) for part in fractions)


_FACTORS = _factors(98)


_VALUES = Lookup(functions.value)
_ROUNDS = Lookup(FUNCTIONS.__contains__)
_JUMPS = Lookup(lambda name: not functions.has_slopes(name))
_BORDERS = Lookup(lambda name: kind(OPERATIONS[name]))


class _Changing(dict[int, tuple[functions.Function, ...]]):
    """The slopes that `backward` takes, each time by another factor; one that is too small for a
    double as it is."""

    def __missing__(self, code: int) -> tuple[functions.Function, ...]:
        plain = functions.slopes(NAMES[code])
        self[code] = found = tuple(self._changed(code, at, slope) for at, slope in enumerate(plain))
        return found

    def begin(self, offset: int) -> None:
        """Begin with one of the factors."""
        self._next = cycle(_FACTORS[offset:] + _FACTORS[:offset]).__next__

    def _changed(self, code: int, at: int, plain: functions.Function) -> functions.Function:
        def changed(*numbers: float) -> float:
            slope = SURE_SLOPES[code][at](*numbers)
            return (slope if slope == slope else plain(*numbers)) * self._next()

        return changed


_CHANGING = _Changing()


class Lost(NamedTuple):
    """What rounding has taken, by node: values with what they would be, and gradients that have been
    computed again with what they were; of those that it matters for. jumping: whether it may have
    decided a choice or a jump."""

    values: dict[int, float]
    gradients: dict[int, float]
    jumping: bool


def restored(graph: Graph, data: ByNode, gradients: ByNode, settled: bool) -> Lost:
    """Put the finite gradients right of which rounding leaves less than nine digits. data: what the
    nodes are worth, which stays. settled: whether the gradients are of more digits already, so that
    what stands on a border in doubles alone did not count there."""
    lost = Lost({}, {}, False)
    if len(graph.steps) > MOST:
        return lost
    values, doubted, turning = _doubted(graph, data, gradients)
    if not (values or doubted):
        return lost
    from backprop.evaluation.indeterminate import exact_numbers, slopes_by_values  # with mpmath

    met = met_within(graph, data)
    exact_values, exact_gradients = exact_numbers(graph, data, () if settled else met)
    moving = depending(graph, graph.inputs, graph.steps) if met else set[int]()
    if any(_has_jumped(graph, step, exact_values, data) for step in moving.intersection(met)):
        return lost  # of which `other_side` says what more digits make of it
    slope = slopes_by_values(graph, data)
    left = (node for node in graph.order if node in graph.labels and node not in exact_gradients)
    exact_gradients |= {node: slope(node)[0] for node in islice(left, _BY_VALUES)}
    for node in filter(graph.labels.__contains__, values):
        right = float(exact_values(node))
        if _differ(right, data[node]) and abs(right - data[node]) > _SAID:
            lost.values[node] = right
    for node in exact_gradients:  # what has become 0 does not move
        right = float(exact_gradients[node])
        if isfinite(gradients[node]) and _differ(right, gradients[node]):
            if abs(right - gradients[node]) > _SAID:
                lost.gradients[node] = gradients[node]
            gradients[node] = right
    return lost._replace(jumping=any(_JUMPS[graph.ops[step]] for step in turning - {*met}))


def _has_jumped(graph: Graph, step: int, value: Callable[[int], Any], data: ByNode) -> bool:
    """Whether a step that jumps where it stands, and has slopes, as mod does, is on the other side
    with more digits."""
    row = OPERATIONS[graph.op(step)]
    jumping = row.jump and functions.has_slopes(row.name)
    return bool(jumping) and jumps(graph, step, data, value(step))


def _differ(right: float, known: float) -> bool:
    most = AGREED * abs(right) + functions.TINY if isfinite(right) else 0.0
    return abs(right - known) > most  # not where there is none


def _doubted(
    graph: Graph, data: ByNode, gradients: ByNode
) -> tuple[list[int], list[int], set[int]]:
    """The nodes whose finite values, and those whose finite gradients, move a lot if everything is
    changed a little, all if a step may be on the other side of a border; and such steps."""
    order = graph.order
    for offset in _OFFSETS:
        known, found, turning = _changed(graph, data, offset)
        # written out: a call for each node would take as long as all the rest
        values = [at for at in order if not abs(known[at] - data[at]) <= _HINT * abs(data[at])]
        slopes = [
            at for at in order if not abs(found[at] - gradients[at]) <= _HINT * abs(gradients[at])
        ]
        values = [at for at in values if isfinite(data[at])]
        slopes = [at for at in slopes if isfinite(gradients[at]) and not graph.is_number(at)]
        hint = bool(values or slopes)
        values = [at for at in values if _moves(data[at], known[at])]
        slopes = [at for at in slopes if _moves(gradients[at], found[at])]
        if turning:
            return order, order, turning
        if values or slopes or not hint:
            break
    return values, slopes, turning


def _changed(graph: Graph, data: ByNode, offset: int) -> tuple[ByNode, ByNode, set[int]]:
    """The values and the gradients if everything is changed a little, and the steps that rounding may
    have on the other side of a border. What jumps stays. offset: of the factors."""
    ops, operands, known, count = graph.ops, graph.operands, [*data], len(_FACTORS)
    shaken, turning = [*data], set[int]()
    for node in graph.order:
        number = data[node]
        if inside := operands(node):
            op = ops[node]
            near = [known[each] for each in inside]
            if _BORDERS[op] and _turns(op, [data[each] for each in inside], near):
                turning.add(node)
            if _JUMPS[op]:
                continue
            number = _VALUES[op](*near)
            if (
                _ROUNDS[op]
                or not number.is_integer()
                or not -_EXACT < number < _EXACT
                or not all([each.is_integer() for each in near])  # noqa: C419
            ):
                number *= _FACTORS[(node + offset) % count]
            shaken[node] = known[node] = number
        elif not (-_WHOLE < number < _WHOLE and number.is_integer()):
            shaken[node] = number * _FACTORS[(node + offset) % count]
    found = [0.0] * len(data)
    found[graph.output] = 1.0
    _CHANGING.begin(offset)
    backward(graph, graph.steps, shaken, found, _CHANGING)
    return known, found, turning


def _turns(op: int, at: Sequence[float], near: Sequence[float]) -> bool:
    """Whether rounding may decide on which side of its border an operation is. at: its operands; near:
    these changed a little."""
    sort = _BORDERS[op]
    if sort == "ties":
        apart = at[0] - at[1]
        return apart != 0 and abs(near[0] - near[1] - apart) >= abs(apart)
    if sort == "zeros":
        return at[0] != 0 and abs(near[0] - at[0]) >= abs(at[0])

    def tried(numbers: Sequence[float]) -> list[float]:
        value = _VALUES[op](*numbers)
        return [value, *[slope(*numbers, value) for slope in functions.slopes(NAMES[op])]]

    row = OPERATIONS[NAMES[op]]
    if row.unrounded and abs(near[0] - at[0]) >= abs(at[1]) / 8:  # a remainder of rounding
        return True
    here, other = tried(at), [2 * x - y for x, y in zip(at, near, strict=True)]
    if _JUMPS[op]:
        return any(tried(each) != here for each in (near, other))
    return any(any(map(_moves, here, tried(each))) for each in (near, other))


def _moves(known: float, changed: float) -> bool:
    return isfinite(known) and not abs(changed - known) <= _MOVED * abs(known)


def notes(model: Model, graph: Graph, data: ByNode, lost: Lost) -> Iterator[Cancelled]:
    """A note on the named gradients, and one on the named values, of which rounding leaves too
    little."""
    output, labels = model.labels[graph.output], graph.labels
    if was := {labels[node]: lost.gradients[node] for node in lost.gradients if node in labels}:
        named = _listed({f"∂{output}/∂{name}": number for name, number in was.items()})
        many = "they are" if len(was) > 1 else "it is"
        message = f"in doubles rounding would make {named}: {many} computed with more digits"
        note = Cancelled(message, where=model.source.name)
        note.leads = frozenset(was)
        yield note
    if lost.values:
        had = _listed({labels[node]: data[node] for node in lost.values})
        right = few([*map(shown, lost.values.values())])
        they = "they are" if len(lost.values) > 1 else "it is"
        message = f"in doubles rounding makes {had}: with more digits {they} {right}"
        note = Cancelled(message, where=model.source.name)
        note.leads = frozenset(labels[node] for node in lost.values)
        yield note


def _listed(numbers: Mapping[str, float]) -> str:
    return few([f"{name} {shown(number + 0.0)}" for name, number in numbers.items()])
