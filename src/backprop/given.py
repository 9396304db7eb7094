"""The numbers that a person gives for inputs: `--set` texts, files of lines, files of JSON."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from backprop.errors import (
    LIMIT,
    BackpropError,
    NotANumber,
    UnexpectedText,
    defined_twice,
    raise_all,
)
from backprop.evaluation.leaves import default, number_of, refused
from backprop.files import read_source, typed
from backprop.language import Model, read_settings
from backprop.names import family, indices, matching, unknown_name
from backprop.numbers import beyond_doubles
from backprop.source import Source, Span, normal

Given = dict[str, tuple[float, Span]]
"""For each name its number, and where the name stands."""

_MEMBER = re.compile(r'("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}\]]*)')
"""A member of a JSON object: its name, and what its value begins with."""


class _Beyond(str):
    """The text of a number that no double can hold."""

    __slots__ = ()


_INFINITE = {"Infinity": "inf", "-Infinity": "-inf"}
"""What Python reads in a JSON file, too, as the texts that are meant."""


def read_numbers(
    model: Model, files: Sequence[str] = (), settings: Sequence[str] = ()
) -> dict[str, float]:
    """The numbers for inputs of `model`; settings win over files, later ones over earlier ones.
    Raises UnknownName, NotAnInput, NotANumber, NameDefinedTwice, SyntaxFaults and CannotRead."""
    numbers: dict[str, float] = {}
    errors: list[BackpropError] = []
    inputs = model.inputs
    opened = [read_source(path) for path in files]
    written = [typed(text, "<--set>") for text in settings]
    sources = [_from_file(source, model) for source in opened] + [*map(from_lines, written)]
    for name, (number, span) in (item for given in sources for item in given.items()):
        if name not in model.names and (many := matching(name, inputs)):
            numbers |= dict.fromkeys(many, number)
        elif name in model.constants and number == default(model, name):
            pass  # a file gives its own constants back
        elif error := refused(model, name, span, near=len(errors) < LIMIT):
            errors.append(error)
        else:
            numbers[name] = number
    raise_all(errors)
    return numbers


def from_lines(source: Source, computed: Collection[str] = ()) -> Given:
    """The numbers of `a = 2` in each line, or of `a=2, b=1/3`; those of `computed` may be equations."""
    return {
        name: (number_of(setting.model, setting.root), setting.name)
        for name, setting in read_settings(source, computed).items()
    }


def _from_file(source: Source, model: Model) -> Given:
    """The numbers of a file: JSON, or lines, which may be the equations themselves with other defaults."""
    if is_json(source):
        return _from_json(source, model)
    return from_lines(source, set(filter(model.is_equation, model.names)))


def is_json(source: Source) -> bool:
    """Whether a file of numbers is JSON; if not, it has lines."""
    return source.text.lstrip()[:1] in ("{", "[")


def _from_json(source: Source, model: Model) -> Given:
    """The numbers of a JSON object: `{"a": 2, "b": "inf", "w": [[1, 2], [3, 4]]}`. Nested lists are
    the members of a family, its least indices first."""
    import json

    try:
        found = json.loads(
            source.text, parse_int=_number, parse_float=_number, parse_constant=_INFINITE.get
        )
    except json.JSONDecodeError as error:
        message = f"this is no JSON: {error.msg[0].lower()}{error.msg[1:]}"
        hints = ['write an object of numbers: {"a": 2, "b": -3}']
        raise UnexpectedText(message, Span(source, error.pos, error.pos + 1), hints=hints) from None
    except RecursionError:
        found = None
    nowhere = Span(source, 0, 1)
    if not isinstance(found, dict):
        hints = ['write: {"a": 2, "b": -3}']
        raise UnexpectedText("this JSON is no object of numbers", nowhere, hints=hints)
    errors: list[BackpropError] = []
    places = _places(source, errors)
    plain: dict[str, Any] = {}
    for key, item in found.items():
        name = normal(key)
        at, value = places.setdefault(name, (nowhere, nowhere))
        nested = isinstance(item, list)
        members = _members(name, item, model, value, errors) if nested else {name: item}
        plain |= members
        for member in members:
            places.setdefault(member, (at, at))
    numbers: Given = {}
    for name, item in plain.items():
        at, value = places[name]
        if item in ("inf", "-inf"):
            numbers[name] = float(item), at
        elif isinstance(item, _Beyond):
            message, hint = beyond_doubles(item, float(item))
            hint = hint.replace("inf ", '"inf" or "-inf" ')
            message = f"the value of {name!r} is {message.removeprefix('a number ')}"
            errors.append(NotANumber(message, value, hints=[hint]))
        elif not isinstance(item, float):
            hint = 'give a JSON number, or the string "inf" or "-inf"'
            errors.append(NotANumber(f"the value of {name!r} is no number", value, hints=[hint]))
        else:
            numbers[name] = item, at
    raise_all(errors)
    return numbers


def _number(text: str) -> float | _Beyond:
    """The text of a number in JSON as that number, where a double can hold it."""
    number = float(text)
    return _Beyond(text) if beyond_doubles(text, number)[0] else number


def _places(source: Source, errors: list[BackpropError]) -> dict[str, tuple[Span, Span]]:
    """Where the members of a JSON object and their values stand. errors: takes those that stand twice."""
    import json

    places: dict[str, tuple[Span, Span]] = {}
    for member in _MEMBER.finditer(source.text):
        try:
            name = normal(json.loads(member[1], strict=False))
        except ValueError:
            continue  # inside a text, which is no number in any case
        place = Span(source, *member.span(1)), Span(source, *member.span(2))
        first = places.setdefault(name, place)
        if first is not place:
            errors.append(defined_twice(f"{name!r} stands twice", place[0], first[0]))
    return places


def _members(
    name: str, nested: list[Any], model: Model, at: Span, errors: list[BackpropError]
) -> dict[str, Any]:
    """The numbers of nested lists by the members of the family that they are for."""
    known = dict.fromkeys(each for each in model.names if family(each) == name)
    if not known:
        errors.append(unknown_name(name, model.inputs, "the families of these equations", at))
        return {}
    least = list(map(min, zip(*map(indices, known), strict=False)))
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
    missing = [member for member in known if member not in found]
    if missing:
        message = f"the lists for {name!r} have no number for {missing[0]}"
        errors.append(NotANumber(message, at, hints=["give a number for every member"]))
    return found
