"""What a command has to say, as plain data, which `backprop.reports` turns into text: `Table` and
`Report`, what every format can write; large families as one row of a table."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from math import fsum, isfinite
from typing import Any, Literal, NamedTuple, Protocol

from backprop.errors import BackpropError
from backprop.language import Model
from backprop.language.declarations import Bounds, written_bounds
from backprop.names import family, shape, together
from backprop.numbers import shown

SCHEMA = 1
"""Raised when a name of any JSON goes away or changes its meaning; new names do not raise it."""

FOLDED = 12
"""Families with more members than this, one after the other, are folded."""

CellKind = Literal["name", "text", "equation", "formula", "number"]
Cell = str | float | None
"""None: there is nothing to say, an empty cell."""


class Column(NamedTuple):
    """A column of a table.

    kind: `name` (of an equation file), `text`, `equation` (the right side of the row's name),
    `formula` (by itself) or `number`. of: of gradients, the output that they are of; by: the name
    that they are by, if it is one. sizes: whether of many numbers the largest size is what to say.
    """

    title: str
    cells: Sequence[Cell]
    kind: CellKind = "number"
    of: str = ""
    by: str = ""
    sizes: bool = False


class Table(NamedTuple):
    """Columns of the same length. emphasis: for each row `strong`, `faint` or nothing.

    heads: sentences above it, in pieces of text and numbers (`L = `, -8). curve: numbers to be
    drawn as a line below it, and what they are. notes: lines below, to be left as they are. tail:
    sentences at the end.
    """

    columns: Sequence[Column]
    emphasis: Sequence[str] = ()
    heads: Sequence[Sequence[str | float]] = ()
    curve: tuple[str, Sequence[float]] | None = None
    notes: Sequence[str] = ()
    tail: Sequence[str] = ()


class Records(Protocol):
    """What formats for programs read."""

    def records(self) -> Sequence[Column]:
        """For programs that read rows: CSV."""

    def objects(self) -> Iterable[Mapping[str, Any]]:
        """For programs that read JSON: one object a line; numbers are floats, inf and nan too."""


class Report(Records, Protocol):
    """What every format reads."""

    @property
    def warnings(self) -> Sequence[BackpropError]:
        """What the person should know besides, for standard error."""

    def table(self) -> Table:
        """For people: one row a name."""


def declared(model: Model) -> dict[str, Any]:
    """What a file says of its inputs, for the JSON of every command: the constants, bounds,
    uncertainties and the goal, as far as it has some:
    `{"constants": ["g"], "bounds": {"t": [0, inf]}, "goal": {"minimize": "s"}}`."""
    found: dict[str, Any] = {}
    constants, laid = model.constants, model.laid
    if laid:
        constants = [name for name in constants if not laid.is_column(name)]
    if constants:
        found["constants"] = [*constants]
    if model.bounds:
        found["bounds"] = {name: [*ends] for name, ends in model.bounds.items()}
    if model.uncertainties:
        found["uncertainties"] = dict(model.uncertainties)
    if model.goal:
        found["goal"] = {model.goal.kind: model.goal.name}
    return found


def limits(names: Sequence[str], bounds: Mapping[str, Bounds]) -> Column:
    """A column with the bounds of these names, "" where there are none."""
    cells = [written_bounds(*bounds[name]) if name in bounds else "" for name in names]
    return Column("bounds", cells, "text")


def groups(
    names: Sequence[str], whole: bool = False, columns: Collection[str] = ()
) -> list[tuple[str, list[int]]]:
    """The rows of a table: what each is called, and the numbers of the names that it stands for. A
    large family is one row, `w[1..2,1..16]`, unless the whole is wanted. columns: families that are one
    in any case."""
    found: list[tuple[str, list[int]]] = []
    for _, run in groupby(range(len(names)), key=lambda at: shape(names[at])):
        members = list(run)
        long = len(members) > FOLDED or (len(members) > 1 and family(names[members[0]]) in columns)
        if long and not whole:
            found.append((together([names[at] for at in members]), members))
        else:
            found += [(names[at], [at]) for at in members]
    return found


def spread_of(count: int, least: float, most: float, middle: float) -> str:
    """So many numbers in a cell: from which to which they are, and their mean."""
    return f"{count}: {shown(least, 4)} … {shown(most, 4)}, mean {shown(middle, 4)}"


def folded(
    column: Column, rows: Sequence[tuple[str, list[int]]], columns: Collection[str] = ()
) -> Column:
    """A column with one cell a row. columns: families of whose numbers more is said than how many."""

    def cell(name: str, members: Sequence[int]) -> Cell:
        first, *others = (column.cells[at] for at in members)
        if not others:
            return first
        if column.kind == "name":
            return name
        if column.kind != "number" or first is None:
            alike = others.count(first) == len(others)
            if not alike and column.title == "role":
                return ", ".join(map(str, dict.fromkeys((first, *others))))
            if alike or column.kind != "number":
                return first if alike else ""
        known = [each for each in (first, *others) if isinstance(each, float)]
        if not column.sizes and family(name) in columns and all(map(isfinite, known)):
            middle = fsum(each / len(known) for each in known)
            return spread_of(len(known), min(known), max(known), middle)
        if not column.sizes:
            return f"{len(members)} values"
        numbers = [abs(each) for each in (first, *others) if isinstance(each, float)]
        sizes = [each for each in numbers if each == each]
        bounds = [f"{len(numbers) - len(sizes)} nan"] if len(sizes) < len(numbers) else []
        bounds += [f"≤ {shown(max(sizes), 6)}"] if sizes else []
        return ", ".join(bounds) or None

    return column._replace(cells=[cell(*row) for row in rows])
