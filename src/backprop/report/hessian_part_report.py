"""What `backprop hessian` has to say of a part of the matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backprop.errors import BackpropError, TooLarge
from backprop.evaluation.hessian_parts import HessianPart
from backprop.report import SCHEMA, Column, Table, folded, groups
from backprop.report.matrix import MOST_ENTRIES, counted, no_inputs
from backprop.showing import Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _PartReport(NamedTuple):
    found: HessianPart
    declared: Mapping[str, Any] = MappingProxyType({})
    whole: bool = False
    large: bool = True

    def __repr__(self) -> str:
        return f"PartOfHessian({self.found.gradient.output} by {counted(len(self.found.inputs), 'input')})"


class PartReport(Shown, _PartReport):
    """A part of a Hessian that every format can write. whole: a table has every member of a large family,
    and all entries. large: a table has the first of many entries instead of an error."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the n inputs."""
        return self.found.inputs

    @property
    def numbers(self) -> NDArray[np.float64] | None:
        """The product with the direction, or the second derivatives by one input alone: float64, shape
        (n,)."""
        found: NDArray[np.float64] | None = self.found.numbers
        return found

    @property
    def rows(self) -> NDArray[np.intp]:
        """Of each entry the place of one input."""
        found: NDArray[np.intp] = (
            self.found.entries.rows if self.found.entries else np.zeros(0, int)
        )
        return found

    @property
    def columns(self) -> NDArray[np.intp]:
        """Of each entry the place of the other input."""
        entries = self.found.entries
        found: NDArray[np.intp] = entries.columns if entries else np.zeros(0, int)
        return found

    @property
    def entries(self) -> NDArray[np.float64]:
        """The second derivatives that can be other than 0, both triangles of the matrix:
        `scipy.sparse.coo_array((found.entries, (found.rows, found.columns)))`."""
        found: NDArray[np.float64] = (
            self.found.entries.values if self.found.entries else np.zeros(0)
        )
        return found

    @property
    def warnings(self) -> Sequence[BackpropError]:
        return self.found.warnings

    @property
    def notes(self) -> Sequence[BackpropError]:
        return self.found.notes

    def table(self) -> Table:
        """A row an input, or an entry. Raises TooLarge."""
        gradient = self.found.gradient
        heads = [(f"{gradient.output} = ", gradient.value)]
        columns = self.records()
        tail = [] if self.inputs else [no_inputs(gradient.output)]
        if self.found.entries is None:
            rows = groups(self.inputs, self.whole)
            columns = [folded(column._replace(sizes=True), rows) for column in columns]
        elif len(columns[0].cells) > MOST_ENTRIES and not self.whole:
            many = f"{len(columns[0].cells):,} second derivatives"
            if not self.large:
                ways = ["write them for a program: --format json or --format csv"]
                hints = [*ways, "or a part of them: --wrt", "print them all: --all"]
                raise TooLarge(f"{many} are more than a table can show", hints=hints)
            tail.append(f"the first of {many}, which are .entries")
            columns = [column._replace(cells=column.cells[:MOST_ENTRIES]) for column in columns]
        if self.found.direction is not None:
            with np.errstate(all="ignore"):
                way, numbers = self.found.direction, self.found.numbers
                bend = float(np.where(way == 0, 0.0, way * numbers).sum())
            heads.append(("second derivative along the direction: ", bend))
        tail += [self.found.way] if self.found.way else []
        return Table(columns, heads=heads, tail=tail)

    def records(self) -> list[Column]:
        """Columns name, data, grad, direction and product; name, data, grad, second; or, of entries, name,
        by, second."""
        found, names = self.found, self.inputs
        if found.entries is not None:
            both = found.entries.rows.tolist(), found.entries.columns.tolist()
            one, other = ([names[place] for place in places] for places in both)
            numbers = found.entries.values.tolist()
            return [
                Column("name", one, "name"),
                Column("by", other, "name"),
                Column("second", numbers),
            ]
        first = [
            Column("name", names, "name"),
            Column("data", [found.gradient.data.get(name) for name in names]),
            Column("grad", self._slopes()),
        ]
        if found.direction is None:
            return [*first, Column("second", found.numbers.tolist())]
        way = Column("direction", found.direction.tolist())
        return [*first, way, Column("product", found.numbers.tolist())]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        found = self.found
        own: dict[str, Any] = {}
        if found.entries is not None:
            rows, columns, numbers = found.entries[:3]
            both = {"row": rows.tolist(), "column": columns.tolist()}
            own["entries"] = {**both, "value": numbers.tolist()}
        elif found.direction is None:
            own["diagonal"] = found.numbers.tolist()
        else:
            own = {"direction": found.direction.tolist(), "product": found.numbers.tolist()}
        notes = {"notes": [*map(str, found.notes)]} if found.notes else {}
        yield {
            "schema": SCHEMA,
            "output": found.gradient.output,
            "value": found.gradient.value,
            "inputs": [*self.inputs],
            "gradient": self._slopes(),
            **own,
            "data": found.gradient.data,
            **self.declared,
            **notes,
        }

    def _slopes(self) -> list[float]:
        gradients = self.found.gradient.gradients
        return [gradients.get(name, 0.0) for name in self.inputs]
