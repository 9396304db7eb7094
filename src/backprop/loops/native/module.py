"""The module of machine code for a plan: one function for value and gradients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from backprop.engine import underflow
from backprop.engine.native.machine import lanes
from backprop.engine.walk import NOTHING
from backprop.engine.writers.llvm import ATTRIBUTES, Code, marks
from backprop.loops.domains import Wholes
from backprop.loops.native.addresses import Pointers
from backprop.loops.native.groups import NestGroup
from backprop.loops.native.nests import Nests
from backprop.loops.plan import Plan


class Module(NamedTuple):
    """A text for LLVM, and the arrays whose addresses the function `nests` takes."""

    text: str
    arrays: Pointers
    width: int


def module(
    plan: Plan,
    found: Sequence[NestGroup],
    places: Mapping[str, Wholes],
    moving: Collection[str],
    output: str,
    place: int,
) -> Module:
    """The function `nests(table, scale)`: values of all members from those of the inputs, and gradients
    by those that are `moving`. It returns 1 where something is not finite, 2 more where a value was too
    small for a double, 4 more where a gradient was.

    table: addresses of arrays. scale: the gradient at the output.
    """
    width, vectors = lanes(True)
    code = Code(1, vectors)
    code.looks = False
    nests = Nests(plan, code, width, places, moving)
    bodies = [[nests.prepare(body) for body in group.bodies] for group in found]
    bit = underflow.flag()
    code.lines.append(f"  call fastcc void @clear_marks(i32 {bit})")
    for group, some in zip(found, bodies, strict=True):
        nests.forward_group(group, some)
    values = code.emit(f"call fastcc i1 @marked(i32 {bit})")
    code.lines.append(f"  call fastcc void @clear_marks(i32 {bit})")
    at = int(places[output][place])
    seed = code.at(nests.arrays.pointer("g", nests.number[output]), at)
    code.lines.append(f"  store double %scale, ptr {seed}, align 8")
    for group, some in zip(reversed(found), reversed(bodies), strict=True):
        if any(body.loop.family in nests.takes for body in group.bodies):
            nests.backward_group(group, some)
    gradients = code.emit(f"call fastcc i1 @marked(i32 {bit})")
    total = "0x0000000000000000"
    for lane_width, slot in sorted(nests.bad.items()):
        more = nests.across(slot, lane_width)
        total = code.emit(f"fadd double {total}, {more}")
    bad = code.emit(f"fcmp uno double {total}, 0.0")
    answer = code.emit(f"zext i1 {bad} to i32")
    for factor, mark in ((2, values), (4, gradients)):
        one = code.emit(f"select i1 {mark}, i32 {factor}, i32 0")
        answer = code.emit(f"or i32 {answer}, {one}")
    code.lines.append(f"  ret i32 {answer}")
    names = nests.arrays.names
    operands = ", ".join(["double %scale", *(f"ptr noalias {name}" for name in names)])
    loads = [
        line
        for number, name in enumerate(names)
        for line in (
            f"  {name}.at = getelementptr ptr, ptr %table, i64 {number}",
            f"  {name} = load ptr, ptr {name}.at, align 8",
        )
    ]
    given = ", ".join(["double %scale", *(f"ptr {name}" for name in names)])
    parts = [
        "declare i64 @llvm.umin.i64(i64, i64)",
        "declare i64 @llvm.smin.i64(i64, i64)",
        _flush(width, vectors),
        *sorted(code.declared),
        marks(),
        f"define internal fastcc i32 @run({operands}) noinline {{",
        "entry:",
        *nests.entry,
        code.body,
        "}",
        "define i32 @nests(ptr %table, double %scale) {",
        "entry:",
        *loads,
        f"  %answer = call fastcc i32 @run({given})",
        "  ret i32 %answer",
        "}",
        ATTRIBUTES,
    ]
    return Module("\n".join(parts), nests.arrays, width)


def _flush(width: int, vectors: Mapping[str, str]) -> str:
    """The function that adds what lanes have summed up to the gradients, and begins anew."""
    code = Code(width, vectors)
    place = code.at("%partial", "%k", code.double)
    number = code.emit(f"load {code.double}, ptr {place}, align 64")
    code.lines.append(f"  store {code.double} {code.write(NOTHING)}, ptr {place}, align 64")
    parts = [
        code.emit(f"extractelement {code.double} {number}, i32 {lane}") for lane in range(width)
    ]
    if width == 1:
        parts = [number]
    while len(parts) > 1:
        parts = [
            code.emit(f"fadd double {', '.join(parts[at : at + 2])}")
            for at in range(0, len(parts), 2)
        ]
    to = code.at("%to", "%k")
    before = code.load(to)
    after = code.emit(f"fadd double {before}, {parts[0]}")
    code.lines.append(f"  store double {after}, ptr {to}, align 8")
    return f"""
define internal fastcc void @flush(ptr noalias %partial, ptr noalias %to, i64 %n) noinline {{
entry:
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%k1, %loop]
{code.body}
  %k1 = add i64 %k, 1
  %more = icmp slt i64 %k1, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}"""
