"""Which gradients are made in one place of the code, each member's once: they are written, not added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from backprop.loops.native.nests import Nests, Prepared
from backprop.loops.rows import Read


def read_once(nests: Nests, bodies: Iterable[Prepared], inputs: Collection[str]) -> set[str]:
    """The inputs whose members are read row by row, each by one row of one body, where no row is computed
    a second time."""
    columns, plan = nests.columns, nests.plan
    reads: Counter[str] = Counter()
    found: set[str] = set()
    computed: set[str] = set()
    for one in bodies:
        computed.add(one.body.loop.family)
        for row in one.body.order:
            special = columns.specials.get(row)
            if not isinstance(special, Read):
                continue
            reads[special.family] += 1
            home, family = columns.homes[row], plan.families[special.family]
            width, alike = nests.vector.get(home, (1, False))
            if special.family in inputs and home.depth == 1 and alike and home.size % width == 0:
                fit = nests._place(row, special, home)
                if fit.table is None and fit.row == 1 and home.size == family.size:
                    found.add(special.family)
    return {family for family in found - computed if reads[family] == 1}
