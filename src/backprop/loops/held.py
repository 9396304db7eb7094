"""The members that are `const`, by their places: no name is made before somebody asks."""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

from backprop.loops.affine import Places, seen
from backprop.loops.family import Family

Marks = dict[str, NDArray[numpy.bool_]]
"""Of families which members are meant, and at the end, for what is no member, False."""


def hold(marks: Marks, family: Family, places: Places) -> None:
    """Mark members of a family."""
    if family.name not in marks:
        marks[family.name] = numpy.zeros(family.size + 1, dtype=bool)
    marks[family.name][seen(places)] = True
