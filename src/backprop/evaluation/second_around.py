"""Whether second derivatives found on both sides of a point are those of all directions around it."""

from __future__ import annotations

from functools import cached_property
from math import isnan
from typing import Any

from backprop.evaluation.borders import met
from backprop.evaluation.second_derivatives import SecondDerivatives, points_around
from backprop.evaluation.second_digits import Both
from backprop.evaluation.second_sides import SecondSides
from backprop.evaluation.shaken import changed

SAME = 1e-3
"""How far second derivatives around a border may be apart, relative: they are those of points at a
distance."""


class SecondAround:
    """The tables at a few points around one, in no direction of note."""

    def __init__(self, second: SecondDerivatives, x: list[float]) -> None:
        self._second, self._x = second, x
        self._looks = dict[int, SecondSides]()
        self._shaken = dict[int, Any]()

    @cached_property
    def _near(self) -> list[tuple[list[float], Any]]:
        """The numbers of all rows of the gradient, and the table, at each of the points."""
        second = self._second
        known = [second.data(near) for near in points_around(self._x)]
        return [(data, second.table(data)) for data in known]

    def agree(self, place: Both, number: float, everywhere: bool = False) -> bool:
        """Whether all points say so, and with `everywhere` none says nothing, as beyond the end of a domain.
        What doubles say otherwise is asked at 60 digits: of `sin(x)/x` near 0 they have none left."""
        if len(self._x) == 1 and not everywhere:  # both sides agree, and there is no other
            return True
        for at, (_, table) in enumerate(self._near):
            there = float(table[place])
            if _same(there, number) or (isnan(there) and not everywhere):
                continue
            if self._is_sure(at, place) or not _same(self._exact(at, place), number):
                return False
        return True

    def _is_sure(self, at: int, place: Both) -> bool:
        """Whether what doubles say does not move when everything is changed a little, and they stand on no
        border there: by rounding alone exp(x) is x + 1 close to 0."""
        data, table = self._near[at]
        if met(self._second.graph, data):
            return False
        if at not in self._shaken:
            again = list(changed(self._second.graph, data, 0)[1])
            self._shaken[at] = self._second.table(again)
        return _same(float(self._shaken[at][place]), float(table[place]))

    def _exact(self, at: int, place: Both) -> float:
        data = self._near[at][0]
        if at not in self._looks:
            self._looks[at] = SecondSides(self._second.graph, self._second.leaves, data)
        return self._looks[at].one(*place).number


def _same(there: float, number: float) -> bool:
    return abs(there - number) <= SAME * (1 + abs(number))
