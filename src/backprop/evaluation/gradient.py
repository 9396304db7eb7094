"""One output of a Model, its value and its gradient by every name that leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backprop.engine.interpreter import backward, forward
from backprop.errors import (
    LIMIT,
    BackpropError,
    MissingInputs,
    NotAnInput,
    NotANumber,
    NotFinite,
    raise_all,
)
from backprop.evaluation import diagnosis
from backprop.language.model import Model
from backprop.memory import without_collector
from backprop.records import record
from backprop.source import Source, Span, normal
from backprop.suggest import nearest, unknown_name
from backprop.values import Value, in_order

if TYPE_CHECKING:
    from backprop.engine.tape import Tape


@record(frozen=True)
class Gradient:
    """The result of `Model.grad`.

    output: the name of the output. value: its value. data: the value of every name that could be
    computed, in file order. gradients: the derivative of the output by every name that it depends
    on, in file order, the output itself (1.0) included; inf or nan where a slope is. warnings:
    steps that made a gradient inf or nan, and steps without a value that the output does not need.

        >>> import backprop
        >>> backprop.parse("L = a*b").grad({"a": 2, "b": -3}).gradients
        {'a': -3.0, 'b': 2.0, 'L': 1.0}
    """

    output: str
    value: float
    data: dict[str, float]
    gradients: dict[str, float]
    warnings: tuple[NotFinite, ...] = ()


@without_collector
def gradient(
    model: Model, values: Mapping[str, float], of: str | None = None, engine: str = "auto"
) -> Gradient:
    """What `Model.grad` says it does. The Values of the model keep `data` and `grad`."""
    name = model.output(of)
    output = model.values[name]
    order = in_order([output, *model.values.values()])
    reached = order.index(output) + 1  # Value has no ==, so this looks for the object itself
    missing = set_inputs(model, values)
    needed = missing.intersection(order[:reached])
    if needed:
        absent = [label for label, value in model.values.items() if value in needed]
        raise missing_inputs(model, name, absent)
    tape = _tape(order, output, engine)
    if tape is None:
        forward(order)
        finite = False
    else:
        finite = tape.forward()
        tape.store(order)
    unknown = _unknown(order, missing)
    computed = [value for value in order if value not in unknown] if unknown else order
    warnings = [] if finite else diagnosis.values(model, computed, reached)
    if tape is None:
        backward(order[:reached])
    else:
        tape.backward()
        tape.store(order, gradients=True)
        tape = None  # what follows needs the room
    warnings = [*warnings, *diagnosis.gradients(model, order[:reached])]
    leading = {value.label for value in order[:reached] if value.label}
    known = {value.label for value in computed if value.label}
    return Gradient(
        name,
        output.data,
        {label: value.data for label, value in model.values.items() if label in known},
        # + 0.0 makes a 0 of -0.0, which means nothing as a gradient
        {label: value.grad + 0.0 for label, value in model.values.items() if label in leading},
        tuple(warnings),
    )


def _tape(order: list[Value], output: Value, engine: str) -> Tape | None:
    """The graph on a tape, if machine code is asked for: for a single run it takes longer to lay the
    graph out than to interpret it. Raises BadOption, NoMachineCode."""
    if engine == "auto":
        return None
    from backprop.engine.program import choose  # built on this file

    if choose(engine, len(order), 1) is not None:
        return None
    from backprop.engine.tape import Tape

    return Tape(order, output)


def set_inputs(model: Model, values: Mapping[str, float]) -> set[Value]:
    """Give every input its number, from `values` or the file; return those that have none.

    Raises UnknownName, NotAnInput, NotANumber.
    """
    errors: list[BackpropError] = []
    given: dict[str, float] = {}
    for name, number in ((normal(key), number) for key, number in values.items()):
        if name not in model.values:
            errors.append(
                unknown_name(
                    name, model.inputs, "the inputs of these equations", None, len(errors) < LIMIT
                )
            )
        elif model.values[name].op or name in model.constants:
            errors.append(not_an_input(model, name))
        else:
            try:
                given[name] = _number(number)
            except (TypeError, ValueError, OverflowError):
                shown = f"{number!r:.40}"
                errors.append(NotANumber(f"{name} = {shown} is no number that a double can hold"))
    raise_all(errors)
    missing: set[Value] = set()
    set_constants(model)
    for name in model.inputs:
        value = model.values[name]
        if name in given:
            value.data = given[name]
        elif name in model.defaults:
            value.data = evaluate(model.defaults[name], model.source)
        else:
            missing.add(value)
    return missing


def set_constants(model: Model) -> None:
    """Give the constants of indices and ranges, which nobody can set, their numbers."""
    for name in model.constants:
        if name in model.defaults:
            model.values[name].data = evaluate(model.defaults[name], model.source)


def _number(number: float) -> float:
    """A number of Python's or NumPy's as a float; text, truth values and nan are none."""
    if isinstance(number, (str, bytes, bool)) or number != number:
        raise ValueError(number)
    return float(number)


def evaluate(root: Value, source: Source) -> float:
    """The number that an expression without names stands for. Raises NotFinite."""
    if root.prev:
        order = in_order([root])
        forward(order)
        diagnosis.values(Model(source, {}, {}, {}), order, len(order))
    return root.data


def missing_inputs(model: Model, output: str, names: list[str]) -> MissingInputs:
    """The error for inputs without a number: all of them, and how to give them."""
    single = len(names) == 1
    it = "it" if single else "them"
    shown = ", ".join(names[:10]) + (f", … ({len(names)} in all)" if len(names) > 10 else "")
    example = ", ".join(f"{name}=1" for name in names[:4]) + (", …" if len(names) > 4 else "")
    hints = [
        f'give {it}: --set "{example}"',
        f"or write a line such as {names[0]} = 1 in the equations",
    ]
    absent = set(names)
    known = [name for name in model.values if name not in absent]
    for name in names[:3]:
        near = nearest(name, known)
        if near and len(name) > 2:
            hints.append(f"or is {name} meant to be {near}?")
    if "e" in names:
        hints.append("for Euler's number write exp(1)")
    if "π" in names:
        hints.append("for 3.14159… write pi")
    return MissingInputs(
        f"the input{'' if single else 's'} {shown} {'has' if single else 'have'} no value,"
        f" and {output} needs {it}",
        *(model.span(model.values[name].place)[0] for name in names[:4]),
        hints=hints,
        where=model.source.name,
    )


def not_an_input(model: Model, name: str, span: Span | None = None) -> NotAnInput:
    """The error for a value given to a name that an equation computes."""
    if name in model.constants:
        return NotAnInput(
            f"{name!r} is in an index or a range, so the number of equations depends on it",
            *([span] if span else []),
            hints=["change it in the file"],
        )
    text = model.text(model.values[name])
    shown = f"{name} = {text}" if len(text) <= 60 else f"{name} = …"
    return NotAnInput(
        f"{name!r} is computed by its equation, {shown}; it cannot be set",
        *([span] if span else []),
        hints=[f"set the inputs: {', '.join(model.inputs[:8])}"],
    )


def _unknown(order: list[Value], missing: set[Value]) -> set[Value]:
    """The Values that need an input without a number."""
    unknown = set(missing)
    if unknown:
        for value in order:
            if not unknown.isdisjoint(value.prev):
                unknown.add(value)
    return unknown
