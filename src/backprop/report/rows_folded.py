"""What `backprop grad` tells programs of columns of data: not each row, but how many there are, and the range
of their numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import fsum, isnan, nan
from typing import Any

from backprop.errors import BackpropError
from backprop.language.laid import Laid
from backprop.report import Column, Report, Table


def key_of_rows(laid: Laid, name: str) -> str | None:
    """What a name that has a number in each row is called in the text of a row; None of what has none."""
    of, _, inside = name.partition("[")
    if of not in laid.families:
        return None
    others = inside.rstrip("]").rpartition(",")[0]
    return f"{of}[{others}]" if others else of


def row_range(rows: int, least: float, most: float, mean: float) -> dict[str, Any]:
    """What is told of the numbers of a name in all rows."""
    return {"rows": rows, "least": least, "most": most, "mean": mean}


class RowsFolded:
    """A report without single rows for programs. kept: those of them that were asked for by name."""

    def __init__(self, report: Report, laid: Laid, kept: Collection[str]) -> None:
        self._report, self._laid, self._kept = report, laid, kept

    @property
    def warnings(self) -> Sequence[BackpropError]:
        """Those of the report."""
        return self._report.warnings

    @property
    def notes(self) -> Sequence[BackpropError]:
        """Those of the report."""
        notes: Sequence[BackpropError] = self._report.notes  # type: ignore[attr-defined]
        return notes

    def table(self) -> Table:
        """That of the report, which has one line for a column."""
        return self._report.table()

    def records(self) -> list[Column]:
        """Those of the report, but for rows."""
        records = self._report.records()
        names = next(each.cells for each in records if each.title == "name")
        kept = [
            at
            for at, name in enumerate(names)
            if name in self._kept or key_of_rows(self._laid, str(name)) is None
        ]
        return [each._replace(cells=[each.cells[at] for at in kept]) for each in records]

    def objects(self) -> Iterator[dict[str, Any]]:
        """Those of the report, with `columns` in the place of rows."""
        for each in self._report.objects():
            yield self._folded(each)

    def _folded(self, found: Mapping[str, Any]) -> dict[str, Any]:
        rows: dict[str, dict[str, list[float]]] = {"data": {}, "gradients": {}}
        once: dict[str, dict[str, float]] = {"data": {}, "gradients": {}}
        for kind, by_key in rows.items():
            for name, number in found[kind].items():
                key = key_of_rows(self._laid, name)
                if key is not None:
                    by_key.setdefault(key, []).append(number)
                if key is None or name in self._kept:
                    once[kind][name] = number
        columns = {}
        for key, numbers in rows["data"].items():
            mean = fsum(each / len(numbers) for each in numbers)
            ends = (min(numbers), max(numbers)) if mean == mean else (nan, nan)
            columns[key] = row_range(len(numbers), *ends, mean)
            slopes = rows["gradients"].get(key, ())
            if len(slopes) == len(numbers):  # and not those by some that were asked for
                sizes = [abs(each) for each in slopes if not isnan(each)]
                columns[key]["largest_gradient"] = max(sizes, default=nan)
        return {**found, **once, "columns": columns}
