"""Columns whose rows are arrays: one number for each combination of the indices around them.

A row has a home, the innermost domain that it depends on: in `h[i,j] = exp(a[i]) + b[j]` the row of
`exp(a[i])` is one number for each i, computed once for all j. What is used within a domain further
in is lifted there first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backprop.graph import NUMBER, Columns, Place
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Domain, Wholes
from backprop.operations import Gather


class Index(NamedTuple):
    """What the variable of a clause is, for each combination of its domain."""

    numbers: Wholes


class Read(NamedTuple):
    """Members of a family: for each combination their indices, position by position. None at all
    for a name without indices. within: the domain of the body that reads them."""

    family: str
    indices: tuple[Wholes, ...]
    within: Domain


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

    __slots__ = ("_known", "_lifted", "homes", "specials", "whole")

    def __init__(self) -> None:
        super().__init__()
        self.whole = Domain()
        self.homes: list[Domain] = []
        self.specials: dict[int, Special] = {}
        self._lifted: dict[tuple[int, Domain], int] = {}
        self._known: dict[int, Spread] = {}

    def _add(self, code: int, first: int, second: int, place: Place) -> int:
        self.homes.append(self.whole)
        return super()._add(code, first, second, place)

    def drop(self, node: int) -> None:
        if node == len(self.ops) - 1:
            self.homes.pop()
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
