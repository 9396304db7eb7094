"""Sweeps along many directions through a sparse triangular matrix, and its coefficients, as text for LLVM."""

from backprop.engine import underflow
from backprop.engine.writers.marks import marks

AT_ONCE = (4, 8, 16)
"""How many directions may go forward at once."""


SKIP, NOUGHT, WHOLE = range(3)
"""What is to be done with a row: nothing, for nobody reads it; to set it to 0; to compute it."""


def text() -> str:
    """The module: functions `products`, `table` and, for so many directions at once, `sweep4` and others."""
    return "\n".join(
        [marks(), _PRODUCTS.format(flag=underflow.flag()), *map(_sweep, AT_ONCE), _TABLE]
    )


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


_WIDTH = AT_ONCE[-1]

_TABLE = f"""
define void @table(i64 %blocks, i64 %count, i64 %rows, ptr noalias %starts,
                   ptr noalias %operands, ptr noalias %by, ptr noalias %marks, ptr %whole,
                   ptr noalias %outputs, ptr noalias %found) {{
entry:
  br label %block
block:
  %b = phi i64 [0, %entry], [%b1, %next]
  %begin = mul i64 %b, {_WIDTH}
  %own.marks.at = mul i64 %b, %rows
  %own.marks = getelementptr i8, ptr %marks, i64 %own.marks.at
  br label %input
input:
  %i = phi i64 [0, %block], [%i1, %input]
  %lane = sub i64 %i, %begin
  %l1 = insertelement <{_WIDTH} x i64> poison, i64 %lane, i32 0
  %ls = shufflevector <{_WIDTH} x i64> %l1, <{_WIDTH} x i64> poison, <{_WIDTH} x i32> zeroinitializer
  %own = icmp eq <{_WIDTH} x i64> %ls, <{", ".join(f"i64 {lane}" for lane in range(_WIDTH))}>
  %unit = uitofp <{_WIDTH} x i1> %own to <{_WIDTH} x double>
  %i.at = getelementptr <{_WIDTH} x double>, ptr %whole, i64 %i
  store <{_WIDTH} x double> %unit, ptr %i.at, align {8 * _WIDTH}
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %count
  br i1 %more, label %input, label %sweep
sweep:
  call void @sweep{_WIDTH}(i64 %rows, ptr %starts, ptr %operands, ptr %by, ptr %own.marks,
                           ptr %whole, i64 %count)
  %stride = mul i64 %blocks, {_WIDTH}
  br label %output
output:
  %j = phi i64 [%begin, %sweep], [%j1, %output]
  %output.at = getelementptr i32, ptr %outputs, i64 %j
  %at = load i32, ptr %output.at, align 4
  %from = getelementptr <{_WIDTH} x double>, ptr %whole, i32 %at
  %slopes = load <{_WIDTH} x double>, ptr %from, align {8 * _WIDTH}
  %row = mul i64 %j, %stride
  %place = add i64 %row, %begin
  %to = getelementptr double, ptr %found, i64 %place
  store <{_WIDTH} x double> %slopes, ptr %to, align 8
  %j1 = add i64 %j, 1
  %others = icmp slt i64 %j1, %count
  br i1 %others, label %output, label %next
next:
  %b1 = add i64 %b, 1
  %again = icmp slt i64 %b1, %blocks
  br i1 %again, label %block, label %done
done:
  ret void
}}"""
"""The derivatives of as many outputs as there are inputs: in row j of `found` those of output j by the
inputs up to j and others of the same block of directions."""
