"""A Model whose output is a derivative of one of another Model's, as an equation text."""

import re

from backprop.errors import BadOption
from backprop.language.model import Model
from backprop.names import family, unknown_name
from backprop.numbers import shortened
from backprop.source import normal

MOST = 10
"""The highest order."""


def derived_text(model: Model, of: str, wrt: str, order: int) -> tuple[str, str]:
    """The equations with one more, the derivative of `of` by `wrt`, and its name: `dL_da`, `d2L_da2`,
    `dh_1_dw_2` of members. Raises UnknownName, BadOption."""
    by = normal(wrt)
    if not by:
        hints = [f"name it: wrt={next(iter(model.inputs), 'x')!r}"]
        raise BadOption("a derivative is by a name, and none is given", hints=hints)
    if by not in model.names:
        raise unknown_name(by, model.names, "these equations")
    if isinstance(order, bool) or not hasattr(order, "__index__") or not 1 <= order <= MOST:
        given = shortened(repr(order), 40)
        raise BadOption(f"an order is a whole number from 1 to {MOST}, not {given}")
    power = str(order) if order > 1 else ""
    name = f"d{power}{_plain(of)}_d{_plain(by)}{power}"
    while name in model.names or family(name):
        name += "_"
    right = "derivative(" * order + of + f", {by})" * order
    return f"{model.source.text}\n{name} = {right}\n", name


def _plain(name: str) -> str:
    """A name as a part of another one: without brackets and primes."""
    return re.sub(r"\W+", "_", name).strip("_")
