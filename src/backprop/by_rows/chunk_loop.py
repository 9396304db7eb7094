"""The loop over chunks of rows, in machine code: `rows`, around `at_point`, and `work`, parts of it."""

from backprop.by_rows.reductions import CHUNK
from backprop.by_rows.reflections import TRIANGLE
from backprop.loops.native.at_point import AT_POINT

ROWS = (
    AT_POINT
    + TRIANGLE
    + """
define internal void @rows(ptr %nests, ptr %table, ptr %x, ptr %gradient, ptr %fills, ptr %moves,
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
  %c = phi i64 [%from, %entry], [%c1, %next]
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
  %e.width.at = getelementptr i64, ptr %taken, i64 2
  %e.width = load i64, ptr %e.width.at, align 8
  %reduces = icmp sgt i64 %e.width, 0
  br i1 %reduces, label %reduce, label %next
reduce:
  %e.columns.at = getelementptr i64, ptr %taken, i64 3
  %e.columns = load ptr, ptr %e.columns.at, align 8
  %e.room.at = getelementptr i64, ptr %taken, i64 4
  %e.room = load ptr, ptr %e.room.at, align 8
  %e.several.at = getelementptr i64, ptr %taken, i64 5
  %e.several = load i64, ptr %e.several.at, align 8
  %e.group = udiv i64 %c, %e.several
  %e.place = mul i64 %e.group, %wide
  %e.to = getelementptr double, ptr %out, i64 %e.place
  %e.turn = urem i64 %c, %e.several
  %e.begins = icmp eq i64 %e.turn, 0
  br i1 %e.begins, label %begin, label %onto
begin:
  call fastcc void @fill(ptr %e.to, i64 %wide, double 0.0)
  br label %onto
onto:
  %e.rows.at = getelementptr i64, ptr %columns, i64 1
  %e.rows = load i64, ptr %e.rows.at, align 8
  call void @onto(ptr %e.to, i64 %e.width, ptr %e.columns, i64 CHUNK, i64 %e.rows, ptr %e.room)
  br label %next
next:
  br label %head
done:
  ret void
}

define void @work(ptr %job, ptr %place) {
entry:
  %left.at = getelementptr i64, ptr %job, i64 1
  %parts = load i64, ptr %left.at, align 8
  %pairs.at = getelementptr i64, ptr %job, i64 2
  %pairs = load ptr, ptr %pairs.at, align 8
  %nests.at = getelementptr i64, ptr %job, i64 3
  %nests = load ptr, ptr %nests.at, align 8
  %scale.at = getelementptr i64, ptr %job, i64 4
  %scale = load double, ptr %scale.at, align 8
  %flush.at = getelementptr i64, ptr %job, i64 5
  %flush64 = load i64, ptr %flush.at, align 8
  %flush = trunc i64 %flush64 to i32
  %out.at = getelementptr i64, ptr %job, i64 6
  %out = load ptr, ptr %out.at, align 8
  %answers.at = getelementptr i64, ptr %job, i64 7
  %answers = load ptr, ptr %answers.at, align 8
  %numbers.at = getelementptr i64, ptr %job, i64 8
  %numbers = load ptr, ptr %numbers.at, align 8
  %given.at = getelementptr i64, ptr %job, i64 9
  %given = load ptr, ptr %given.at, align 8
  %count.at = getelementptr i64, ptr %job, i64 10
  %count = load i64, ptr %count.at, align 8
  %last.at = getelementptr i64, ptr %job, i64 11
  %last = load i64, ptr %last.at, align 8
  %table = load ptr, ptr %place, align 8
  %x.at = getelementptr i64, ptr %place, i64 1
  %x = load ptr, ptr %x.at, align 8
  %gradient.at = getelementptr i64, ptr %place, i64 2
  %gradient = load ptr, ptr %gradient.at, align 8
  %fills.at = getelementptr i64, ptr %place, i64 3
  %fills = load ptr, ptr %fills.at, align 8
  %moves.at = getelementptr i64, ptr %place, i64 4
  %moves = load ptr, ptr %moves.at, align 8
  %columns.at = getelementptr i64, ptr %place, i64 5
  %columns = load ptr, ptr %columns.at, align 8
  %ends.at = getelementptr i64, ptr %place, i64 6
  %ends = load ptr, ptr %ends.at, align 8
  %takes.at = getelementptr i64, ptr %place, i64 7
  %takes = load ptr, ptr %takes.at, align 8
  %taken.at = getelementptr i64, ptr %place, i64 8
  %taken = load ptr, ptr %taken.at, align 8
  br label %x.head
x.head:
  %i = phi i64 [0, %entry], [%i1, %x.body]
  %i.on = icmp slt i64 %i, %count
  br i1 %i.on, label %x.body, label %next
x.body:
  %i1 = add i64 %i, 1
  %i.from = getelementptr double, ptr %given, i64 %i
  %i.number = load double, ptr %i.from, align 8
  %i.to = getelementptr double, ptr %x, i64 %i
  store double %i.number, ptr %i.to, align 8
  br label %x.head
next:
  %part = atomicrmw add ptr %job, i64 1 acq_rel
  %on = icmp slt i64 %part, %parts
  br i1 %on, label %body, label %done
body:
  %pair = getelementptr [2 x i64], ptr %pairs, i64 %part
  %from = load i64, ptr %pair, align 8
  %to.at = getelementptr i64, ptr %pair, i64 1
  %to = load i64, ptr %to.at, align 8
  %whole = call i64 @llvm.smin.i64(i64 %to, i64 %last)
  call void @rows(ptr %nests, ptr %table, ptr %x, ptr %gradient, ptr %fills, ptr %moves, ptr %columns,
    ptr %takes, ptr %taken, ptr %numbers, double %scale, i32 %flush, i64 %from, i64 %whole, ptr %out,
    ptr %answers)
  %rest = call i64 @llvm.smax.i64(i64 %from, i64 %last)
  call void @rows(ptr %nests, ptr %table, ptr %x, ptr %gradient, ptr %fills, ptr %moves, ptr %ends,
    ptr %takes, ptr %taken, ptr %numbers, double %scale, i32 %flush, i64 %rest, i64 %to, ptr %out,
    ptr %answers)
  br label %next
done:
  ret void
}
declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
""".replace("CHUNK", str(CHUNK))
)
"""`rows(…, columns, takes, taken, numbers, scale, flush, from, to, out, answers)`: what `at_point` finds of
each chunk. columns: behind how many there are, and how many rows are reduced, of each where its address
is to be, the first one, and the distance to that of the next chunk. takes: behind how many there are,
the addresses of what is kept of a chunk, in `out`. taken:
rows of six whole numbers, of which the first says how many follow, and how wide
`out` is: of each input that takes its numbers from members the address of their places, of all rows, as
i32; where the numbers of the members begin in `numbers`; the addresses of its values, and of its slopes;
from where on what comes to the members is in a row of `out`, and how many these are. The first of these
rows says besides, where chunks are reduced to triangles, how wide these are, and the addresses of the
columns that are reduced, and of room for that, and how many chunks become one triangle, which is what
`out` has then: who has begun one does all of its chunks. `work(job, place)`: all
parts of a job that nobody else has begun. job: how many parts are begun, how many there are, and the
addresses of pairs, the first chunk of each and that behind the last; `nests`, scale, flush, out, answers,
numbers; the address of numbers that x begins with, and how many; the chunk that `last` stands for. place:
addresses of the table, x, gradient, fills, moves, columns, those of the last chunk if that is not whole,
takes and taken."""
