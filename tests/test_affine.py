"""Whole numbers as a base and strides, against the arrays that they stand for."""

from __future__ import annotations

import random

import numpy
import pytest

from backprop.loops.affine import (
    Affine,
    affine,
    counted,
    distinct,
    listed,
    ordinals,
    plain,
    ranged,
    seen,
)
from backprop.loops.domains import Domain
from backprop.loops.loop_model import LoopModel
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
    places = plain(right)
    again = affine(places, domain)
    if isinstance(places, numpy.ndarray) and again is not None:
        assert (again.array() == right).all()
    if all((level.counts > 0).all() for level in found.levels):
        assert again is not None or isinstance(places, slice)
    if len(right) > 2:
        right[chance.randrange(len(right))] += 1000
        other = affine(right, domain)
        assert other is None or (other.array() == right).all()
    up = ordinals(domain)
    assert numpy.asarray(up).tolist() == [*range(domain.size)]


def test_ranges_and_lists() -> None:
    whole = Domain()
    outer = Domain(whole, 4)
    i = ranged(outer, Affine(whole, 2), Affine(whole, 3))
    assert numpy.asarray(i).tolist() == [2, 5, 8, 11]
    counts = counted(Affine(outer, 1), i, Affine(outer, 1))  # j in 1..i
    inner = Domain(outer, counts)
    j = ranged(inner, Affine(outer, 1), Affine(outer, 1))
    assert isinstance(j, Affine)
    assert inner.counts.tolist() == [2, 5, 8, 11]
    assert numpy.asarray(j).tolist() == [*range(1, 3), *range(1, 6), *range(1, 9), *range(1, 12)]
    band = counted(i, i.shifted(4), Affine(outer, 2))  # k in i..i+4..2
    assert band == 3
    found = ranged(Domain(outer, band), i, Affine(outer, 2))
    assert numpy.asarray(found).tolist()[:6] == [2, 4, 6, 5, 7, 9]
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


def nested(chance: random.Random) -> tuple[Domain, Domain]:
    """Ranges within ranges, whose ends are those of others around: as they are read, and the same with an
    array of counts for each."""
    lazy, plain_ = [Domain()], [Domain()]
    variables: list[list[int]] = []
    for _ in range(chance.randint(1, 5)):
        domain = lazy[-1]
        low, high = Affine(domain, 0), Affine(domain, chance.randint(1, 3))
        for variable in [each for each in variables if chance.random() < 0.4]:
            strides = [*variable[1:], *[0] * (domain.depth - len(variable) + 1)]
            shift = Affine(domain, variable[0], strides)
            high = high.plus(shift, chance.choice([1, 1, -1]))
        by = Affine(domain, chance.choice([1, 1, 2]))
        ends = [numpy.asarray(each) for each in (low, high, by)]
        inner = Domain(domain, counted(low, high, by))
        lazy.append(inner)
        plain_.append(Domain(plain_[-1], numpy.maximum((ends[1] - ends[0]) // ends[2] + 1, 0)))
        variables.append([0] * (domain.depth + 1) + [by.base])
        if not 0 < inner.size < 2000:
            break
    return lazy[-1], plain_[-1]


@pytest.mark.parametrize("number", range(300))
def test_what_repeats_itself_is_what_arrays_say(number: int) -> None:
    chance = random.Random(number)
    found, right = nested(chance)
    pairs = [*zip(found.around(), right.around(), strict=True)]
    assert found.size == right.size
    for one, other in pairs:
        assert (one.counts == other.counts).all()
        assert (one.starts == other.starts).all()
        assert (one.up == other.up).all()
        assert one.gaps == bool((other.counts == 0).any())
        assert one.most == other.counts.max(initial=0)
        numbers = numpy.arange(one.size) * 3 + 1
        again = found.lifted(numbers if one.parent else 7, one)
        at = numpy.arange(other.size)
        for domain in [each for each in right.around() if each.depth > other.depth][::-1]:
            at = at[domain.up]
        assert (again == (numbers[at] if one.parent else numpy.full(right.size, 7))).all()
        counts = numpy.bincount(at, minlength=other.size)
        if one is not found:
            over = found.over(one)
            assert over.parent is one
            assert (over.counts == counts).all()
            assert over.size == found.size
            if found.within(one) >= 0:
                assert (counts == found.within(one)).all()
    strides = [chance.choice([0, 0, 1, 3, -2, 50]) for _ in range(found.depth)]
    whole = Affine(found, 5, strides)
    numbers = Affine(right, 5, strides).array()
    assert (whole.array() == numbers).all()
    assert whole.ends() == ((numbers.min(), numbers.max()) if len(numbers) else None)
    assert {*seen(whole).tolist()} == {*numbers.tolist()}
    assert distinct(whole) == (len({*numbers.tolist()}) == len(numbers))


@pytest.mark.parametrize(
    "text",
    [
        "x[i] = i for i in 1..30; L = sum(x[*])",
        "x[i,j] = i + j for i in 2..9, j in -3..4; L = sum(x[*,*])",
        "x[i,j] = i + j for i in 1..9, j in 1..i; L = sum(x[*,*])",
        "x[i,j,k] = i*j + k for i in 0..3, j in 1..4, k in -1..2 if j != i; L = sum(x[*,*,*])",
    ],
)
@pytest.mark.parametrize("step", [1, 2, -1])
def test_names_of_many_members_are_those_of_each(text: str, step: int) -> None:
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    family = model.plan.families["x"]
    places = numpy.flatnonzero(family.owner != family.ABSENT)
    some = places[5:][::step]
    names = family.labels(some)
    assert names == [family.labels(some[at : at + 1])[0] for at in range(len(some))]
    assert [family.named(name) for name in names] == some.tolist()
    found = family.all_named(names)
    assert found is not None
    assert found.tolist() == some.tolist()
    assert family.all_named([*names[:-1], "x[99]"]) is None
