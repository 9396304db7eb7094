"""Matrices as tables: a row and a column a name, and what is said of those that no page can show."""

from collections.abc import Sequence
from typing import Any

from backprop.errors import TooLarge
from backprop.report import Column

_MOST_NUMBERS, _MOST_COLUMNS = 2000, 60
"""What a table can have of a matrix, so that a person can read it."""

MOST_ENTRIES = 2000
"""The most rows of a table of single entries."""

_FEW = 8
"""The rows and columns of the corner that is shown of a larger one in Python."""


def fits(shape: Sequence[int]) -> bool:
    """Whether a matrix of so many rows and columns can be read as a table."""
    rows, columns = shape
    return rows * columns <= _MOST_NUMBERS and columns <= _MOST_COLUMNS


def refuse(what: str, shape: Sequence[int], *hints: str) -> TooLarge:
    """The error for a matrix that is too large for a table. what: its name, `the Jacobian`. hints: how
    to ask for a part of it."""
    rows, columns = shape
    size = f"{counted(rows, 'row')} and {counted(columns, 'column')}"
    message = f"{what} has {size}, more than a table can show"
    ways = [
        "write it for a program: --format json or --format csv",
        *hints,
        "print it whole: --all",
    ]
    return TooLarge(message, hints=ways)


def corner(shape: Sequence[int]) -> tuple[int, int]:
    """The rows and columns that are shown of a matrix in Python: of a large one the first few."""
    rows, columns = shape
    return (rows, columns) if fits(shape) else (min(rows, _FEW), min(columns, _FEW))


def derivatives(names: Sequence[str], matrix: Any) -> list[Column]:
    """A column for each of the first names: the derivatives by it. matrix: numbers by row and column."""
    columns = zip(names, matrix.T.tolist(), strict=False)
    return [Column(f"∂/∂{name}", cells, by=name) for name, cells in columns]


def counted(count: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def no_inputs(output: str) -> str:
    """The sentence in the place of derivatives by nothing."""
    why = "a name with other names in its equation is computed"
    return f"{output} depends on no input that moves: {why}"
