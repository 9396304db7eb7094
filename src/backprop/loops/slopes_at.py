"""The derivatives of one member's equation by some of the members that it reads, from arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy

from backprop.loops.arrays import ArrayWriter
from backprop.loops.domains import Reals, Wholes, stretch
from backprop.loops.many import NotLoops
from backprop.loops.parts import part, sliced
from backprop.loops.plan import Plan
from backprop.loops.walks import walk_through
from backprop.memory import available

_ROOM = 24
"""Bytes that a step takes for each of its combinations: its value, its gradient, and room to make them."""


def slopes_at(
    plan: Plan, number: int, at: int, shown: Mapping[str, Wholes], values: Mapping[str, Reals]
) -> dict[str, float]:
    """The derivatives of a member by those names of `shown` that it reads, all places of its equation
    added up. number, at: its statement and combination. shown: places by family. values: of all members.
    Raises NotLoops where that takes more memory than is free, or is not finite."""
    columns, loop = plan.columns, plan.loops[number]
    block = part(columns, [loop.root], plan.uses)
    needed = sum(_ROOM * columns.homes[step].size for step in block.steps)
    if needed + _ROOM * sum(columns.homes[use.row].size for use in block.uses) > available() / 2:
        raise NotLoops("the derivatives of an equation take more memory than is free")
    writer = ArrayWriter()
    with writer.watched():
        walk = walk_through(block, writer, values, {})
        walk.forward()
        seed: Reals | float = 1.0
        if columns.homes[loop.root] is not columns.whole:
            seed = numpy.full(columns.homes[loop.root].size, -0.0)
            seed[at] = 1.0
        found = walk.backward({loop.root: seed}, [use.row for use in block.uses])
    slopes: dict[str, float] = {}
    for use in block.uses:
        if use.family not in shown:
            continue
        home, family = columns.homes[use.row], plan.families[use.family]
        here = stretch(home, loop.domain, at)
        places = sliced(use.places, here)
        if isinstance(places, slice):
            places = numpy.arange(places.start, places.stop)
        given = numpy.broadcast_to(numpy.asarray(found[use.row], dtype=float), home.size)[here]
        places = numpy.asarray(places)
        hits = numpy.isin(places, shown[use.family])
        some, which = numpy.unique(places[hits], return_inverse=True)
        added = numpy.bincount(which, given[hits], len(some)) + 0.0
        for name, slope in zip(family.labels(some), added.tolist(), strict=True):
            slopes[name] = slopes.get(name, 0.0) + slope
    if not numpy.isfinite([*slopes.values()]).all():
        raise NotLoops("a derivative is not finite")
    return slopes
