"""Whose members are, kept by stretches, is what arrays with a number each say."""

from __future__ import annotations

import random

import numpy
import pytest

from backprop.loops.family import Family
from backprop.loops.owners import Owners


@pytest.mark.parametrize("seed", range(40))
def test_stretches_read_as_arrays_do(seed: int) -> None:
    draw = random.Random(seed)
    size = draw.randrange(1, 40)
    found, expected = Owners(size, Family.ABSENT), numpy.full(size, Family.ABSENT)
    for _ in range(draw.randrange(12)):
        start = draw.randrange(size + 1)
        stop = draw.randrange(start, size + 1)
        number = draw.choice([Family.UNDEFINED, 0, 1, 2, 300, 70_000])
        after = found.entered(start, stop, number)
        if after is None:  # too many of them
            break
        found, expected = after, expected.copy()
        expected[start:stop] = number
        assert [*found] == expected.tolist()
    assert numpy.asarray(found).tolist() == expected.tolist()
    assert len(found) == size
    assert found.max() >= expected.max()
    for at in range(-size, size):
        assert found[at] == expected[at]
        assert found[numpy.int64(at)] == expected[at]
    for number in {*expected.tolist(), 5, Family.ABSENT}:
        assert (found == number).tolist() == (expected == number).tolist()
        assert (found != number).tolist() == (expected != number).tolist()
    for _ in range(20):
        start, stop = draw.randrange(size + 1), draw.randrange(size + 1)
        assert found[start:stop].tolist() == expected[start:stop].tolist()
        assert found[start:stop:3].tolist() == expected[start:stop:3].tolist()
        assert found.among(start, stop) == {*expected[start:stop].tolist()}
    places = numpy.array([draw.randrange(-size, size) for _ in range(30)])
    assert found[places].tolist() == expected[places].tolist()
    assert found[expected > 0].tolist() == expected[expected > 0].tolist()


@pytest.mark.parametrize("seed", range(40))
def test_a_family_knows_its_owners(seed: int) -> None:
    """Members entered as stretches, one by one, and at places of a step, in any order."""
    draw = random.Random(seed)
    size = draw.randrange(2, 60)
    family = Family("x", [(numpy.arange(size),)])
    expected = numpy.full(size, Family.ABSENT)
    for number in range(draw.randrange(1, 30)):
        first = draw.randrange(size)
        some = draw.choice([slice(first, size), slice(first, first + 1), slice(0, size)])
        places = numpy.arange(size)[some]
        family.own(some if draw.random() < 0.5 else places, number)
        expected[places] = number
        wanted = numpy.array([draw.randrange(size) for _ in range(5)])
        assert family.owners(wanted) == {*expected[wanted].tolist()}
        assert family.owners(slice(first, size)) == {*expected[first:].tolist()}
        assert family.has(wanted) == (expected[wanted] != Family.ABSENT).all()
        assert family.alike == (expected[0] if len({*expected.tolist()}) == 1 else None)
        assert numpy.asarray(family.owner).tolist() == expected.tolist()
