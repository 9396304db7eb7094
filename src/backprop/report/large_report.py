"""What `backprop grad` has to say of a file with large families, each one row of a table: it is made of
arrays, and members get names only where a format shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, pairwise, repeat
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.errors import AtBorder, BackpropError
from backprop.evaluation.gradient import Gradient, by_arrays, only_by
from backprop.evaluation.noted import swept_with_notes
from backprop.language.declarations import written_bounds
from backprop.loops.affine import among, count_of, once, plain, seen, some_of
from backprop.loops.domains import Wholes
from backprop.loops.file_numbers import PIECE
from backprop.loops.loop_model import LoopModel
from backprop.loops.passes import Found
from backprop.names import Together, family
from backprop.numbers import shown
from backprop.report import FOLDED, Cell, CellKind, Column, Table, declared
from backprop.report.column_cells import is_column, values_of
from backprop.report.gradient_report import EMPHASIS, GradientReport, gradient_report

_ROLES = ("output", "constant", "not used", "intermediate", "input", "differentiated")

_ALONE = 300_000  # so many members have rows of their own in a table that is made of arrays
_TOLD = 250_000  # of no more steps corners and jumps are told, for which they are unrolled


class _Row(NamedTuple):
    """A row of the table: a family, and the places of the members that it stands for, in file order, a
    slice if that is possible: then nothing is copied."""

    family: str
    at: slice | Wholes

    @property
    def members(self) -> int:
        return count_of(self.at)

    def some(self) -> Iterator[slice | Wholes]:
        """The places, some at a time: what is made of them takes more memory than they do."""
        for start in range(0, self.members, PIECE):
            yield once(some_of(self.at, start, start + PIECE))

    def ends(self) -> Wholes:
        """The first and the last place."""
        at = [0, self.members - 1]
        return numpy.array(at) + self.at.start if isinstance(self.at, slice) else self.at[at]


class LargeReport:
    """What `GradientReport` says, of a Model of loops. found: of each output the numbers. only: the table
    has these names, if any. wrt: with derivatives by these alone, if any."""

    def __init__(
        self,
        model: LoopModel,
        found: Mapping[str, Found],
        only: Sequence[str] = (),
        wrt: Sequence[str] = (),
        notes: Sequence[AtBorder] = (),
    ) -> None:
        self._model, self._found, self._only, self._wrt = model, found, only, wrt
        told = {str(each): each for each in model.warnings}
        self.warnings: Sequence[BackpropError] = [*told.values()]
        self.notes: Sequence[BackpropError] = notes
        self._notes = notes

    @cached_property
    def _results(self) -> list[Gradient]:
        """The numbers by the names of all members."""
        said = tuple(self._model.warnings), tuple(self._notes)
        results = []
        for output, found in self._found.items():
            data, gradients = self._model.named(found)
            results.append(Gradient(output, data[output], data, gradients, *said))
        return results

    @cached_property
    def whole(self) -> GradientReport:
        """The report with every member."""
        return gradient_report(self._model, self._results, self._wrt, False, self._only)

    def records(self) -> list[Column]:
        """As those of `GradientReport`; made of arrays where nothing chooses among the members."""
        if self._wrt:
            return self.whole.records()
        kinds: dict[str, CellKind] = {"name": "name", "role": "text", "equation": "equation"}
        kinds["data"] = "number"
        cells: dict[str, list[Cell]] = {title: [] for title in kinds}
        gradients: list[list[Cell]] = [[] for _ in self._found]
        told: list[list[Cell]] = [[], []]
        own = self._model.instance_of
        for row in self._rows(alone=False):
            for some in row.some():
                names = self._model.plan.families[row.family].labels(some)
                texts = self._equations(row, some, names)
                if self._only:
                    texts = [text and own(name) for name, text in zip(names, texts, strict=True)]
                cells["name"] += names
                cells["role"] += numpy.array(_ROLES, dtype=object)[self._roles(row, some)].tolist()
                cells["equation"] += [
                    f"{name} = {text}" if text else ""
                    for name, text in zip(names, texts, strict=True)
                ]
                uncertain, bounds = self._known
                told[0] += map(uncertain.get, names) if uncertain else [None] * len(names)
                told[1] += [f"{n} in {bounds[n]}" if n in bounds else "" for n in names]
                cells["data"] += self._first.values[row.family][some].tolist()
                for found, slopes in zip(self._found.values(), gradients, strict=True):
                    reached = found.reached[row.family][some]
                    given = found.gradients[row.family][some].tolist()
                    if not reached.all():
                        both = zip(given, reached.tolist(), strict=True)
                        given = [slope if leads else None for slope, leads in both]
                    slopes += given
        outputs = [each for each in self._found for _ in cells["name"]]
        return [
            Column("output", outputs, "name"),
            *(Column(title, cells[title] * len(gradients), kinds[title]) for title in kinds),
            *self._of_file([each * len(gradients) for each in told]),
            Column("grad", [*chain.from_iterable(gradients)]),
        ]

    def _equations(self, row: _Row, some: slice | Wholes, names: Sequence[str]) -> Iterable[str]:
        """The equations of some members of a row, "" where another number counts."""
        if row.members == 1:
            return [str(self._equation(row))]
        defaults = self._model.plan.defaults[row.family][some]
        others = (self._first.values[row.family][some] != defaults) & ~numpy.isnan(defaults)
        owners = self._model.plan.families[row.family].owner[some]
        texts = {
            int(owner): self._model.text_of(names[at])
            for owner, at in zip(*numpy.unique(owners, return_index=True), strict=True)
        }
        if len(texts) == 1 and not others.any():
            return repeat(next(iter(texts.values())), len(names))
        each = map(texts.__getitem__, owners.tolist())
        return ["" if other else text for text, other in zip(each, others, strict=True)]

    def objects(self) -> Iterator[dict[str, Any]]:
        results = self._results
        if self._wrt:
            kept = self._model.naming.in_file(self._wrt)
            results = [only_by(each, kept) for each in results]
        return GradientReport(results, [], [], [], declared(self._model)).objects()

    def table(self) -> Table:
        """Columns name, role, equation, data, and the gradient of each output."""
        if len(self._only) > _ALONE:
            return self.whole.table()
        rows = [*self._rows()]
        roles = [self._role_of(row) for row in rows]
        columns = [
            Column("name", [self._name(row) for row in rows], "name"),
            Column("role", [", ".join(each) for each in roles], "text"),
            Column("equation", [self._equation(row) for row in rows], "equation"),
            Column("data", [self._data(row) for row in rows]),
            *self._of_file([[self._told(known, row) for row in rows] for known in self._known]),
        ]
        for output, found in self._found.items():
            title = "grad" if len(self._found) == 1 else f"∂{output}"
            cells = [self._gradient(found, row) for row in rows]
            columns.append(Column(title, cells, of=output, sizes=True))
        emphasis = [EMPHASIS.get(each[0], "") for each in roles]
        heads = [(f"{output} = ", self._value(output)) for output in self._found]
        return Table(columns, emphasis, heads)

    @cached_property
    def _known(self) -> tuple[Mapping[str, float], Mapping[str, str]]:
        """What the file says of its inputs, by name: uncertainties and bounds."""
        bounds = {name: written_bounds(*ends) for name, ends in self._model.bounds.items()}
        return self._model.uncertainties, bounds

    @cached_property
    def _families(self) -> tuple[set[str], ...]:
        """The families of which it says something."""
        return tuple({family(name) or name for name in known} for known in self._known)

    def _told(self, known: Mapping[str, Cell], row: _Row) -> Cell:
        """What the file says of the members of a row, as `report.folded` has it."""
        nothing = None if known is self._known[0] else ""
        if row.family not in self._families[known is self._known[1]]:
            return nothing
        of_all: set[Cell] = set()
        for some in row.some():
            names = self._model.plan.families[row.family].labels(some)
            of_all |= {known.get(name, nothing) for name in names}
        if len(of_all) == 1 and (row.members == 1 or nothing is not None or None in of_all):
            return of_all.pop()
        return nothing if nothing is not None else f"{row.members} values"

    def _of_file(self, cells: Sequence[Sequence[Cell]]) -> Iterator[Column]:
        """The columns of uncertainties and bounds, if names among those derived by have some."""
        names = {*self._wrt, *self._found} if self._wrt else None
        kinds: tuple[tuple[str, CellKind], ...] = ("uncertainty", "number"), ("bounds", "text")
        for (title, kind), known, own in zip(kinds, self._known, cells, strict=True):
            if known and (names is None or not known.keys().isdisjoint(names)):
                yield Column(title, own, kind)

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

    def _rows(self, alone: bool = True) -> Iterator[_Row]:
        """The rows of the table: many members one after the other are one, but for those asked for."""
        run: list[slice | Wholes] = []
        last = ""
        for name, places in [*self._shown(), ("", slice(0, 0))]:
            if name != last:
                if run:
                    yield from _folded(last, _joined(run), alone and bool(self._only))
                run, last = [], name
            run.append(places)

    def _shown(self) -> Iterator[tuple[str, slice | Wholes]]:
        """The members in the table, in the order of the file: families, and their places."""
        names: list[Sequence[str]] = [[*self._wrt, *self._found]] if self._wrt else []
        names += [self._only] if self._only else []
        marks = [self._marked(each) for each in names]
        for name, places in self._model.plan.in_file_order.groups:
            for each in marks:
                places = among(places, each[name][places]) if name in each else slice(0, 0)
            if count_of(places):
                yield name, places

    def _marked(self, names: Sequence[str]) -> dict[str, NDArray[numpy.bool_]]:
        """Of families with some of these names which members have one."""
        found: dict[str, NDArray[numpy.bool_]] = {}
        for of, places, _ in self._model.plan.places_of(names):
            found.setdefault(of.name, numpy.zeros(of.size, dtype=bool))[places] = True
        return found

    def _name(self, row: _Row) -> str:
        family = self._model.plan.families[row.family]
        if row.members == 1:
            return family.labels(row.ends()[:1])[0]
        lows, highs = [10**18] * family.dimensions, [-1] * family.dimensions
        every = isinstance(row.at, slice) and row.at == slice(0, family.size)
        for some in () if every else row.some():
            places = numpy.arange(some.start, some.stop) if isinstance(some, slice) else some
            for at, numbers in enumerate(numpy.unravel_index(places, family.shape)):
                lows[at] = min(lows[at], int(numbers.min()))
                highs[at] = max(highs[at], int(numbers.max()))
        ends: list[str] = []
        size = 1
        for low, shape, first, last in zip(family.low, family.shape, lows, highs, strict=True):
            if last < 0:  # all of them
                first, last = 0, shape - 1
            ends.append(f"{low + first}..{low + last}" if first < last else f"{low + first}")
            size *= last - first + 1
        if size > row.members:
            return Together(*family.labels(row.ends()))
        return Together(f"{row.family}[{','.join(ends)}]")

    @cached_property
    def _own_roles(self) -> dict[str, NDArray[numpy.int8]]:
        """Of families with members that have a role of their own the number of that, -1 of others."""
        found: dict[str, NDArray[numpy.int8]] = {}

        def own(name: str) -> NDArray[numpy.int8]:
            if name not in found:
                size = self._model.plan.families[name].size
                found[name] = numpy.full(size, -1, dtype=numpy.int8)
            return found[name]

        for use in self._model.plan.used_besides:
            places = seen(use.places)
            reached = [each.reached[use.family][:-1][places] for each in self._found.values()]
            unused = ~(numpy.logical_or.reduce(reached) | self._inputs[use.family][places])
            own(use.family)[places] = numpy.where(unused, 5, -1)
        plan = self._model.plan
        for name, marks in chain(plan.held.items(), plan.deciding.items()):
            own(name)[marks[:-1]] = 1
        for each in self._found:
            of, at = self._at(each)
            own(of)[at] = 0
        return found

    @cached_property
    def _inputs(self) -> dict[str, NDArray[numpy.bool_]]:
        return {name: self._model.plan.inputs_of(name) for name in self._model.plan.families}

    def _role_of(self, row: _Row) -> list[str]:
        """The roles of its members, each once, as they come."""
        if is_column(self._model, row.family):
            return ["column"]
        seen: dict[int, None] = {}
        for some in row.some():
            roles = self._roles(row, some)
            present = numpy.flatnonzero(numpy.bincount(roles)).tolist()
            first = {int(numpy.argmax(roles == number)): number for number in present}
            seen.update((first[at], None) for at in sorted(first))
        return [_ROLES[number] for number in seen]

    def _roles(self, row: _Row, some: slice | Wholes) -> NDArray[numpy.int_]:
        """The role of each of some of its members, by its number in _ROLES."""
        inputs, own = self._inputs[row.family], self._own_roles.get(row.family)
        marks = [found.reached[row.family][some] for found in self._found.values()]
        reached = numpy.logical_or.reduce(marks)
        roles = numpy.where(reached, numpy.where(inputs[some], 4, 3), 2)
        return roles if own is None else numpy.where(own[some] >= 0, own[some], roles)

    def _equation(self, row: _Row) -> Cell:
        """The equation of its members, "" where there are several, or where another number counts."""
        plan, model, family = self._model.plan, self._model, self._model.plan.families[row.family]
        texts: dict[int, str] = {}
        for some in row.some():
            defaults = plan.defaults[row.family][some]
            others = self._first.values[row.family][some] != defaults
            if (others & ~numpy.isnan(defaults)).any():
                return ""
            for owner in family.owners(some) - texts.keys():
                at = int(numpy.argmax(family.owner[some] == owner))
                texts[owner] = family.labels(some_of(some, at, at + 1))[0]
        if row.members == 1:
            return model.instance_of(self._name(row))
        found = {model.text_of(name) for name in texts.values()}
        return found.pop() if len(found) == 1 else ""

    def _data(self, row: _Row) -> Cell:
        pieces = map(self._first.values[row.family].__getitem__, row.some())
        return values_of(self._model, row.family, row.members, pieces)

    @cached_property
    def _asked(self) -> set[str]:
        return {*self._wrt}

    def _gradient(self, found: Found, row: _Row) -> Cell:
        """The gradient by a member, or the largest size of those of many."""
        asked = bool(self._wrt) and (row.members > 1 or self._name(row) in self._asked)
        most = 0.0 if asked else None
        for some in row.some():
            reached = found.reached[row.family][some]
            slopes = found.gradients[row.family][some]
            if row.members == 1:
                return float(slopes[0]) if reached[0] else most
            if reached.any():
                largest = float(numpy.abs(slopes).max(where=reached, initial=0.0))
                most = largest if most is None else numpy.maximum(most, largest)
        return None if most is None else f"≤ {shown(float(most), 6)}"


def _joined(run: Sequence[slice | Wholes]) -> slice | Wholes:
    """Places one after the other, a slice if they are."""
    slices = [each for each in map(plain, run) if isinstance(each, slice)]
    if len(slices) == len(run) and all(a.stop == b.start for a, b in pairwise(slices)):
        return slice(slices[0].start, slices[-1].stop)
    arrays = [numpy.arange(x.start, x.stop) if isinstance(x, slice) else x for x in run]
    return once(plain(numpy.concatenate(arrays)))


def _folded(name: str, places: slice | Wholes, each: bool) -> Iterator[_Row]:
    if count_of(places) > FOLDED and not each:
        yield _Row(name, places)
    else:
        for at in range(count_of(places)):
            yield _Row(name, once(some_of(places, at, at + 1)))


def large_report(
    model: Any,
    numbers: Mapping[str, float],
    outputs: Sequence[str | None],
    only: Sequence[str] = (),
    wrt: Sequence[str] = (),
) -> LargeReport | None:
    """The report on some outputs, by loops; None where every step or name is needed. only, wrt: as there."""
    names = dict.fromkeys(model.output(each) for each in outputs)
    if (
        not model.loops
        or model.plan.in_file_order.ranks is not None
        or not {*map(family, wrt)}.isdisjoint({*map(family, names.keys() - {*wrt})} - {""})
    ):
        return None
    found: dict[str, Found] = {}
    notes: list[AtBorder] = []
    for name in names:
        few = by_arrays(model, numbers, name) if model.leads_few(name) else None
        one = (few, []) if few else swept_with_notes(model, numbers, name, _TOLD)
        if one is None:
            return None
        found[name], said = one
        notes += said
    return LargeReport(model, found, only, wrt, notes[:1])
