"""In which order a walk from an output leaves the members that lead there: that of `graph.in_order`.

The nodes of the walk are the members that are computed, and the sums in their bodies, one node for each
combination of a sum's home: who comes there again finds all of its terms visited.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy

from backprop.graph import in_order
from backprop.loops.domains import Domain, Wholes
from backprop.loops.parts import Use
from backprop.loops.plan import Plan
from backprop.loops.rows import Gathered
from backprop.loops.unnamed import Unnamed


def visits(plan: Plan, output: str, place: int) -> Mapping[str, Wholes]:
    """Of each family the number of each member that is computed and leads to the output, as a walk
    leaves them, operands first; -1 for others. Raises NotLoops."""
    walk, unnamed = _Walk(plan), Unnamed(plan)
    inputs = walk.inputs
    for number in plan.computed:
        loop = plan.loops[number]
        places = plan.families[loop.family].places(loop.indices)
        walk.enter(loop.root, loop.domain, loop.domain, walk.starts[loop.family] + places)
    for each in unnamed.pieces:
        walk.uses = {**plan.uses, **{use.row: use for use in each.block.uses}}
        walk.enter(each.root, each.home, each.home, walk.starts[each.family] + each.places)
    left = numpy.array(walk.order(walk.starts[output] + place), dtype=numpy.int64)
    left = left[left < walk.members]
    for name in {each.family for each in unnamed.pieces}:
        start = walk.starts[name]
        left = left[(left < start) | (left >= start + plan.families[name].size)]
    found = numpy.full(walk.members, -1, dtype=numpy.int64)
    found[left] = numpy.arange(len(left))
    found[inputs] = -1  # of an output that is one
    ends = {name: walk.starts[name] + family.size for name, family in plan.families.items()}
    return {name: found[walk.starts[name] : end] for name, end in ends.items()}


class _Walk:
    """starts: of each family the node of its first member. members: how many nodes are members. inputs: which
    of these are not computed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.uses: Mapping[int, Use] = plan.uses
        """What is read by the bodies that are entered."""
        self.starts: dict[str, int] = {}
        self.members = 0
        for name, family in plan.families.items():
            self.starts[name] = self.members
            self.members += family.size
        computed = [*plan.computed]
        owners = [family.owner for family in plan.families.values()]
        self.inputs = numpy.isin(numpy.concatenate(owners), computed, invert=True)
        self._sums: dict[int, int] = {}
        self._size = self.members
        self._edges: list[tuple[Wholes, Wholes, Wholes, int]] = []

    def enter(self, root: int, domain: Domain, base: Domain, nodes: Wholes) -> None:
        """Enter what a body reads. domain: of the body. base: the domain of its nodes."""
        columns, uses = self._plan.columns, self.uses
        sums = [row for row in [root] if isinstance(columns.specials.get(row), Gathered)]

        def needs(row: int) -> tuple[int, ...]:
            if row in uses or (row != root and isinstance(columns.specials.get(row), Gathered)):
                return ()
            return columns.operands(row)

        order = [root] if sums else in_order([root], needs)
        for at, row in enumerate(order):
            if row in uses:
                use = uses[row]
                family = self._plan.families[use.family]
                below = numpy.arange(family.size)[use.places] + self.starts[use.family]
                if self.inputs[below].all():
                    continue
            elif isinstance(columns.specials.get(row), Gathered):
                below = self._sum(row)
            else:
                continue
            home = columns.homes[row]
            between = home if home.depth > base.depth else base
            first = _first(between, domain)
            below = between.lifted(below if home.parent else below[0], home)
            there = (first >= 0) & ~self.inputs[numpy.minimum(below, self.members - 1)]
            there |= (first >= 0) & (below >= self.members)
            up = between.lifted(numpy.arange(base.size) if base.parent else 0, base)[there]
            self._edges.append((nodes[up], first[there], below[there], at))

    def _sum(self, row: int) -> Wholes:
        """The nodes of a sum, one for each combination of its home."""
        columns = self._plan.columns
        home, special = columns.homes[row], columns.specials[row]
        assert isinstance(special, Gathered)
        if row not in self._sums:
            self._sums[row] = start = self._size
            self._size += home.size
            nodes = numpy.arange(start, start + home.size)
            self.enter(special.row, columns.homes[special.row], home, nodes)
        return numpy.arange(self._sums[row], self._sums[row] + home.size)

    def order(self, root: int) -> list[int]:
        """The nodes that a walk from the root comes to, operands first; without inputs."""
        none = numpy.zeros(0, dtype=numpy.int64)
        edges, self._edges = [*self._edges, (none, none, none, 0)], []
        bodies = numpy.repeat([each[3] for each in edges], [len(each[0]) for each in edges])
        heads, turns, tails = (
            numpy.concatenate([each[part] for each in edges]) for part in range(3)
        )
        edges.clear()
        order = numpy.lexsort((bodies, turns, heads))
        ends = numpy.searchsorted(heads[order], numpy.arange(self._size + 1)).tolist()
        tails = tails[order]
        del heads, turns, bodies, order
        return _left(ends, tails.tolist(), root)


def _first(some: Domain, within: Domain) -> Wholes:
    """For each combination of a domain the first one further in that extends it, -1 where none does."""
    if some is within:
        return numpy.arange(within.size)
    up = within.lifted(numpy.arange(some.size) if some.parent else 0, some).astype(numpy.int64)
    first = numpy.full(some.size, -1, dtype=numpy.int64)
    first[up[::-1]] = numpy.arange(within.size)[::-1]
    return first


def _left(ends: list[int], operands: list[int], root: int) -> list[int]:
    """The nodes that a walk from the root leaves, in order. ends: the operands of node k are those
    from ends[k] to ends[k+1]."""
    order: list[int] = []
    seen = bytearray(len(ends))
    seen[root] = 1
    nexts = ends[:]
    stack = [root]
    while stack:
        node = stack[-1]
        for at in range(nexts[node], ends[node + 1]):
            operand = operands[at]
            if seen[operand]:
                continue
            seen[operand] = 1
            if ends[operand] != ends[operand + 1]:
                nexts[node] = at + 1
                stack.append(operand)
                break
            order.append(operand)
        else:
            order.append(node)
            stack.pop()
    return order
