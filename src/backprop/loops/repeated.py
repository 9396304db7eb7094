"""A statement as it is read for loops: once for all of its members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from backprop.loops.affine import Ints
from backprop.loops.domains import Domain, Wholes
from backprop.syntax.bodies import Parts
from backprop.syntax.parser import Statement


class Repeated(NamedTuple):
    """A statement, once for each combination of its indices. family: what it defines members of, or
    the name itself. at: the indices of these members, position by position. rows: those of its body, the
    last that it needs is `root`; -1 of what is drawn. scope: what its variables are."""

    statement: Statement
    family: str
    domain: Domain
    at: tuple[Ints, ...]
    begin: int
    root: int
    scope: Mapping[str, Any]
    parts: Parts

    @property
    def indices(self) -> tuple[Wholes, ...]:
        """The indices as arrays."""
        return tuple(numpy.asarray(each) for each in self.at)
