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
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from backprop.engine.choosing import build, choose
from backprop.engine.engines import Engine, GeneratedPython, Interpreted, StraightCode
from backprop.errors import BackpropError, BadOption, NotANumber
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.leaves import constants
from backprop.graph import Graph
from backprop.language import Model
from backprop.language.laid import data_of
from backprop.memory import without_collector
from backprop.numbers import listed
from backprop.options import EngineName, default_of
from backprop.source import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from backprop.evaluation.often_second import OftenSecond
    from backprop.evaluation.sweep_plan import Entries

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

        found = ready(self._model, self.output, *self._made)
        if found is None or found[1] is found[1].careful or self._model.laid is None:
            return found
        from backprop.by_rows.rows_engine import over_rows_of  # for data only

        names, made = found
        return names, over_rows_of(self._model, self.output, names, {}, lambda: made) or made

    def __reduce__(self) -> tuple[Any, ...]:
        source, data = self._model.source, data_of(self._model.laid)
        made = (
            type(self),
            source.name,
            source.text,
            self._model.seed,
            data,
            self.output,
            *self._made,
        )
        return _again, made

    def __repr__(self) -> str:
        kind = self._kind.__name__
        return f"Program({self.output} of {len(self.inputs)} inputs, {kind})"

    def __call__(self, values: ArrayLike) -> tuple[Any, NDArray[np.float64]]:
        """The value of the output, and its derivative by every input (float64, shape (inputs,)).

        values: a number for each of `inputs`; or rows of them, shape (rows, inputs): then there are
        values of shape (rows,) and gradients of shape (rows, inputs), and an error says in its hints
        which row it is of, from 0 on. Raises NotFinite for a step without a finite value
        that has a say in the output, NotANumber for nan, ValueError for another shape, TypeError for
        numbers by name. A slope may
        be infinite, and then is the gradient; it is nan where the chain rule meets 0·∞ and does
        not decide (`Model.grad` asks the values). At a corner a derivative in the equations is what
        its steps say there, where `Model.grad` looks at both sides. The value is what doubles hold:
        where one on the way is below 2.2e-308 it has lost digits, but the gradient is computed with
        more of them.
        """
        x = self._numbers(values)
        by_rows = x.ndim == 2 and x.shape[1] == len(self.inputs)
        return self._rows(x) if by_rows else self._at(self._row(x))

    def _rows(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values and gradients of many points: in machine code where the engine has a loop over them."""
        import numpy as np

        x = np.ascontiguousarray(x)
        values, gradients = np.empty(len(x)), np.empty_like(x)
        bad = np.ones(len(x), np.uint8)
        if isinstance(self._engine, StraightCode):
            numbers, into = x.ctypes.data, (values.ctypes.data, gradients.ctypes.data)
            self._engine.rows(numbers, *into, bad.ctypes.data, len(x))
        for row in np.flatnonzero(bad).tolist():
            try:
                values[row], gradients[row] = self._at(x[row])
            except BackpropError as error:
                error.hints += (f"this is row {row} of the numbers given, from 0 on",)
                raise
        return values, gradients

    def _at(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Value and gradient of one point."""
        import numpy as np

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

    def hessian_sparse(self, values: ArrayLike) -> Entries:
        """The second derivatives that can be other than 0, as the structure of the equations has it: `values`
        of each, and its places in `inputs`, `rows` and `columns`, three arrays of one length that has both
        triangles: `scipy.sparse.coo_array((found.values, (found.rows, found.columns)))`. Where few inputs
        meet in one term it takes a few gradients. values: as for `hessian`, which says more."""
        return self._second.entries(self._row(values))

    def hessian_times(self, values: ArrayLike, direction: ArrayLike) -> NDArray[np.float64]:
        """The second derivatives times a direction, float64, shape (inputs,), in the time of two gradients
        or so. direction: a number for each of `inputs`; the rest is as for `hessian`. Raises NotANumber for
        one that is not finite, too."""
        way = self._row(direction, "direction")
        import numpy as np

        if not np.isfinite(way).all():
            at = int(np.flatnonzero(~np.isfinite(way))[0])
            raise NotANumber(f"{self.inputs[at]} = {way[at]} is no part of a direction")
        return self._second.times(self._row(values), way)

    def _row(self, values: ArrayLike, what: str = "point") -> NDArray[np.float64]:
        x = self._numbers(values)
        if x.shape != (len(self.inputs),):
            message = f"{len(self.inputs)} numbers are needed for a {what}, not {x.shape}"
            if x.ndim == 2 and x.shape[1] == len(self.inputs) and what == "point":
                message += (
                    ": of rows compile(…, hessian=True) has second derivatives, as its third result"
                )
            raise ValueError(message)
        return x

    def _numbers(self, values: ArrayLike) -> NDArray[np.float64]:
        import numpy as np

        try:
            return np.asarray(values, dtype=np.float64)
        except TypeError:
            raise self._unordered() from None
        except OverflowError:
            raise NotANumber("one of the numbers is too large for a double, 1.8e308") from None

    def _unordered(self) -> TypeError:
        """The error for what is no array of numbers, such as numbers by name."""
        first = listed(self.inputs, 6)
        return TypeError(
            f"a Program takes numbers in the order of its inputs, {first}; numbers by name are"
            " [numbers[name] for name in program.inputs]"
        )

    @cached_property
    def _second(self) -> OftenSecond:
        from backprop.evaluation.often_second import OftenSecond

        return OftenSecond(self._model, self.output, self.inputs, *self._made, self._engine)


class CurvedProgram(Program):
    """A Program that has the second derivatives, too: numbers → value, gradient and Hessian."""

    def __call__(self, values: ArrayLike) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:  # type: ignore[override]
        """The value, its derivative by every input (float64, shape (inputs,)), and by every two of them
        (float64, shape (inputs, inputs)).

        values: as for a Program; of rows there are values, shape (rows,), gradients, shape (rows, inputs),
        and second derivatives, shape (rows, inputs, inputs). On a border of a choice or at a corner a
        second derivative is what both sides say, nan if they differ. Raises as a Program.
        """
        import numpy as np

        found, gradients = super().__call__(values)
        x = np.asarray(values, dtype=np.float64)
        if x.ndim == 1:
            return found, gradients, self.hessian(x)
        count = len(self.inputs)
        matrices = [self.hessian(row) for row in x]
        return found, gradients, np.array(matrices).reshape(len(x), count, count)


@overload
def compile(
    model: Model,
    of: str | None = ...,
    *,
    engine: EngineName = ...,
    runs: int = ...,
    hessian: Literal[True],
    data: Any = ...,
) -> CurvedProgram: ...


@overload
def compile(
    model: Model,
    of: str | None = ...,
    *,
    engine: EngineName = ...,
    runs: int = ...,
    hessian: Literal[False] = ...,
    data: Any = ...,
) -> Program: ...


@without_collector
def compile(
    model: Model,
    of: str | None = None,
    *,
    engine: EngineName = default_of(EngineName),
    runs: int = 1_000_000,
    hessian: bool = False,
    data: Any = None,
) -> Program:
    """A Model made ready to run many times: a function of its inputs' numbers.

    of: the output, by default the only one. engine: `python`, `native` (machine code), or `auto`,
    which takes what is fastest for about `runs` evaluations. All give the same numbers, but for the
    last few bits. The Program keeps the Model; what gives its inputs defaults does not count: every
    number is given. hessian: whether a call gives the second derivatives as well, as its third result,
    shape (inputs, inputs). data: a table in the place of that which the Model was read with, as of `parse`;
    its columns are no inputs. Raises UnknownName, ChooseOutput, BadData, BadOption, NoMachineCode.
    """
    choose(engine, 0, 1)  # which knows the names
    if not isinstance(model, Model):
        message = (
            f"compile takes a Model, not {type(model).__name__}: backprop.parse makes one of a text"
        )
        raise TypeError(message)
    if data is not None:
        model = cast("Any", model)._over(data, sys.maxsize)  # which those of programs have
    if model.laid is not None:
        from backprop.data_streamed import in_memory  # of data only

        in_memory(model.laid, "a program needs all rows at once")
    if not isinstance(runs, Real) or runs != runs:
        raise BadOption(f"runs is a number of evaluations, not {runs!r:.60}")
    kind = CurvedProgram if hessian else Program
    return kind(model, of, engine, int(min(max(runs, 1), _MOST_RUNS)))


def _again(
    kind: type[Program],
    name: str,
    text: str,
    seed: int,
    data: Any,
    of: str,
    engine: str,
    runs: int,
) -> Program:
    """A Program that was pickled."""
    from backprop.loops.worth import read_model

    return kind(read_model(Source(name, text), seed, sys.maxsize, tables=data), of, engine, runs)
