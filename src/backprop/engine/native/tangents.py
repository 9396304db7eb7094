"""Tangents of the steps of a tape, as text for LLVM: the chain rule from the front.

Where there are several directions the values have been computed, with the slopes of each step, and a
step is one round of a loop for all directions. Along a single direction values and tangents are computed
together, several steps at once, and slopes are not kept.
"""

from __future__ import annotations

from backprop.engine.native import kernels, loops
from backprop.engine.native.machine import lanes
from backprop.engine.writers.llvm import ATTRIBUTES, Code, Operand, literal

AT_ONCE = (1, 4, 8)
"""How many tangents may go forward at once, with slopes that are known."""

_OPERANDS = (
    "ptr noalias %all, ptr noalias %own, ptr %gradients, ptr %t, ptr noalias %a, ptr noalias %b,"
    " ptr noalias %c, ptr noalias %codes, i64 %n, ptr noalias %seen"
)
"""What the loops along a single direction take: the tangents stand where gradients do, those of all places
and those of the segment."""


def several(width: int, sizes: bool) -> str:
    """The module for so many tangents at once beside values that are known: the function `tangents`, where
    those of the leaves stand in `t`. sizes: with the sizes of slopes in their place. Steps with the same
    constant slopes have one loop."""
    by_slopes: dict[tuple[str, ...], list[int]] = {}
    for kind in range(loops.MIXED, len(loops.kinds())):
        known = [abs(each) if sizes and each else each for each in loops.known_slopes(kind)]
        key = tuple("" if each is None else literal(each) for each in known)
        by_slopes.setdefault(key, []).append(kind)
    parts, targets = [], []
    for number, (slopes, kinds) in enumerate(by_slopes.items()):
        parts.append(_steps(f"loop{number}", slopes, width, sizes))
        targets += [f"i64 {kind}, label %loop{number}" for kind in kinds]
    return f"""
declare double @llvm.fabs.f64(double)
define void @tangents(ptr noalias %segments, i64 %count, ptr noalias %p, ptr noalias %q,
                      ptr noalias %a, ptr noalias %b, ptr noalias %t) {{
entry:
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %segment, label %done
segment:
  %s = phi i64 [0, %entry], [%s1, %next]
  %at = getelementptr [3 x i64], ptr %segments, i64 %s
  %whole = load [3 x i64], ptr %at, align 8
  %kind = extractvalue [3 x i64] %whole, 0
  %first = extractvalue [3 x i64] %whole, 1
  %n = extractvalue [3 x i64] %whole, 2
  %end = add i64 %first, %n
  switch i64 %kind, label %next [{" ".join(targets)}]
{"".join(parts)}
next:
  %s1 = add i64 %s, 1
  %others = icmp slt i64 %s1, %count
  br i1 %others, label %segment, label %done
done:
  ret void
}}"""


def _steps(name: str, slopes: tuple[str, ...], width: int, sizes: bool) -> str:
    """The loop over a segment. slopes: literals, "" for what is kept, of which the sizes may count."""
    reals, aligned = f"<{width} x double>", f"align {8 * width}"
    code = Code()
    total = ""
    for operand, array, slope in zip("ab", "pq", slopes, strict=True):
        if slope == literal(0.0):
            continue
        row = code.load(code.at(f"%{operand}", f"%{name}.k", "i32"), "i32")
        at = code.at("%t", code.emit(f"sext i32 {row} to i64"), reals)
        term = code.emit(f"load {reals}, ptr {at}, {aligned}")
        if slope != literal(1.0):
            number = slope or code.load(code.at(f"%{array}", f"%{name}.k"))
            if sizes and not slope:
                number = code.call("llvm.fabs", [number])
            lane = code.emit(f"insertelement {reals} poison, double {number}, i32 0")
            zeros = f"<{width} x i32> zeroinitializer"
            all_lanes = code.emit(f"shufflevector {reals} {lane}, {reals} poison, {zeros}")
            term = code.emit(f"fmul {reals} {all_lanes}, {term}")
        total = code.emit(f"fadd {reals} {total}, {term}") if total else term
    to = code.at("%t", f"%{name}.k", reals)
    code.lines.append(f"  store {reals} {total or 'zeroinitializer'}, ptr {to}, {aligned}")
    body = code.body.replace("%r", f"%{name}.r")
    return f"""
{name}:
  br label %{name}.step
{name}.step:
  %{name}.k = phi i64 [%first, %{name}], [%{name}.k1, %{name}.step]
{body}
  %{name}.k1 = add i64 %{name}.k, 1
  %{name}.more = icmp slt i64 %{name}.k1, %end
  br i1 %{name}.more, label %{name}.step, label %next
"""


def single(used: frozenset[int]) -> str:
    """The module for one direction and the kinds that are used: the function `along` of a tape, which returns
    1 where a value is not finite, else 0. The tangents of the leaves stand in the gradients."""
    width, vectors = lanes()
    mixed = Code()
    out = loops.by_kind(sorted(used), mixed, lambda kind: _both(kind, mixed))
    parts = [loops.forward_over(f"d{loops.MIXED}", mixed, out, "next", _OPERANDS)]
    declared = mixed.declared
    for kind in sorted(used):
        code = Code(width, vectors)
        out = _both(loops.kinds()[kind], code)
        parts.append(loops.forward_over(f"d{kind}", code, out, operands=_OPERANDS))
        declared |= code.declared
    doubles, reduce, bad = kernels.finite(width)
    names = {kind: f"d{kind}" for kind in (loops.MIXED, *sorted(used))}
    whole = kernels.driver(
        "values", names, "next", _OPERANDS,
        ["  %t = getelementptr double, ptr %gradients, i64 %first"], name="along", begin="0",
        stride=1, seen=doubles, before="", after=f"{bad}\n  %answer = zext i1 %bad to i32",
    )  # fmt: skip
    return "\n".join([*sorted(declared), reduce, *parts, whole, ATTRIBUTES])


def _both(kind: loops.Kind, code: Code) -> str:
    """The value of steps of one kind; their tangents are stored."""
    value, slopes = loops.computed(kind, code)
    total: Operand = 0.0
    for array, slope in zip("ab", slopes, strict=True):
        if slope != 0.0:
            tangent = loops.gathered(code, array, "%gradients")
            share = tangent if slope == 1.0 else code.value("*", [slope, tangent])
            total = share if total == 0.0 else code.value("+", [total, share])
    code.store(total, code.at("%t", "%k"))
    return value
