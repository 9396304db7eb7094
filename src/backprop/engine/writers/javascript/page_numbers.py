"""The numbers of a page: a graph's values, and the derivatives of its output, in JavaScript."""

import json
from collections.abc import Sequence
from importlib.resources import files

from backprop.engine.writers.javascript.javascript_table import number
from backprop.engine.writers.javascript.javascript_writer import (
    JavaScriptWriter,
    NumberedWalk,
    helpers,
    written,
)
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.syntax import functions


def javascript_numbers(graph: Graph, leaves: Sequence[int]) -> str:
    """The text of a JavaScript expression, an object that computes a graph in a page.

    leaves: the nodes whose numbers `forward` takes, in that order. Nodes have the numbers of their
    places in `graph.order`.

        nodes        how many there are
        edges        [operand, step, place] of each use of an operand, in the order of the steps
        forward(x)   the value of every node
        backward(v)  of such values: `gradients`, the derivatives of the output by every node;
                     `slopes` and `shares`, of every edge its slope, and that times the gradient of
                     the step; `open`, the nodes whose derivative the page cannot decide: it is NaN;
                     `unfit`, the nodes that have a say in the output and no finite value: if there is
                     one there are no derivatives, and where the output has a number it is none.
    """
    writer = JavaScriptWriter()
    inputs = [node for node in graph.order if not graph.operands(node)]
    walk = NumberedWalk(writer, graph, [node for node in inputs if not graph.is_number(node)])
    given = {leaf: place for place, leaf in enumerate(leaves)}
    for node in inputs:
        number_of = f"x[{given[node]}]" if node in given else number(graph.constant(node))
        writer.put(f"{walk.name(node)} = {number_of};")
    leaves_of = writer.taken()
    walk.forward()
    values = writer.taken()
    wanted = [node for node in graph.order if not graph.is_number(node)]
    found = walk.backward({graph.output: "seed"}, wanted)
    walk.other_slopes()
    for node in inputs:
        if node in found:
            writer.put(f"g[{walk.at[node]}] = {written(found[node])};")
    parts = {
        "/* functions */": "\n".join([*helpers(writer.helpers), *writer.functions.values()]),
        "/* values */": values,
        "/* gradients */": writer.taken(),
        "/* leaves */": leaves_of,
        "nodes: 0": f"nodes: {len(graph.order)}",
        "edges: []": f"edges: {listed(walk.edges)}",
        "changing: []": f"changing: {listed(walk.changing)}",
        "lossy: new Set([])": f"lossy: new Set({listed(walk.lossy)})",
    }
    for what, holds in (
        ("vanishing", functions.can_vanish),
        ("rounding", functions.rounds_always),
        ("jumping", lambda name: not functions.has_slopes(name)),
    ):
        steps = [walk.at[step] for step in graph.steps if holds(graph.op(step))]
        parts[f"{what}: new Set([])"] = f"{what}: new Set({listed(steps)})"
    says = {walk.at[step]: _said(graph.op(step)) for step in graph.steps}
    choices = [(step, said) for step, said in says.items() if said]
    parts["says: new Map([])"] = f"says: new Map({listed(choices)})"
    text = (files("backprop.engine.writers.javascript") / "page_numbers.js").read_text("utf-8")
    for place, code in parts.items():
        text = text.replace(place, code, 1)
    return text.strip()


def listed(numbers: Sequence[object]) -> str:
    """Whole numbers, or lists of such, as JavaScript reads them."""
    return json.dumps(numbers, separators=(",", ":"))


def _said(name: str) -> list[tuple[int, ...]] | None:
    """Which operands of an operation have a say in its value, where its first one is true, and where
    it is not; None if all have, always."""
    row = OPERATIONS[name]
    return row.says and [row.says(*[truth] * row.arity) for truth in (1.0, 0.0)]
