"""Vectors that are wider than the processor's: what waits for itself is computed for several at once."""

from collections.abc import Mapping, Sequence

from backprop.chain.walk import NOTHING, Operand
from backprop.engine.writers.llvm import Bit, Code, literal
from backprop.syntax.functions import TINY, can_be_lost, can_vanish


class WideCode(Code):
    """Instructions for vectors of any width. native: how many doubles the functions for vectors take.
    called: the results of calls of functions, in turn. given: those of the next calls, if they are known:
    then these are not made."""

    def __init__(self, native: int, vectors: Mapping[str, str]) -> None:
        super().__init__(1, vectors)
        self.native = native
        self.called: list[str] = []
        self.given: list[str] = []
        self._negated: dict[str, Operand[str]] = {}
        """Of registers that are the negative of something, that."""

    def value(self, name: str, operands: Sequence[Operand[str]]) -> Operand[str]:
        if name != "neg" or isinstance(operands[0], float):
            return super().value(name, operands)
        key = name, self.write(operands[0])
        if key not in self._known:
            self._known[key] = self.write(super().value(name, operands))
            self._negated[self._known[key]] = operands[0]
        return self._known[key]

    def call(self, function: str, operands: Sequence[Operand[str]]) -> str:
        if function == "llvm.fabs":  # abs(-x) is abs(x), of which what comes next may be known
            operands = [self._negated.get(str(each), each) for each in operands]
        if function.startswith("llvm."):
            return super().call(function, operands)
        if self.given:
            key = (function, *(self.write(each) for each in operands))
            self._known.setdefault(key, self.given.pop(0))
        self.called.append(super().call(function, operands))
        return self.called[-1]

    def _symbol(self, function: str) -> str:
        wide = not function.startswith("llvm.") and self.width not in (1, self.native)
        return "" if wide else super()._symbol(function)

    def _apart(self, function: str, texts: Sequence[str]) -> str:
        if function not in self.vectors:
            return super()._apart(function, texts)
        part = f"<{self.native} x double>"
        found = [
            self._call(part, self.vectors[function], [self._part(text, begin) for text in texts])
            for begin in range(0, self.width, self.native)
        ]
        return self.joined(found)

    def joined(self, found: list[str]) -> str:
        """Vectors of the processor's as one."""
        size = self.native
        while len(found) > 1:
            mask = ", ".join(f"i32 {lane}" for lane in range(2 * size))
            of = f"<{size} x double>"
            found = [
                self.emit(f"shufflevector {of} {one}, {of} {other}, <{2 * size} x i32> <{mask}>")
                for one, other in zip(found[::2], found[1::2], strict=True)
            ]
            size *= 2
        return found[0]

    def parts(self, text: str) -> list[str]:
        """The processor's vectors that a register is made of."""
        if self.width <= self.native:
            return [text]
        return [self._part(text, begin) for begin in range(0, self.width, self.native)]

    def alternating(self, text: str) -> tuple[str, str]:
        """The lanes with even numbers, and those with odd ones."""
        double, half = self.double, self.width // 2
        first, second = (
            self.emit(
                f"shufflevector {double} {text}, {double} poison, <{half} x i32> <"
                + ", ".join(f"i32 {lane}" for lane in range(begin, self.width, 2))
                + ">"
            )
            for begin in (0, 1)
        )
        return first, second

    def folded(self, number: Operand[str]) -> Operand[str]:
        """The sum of the processor's vectors that a wider one is made of, two by two."""
        if self.width <= self.native or isinstance(number, float):
            return number
        parts: list[Operand[str]] = [*self.parts(self.write(number))]
        wide = self.width
        self.width = self.native
        while len(parts) > 1:
            parts = [self.value("+", parts[at : at + 2]) for at in range(0, len(parts), 2)]
        self.width = wide
        return parts[0]

    def summed(self, number: Operand[str]) -> str:
        """The sum of all lanes of the processor's vector, two by two."""
        name = f"@llvm.vector.reduce.fadd.v{self.width}f64"
        self.declared.add(f"declare double {name}(double, {self.double})")
        given = f"double {literal(NOTHING)}, {self.double} {self.write(number)}"
        return self.emit(f"call reassoc double {name}({given})")

    def _part(self, text: str, begin: int) -> str:
        """Some of the lanes."""
        mask = ", ".join(f"i32 {begin + lane}" for lane in range(self.native))
        double = self.double
        return self.emit(
            f"shufflevector {double} {text}, {double} poison, <{self.native} x i32> <{mask}>"
        )


FLUSHED = 1.5 * TINY
"""More than numbers are off that are taken for 0 where they are too small for a double."""

_FACTORS = "*", "/"
"""What these make is 0 where the first number is."""


class ShiftedCode(WideCode):
    """Instructions that add something to each number that is too small for a double: what comes out is the
    same only where such numbers have no say. more: what is added, with the sign of the number."""

    def __init__(self, native: int, vectors: Mapping[str, str], more: float) -> None:
        super().__init__(native, vectors)
        self.more = more

    def value(self, name: str, operands: Sequence[Operand[str]]) -> Operand[str]:
        found = super().value(name, operands)
        if name in _FACTORS:
            return self._shifted(found, operands, False)
        return self._shifted(found, operands) if can_vanish(name) else found

    def used(
        self, slope: Operand[str], name: str, numbers: Sequence[Operand[str]], at: int
    ) -> Operand[str]:
        return self._shifted(slope, numbers) if can_be_lost(name)[at] else slope

    def _shifted(
        self, found: Operand[str], operands: Sequence[Operand[str]], remains: bool = True
    ) -> Operand[str]:
        """A number, and more where it is small, and not 0 as one of those is that it is made of. remains:
        whether it may be other than 0 where one of those is 0."""
        if isinstance(found, float | Bit):
            return found
        bit, double = self.type("i1"), self.double
        size = self.call("llvm.fabs", [found])
        lost = self.emit(f"fcmp olt {double} {size}, {self.write(TINY)}")
        for each in operands:
            if isinstance(each, Bit) or (isinstance(each, float) and each):
                continue
            if not remains:
                kept = self.emit(f"fcmp une {double} {self.write(each)}, {self.write(0.0)}")
                lost = self.emit(f"and {bit} {lost}, {kept}")
                continue
            zero = self.emit(f"fcmp oeq {double} {self.write(each)}, {self.write(0.0)}")
            whole = self.emit(f"fcmp one {double} {size}, {self.write(0.0)}")
            kept = self.emit(f"xor {bit} {zero}, {self.alike('i1', 'true')}")
            lost = self.emit(f"and {bit} {lost}, {self.emit(f'or {bit} {kept}, {whole}')}")
        more = self.call("llvm.copysign", [self.more, found])
        text = self.emit(f"fadd {double} {found}, {more}")
        return self.chosen(lost, text, found)
