"""Whole numbers as a base and strides, against the arrays that they stand for."""

from __future__ import annotations

import random

import numpy
import pytest

from backprop.loops.affine import Affine, affine, counted, distinct, listed, ordinals, plain, ranged
from backprop.loops.domains import Domain
from backprop.loops.recurrence import Recurrence
from backprop.loops.worth import read_model
from backprop.source import Source


def random_domain(chance: random.Random) -> tuple[Domain, list[numpy.ndarray]]:
    """A domain to depth 3, and of each combination the counters, one array a level."""
    domain, counters = Domain(), list[numpy.ndarray]()
    for _ in range(chance.randint(1, 3)):
        counts = numpy.array([chance.randint(0, 4) for _ in range(domain.size)], dtype=numpy.int64)
        even = chance.random() < 0.5
        times = counts if not even else numpy.full(domain.size, chance.randint(1, 4))
        inner = Domain(domain, int(times[0]) if even and domain.size else times)
        up = numpy.repeat(numpy.arange(domain.size), times)
        counters = [each[up] for each in counters]
        counters.append(
            numpy.array([at for each in times for at in range(each)], dtype=numpy.int64)
        )
        assert inner.size == len(up)
        assert (inner.up == up).all()
        assert (inner.counts == times).all()
        assert (inner.starts == numpy.cumsum(times) - times).all()
        domain = inner
    return domain, counters


@pytest.mark.parametrize("number", range(200))
def test_arrays_are_what_base_and_strides_say(number: int) -> None:
    chance = random.Random(number)
    domain, counters = random_domain(chance)
    base, strides = chance.randint(-9, 9), [chance.randint(-5, 9) for _ in counters]
    right = numpy.full(domain.size, base)
    for stride, counter in zip(strides, counters, strict=True):
        right = right + stride * counter
    found = Affine(domain, base, strides)
    assert (found.array() == right).all()
    assert (numpy.asarray(found) == right).all()
    assert len(found) == len(right)
    assert found.ends() == ((right.min(), right.max()) if len(right) else None)
    if found.differ():
        assert len({*right.tolist()}) == len(right)
    assert distinct(found) == (len({*right.tolist()}) == len(right))
    run = found.run()
    if run is not None:
        assert right.tolist() == [*range(run.start, run.stop)]
    seen = plain(right)
    again = affine(seen, domain)
    if isinstance(seen, numpy.ndarray) and again is not None:
        assert (again.array() == right).all()
    if all((level.counts > 0).all() for level in found.levels):
        assert again is not None or isinstance(seen, slice)
    if len(right) > 2:
        right[chance.randrange(len(right))] += 1000
        other = affine(right, domain)
        assert other is None or (other.array() == right).all()
    up = ordinals(domain)
    assert numpy.asarray(up).tolist() == [*range(domain.size)]


def test_ranges_and_lists() -> None:
    whole = Domain()
    outer, i = ranged(whole, Affine(whole, 2), Affine(whole, 3), 4)
    assert numpy.asarray(i).tolist() == [2, 5, 8, 11]
    counts = counted(Affine(outer, 1), i, Affine(outer, 1))  # j in 1..i
    inner, j = ranged(outer, Affine(outer, 1), Affine(outer, 1), counts)
    assert isinstance(j, Affine)
    assert inner.counts.tolist() == [2, 5, 8, 11]
    assert numpy.asarray(j).tolist() == [*range(1, 3), *range(1, 6), *range(1, 9), *range(1, 12)]
    band = counted(i, i.shifted(4), Affine(outer, 2))  # k in i..i+4..2
    assert band == 3
    assert numpy.asarray(ranged(outer, i, Affine(outer, 2), band)[1]).tolist()[:6] == [
        2,
        4,
        6,
        5,
        7,
        9,
    ]
    _, steps = listed(outer, [i, i.shifted(3)])
    assert isinstance(steps, Affine)
    _, others = listed(outer, [Affine(outer, 1), Affine(outer, 2), Affine(outer, 7)])
    assert numpy.asarray(others).tolist() == [1, 2, 7] * 4


def test_a_long_recurrence_has_no_arrays() -> None:
    """Where members stand is known of ten million without one array."""
    text = "x[0] = 1; x[t] = 0.5*x[t-1] + v[2*t+1] for t in 1..n; v[k] = 0.1 for k in 0..2*n+1; n = 100000; L = x[n]"
    plan = read_model(Source("<text>", text), many=0).loops
    (run,) = [each for each in plan.runs if isinstance(each, Recurrence)]
    (body,) = run.bodies
    assert body.target == slice(1, 100001)
    places = [use.places for use in body.part.uses]
    first, second = places
    assert first == slice(0, 100000)
    assert isinstance(second, Affine)
    assert (second.base, second.strides, second._made) == (3, (2,), None)
