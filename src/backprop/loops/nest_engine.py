"""Loops as machine code: value and gradient of one output, many times."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.engine.native.machine import library
from backprop.engine.underflow import SCALE
from backprop.engine.walk import NOTHING
from backprop.loops.domains import Reals, Wholes
from backprop.loops.nest import Grid, Group, groups
from backprop.loops.nest_text import module
from backprop.loops.parts import Places, plain
from backprop.loops.plan import Plan


class NestEngine:
    """Value and gradient by machine code, None where something is not finite or too small.

    plan: what is computed. output, place: the member that is the output. names: families and places
    of the numbers that are given, in order. numbers: of each family those of all other inputs.
    """

    def __init__(
        self,
        plan: Plan,
        output: str,
        place: int,
        parameters: Sequence[tuple[str, Wholes]],
        numbers: Mapping[str, Reals],
    ) -> None:
        reached = plan.reached(output, place)
        needed = {name for name, found in reached.items() if found.any()}
        found = [*groups(plan, needed)]
        moving = _moving(plan, found, {name for name, _ in parameters})
        self._to = _layouts(plan, found)
        made = module(plan, found, self._to, moving, output, place)
        self._arrays = made.arrays
        self._library = library(made.text, lambda: made.text)
        self._run = self._library.function(
            "nests", ctypes.c_int, ctypes.c_void_p, ctypes.c_double
        )
        self._values: dict[int, Reals] = {}
        self._gradients: dict[int, Reals] = {}
        self._partials: dict[int, Reals] = {}
        families = [*plan.families]
        table = numpy.zeros(len(made.arrays.names), dtype=numpy.uintp)
        tables = iter(made.arrays.tables)
        self._kept: list[Any] = []
        for at, name in enumerate(made.arrays.names):
            kind, number = name[1], int(name[2:])
            if kind == "t":
                array: NDArray[Any] = next(tables)
            elif kind == "p":
                array = _aligned(len(self._to[families[number]]) * made.width)
                array[:] = NOTHING
                self._partials[number] = array
            else:
                array = numpy.zeros(len(self._to[families[number]]))
                (self._values if kind == "v" else self._gradients)[number] = array
            self._kept.append(array)
            table[at] = array.ctypes.data
        self._table = table
        for number, array in self._values.items():
            name = families[number]
            array[self._to[name]] = numpy.nan_to_num(numbers[name])
        self._inputs: list[tuple[slice, int, Places]] = []
        begin = 0
        for name, places in parameters:
            end = begin + len(places)
            number = families.index(name)
            self._inputs.append((slice(begin, end), number, plain(self._to[name][places])))
            begin = end
        self._gradient = numpy.zeros(begin)
        self._output = self._values[families.index(output)], int(self._to[output][place])

    def forward(self, x: Any) -> float | None:
        """The output for these numbers."""
        x = numpy.asarray(x, dtype=float)
        for some, number, places in self._inputs:
            if number in self._values:
                self._values[number][places] = x[some]
        answer = self._once(1.0)
        self._scale = 1.0
        if answer == 4:
            self._scale = SCALE
            answer = self._once(SCALE)
        if answer:
            return None
        array, place = self._output
        return float(array[place])

    def _once(self, scale: float) -> int:
        for array in self._gradients.values():
            array.fill(NOTHING)
        found: int = self._run(self._table.ctypes.data, scale)
        return found

    def backward(self) -> Reals | None:
        """The gradient where the value was last computed."""
        for some, number, places in self._inputs:
            self._gradient[some] = self._gradients[number][places] if number in self._gradients else 0.0
        self._gradient += 0.0
        if self._scale != 1.0:
            self._gradient /= self._scale
        return self._gradient if numpy.isfinite(self._gradient).all() else None

    def run(self, x: Any) -> tuple[float, Reals] | None:
        value = self.forward(x)
        gradient = None if value is None else self.backward()
        return None if value is None or gradient is None else (value, gradient)


def _aligned(count: int) -> Reals:
    """Doubles that begin at a multiple of 64 bytes."""
    whole = numpy.empty(count + 8)
    begin = -whole.ctypes.data // 8 % 8
    found: Reals = whole[begin : begin + count]
    return found


def _moving(plan: Plan, found: Sequence[Group], families: set[str]) -> set[str]:
    """The families that depend on some."""
    moving = {*families}
    for group in found:
        for _ in group.bodies:
            for body in group.bodies:
                uses = {plan.uses[row].family for row in body.order if row in plan.uses}
                if uses & moving:
                    moving.add(body.loop.family)
    return moving


def _layouts(plan: Plan, found: Sequence[Group]) -> dict[str, Wholes]:
    """For each family, and each of its places, where machine code has the number: the position by which
    most of its members are read or written row by row is the last one."""
    votes: dict[str, dict[int, int]] = {}
    for group in found:
        for body in group.bodies:
            for row in [body.loop.root, *body.order]:
                if row == body.loop.root:
                    family, indices = body.loop.family, body.loop.indices
                elif row in plan.uses:
                    special = plan.columns.specials[row]
                    family, indices = special.family, special.indices  # type: ignore[union-attr]
                else:
                    continue
                home = plan.columns.homes[row]
                grid = Grid(home)
                if not grid.levels or grid.size <= 0:
                    continue
                for position, index in enumerate(indices):
                    fit = grid.fit(index)
                    if fit.row and not fit.whole:
                        some = votes.setdefault(family, {})
                        some[position] = some.get(position, 0) + len(index)
    places: dict[str, Wholes] = {}
    for name, family in plan.families.items():
        at = numpy.arange(family.size + 1)
        if votes.get(name) and family.dimensions > 1:
            last = max(votes[name], key=votes[name].__getitem__)
            order = [each for each in range(family.dimensions) if each != last] + [last]
            shaped = at[:-1].reshape(family.shape).transpose(order).reshape(-1)
            to = at.copy()
            to[shaped] = numpy.arange(family.size)
            at = to
        places[name] = at
    return places
