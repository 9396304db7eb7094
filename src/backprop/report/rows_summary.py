"""What `backprop grad` has to say where data have many rows: of what has rows how large it, and the gradient
by it, is, found in passes over blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy

from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.passing import SumsAndSlopes
from backprop.by_rows.reductions import Extremes
from backprop.by_rows.row_counts import counted
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.threads import over_blocks
from backprop.data_streamed import StreamedRows
from backprop.errors import AtBorder, BackpropError, ByOtherMeans, InfiniteSlope
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.evaluation.leaves import inputs_at
from backprop.inputs import Inputs, Opened
from backprop.language.apart import NotApart, apart
from backprop.language.column_names import words_of
from backprop.language.laid import Data, Laid
from backprop.language.model import Model
from backprop.language.row_members import RowMember, asked_names
from backprop.language.some_rows import SomeRows
from backprop.language.text_columns import statements_over
from backprop.loops.worth import MANY
from backprop.names import family, is_pattern
from backprop.numbers import shown
from backprop.places import STANDARD
from backprop.report import Cell, Column, Table, spread_of
from backprop.report.gradient_report import gradient_report
from backprop.report.rows_folded import key_of_rows, row_range
from backprop.report.rows_refused import ENDLESS, looked_at, refused

_UNKNOWN = Extremes(0, nan, nan, nan)
"""Of what cannot be computed."""

_NO_NAME = ("",)
"""Where of many names none is asked for."""

LookAtRows = Callable[
    [RowProgram, SumsAndSlopes, Sequence[HeldRows | StreamedRows], Sequence[RowMember]],
    Mapping[str, tuple[float, float]],
]
"""Finds of names of single rows their numbers, and the gradients by these."""


_OfRows = Mapping[str, tuple[float, float | None]]
"""Of names of single rows their numbers and the gradients by them, None where there is none."""


class _AskedReport(NamedTuple):
    """What a report is to have: gradients by these names, rows of these, all if there are none; and single
    rows."""

    wrt: Sequence[str] = ()
    only: Sequence[str] = ()
    members: Sequence[RowMember] = ()


def _asked(sample: Model, wrt: Sequence[str], only: Sequence[str]) -> _AskedReport:
    """What names and patterns mean. sample: of the first rows. Raises UnknownName."""
    by, shown = asked_names(sample, wrt), asked_names(sample, only)
    members = list(dict.fromkeys([*by.members, *shown.members]))
    single = {each.name for each in members}
    names = [
        [*(name for name in each.names if name not in single), *each.with_rows] or _NO_NAME
        for each in (by, shown)
    ]
    return _AskedReport(names[0] if wrt else (), names[1] if only else (), members)


class RowsSummary:
    """As `GradientReport`. sample: the equations with the first row of each table. found: what was found, by
    output. sizes: of each table its rows. members: of single rows, by output, their numbers and the gradients
    by them."""

    def __init__(
        self,
        sample: Model,
        found: Mapping[str, SumsAndSlopes],
        sizes: Sequence[int],
        asked: _AskedReport,
        members: Mapping[str, _OfRows],
        notes: Sequence[BackpropError],
        warned: Sequence[BackpropError],
    ) -> None:
        assert sample.laid
        self._warned = warned
        self._sample, self._found, self._sizes = sample, found, sizes
        self._laid: Laid = sample.laid
        self._asked, self._members = asked, members
        self.notes = notes
        results = [self._result(output, passed) for output, passed in found.items()]
        self._report = gradient_report(sample, results, asked.wrt, False, asked.only)

    @property
    def warnings(self) -> Sequence[BackpropError]:
        """Those of the equations."""
        return self._report.warnings

    def _result(self, output: str, passed: SumsAndSlopes) -> Gradient:
        """What was found, with one number for what has rows."""
        data, gradients = dict[str, float](), dict[str, float]()
        for name in self._sample.names:
            key = self._key(name)
            if key is None:
                data[name] = passed.data.get(name, nan)
                if name in passed.gradients:
                    gradients[name] = passed.gradients[name]
            else:
                data[name] = passed.values.get(key, _UNKNOWN).mean
                if key in passed.slopes:
                    gradients[name] = passed.slopes[key].size
        warnings = *self._warned, *self._endless(output, passed)
        return Gradient(output, passed.value, data, gradients, warnings)

    def _endless(self, output: str, passed: SumsAndSlopes) -> list[BackpropError]:
        """The warnings of gradients that are not finite in some rows."""
        where = self._sample.source.name
        return [
            InfiniteSlope(f"∂{output}/∂{name} is {slope.size} in some rows", where=where)
            for name, slope in passed.slopes.items()
            if not isfinite(slope.size)
        ]

    def _key(self, name: str) -> str | None:
        return key_of_rows(self._laid, name)

    def table(self) -> Table:
        """Columns name, role, equation, data, and the gradient of each output."""
        plain = self._report.table()
        columns = {each.title: [*each.cells] for each in plain.columns}
        every = [str(name) for name in self._report.columns[0].cells]
        slopes = [each.title for each in plain.columns if each.of]
        by = {self._key(name) for name in self._asked.wrt}
        none = Extremes(1, 0.0, 0.0, 0.0)
        for at, (title, members) in enumerate(self._report.rows):
            names = [every[member] for member in members]
            table = self._laid.families.get(family(names[0]))
            if table is None:
                continue
            size = self._sizes[table]
            keys = [self._key(name) or "" for name in names]
            columns["name"][at] = _with_rows(str(title), size)
            columns["equation"][at] = self._sample.text_of(names[0])
            for passed, title in zip(self._found.values(), slopes, strict=True):
                some = [passed.values.get(key) for key in keys]
                columns["data"][at] = _spread(some, size)
                columns[title][at] = _size(
                    [passed.slopes.get(key, none if key in by else None) for key in keys]
                )
        lines = [*self._lines(slopes)]
        cells = [
            each._replace(cells=columns[each.title] + [line.get(each.title) for line in lines])
            for each in plain.columns
        ]
        return plain._replace(columns=cells, emphasis=[*plain.emphasis, *("" for _ in lines)])

    def _lines(self, titles: Sequence[str]) -> Iterator[dict[str, Cell]]:
        """The cells of single rows, by the titles of their columns. titles: those of the gradients."""
        for name, _ in self._asked.members:
            before, _, _ = name.rstrip("]").rpartition(",")
            head = f"{before},1]" if before else f"{family(name)}[1]"
            found = [each[name] for each in self._members.values()]
            text = self._laid.at_row(self._sample.text_of(head), name)
            role = "column" if self._laid.is_column(name) else "intermediate"
            slopes = {title: slope for title, (_, slope) in zip(titles, found, strict=True)}
            yield {"name": name, "role": role, "equation": text, "data": found[0][0], **slopes}

    def records(self) -> list[Column]:
        """What is no row, and the rows that were asked for one by one."""
        records = self._report.records()
        names = next(each.cells for each in records if each.title == "name")
        kept = [at for at, name in enumerate(names) if self._key(str(name)) is None]
        cells = {each.title: [each.cells[at] for at in kept] for each in records}
        titles = [*map(str, range(len(self._found)))]
        for title, output in zip(titles, self._found, strict=True):
            for line in self._lines(titles):
                text = f"{line['name']} = {line['equation']}" if line["equation"] else ""
                line |= {"output": output, "equation": text, "grad": line[title]}
                for column, own in cells.items():
                    own.append(line.get(column))
        return [each._replace(cells=cells[each.title]) for each in records]

    def objects(self) -> Iterator[dict[str, Any]]:
        """As `records`, and of what has rows how many, and from which to which they are."""
        by = {self._key(name) for name in self._asked.wrt}
        for each, (output, passed) in zip(self._report.objects(), self._found.items(), strict=True):
            for at, key in enumerate(("data", "gradients")):
                once = {n: x for n, x in each[key].items() if self._key(n) is None}
                own = self._members[output].items()
                each[key] = once | {n: found[at] for n, found in own if found[at] is not None}
            columns = dict[str, dict[str, Any]]()
            for key in dict.fromkeys(filter(None, map(self._key, self._sample.names))):
                of = passed.values.get(key, _UNKNOWN)
                size = self._sizes[self._laid.families[family(key) or key]]
                columns[key] = row_range(size, of.least, of.most, of.mean)
                slope = passed.slopes.get(key)
                if key in by or (slope and not self._asked.wrt):
                    columns[key]["largest_gradient"] = slope.size if slope else 0.0
            yield {**each, "columns": columns}


def _with_rows(name: str, size: int) -> str:
    """A name with all rows in the place of the first: `r[1..1000]` for `r[1]`."""
    before, _, _ = name.rpartition("1]")
    return f"{before}1..{size}]"


def _spread(some: Sequence[Extremes | None], size: int) -> Cell:
    every = Extremes()
    for each in some:
        every.merge(each or Extremes(size, nan, nan, nan))
    if not isfinite(every.mean):
        return f"{every.count} values"
    return spread_of(every.count, every.least, every.most, every.mean)


def _size(some: Sequence[Extremes | None]) -> Cell:
    known = [each.size for each in some if each is not None]
    return f"≤ {shown(max(known), 6)}" if known else None


def rows_summary(
    inputs: Inputs,
    opened: Opened,
    wrt: Sequence[str],
    only: Sequence[str],
    whole: bool,
    look: LookAtRows,
) -> RowsSummary | None:
    """The report for equations over many rows; None where another way is the right one: for few rows, and
    where something has to be said of single rows of a table in memory. whole: whether every row is wanted."""
    if STANDARD in inputs.values:
        return None
    try:
        statements, tables, errors = statements_over(opened.source, opened.tables)
    except BackpropError:
        return None
    if errors:
        return None
    words = words_of(statements)
    used = [(each, [name for name in each.names if name in words]) for each in tables]
    sources: list[HeldRows | StreamedRows] = [
        table.source(names) if hasattr(table, "source") else HeldRows(table, names)
        for table, names in used
        if names
    ]
    streamed = [each for each in sources if isinstance(each, StreamedRows)]
    patterns = any(map(is_pattern, (*only, *inputs.of)))
    if not streamed and (whole or patterns):  # single rows are looked at
        return None
    if not streamed and sum(each.count() for each in sources) * len(words) < MANY:
        return None
    try:
        heads: Sequence[Data] = [
            each.head() if isinstance(each, StreamedRows) else each.first() for each in sources
        ]
        if not streamed and tables is not opened.tables:  # whose columns for texts are made anew
            heads = [SomeRows(each, numpy.zeros(1, numpy.int64)) for each in opened.tables]
        sample, numbers = inputs.given((), ENDLESS, opened, heads)
        parts = apart(statements, tables, opened.source, every=True)
        if sample.laid is None or sample.worked:
            raise NotApart("values stand behind equations")
        if not streamed and {*only} - {*sample.names}:
            return None
        asked = _asked(sample, wrt, only)
        single = {each.name for each in asked_names(sample, wrt).members}
        outputs = [*_outputs(sample, inputs.of)] or [sample.output()]
        laid = sample.laid

        def leads(program: RowProgram, name: str) -> bool:
            return key_of_rows(laid, name) in program.leading

        known, missing = inputs_at(sample, numbers)
        if missing:
            if streamed:
                evaluate(sample, numbers, sample.output(outputs[0]))  # which says so
            raise NotApart("an input has no number")
        still = {name for each in tables for name in each.names} - {
            name for each in opened.tables for name in each.names
        }
        given = {sample.labels[node]: number for node, number in known.items()}
        found, notes, warned = dict[str, SumsAndSlopes](), list[BackpropError](), [*sample.warnings]
        members = dict[str, _OfRows]()
        with over_blocks() as mapped:
            for output in outputs:
                asked_for = output, inputs.seed, sample.sizes, still
                program = RowProgram(parts, *asked_for, whole=True)
                given = counted(program, given, sources, numbers)
                try:
                    passed = program.value_and_gradient(given, sources, True, mapped)
                except NotSure as error:
                    if not streamed:
                        raise
                    few = RowProgram(apart(statements, tables, opened.source), *asked_for)
                    try:
                        program, passed = _unsure((program, few), given, streamed, mapped)
                    except NotSure as worse:
                        looked_at(worse, inputs, opened, sources, output)
                        raise
                    if program is few:
                        warned += looked_at(error, inputs, opened, sources, output)
                    else:
                        notes = [_one_sided(error, opened.source.name)]
                found[program.output] = _leading_only(passed, program.leading)
                looked = look(program, passed, sources, asked.members)
                members[program.output] = {
                    name: (number, slope if leads(program, name) or name in single else None)
                    for name, (number, slope) in looked.items()
                }
    except (BackpropError, NotApart, NotSure) as error:
        if streamed:
            raise refused(error, inputs, opened, sources) from None
        return None  # which the ordinary way finds, too, and says well
    sizes = [each.count() for each in sources]
    if whole:
        notes.append(_ranges_only(streamed[0].name, max(sizes)))
    return RowsSummary(sample, found, sizes, asked, members, notes, warned)


def _unsure(
    programs: Sequence[RowProgram],
    given: Mapping[str, float],
    sources: Sequence[StreamedRows],
    mapped: Callable[..., Iterable[Any]],
) -> tuple[RowProgram, SumsAndSlopes]:
    """What passes find where something is on a border, or has no value, and the first of programs that does:
    others leave out what does not lead to the output. Raises NotSure."""
    found: NotSure | None = None
    for program in programs:
        try:
            return program, program.value_and_gradient(given, sources, True, mapped, False)
        except NotSure as error:
            found = error
    assert found
    raise found


def _one_sided(error: NotSure, where: str) -> AtBorder:
    message = f"{error}: there the gradient is that of one side, and digits may be lost"
    return AtBorder(message, where=where)


def _outputs(sample: Model, of: Sequence[str]) -> Iterator[str]:
    """The outputs that names and patterns mean, of patterns those that are no columns. Raises UnknownName,
    OutputIsColumn."""
    for each in of:
        if is_pattern(each):
            yield from sample.laid.single(sample.meant_outputs([each])) if sample.laid else ()
        else:
            yield sample.output(each)


def _leading_only(passed: SumsAndSlopes, names: Collection[str]) -> SumsAndSlopes:
    """What was found without gradients by what does not lead to the output."""
    gradients = {name: slope for name, slope in passed.gradients.items() if name in names}
    slopes = {name: each for name, each in passed.slopes.items() if name in names}
    return passed._replace(gradients=gradients, slopes=slopes)


def _ranges_only(name: str, rows: int) -> ByOtherMeans:
    """The note that not every row is told of a table that memory does not hold."""
    message = (
        f"{name} is larger than memory is to hold at once: of its {rows:,} rows ranges are told"
    )
    hints = ["of a single row: --wrt 'x[3]'", "or let it have more: --memory 8G"]
    return ByOtherMeans(message, where=name, hints=hints)
