"""The derivatives of a graph's outputs along directions, by machine code, at one point after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from backprop.engine.elimination import Elimination
from backprop.engine.engines import TapeCode
from backprop.engine.tape import Doubles, Indices, Keys
from backprop.graph import Graph

_SECONDS = 3.5e-7, 0.005
"""What it takes to eliminate steps of a tape: for each place, and to begin with."""

_SWEEP = 4.5e-10
"""Seconds that a sweep of a tape takes for a place and a direction, of several at once."""

_MANY = 8
"""Fewer directions than these take as long, and do not profit from fewer steps."""

_FAILED = 20
"""After so many points that only the tape had numbers for, others have these from there as well."""


class TapeSweeps:
    """The derivatives of the outputs of a graph along directions.

    leaves: the inputs that directions are given by. fixed: the numbers of others. The first sweeps go
    along a tape. When there have been so many that eliminating steps would have taken no longer, steps are
    eliminated. Raises NoMachineCode.
    """

    def __init__(self, graph: Graph, leaves: Sequence[int], fixed: Mapping[int, float]) -> None:
        self.code = TapeCode(graph, leaves, fixed)
        self._count = len(leaves)
        self._outputs: Keys = np.array(graph.outputs)
        self._spent = 0.0
        self._few: Elimination | None = None
        self._failed = 0
        self._direct: tuple[Keys, Keys, Indices | None] | None = None
        """For some rows and columns where elimination has left their entries."""

    def products(
        self, x: Sequence[float], ways: Doubles | None, sizes: bool = False
    ) -> Doubles | None:
        """The derivatives along directions, (ways, outputs); None where something is not finite.

        ways: shape (ways, leaves); None for those of the leaves, if the outputs are the gradient by these, so
        that what comes out is symmetric. sizes: with the sizes of all slopes in their place.
        """
        if ways is not None and len(ways) == 1 and not sizes:
            return self._along(x, ways)
        arrays, count = self.code.own.made, self._count
        arrays.values[:count] = x
        if not arrays.forward():
            return None
        few = None if sizes else self._eliminated(ways)
        if few:
            found = few.table(arrays) if ways is None else few.products(arrays, ways)
            if found is not None and np.isfinite(found).all():
                return found
            self._failed += 1
        ways = self._by_inputs(np.identity(count) if ways is None else ways)
        found = arrays.tangents(ways, self._outputs, sizes)
        return found if np.isfinite(found).all() else None

    def _along(self, x: Sequence[float], ways: Doubles) -> Doubles | None:
        arrays = self.code.own.made
        arrays.values[: self._count] = x
        found = arrays.along(self._by_inputs(ways)[0], self._outputs)
        return found[None] if found is not None and np.isfinite(found).all() else None

    def _by_inputs(self, ways: Doubles) -> Doubles:
        """Directions by all inputs of the tape."""
        others = len(self.code.tape.inputs) - self._count
        return np.concatenate([ways, np.zeros((len(ways), others))], axis=1) if others else ways

    def entries(self, x: Sequence[float], rows: Keys, columns: Keys) -> Doubles | None:
        """The derivatives of outputs by leaves, by their places: where no sweep is needed for these, because
        steps have been eliminated and nothing else is left; else None."""
        if not self._few:
            return None
        if not self._direct or self._direct[0] is not rows or self._direct[1] is not columns:
            self._direct = rows, columns, self._few.places(rows, columns)
        places, arrays = self._direct[2], self.code.own.made
        if places is None:
            return None
        arrays.values[: self._count] = x
        return self._few.numbers(arrays, places) if arrays.forward() else None

    def _eliminated(self, ways: Doubles | None) -> Elimination | None:
        """What some directions need of the tape; None for few, and where it is not worth its time: yet, or
        any more, because products of slopes do not fit into doubles. ways: as of `products`."""
        count, size = self._count if ways is None else len(ways), self.code.tape.size
        if (ways is None and count < _MANY) or self._failed > _FAILED:
            return None
        self._spent += _SWEEP * size * max(count, _MANY)
        step, begin = _SECONDS
        if not self._few and self._spent > step * size + begin:
            self._few = Elimination(self.code.tape, self._count, self._outputs)
        return self._few if count >= _MANY else None
