"""Methods that search for lower points: ours and scipy's, and who takes over where one finds none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from backprop.descent.course import NoLower, Run
from backprop.descent.limited_memory import LimitedMemory
from backprop.descent.optimizers import SECOND_ORDER, Minimizer, defaults
from backprop.descent.walls import Walls
from backprop.errors import TooLarge

MOST_DENSE = 1000
"""The most parameters for which `newton` keeps a table of second derivatives: 8 MB."""


class Lowering(Protocol):
    """What finds lower points."""

    def descend(self) -> None:
        """Until the run raises Stop or NoLower, or no lower point is found."""


def descend(row: Minimizer, options: Mapping[str, float], run: Run) -> None:
    """Step after step, until the run raises Stop, which it does in any case."""
    count = len(run.x)
    if row.hessian and count > MOST_DENSE:
        needs = f"{row.name} needs the second derivatives of {count} parameters by one another"
        message = f"{needs}, and {MOST_DENSE} is the most it takes"
        raise TooLarge(message, hints=["use --optimizer lbfgs"])
    run.monotone = True
    _search(row, options, run)
    from backprop.descent.second_order import FEW, inverse, newton_fall  # with numpy

    while row.then and count <= FEW and not run.problem.bounded:
        row = next(each for each in SECOND_ORDER if each.name == row.then)
        number = run.number
        run.relieved = f"; {row.name} took over after step {number}"
        known = {"hess_inv0": inverse(run)} if row.method == "BFGS" else {}
        _search(row, {**defaults(row), **known}, run)
        if run.number == number:
            run.relieved = ""  # it found nothing lower either
    raise run.no_lower(newton_fall(run) if count <= FEW else None)


def _search(row: Minimizer, options: Mapping[str, Any], run: Run) -> None:
    """One method, until the run raises Stop or no lower point is found."""
    walls = Walls(run)
    lower = _method(row, options, run, walls)
    while True:
        count = run.count
        try:
            lower.descend()
            # A line search may give up at a point that is lower all the same, or because of what
            # the method remembers: from there, or with an empty memory, it often goes on.
            if walls.lowest:
                found, walls.lowest = walls.lowest, None
                value, point, gradient = found
                run.step(point, value, gradient)
        except NoLower:
            return
        if run.count == count:
            return


def _method(row: Minimizer, options: Mapping[str, Any], run: Run, walls: Walls) -> Lowering:
    if row.hessian:
        from backprop.descent.newton import Newton  # with numpy

        return Newton(run, walls)
    if row.free and not run.problem.bounded:
        return LimitedMemory(run, walls, int(options["maxcor"]))
    from backprop.descent.second_order import ScipySearch  # with numpy

    return ScipySearch(row, options, run, walls)
