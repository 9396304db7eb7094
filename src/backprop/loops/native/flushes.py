"""Functions of machine code that add what was summed up to gradients, and begin anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backprop.chain.walk import NOTHING
from backprop.engine.writers.llvm import Code


def two_sum(code: Code, before: str, rest: str, more: str, kind: str) -> tuple[str, str]:
    """A sum with one more term, and what rounding has taken from it so far (Knuth). What no gradient has
    arrived at stays so."""
    after = code.emit(f"fadd {kind} {before}, {more}")
    taken = code.emit(f"fsub {kind} {after}, {before}")
    left = code.emit(f"fsub {kind} {after}, {taken}")
    left = code.emit(f"fsub {kind} {left}, {before}")
    right = code.emit(f"fsub {kind} {taken}, {more}")
    lost = code.emit(f"fadd {kind} {left}, {right}")
    return after, code.emit(f"fsub {kind} {rest}, {lost}")


def flushes(body: str, native: int, vectors: Mapping[str, str]) -> Iterator[str]:
    """Those that a text calls: `@flush8(partial, to, n)` of n vectors of lanes, and of single numbers
    `@flush1`; `@carry8(partial, to, rest, n)` and `@carry1`, which also add to `rest` what rounding takes."""
    for lanes in dict.fromkeys((native, 1)):
        for carries in (False, True):
            name = f"{'carry' if carries else 'flush'}{lanes}"
            if f"@{name}(" in body:
                yield _flush(name, lanes, native, carries, vectors)


def _flush(name: str, lanes: int, native: int, carries: bool, vectors: Mapping[str, str]) -> str:
    code = Code(lanes, vectors)
    single = lanes == 1
    steps = [*dict.fromkeys((native if single else 1, 1))]  # gradients at once
    before, counter = "entry", "0"
    for at, step in enumerate(steps):
        after = f"head{at + 1}" if at + 1 < len(steps) else "done"
        code.lines += [
            f"  br label %head{at}" if not at else "",
            f"head{at}:",
            f"  %k{at} = phi i64 [{counter}, %{before}], [%end{at}, %body{at}]",
            f"  %end{at} = add i64 %k{at}, {step}",
            f"  %more{at} = icmp sle i64 %end{at}, %n",
            f"  br i1 %more{at}, label %body{at}, label %{after}",
            f"body{at}:",
        ]
        before, counter = f"head{at}", f"%k{at}"
        code.width = step if single else lanes
        _turn(code, counter, single, carries)
        code.lines.append(f"  br label %head{at}")
    rest = "ptr noalias %rest, " if carries else ""
    return f"""
define internal fastcc void @{name}(ptr noalias %partial, ptr noalias %to, {rest}i64 %n) noinline {{
entry:
{code.body}
done:
  ret void
}}"""


def _halved(code: Code, number: str, width: int) -> str:
    """The sum of lanes: one half and the other, and so on."""
    while width > 1:
        of, half = f"<{width} x double>", width // 2
        parts = []
        for begin in (0, half):
            lanes = ", ".join(f"i32 {begin + lane}" for lane in range(half))
            mask = f"<{half} x i32> <{lanes}>"
            parts.append(code.emit(f"shufflevector {of} {number}, {of} poison, {mask}"))
        number, width = code.emit(f"fadd <{half} x double> {', '.join(parts)}"), half
    return code.emit(f"extractelement <1 x double> {number}, i32 0")


def _turn(code: Code, at: str, single: bool, carries: bool) -> None:
    """What is done with one vector: of single numbers with as many gradients, else with one."""
    align = 8 if single else 8 * code.width
    place = code.at("%partial", at, "double" if single else code.double)
    number = code.emit(f"load {code.double}, ptr {place}, align {align}")
    nothing = code.write(NOTHING)
    code.lines.append(f"  store {code.double} {nothing}, ptr {place}, align {align}")
    if not single:
        number = _halved(code, number, code.width)
    double = code.double if single else "double"
    to = code.at("%to", at)
    before = code.emit(f"load {double}, ptr {to}, align 8")
    if carries:
        where = code.at("%rest", at)
        rest = code.emit(f"load {double}, ptr {where}, align 8")
        after, rest = two_sum(code, before, rest, number, double)
        code.lines.append(f"  store {double} {rest}, ptr {where}, align 8")
    else:
        after = code.emit(f"fadd {double} {before}, {number}")
    code.lines.append(f"  store {double} {after}, ptr {to}, align 8")
