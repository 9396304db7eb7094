"""Second derivatives: the project and JAX as contestants, each on one core.

The network is that of `graphs`, 337 weights and some rows of data; JAX has it as matrices, in the
same order of weights.
"""

from __future__ import annotations

import os
from itertools import pairwise
from time import process_time
from typing import Any

import numpy

from benchmarks.array_peers import one_core
from benchmarks.graphs import Graph, graph
from benchmarks.worker import Job, peak

WIDTHS = (2, 16, 16, 1)


def network(rows: int) -> Graph:
    """The network with so many rows."""
    steps = 2 * sum((above + 1) * below for above, below in pairwise(WIDTHS)) - 30
    return graph("network", rows * steps)


def _second(text: str, names: list[str]) -> Any:
    import backprop
    from backprop.evaluation.second_derivatives import SecondDerivatives

    model = backprop.parse(text)
    return SecondDerivatives(
        model.graph(model.output()), [model.names[name] for name in names], {}, "native"
    )


def hessian(rows: int) -> Job:
    """The Hessian of the network, from the numbers of its weights."""
    one_core()
    made = network(rows)
    names = [f"x{at}" for at in range(len(made.inputs))]
    second, before = _second(made.text(), names), peak()
    return Job(
        lambda: second.at(made.inputs), lambda: second.at(made.inputs).ravel().tolist(), {}, before
    )


def product(rows: int) -> Job:
    """The Hessian of the network times a direction."""
    one_core()
    made = network(rows)
    names = [f"x{at}" for at in range(len(made.inputs))]
    second, way = _second(made.text(), names), direction(len(names))
    return Job(
        lambda: second.products(made.inputs, way),
        lambda: second.products(made.inputs, way).ravel().tolist(),
    )


def direction(count: int) -> Any:
    """One that has every input in it."""
    return numpy.cos(numpy.arange(count))[None, :]


def gradient(kind: str, size: int) -> Job:
    """A gradient of the network, or of the band, by machine code."""
    import backprop
    from benchmarks.project import by_these

    one_core()
    made = network(size) if kind == "network" else None
    point = numpy.array(made.inputs if made else band_point(size))
    text = made.text() if made else band(size)
    names = (
        [f"x{at}" for at in range(len(point))] if made else [f"x[{at + 1}]" for at in range(size)]
    )
    run = by_these(backprop.parse(text), names)
    return Job(lambda: run(point), lambda: [*map(float, run(point)[1])])


def band(count: int) -> str:
    """A chain of Rosenbrock's valleys: its Hessian has three diagonals."""
    terms = f"100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..{count - 1}"
    return f"L = sum({terms}); x[i] = 0 for i in 1..{count}"


def band_point(count: int) -> list[float]:
    return numpy.sin(numpy.arange(1, count + 1)).tolist()


def band_entries(count: int) -> Job:
    """The Hessian of the band, the entries that can be other than 0."""
    import backprop

    one_core()
    program = backprop.compile(backprop.parse(band(count)))
    assert program.inputs == tuple(f"x[{at + 1}]" for at in range(count))
    point = numpy.array(band_point(count))

    def check() -> list[float]:
        found = program.hessian_sparse(point)
        order = numpy.lexsort((found.columns, found.rows))
        return [float(found.sweeps), *found.values[order].tolist()]

    return Job(lambda: program.hessian_sparse(point), check)


def gradient_graph(kind: str, count: int) -> Job:
    """The graph of the gradient of a graph. check: its steps, and the seconds of the processor for it."""
    import backprop
    from backprop.chain.derivatives import derivative_graph

    one_core()
    made = graph(kind, count)
    model = backprop.parse(made.text())
    whole = model.graph(model.output())
    leaves = [model.names[f"x{at}"] for at in range(len(made.inputs)) if f"x{at}" in model.names]
    steps = len(whole.steps)

    def check() -> list[float]:
        begin = process_time()
        found = derivative_graph(whole, leaves)
        end = process_time()
        return [float(len(found.steps)), end - begin, float(steps)]

    return Job(lambda: derivative_graph(whole, leaves), check)


def jax_hessian(rows: int) -> Job:
    """The same network as matrices: `jax.hessian`, jitted."""
    one_core()
    os.environ["JAX_ENABLE_X64"] = "1"
    import jax
    from jax import numpy as jnp

    made = network(rows)
    given = numpy.array(made.constants).reshape(rows, 3)
    points, labels = jnp.array(given[:, :2]), jnp.array(given[:, 2])

    def loss(weights: Any) -> Any:
        layer, at = points, 0
        for above, below in pairwise(WIDTHS):
            block = weights[at : at + (above + 1) * below].reshape(below, above + 1)
            layer = jnp.tanh(layer @ block[:, :-1].T + block[:, -1])  # weights, then the bias
            at += block.size
        return jnp.sum((layer[:, 0] - labels) ** 2)

    weights = jnp.array(made.inputs)
    run = jax.jit(jax.hessian(loss))
    run(weights).block_until_ready()  # compiled
    return Job(
        lambda: run(weights).block_until_ready(),
        lambda: numpy.asarray(run(weights)).ravel().tolist(),
    )
