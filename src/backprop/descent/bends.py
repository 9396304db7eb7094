"""How an output bends, by loops: its second derivatives without a step of the unrolled text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy

from backprop.descent.objective import Bends
from backprop.evaluation.second_derivatives import COARSE_SIZE
from backprop.evaluation.sweep_plan import LEAST, Entries, SweepPlan, sweep_plan
from backprop.loops.chunked import sizes
from backprop.loops.line_curvature import LineCurvature
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.ready import needed
from backprop.loops.second import LoopCurvature
from backprop.loops.walks import Doubtful

_FEW_STEPS = 50_000
"""Recurrences of no more steps have second derivatives sooner by the graph of single steps."""

_LOOKED_AT = 200_000
"""Of recurrences of more steps, times parameters, it is not looked at what rounding does: seconds."""


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
    loops do not have them or a graph of single steps sooner, TooLarge where memory is not enough."""

    def __init__(self, objective: ByLoops, model: LoopModel, given: Mapping[str, float]) -> None:
        self._objective = objective
        asked = needed(model, objective.output, objective.names, given)
        model.plan.check_room(sizes(model.plan.runs))
        self._count = len(objective.names)
        self._loops: LoopCurvature | LineCurvature
        try:
            self._loops = LoopCurvature(asked)
        except NotLoops:
            if objective.size <= _FEW_STEPS:
                raise
            self._loops = LineCurvature(asked, by_code=True)

    @property
    def is_quick(self) -> bool:
        """Whether they take about as long as some gradients: those of recurrences take the time of many."""
        return isinstance(self._loops, LoopCurvature)

    @cached_property
    def _ways(self) -> Any:
        return numpy.identity(self._count)

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

    def at(self, x: Sequence[float], sizes: Sequence[float] = ()) -> Any:
        try:
            if self._plan is not None:
                products = self._loops.at(numpy.array(x), self._plan.ways).products
                return self._plan.entries(products).dense()
            return self._loops.at(numpy.array(x), self._ways).products
        except Doubtful:
            by_graph = self._objective.by_graph
            return by_graph.at(x, sizes) if by_graph else None

    def times(self, x: Sequence[float], vector: Any) -> Any:
        try:
            return self._loops.at(numpy.array(x), vector[None, :]).products[0]
        except Doubtful:
            by_graph = self._objective.by_graph
            return by_graph.times(x, vector) if by_graph else None

    def sizes(self, x: Sequence[float]) -> Any:
        if (
            isinstance(self._loops, LineCurvature)
            and self._count * self._objective.size > _LOOKED_AT
        ):
            table = self.at(x)
            return (
                numpy.full(self._ways.shape, numpy.inf)
                if table is None
                else COARSE_SIZE * abs(table)
            )
        try:
            if self._plan is not None:
                products = self._loops.sizes(numpy.array(x), self._plan.ways).products
                return self._plan.entries(products).dense()
            return self._loops.sizes(numpy.array(x), self._ways).products
        except Doubtful:
            by_graph = self._objective.by_graph
            return by_graph.sizes(x) if by_graph else numpy.full(self._ways.shape, numpy.inf)
