"""The peers' values and gradients of a graph; each imports its peer inside.

facts: operations; seconds to make the peer's `graph` and to compile a `function` of it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.graphs import UNARY, graph
from benchmarks.worker import Job, peak, seconds

ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def _table(module: Any) -> dict[str, Callable[..., Any]]:
    return {**ARITHMETIC, **{name: getattr(module, name) for name in UNARY}}


def _checked(value: Any, slopes: Iterable[Any]) -> list[float]:
    return [float(value), *map(float, slopes)]


def casadi(kind: str, count: int) -> Job:
    """SX, one Function for value and gradient, called through its buffers: its fastest way."""
    import casadi
    import numpy

    made = graph(kind, count)
    point = numpy.array(made.inputs)
    value, slopes = numpy.zeros(1), numpy.zeros(len(made.inputs))
    table = _table(casadi)
    before = peak()

    def build() -> tuple[Any, Any]:
        inputs = casadi.SX.sym("x", len(made.inputs))
        return inputs, made.evaluate(casadi.vertsplit(inputs), casadi.SX, table)

    graph_time, (inputs, output) = seconds(build)
    function_time, function = seconds(
        lambda: casadi.Function("f", [inputs], [output, casadi.gradient(output, inputs)])
    )
    assert function.nnz_out(1) == len(slopes), "CasADi has left out a gradient that is always 0"
    buffer, run = function.buffer()
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(slopes))
    run()
    facts = {"graph": graph_time, "function": function_time, "operations": len(made.operations)}

    def check() -> list[float]:
        run()
        return _checked(value[0], slopes)

    return Job(run, check, facts, before, keep=(function, buffer, point))  # nothing else owns them


def jax(kind: str, count: int) -> Job:
    """value_and_grad of a list of scalars, compiled: a vector of inputs compiles for longer."""
    import jax

    jax.config.update("jax_enable_x64", True)
    made = graph(kind, count)
    table = _table(jax.numpy)
    point = [jax.numpy.float64(number) for number in made.inputs]
    before = peak()
    run = jax.jit(jax.value_and_grad(lambda inputs: made.evaluate(inputs, float, table)))
    compiling, _ = seconds(lambda: jax.block_until_ready(run(point)))
    facts = {"graph": 0.0, "function": compiling}
    return Job(
        lambda: jax.block_until_ready(run(point)),
        lambda: _checked(*run(point)),
        {**facts, "operations": len(made.operations)},
        before,
    )


def autograd(kind: str, count: int) -> Job:
    """value_and_grad of a function of scalars, traced anew in each call."""
    import autograd
    import autograd.numpy

    made = graph(kind, count)
    table = _table(autograd.numpy)

    def output(*inputs: Any) -> Any:
        return made.evaluate(inputs, float, table)

    run = autograd.value_and_grad(output, argnum=tuple(range(len(made.inputs))))
    found: list[float] = []

    def call() -> None:
        found[:] = _checked(*run(*made.inputs))

    return Job(call, lambda: found, {"operations": len(made.operations)}, peak())


def micrograd(kind: str, count: int) -> Job:
    """micrograd's Values and rules, built anew in each call; its recursive walk made iterative."""
    import math

    from micrograd.engine import Value

    def unary(name: str, slope: Callable[[float, float], float]) -> Callable[[Any], Any]:
        function = getattr(math, name)

        def call(x: Any) -> Any:
            out = Value(function(x.data), (x,), name)

            def back() -> None:
                x.grad += slope(x.data, out.data) * out.grad

            out._backward = back
            return out

        return call

    table = {
        **ARITHMETIC,
        "exp": unary("exp", lambda x, y: y),
        "log": unary("log", lambda x, y: 1 / x),
        "sin": unary("sin", lambda x, y: math.cos(x)),
        "tanh": unary("tanh", lambda x, y: 1 - y * y),
    }
    made = graph(kind, count)

    found: list[float] = []

    def call() -> None:
        inputs = [Value(number) for number in made.inputs]
        output = made.evaluate(inputs, Value, table)
        backward(output)
        found[:] = _checked(output.data, [each.grad for each in inputs])

    return Job(call, lambda: found, {"operations": len(made.operations)}, peak())


def backward(output: Any) -> None:
    """micrograd's `backward` without its recursion, which ends at a thousand operations."""
    order, seen, stack = [], set(), [(output, False)]
    while stack:
        value, done = stack.pop()
        if done:
            order.append(value)
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            stack += [(each, False) for each in value._prev]
    output.grad = 1
    for value in reversed(order):
        value._backward()
