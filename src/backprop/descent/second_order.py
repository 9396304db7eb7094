"""Methods of `scipy.optimize.minimize` with our exact gradients, and our rules for stopping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backprop.descent.optimizers import Minimizer
from backprop.descent.problem import Point
from backprop.descent.run import Run
from backprop.errors import NotFinite, TooLarge

MOST_NEWTON = 1000
"""The most parameters whose second derivatives are tabulated: 8 MB of them, 2000 gradients a step."""

_CUBE_ROOT = 6e-6
"""The cube root of the rounding unit: the best relative step for a central difference."""


def descend(row: Minimizer, options: Mapping[str, float], run: Run) -> None:
    """Step after step, until the run raises Stop, which it does in any case."""
    import numpy
    from scipy.optimize import Bounds, minimize

    problem = run.problem
    if row.hessian and len(run.x) > MOST_NEWTON:
        raise TooLarge(
            f"{row.name} needs the second derivatives of {len(run.x)} parameters by one another,"
            f" and {MOST_NEWTON} is the most it takes",
            hints=["use --optimizer lbfgs"],
        )
    seen: dict[bytes, tuple[float, Point]] = {}

    def evaluate(x: Any) -> tuple[float, Any]:
        """Value and gradient; where there are none, a wall that turns a line search back."""
        point = x.tolist()
        try:
            value = problem.value(point)
            gradient = problem.gradient()
        except NotFinite as error:
            if problem.bottomless:
                raise run.diverged(error) from None
            # As high above the last step as the slope promised to fall, and rising as steeply:
            # scipy's interpolation then shortens the step to about a seventh.
            promised = numpy.dot(run.gradient, x - numpy.asarray(run.x))
            return run.value + abs(promised), -numpy.asarray(run.gradient)
        seen[x.tobytes()] = value, gradient
        return value, numpy.asarray(gradient)

    def hessian(x: Any) -> Any:
        """Central differences of the exact gradient, made symmetric."""
        columns = []
        for at, number in enumerate(x):
            size = _CUBE_ROOT * max(1.0, abs(number))
            there, back = x.copy(), x.copy()
            there[at] += size
            back[at] -= size
            rise = evaluate(there)[1] - evaluate(back)[1]
            columns.append(rise / (there[at] - back[at]))
        table = numpy.array(columns)
        return (table + table.T) / 2

    def stepped(intermediate_result: Any) -> None:
        x = intermediate_result.x
        found = seen.get(x.tobytes())
        if found is None:  # a point that scipy did not ask for by itself
            found = problem.value(x.tolist()), problem.gradient()
        seen.clear()
        seen[x.tobytes()] = found
        run.step(x.tolist(), *found)

    more: dict[str, Any] = {"hess": hessian} if row.hessian else {}
    if row.bounds and problem.bounded:
        more["bounds"] = Bounds(problem.low, problem.high)
    left = run.rules.steps - run.count
    most = {"maxfun": 100 * left + 1000} if row.method == "L-BFGS-B" else {}
    chosen = {name: int(n) if n == int(n) else n for name, n in options.items()}
    with numpy.errstate(all="ignore"):  # overflow in scipy's own arithmetic comes to nothing here
        minimize(
            evaluate,
            numpy.array(run.x),
            jac=True,
            method=row.method,
            callback=stepped,
            options={"maxiter": left + 1, **row.fixed, **chosen, **most},
            **more,
        )
    raise run.no_lower()
