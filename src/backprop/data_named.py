"""What equations call the columns of tables: what stands in the files, or what `--column` says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from backprop.errors import BadOption
from backprop.language.headers import as_renamed
from backprop.names import did_you_mean
from backprop.numbers import listed
from backprop.source import normal
from backprop.syntax.spelling import RESERVED


class _WithNames(Protocol):
    @property
    def names(self) -> Sequence[str]: ...


T = TypeVar("T", bound=_WithNames)


def headers_of_each(tables: Sequence[T], given: Sequence[str]) -> list[dict[str, str]]:
    """Of each table the columns by the names that equations have for them. given: `x = Temp (C)`. Raises
    BadOption."""
    known = _renamed(tables, given)
    return [
        {name: header for name, (of, header) in known.items() if of is table} for table in tables
    ]


def _renamed(tables: Sequence[T], given: Sequence[str]) -> dict[str, tuple[T, str]]:
    """The columns of all tables by the names that equations have for them."""
    there = {name: (table, name) for table in tables for name in table.names}
    found, said = dict[str, tuple[T, str]](), dict[str, str]()
    for each in given:
        name, header = _parts(each, there)
        if header not in there:  # perhaps a name that it has been given
            header = said.get(header, header)
        if header not in there:
            every = sorted({*there, *said})
            hints = did_you_mean(header, every) or [f"there are {listed(every, 8)}"]
            raise BadOption(f"there is no column {header!r} for --column {name}", hints=hints)
        if said.setdefault(name, header) != header:
            message = f"--column says twice what {name} is: {said[name]} and {header}"
            raise BadOption(message, hints=["leave one of them out, or give it another name"])
        found[name] = there[header]
    called = {*said.values()}
    # a column that has been called something else is no longer called as in the file
    return {name: each for name, each in there.items() if name not in called} | found


def _parts(given: str, there: Collection[str]) -> tuple[str, str]:
    """The name and the header of `x = Temp (C)`. there: the columns."""
    name, sign, header = (part.strip() for part in given.partition("="))
    name, header = normal(name), normal(header)
    is_name = name.isidentifier() or name.replace("'", "").isidentifier()
    if sign and is_name and header and name not in RESERVED:
        return name, header
    message = f"--column {given!r} does not say what a column is called"
    if name in RESERVED:
        message = f"--column {given!r}: {name} is a word of the language, and no name"
    raise BadOption(message, hints=[as_renamed(header, name if name in there else "")])
