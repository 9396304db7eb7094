"""The order of rows is that of the walk over a graph, which knows no rows."""

import random

import pytest

from backprop.graph import Columns, Graph, in_order
from backprop.row_order import order_of_rows


@pytest.mark.parametrize("seed", range(40))
def test_rows_come_in_the_order_of_the_walk(seed: int) -> None:
    chance, columns = random.Random(seed), Columns()
    nodes = [columns.input() for _ in range(3)]
    nodes += [columns.number(2.0)]
    for _ in range(chance.choice([5, 60])):
        count = chance.choice([1, 2, 2, 2, 3, 5])
        operands = [chance.choice(nodes[-chance.choice([2, 60]) :]) for _ in range(count)]
        nodes.append(columns.step({1: "sin", 2: "*"}.get(count, "logsumexp"), operands))
    roots = [chance.choice(nodes) for _ in range(chance.choice([1, 1, 4]))]
    expected = in_order(roots, columns.operands)
    assert order_of_rows(roots, columns.first, columns.second, columns.more) == expected
    assert Graph(columns, roots).order == expected


def test_a_graph_with_other_operands_has_its_own_order() -> None:
    columns = Columns()
    inner = columns.step("cos", [columns.input()])
    step = columns.step("sin", [inner])
    assert Graph(columns, [step]).order == [0, inner, step]
    assert Graph(columns, [step]).for_many_walks().order == [0, inner, step]
    assert 0 not in Graph(columns, [step]).holding([inner]).steps
