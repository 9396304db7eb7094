"""A number made of several that move, as `s[n]*sum(x[i]^2 for i in 1..n)`: where its derivative is derived
again, it goes by the derivatives of each of these. So none of them goes back with the others."""

from __future__ import annotations

from collections.abc import Container, Mapping

from backprop.chain.columns import Rows
from backprop.graph import in_order
from backprop.loops.affine import numbered, whole
from backprop.loops.derived import adjoints
from backprop.loops.family import is_named
from backprop.loops.leading_names import led_to_by
from backprop.loops.parts import Use
from backprop.loops.placement import Layout
from backprop.loops.rows import Gathered
from backprop.loops.taken_rows import made_with

_MOST = 4
"""So many numbers each have a sweep of their own."""


def split_number(
    plan: Layout,
    of: int,
    by: Use,
    reads: Mapping[str, set[str]],
    computed: Container[int],
) -> Mapping[int, int]:
    """The rows of the numbers that a number is made of, those that move, and of its derivative by each; none
    where nothing is to be split, as these derivatives do not move. of: its row. by: what moves. reads: the
    families that a family reads. computed: the statements that may be looked into."""
    columns = plan.columns
    root = _equation(plan, of, computed)
    if columns.homes[root] is not columns.whole or not columns.is_step(root):
        return {}

    def is_cut(row: int) -> bool:
        return row in plan.uses or isinstance(columns.specials.get(row), Gathered)

    if is_cut(root) or root in columns.specials:
        return {}
    order = in_order([root], lambda row: () if is_cut(row) else columns.operands(row))
    cuts = [row for row in order if is_cut(row) and _moves(plan, row, by.family, reads)]
    if not 0 < len(cuts) <= _MOST:
        return {}
    rows = Rows(columns)
    steps = [row for row in order if columns.is_step(row) and row not in cuts]
    sums = adjoints(rows, steps, {root: rows.number(1.0)}, cuts)
    shares = {row: sums[row] for row in cuts if row in sums}
    if not any(_moves(plan, row, by.family, reads) for row in shares.values()):
        return {}
    if root != of:  # slopes that have the value read the member
        shares = {row: made_with(columns, share, {root: of}) for row, share in shares.items()}
    return shares


def _equation(plan: Layout, of: int, computed: Container[int]) -> int:
    """The row of the equation of a number that is a name with one of its own; else its own row."""
    use = plan.uses.get(of)
    if not use or not is_named(use.family) or plan.families[use.family].size != 1:
        return of
    owner = int(plan.families[use.family].owner[whole(numbered(use.places))][0])
    return plan.loops[owner].root if owner in computed else of


def _moves(plan: Layout, row: int, family: str, reads: Mapping[str, set[str]]) -> bool:
    """Whether a row depends on members of a family."""
    every = in_order([row], plan.columns.operands)
    read = {plan.uses[each].family for each in every if each in plan.uses}
    return family in read | led_to_by(read, lambda each: reads.get(each, set()))
