"""Plain gradient descent: two problems, and the peers that descend."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from benchmarks.peers import backward
from benchmarks.worker import Job, peak

TEXTS = {
    "classic": "e = a*b; d = e+c; L = d*f",
    "rosenbrock": "L = "
    + " + ".join(f"100*(x{k + 1} - x{k}^2)^2 + (1 - x{k})^2" for k in range(9)),
}
STARTS = {
    "classic": {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0},
    "rosenbrock": {f"x{k}": (-1.2, 1.0)[k % 2] for k in range(10)},
}
RATES = {"classic": 1e-7, "rosenbrock": 1e-5}
"""Small enough that a million steps neither diverge nor arrive."""

JAX = """
import json, sys
import jax
jax.config.update("jax_enable_x64", True)
problem, start, rate, steps = sys.argv[1], json.loads(sys.argv[2]), *map(float, sys.argv[3:])

def classic(p):
    return (p[0] * p[1] + p[2]) * p[3]

def rosenbrock(p):
    return jax.numpy.sum(100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2)

output = {"classic": classic, "rosenbrock": rosenbrock}[problem]
step = jax.grad(output)

@jax.jit
def descend(p, steps):
    return jax.lax.fori_loop(0, steps, lambda _, p: p - rate * step(p), p)

p = jax.numpy.array(list(start.values()))
found = descend(p, int(steps))
print(json.dumps([float(output(found)), *map(float, found)]))
"""
"""A whole process; the contestant below runs the same source and keeps its functions."""


def jax(problem: str, steps: int) -> Job:
    """`fori_loop`, compiled, in double precision."""
    import json
    import sys

    sys.argv = ["", problem, json.dumps(STARTS[problem]), str(RATES[problem]), "2"]
    scope: dict[str, Any] = {}
    before = peak()
    exec(JAX, scope)
    descend, start, output = scope["descend"], scope["p"], scope["output"]

    def check(count: int = steps) -> list[float]:
        found = descend(start, count)
        return [float(output(found)), *map(float, found)]

    return Job(lambda: descend(start, steps).block_until_ready(), check, before=before)


def micrograd(problem: str, steps: int) -> Job:
    """A graph of micrograd's Values for each step."""
    from micrograd.engine import Value

    def output(p: list[Any]) -> Any:
        if problem == "classic":
            return (p[0] * p[1] + p[2]) * p[3]
        terms = (100 * (following - x**2) ** 2 + (1 - x) ** 2 for x, following in pairwise(p))
        return sum(terms)

    def run(count: int = steps) -> list[float]:
        numbers = [*STARTS[problem].values()]
        for _ in range(count):
            p = [Value(number) for number in numbers]
            backward(output(p))
            numbers = [x.data - RATES[problem] * x.grad for x in p]
        return [output([Value(number) for number in numbers]).data, *numbers]

    return Job(run, run, before=peak())
