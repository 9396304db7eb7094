"""The kernels that run a tape: forward and backward over arrays, as text for LLVM.

A tape (`engine.tape`) is a list of segments. The steps of a segment are of one kind, none needs
another, and their results stand side by side, so that one loop computes several at once. Going forward
each step keeps its slopes beside its value; going backward is then the same for every operation: the
gradient of a result times the slope is added to the gradient of the operand. Where steps wait for
one another (a deep chain) a segment holds steps of many kinds in the order of the program.

Of each step the operands that have a slope come first, in `a` and `b`; a condition stands in `c`.
"""

from __future__ import annotations

from backprop.engine.native.loops import (
    MIXED,
    Case,
    Slopes,
    backward_loop,
    careful,
    case,
    kinds,
    look,
    mixed,
    mixed_backward,
    vector_loop,
)
from backprop.engine.native.machine import ATTRIBUTES, lanes
from backprop.engine.writers.llvm import Code

FIELDS = tuple("segments count v p q a b c codes g size root inputs".split())
"""What describes a tape to the kernels, 64 bits each: arrays and their sizes. Of segments, `count` of
them, each is three numbers: kind, first place, number of steps. The inputs stand first of all."""

_NUMBERS = ("count", "size", "root", "inputs")


def text(used: frozenset[int]) -> str:
    """The module for the kinds that are used: functions `forward`, `backward`, `levels`."""
    width, vectors = lanes()
    parts: list[str] = []
    declared: set[str] = set()
    constant: list[Slopes] = []
    single = Code()
    cases: list[Case] = []
    for number, kind in enumerate(kinds()):
        if number not in used:
            constant.append(Slopes(None, None))
            continue
        code = Code(width, vectors)
        body, found = vector_loop(number, kind, code)
        constant.append(found)
        parts += [body, backward_loop(number, found)]
        declared |= code.declared
        cases.append(case(number, kind, single))
    declared |= single.declared
    parts += [mixed(cases), mixed_backward(), look(), careful(constant), _driver(sorted(used))]
    return "\n".join([*sorted(declared), *parts, _PLAN, ATTRIBUTES])


def _fields() -> str:
    """The fields of the tape, loaded."""
    lines = []
    for at, name in enumerate(FIELDS):
        kind = "i64" if name in _NUMBERS else "ptr"
        lines += [
            f"  %{name}.p = getelementptr i64, ptr %tape, i64 {at}",
            f"  %{name} = load {kind}, ptr %{name}.p, align 8",
        ]
    return "\n".join(lines)


def _driver(used: list[int]) -> str:
    """The functions that are called from Python: a loop over segments with a switch each."""
    width, _ = lanes()
    double = f"<{width} x double>"

    def arms(call: str, numbers: list[int]) -> tuple[str, str]:
        targets = "\n".join(f"    i64 {at}, label %case{at}" for at in numbers)
        bodies = "".join(
            f"case{at}:\n  call fastcc void @{call.format(at)}\n  br label %next\n"
            for at in numbers
        )
        return targets, bodies

    own = "ptr %o, ptr %pk, ptr %qk, ptr %ak, ptr %bk"
    forward = f"f{{}}(ptr %v, {own}, ptr %ck, i64 %n, ptr %bads)"
    mixed_call = f"f{MIXED}(ptr %v, {own}, ptr %ck, i64 %n, ptr %codesk, ptr %badone)"
    backward = f"b{{}}(ptr %g, {own}, i64 %n, ptr %worst)"
    targets, forward_arms = arms(forward, used)
    _, backward_arms = arms(backward, [MIXED, *used])
    segment = """
  %at = mul i64 %s, 3
  %kp = getelementptr i64, ptr %segments, i64 %at
  %kind = load i64, ptr %kp, align 8
  %fp = getelementptr i64, ptr %kp, i64 1
  %first = load i64, ptr %fp, align 8
  %np = getelementptr i64, ptr %kp, i64 2
  %n = load i64, ptr %np, align 8
  %o = getelementptr double, ptr {of}, i64 %first
  %pk = getelementptr double, ptr %p, i64 %first
  %qk = getelementptr double, ptr %q, i64 %first
  %ak = getelementptr i32, ptr %a, i64 %first
  %bk = getelementptr i32, ptr %b, i64 %first"""
    return f"""
declare i64 @llvm.umax.i64(i64, i64)
declare double @llvm.vector.reduce.fadd.v{width}f64(double, {double})
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

define i32 @forward(ptr noalias %tape) {{
entry:
{_fields()}
  %bads = alloca {double}, align 64
  %badone = alloca double, align 8
  store {double} zeroinitializer, ptr %bads, align 8
  store double 0.0, ptr %badone, align 8
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %done
loop:
  %s = phi i64 [0, %entry], [%s1, %next]
{segment.format(of="%v")}
  %ck = getelementptr i32, ptr %c, i64 %first
  %codesk = getelementptr i16, ptr %codes, i64 %first
  switch i64 %kind, label %mixed [
{targets}
  ]
mixed:
  call fastcc void @{mixed_call}
  br label %next
{forward_arms}
next:
  %s1 = add i64 %s, 1
  %more = icmp slt i64 %s1, %count
  br i1 %more, label %loop, label %done
done:
  %all = load {double}, ptr %bads, align 8
  %all0 = load double, ptr %badone, align 8
  %sum = call double @llvm.vector.reduce.fadd.v{width}f64(double %all0, {double} %all)
  %isbad = fcmp uno double %sum, 0.0
  %answer = zext i1 %isbad to i32
  ret i32 %answer
}}

define i32 @backward(ptr noalias %tape, i32 %careful) {{
entry:
{_fields()}
  %worst = alloca i64, align 8
  store i64 0, ptr %worst, align 8
  %bytes = mul i64 %size, 8
  call void @llvm.memset.p0.i64(ptr %g, i8 0, i64 %bytes, i1 false)
  %rp = getelementptr double, ptr %g, i64 %root
  store double 1.0, ptr %rp, align 8
  %last = sub i64 %count, 1
  %any = icmp sgt i64 %count, 0
  %slow = icmp ne i32 %careful, 0
  br i1 %any, label %loop, label %leaves
loop:
  %s = phi i64 [%last, %entry], [%s1, %next]
{segment.format(of="%g")}
  br i1 %slow, label %slowly, label %quickly
slowly:
  call fastcc void @careful(ptr %g, ptr %o, ptr %pk, ptr %qk, ptr %ak, ptr %bk, i64 %n, i64 %kind, ptr %worst)
  br label %next
quickly:
  switch i64 %kind, label %case{MIXED} [
{targets}
  ]
{backward_arms}
next:
  %s1 = sub i64 %s, 1
  %more = icmp sge i64 %s1, 0
  br i1 %more, label %loop, label %leaves
leaves:
  %has = icmp sgt i64 %inputs, 0
  br i1 %has, label %look, label %done
look:
  call fastcc void @look(ptr %g, ptr %g, ptr %p, ptr %q, ptr %a, ptr %b, i64 %inputs, ptr %worst)
  br label %done
done:
  %size1 = load i64, ptr %worst, align 8
  %isbad = icmp uge i64 %size1, {0xFFE0000000000000}
  %answer = zext i1 %isbad to i32
  ret i32 %answer
}}"""


_PLAN = """
define void @levels(ptr noalias %a, ptr noalias %b, ptr noalias %c, ptr %level, i64 %count, i64 %window) {
entry:
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %done
loop:
  %k = phi i64 [0, %entry], [%k1, %loop]
  %r = urem i64 %k, %window
  %begin = sub i64 %k, %r
  %la = call i32 @level_of(ptr %a, i64 %k, i64 %begin, ptr %level)
  %lb = call i32 @level_of(ptr %b, i64 %k, i64 %begin, ptr %level)
  %lc = call i32 @level_of(ptr %c, i64 %k, i64 %begin, ptr %level)
  %m1 = call i32 @llvm.smax.i32(i32 %la, i32 %lb)
  %m2 = call i32 @llvm.smax.i32(i32 %m1, i32 %lc)
  %to = getelementptr i32, ptr %level, i64 %k
  store i32 %m2, ptr %to, align 4
  %k1 = add i64 %k, 1
  %more = icmp slt i64 %k1, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}

declare i32 @llvm.smax.i32(i32, i32)

define internal i32 @level_of(ptr %x, i64 %k, i64 %begin, ptr %level) alwaysinline {
  %at = getelementptr i32, ptr %x, i64 %k
  %i = load i32, ptr %at, align 4
  %j = sext i32 %i to i64
  %inside = icmp sge i64 %j, %begin
  %safe = select i1 %inside, i64 %j, i64 0
  %from = getelementptr i32, ptr %level, i64 %safe
  %l = load i32, ptr %from, align 4
  %l1 = add i32 %l, 1
  %found = select i1 %inside, i32 %l1, i32 0
  ret i32 %found
}
"""
"""The level of each step among those of its window: one more than its operands'; -1 is no operand of
the window. Steps count from 0, operands that are no steps are negative."""
