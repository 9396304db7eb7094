"""When creases are looked along at the end of a run: where inputs are few, and it is worth its time."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from backprop.descent.course import Run
from backprop.descent.objective import Point
from backprop.descent.problem import FEW

if TYPE_CHECKING:
    from backprop.descent.creased import Creased

_QUICK = 20_000
"""The most steps times inputs for which creases are looked along before anything else."""

_ROUNDED = 4.0
"""A fall by so many times the rounding of the output may be none."""


def creased_around(run: Run, scales: Point) -> Creased | None:
    """What creases around here say; None of many inputs. scales: of the inputs."""
    if len(run.x) > FEW:
        return None
    from backprop.descent.creased import Creased  # numpy is not always wanted

    return Creased(run, scales)


def soon_creased(run: Run, scales: Point) -> Creased | None:
    """What creases around here say, if that is quickly known and leads along them to where the output is
    lower by more than rounding; else None."""
    problem = run.problem
    if problem.objective.is_smooth or problem.size * len(run.x) > _QUICK:
        return None
    if problem.model.loops:  # all of its text would be unrolled
        return None
    found = creased_around(run, scales)
    if not found or not found.lead or found.is_off:
        return None
    room = _ROUNDED * problem.rounding(run.x)
    return found if problem.known(found.lead.point, inf) < run.value - room else None
