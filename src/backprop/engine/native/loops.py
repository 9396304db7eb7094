"""The loops of the kernels, as text for LLVM: one forward and one backward for each kind of step.

In them `%o` are the results of the segment's steps, `%a`, `%b` and `%c` their operands as places in
all values `%v` (or gradients `%g`), `%p` and `%q` their slopes by `a` and `b`.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from backprop.engine.writers.llvm import Code, Operand, literal
from backprop.operations import OPERATIONS

MIXED = 0
"""The kind of a segment whose steps are of many kinds."""

_ARRAYS = "ptr noalias %p, ptr noalias %q, ptr noalias %a, ptr noalias %b"


class Kind(NamedTuple):
    """What a loop computes: an operation; one of its operands may be a number known beforehand.

    order: the operands as `a`, `b` and `c` have them. known: the number of an operand, by its place.
    """

    name: str
    order: tuple[int, ...]
    known: tuple[tuple[int, float], ...] = ()


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind there is; the first is none, for MIXED."""
    found = [Kind("", ())]
    for row in OPERATIONS.values():
        order = (1, 2, 0) if row.arity == 3 else tuple(range(row.arity))
        found.append(Kind(row.name, order))
        for operand, number, _ in row.special:
            found.append(Kind(row.name, order, ((row.operands.index(operand), number),)))
    return tuple(found)


class Slopes(NamedTuple):
    """The slopes by `a` and `b`: numbers where they are the same at every point, else None."""

    a: float | None
    b: float | None


_FORWARD = """
define internal fastcc void @f{number}(ptr noalias %v, ptr noalias %o, {arrays},
    ptr noalias %c, {numbers}, ptr noalias %bads) noinline {{
entry:
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%k1, %{last}]
  %bad0 = phi {double} [{zero}, %entry], [%bad, %{last}]
{body}
  %to = getelementptr double, ptr %o, i64 %k
  store {double} {out}, ptr %to, align 8
  %nought = fsub {double} {out}, {out}
  %bad = fadd {double} %bad0, %nought
  %k1 = add i64 %k, {width}
  %more = icmp slt i64 %k1, %n
  br i1 %more, label %loop, label %done
done:
  %before = load {double}, ptr %bads, align 8
  %after = fadd {double} %before, %bad
  store {double} %after, ptr %bads, align 8
  ret void
}}"""
"""A loop from the first step to the last; adds up x - x, which is 0 for a number and nan for what is
none. last: the block that the body ends in."""


def vector_loop(number: int, kind: Kind, code: Code) -> tuple[str, Slopes]:
    """The forward loop of one kind: values to `o`, slopes that differ from point to point to `p` and `q`."""
    out, slopes = _step(kind, code, stored=False)
    loop = _FORWARD.format(
        number=number, arrays=_ARRAYS, numbers="i64 %n", last="loop", double=code.double,
        zero=code.write(0.0), body="\n".join(code.lines), out=out, width=code.width,
    )  # fmt: skip
    return loop, slopes


def _step(kind: Kind, code: Code, stored: bool) -> tuple[str, Slopes]:
    """Instructions for steps of one kind, as many as there are lanes: the register of the value, and the
    slopes. stored: whether slopes that are the same at every point are stored as well."""
    known = dict(kind.known)
    operands: dict[int, Operand] = {}
    for place, array in zip(kind.order, "abc", strict=False):
        operands[place] = known[place] if place in known else _gathered(code, array)
    given = [operands[place] for place in range(len(kind.order))]
    out = code.value(kind.name, given)
    register = code.write(out)
    by = code.slopes(kind.name, given, out if isinstance(out, float) else register)
    wanted = [0.0 if place in known else by[place] for place in kind.order[:2]]
    found: list[float | None] = []
    for array, slope in zip("pq", [*wanted, 0.0][:2], strict=True):
        found.append(slope if isinstance(slope, float) else None)
        if stored or found[-1] is None:
            number = code.write(slope)
            at = code.emit(f"getelementptr double, ptr %{array}, i64 %k")
            code.lines.append(f"  store {code.double} {number}, ptr {at}, align 8")
    return register, Slopes(*found)


def _gathered(code: Code, array: str) -> str:
    """The operands that an array of indices names."""
    width, double = code.width, code.double
    at = code.emit(f"getelementptr i32, ptr %{array}, i64 %k")
    numbers = []
    for lane in range(width):
        one = code.emit(f"getelementptr i32, ptr {at}, i64 {lane}")
        index = code.emit(f"load i32, ptr {one}, align 4")
        long = code.emit(f"zext i32 {index} to i64")
        place = code.emit(f"getelementptr double, ptr %v, i64 {long}")
        numbers.append(code.emit(f"load double, ptr {place}, align 8"))
    if width == 1:
        return numbers[0]
    result = "poison"
    for lane, number in enumerate(numbers):
        result = code.emit(f"insertelement {double} {result}, double {number}, i32 {lane}")
    return result


_ADDED = """
  %i{array} = getelementptr i32, ptr %{array}, i64 %k
  %x{array} = load i32, ptr %i{array}, align 4
  %y{array} = zext i32 %x{array} to i64
  %g{array} = getelementptr double, ptr %g, i64 %y{array}
  %h{array} = load double, ptr %g{array}, align 8
  %n{array} = fadd double %h{array}, {part}
  store double %n{array}, ptr %g{array}, align 8"""
"""What a step adds to the gradient of one of its operands."""

_LOADED = """
  %s{slope} = getelementptr double, ptr %{slope}, i64 %k
  %t{slope} = load double, ptr %s{slope}, align 8"""


def _product(array: str, slope: str, constant: float | None) -> str:
    """Gradient times slope, added to the operand's gradient; nothing for a slope of 0."""
    if constant == 0:
        return ""
    loaded = _LOADED.format(slope=slope) if constant is None else ""
    factor = f"%t{slope}" if constant is None else literal(constant)
    product = f"\n  %m{array} = fmul double %u, {factor}"
    return loaded + product + _ADDED.format(array=array, part=f"%m{array}")


_BACK = """
define internal fastcc void @{name}(ptr %g, ptr %o, {arrays}, {numbers}, ptr noalias %worst) noinline {{
entry:
  %w0 = load i64, ptr %worst, align 8
  %last = sub i64 %n, 1
  br label %loop
loop:
  %k = phi i64 [%last, %entry], [%k1, %loop]
  %w = phi i64 [%w0, %entry], [%w1, %loop]
  %at = getelementptr double, ptr %o, i64 %k
  %u = load double, ptr %at, align 8
  %bits = bitcast double %u to i64
  %size = shl i64 %bits, 1
  %w1 = call i64 @llvm.umax.i64(i64 %w, i64 %size)
{body}
  %k1 = sub i64 %k, 1
  %more = icmp sge i64 %k1, 0
  br i1 %more, label %loop, label %done
done:
  store i64 %w1, ptr %worst, align 8
  ret void
}}"""
"""A loop from the last step to the first; keeps the largest magnitude that a gradient has."""


def _back(name: str, body: str, numbers: str = "i64 %n") -> str:
    return _BACK.format(name=name, body=body, arrays=_ARRAYS, numbers=numbers)


def backward_loop(number: int, constant: Slopes) -> str:
    body = _product("a", "p", constant.a) + _product("b", "q", constant.b)
    return _back(f"b{number}", body)


def mixed_backward() -> str:
    """The backward loop over steps of many kinds, whose slopes are all stored."""
    return _back("b0", _product("a", "p", None) + _product("b", "q", None))


def look() -> str:
    """A loop that only looks at gradients: those of the inputs."""
    return _back("look", "")


class Case(NamedTuple):
    """A block of the loop over steps of many kinds, and the register of its result."""

    kind: int
    block: str
    result: str


def case(number: int, kind: Kind, code: Code) -> Case:
    """One kind in the loop over steps in the order of the program."""
    code.begin()
    register, _ = _step(kind, code, stored=True)
    block = "\n".join([f"case{number}:", *code.lines, "  br label %next", ""])
    return Case(number, block, register)


def mixed(cases: list[Case]) -> str:
    """The forward loop over steps of many kinds."""
    values = ", ".join(f"[{each.result}, %case{each.kind}]" for each in cases)
    targets = "\n".join(f"    i16 {each.kind}, label %case{each.kind}" for each in cases)
    body = f"""
  %cp = getelementptr i16, ptr %codes, i64 %k
  %code = load i16, ptr %cp, align 2
  switch i16 %code, label %never [
{targets}
  ]
never:
  unreachable
{"".join(each.block for each in cases)}
next:
  %out = phi double {values}"""
    return _FORWARD.format(
        number=MIXED, arrays=_ARRAYS, numbers="i64 %n, ptr noalias %codes", last="next",
        double="double", zero=literal(0.0), body=body, out="%out", width=1,
    )  # fmt: skip


def careful(constant: list[Slopes]) -> str:
    """The backward loop for every kind that skips what adds nothing, as the interpreter does.

    Where gradient and slope are finite the plain loops give the same: 0 times a number adds 0.
    """
    rows = ", ".join(
        f"[4 x double] [double {literal(float(each.a is None))}, double {literal(each.a or 0.0)},"
        f" double {literal(float(each.b is None))}, double {literal(each.b or 0.0)}]"
        for each in constant
    )
    parts = ""
    for array, slope, at in (("a", "p", 0), ("b", "q", 2)):
        parts += f"""
  %is{slope} = getelementptr [{len(constant)} x [4 x double]], ptr @slopes, i64 0, i64 %kind, i64 {at}
  %isv{slope} = load double, ptr %is{slope}, align 8
  %stored{slope} = fcmp une double %isv{slope}, 0.0
  %cp{slope} = getelementptr double, ptr %is{slope}, i64 1
  %cv{slope} = load double, ptr %cp{slope}, align 8
  %sp{slope} = getelementptr double, ptr %{slope}, i64 %k
  %sv{slope} = load double, ptr %sp{slope}, align 8
  %s{slope} = select i1 %stored{slope}, double %sv{slope}, double %cv{slope}
  %m0{slope} = fmul double %u, %s{slope}
  %no{slope} = fcmp oeq double %s{slope}, 0.0
  %skip{slope} = or i1 %nothing, %no{slope}
  %m{slope} = select i1 %skip{slope}, double 0.0, double %m0{slope}"""
        parts += _ADDED.format(array=array, part=f"%m{slope}")
    count = len(constant)
    body = f"\n  %nothing = fcmp oeq double %u, 0.0{parts}"
    loop = _back("careful", body, "i64 %n, i64 %kind")
    return f"@slopes = internal constant [{count} x [4 x double]] [{rows}]\n{loop}"
