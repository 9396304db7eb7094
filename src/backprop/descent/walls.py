"""What a search for lower points sees of an output: walls where it has no value, and its lowest point."""

from __future__ import annotations

from backprop.descent.course import NoLower, Run
from backprop.descent.objective import Point
from backprop.descent.problem import dot, moves
from backprop.errors import NotFinite

Lower = tuple[float, Point, Point]
"""Value, point and gradient there."""

_MANY, _HARDLY = 50, 1e-2
"""So many steps that lower the output by no more than this part of all that it has fallen, crawl."""


class Walls:
    """Values and gradients around the last step of a run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.lowest: Lower | None = None
        """The lowest point that was asked for since that step, if it is lower."""
        self.stands = False
        """Whether there is a wall at the last point that was asked for."""
        self._looked = run.count, run.value
        """When it was last looked how far the output falls, and the output then."""

    def at(self, point: Point) -> tuple[float, Point]:
        """Value and gradient; where there are none, a wall that turns a line search back. Raises Stop where
        the output falls without end."""
        run = self._run
        try:
            if point == run.x:  # at a corner the run has a gradient of its own
                value, gradient = run.value, run.gradient
            else:
                value, gradient = run.problem.both(point)
        except NotFinite as error:
            if run.problem.bottomless:
                raise run.diverged(error) from None
            # As high above the last step as the slope promised to fall, and rising as steeply:
            # interpolation then shortens the step to about a seventh.
            self.stands = True
            promised = dot(run.gradient, moves(run.x, point))
            return run.value + abs(promised), [-slope for slope in run.gradient]
        self.stands = False
        if value < (self.lowest[0] if self.lowest else run.value):
            self.lowest = value, point, gradient
        return value, gradient

    def look_back(self) -> None:
        """Raise NoLower where an output with corners has hardly fallen in many steps: the slopes around may
        tell more."""
        run = self._run
        if run.problem.objective.is_smooth or (run.count - self._looked[0]) < _MANY:
            return
        before, self._looked = self._looked[1], (run.count, run.value)
        if before - run.value < _HARDLY * run.fallen:
            raise NoLower
