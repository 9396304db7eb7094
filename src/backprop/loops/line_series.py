"""The power series of members along a line, by loops at a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import factorial

import numpy

from backprop.loops.affine import Places
from backprop.loops.along_plan import AlongPlan, coefficient
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals
from backprop.loops.file_numbers import FileNumbers
from backprop.loops.passes import own_numbers, same
from backprop.loops.rounded import Shaken
from backprop.loops.stepped import Stepped
from backprop.loops.walks import Doubtful, labels, walk_through
from backprop.syntax.functions import LOST, TINY

_MOVED = 1e-7
"""How far derivatives may move if everything is changed by 64 times as much as rounding, relative."""


def derivatives_of(
    plan: AlongPlan, numbers: Mapping[str, FileNumbers], asked: Sequence[tuple[str, Places]]
) -> tuple[Reals, Reals]:
    """The values of members, shape (members,), and their derivatives by t, shape (members, order).

    numbers: of all families. asked: families, and places there. Raises Doubtful where something is not
    finite, on a border, too small for a double and with a say, or has too few digits.
    """
    plan.check_room({})
    writer = ArrayWriter()
    found = _found(plan, _forward(plan, numbers, writer), asked)
    if writer.small:
        other = _found(plan, _forward(plan, numbers, ArrayWriter(LOST)), asked)
        if not same(found, other, TINY):
            raise Doubtful("what is too small")
    shaken = _found(plan, _forward(plan, numbers, Shaken(), True), asked)
    if not (numpy.abs(shaken - found) <= _MOVED * numpy.abs(found)).all():
        raise Doubtful("what rounding leaves")
    return found[:, 0], found[:, 1:]


def _found(
    plan: AlongPlan, values: Mapping[str, Reals], asked: Sequence[tuple[str, Places]]
) -> Reals:
    """The value of each member, and its derivatives."""
    columns = []
    for at in range(plan.order + 1):
        parts = []
        for family, places in asked:
            name = coefficient(family, at)
            some = values[family][places]
            parts.append(values[name][places] if name in values else numpy.zeros(len(some)))
        columns.append(factorial(at) * numpy.concatenate([*parts, numpy.zeros(0)]))
    return numpy.stack(columns, axis=1)


def _forward(
    plan: AlongPlan, numbers: Mapping[str, FileNumbers], writer: ArrayWriter, shaken: bool = False
) -> Mapping[str, Reals]:
    """The numbers of all members. shaken: whether it does not matter where they stand. Raises Doubtful."""
    values, rows = own_numbers(plan, numbers), dict[int, Spread]()
    with writer.watched():
        for unit in plan.units():
            if isinstance(unit, Stepped):
                met = unit.forward(values, rows, writer.more, writer.steps)
                writer.small |= met.small
                sound, labelled = met.finite and not met.border, [use.family for use in met.labels]
            else:
                walk = walk_through(unit.part, writer, values, rows)
                walk.forward()
                sound = walk.is_finite()
                labelled = [] if shaken else [family for family, _ in labels(walk, unit)]
                if unit.family:
                    values[unit.family][unit.target] = walk.found[unit.part.roots[0]]
                else:
                    rows |= {row: walk.found[row] for row in unit.part.roots}
                unit.part.forget()
            if not shaken and not (sound and plan.orders.keys().isdisjoint(labelled)):
                raise Doubtful("a step")
    return values
