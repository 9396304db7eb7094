"""What a file says of its inputs, for the JSON of every command."""

from collections.abc import Mapping, Sequence
from typing import Any

from backprop.language import Model
from backprop.language.said import written_bounds
from backprop.report import Column


def said(model: Model) -> dict[str, Any]:
    """The constants, bounds, uncertainties and the goal of a file, as far as it has some:
    `{"constants": ["g"], "bounds": {"t": [0, inf]}, "goal": {"minimize": "s"}}`."""
    found: dict[str, Any] = {}
    if model.constants:
        found["constants"] = [*model.constants]
    if model.bounds:
        found["bounds"] = {name: [*ends] for name, ends in model.bounds.items()}
    if model.uncertainties:
        found["uncertainties"] = dict(model.uncertainties)
    if model.goal:
        found["goal"] = {model.goal.kind: model.goal.name}
    return found


def limits(names: Sequence[str], bounds: Mapping[str, tuple[float, float]]) -> Column:
    """A column with the bounds of these names, "" where there are none."""
    cells = [written_bounds(*bounds[name]) if name in bounds else "" for name in names]
    return Column("bounds", cells, "text")
