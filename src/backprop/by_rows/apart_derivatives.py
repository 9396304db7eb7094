"""Whether derivatives in equations are the same where these are apart: `m = derivative(a*exp(-b*x), x)`.

A derivative is total, through all equations. In the text of a row, what is computed once is an input, and in
that of what is computed once, sums over rows are: what they depend on is not seen there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from backprop.by_rows.taken_members import Taken
from backprop.graph import in_order
from backprop.language.apart import NotApart
from backprop.language.model import Model

_WHY = "derivatives stand in equations, of what depends on other rows"


def check_of_rows(
    row: Model,
    once: Model,
    shared: Mapping[str, int],
    taken: Mapping[int, Taken],
    totals_of: Callable[[list[str]], Collection[str]],
) -> None:
    """Raise NotApart for a derivative that misses something. row, once: the two texts. shared: the inputs of
    a row that all have in common. taken: those that are taken from members. totals_of: the sums that lead to
    names."""
    names = {node: name for name, node in shared.items()}

    def is_computed(name: str) -> bool:
        return name in once.names and once.columns.is_step(once.names[name])

    for each in row.derivations.values():
        once_moves = each.by in names
        for node in in_order([each.of], row.columns.operands):
            if node == each.by:
                continue
            members = taken[node].members if node in taken else [names.get(node, "")]
            if totals_of([*members]):
                raise NotApart(_WHY)
            if once_moves and (node in taken or is_computed(members[0])):
                raise NotApart("derivatives stand in equations, of what depends on others")


def check_once(once: Model, totals: Collection[str]) -> None:
    """Raise NotApart for a derivative of what is gathered over rows. totals: these sums."""
    for each in once.derivations.values():
        inside = in_order([each.of], once.columns.operands)
        if any(once.labels.get(node) in totals for node in inside):
            raise NotApart(_WHY)
