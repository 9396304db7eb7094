"""For which combinations a derivative is 0, since what it is of does not depend on what it is by, and what
is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from types import MappingProxyType

import numpy
from numpy.typing import NDArray

from backprop.errors import LIMIT, BackpropError
from backprop.graph import in_order
from backprop.language.in_equations import Zeros
from backprop.loops.affine import numbered, whole
from backprop.loops.domains import Domain, Wholes, spread
from backprop.loops.parts import Use
from backprop.loops.placement import Layout
from backprop.loops.rows import ArrayColumns
from backprop.operations import OPERATIONS
from backprop.syntax.scanner import Tokens

Holds = NDArray[numpy.bool_]
"""For each combination of a domain whether something holds."""


def led_to(
    columns: ArrayColumns,
    root: int,
    some: Mapping[int, Holds],
    sloped: bool = False,
    known: Mapping[int, Holds] = MappingProxyType({}),
) -> Holds:
    """For which combinations a row depends on others. some: for which of theirs these count. sloped:
    whether only steps with slopes lead on, and of a choice what may be taken. known: of some rows for
    which combinations they depend on anything."""
    found = {**some}
    for row in in_order([root], lambda each: () if each in some else columns.operands(each)):
        operands = _sloped(columns, row) if sloped else columns.operands(row)
        for operand in () if row in some else operands:
            if operand in found:
                there = spread(found[operand], columns.homes[operand], columns.homes[row])
                found[row] = found[row] | there if row in found else there
        if row in known and row in found:
            found[row] = found[row] & known[row]
    return found.get(root, numpy.zeros(columns.homes[root].size, dtype=bool))


def _sloped(columns: ArrayColumns, row: int) -> Sequence[int]:
    """The operands of a row by which it has a slope."""
    operands = columns.operands(row)
    if row in columns.specials or not columns.is_step(row):
        return operands
    operation = OPERATIONS[columns.op(row)]
    if operation.chooses:
        return operands[1:]
    return [each for each, slope in zip(operands, operation.slopes, strict=True) if slope != "0"]


def made_of_something(columns: ArrayColumns, root: int) -> Holds:
    """For which combinations a row is more than products with sums of no terms, which are 0."""
    found = dict[int, Holds]()
    for row in in_order([root], columns.operands):
        home, special = columns.homes[row], columns.specials.get(row)
        every = numpy.full(home.size, not columns.is_number(row) or columns.constant(row) != 0)
        parts = [spread(found[each], columns.homes[each], home) for each in columns.operands(row)]
        operation = columns.op(row) if columns.is_step(row) and special is None else ""
        if operation == "if":
            parts = parts[1:]
        if parts and (special is not None or operation in ("*", "neg", "copy")):
            every = numpy.logical_and.reduce(parts)
        elif parts and operation in ("+", "-", "if"):
            every = numpy.logical_or.reduce(parts)
        found[row] = every
    return found[root]


def flat_somewhere(columns: ArrayColumns, rows: Iterable[int]) -> bool:
    """Whether some step has a condition, or no slope: so it may depend on what it does not move with."""
    steps = (row for row in rows if row not in columns.specials and columns.is_step(row))
    operations = {columns.op(row) for row in steps}
    return any(OPERATIONS[op].chooses or "0" in OPERATIONS[op].slopes for op in operations)


class ZeroMembers:
    """The derivatives of a text that are 0 for some of their combinations."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], BackpropError] = {}

    def add(
        self, plan: Layout, place: tuple[Tokens, int], of: int, by: Use, home: Domain, led: Holds
    ) -> None:
        """Take note of a derivative. place: where it stands, and its closing bracket. of: the row that it
        is of. by: what it is by. led: for which combinations of its home it is not 0."""
        columns, some = plan.columns, numpy.flatnonzero(~led)
        zeros = Zeros(*place)
        if not len(some) or (led.any() and zeros.is_of_a_derivative):
            return

        def places(use: Use) -> Wholes:
            found: Wholes = home.lifted(whole(numbered(use.places)), columns.homes[use.row])
            return found

        where = places(by)
        if numpy.isin(where[some], where[led]).any():
            uses = [plan.uses[of], by] if of in plan.uses else []
            first = [*chain(*(plan.families[x.family].labels(places(x)[some[:1]]) for x in uses))]
            found = zeros.of_some(*(first or ("", "")))
        else:
            _, at = numpy.unique(where[some], return_index=True)
            members = where[some][numpy.sort(at)]
            found = zeros.of_all([*plan.families[by.family].labels(members)], ())
        self._found[id(place[0]), place[1]] = found

    def warnings(self) -> list[BackpropError]:
        """What is said of them, in the order of the text."""
        found = [*islice(self._found.values(), LIMIT)]
        return sorted(found, key=lambda each: each.labels[0].span.start)
