"""Methods of `scipy.optimize.minimize` with our exact gradients; what second derivatives say of a point."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from backprop.descent.course import Run
from backprop.descent.objective import Point
from backprop.descent.optimizers import Minimizer
from backprop.descent.problem import Problem
from backprop.descent.walls import Walls
from backprop.errors import NotFinite
from backprop.evaluation.second_derivatives import reach


class ScipySearch:
    """One of scipy's methods at work for a run. options: by its names."""

    def __init__(self, row: Minimizer, options: Mapping[str, Any], run: Run, walls: Walls) -> None:
        self.row, self.run, self.walls = row, run, walls
        numbers = {name: n for name, n in options.items() if isinstance(n, float)}
        whole = {name: int(number) for name, number in numbers.items() if number.is_integer()}
        self.options = {**row.fixed, **options, **whole}
        if "norm" in self.options:  # it measures as we do, and may know the goal
            self.options["gtol"] = run.options["until_grad"] or 0.0
        self.seen: dict[bytes, tuple[float, Point]] = {}
        """What scipy asked for since its last step, by the bytes of the point."""

    def descend(self) -> None:
        """Until the run raises Stop, or no lower point is found."""
        from scipy.optimize import minimize

        row, run = self.row, self.run
        more = {"jac": True, "method": row.method, "callback": self._stepped}
        left = run.options["steps"] - run.count
        settings = {**self.options, "maxiter": left + 1}
        try:
            with numpy.errstate(all="ignore"):  # overflow in scipy's own arithmetic
                minimize(self._evaluate, numpy.array(run.x), options=settings, **more)
        except (ValueError, UnboundLocalError, numpy.linalg.LinAlgError):
            # Its arithmetic gave up, which is the same as finding no lower point.
            if run.failure is not None:
                raise

    def _evaluate(self, x: Any) -> tuple[float, Any]:
        """Value and gradient; where there are none, a wall."""
        value, gradient = found = self.walls.at(x.tolist())
        if not self.walls.stands:
            self.seen[x.tobytes()] = found
        return value, numpy.asarray(gradient)

    def _stepped(self, intermediate_result: Any) -> None:
        """What scipy calls after each of its steps, by this name of the argument."""
        x, point = intermediate_result.x, intermediate_result.x.tolist()
        # one that scipy did not ask for by itself is computed now
        found = self.seen.get(x.tobytes()) or self.run.problem.both(point)
        self.seen = {x.tobytes(): found}
        self.walls.lowest = None
        self.run.step(point, *found)


def hessian(run: Run, point: Point) -> Any:
    """The second derivatives at a point, n x n: exact, or by differences where these are not known.

    Raises Stop where they are not finite.
    """
    table = exact(run.problem, point)
    return by_differences(run, point) if table is None else table


def exact(problem: Problem, point: Point) -> Any:
    """The second derivatives by the chain rule, None where it does not say, or they take too long
    (`second_derivatives.MOST_STEPS`, `bends.MOST_WORK`)."""
    exact = problem.second_derivatives
    table = exact.at(point) if exact else None
    return None if table is None else problem.sign * (table / 2 + table.T / 2)


def by_differences(run: Run, point: Point) -> Any:
    """Central differences of the exact gradient, made symmetric. Where the output has no value on
    one side, differences to the other. Raises Stop where they are not finite."""

    def towards(at: int, moved: float) -> tuple[float, Any]:
        """A parameter there, or where it is if that has no value; and the gradient."""
        try:
            _, gradient = run.problem.both([*point[:at], moved, *point[at + 1 :]])
        except NotFinite:
            moved = point[at]
            _, gradient = run.problem.both(point)
        return moved, numpy.asarray(gradient)

    columns = []
    try:
        for at, number in enumerate(point):
            size = reach(number)
            (there, rise), (back, fall) = towards(at, number + size), towards(at, number - size)
            with numpy.errstate(all="ignore"):
                slope = (rise - fall) / (there - back) if there != back else rise * numpy.nan
            columns.append(slope)
    except NotFinite:
        raise run.no_bends() from None
    with numpy.errstate(all="ignore"):
        table = numpy.array(columns)
        table = table / 2 + table.T / 2
    if not numpy.isfinite(table).all():
        raise run.no_bends()
    return table


def shortest(gradients: Sequence[Point], problem: Problem, x: Point) -> Point:
    """The shortest mixture of gradients, without what only pushes against a bound.

    With weights w >= 0 it is least squares for the equations sum(w*g) = 0 and sum(w) = 1, but for
    a factor.
    """
    from scipy.optimize import nnls

    count = len(gradients)
    table: Any = numpy.array(gradients).T
    size = numpy.abs(table).max() or 1.0
    at_low, at_high = numpy.equal(x, problem.low), numpy.equal(x, problem.high)
    walls = [numpy.eye(len(x))[:, at] if at.any() else table[:, :0] for at in (at_low, at_high)]
    table = numpy.hstack([table / size, -walls[0], walls[1]])
    ones = (numpy.arange(table.shape[1]) < count) * 1.0
    target = numpy.append(numpy.zeros(len(x)), 1.0)
    try:
        weights, _ = nnls(numpy.vstack([table, ones]), target)
    except RuntimeError:  # it found no end
        return [0.0] * len(x)
    found: Point = (table @ weights * (size / weights[:count].sum())).tolist()
    return found
