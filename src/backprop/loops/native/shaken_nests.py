"""Machine code in which everything is changed a little, as `loops.rounded.Shaken` does with arrays."""

from collections.abc import Mapping, Sequence
from struct import pack, unpack

from backprop.chain.walk import Operand
from backprop.engine.writers.llvm import Bit
from backprop.loops.native.wide import WideCode
from backprop.loops.rounded import SIZE
from backprop.operations import OPERATIONS
from backprop.row import SUM
from backprop.syntax.functions import has_slopes, rounds_always

_ODD = -7046029254386353131
"""2^64 divided by the golden ratio: what whole numbers times it begin with looks random (Knuth, The Art of
Computer Programming, volume 3, 6.4)."""

_SIGN = -(1 << 63)

SHAKEN_ENTRY = f"""  %bits = bitcast double %scale to i64
  %high = lshr i64 %bits, 40
  %turn = mul i64 %high, {_ODD}"""
"""What stands at the beginning: other scales make other changes."""


class ShakenCode(WideCode):
    """Instructions that change each value that may be rounded, up or down. Which way is told by its own bits:
    so what is computed twice is changed in the same way, and what is equal stays so."""

    def __init__(self, native: int, vectors: Mapping[str, str]) -> None:
        super().__init__(native, vectors)
        self._inside = 0

    def value(self, name: str, operands: Sequence[Operand[str]]) -> Operand[str]:
        self._inside += 1
        found = super().value(name, operands)
        self._inside -= 1
        if self._inside or isinstance(found, float | Bit) or found in operands:
            return found
        if not has_slopes(name):
            return found
        sums = OPERATIONS[name].binding == SUM
        return self._changed(found, () if rounds_always(name) else operands, not sums)

    def _changed(self, found: str, operands: Sequence[Operand[str]], chosen: bool) -> str:
        """A number times a factor near 1, if not all is whole of which it is made by an operator. chosen: nor
        where it is one of these, as the larger of two is."""
        double, whole, bit = self.double, self.type("i64"), self.type("i1")
        looked = [each for each in operands if not isinstance(each, Bit)]
        broken = any(isinstance(each, float) and not each.is_integer() for each in looked)
        bits = self.emit(f"bitcast {double} {found} to {whole}")
        bits = self.emit(f"xor {whole} {bits}, {self._splat_whole('%turn')}")
        bits = self.emit(f"mul {whole} {bits}, {self.alike('i64', str(_ODD))}")
        sign = self.emit(f"and {whole} {bits}, {self.alike('i64', str(_SIGN))}")
        (size,) = unpack("<q", pack("<d", SIZE))
        part = self.emit(f"or {whole} {sign}, {self.alike('i64', str(size))}")
        part = self.emit(f"bitcast {whole} {part} to {double}")
        part = self.emit(f"fmul {double} {found}, {part}")
        moved = self.emit(f"fadd {double} {found}, {part}")
        if not operands or (broken and not chosen):
            return moved
        changes = self.alike("i1", "true") if broken else ""
        for each in () if broken else [found, *looked]:
            if isinstance(each, str):
                rounded = self.call("llvm.rint", [each])
                some = self.emit(f"fcmp une {double} {each}, {rounded}")
                changes = self.emit(f"or {bit} {changes}, {some}") if changes else some
        size = self.call("llvm.fabs", [found]) if chosen else ""
        for each in looked if chosen else ():
            if isinstance(each, str):
                other = self.call("llvm.fabs", [each])
                apart = self.emit(f"fcmp une {double} {size}, {other}")
                changes = self.emit(f"and {bit} {changes}, {apart}")
        return self.chosen(changes, moved, found)

    def _splat_whole(self, single: str) -> str:
        """A whole number in every lane."""
        if self.width == 1:
            return single
        whole = self.type("i64")
        first = self.emit(f"insertelement {whole} poison, i64 {single}, i32 0")
        lanes = ", ".join(["i32 0"] * self.width)
        return self.emit(
            f"shufflevector {whole} {first}, {whole} poison, <{self.width} x i32> <{lanes}>"
        )
