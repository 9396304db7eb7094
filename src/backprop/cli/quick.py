"""Plain command lines read without Typer, whose import takes longer than the work.

`backprop COMMAND [FILE] --long value --long=value -e value --flag`: nothing else. Whatever is not
surely that (help, mistakes, numbers in other forms, one option twice, completion) is left to Typer, so that
there is one place for messages; a test holds that what is read here is what Typer reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, get_args, get_type_hints

from backprop.cli.declared import Argument, Declared

_NUMBERS = {
    int: re.compile(r"0|[1-9][0-9]{0,17}"),
    float: re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?(?:e-?[0-9]{1,2})?"),
}
"""The forms of numbers about which there can be no doubt."""


def read(command: Callable[..., None], words: Sequence[str]) -> dict[str, Any] | None:
    """The arguments that Typer would call `command` with; None for a line that is Typer's to read."""
    names = command.__code__.co_varnames[: command.__code__.co_argcount]
    found: dict[str, Any] = dict(zip(names, command.__defaults__ or (), strict=True))
    flags, places = _declared(command, names)
    given: set[str] = set()
    rest = iter(words)
    for word in rest:
        value: str | None = None
        if word == "-" or not word.startswith("-"):
            if not places or not word:
                return None
            name, kind, row = places.pop(0)
            value = word
        else:
            flag, equals, after = word.partition("=")
            if flag not in flags or (equals and not flag.startswith("--")):
                return None
            name, kind, row = flags[flag]
            if equals:
                value = after
            elif kind is not bool:
                value = next(rest, None)
            if kind is bool:
                if equals or name in given:
                    return None
                found[name] = True
                given.add(name)
                continue
        if value is None or (value != "-" and value.startswith("-")):
            return None
        if kind is list:
            found[name] = [*found[name], value]
            continue
        if name in given:
            return None
        given.add(name)
        if kind in _NUMBERS:
            number = kind(value) if _NUMBERS[kind].fullmatch(value) else None
            if number is None or not (
                (row.min is None or number >= row.min) and (row.max is None or number <= row.max)
            ):
                return None
            found[name] = number
        else:
            found[name] = value
    return {name: [*each] if isinstance(each, list) else each for name, each in found.items()}


Row = tuple[str, Any, Declared]


def _declared(
    command: Callable[..., None], names: Sequence[str]
) -> tuple[dict[str, Row], list[Row]]:
    """The options by their flags, and the arguments: each with its parameter's name and type."""
    flags: dict[str, Row] = {}
    places: list[Row] = []
    hints = get_type_hints(command, include_extras=True)
    for name in names:
        kind, row = get_args(hints[name])
        options = [each for each in get_args(kind) if each is not type(None)]  # of Optional[int]
        if getattr(kind, "__origin__", None) is list:
            kind = list
        elif options:
            (kind,) = options
        if isinstance(row, Argument):
            places.append((name, kind, row))
        for flag in row.flags:
            flags[flag] = (name, kind, row)
    return flags, places
