"""Value and gradient of an output over rows of data, a block of rows at a time, in constant memory.

What depends on columns is a graph of one row, gone through with arrays in the place of its columns: the
chain rule is that of `chain.walk`. What is summed over rows leads to the graph of what is computed once.
Sums that other sums need come first: a level is a pass over the data. The passes back begin with what
needs most; the last one has every row's gradient, and what rows bring to that of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from backprop.by_rows.apart_derivatives import check_of_rows, check_once
from backprop.by_rows.block_kernel import (
    RowGraph,
    Summed,
)
from backprop.by_rows.bordering import bordering
from backprop.by_rows.many_points import OverPoints, values_at
from backprop.by_rows.once_graph import OnceGraph
from backprop.by_rows.passing import OnceAt, Passing, RowPasses, RowSource, SumsAndSlopes
from backprop.by_rows.row_models import read_part
from backprop.by_rows.taken_members import all_taken
from backprop.graph import in_order
from backprop.language.apart import NotApart, TwoTexts
from backprop.language.sizes import NO_SIZES, GivenSizes
from backprop.names import family
from backprop.operations import GATHERS
from backprop.source import Source


class RowProgram:
    """Equations over rows. output: a name that is computed once. still: as of `RowGraph`. whole: whether what
    does not lead to the output is computed, too. Raises NotApart where this is not the way."""

    def __init__(
        self,
        apart: TwoTexts,
        output: str,
        seed: int = 0,
        sizes: GivenSizes = NO_SIZES,
        still: Collection[str] = (),
        whole: bool = False,
    ) -> None:
        self.apart, self.output, self.seed, self.sizes = apart, output, seed, sizes
        lines = [apart.row.text, *(each.line for each in apart.taken)]
        self.row = read_part(Source(apart.row.name, "\n".join(lines)), seed, sizes)
        self.once = read_part(apart.once, seed, sizes)
        if output not in self.once.names:
            raise NotApart(f"{output} is no single number")
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
        if not whole:
            self.sums = [each for each in self.sums if each.total in self.leading]
            seen = self.leading | {*columns}
            leading = {name: table for name, table in with_rows.items() if name in seen}
            self.of_row = self.of_row._replace(tables=leading)
        self.levels = self._levels()
        self._passes = RowPasses(
            output,
            OnceGraph(self.once),
            self.of_row,
            self.shared,
            self.sums,
            self.levels,
            apart.counts,
            [name for name in self.once.names if whole or name in self.leading],
        )

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

    @cached_property
    def leading(self) -> set[str]:
        """The names that lead to the output: of what is computed once, or given, and of a row."""
        once, row = self.once, self.row
        found, left, sums = set[str](), {self.output}, list[Summed]()
        while left:
            found |= left
            nodes = [once.names[name] for name in left if name in once.names]
            found |= {once.labels.get(each, "") for each in in_order(nodes, once.columns.operands)}
            sums = [each for each in self.sums if each.total in found]
            left = {name for each in sums for name in each.reads} - found
        terms = in_order([each.term for each in sums], row.columns.operands)
        return found | {row.labels.get(node, "") for node in terms}

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
        passing = Passing(self._passes, given, sources, map_blocks, sure, over)
        passing.effects = effects
        return passing.all(watched)

    def values_at(
        self,
        points: Sequence[Mapping[str, float]],
        sources: Sequence[RowSource],
        over: OverPoints | None = None,
        map_blocks: Callable[..., Iterable[Any]] = map,
    ) -> list[float]:
        """The output at points, see `many_points.values_at`."""
        return values_at(self._passes, points, sources, over, map_blocks)

    def once_at(self, given: Mapping[str, float], sources: Sequence[RowSource]) -> OnceAt:
        """What is computed once, and needs no sums, at numbers for all inputs."""
        passing = Passing(self._passes, given, sources, map, False, None)
        return OnceAt(passing.number, passing.slopes_of)
