"""Gradients that are added up, in registers and in memory, few one after the other.

A sum of n numbers one after the other is rounded n times. Here FEW are; their sums are added to one of many,
and what rounding takes from that is added up as well (Knuth's two-sum), as it is where single numbers of
a loop come to one place of memory again and again.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial

import numpy

from backprop.chain.walk import NOTHING, Operand
from backprop.loops.affine import Affine
from backprop.loops.domains import Domain
from backprop.loops.native.addresses import BESIDE, Addresses
from backprop.loops.native.flushes import two_sum
from backprop.loops.rows import Read

FAR = 1 << 15
"""Members that all rows share, whose sums, a vector each, are too many for the second cache."""

FEW = 16
"""So many numbers, or twice as many, are added one after the other."""

_SHORT = 4
"""Loops of so many turns are as if they were written out."""


class LoopSums:
    """A loop while it is written that adds to what is outside. blocks: whether its turns are taken a few at a
    time. slots: of places outside where its own sums stand, with their width; of blocks also those of all,
    and what rounding takes from them. memory, partials: of families that are read at all times where the sums
    of a few times stand, and of which `Adding.partials` have them. times: of a recurrence, how many; rows: of
    that; own: the families that it computes."""

    def __init__(
        self, blocks: bool, times: int = 0, rows: int = 1, own: frozenset[str] = frozenset()
    ) -> None:
        self.blocks, self.times, self.rows, self.own = blocks, times, rows, own
        self.slots: dict[str, tuple[int, list[str]]] = {}
        self.memory: dict[str, str] = {}
        self.partials: set[int] = set()


class Adding(Addresses):
    """Adds. often: the families that take gradients from so many rows that what rounding takes from them is
    added up. cleared: the families whose gradients are nothing again when they have been read, as they
    begin."""

    cleared: set[str]
    often: set[str]
    _repeats: dict[tuple[int, bool], float]
    partials: dict[int, tuple[str, str, int, int]] | None = None
    """Those with a number for each lane and member, or for each member, by the number of their family,
    with how many lanes they have; None outside of all loops over rows. With the number inverted what rounding
    takes from them."""
    added: dict[int, float]
    """How often one turn of the loop over rows adds to one number of them."""
    _now: Domain
    _in_time: LoopSums | None = None
    """The loop over times here."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.once: dict[str, list[tuple[str, str, str]]] = {}
        """Of families whose members take their gradient once (`once.read_once`), where it is added to what
        was there before: the register of that, its type, and 0."""
        self.often, self._repeats = set(), {}
        self._names = [*self.plan.families]
        self._loops: list[LoopSums] = []
        self._bases: dict[str, int] = {}
        """How many loops are around the place where the sum of a slot begins."""

    @abstractmethod
    def _masked(self, number: Operand[str], otherwise: float) -> Operand[str]:
        """A number where a lane is no row a second time."""

    # in registers

    def _sum_to(self, slot: str, number: Operand[str], many: int) -> None:
        """Add to a sum, which takes so many numbers until somebody reads it."""
        if many > 2 * FEW:
            for each in self._loops[self._bases.get(slot, 0) :]:
                if slot not in each.slots:
                    own = [self._nothing() for _ in range(3 if each.blocks else 1)]
                    each.slots[slot] = self.code.width, own
                slot = each.slots[slot][1][0]
        self._add_to(slot, number)

    def _nothing(self) -> str:
        """A new place on the stack with nothing, before all loops."""
        slot = self._slot(None)
        self.entry.append(f"  store {self.code.double} {self.code.write(NOTHING)}, ptr {slot}")
        return slot

    def _move(self, slot: str, to: str, rest: str = "") -> None:
        """Add a sum to another one, and begin it anew. rest: where stands what rounding takes."""
        more, code = self._get(slot), self.code
        self._put(NOTHING, slot)
        if rest:
            after, left = two_sum(code, self._get(to), self._get(rest), more, code.double)
            self._put(after, to)
            self._put(left, rest)
        else:
            self._add_to(to, more)

    def _summing_loop(
        self,
        count: str,
        most: int,
        inside: Callable[[str], None],
        down: bool = False,
        sums: LoopSums | None = None,
    ) -> None:
        """A loop that adds to what is outside. count: of its turns, which are so many at most."""
        if sums is None:
            if most <= _SHORT:
                self._loop("0", count, inside, down)
                return
            sums = LoopSums(most > 2 * FEW)
        code = self.code
        self._loops.append(sums)
        ends: list[int] = []

        def block(at: str) -> None:
            first = self._times(at, FEW)
            end = code.emit(f"add i64 {first}, {FEW}")
            ends.append(len(code.lines))
            end = code.emit(f"call i64 @llvm.smin.i64(i64 {end}, i64 {count})")
            self._loop(first, end, inside, down)
            self._end_block(sums)

        if sums.blocks:
            blocks = code.emit(f"add i64 {count}, {FEW - 1}")
            ends.append(len(code.lines))
            blocks = code.emit(f"sdiv i64 {blocks}, {FEW}")
            self._loop("0", blocks, block, down)
            if not (
                sums.slots or sums.memory or sums.partials
            ):  # nothing is added up: one block does
                for at, whole in zip(ends, ("1", count), strict=True):
                    code.lines[at] = f"{code.lines[at].split('=')[0]}= add i64 0, {whole}"
        else:
            self._loop("0", count, inside, down)
        self._loops.pop()
        wide = code.width
        for outer, (code.width, own) in sums.slots.items():
            for slot in own[1:] or own:
                self._move(slot, outer)
        code.width = wide
        self._carry(sums)

    def _end_block(self, sums: LoopSums) -> None:
        code = self.code
        wide = code.width
        for code.width, own in sums.slots.values():
            self._move(*own)
        code.width = wide
        self._carry(sums)

    # in memory

    def repeats(self, row: int, special: Read, home: Domain, rows: int = 0) -> float:
        """How often a row adds to the gradient of one member. rows: of all of so many rows alike in one."""
        key = row, rows > 0
        if key not in self._repeats:
            self._repeats[key] = self._counted(special, home, rows)
        return self._repeats[key]

    def _counted(self, special: Read, home: Domain, rows: int) -> float:
        layout, count = self.layouts[special.family], home.size // max(rows, 1)
        places = layout.at(special.at, home)
        if not isinstance(places, Affine):
            return int(numpy.bincount(places).max(initial=0)) / max(rows, 1)
        different = 1
        for level, stride in zip(places.levels, places.strides, strict=True):
            if stride:
                different *= level.most
        ends = places.ends()
        if ends is not None:
            different = min(different, ends[1] - ends[0] + 1)
        return count / max(different, 1)

    def _add(
        self, family: str, number: Operand[str], lanes: list[str], stride: int, repeats: float
    ) -> None:
        """Add to the gradients of members. repeats: so often to one; of those that all lanes read, in one
        turn of the loop over rows."""
        code, pointer = self.code, self._pointer("g", family)
        if code.width > 1 and len(lanes) == 1 and stride == 0:
            self._add_partial(family, number, lanes[0], pointer, repeats)
            return
        rest = ""
        if repeats > FEW and family in self.often:
            pointer, rest = self._sums_of(family, pointer)
        if code.width == 1 or (len(lanes) == 1 and stride in (1, BESIDE)):
            some = code.width > 1 and stride == 1 and self._valid
            place = code.at(pointer, lanes[0])
            before = self._some(place) if some else self._all(place)
            if family in self.once and not some:
                self.once[family].append((before, code.double, code.write(0.0)))
                self._look(number)
            put = self._put_some if some else self._put_all
            if not rest:
                put(code.write(code.value("+", [before, number])), place)
                return
            where = code.at(rest, lanes[0])
            lost = self._some(where) if some else self._all(where)
            after, lost = two_sum(code, before, lost, code.write(number), code.double)
            put(after, place)
            put(lost, where)
            return
        text = code.write(number)
        rests = self._each(rest, lanes, stride) if rest else []
        for lane, place in enumerate(self._each(pointer, lanes, stride)):
            single = code.emit(f"extractelement {code.double} {text}, i32 {lane}")
            before = code.load(place)
            if rest:
                lost = code.load(rests[lane])
                after, lost = two_sum(code, before, lost, single, "double")
                code.lines.append(f"  store double {lost}, ptr {rests[lane]}, align 8")
            else:
                after = code.emit(f"fadd double {before}, {single}")
            code.lines.append(f"  store double {after}, ptr {place}, align 8")

    def _add_partial(
        self, family: str, number: Operand[str], lane: str, pointer: str, repeats: float
    ) -> None:
        """Add to the gradient of a member that all lanes read."""
        assert self.partials is not None
        code, at, size = self.code, self.number[family], self.layouts[family].size
        folded, wide = code.folded(number), code.width
        code.width = min(wide, code.native)
        if size > FAR:  # one lane each: memory is slower than the sum of the lanes
            folded, code.width = code.summed(folded), 1
        sums = self.arrays.pointer("p", at, (size + 1) * code.width)
        self.partials[at] = sums, pointer, size, code.width
        place = code.at(sums, lane, code.double)
        before = code.emit(f"load {code.double}, ptr {place}, align {8 * code.width}")
        timed, after = self._in_time, ""
        if repeats <= 2 * FEW or family not in self.often:
            self.added[at] = self.added.get(at, 0.0) + repeats
        elif timed and timed.times <= 2 * repeats <= 4 * timed.times:  # about once at each time
            timed.partials.add(at)
        else:
            rest = self.arrays.pointer("y", at, (size + 1) * code.width)
            self.partials[~at] = rest, self._pointer("u", family), size, code.width
            where = code.at(rest, lane, code.double)
            lost = self._all(where)
            after, lost = two_sum(code, before, lost, code.write(folded), code.double)
            self._put_all(lost, where)
        if not after:
            after = code.write(code.value("+", [before, folded]))
        code.lines.append(f"  store {code.double} {after}, ptr {place}, align {8 * code.width}")
        code.width = wide

    def _sums_of(self, family: str, pointer: str) -> tuple[str, str]:
        """Where numbers are added that come to members often, and what rounding takes; "" for nothing: of
        families that are read at all times, sums of a few times."""
        timed, size = self._in_time, self.layouts[family].size
        if timed and family not in timed.own and family not in self.local:
            turns = timed.times * -(-timed.rows // self.code.width)
            if 2 * self._now.size >= size * turns:
                sums = self.arrays.pointer("q", self.number[family], size + 1)
                timed.memory[family] = sums
                return sums, ""
        return pointer, self._pointer("u", family)

    def _carry(self, sums: LoopSums) -> None:
        """Add the sums of a few times to the gradients."""
        for family, each in sums.memory.items():
            self._call_carry(each, self._pointer("g", family), family, 1)
        for number in sorted(sums.partials):
            self._flush_partial(number, True)

    def _call_carry(self, sums: str, pointer: str, family: str, lanes: int) -> None:
        rest, size = self._pointer("u", family), self.layouts[family].size
        given = f"ptr {sums}, ptr {pointer}, ptr {rest}, i64 {size}"
        self.code.lines.append(f"  call fastcc void @carry{lanes}({given})")

    def _flush_partial(self, number: int, carries: bool) -> None:
        """Add what the lanes have summed up to what they had before. carries: whether it will be done many
        times."""
        assert self.partials is not None
        sums, pointer, size, lanes = self.partials[number]
        if carries and number >= 0 and self._names[number] in self.often:
            self._call_carry(sums, pointer, self._names[number], lanes)
            return
        given = f"ptr {sums}, ptr {pointer}, i64 {size}"
        self.code.lines.append(f"  call fastcc void @flush{lanes}({given})")

    def _end_turn(self, at: str, most: int) -> None:
        """At the end of a turn of the loop over rows: add what the lanes have summed up that cannot wait for
        `most` turns."""
        for number in [*(self.partials or ())]:
            added = self.added.get(number, 0.0)
            if number < 0 or not added or self._names[number] not in self.often:
                continue
            turns = 1 << max(0, int(2 * FEW / added).bit_length() - 1)
            if turns == 1:
                self._flush_partial(number, True)
            elif turns < most:
                left = self.code.emit(f"and i64 {at}, {turns - 1}")
                last = self.code.emit(f"icmp eq i64 {left}, {turns - 1}")
                self._if(last, partial(self._flush_partial, number, True))

    def end_sums(self) -> None:
        """Add to the gradients what rounding has taken from them."""
        for name in self.arrays.names:
            if name[1] == "u":
                family = self._names[int(name[2:])]
                given = f"ptr {name}, ptr %g{name[2:]}, i64 {self.layouts[family].size}"
                self.code.lines.append(f"  call fastcc void @flush1({given})")

    def _all(self, place: str) -> str:
        return self.code.emit(f"load {self.code.double}, ptr {place}, align 8")

    def _put_all(self, text: str, place: str) -> None:
        self.code.lines.append(f"  store {self.code.double} {text}, ptr {place}, align 8")
