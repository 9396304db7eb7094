"""An output as a function of some inputs, by loops: the Model is unrolled only for what these leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy

from backprop.descent.objective import Bends, Ending, GraphObjective, Objective, Point, look
from backprop.descent.problem import FEW
from backprop.errors import BackpropError, NotFinite, TooLarge
from backprop.evaluation.borders import is_smooth
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.language import Model
from backprop.language.apart import NotApart
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.ready import Needed, build, by_code, needed

__all__ = ["LoopedObjective", "NotLoops"]

if TYPE_CHECKING:
    from backprop.by_rows.rows_engine import RowsEngine
    from backprop.descent.bends import BendsOfLoops
    from backprop.descent.bends_of_rows import BendsOfRows
    from backprop.evaluation.second_derivatives import SecondDerivatives
    from backprop.loops.engine import ArrayEngine
    from backprop.loops.native.nest_engine import NestEngine
    from backprop.loops.squared_rows import SquaredRows


_DOUBTS = 5
"""After so many points at which something is in doubt, one after the other, every step is looked at from
there on."""


_BY_ROWS, _BY_ARRAYS = 500, 200
"""So many steps take the time of one in Python, by passes over rows of data and by arrays."""

_PASSED = 3_000_000
"""From so many steps on second derivatives over rows are by passes: arrays of all rows fill the memory."""

_COMPILING = 0.05
"""Seconds that it takes to make the compiled loop of a descent."""


class NoValue(NotFinite):
    """The output is not finite at a point; which step has no value, only its graph can tell."""

    def __init__(self, output: str, x: Sequence[float], where: str) -> None:
        super().__init__(f"{output} has no finite value", where=where)
        self.x = list(x)


class LoopedObjective(Objective):
    """An output by loops.

    begun: value and gradient where x begins. given: the numbers of inputs that this was computed with.
    engine, runs: how it is to be computed, and about how often. around: as of `build`. lazily: whether what
    knows more of a point than value and gradient is made when it is asked for. Raises NotLoops
    where something is in doubt from the beginning.
    """

    def __init__(
        self,
        model: LoopModel,
        begun: Gradient,
        names: Sequence[str],
        given: Mapping[str, float],
        engine: str,
        runs: int,
        around: float = 0.0,
        lazily: bool = False,
    ) -> None:
        self.model: Model = model
        self.output, self.names = begun.output, list(names)
        self.inside = list
        self._given = given
        self._asked = engine, runs
        self.start = [begun.data[name] for name in names]
        make = partial(build, model, begun.output, names, given, engine, runs, around)
        self.by_rows: RowsEngine | None = None
        if model.laid and by_code(needed(model, begun.output, names, given), engine, runs, around):
            from backprop.by_rows.rows_engine import over_rows_of  # for data only

            self.by_rows = over_rows_of(model, begun.output, names, given, make)
        self.engine: RowsEngine | ArrayEngine | NestEngine = self.by_rows or make()
        if not lazily:
            _ = self._arrays  # which may not be possible
        self._x: Sequence[float] = self.start
        self._last = begun.value
        self._doubts = 0
        """At how many points something was in doubt, one after the other."""
        self._by_graph = False
        """Whether the graph computed the last value."""

    @cached_property
    def _arrays(self) -> ArrayEngine:
        """What knows more of a point than its value and gradient."""
        found: ArrayEngine = self.engine.careful
        return found

    @property
    def _switched(self) -> bool:
        """Whether every step is looked at from here on."""
        return self._doubts >= _DOUBTS

    @property
    def size(self) -> int:
        return self.by_rows.size if self.by_rows else self._arrays.size

    @property
    def work(self) -> int:
        return self.size // (_BY_ROWS if self.by_rows else _BY_ARRAYS)

    @property
    def last(self) -> float:
        return self.graph.last if self._by_graph else self._last

    @cached_property
    def graph(self) -> GraphObjective:
        _ = self.needed  # of the Model before it is unrolled
        at = evaluate(self.model, self._given, self.output, restores=False)
        found = GraphObjective(self.model, at, self.names, self._given, *self._asked)
        found.inside = self.inside
        return found

    def worth_compiling(self, engine: str, steps: int, around: float) -> bool:
        found = not self.by_rows and self.engine is not self._arrays
        return found and (engine == "native" or around * steps > _COMPILING)

    def value(self, x: Sequence[float]) -> float:
        self._x, self._by_graph = x, self._switched
        if self._by_graph:
            return self.graph.value(x)
        self._last = x[self.names.index(self.output)] if self.output in self.names else nan
        look(self, x)
        found: float | None = self.engine.forward(x)
        if found is not None:
            self._last = found
            return found
        self._last = self._arrays.output_at(x)
        if not isfinite(self._last):
            raise NoValue(self.output, x, self.model.source.name)
        return self._doubtful()

    def gradient(self) -> Point:
        if not self._by_graph:
            found = self.engine.backward()
            if found is not None:
                self._doubts = 0
                slopes: Point = numpy.asarray(found).tolist()
                return slopes
            self._doubtful()
        return self.graph.gradient()

    def _doubtful(self) -> float:
        """The output at another point where something is in doubt. Raises NotFinite, also where the Model
        cannot be unrolled."""
        try:
            graph = self.graph
        except TooLarge as error:
            message = f"{self.output} is in doubt: {error.message}"
            raise NotFinite(message, *error.labels, hints=error.hints) from None
        self._by_graph = True
        self._doubts += 1
        return graph.value(self._x)

    @cached_property
    def needed(self) -> Needed | None:
        """What an engine of few inputs is made of; None of many, or where the text is unrolled."""
        if not isinstance(self.model, LoopModel) or len(self.names) > FEW:
            return None
        return needed(self.model, self.output, self.names, self._given)

    def squares(self, sign: float) -> SquaredRows | None:
        from backprop.descent.squares import MOST_NUMBERS  # with numpy

        try:
            if (asked := self.needed) is None:
                return None
            from backprop.loops.squared_rows import SquaredRows

            found = SquaredRows(asked, sign)
        except (NotLoops, TooLarge):
            return None
        return found if len(found) * len(self.names) <= MOST_NUMBERS else None

    @cached_property
    def is_smooth(self) -> bool:
        return is_smooth((self.by_rows or self._arrays).operations)

    @cached_property
    def _bends_by_passes(self) -> BendsOfRows | None:
        """The second derivatives by passes over very many rows, of which no arrays are made; None of few."""
        if not self.by_rows or self.by_rows.size < _PASSED:
            return None
        from backprop.by_rows.chosen_members import chosen
        from backprop.descent.bends_of_rows import BendsOfRows  # they are rarely wanted

        rows = self.by_rows.rows
        if not (program := chosen(rows.program)):
            return None
        over = self.by_rows.over if program is rows.program else None
        try:
            return BendsOfRows(program, self.names, rows.given, rows.sources, over)
        except NotApart:
            return None

    @property
    def has_bends_at_hand(self) -> bool:
        if self._bends_by_passes:
            return True
        return not isinstance(self._own_bends, str) and self._own_bends.is_quick

    @cached_property
    def _own_bends(self) -> BendsOfLoops | str:
        """The second derivatives by loops, or why there are none."""
        if not isinstance(self.model, LoopModel):  # any more
            return "the text is unrolled"
        try:
            from backprop.descent.bends import BendsOfLoops  # they are rarely wanted

            return BendsOfLoops(self, self.model, self._given)
        except (NotLoops, TooLarge) as error:
            return error.reason if isinstance(error, NotLoops) else error.message

    @cached_property
    def second_derivatives(self) -> Bends | None:
        if self._bends_by_passes:
            return self._bends_by_passes
        own = self._own_bends
        tell = self.model.tell if isinstance(self.model, LoopModel) else None
        if not isinstance(own, str):
            return own
        found = self.by_graph
        if tell:
            how = "of the unrolled text" if found else "by differences of gradients"
            tell(f"second derivatives are taken {how}: {own}")
        return found

    @property
    def by_graph(self) -> SecondDerivatives | None:
        """The second derivatives by the graph, if that is not too large."""
        from backprop.evaluation.second_derivatives import MOST_STEPS

        try:
            return self.graph.second_derivatives if self.size <= MOST_STEPS else None
        except TooLarge:  # with all that the output does not need
            return None

    def explained(self, error: NotFinite) -> NotFinite:
        if not isinstance(error, NoValue):
            return error
        try:
            evaluate(self.model, {**self._given, **self._named(error.x)}, self.output)
        except NotFinite as found:
            return found
        except BackpropError:  # it cannot be unrolled
            pass
        return error

    def rounding(self, x: Sequence[float]) -> float:
        found = None if self._switched else (self.by_rows or self._arrays).rounding(x)
        return self.graph.rounding(x) if found is None else found

    def ending(self, x: Sequence[float]) -> Ending:
        plain = self.by_rows and not self._switched and not self.by_rows.at_border(x)
        if plain and self.by_rows:
            found = self.by_rows.run(x)
        else:
            found = None if self._switched else self._arrays.run(x)
        if found is None:
            return self.graph.ending(x)
        value, slopes = found
        gradients = self._named(numpy.asarray(slopes).tolist())
        return Ending(
            Gradient(self.output, value, {}, gradients),
            lambda: self.graph.ending(x).evaluation(),
            bool(plain) or not self._arrays.at_border(),
            (self.by_rows or self._arrays).is_continuous,
        )

    def _named(self, x: Sequence[float]) -> dict[str, float]:
        return dict(zip(self.names, x, strict=True))
