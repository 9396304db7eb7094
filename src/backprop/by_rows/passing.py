"""Passes over the rows of tables at one point: what is gathered of rows, what is computed once of that, and
the gradient back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite
from sys import float_info
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy

from backprop.by_rows.block_kernel import (
    BlockKernel,
    NotSure,
    RowBlock,
    RowGraph,
    RowSums,
    Seeds,
    Summed,
    passes,
)
from backprop.by_rows.once_graph import OnceGraph, OnceWalk
from backprop.by_rows.reductions import Extremes, Totals
from backprop.by_rows.row_gathers import adds
from backprop.loops.arrays import ArrayWriter, finite
from backprop.loops.domains import Reals


class RowSource(Protocol):
    """The rows of a table, which can be gone through again and again."""

    def count(self) -> int:
        """How many there are, which may be known only after a pass."""
        ...

    def blocks(self, names: Sequence[str]) -> Iterable[RowBlock]:
        """All rows of some columns, in blocks of a multiple of `CHUNK` rows but for the last one."""
        ...


class SumsAndSlopes(NamedTuple):
    """What passes over all rows find. data, gradients: of what is computed once, by name. values, slopes:
    of what has rows, by name. effect: as of `BlockPart`, of all steps, if that was asked for. states: of
    totals that are no sums, of passes over blocks."""

    value: float
    data: Mapping[str, float]
    gradients: Mapping[str, float]
    values: Mapping[str, Extremes]
    slopes: Mapping[str, Extremes]
    effect: float = 0.0
    states: Mapping[str, Reals] = MappingProxyType({})


class OnceAt(NamedTuple):
    """What is computed once, at a point. number: of a name; slopes: its gradient by every name that it needs.
    Both raise NotSure."""

    number: Callable[[str], float]
    slopes: Callable[[str], Mapping[str, float]]


class RowPasses(NamedTuple):
    """What passes over rows go through. output, once: what is asked for, and the graph that it stands in.
    shared: of `of_row` the inputs that all rows have in common. sums: all that is gathered; levels: the same
    in the order of passes. counts: of each name that is a number of rows its table. told: the names of
    what is computed once whose numbers are asked for."""

    output: str
    once: OnceGraph
    of_row: RowGraph
    shared: Mapping[str, int]
    sums: Sequence[Summed]
    levels: Sequence[Sequence[Summed]]
    counts: Mapping[str, int]
    told: Sequence[str]


class Passing:
    """All passes at one point."""

    effects = False
    """Whether what roundings do is asked for."""
    effect = 0.0

    def __init__(
        self,
        program: RowPasses,
        given: Mapping[str, float],
        sources: Sequence[RowSource],
        map_blocks: Callable[..., Iterable[Any]],
        sure: bool,
        over: Callable[[int, Sequence[Summed]], Any] | None,
    ) -> None:
        self._program, self._sources, self._map = program, sources, map_blocks
        self._sure, self._by_code = sure, over
        self._known: dict[str, float] = {**given}
        self._writer = ArrayWriter()
        self._walk = OnceWalk(self._writer, program.once, self._leaves_once())
        self._states: dict[str, Reals] = {}
        self.values: dict[str, Extremes] = {}
        self.slopes: dict[str, Extremes] = {}

    def _leaves_once(self) -> dict[int, float]:
        names = self._program.once.names
        return {names[name]: number for name, number in self._known.items() if name in names}

    def _compute(self, names: Iterable[str]) -> None:
        """Compute what is computed once, as far as these need it."""
        once, walk = self._program.once, self._walk
        for step in once.order(names):
            if step in walk.found:
                continue
            if once.columns.is_number(step):
                walk.found[step] = once.columns.constant(step)
                continue
            if not once.columns.is_step(step):
                walk.found[step] = self._leaf(once.labels[step])
                continue
            operands = [walk.found[each] for each in once.columns.operands(step)]
            with self._writer.watched():
                found = walk.made(step, operands)
            if not finite(found):
                raise NotSure("what is computed once is not finite")
            walk.found[step] = float(found)
        if self._writer.small and self._sure:
            raise NotSure("something is too small for a double")

    def all(self, watched: bool) -> SumsAndSlopes:
        """All passes forward, and back."""
        program = self._program
        levels = program.levels
        single = len(levels) == 1 and len(levels[0]) == 1 and adds(levels[0][0].gather)
        here = RowSums({}, {}, {})
        for at, level in enumerate(levels):
            self._compute(name for each in level for name in each.reads)
            if single and at == len(levels) - 1:
                here = self._pass(level, {level[0].total: 1.0}, watched)
            else:
                here = self._pass(level, None, False)
            self._states |= here.states
            for each in level:
                self._take(each.total, here.totals[each.total])
        self._compute([program.output])
        value = float(self.number(program.output))
        direct = self._back({program.output: 1.0})
        if single:
            weight = direct.get(levels[0][0].total, 0.0)
            for slopes in self.slopes.values():
                ends = sorted((weight * slopes.least, weight * slopes.most))
                slopes.least, slopes.most = ends
                slopes.total *= weight
            self.effect *= weight * weight
            by = {name: weight * slope for name, slope in here.slopes.items()}
            return self._passed(value, self._joined(direct, by))
        by, seeds = {}, dict[str, float]()
        for at in range(len(levels) - 1, -1, -1):
            above = self._back({program.output: 1.0}, by)
            seeds |= {each.total: above.get(each.total, 0.0) for each in levels[at]}
            if at:
                for name, slope in self._pass(levels[at], seeds, False).slopes.items():
                    by[name] = by.get(name, 0.0) + slope
        self.effect = 0.0
        by = self._pass(program.sums, seeds, watched).slopes
        return self._passed(value, self._back({program.output: 1.0}, by))

    def _joined(self, direct: Mapping[str, float], by: Mapping[str, float]) -> dict[str, float]:
        """The gradients by all that is computed once. direct: without what rows bring to some, `by`."""
        once = self._program.once
        if any(name in once.names and once.columns.is_step(once.names[name]) for name in by):
            return self._back({self._program.output: 1.0}, by)
        return {**direct, **{name: direct.get(name, 0.0) + slope for name, slope in by.items()}}

    def _passed(self, value: float, gradients: Mapping[str, float]) -> SumsAndSlopes:
        program = self._program
        self._compute(program.told)
        found, names = self._walk.found, program.once.names
        data = {name: float(found[names[name]]) for name in program.told}
        data |= {name: self._known[name] for name in program.shared if name in self._known}
        if not all(map(isfinite, gradients.values())):
            raise NotSure("a gradient is not finite")
        shares = [data[name] * gradients.get(name, 0.0) for name in data]
        effect = self.effect + sum(each * each for each in shares)
        of_rows = self.values, self.slopes
        return SumsAndSlopes(value, data, gradients, *of_rows, effect, self._states)

    def _take(self, total: str, number: float) -> None:
        if not isfinite(number):
            raise NotSure("what is gathered is beyond doubles")
        self._known[total] = number
        if total in self._program.once.names:
            self._walk.found[self._program.once.names[total]] = number

    def slopes_of(self, name: str) -> dict[str, float]:
        """The gradient of what is computed once, or given, by every name that it needs."""
        self.number(name)
        return self._back({name: 1.0})

    def number(self, name: str) -> float:
        """The number of what is computed once, or given. Raises NotSure."""
        names = self._program.once.names
        if name not in names:
            return self._leaf(name)
        found = self._walk.found.get(names[name])
        if found is None:
            self._compute([name])
            found = self._walk.found[names[name]]
        return float(found)

    def _leaf(self, name: str) -> float:
        """The number of an input, or how many rows there are."""
        counts = self._program.counts
        if name in counts and name not in self._known:
            self._known[name] = float(self._sources[counts[name]].count())
        if name not in self._known:
            raise NotSure("an input has no number")
        return self._known[name]

    def _back(
        self, seeds: Mapping[str, float], by: Mapping[str, float] | None = None
    ) -> dict[str, float]:
        """The gradient by every name that is computed once. by: what rows bring to some."""
        once = self._program.once
        every = {**(by or {})}
        for name, seed in seeds.items():
            every[name] = every.get(name, 0.0) + seed
        named = {once.names[n]: float(s) for n, s in every.items() if n in once.names}
        with self._writer.watched():
            found = self._walk.back(named)
        labels = once.labels
        gradients = {labels[node]: slope + 0.0 for node, slope in found.items() if node in labels}
        return {**{n: s for n, s in every.items() if n not in once.names}, **gradients}

    def _pass(
        self, sums: Sequence[Summed], seeds: Mapping[str, float] | None, watched: bool
    ) -> RowSums:
        """A pass over the rows of all tables that have a part in it. seeds: by total."""
        found = RowSums({}, {}, {})
        for table, some in passes(sums, bool(self._by_code and not watched)):
            here = self._over(table, some, seeds, watched)
            found.totals.update(here.totals)
            found.states.update(here.states)
            for name, slope in here.slopes.items():
                found.slopes[name] = found.slopes.get(name, 0.0) + slope
        return found

    def _over(
        self, table: int, sums: Sequence[Summed], seeds: Mapping[str, float] | None, watched: bool
    ) -> RowSums:
        program = self._program
        if self._by_code and not watched:
            made: RowSums = self._by_code(table, sums)(self.number, seeds)
            return made
        begun = None if seeds is None else Seeds(seeds, self._states)
        kernel = BlockKernel(
            program.of_row, sums, begun, self.number, watched, self._sure, self.effects
        )
        totals = Totals(kernel.merging.zero, kernel.merging, kernel.merging)
        doubt = size = numpy.zeros(kernel.width)
        named = kernel.none_named()
        try:
            for part in self._map(kernel, self._sources[table].blocks(kernel.columns)):
                totals.add(part.sums)
                self.effect += part.effect
                named = [one | other for one, other in zip(named, part.named, strict=True)]
                doubt = numpy.maximum(doubt, part.doubt)
                size = numpy.maximum(size, numpy.abs(part.sums).max(axis=0, initial=0.0))
                for mine, others in ((self.values, part.values), (self.slopes, part.slopes)):
                    for name, each in others.items():
                        mine.setdefault(name, Extremes()).merge(each)
        except NotSure as error:
            error.kernel = kernel
            raise
        if (doubt > float_info.epsilon * size).any():
            raise NotSure("something is too small for a double", table)
        return kernel.found(totals.value(), named)
