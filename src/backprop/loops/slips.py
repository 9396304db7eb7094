"""Inputs of loops without a number that are used once: each may be another name, misspelt."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy

from backprop.language.hints import resembled
from backprop.loops.affine import among, some_of
from backprop.loops.domains import spread
from backprop.loops.naming import MemberNames
from backprop.loops.plan import Plan
from backprop.loops.rows import Lift
from backprop.names import MOST_COMPARED

_MOST = 50
"""So many of these inputs are looked at."""


def slips(plan: Plan, naming: MemberNames) -> Iterator[tuple[str, str]]:
    """Each with the name that it resembles of those that the file defines."""
    lacking = {
        name: numpy.isnan(plan.defaults[name][: family.size]) & plan.inputs_of(name)
        for name, family in plan.families.items()
    }
    found: list[str] = []
    for name, places in naming.groups:
        some = among(places, lacking[name][places])
        found += plan.families[name].labels(some_of(some, 0, _MOST - len(found)))

    def is_known(name: str) -> bool:
        family = plan.families[name.partition("[")[0]]
        return not lacking[family.name][family.named(name)]

    known = [*islice(filter(is_known, naming.every()), MOST_COMPARED)] if found else []
    for each in naming.in_file(found):
        if _uses(plan, each) == 1 and (near := resembled(each, known)):
            yield each, near


def _uses(plan: Plan, name: str) -> int:
    """How many steps use a name, each as often as it does."""
    columns, family = plan.columns, plan.families[name.partition("[")[0]]
    place, total = family.named(name), 0
    for row in range(len(columns)):
        if not columns.is_step(row) or isinstance(columns.specials.get(row), Lift):
            continue
        for operand in columns.operands(row):
            source = operand
            while isinstance(special := columns.specials.get(source), Lift):
                source = special.row
            use = plan.uses.get(source)
            if use and use.family == family.name:
                here = numpy.arange(family.size)[use.places] == place
                total += int(spread(here, columns.homes[source], columns.homes[operand]).sum())
    return total
