"""A Model of loops made ready to run many times: by NumPy, or by machine code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.errors import NoMachineCode
from backprop.language.model import Model
from backprop.loops.engine import ArrayEngine
from backprop.loops.everything import MANY_STEPS
from backprop.loops.file_numbers import FileNumbers
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.moving import Leaves
from backprop.loops.plan import Plan

if TYPE_CHECKING:
    from backprop.loops.native.nest_engine import NestEngine


class Needed(NamedTuple):
    """What an engine is made of, see ArrayEngine."""

    plan: Plan
    output: tuple[str, int]
    leaves: Sequence[Leaves]
    numbers: Mapping[str, FileNumbers]


def needed(model: LoopModel, of: str, names: Sequence[str], values: Mapping[str, float]) -> Needed:
    """What an engine for an output is made of, where numbers are given for these inputs, in this order.
    values: numbers of inputs, in place of those of the file. Raises NotLoops for what is no input."""
    ((family, place, _),) = model.plan.places_of([of])
    leaves = [(family.name, places) for family, places, _ in model.plan.places_of(names)]
    return Needed(model.plan, (family.name, int(place[0])), leaves, model.numbers(values))


def by_code(asked: Needed, engine: str, runs: int, around: float = 0.0) -> bool:
    """Whether machine code is worth while for so many runs. engine, around: as of `build`."""
    asked.plan.reached(*asked.output)
    seconds = (asked.plan.work / MANY_STEPS + around) * runs
    by_arrays = seconds < 1 or asked.plan.builder.derivatives  # of which there is no machine code
    return engine != "python" and (engine == "native" or not by_arrays)


def build(
    model: LoopModel,
    of: str,
    names: Sequence[str],
    values: Mapping[str, float],
    engine: str = "auto",
    runs: int = 1,
    around: float = 0.0,
) -> ArrayEngine | NestEngine:
    """A Model of loops ready for so many runs.

    of: the output. names: the inputs that numbers are given for, in this order. values: numbers of
    inputs, in place of those of the file. engine: what a person asked for: "native" only machine
    code. around: seconds of a run besides, which machine code saves. Raises NotLoops where an input of
    the output has no number, or something that stays is in doubt; NoMachineCode where machine code is
    asked for and there is none.
    """
    asked = needed(model, of, names, values)
    if not by_code(asked, engine, runs, around):
        return ArrayEngine(*asked)
    try:
        from backprop.loops.native.nest_engine import NestEngine  # with LLVM

        return NestEngine(*asked)
    except NoMachineCode:
        if engine == "native":
            raise
        return ArrayEngine(*asked)


def ready(
    model: Model, of: str, engine: str, runs: int
) -> tuple[tuple[str, ...], ArrayEngine | NestEngine] | None:
    """The inputs that lead to an output of a Model of loops, and an engine that takes their numbers;
    None where something is in doubt. engine, runs: as of `build`. Raises NoMachineCode."""
    assert isinstance(model, LoopModel)
    try:
        ((family, place, _),) = model.plan.places_of([of])
        reached = model.plan.reached(family.name, int(place[0]))
        names = [name for name in model.inputs if _leads(model, reached, name)]
        return tuple(names), build(model, of, names, {}, engine, runs)
    except NotLoops:
        return None


def _leads(model: LoopModel, reached: Mapping[str, NDArray[numpy.bool_]], name: str) -> bool:
    found = model.place(name)
    return found is not None and bool(reached[found[0].name][found[1]])
