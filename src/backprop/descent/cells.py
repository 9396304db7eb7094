"""What a compiled loop remembers from step to step, and where it goes: for `descent.loop`.

Single numbers, and a number for each parameter. Of a small problem each has a cell of its own,
which LLVM makes a register; of a large one they stand in the arrays that the loop is given.
"""

from collections.abc import Callable
from typing import NamedTuple

from backprop.engine.writers.llvm import Code, Operand


class Array(NamedTuple):
    """A number for each parameter: behind a pointer, after `before` other arrays. has_cells:
    whether a small problem works on a copy of it, in cells."""

    pointer: str
    before: int = 0
    has_cells: bool = True


class Cells(Code):
    """Code that reads and writes them. count: of parameters. states: how many numbers an optimizer
    keeps for each. unrolled: whether what is done for each parameter is written out for each."""

    x, next_x, last_x = Array("%x"), Array("%next_x"), Array("%last_x")
    gradient, next_gradient = Array("%gradient"), Array("%next_gradient")
    best, low, high = (Array(pointer, has_cells=False) for pointer in ("%best", "%low", "%high"))

    def __init__(self, count: int, states: int, unrolled: bool) -> None:
        super().__init__()
        self.count = count
        self.state = [Array("%state", at) for at in range(states)]
        self.next_state = [Array("%next_state", at) for at in range(states)]
        self.now = [self.x, self.gradient, *self.state]
        self.next = [self.next_x, self.next_gradient, *self.next_state]
        self.unrolled = unrolled
        self._labels = 0
        self._entry: list[str] = []

    def _each(self, body: Callable[[str | int], object]) -> None:
        """Something for each parameter: written out for each, or as a loop."""
        if self.unrolled:
            for parameter in range(self.count):
                body(parameter)
            return
        label = self._fresh_label()
        counter = f"%{label}.at"
        self._allocate(counter, "i64")
        self.lines.append(f"  store i64 0, ptr {counter}, align 8")
        self._jump(label)
        self.label(label)
        at = self.load(counter, "i64")
        body(at)
        after = self.emit(f"add i64 {at}, 1")
        self.lines.append(f"  store i64 {after}, ptr {counter}, align 8")
        more = self.emit(f"icmp slt i64 {after}, {self.count}")
        self._branch(more, label)

    def _get(self, array: Array, at: str | int) -> str:
        return self.load(self._place(array, at))

    def _set(self, array: Array, at: str | int, number: Operand) -> None:
        self.store(number, self._place(array, at))

    def _copy(self, source: Array, target: Array, at: str | int) -> None:
        self._set(target, at, self._get(source, at))

    def _place(self, array: Array, at: str | int) -> str:
        if self.unrolled and array.has_cells:
            return f"{array.pointer}.{array.before}.{at}"
        return self._outside(array, at)

    def _outside(self, array: Array, at: str | int) -> str:
        """The place in the array that the loop was given."""
        skipped = array.before * self.count
        index = at + skipped if isinstance(at, int) else self.emit(f"add i64 {at}, {skipped}")
        return self.at(array.pointer, index)

    def _allocate(self, place: str, kind: str = "double") -> None:
        self._entry.append(f"  {place} = alloca {kind}, align 8")

    def _load_arrays(self) -> None:
        """Make the cells of every parameter, with what stands in the arrays."""
        for at in range(self.count):
            for array in (*self.now, *self.next, self.last_x):
                self._allocate(self._place(array, at))
            for array in self.now:
                self._set(array, at, self.load(self._outside(array, at)))
            self._copy(self.x, self.last_x, at)

    def _store_arrays(self) -> None:
        for array in (*self.now, self.last_x):
            for at in range(self.count):
                self.store(self._get(array, at), self._outside(array, at))

    def _done(self) -> str:
        """The steps of this batch so far."""
        return self.load("%done", "i64")

    def _cell(self, name: str, number: Operand) -> None:
        """A cell for a single number, which it begins with."""
        self._allocate(f"%cell.{name}")
        self._set_cell(name, number)

    def _cell_value(self, name: str) -> str:
        return self.load(f"%cell.{name}")

    def _set_cell(self, name: str, number: Operand) -> None:
        self.store(number, f"%cell.{name}")

    def _fresh_label(self) -> str:
        self._labels += 1
        return f"block{self._labels}"

    def _jump(self, label: str) -> None:
        self.lines.append(f"  br label %{label}")

    def _branch(self, condition: Operand, label: str, unless: bool = False) -> None:
        """Go to a label if a condition holds (unless it does), and on otherwise."""
        on = self._fresh_label()
        first, second = (on, label) if unless else (label, on)
        self.lines.append(f"  br i1 {condition}, label %{first}, label %{second}")
        self.lines.append(f"{on}:")
