"""What a table says of columns of data, and of what is computed of them row by row."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isfinite

from backprop.language import Model
from backprop.loops.domains import Reals
from backprop.report import Cell, spread_of


def is_column(model: Model, family: str) -> bool:
    """Whether a family is a column of data."""
    return model.laid is not None and family in model.laid.columns


def values_of(model: Model, family: str, count: int, pieces: Iterable[Reals]) -> Cell:
    """The cell of some values: a single one itself, of others how many, and of rows from which to which,
    and their mean."""
    if count == 1:
        return float(next(iter(pieces))[0])
    if model.laid is None or family not in model.laid.families:
        return f"{count} values"
    least, most, middle = inf, -inf, 0.0
    for each in pieces:
        least, most = min(least, float(each.min())), max(most, float(each.max()))
        middle += float((each / count).sum())
    return spread_of(count, least, most, middle) if isfinite(middle) else f"{count} values"
