"""When creases are looked along at the end of a run: where inputs are few, and it is worth its time."""

from __future__ import annotations

from math import hypot, inf
from operator import mul
from sys import float_info
from typing import TYPE_CHECKING

from backprop.descent.course import Run, Stop
from backprop.descent.endless import endless
from backprop.descent.leads import NAMED, after, lower, unsure_far_away
from backprop.descent.objective import Point
from backprop.errors import BackpropError, NotFinite
from backprop.numbers import shown

if TYPE_CHECKING:
    from backprop.descent.creased import Creased

_QUICK = 20_000
"""The most steps times inputs for which creases are looked along before anything else."""

_MOST = 300
"""The most inputs for which creases are looked along."""

_ROUNDED = 4.0
"""A fall by so many times the rounding of the output may be none."""

_AROUND = 1.0, 0.1, 1e-2, 1e-3
"""How far away, in the scales of the inputs, an output must be seen to rise from a minimum."""


def creased_around(run: Run, scales: Point) -> Creased | None:
    """What creases around here say; None of many inputs. scales: of the inputs."""
    if len(run.x) > _MOST:
        return None
    from backprop.descent.creased import Creased  # numpy is not always wanted

    return Creased(run, scales)


def shown_by(run: Run, creased: Creased) -> Stop:
    """The end of a run of which creases show that it is a minimum."""
    output, least = run.output, run.least
    if creased.recedes:
        from backprop.descent.straight_on import grown_far  # with numpy

        return unsure_far_away(run, grown_far(run), "rounding hides")
    where = f"at the edge where {output} has no value" if creased.at_edge else "at a corner"
    if creased.level:
        names = [name for name, size in zip(run.problem.names, creased.free, strict=True) if size]
        listed = ", ".join(names[:NAMED]) + (
            f", … ({len(names)} in all)" if len(names) > NAMED else ""
        )
        move = "can move together" if len(names) > 1 else "can move"
        move += " along a curve" if creased.is_curved else ""
        same = f"{listed} {move} and {output} stays the same"
        nowhere = f"by values: {output} is {lower(run)} nowhere beside it"
        return Stop(
            f"{least}, not unique", f"converged: a {least} {where}, not unique: {same}; {nowhere}"
        )
    along = "along it nor" if creased.at_edge else "along the creases that meet there nor"
    beside = "it" if creased.at_edge else "them"
    why = f"by values: {output} is {lower(run)} neither {along} beside {beside}"
    return Stop(f"{least} at a corner", f"converged: a {least} {where}, {why}")


def hidden(run: Run, scales: Point) -> Stop | None:
    """The end of a run where rounding hides how the output changes around, so that nothing is known of what
    is lower there; else None. scales: of the inputs."""
    problem, x = run.problem, run.x
    try:
        placed = float_info.epsilon * hypot(*map(mul, x, run.gradient))
        lost = max(problem.rounding(x), placed)
    except BackpropError:
        return None
    for size in _AROUND:
        for at, scale in enumerate(scales):
            for side in (size, -size):
                point = problem.inside([*x[:at], x[at] + side * scale, *x[at + 1 :]])
                if problem.known(point, -inf) > run.value + _ROUNDED * lost:
                    return None
    where = f"rounding, {shown(lost, 2)}, hides how {run.output} changes around"
    return Stop("rounding", f"{after(run)}: {where}: whether this is a {run.least} is not known")


def cut_off(run: Run, scales: Point) -> Stop | None:
    """The end of a run where the output does not rise where its slope leads down, until it is minus infinity
    there, or rounding makes it so: log(1 - erf(x)) beyond x = 6; else None. scales: of the inputs."""
    problem, x = run.problem, run.x
    slopes = [slope * scale for slope, scale in zip(run.gradient, scales, strict=True)]
    steepest = max(map(abs, slopes), default=0.0)
    try:
        room = _ROUNDED * problem.rounding(x)
    except BackpropError:
        return None
    if not 0 < steepest < inf:
        return None
    part = room / steepest  # nearer by no other output is seen than this one
    while 0 < part <= 1:
        moves = (
            part * slope / steepest * scale for slope, scale in zip(slopes, scales, strict=True)
        )
        try:
            value = problem.value(
                problem.inside([at - by for at, by in zip(x, moves, strict=True)])
            )
        except NotFinite:
            break
        if value > run.value + room:
            return None
        part *= 4
    else:
        return None
    if problem.objective.last * problem.sign != -inf:
        return None
    if problem.bottomless:
        return endless(run, f"{run.output} {run.falls}s beyond all bounds where its slope leads")
    lost = f"rounding, {shown(room / _ROUNDED, 2)}, hides how it goes on"
    where = f"{run.output} {run.falls}s where its slope leads, and soon has no value in doubles"
    return Stop(
        "rounding", f"{after(run)}: {where}; {lost}: whether this is a {run.least} is not known"
    )


def soon_creased(run: Run, scales: Point) -> Creased | None:
    """What creases around here say, if that is quickly known: where the output is lower along them by more
    than rounding, or that it is lowest where they meet; else None."""
    problem = run.problem
    if problem.objective.is_smooth or problem.size * len(run.x) > _QUICK:
        return None
    if problem.model.loops:  # all of its text would be unrolled
        return None
    found = creased_around(run, scales)
    if not found or found.shown:
        return found
    if not found.lead or found.is_off:
        return None
    room = _ROUNDED * problem.rounding(run.x)
    return found if problem.known(found.lead.point, inf) < run.value - room else None
