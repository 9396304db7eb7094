"""Householder's reflections of rows onto a triangle, in machine code: `onto`.

Of each reflection vector v all other columns u are needed twice: for their products with v, and for what they
become. The products with the next vector are computed where that is: so each column is read and written once
for a reflection, several of them beside one another, while v stays in registers.
"""

from __future__ import annotations

from collections.abc import Iterator

BLOCK = 256
"""Rows that are reflected at once: those of a few columns stay in the processor's nearest cache."""

_LANES = 8
"""Numbers of a vector, of which two processors' make one where theirs are half as long."""

_GROUP = 4
"""Columns that are gone through beside one another: more have no room in the registers."""


def room_of(width: int) -> int:
    """How many numbers `onto` needs room for, of so many columns."""
    return width * (BLOCK + 2)


_VECTOR = f"<{_LANES} x double>"


def _moved(count: int, leads: bool) -> Iterator[str]:
    """A function that adds multiples of v to columns, and finds their products with the next vector t. leads:
    whether that is the first of these columns; it is the one before them otherwise, and moved already."""
    name = f"{'lead' if leads else 'join'}{count}"
    yield f"define internal fastcc void @{name}(ptr %v, ptr %t, ptr %u, ptr %f, ptr %d) {{"
    yield "entry:"
    for at in range(count):
        yield f"  %u{at}.at = getelementptr double, ptr %u, i64 {at * BLOCK}"
        yield f"  %f{at}.at = getelementptr double, ptr %f, i64 {at}"
        yield f"  %f{at}.one = load double, ptr %f{at}.at, align 8"
        yield f"  %f{at}.put = insertelement {_VECTOR} poison, double %f{at}.one, i32 0"
        yield (
            f"  %f{at} = shufflevector {_VECTOR} %f{at}.put, {_VECTOR} poison,"
            f" <{_LANES} x i32> zeroinitializer"
        )
    yield "  br label %loop"
    yield "loop:"
    yield "  %i = phi i64 [0, %entry], [%i1, %loop]"
    for at in range(count):
        yield f"  %s{at} = phi {_VECTOR} [zeroinitializer, %entry], [%n{at}, %loop]"
    yield f"  %i1 = add i64 %i, {_LANES}"
    yield "  %v.at = getelementptr double, ptr %v, i64 %i"
    yield f"  %x = load {_VECTOR}, ptr %v.at, align 64"
    if not leads:
        yield "  %t.at = getelementptr double, ptr %t, i64 %i"
        yield f"  %t0 = load {_VECTOR}, ptr %t.at, align 64"
    for at in range(count):
        yield f"  %a{at} = getelementptr double, ptr %u{at}.at, i64 %i"
        yield f"  %b{at} = load {_VECTOR}, ptr %a{at}, align 64"
        yield f"  %p{at} = fmul contract {_VECTOR} %x, %f{at}"
        yield f"  %z{at} = fadd contract {_VECTOR} %b{at}, %p{at}"
        yield f"  store {_VECTOR} %z{at}, ptr %a{at}, align 64"
        yield f"  %q{at} = fmul contract {_VECTOR} %z{at}, {'%z0' if leads else '%t0'}"
        yield f"  %n{at} = fadd contract {_VECTOR} %s{at}, %q{at}"
    yield f"  %more = icmp slt i64 %i1, {BLOCK}"
    yield "  br i1 %more, label %loop, label %done"
    yield "done:"
    for at in range(count):
        yield (
            f"  %d{at} = call reassoc double @llvm.vector.reduce.fadd.v{_LANES}f64(double 0.0,"
            f" {_VECTOR} %n{at})"
        )
        yield f"  %d{at}.at = getelementptr double, ptr %d, i64 {at}"
        yield f"  store double %d{at}, ptr %d{at}.at, align 8"
    yield "  ret void"
    yield "}"


_DOT = f"""
define internal fastcc double @dot(ptr %a, ptr %b) {{
entry:
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %loop]
  %s = phi <32 x double> [zeroinitializer, %entry], [%s1, %loop]
  %i1 = add i64 %i, 32
  %a.at = getelementptr double, ptr %a, i64 %i
  %b.at = getelementptr double, ptr %b, i64 %i
  %x = load <32 x double>, ptr %a.at, align 64
  %y = load <32 x double>, ptr %b.at, align 64
  %p = fmul contract <32 x double> %x, %y
  %s1 = fadd contract <32 x double> %s, %p
  %more = icmp slt i64 %i1, BLOCK
  br i1 %more, label %loop, label %done
done:
  %sum = call reassoc double @llvm.vector.reduce.fadd.v32f64(double 0.0, <32 x double> %s1)
  ret double %sum
}}
declare double @llvm.vector.reduce.fadd.v32f64(double, <32 x double>)
declare double @llvm.vector.reduce.fadd.v{_LANES}f64(double, {_VECTOR})
declare double @llvm.sqrt.f64(double)
declare double @llvm.copysign.f64(double, double)
"""
"""The product of two columns."""

_TAKE = """
define internal fastcc void @take(ptr %to, ptr %from, i64 %count) {
entry:
  %all = icmp sge i64 %count, BLOCK
  br i1 %all, label %whole, label %loop
whole:
  %w = phi i64 [0, %entry], [%w1, %whole]
  %w1 = add i64 %w, 32
  %w.from = getelementptr double, ptr %from, i64 %w
  %w.to = getelementptr double, ptr %to, i64 %w
  %w.numbers = load <32 x double>, ptr %w.from, align 8
  store <32 x double> %w.numbers, ptr %w.to, align 64
  %w.more = icmp slt i64 %w1, BLOCK
  br i1 %w.more, label %whole, label %done
loop:
  %i = phi i64 [0, %entry], [%i1, %next]
  %on = icmp slt i64 %i, BLOCK
  br i1 %on, label %body, label %done
body:
  %i1 = add i64 %i, 1
  %there = icmp slt i64 %i, %count
  br i1 %there, label %read, label %next
read:
  %from.at = getelementptr double, ptr %from, i64 %i
  %number = load double, ptr %from.at, align 8
  br label %next
next:
  %x = phi double [0.0, %body], [%number, %read]
  %to.at = getelementptr double, ptr %to, i64 %i
  store double %x, ptr %to.at, align 8
  br label %loop
done:
  ret void
}
"""
"""A block of a column, with 0 for rows that there are not."""

_CASES = "\n".join(f"    i64 {count}, label %by{count}" for count in range(1, _GROUP))
_CALLS = "\n".join(
    f"""by{count}:
  br i1 %first, label %lead{count}, label %join{count}
lead{count}:
  call fastcc void @lead{count}(ptr %v, ptr %t, ptr %u, ptr %f, ptr %d)
  br label %end
join{count}:
  call fastcc void @join{count}(ptr %v, ptr %t, ptr %u, ptr %f, ptr %d)
  br label %end"""
    for count in range(1, _GROUP + 1)
)

_MOVE = f"""
define internal fastcc void @move(ptr %v, i64 %left, ptr %factors, ptr %products) {{
entry:
  %t = getelementptr double, ptr %v, i64 BLOCK
  br label %head
head:
  %j = phi i64 [0, %entry], [%j1, %end]
  %on = icmp slt i64 %j, %left
  br i1 %on, label %body, label %done
body:
  %j1 = add i64 %j, {_GROUP}
  %first = icmp eq i64 %j, 0
  %place = mul i64 %j, BLOCK
  %u = getelementptr double, ptr %t, i64 %place
  %f = getelementptr double, ptr %factors, i64 %j
  %d = getelementptr double, ptr %products, i64 %j
  %rest = sub i64 %left, %j
  switch i64 %rest, label %by{_GROUP} [
{_CASES}
  ]
{_CALLS}
end:
  br label %head
done:
  ret void
}}
"""
"""Adds multiples of v to all columns behind it, and finds the products of all of these with the first."""

_ONTO = """
define void @onto(ptr %r, i64 %w, ptr %columns, i64 %apart, i64 %rows, ptr %room) {
entry:
  %behind = mul i64 %w, BLOCK
  %factors = getelementptr double, ptr %room, i64 %behind
  %products = getelementptr double, ptr %factors, i64 %w
  br label %head
head:
  %begin = phi i64 [0, %entry], [%begin1, %k.done]
  %on = icmp slt i64 %begin, %rows
  br i1 %on, label %block, label %done
block:
  %begin1 = add i64 %begin, BLOCK
  %left = sub i64 %rows, %begin
  br label %c.head
c.head:
  %c = phi i64 [0, %block], [%c1, %c.body]
  %c.on = icmp slt i64 %c, %w
  br i1 %c.on, label %c.body, label %d.begin
c.body:
  %c1 = add i64 %c, 1
  %c.far = mul i64 %c, %apart
  %c.first = add i64 %c.far, %begin
  %c.from = getelementptr double, ptr %columns, i64 %c.first
  %c.place = mul i64 %c, BLOCK
  %c.to = getelementptr double, ptr %room, i64 %c.place
  call fastcc void @take(ptr %c.to, ptr %c.from, i64 %left)
  br label %c.head
d.begin:
  %k0 = phi i64 [0, %c.head], [%k1, %skip]
  %k0.place = mul i64 %k0, BLOCK
  %d.v = getelementptr double, ptr %room, i64 %k0.place
  br label %d.head
d.head:
  %d = phi i64 [%k0, %d.begin], [%d1, %d.body]
  %d.on = icmp slt i64 %d, %w
  br i1 %d.on, label %d.body, label %k.head
d.body:
  %d1 = add i64 %d, 1
  %d.place = mul i64 %d, BLOCK
  %d.u = getelementptr double, ptr %room, i64 %d.place
  %d.product = call fastcc double @dot(ptr %d.v, ptr %d.u)
  %d.at = getelementptr double, ptr %products, i64 %d
  store double %d.product, ptr %d.at, align 8
  br label %d.head
k.head:
  %k = phi i64 [%k0, %d.head], [%k1, %moved]
  %k.on = icmp slt i64 %k, %w
  br i1 %k.on, label %k.body, label %k.done
k.body:
  %k1 = add i64 %k, 1
  %sigma.at = getelementptr double, ptr %products, i64 %k
  %sigma = load double, ptr %sigma.at, align 8
  %zero = fcmp oeq double %sigma, 0.0
  br i1 %zero, label %skip, label %reflect
skip:
  br label %d.begin
reflect:
  %row = mul i64 %k, %w
  %r.row = getelementptr double, ptr %r, i64 %row
  %kk.at = getelementptr double, ptr %r.row, i64 %k
  %kk = load double, ptr %kk.at, align 8
  %kk2 = fmul double %kk, %kk
  %all = fadd double %kk2, %sigma
  %norm = call double @llvm.sqrt.f64(double %all)
  %signed = call double @llvm.copysign.f64(double %norm, double %kk)
  %first = fadd double %kk, %signed
  %new = fneg double %signed
  store double %new, ptr %kk.at, align 8
  %whole = fmul double %signed, %first
  br label %j.head
j.head:
  %j = phi i64 [%k1, %reflect], [%j1, %j.body]
  %j.on = icmp slt i64 %j, %w
  br i1 %j.on, label %j.body, label %move
j.body:
  %j1 = add i64 %j, 1
  %kj.at = getelementptr double, ptr %r.row, i64 %j
  %kj = load double, ptr %kj.at, align 8
  %along.at = getelementptr double, ptr %products, i64 %j
  %along = load double, ptr %along.at, align 8
  %above = fmul double %first, %kj
  %both = fadd double %above, %along
  %share = fdiv double %both, %whole
  %less = fmul double %share, %first
  %kj1 = fsub double %kj, %less
  store double %kj1, ptr %kj.at, align 8
  %factor = fneg double %share
  %factor.at = getelementptr double, ptr %factors, i64 %j
  store double %factor, ptr %factor.at, align 8
  br label %j.head
move:
  %k.place = mul i64 %k, BLOCK
  %v = getelementptr double, ptr %room, i64 %k.place
  %others = sub i64 %w, %k1
  %f = getelementptr double, ptr %factors, i64 %k1
  %p = getelementptr double, ptr %products, i64 %k1
  call fastcc void @move(ptr %v, i64 %others, ptr %f, ptr %p)
  br label %moved
moved:
  br label %k.head
k.done:
  br label %head
done:
  ret void
}
"""

_EACH = (
    line
    for leads in (True, False)
    for count in range(1, _GROUP + 1)
    for line in _moved(count, leads)
)

TRIANGLE = f"{_DOT}{_TAKE}{chr(10).join(_EACH)}\n{_MOVE}{_ONTO}".replace("BLOCK", str(BLOCK))
"""`onto(r, w, columns, apart, rows, room)`: reflects rows onto the triangle r, shape (w, w). columns: so many
numbers each, that begin `apart` numbers from one another. room: as of `room_of`."""
