"""The numbers of a JSON file: an object that a person writes, or what the tool itself has written."""

import re
from collections.abc import Sequence
from typing import Any

from backprop.errors import (
    LIMIT,
    BackpropError,
    Label,
    NotANumber,
    UnexpectedText,
    UnknownName,
    defined_twice,
    raise_all,
)
from backprop.language import Model
from backprop.language.sizes import unfolded
from backprop.names import Names, indices, is_pattern, together, unknown_name
from backprop.numbers import beyond_doubles
from backprop.source import Source, Span, normal

Given = dict[str, tuple[float, Span, str]]
"""For each name its number, where the name stands, and the text of the number."""

_TEXT = r'"(?:[^"\\]|\\.)*+"'
_MEMBER = re.compile(rf"({_TEXT})\s*:\s*({_TEXT}|[^\s,}}\]]*)|{_TEXT}")
"""A member of a JSON object, its name, and what its value begins with; or a text alone."""


class _Beyond(str):
    """The text of a number that no double can hold."""

    __slots__ = ()


_INFINITE = {"Infinity": "inf", "-Infinity": "-inf"}
"""What Python reads in a JSON file, too, as the texts that are meant."""


_SHORT = 10_000
"""The characters of a file of which it is worth to know where each number stands."""

_BLANK = re.compile(r"[ \t\n\r]*")

_OWN = ("inputs", "data")
"""Where the numbers are in what the tool writes, the fullest first."""


def is_json(source: Source) -> bool:
    """Whether a file of numbers is JSON; if not, it has lines."""
    return source.text.lstrip()[:1] in ("{", "[")


def plain_numbers(source: Source) -> dict[str, tuple[Any, Span | None]]:
    """What a file of JSON has by name, looked at no further, and of a short one where it stands. Raises
    UnexpectedText."""
    found: dict[str, tuple[Any, Span | None]] = {}
    for numbers, begin, end in _objects(source):
        if _is_own(numbers):
            own = (numbers[key] for key in _OWN if isinstance(numbers.get(key), dict))
            numbers = next(own, {})
        places = _places(source, begin, end, []) if end - begin < _SHORT else {}
        for name, item in numbers.items():
            number = float(item) if item in ("inf", "-inf") else item
            place = places.get(normal(name))
            found[normal(name)] = number, place[0] if place else None
    return found


def from_json(source: Source, model: Model) -> Given:
    """The numbers of a JSON object: `{"a": 2, "b": "inf", "w": [[1, 2], [3, 4]]}`. Nested lists are
    the members of a family, its least indices first.

    Of an object that the tool has written, those of the inputs: equations have values there, too.
    """
    errors: list[BackpropError] = []
    found: dict[str, Any] = {}
    places: dict[str, tuple[Span, Span]] = {}
    for numbers, begin, end in _objects(source):
        own = _is_own(numbers)
        if own:
            numbers, begin = _own(source, numbers, begin, model)
        found |= {normal(name): item for name, item in numbers.items()}
        places |= _places(source, begin, end, [] if own else errors)
    plain: dict[str, Any] = {}
    nowhere = Span(source, 0, 1)
    known = Names(model.names)
    for name, item in found.items():
        at, value = places.setdefault(name, (nowhere, nowhere))
        members = {name: item}
        if isinstance(item, list):
            alone = is_pattern(name) or name in model.names
            family = [] if alone else known.matching(name)
            members = _members(name, item, model, family, value, errors)
        plain |= members
        for member in members:
            places.setdefault(member, (at, at))
    given: Given = {}
    for name, item in plain.items():
        at, value = places[name]
        if item in ("inf", "-inf"):
            given[name] = float(item), at, value.text
        elif isinstance(item, _Beyond):
            beyond, hint = beyond_doubles(item, float(item), '"inf" or "-inf"')
            errors.append(NotANumber(f"the value of {name!r} is {beyond}", value, hints=[hint]))
        elif isinstance(item, list):
            errors.append(_not_a_list(name, value))
        elif not isinstance(item, float):
            hint = 'give a JSON number, or the string "inf" or "-inf"'
            errors.append(NotANumber(f"the value of {name!r} is no number", value, hints=[hint]))
        else:
            given[name] = item, at, value.text
    raise_all(errors)
    return given


def _objects(source: Source) -> list[tuple[dict[str, Any], int, int]]:
    """The objects of a text, one or several that the tool wrote one a line, and where each begins
    and ends. Raises UnexpectedText."""
    import json  # for files of JSON only

    objects: list[tuple[dict[str, Any], int, int]] = []
    decoder = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_INFINITE.get)
    text, at = source.text, 0
    while (at := _BLANK.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        try:
            found, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _no_json(source, error.msg, error.pos) from None
        except RecursionError:
            found, end = None, len(text)
        if objects and not (_is_own(found) and _is_own(objects[0][0])):
            raise _no_json(source, "Extra data", at)
        if not isinstance(found, dict):
            hints = ['write: {"a": 2, "b": -3}']
            where = Span(source, at, at + 1)
            raise UnexpectedText("this JSON is no object of numbers", where, hints=hints)
        objects.append((found, at, end))
        at = end
    return objects


def _no_json(source: Source, why: str, at: int) -> UnexpectedText:
    message = f"this is no JSON: {why[0].lower()}{why[1:]}"
    hints = ['write an object of numbers: {"a": 2, "b": -3}']
    return UnexpectedText(message, Span(source, at, at + 1), hints=hints)


def _is_own(found: Any) -> bool:
    """Whether this is what the tool writes: texts there are no numbers that a person gives."""
    if not isinstance(found, dict) or "schema" not in found:
        return False
    outputs = found.get("outputs")  # of jacobian
    several = isinstance(outputs, list) and all(isinstance(name, str) for name in outputs)
    return several or any(isinstance(found.get(key), str) for key in ("output", "optimizer"))


def _own(
    source: Source, found: dict[str, Any], begin: int, model: Model
) -> tuple[dict[str, Any], int]:
    """The numbers for inputs in an object that the tool has written, and where they begin. Raises
    UnexpectedText."""
    key = next((key for key in _OWN if isinstance(found.get(key), dict)), None)
    if key is None:
        hints = ["take the JSON of grad or descend, which has the numbers of all inputs"]
        where = Span(source, begin, begin + 1)
        raise UnexpectedText("this JSON has no numbers for inputs", where, hints=hints)
    numbers = {
        name: item
        for name, item in found[key].items()
        if (known := normal(name)) not in model.names or not model.is_equation(known)
    }
    return numbers, source.text.index(f'"{key}"', begin) + len(key) + 2


def _number(text: str) -> float | _Beyond:
    """The text of a number in JSON as that number, where a double can hold it."""
    number = float(text)
    return _Beyond(text) if beyond_doubles(text, number)[0] else number


def _places(
    source: Source, begin: int, end: int, errors: list[BackpropError]
) -> dict[str, tuple[Span, Span]]:
    """Where the members of a JSON object and their values stand, between two places of the text.
    errors: takes those that stand twice."""
    import json

    places: dict[str, tuple[Span, Span]] = {}
    for member in _MEMBER.finditer(source.text, begin, end):
        if not member[1]:
            continue
        name = normal(json.loads(member[1], strict=False))
        place = Span(source, *member.span(1)), Span(source, *member.span(2))
        first = places.setdefault(name, place)
        if first is not place:
            errors.append(defined_twice(f"{name!r} stands twice", place[0], first[0]))
    return places


def _members(
    name: str,
    nested: list[Any],
    model: Model,
    family: Sequence[str],
    at: Span,
    errors: list[BackpropError],
) -> dict[str, Any]:
    """The numbers of nested lists by the members of the family that they are for."""
    known = dict.fromkeys(family)
    if not known and name in model.names:
        errors.append(_not_a_list(name, at))
        return {}
    if not known:
        owner, near = "the families of these equations", len(errors) < LIMIT
        errors.append(unknown_name(name, model.inputs, owner, at, near))
        return {}
    least = list(map(min, zip(*map(indices, known), strict=False)))
    found = {  # null where the family has a hole
        member: item
        for member, item in unfolded(name, nested, least).items()
        if item is not None or member in known
    }
    missing = [member for member in known if member not in found]
    beyond = [member for member in found if member not in known]
    if len(beyond) > 1:  # one is told as any other name
        message = f"the lists for {name!r} have {len(beyond):,} numbers beyond its members"
        errors.append(UnknownName(message, Label(at), hints=[f"{name} has {together([*known])}"]))
        found = {member: item for member, item in found.items() if member in known}
    if missing:
        message = f"the lists for {name!r} have no number for {missing[0]}"
        errors.append(NotANumber(message, at, hints=["give a number for every member"]))
    return found


def _not_a_list(name: str, at: Span) -> NotANumber:
    message = f"{name!r} is one number, and a list is given for it"
    return NotANumber(message, at, hints=[f'write the number alone: "{name}": 2'])
