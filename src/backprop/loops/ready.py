"""A Model of loops made ready to run many times: by NumPy, or by machine code."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.engine.engines import Engine
from backprop.errors import NoMachineCode
from backprop.language.model import Model
from backprop.loops.domains import Reals
from backprop.loops.engine import ArrayEngine, Leaves, places_of
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.passes import Doubtful, gradient
from backprop.loops.plan import Plan
from backprop.loops.stepped import Stepped

_COMPILED = 30_000_000
"""From so many steps on, in all runs, machine code is worth compiling: NumPy takes a second for them."""


def build(
    model: LoopModel,
    of: str,
    names: Sequence[str],
    values: Mapping[str, float],
    engine: str = "auto",
    runs: int = 1,
) -> Engine:
    """A Model of loops ready for so many runs.

    of: the output. names: the inputs that numbers are given for, in this order. values: numbers of
    inputs, in place of those of the file. engine: what a person asked for: "native" only machine
    code. Raises NotLoops where an input of the output has no number, or something that stays is in
    doubt; NoMachineCode where machine code is asked for and there is none.
    """
    numbers = model.numbers(values)
    ((family, place),) = places_of(model, [of])
    at = family, int(place[0])
    leaves = places_of(model, names)
    careful: ArrayEngine | SweepEngine
    try:
        careful = ArrayEngine(model.plan, at, leaves, numbers)
    except NotLoops:
        if not any(isinstance(run, Stepped) for run in model.plan.runs):
            raise
        careful = SweepEngine(model.plan, at, leaves, numbers)
    if engine != "native" and (engine == "python" or careful.size * runs < _COMPILED):
        return careful
    try:
        from backprop.loops.native.nest_engine import NestEngine  # with LLVM

        return NestEngine(model.plan, at, leaves, numbers, careful)
    except NoMachineCode:
        if engine == "native":
            raise
        return careful


class SweepEngine(Engine):
    """All members at each point, of plans with recurrences step by step. As `ArrayEngine`."""

    def __init__(
        self,
        plan: Plan,
        output: tuple[str, int],
        leaves: Sequence[Leaves],
        numbers: Mapping[str, Reals],
    ) -> None:
        self._plan, self._output, self._leaves, self._numbers = plan, output, leaves, numbers
        plan.reached(*output)
        self.size = plan.leading
        """About how many steps are computed at every point, unrolled."""
        self._own = threading.local()

    def forward(self, x: Any) -> float | None:
        numbers = {name: each.copy() for name, each in self._numbers.items()}
        begin = 0
        for name, places in self._leaves:
            numbers[name][places] = x[begin : begin + len(places)]
            begin += len(places)
        self._own.found = None
        try:
            self._own.found = gradient(self._plan, numbers, *self._output)
        except Doubtful:
            return None
        name, place = self._output
        return float(self._own.found.values[name][place])

    def backward(self) -> Any:
        if not self._own.found:
            return None
        gradients = self._own.found.gradients
        return numpy.concatenate(
            [numpy.zeros(0), *(gradients[name][places] for name, places in self._leaves)]
        )


def ready(model: Model, of: str, engine: str, runs: int) -> tuple[tuple[str, ...], Engine] | None:
    """The inputs that lead to an output of a Model of loops, and an engine that takes their numbers;
    None where something is in doubt. engine, runs: as of `build`. Raises NoMachineCode."""
    assert isinstance(model, LoopModel)
    try:
        ((family, place),) = places_of(model, [of])
        reached = model.plan.reached(family, int(place[0]))
        names = [name for name in model.inputs if _leads(model, reached, name)]
        return tuple(names), build(model, of, names, {}, engine, runs)
    except NotLoops:
        return None


def _leads(model: LoopModel, reached: Mapping[str, NDArray[numpy.bool_]], name: str) -> bool:
    found = model.place(name)
    return found is not None and bool(reached[found[0].name][found[1]])
