"""The kernels that run a tape: forward and backward over arrays, as text for LLVM.

A tape (`engine.tape`) is a list of segments. The steps of a segment are of one kind, none needs
another, and their results stand side by side, so that one loop computes several at once. Going
forward each step keeps its slopes beside its value; going backward is then the same for every
operation: the gradient of a result times the slope is added to the gradient of the operand. Where
steps wait for one another (a deep chain) a segment holds steps of many kinds, in order.

Of each step the operands that have a slope come first, in `a` and `b`; a condition stands in `c`.
"""

from collections.abc import Mapping, Sequence

from backprop.chain.walk import NOTHING
from backprop.engine import underflow
from backprop.engine.native import loops
from backprop.engine.native.machine import lanes
from backprop.engine.writers.llvm import ATTRIBUTES, Code, literal
from backprop.engine.writers.marks import marks

FIELDS = tuple("segments count values p q a b c codes gradients size root seed".split())
"""What describes a tape to the kernels, 64 bits each: arrays and their sizes. Of segments, `count`
of them, each is three numbers: kind, first place, number of steps. seed: the bits of the gradient
at the root."""

_NUMBERS = ("count", "size", "root", "seed")


def text(used: frozenset[int]) -> str:
    """The module for the kinds that are used: functions `forward`, `backward`, `backward_with_care`
    of a tape, which return 0, or 1 where something is not finite; and `levels`. `forward` returns 2
    more where a value or a slope is too small for a double, though no number that it is made of is
    0."""
    width, vectors = lanes()
    slopes: dict[int, loops.KnownSlopes] = {loops.MIXED: loops.STORED}
    single = Code()
    parts = [loops.mixed_forward(sorted(used), single)]
    declared = single.declared
    for kind in sorted(used):
        code = Code(width, vectors)
        loop, slopes[kind] = loops.forward_loop(kind, code)
        parts.append(loop)
        declared |= code.declared
    parts += [loops.backward_loop(f"b{kind}", both) for kind, both in slopes.items()]
    parts.append(loops.backward_loop("leaves", ()))
    careful = {loops.LEAVES: "leaves"}
    if loops.CHOICE in used:
        careful |= {loops.MIXED: "careful_mixed", loops.CHOICE: "careful_choices"}
    for name in ("careful", *careful.values()):
        if name != "leaves":
            parts.append(loops.backward_loop(name, loops.STORED))
    forwards, backwards = ({kind: f"{way}{kind}" for kind in slopes} for way in "fb")
    lossy = {kind: f"l{kind}" for kind in (loops.MIXED, *sorted(used)) if loops.can_lose(kind)}
    parts += [loops.losing_loop(kind) for kind in lossy]
    parts += [
        _loses(lossy),
        _forward(width, forwards),
        _backward("backward", backwards, "leaves"),
        _backward("backward_with_care", careful, "careful"),
    ]
    others = (_DECLARED, FILL, marks(), _levels(), ATTRIBUTES)
    return "\n".join([*sorted(declared), *parts, *others])


_DECLARED = """
declare i32 @llvm.smax.i32(i32, i32)
declare i64 @llvm.umax.i64(i64, i64)
"""

FILL = """
define internal fastcc void @fill(ptr noalias %to, i64 %n, double %number) {
entry:
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%k1, %loop]
  %at = getelementptr double, ptr %to, i64 %k
  store double %number, ptr %at, align 8
  %k1 = add i64 %k, 1
  %more = icmp slt i64 %k1, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""
"""The function that sets all of some numbers."""

_DRIVER = """
define i32 @{name}(ptr noalias %tape) {{
entry:
{fields}
  %seen = alloca {seen}, align 64
  store {seen} zeroinitializer, ptr %seen, align 8
{before}
  %last = sub i64 %count, 1
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %done
loop:
  %s = phi i64 [{begin}, %entry], [%s1, %next]
  %at = getelementptr [3 x i64], ptr %segments, i64 %s
  %segment = load [3 x i64], ptr %at, align 8
  %kind = extractvalue [3 x i64] %segment, 0
  %first = extractvalue [3 x i64] %segment, 1
  %n = extractvalue [3 x i64] %segment, 2
{slices}
  switch i64 %kind, label %{otherwise} [{targets}]
{calls}
next:
  %s1 = add i64 %s, {stride}
  %more = icmp ult i64 %s1, %count
  br i1 %more, label %loop, label %done
done:
  %whole = load {seen}, ptr %seen, align 8
{after}
  ret i32 %answer
}}"""
"""From segment to segment, to the loop of each kind, `otherwise` where none is named for it. seen:
the type of what the loops have seen. before, after: all segments."""


def driver(
    whole: str,
    names: Mapping[int, str],
    otherwise: str,
    operands: str = loops.OPERANDS,
    slices: Sequence[str] = (),
    **parts: object,
) -> str:
    """whole: the field of the tape that the loops call `all`. names: those of the loops by kind. operands:
    what these take, slices: lines that make more of it."""
    fields, slices = [], [*slices]
    for at, name in enumerate(FIELDS):
        register = "all" if name == whole else f"{name}.all" if name in loops.SLICES else name
        fields += [
            f"  %{name}.at = getelementptr i64, ptr %tape, i64 {at}",
            f"  %{register} = load {'i64' if name in _NUMBERS else 'ptr'}, ptr %{name}.at, align 8",
        ]
    for name, of in loops.SLICES.items():
        begin = "all" if name == "own" else f"{name}.all"
        slices.append(f"  %{name} = getelementptr {of}, ptr %{begin}, i64 %first")
    calls = [
        f"{loop}:\n  call fastcc void @{loop}({operands})\n  br label %next"
        for loop in (*names.values(), otherwise)
        if loop != "next"
    ]
    return _DRIVER.format(
        fields="\n".join(fields), slices="\n".join(slices), calls="\n".join(calls),
        targets=" ".join(f"i64 {kind}, label %{loop}" for kind, loop in names.items()),
        otherwise=otherwise, **parts,
    )  # fmt: skip


def _loses(names: Mapping[int, str]) -> str:
    """It looks at the slopes that `forward` has stored."""
    return driver(
        "values", names, "next", name="loses", begin="0", stride=1, seen="i64", before="",
        after="  %answer = trunc i64 %whole to i32",
    )  # fmt: skip


def _forward(width: int, names: Mapping[int, str]) -> str:
    """Where a number was too small, or one inside a step too large, `loses` looks closer."""
    doubles, declared, bad = finite(width)
    after = f"""{bad}
  %found = zext i1 %bad to i32
  %marked = call fastcc i1 @marked(i32 {underflow.both()})
  br i1 %marked, label %look, label %end
look:
  %lost = call i32 @loses(ptr %tape)
  br label %end
end:
  %some = phi i32 [0, %done], [%lost, %look]
  %two = shl i32 %some, 1
  %answer = or i32 %found, %two"""
    before = f"  call fastcc void @clear_marks(i32 {underflow.both()})"
    whole = driver(
        "values", names, "next", name="forward", begin="0", stride=1, seen=doubles, before=before,
        after=after,
    )  # fmt: skip
    return f"{declared}\n{whole}"


def finite(width: int) -> tuple[str, str, str]:
    """What loops have seen of values, so many side by side, which is added up at the end: its type, what is
    declared for that, and the instructions for whether one was not finite, `%bad`."""
    doubles, total = f"<{width} x double>", f"@llvm.vector.reduce.fadd.v{width}f64"
    bad = f"""  %total = call double {total}(double 0.0, {doubles} %whole)
  %bad = fcmp uno double %total, 0.0"""
    return doubles, f"declare double {total}(double, {doubles})", bad


def _backward(name: str, names: Mapping[int, str], otherwise: str) -> str:
    """They begin with 0, with care with `walk.NOTHING`. Bad is also a product that is too small."""
    start = literal(NOTHING if otherwise == "careful" else 0.0)
    before = f"""
  call fastcc void @fill(ptr %all, i64 %size, double {start})
  %place = getelementptr double, ptr %all, i64 %root
  %one = bitcast i64 %seed to double
  store double %one, ptr %place, align 8
  call fastcc void @clear_marks(i32 {underflow.flag()})"""
    after = f"""  %far = icmp uge i64 %whole, {0xFFE0000000000000}
  %small = call fastcc i1 @marked(i32 {underflow.flag()})
  %bad = or i1 %far, %small
  %answer = zext i1 %bad to i32"""
    return driver(
        "gradients", names, otherwise, name=name, begin="%last", stride=-1, seen="i64", before=before,
        after=after,
    )  # fmt: skip


_LEVELS = """
define void @levels(ptr noalias %a, ptr noalias %b, ptr noalias %c, ptr %level, i64 %count, i64 %window) {{
entry:
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %done
loop:
  %k = phi i64 [0, %entry], [%k1, %loop]
  %r = urem i64 %k, %window
  %begin = sub i64 %k, %r
{body}
  %to = getelementptr i32, ptr %level, i64 %k
  store i32 {highest}, ptr %to, align 4
  %k1 = add i64 %k, 1
  %more = icmp slt i64 %k1, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}"""


def _levels() -> str:
    """The function for the level of each step among those of its window: one more than its
    operands', and 0 without any in the window. Steps count from 0, operands that are no steps are
    negative."""
    code = Code()
    highest = "0"
    for operand in "abc":
        index = code.load(code.at(f"%{operand}", "%k", "i32"), "i32")
        step = code.emit(f"sext i32 {index} to i64")
        inside = code.emit(f"icmp sge i64 {step}, %begin")
        safe = code.emit(f"select i1 {inside}, i64 {step}, i64 0")
        below = code.load(code.at("%level", safe, "i32"), "i32")
        above = code.emit(f"add i32 {below}, 1")
        level = code.emit(f"select i1 {inside}, i32 {above}, i32 0")
        highest = code.emit(f"call i32 @llvm.smax.i32(i32 {highest}, i32 {level})")
    return _LEVELS.format(body=code.body, highest=highest)
