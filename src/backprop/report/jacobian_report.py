"""What `backprop jacobian` has to say."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

from backprop.evaluation.several import Jacobian
from backprop.report import SCHEMA, Column, Table
from backprop.report.matrix import corner, derivatives, fits, refuse
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

    def __repr__(self) -> str:
        return f"Jacobian({self._outputs} by {self._inputs}, {self.mode} mode)"

    def __reduce__(self) -> tuple[Any, ...]:
        return JacobianReport, tuple(self)

    @property
    def way(self) -> str:
        """A sentence on how it was computed."""
        sweeps = _counted(self.sweeps, "sweep")
        if self.mode == "reverse":
            return f"reverse mode: {sweeps} back from {self._outputs}, by {self._inputs}"
        return f"forward mode: {sweeps} from {self._inputs} on, to {self._outputs}"

    @property
    def _outputs(self) -> str:
        return _counted(len(self.outputs), "output")

    @property
    def _inputs(self) -> str:
        return _counted(len(self.inputs), "input")

    def table(self) -> Table:
        """A row for each output: its name, its value, and its derivative by each input. Raises
        TooLarge."""
        rows = [at for at, name in enumerate(self.outputs) if not self.only or name in self.only]
        shape = len(rows), len(self.inputs)
        tail: list[str] = []
        if not fits(shape) and self.large == "refused":
            parts = "or a part of it: --of and --wrt take the names that you want"
            raise refuse("the Jacobian", shape, parts)
        high, wide = shape if self.large == "whole" else corner(shape)
        if (high, wide) != shape:
            tail.append(f"the first of {shape[0]:,} rows and {shape[1]:,} columns of .jacobian")
        rows = rows[:high]
        columns = [
            Column("name", [self.outputs[at] for at in rows], "name"),
            Column("value", self.values[rows].tolist()),
            *derivatives(self.inputs[:wide], self.jacobian[rows]),
        ]
        head = f"derivatives of {self._outputs} by {self._inputs}"
        return Table(columns, heads=[[head]], tail=tail)

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
            **self.declared,
            **notes,
        }


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"
