"""Which derivatives of a graph can be other than 0, and which of them one sweep finds together.

The structure is read off the graph, in time linear in its size where it is sparse (the forward propagation
of index sets: Walther, Computing sparse Hessians with automatic differentiation, ACM TOMS 34, 2008); where
much depends on much that ends early, and everything counts as dependent. Columns that have no row in
common get one colour and one sweep; rows in which nearly everything stands have a sweep of their own, or
an arrow would need as many colours as columns (Gebremedhin, Manne, Pothen, What color is your Jacobian?,
SIAM Review 47, 2005).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from backprop.chain.derivatives import derivative_graph
from backprop.graph import Columns, Graph
from backprop.operations import OPERATIONS

Sparsity = list[list[int]]
"""For each row of a matrix the columns that can be other than 0, in order."""

_MOST = 50
"""Entries for each node of a graph beyond which it counts as dense."""


class Colouring(NamedTuple):
    """How few sweeps find a matrix. alone: rows with a sweep of their own. colours: of each column; all
    columns of a colour are added up by one sweep; -1: it is known without one. size: how many there are."""

    alone: Sequence[int]
    colours: Sequence[int]
    size: int


@cache
def sloping(name: str) -> tuple[int, ...]:
    """The operands by which an operation has a slope, by their places."""
    return tuple(at for at, slope in enumerate(OPERATIONS[name].slopes) if slope != "0")


def sloping_at(columns: Columns | Graph, step: int) -> tuple[int, ...]:
    """The operands by which a step has a slope, by their places: by none whose slope is another operand
    that is the number 0, as in `0*x`."""
    name = columns.op(step)
    found = sloping(name)
    if _operand_slopes(name):
        operands = columns.operands(step)
        zeros = [
            each for each in operands if columns.is_number(each) and not columns.constant(each)
        ]
        if zeros:
            others = _operand_slopes(name)
            found = tuple(at for at in found if operands[others.get(at, at)] not in zeros)
    return found


@cache
def _operand_slopes(name: str) -> dict[int, int]:
    """The places of the operands whose slope is another operand, and of that."""
    row = OPERATIONS[name]
    places = {each: at for at, each in enumerate(row.operands)}
    return {at: places[slope] for at, slope in enumerate(row.slopes) if slope in places}


@cache
def bending(name: str, still: tuple[bool, ...]) -> tuple[tuple[int, int], ...]:
    """The pairs of operands by which an operation has second derivatives, by their places. still: which
    operands are numbers."""
    columns = Columns()
    operands = [columns.input() for _ in still]
    slopes = derivative_graph(Graph(columns, [columns.step(name, operands)]), operands)
    moving = [at for at in sloping(name) if not still[at]]
    found = set[tuple[int, int]]()
    for one in moving:
        alone = Graph(slopes.columns, [slopes.outputs[one]])
        second = derivative_graph(alone, operands)
        for other in moving:
            row = second.outputs[other]
            if not (second.is_number(row) and second.constant(row) == 0.0):
                found |= {(one, other), (other, one)}
    return tuple(sorted(found))


class _Dense(Exception):
    """There is too much that depends on too much."""


class _Sets:
    """For some nodes those of `wrt` that they depend on, by their places there: inputs, and steps.

    roots: the nodes that are asked for. A node that only one step uses is looked through, and has no
    set of its own: so a sum of a thousand terms costs a thousand, and not half a million.
    """

    def __init__(self, graph: Graph, wrt: Sequence[int], roots: Iterable[int], most: int) -> None:
        self._graph, self._left = graph, most
        asked = set(roots)
        uses = dict.fromkeys(asked, 2)
        for step in reversed(graph.steps):
            if step in uses:
                for operand in self._operands(step):
                    uses[operand] = uses.get(operand, 0) + 1
        own = {node: {at} for at, node in enumerate(wrt)}
        self._known = {node: at for node, at in own.items() if not graph.is_step(node)}
        for step in graph.steps:
            if step in own:  # what leads there counts as well
                self._known[step] = own[step] | self._below(step)
            elif uses.get(step, 0) > 1:
                self._known[step] = self._below(step)
        self.of = {node: self._known.get(node, set()) for node in asked}

    def _operands(self, step: int) -> list[int]:
        operands = self._graph.operands(step)
        return [operands[at] for at in sloping_at(self._graph, step)]

    def _below(self, step: int) -> set[int]:
        """What leads to a step, through steps that nothing else uses."""
        found, stack, known, is_step = set[int](), [step], self._known, self._graph.is_step
        while stack:
            for operand in self._operands(stack.pop()):
                if operand in known:
                    found |= known[operand]
                    self._left -= len(known[operand])
                elif is_step(operand):
                    stack.append(operand)
        if self._left < 0:
            raise _Dense
        return found


def jacobian_pattern(graph: Graph, wrt: Sequence[int]) -> Sparsity | None:
    """For each output of a graph the places in `wrt` of the nodes that it has derivatives by; None
    where that is nearly all of them, or they are too many to tell.

        >>> columns = Columns()
        >>> x, y = columns.input(), columns.input()
        >>> jacobian_pattern(Graph(columns, [columns.step("sin", [y]), x]), [x, y])
        [[1], [0]]
    """
    try:
        of = _Sets(graph, wrt, graph.outputs, _most(graph, wrt)).of
    except _Dense:
        return None
    return [sorted(of[output]) for output in graph.outputs]


def hessian_pattern(graph: Graph, wrt: Sequence[int]) -> Sparsity | None:
    """For each of `wrt` the places of those with which the output of a graph can have a second derivative
    other than 0; None where that is nearly all of them, or they are too many to tell.

        >>> columns = Columns()
        >>> x, y, z = (columns.input() for _ in "xyz")
        >>> output = columns.step("+", [columns.step("*", [x, y]), columns.step("sin", [z])])
        >>> hessian_pattern(Graph(columns, [output]), [x, y, z])
        [[1], [0], [2]]
    """
    live, bent = {graph.output}, list[tuple[int, tuple[tuple[int, int], ...]]]()
    for step in reversed(graph.steps):
        if step not in live:
            continue
        operands, name = graph.operands(step), graph.op(step)
        live.update([operands[at] for at in sloping(name)])
        if pairs := bending(name, tuple([graph.is_number(each) for each in operands])):
            bent.append((step, pairs))
    left = _most(graph, wrt)
    rows: list[set[int]] = [set() for _ in wrt]
    done = set[tuple[int, int]]()
    try:
        roots = (graph.operands(step)[at] for step, pairs in bent for at, _ in pairs)
        sets = _Sets(graph, wrt, roots, left).of
        for step, pairs in bent:
            operands = graph.operands(step)
            for one, other in pairs:
                both = operands[one], operands[other]
                if both in done:
                    continue
                done.add(both)
                left -= len(sets[both[0]]) * len(sets[both[1]])
                if left < 0:
                    raise _Dense
                for at in sets[both[0]]:
                    rows[at] |= sets[both[1]]
    except _Dense:
        return None
    return [sorted(row) for row in rows]


def _most(graph: Graph, wrt: Sequence[int]) -> int:
    return _MOST * (len(graph.steps) + len(wrt))


def coloured(pattern: Sparsity, width: int) -> Colouring:
    """The colours of the columns of a matrix, `width` of them: two columns with an entry in the same row,
    of those rows that have no sweep of their own, have two."""
    alone = _alone(pattern)
    return Colouring(alone, *_colours(pattern, width, set(alone), ()))


def coloured_symmetric(pattern: Sparsity) -> Colouring:
    """The colours of the columns of a symmetric matrix, of which those are known whose rows have a sweep of
    their own.

        >>> arrow = [[0, 1, 2, 3], [0, 1], [0, 2], [0, 3]]
        >>> coloured_symmetric(arrow)
        Colouring(alone=[0], colours=[-1, 0, 0, 0], size=1)
    """
    alone = _alone(pattern)
    return Colouring(alone, *_colours(pattern, len(pattern), set(alone), alone))


def _alone(pattern: Sparsity) -> list[int]:
    """The rows that have a sweep of their own: as many as make the fewest sweeps with the colours that
    the fullest of the others needs."""
    by_size = sorted(range(len(pattern)), key=lambda row: -len(pattern[row]))
    sizes = [*(len(pattern[row]) for row in by_size), 0]
    count = min(range(len(sizes)), key=lambda count: count + sizes[count])
    return sorted(by_size[:count])


def _colours(
    pattern: Sparsity, width: int, alone: set[int], without: Iterable[int]
) -> tuple[list[int], int]:
    """A colour for each column but those `without`: the first that no column has that shares a row, of
    rows that are not alone; and how many there are."""
    colours = [-1] * width
    rows: list[list[int]] = [[] for _ in range(width)]
    for row, columns in enumerate(pattern):
        if row not in alone:
            for column in columns:
                rows[column].append(row)
    leaving = set(without)
    taken: list[set[int]] = [set() for _ in pattern]
    count = 0
    for column in range(width):
        if column in leaving or not rows[column]:
            continue
        used = set[int]().union(*[taken[row] for row in rows[column]])
        colour = next(each for each in range(len(used) + 1) if each not in used)
        colours[column] = colour
        for row in rows[column]:
            taken[row].add(colour)
        count = max(count, colour + 1)
    return colours, count
