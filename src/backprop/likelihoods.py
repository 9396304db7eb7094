"""An output that is no sum of squares, for a fit: the negative logarithm of a likelihood."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy

from backprop.errors import BackpropError, BadOption, NeedsData
from backprop.fit.fit_rows import NoResiduals
from backprop.fit.likelihood import Bent, Likelihood, TellStep
from backprop.inputs import Asked
from backprop.language import Model
from backprop.language.declarations import Bounds
from backprop.language.laid import Laid
from backprop.loops.domains import Reals
from backprop.numbers import listed

if TYPE_CHECKING:
    from backprop.descent import Descent
    from backprop.descent.objective import Objective
    from backprop.fit_options import FitOptions

_RUNS = 200
"""About so often an output is computed where starts are looked for."""

_NOT_FOR = {
    "sigma_x": "--sigma-x weighs residuals, and there are none",
    "absolute_sigma": "--absolute-sigma is for --sigma",
}
"""Options that have no meaning for likelihoods, and why."""


class _Sign(NamedTuple):
    """What an output is to be multiplied by to be the negative logarithm of a likelihood, and in words."""

    times: float
    in_words: str


def likelihood(
    model: Model,
    numbers: Mapping[str, float],
    output: str,
    names: Sequence[str],
    bounds: Mapping[str, Bounds],
    options: FitOptions,
) -> tuple[NoResiduals, Likelihood]:
    """How to fit an output over rows of data. numbers: of inputs that are no parameters. names: of these.
    Raises BadOption for an option that has no meaning here."""
    if options["intervals"] == "bootstrap":
        hints = ["by the profile of the likelihood: --intervals profile"]
        raise BadOption("samples of rows are fitted by squares", hints=hints)
    for name, why in _NOT_FOR.items():
        if options[name]:  # type: ignore[literal-required]
            message = f"{output} is no sum of squares, but the logarithm of a likelihood: {why}"
            raise BadOption(message, hints=["leave it out"])
    assert model.laid
    if not model.laid.columns:
        names_of = [name for each in model.laid.data for name in each.names]
        hints = [f"the columns are {listed(names_of, 8)}"]
        raise NeedsData(
            f"{output} has no column of data in it", hints=hints, where=model.source.name
        )
    rows, mean = _rows(model.laid), _is_mean(model, output)
    sign = _sign(model, output, rows if mean else 1)
    start = {name: x for name, x in numbers.items() if not model.laid.is_column(name)}
    made: list[Objective] = []

    def value(at: Mapping[str, float]) -> float:
        from backprop.descent.begin import begin

        try:
            if not made:
                made.append(begin(model, {**start, **at}, output, names, "auto", _RUNS)[0])
            return float(made[0].value([at[name] for name in names]))
        except BackpropError:
            return nan

    def near(x: Sequence[float]) -> tuple[float, Reals, Reals] | None:
        here = value(dict(zip(names, x, strict=True)))
        if not (made and isfinite(here)):
            return None
        try:
            slopes, known = numpy.array(made[0].gradient()), made[0].second_derivatives
            bends = None if known is None else known.at(x)
        except BackpropError:
            return None
        if bends is None or not (numpy.isfinite(slopes).all() and numpy.isfinite(bends).all()):
            return None
        return here, slopes, bends / 2 + bends.T / 2

    def least(at: Mapping[str, float], some: Sequence[str], tell: TellStep) -> Descent:
        from backprop.descent import Errand, descend

        asked = Errand(model, {**start, **at}, output, tell)
        return descend(
            asked, only=some, bounds={n: bounds[n] for n in some if n in bounds}, steps=options["steps"],
            maximize=sign.times < 0,
        )[0]  # fmt: skip

    def bent(some: Sequence[str], at: Mapping[str, float]) -> Bent:
        from backprop import commands

        found = commands.hessian(Asked(model, {**start, **at}, output), some)
        return Bent(found.matrix, found.verdict)

    asked = Likelihood(value, near, least, bent, rows, sign.times, sign.in_words)
    return NoResiduals(names, model.laid.tables, rows, mean), asked


def _rows(laid: Laid) -> int:
    from backprop.data_streamed import is_streamed, streams_of

    if not is_streamed(laid):
        return max(each.size for each in laid.tables)
    return max(int(each.count()) for each in streams_of(laid.data, laid.statements))


def _sign(model: Model, output: str, rows: int) -> _Sign:
    goal = model.goal
    rises = goal is not None and goal.name == output and goal.kind == "maximize"
    what = f"{rows:,}*{output}" if rows > 1 else output
    return _Sign(
        -rows if rises else rows, f"{what} is taken as {'' if rises else '-'}ln(likelihood)"
    )


def _is_mean(model: Model, output: str) -> bool:
    """Whether an output is a mean over rows, as a whole."""
    text = model.instance_of(output).strip()
    if not re.match(r"mean\s*\(", text) or not text.endswith(")"):
        return False
    depth = 0
    for at, each in enumerate(text):
        depth += (each == "(") - (each == ")")
        if not depth and each == ")":
            return at == len(text) - 1
    return False
