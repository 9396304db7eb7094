"""Members that rows name, `alpha[county]`: which one each row takes, and what comes to each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy

from backprop.by_rows.reductions import CHUNK
from backprop.chain.walk import Walk
from backprop.graph import Columns, in_order
from backprop.language.apart import NotApart, TakenMember
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals, Wholes
from backprop.names import family

_MOST = 10_000_000
"""So many combinations of indices at most are looked up in an array."""


class Taken(NamedTuple):
    """What an input of a row takes its numbers from. leaf: its node. members: names. numbers,
    nodes: of each index a number, or, if that is not -1, the node that is it in each row. lows: their least.
    lookup: by indices the number of a member, -1 where there is none."""

    leaf: int
    members: Sequence[str]
    numbers: Sequence[int]
    nodes: Sequence[int]
    lows: Sequence[int]
    lookup: Wholes

    def positions(self, found: Callable[[int], Spread], rows: int) -> Wholes:
        """The number of the member of each row, -1 for one that there is not. found: numbers of nodes."""
        code, outside = numpy.zeros(rows, dtype=numpy.int64), numpy.zeros(rows, dtype=bool)
        shape = self.lookup.shape
        for index, node, low, size in zip(self.numbers, self.nodes, self.lows, shape, strict=True):
            numbers = numpy.asarray(found(node) if node >= 0 else index, dtype=float) - low
            inside = (numbers >= 0) & (numbers < size) & (numbers == numpy.floor(numbers))
            outside |= ~inside
            code *= size
            code += numpy.where(inside, numbers, 0.0).astype(numpy.int64)
        positions: Wholes = self.lookup.reshape(-1)[code]
        positions[outside] = -1
        return positions


def places(
    writer: ArrayWriter,
    graph: Columns,
    taken: Sequence[Taken],
    known: Mapping[int, Spread],
    rows: int,
) -> list[Wholes]:
    """Of each which member each row takes, see `Taken.positions`. known: numbers of columns by node."""
    nodes = in_order([x for each in taken for x in each.nodes if x >= 0], graph.operands)
    walk: Walk[Reals] = Walk(writer, graph, [*filter(graph.is_step, nodes)], known)
    walk.forward()
    return [each.positions(walk.found.__getitem__, rows) for each in taken]


def by_member(positions: Wholes, slopes: Spread, count: int) -> Reals:
    """What comes to each of so many members in each chunk: shape (chunks, count). positions, slopes: of
    rows."""
    slopes = numpy.broadcast_to(numpy.asarray(slopes, dtype=float), len(positions))
    starts = range(0, len(positions), CHUNK)
    found = numpy.empty((len(starts), count))
    for at, start in enumerate(starts):
        some = slice(start, start + CHUNK)
        found[at] = numpy.bincount(positions[some], slopes[some], count)
    return found


def add_of_members(
    slopes: dict[str, Spread],
    taken: Sequence[Taken],
    positions: Sequence[Wholes],
    gradients: Mapping[int, Spread],
) -> None:
    """Add what comes to each member in each row, by name. positions: of each which member a row takes.
    gradients: by nodes."""
    for each, some in zip(taken, positions, strict=True):
        for at, name in enumerate(each.members):
            slope = numpy.where(some == at, gradients[each.leaf], 0.0)
            slopes[name] = numpy.add(slopes[name], slope) if name in slopes else slope


def all_taken(
    taken: Sequence[TakenMember], row_names: Mapping[str, int], members: Mapping[str, Any]
) -> Iterator[Taken]:
    """Every input of a row that takes its numbers from members. row_names: the nodes of a row by name.
    members: by the names of what is computed once. Raises NotApart."""
    for each in taken:
        names = [name for name in members if family(name) == each.family]
        lows, lookup = _looked_up([_indices(name) for name in names])
        if lookup.ndim != len(each.indices):
            raise NotApart(f"{each.family} has another number of indices")
        for name, leaf in row_names.items():
            if (family(name) or name) != each.name:
                continue
            own, behind = _indices(name), name[len(each.name) :]
            numbers, nodes = list[int](), list[int]()
            for index in each.indices:
                nodes.append(row_names[index + behind] if isinstance(index, str) else -1)
                plain = 0 if isinstance(index, str) else index
                numbers.append(own[~plain] if plain < 0 else plain)
            yield Taken(leaf, names, numbers, nodes, lows, lookup)


def _looked_up(indices: Sequence[Sequence[int]]) -> tuple[list[int], Wholes]:
    """The least of each index, and by how far it is from that the number of each of some members."""
    if not indices or len({len(each) for each in indices}) > 1:
        raise NotApart("rows name members of no family")
    lows = [min(column) for column in zip(*indices, strict=True)]
    highs = [max(column) for column in zip(*indices, strict=True)]
    shape = [high - low + 1 for low, high in zip(lows, highs, strict=True)]
    if prod(shape) > _MOST:
        raise NotApart("rows name members that are far apart")
    lookup = numpy.full(shape, -1, dtype=numpy.int64)
    lookup[tuple(numpy.array(indices).T - numpy.array(lows)[:, None])] = numpy.arange(len(indices))
    return lows, lookup


def _indices(name: str) -> list[int]:
    """Those of a member, none of a name without any."""
    own = family(name)
    return [int(each) for each in name[len(own) + 1 : -1].split(",")] if own else []
