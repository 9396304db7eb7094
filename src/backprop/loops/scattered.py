"""Numbers that are added at places, many of them at one: two by two, so that rounding does not grow with
how many there are."""

from __future__ import annotations

from functools import cache

import numpy

from backprop.loops.affine import Affine, Ints, Places
from backprop.loops.domains import Reals, Wholes

FEW = 8
"""So many numbers are added at one place one after the other, about."""

_SOME = 1 << 16
"""So many numbers are added at a time."""


def added(numbers: Reals, places: Places, more: Reals) -> Reals:
    """Numbers to which others are added at these places, which may stand there several times. What no
    gradient has arrived at stays so."""
    if isinstance(places, slice):
        numbers[places] += more
        return numbers
    at: Ints = places
    if len(places) > FEW:
        more = numpy.broadcast_to(more, len(places))
        at, more = _summed(places, more)
    at = numpy.asarray(at)
    many = len(at)
    if many <= FEW:
        numpy.add.at(numbers, at, more)
    elif len(numbers) <= 4 * many:
        counts = numpy.bincount(at, minlength=len(numbers))
        if counts.max() <= FEW:
            numpy.add.at(numbers, at, more)
        else:
            _add_often(numbers, at, more, counts)
    else:
        ordered = numpy.sort(at)
        if (ordered[FEW:] != ordered[:-FEW]).all():
            numpy.add.at(numbers, at, more)
        else:
            different = ordered[numpy.append(True, ordered[1:] != ordered[:-1])]
            own = numpy.searchsorted(different, at)
            numbers[different] = added(numbers[different], own, more)
    return numbers


def _summed(places: Ints, more: Reals) -> tuple[Ints, Reals]:
    """Sums over the innermost and the outermost levels of indices that places do not depend on, and
    theirs."""
    while isinstance(places, Affine) and places.domain.depth and not places.strides[-1]:
        domain = places.domain
        if domain.each < 1 or domain.parent is None:
            break
        places = Affine(domain.parent, places.base, places.strides[:-1])
        more = numpy.add.reduce(more.reshape(-1, domain.each), axis=1)
    if isinstance(places, Affine) and places.domain.depth and not places.strides[0]:
        outer = places.levels[0]
        if outer.size and places.domain.within(outer) >= 0:
            return places.of_first(outer), by_halves(more.reshape(outer.size, -1))
    return places, more


def by_halves(rows: Reals) -> Reals:
    """The sum of rows, two by two."""
    while len(rows) > 1:
        half = len(rows) // 2
        odd = rows[2 * half :]
        rows = rows[:half] + rows[half : 2 * half]
        rows[-1:] += odd[:1] if len(odd) else -0.0
    found: Reals = rows[0]
    return found


@cache
def _turns() -> Wholes:
    """Numbers of 32 bits that follow no pattern."""
    found = numpy.arange(_SOME, dtype=numpy.uint32)
    for factor in (0x9E3779B1, 0x85EBCA6B):
        found *= numpy.uint32(factor)
        found ^= found >> numpy.uint32(15)
    return found.astype(numpy.int64)


def _add_often(numbers: Reals, at: Wholes, more: Reals, counts: Wholes) -> None:
    """Add at places of which some stand there often: in several sums for each, of few numbers, whose own sum
    is made two by two. counts: how often each stands there."""
    bits = numpy.frexp((counts - 1) // FEW)[1].astype(numpy.int64)
    bits[counts <= FEW] = 0
    parts = 1 << bits
    begins = numpy.cumsum(parts) - parts
    shift = 32 - bits
    sums = numpy.full(int(parts.sum()), -0.0)
    for start in range(0, len(at), _SOME):
        some = at[start : start + _SOME]
        own = begins[some] + (_turns()[: len(some)] >> shift[some])
        numpy.add.at(sums, own, more[start : start + _SOME])
    numbers += numpy.add.reduceat(sums, begins)
