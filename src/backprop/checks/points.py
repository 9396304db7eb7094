"""Points at which formulas are compared with a derivative: the given one, and random ones around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from random import Random

from backprop.checks.claims import Claim
from backprop.checks.graph import Graph, claim_noise, gradient_noise, has_value
from backprop.engine import backward, forward
from backprop.language import Model
from backprop.numbers import rounded
from backprop.values import in_order

MOST = 20
"""Random points for a formula."""

_TRIES = 300
_LARGE = 50_000
"""Values: for larger graphs there are fewer points, and fewer tries."""

Point = tuple[float, ...]


class Subject:
    """One name with all claims about its derivatives, at any point.

    `at(point)` puts the Values there, forward and backward, the formulas of the claims included.
    """

    def __init__(self, model: Model, name: str, claims: Sequence[Claim]) -> None:
        self.model = model
        self.graph = Graph(model, name)
        everything = in_order([self.graph.root, *(claim.root for claim in claims)])
        self.leaves = [value for value in everything if value.label and not value.prev]
        self._others = [value for value in everything if value.prev and value not in self.graph]
        self.start: Point = tuple(leaf.data for leaf in self.leaves)

    def at(self, point: Point) -> bool:
        """Compute everything at a point; whether the name has a value there."""
        for leaf, number in zip(self.leaves, point, strict=True):
            leaf.data = number
        forward(self.graph.order)
        backward(self.graph.order)
        forward(self._others)
        return self.graph.finite

    def points(self, seed: int) -> Iterator[Point]:
        """Random points of the domain, other than the given one, at which the Values then stand."""
        if not self.leaves:
            return
        random = Random(f"{seed} {self.graph.output}")
        tries = _TRIES if len(self.graph.order) <= _LARGE else 5
        for number in range(tries):
            wide = random.choice((0.1, 1.0, 3.0)) if number < _TRIES // 2 else 0.01
            keep = 0.1 if number < _TRIES // 4 else 0.5
            point = tuple(_near(at, wide, keep, random) for at in self.start)
            if point != self.start and self.at(point):
                yield point

    def named(self, point: Point) -> dict[str, float]:
        return {leaf.label: number for leaf, number in zip(self.leaves, point, strict=True)}


class Question:
    """A claim beside the derivative that it is about, where the Values of its subject stand."""

    def __init__(self, subject: Subject, claim: Claim) -> None:
        self.subject = subject
        self.graph = subject.graph
        self.claim = claim
        self.by = subject.model.values[claim.by]
        self.order = in_order([claim.root])

    @property
    def right(self) -> float:
        return self.by.grad + 0.0 if self.by in self.graph else 0.0

    @property
    def claimed(self) -> float:
        return self.claim.root.data + 0.0

    @property
    def whole(self) -> bool:
        """Whether there are two numbers to compare."""
        there = has_value(self.subject.model, self.order)
        return there and isfinite(self.right) and isfinite(self.claimed)

    def agrees(self, tolerance: float) -> bool:
        """Whether the claim is right here: as far as it is written out, and as rounding lets it be."""
        claimed, right = self.claimed, self.right
        if self.same(claimed, right, tolerance):
            return True
        off = abs(claimed - right)
        if not off <= 1e-9 * self._largest():
            return False  # no rounding does that
        noise = claim_noise(self.order)
        if self.by in self.graph:
            noise += gradient_noise(self.graph.order, [self.by])[self.by]
        return off <= 8 * noise

    def same(self, claimed: float, right: float, tolerance: float = 0.0) -> bool:
        """Whether a number is another one as far as this claim is written out."""
        if claimed == right:
            return True
        if not (isfinite(claimed) and isfinite(right)):
            return False
        part = (1e-7 if self.claim.formula else 1e-9) * max(abs(claimed), abs(right))
        rounding = self.claim.rounding * (1 + 1e-9)
        return abs(claimed - right) <= max(part, rounding, tolerance * abs(right))

    def _largest(self) -> float:
        """The largest number of which the two are made."""
        numbers = [value.data for value in self.order] + [value.grad for value in self.graph.order]
        return max((abs(number) for number in numbers if isfinite(number)), default=0.0)


def _near(at: float, wide: float, keep: float, random: Random) -> float:
    """A number of few digits around `at`, or `at` itself: an order or an exponent may have to stay."""
    moved = at + wide * random.gauss() * (abs(at) or 1.0)
    return at if random.random() < keep or not isfinite(moved) else rounded(moved, 3)
