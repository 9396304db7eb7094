"""What `backprop jacobian --along` has to say."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

from backprop.evaluation.directions import Directional
from backprop.numbers import listed, shown
from backprop.report import SCHEMA, Column, Table
from backprop.report.matrix import corner, fits, refuse
from backprop.showing import Shown

_MOST_SHOWN = 6
"""The most inputs of a direction that the head of a table names."""


class DirectionReport(Shown, Directional):
    """Derivatives along a direction that every format can write, and that print as a table.

    outputs, along, values, derivatives, warnings, notes: as in `backprop.evaluation.directions.Directional`:
    the names, the direction by input, the values of the outputs (shape (outputs,)), and a row for
    each output, its derivatives from the first on (shape (outputs, order)).
    """

    large: Literal["cut", "refused", "whole"] = "cut"
    """What a table does with more outputs than it can show."""
    declared: Mapping[str, Any] = MappingProxyType({})
    """What the JSON has of the file."""
    data: Mapping[str, float] = MappingProxyType({})
    """The numbers of the inputs, which `--values` reads back from the JSON."""

    def __repr__(self) -> str:
        return f"Directional({len(self.outputs)} outputs, order {self.order})"

    def __reduce__(self) -> tuple[Any, ...]:
        return DirectionReport, tuple(self)

    @property
    def order(self) -> int:
        """Of the last derivative."""
        return int(self.derivatives.shape[1])

    def _columns(self) -> list[Column]:
        titles = ["d/dt", *(f"d^{k}/dt^{k}" for k in range(2, self.order + 1))]
        by = zip(titles, self.derivatives.T, strict=True)
        return [Column(title, column.tolist()) for title, column in by]

    def table(self) -> Table:
        """A row for each output: its name, its value, and its derivatives. Raises TooLarge."""
        many, tail = len(self.outputs), list[str]()
        large = not fits((many, self.order)) and self.large != "whole"
        if large and self.large == "refused":
            part = "or a part of it: --of takes the names that you want"
            raise refuse("the table of derivatives along this direction", (many, self.order), part)
        if large:
            tail.append(f"the first of {many:,} rows of .derivatives")
        ways = [f"{name} + {shown(number)}*t" for name, number in self.along.items()]
        head = f"derivatives by t at t = 0, along {listed(ways, _MOST_SHOWN)}"
        columns = [
            Column("name", self.outputs, "name"),
            Column("value", self.values.tolist()),
            *self._columns(),
        ]
        if large:
            high, _ = corner((many, self.order))
            columns = [each._replace(cells=each.cells[:high]) for each in columns]
        return Table(columns, heads=[[head]], tail=tail)

    def records(self) -> list[Column]:
        """A row for each output, as in the table."""
        values = Column("value", self.values.tolist())
        return [Column("output", self.outputs, "name"), values, *self._columns()]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        notes = {"notes": [*map(str, self.notes)]} if self.notes else {}
        yield {
            "schema": SCHEMA,
            "outputs": [*self.outputs],
            "along": dict(self.along),
            "order": self.order,
            "values": self.values.tolist(),
            "derivatives": self.derivatives.tolist(),
            "data": dict(self.data),
            **self.declared,
            **notes,
        }
