"""Loops as machine code: value and gradient of one output, many times."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from functools import cache
from math import isfinite
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.chain.walk import NOTHING
from backprop.engine.engines import Engine, Own
from backprop.engine.native.machine import library
from backprop.engine.underflow import SCALE
from backprop.loops.affine import Places, count_of, plain
from backprop.loops.arrays import finite
from backprop.loops.domains import Reals, Wholes
from backprop.loops.engine import ArrayEngine
from backprop.loops.file_numbers import Few, FileNumbers, Later, none
from backprop.loops.many import NotLoops
from backprop.loops.moving import Moving
from backprop.loops.native.groups import NestGroup, groups
from backprop.loops.native.keeping import MANY_RUNS, ONE_RUN
from backprop.loops.native.layouts import layouts
from backprop.loops.native.memory_pages import aligned, zeros
from backprop.loops.native.module import Module, fused, module
from backprop.loops.native.standing import standing
from backprop.loops.native.wide import FLUSHED
from backprop.loops.passes import UNSEEN, same
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Recurrence
from backprop.syntax.functions import LOST, TINY

NOT_FINITE, VANISHED, TOO_SMALL = 1, 2, 4
"""The answers of machine code. See `module`."""

_OFTEN = 64
"""So many times numbers that are too small for a double are computed as they are, where they may be seen."""


_LONG = 1 << 20
"""Times of a recurrence."""


class NestEngine(Engine):
    """Value and gradient by machine code, both at once.

    plan, output, leaves, numbers: as of `ArrayEngine`. all_of_it: whether the numbers of all members are
    asked for, once. fuses: as of `module.fused`. Raises NotLoops where an input of the output has no
    number, or what no leaf leads to is not finite.
    """

    def __init__(
        self,
        plan: Plan,
        at: tuple[str, int],
        leaves: Sequence[tuple[str, slice | Wholes]],
        numbers: Mapping[str, FileNumbers],
        all_of_it: bool = False,
        fuses: bool = False,
    ) -> None:
        if plan.builder.derivatives:
            raise NotLoops("derivatives stand in equations")
        Moving(plan, at, leaves, numbers)  # looks whether there are all numbers

        def careful() -> ArrayEngine:
            every = [
                (name, numpy.arange(plan.families[name].size)[places]) for name, places in leaves
            ]
            return ArrayEngine(plan, at, every, numbers)

        self._slow = cache(careful)
        output, place = at
        moving = moved_by(plan, {name for name, _ in leaves})
        reached = plan.reached(output, place)
        needed = {name for name, each in reached.items() if all_of_it or each.any()}
        self.stays = standing(plan, numbers, moving, needed)
        needed &= moving
        found = [*groups(plan, needed)]
        self.to = layouts(plan, found)
        self.families, self._leaves = [*plan.families], leaves
        given = {*self.families} if all_of_it else {name for name, _ in leaves}

        @cache
        def code(shifted: bool, shakes: bool) -> _Compiled:
            room, lost = (ONE_RUN, LOST) if all_of_it else (MANY_RUNS, FLUSHED)
            more = lost if shifted else 0.0
            made = module(plan, found, self.to, moving, given, output, place, more, room, shakes)
            return _Compiled(fused(made) if fuses else made)

        def compiled(shifted: bool, shakes: bool = False) -> _Compiled:
            return code(shifted, shakes)  # or one without `shakes` would be another in the cache

        self.code = compiled
        self.made = self.code(False).module
        self.inputs: list[tuple[slice, str, Places]] = []
        self.scale = SCALE if any(map(_is_long, found)) else 1.0
        """Of gradients, at first."""
        self.size = 0
        for name, places in leaves:
            end = self.size + count_of(places)
            if not self.to[name].plain:
                places = self.to[name].of(numpy.arange(plan.families[name].size)[places])
            self.inputs.append((slice(self.size, end), name, plain(places)))
            self.size = end
        computed = {body.loop.family for group in found for body in group.bodies}
        self.whole = self._whole({output, *computed})
        self.place = output, int(self.to[output].of(numpy.array([place]))[0])
        """The family of the output, and where it stands there."""
        self._own = Own(lambda: None if all_of_it else Memory(self))

    def beginning(self, name: str) -> Reals:
        """The numbers of a family as they stand before it is computed, 0 where there are none."""
        stays = self.stays[name]
        if isinstance(stays, Later):
            given = (places for family, places in self._leaves if family == name)
            stays = numpy.asarray(stays) if stays.without(given) else none(len(stays))
        if isinstance(stays, Few) or not stays.strides[0]:  # few numbers are known, or none
            found = zeros(self.to[name].size + 1)
            if isinstance(stays, Few):
                found[self.to[name].of(stays.places)] = stays.numbers
            return found
        return numpy.nan_to_num(self.to[name].arranged(stays))

    def _whole(self, computed: Container[str]) -> dict[str, slice]:
        """The families whose numbers are given as one, in the order in which machine code has them: it
        reads and writes these where they are."""
        found: dict[str, slice] = {}
        often = Counter(name for _, name, _ in self.inputs)
        for some, name, places in self.inputs:
            all_of_it = isinstance(places, slice) and places == slice(0, self.to[name].size)
            if all_of_it and often[name] == 1 and name not in computed:
                found[name] = some
        return found

    @property
    def careful(self) -> ArrayEngine:
        """Takes over where something is not finite, or too small for a double."""
        return self._slow()

    def forward(self, x: Any) -> float | None:
        """The output for these numbers."""
        own = self._own.made
        own.careful = False
        own.take(self, x)
        if not self._found(own):
            own.careful = True
            try:
                return self.careful.forward(x)
            except NotLoops:  # something that stays is in doubt
                return None
        value: float = own.value
        return value

    def everything(self, x: Any) -> tuple[dict[str, Reals], dict[str, Reals]] | None:
        """The values of all members that depend on leaves, and the gradients by them, by family; None where
        one is not finite, or in doubt because something is too small for a double. Others are not among
        them. Of an engine that was made for all of it: it takes nothing for 0."""
        own = Memory(self)
        own.take(self, x)
        for array in own.gradients.values():
            array.fill(NOTHING)
        answer = self._scaled(own, False)
        again = bool(answer & VANISHED)
        found = None if _unsure(answer, own) else self._members(own, own.scale, again)
        if not found or not again:
            return found
        answer = self._once(own, SCALE, False, True)
        other = None if answer & NOT_FINITE else self._members(own, SCALE, False)
        sure = other and all(
            same(each[name], others[name], TINY if slopes else UNSEEN)
            for each, others, slopes in zip(found, other, (False, True), strict=True)
            for name in each
        )
        return found if sure else None

    def _members(
        self, own: Memory, scale: float, again: bool
    ) -> tuple[dict[str, Reals], dict[str, Reals]] | None:
        """What was computed last, by family. scale: of its gradients. again: whether it is copied, as
        something is computed again."""
        values, gradients = (
            {name: each.copy() if again else each for name, each in arrays.items()}
            for arrays in (own.values, own.gradients)
        )
        for each in gradients.values():
            each += 0.0
            each /= scale
        for name, some in self.whole.items():
            gradients[name] = numpy.append(own.gradient[some], 0.0)
        if not all(finite(each[:-1]) for each in gradients.values()):
            return None
        return (
            {name: self.to[name].restored(each) for name, each in values.items()},
            {name: self.to[name].restored(each) for name, each in gradients.items()},
        )

    def _found(self, own: Memory) -> bool:
        """Compute value and gradient; whether they are sure. What is too small for a double is 0 at first:
        where that may be seen, it is computed again as it is, and so the next times."""
        own.exactly -= 1
        flush = own.exactly < 0 and self.made.flushes
        answer = self._scaled(own, flush)
        if flush and answer & (VANISHED | TOO_SMALL):
            seen = answer & VANISHED and not (answer & NOT_FINITE or self._unseen(own, True))
            if seen or answer & NOT_FINITE:
                own.exactly = _OFTEN
                return self._found(own)
            answer &= ~VANISHED
        if _unsure(answer, own):
            return False
        # gradients that are too small even then are left out, as of other large graphs
        return not answer & VANISHED or self._unseen(own, False)

    def _scaled(self, own: Memory, flush: bool) -> int:
        """Compute both, with the other scale if this one does not do."""
        answer = self._once(own, own.scale, flush)
        if (answer & TOO_SMALL and own.scale == 1.0) or (answer & NOT_FINITE and own.scale != 1.0):
            own.scale = SCALE if own.scale == 1.0 else 1.0
            answer = self._once(own, own.scale, flush)
        return answer

    def _unseen(self, own: Memory, exactly: bool) -> bool:
        """Whether numbers that are too small for a double have no say: exactly, to the last bit."""
        if self.code(True).module.arrays.names != self.made.arrays.names:
            return False
        value, gradient = own.value, own.gradient.copy()
        answer = self._once(own, SCALE, False, True)
        if exactly:
            unseen = value == own.value and numpy.array_equal(gradient, own.gradient)
        else:
            unseen = same(numpy.array([value]), numpy.array([own.value]))
            unseen = unseen and same(gradient, own.gradient, TINY)
        own.value, own.gradient[:] = value, gradient
        return unseen and not answer & NOT_FINITE

    def shaken(self, x: Any, turn: int) -> Reals | None:
        """The gradient if everything is changed a little, as `loops.rounded` says; None where that is not
        finite. turn: which changes; 0, 1, 2, … are others."""
        if self.code(False, True).module.arrays.names != self.made.arrays.names:
            return None
        own = self._own.made
        own.take(self, x)
        value, gradient = own.value, own.gradient.copy()
        answer = self._once(own, own.scale * 2.0**turn, False, shakes=True)
        found = own.gradient.copy()
        own.value, own.gradient[:] = value, gradient
        return None if answer & NOT_FINITE else found

    def _once(
        self, own: Memory, scale: float, flush: bool, shifted: bool = False, shakes: bool = False
    ) -> int:
        for some in own.added:
            own.gradient[some] = 0.0
        for array in own.summed:
            array.fill(NOTHING)
        answer: int = self.code(shifted, shakes).run(own.address, scale, flush)
        if answer & NOT_FINITE:
            return answer
        for some, name, places in self.inputs:
            if name in own.gradients:
                own.gradient[some] = own.gradients[name][places] + 0.0
        if scale != 1.0:
            own.gradient /= scale
        own.value = float(own.values[self.place[0]][self.place[1]])
        with numpy.errstate(over="ignore", invalid="ignore"):
            finite = all(
                isfinite(own.gradient[some].sum()) or bool(numpy.isfinite(own.gradient[some]).all())
                for some in own.added
            )
        return answer if finite else answer | NOT_FINITE

    def backward(self) -> Any:
        """The gradient where the value was last computed; the next call changes it."""
        own = self._own.made
        return self.careful.backward() if own.careful else own.gradient


class _Compiled:
    """A module that is compiled: its function, while this is kept. address: where that stands."""

    def __init__(self, made: Module) -> None:
        self.module = made
        self._library = library(made.text, lambda: made.text, wide=True)
        kinds = ctypes.c_int, ctypes.c_void_p, ctypes.c_double, ctypes.c_int
        self.run = self._library.function("nests", *kinds)
        self.address = self._library.address("nests")


class Memory:
    """What machine code reads and writes in one thread. table: the addresses of all. scale: of the
    gradients on the way. careful: whether the last point was left to NumPy. added: the parts of the
    gradient that are added up, which begin with 0; summed: other arrays of gradients, which begin with
    nothing. exactly: so many times more what is too small is not taken for 0. given: of the numbers that
    are read where they are given the places in the table, and how far behind the first."""

    def __init__(self, engine: NestEngine) -> None:
        made, to, families = engine.made, engine.to, engine.families
        self._families, self._names = families, [*made.arrays.names]
        self.values: dict[str, Reals] = {}
        self.gradients: dict[str, Reals] = {}
        self.gradient = numpy.zeros(engine.size)
        self.scale, self.careful, self.value, self.exactly = engine.scale, False, 0.0, 0
        self.table = numpy.zeros(len(made.arrays.names), dtype=numpy.uintp)
        self.address = self.table.ctypes.data
        written = [some for name, some in engine.whole.items() if name in made.written]
        self.added = _others(written, engine.size)
        self.summed: list[Reals] = []
        self.given: list[tuple[int, int]] = []
        others = iter(made.arrays.others)
        self._all: list[Any] = []
        for at, pointer in enumerate(made.arrays.names):
            kind, number = pointer[1], int(pointer[2:])
            array: NDArray[Any]
            if kind in "tc":
                other = next(others)
                array = zeros(other) if isinstance(other, int) else other
            elif kind in "whpuqyz":
                array = aligned(made.arrays.sizes[pointer])
                if kind in "puqy":
                    array.fill(NOTHING)
            else:
                name = families[number]
                some = engine.whole.get(name)
                if some and kind == "v":
                    self.given.append((at, 8 * some.start))
                    continue
                if some:
                    array = self.gradient[some]
                else:
                    array = engine.beginning(name) if kind == "v" else aligned(to[name].size + 1)
                    (self.values if kind == "v" else self.gradients)[name] = array
                    if kind == "g":
                        array.fill(NOTHING)
                        self.summed += [] if name in made.cleared else [array]
            self._all.append(array)
            self.table[at] = array.ctypes.data

    def given_at(self, x: Reals) -> None:
        """Read the numbers that are read where they are given from this array."""
        if self.given:
            begin = x.ctypes.data
            for at, offset in self.given:
                self.table[at] = begin + offset

    def put(self, name: str, array: Reals) -> None:
        """Let the values of a family stand in this array, with one place more than they need."""
        pointer = f"%v{self._families.index(name)}"
        if pointer in self._names:
            self.table[self._names.index(pointer)] = array.ctypes.data

    def take(self, engine: NestEngine, x: Any) -> None:
        """Enter the numbers of the leaves."""
        x = numpy.ascontiguousarray(x, dtype=float)
        for some, name, places in engine.inputs:
            if name in self.values:
                self.values[name][places] = x[some]
        self.x = x
        self.given_at(x)


def _unsure(answer: int, own: Memory) -> bool:
    """Whether something is not finite, or gradients are too large with the scale, and too small without."""
    return bool(answer & NOT_FINITE or (answer & TOO_SMALL and own.scale == 1.0))


def _is_long(group: NestGroup) -> bool:
    """Whether a recurrence has so many times that gradients which shrink at each are too small at the end."""
    return sum(each.stop - each.start for each in group.phases or ()) >= _LONG


def _others(some: Sequence[slice], size: int) -> list[slice]:
    """What is left of so many numbers without some parts."""
    found, at = list[slice](), 0
    for part in sorted(some, key=lambda each: each.start):
        found.append(slice(at, part.start))
        at = part.stop
    return [each for each in (*found, slice(at, size)) if each.start < each.stop]


def moved_by(plan: Plan, families: Collection[str]) -> set[str]:
    """The families that depend on some."""
    moving, rows = {*families}, set[int]()
    for run in plan.runs:
        several = run.bodies if isinstance(run, Recurrence) else [run]
        if any(
            not rows.isdisjoint(each.part.outer)
            or any(use.family in moving for use in each.part.uses)
            for each in several
        ):
            moving.update(each.family for each in several)
            rows.update(row for each in several if not each.family for row in each.part.roots)
    return moving - {""}
