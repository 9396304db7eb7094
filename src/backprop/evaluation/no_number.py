"""The inputs of loops without a number, of which an output needs some: nothing is unrolled to tell them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy

from backprop.errors import MissingInputs
from backprop.evaluation.missing import missing_inputs
from backprop.loops.affine import among
from backprop.loops.domains import Domain, Wholes
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.repeated import Repeated
from backprop.source import Span


def no_number(model: LoopModel, values: Mapping[str, float], output: str) -> MissingInputs | None:
    """The error for inputs that have no number and lead to an output; None where there are none."""
    plan = model.plan
    try:
        numbers, (of, at) = model.numbers(values), model.kind(output)
    except (NotLoops, TypeError, ValueError, OverflowError):  # of what is given others speak
        return None
    reached, names = plan.reached(of.name, at), list[str]()
    for name, places in model.naming.groups:
        lacking = numpy.isnan(numbers[name][places]) & plan.inputs_of(name)[places]
        some = among(places, lacking & reached[name][:-1][places])
        names += plan.families[name].labels(some)
    if not names:
        return None
    if not model.naming.in_turn:
        names = model.naming.in_file(names)
    try:
        return missing_inputs(model, output, names, lambda name: _place(model, name))
    except NotLoops:
        return None


def _place(model: LoopModel, name: str) -> Span:
    """Where an input stands first, in the order in which members are read; else where it is declared."""
    plan, (of, at) = model.plan, model.kind(name)
    owners = {loop.root: loop for loop in plan.written if loop.root >= 0}
    roots = sorted(owners)
    found: dict[tuple[int, int], int] = {}
    for row in sorted(plan.uses):
        use = plan.uses[row]
        if use.family != of.name:
            continue
        root = next((each for each in roots if each >= row), None)
        if root is None or row < owners[root].begin:
            continue  # of a recurrence, which is read again
        here = numpy.flatnonzero(numpy.arange(of.size)[use.places] == at)
        if len(here) and (not found or next(iter(found.values())) == root):
            found[_first(plan.columns.homes[row], owners[root], here), row] = root
    place = plan.columns.places[min(found)[1]] if found else 0
    if place <= 0:
        raise NotLoops("it is not plain where an input is read first")
    return Span.at(model.source, place)


def _first(home: Domain, loop: Repeated, here: Wholes) -> int:
    """The first combination of a loop within which one of these, of a domain, is."""
    if loop.domain.parent is None or loop.domain not in home.around():
        return 0
    up = home.lifted(numpy.arange(loop.domain.size), loop.domain)
    return int(up[here].min())
