"""One output of a Model, its value and its gradient by every name that leads to it."""

from collections.abc import Mapping
from typing import NamedTuple

from backprop.errors import AtBorder, NotFinite
from backprop.evaluation import borders, diagnosis
from backprop.evaluation.leaves import inputs_at, missing_inputs
from backprop.graph import Graph, depending, in_order
from backprop.language import Model
from backprop.memory import without_collector
from backprop.values import Numbers, backward, forward


class Gradient(NamedTuple):
    """The result of `Model.grad`.

    output: the name of the output. value: its value. data: the value of every name that could be
    computed, in file order. gradients: the derivative of the output by every name that it depends
    on, in file order, the output itself (1.0) included; inf or nan where a slope is. warnings:
    steps that made a gradient inf or nan, and steps without a value that the output does not need.
    notes: steps exactly on a border of a choice, where the gradient is that of one side.

        >>> import backprop
        >>> backprop.parse("L = a*b").grad({"a": 2, "b": -3}).gradients
        {'a': -3.0, 'b': 2.0, 'L': 1.0}
    """

    output: str
    value: float
    data: dict[str, float]
    gradients: dict[str, float]
    warnings: tuple[NotFinite, ...] = ()
    notes: tuple[AtBorder, ...] = ()


class Evaluation(NamedTuple):
    """A Model at a point: the graph of an output, the numbers of all rows, and what they say."""

    graph: Graph
    numbers: Numbers
    gradient: Gradient


def gradient(
    model: Model, values: Mapping[str, float], of: str | None = None, engine: str = "auto"
) -> Gradient:
    """What `Model.grad` says it does."""
    return evaluate(model, values, of, engine, noted=True).gradient


@without_collector
def evaluate(
    model: Model,
    values: Mapping[str, float],
    of: str | None = None,
    engine: str = "auto",
    noted: bool = False,
) -> Evaluation:
    """The value and the gradient of an output, with all numbers that lead there. Raises as `Model.grad`.

    noted: whether to look for the borders that notes are about.
    """
    name = model.output(of)
    columns, output = model.columns, model.names[name]
    graph = model.graph(name)
    order, leading = graph.order, set(graph.order)
    if others := [node for node in model.names.values() if node not in leading]:
        # what the output does not need is computed too
        order = order + in_order(
            others, lambda node: [each for each in graph.operands(node) if each not in leading]
        )
    given, missing = inputs_at(model, values)
    if missing and (needed := missing.intersection(graph.order)):
        absent = [label for label, node in model.names.items() if node in needed]
        raise missing_inputs(model, name, absent)
    data = columns.start()
    for node, number in given.items():
        data[node] = number
    gradients = [0.0] * len(data)
    native = False
    if engine != "auto":  # which interprets here: for one run it takes longer to lay a graph out
        from backprop.engine.program import choose

        native = choose(engine, len(order), 1) is None
    if native:
        from backprop.engine.tape import Tape

        Tape(columns, order, output).run(data, gradients)
    else:
        forward(columns, filter(columns.is_step, order), data)
        gradients[output] = 1.0
        backward(columns, graph.steps, data, gradients)
    computed = order
    if missing:  # what needs an input without a number has no value either
        unknown = depending(columns, missing, order)
        computed = [node for node in order if node not in unknown]
    warnings = [
        *diagnosis.values(model, computed, len(graph.order), data),
        *diagnosis.gradients(model, graph, data, gradients),
    ]
    notes: tuple[AtBorder, ...] = ()
    if noted and (steps := borders.met(graph, data)):
        from backprop.evaluation.other_side import asked  # which has mpmath compute: 40 ms

        notes = asked(model, graph, steps, data, gradients)
    known = set(computed)
    found = Gradient(
        name,
        data[output],
        {label: data[node] for label, node in model.names.items() if node in known},
        # + 0.0 makes a 0 of -0.0, which means nothing as a gradient
        {label: gradients[node] + 0.0 for label, node in model.names.items() if node in leading},
        tuple(warnings),
        notes,
    )
    return Evaluation(graph, Numbers(data, gradients), found)
