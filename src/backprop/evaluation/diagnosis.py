"""Where inf and nan come from: the step of the equations that made them.

An error for a step without a finite value that has a say in the output; a warning for one that has
none, and for a slope that makes a gradient infinite.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from math import isfinite, isnan

from backprop.errors import InfiniteSlope, Label, NotFinite, OutsideDomain
from backprop.graph import Columns, Graph, depending, in_order
from backprop.language.model import Model
from backprop.numbers import shown
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.source import one_line
from backprop.values import ByNode, having_say, local_slopes

_MOST = 5
"""The most steps that are named for one run, and the most members and indices of one step."""

_GATHERS = re.compile(r"\bfor\b|\*\s*[],]|\.\.")
"""What only the text of a sum over an index or over a family has."""

DEEP = 3
"""So many operations inside an operand its members are looked for."""


def values(model: Model, order: Sequence[int], reached: int, data: ByNode) -> list[NotFinite]:
    """Warnings for steps that are not finite and have no say; raises NotFinite for one that has.

    order: operands first; the first `reached` nodes lead to the output, the last of these.
    """
    if _all_finite(order, data):
        return []
    columns = model.columns
    step = without_value(columns, order[:reached], data)
    if step is not None:
        raise no_value(model, step, data)
    # No number of the output's is touched. A name that shows nan or inf is worth a warning all the
    # same; an unnamed step of a branch that was not taken is not.

    def spoilt_by(node: int) -> list[int]:
        return [each for each in columns.operands(node) if not isfinite(data[each])]

    shown = [node for node in order if node in model.labels and not isfinite(data[node])]
    found = set(in_order(shown, spoilt_by))
    begun = [n for n in order if n in found and columns.is_step(n) and not spoilt_by(n)]
    warnings = [no_value(model, node, data) for node in begun[:_MOST]]
    for warning in warnings:
        warning.hints = ("the output does not need this step",)
    return warnings


def _all_finite(order: Sequence[int], data: ByNode) -> bool:
    """Whether all these nodes have finite values: so if their sum is, which is the quicker look."""
    numbers = [data[node] for node in order]
    return isfinite(sum(numbers)) or all(map(isfinite, numbers))


def without_value(graph: Graph | Columns, order: Sequence[int], data: ByNode) -> int | None:
    """The first step that is not finite and has a say in the last of `order`, operands first; or None."""
    return next((step for step in having_say(graph, order, data) if not isfinite(data[step])), None)


def has_value(graph: Graph | Columns, order: Sequence[int], data: ByNode) -> bool:
    """Whether the last of `order` is finite, and with it every step that has a say in it."""
    if _all_finite(order, data):
        return True
    return without_value(graph, order, data) is None and isfinite(data[order[-1]])


def no_value(model: Model, step: int, data: ByNode) -> NotFinite:
    """The error for a step whose value is inf or nan, with its text and its operands' values."""
    row = OPERATIONS[model.columns.op(step)]
    numbers = [data[each] for each in model.columns.operands(step)]
    at, given = _operands(model, step, data)
    text = _text(model, step)
    cause: type[NotFinite] = NotFinite
    hints: list[str] = []
    if not all(map(isfinite, numbers)):
        message = f"{text} is {shown(data[step])}{given}"
    elif isnan(data[step]) or row.at_pole(*numbers):
        cause, message = OutsideDomain, f"{text} has no value{given}"
        hints = [f"{row.form} needs {row.domain}"] if row.domain else []
    else:
        message = f"{text} overflows{given}: it is beyond 1.8e308"
        hints = ["scale the numbers, or compute with logarithms"]
    member = _member(model, step)
    message = f"in {member}: {message}" if member else message
    if model.laid:
        hints += model.laid.row_of(message)
    error = cause(message, *_labels(model, step, at), hints=hints)
    if model.laid:
        model.laid.number(error)
    return error


def _member(model: Model, step: int) -> str:
    """The member of a family whose right side has this step, "" for those without indices."""
    columns, labels = model.columns, model.labels
    if label := labels.get(step):
        return label if "[" in label else ""
    roots = {root: name for name, root in model.defaults.items()}
    order = in_order([*model.names.values(), *roots], columns.operands)
    users = depending(columns, [step], order)
    # the first one with a name has the step on its right side: other names in between would come before
    named = (labels.get(node) or roots.get(node, "") for node in order if node in users)
    label = next(filter(None, named), "")
    return label if "[" in label else ""


def gradients(
    model: Model, graph: Graph, data: ByNode, found: ByNode, told: Container[int] = ()
) -> list[InfiniteSlope]:
    """Warnings for the steps whose slope makes a named gradient inf or nan. told: the nodes of
    whose gradients everything is said."""
    if all([isfinite(found[node]) for node in graph.order]):  # noqa: C419
        return []
    if all(isfinite(found[n]) for n in graph.order if n in model.labels and n not in told):
        return []
    warnings: list[InfiniteSlope] = []
    for step in reversed(graph.steps):
        gradient = found[step]
        if gradient == 0.0 or not isfinite(gradient):
            continue
        slopes = local_slopes(graph, step, data)
        for operand, slope in zip(graph.operands(step), slopes, strict=True):
            if graph.is_number(operand) or isfinite(gradient * slope) or slope == 0.0:
                continue
            at, given = _operands(model, step, data)
            if isfinite(slope):
                message = f"the gradient overflows in {_text(model, step)}{given}"
            else:
                by = model.labels.get(operand) or _text(model, operand)
                message = f"the slope of {_text(model, step)} by {by} is {shown(slope)}{given}"
            warnings.append(InfiniteSlope(message, *_labels(model, step, at)))
            if len(warnings) == _MOST:
                return warnings
    if not warnings:
        message = "the contributions to a gradient add up to no finite number"
        warnings.append(InfiniteSlope(message, where=model.source.name))
    return warnings


def _operands(model: Model, step: int, data: ByNode) -> tuple[str, str]:
    """The operands with their values, and what their indices are where they are formulas with some: for
    the label, and as the end of a sentence."""
    columns, parts = model.columns, list[str]()
    whole = _text(model, step)
    for operand in columns.operands(step):
        text = model.labels.get(operand) or _text(model, operand)
        if text == whole:  # another step of a derivative
            continue
        part = f"{text} = {shown(data[operand])}"
        if not columns.is_number(operand) and part not in parts and len(text) <= 60:
            parts.append(part)
    inside = list[str]()
    for operand in columns.operands(step):
        inside += _indexed(model, operand, data, DEEP, "".join(whole.split()))
    parts += [each for each in dict.fromkeys(inside) if each not in parts][:_MOST]
    at = ", ".join(parts)
    return at, f" at {at}" if at else ""


def _indexed(model: Model, node: int, data: ByNode, deep: int, whole: str) -> Iterator[str]:
    """The variables of indices in a formula, and the members that it has by them, with their numbers. whole:
    the text that it stands in, without blanks."""
    columns, label = model.columns, model.labels.get(node, "")
    text = own_text(model, node, 60)
    if columns.is_number(node):
        if text.isidentifier() and text not in (*CONSTANTS, *model.names):
            yield f"{text} = {shown(columns.constant(node))}"
    elif label or not columns.is_step(node):
        if "[" in label and label not in whole:
            yield f"{label} = {shown(data[node])}"
    elif deep and not _GATHERS.search(text):  # a sum reads many members
        for operand in columns.operands(node):
            yield from _indexed(model, operand, data, deep - 1, whole)


def _text(model: Model, node: int) -> str:
    """The text of a step in its equation, or what the operation is called."""
    op = model.columns.op(node)
    return own_text(model, node, 60) or (f"this {op!r}" if op else model.labels.get(node, ""))


def place(model: Model, step: int, data: ByNode) -> tuple[str, list[Label]]:
    """The text of a step, and where it stands, with the numbers of its operands."""
    at, _ = _operands(model, step, data)
    return _text(model, step), _labels(model, step, at)


def own_text(model: Model, node: int, most: int) -> str:
    """The text of a step where it is written, be it inside a function; "" if it is long."""
    spans = model.span(node)
    text = one_line(spans[0].text) if spans else ""
    return text if len(text) <= most else ""


def _labels(model: Model, node: int, text: str) -> list[Label]:
    texts = (text, *["called here"] * 3)
    return [Label(span, said) for span, said in zip(model.span(node), texts, strict=False)]
