"""What a row of several combinations needs that is one number for all of them, as the sum in
`x[i]*sum(x[j] for j in 1..n)`: derivatives go through it, for each combination by another member."""

from collections.abc import Container, Hashable, Sequence

from backprop.graph import in_order
from backprop.loops.affine import numbered, whole
from backprop.loops.domains import Domain
from backprop.loops.placement import Layout
from backprop.loops.read_within import ReadWithin
from backprop.loops.rows import ArrayColumns, Gathered, Index, Lift
from backprop.loops.taken_rows import made_with


def numbers_for_all(plan: Layout, of: int, moved: Container[str]) -> list[int]:
    """What a row of several combinations needs that is one number for all, and depends on what moves."""
    columns = plan.columns
    if columns.homes[of] is columns.whole:
        return []
    found = dict[int, None]()
    for row in in_order([of], columns.operands):
        if columns.homes[row] is not columns.whole:
            found |= dict.fromkeys(
                each
                for each in columns.operands(row)
                if columns.homes[each] is columns.whole and not columns.is_number(each)
            )
    return [
        row
        for row in found
        if any(
            each in plan.uses and plan.uses[each].family in moved
            for each in in_order([row], columns.operands)
        )
    ]


def made_apart(
    columns: ArrayColumns, of: int, outside: Sequence[int], equations: ReadWithin
) -> tuple[int, dict[int, int]]:
    """A row made again of numbers for all of its combinations that are several, and these. equations: in
    it, which are told."""
    home = columns.homes[of]
    lifted = {row: columns.lift(row, home) for row in outside}
    made = {**lifted}
    found = made_with(columns, of, made)
    equations.made_again(made)
    return found, lifted


def said(plan: Layout, row: int) -> Hashable:
    """What a row says: two rows with the same are the same numbers."""
    columns, found, domains = plan.columns, dict[int, int](), dict[Hashable, int]()
    known = dict[Hashable, int]()

    def home_of(domain: Domain) -> int:
        counts: Hashable = domain.each if domain.each >= 0 else domain.counts.tobytes()
        key = (domain.parent and home_of(domain.parent), counts)
        return domains.setdefault(key, len(domains))

    last: Hashable = ()
    parts = list[Hashable]()
    for each in in_order([row], lambda at: () if at in plan.uses else columns.operands(at)):
        special, home = columns.specials.get(each), home_of(columns.homes[each])
        operands = tuple(found[at] for at in columns.operands(each) if each not in plan.uses)
        if each in plan.uses:
            use = plan.uses[each]
            last = (use.family, whole(numbered(use.places)).tobytes(), home)
        elif isinstance(special, Index):
            last = (whole(special.numbers).tobytes(), home)
        elif isinstance(special, Gathered):
            last = (special.gather, operands, home)
        elif isinstance(special, Lift):
            last = ("lift", operands, home)
        elif columns.is_step(each):
            last = (columns.op(each), operands, home)
        else:
            last = (columns.constant(each), home)
        if last not in known:
            known[last] = len(known)
            parts.append(last)
        found[each] = known[last]
    return (*parts, *domains)
