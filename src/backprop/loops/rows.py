"""Columns whose rows are arrays: one number for each combination of the indices around them.

A row has a home, the innermost domain that it depends on: in `h[i,j] = exp(a[i]) + b[j]` the row of
`exp(a[i])` is one number for each i, computed once for all j. What is used within a domain further
in is lifted there first.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import NamedTuple

import numpy

from backprop.graph import NUMBER, Columns, Place, in_order
from backprop.language.integers import MOST
from backprop.loops.affine import Affine, Ints
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Domain, Wholes
from backprop.operations import Gather


class Index(NamedTuple):
    """What the variable of a clause is, or a number from a table, for each combination of its domain."""

    known: Ints

    @property
    def numbers(self) -> Wholes:
        """The numbers as an array."""
        return numpy.asarray(self.known)


class Read(NamedTuple):
    """Members of a family: for each combination their indices, position by position. None at all
    for a name without indices. within: the domain of the body that reads them."""

    family: str
    at: tuple[Ints, ...]
    within: Domain

    @property
    def indices(self) -> tuple[Wholes, ...]:
        """The indices as arrays."""
        return tuple(numpy.asarray(each) for each in self.at)


class Lift(NamedTuple):
    """A row of a domain around this one, for each combination of this one."""

    row: int


class Gathered(NamedTuple):
    """The rows of a domain further in, put together for each combination of this one."""

    row: int
    gather: Gather


Special = Index | Read | Lift | Gathered


class ArrayColumns(Columns):
    """Columns with a home for each row. specials: the rows that are no operations of the table."""

    __slots__ = ("_affine", "_known", "_lifted", "homes", "specials", "whole")

    def __init__(self) -> None:
        super().__init__()
        self.whole = Domain()
        self.homes: list[Domain] = []
        self.specials: dict[int, Special] = {}
        self._lifted: dict[tuple[int, Domain], int] = {}
        self._known: dict[int, Spread] = {}
        self._affine: dict[int, Affine | None] = {}

    def copy(self) -> ArrayColumns:
        """Columns with these rows and homes, to which others can be added."""
        twin = ArrayColumns()
        for name in (*Columns.__slots__, *self.__slots__):
            setattr(twin, name, copy(getattr(self, name)) if name != "whole" else self.whole)
        return twin

    def _add(self, code: int, first: int, second: int, place: Place) -> int:
        self.homes.append(self.whole)
        return super()._add(code, first, second, place)

    def drop(self, node: int) -> None:
        if node == len(self.ops) - 1:
            self.homes.pop()
            self._affine.pop(node, None)
        super().drop(node)

    def special(self, what: Special, home: Domain, place: Place = None) -> int:
        """A new row that is no operation of the table."""
        node = self.input(place)
        self.homes[node] = home
        self.specials[node] = what
        return node

    def innermost(self, rows: Sequence[int]) -> Domain:
        """The innermost home of these rows, which lie within one another."""
        return max(
            (self.homes[row] for row in rows), key=lambda home: home.depth, default=self.whole
        )

    def lifted(self, row: int, home: Domain) -> int:
        """A row of a domain further in with the numbers of this one."""
        if self.homes[row] is home or self.homes[row] is self.whole:
            return row
        return self.lift(row, home)

    def lift(self, row: int, home: Domain) -> int:
        """A row of a domain further in with the numbers of this one, also of a single number."""
        key = row, home
        if key not in self._lifted:
            self._lifted[key] = self.special(Lift(row), home)
        return self._lifted[key]

    def step(self, op: str, operands: Sequence[int], place: Place = None) -> int:
        home = self.innermost(operands)
        node = super().step(op, [self.lifted(each, home) for each in operands], place)
        self.homes[node] = home
        return node

    def operands(self, node: int) -> tuple[int, ...]:
        special = self.specials.get(node)
        if isinstance(special, Lift | Gathered):
            return (special.row,)
        return super().operands(node)

    def is_step(self, node: int) -> bool:
        return isinstance(self.specials.get(node), Lift | Gathered) or super().is_step(node)

    def affine(self, row: int) -> Affine | None:
        """The whole numbers of a row that no name leads to as a base and strides; None where they go on
        unevenly, or are not known to go on so."""
        for each in in_order([row], self.operands):
            if each not in self._affine:
                self._affine[each] = self._evenly(each)
        return self._affine[row]

    def _evenly(self, row: int) -> Affine | None:
        special, home = self.specials.get(row), self.homes[row]
        if isinstance(special, Index):
            return special.known if isinstance(special.known, Affine) else None
        if self.is_number(row):
            number = self.constant(row)
            return Affine(home, int(number)) if abs(number) <= MOST and number % 1 == 0 else None
        if special and not isinstance(special, Lift):
            return None
        found = [self._affine[each] for each in self.operands(row)]
        known = [each.lifted(home) for each in found if each is not None]
        if not known or len(known) < len(found):
            return None
        made = _computed(self.op(row), known)
        if made is None or max(map(abs, (made.base, *made.strides))) > MOST:
            return None
        return made

    def numbers(self, row: int, writer: ArrayWriter) -> Spread:
        """The numbers of a row that no name leads to. Raises KeyError for others."""
        if row in self._known:
            return self._known[row]
        special, home = self.specials.get(row), self.homes[row]
        if isinstance(special, Index):
            found: Spread = special.numbers.astype(float)
        elif isinstance(special, Lift):
            source = self.homes[special.row]
            found = home.lifted(self.numbers(special.row, writer), source)
        elif self.op(row) == NUMBER:
            found = self.constant(row)
        elif special is None and self.is_step(row):
            operands = [self.numbers(each, writer) for each in super().operands(row)]
            found = writer.value(self.op(row), operands)
        else:
            raise KeyError(row)
        self._known[row] = found
        return found


def _computed(op: str, operands: Sequence[Affine]) -> Affine | None:
    """What an operation makes of whole numbers, if that goes on evenly, too."""
    if op in ("copy", ""):  # a lifted row has no operation
        return operands[0]
    if op == "neg":
        return operands[0].times(-1)
    if op in ("+", "-"):
        return operands[0].plus(operands[1], 1 if op == "+" else -1)
    if op == "*":
        for one, other in (operands, operands[::-1]):
            if one.constant is not None:
                return other.times(one.constant)
    return None
