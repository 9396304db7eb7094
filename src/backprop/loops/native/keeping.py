"""What is computed once: for the way back what takes long, and for all rows what is the same in each."""

from __future__ import annotations

from abc import abstractmethod
from functools import cache
from typing import Any

from backprop.chain.walk import Operand
from backprop.loops.domains import Domain
from backprop.loops.native.grids import GridFit
from backprop.loops.native.row_loops import RowLoops
from backprop.loops.native.wide import WideCode
from backprop.loops.rows import Gathered, Index, Read
from backprop.operations import OPERATIONS

_MANY = 8
"""Sums of so many terms and more are kept for the way back."""


MANY_RUNS, ONE_RUN = 1 << 22, 1 << 21
"""How many doubles are kept at most: what no cache holds takes as long to read as to compute it again. What
one run keeps is memory that nobody has used before."""


KeptRow = int | tuple[int, int]
"""Of what is kept: a row, its inverse for what a logsumexp has besides, or a row and which of its calls."""


class Keeping(RowLoops):
    """Arrays of what is computed once. movers: the rows that depend on what takes a gradient. kept: of what
    the way back would compute again for long, and of what is the same for all rows. stored: such rows that
    members of families have."""

    _looking = False
    """Whether this is the way forward."""
    movers: set[int]
    kept: dict[KeptRow, str]
    stored: set[int]
    _still: dict[int, bool]
    room: int
    """How many doubles are kept at most."""

    @abstractmethod
    def _place_of_root(self, row: int) -> tuple[str, GridFit] | None:
        """If a row is the root of what is written here, its family, and where it has the number; None if it
        has it not, or not for all that is computed."""

    def _recalled(self, row: int, home: Domain) -> bool:
        """Whether results of the calls that a value makes were kept, which then are not made again."""
        found: list[Any] = []
        while (each := self._kept((row, len(found)), home)) is not None:
            found.append(each)
        self.code.given = found
        return bool(found)

    def _is_long(self, special: Gathered, home: Domain) -> bool:
        """Whether a sum has so many terms that it is better read than computed again."""
        inner = self.columns.homes[special.row]
        some = special.gather.joined_by == "+" and home.depth > 0
        return some and inner.size >= _MANY * home.size

    def _keep(self, row: KeptRow, home: Domain, number: Operand[str]) -> None:
        """Keep a number that takes long for the way back, if this is the way forward: in one array, in
        however many loops its row is written, as in each phase of a recurrence; or where it stands as a
        member of its family."""
        if not self._looking or isinstance(number, float):
            return
        if isinstance(row, int) and self._place_of_root(row) is not None:
            self.stored.add(row)
            return
        if row not in self.kept and home.size > self.room:
            return
        if row not in self.kept:
            self.room -= home.size
            self.kept[row] = self.arrays.kept(home.size)
        self._store(number, self.kept[row], [self._at(home)], 1)

    def _kept(self, row: KeptRow, home: Domain) -> Operand[str] | None:
        """A number that was kept."""
        if self._looking:
            return None
        at = self._place_of_root(row) if isinstance(row, int) and row in self.stored else None
        if at is not None:
            family, fit = at
            return self._load(self._pointer("v", family), *self._whole(fit, home))
        if row not in self.kept:
            return None
        return self._load(self.kept[row], [self._at(home)], 1)

    def _at(self, home: Domain) -> str:
        """Where numbers of this combination are kept, those of rows side by side."""
        grid = self._grid(home)
        if grid.size < 0:
            return self._r[home]
        return self._whole_sum(self._times(self._r[home], grid.rows), self._row)

    def _stays(self, row: int, home: Domain) -> bool:
        """Whether the value of an operation takes long, and is the same for all rows of the loop here."""
        if self.code.width == 1 or home.depth < 2 or not value_calls(self.columns.op(row)):
            return False
        if row not in self._still:
            size = self._grid(home).size
            self._still[row] = 0 < size <= self.room and self._is_still(row)
        return self._still[row]

    def _is_still(self, row: int) -> bool:
        columns = self.columns
        home, special = columns.homes[row], columns.specials.get(row)
        if columns.is_number(row) or home is columns.whole:
            return True
        if home.depth < 2 or isinstance(special, Gathered):
            return False
        if isinstance(special, Index | Read):
            if isinstance(special, Read) and special.family in self.local:
                return False
            if isinstance(special, Read):
                fit = self._place(row, special, home)
            else:
                fit = self._fit(row, lambda: special.numbers, home)
            return not fit.row and not fit.whole
        return all(self._is_still(each) for each in columns.operands(row))

    def _in_first(self, row: int, home: Domain) -> Operand[str]:
        """A value that is computed in the first turn of the loop over rows."""
        code = self.code
        if row not in self.kept:
            size = self._grid(home).size
            self.room -= size
            self.kept[row] = self.arrays.kept(size)
        place = code.at(self.kept[row], self._r[home])

        def compute() -> None:
            operands = [self.found[each] for each in self.columns.operands(row)]
            text = code.write(code.value(self.columns.op(row), operands))
            single = code.emit(f"extractelement {code.double} {text}, i32 0")
            code.lines.append(f"  store double {single}, ptr {place}, align 8")

        if self._looking:
            self._if(code.emit(f"icmp eq i64 {self._row}, 0"), compute)
        return self._splat(code.load(place))


@cache
def slopes_call(name: str) -> bool:
    """Whether the slopes of an operation call functions whose results its value has, too."""
    operands = [f"%x{at}" for at in range(OPERATIONS[name].arity)]
    code, other = WideCode(1, {}), WideCode(1, {})
    out = code.value(name, operands)
    of_value = {*code.called}
    code.slopes(name, operands, out)
    other.slopes(name, operands, out)
    return len({*code.called}) < len(of_value) + len({*other.called})


@cache
def value_calls(name: str) -> bool:
    """Whether the value of an operation calls functions."""
    code = WideCode(1, {})
    code.value(name, [f"%x{at}" for at in range(OPERATIONS[name].arity)])
    return bool(code.called)
