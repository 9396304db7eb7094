"""Values of all members and gradients by them, once, by machine code: of what takes NumPy long, and much
memory, as arrays of all that is between members would."""

from __future__ import annotations

from collections.abc import Mapping

import numpy

from backprop.errors import NoMachineCode
from backprop.loops.affine import once, plain
from backprop.loops.file_numbers import FileNumbers
from backprop.loops.gathers import can_tie
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block
from backprop.loops.passes import Found
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Recurrence
from backprop.loops.rows import Gathered

MANY_STEPS = 30_000_000
"""From so many steps on, in all runs, machine code is worth compiling: NumPy takes a second for them."""


def by_code(
    plan: Plan,
    numbers: Mapping[str, FileNumbers],
    output: str,
    place: int,
    noted: bool,
    by: str = "auto",
) -> Found | None:
    """What `passes.gradient` finds; None of few steps, and where there is no machine code. by: what a person
    asked for: "native" machine code for few steps, too. Raises NotLoops where something is in doubt,
    NoMachineCode if that was asked for."""
    reached = plan.reached(output, place)
    if by == "python" or (by != "native" and plan.work < MANY_STEPS):
        return None
    runs = [run.bodies if isinstance(run, Recurrence) else [run] for run in plan.runs]
    if noted and any(
        has_borders(each.part) and (not each.family or reached[each.family][each.target].any())
        for run in runs
        for each in run
    ):
        raise NotLoops("there may be corners or jumps")
    found = [(name, numpy.flatnonzero(plan.inputs_of(name))) for name in plan.families]
    leaves = [(name, once(plain(places))) for name, places in found if len(places)]
    del found
    plan.check_room({})  # arrays of members alone
    try:
        from backprop.loops.native.nest_engine import NestEngine  # with LLVM

        engine = NestEngine(plan, (output, place), leaves, numbers, True)
    except NoMachineCode:
        if by == "native":
            raise
        return None
    x = numpy.concatenate([numbers[name][places] for name, places in leaves])
    made = engine.everything(x)
    if made is None or output not in made[0]:
        raise NotLoops("something is not finite, or too small for a double")
    values, gradients = made
    for name, family in plan.families.items():
        if name not in values:
            stays = engine.stays[name]
            values[name] = numpy.asarray(stays)
        gradients.setdefault(name, numpy.zeros(family.size + 1))
    gradients[output][place] = 1.0
    return Found(values, gradients, plan.reached(output, place))


def has_borders(part: Block) -> bool:
    """Whether some step may stand on a border."""
    specials = [part.columns.specials.get(step) for step in part.bordering]
    return any(not isinstance(each, Gathered) or can_tie(each.gather) for each in specials)
