"""Numbers of the file with the digits that rounding takes, member by member."""

from __future__ import annotations

from math import isfinite

import numpy

from backprop.graph import Columns
from backprop.language.build import Builder
from backprop.loops.affine import whole
from backprop.loops.domains import Reals, Wholes
from backprop.loops.many import NotLoops
from backprop.loops.reader import LoopBuilder
from backprop.loops.repeated import Repeated
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.values import without_names

_DIGITS = 60

_MOST = 2000
"""So many are computed with more digits, each in some tenths of a millisecond."""


def restored(builder: LoopBuilder, loop: Repeated, which: Wholes) -> Reals:
    """The numbers of some combinations of a statement without names, as the unrolled text has them. Raises
    NotLoops for those that it has to say something of, and for many."""
    if len(which) > _MOST:
        raise NotLoops("many numbers of the file are what rounding makes of them")
    variables = {
        name: whole(builder.of_variable(found.node, loop.domain))[which].tolist()
        for name, found in loop.scope.items()
    }
    found = [
        _restored(builder, loop, {name: each[at] for name, each in variables.items()})
        for at in range(len(which))
    ]
    return numpy.array(found)


def _restored(builder: LoopBuilder, loop: Repeated, scope: dict[str, int]) -> float:
    """The number of one combination."""
    single = Builder({}, Columns(), builder.functions, builder.families)
    root = single.expression(loop.statement.tokens, loop.parts.body, scope)
    order, data = without_names(single.columns, root)
    from backprop.engine.writers.exact import ExactWriter  # which has mpmath compute: 40 ms

    writer = ExactWriter(_DIGITS, data)
    values = {node: writer.mp.mpf(number) for node, number in data.items()}
    for step in filter(single.columns.is_step, order):
        name, operands = single.columns.op(step), single.columns.operands(step)
        row = OPERATIONS[name]
        if not functions.has_slopes(name) or row.chooses or row.angle:  # of which doubles decide
            raise NotLoops("a number of the file is what rounding makes of it")
        values[step] = writer.number(name, [values[each] for each in operands])
    number = float(values[root])
    if not isfinite(number):
        raise NotLoops("a number of the file is what rounding makes of it")
    return number
