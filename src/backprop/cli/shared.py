"""What several commands have: options besides those of `Inputs`, and a way to end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from backprop.options import Option
from backprop.reports import TABLES, Formats


class Finished(Exception):
    """A command has said all there is to say; the program ends with this status."""

    def __init__(self, status: int) -> None:
        self.status = status


def listed(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def digits(default: str) -> Option:
    """The option --digits; a picture has another default than a table."""
    return Option("--digits N", f"Significant digits. Default: {default}.", min=1, max=17)


def formats(table: Formats[Any]) -> Option:
    """The option --format."""
    names = table.names
    help = f"{listed(names)}. Default: by the ending of -o, or {names[0]}."
    return Option("--format NAME", help)


Format = Annotated[str | None, formats(TABLES)]
_TO_FILE = "Write to a file, whole or not at all, instead of standard output."
Output = Annotated[str | None, Option("-o, --output FILE", _TO_FILE)]
Digits = Annotated[int | None, digits("10 in tables and documents, all in JSON and CSV")]
Whole = Annotated[bool, Option("--all", "Every member of a large family has a row of its own.")]
