"""An axis for numbers that grow without end: linear around 0, logarithmic further out.

A run that diverges goes from 2 to 1e300, through both signs. On a linear axis all but its last step
lies on 0, and a logarithmic one has no place for what is negative. Numbers are bent before they are
drawn, because a plot's own arithmetic overflows at this size.
"""

from collections.abc import Iterable, Sequence
from math import ceil, copysign, floor, isfinite, log10
from statistics import median
from typing import NamedTuple

from backprop.numbers import shown

_GROWN = 1e4
"""How many times its beginning a column must become for a bent axis to show more."""

LARGE = 1e290
"""Beyond it a plot's own axes overflow."""

_FAR = 308.25
"""About the decimal logarithm of the largest double."""

_MOST_TICKS = 9


class Bend(NamedTuple):
    """What bends numbers, up to about `straight` hardly at all; straight 0: it leaves them alone."""

    straight: float = 0.0

    def __call__(self, number: float) -> float:
        """Where a number is drawn: sign(number)*log10(1 + |number|/straight)."""
        size = abs(number)
        if not self.straight or not isfinite(number):
            return number
        if size > 1e9 * self.straight:  # where the quotient may overflow, and 1 has no say
            return copysign(log10(size) - log10(self.straight), number)
        return copysign(log10(1 + size / self.straight), number)

    def all(self, numbers: Iterable[float]) -> list[float]:
        """Where these numbers are drawn."""
        return [self(number) for number in numbers]

    def back(self, place: float) -> float:
        """The number that is drawn at a place."""
        if not self.straight:
            return place
        far = min(abs(place) + log10(self.straight), _FAR)
        return copysign(max(10**far - self.straight, 0.0), place)

    def ticks(self, low: float, high: float) -> dict[float, str]:
        """Places between two others to be marked, powers of ten and 0, and what stands at them."""
        unit = log10(self.straight)
        room = (high - low) / _MOST_TICKS
        found = {0.0: "0"} if low <= 0 <= high else {}
        last = floor(min(max(-low, high) + unit, _FAR))
        powers = range(ceil(unit + room), last + 1, ceil(room))
        for power, sign in ((power, sign) for power in powers for sign in (1, -1)):
            place = sign * self(10.0**power)
            if low <= place <= high:
                found[place] = rf"${'-' * (sign < 0)}10^{{{power}}}$"
        if len(found) > 1:
            return found
        places = [low + part * (high - low) / 4 for part in range(5)]
        return {place: shown(self.back(place), 3) for place in places}


def bend_for(columns: Iterable[Sequence[float]]) -> Bend:
    """The Bend with which these columns, which share an axis, can be read; none for ordinary ones."""
    finite = [sizes for column in columns if (sizes := [abs(x) for x in column if isfinite(x)])]
    largest = max(finite, key=max, default=[0.0])
    most = max(largest)
    beginning = max((sizes[0] for sizes in finite), default=0.0)
    straight = beginning or min((x for sizes in finite for x in sizes if x), default=0.0)
    if most > LARGE:
        return Bend(min(straight, most / _GROWN))
    grown = most > _GROWN * straight and most > _GROWN * median(largest)
    return Bend(straight if grown else 0.0)
