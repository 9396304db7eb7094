"""The ways on which creases meet that meet at a point.

Beside a point at which creases of an output meet, its slope along a way changes as the way crosses one of
them, and on the cones between them it is linear: it is negative nowhere if it is not on the rays that these
cones have, on each of which all but one of the creases meet that it takes to make a point.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Any, NamedTuple

import numpy

_SAME = 1e-9
"""Creases whose slopes differ by this part share a way."""


_BENT = 1e-4
"""Slopes that differ by less than this part are those of the same crease, which bends."""


class Ray(NamedTuple):
    """A way on which creases meet, of length 1, (n,), to both sides; which of them share no way."""

    way: Any
    on: Sequence[int]


def distinct(table: Any, same: float = _SAME) -> list[int]:
    """Rows that are no multiples of one another, of (m, n), the first of each; none of rows of 0."""
    lengths = numpy.linalg.norm(table, axis=1)
    kept = numpy.flatnonzero((lengths > 0) & numpy.isfinite(lengths))
    if not len(kept):
        return []
    units = table[kept] / lengths[kept, None]
    first = (numpy.abs(units) > 1e-3 / units.shape[1]).argmax(axis=1)
    units *= numpy.sign(units[numpy.arange(len(units)), first])[:, None]
    found = list[int]()
    seen = numpy.zeros((0, table.shape[1]))
    for at, unit in zip(kept.tolist(), units, strict=True):
        if not len(seen) or numpy.abs(seen - unit).max(axis=1).min() > same:
            seen = numpy.vstack([seen, unit])
            found.append(at)
    return found


def row_space(units: Any) -> Any:
    """An orthonormal basis of what rows span, (r, n)."""
    _, sizes, rows = numpy.linalg.svd(units, full_matrices=False)
    return rows[sizes > _SAME * sizes.max(initial=0.0)]


def within(table: Any, others: Sequence[Any]) -> Any:
    """Slopes of the same creases nearby, (m, n) each, that are other ones, (k, n): those that differ by no
    more than creases bend are left out, and others are put among what the first ones span."""
    basis = row_space(table)
    lengths = numpy.linalg.norm(table, axis=1)
    found = [table[:0]]
    for each in others:
        apart = numpy.linalg.norm(each - table, axis=1)
        moved = each[apart > _BENT * lengths]
        spanned = moved @ basis.T @ basis
        apart = numpy.linalg.norm(moved - spanned, axis=1)
        bent = apart <= _BENT * numpy.linalg.norm(moved, axis=1)
        found.append(numpy.where(bent[:, None], spanned, moved))
    every = numpy.vstack([table, *found])
    return every[[at for at in distinct(every, _BENT) if at >= len(table)]]


def rays(units: Any, most: int) -> list[Ray] | None:
    """The rays of m creases, (m, n), whose slopes have length 1 and are no multiples of one another, within
    what these span; None where there are more choices than `most`."""
    basis = row_space(units)
    rank, within = len(basis), units @ basis.T
    if not rank:
        return []
    if comb(len(units), rank - 1) > most:
        return None
    if len(units) == rank:  # each is left alone
        ways = numpy.linalg.inv(within).T
        ways /= numpy.linalg.norm(ways, axis=1)[:, None]
        every = range(rank)
        return [Ray(ways[at] @ basis, [*every[:at], *every[at + 1 :]]) for at in every]
    chosen = list(combinations(range(len(units)), rank - 1))
    if rank == 1:
        return [Ray(basis[0], ())]
    _, sizes, right = numpy.linalg.svd(within[numpy.array(chosen)])
    found, seen = list[Ray](), numpy.zeros((0, rank))
    for some, size, way in zip(chosen, sizes[:, -1], right[:, -1], strict=True):
        if size <= _SAME:  # they meet on more than a ray
            continue
        if len(seen) and numpy.abs(numpy.abs(seen @ way) - 1).min() < _SAME**2:
            continue
        seen = numpy.vstack([seen, way])
        found.append(Ray(way @ basis, some))
    return found
