"""The loop over chunks of rows, in machine code: `rows`, around `at_point`."""

from backprop.by_rows.reductions import CHUNK
from backprop.loops.native.at_point import AT_POINT

ROWS = (
    AT_POINT
    + """
define void @rows(ptr %nests, ptr %table, ptr %x, ptr %gradient, ptr %fills, ptr %moves,
    ptr %columns, ptr %takes, ptr %taken, ptr %numbers, double %scale, i32 %flush, i64 %from, i64 %to,
    ptr %out, ptr %answers) {
entry:
  %used = load i64, ptr %columns, align 8
  %kept = load i64, ptr %takes, align 8
  %named = load i64, ptr %taken, align 8
  %wide.at = getelementptr i64, ptr %taken, i64 1
  %wide = load i64, ptr %wide.at, align 8
  br label %head
head:
  %c = phi i64 [%from, %entry], [%c1, %end]
  %c1 = add i64 %c, 1
  %on = icmp slt i64 %c, %to
  br i1 %on, label %column.head, label %done
column.head:
  %k = phi i64 [0, %head], [%k1, %column]
  %k1 = add i64 %k, 1
  %more = icmp slt i64 %k, %used
  br i1 %more, label %column, label %name.head
column:
  %k.at = getelementptr [3 x i64], ptr %columns, i64 %k1
  %slot = load ptr, ptr %k.at, align 8
  %base.at = getelementptr i64, ptr %k.at, i64 1
  %base = load i64, ptr %base.at, align 8
  %stride.at = getelementptr i64, ptr %k.at, i64 2
  %stride = load i64, ptr %stride.at, align 8
  %far = mul i64 %stride, %c
  %address = add i64 %base, %far
  store i64 %address, ptr %slot, align 8
  br label %column.head
name.head:
  %m = phi i64 [0, %column.head], [%m1, %name.end]
  %m1 = add i64 %m, 1
  %more.names = icmp slt i64 %m, %named
  br i1 %more.names, label %name, label %go
name:
  %m.at = getelementptr [6 x i64], ptr %taken, i64 %m1
  %m.places = load ptr, ptr %m.at, align 8
  %m.first = mul i64 %c, CHUNK
  %m.index = getelementptr i32, ptr %m.places, i64 %m.first
  %m.offset.at = getelementptr i64, ptr %m.at, i64 1
  %m.offset = load i64, ptr %m.offset.at, align 8
  %m.members = getelementptr double, ptr %numbers, i64 %m.offset
  %m.to.at = getelementptr i64, ptr %m.at, i64 2
  %m.to = load ptr, ptr %m.to.at, align 8
  br label %give
give:
  %i = phi i64 [0, %name], [%i1, %give]
  %i1 = add i64 %i, 1
  %i.at = getelementptr i32, ptr %m.index, i64 %i
  %i.place = load i32, ptr %i.at, align 4
  %i.member = sext i32 %i.place to i64
  %i.number.at = getelementptr double, ptr %m.members, i64 %i.member
  %i.number = load double, ptr %i.number.at, align 8
  %i.to = getelementptr double, ptr %m.to, i64 %i
  store double %i.number, ptr %i.to, align 8
  %i.more = icmp slt i64 %i1, CHUNK
  br i1 %i.more, label %give, label %name.end
name.end:
  br label %name.head
go:
  %answer = call i32 @at_point(ptr %nests, ptr %table, double %scale, ptr %x, ptr %gradient,
    ptr %fills, ptr %moves, i32 %flush)
  %answer.at = getelementptr i32, ptr %answers, i64 %c
  store i32 %answer, ptr %answer.at, align 4
  %row = mul i64 %c, %wide
  %row.at = getelementptr double, ptr %out, i64 %row
  br label %take.head
take.head:
  %t = phi i64 [0, %go], [%t1, %take]
  %t1 = add i64 %t, 1
  %left = icmp slt i64 %t, %kept
  br i1 %left, label %take, label %bring.head
take:
  %t.at = getelementptr i64, ptr %takes, i64 %t1
  %number.at = load ptr, ptr %t.at, align 8
  %number = load double, ptr %number.at, align 8
  %to.at = getelementptr double, ptr %row.at, i64 %t
  store double %number, ptr %to.at, align 8
  br label %take.head
bring.head:
  %n = phi i64 [0, %take.head], [%n1, %bring.end]
  %n1 = add i64 %n, 1
  %more.bring = icmp slt i64 %n, %named
  br i1 %more.bring, label %bring, label %end
bring:
  %n.at = getelementptr [6 x i64], ptr %taken, i64 %n1
  %n.places = load ptr, ptr %n.at, align 8
  %n.first = mul i64 %c, CHUNK
  %n.index = getelementptr i32, ptr %n.places, i64 %n.first
  %n.slopes.at = getelementptr i64, ptr %n.at, i64 3
  %n.slopes = load ptr, ptr %n.slopes.at, align 8
  %n.column.at = getelementptr i64, ptr %n.at, i64 4
  %n.column = load i64, ptr %n.column.at, align 8
  %n.to = getelementptr double, ptr %row.at, i64 %n.column
  %n.size.at = getelementptr i64, ptr %n.at, i64 5
  %n.size = load i64, ptr %n.size.at, align 8
  call fastcc void @fill(ptr %n.to, i64 %n.size, double 0.0)
  br label %add
add:
  %j = phi i64 [0, %bring], [%j1, %add]
  %j1 = add i64 %j, 1
  %j.at = getelementptr i32, ptr %n.index, i64 %j
  %j.place = load i32, ptr %j.at, align 4
  %j.member = sext i32 %j.place to i64
  %j.slope.at = getelementptr double, ptr %n.slopes, i64 %j
  %j.slope = load double, ptr %j.slope.at, align 8
  %j.to = getelementptr double, ptr %n.to, i64 %j.member
  %j.before = load double, ptr %j.to, align 8
  %j.sum = fadd double %j.before, %j.slope
  store double %j.sum, ptr %j.to, align 8
  %j.more = icmp slt i64 %j1, CHUNK
  br i1 %j.more, label %add, label %bring.end
bring.end:
  br label %bring.head
end:
  br label %head
done:
  ret void
}""".replace("CHUNK", str(CHUNK))
)
"""`rows(…, columns, takes, taken, numbers, scale, flush, from, to, out, answers)`: what `at_point` finds of
each chunk. columns: behind how many there are, of each where its address is to be, the first one, and the
distance to that of the next chunk. takes: behind how many there are, the addresses of what is kept of a
chunk, in `out`. taken: rows of six whole numbers, of which the first says how many follow, and how wide
`out` is: of each input that takes its numbers from members the address of their places, of all rows, as
i32; where the numbers of the members begin in `numbers`; the addresses of its values, and of its slopes;
from where on what comes to the members is in a row of `out`, and how many these are."""
