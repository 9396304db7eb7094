"""What a fitted model says of rows: values, with the bands in which the curve and further data lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy

from backprop.fit.fit_rows import FitRows
from backprop.fit.statistics import Statistics
from backprop.language import Model
from backprop.language.modelled import RESIDUALS
from backprop.loops.domains import Reals


class Predicted(NamedTuple):
    """Of n rows, each of shape (n,). fitted: the right side. low, high: the band in which the curve lies;
    least, most: that in which a further observation does. residual: what was observed less that, of rows in
    which something was."""

    fitted: Reals
    low: Reals
    high: Reals
    least: Reals
    most: Reals
    residual: Reals | None = None


def values_of(
    model: Model, names: Sequence[str], x: Reals, known: Mapping[str, float], slopes: bool = True
) -> Reals | None:
    """What is squared in the residuals of a text, one a row, and derivatives by parameters before it: shape
    (P + 1, n); None where something is not finite. slopes: whether derivatives are wanted; they are 0 if not.
    Raises what `FitRows` raises."""
    inputs = [name for name in names if name in model.inputs]
    numbers = dict(zip(names, x.tolist(), strict=True))
    rows = FitRows(model, RESIDUALS, inputs, {**known, **numbers})
    each = rows.each([numbers[name] for name in inputs], slopes)
    if each is None:
        return None
    found = numpy.zeros((len(names) + 1, each.columns.shape[1]))
    found[-1] = each.columns[-1]
    for at, name in enumerate(names):
        if slopes and name in inputs:
            found[at] = each.columns[inputs.index(name)]
    return found


def predicted(
    columns: Reals, statistics: Statistics, level: float, sigma: Reals | float = 1.0
) -> Predicted:
    """columns: of fitted values with derivatives by parameters, as of `values_of`. sigma: the errors of
    data that rows were weighed by. The bands are t*sqrt(g'Cg), and with the variance of an observation
    (Bates, Watts: Nonlinear regression analysis and its applications, 1988, 2.3.2)."""
    slopes, fitted = columns[:-1], columns[-1]
    variance = numpy.einsum("an,ab,bn->n", slopes, statistics.spread, slopes)
    wide = statistics.reach(level)
    curve = wide * numpy.sqrt(numpy.maximum(variance, 0.0))
    own = statistics.variance * numpy.square(sigma)
    rows = wide * numpy.sqrt(numpy.maximum(variance, 0.0) + own)
    return Predicted(fitted, fitted - curve, fitted + curve, fitted - rows, fitted + rows)
