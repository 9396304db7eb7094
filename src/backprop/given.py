"""The numbers that a person gives: for inputs `--set` texts, files of lines, files of JSON; bounds;
the state of a descent."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Container, Sequence
from math import inf, isinf
from typing import Any

from backprop.descent.result import State
from backprop.engine.gradient import evaluate, not_an_input
from backprop.errors import (
    LIMIT,
    BackpropError,
    BadOption,
    Label,
    NameDefinedTwice,
    NotANumber,
    UnexpectedText,
    raise_all,
)
from backprop.files import read_source
from backprop.language import Model, read_settings
from backprop.language.scanner import LIST_ENDS, statements
from backprop.language.suggest import unknown_name
from backprop.source import Source, Span, normal

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
    sources += [(Source("<--set>", text), lambda text, _: _from_lines(text)) for text in settings]
    for source, read in sources:
        for name, (number, span) in read(source, model).items():
            if name not in model.values:
                owner = "the inputs of these equations"
                errors.append(unknown_name(name, inputs, owner, span, len(errors) < LIMIT))
            elif model.values[name].op:
                errors.append(not_an_input(model, name, span))
            numbers[name] = number
    raise_all(errors)
    return numbers


def _from_lines(source: Source, computed: Container[str] = ()) -> Given:
    return {
        name: (evaluate(setting.value, source), setting.name)
        for name, setting in read_settings(source, computed).items()
    }


def _from_file(source: Source, model: Model) -> Given:
    """The numbers of a file of lines, which may be the equations themselves with other defaults."""
    return _from_lines(source, {name for name, value in model.values.items() if value.op})


def _from_json(source: Source, _: Model) -> Given:
    """The numbers of a JSON object: `{"a": 2, "b": "inf"}`."""
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
    for name, item in ((normal(key), item) for key, item in found.items()):
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


def _double(text: str) -> Any:
    """A JSON number as a double; a mark for one past the range, which Python would call inf."""
    number = float(text)
    return _TOO_LARGE if isinf(number) else number


def read_bounds(texts: Sequence[str]) -> dict[str, tuple[float, float]]:
    """The bounds of `a=0..1, b=..5, w*=-1..1`: for each name or pattern the least and the largest.

    An end that is left out is infinite. Raises SyntaxFaults, NotANumber for names in a bound, and
    BadOption for bounds the wrong way round.
    """
    found: dict[str, tuple[float, float]] = {}
    errors: list[BackpropError] = []
    for text in texts:
        for tokens in statements(Source("<--bounds>", text), LIST_ENDS):
            if isinstance(tokens, BackpropError):
                errors.append(tokens)
                continue
            whole = tokens.span(0, len(tokens.kinds) - 1)
            kinds = tokens.kinds
            if kinds.count("ASSIGN") != 1 or kinds.count("RANGE") != 1 or kinds[0] == "ASSIGN":
                hints = ["write name=low..high, name=low.. or name=..high"]
                errors.append(UnexpectedText("this is no bound", whole, hints=hints))
                continue
            middle, dots = kinds.index("ASSIGN"), kinds.index("RANGE")
            sides = []
            for first, last, missing in ((middle + 1, dots, -inf), (dots + 1, len(kinds), inf)):
                if first >= last:
                    sides.append(missing)
                    continue
                side = Source("<--bounds>", f"x = {tokens.span(first, last - 1).text}")
                try:
                    sides.append(_from_lines(side)["x"][0])
                except BackpropError as error:
                    no_number = "a bound must be a number or an expression of numbers"
                    message = no_number if isinstance(error, NotANumber) else error.message
                    errors.append(type(error)(message, tokens.span(first, last - 1)))
            if len(sides) < 2:
                continue
            name = normal(tokens.span(0, middle - 1).text)
            low, high = sides
            if not low <= high:
                message = f"the bounds of {name} are the wrong way round"
                ends = tokens.span(middle + 1, len(kinds) - 1).text.partition("..")
                hints = [f"write {name}={ends[2].strip()}..{ends[0].strip()}"]
                errors.append(BadOption(message, whole, hints=hints))
            found[name] = low, high
    raise_all(errors)
    return found


def read_state(path: str) -> State | None:
    """The state of a descent that a file holds; None where there is no file yet.

    Raises CannotRead and UnexpectedText.
    """
    if not os.path.exists(path):
        return None
    source = read_source(path)
    try:
        return State.from_json(json.loads(source.text))
    except (ValueError, RecursionError) as error:
        reason = "this is no JSON" if isinstance(error, json.JSONDecodeError) else str(error)
        raise UnexpectedText(
            f"{path} does not hold the state of a descent: {reason}",
            hints=["name a file that --state wrote, or one that does not exist yet"],
            where=path,
        ) from None
