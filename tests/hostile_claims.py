"""What an ending of a descent claims, held against values at 40 digits: nothing of the descent's own."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from math import inf, isfinite
from typing import Any

from backprop import Descent
from hostile_functions import Hostile, mp

LENGTHS = [10.0**-k for k in (1, 2, 3, 4, 5, 6, 8, 10)]
WAYS = 12
"""So many random ways, besides those of each input, are looked along."""

PART = 1e-6
"""A fall by this part of the range of a run is one."""

TINY = mp.mpf(1e-290)
"""What is less may be what is left of numbers too small for doubles."""

FAR_OUT = 1e9
"""An input that is so many times as large as all were at the start is far out."""

ON_A_WAY, MANY = 12, 400
"""So many points on a way must not be higher than those before them."""


class Claims:
    """The end of a descent of a function, and what is wrong with what it says."""

    def __init__(self, hostile: Hostile, found: Descent, climbs: bool = False) -> None:
        self.of, self.found, self.sign = hostile, found, -1 if climbs else 1
        self.names = list(hostile.start)
        self.start = [hostile.start[name] for name in self.names]
        self.end = [found.parameters.get(name, hostile.start[name]) for name in self.names]
        self.scales = [
            max(abs(x), abs(x - a)) or 1.0 for x, a in zip(self.end, self.start, strict=True)
        ]
        self.lost = mp.mpf(0)

    def value(self, point: Sequence[Any]) -> Any:
        """The value at a point, infinity where there is none; notes how far rounding moves it."""
        exact = self.of.value(point)
        if exact is None:
            return mp.inf
        for bits in (53, 51):
            rounded = self.of.value(point, bits)
            if rounded is not None:
                self.lost = max(self.lost, abs(rounded - exact))
        return self.sign * exact

    def inside(self, point: Sequence[Any]) -> list[Any]:
        found = []
        for name, x in zip(self.names, point, strict=True):
            low, high = self.of.bounds.get(name, (-inf, inf))
            found.append(min(max(mp.mpf(x), low), high))
        return found

    def wrong(self) -> Iterator[str]:
        """What is untrue, a text each."""
        found, stopped = self.found, self.found.stopped
        if not isfinite(found.value) or not all(map(isfinite, self.end)):
            yield f"numbers that are none: {found.value}, {self.end}"
            return
        here = self.value(self.end)
        if here == mp.inf:
            if self.of.value(self.end, 53) is None:
                yield f"no value at the end {self.end}"
            return
        gap = abs(self.sign * here - found.value)
        if gap > 1e-12 * max(abs(here), abs(found.value)) + 1000 * self.lost + TINY:
            yield f"its value is {mp.nstr(self.sign * here, 17)}, not {found.value!r}"
        said = stopped.startswith(("minimum", "maximum")) or stopped in (
            "target",
            "change",
            "gradient",
        )
        if said != found.converged:
            yield f"converged is {found.converged} of {stopped}"
        if "nan" in found.reason:
            yield f"words: {found.reason}"
        for name, x in zip(self.names, self.end, strict=True):
            low, high = self.of.bounds.get(name, (-inf, inf))
            if not low <= x <= high:
                yield f"{name} = {x} is beyond its bounds"
        fall = self.sign * (found.start_value - found.value)
        rose = self.sign * found.value > self.sign * found.start_value
        best = found.best.value if found.best else found.value
        if rose and found.converged and not self.sign * best < self.sign * found.value:
            yield f"it rose from {found.start_value} to {found.value}"
        if stopped.startswith(("minimum", "maximum")):
            if lower := self.lower(here, max(fall, 0.0)):
                yield f"not lowest: {lower}"
        elif stopped == "flat":
            lengths = LENGTHS[4:] if "jump" in found.reason else LENGTHS[2:]
            if lower := self.lower(here, max(fall, 0.0), lengths):
                yield f"not flat: {lower}"
        elif "without end" in stopped and not self.falls_far(here):
            yield "no fall without end seen"

    def lower(self, here: Any, fall: float, lengths: Sequence[float] = LENGTHS) -> str:
        """A point to which the output only falls from the end, by more than rounding; else ''."""
        chance = random.Random(0)
        count = len(self.end)
        ways = [
            [float(at == k) * side for k in range(count)] for at in range(count) for side in (1, -1)
        ]
        ways += [[chance.gauss(0, 1) for _ in self.end] for _ in range(WAYS)]
        for way in ways:
            for length in lengths:
                seen = [here]
                move = [
                    mp.mpf(length * by * size) for by, size in zip(way, self.scales, strict=True)
                ]
                for part in ((mp.mpf(k) / ON_A_WAY) ** 2 for k in range(1, ON_A_WAY + 1)):
                    point = self.inside(
                        [x + part * by for x, by in zip(self.end, move, strict=True)]
                    )
                    point = [mp.mpf(float(x)) for x in point]
                    seen.append(self.value(point))
                least = mp.mpf(PART) * fall + 100 * self.lost + mp.mpf(1e-320)
                if fall == 0:
                    least += mp.mpf(1e-13) * abs(here)
                rises = any(b > a + 10 * self.lost for a, b in pairwise(seen))
                if not rises and seen[-1] < here - least and self._leads_down(here, move, seen[-1]):
                    at = [mp.nstr(x, 17) for x in point]
                    return f"{mp.nstr(here - seen[-1], 5)} lower at {at} (range {fall:.3g}, rounding {mp.nstr(self.lost, 3)})"
        return ""

    def _leads_down(self, here: Any, move: Sequence[Any], lowest: Any) -> bool:
        """Whether many points on a way are none higher than those before them, and the output does not jump down
        there where that is said."""
        before, steepest = here, mp.mpf(0)
        for k in range(1, MANY + 1):
            point = [x + by * k / MANY for x, by in zip(self.end, move, strict=True)]
            value = self.value([mp.mpf(float(x)) for x in self.inside(point)])
            if value > before + 10 * self.lost:
                return False
            steepest, before = max(steepest, before - value), value
        return "jump" not in self.found.reason or steepest < (here - lowest) / 5

    def falls_far(self, here: Any) -> bool:
        """Whether the output is lower, but for rounding, far away from the start on the way to the end, or on that
        of some inputs, or has fallen as far as doubles go, or beside a pole."""
        if here < -mp.mpf(1e100):
            return True
        if "along a valley" in self.found.reason or "beyond all doubles" in self.found.reason:
            return True
        ways = [[x - a for x, a in zip(self.end, self.start, strict=True)]]
        for at in range(len(self.end)):
            ways.append([by if k == at else 0.0 for k, by in enumerate(ways[0])])
        if "towards a pole" in self.found.reason:
            # towards a pole: it is nearer at the end than at any point looked at
            return any(
                self.value([x - mp.mpf(10) ** -k * by for x, by in zip(self.end, way, strict=True)]) >= here - 100 * self.lost
                for way in ways for k in (3, 6, 9)
            )  # fmt: skip
        for at, size in enumerate(self.scales) if not any(ways[0]) else ():
            ways += [[side * size * (k == at) for k in range(len(self.end))] for side in (1, -1)]
        slopes = [self.sign * self.found.gradients.get(name, 0.0) for name in self.names]
        if steepest := max(map(abs, slopes)):
            ways.append([-slope / steepest * max(self.scales) for slope in slopes])
        for way in ways:
            if not any(way):
                continue
            values = [here]
            for times_ in (0.1, 1, 10, 1000, 10**6, 10**12):
                point = [
                    float(x + mp.mpf(times_) * by) for x, by in zip(self.end, way, strict=True)
                ]
                values.append(
                    self.value(self.inside(point)) if all(map(isfinite, point)) else mp.inf
                )
            known = [*takewhile(lambda each: each != mp.inf, values)]
            if len(known) == 1 and max(map(abs, self.end)) > FAR_OUT * max(map(abs, self.start)):
                # a step on the way is beyond doubles farther out: all the way there it has fallen
                back = (
                    self.value([x - mp.mpf(part) * by for x, by in zip(self.end, way, strict=True)])
                    for part in (0.99, 0.9, 0.5, 0.1)
                )
                known = [*back, here]
            if len(known) > 1 and all(b <= a + 100 * self.lost for a, b in pairwise(known)):
                return True
        return False
