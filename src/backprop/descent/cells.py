"""What a compiled loop remembers from step to step, and where it goes: for `descent.loop`.

The numbers of parameters (`x`, the next `xn`, the last `xp`, the gradient `g` and `gn`, the state `s0`,
`s0n`, …) and single numbers. Of a small problem each has a cell of its own, which LLVM makes a
register; of a large one they stand in arrays that the loop is given.
"""

from __future__ import annotations

from collections.abc import Callable

from backprop.engine.writers.llvm import Code, Operand


class Cells:
    """Code that reads and writes them. count: of parameters. state: the names of an optimizer's."""

    def __init__(self, count: int, state: tuple[str, ...]) -> None:
        self.count = count
        self.state = state
        self.code = Code()
        self._labels = 0
        self._entry: list[str] = []
        self._unrolled = True
        """Whether parameters have cells of their own."""

    def _each(self, body: Callable[[str | int], object]) -> None:
        """Something for each parameter: written out for each, or as a loop."""
        code = self.code
        if self._unrolled:
            for parameter in range(self.count):
                body(parameter)
            return
        cell = self._fresh_label()
        self._entry.append(f"  %{cell}.at = alloca i64, align 8")
        code.lines.append(f"  store i64 0, ptr %{cell}.at, align 8")
        self._jump(cell)
        self._label(cell)
        at = code.emit(f"load i64, ptr %{cell}.at, align 8")
        body(at)
        after = code.emit(f"add i64 {at}, 1")
        code.lines.append(f"  store i64 {after}, ptr %{cell}.at, align 8")
        more = code.emit(f"icmp slt i64 {after}, {self.count}")
        done = self._fresh_label()
        code.lines.append(f"  br i1 {more}, label %{cell}, label %{done}")
        self._label(done)

    def _array(self, name: str) -> tuple[str, int]:
        """The pointer behind which an array stands, and how many parameters' worth before it."""
        if name[0] == "s":
            return ("%sn" if name.endswith("n") else "%state"), int(name.strip("sn"))
        return {"x": "%xs", "g": "%gs"}.get(name, f"%{name}"), 0

    def _place(self, name: str, at: str | int) -> str:
        if self._unrolled and name not in ("low", "high", "best"):
            return f"%{name}.{at}"
        pointer, before = self._array(name)
        code = self.code
        index: str | int = at
        if before:
            index = code.emit(f"add i64 {at}, {before * self.count}")
        return code.emit(f"getelementptr double, ptr {pointer}, i64 {index}")

    def _get(self, name: str, at: str | int) -> str:
        return self.code.emit(f"load double, ptr {self._place(name, at)}, align 8")

    def _set(self, name: str, at: str | int, number: Operand) -> None:
        text = self.code.write(number)
        self.code.lines.append(f"  store double {text}, ptr {self._place(name, at)}, align 8")

    def _load_arrays(self) -> None:
        """Every parameter and its state into registers (cells that LLVM makes registers of)."""
        states = [f"s{number}" for number in range(len(self.state))]
        for name in ("x", "g", *states):
            for at in range(self.count):
                self._entry += [
                    f"  %{each}.{at} = alloca double, align 8" for each in (name, f"{name}n")
                ]
                self._set(name, at, self._outside(name, at))
        for at in range(self.count):
            self._entry.append(f"  %xp.{at} = alloca double, align 8")
            self._set("xp", at, self._get("x", at))

    def _outside(self, name: str, at: int) -> str:
        pointer, before = self._array(name)
        index = at + before * self.count
        place = self.code.emit(f"getelementptr double, ptr {pointer}, i64 {index}")
        return self.code.emit(f"load double, ptr {place}, align 8")

    def _store_arrays(self) -> None:
        code = self.code
        states = [f"s{number}" for number in range(len(self.state))]
        for name in ("x", "g", "xp", *states):
            pointer, before = self._array(name)
            for at in range(self.count):
                number = self._get(name, at)
                index = at + before * self.count
                place = code.emit(f"getelementptr double, ptr {pointer}, i64 {index}")
                code.lines.append(f"  store double {number}, ptr {place}, align 8")

    def _done(self) -> str:
        """The steps of this batch so far."""
        return self.code.emit("load i64, ptr %done, align 8")

    def _cell(self, name: str) -> None:
        self._entry.append(f"  %cell.{name} = alloca double, align 8")

    def _cell_value(self, name: str) -> str:
        return self.code.emit(f"load double, ptr %cell.{name}, align 8")

    def _set_cell(self, name: str, number: Operand) -> None:
        self.code.lines.append(
            f"  store double {self.code.write(number)}, ptr %cell.{name}, align 8"
        )

    def _fresh_label(self) -> str:
        self._labels += 1
        return f"block{self._labels}"

    def _label(self, name: str) -> None:
        self.code.lines.append(f"{name}:")
        self.code.forget()

    def _jump(self, label: str) -> None:
        self.code.lines.append(f"  br label %{label}")

    def _branch(self, condition: str, label: str, unless: bool = False) -> None:
        """Go to a label if a condition holds (unless it does), and on otherwise."""
        on = self._fresh_label()
        first, second = (on, label) if unless else (label, on)
        self.code.lines.append(f"  br i1 {condition}, label %{first}, label %{second}")
        self.code.lines.append(f"{on}:")
