"""How an output bends, by loops: its second derivatives without a step of the unrolled text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy

from backprop.descent.objective import Bends
from backprop.evaluation.sweep_plan import LEAST, Entries, SweepPlan, sweep_plan
from backprop.loops.chunked import sizes
from backprop.loops.loop_model import LoopModel
from backprop.loops.ready import needed
from backprop.loops.second import LoopCurvature
from backprop.loops.walks import Doubtful

MOST_WORK = 500_000_000
"""The most steps times parameters: some ten seconds. For more, the gradients that differences need are
computed sooner."""


class ByLoops(Protocol):
    """An output by loops, as a function of inputs of these names. size: how many steps. by_graph: its second
    derivatives by the unrolled text, if that is not too large."""

    output: str

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def size(self) -> int: ...

    @property
    def by_graph(self) -> Bends | None: ...


class BendsOfLoops:
    """The second derivatives of an output by loops, a parameter after the other. Raises NotLoops where
    loops do not have them, TooLarge where memory is not enough."""

    def __init__(self, objective: ByLoops, model: LoopModel, given: Mapping[str, float]) -> None:
        self._objective = objective
        asked = needed(model, objective.output, objective.names, given)
        model.plan.check_room(sizes(model.plan.runs))
        self._loops = LoopCurvature(asked)
        self._count = len(objective.names)

    @cached_property
    def _ways(self) -> Any:
        return numpy.identity(self._count)

    @property
    def too_long(self) -> str:
        """Why a table of them takes too long, "" if it does not."""
        work, count = self._objective.size, self._count
        sweeps = count if self._plan is None else len(self._plan.ways)
        long = work * sweeps > MOST_WORK
        return f"{work:,} steps for each of {count:,} parameters take too long" if long else ""

    @cached_property
    def _plan(self) -> SweepPlan | None:
        """The directions that find all of them, where they are far fewer than the inputs."""
        return sweep_plan(self._loops.pattern()) if self._count >= LEAST else None

    def entries(self, x: Sequence[float]) -> Entries | None:
        if self._plan is None:
            return None
        try:
            return self._plan.entries(self._loops.at(numpy.array(x), self._plan.ways).products)
        except Doubtful:
            return None

    def at(self, x: Sequence[float]) -> Any:
        if self.too_long:
            return None
        try:
            if self._plan is not None:
                products = self._loops.at(numpy.array(x), self._plan.ways).products
                return self._plan.entries(products).dense()
            return self._loops.at(numpy.array(x), self._ways).products
        except Doubtful:
            by_graph = self._objective.by_graph
            return by_graph.at(x) if by_graph else None

    def times(self, x: Sequence[float], vector: Any) -> Any:
        try:
            return self._loops.at(numpy.array(x), vector[None, :]).products[0]
        except Doubtful:
            by_graph = self._objective.by_graph
            return by_graph.times(x, vector) if by_graph else None

    def sizes(self, x: Sequence[float]) -> Any:
        try:
            if self._plan is not None:
                products = self._loops.sizes(numpy.array(x), self._plan.ways).products
                return self._plan.entries(products).dense()
            return self._loops.sizes(numpy.array(x), self._ways).products
        except Doubtful:
            by_graph = self._objective.by_graph
            return by_graph.sizes(x) if by_graph else numpy.full(self._ways.shape, numpy.inf)
