"""Residuals of rows at many points: by NumPy, or by machine code where that is worth making."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from backprop.by_rows.block_kernel import Summed
from backprop.by_rows.held_rows import BLOCK, HeldRows
from backprop.by_rows.passing import RowSource
from backprop.by_rows.reductions import CHUNK
from backprop.by_rows.residual_rows import ResidualTriangle, no_code, residual_triangle, with_totals
from backprop.by_rows.row_program import RowProgram
from backprop.errors import BackpropError
from backprop.language.apart import NotApart
from backprop.loops.domains import Reals
from backprop.loops.many import NotLoops

if TYPE_CHECKING:
    from backprop.by_rows.machine_residuals import MachineResiduals

MANY_ROWS = 2 * CHUNK
"""Of fewer rows machine code is not made."""

WORTH = 2_000_000
"""Machine code is made where so many rows have been gone through, those of some passes to come among them.
NumPy takes 50 ns a row where it takes 15; to make it takes 40 ms where it is kept from an earlier process,
and 150 where it is not."""

_ALONE = 8 * BLOCK
"""So many rows at most NumPy goes through in one process: it takes some thousandths of a second."""

_TO_COME = 4
"""So many passes are sure to come."""


class ResidualsOverRows:
    """All residuals of tables at many points. program, sources: as of `residual_triangle`. by_code: whether
    machine code may do it, where that is worth it. threads: 0 for one a processor."""

    def __init__(
        self,
        program: RowProgram,
        sources: Sequence[RowSource],
        by_code: bool = True,
        threads: int = 0,
    ) -> None:
        self._program, self._sources, self._threads = program, sources, threads
        self._by_code = by_code
        self._made: dict[tuple[str, tuple[str, ...]], MachineResiduals | None] = {}
        self._totals: tuple[dict[str, float], dict[str, float]] | None = None
        """Numbers of what is no parameter, and what is gathered of all rows there."""
        self._gone = 0
        """How many rows have been gone through."""
        self.in_memory = all(isinstance(each, HeldRows) for each in sources)
        self._rows = sum(each.count() for each in sources) if self.in_memory else 0
        """In a pass, as far as is known."""

    def at(self, names: Sequence[str], given: Mapping[str, float]) -> ResidualTriangle:
        """The triangle by parameters, at numbers for all inputs. Raises NotApart, NotSure."""
        is_worth = self._by_code and self._gone + _TO_COME * self._rows >= WORTH
        how = self._program, names, self.given(names, given), self._sources
        over = self._over if is_worth else no_code
        if self.in_memory and self._rows <= _ALONE:
            found = residual_triangle(*how, map, over, is_worth)
        else:
            from backprop.by_rows.threads import over_blocks  # for many rows only

            with over_blocks(self._threads, is_worth) as mapped:
                found = residual_triangle(*how, mapped, over, is_worth)
        self._rows = found.rows
        self._gone += self._rows
        return found

    def given(self, names: Sequence[str], given: Mapping[str, float]) -> Mapping[str, float]:
        """Numbers for all inputs, and for what residuals have in them that is gathered over rows. Raises
        NotApart, NotSure."""
        still = {name: number for name, number in given.items() if name not in names}
        if self._totals is None or self._totals[0] != still:
            found = with_totals(self._program, names, given, self._sources)
            self._totals = still, {n: x for n, x in found.items() if n not in given}
        return {**given, **self._totals[1]}

    def _over(
        self, term: Summed, names: Sequence[str]
    ) -> Callable[[Callable[[str], float]], Reals] | None:
        if not names or self._rows < MANY_ROWS:
            return None
        key = term.total, tuple(names)
        if key not in self._made:
            self._made[key] = None
            with suppress(NotApart, NotLoops, BackpropError):
                self._made[key] = self._machine(term, names)
        found = self._made[key]
        return found.triangle if found else None

    def _machine(self, term: Summed, names: Sequence[str]) -> MachineResiduals:
        # with a compiler
        from backprop.by_rows.machine_residuals import MachineResiduals, ResidualBatches

        source = self._sources[term.table]
        if isinstance(source, HeldRows):
            return MachineResiduals(self._program, term, source, names, self._threads)
        return ResidualBatches(self._program, term, source, names, self._threads)  # type: ignore[arg-type]
