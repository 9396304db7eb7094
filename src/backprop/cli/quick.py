"""Plain command lines read without Typer, whose import takes longer than the work.

`backprop COMMAND [FILE] --long value --long=value -e value --flag`: nothing else. Whatever is not
surely that (help, mistakes, numbers in other forms, one option twice, completion) is left to Typer,
so that there is one place for messages; a test holds that what is read here is what Typer reads.
"""

import re
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from backprop.options import fields

_NUMBERS = {
    int: re.compile(r"0|[1-9][0-9]{0,17}"),
    float: re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?(?:e-?[0-9]{1,2})?"),
}
"""The forms of numbers about which there can be no doubt."""


def with_values(command: Callable[..., None], words: Sequence[str]) -> list[str]:
    """A command line on which no option stands without its value: `--title=` for `--title` before another
    option, and at the end."""
    alone = {flag for each in fields(command) if each.option.alone for flag in each.option.flags}
    found = [*words]
    for at, word in enumerate(words):
        if word == "--":
            break
        if word in alone and (at + 1 == len(words) or words[at + 1].startswith("-")):
            found[at] = f"{word}="
    return found


def read(command: Callable[..., None], words: Sequence[str]) -> dict[str, Any] | None:
    """What a command line says of each option of `command`; None for a line that is Typer's to read."""
    known = fields(command)
    flags = {flag: field for field in known for flag in field.option.flags}
    places = [field for field in known if not field.option.flags]
    found = {each.name: [] if each.kind is list else each.default for each in known}
    given: set[str] = set()
    rest = iter(words)
    for word in rest:
        flag, equals, after = word.partition("=")
        value: str | None = word
        if word == "-" or not word.startswith("-"):
            if not places or not word:
                return None
            field = places[0] if places[0].kind is list else places.pop(0)
        elif flag not in flags or (equals and not flag.startswith("--")):
            return None
        else:
            field = flags[flag]
            value = after if equals else None if field.kind is bool else next(rest, None)
        name, kind, _, option = field
        if name in given and kind is not list:
            return None
        if kind is bool:
            if equals:
                return None
            found[name] = True
        elif value is None or (value != "-" and value.startswith("-")):
            return None
        elif kind is list:
            found[name].append(value)
        elif kind in _NUMBERS:
            number = kind(value) if _NUMBERS[kind].fullmatch(value) else -1  # none is below 0
            if not (option.min or 0) <= number <= (option.max or inf):
                return None
            found[name] = number
        else:
            found[name] = value
        given.add(name)
    return found
