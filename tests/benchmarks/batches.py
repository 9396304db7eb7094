"""Logistic regression by shuffled minibatches with Adam, in double precision: the project and its peers.

Each contestant has the same rows and does epochs of them, in orders of its own.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter
from typing import Any

from benchmarks.worker import Job, peak

COLUMNS, BATCH, LR = 20, 256, 0.001


def table(rows: int) -> tuple[Any, Any]:
    """Numbers of shape (rows, 20), and 0 or 1 for each row."""
    import numpy

    chance = numpy.random.default_rng(0)
    x, w = chance.normal(size=(rows, COLUMNS)), chance.normal(size=COLUMNS)
    return x, (chance.random(rows) < 1 / (1 + numpy.exp(-x @ w))).astype(float)


def project(rows: int, epochs: int) -> Job:
    """`Model.descend`, with all that it does before and after its epochs; the check says besides how many
    seconds its fastest epoch took, the first one left out."""
    import backprop

    x, y = table(rows)
    columns = {f"x{at + 1}": x[:, at].copy() for at in range(COLUMNS)}
    names = ["b", *(f"w{at + 1}" for at in range(COLUMNS))]
    terms = " + ".join(f"w{at + 1}*x{at + 1}" for at in range(COLUMNS))
    text = f"z = b + {terms}; L = mean(softplus(z) - y*z); " + "; ".join(f"{n} = 0" for n in names)
    model = backprop.parse(text, data={**columns, "y": y})

    def run(count: int = epochs) -> Any:
        ends = list[float]()
        options: Any = {"batch": BATCH, "shuffle": True, "optimizer": "adam", "lr": LR}
        found = model.descend(
            callback=lambda _: ends.append(perf_counter()), epochs=count, **options
        )
        return found.value, min(later - one for one, later in pairwise(ends[1:]))

    run(2)
    return Job(run, lambda count: [*run(count)], before=peak())


def jax(rows: int) -> Job:
    """An epoch as one compiled `scan` over batches."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    x, y = (jnp.asarray(each) for each in table(rows))
    batches = rows // BATCH

    def loss(p: Any, x: Any, y: Any) -> Any:
        z = x @ p[1:] + p[0]
        return jnp.mean(jax.nn.softplus(z) - y * z)

    def step(state: Any, rows: Any) -> Any:
        p, m, v, k = state
        g = jax.grad(loss)(p, x[rows], y[rows])
        k = k + 1
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        p = p - LR * (m / (1 - 0.9**k)) / (jnp.sqrt(v / (1 - 0.999**k)) + 1e-8)
        return (p, m, v, k), 0.0

    @jax.jit
    def epoch(state: Any, key: Any) -> Any:
        order = jax.random.permutation(key, rows)[: batches * BATCH].reshape(batches, BATCH)
        return jax.lax.scan(step, state, order)[0]

    zero = jnp.zeros(COLUMNS + 1)
    kept = [(zero, zero, zero, 0.0), jax.random.PRNGKey(0)]

    def run() -> None:
        kept[1], key = jax.random.split(kept[1])
        kept[0] = jax.block_until_ready(epoch(kept[0], key))

    def check(count: int) -> list[float]:
        kept[0] = (zero, zero, zero, 0.0)
        for _ in range(count):
            run()
        return [float(loss(kept[0][0], x, y))]

    run()
    return Job(run, check, before=peak())


def torch(rows: int) -> Job:
    """The loop that its tutorials have."""
    import torch

    x, y = (torch.tensor(each) for each in table(rows))
    kept: list[Any] = []

    def begin() -> None:
        p = torch.zeros(COLUMNS + 1, dtype=torch.float64, requires_grad=True)
        kept[:] = [p, torch.optim.Adam([p], lr=LR)]

    def loss(p: Any, x: Any, y: Any) -> Any:
        z = x @ p[1:] + p[0]
        return (torch.nn.functional.softplus(z) - y * z).mean()

    def run() -> None:
        p, adam = kept
        order = torch.randperm(rows)
        for first in range(0, rows, BATCH):
            some = order[first : first + BATCH]
            adam.zero_grad()
            loss(p, x[some], y[some]).backward()
            adam.step()

    def check(count: int) -> list[float]:
        begin()
        for _ in range(count):
            run()
        return [float(loss(kept[0].detach(), x, y))]

    begin()
    run()
    return Job(run, check, before=peak())
