"""The graph of what is computed once, beside rows: which steps lead to some names is found once, and
gone through at every point."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from backprop.chain.walk import Walk, Writer
from backprop.graph import depending, in_order
from backprop.language.model import Model
from backprop.loops.domains import Reals


class WayBack(NamedTuple):
    """What the gradient of some names by all that they need goes through. nodes: all that leads to them,
    operands first; steps: of these the steps; guarded: what leads to a branch that may not be taken; moving:
    as of `Walk.moving`."""

    nodes: Sequence[int]
    steps: Sequence[int]
    guarded: set[int]
    moving: Container[int]


class OnceGraph:
    """Steps that are computed once. once: their Model."""

    def __init__(self, once: Model) -> None:
        self._once = once
        self.names: Mapping[str, int] = once.names
        self.columns = once.columns
        self.labels: Mapping[int, str] = once.labels
        self._orders: dict[tuple[str, ...], Sequence[int]] = {}
        self._ways: dict[tuple[int, ...], WayBack] = {}

    def order(self, names: Iterable[str]) -> Sequence[int]:
        """All that leads to those of the names that are computed once, operands first."""
        some = tuple(names)
        if some not in self._orders:
            nodes = [self.names[name] for name in some if name in self.names]
            self._orders[some] = in_order(nodes, self.columns.operands)
        return self._orders[some]

    def way_back(self, ends: Iterable[int], walk: Walk[Reals]) -> WayBack:
        """From some nodes back."""
        some = tuple(ends)
        if some not in self._ways:
            nodes = in_order(some, self.columns.operands)
            steps = [node for node in nodes if self.columns.is_step(node)]
            guarded = Walk(walk.writer, self.columns, steps, {}).guarded
            self._ways[some] = WayBack(nodes, steps, guarded, depending(self.columns, nodes, steps))
        return self._ways[some]


class OnceWalk(Walk[Reals]):
    """A walk through some of these steps, again and again."""

    def __init__(self, writer: Writer[Reals], graph: OnceGraph, known: Mapping[int, float]) -> None:
        super().__init__(writer, graph.columns, (), known)
        self._graph = graph
        self._moving: Container[int] = ()

    def back(self, seeds: Mapping[int, float]) -> dict[int, float]:
        """The gradients by all that leads to these nodes, by node."""
        way = self._graph.way_back(seeds, self)
        self.steps, self.guarded, self._moving = way.steps, way.guarded, way.moving
        return {node: float(each) for node, each in self.backward(seeds, way.nodes).items()}

    def moving(self, wanted: Iterable[int]) -> Container[int]:
        return self._moving
