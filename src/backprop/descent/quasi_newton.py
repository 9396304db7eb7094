"""BFGS: the inverse of the second derivatives from all steps and how the gradient changed with them.

Nocedal, Wright: Numerical Optimization, 2006, algorithm 6.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from backprop.descent.line_method import Directions
from backprop.descent.vectors import Change, Vector, arrays


class InverseHessian(Directions):
    """The inverse, (n, n), of a point of n numbers."""

    flatter = 0.9

    def __init__(self) -> None:
        self.of = arrays()
        self.matrix: Any = None

    @property
    def is_empty(self) -> bool:
        return self.matrix is None

    def forget(self) -> None:
        self.matrix = None

    def learn(self, change: Change) -> None:
        """Formula (6.17), and (6.20) for the first one."""
        step, by, product, _ = change
        with numpy.errstate(all="ignore"):  # what is not finite leads nowhere, and is forgotten
            if self.matrix is None:
                self.matrix = numpy.identity(len(step)) * (product / float(by @ by))
            inverse = self.matrix @ by
            part = numpy.outer(step / product, inverse)
            square = (1 + float(by @ inverse) / product) * numpy.outer(step / product, step)
            self.matrix += square - part - part.T

    def direction(self, gradient: Vector, held: Sequence[int] = ()) -> Vector:
        """Of numbers that are held the others are not to know: what pushes against these is as much as
        keeps them where they are."""
        if self.matrix is None:
            return -gradient
        with numpy.errstate(all="ignore"):
            found = -(self.matrix @ gradient)
            if len(held):
                try:
                    pushed = numpy.linalg.solve(self.matrix[numpy.ix_(held, held)], found[held])
                except numpy.linalg.LinAlgError:
                    return -gradient
                found -= self.matrix[:, held] @ pushed
        return found

    def first(self, slope: float) -> float:
        return 1.0
