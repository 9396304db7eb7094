"""Second derivatives of one output at many points: what a `Program` has of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backprop.chain.derivatives import tangent_graph
from backprop.engine.choosing import build
from backprop.engine.engines import Engine, TapeCode
from backprop.engine.underflow import SCALE
from backprop.evaluation.border_graph import border_graph
from backprop.evaluation.harmless import with_more
from backprop.evaluation.hessian_matrix import at_point, careful
from backprop.evaluation.leaves import constants
from backprop.evaluation.second_derivatives import SecondDerivatives
from backprop.evaluation.sweep_plan import Entries
from backprop.graph import Graph
from backprop.language import Model

if TYPE_CHECKING:
    from backprop.evaluation.looped_second import OftenByLoops

_STRAIGHT = 1000
"""The most steps of a graph that is straight-line code."""

_SAME = 1e-12
"""How far apart second derivatives are the same, relative."""


class OftenSecond:
    """The second derivatives of an output by n inputs, at any points; by loops as long as the Model has
    them. Where something is on a border, or not finite, each of them is looked at as `Model.hessian` does.

    inputs: the names of the numbers that are given. engine, runs: as for `compile`. gradient: what has the
    gradient.
    """

    def __init__(
        self,
        model: Model,
        output: str,
        inputs: Sequence[str],
        engine: str,
        runs: int,
        gradient: Engine,
    ) -> None:
        self._given = gradient
        self._model, self._output, self._inputs = model, output, tuple(inputs)
        self._engine, self._runs = engine, runs
        self._loops = _by_loops(model, output, self._inputs, engine, runs)

    @cached_property
    def _graph(self) -> Graph:
        return Graph(self._model.columns, [self._model.names[self._output]], self._model.labels)

    @cached_property
    def _leaves(self) -> list[int]:
        _ = self._graph  # of what is unrolled first
        return [self._model.names[name] for name in self._inputs]

    @cached_property
    def _fixed(self) -> dict[int, float]:
        _ = self._graph
        return constants(self._model)

    @cached_property
    def _borders(self) -> Engine | None:
        """What says whether something of the gradient, whose slopes choose, too, stands on a border."""
        graph = border_graph(self._second.graph)
        if graph is None:
            return None
        return build(graph, self._leaves, self._fixed, self._engine, self._runs)

    @cached_property
    def _moving(self) -> bool:
        """Whether the output has slopes by its inputs at all."""
        return any(self._second.graph.is_step(each) for each in self._second.graph.outputs)

    @cached_property
    def _large(self) -> bool:
        """Whether a tape is swept, forward; a small graph has a straight line for both ways."""
        return self._engine != "python" and len(self._graph.steps) > _STRAIGHT

    @cached_property
    def _second(self) -> SecondDerivatives:
        ready = self._engine != "python" and self._runs > 1
        return SecondDerivatives(self._graph, self._leaves, self._fixed, self._engine, ready)

    @cached_property
    def _along(self) -> Any:
        """What computes the derivative of a small graph along a direction, of which the gradient is the
        product."""
        graph, ways = tangent_graph(self._graph, dict.fromkeys(self._leaves))
        return build(graph, [*self._leaves, *ways], self._fixed, self._engine, self._runs)

    @cached_property
    def _gradient(self) -> Engine:
        """What has the gradient of the graph."""
        if not self._model.loops:
            return self._given
        return build(self._graph, self._leaves, self._fixed, self._engine, self._runs)

    def hessian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """All second derivatives, float64, shape (n, n); nan where there is none. x: shape (n,). Raises
        what `Model.hessian` raises."""
        if self._loops and (found := self._loops.hessian(x)) is not None:
            by_loops: NDArray[np.float64] = found
            return by_loops
        if not self._at_border(x):
            table = self._second.matrix(x.tolist()) if self._is_sure(x) else self._shaken(x)
            if np.isfinite(table).all():
                same: NDArray[np.float64] = table / 2 + table.T / 2
                return same
        return self._carefully(x)

    def entries(self, x: NDArray[np.float64]) -> Entries:
        """The second derivatives that can be other than 0. x: shape (n,). Raises what `Model.hessian`
        raises."""
        found = self._loops.entries(x) if self._loops else None
        if found is None and self._is_sure(x) and not self._at_border(x):
            found = self._second.entries(x.tolist())
        if found is not None and np.isfinite(found.values).all():
            return found.symmetric()
        return Entries.every(self.hessian(x)).some()

    def times(self, x: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
        """The second derivatives times a direction, float64, shape (n,). x, way: shape (n,). Raises what
        `Model.hessian` raises."""
        if self._loops and (swept := self._loops.times(x, way)) is not None:
            by_loops: NDArray[np.float64] = swept
            return by_loops
        sure = self._is_sure(x) and not self._at_border(x)
        if self._large and sure:
            product: NDArray[np.float64] = self._second.products(x.tolist(), way[None])[0]
            if np.isfinite(product).all():
                return product
        elif sure and self._moving:
            both = np.concatenate([x, way])
            found = self._along.run(both.tolist() if self._in_python else both)
            if found is not None:
                return np.array(found[1][: len(x)], dtype=np.float64)
        table = self.hessian(x)
        with np.errstate(all="ignore"):
            carefully: NDArray[np.float64] = np.where(way == 0, 0.0, table * way).sum(axis=1)
        if np.isinf(table).any():  # a product with what is too large for a double may be none
            from backprop.evaluation.hessian_parts import times

            given, direction = (
                dict(zip(self._inputs, each.tolist(), strict=True)) for each in (x, way)
            )
            carefully = times(self._model, given, direction, self._output, self._inputs).numbers
        return carefully

    @cached_property
    def _in_python(self) -> bool:
        from backprop.engine.engines import GeneratedPython, Interpreted

        return isinstance(self._along, (Interpreted, GeneratedPython))

    def _at_border(self, x: NDArray[np.float64]) -> bool:
        return self._borders is not None and self._borders.forward(x.tolist()) != 0

    def _is_sure(self, x: NDArray[np.float64]) -> bool:
        """Whether value and gradient are finite, and nothing on the way is too small for a double."""
        return self._gradient.is_sure(x if isinstance(self._gradient, TapeCode) else x.tolist())

    def _shaken(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """All second derivatives, if what is too small for a double has no say in them; else nan."""
        data = self._second.data(x.tolist())
        table: NDArray[np.float64] = self._second.table(data)
        if np.isfinite(data[self._graph.output]) and np.isfinite(table).all():
            near = with_more(self._second.graph, data)
            ways = SCALE * np.identity(len(x))
            if near and np.allclose(table, self._second.swept(near, ways) / SCALE, _SAME, 0):
                return table
        return np.full_like(table, np.nan)

    def _carefully(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        given = dict(zip(self._inputs, x.tolist(), strict=True))
        point = at_point(self._model, given, self._output, self._inputs, "auto")
        found: NDArray[np.float64] = careful(self._model, point).matrix
        return found


def _by_loops(
    model: Model, output: str, inputs: Sequence[str], engine: str, runs: int
) -> OftenByLoops | None:
    """What has the second derivatives by loops; None where loops do not have them."""
    if not model.loops:
        return None
    from backprop.evaluation.looped_second import OftenByLoops
    from backprop.loops.loop_model import LoopModel
    from backprop.loops.many import NotLoops

    assert isinstance(model, LoopModel)
    try:
        return OftenByLoops(model, output, inputs, engine, runs)
    except NotLoops:
        return None
