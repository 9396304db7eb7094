"""The rows of columns that lead to others, in the order of the walk over a graph."""

from collections.abc import Mapping, Sequence

_MOST_MARKED = 1 << 20
"""Of so many rows at most each has a mark: to make these takes no time to speak of."""


def order_of_rows(
    roots: Sequence[int],
    firsts: Sequence[int],
    seconds: Sequence[int],
    more: Mapping[int, Sequence[int]],
) -> list[int] | None:
    """What `graph.in_order` finds, in a third of the time; None of very many rows. firsts, seconds, more: of
    each row the operands, as `Columns` has them."""
    if len(firsts) > _MOST_MARKED:
        return None
    order, seen, stack = list[int](), bytearray(len(firsts)), [*reversed(roots)]
    while stack:
        node = stack.pop()
        if node < 0:  # the complement of one of which everything is there that it needs
            order.append(~node)
            continue
        while not seen[node]:
            seen[node] = 1
            first, second = firsts[node], seconds[node]
            if second < 0:
                if first < 0 or seen[first]:
                    order.append(node)
                    break
                stack.append(~node)
            elif node in more:
                others = more[node]
                if seen[first] and seen[second] and all(seen[each] for each in others):
                    order.append(node)
                    break
                stack += (~node, *others[::-1], second)
            elif seen[first] and seen[second]:
                order.append(node)
                break
            else:
                stack += (~node, second)
            node = first
    return order
