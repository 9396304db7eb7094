"""Names for single operations, v1, v2, …: those that `explain --detail operations` gives them."""

import re
from collections.abc import Callable, Iterable
from copy import copy
from itertools import count
from math import isfinite

from backprop.graph import Graph
from backprop.language.model import Model
from backprop.operations import OPERATIONS
from backprop.source import pack
from backprop.values import forward

_LETTERS = "vuwstz"
_WORD = re.compile(rf"(?<!\w)d?([{_LETTERS}][1-9][0-9]*)(?!\w)")


def letter_of(names: Iterable[str]) -> str:
    """What the names of operations begin with: the letter that with a number could be taken for none of
    the names of a file, `v1` for `v_1`, if there is one."""
    taken = {name[0] for name in names if not name[1:2].isalpha() and name[1:]}
    return next((each for each in _LETTERS if each not in taken), "v")


def named_steps(model: Model, graph: Graph) -> dict[int, str]:
    """The name of everything that leads to the outputs of a graph and is no number, operands first: the
    file's, and for the other steps new ones, equation by equation. What is made of numbers only and has no
    value, `log(-1)` in a branch that is not taken, gets none: a file refuses it as an equation."""
    letter = letter_of(model.names)
    new = (name for number in count(1) if (name := f"{letter}{number}") not in model.names)
    without = _without_value(graph)
    found = dict[int, str]()
    for node in filter(graph.labels.__contains__, graph.order):
        for step in graph.equation(node)[:-1]:
            if step not in without and step not in found:
                found[step] = next(new)
        found[node] = graph.label(node)
    return found


def moving(graph: Graph, step: int, is_named: Callable[[int], bool]) -> list[int]:
    """The places of the operands by which a step is derived: those with names, and no pivots. A step that
    has any is one of the backward pass, too."""
    row = OPERATIONS[graph.op(step)]
    return [
        at
        for at, operand in enumerate(graph.operands(step))
        if is_named(operand) and (not row.written or row.slopes[at] == "1")
    ]


def _without_value(graph: Graph) -> set[int]:
    """The steps that are made of numbers only, and are not finite or use what is not."""
    known, found = dict[int, float](), set[int]()
    for node in graph.order:
        operands = graph.operands(node)
        if graph.is_number(node):
            known[node] = graph.constant(node)
        elif operands and known.keys() >= {*operands}:
            forward(graph, [node], known)
            if not isfinite(known[node]) or not found.isdisjoint(operands):
                found.add(node)
    return found


def with_steps(model: Model, output: str, texts: Iterable[str]) -> Model:
    """The model with a name, `v1`, `v2`, …, for every operation that leads to an output, if the texts
    use such names and the file does not have them; else the model as it is."""
    found = (word for text in texts for word in _WORD.finditer(text))
    words = {word[1] for word in found if model.names.keys().isdisjoint(word.group(0, 1))}
    if not words:
        return model
    graph = model.graph(output)
    steps = {name: node for node, name in named_steps(model, graph).items()}
    if words.isdisjoint(steps.keys() - model.names.keys()):
        return model
    places = {}
    for name in steps.keys() - model.names.keys():
        if spans := model.span(steps[name]):
            places[name] = pack(spans[0].start, spans[0].end)
    named = copy(model)
    named.add_names({**steps, **model.names}, places)
    return named
