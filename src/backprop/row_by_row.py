"""What `backprop grad --rows` has to say: the value of a column in every row, and its derivatives there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.errors import BackpropError, BadOption, ChooseOutput
from backprop.inputs import Inputs, Opened
from backprop.language import Model
from backprop.language.laid import Laid
from backprop.names import family, meant
from backprop.numbers import listed
from backprop.report import Column, Table

SHOWN = 20
"""So many rows a table has; files have all."""


class RowsReport(NamedTuple):
    """A column, row by row. output: what it is called. columns: by title the numbers of all rows (float64,
    shape (rows,)): those of the data that have a part in it, its values, and its derivatives. warnings,
    notes: as `Gradient` has them."""

    output: str
    columns: Mapping[str, NDArray[numpy.float64]]
    warnings: Sequence[BackpropError] = ()
    notes: Sequence[BackpropError] = ()
    whole: bool = False

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.columns[self.output])

    def table(self) -> Table:
        """The first rows."""
        shown = self.size if self.whole else min(self.size, SHOWN)
        return first_rows(self.output, self.columns, shown, self.size)

    def records(self) -> list[Column]:
        """All rows."""
        return [Column(title, each.tolist()) for title, each in self.columns.items()]

    def objects(self) -> Iterator[dict[str, Any]]:
        """An object for each row."""
        titles = [*self.columns]
        for row in zip(*(each.tolist() for each in self.columns.values()), strict=True):
            yield dict(zip(titles, row, strict=True))


class AskedRows(NamedTuple):
    """What is asked of a column. output: what it is called. members: its rows. parts: the columns of data
    that have a part in it; columns, by: of these, and of inputs, those that it is derived by."""

    output: str
    members: Sequence[str]
    parts: Sequence[str]
    columns: Sequence[str]
    by: Sequence[str]


def asked_rows(model: Model, of: Sequence[str], wrt: Sequence[str]) -> AskedRows:
    """The column that is meant, as a Model over two rows or more knows it. Raises BadOption, ChooseOutput."""
    from backprop.evaluation.several import inputs_of

    laid = model.laid
    if laid is None:
        hints = ["give a table whose columns the equations have: --data rows.csv"]
        raise BadOption("--rows is for tables of data, and there is none", hints=hints)
    output = _output(model, laid, of)
    members = [name for name in model.names if family(name) == output]
    if "," in members[0]:
        hints = [f"make one number of a row, as sum({output}[*]) does"]
        raise BadOption(f"{output} is more than one number in a row", hints=hints)
    first = members[0]
    parts = [each for each in laid.columns if _reads(model, first, each)]
    shared = [each for each in parts if _reads_others(model, first, each)]
    by = [name for name in inputs_of(model, members) if not laid.is_column(name)]
    if wrt:
        columns = [each for each in wrt if each in parts]
        by = [*meant([each for each in wrt if each not in parts], model.names, "these equations")]
    else:
        columns = [each for each in parts if each not in shared]
    if refused := [each for each in columns if each in shared]:
        message = f"{output} of a row depends on {refused[0]} in other rows, too"
        raise BadOption(message, hints=[f"ask for the others: --wrt {listed(by) or 'a'}"])
    if not columns and not by:
        hints = ["name what it depends on: --wrt a"]
        raise BadOption(f"{output} depends on nothing that it could be derived by", hints=hints)
    return AskedRows(output, members, parts, columns, by)


def first_rows(
    output: str, columns: Mapping[str, NDArray[numpy.float64]], shown: int, size: int
) -> Table:
    """So many rows of a column. size: how many there are."""
    tail = [f"the first of {size:,} rows"] if shown < size else []
    cells = [Column(title, each[:shown].tolist()) for title, each in columns.items()]
    number = Column("row", [*map(str, range(1, shown + 1))], "text")
    return Table([number, *cells], heads=[[f"{output} in {size:,} rows"]], tail=tail)


def single_rows(
    inputs: Inputs, opened: Opened, wrt: Sequence[str] = (), whole: bool = False
) -> RowsReport:
    """The values of a column and its derivatives by each input that is one number, and by the columns of data
    of its row. wrt: those that are wanted, by itself all. Raises BadOption, ChooseOutput."""
    from backprop.evaluation.directions import along

    model, numbers = inputs.given((), 0, opened)
    laid = model.laid
    output, members, parts, columns, by = asked_rows(model, inputs.of, wrt)
    assert laid
    found = {each: _numbers(model, laid, each) for each in parts}
    derived: dict[str, NDArray[numpy.float64]] = {}
    warnings, notes = list[BackpropError](), list[BackpropError]()
    values = numpy.zeros(0)
    for each in [*columns, *by]:
        moving = [each] if each in by else [n for n in model.names if family(n) == each]
        result = along(model, numbers, members, dict.fromkeys(moving, 1.0))
        values = result.values
        derived[f"d{output}_d{each}"] = result.derivatives[:, 0]
        warnings += result.warnings
        notes += result.notes
    once = {str(each): each for each in warnings}, {str(each): each for each in notes}
    told = [[*each.values()] for each in once]
    return RowsReport(output, {**found, output: values, **derived}, told[0], told[1], whole)


def members_of(model: Model, row: int, output: str) -> list[str]:
    """What is computed of one row of data, counted from 1, and may lead to an output: names and patterns; the
    row's own numbers where nothing is computed of it alone. Raises BadOption."""
    laid = model.laid
    if laid is None:
        hints = ["give a table whose columns the equations have: --data rows.csv"]
        raise BadOption("--row is of tables of data, and there is none", hints=hints)
    most = max((table.size for table in laid.tables), default=0)
    leading = _words_behind(laid, output)
    some = [name for name in laid.families if name in leading]
    computed = [name for name in some if name not in laid.columns] or some or laid.columns
    found = [name for name in computed if row <= laid.tables[laid.families[name]].size]
    if row < 1 or not found:
        raise BadOption(f"there is no row {row:,}", hints=[f"there are rows 1 to {most:,}"])
    firsts = {family(name): name for name in reversed([*model.names])} if len(found) < 9 else {}
    stars = {name: "*," * firsts.get(name, "").count(",") for name in found}
    return [f"{name}[{stars[name]}{row}]" for name in found]


def _words_behind(laid: Laid, output: str) -> set[str]:
    """The words of the statements that lead to an output."""
    of: dict[str, set[str]] = {}
    for tokens, shape in laid.statements:
        if shape.form not in ("declaration", "goal", "expression"):
            of.setdefault(tokens.texts[shape.target], set()).update(tokens.texts)
    found, left = set[str](), {family(output) or output}
    while left:
        found |= left
        left = {word for name in left for word in of.get(name, ())} - found
    return found


def _output(model: Model, laid: Laid, of: Sequence[str]) -> str:
    """The column that is meant. Raises ChooseOutput."""
    names = of or dict.fromkeys(family(name) or name for name in model.outputs)
    if len(names) == 1 and (name := next(iter(names))) in laid.families:
        return name
    known = [name for name in laid.families if name not in laid.columns]
    message = "--rows is of one column" if known else "no equation here is computed row by row"
    if known and len(of) == 1:
        model.output(of[0])  # which says that there is no such name
        message = f"{of[0]} is a single number, and --rows is of a column"
    hints = [f"name it: --of {known[0]}"] if known else ["write one that uses a column: m = a*x"]
    raise ChooseOutput(message, hints=hints, where=model.source.name)


def _places(model: Model, member: str, column: str) -> set[str]:
    """The rows of a column that lead to a member."""
    if model.loops:
        of = model.loops.families[family(member)]
        leads = model.loops.reached(of.name, of.named(member))[column][:-1]
        return {*model.loops.families[column].labels(numpy.flatnonzero(leads)[:2])}
    labels = model.labels
    inside = (labels.get(node, "") for node in model.graph(member).order)
    return {name for name in inside if family(name) == column}


def _reads(model: Model, member: str, column: str) -> bool:
    return bool(_places(model, member, column))


def _reads_others(model: Model, member: str, column: str) -> bool:
    row = member.partition("[")[2].rstrip("]").rpartition(",")[2].strip()
    return _places(model, member, column) != {f"{column}[{row}]"}


def _numbers(model: Model, laid: Laid, column: str) -> NDArray[numpy.float64]:
    found = laid.tables[laid.families[column]].numbers[column]
    return numpy.asarray(found, dtype=float)
