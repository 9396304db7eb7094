"""Value and gradient of an output over rows of data, a block of rows at a time, in constant memory.

What depends on columns is a graph of one row, gone through with arrays in the place of its columns: the
chain rule is that of `chain.walk`. What is summed over rows leads to the graph of what is computed once.
Sums that other sums need come first: a level is a pass over the data. The passes back begin with what
needs most; the last one has every row's gradient, and what rows bring to that of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import isfinite
from sys import float_info
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy

from backprop.by_rows.apart_derivatives import check_of_rows, check_once
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
from backprop.by_rows.bordering import bordering
from backprop.by_rows.reductions import Extremes, Totals
from backprop.by_rows.row_gathers import adds
from backprop.by_rows.row_models import read_part
from backprop.by_rows.taken_members import all_taken
from backprop.chain.walk import Walk
from backprop.graph import in_order
from backprop.language.apart import NotApart, TwoTexts
from backprop.language.sizes import NO_SIZES, GivenSizes
from backprop.loops.arrays import ArrayWriter, finite
from backprop.loops.domains import Reals
from backprop.names import family
from backprop.operations import GATHERS
from backprop.source import Source


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


class RowProgram:
    """Equations over rows. output: a name that is computed once. still: as of `RowGraph`. Raises NotApart
    where this is not the way."""

    def __init__(
        self,
        apart: TwoTexts,
        output: str,
        seed: int = 0,
        sizes: GivenSizes = NO_SIZES,
        still: Collection[str] = (),
    ) -> None:
        self.apart, self.output, self.seed, self.sizes = apart, output, seed, sizes
        lines = [apart.row.text, *(each.line for each in apart.taken)]
        self.row = read_part(Source(apart.row.name, "\n".join(lines)), seed, sizes)
        self.once = read_part(apart.once, seed, sizes)
        if output not in self.once.names:
            raise NotApart(f"{output} is no single number")
        self._once_graph = self.once.graph(output)
        names = self.row.names
        is_step = self.row.columns.is_step
        leaves = {name: node for name, node in names.items() if not is_step(node)}
        columns = {name: leaves[name] for name in apart.columns if name in leaves}
        taken = [*all_taken(apart.taken, names, self.once.names)]
        of_members = {each.leaf: each for each in taken}
        self.shared = {
            name: node
            for name, node in leaves.items()
            if name not in columns and node not in of_members
        }
        """The inputs of a row that all rows have in common."""
        tables = {**apart.columns, **apart.families}
        named = {name: tables.get(family(name) or name, -1) for name in names}
        with_rows = {name: table for name, table in named.items() if table >= 0}
        self.of_row = RowGraph(
            self.row.columns, names, self.shared, columns, with_rows, of_members, still
        )
        self.sums = [*self._summed()]
        check_once(self.once, {each.total for each in self.sums})
        check_of_rows(self.row, self.once, self.shared, of_members, self._totals_of)
        self.levels = self._levels()

    @cached_property
    def bordering(self) -> set[str]:
        """The operations of steps that may stand on a border and move, and those that join rows."""
        row, once = self.row.columns, self.once.columns
        found, moving = bordering(row, [*self.shared.values(), *self.of_row.taken])
        every = [x for x in range(len(once)) if not (once.is_step(x) or once.is_number(x))]
        joined = {GATHERS[each.gather].joined_by for each in self.sums if each.term in moving}
        return found | bordering(once, every)[0] | joined

    def _summed(self) -> Iterator[Summed]:
        """Every number that is summed and leads to the output, or to what does."""
        asked = {*self.once.names, *self.shared}
        labels = {node: name for name, node in self.shared.items()}
        for each in self.apart.sums:
            for name, node in self.row.names.items():
                if (family(name) or name) != each.term:
                    continue
                total = each.total + name[len(each.term) :]
                if total not in asked:
                    continue
                inside = in_order([node], self.row.columns.operands)
                reads = {labels[other] for other in inside if other in labels}
                taken = self.of_row.taken
                reads |= {x for other in inside if other in taken for x in taken[other].members}
                yield Summed(node, name, total, each.table, frozenset(reads), each.gather)

    def _levels(self) -> list[list[Summed]]:
        """The sums in passes: each after those that it needs. Raises NotApart for a circle."""
        behind = {each.total: self._totals_of(each.reads) for each in self.sums}
        level: dict[str, int] = {}
        left = [*self.sums]
        while left:
            ready = [each for each in left if behind[each.total] <= level.keys()]
            if not ready:
                raise NotApart("sums need one another")
            now = {
                each.total: 1 + max((level[x] for x in behind[each.total]), default=-1)
                for each in ready
            }
            level |= now
            left = [each for each in left if each.total not in level]
        found: list[list[Summed]] = [[] for _ in range(1 + max(level.values(), default=-1))]
        for each in self.sums:
            found[level[each.total]].append(each)
        return found

    def _totals_of(self, names: Iterable[str]) -> set[str]:
        """The sums that lead to names."""
        totals = {each.total for each in self.sums}
        known = [self.once.names[name] for name in names if name in self.once.names]
        labels = self.once.labels
        inside = {labels.get(node, "") for node in in_order(known, self.once.columns.operands)}
        return totals & (inside | {*names})

    def value_and_gradient(
        self,
        given: Mapping[str, float],
        sources: Sequence[RowSource],
        watched: bool = False,
        map_blocks: Callable[..., Iterable[Any]] = map,
        sure: bool = True,
        over: Callable[[int, Sequence[Summed]], Any] | None = None,
        effects: bool = False,
    ) -> SumsAndSlopes:
        """Both, at numbers for all inputs. sources: of each table its rows. watched: whether it is noted
        how large what has rows is. map_blocks: as `map`, perhaps by threads. sure: whether borders, and what
        is too small for a double, are refused. over: what passes over the rows of a table in the place of
        blocks, see `MachineRows.over`. effects: whether these are asked for. Raises NotSure."""
        passing = _Passing(self, given, sources, map_blocks, sure, over)
        passing.effects = effects
        return passing.all(watched)

    def once_at(self, given: Mapping[str, float], sources: Sequence[RowSource]) -> OnceAt:
        """What is computed once, and needs no sums, at numbers for all inputs."""
        passing = _Passing(self, given, sources, map, False, None)
        return OnceAt(passing.number, passing.slopes_of)


class _Passing:
    """All passes at one point."""

    effects = False
    """Whether what roundings do is asked for."""
    effect = 0.0

    def __init__(
        self,
        program: RowProgram,
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
        once = program.once
        self._walk: Walk[Reals] = Walk(self._writer, once.columns, (), self._leaves_once())
        self._states: dict[str, Reals] = {}
        self.values: dict[str, Extremes] = {}
        self.slopes: dict[str, Extremes] = {}

    def _leaves_once(self) -> dict[int, float]:
        names = self._program.once.names
        return {names[name]: number for name, number in self._known.items() if name in names}

    def _compute(self, names: Iterable[str]) -> None:
        """Compute what is computed once, as far as these need it."""
        once, walk = self._program.once, self._walk
        nodes = [once.names[name] for name in names if name in once.names]
        for step in in_order(nodes, once.columns.operands):
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
            return self._passed(value, by)
        by, seeds = {}, dict[str, float]()
        for at in range(len(levels) - 1, -1, -1):
            above = self._back({program.output: 1.0}, by)
            seeds |= {each.total: above.get(each.total, 0.0) for each in levels[at]}
            if at:
                for name, slope in self._pass(levels[at], seeds, False).slopes.items():
                    by[name] = by.get(name, 0.0) + slope
        self.effect = 0.0
        return self._passed(value, self._pass(program.sums, seeds, watched).slopes)

    def _passed(self, value: float, by: Mapping[str, float]) -> SumsAndSlopes:
        program = self._program
        gradients = self._back({program.output: 1.0}, by)
        data = {}
        self._compute(program.once.names)
        for name in program.once.names:
            data[name] = float(self.number(name))
        data |= {name: self._known[name] for name in program.shared if name in self._known}
        if not all(map(numpy.isfinite, gradients.values())):
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
        if name in names:
            if names[name] not in self._walk.found:
                self._compute([name])
            found = self._walk.found[names[name]]
            return float(found)
        return self._leaf(name)

    def _leaf(self, name: str) -> float:
        """The number of an input, or how many rows there are."""
        counts = self._program.apart.counts
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
        nodes = in_order([*named], once.columns.operands)
        walk = self._walk
        walk.steps = [node for node in nodes if once.columns.is_step(node)]
        walk.guarded = Walk(self._writer, once.columns, walk.steps, {}).guarded
        with self._writer.watched():
            found = walk.backward(dict(named), nodes)
        labels = once.labels
        gradients = {
            labels[node]: float(slope) + 0.0 for node, slope in found.items() if node in labels
        }
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
        totals = Totals(kernel.merging.zero, kernel.merging)
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
