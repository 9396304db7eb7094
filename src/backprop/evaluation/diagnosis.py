"""Where inf and nan come from: the step of the equations that made them.

An error for a step without a finite value that has a say in the output; a warning for one that has
none, and for a slope that makes a gradient infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan

from backprop.engine.equations import steps_of
from backprop.errors import InfiniteSlope, Label, NotFinite, OutsideDomain
from backprop.language.model import Model
from backprop.operations import OPERATIONS
from backprop.source import Span, one_line
from backprop.syntax import functions
from backprop.values import NUMBER, Value

_MOST = 5
"""The most steps that are named for one run."""


def values(model: Model, order: Sequence[Value], reached: int) -> list[NotFinite]:
    """Warnings for steps that are not finite and have no say; raises NotFinite for one that has.

    order: operands first, `data` set; the first `reached` Values lead to the output, the last of
    these.
    """
    if all(isfinite(value.data) for value in order):
        return []
    saying = {order[reached - 1]}
    for value in reversed(order[:reached]):
        if value in saying:
            says = OPERATIONS[value.op].says if value.prev else None
            if says is None:
                saying.update(value.prev)
            else:
                data = [operand.data for operand in value.prev]
                saying.update(value.prev[at] for at in says(*data))
    for value in order[:reached]:
        if value.prev and value in saying and not isfinite(value.data):
            raise no_value(model, value)
    # No number of the output's is touched. A name that shows nan or inf is worth a warning all the
    # same; an unnamed step of a branch that was not taken is not.
    shown = {value for value in order if value.label and value.prev and not isfinite(value.data)}
    for value in reversed(order):
        if value in shown:
            shown.update(operand for operand in value.prev if not isfinite(operand.data))
    warnings: list[NotFinite] = []
    for value in order:
        if value in shown and value.prev and all(isfinite(operand.data) for operand in value.prev):
            warning = no_value(model, value)
            warning.hints = ("the output does not need this step",)
            warnings.append(warning)
    return warnings[:_MOST]


def no_value(model: Model, value: Value) -> NotFinite:
    """The error for a step whose value is inf or nan, with its text and its operands' values."""
    row = OPERATIONS[value.op]
    at, given = _operands(model, value)
    text = _text(model, value)
    cause: type[NotFinite] = NotFinite
    hints: list[str] = []
    if not all(isfinite(operand.data) for operand in value.prev):
        message = f"{text} is {value.data:g}{given}"
    elif isnan(value.data) or row.at_pole(*(operand.data for operand in value.prev)):
        cause, message = OutsideDomain, f"{text} has no value{given}"
        hints = [f"{row.form} needs {row.domain}"] if row.domain else []
    else:
        message = f"{text} overflows{given}: it is beyond 1.8e308"
        hints = ["scale the numbers, or compute with logarithms"]
    member = _member(model, value)
    message = f"in {member}: {message}" if member else message
    return cause(message, *_labels(model, value, at), hints=hints)


def _member(model: Model, value: Value) -> str:
    """The member of a family whose equation has this step, "" for equations without indices."""
    if value.label:
        return value.label if "[" in value.label else ""
    for name, named in model.values.items():
        if "[" in name and named.prev and value in steps_of(named):
            return name
    return ""


def gradients(model: Model, order: Sequence[Value]) -> list[InfiniteSlope]:
    """Warnings for the steps whose slope makes a named gradient inf or nan. After `backward`."""
    if all(isfinite(value.grad) for value in order if value.label):
        return []
    warnings: list[InfiniteSlope] = []
    for value in reversed(order):
        if not value.prev or value.grad == 0.0 or not isfinite(value.grad):
            continue
        data = [operand.data for operand in value.prev]
        for number, slope_of in enumerate(functions.slopes(value.op)):
            operand = value.prev[number]
            slope = slope_of(*data, value.data)
            if operand.op == NUMBER or isfinite(value.grad * slope) or slope == 0.0:
                continue
            by = operand.label or _text(model, operand)
            at, given = _operands(model, value)
            if isfinite(slope):
                message = f"the gradient overflows in {_text(model, value)}{given}"
            else:
                message = f"the slope of {_text(model, value)} by {by} is {slope:g}{given}"
            warnings.append(InfiniteSlope(message, *_labels(model, value, at)))
            if len(warnings) == _MOST:
                return warnings
    if not warnings:
        message = "the contributions to a gradient add up to no finite number"
        warnings.append(InfiniteSlope(message, where=model.source.name))
    return warnings


def _operands(model: Model, value: Value) -> tuple[str, str]:
    """The operands with their values: for the label, and as the end of a sentence."""
    parts: list[str] = []
    for operand in value.prev:
        text = operand.label or _text(model, operand)
        part = f"{text} = {operand.data:.10g}"
        if operand.op != NUMBER and part not in parts and len(text) <= 60:
            parts.append(part)
    shown = ", ".join(parts)
    return shown, f" at {shown}" if shown else ""


def _text(model: Model, value: Value) -> str:
    """The text of a step in its equation, or what the operation is called."""
    spans = model.span(value.place)
    text = one_line(spans[0].text) if spans else ""
    if not text or len(text) > 60:
        return f"this {value.op!r}" if value.op else value.label
    return text


def _labels(model: Model, value: Value, text: str) -> list[Label]:
    spans: list[Span] = model.span(value.place)
    labels = [Label(spans[0], text)] if spans else []
    return labels + [Label(span, "called here") for span in spans[1:4]]
