"""Sums, products, means, extremes and logsumexp over an index: their values and their gradients."""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.loops.arrays import ArrayWriter, Spread, norm
from backprop.loops.domains import Domain, Reals
from backprop.operations import OPERATIONS, Gather

_HYPOT = numpy.frompyfunc(hypot, 2, 1)


def value(writer: ArrayWriter, gather: Gather, domain: Domain, terms: Spread) -> Any:
    """What a gather makes of its terms, for each combination of the domain around."""
    if gather.joined_by == "*":
        return domain.joined(numpy.multiply, terms, 1.0)
    if gather.joined_by in ("min", "max"):
        join = numpy.minimum if gather.joined_by == "min" else numpy.maximum
        return domain.joined(join, terms, 0.0)
    if gather.joined_by == "hypot":
        # NumPy's own is off by another last digit; what is made of objects are objects, which raise
        made = numpy.asarray(domain.joined(_HYPOT, numpy.abs(terms), 0.0), dtype=float)
        return writer.kept("hypot", made, [made])  # for objects the processor keeps no mark
    if gather.joined_by == "logsumexp":
        return _around_pivot(writer, domain, numpy.broadcast_to(terms, domain.size))
    if gather.joined_by == "pivot":  # which no gradient goes through
        return _pivot(writer, domain, numpy.broadcast_to(terms, domain.size))
    total = domain.joined(numpy.add, terms, 0.0)
    return total / domain.counts if gather.divided else total


def _around_pivot(writer: ArrayWriter, domain: Domain, terms: Reals) -> Reals:
    """The logsumexp of terms, of three or more around the largest, as `graph.joined` has it."""

    def add(first: Reals, second: Reals) -> Spread:
        return writer.value("logsumexp", [first, second])

    pivot = _pivot(writer, domain, terms)
    below = numpy.asarray(writer.value("below", [terms, domain.spread(pivot)]))
    above = writer.value("above", [pivot, domain.by_two(add, below)])
    return numpy.where(domain.counts < 3, domain.by_two(add, terms), above)


def _pivot(writer: ArrayWriter, domain: Domain, terms: Reals) -> Any:
    return domain.by_two(lambda x, y: writer.value("pivot", [x, y]), terms)


def _shares(writer: ArrayWriter, domain: Domain, terms: Reals) -> Spread:
    """exp(term) over the sum of them. Where the terms are large, their logsumexp has lost digits that
    the distance from the largest one has."""
    largest = domain.joined(numpy.maximum, terms, 0.0)
    each = writer.value("exp", [writer.value("-", [terms, domain.spread(largest)])])
    total = domain.by_two(numpy.add, numpy.asarray(each))
    return writer.value("/", [each, domain.spread(total)])


def gradient(
    writer: ArrayWriter,
    gather: Gather,
    domain: Domain,
    terms: Reals,
    out: Reals,
    given: Reals,
) -> Spread:
    """What the gradient of a gather brings to those of its terms."""
    if gather.divided:
        given = numpy.asarray(writer.value("/", [given, domain.counts.astype(float)]))
    arrived: Reals = domain.spread(given)
    if gather.joined_by == "+":
        return arrived
    if gather.joined_by == "hypot":
        names: dict[str, Spread] = {"x": terms, "out": domain.spread(out)}
        return writer.product(arrived, writer.text(OPERATIONS["hypot"].slopes[0], names), True)
    if gather.joined_by == "*":
        return writer.product(arrived, _others(domain, terms), True)
    if gather.joined_by == "logsumexp":
        return writer.product(arrived, _shares(writer, domain, terms), True)
    return writer.branch(arrived, _first(domain, terms == domain.spread(out)).astype(float))


def effects(
    gather: Gather, domain: Domain, terms: Spread, out: Reals, slope: Reals
) -> Iterator[float]:
    """What the sizes of the steps that a gather takes, unrolled, do to an output, about: of all
    combinations the root of the squares. slope: of the output by the gather."""
    terms = numpy.broadcast_to(terms, domain.size)
    counts, up = domain.counts, domain.up
    out, slope = (numpy.broadcast_to(each, len(counts)) for each in (out, slope))
    if gather.divided:
        yield norm(out * slope)
        slope = slope / counts
    if gather.joined_by == "+":
        sums = numpy.add.accumulate(terms)
        before = numpy.concatenate(([0.0], sums))[domain.starts[counts > 0]]
        behind = numpy.arange(domain.size) > domain.starts[up]
        base = numpy.zeros(len(counts))
        base[counts > 0] = before
        yield norm(((sums - base[up]) * slope[up])[behind])
    elif gather.joined_by == "logsumexp":
        below = terms - out[up]
        yield norm(below * numpy.exp(below) * slope[up])
        yield norm(out * slope)
    else:
        yield norm(out * slope * numpy.sqrt(numpy.maximum(counts - 1, 0)))


def can_tie(gather: Gather) -> bool:
    """Whether there are terms with which a gather stands on a border."""
    return gather.joined_by in ("min", "max", "hypot")


def tied(gather: Gather, domain: Domain, terms: Reals, out: Reals) -> bool:
    """Whether several terms are the least or the largest one, or all of a norm are 0."""
    if gather.joined_by == "hypot":
        return bool((out == 0).any())
    if gather.joined_by not in ("min", "max"):
        return False
    return bool(
        (domain.joined(numpy.add, (terms == domain.spread(out)).astype(float), 1.0) > 1).any()
    )


def _first(domain: Domain, found: NDArray[numpy.bool_]) -> NDArray[numpy.bool_]:
    """Of what is found only the first, for each combination of the domain around."""
    at = numpy.where(found, numpy.arange(domain.size), domain.size)
    first = domain.joined(numpy.minimum, at, domain.size)[domain.up]
    found &= numpy.arange(domain.size) == first
    return found


def _others(domain: Domain, terms: Reals) -> Reals:
    """For each term the product of the others: those before it times those behind it."""
    before, behind = numpy.ones(domain.size), numpy.ones(domain.size)
    counts, starts = domain.counts, domain.starts
    longest = int(counts.max(initial=0))
    if longest > len(counts):  # few and long
        for start, end in zip(starts.tolist(), (starts + counts).tolist(), strict=True):
            some = terms[start:end]
            before[start + 1 : end] = numpy.multiply.accumulate(some[:-1])
            behind[start : max(end - 1, start)] = numpy.multiply.accumulate(some[:0:-1])[::-1]
        return before * behind
    for turn in range(1, longest):
        here = numpy.flatnonzero(counts > turn)
        at = starts[here] + turn
        before[at] = before[at - 1] * terms[at - 1]
        at = starts[here] + counts[here] - 1 - turn
        behind[at] = behind[at + 1] * terms[at + 1]
    return before * behind
