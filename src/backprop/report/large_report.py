"""What `backprop grad` has to say of a file with large families, of which each is one row of a table:
it is made of arrays, and members get names only where a format shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient
from backprop.loops.affine import Places, plain, seen
from backprop.loops.loop_model import LoopModel
from backprop.loops.passes import Found
from backprop.names import Together
from backprop.numbers import shown
from backprop.report import FOLDED, Cell, Column, Table
from backprop.report.gradient_report import EMPHASIS, GradientReport, gradient_report

_ROLES = ("output", "constant", "not used", "intermediate", "input", "differentiated")


class _Row(NamedTuple):
    """A row of the table: a family, and the places of the members that it stands for, in file order."""

    family: str
    places: NDArray[numpy.int64]
    at: Places
    """The places as an index of arrays, a slice if that is possible: then nothing is copied."""


class LargeReport:
    """What `GradientReport` says, of a Model of loops. found: of each output the numbers."""

    def __init__(
        self, model: LoopModel, numbers: Mapping[str, float], found: Mapping[str, Found]
    ) -> None:
        self._model, self._numbers, self._found = model, numbers, found
        self.warnings: Sequence[BackpropError] = [
            *{str(each): each for each in model.warnings}.values()
        ]
        self.notes: Sequence[BackpropError] = ()

    @cached_property
    def whole(self) -> GradientReport:
        """The report with every member."""
        model = self._model
        results = []
        for output, found in self._found.items():
            data, gradients = model.named(found)
            results.append(Gradient(output, data[output], data, gradients, tuple(model.warnings)))
        return gradient_report(model, results, (), False, ())

    def records(self) -> list[Column]:
        return self.whole.records()

    def objects(self) -> Iterator[dict[str, Any]]:
        return self.whole.objects()

    def table(self) -> Table:
        """Columns name, role, equation, data, and the gradient of each output."""
        rows = [*self._rows()]
        roles = [self._role_of(row) for row in rows]
        columns = [
            Column("name", [self._name(row) for row in rows], "name"),
            Column("role", [", ".join(each) for each in roles], "text"),
            Column("equation", [self._equation(row) for row in rows], "equation"),
            Column("data", [self._data(row) for row in rows]),
        ]
        for output, found in self._found.items():
            title = "grad" if len(self._found) == 1 else f"∂{output}"
            cells = [_gradient(found, row) for row in rows]
            columns.append(Column(title, cells, of=output, sizes=True))
        emphasis = [EMPHASIS.get(each[0], "") for each in roles]
        heads = [(f"{output} = ", self._value(output)) for output in self._found]
        return Table(columns, emphasis, heads)

    @property
    def _first(self) -> Found:
        return next(iter(self._found.values()))

    def _value(self, output: str) -> float:
        of, at = self._at(output)
        return float(self._found[output].values[of][at])

    def _at(self, name: str) -> tuple[str, int]:
        found = self._model.place(name)
        assert found
        return found[0].name, found[1]

    def _rows(self) -> Iterator[_Row]:
        """The rows of the table: members that stand one after the other are one, if they are many."""
        run: list[Any] = []
        last = ""
        for name, places in [*self._model.plan.in_file_order.groups, ("", numpy.zeros(0))]:
            if name != last:
                if run:
                    yield from _folded(last, numpy.concatenate(run) if run[1:] else run[0])
                run, last = [], name
            run.append(places)

    def _name(self, row: _Row) -> str:
        family = self._model.plan.families[row.family]
        if len(row.places) == 1:
            return family.labels(row.places)[0]
        ends: list[str] = []
        size = 1
        numbers = numpy.unravel_index(row.places, family.shape)
        for low, at in zip(family.low, numbers, strict=True):
            first, last = low + int(at.min()), low + int(at.max())
            ends.append(f"{first}..{last}" if first < last else f"{first}")
            size *= last - first + 1
        if size > len(row.places):
            return Together(*family.labels(row.places[[0, -1]]))
        return Together(f"{row.family}[{','.join(ends)}]")

    @cached_property
    def _roles(self) -> dict[str, NDArray[numpy.int8]]:
        """Of each member the number of its role."""
        plan = self._model.plan
        roles: dict[str, NDArray[numpy.int8]] = {}
        for name, family in plan.families.items():
            reached = numpy.logical_or.reduce(
                [found.reached[name][:-1] for found in self._found.values()]
            )
            computed = numpy.isin(family.owner, [*plan.computed])
            roles[name] = numpy.where(reached, numpy.where(computed, 3, 4), 2).astype(numpy.int8)
        for name, places in ((use.family, seen(use.places)) for use in plan.used_besides):
            computed = numpy.isin(plan.families[name].owner[places], [*plan.computed])
            roles[name][places] = numpy.where(
                (roles[name][places] == 2) & computed, 5, roles[name][places]
            )
        for number, names in ((1, {*self._model.constants, *self._model.fixed}), (0, self._found)):
            for each in names:
                of, at = self._at(each)
                roles[of][at] = number
        return roles

    def _role_of(self, row: _Row) -> list[str]:
        """The roles of its members, each once, as they come."""
        roles = self._roles[row.family][row.at]
        present = numpy.flatnonzero(numpy.bincount(roles)).tolist()
        first = {int(numpy.argmax(roles == number)): number for number in present}
        return [_ROLES[first[at]] for at in sorted(first)]

    def _equation(self, row: _Row) -> Cell:
        """The equation of its members, "" where there are several, or where another number counts."""
        plan, model = self._model.plan, self._model
        defaults = plan.defaults[row.family][row.at]
        other = ~numpy.isnan(defaults) & (self._first.values[row.family][row.at] != defaults)
        if other.any():
            return ""
        if len(row.places) == 1:
            return model.instance_of(self._name(row))
        family = plan.families[row.family]
        owners, first = numpy.unique(family.owner[row.at], return_index=True)
        texts = {model.text_of(family.labels(row.places[at : at + 1])[0]) for at in first.tolist()}
        return texts.pop() if len(texts) == 1 and len(owners) else ""

    def _data(self, row: _Row) -> Cell:
        if len(row.places) == 1:
            return float(self._first.values[row.family][row.places[0]])
        return f"{len(row.places)} values"


def _folded(name: str, places: NDArray[numpy.int64]) -> Iterator[_Row]:
    if len(places) > FOLDED:
        yield _Row(name, places, plain(places))
    else:
        for at in range(len(places)):
            yield _Row(name, places[at : at + 1], places[at : at + 1])


def _gradient(found: Found, row: _Row) -> Cell:
    """The gradient by a member, or the largest size of those of many."""
    reached = found.reached[row.family][row.at]
    slopes = found.gradients[row.family][row.at]
    if len(row.places) == 1:
        return float(slopes[0]) if reached[0] else None
    if not reached.any():
        return None
    least, most = (end(where=reached, initial=0.0) for end in (slopes.min, slopes.max))
    return f"≤ {shown(abs(float(max(-least, most))), 6)}"


def large_report(
    model: Any, numbers: Mapping[str, float], outputs: Sequence[str | None]
) -> LargeReport | None:
    """The report on some outputs of a Model, by loops; None where every step, or every name, is needed."""
    names = dict.fromkeys(model.output(each) for each in outputs)
    if (
        not model.loops
        or model.uncertainties
        or model.bounds
        or model.plan.in_file_order.ranks is not None
    ):
        return None
    found: dict[str, Found] = {}
    for name in names:
        one = model.swept(numbers, name)
        if one is None:
            return None
        found[name] = one
    return LargeReport(model, numbers, found)
