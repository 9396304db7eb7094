"""Which derivatives can be other than 0, against those that are; and how few sweeps find them."""

from __future__ import annotations

import random

import numpy
import pytest

import backprop
from backprop.engine.sparsity import (
    Sparsity,
    bending,
    coloured,
    coloured_symmetric,
    hessian_pattern,
    jacobian_pattern,
)
from backprop.evaluation.second_derivatives import SecondDerivatives
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.values import forward, tangents
from test_engines import random_graph

SIZE = 12


def pattern_of(text: str) -> tuple[Sparsity | None, int]:
    """The structure of the Hessian by x[1], x[2], …, and the number of steps."""
    model = backprop.parse(text)
    graph = model.graph(model.output())
    names = sorted(model.inputs, key=lambda name: int(name[2:-1]))
    return hessian_pattern(graph, [model.names[name] for name in names]), len(graph.steps)


CASES = [
    # (the output of n inputs, sweeps at the most; None: too full)
    ("sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..{n}-1)", 3),  # banded
    ("sum((x[i] - 2*x[i+1] + x[i+2])^2 for i in 1..{n}-2)", 5),
    ("sum(x[1]*x[i]^2 for i in 2..{n})", 2),  # an arrow
    ("x[1]*sum(sin(x[i]) for i in 2..{n}) + exp(x[{n}]*x[2])", 4),
    ("sum(abs(x[i])*max(x[i], 0.3) for i in 1..{n})", 1),  # a diagonal
    ("sum(x[i] for i in 1..{n})*3 - x[1]/2", 0),
    ("sum(x[i]*x[{n}+1-i] for i in 1..{n})", 2),  # the other diagonal
    ("sum(if(x[i] > x[i+1], x[i]*x[i+2], tanh(x[i])) for i in 1..{n}-2)", 5),
    ("log(sum(exp(x[i]) for i in 1..{n}))", None),
    ("prod(x[i] for i in 1..{n})", None),
]


@pytest.mark.parametrize(("text", "sweeps"), CASES)
def test_structure_and_colours_of_well_known_shapes(text: str, sweeps: int | None) -> None:
    for n in (60, 600):
        found, steps = pattern_of(f"L = {text.format(n=n)}; x[i] = i/{n} for i in 1..{n}")
        if sweeps is None:
            assert found is None or sum(map(len, found)) >= n * (n - 1)
            continue
        assert found is not None
        assert sum(map(len, found)) <= 8 * steps
        colouring = coloured_symmetric(found)
        assert len(colouring.alone) + colouring.size <= sweeps


@pytest.mark.parametrize("local", [True, False])
def test_what_is_left_out_is_0(local: bool) -> None:
    for seed in range(30):
        graph, numbers = random_graph(60, seed, local)
        leaves = list(numbers)
        second = SecondDerivatives(graph, leaves, {}, "python")
        matrix = second.table(second.data([*numbers.values()]))
        found = hessian_pattern(graph, leaves)
        if found is not None:
            inside = {(row, at) for row, columns in enumerate(found) for at in columns}
            for row, at in numpy.argwhere(matrix != 0).tolist():
                assert (row, at) in inside
            assert all((at, row) in inside for row, at in inside)


def test_a_jacobian_has_derivatives_only_where_its_structure_says() -> None:
    for seed in range(30):
        graph, numbers = random_graph(80, seed, True)
        chance = random.Random(seed)
        graph = Graph(graph.columns, chance.choices(graph.steps, k=20))
        leaves = list(numbers)
        found = jacobian_pattern(graph, leaves)
        assert found is not None
        data = graph.columns.start()
        for leaf, number in numbers.items():
            data[leaf] = number
        forward(graph, graph.steps, data)
        seeds = dict(zip(leaves, numpy.identity(len(leaves)), strict=True))
        tangent = tangents(graph, graph.steps, data, seeds)
        for at, output in enumerate(graph.outputs):
            row = tangent.get(output, numpy.zeros(len(leaves)))
            assert {*numpy.flatnonzero(row).tolist()} <= {*found[at]}


def test_columns_of_a_colour_share_no_row() -> None:
    chance = random.Random(1)
    for _ in range(50):
        high, width = chance.randint(1, 40), chance.randint(1, 40)
        pattern = [
            sorted(chance.sample(range(width), chance.choice([0, 1, 2, width if chance.random() < 0.1 else 1]) % (width + 1)))
            for _ in range(high)
        ]  # fmt: skip
        found = coloured(pattern, width)
        for row, columns in enumerate(pattern):
            if row not in found.alone:
                colours = [found.colours[column] for column in columns]
                assert len({*colours}) == len(colours)
                assert all(0 <= colour < found.size for colour in colours)


def test_of_a_symmetric_matrix_every_number_is_found() -> None:
    chance = random.Random(2)
    for _ in range(50):
        n = chance.randint(1, 30)
        matrix = numpy.zeros((n, n))
        for _ in range(chance.randint(0, 3 * n)):
            row, at = chance.randrange(n), chance.randrange(n)
            matrix[row, at] = matrix[at, row] = chance.random()
        pattern = [numpy.flatnonzero(row).tolist() for row in matrix]
        found = coloured_symmetric(pattern)
        assert len(found.alone) + found.size <= n
        known = {(row, at): matrix[row, at] for row in found.alone for at in range(n)}
        known |= {(at, row): number for (row, at), number in known.items()}
        sweeps = [
            matrix[:, [at for at in range(n) if found.colours[at] == colour]].sum(axis=1)
            for colour in range(found.size)
        ]
        for row, columns in enumerate(pattern):
            for at in columns:
                number = known.get((row, at))
                assert (sweeps[found.colours[at]][row] if number is None else number) == matrix[
                    row, at
                ]


@pytest.mark.parametrize("name", [name for name, row in OPERATIONS.items() if not row.jump])
def test_every_operation_bends_by_the_operands_by_which_it_does(name: str) -> None:
    """By differences of slopes: whether a slope of the table moves with an operand, at its samples."""
    from backprop.syntax import functions

    row = OPERATIONS[name]
    found = {*bending(name, (False,) * row.arity)}
    assert found == {(other, one) for one, other in found}
    for operands in row.samples:
        for other in range(row.arity):
            moved = [*operands]
            moved[other] *= 1 + 1e-6
            slopes = functions.slopes(name)
            both = [
                [slope(*each, functions.value(name)(*each)) for slope in slopes]
                for each in (list(operands), moved)
            ]
            for one in range(row.arity):
                if (one, other) not in found and row.slopes[other] != "0":
                    assert both[0][one] == pytest.approx(
                        both[1][one], rel=1e-9, abs=1e-12, nan_ok=True
                    )
