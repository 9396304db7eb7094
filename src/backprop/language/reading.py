"""Equation text → `Model`, and the numbers that a person gives for inputs."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from backprop.errors import BackpropError, Label, NoEquation, NotANumber, raise_all
from backprop.language import checks, faults
from backprop.language.build import Builder
from backprop.language.characters import unknown_characters
from backprop.language.grammar import Unfit, shape
from backprop.language.model import Model
from backprop.language.parser import Statement, read
from backprop.language.scanner import LIST_ENDS, Tokens
from backprop.language.suggest import unknown_name
from backprop.memory import without_collector
from backprop.source import Source, Span
from backprop.values import Value


class Setting(NamedTuple):
    """A number that a person gives for a name: the Value of its expression, and its place."""

    name: Span
    value: Value


@without_collector
def read_model(source: Source) -> Model:
    """The Model of an equation text. Raises the SyntaxFaults and MeaningFaults found in it."""
    statements, faults = read(source)
    errors: list[BackpropError] = [*faults]
    equations, functions = checks.definitions(statements, errors)
    for statement in statements:
        checks.calls(statement, functions, errors)
    if functions:
        checks.recursion(functions, errors)
        if not errors:
            checks.size(equations, functions, errors)
    raise_all(errors)
    if not equations:
        raise NoEquation(
            "no equation in this text"
            if not functions
            else "only functions, and no equation that uses them",
            where=source.name,
            hints=["write one equation a line, such as: L = a*b"],
        )
    builder = Builder(equations, functions)
    for statement in equations.values():
        builder.equation(statement)
    raise_all(builder.errors)
    values = {name: builder.values[name] for name in builder.order}
    if builder.ahead:
        raise_all(checks.circles(values, equations))
    return Model(source, values, builder.defaults, builder.places, functions)


class Formulas:
    """Reads formulas of the names of a model, with its functions."""

    def __init__(self, model: Model) -> None:
        self._functions = checks.definitions(read(model.source)[0], [])[1]
        self._builder = Builder({}, self._functions)
        self._builder.values.update(model.values)
        self._builder.finished.update(model.values)
        self._known = model.values

    def read(self, tokens: Tokens) -> Value:
        """The Value of the right side of `name = formula`, which refers to the Values of the model.

        Raises SyntaxFaults, UnknownName, UnknownFunction, WrongNumberOfArguments.
        """
        raise_all([*unknown_characters(tokens)])
        try:
            statement = Statement(tokens, shape(tokens.kinds))
        except Unfit as unfit:
            raise faults.explain(tokens, unfit) from None
        errors: list[BackpropError] = []
        checks.calls(statement, self._functions, errors)
        raise_all(errors)
        builder = self._builder
        root = builder.expression(statement)
        errors += builder.errors
        for name in builder.order:
            place = builder.values.pop(name).place
            assert isinstance(place, int)
            span = Span.at(tokens.source, place)
            errors.append(unknown_name(name, self._known, "these equations", span))
        builder.order.clear()
        builder.errors.clear()
        raise_all(errors)
        return root


def read_settings(source: Source, computed: Container[str] = ()) -> dict[str, Setting]:
    """The numbers of `a=2, b=1/3` or of a file of such lines, by name, not evaluated yet.

    computed: names whose equations may stand among them, and are passed over: a file of equations
    is a file of numbers as well, those of its inputs.
    """
    statements, faults = read(source, LIST_ENDS)
    errors: list[BackpropError] = [*faults]
    equations, functions = checks.definitions(statements, errors)
    for statement in statements:
        checks.calls(statement, functions, errors)
    if functions:
        checks.recursion(functions, errors)
        if not errors:
            checks.size(equations, functions, errors)
    raise_all(errors)
    settings: dict[str, Setting] = {}
    for name, statement in equations.items():
        builder = Builder({}, functions)
        target = statement.tokens.span(statement.shape.target, statement.shape.target)
        setting = Setting(target, builder.expression(statement))
        if builder.values and name in computed:
            continue
        settings[name] = setting
        errors += builder.errors
        for unknown in builder.values.values():
            assert isinstance(unknown.place, int)
            errors.append(
                NotANumber(
                    f"the value of {name!r} is no number",
                    Label(Span.at(source, unknown.place), "this is a name"),
                    hints=["give a number or an expression of numbers, such as 1/3 or 2*pi"],
                )
            )
    raise_all(errors)
    return settings
