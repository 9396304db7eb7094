"""Operations, their slopes and formulas as instructions of LLVM.

`Code` takes an operation and the registers of its operands, appends instructions and says which
register has the result. It serves single doubles and vectors of them, straight-line code and loops.

The bits are the interpreter's: arithmetic is IEEE 754's, and LLVM may not fuse, reorder or assume
anything finite. There are two exceptions: powers with a known exponent are products here (`special`
in the table), and `hypot` is the C library's, while Python has its own. Of an `if` both branches
are computed and one is taken; the result is that of the interpreter, which computes only one.

`evaluation` is straight-line code for a small graph. Compiling costs 0.05 to 0.3 ms an operation,
so this is for up to about a thousand of them, evaluated many times.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from math import frexp, isfinite, isnan, nan
from sys import float_info

from backprop.chain import walk
from backprop.engine import underflow
from backprop.engine.writers.marks import marks
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON, Operation
from backprop.syntax import functions

CALL_BACK = "backprop_"
"""What the names of functions begin with that call Python."""

ATTRIBUTES = """
attributes #0 = { nounwind willreturn memory(none) }
"""
"""Of C's functions: without an effect but their result (errno is nobody's here)."""

_INSTRUCTIONS = {"fneg", "fadd", "fsub", "fmul", "fdiv", "frem"}
"""LLVM's arithmetic of doubles."""

_FEW = 24
"""Up to so many products each is looked at; of more, the processor tells whether one was too small."""

_NOTHING = -(1 << 63)
"""The bits of `walk.NOTHING`."""


class Bit(str):
    """A register that holds a truth value (one a lane)."""

    __slots__ = ()


Operand = walk.Operand[str]
"""A number that is known already, or the register of one: a `Bit`, or one of doubles."""


class Code(walk.Texts[str]):
    """The instructions written so far, `lines`, and the functions that they call, `declarations`.

    width: how many doubles an operand has side by side, 1 for single ones. vectors: the functions
    of C's library that exist for vectors of this width, with their symbols.
    """

    def __init__(self, width: int = 1, vectors: Mapping[str, str] | None = None) -> None:
        self.width = width
        self.looks = True  # whether values and products of the chain rule are looked at
        self.closely = False  # each by itself, however many there are
        self.vectors = vectors or {}
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self.last = 0
        self._products: list[tuple[Operand, ...]] = []
        """Those of the chain rule that may be too small for a double, with their factors; values and
        slopes, with the numbers that they are made of."""
        self._begins = 0
        self._known: dict[tuple[str, ...], str] = {}
        self.scaled: dict[str, tuple[float, str]] = {}
        """The registers that are a known number times another register."""

    def label(self, name: str) -> None:
        """Begin a block, in which no call made so far is known: a branch may lead here around it."""
        self.lines.append(f"{name}:")
        self._known = {}

    @property
    def body(self) -> str:
        return "\n".join(self.lines)

    @property
    def declarations(self) -> str:
        """Lines that declare the functions called."""
        return "\n".join(sorted(self.declared))

    @property
    def double(self) -> str:
        return self.type("double")

    def type(self, of: str) -> str:
        """`double` or `<4 x double>`."""
        return of if self.width == 1 else f"<{self.width} x {of}>"

    def emit(self, instruction: str) -> str:
        """The register of an instruction's result."""
        self.last += 1
        register = f"%r{self.last}"
        self.lines.append(f"  {register} = {instruction}")
        return register

    def at(self, pointer: str, index: int | str, of: str = "double") -> str:
        """The place of an element of an array."""
        return self.emit(f"getelementptr {of}, ptr {pointer}, i64 {index}")

    def load(self, place: str, of: str = "double") -> str:
        """A single number from memory."""
        aligned = ", align 8" if of == "double" else ""
        return self.emit(f"load {of}, ptr {place}{aligned}")

    def loads(self, pointer: str, nodes: Sequence[int]) -> dict[int, Operand]:
        """Registers with the numbers behind a pointer, one for each node."""
        return {node: self.load(self.at(pointer, at)) for at, node in enumerate(nodes)}

    def store(self, number: Operand, place: str) -> None:
        """Write an operand, one number a lane, to memory."""
        self.lines.append(f"  store {self.double} {self.write(number)}, ptr {place}, align 8")

    def together(self, singles: Iterable[str]) -> str:
        """A number for each lane, as one operand."""
        result = "poison"
        for lane, number in enumerate(singles):
            result = self.emit(f"insertelement {self.double} {result}, double {number}, i32 {lane}")
        return result

    def write(self, number: Operand) -> str:
        """How an instruction on doubles has this operand: a register or a literal."""
        if isinstance(number, Bit):
            return self.chosen(number, 1.0, 0.0)
        if isinstance(number, str):
            return number
        return self.alike("double", literal(number))

    def chosen(self, condition: str, first: Operand, second: Operand) -> str:
        """The register of the first number where a truth value holds, of the second elsewhere."""
        bit, double = self.type("i1"), self.double
        texts = [self.write(each) for each in (first, second)]
        return self.emit(f"select {bit} {condition}, {double} {texts[0]}, {double} {texts[1]}")

    def alike(self, of: str, text: str) -> str:
        """A literal, the same in every lane."""
        return text if self.width == 1 else f"<{', '.join([f'{of} {text}'] * self.width)}>"

    def call(self, function: str, operands: Sequence[Operand]) -> str:
        """The register of a call's result: of a function of C's library, or of one that calls Python.

        Where a function has no form for vectors it is called for each lane. A call that was made
        before, with the same operands, is not made again.
        """
        texts = [self.write(each) for each in operands]
        key = (function, *texts)
        if key not in self._known:
            if symbol := self._symbol(function):
                self._known[key] = self._call(self.double, symbol, texts)
            else:
                self._known[key] = self._apart(function, texts)
        return self._known[key]

    def _apart(self, function: str, texts: Sequence[str]) -> str:
        """The register of a call for each lane."""
        return self.together(
            self._call("double", function, [self._lane(each, lane) for each in texts])
            for lane in range(self.width)
        )

    def _symbol(self, function: str) -> str:
        """The function that computes all lanes at once; "" if there is none."""
        if function.startswith("llvm."):
            return f"{function}.{'f64' if self.width == 1 else f'v{self.width}f64'}"
        return function if self.width == 1 else self.vectors.get(function, "")

    def _lane(self, text: str, lane: int) -> str:
        return self.emit(f"extractelement {self.double} {text}, i32 {lane}")

    def _call(self, double: str, symbol: str, texts: Sequence[str]) -> str:
        pure = "" if symbol.startswith(CALL_BACK) else " #0"
        self.declared.add(f"declare {double} @{symbol}({', '.join([double] * len(texts))}){pure}")
        return self.emit(f"call {double} @{symbol}({', '.join(f'{double} {t}' for t in texts)})")

    def value(self, name: str, operands: Sequence[Operand]) -> Operand:
        """The value of an operation; a number, computed here, where all operands are numbers."""
        row = OPERATIONS[name]
        if all(isinstance(each, float) for each in operands):
            return float(functions.value(name)(*operands))
        for operand, number, text in row.special:
            if operands[row.operands.index(operand)] == number:
                return self.text(text, dict(zip(row.operands, operands, strict=True)))
        return _by_machine(self, row, list(operands))

    def product(self, gradient: Operand, slope: Operand, careful: bool) -> Operand:
        if slope == 1.0:
            return gradient
        if isinstance(gradient, float) and slope in self.scaled:
            factor, of = self.scaled[str(slope)]
            # 100*(2*x) is 200*x to the bit, and one multiplication less to wait for
            if abs(gradient) >= 1 and frexp(factor)[0] in (0.5, -0.5) and abs(factor) >= 1:
                gradient, slope = gradient * factor, of
        made = self.value("*", [gradient, slope])
        if (
            (self.looks or isinstance(made, float))
            and not isinstance(slope, Bit)
            and not (isinstance(slope, float) and abs(slope) >= 1)
        ):
            self._products.append((made, gradient, slope))
        if not careful:
            return made
        whole = self.type("i64")
        bits = self.emit(f"bitcast {self.double} {self.write(gradient)} to {whole}")
        nothing = self.emit(f"icmp eq {whole} {bits}, {self.alike('i64', str(_NOTHING))}")
        return self.chosen(nothing, walk.NOTHING, self.value("+", [made, 0.0]))

    def used(self, slope: Operand, name: str, numbers: Sequence[Operand], at: int) -> Operand:
        lossy = not isinstance(slope, float) and functions.can_be_lost(name)[at]
        if self.looks and lossy and 0.0 not in numbers:
            self._products.append((slope, *numbers))
        return slope

    def branch(self, gradient: Operand, slope: Operand) -> Operand:
        if isinstance(slope, float):
            return gradient if slope else walk.NOTHING
        taken = slope
        if not isinstance(slope, Bit):
            taken = self.emit(f"fcmp une double {slope}, {self.write(0.0)}")
        return self.chosen(taken, gradient, walk.NOTHING)

    def arrived(self, gradient: Operand) -> Operand:
        if isinstance(gradient, float):
            return gradient + 0.0
        return self.value("+", [gradient, 0.0])

    def begin(self) -> None:
        self._products, self._begins = [], len(self.lines)

    def computed(self, name: str, operands: Sequence[Operand], out: Operand) -> None:
        if (self.looks or isinstance(out, float)) and functions.can_vanish(name):
            self._products.append((out, *operands))

    def too_small(self) -> list[Operand]:
        for made, *factors in self._products:
            if isinstance(made, float) and abs(made) < float_info.min and all(factors):
                return [nan]
        products = [each for each in self._products if not isinstance(each[0], float)]
        if len(products) > _FEW and underflow.flag() and not self.closely:
            self.declared.add(marks())
            bits = f"i32 {underflow.flag()}"
            marked = f"call fastcc i1 @marked({bits})"
            before = f"%marked = {marked}", "br i1 %marked, label %clear, label %go"
            clear = "clear:", f"call fastcc void @clear_marks({bits})", "br label %go", "go:"
            self.lines[self._begins : self._begins] = [f"  {line}" for line in (*before, *clear)]
            seen = self.emit(marked)
            return [self.chosen(seen, nan, 0.0)]
        total: Operand = 0.0
        for made, *factors in products:
            size = self.call("llvm.fabs", [made])
            lost = self.emit(f"fcmp olt double {size}, {self.write(float_info.min)}")
            any_zero = "false"
            for each in factors:
                if not isinstance(each, float):
                    zero = self.emit(f"fcmp oeq double {self.write(each)}, {self.write(0.0)}")
                    any_zero = self.emit(f"or i1 {any_zero}, {zero}")
            is_zero = self.emit(f"fcmp oeq double {size}, {self.write(0.0)}")
            right = self.emit(f"and i1 {is_zero}, {any_zero}")
            lost = self.emit(f"and i1 {lost}, {self.emit(f'xor i1 {right}, true')}")
            # a sum of doubles: LLVM takes seconds to look for a better form of many conditions
            mark = self.chosen(lost, nan, 0.0)
            total = mark if total == 0.0 else self.value("+", [total, mark])
        return [total]

    def finite(self, operands: Sequence[Operand]) -> str:
        """A register that is 0 where all of these are finite, and nan elsewhere."""
        total: Operand = 0.0
        for each in operands:
            if isinstance(each, float):
                if not isfinite(each):
                    total = nan
                continue
            text = self.write(each)
            zero = self.emit(f"fsub double {text}, {text}")  # x - x is nan for what is no number
            total = zero if total == 0.0 else self.value("+", [total, zero])
        return self.write(total)


def evaluation(graph: Graph, wrt: Sequence[int], fixed: Sequence[int], scale: float = 1.0) -> str:
    """The function `evaluate(x, fixed, value, gradient) -> 0, or 1 where something is not finite`.

    x: the numbers of `wrt`; fixed: those of `fixed`, the other inputs. scale: of the gradients on
    the way. And `evaluate_rows(x, fixed, value, gradient, bad, rows)`, which does it for many points: their
    numbers, values and gradients stand one behind the other, and `bad` has a byte for each.
    """
    code = Code()
    code.closely = scale != 1.0
    known = code.loads("%fixed", fixed) | code.loads("%x", wrt)
    out, by, looked = walk.value_and_gradient(code, graph, wrt, known, scale)
    bad = code.finite([*looked, *by])
    code.store(out, "%value")
    for at, each in enumerate(by):
        code.store(each, code.at("%gradient", at))
    return f"""
define i32 @evaluate(ptr noalias %x, ptr noalias %fixed, ptr noalias %value, ptr noalias %gradient) {{
{code.body}
  %bad = fcmp uno double {bad}, 0.0
  %answer = zext i1 %bad to i32
  ret i32 %answer
}}
{_ROWS.format(count=len(wrt))}
{code.declarations}
{ATTRIBUTES}"""


_ROWS = """
define void @evaluate_rows(ptr %x, ptr %fixed, ptr %value, ptr %gradient, ptr %bad, i64 %rows) {{
begin:
  %none = icmp eq i64 %rows, 0
  br i1 %none, label %end, label %row
row:
  %at = phi i64 [ 0, %begin ], [ %next, %row ]
  %place = mul i64 %at, {count}
  %own_x = getelementptr double, ptr %x, i64 %place
  %own_value = getelementptr double, ptr %value, i64 %at
  %own_gradient = getelementptr double, ptr %gradient, i64 %place
  %own_bad = getelementptr i8, ptr %bad, i64 %at
  %found = call i32 @evaluate(ptr %own_x, ptr %fixed, ptr %own_value, ptr %own_gradient)
  %short = trunc i32 %found to i8
  store i8 %short, ptr %own_bad
  %next = add i64 %at, 1
  %done = icmp eq i64 %next, %rows
  br i1 %done, label %end, label %row
end:
  ret void
}}"""


def literal(number: float) -> str:
    """A double as LLVM writes it, to the bit."""
    bits = struct.unpack("<Q", struct.pack("<d", nan if isnan(number) else number))[0]
    return f"0x{bits:016X}"


def _by_machine(code: Code, row: Operation, operands: list[Operand]) -> Operand:
    machine = row.machine
    if row.mended:
        out = _by_machine(code, row._replace(mended=""), operands)
        names = {**dict(zip(row.operands, operands, strict=True)), "out": out}
        return code.text(row.mended, names)
    if machine == "select":
        return _choice(code, *operands)
    if machine == "copy":
        return operands[0]
    if machine in _INSTRUCTIONS:
        texts = [code.write(each) for each in operands]
        register = code.emit(f"{machine} {code.double} {', '.join(texts)}")
        if machine == "fmul" and isinstance(operands[0], float):
            code.scaled[register] = operands[0], texts[1]
        return register
    if row.binding == COMPARISON:
        x, y = map(code.write, operands)
        return Bit(code.emit(f"fcmp {machine} {code.double} {x}, {y}"))
    if machine.replace(".", "").isidentifier():
        return code.call(machine, operands)
    if machine or isinstance(row.value, str):
        text = machine or str(row.value)
        return code.text(text, dict(zip(row.operands, operands, strict=True)))
    return code.call(CALL_BACK + row.name, operands)


def _choice(code: Code, condition: Operand, x: Operand, y: Operand) -> Operand:
    if isinstance(condition, float):
        return x if condition else y
    if not isinstance(condition, Bit):
        zero = code.write(0.0)
        condition = Bit(code.emit(f"fcmp une {code.double} {condition}, {zero}"))
    if x == 1.0 and y == 0.0:
        return condition
    bit = code.type("i1")
    first, second = _truth(code, x), _truth(code, y)
    if first and second:
        return Bit(code.emit(f"select {bit} {condition}, {bit} {first}, {bit} {second}"))
    return code.chosen(condition, x, y)


def _truth(code: Code, operand: Operand) -> str:
    """How an instruction on truth values has this operand; "" for one that is none."""
    if isinstance(operand, Bit):
        return operand
    return code.alike("i1", {0.0: "false", 1.0: "true"}[operand]) if operand in (0.0, 1.0) else ""
