"""What stays in all runs of machine code: it is computed once, by arrays."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

import numpy

from backprop.graph import depending
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals
from backprop.loops.file_numbers import FileNumbers
from backprop.loops.many import NotLoops
from backprop.loops.moving import staying
from backprop.loops.parts import Turn
from backprop.loops.passes import own_numbers
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Recurrence
from backprop.loops.stepped import Stepped
from backprop.loops.walks import walk_through


class _Numbers(dict[str, Reals]):
    """Arrays of families, those that move as they are read: they may have inputs."""

    def __init__(
        self, plan: Plan, numbers: Mapping[str, FileNumbers], moving: Container[str]
    ) -> None:
        stay = {name: each for name, each in numbers.items() if name not in moving}
        super().__init__(own_numbers(plan, stay))
        self._numbers = numbers

    def __missing__(self, name: str) -> Reals:
        return self.setdefault(name, numpy.asarray(self._numbers[name]))


def standing(
    plan: Plan,
    numbers: Mapping[str, FileNumbers],
    moving: Container[str],
    asked: Container[str] = (),
) -> dict[str, FileNumbers]:
    """The numbers of all families but those that move. numbers: those of the inputs. Raises NotLoops where
    one is not finite of a family that is asked for."""
    values = _Numbers(plan, numbers, moving)
    rows: dict[int, Spread] = {}
    moved = set[int]()  # rows that are kept, and depend on what moves
    writer = ArrayWriter()
    with writer.watched():
        for run in _standing_units(plan, moving):
            if isinstance(run, Stepped):
                if not any(each.family in moving for each in run.bodies):
                    met = run.forward(values, rows)
                    if not met.finite and any(each.family in asked for each in run.bodies):
                        raise NotLoops("what stays is not finite")
            elif run.family not in moving:
                part = run.part
                if not run.family:
                    reads = [use.row for use in part.uses if use.family in moving]
                    which = {*depending(part.columns, [*reads, *moved & {*part.outer}], part.steps)}
                    moved.update(which.intersection(part.roots))
                    part = staying(part, which)
                walk = walk_through(part, writer, values, rows)
                walk.forward()
                if not walk.is_finite() and (run.family in asked or not run.family):
                    raise NotLoops("what stays is not finite")
                if run.family:
                    values[run.family][run.target] = walk.found[part.roots[0]]
                else:
                    rows |= {row: walk.found[row] for row in part.roots}
    return {name: values.get(name, each) for name, each in numbers.items()}


def _standing_units(plan: Plan, moving: Container[str]) -> Iterator[Turn | Stepped]:
    """What is computed, without recurrences all of whose members move: these are not taken apart."""
    for run in plan.runs:
        if isinstance(run, Stepped):
            yield run
        elif not (
            isinstance(run, Recurrence) and all(each.family in moving for each in run.bodies)
        ):
            yield from run.turns
