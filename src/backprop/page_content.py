"""What an interactive page shows of one output, as plain data: the graph, its picture, and the steps of both
passes with their formulas, for whatever numbers the inputs have."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from math import inf, isfinite
from pathlib import PurePath
from sys import float_info
from typing import NamedTuple

from backprop.derivation.steps import Derivation, SymbolicDerivation
from backprop.evaluation.gradient import Evaluation
from backprop.graph import Graph
from backprop.language import Model
from backprop.language.named_steps import moving, named_steps
from backprop.names import Together, shape
from backprop.numbers import exact, shortened
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.page_descent import climbs
from backprop.picture import INPUTS, Box, Picture, called, of_families, picture
from backprop.row import Operation
from backprop.source import Source


class PageNode(NamedTuple):
    """A node. name: what formulas call it: the file's, or v1, v2, … of a step that has none; of a number that
    number. role: input, constant, number, step (unnamed), intermediate or output. equation: the text of the
    file that it comes from."""

    name: str
    role: str
    equation: str


class PageShare(NamedTuple):
    """What a step adds to the gradient by an operand. edge: its number among those of all operands of all
    steps. by: the operand. slope: the local derivative as a formula in names. use: which use of the operand
    in this step it is, 0 if there is one only."""

    edge: int
    by: int
    slope: str
    use: int


class PageStep(NamedTuple):
    """A step. formula: one operation of names. rule: what its differentiation is called. shares: by its
    operands that are no numbers."""

    node: int
    formula: str
    rule: str
    shares: Sequence[PageShare]


class PageControl(NamedTuple):
    """An input that is moved. value: where it begins; low, high: from where to where a slider goes; least,
    most: its bounds, infinite where there are none."""

    node: int
    value: float
    low: float
    high: float
    least: float
    most: float


class PageRows(NamedTuple):
    """The rows of a table of which a page shows one at a time, as if it were the only one. numbers: of each
    column, by its node. size: of all rows; value: the output of all of them."""

    numbers: Mapping[int, Sequence[float]]
    size: int
    value: float


class PageContent(NamedTuple):
    """Everything on a page. folded: the picture with one box for each indexed equation, None without any.
    output: its node. nodes: operands before what they lead to. values: the numbers
    of inputs and constants, by node. steps: in the order of the forward pass. used: of each node the edges
    that use it. title: of the file; source: its equations."""

    title: str
    source: str
    graph: Graph
    picture: Picture
    folded: Picture | None
    output: int
    nodes: Sequence[PageNode]
    values: Mapping[int, float]
    controls: Sequence[PageControl]
    steps: Sequence[PageStep]
    used: Mapping[int, Sequence[int]]
    boxes: Mapping[str, int]
    """Of each box of the picture its node."""
    members: Mapping[str, Sequence[int]]
    """Of each box of the folded picture the nodes that it shows."""
    inside: Mapping[str, Sequence[int]]
    """And all nodes of their equations."""
    climbs: bool
    """Whether the output is to rise in a descent."""
    rows: PageRows | None = None

    def title_of(self, node: int) -> str:
        """What a node is called: `u = x*x`; of an input its name, for its number moves."""
        name, _, equation = self.nodes[node]
        alone = node in self.values or equation in ("", name)
        return name if alone else f"{name} = {equation}"

    def operation(self, node: int) -> str:
        """The name of a node's operation."""
        return self.graph.op(self.graph.order[node])


class LargePage(NamedTuple):
    """A page of more than can be shown box by box: a picture of families with the numbers of the file, and
    the derivation, rule by rule or, without a picture, step by step; each None where that is too long. value:
    of the output."""

    title: str
    source: str
    output: str
    value: float
    picture: Picture | None
    derivation: SymbolicDerivation | Derivation | None


DERIVATIVE_OF = "derivative of "
"""What the rule of a function begins with."""

_WORD = re.compile(r"[^\W\d]\w*")
_LONGEST_TITLE = 100
_LONGEST_HEADING = 200
_LINES = re.compile(r"[^\r\n]+")

_WIDTH = 2.0
"""Where nothing bounds an input, a slider goes so many times its size to both sides, at least this far."""

_FARTHEST = float_info.max / 2
"""A slider's length is a finite number."""


def page_content(
    model: Model, found: Evaluation, title: str, asked: str | None = None, row: bool = False
) -> PageContent:
    """The content of the page of an output. found: the Model at the numbers where the page begins. asked: the
    output where it was asked for by name. row: whether the Model is one of a single row of data, whose index
    says nothing then."""
    graph, data = found.graph, found.numbers.data
    constants = {model.names[name] for name in model.constants if name in model.names}
    drawn = picture(graph, found.numbers, model.text, "operations", constants)
    place = {node: at for at, node in enumerate(graph.order)}
    named = named_steps(model, graph)
    names = _names(model, graph, named)
    roles = {box.id: box for box in drawn.boxes}
    if row:
        names = {node: _without_row(model, name) for node, name in names.items()}
        roles = {id: _of_row(model, box) for id, box in roles.items()}
        drawn = drawn._replace(
            groups={_without_row(model, name): text for name, text in drawn.groups.items()}
        )
    by_id = dict(zip(roles, graph.order, strict=True))
    boxes_named = [called(box, names[by_id[id]]) for id, box in roles.items()]
    drawn = drawn._replace(boxes=boxes_named)
    nodes = [
        PageNode(names[node], roles[id].role, roles[id].equation) for id, node in by_id.items()
    ]
    leaves = [node for node in graph.order if not graph.is_step(node) and not graph.is_number(node)]
    values = {place[node]: data[node] for node in leaves}
    ranks = {name: at for at, name in enumerate(model.names)}
    moved = sorted({*leaves} - constants, key=lambda node: ranks.get(graph.label(node), -1))
    controls = [_control(model, place[node], graph.label(node), data[node]) for node in moved]
    steps, used = _steps(graph, names, named, place)
    folded, members, inside = _folded(model, found, constants, place)
    if row and folded:
        folded = folded._replace(boxes=[_of_row(model, box) for box in folded.boxes])
    boxes = {id: place[node] for id, node in by_id.items()}
    return PageContent(
        title, model.source.text, graph, drawn, folded, place[graph.output], nodes, values, controls,
        steps, used, boxes, members, inside, climbs(model, asked),
    )  # fmt: skip


def _folded(
    model: Model, found: Evaluation, constants: Collection[int], place: Mapping[int, int]
) -> tuple[Picture | None, dict[str, list[int]], dict[str, list[int]]]:
    """The picture of families; of its boxes what they show, and all that is computed in them."""
    graph = found.graph
    ranks = {name: at for at, name in enumerate(model.names)}
    drawn = of_families(graph, found.numbers, model.text, constants, ranks)
    if all(box.members == 1 for box in drawn.boxes):
        return None, {}, {}
    at = {graph.label(node): node for node in graph.order}
    whole = picture(graph, found.numbers, model.text, "equations", constants)
    same: dict[object, list[int]] = {}
    for box in whole.boxes:
        same.setdefault(_family_of(box), []).append(at[box.id])
    members, inside = dict[str, list[int]](), dict[str, list[int]]()
    for box in drawn.boxes:
        nodes = same[_family_of(box)]
        members[box.id] = [place[node] for node in nodes]
        steps = {step for node in nodes if graph.is_step(node) for step in graph.equation(node)}
        inside[box.id] = sorted(place[step] for step in steps)
    return drawn, members, inside


def _without_row(model: Model, name: str) -> str:
    """A name over rows without the index of the only row."""
    family, _, indices = name.partition("[")
    if model.laid is None or not model.laid.has_rows(name):
        return name
    rest = indices.rpartition(",")[0]
    return f"{family}[{rest}]" if rest else family


def _of_row(model: Model, box: Box) -> Box:
    """A box with names as `_without_row` has them; its id stays."""
    label, group = _without_row(model, str(box.label)), _without_row(model, str(box.group))
    return box._replace(label=label, group=group)


def _family_of(box: Box) -> object:
    """What all members of an indexed equation, or of a family of inputs, have in common."""
    first = box.id.names[0] if isinstance(box.id, Together) else box.id
    return shape(first), box.role, "" if box.role in INPUTS else box.equation


def title_of(source: Source) -> str:
    """The first line with a word of the comment that a file begins with, or its name."""
    for found in _LINES.finditer(source.text):
        line = found[0].strip()
        if line and not line.startswith("#"):
            break
        comment = line.lstrip("#").strip()
        if any(map(str.isalnum, comment)) and not comment.startswith(("!/", "! /")):
            return shortened(comment, _LONGEST_TITLE)
    return PurePath(source.name).stem if "." in source.name else ""


def headed(title: str, source: Source) -> str:
    """The heading of a picture: a text on one line, or what `title_of` says where that is empty."""
    return shortened(" ".join(title.split()), _LONGEST_HEADING) or title_of(source)


def _names(model: Model, graph: Graph, named: Mapping[int, str]) -> dict[int, str]:
    found = {**named}
    for node in graph.order:
        if graph.is_number(node):
            found[node] = exact(graph.constant(node))
        elif node not in found:
            found[node] = model.text(node) or "?"
    return found


def _control(model: Model, node: int, name: str, value: float) -> PageControl:
    least, most = model.bounds.get(name, (-inf, inf))
    far = max(_WIDTH, _WIDTH * abs(value))
    low = least if isfinite(least) else min(value, most) - far
    high = most if isfinite(most) else max(value, least) + far
    if not isfinite(high - low):
        low, high = max(low, -_FARTHEST), min(high, _FARTHEST)
    return PageControl(node, value, low, high, least, most)


def _steps(
    graph: Graph, names: Mapping[int, str], named: Mapping[int, str], place: Mapping[int, int]
) -> tuple[list[PageStep], dict[int, list[int]]]:
    steps, used = list[PageStep](), dict[int, list[int]]()
    ends = accumulate(len(graph.operands(node)) for node in graph.order)
    first = dict(zip(graph.order, [0, *ends], strict=False))
    for node in filter(graph.is_step, named):  # as `explain` goes through them
        operands = graph.operands(node)
        row = OPERATIONS[graph.op(node)]
        called = dict(zip(row.operands, [names[each] for each in operands], strict=True))
        shares = []
        texts = row.for_people(True)
        for at in moving(graph, node, named.__contains__):
            operand, edge = operands[at], first[node] + at
            use = operands[: at + 1].count(operand) if operands.count(operand) > 1 else 0
            slope = _put(texts[at], {**called, "out": names[node]})
            shares.append(PageShare(edge, place[operand], slope, use))
            used.setdefault(place[operand], []).append(edge)
        variable = [at for at, each in enumerate(operands) if not graph.is_number(each)]
        steps.append(PageStep(place[node], _form(row, called), _rule(row, variable), shares))
    return steps, used


def _put(text: str, names: Mapping[str, str]) -> str:
    """A formula of the table with names for its operands; a negative number in brackets."""

    def named(word: re.Match[str]) -> str:
        name = names.get(word[0], word[0])
        return f"({name})" if name.startswith("-") else name

    return _WORD.sub(named, text)


def _form(row: Operation, names: Mapping[str, str]) -> str:
    """One operation as an equation file writes it."""
    if row.name == "copy":
        return names[row.operands[0]]
    if row.name == "neg":
        return _put("-x", names)
    if row.name in ("not", "and", "or"):
        return _put(f" {row.name} ".join(["", *row.operands][-2:]).strip(), names)
    return _put(row.form, names)


def _rule(row: Operation, moving: Sequence[int]) -> str:
    """What differentiating a step is called."""
    if row.alone and (len(moving) == 1 or not row.rule):
        return ", ".join(dict.fromkeys(row.alone[at] for at in moving))
    if row.rule or row.name not in FUNCTIONS:
        return row.rule
    return DERIVATIVE_OF + row.name
