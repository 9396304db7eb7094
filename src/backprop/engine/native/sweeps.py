"""Sweeps along many directions through a sparse triangular matrix, and its coefficients, as text for LLVM."""

from backprop.engine import underflow
from backprop.engine.writers.marks import marks

AT_ONCE = (4, 8, 16)
"""How many directions may go forward at once."""


SKIP, NOUGHT, WHOLE = range(3)
"""What is to be done with a row: nothing, for nobody reads it; to set it to 0; to compute it."""


def text() -> str:
    """The module: functions `products` and, for so many directions at once, `sweep4` and others."""
    return "\n".join([marks(), _PRODUCTS.format(flag=underflow.flag()), *map(_sweep, AT_ONCE)])


_PRODUCTS = """
define i32 @products(i64 %count, ptr noalias %parts, ptr %all, i64 %first) {{
entry:
  call fastcc void @clear_marks(i32 {flag})
  %own = getelementptr double, ptr %all, i64 %first
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %done
loop:
  %k = phi i64 [0, %entry], [%k1, %loop]
  %at = getelementptr [3 x i32], ptr %parts, i64 %k
  %more.at = getelementptr [3 x i32], ptr %parts, i64 %k, i64 2
  %other.at = getelementptr [3 x i32], ptr %parts, i64 %k, i64 1
  %one = load i32, ptr %at, align 4
  %other = load i32, ptr %other.at, align 4
  %more = load i32, ptr %more.at, align 4
  %one.place = getelementptr double, ptr %all, i32 %one
  %other.place = getelementptr double, ptr %all, i32 %other
  %more.place = getelementptr double, ptr %all, i32 %more
  %a = load double, ptr %one.place, align 8
  %b = load double, ptr %other.place, align 8
  %c = load double, ptr %more.place, align 8
  %ab = fmul double %a, %b
  %sum = fadd double %ab, %c
  %to = getelementptr double, ptr %own, i64 %k
  store double %sum, ptr %to, align 8
  %k1 = add i64 %k, 1
  %again = icmp slt i64 %k1, %count
  br i1 %again, label %loop, label %done
done:
  %lost = call fastcc i1 @marked(i32 {flag})
  %answer = zext i1 %lost to i32
  ret i32 %answer
}}"""
"""Number `first + k` of all becomes the product of two of those before, plus a third. Returns 1 where one
was too small for a double."""


def _sweep(width: int) -> str:
    """Row k of `t` becomes the sum of its entries, each a coefficient times the row of an operand, counted
    from `whole` on, for directions side by side."""
    reals, aligned = f"<{width} x double>", f"align {8 * width}"
    return f"""
define void @sweep{width}(i64 %count, ptr noalias %starts, ptr noalias %operands, ptr noalias %by,
                      ptr noalias %marks, ptr %whole, i64 %first) {{
entry:
  %t = getelementptr {reals}, ptr %whole, i64 %first
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %row, label %done
row:
  %k = phi i64 [0, %entry], [%k1, %skip]
  %begin = phi i32 [0, %entry], [%end, %skip]
  %k1 = add i64 %k, 1
  %end.at = getelementptr i32, ptr %starts, i64 %k1
  %end = load i32, ptr %end.at, align 4
  %mark.at = getelementptr i8, ptr %marks, i64 %k
  %mark = load i8, ptr %mark.at, align 1
  %asked = icmp ne i8 %mark, {SKIP}
  br i1 %asked, label %look, label %skip
look:
  %reached = icmp eq i8 %mark, {WHOLE}
  %filled = icmp slt i32 %begin, %end
  %some = and i1 %reached, %filled
  br i1 %some, label %entry.of, label %next
entry.of:
  %j = phi i32 [%begin, %look], [%j1, %entry.of]
  %sum = phi {reals} [zeroinitializer, %look], [%added, %entry.of]
  %operand.at = getelementptr i32, ptr %operands, i32 %j
  %operand = load i32, ptr %operand.at, align 4
  %by.at = getelementptr double, ptr %by, i32 %j
  %b = load double, ptr %by.at, align 8
  %b1 = insertelement {reals} poison, double %b, i32 0
  %bs = shufflevector {reals} %b1, {reals} poison, <{width} x i32> zeroinitializer
  %x.at = getelementptr {reals}, ptr %whole, i32 %operand
  %x = load {reals}, ptr %x.at, {aligned}
  %product = fmul {reals} %bs, %x
  %added = fadd {reals} %sum, %product
  %j1 = add i32 %j, 1
  %again = icmp slt i32 %j1, %end
  br i1 %again, label %entry.of, label %next
next:
  %total = phi {reals} [zeroinitializer, %look], [%added, %entry.of]
  %to = getelementptr {reals}, ptr %t, i64 %k
  store {reals} %total, ptr %to, {aligned}
  br label %skip
skip:
  %others = icmp slt i64 %k1, %count
  br i1 %others, label %row, label %done
done:
  ret void
}}"""
