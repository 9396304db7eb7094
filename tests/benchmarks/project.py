"""The project as a contestant. `compiled` is the only place that knows how a Program is made."""

from __future__ import annotations

from collections.abc import Callable
from operator import add, mul, sub, truediv
from typing import Any

import backprop
from backprop.values import forward
from benchmarks import descents, readings
from benchmarks.graphs import UNARY, graph
from benchmarks.worker import Job, allocated, peak, seconds

COMPILES = hasattr(backprop, "compile")
ENGINE = "" if COMPILES else " (Model.grad: there is no backprop.compile yet)"

Evaluate = Callable[[], tuple[float, list[float]]]


def compiled(model: Any) -> tuple[list[str], Callable[[Any], tuple[float, Any]]]:
    """The names of the inputs, and the function of their numbers, an array in that order, that
    gives the value and the gradient."""
    if COMPILES:
        program = backprop.compile(model)
        return list(program.inputs), program
    names = model.inputs

    def interpreted(numbers: Any) -> tuple[float, list[float]]:
        found = model.grad(dict(zip(names, numbers, strict=True)))
        return found.value, [found.gradients.get(name, 0.0) for name in names]

    return names, interpreted


def by_these(model: Any, wrt: list[str]) -> Callable[[Any], tuple[float, Any]]:
    """The function of the numbers of these inputs alone, an array; the others keep their defaults."""
    from array import array

    from backprop.engine.choosing import build
    from backprop.engine.engines import StraightCode, TapeCode
    from backprop.evaluation.gradient import evaluate
    from backprop.evaluation.leaves import default
    from backprop.graph import Graph

    if model.loops:
        from backprop.loops.ready import build as ready

        looped = ready(model, model.output(None), wrt, {}, "auto", 1_000_000)
        return lambda x: looped.run(x)
    graph = Graph(model.columns, [model.names[model.output(None)]])
    moves = set(wrt)
    fixed = {
        model.names[each]: default(model, each) for each in model.defaults if each not in moves
    }
    engine = build(graph, [model.names[each] for each in wrt], fixed, "auto", 1_000_000)

    def run(x: Any) -> tuple[float, Any]:
        if isinstance(engine, TapeCode):
            found = engine.run(x)
        else:
            row = array("d", x.tobytes()) if isinstance(engine, StraightCode) else x.tolist()
            found = engine.run(row)
        if found is None:  # as a Program has it: what is not finite, or too small, is seen closer
            given = dict(zip(wrt, x.tolist(), strict=True))
            slow = evaluate(model, given, None, by_values=False, restores=False).gradient
            found = slow.value, [slow.gradients[each] for each in wrt]
        return found

    return run


def gradient(kind: str, count: int) -> Job:
    """A graph from its text: parsed, compiled, run.

    facts: operations; seconds to parse, of the `first` Program of the process, to `build` this one
    when its kernels are loaded.
    """
    import numpy

    warm = graph(kind, min(count, 100_000))
    model = backprop.parse(warm.text())
    first, _ = seconds(lambda: compiled(model))
    del model
    made = warm if count <= 100_000 else graph(kind, count)
    text = made.text()
    before = peak()
    parse, model = seconds(lambda: backprop.parse(text))
    build, (names, run) = seconds(lambda: compiled(model))
    order = [int(name[1:]) for name in names]
    point = numpy.array([made.inputs[at] for at in order])
    facts = {"parse": parse, "first": first, "build": build}

    def check() -> list[float]:
        value, slopes = run(point)
        by_input = dict(zip(order, slopes, strict=True))
        return [float(value), *(float(by_input.get(at, 0.0)) for at in range(len(made.inputs)))]

    return Job(lambda: run(point), check, {**facts, "operations": len(made.operations)}, before)


def values(kind: str, count: int) -> Job:
    """A graph of Values, one Python operator or call an operation."""
    made = graph(kind, count)
    functions: dict[str, Callable[..., Any]] = {"+": add, "-": sub, "*": mul, "/": truediv}
    functions |= {name: getattr(backprop, name) for name in UNARY}

    def build() -> Any:
        inputs = [backprop.Value(number) for number in made.inputs]
        return made.evaluate(inputs, lambda number: backprop.Value(number, op="number"), functions)

    return Job(build, lambda: [build().data], {"operations": len(made.operations)})


def reading(kind: str, count: int) -> Job:
    """`backprop.parse` of a whole text. check: some right sides, evaluated."""
    text = readings.text(kind, count)
    backprop.parse(readings.text(kind, 10))  # loads the grammar
    before = peak()

    def check() -> list[float]:
        model = backprop.parse(text)
        data = model.columns.start()
        for name, node in model.names.items():
            data[node] = readings.number(name)
        found = []
        for at in readings.sample(count):
            output = model.names[f"v{at}"]
            given = data[output]
            forward(model.columns, model.graph(f"v{at}").equation(output), data)
            found.append(data[output])
            data[output] = given
        return found

    return Job(lambda: backprop.parse(text), check, before=before)


def descent(problem: str, steps: int) -> Job:
    """`Model.descend` from the parsed Model."""
    text, start, lr = descents.TEXTS[problem], descents.STARTS[problem], descents.RATES[problem]
    model = backprop.parse(text)

    def run(count: int = steps) -> Any:
        return model.descend(start, lr=lr, steps=count)

    def check(count: int = steps) -> list[float]:
        found = run(count)
        assert found.steps == count, found.reason
        return [found.value, *(found.parameters[name] for name in start)]

    run(2)
    return Job(run, check, before=peak())


def memory(kind: str, count: int) -> Job:
    """What a Model of a graph and a Program of it take by tracemalloc: bytes held and at the peak.
    Or only the Model of a text of mixed statements, of which many are outputs."""
    if kind == "mixed":
        backprop.parse(readings.text(kind, 1000))  # loads what reads it
        text = readings.text(kind, count)
        held, most, _ = allocated(lambda: backprop.parse(text))
        size = readings.operations(kind, count)
        return Job(lambda: None, list, {"held": held, "most": most, "operations": size})
    made = graph(kind, count)
    text = made.text()
    compiled(backprop.parse(graph(kind, min(count, 100_000)).text()))
    held, most, model = allocated(lambda: backprop.parse(text))
    program, build, _ = allocated(lambda: compiled(model))
    facts = {"held": held, "most": most, "program": program, "build": build}
    return Job(lambda: None, list, {**facts, "operations": len(made.operations)})
