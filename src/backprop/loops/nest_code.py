"""Nests of loops as instructions of LLVM: the one chain rule (`engine.walk`), a row of a body a register.

A level of a nest is a domain. Going through it forward, the rows whose home it is are computed, a sum over a
domain further in by a loop around the rows of that. Going backward, they are computed again, and then
their gradients in reverse; what comes from within a loop is added up in a slot on the stack, which
LLVM keeps in a register. What all rows of a nest read has one sum for each lane and member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy

from backprop.engine.walk import NOTHING, Operand, Walk
from backprop.engine.writers.llvm import Bit, Code, literal
from backprop.graph import depending, in_order
from backprop.loops.domains import Domain, Wholes
from backprop.loops.nest import Body, Fit, Grid, Group
from backprop.loops.parts import hidden
from backprop.loops.plan import Plan
from backprop.loops.rows import ArrayColumns, Gathered, Index, Lift, Read
from backprop.operations import OPERATIONS

CHUNK = 64
"""So many tiles of rows are summed one after the other before their sum is added to that of others."""


class Found(dict[int, Operand[str]]):
    """What rows are called here: a single number becomes one a lane where lanes are computed."""

    def __init__(self, nests: Nests) -> None:
        super().__init__()
        self._nests = nests

    def __getitem__(self, row: int) -> Operand[str]:
        return self._nests.here(super().__getitem__(row), self._nests.widths.get(row, 1))


class Arrays:
    """What machine code reads and writes, by the names of its pointers, in order. values: `%v` of each
    family. gradients: `%g`. partials: `%p`, a number for each lane and member. tables: `%t`."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.tables: list[Wholes] = []
        self._known: dict[bytes, str] = {}

    def pointer(self, kind: str, number: int) -> str:
        """The pointer to an array of one of the kinds v, g, p."""
        name = f"%{kind}{number}"
        if name not in self.names:
            self.names.append(name)
        return name

    def table(self, numbers: Wholes) -> str:
        key = numbers.tobytes()
        if key not in self._known:
            self._known[key] = f"%t{len(self.tables)}"
            self.names.append(self._known[key])
            self.tables.append(numbers)
        return self._known[key]


class _Rows:
    """A loop over rows, while it is written. head: where in the lines what comes before it belongs.
    valid: which lanes are no row a second time; "" for all. slots: of what is outside, by row."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.valid = ""
        self.slots: dict[int, tuple[str, str]] = {}
        self.sums: list[tuple[str, str]] = []
        self.partials: dict[int, tuple[str, str, int]] = {}


class Nests(Walk[str]):
    """Writes the groups of a plan. places: of each family, for each place of a member that among the
    numbers of machine code. moving: the families that take gradients. width: lanes."""

    writer: Code

    def __init__(
        self,
        plan: Plan,
        code: Code,
        width: int,
        places: Mapping[str, Wholes],
        moving: Iterable[str],
    ) -> None:
        self.writer = self.code = code
        self.plan, self.graph = plan, plan.columns  # type: ignore[assignment]
        self.columns = plan.columns
        self.lanes = width
        self.places = places
        self.takes = {*moving}
        self.arrays = Arrays()
        self.number = {name: at for at, name in enumerate(plan.families)}
        self.widths: dict[int, int] = {}
        self.found = Found(self)
        self.guarded = set()
        self.entry: list[str] = []
        """Places on the stack."""
        self._labels = 0
        self._block = "entry"
        self._rows: _Rows | None = None
        self._k: dict[Domain, str] = {}
        self._r: dict[Domain, str] = {}
        self._row = "0"
        self._alike = True
        self._sums: dict[int, Operand[str]] = {}
        self._slots: dict[int, str] = {}
        self._now: Domain = self.columns.whole
        self._levels: dict[Domain, list[int]] = {}
        self._grids: dict[tuple[Domain, bool], Grid] = {}
        self._fits: dict[tuple[int, str, bool], Fit] = {}
        self._vector: dict[Domain, tuple[bool, bool]] = {}
        self._moving: set[int] = set()
        self._looked: set[int] = set()
        self._firsts: dict[int, Operand[str]] = {}
        self._looking = False
        self.bad: dict[int, str] = {}

    # ---- registers, places on the stack, blocks

    def here(self, number: Operand[str], width: int) -> Operand[str]:
        """An operand of `width` lanes as one of as many as are computed now."""
        code = self.code
        if isinstance(number, float) or width == code.width:
            return number
        assert width == 1
        wide, code.width = code.width, 1
        text = code.write(number)
        code.width = wide
        return self._splat(text)

    def _splat(self, text: str, of: str = "double") -> str:
        code, wide = self.code, self.code.type(of)
        if code.width == 1:
            return text
        first = code.emit(f"insertelement {wide} poison, {of} {text}, i32 0")
        mask = f"<{code.width} x i32> zeroinitializer"
        return code.emit(f"shufflevector {wide} {first}, {wide} poison, {mask}")

    def _set(self, row: int, number: Operand[str]) -> None:
        self.found[row] = number
        self.widths[row] = self.code.width

    def _slot(self, number: Operand[str] | None = NOTHING, of: str = "") -> str:
        """A new place on the stack, which begins with this number here."""
        name = f"%s{len(self.entry)}"
        self.entry.append(f"  {name} = alloca {of or self.code.double}, align 64")
        if number is not None:
            self._put(number, name)
        return name

    def _put(self, number: Operand[str], slot: str) -> None:
        self.code.lines.append(f"  store {self.code.double} {self.code.write(number)}, ptr {slot}")

    def _get(self, slot: str) -> str:
        return self.code.emit(f"load {self.code.double}, ptr {slot}")

    def _add_to(self, slot: str, number: Operand[str]) -> None:
        self._put(self.code.value("+", [self._get(slot), number]), slot)

    def _label(self, name: str) -> None:
        self.code.label(name)
        self._block = name

    def _jump(self, name: str) -> None:
        self.code.lines.append(f"  br label %{name}")

    def _loop(self, first: str, end: str, inside: Callable[[str], None], down: bool = False) -> None:
        """A loop whose counter goes from `first` up to, or down from, but not including, `end`."""
        self._labels += 1
        n, code = self._labels, self.code
        before = self._block
        self._jump(f"head{n}")
        self._label(f"head{n}")
        at = f"%k{n}"
        begin = f"[{end}, %{before}]" if down else f"[{first}, %{before}]"
        code.lines.append(f"  {at} = phi i64 {begin}, [%k{n}.next, %latch{n}]")
        test = f"icmp sgt i64 {at}, {first}" if down else f"icmp slt i64 {at}, {end}"
        code.lines.append(f"  br i1 {code.emit(test)}, label %body{n}, label %exit{n}")
        self._label(f"body{n}")
        step = f"%k{n}.next = add i64 {at}, {-1 if down else 1}"
        if down:
            code.lines.append(f"  {step}")
            inside(f"%k{n}.next")
        else:
            inside(at)
        self._jump(f"latch{n}")
        self._label(f"latch{n}")
        if not down:
            code.lines.append(f"  {step}")
        self._jump(f"head{n}")
        self._label(f"exit{n}")

    def _if(self, condition: str, inside: Callable[[], None]) -> None:
        self._labels += 1
        n = self._labels
        self.code.lines.append(f"  br i1 {condition}, label %then{n}, label %end{n}")
        self._label(f"then{n}")
        inside()
        self._jump(f"end{n}")
        self._label(f"end{n}")

    def _whole_sum(self, x: str, y: str) -> str:
        if x == "0" or y == "0":
            return y if x == "0" else x
        return self.code.emit(f"add i64 {x}, {y}")

    def _times(self, x: str, factor: int) -> str:
        if factor == 1 or x == "0":
            return x
        return self.code.emit(f"mul i64 {x}, {factor}")

    # ---- whole numbers: places and indices

    def _grid(self, domain: Domain) -> Grid:
        key = domain, self._alike
        if key not in self._grids:
            self._grids[key] = Grid(domain, self._alike)
        return self._grids[key]

    def _fit(
        self, row: int, numbers: Callable[[], Wholes], home: Domain, of: str = ""
    ) -> Fit:
        key = row, of, self._alike
        if key not in self._fits:
            self._fits[key] = self._grid(home).fit(numbers())
        return self._fits[key]

    def _whole(self, fit: Fit, domain: Domain) -> tuple[list[str], int]:
        """A whole number here: of all lanes one, with their distance; or one each, with 0."""
        code, grid = self.code, self._grid(domain)
        if fit.table is not None:
            table = self.arrays.table(fit.table)
            if not fit.whole:
                found = code.load(code.at(table, self._r[domain], "i64"), "i64")
                return [self._whole_sum(found, self._times(self._row, fit.row))], fit.row
            if grid.size < 0:
                return [code.load(code.at(table, self._r[domain], "i64"), "i64")], 0
            lanes = []
            for lane in range(code.width):
                at = self._whole_sum(self._times(self._row, grid.size), self._r[domain])
                at = self._whole_sum(at, str(lane * grid.size))
                lanes.append(code.load(code.at(table, at, "i64"), "i64"))
            return lanes, 0
        found = str(fit.base)
        if fit.row:
            found = self._whole_sum(found, self._times(self._row, fit.row))
        for level, step in zip(grid.levels[1:], fit.steps, strict=False):
            if step:
                found = self._whole_sum(found, self._times(self._k[level], step))
        return [found], fit.row if code.width > 1 else 0

    def _doubles(self, fit: Fit, domain: Domain) -> str:
        """Whole numbers as doubles, one a lane."""
        code = self.code
        lanes, stride = self._whole(fit, domain)
        singles = [code.emit(f"sitofp i64 {each} to double") for each in lanes]
        if len(singles) > 1:
            return code.together(singles)
        first = self._splat(singles[0])
        if not stride or code.width == 1:
            return first
        return code.emit(f"fadd {code.double} {first}, {self._ramp(stride)}")

    def _ramp(self, stride: int) -> str:
        each = [f"double {literal(float(lane * stride))}" for lane in range(self.code.width)]
        return f"<{', '.join(each)}>"

    def _load(self, pointer: str, lanes: list[str], stride: int) -> Operand[str]:
        code = self.code
        if code.width == 1:
            return code.load(code.at(pointer, lanes[0]))
        if len(lanes) == 1 and stride == 0:
            return self._splat(code.load(code.at(pointer, lanes[0])))
        if len(lanes) == 1 and stride == 1:
            return code.emit(f"load {code.double}, ptr {code.at(pointer, lanes[0])}, align 8")
        return code.together(code.load(at) for at in self._each(pointer, lanes, stride))

    def _each(self, pointer: str, lanes: list[str], stride: int) -> list[str]:
        """The place of each lane's number."""
        code = self.code
        if len(lanes) > 1:
            return [code.at(pointer, each) for each in lanes]
        return [
            code.at(pointer, self._whole_sum(lanes[0], str(lane * stride)))
            for lane in range(code.width)
        ]

    def _store(self, number: Operand[str], pointer: str, lanes: list[str], stride: int) -> None:
        code = self.code
        if code.width == 1 or (len(lanes) == 1 and stride == 1):
            code.store(number, code.at(pointer, lanes[0]))
            return
        text = code.write(number)
        for lane, place in enumerate(self._each(pointer, lanes, stride)):
            single = code.emit(f"extractelement {code.double} {text}, i32 {lane}")
            code.lines.append(f"  store double {single}, ptr {place}, align 8")

    def _add(self, family: str, number: Operand[str], lanes: list[str], stride: int) -> None:
        """Add to the gradients of members."""
        code, at = self.code, self.number[family]
        pointer = self.arrays.pointer("g", at)
        if code.width == 1 or (len(lanes) == 1 and stride == 1):
            place = code.at(pointer, lanes[0])
            before = code.emit(f"load {code.double}, ptr {place}, align 8")
            code.store(code.value("+", [before, number]), place)
            return
        if len(lanes) == 1 and stride == 0:
            assert self._rows
            partial = self.arrays.pointer("p", at)
            self._rows.partials[at] = partial, pointer, len(self.places[family])
            place = code.at(partial, lanes[0], code.double)
            before = code.emit(f"load {code.double}, ptr {place}, align 64")
            after = code.value("+", [before, number])
            code.lines.append(f"  store {code.double} {after}, ptr {place}, align 64")
            return
        text = code.write(number)
        for lane, place in enumerate(self._each(pointer, lanes, stride)):
            single = code.emit(f"extractelement {code.double} {text}, i32 {lane}")
            before = code.load(place)
            after = code.emit(f"fadd double {before}, {single}")
            code.lines.append(f"  store double {after}, ptr {place}, align 8")

    # ---- loops

    def _inside(self, domain: Domain, inside: Callable[[], None]) -> None:
        """A loop over the combinations of a domain that extend the one here, which `inside` writes."""
        if domain.depth == 1:
            self._row_loop(domain, inside)
            return
        parent = domain.parent
        assert parent is not None
        code, grid = self.code, self._grid(parent)
        if domain.each >= 0:
            count = str(domain.each)
            start = self._times(self._r[parent], domain.each)
        else:
            size = grid.size if grid.size >= 0 else len(domain.counts)
            tables = domain.counts[:size], domain.starts[:size]
            count, start = (
                code.load(
                    code.at(
                        self.arrays.table(numpy.ascontiguousarray(each)), self._r[parent], "i64"
                    ),
                    "i64",
                )
                for each in tables
            )

        def within(at: str) -> None:
            self._k[domain] = at
            self._r[domain] = self._whole_sum(start, at)
            inside()

        self._loop("0", count, within)

    def _row_loop(self, domain: Domain, inside: Callable[[], None]) -> None:
        code, n = self.code, domain.size
        vector, alike = self._vector[domain]
        outer, self._rows = self._rows, _Rows(len(code.lines))
        rows = self._rows
        was, self._alike = self._alike, alike
        width = self.lanes if vector else 1
        tiles = -(-n // width)

        def tile(at: str) -> None:
            code.width = width
            self._row = at
            rows.valid = ""
            if vector:
                first = self._times(at, width)
                self._row = code.emit(f"call i64 @llvm.umin.i64(i64 {first}, i64 {n - width})")
                if n % width:
                    lanes = ", ".join(f"i64 {lane}" for lane in range(width))
                    base = self._splat(self._row, "i64")
                    mine = code.emit(f"add {code.type('i64')} {base}, <{lanes}>")
                    begin = self._splat(first, "i64")
                    rows.valid = code.emit(f"icmp uge {code.type('i64')} {mine}, {begin}")
            self._k[domain], self._r[domain] = self._row, "0" if alike else self._row
            inside()
            code.width = 1

        def chunk(at: str) -> None:
            first = self._times(at, CHUNK)
            end = code.emit(f"add i64 {first}, {CHUNK}")
            end = code.emit(f"call i64 @llvm.smin.i64(i64 {end}, i64 {tiles})")
            self._loop(first, end, tile)
            self._flush(rows, width)

        if tiles > CHUNK:
            self._loop("0", str(-(-tiles // CHUNK)), chunk)
        else:
            self._loop("0", str(tiles), tile)
            self._flush(rows, width)
        self._before(rows, width)
        self._rows, self._alike = outer, was
        self._now = self.columns.whole
        self._after(rows, width)

    def _flush(self, rows: _Rows, width: int) -> None:
        """Add what the lanes have summed up to what they had before."""
        code = self.code
        code.width = width
        for inner, whole in rows.sums:
            self._add_to(whole, self._get(inner))
            self._put(NOTHING, inner)
        code.width = 1
        for partial, pointer, size in rows.partials.values():
            code.lines.append(
                f"  call fastcc void @flush(ptr {partial}, ptr {pointer}, i64 {size})"
            )

    def _before(self, rows: _Rows, width: int) -> None:
        """What belongs before the loop: lanes begin with nothing."""
        lines = []
        self.code.width = width
        nothing = self.code.write(NOTHING)
        for pair in rows.sums:
            lines += [f"  store {self.code.double} {nothing}, ptr {each}" for each in pair]
        self.code.width = 1
        self.code.lines[rows.head : rows.head] = lines

    def _after(self, rows: _Rows, width: int) -> None:
        """What rows bring to what is outside."""
        for row, (_, whole) in rows.slots.items():
            self._bring(row, self._across(whole, width))

    def _across(self, slot: str, width: int, name: str = "+") -> Operand[str]:
        """All lanes of a slot together, two by two."""
        code = self.code
        code.width = width
        text = self._get(slot)
        double = code.double
        code.width = 1
        if width == 1:
            return text
        parts: list[Operand[str]] = [
            code.emit(f"extractelement {double} {text}, i32 {lane}") for lane in range(width)
        ]
        while len(parts) > 1:
            parts = [code.value(name, parts[at : at + 2]) for at in range(0, len(parts), 2)]
        return parts[0]

    def _masked(self, number: Operand[str], otherwise: float) -> Operand[str]:
        """A number where a lane is no row a second time."""
        if self._rows and self._rows.valid:
            return self.code.chosen(self._rows.valid, number, otherwise)
        return number

    def _row_sum(self) -> tuple[str, str]:
        """Slots for a sum over all rows: of a chunk, and of all."""
        assert self._rows
        pair = self._slot(None), self._slot(None)
        self._rows.sums.append(pair)
        return pair

    # ---- forward

    def level(self, domain: Domain) -> None:
        """The rows whose home is this domain."""
        self._now = domain
        for row in self._levels.get(domain, ()):
            self._forward(row)
            if self._looking and row in self._looked:
                self._look(self.found[row])

    def _look(self, number: Operand[str]) -> None:
        """Note what is not finite."""
        code = self.code
        if isinstance(number, float):
            return
        if code.width not in self.bad:
            slot = self._slot(None)
            self.bad[code.width] = slot
            self.entry.append(f"  store {code.double} {code.write(0.0)}, ptr {slot}")
        text = code.write(number)
        off = code.emit(f"fsub {code.double} {text}, {text}")
        self._add_to(self.bad[code.width], off)

    def _forward(self, row: int) -> None:
        columns = self.columns
        special, home = columns.specials.get(row), columns.homes[row]
        if isinstance(special, Index):
            fit = self._fit(row, lambda: special.numbers, home)
            self._set(row, self._doubles(fit, home))
        elif isinstance(special, Read):
            at = self._whole(self._place(row, special, home), home)
            pointer = self.arrays.pointer("v", self.number[special.family])
            self._set(row, self._load(pointer, *at))
        elif isinstance(special, Lift):
            self._set(row, self.found[special.row])
        elif isinstance(special, Gathered):
            found = self._gathered(row, special)
            self._set(row, found)
        else:
            operands = [self.found[each] for each in columns.operands(row)]
            self._set(row, self.code.value(columns.op(row), operands))

    def _place(self, row: int, special: Read, home: Domain) -> Fit:
        def places() -> Wholes:
            found = self.plan.families[special.family].members(special.indices)
            return self.places[special.family][found]

        return self._fit(row, places, home)

    def _chain(self, outer: Domain, inner: Domain) -> list[Domain]:
        """The domains between two, from the outside."""
        found = []
        for domain in inner.around():
            if domain is outer:
                return found[::-1]
            found.append(domain)
        raise AssertionError("no nest")

    def _nest(self, chain: Sequence[Domain], inside: Callable[[], None], back: bool) -> None:
        """Loops, one in the other; back: with the gradients of their rows."""
        if not chain:
            inside()
            return
        domain, before = chain[0], self._now

        def within() -> None:
            self.level(domain)
            if back:
                self._clear(domain)
            self._nest(chain[1:], inside, back)
            self._now = domain
            if back:
                self._backward(domain)

        self._inside(domain, within)
        self._now = before

    def _gathered(self, row: int, special: Gathered) -> Operand[str]:
        columns, code = self.columns, self.code
        home, inner = columns.homes[row], columns.homes[special.row]
        chain = self._chain(home, inner)
        gather, rows = special.gather, chain[0].depth == 1
        how = gather.joined_by
        width = self.lanes if rows and self._vector[chain[0]][0] else code.width

        def terms(inside: Callable[[Operand[str]], None]) -> None:
            self._nest(chain, lambda: inside(self.found[special.row]), False)

        if how in ("min", "max", "logsumexp"):
            found = self._extreme(row, special, terms, chain, width)
        else:
            found = self._folded(how, terms, rows, width, row)
        if gather.divided:
            found = code.value("/", [found, self._count(row, inner, home)])
        return found

    def _folded(self, how: str, terms: Any, rows: bool, width: int, row: int) -> Operand[str]:
        code = self.code
        neutral = {"+": 0.0, "*": 1.0, "hypot": 0.0}[how]
        if how == "+" and rows:
            slots: list[tuple[str, str]] = []

            def add(term: Operand[str]) -> None:
                if not slots:
                    slots.append(self._row_sum())
                self._add_to(slots[0][0], self._masked(term, NOTHING))

            terms(add)
            found = self._across(slots[0][1], width)
            return code.value("+", [found, 0.0])
        code.width, was = width, code.width
        slot = self._slot(neutral)
        zeros = self._slot(0.0) if how == "*" else ""
        code.width = was

        def join(term: Operand[str]) -> None:
            if how == "*":
                term = self._masked(term, 1.0) if rows else term
                zero = Bit(code.emit(f"fcmp oeq {code.double} {code.write(term)}, {code.write(0.0)}"))
                self._add_to(zeros, code.chosen(zero, 1.0, 0.0))
                self._put(code.value("*", [self._get(slot), code.chosen(zero, 1.0, term)]), slot)
                return
            if how == "hypot":
                term = self._masked(term, 0.0) if rows else term
                term = code.call("llvm.fabs", [term])
            self._put(code.value(how, [self._get(slot), term]), slot)

        terms(join)
        found = self._across(slot, width, how) if rows else self._get(slot)
        if how == "*":
            count = self._across(zeros, width) if rows else self._get(zeros)
            self._firsts[row], self._firsts[~row] = found, count
            none = code.emit(f"fcmp oeq {code.double} {code.write(count)}, {code.write(0.0)}")
            return code.chosen(none, found, 0.0)
        return found

    def _ordinal(self, domain: Domain) -> Operand[str]:
        """The number of the combination here, among those that a gather goes through."""
        code, grid = self.code, self._grid(domain)
        if grid.size < 0 or not self._rows:
            return self._splat(code.emit(f"sitofp i64 {self._r[domain]} to double"))
        at = self._whole_sum(self._times(self._row, grid.size), self._r[domain])
        first = self._splat(code.emit(f"sitofp i64 {at} to double"))
        if code.width == 1:
            return first
        return code.emit(f"fadd {code.double} {first}, {self._ramp(grid.size)}")

    def _extreme(
        self, row: int, special: Gathered, terms: Any, chain: Sequence[Domain], width: int
    ) -> Operand[str]:
        """The extreme of terms, of a logsumexp around the largest. The first one is kept."""
        code, how, rows = self.code, special.gather.joined_by, chain[0].depth == 1
        least = how == "min"
        far = inf if least else -inf
        code.width, was = width, code.width
        slot, first = self._slot(far), self._slot(inf)
        code.width = was

        def look(term: Operand[str]) -> None:
            term = self._masked(term, far) if rows else term
            if self._looking:
                self._look(self.found[special.row])
            so_far = self._get(slot)
            test = f"fcmp {'olt' if least else 'ogt'} {code.double} {code.write(term)}, {so_far}"
            further = code.emit(test)
            self._put(code.chosen(further, term, so_far), slot)
            at = code.chosen(further, self._ordinal(chain[-1]), self._get(first))
            self._put(at, first)

        terms(look)
        found: Operand[str]
        if rows and width > 1:
            found = self._across(slot, width, "min" if least else "max")
            code.width = width
            same = code.emit(
                f"fcmp oeq {code.double} {self._get(slot)}, {self._splat(code_text(found))}"
            )
            candidates = code.chosen(same, self._get(first), inf)
            self._put(candidates, first)
            code.width = 1
            at: Operand[str] = self._across(first, width, "min")
        else:
            found, at = self._get(slot), self._get(first)
        self._firsts[row] = at
        if how != "logsumexp":
            return found
        top, outer = found, code.width
        slots: list[Any] = []
        if not rows:
            slots.append(self._slot(0.0))

        def add(term: Operand[str]) -> None:
            if rows and not slots:
                slots.append(self._row_sum())
            wide = self.here(top, outer)
            below = code.value("below", [term, wide])
            share = code.value("exp", [below])
            place = self.here(at, outer)
            same = code.emit(
                f"fcmp oeq {code.double} {code.write(self._ordinal(chain[-1]))}, {code.write(place)}"
            )
            share = code.chosen(same, 0.0, share)
            share = self._masked(share, 0.0) if rows else share
            self._add_to(slots[0][0] if rows else slots[0], share)

        terms(add)
        total = self._across(slots[0][1], width) if rows else self._get(slots[0])
        return code.value("above", [top, code.value("log1p", [code.value("+", [total, 0.0])])])

    def _count(self, row: int, inner: Domain, home: Domain) -> Operand[str]:
        counts = inner.over(home).counts
        return self._doubles(self._fit(row, lambda: counts, home, "count"), home)

    # ---- backward

    def _clear(self, domain: Domain) -> None:
        """Begin the sums of what comes from further in."""
        for row in self._levels.get(domain, ()):
            if row in self._slots:
                self._put(NOTHING, self._slots[row])

    def _bring(self, row: int, share: Operand[str]) -> None:
        """Add to the gradient of a row."""
        home = self.columns.homes[row]
        if home is self._now:
            before = self._sums.get(row)
            self._sums[row] = share if before is None else self.code.value("+", [before, share])
        elif home is self.columns.whole and self._rows:
            if row not in self._rows.slots:
                self._rows.slots[row] = self._row_sum()
            self._add_to(self._rows.slots[row][0], share)
        else:
            self._add_to(self._slots[row], share)

    def _backward(self, domain: Domain) -> None:
        """The gradients of the rows whose home is this domain."""
        columns, code = self.columns, self.code
        self._now = domain
        for row in reversed(self._levels.get(domain, ())):
            gradient = self._sums.pop(row, None)
            if row in self._slots and row in self._moving:
                more = self._get(self._slots[row])
                gradient = more if gradient is None else code.value("+", [gradient, more])
            if gradient is None or row not in self._moving:
                continue
            special = columns.specials.get(row)
            if isinstance(special, Read):
                at = self._whole(self._place(row, special, domain), domain)
                self._add(special.family, gradient, *at)
            elif isinstance(special, Lift):
                self._bring(special.row, gradient)
            elif isinstance(special, Gathered):
                self._gathered_back(row, special, gradient)
                self._now = domain
            else:
                for operand, share in self.shares(row, gradient, self._moving):
                    self._bring(operand, share)

    def _gathered_back(self, row: int, special: Gathered, gradient: Operand[str]) -> None:
        columns, code = self.columns, self.code
        home, inner = columns.homes[row], columns.homes[special.row]
        chain, gather = self._chain(home, inner), special.gather
        how, width = gather.joined_by, code.width
        if gather.divided:
            gradient = code.value("/", [gradient, self._count(row, inner, home)])
        out = self.found[row]

        def inside() -> None:
            given = self.here(gradient, width)
            if chain[0].depth == 1:
                given = self._masked(given, NOTHING)
            term = self.found[special.row]
            if how == "+":
                share: Operand[str] = given
            elif how == "logsumexp":
                below = code.value("-", [term, self.here(out, width)])
                share = code.product(given, code.value("exp", [below]), True)
            elif how == "hypot":
                slope = code.text(
                    OPERATIONS["hypot"].slopes[0], {"x": term, "out": self.here(out, width)}
                )
                share = code.product(given, slope, True)
            elif how == "*":
                share = code.product(given, self._others(row, term, width), True)
            else:
                place = code.write(self.here(self._firsts[row], width))
                mine = code.write(self._ordinal(chain[-1]))
                first = code.emit(f"fcmp oeq {code.double} {mine}, {place}")
                share = code.chosen(first, given, NOTHING)
            self._bring(special.row, share)

        self._nest(chain, inside, True)

    def _others(self, row: int, term: Operand[str], width: int) -> Operand[str]:
        """The product of the other terms."""
        code = self.code
        product, zeros = (self.here(self._firsts[each], width) for each in (row, ~row))
        texts = [code.write(each) for each in (term, zeros)]
        zero = code.emit(f"fcmp oeq {code.double} {texts[0]}, {code.write(0.0)}")
        none = code.emit(f"fcmp oeq {code.double} {texts[1]}, {code.write(0.0)}")
        one = code.emit(f"fcmp oeq {code.double} {texts[1]}, {code.write(1.0)}")
        bit = code.type("i1")
        alone = code.emit(f"and {bit} {zero}, {one}")
        quotient = code.value("/", [product, code.chosen(zero, 1.0, term)])
        return code.chosen(none, quotient, code.chosen(alone, product, 0.0))

    # ---- groups

    def prepare(self, body: Body) -> _Prepared:
        """What is known of a body before it is written."""
        columns = self.columns
        levels: dict[Domain, list[int]] = {}
        steps = []
        for row in body.order:
            if columns.is_number(row):
                self.found[row] = columns.constant(row)
                continue
            levels.setdefault(columns.homes[row], []).append(row)
            if columns.is_step(row):
                steps.append(row)
        for domain in levels:
            if domain.depth:
                self._decide(domain, body, levels)
        plain = [row for row in steps if row not in columns.specials]
        branches = [
            each
            for row in plain
            if OPERATIONS[columns.op(row)].chooses
            for each in columns.operands(row)[1:]
        ]
        guarded = set(in_order(branches, columns.operands)) if branches else set()
        reads = [
            row
            for row in body.order
            if isinstance(special := columns.specials.get(row), Read)
            and special.family in self.takes
        ]
        moving = {*depending(columns, reads, steps)}
        looked = {body.loop.root, *hidden(columns, steps)}
        return _Prepared(body, levels, guarded, moving, looked)

    def _decide(self, domain: Domain, body: Body, levels: Mapping[Domain, Any]) -> None:
        """Whether the rows around a domain are alike, and several are run at once."""
        first = [each for each in domain.around() if each.depth == 1][0]
        if first in self._vector:
            return
        inside = [each for each in levels if first in each.around()]
        alike = all(Grid(each).size >= 0 for each in inside)
        if body.times and body.row is None and first in body.loop.domain.around():
            alike = False
        vector = alike and self.lanes > 1 and first.size >= self.lanes
        self._vector[first] = vector, alike

    def _use(self, one: _Prepared) -> None:
        """Write rows of this body from here on."""
        self._levels, self.guarded = one.levels, one.guarded
        self._moving, self._looked = one.moving, one.looked

    def forward_group(self, group: Group, bodies: Sequence[_Prepared]) -> None:
        """The values of a group."""
        self._looking = True
        self._run(group, bodies, False)
        self._looking = False

    def backward_group(self, group: Group, bodies: Sequence[_Prepared]) -> None:
        """The gradients of what a group reads."""
        columns = self.columns
        for one in bodies:
            self._use(one)
            for row in one.inner(columns):
                first = [each for each in columns.homes[row].around() if each.depth == 1][0]
                width = self.lanes if self._vector[first][0] else 1
                self.code.width, was = width, self.code.width
                self._slots[row] = self._slot(None)
                self.code.width = was
        self._run(group, bodies, True)
        for one in reversed(bodies):
            self._use(one)
            self._backward(columns.whole)

    def _run(self, group: Group, bodies: Sequence[_Prepared], back: bool) -> None:
        columns = self.columns
        if not back:
            for one in bodies:
                self._use(one)
                self.level(columns.whole)
        first = bodies[0]
        if columns.homes[first.body.loop.root] is columns.whole:
            self._use(first)
            self._now = columns.whole
            self._end(first, back)
        elif group.slots is None:
            self._use(first)
            self._now = columns.whole
            chain = self._chain(columns.whole, columns.homes[first.body.loop.root])
            self._nest(chain, lambda: self._end(first, back), back)
        elif first.body.row is None:
            self._rows = rows = _Rows(len(self.code.lines))
            self._alike = False
            self._through(group, bodies, back)
            self._flush(rows, 1)
            self._before(rows, 1)
            self._rows, self._alike, self._now = None, True, columns.whole
            self._after(rows, 1)
        else:
            self._row_loop(first.body.row, lambda: self._row_of(group, bodies, back))

    def _row_of(self, group: Group, bodies: Sequence[_Prepared], back: bool) -> None:
        """One row, or one a lane, of a recurrence."""
        for one in bodies:
            row = one.body.row
            assert row
            self._k[row], self._r[row] = self._row, "0"
            self._use(one)
            self.level(row)
            if back:
                self._clear(row)
        self._through(group, bodies, back)
        if back:
            for one in reversed(bodies):
                assert one.body.row
                self._use(one)
                self._backward(one.body.row)

    def _through(self, group: Group, bodies: Sequence[_Prepared], back: bool) -> None:
        """All times of a recurrence."""
        assert group.slots is not None
        slots, count = group.slots, group.slots.shape[1]

        def time(at: str) -> None:
            for number in reversed(range(len(bodies))) if back else range(len(bodies)):
                self._once(bodies[number], slots[number], at, back)

        self._loop("0", str(count), time, down=back)

    def _once(self, one: _Prepared, slots: Wholes, at: str, back: bool) -> None:
        """A body at one time."""
        code = self.code
        if (slots == numpy.arange(len(slots))).all():
            self._timed(one, at, back)
            return
        if (slots >= 0).all():
            table = self.arrays.table(numpy.ascontiguousarray(slots))
            self._timed(one, code.load(code.at(table, at, "i64"), "i64"), back)
            return
        table = self.arrays.table(numpy.ascontiguousarray(slots))
        own = code.load(code.at(table, at, "i64"), "i64")
        there = code.emit(f"icmp sge i64 {own}, 0")
        self._if(there, lambda: self._timed(one, own, back))

    def _timed(self, one: _Prepared, at: str, back: bool) -> None:
        body, code = one.body, self.code
        self._use(one)
        outer = body.row or self.columns.whole
        chain = self._chain(outer, body.loop.domain)
        times, rest = chain[: body.times], chain[body.times :]
        counters = [at]
        if body.times == 2:
            if times[1].each > 0:
                each = times[1].each
                counters = [code.emit(f"{op} i64 {at}, {each}") for op in ("udiv", "urem")]
            else:
                grid = Grid(times[1], body.row is not None)
                found = grid.counters()[-2:]
                counters = [
                    code.load(
                        code.at(self.arrays.table(numpy.ascontiguousarray(each)), at, "i64"), "i64"
                    )
                    for each in found
                ]
        for domain, counter in zip(times, counters, strict=True):
            self._k[domain] = counter
            self._r[domain] = at if domain is times[-1] else counter
        if body.row is None:
            self._row = counters[0]
        for domain in times:
            self.level(domain)
            if back:
                self._clear(domain)
        self._now = times[-1]
        self._nest(rest, lambda: self._end(one, back), back)
        if back:
            for domain in reversed(times):
                self._backward(domain)

    def _end(self, one: _Prepared, back: bool) -> None:
        """The root of a body: store its value, or begin with its gradient."""
        loop = one.body.loop
        home = self.columns.homes[loop.root]

        def target() -> Wholes:
            places = numpy.arange(self.plan.families[loop.family].size + 1)
            return self.places[loop.family][places[self.plan.target(loop)]]

        at = self._whole(self._fit(loop.root, target, home, "target"), home)
        number = self.number[loop.family]
        if not back:
            self._store(self.found[loop.root], self.arrays.pointer("v", number), *at)
            return
        gradient = self._load(self.arrays.pointer("g", number), *at)
        self._bring(loop.root, self._masked(gradient, NOTHING))


class _Prepared(NamedTuple):
    """A body. levels: its rows by their home. guarded, moving, looked: as of `Block`."""

    body: Body
    levels: dict[Domain, list[int]]
    guarded: set[int]
    moving: set[int]
    looked: set[int]

    def inner(self, columns: ArrayColumns) -> list[int]:
        """The moving rows that are used further in than they are at home."""
        found = dict[int, None]()
        for row in self.body.order:
            special = columns.specials.get(row)
            if isinstance(special, Lift) and columns.homes[special.row] is not columns.whole:
                if special.row in self.moving:
                    found[special.row] = None
        return [*found]


def code_text(number: Operand[str]) -> str:
    """How an instruction on single doubles has a number."""
    return literal(number) if isinstance(number, float) else number
