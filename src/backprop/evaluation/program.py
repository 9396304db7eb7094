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

from threading import Lock
from typing import TYPE_CHECKING, NoReturn

from backprop.engine.program import TapeCode, build
from backprop.evaluation.gradient import gradient, set_constants
from backprop.language import Model
from backprop.memory import without_collector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_MOST_RUNS = 10**15


class Program:
    """A function: numbers of the inputs → value and gradient. `compile` makes it.

    inputs: the names of the numbers that it takes, in this order. output: the name of the value.
    """

    def __init__(self, model: Model, of: str | None, engine: str, runs: int) -> None:
        output, order = model.leading(of)
        leaves = [value for value in order if not value.prev]
        leading = {value.label for value in leaves}
        self.output = output
        self.inputs = tuple(name for name in model.inputs if name in leading)
        set_constants(model)
        self._model = model
        self._engine = build(
            order, [model.values[name] for name in self.inputs], engine, runs, leaves
        )
        self._takes_arrays = isinstance(self._engine, TapeCode)
        self._lock = Lock()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Program cannot be copied or pickled: compile the Model again")

    def __repr__(self) -> str:
        kind = type(self._engine).__name__
        return f"Program({self.output} of {len(self.inputs)} inputs, {kind})"

    def __call__(self, values: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """The value of the output, and its derivative by every input (float64, shape (inputs,)).

        values: a number for each of `inputs`. Raises NotFinite for a step without a finite value that
        has a say in the output, NotANumber for nan, ValueError for another shape. A slope may be
        infinite, and then is the gradient. Where something is not finite, and on the engine
        `python`, the Values of the Model take these numbers.
        """
        import numpy as np

        x = np.asarray(values, dtype=np.float64)
        if x.shape != (len(self.inputs),):
            raise ValueError(f"{len(self.inputs)} numbers are needed, in one row, not {x.shape}")
        with self._lock:  # the engines have one set of arrays, the Model one set of Values
            value = self._engine.forward(x if self._takes_arrays else x.tolist())
            found = None if value is None else self._engine.backward()
            if value is None or found is None:
                given = dict(zip(self.inputs, x.tolist(), strict=True))
                slow = gradient(self._model, given, self.output)
                value, found = slow.value, [slow.gradients[name] for name in self.inputs]
            return value, np.array(found, dtype=np.float64)


@without_collector
def compile(
    model: Model, of: str | None = None, *, engine: str = "auto", runs: int = 1_000_000
) -> Program:
    """A Model made ready to run many times: a function of its inputs' numbers.

    of: the output, by default the only one. engine: `python`, `native` (machine code), or `auto`, which
    takes what is fastest for about `runs` evaluations. All give the same numbers, but for the last
    few bits.
    The Program keeps the Model; what gives its inputs defaults does not count: every number is given.
    Raises UnknownName, ChooseOutput, BadOption, NoMachineCode.
    """
    return Program(model, of, engine, int(min(max(runs, 1), _MOST_RUNS)))
