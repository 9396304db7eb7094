"""What `backprop grad` has to say where data have many rows: of what has rows how large it, and the gradient
by it, is, found in passes over blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy

from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.held_rows import HeldRows
from backprop.by_rows.passing import SumsAndSlopes
from backprop.by_rows.reductions import Extremes
from backprop.by_rows.row_counts import counted
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.threads import over_blocks
from backprop.data_streamed import StreamedRows
from backprop.errors import AtBorder, BackpropError, BadData, OutputIsColumn
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.evaluation.leaves import inputs_at
from backprop.inputs import Inputs, Opened
from backprop.language.apart import NotApart, apart
from backprop.language.laid import Data, Laid
from backprop.language.model import Model
from backprop.language.some_rows import SomeRows
from backprop.language.text_columns import statements_over
from backprop.loops.worth import MANY
from backprop.names import family, is_pattern
from backprop.numbers import shown
from backprop.places import STANDARD
from backprop.report import Cell, Column, Table, spread_of
from backprop.report.gradient_report import GradientReport, gradient_report

if TYPE_CHECKING:
    from backprop.report.large_report import LargeReport

_ENDLESS = 1 << 62


class RowsSummary:
    """As `GradientReport`. sample: the equations with the first row of each table. found: what was found, by
    output. sizes: of each table its rows. is_streamed: whether memory does not hold all."""

    def __init__(
        self,
        sample: Model,
        found: Mapping[str, SumsAndSlopes],
        sizes: Sequence[int],
        wrt: Sequence[str],
        only: Sequence[str],
        others: Callable[[], GradientReport | LargeReport],
        notes: Sequence[BackpropError] = (),
        is_streamed: bool = False,
    ) -> None:
        assert sample.laid
        self.is_streamed = is_streamed
        self._sample, self._found, self._sizes = sample, found, sizes
        self._laid: Laid = sample.laid
        self._make_others = others
        self.notes = notes
        results = [self._result(output, passed) for output, passed in found.items()]
        self._report = gradient_report(sample, results, wrt, False, only)

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
                data[name] = passed.data.get(name, 0.0)
                if name in passed.gradients:
                    gradients[name] = passed.gradients[name]
            else:
                data[name] = passed.values[key].mean
                if key in passed.slopes:
                    gradients[name] = passed.slopes[key].size
        return Gradient(output, passed.value, data, gradients, tuple(self._sample.warnings))

    def _key(self, name: str) -> str | None:
        """What a member is called in the text of a row; None of what has no rows."""
        of, _, inside = name.partition("[")
        if of not in self._laid.families:
            return None
        others = inside.rstrip("]").rpartition(",")[0]
        return f"{of}[{others}]" if others else of

    def table(self) -> Table:
        """Columns name, role, equation, data, and the gradient of each output."""
        plain = self._report.table()
        columns = {each.title: [*each.cells] for each in plain.columns}
        every = [str(name) for name in self._report.columns[0].cells]
        slopes = [each.title for each in plain.columns if each.of]
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
                columns["data"][at] = _spread([passed.values[key] for key in keys])
                columns[title][at] = _size([passed.slopes.get(key) for key in keys])
        cells = [each._replace(cells=columns[each.title]) for each in plain.columns]
        return plain._replace(columns=cells)

    def records(self) -> list[Column]:
        """Every row, as without this summary; of tables larger than memory what is no row."""
        if not self.is_streamed:
            return self._others.records()
        records = self._report.records()
        names = next(each.cells for each in records if each.title == "name")
        kept = [at for at, name in enumerate(names) if self._key(str(name)) is None]
        return [each._replace(cells=[each.cells[at] for at in kept]) for each in records]

    def objects(self) -> Iterator[dict[str, Any]]:
        """As `records`, and of what has rows how many, and from which to which they are."""
        if not self.is_streamed:
            yield from self._others.objects()
            return
        for each, passed in zip(self._report.objects(), self._found.values(), strict=True):
            for key in ("data", "gradients"):
                each[key] = {n: x for n, x in each[key].items() if self._key(n) is None}
            yield {**each, "columns": {key: _summed(key, passed) for key in passed.values}}

    @cached_property
    def _others(self) -> GradientReport | LargeReport:
        return self._make_others()


def _summed(key: str, passed: SumsAndSlopes) -> dict[str, Any]:
    """What is known of the numbers of a name in all rows."""
    of, slope = passed.values[key], passed.slopes.get(key)
    found: dict[str, Any] = {"rows": of.count, "least": of.least, "most": of.most, "mean": of.mean}
    return found | ({"largest_gradient": slope.size} if slope else {})


def _with_rows(name: str, size: int) -> str:
    """A name with all rows in the place of the first: `r[1..1000]` for `r[1]`."""
    before, _, _ = name.rpartition("1]")
    return f"{before}1..{size}]"


def _spread(some: Sequence[Extremes]) -> Cell:
    every = Extremes()
    for each in some:
        every.merge(each)
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
    others: Callable[[], GradientReport | LargeReport],
) -> RowsSummary | None:
    """The report for equations over many rows; None where another way is the right one: for few rows, and
    where something has to be said of single rows. others: makes the report with a row for each member."""
    if STANDARD in inputs.values or any(map(is_pattern, (*wrt, *only, *inputs.of))):
        return None
    try:
        statements, tables, errors = statements_over(opened.source, opened.tables)
    except BackpropError:
        return None
    if errors:
        return None
    words = {text for each in statements for text in each.tokens.texts}
    used = [(each, [name for name in each.names if name in words]) for each in tables]
    sources = [table.source(names) for table, names in used if names]  # type: ignore[attr-defined]
    streamed = [each for each in sources if isinstance(each, StreamedRows)]
    if not streamed and inputs.skip_bad_rows:  # of which single rows are looked at
        return None
    if not streamed and sum(each.count() for each in sources) * len(words) < MANY:
        return None
    try:
        heads: Sequence[Data] = [
            each.head() if isinstance(each, StreamedRows) else each.first() for each in sources
        ]
        if not streamed and tables is not opened.tables:  # whose columns for texts are made anew
            heads = [SomeRows(each, numpy.zeros(1, numpy.int64)) for each in opened.tables]
        sample, numbers = inputs.given((), _ENDLESS, opened, heads)
        parts = apart(statements, tables, opened.source, every=True)
        if sample.laid is None or sample.worked or len({*wrt, *only} - {*sample.names}):
            raise NotApart("single members are asked for")
        outputs = inputs.of or [sample.output()]
        known, missing = inputs_at(sample, numbers)
        if missing:
            if streamed:
                evaluate(sample, numbers, sample.output(outputs[0]))  # which says so
            raise NotApart("an input has no number")
        still = {name for each in tables for name in each.names} - {
            name for each in opened.tables for name in each.names
        }
        given = {sample.labels[node]: number for node, number in known.items()}
        found, notes = dict[str, SumsAndSlopes](), list[AtBorder]()
        with over_blocks() as mapped:
            for output in outputs:
                program = RowProgram(parts, sample.output(output), inputs.seed, sample.sizes, still)
                given = counted(program, given, sources, numbers)
                try:
                    passed = program.value_and_gradient(given, sources, True, mapped)
                except NotSure as error:
                    if not streamed or error.row >= 0:
                        raise
                    passed = program.value_and_gradient(given, sources, True, mapped, False)
                    message = (
                        f"{error}: there the gradient is that of one side, and digits may be lost"
                    )
                    notes = [AtBorder(message, where=opened.source.name)]
                found[program.output] = passed
    except (BackpropError, NotApart, NotSure) as error:
        if streamed:
            raise refused(error, inputs, opened, sources) from None
        return None  # which the ordinary way finds, too, and says well
    sizes = [each.count() for each in sources]
    return RowsSummary(sample, found, sizes, wrt, only, others, notes, bool(streamed))


def refused(
    error: Exception, inputs: Inputs, opened: Opened, sources: Sequence[HeldRows | StreamedRows]
) -> BackpropError:
    """What to say where tables are larger than memory. error: why they were not gone through."""
    if isinstance(error, BackpropError):
        return error
    if isinstance(error, NotSure) and error.row >= 0:
        some = [
            each.head(error.row if at == error.table else 0)
            if isinstance(each, StreamedRows)
            else each.first()
            for at, each in enumerate(sources)
        ]
        try:
            model, numbers = inputs.given((), _ENDLESS, opened, some)
            evaluate(model, numbers, inputs.output)
        except BackpropError as found:
            return found
    if isinstance(error, NotApart) and (column := _no_output(inputs, opened)):
        return column
    name = next(each.name for each in sources if isinstance(each, StreamedRows))
    message = f"{name} is larger than memory is to hold at once, and {error}"
    return BadData(message, where=name, hints=["let it have more: --memory 8G"])


def _no_output(inputs: Inputs, opened: Opened) -> OutputIsColumn | None:
    """The error for an output that is a column, by the first rows of all tables."""
    try:
        model, _ = inputs.given((), _ENDLESS, opened, opened.heads())
        model.output(inputs.output)
    except OutputIsColumn as found:
        return found
    except BackpropError:
        pass
    return None
