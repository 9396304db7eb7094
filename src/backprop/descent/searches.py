"""Methods that search for lower points, and who takes over where one finds none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from backprop.descent.course import NoLower, Run, Stop
from backprop.descent.leads import lower
from backprop.descent.line_method import Directions, LineMethod
from backprop.descent.optimizers import BFGS, CG, LBFGS, NEWTON, Minimizer, defaults
from backprop.descent.problem import FEW, Band, Problem
from backprop.descent.walls import Walls

MOST_DENSE = 1000
"""The most parameters for which `newton` keeps a table of second derivatives: 8 MB."""

MOST_BANDED = 100_000
"""The most parameters for which bands of second derivatives are looked for."""


class Lowering(Protocol):
    """What finds lower points."""

    def descend(self) -> None:
        """Until the run raises Stop or NoLower, or no lower point is found."""


def chosen(problem: Problem) -> Minimizer:
    """The method for a problem where a person names none."""
    if not problem.objective.is_smooth:
        return LBFGS
    return NEWTON if problem.affords_bends or _banded(problem) else LBFGS


def _banded(problem: Problem) -> Band | None:
    """How few second derivatives of many inputs are other than 0, if these stand beside one another."""
    if not FEW < len(problem.names) <= MOST_BANDED or not problem.objective.has_bends_at_hand:
        return None
    from backprop.descent.banded_newton import band  # with numpy

    if problem.band is None:
        problem.band = band(problem) or False
    return problem.band or None


def descend(row: Minimizer, options: Mapping[str, float], run: Run, again: bool) -> None:
    """Step after step, until the run raises Stop or NoLower, which it does in any case. again: whether this
    goes on from where the method found nothing lower, but something is."""
    run.monotone = True
    if again and run.method:
        other = NEWTON if run.method != NEWTON.name and run.problem.affords_bends else LBFGS
        row, options = other, defaults(other)
        if run.method != row.name:
            none = f"{run.method} found nothing {lower(run)} after step {run.number}"
            run.relieved = f"; {none}, and {row.name} went on", run.number
    run.method = row.name
    try:
        _search(row, options, run)
    except Stop as stop:
        if stop.cause != "rest" or row is not NEWTON:
            raise
        # its second derivatives are not finite there
        why = f"second derivatives are not finite there: lbfgs went on after step {run.number}"
        run.method, run.relieved = LBFGS.name, (f"; {why}", run.number)
        _search(LBFGS, defaults(LBFGS), run)
    raise NoLower


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
    if row.hessian and (found := _banded(run.problem)):
        from backprop.descent.banded_newton import BandedNewton

        return BandedNewton(run, walls, found)
    if row.hessian and len(run.x) > MOST_DENSE:
        from backprop.descent.truncated import TruncatedNewton  # with numpy

        return TruncatedNewton(run, walls)
    if row.hessian:
        from backprop.descent.newton import Newton

        return Newton(run, walls)
    return LineMethod(run, walls, _memory(row, options, len(run.x)))


def _memory(row: Minimizer, options: Mapping[str, Any], count: int) -> Directions:
    if row is BFGS:
        from backprop.descent.quasi_newton import InverseHessian  # with numpy

        return InverseHessian()
    if row is CG:
        from backprop.descent.conjugate import Conjugate

        return Conjugate(count)
    from backprop.descent.limited_memory import LimitedMemory

    return LimitedMemory(count, int(options["maxcor"]))
