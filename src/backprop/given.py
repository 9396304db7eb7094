"""The numbers that a person gives for inputs: `--set` texts, files of lines, files of JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from math import isinf
from typing import Any

from backprop.errors import (
    LIMIT,
    BackpropError,
    Label,
    NameDefinedTwice,
    NotANumber,
    UnexpectedText,
    raise_all,
)
from backprop.evaluation.inputs import default, evaluate, not_an_input
from backprop.files import read_source
from backprop.language import Model, read_settings
from backprop.patterns import family, indices, matching
from backprop.source import Source, Span, normal
from backprop.suggest import unknown_name

Given = dict[str, tuple[float, Span]]
"""For each name its number, and where the name stands."""

_MEMBER = re.compile(r'("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}\]]*)')
"""A member of a JSON object: its name, and what its value begins with."""

_TOO_LARGE = object()


def read_numbers(
    model: Model, files: Sequence[str] = (), settings: Sequence[str] = ()
) -> dict[str, float]:
    """The numbers for inputs of `model`; settings win over files, later ones over earlier ones.

    Raises UnknownName, NotAnInput, NotANumber, NameDefinedTwice, SyntaxFaults and CannotRead.
    """
    numbers: dict[str, float] = {}
    errors: list[BackpropError] = []
    inputs = model.inputs
    sources: list[tuple[Source, Callable[[Source, Model], Given]]] = []
    for path in files:
        source = read_source(path)
        is_json = source.text.lstrip()[:1] in ("{", "[")
        sources.append((source, _from_json if is_json else _from_file))
    sources += [(Source("<--set>", text), lambda text, _: from_lines(text)) for text in settings]
    for source, read in sources:
        for given, (number, span) in read(source, model).items():
            many = [] if given in model.names else matching(given, inputs)
            for name in many:
                numbers[name] = number
            if many:
                continue
            name = given
            if name not in model.names:
                owner = "the inputs of these equations"
                errors.append(unknown_name(name, inputs, owner, span, len(errors) < LIMIT))
            elif name in model.constants and number == default(model, name):
                continue  # a file gives its own constants back
            elif model.is_equation(name) or name in model.constants:
                errors.append(not_an_input(model, name, span))
            numbers[name] = number
    raise_all(errors)
    return numbers


def from_lines(source: Source, computed: Collection[str] = ()) -> Given:
    """The numbers of `a = 2` in each line, or of `a=2, b=1/3`; those of `computed` may be equations."""
    return {
        name: (evaluate(setting.columns, setting.root, source), setting.name)
        for name, setting in read_settings(source, computed).items()
    }


def _from_file(source: Source, model: Model) -> Given:
    """The numbers of a file of lines, which may be the equations themselves with other defaults."""
    return from_lines(source, set(filter(model.is_equation, model.names)))


def _from_json(source: Source, model: Model) -> Given:
    """The numbers of a JSON object: `{"a": 2, "b": "inf", "w": [[1, 2], [3, 4]]}`.

    Nested lists are the members of a family, its least indices first.
    """
    import json

    try:
        found = json.loads(source.text, parse_int=_double, parse_float=_double)
    except json.JSONDecodeError as error:
        raise UnexpectedText(
            f"this is no JSON: {error.msg[0].lower()}{error.msg[1:]}",
            Span(source, error.pos, error.pos + 1),
            hints=['write an object of numbers: {"a": 2, "b": -3}'],
        ) from None
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise UnexpectedText(
            "this JSON is no object of numbers",
            Span(source, 0, 1),
            hints=['write: {"a": 2, "b": -3}'],
        )
    numbers: Given = {}
    errors: list[BackpropError] = []
    keys: dict[str, Span] = {}
    values: dict[str, Span] = {}
    for member in _MEMBER.finditer(source.text):
        try:
            name = normal(json.loads(member[1], strict=False))
        except ValueError:
            continue  # inside a text, which is no number in any case
        key = Span(source, *member.span(1))
        if name in keys:
            again, first = Label(key, "again here"), Label(keys[name], "first here")
            message = f"{name!r} stands twice"
            errors.append(NameDefinedTwice(message, again, first, hints=["remove one of them"]))
        keys.setdefault(name, key)
        values.setdefault(name, Span(source, *member.span(2)))
    nowhere = Span(source, 0, 1)
    plain: dict[str, Any] = {}
    for key, item in found.items():
        if isinstance(item, list):
            at = values.get(normal(key), Span(source, 0, 1))
            plain |= _members(normal(key), item, model, at, errors)
            for each in plain.keys() - keys.keys():
                keys[each] = values[each] = keys.get(normal(key), at)
        else:
            plain[key] = item
    for name, item in ((normal(key), item) for key, item in plain.items()):
        if item in ("inf", "-inf"):
            item = float(item)
        at = values.get(name, nowhere)
        if item is _TOO_LARGE:
            errors.append(NotANumber(f"the value of {name!r} is too large for a double", at))
        elif isinstance(item, bool) or not isinstance(item, float) or item != item:
            hint = 'give a JSON number, or the string "inf" or "-inf"'
            errors.append(NotANumber(f"the value of {name!r} is no number", at, hints=[hint]))
        else:
            numbers[name] = item, keys.get(name, nowhere)
    raise_all(errors)
    return numbers


def _members(
    name: str, nested: list[Any], model: Model, at: Span, errors: list[BackpropError]
) -> dict[str, Any]:
    """The numbers of nested lists by the members of the family that they are for."""
    members = [indices(each) for each in model.names if family(each) == name]
    if not members:
        errors.append(unknown_name(name, model.inputs, "the families of these equations", at))
        return {}
    known = {each for each in model.names if family(each) == name}
    least = [min(column) for column in zip(*members, strict=False)]
    found: dict[str, Any] = {}
    waiting: list[tuple[tuple[int, ...], Any]] = [((), nested)]
    while waiting:
        above, item = waiting.pop()
        if isinstance(item, list) and len(above) < len(least):
            begin = least[len(above)]
            waiting += [((*above, begin + number), each) for number, each in enumerate(item)]
        else:
            member = f"{name}[{','.join(map(str, above))}]"
            if item is not None or member in known:  # null where the family has a hole
                found[member] = item
    for missing in known - found.keys():
        message = f"the lists for {name!r} have no number for {missing}"
        errors.append(NotANumber(message, at, hints=["give a number for every member"]))
        break
    return found


def _double(text: str) -> Any:
    """A JSON number as a double; a mark for one past the range, which Python would call inf."""
    number = float(text)
    return _TOO_LARGE if isinf(number) else number
