"""The module of machine code for a plan: one function for value and gradients."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy

from backprop.engine import underflow
from backprop.engine.native.kernels import FILL
from backprop.engine.native.machine import lanes
from backprop.engine.writers.llvm import ATTRIBUTES, CALL_BACK
from backprop.engine.writers.marks import flushing, marks
from backprop.engine.writers.vector_functions import defined
from backprop.loops.affine import Affine
from backprop.loops.native.adding import FAR
from backprop.loops.native.addresses import Pointers
from backprop.loops.native.flushes import flushes
from backprop.loops.native.groups import Nest, NestGroup
from backprop.loops.native.keeping import MANY_RUNS
from backprop.loops.native.layouts import Order
from backprop.loops.native.once import read_once
from backprop.loops.native.shaken_nests import SHAKEN_ENTRY, ShakenCode
from backprop.loops.native.shared_nests import SharedNests
from backprop.loops.native.sharing import shared
from backprop.loops.native.wide import ShiftedCode, WideCode
from backprop.loops.plan import Plan
from backprop.loops.rows import Read

_FEW = 24
"""Rows of a nest that are few enough for several vectors of each in the registers."""

_NEAR = 64
"""Members of a row that are few enough for several vectors of each in the first cache."""


class Module(NamedTuple):
    """A text for LLVM, and the arrays whose addresses the function `nests` takes. flushes: whether it may
    take numbers that are too small for 0, as it may not while it calls Python. written: the families whose
    gradients are not added to what stands there; they are looked at, too. cleared: as of `Nests`."""

    text: str
    arrays: Pointers
    width: int
    flushes: bool
    written: frozenset[str]
    cleared: frozenset[str]


def module(
    plan: Plan,
    found: Sequence[NestGroup],
    layouts: Mapping[str, Order],
    moving: Collection[str],
    inputs: Collection[str],
    output: str,
    place: int,
    more: float = 0.0,
    room: int = MANY_RUNS,
    shakes: bool = False,
) -> Module:
    """The function `nests(table, scale, flush)`: values of all members from those of the inputs, and
    gradients by those that are `moving`, of which some are `inputs`. It returns 1 where something is not
    finite, 2 more where a value was too small for a double, 4 more where a gradient was.

    table: addresses of arrays. scale: the gradient at the output. flush: 1 where what is too small for a
    double may be 0 (`marks.flushing`). more: as of `ShiftedCode`, if any. room: how many
    doubles are kept for the way back at most. shakes: as `ShakenCode`, by the scale.
    """
    native, vectors = lanes(True)
    most = _at_once(plan, found, layouts, moving)
    code = ShiftedCode(native, vectors, more) if more else WideCode(native, vectors)
    code = ShakenCode(native, vectors) if shakes else code
    code.looks = False
    nests = SharedNests(plan, code, most, {**layouts}, moving)
    nests.room = room
    bodies = [[nests.prepare(body) for body in group.bodies] for group in found]
    nests.cleared.difference_update(inputs)  # which somebody reads afterwards
    nests.once = {name: [] for name in read_once(nests, chain.from_iterable(bodies), inputs)}
    bit = underflow.flag()
    code.lines.append(f"  call fastcc void @clear_marks(i32 {bit})")
    together = shared(nests, found, bodies, {output, *inputs})
    for several in together:
        nests.forward_shared(several)
    values = code.emit(f"call fastcc i1 @marked(i32 {bit})")
    code.lines.append(f"  call fastcc void @clear_marks(i32 {bit})")
    at = int(layouts[output].of(numpy.array([place]))[0])
    nests.arrays.pointer("v", nests.number[output])
    seed = code.at(nests.arrays.pointer("g", nests.number[output]), at)
    code.lines.append(f"  store double %scale, ptr {seed}, align 8")
    for several in reversed(together):
        if any(family in nests.takes for unit in several.units for family in unit.families):
            nests.backward_shared(several)
    gradients = code.emit(f"call fastcc i1 @marked(i32 {bit})")
    total = "0x0000000000000000"
    for lane_width, slot in sorted(nests.bad.items()):
        off = nests.across(slot, lane_width)
        total = code.emit(f"fadd double {total}, {off}")
    bad = code.emit(f"fcmp uno double {total}, 0.0")
    answer = code.emit(f"zext i1 {bad} to i32")
    for factor, mark in ((2, values), (4, gradients)):
        one = code.emit(f"select i1 {mark}, i32 {factor}, i32 0")
        answer = code.emit(f"or i32 {answer}, {one}")
    nests.end_sums()
    code.lines.append(f"  ret i32 {answer}")
    written = frozenset(name for name, places in nests.once.items() if len(places) == 1)
    nothing = {
        before: f"  {before} = select i1 true, {double} {zero}, {double} {zero}"
        for name in written
        for before, double, zero in nests.once[name]
    }
    if nothing:
        code.lines = [nothing.get(line.split(" = ")[0].strip(), line) for line in code.lines]
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
    before, after = flushing()
    body = code.body
    parts = [
        "declare i64 @llvm.umin.i64(i64, i64)",
        "declare i64 @llvm.smin.i64(i64, i64)",
        *flushes(body, native, vectors),
        FILL,
        *defined(code.declared, native),
        marks(),
        # stackrealign: what does not fit into registers lies on one line of the cache
        f'define internal fastcc i32 @run({operands}) noinline "stackrealign" {{',
        "entry:",
        *([SHAKEN_ENTRY] if shakes else []),
        *nests.entry,
        body,
        "}",
        "define i32 @nests(ptr %table, double %scale, i32 %flush) {",
        "entry:",
        *loads,
        before,
        f"  %answer = call fastcc i32 @run({given})",
        after,
        "  ret i32 %answer",
        "}",
        ATTRIBUTES,
    ]
    may_flush = not any(f"@{CALL_BACK}" in line for line in code.declared)
    return Module(
        "\n".join(parts), nests.arrays, native, may_flush, written, frozenset(nests.cleared)
    )


def _at_once(
    plan: Plan,
    found: Sequence[NestGroup],
    layouts: Mapping[str, Order],
    moving: Collection[str],
) -> int:
    """How many of the processor's vectors of rows are run at once: most rows are sums or recurrences in
    which one step waits for the one before, and several rows do not."""
    nests = [nest for group in found for nest in group.bodies]
    longest = max((len(nest.order) for nest in nests), default=0)
    members = max(
        (
            plan.families[nest.loop.family].size // max(1, nest.row.size)
            for nest in nests
            if nest.row
        ),
        default=0,
    )
    if longest > 2 * _FEW:
        return 1
    if longest > _FEW or members > _NEAR:
        return 4 if longest <= _FEW and _sums(plan, nests, layouts, moving) > FAR else 2
    return 4


def _sums(
    plan: Plan, nests: Sequence[Nest], layouts: Mapping[str, Order], moving: Collection[str]
) -> int:
    """How many members that take gradients stand in one place for all rows that read them."""
    shared = set[str]()
    for nest in nests:
        for row in nest.order:
            special = plan.columns.specials.get(row)
            home = plan.columns.homes[row]
            if isinstance(special, Read) and special.family in moving and home.depth:
                at = layouts[special.family].at(special.at, home)
                if isinstance(at, Affine) and not at.strides[0]:
                    shared.add(special.family)
    return sum(layouts[name].size for name in shared)


_RUN = "define internal fastcc i32 @run("
_ROUNDED = re.compile(r" = (fadd|fsub|fmul|fdiv) (?=<|double)")


def fused(made: Module) -> Module:
    """A module in which a multiplication and an addition may be rounded once, and a division may be one by a
    reciprocal: for sums whose last digits are no promise. The functions that it calls stay as they are."""
    before, run, rest = made.text.partition(_RUN)
    body, end, after = rest.partition("\n}\n")
    loose = _ROUNDED.sub(r" = \1 contract arcp ", body)
    return made._replace(text=f"{before}{run}{loose}{end}{after}")
