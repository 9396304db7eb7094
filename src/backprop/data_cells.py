"""Files of text as columns, of which pyarrow finds out the kind, and their cells as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow
from pyarrow import csv as arrow_csv

from backprop.data_bytes import said
from backprop.data_lines import MISSING, TextForm, lines_above, unlike_table

_WHOLE = (1 << 31) - 1
"""The largest block that pyarrow takes."""


def read_columns(name: str, data: bytes, form: TextForm) -> tuple[Any, bytes, Any]:
    """The columns of a text, the text with an end of its last line, and what threads of pyarrow may have
    last, and could not give back while Python ends. name: of the file. Raises BadData."""
    reading = arrow_csv.ReadOptions(autogenerate_column_names=not form.header)
    quoted = b'"' in data  # then there may be ends of lines in a cell, which takes longer
    parsing = arrow_csv.ParseOptions(delimiter=form.delimiter, newlines_in_values=quoted)
    converting = arrow_csv.ConvertOptions(
        null_values=[*MISSING],
        strings_can_be_null=True,
        decimal_point=form.decimal,
        true_values=[],
        false_values=[],
        timestamp_parsers=[],
    )
    if b"\n" not in data:  # without an end its only line is none to pyarrow
        data += b"\n"
    held = pyarrow.py_buffer(data)
    try:
        try:
            columns = arrow_csv.read_csv(pyarrow.BufferReader(held), reading, parsing, converting)
        except pyarrow.ArrowInvalid as error:
            if "straddl" not in str(error):
                raise
            reading.block_size = min(len(data) + 1, _WHOLE)  # a row is longer than a block
            columns = arrow_csv.read_csv(pyarrow.BufferReader(held), reading, parsing, converting)
    except pyarrow.ArrowException as error:
        raise unlike_table(name, data, form, said(error)) from None
    return columns, data, held


def written_cells(data: bytes, form: TextForm, names: Sequence[str], column: str) -> Any:
    """A column as texts. data: the file, which has been read as a table. names: of its columns; those of the
    same name are told apart, and are none that is asked for."""
    apart = [each if each == column else f"{each}\0{at}" for at, each in enumerate(names)]
    reading = arrow_csv.ReadOptions(
        column_names=apart,
        skip_rows=lines_above(data),
        skip_rows_after_names=int(form.header),
        block_size=min(max(1 << 20, len(data) + 1), _WHOLE),
    )
    parsing = arrow_csv.ParseOptions(delimiter=form.delimiter, newlines_in_values=b'"' in data)
    converting = arrow_csv.ConvertOptions(
        null_values=[*MISSING],
        strings_can_be_null=True,
        column_types={column: pyarrow.string()},
        include_columns=[column],
    )
    source = pyarrow.BufferReader(pyarrow.py_buffer(data))
    return arrow_csv.read_csv(source, reading, parsing, converting).column(0)


def may_be_hexadecimal(data: bytes) -> bool:
    """Whether some cell may be a number such as 0x1F, which pyarrow takes for a whole number."""
    return b"0x" in data or b"0X" in data
