"""The bodies of families that indices are made of, such as `c[i] = mod(i, k) + 1`: what they read are
numbers that are known before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from backprop.errors import BackpropError
from backprop.language.build import EXPECTED
from backprop.language.in_equations import Derivatives
from backprop.language.index_code import Scope
from backprop.loops.domains import Wholes
from backprop.loops.many import NotLoops
from backprop.loops.reader import LoopBuilder
from backprop.loops.rows import Index
from backprop.syntax.bodies import Parts
from backprop.syntax.scanner import Tokens

NO_TABLE = "an index comes from a family that is no table of numbers"


class TableRows(LoopBuilder):
    """Reads these bodies. of: who reads what indices are made of."""

    def __init__(self, of: LoopBuilder) -> None:
        columns = of.families.integers.columns
        super().__init__(dict.fromkeys(of.names, EXPECTED), of.functions, of.families)
        self.families.integers.columns = columns
        self.table, self.room, self.deriving = of.table, of.room, _none_of_these
        self.extent = _none_with_a_star

    def _input(self, name: str, place: int) -> int:
        try:
            return self.columns.number(self.families.integers.constant(name), place)
        except BackpropError:
            raise NotLoops(NO_TABLE) from None

    def _member(self, tokens: Tokens, family: str, parts: Parts, scope: Scope, place: int) -> int:
        rows = [self._row_of(tokens, each, scope) for each in parts.indices]
        home = self.columns.innermost(rows)
        indices = tuple(self._whole(row, home) for row in rows)
        numbers = self.table(family, indices, home, self._here)
        return self.columns.special(Index(cast(Wholes, numbers)), home, place)


def _none_with_a_star(name: str) -> Sequence[tuple[int, int]]:
    raise NotLoops(NO_TABLE)


def _none_of_these(builder: LoopBuilder) -> Derivatives:
    raise NotLoops(NO_TABLE)
