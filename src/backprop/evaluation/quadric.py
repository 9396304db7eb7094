"""An output as its second derivatives alone have it."""

from typing import Any

import numpy


class Quadric:
    """A parabola with one lowest, highest or saddle point, in scaled inputs.

    scaled: its second derivatives; units: of each input; bends: the eigenvalues; directions: of these, None
    if they are not known and all have one sign.
    """

    def __init__(self, scaled: Any, units: Any, bends: Any, directions: Any) -> None:
        self._scaled, self._units, self._bends = scaled, units, bends
        self._directions = directions

    def way(self, slopes: Any) -> Any:
        """From where the gradient is 0 to where it is `slopes`."""
        to, ways = slopes / self._units, self._directions
        if ways is None:
            return numpy.linalg.solve(self._scaled, to) / self._units
        return ways @ (ways.T @ to / self._bends) / self._units

    def height(self, slopes: Any) -> float:
        """How far the output goes up and down on that way."""
        if self._directions is None:
            return abs(float(slopes @ self.way(slopes))) / 2
        along = self._directions.T @ (slopes / self._units)
        return float((along**2 / numpy.abs(self._bends)).sum()) / 2

    def most(self, noise: Any) -> float:
        """The most that this may be of a gradient of such parts, of any signs."""
        size = float(numpy.square(noise / self._units).sum())
        return size / float(numpy.abs(self._bends).min()) / 2
