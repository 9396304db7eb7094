"""The numbers of a page, as JavaScript computes them in node, against the command's and mpmath's."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import backprop
from in_node import NODE, Page, pages

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node")


def of_text(text: str, at: Mapping[str, float]) -> tuple[backprop.Model, Page, dict[int, str]]:
    """A Model, its page at a point, and the names of the page's nodes."""
    model = backprop.parse(text)
    graph = model.graph(model.output())
    leaves = [n for n in graph.order if not graph.operands(n) and not graph.is_number(n)]
    found = pages([(graph, [[at[model.labels[leaf]] for leaf in leaves]])])[0][0]
    labels = {place: model.labels[n] for place, n in enumerate(graph.order) if n in model.labels}
    return model, found, labels


def test_the_classic_example() -> None:
    at = {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}
    model, page, labels = of_text("e = a*b; d = e + c; L = d*f", at)
    truth = model.grad(at)
    assert {name: page.values[i] for i, name in labels.items()} == truth.data
    assert {name: page.gradients[i] for i, name in labels.items()} == truth.gradients
    named = [(labels[tail], labels[head], place) for tail, head, place in page.edges]
    assert named == [
        ("a", "e", 0),
        ("b", "e", 1),
        ("e", "d", 0),
        ("c", "d", 1),
        ("d", "L", 0),
        ("f", "L", 1),
    ]
    assert page.slopes == [-3, 2, 1, 1, -2, 4]
    assert page.shares == [6, -4, -2, -2, -2, 4]
    assert not page.open
