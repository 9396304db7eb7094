"""Second derivatives of an output over rows of data, by passes over them.

Of what is computed once, the output is a function of inputs and of what is gathered over rows, S; and this is
one of inputs, of other S and of what is computed once, u. With s for the gradient of the output by S, and
dS, du for how both move with the inputs, in order from the first level on:

    H = Σ s du' (∂²S/∂u²) du + dz' Λ'' dz

where z are inputs and S, and Λ the output and, times what rows bring to their gradients, all u.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from backprop.by_rows.bent_rows import RowBends, RowPoint, SumBends
from backprop.by_rows.bent_sizes import sizes_of_bends
from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.passing import OnceAt, RowSource, SumsAndSlopes
from backprop.by_rows.row_gathers import adds
from backprop.by_rows.row_program import RowProgram
from backprop.evaluation.second_derivatives import SecondDerivatives
from backprop.graph import Graph, depending
from backprop.loops.domains import Reals

Mapped = Callable[..., Iterable[Any]]


class RowsBent(NamedTuple):
    """The output, its gradient by n inputs, (n,), and its second derivatives times w directions, (w, n)."""

    value: float
    gradient: Reals
    products: Reals


class _Lagrangian(NamedTuple):
    """How Λ bends. names: what it is a function of, x: their numbers."""

    second: SecondDerivatives
    names: Sequence[str]
    x: list[float]


class RowsBending:
    """The second derivatives of an output by n inputs. names: of these. Raises NotApart where this is not the
    way."""

    def __init__(self, program: RowProgram, names: Sequence[str]) -> None:
        self._program, self.names = program, [*names]
        once = program.once
        totals = [each.total for level in program.levels for each in level]
        self._z = [*names, *totals]
        nodes = [once.names[name] for name in self._z if name in once.names]
        steps = [node for node in range(len(once.columns)) if once.columns.is_step(node)]
        moving = depending(once.columns, nodes, steps)
        self._u = [
            name
            for name in program.shared
            if (once.names[name] in moving if name in once.names else name in self._z)
        ]
        self._bends = RowBends(program, self._u)

    def at(
        self,
        given: Mapping[str, float],
        sources: Sequence[RowSource],
        map_blocks: Mapped = map,
        over: Any = None,
        ways: Reals | None = None,
    ) -> RowsBent:
        """Those at numbers for all inputs, times directions of shape (w, n), or the matrix. The others are
        those of `RowProgram.value_and_gradient`. Raises NotSure where something is not finite, on a
        border, or too small for a double and with a say."""
        point, once, found = self._point(given, sources, map_blocks, over)
        if ways is None:
            bends = self._bends.at(point)
        else:
            moves = self._moves(once, self._first(point))
            along = [ways @ self._with(reads, moves).T for reads in self._bends.reads]
            bends = self._bends.at(point, along)
        moves = self._moves(once, [each.slopes for each in bends])
        count = len(self.names)
        products = numpy.zeros((count if ways is None else len(ways), count))
        brought = dict.fromkeys(self._u, 0.0)
        for each, reads, bend in self._with_sums(bends):
            weight, du = found.gradients.get(each.total, 0.0), self._with(reads, moves)
            products += weight * ((bend.bends if ways is not None else du.T @ bend.bends) @ du)
            for name, slope in zip(reads, bend.slopes.tolist(), strict=True):
                brought[name] += weight * slope
        second, names, x = self._once(once, brought)
        dz = self._with(names, moves)
        if ways is None:
            shares = second.at(x)
            shares = None if shares is None else dz.T @ shares @ dz
        else:
            parts = [second.times(x, dz @ way) for way in ways]
            known = all(each is not None for each in parts)
            shares = numpy.array(parts).reshape(len(ways), len(names)) @ dz if known else None
        if shares is None:
            raise NotSure("what is computed once has no second derivative there")
        gradient = [found.gradients.get(name, 0.0) for name in self.names]
        return RowsBent(found.value, numpy.array(gradient), products + shares + 0.0)

    def sizes(
        self,
        given: Mapping[str, float],
        sources: Sequence[RowSource],
        map_blocks: Mapped = map,
        over: Any = None,
    ) -> RowsBent:
        """As `at`, of the matrix, with the sizes of all that is added up to each number: how far rounding may
        move it is a few units in the last place of that."""
        point, once, found = self._point(given, sources, map_blocks, over)
        bends = self._bends.at(point)
        moves = self._moves(once, [each.slopes for each in bends])
        sizes = sizes_of_bends(self._program, self._bends, bends, point)
        count = len(self.names)
        products, gradient = numpy.zeros((count, count)), numpy.zeros(count)
        brought = dict.fromkeys(self._u, 0.0)
        for each, reads, size in self._with_sums(sizes):
            weight = abs(found.gradients.get(each.total, 0.0))
            du = numpy.abs(self._with(reads, moves))
            products += weight * (du.T @ size.bends @ du)
            gradient += weight * (size.slopes @ du)
            for name, slope in zip(reads, size.slopes.tolist(), strict=True):
                brought[name] += weight * slope
        second, names, x = self._once(once, brought)
        dz = numpy.abs(self._with(names, moves))
        table, slopes = second.both_sizes(x)
        gradient += slopes @ dz
        return RowsBent(found.value, gradient, products + dz.T @ table @ dz)

    def _point(
        self,
        given: Mapping[str, float],
        sources: Sequence[RowSource],
        map_blocks: Mapped,
        over: Any,
    ) -> tuple[RowPoint, OnceAt, SumsAndSlopes]:
        """A point, and what is known there."""
        program = self._program
        over = over if all(adds(each.gather) for each in program.sums) else None
        found = program.value_and_gradient(given, sources, False, map_blocks, False, over)
        texts = program.once
        known = {
            name: number
            for name, number in found.data.items()
            if not (name in texts.names and texts.columns.is_step(texts.names[name]))
        }
        once = program.once_at({**given, **known}, sources)
        return RowPoint(once.number, found.states, sources, map_blocks), once, found

    def _first(self, point: RowPoint) -> Sequence[Reals]:
        """The slopes of each sum by what it reads, if others need them."""
        several = len(self._program.levels) > 1
        return [each.slopes for each in self._bends.at(point, [])] if several else ()

    def _with_sums(self, bends: Sequence[SumBends]) -> Any:
        return zip(self._program.sums, self._bends.reads, bends, strict=True)

    def _with(self, names: Sequence[str], moves: Mapping[str, Reals]) -> Reals:
        """How names move with the inputs, shape (names, n)."""
        return numpy.array([moves[name] for name in names]).reshape(-1, len(self.names))

    def _moves(self, once: OnceAt, slopes: Sequence[Reals]) -> dict[str, Reals]:
        """How z and u move with each input, by name, shape (n,). slopes: of each sum by what it reads; of
        those that no other needs they may be left out."""
        count = len(self.names)
        found: dict[str, Reals] = dict(zip(self.names, numpy.identity(count), strict=True))
        sums = self._program.sums

        def moved(name: str) -> Reals:
            if name not in found:
                total = numpy.zeros(count)
                for other, slope in once.slopes(name).items():
                    if other in self._z and other in found:
                        total += slope * found[other]
                found[name] = total
            return found[name]

        for level in self._program.levels:
            for each in level:
                at = sums.index(each)
                parts = numpy.array([moved(name) for name in self._bends.reads[at]])
                if slopes:
                    found[each.total] = slopes[at] @ parts.reshape(-1, count)
        return found

    def _once(self, once: OnceAt, brought: Mapping[str, float]) -> _Lagrangian:
        """How Λ bends. brought: by rows to gradients."""
        texts = self._program.once
        columns, root = texts.columns.copy(), texts.names[self._program.output]
        fixed = dict[int, float]()
        for name, weight in brought.items():
            if name in texts.names and texts.columns.is_step(texts.names[name]):
                factor = columns.input()
                fixed[factor] = weight
                root = columns.step("+", [root, columns.step("*", [factor, texts.names[name]])])
        graph = Graph(columns, [root])
        some = [x for x in self._z if x in texts.names and texts.names[x] in graph]
        leaves = [texts.names[name] for name in some]
        for node in graph.inputs:
            if node not in fixed and node not in leaves:
                fixed[node] = once.number(texts.labels[node])
        second = SecondDerivatives(graph, leaves, fixed, "python")
        return _Lagrangian(second, some, [once.number(name) for name in some])
