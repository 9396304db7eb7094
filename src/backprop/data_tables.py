"""The tables of data that a program gives: files, and what it has in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike, fspath
from types import MappingProxyType
from typing import Any

from backprop.data_arrays import from_memory
from backprop.data_files import MEMORY, FileTable, below
from backprop.data_given import DataOptions, DataTable
from backprop.data_lines import TextForm
from backprop.data_members import heads_naming_all
from backprop.data_streamed import StreamedTable, StreamHead, opened_tables
from backprop.errors import BadData, BadOption
from backprop.language.laid import Data
from backprop.memory import memory_of
from backprop.numbers import listed
from backprop.source import Source


def read_data(
    *paths: str | PathLike[str],
    columns: Mapping[str, str] = MappingProxyType({}),
    where: str | Sequence[str] = (),
    delimiter: str = "",
    decimal: str = ".",
    header: bool = True,
    skip_missing: bool = False,
    skip_bad_rows: bool = False,
    memory: float | str = "",
) -> tuple[DataTable | StreamedTable, ...]:
    """Tables for `parse(text, data=…)` from files: CSV, TSV, Parquet, Arrow; patterns, too. Files with the
    same columns are one table.

    columns: by the names that equations have those of the files, `{"T": "Temp (C)"}`. where: conditions on
    rows, `x > 0 and site == 2`. delimiter, decimal, header: of texts. skip_missing: whether rows are left
    out in which a number is missing that equations use; skip_bad_rows: those in which one is not finite.
    memory: what tables may take, bytes or `512M`, by default a quarter of the machine's; larger ones are read
    pass by pass, and `grad`, `descend`, `check`, `hessian` and `jacobian` go through them.
    Raises CannotRead, BadData, BadOption.
    """
    named = tuple(f"{name} = {header}" for name, header in columns.items())
    some = (where,) if isinstance(where, str) else tuple(where)
    form = TextForm(delimiter, decimal, header)
    try:
        most = memory_of(memory) if isinstance(memory, str) else float(memory)
    except ValueError:
        raise BadOption(
            f"memory {memory!r} is no size", hints=["write it as 512M, or 2G"]
        ) from None
    files = tuple(fspath(each) for each in paths)
    options = DataOptions(files, named, some, form, skip_missing, skip_bad_rows, memory=most)
    return tuple(opened_tables(options))


def given_tables(data: Any, source: Source) -> Sequence[Data]:
    """Tables of what a program has: a mapping of sequences, a table that speaks Arrow, those of `read_data`,
    or a list of these; of those that memory does not hold rows by which equations are looked at. source: the
    equations. Raises BadData for what is none."""
    tables = [*_each(data)]
    larger = [each for each in tables if isinstance(each, StreamedTable)]
    if not larger:
        return tables
    if len(larger) < len(tables):
        other = next(each for each in tables if not isinstance(each, StreamedTable))
        message = (
            f"{larger[0].name} is larger than memory is to hold at once, and {other.name} is not"
        )
        hints = [
            "read both by one read_data, so that both are gone through, or let it have more memory"
        ]
        raise BadData(message, where=larger[0].name, hints=hints)
    return heads_naming_all([each.head() for each in larger], source)


def _each(data: Any) -> Sequence[Any]:
    """The tables, those in memory that have the same columns below one another. Raises BadData for such that
    have a few of them in common."""
    found, memory = list[Any](), dict[frozenset[str], list[FileTable]]()
    for each in _single(data):
        if isinstance(each, FileTable):
            memory.setdefault(frozenset(each.names), []).append(each)
        else:
            found.append(each)
    tables = [below(same) for same in memory.values()]
    found += [DataTable(each, {n: n for n in each.names}, DataOptions(())) for each in tables]
    for at, table in enumerate(found):
        for other in found[:at]:
            if both := [name for name in table.names if name in other.names]:
                message = f"{other.name} and {table.name} both have {listed(both)}"
                hints = ["tables with the same columns are joined; give others names of their own"]
                raise BadData(message, where=table.name, hints=hints)
    return found


def _single(data: Any) -> Iterator[Any]:
    if isinstance(data, DataTable | StreamedTable | StreamHead):
        yield data
    elif isinstance(data, list | tuple):
        for each in data:
            yield from _single(each)
    elif isinstance(data, str | PathLike):
        message = f"{data!s} is the path of a file, and no table"
        hints = [f"read it: backprop.read_data({fspath(data)!r})"]
        raise BadData(message, where=MEMORY, hints=hints)
    else:
        yield from_memory(data)
