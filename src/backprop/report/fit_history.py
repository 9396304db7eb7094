"""The steps of a fit, a row each: what `fit --history` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backprop.report import SCHEMA, Column


class FitHistory(NamedTuple):
    """Points that a fit came through, those of all its runs one after the other. output: what is made least.
    names: of P parameters. points: of each the sum of squares and P numbers."""

    output: str
    names: Sequence[str]
    points: Sequence[tuple[float, Sequence[float]]]

    def records(self) -> list[Column]:
        """Columns step, value, then the parameters; one that is called as a parameter has `fit.` before its
        name, which no name has."""
        own = {name: [x[at] for _, x in self.points] for at, name in enumerate(self.names)}
        about: Mapping[str, Sequence[Any]] = {
            "step": range(len(self.points)),
            "value": [value for value, _ in self.points],
        }
        titled = [
            Column(f"fit.{name}" if name in own else name, [*cells])
            for name, cells in about.items()
        ]
        return [*titled, *(Column(name, cells) for name, cells in own.items())]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object of columns: value, parameters by name."""
        yield {
            "schema": SCHEMA,
            "output": self.output,
            "value": [value for value, _ in self.points],
            "parameters": {
                name: [x[at] for _, x in self.points] for at, name in enumerate(self.names)
            },
        }
