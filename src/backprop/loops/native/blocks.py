"""Registers, places on the stack and blocks of nests of loops, as instructions of LLVM."""

from __future__ import annotations

from collections.abc import Callable

from backprop.chain.walk import NOTHING, Operand, Walk
from backprop.loops.native.wide import WideCode


class Registers(dict[int, Operand[str]]):
    """What rows are called here: a single number becomes one a lane where lanes are computed."""

    def __init__(self, blocks: Blocks) -> None:
        super().__init__()
        self._blocks = blocks

    def __getitem__(self, row: int) -> Operand[str]:
        return self._blocks.here(super().__getitem__(row), self._blocks.widths.get(row, 1))


class Blocks(Walk[str]):
    """The instructions written so far: of `code`, whose width changes between that of single numbers and
    that of vectors. widths: of registers that rows are called by. entry: what stands at the beginning."""

    writer: WideCode

    def __init__(self, code: WideCode) -> None:
        self.writer = self.code = code
        self.widths: dict[int, int] = {}
        self.found = Registers(self)
        self.entry: list[str] = []
        self._labels = 0
        self._block = "entry"

    def here(self, number: Operand[str], width: int) -> Operand[str]:
        """An operand of `width` lanes as one of as many as are computed now."""
        code = self.code
        if isinstance(number, float) or width == code.width:
            return number
        assert width == 1
        wide, code.width = code.width, 1
        text = code.write(number)
        code.width = wide
        return self._splat(text)

    def _splat(self, text: str, of: str = "double") -> str:
        code, wide = self.code, self.code.type(of)
        if code.width == 1:
            return text
        first = code.emit(f"insertelement {wide} poison, {of} {text}, i32 0")
        mask = f"<{code.width} x i32> zeroinitializer"
        return code.emit(f"shufflevector {wide} {first}, {wide} poison, {mask}")

    def _set(self, row: int, number: Operand[str]) -> None:
        self.found[row] = number
        self.widths[row] = self.code.width

    def _slot(self, number: Operand[str] | None = NOTHING, of: str = "") -> str:
        """A new place on the stack, which begins with this number here."""
        name = f"%s{len(self.entry)}"
        self.entry.append(f"  {name} = alloca {of or self.code.double}, align 64")
        if number is not None:
            self._put(number, name)
        return name

    def _put(self, number: Operand[str], slot: str) -> None:
        self.code.lines.append(f"  store {self.code.double} {self.code.write(number)}, ptr {slot}")

    def _get(self, slot: str) -> str:
        return self.code.emit(f"load {self.code.double}, ptr {slot}")

    def _add_to(self, slot: str, number: Operand[str]) -> None:
        self._put(self.code.value("+", [self._get(slot), number]), slot)

    def _label(self, name: str) -> None:
        self.code.label(name)
        self._block = name

    def _jump(self, name: str) -> None:
        self.code.lines.append(f"  br label %{name}")

    def _loop(
        self, first: str, end: str, inside: Callable[[str], None], down: bool = False
    ) -> None:
        """A loop whose counter goes from `first` up to, or down from, but not including, `end`."""
        self._labels += 1
        n, code = self._labels, self.code
        before = self._block
        self._jump(f"head{n}")
        self._label(f"head{n}")
        at = f"%k{n}"
        begin = f"[{end}, %{before}]" if down else f"[{first}, %{before}]"
        code.lines.append(f"  {at} = phi i64 {begin}, [%k{n}.next, %latch{n}]")
        test = f"icmp sgt i64 {at}, {first}" if down else f"icmp slt i64 {at}, {end}"
        code.lines.append(f"  br i1 {code.emit(test)}, label %body{n}, label %exit{n}")
        self._label(f"body{n}")
        step = f"%k{n}.next = add i64 {at}, {-1 if down else 1}"
        if down:
            code.lines.append(f"  {step}")
            inside(f"%k{n}.next")
        else:
            inside(at)
        self._jump(f"latch{n}")
        self._label(f"latch{n}")
        if not down:
            code.lines.append(f"  {step}")
        self._jump(f"head{n}")
        self._label(f"exit{n}")

    def _if(self, condition: str, inside: Callable[[], None]) -> None:
        self._labels += 1
        n = self._labels
        self.code.lines.append(f"  br i1 {condition}, label %then{n}, label %end{n}")
        self._label(f"then{n}")
        inside()
        self._jump(f"end{n}")
        self._label(f"end{n}")

    def _whole_sum(self, x: str, y: str) -> str:
        if x == "0" or y == "0":
            return y if x == "0" else x
        return self.code.emit(f"add i64 {x}, {y}")

    def _times(self, x: str, factor: int) -> str:
        if factor == 1 or x == "0":
            return x
        return self.code.emit(f"mul i64 {x}, {factor}")
