"""Addresses of families in memory, and whole numbers that depend on indices, as instructions of LLVM."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from backprop.chain.walk import Operand
from backprop.engine.writers.llvm import literal
from backprop.loops.affine import Affine, Ints
from backprop.loops.domains import Domain, Wholes
from backprop.loops.native.blocks import Blocks
from backprop.loops.native.grids import Grid, GridFit
from backprop.loops.native.layouts import Order
from backprop.loops.native.wide import WideCode
from backprop.loops.plan import Plan
from backprop.loops.rows import Read

BESIDE = 1 << 62
"""The distance of lanes that stand side by side, whichever rows they are."""


class Pointers:
    """What machine code reads and writes, by the names of its pointers, in order. values: `%v` of each
    family. gradients: `%g`. partials: `%p`, a number for each lane and member. sums: `%q`, of a few times.
    rests: `%u` of gradients, `%y` of partials, `%z` of gradients of one turn, what rounding has taken.
    others: tables, `%t`, and the sizes of what is kept from the way forward, `%c`."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sizes: dict[str, int] = {}
        self.others: list[Wholes | int] = []
        self._known: dict[bytes, str] = {}

    def pointer(self, kind: str, number: int, size: int = 0) -> str:
        """The pointer to an array of one of the kinds v and g; or p, or w and h, which are as v and g for
        the rows of one turn, of so many doubles."""
        name = f"%{kind}{number}"
        if name not in self.names:
            self.names.append(name)
            self.sizes[name] = size
        return name

    def table(self, numbers: Wholes) -> str:
        key = numbers.tobytes()
        if key not in self._known:
            self._known[key] = f"%t{len(self.others)}"
            self.names.append(self._known[key])
            self.others.append(numbers)
        return self._known[key]

    def kept(self, size: int) -> str:
        """The pointer to a new array of so many doubles."""
        name = f"%c{len(self.others)}"
        self.names.append(name)
        self.others.append(size)
        return name


class Addresses(Blocks, ABC):
    """Where members are found. layouts, number: of each family. Of the domains of the loops here `_k` has
    the counters, `_r` the numbers of the combinations, within one row where rows are alike, and `_row`
    the row."""

    def __init__(self, plan: Plan, code: WideCode, layouts: dict[str, Order]) -> None:
        super().__init__(code)
        self.plan, self.graph = plan, plan.columns
        self.columns = plan.columns
        self.layouts = layouts
        self.local: set[str] = set()
        """The families that exist for the rows of one turn."""
        self.arrays = Pointers()
        self.number = {name: at for at, name in enumerate(plan.families)}
        self._k: dict[Domain, str] = {}
        self._r: dict[Domain, str] = {}
        self._row = "0"
        self._valid = 0
        """How many lanes are rows; 0 for all."""
        self._alike = True
        self._grids: dict[tuple[Domain, bool], Grid] = {}
        self._fits: dict[tuple[int, str, bool], GridFit] = {}

    @abstractmethod
    def _look(self, number: Operand[str]) -> None:
        """Note what is not finite."""

    def _grid(self, domain: Domain) -> Grid:
        key = domain, self._alike
        if key not in self._grids:
            self._grids[key] = Grid(domain, self._alike)
        return self._grids[key]

    def _fit(self, row: int, numbers: Callable[[], Ints], home: Domain, of: str = "") -> GridFit:
        key = row, of, self._alike
        if key not in self._fits:
            self._fits[key] = self._grid(home).fit(numbers())
        return self._fits[key]

    def _whole(self, fit: GridFit, domain: Domain) -> tuple[list[str], int]:
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
                at = self._whole_sum(at, str(self._lane(lane) * grid.size))
                lanes.append(code.load(code.at(table, at, "i64"), "i64"))
            return lanes, 0
        found = str(fit.base)
        if fit.row:
            found = self._whole_sum(found, self._times(self._row, fit.row))
        for level, step in zip(grid.levels[1:], fit.steps, strict=False):
            if step:
                found = self._whole_sum(found, self._times(self._k[level], step))
        return [found], fit.row if code.width > 1 else 0

    def _doubles(self, fit: GridFit, domain: Domain) -> str:
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
        lanes = map(self._lane, range(self.code.width))
        each = [f"double {literal(float(lane * stride))}" for lane in lanes]
        return f"<{', '.join(each)}>"

    def _load(self, pointer: str, lanes: list[str], stride: int) -> Operand[str]:
        code = self.code
        if code.width == 1:
            return code.load(code.at(pointer, lanes[0]))
        if len(lanes) == 1 and stride == 0:
            return self._splat(code.load(code.at(pointer, lanes[0])))
        if len(lanes) == 1 and stride in (1, BESIDE):
            place = code.at(pointer, lanes[0])
            if self._valid and stride == 1:
                return self._filled(self._some(place))
            return code.emit(f"load {code.double}, ptr {place}, align 8")
        return code.together(code.load(at) for at in self._each(pointer, lanes, stride))

    def _lane(self, lane: int) -> int:
        """How many rows behind the first one that of a lane is. Lanes that are left have the last one."""
        return min(lane, self._valid - 1) if self._valid else lane

    def _mask(self) -> str:
        """Which lanes are rows."""
        lanes = ["i1 true" if lane < self._valid else "i1 false" for lane in range(self.code.width)]
        return f"<{', '.join(lanes)}>"

    def _some(self, place: str) -> str:
        """The numbers of the lanes that are rows, and 0."""
        code = self.code
        bits, name = code.type("i1"), f"@llvm.masked.load.v{code.width}f64.p0"
        code.declared.add(f"declare {code.double} {name}(ptr, i32, {bits}, {code.double})")
        given = f"ptr {place}, i32 8, {bits} {self._mask()}, {code.double} zeroinitializer"
        return code.emit(f"call {code.double} {name}({given})")

    def _filled(self, text: str) -> str:
        """Numbers with that of the last row in the lanes that are left."""
        code = self.code
        lanes = ", ".join(f"i32 {self._lane(lane)}" for lane in range(code.width))
        order = f"<{code.width} x i32> <{lanes}>"
        return code.emit(f"shufflevector {code.double} {text}, {code.double} poison, {order}")

    def _put_some(self, text: str, place: str) -> None:
        """Write the numbers of the lanes that are rows."""
        code = self.code
        bits, name = code.type("i1"), f"@llvm.masked.store.v{code.width}f64.p0"
        code.declared.add(f"declare void {name}({code.double}, ptr, i32, {bits})")
        given = f"{code.double} {text}, ptr {place}, i32 8, {bits} {self._mask()}"
        code.lines.append(f"  call void {name}({given})")

    def _each(self, pointer: str, lanes: list[str], stride: int) -> list[str]:
        """The place of each lane's number."""
        code = self.code
        if len(lanes) > 1:
            return [code.at(pointer, each) for each in lanes]
        return [
            code.at(pointer, self._whole_sum(lanes[0], str(self._lane(lane) * stride)))
            for lane in range(code.width)
        ]

    def _store(self, number: Operand[str], pointer: str, lanes: list[str], stride: int) -> None:
        code = self.code
        if code.width == 1 or (len(lanes) == 1 and stride in (1, BESIDE)):
            place = code.at(pointer, lanes[0])
            if code.width > 1 and stride == 1 and self._valid:
                self._put_some(code.write(number), place)
            else:
                code.store(number, place)
            return
        text = code.write(number)
        for lane, place in enumerate(self._each(pointer, lanes, stride)):
            single = code.emit(f"extractelement {code.double} {text}, i32 {lane}")
            code.lines.append(f"  store double {single}, ptr {place}, align 8")

    def _pointer(self, kind: str, family: str) -> str:
        """The pointer to the values, v, the gradients, g, or the rests of these, u, of a family."""
        number, size = self.number[family], self.layouts[family].size + 1
        if family not in self.local:
            return self.arrays.pointer(kind, number, size)
        return self.arrays.pointer(
            {"v": "w", "g": "h", "u": "z"}[kind], number, size * self.code.width
        )

    def _near(self, family: str, lanes: list[str], stride: int) -> tuple[list[str], int]:
        """A place of a member; of one that is local lanes stand side by side."""
        if family not in self.local:
            return lanes, stride
        return [self._times(lanes[0], self.code.width)], BESIDE

    def _place(self, row: int, special: Read, home: Domain) -> GridFit:
        def places() -> Ints:
            return self.layouts[special.family].at(special.at, home)

        return self._fit(row, places, home)

    def _ordinal(self, domain: Domain) -> Operand[str]:
        """The number of the combination here, among those that a gather goes through."""
        code, grid = self.code, self._grid(domain)
        if grid.size < 0:
            return self._splat(code.emit(f"sitofp i64 {self._r[domain]} to double"))
        at = self._whole_sum(self._times(self._row, grid.size), self._r[domain])
        first = self._splat(code.emit(f"sitofp i64 {at} to double"))
        if code.width == 1:
            return first
        return code.emit(f"fadd {code.double} {first}, {self._ramp(grid.size)}")

    def _count(self, row: int, inner: Domain, home: Domain) -> Operand[str]:
        over = inner.over(home)

        def counts() -> Ints:
            return Affine(home, over.each) if over.each >= 0 else over.counts

        return self._doubles(self._fit(row, counts, home, "count"), home)
