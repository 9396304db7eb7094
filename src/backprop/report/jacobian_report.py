"""What `backprop jacobian` has to say."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

from backprop.errors import TooLarge
from backprop.evaluation.several import Jacobian, JacobianEntries
from backprop.report import SCHEMA, Column, Table
from backprop.report.matrix import MOST_ENTRIES, corner, counted, derivatives, fits, refuse
from backprop.showing import Shown


class JacobianReport(Shown, Jacobian):
    """A Jacobian that every format can write, and that prints as a table.

    outputs, inputs, values, jacobian, mode, sweeps, warnings, notes: as in
    `backprop.evaluation.several.Jacobian`: the names, the values of the outputs (shape
    (outputs,)), and a row for each output, its derivatives by each input (shape (outputs, inputs)).
    """

    large: Literal["cut", "refused", "whole"] = "cut"
    """What a table does with a matrix that is too large for it."""
    only: frozenset[str] = frozenset()
    """The outputs whose rows a table has, if not all."""
    declared: Mapping[str, Any] = MappingProxyType({})
    """What the JSON has of the file."""
    data: Mapping[str, float] = MappingProxyType({})
    """The numbers of the inputs, which `--values` reads back from the JSON."""

    def __repr__(self) -> str:
        size = _size(self).removeprefix("derivatives of ")
        return f"Jacobian({size}, {self.mode} mode)"

    def __reduce__(self) -> tuple[Any, ...]:
        return JacobianReport, tuple(self)

    @property
    def way(self) -> str:
        """A sentence on how it was computed."""
        return _way(self)

    def table(self) -> Table:
        """A row for each output: its name, its value, and its derivative by each input. Raises
        TooLarge."""
        rows = [at for at, name in enumerate(self.outputs) if not self.only or name in self.only]
        shape = len(rows), len(self.inputs)
        tail: list[str] = []
        if not fits(shape) and self.large == "refused":
            parts = "or a part of it: --of and --wrt take the names that you want"
            entries = "or only those that can be other than 0: --sparse"
            raise refuse("the Jacobian", shape, parts, entries)
        high, wide = shape if self.large == "whole" else corner(shape)
        if (high, wide) != shape:
            size = f"{counted(shape[0], 'row')} and {counted(shape[1], 'column')}"
            tail.append(f"the first of {size} of .jacobian")
        rows = rows[:high]
        columns = [
            Column("name", [self.outputs[at] for at in rows], "name"),
            Column("value", self.values[rows].tolist()),
            *derivatives(self.inputs[:wide], self.jacobian[rows]),
        ]
        return Table(columns, heads=[[_size(self)]], tail=tail)

    def records(self) -> list[Column]:
        """A row for each output: its name, its value, and a column for each input."""
        by = zip(self.inputs, self.jacobian.T, strict=True)
        return [
            Column("output", self.outputs, "name"),
            Column("value", self.values.tolist()),
            *(Column(name, column.tolist()) for name, column in by),
        ]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        notes = {"notes": [*map(str, self.notes)]} if self.notes else {}
        yield {
            "schema": SCHEMA,
            "outputs": [*self.outputs],
            "inputs": [*self.inputs],
            "values": self.values.tolist(),
            "jacobian": self.jacobian.tolist(),
            "mode": self.mode,
            "data": dict(self.data),
            **self.declared,
            **notes,
        }


class EntriesReport(Shown, JacobianEntries):
    """The derivatives that can be other than 0, that every format can write, and that print as a table.

    outputs, inputs, values, rows, columns, derivatives, mode, sweeps, warnings, notes: as in
    `backprop.evaluation.several.JacobianEntries`: the matrix is
    `scipy.sparse.coo_array((derivatives, (rows, columns)))`.
    """

    large: Literal["cut", "refused", "whole"] = "cut"
    """What a table does with more entries than it can show."""
    declared: Mapping[str, Any] = MappingProxyType({})
    """What the JSON has of the file."""
    data: Mapping[str, float] = MappingProxyType({})
    """The numbers of the inputs, which `--values` reads back from the JSON."""

    def __repr__(self) -> str:
        return f"JacobianEntries({len(self.derivatives):,}, {self.mode} mode)"

    def __reduce__(self) -> tuple[Any, ...]:
        return EntriesReport, tuple(self)

    @property
    def way(self) -> str:
        """A sentence on how they were computed."""
        return _way(self)

    def table(self) -> Table:
        """A row an entry. Raises TooLarge."""
        many = len(self.derivatives)
        head = f"{_size(self)}: {many:,} that can be other than 0"
        columns, tail = self.records(), list[str]()
        if many > MOST_ENTRIES and self.large == "refused":
            hints = [
                "write them for a program: --format json or --format csv",
                "print them all: --all",
            ]
            raise TooLarge(f"{many:,} derivatives are more than a table can show", hints=hints)
        if many > MOST_ENTRIES and self.large == "cut":
            tail = [f"the first of {many:,}, which are .derivatives"]
            columns = [each._replace(cells=each.cells[:MOST_ENTRIES]) for each in columns]
        return Table(columns, heads=[[head]], tail=tail)

    def records(self) -> list[Column]:
        """A row an entry: output, input, derivative."""
        return [
            Column("output", [self.outputs[at] for at in self.rows.tolist()], "name"),
            Column("by", [self.inputs[at] for at in self.columns.tolist()], "name"),
            Column("derivative", self.derivatives.tolist()),
        ]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        notes = {"notes": [*map(str, self.notes)]} if self.notes else {}
        places = {"row": self.rows.tolist(), "column": self.columns.tolist()}
        yield {
            "schema": SCHEMA,
            "outputs": [*self.outputs],
            "inputs": [*self.inputs],
            "values": self.values.tolist(),
            "entries": {**places, "value": self.derivatives.tolist()},
            "mode": self.mode,
            "data": dict(self.data),
            **self.declared,
            **notes,
        }


def _size(found: Jacobian | JacobianEntries) -> str:
    outputs = counted(len(found.outputs), "output")
    return f"derivatives of {outputs} by {counted(len(found.inputs), 'input')}"


def _way(found: Jacobian | JacobianEntries) -> str:
    """A sentence on how a Jacobian was computed."""
    outputs, inputs = (
        counted(len(found.outputs), "output"),
        counted(len(found.inputs), "input"),
    )
    sweeps = counted(found.sweeps, "sweep")
    if found.mode == "reverse":
        return f"reverse mode: {sweeps} back from {outputs}, by {inputs}"
    return f"forward mode: {sweeps} from {inputs} on, to {outputs}"
