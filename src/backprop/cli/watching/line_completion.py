"""What a shell completes behind `backprop watch FILE --`: the line of the command that is to be run."""

import re
from collections.abc import MutableMapping

_WATCHED = re.compile(r"(\s*\S+\s+)watch\s(.*?)(?<=\s)--(\s+)(.*)", re.S)
_TEXTS = "COMP_WORDS", "_TYPER_COMPLETE_ARGS"
"""The variables in which shells hand over the line: bash, and the others."""


def complete_line(environment: MutableMapping[str, str]) -> None:
    """Have the line of the command be completed in the place of that of `watch`, if it has begun."""
    for name in _TEXTS:
        text = environment.get(name, "")
        found = _WATCHED.fullmatch(text)
        line = _inner(found) if found else None
        if line is None:
            continue
        environment[name] = line
        word = environment.get("COMP_CWORD", "")
        if name == "COMP_WORDS" and word.isdecimal():
            environment["COMP_CWORD"] = str(int(word) + len(line.split()) - len(text.split()))


def _inner(found: re.Match[str]) -> str | None:
    """The line; None where its command is still to be completed."""
    program, front, blank, rest = found.groups()
    name = "page" if "--serve" in front.split() else "grad"
    if not rest.startswith("-"):
        named = re.fullmatch(r"(\S+)(\s.*)", rest, re.S)
        if named is None:
            return None
        name, rest = named[1], named[2].lstrip()
    words = re.sub(r"--port[=\s]\s*\S+", "", front).split()
    files = [each for each in words if not each.startswith("-")][:1]
    return program + blank.join([name, *files, rest])
