"""A Model made ready to run many times: `compile` makes a `Program`.

>>> import backprop
>>> program = backprop.compile(backprop.parse("e = a*b; d = e+c; L = d*f"))
>>> program.inputs
('a', 'b', 'c', 'f')
>>> value, gradient = program([2, -3, 10, -2])
>>> value, gradient.tolist()
(-8.0, [6.0, -4.0, -2.0, 4.0])
"""

from __future__ import annotations

import sys
from array import array
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backprop.engine.choosing import build
from backprop.engine.engines import Engine, GeneratedPython, Interpreted, StraightCode
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.leaves import constants
from backprop.graph import Graph
from backprop.language import Model
from backprop.memory import without_collector
from backprop.options import EngineName, default_of
from backprop.source import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from backprop.evaluation.often_second import OftenSecond

_MOST_RUNS = 10**15

_IN_PYTHON = (Interpreted, GeneratedPython)
"""The engines that read lists fastest."""


class Program:
    """A function: numbers of the inputs → value and gradient. `compile` makes it.

    inputs: the names of the numbers that it takes, in this order. output: the name of the value. It
    may be called by several threads at once, copied, and pickled as its text and options.
    """

    def __init__(self, model: Model, of: str | None, engine: str, runs: int) -> None:
        self.output = model.output(of)
        self._model = model
        self._made = engine, runs
        self._engine: Engine
        if found := self._of_loops():
            self.inputs, self._engine = found
            self._kind = type(self._engine)
            return
        graph = Graph(model.columns, [model.names[self.output]])  # which needs no names
        from backprop.engine.leading import count, leading

        leads = leading(graph).tobytes()
        self.inputs = tuple(name for name in model.inputs if leads[model.names[name]])
        wrt = [model.names[name] for name in self.inputs]
        self._engine = build(graph, wrt, constants(model), engine, runs, count(graph))
        self._kind = type(self._engine)

    def _of_loops(self) -> tuple[tuple[str, ...], Engine] | None:
        """The inputs and the engine of a Model of loops; None for others, and where something is in
        doubt."""
        if not self._model.loops:
            return None
        from backprop.loops.ready import ready

        return ready(self._model, self.output, *self._made)

    def __reduce__(self) -> tuple[Any, ...]:
        source = self._model.source
        made = source.name, source.text, self._model.seed, self.output, *self._made
        return _again, made

    def __repr__(self) -> str:
        kind = self._kind.__name__
        return f"Program({self.output} of {len(self.inputs)} inputs, {kind})"

    def __call__(self, values: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """The value of the output, and its derivative by every input (float64, shape (inputs,)).

        values: a number for each of `inputs`. Raises NotFinite for a step without a finite value
        that has a say in the output, NotANumber for nan, ValueError for another shape. A slope may
        be infinite, and then is the gradient; it is nan where the chain rule meets 0·∞ and does
        not decide (`Model.grad` asks the values). The value is what doubles hold: where one on the
        way is below 2.2e-308 it has lost digits, but the gradient is computed with more of them.
        """
        import numpy as np

        x = self._row(values)
        kind = self._kind  # each takes numbers as it reads them fastest
        if kind is StraightCode:
            found = self._engine.run(array("d", x.tobytes()))
        else:
            found = self._engine.run(x.tolist() if kind in _IN_PYTHON else x)
        if found is None:  # something is not finite: the interpreter finds out what
            given = dict(zip(self.inputs, x.tolist(), strict=True))
            slow = evaluate(
                self._model, given, self.output, by_values=False, restores=False
            ).gradient
            found = slow.value, [slow.gradients[name] for name in self.inputs]
        value, slopes = found
        return value, np.array(slopes, dtype=np.float64)

    def hessian(self, values: ArrayLike) -> NDArray[np.float64]:
        """The second derivatives of the output by every two inputs, float64, shape (inputs, inputs), made
        ready at the first call; nan where there is none, as on one side of a corner.

        values: a number for each of `inputs`. Raises what `Model.hessian` raises, ValueError for
        another shape.
        """
        return self._second.hessian(self._row(values))

    def hessian_times(self, values: ArrayLike, direction: ArrayLike) -> NDArray[np.float64]:
        """The second derivatives times a direction, float64, shape (inputs,), in the time of two gradients
        or so. direction: a number for each of `inputs`; the rest is as for `hessian`."""
        return self._second.times(self._row(values), self._row(direction))

    def _row(self, values: ArrayLike) -> NDArray[np.float64]:
        import numpy as np

        x = np.asarray(values, dtype=np.float64)
        if x.shape != (len(self.inputs),):
            raise ValueError(f"{len(self.inputs)} numbers are needed, in one row, not {x.shape}")
        return x

    @cached_property
    def _second(self) -> OftenSecond:
        from backprop.evaluation.often_second import OftenSecond

        return OftenSecond(self._model, self.output, self.inputs, *self._made)


@without_collector
def compile(
    model: Model,
    of: str | None = None,
    *,
    engine: EngineName = default_of(EngineName),
    runs: int = 1_000_000,
) -> Program:
    """A Model made ready to run many times: a function of its inputs' numbers.

    of: the output, by default the only one. engine: `python`, `native` (machine code), or `auto`,
    which takes what is fastest for about `runs` evaluations. All give the same numbers, but for the
    last few bits. The Program keeps the Model; what gives its inputs defaults does not count: every
    number is given. Raises UnknownName, ChooseOutput, BadOption, NoMachineCode.
    """
    return Program(model, of, engine, int(min(max(runs, 1), _MOST_RUNS)))


def _again(name: str, text: str, seed: int, of: str, engine: str, runs: int) -> Program:
    """A Program that was pickled."""
    from backprop.loops.worth import read_model

    return Program(read_model(Source(name, text), seed, sys.maxsize), of, engine, runs)
