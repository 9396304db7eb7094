"""What a search along creases asks of them, whoever knows where they are."""

from collections.abc import Sequence
from typing import Any, Protocol


class OnSome(Protocol):
    """An output of n inputs on some of its creases, m equations c(x) = 0.

    cost: of a look at the equations, as a part of one at the output with them.
    """

    cost: float

    def values(self, x: Sequence[float]) -> Any:
        """The equations at a point, (m,)."""

    def equations(self, x: Sequence[float]) -> tuple[Any, Any]:
        """The equations at a point, (m,), and their slopes, (m, n)."""

    def slopes_now(self, x: Sequence[float]) -> Any:
        """Those of the equations, (m, n), of ties to what is the largest at the point itself."""

    def slopes(self, x: Sequence[float]) -> Any:
        """Those of the output, (n,): beside a crease those of one of its sides."""

    def bends(self, x: Sequence[float], some: Sequence[int], multipliers: Any, ways: Any) -> Any:
        """How the output plus some of the equations times their multipliers bends along k moves, (n, k): its
        second derivatives, (k, k)."""


class SomeCreases(Protocol):
    """The creases of an output. size: of how many steps in Python a look at all takes the time."""

    size: int

    def __len__(self) -> int: ...

    def has_own_corner(self, at: int) -> bool:
        """Whether the output is continuous on one of them, as far as that is known from its operation."""

    def row(self, at: int) -> int:
        """Which row one of them belongs to, whose members are alike."""

    def on(self, chosen: Sequence[int]) -> OnSome:
        """The output on some of them."""

    def distances(self, x: Sequence[float], scales: Any) -> Any:
        """How far each is from a point, (len,), in the scales of the inputs; inf where its slopes say
        nothing."""
