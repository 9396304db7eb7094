"""Whether rounding leaves too few digits: everything is changed by a little more than rounding.

`expm1(x)/x` at 1e-20 adds 1e20 and -1e20 to its gradient, and doubles keep nothing of 0.5. That is
found by Vignes' CESTAC method (see `checks.rounding`): what then moves a lot has too few digits, and
`cancelled` computes it again. `often` does the same in one go with a gradient.
"""

from collections.abc import Sequence
from copy import copy
from itertools import cycle
from math import copysign, isfinite, modf
from typing import NamedTuple

from backprop.evaluation.borders import kind, met_within
from backprop.graph import CODES, NAMES, NUMBER, Graph
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.values import SURE_SLOPES, ByNode, Lookup

MOST = 500
"""The most steps of a graph of which a look takes no time to speak of: as long as the gradient."""

LARGE = 100_000
"""Graphs of more steps are not looked at."""

_SIZE = 2.0**-46
"""The relative size of the changes, 64 times that of rounding."""

MOVED = 1e-7
"""How far gradients may move with them, relative: with rounding by a hundredth of that."""

HINT = 1e-10
"""Where nothing moves as far, no changes can have cancelled by chance; else others are tried, too."""

_OFFSETS = (0, 31, 62)
"""Where the factors begin, one try after the other."""

WHOLE = 1024
"""Whole numbers below this stay: they are exact, as exponents are, and products of a few are too."""

EXACT = 2.0**53
"""Whole numbers below this that operators make of such are exact."""


def _factors(count: int) -> tuple[float, ...]:
    """Factors near 1 in no order: by the fractions of the golden ratio times cubes. (Those of its
    multiples have the same products as often as the multiples have the same sums.)"""
    fractions = (modf(number**3 * 0.6180339887498949)[0] - 0.5 for number in range(1, count))
    return tuple(1 + _SIZE * (part + copysign(0.5, part)) for part in fractions)


FACTORS = _factors(98)

_VALUES = Lookup(functions.value)
_SLOPES = Lookup(functions.slopes)
ROUNDS = Lookup(functions.rounds_always)
JUMPS = Lookup(lambda name: not functions.has_slopes(name))
BORDERS = Lookup(lambda name: kind(OPERATIONS[name]))


class Doubted(NamedTuple):
    """The nodes whose finite values, and those whose finite gradients, move a lot if everything is
    changed a little, all if a step may be on the other side of a border; and such steps."""

    values: list[int]
    gradients: list[int]
    turning: set[int]


def doubted(graph: Graph, data: ByNode, gradients: ByNode) -> Doubted | None:
    """What has too few digits, where there is something; of a very large graph None."""
    if len(graph.steps) > LARGE:
        return None
    order = graph.order
    for offset in _OFFSETS:
        known, shaken, turning = changed(graph, data, offset)
        found = _gradients(graph, shaken, offset)
        # written out: a call for each node would take as long as all the rest
        values = [at for at in order if not abs(known[at] - data[at]) <= HINT * abs(data[at])]
        slopes = [
            at for at in order if not abs(found[at] - gradients[at]) <= HINT * abs(gradients[at])
        ]
        values = [at for at in values if isfinite(data[at])]
        slopes = [at for at in slopes if isfinite(gradients[at]) and not graph.is_number(at)]
        hint = bool(values or slopes)
        values = [at for at in values if _moves(data[at], known[at])]
        slopes = [at for at in slopes if _moves(gradients[at], found[at])]
        if turning:
            return Doubted(order, order, turning)
        if values or slopes or not hint:
            break
    return Doubted(values, slopes, turning) if values or slopes else None


def moves(graph: Graph, data: ByNode) -> bool:
    """Whether the value of the output moves a lot if everything is changed a little, or a step before
    it may be on a border, or on the other side of one, by rounding. Of a very large graph that is not
    looked at."""
    if len(graph.steps) > LARGE:
        return False
    at_border = [each for step in met_within(graph, data) for each in graph.operands(step)]
    looks = (changed(graph, data, offset) for offset in _OFFSETS)
    return any(
        turning
        or _moves(data[graph.output], known[graph.output])
        or any(known[each] != data[each] for each in at_border)
        for known, _, turning in looks
    )


def changed(graph: Graph, data: ByNode, offset: int) -> tuple[ByNode, ByNode, set[int]]:
    """The values if everything is changed a little; these with each changed once more; and the
    steps that rounding may have on the other side of a border. What jumps stays. offset: of the
    factors."""
    ops, operands, count = graph.ops, graph.operands, len(FACTORS)
    known, shaken, turning = copy(data), copy(data), set[int]()
    for node in graph.order:
        number = data[node]
        if inside := operands(node):
            op = ops[node]
            near = [known[each] for each in inside]
            if BORDERS[op] and turns(op, [data[each] for each in inside], near):
                turning.add(node)
            if JUMPS[op]:
                continue
            number = _VALUES[op](*near)
            if (
                ROUNDS[op]
                or not number.is_integer()
                or not -EXACT < number < EXACT
                or not all([each.is_integer() for each in near])  # noqa: C419
            ):
                number *= FACTORS[(node + offset) % count]
            shaken[node] = known[node] = number
        elif not (-WHOLE < number < WHOLE and number.is_integer()):
            shaken[node] = number * FACTORS[(node + offset) % count]
    return known, shaken, turning


def _gradients(graph: Graph, data: ByNode, offset: int) -> ByNode:
    """The derivatives of the output, each slope times a factor."""
    ops, operands, number, count = graph.ops, graph.operands, CODES[NUMBER], len(FACTORS)
    found: ByNode = [0.0] * len(data) if isinstance(data, list) else dict.fromkeys(data, 0.0)
    at = offset
    found[graph.output] = 1.0
    for step in reversed(graph.steps):
        inside, gradient = operands(step), found[step]
        at += len(inside)
        if gradient:
            numbers = [*[data[each] for each in inside], data[step]]
            for use, (operand, slope) in enumerate(
                zip(inside, SURE_SLOPES[ops[step]], strict=True)
            ):
                if ops[operand] != number:
                    local = slope(*numbers)
                    if local != local:  # too small for a double: as it is
                        local = _SLOPES[ops[step]][use](*numbers)
                    found[operand] += gradient * (local * FACTORS[(at - use) % count])
    return found


class ShakenSlopes(Lookup[tuple[functions.Function, ...]]):
    """The slopes of each operation, each time times another factor."""

    def __init__(self) -> None:
        super().__init__(lambda name: tuple(map(self._shaken, functions.slopes(name))))
        self._factors = cycle(FACTORS)

    def _shaken(self, slope: functions.Function) -> functions.Function:
        return lambda *numbers: slope(*numbers) * next(self._factors)


def turns(op: int, at: Sequence[float], near: Sequence[float]) -> bool:
    """Whether rounding may decide on which side of its border an operation is. at: its operands; near:
    these changed a little."""
    sort = BORDERS[op]
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
    if JUMPS[op]:
        return any(tried(each) != here for each in (near, other))
    return any(any(map(_moves, here, tried(each))) for each in (near, other))


def _moves(known: float, changed: float) -> bool:
    return isfinite(known) and not abs(changed - known) <= MOVED * abs(known)
