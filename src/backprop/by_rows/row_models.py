"""The texts of a row, and of what is computed once, as Models."""

from typing import Any

from backprop.errors import BackpropError
from backprop.language.apart import NotApart
from backprop.language.model import Model
from backprop.language.reading import read_carefully
from backprop.language.sizes import GivenSizes

_MOST_STEPS = 5000
"""Of more steps in a row, or once, loops over arrays are the better way."""


def read_part(source: Any, seed: int, sizes: GivenSizes) -> Model:
    """A part as a Model. Raises NotApart."""
    try:
        found = read_carefully(source, seed, 10 * _MOST_STEPS, sizes)
    except BackpropError as error:
        raise NotApart(str(error)) from None
    columns = found.columns
    if sum(map(columns.is_step, range(len(columns)))) > _MOST_STEPS:
        raise NotApart("there are many steps")
    return found
