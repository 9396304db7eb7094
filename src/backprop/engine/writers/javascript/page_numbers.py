"""The numbers of a page: a graph's values, and the derivatives of its output, in JavaScript."""

import json
from collections.abc import Sequence
from importlib.resources import files

from backprop.engine.writers.javascript.javascript_table import number
from backprop.engine.writers.javascript.javascript_writer import (
    JavaScriptWriter,
    NumberedWalk,
    helpers,
)
from backprop.graph import Graph


def javascript_numbers(graph: Graph, leaves: Sequence[int]) -> str:
    """The text of a JavaScript expression, an object that computes a graph in a page.

    leaves: the nodes whose numbers `forward` takes, in that order. Nodes have the numbers of their
    places in `graph.order`.

        nodes        how many there are
        edges        [operand, step, place] of each use of an operand, in the order of the steps
        forward(x)   the value of every node
        backward(v)  of such values: `gradients`, the derivatives of the output by every node;
                     `slopes` and `shares`, of every edge its slope, and that times the gradient of
                     the step; `open`, the nodes whose derivative the page cannot decide: it is NaN.
    """
    writer = JavaScriptWriter()
    inputs = [node for node in graph.order if not graph.operands(node)]
    walk = NumberedWalk(writer, graph, [node for node in inputs if not graph.is_number(node)])
    given = {leaf: place for place, leaf in enumerate(leaves)}
    for node in inputs:
        if graph.is_number(node):
            writer.put(f"{walk.name(node)} = {number(graph.constant(node))};")
        else:
            writer.put(f"{walk.name(node)} = x[{given[node]}];")
    walk.forward()
    values, writer.lines = writer.lines, []
    wanted = [node for node in graph.order if not graph.is_number(node)]
    found = walk.backward({graph.output: "1"}, wanted)
    for node in inputs:
        if node in found:
            writer.put(f"g[{walk.at[node]}] = {found[node]};")
    called = [*helpers(writer.helpers), *writer.functions.values()]
    text = (files("backprop.engine.writers.javascript") / "page_numbers.js").read_text("utf-8")
    for place, code in (
        ("/* functions */", "\n".join(called)),
        ("nodes = 0", f"nodes = {len(graph.order)}"),
        ("edges = []", f"edges = {json.dumps(walk.edges, separators=(',', ':'))}"),
        ("/* values */", "\n".join(values)),
        ("/* gradients */", "\n".join(writer.lines)),
    ):
        text = text.replace(place, code, 1)
    return text.strip()
