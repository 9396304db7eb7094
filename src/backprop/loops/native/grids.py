"""Where combinations of indices stand, as machine code finds them: by a base and distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy

from backprop.loops.affine import Affine, Ints
from backprop.loops.domains import Domain, Wholes

_SAMPLE = 4096
"""So many combinations are looked at for the distances of places, before all are."""


class GridFit(NamedTuple):
    """Whole numbers, one for each combination of a domain, as machine code finds them: `base`, plus
    `row` times the number of the row, plus `steps` times the counters of the levels within it.
    table: takes the place of base and steps, by the number of the combination; whole: which then
    counts through all rows, and else within one."""

    base: int
    row: int
    steps: tuple[int, ...]
    table: Wholes | None = None
    whole: bool = False


class Grid:
    """How the combinations of a domain lie within one row of the domain that runs outermost.

    levels: the domains from the outermost to this one. rows: how many rows there are. size: of the
    combinations in one row, where all are alike; -1 where they are not, and then a row counts as one
    more level.
    """

    def __init__(self, domain: Domain, alike: bool = True) -> None:
        self.levels = [each for each in domain.around() if each.parent is not None][::-1]
        self.rows = self.levels[0].size if self.levels else 1
        alike = alike and self.rows > 0 and domain.size % self.rows == 0
        for each in self.levels[1:]:
            if not alike:
                break
            if each.each < 0 and not each.base.depth:
                counts = each.counts
                alike = len(counts) % self.rows == 0
                if alike:
                    shaped = counts.reshape(self.rows, -1)
                    alike = bool((shaped == shaped[0]).all())
        self.size = domain.size // self.rows if alike else -1
        self._domain = domain

    def counters(self) -> list[Wholes]:
        """For each level within a row its counter, for each combination of the first row; where rows
        differ, also the row, for all combinations."""
        end = self.size if self.size >= 0 else self._domain.size
        found: list[Wholes] = []
        at = numpy.arange(end)
        for domain in reversed(self.levels[1:]):
            up = domain.up[at]
            found.append(at - domain.starts[up])
            at = up
        if self.size < 0:
            found.append(at)
        return found[::-1]

    def fit(self, known: Ints) -> GridFit:
        """How these numbers, one for each combination, are found."""
        if isinstance(known, Affine):
            row = known.strides[0] if known.strides else 0
            return GridFit(known.base, row, known.strides[1:])
        numbers = known
        if not self.levels:
            return GridFit(int(numbers[0]), 0, ())
        if self.size < 0:
            steps = _steps(numbers, self.counters())
            if steps is None:
                return GridFit(0, 0, (), numpy.ascontiguousarray(numbers, dtype=numpy.int64), True)
            return GridFit(steps[0], steps[1], steps[2:])
        shaped = numbers.reshape(self.rows, self.size)
        if not shaped.size:
            return GridFit(0, 0, tuple([0] * (len(self.levels) - 1)))
        row = int(shaped[1, 0] - shaped[0, 0]) if self.rows > 1 else 0
        if (shaped != shaped[0] + row * numpy.arange(self.rows)[:, None]).any():
            return GridFit(0, 0, (), numpy.ascontiguousarray(numbers, dtype=numpy.int64), True)
        steps = _steps(shaped[0], self.counters())
        if steps is None:
            return GridFit(0, row, (), numpy.ascontiguousarray(shaped[0], dtype=numpy.int64))
        return GridFit(steps[0], row, steps[1:])


def _steps(numbers: Wholes, counters: Sequence[Wholes]) -> tuple[int, ...] | None:
    """A base and a factor for each counter that together make the numbers; None if there are none."""
    if not len(numbers):
        return (0, *[0] * len(counters))
    some = numpy.arange(min(len(numbers), 2 * _SAMPLE))
    if len(some) < len(numbers):  # not numpy.unique, which imports numpy.ma for 20 ms
        some[_SAMPLE:] = numpy.linspace(_SAMPLE, len(numbers) - 1, _SAMPLE)
    ones = numpy.ones(len(some))
    known = numpy.stack([ones, *(each[some].astype(float) for each in counters)], axis=1)
    found = numpy.linalg.lstsq(known, numbers[some].astype(float), rcond=None)[0]
    if not (numpy.abs(found) < 2.0**50).all():
        return None
    whole = numpy.rint(found).astype(numpy.int64)
    made = numpy.full(len(numbers), whole[0])
    for factor, each in zip(whole[1:], counters, strict=True):
        made += factor * each
    return tuple(whole.tolist()) if (made == numbers).all() else None
