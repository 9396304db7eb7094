"""`backprop grad --values table.csv`: the equations once for each row of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy
from numpy.typing import NDArray

from backprop import streamed_matrices
from backprop.data_given import DataOptions, DataTable, tables_of
from backprop.errors import BackpropError, BadOption, NotFinite, UnknownName
from backprop.evaluation.leaves import outside
from backprop.evaluation.program import Program
from backprop.inputs import Inputs
from backprop.language import Model
from backprop.names import did_you_mean
from backprop.numbers import listed
from backprop.row_by_row import RowsReport

if TYPE_CHECKING:
    from backprop.descent.streamed_objective import StreamedObjective


def swept(
    inputs: Inputs,
    tables: Sequence[str],
    wrt: Sequence[str] = (),
    whole: bool = False,
    engine: str = "auto",
) -> RowsReport:
    """The output in every row of a table of numbers for inputs, and its derivatives by each input.

    tables: the one file. wrt: the inputs that are wanted, by itself all that lead to the output and are not
    const. Raises BadOption, UnknownName for a column that is no input, BadData.
    """
    if len(tables) > 1:
        message = f"--values has {len(tables)} tables, and one run has a row of one"
        raise BadOption(message, hints=["join them: a column for each input"])
    every = tables_of(DataOptions((tables[0],)))
    if len(every) > 1:
        message = f"--values {tables[0]} has {len(every)} tables, and one run has a row of one"
        raise BadOption(message, hints=["name one file, or such as have the same columns"])
    (table,) = every
    model, numbers = streamed_matrices.read(inputs)
    is_streamed = streamed_matrices.is_streamed(model)
    program: Program | _PassEach = (
        _PassEach(model, inputs.output) if is_streamed else Program(model, inputs.output, engine, 1)
    )
    if odd := [name for name in table.names if name not in program.inputs]:
        raise _no_input(model, table, odd[0], program)  # before its cells, which may be texts
    rows = table.rows([*table.names])
    if numbers.keys() & rows.numbers.keys():  # those of --set win
        _, said = streamed_matrices.read(inputs._replace(values=[]))
        own = {name: numpy.full(rows.size, x) for name, x in said.items() if name in rows.numbers}
        rows = rows._replace(numbers={**rows.numbers, **own})
    known = {**model.default_numbers(), **numbers}
    lacking = [name for name in program.inputs if name not in known and name not in rows.numbers]
    if lacking:
        message = f"{listed(lacking, 4)} {'has' if len(lacking) == 1 else 'have'} no number"
        hints = [f'give a column for it, or --set "{lacking[0]}=1"']
        raise BadOption(message, hints=hints, where=table.name)
    points = numpy.empty((rows.size, len(program.inputs)))
    for at, name in enumerate(program.inputs):
        points[:, at] = rows.numbers[name] if name in rows.numbers else known[name]
    for name in rows.numbers:
        _check_bounds(model, table, name, rows.numbers[name])
    if isinstance(program, _PassEach):
        program.begin(numbers, points[0], engine)
    else:
        program = Program(model, inputs.output, engine, rows.size)
    values, gradients = _computed(program, points, rows.place)
    by = _wanted(model, program, wrt)
    found = {name: numpy.asarray(each, dtype=float) for name, each in rows.numbers.items()}
    derived = {
        f"d{program.output}_d{name}": gradients[:, program.inputs.index(name)] for name in by
    }
    return RowsReport(program.output, {**found, program.output: values, **derived}, (), (), whole)


class _PassEach:
    """As a Program, over tables larger than memory: a pass for each row of numbers."""

    def __init__(self, model: Model, of: str | None) -> None:
        self._model, self.output, laid = model, model.output(of), model.laid
        leading = model.leading(self.output)
        self.inputs = tuple(
            name for name in model.inputs if name in leading and not (laid and laid.is_column(name))
        )
        self._objective: StreamedObjective | None = None

    def begin(
        self, numbers: Mapping[str, float], first: NDArray[numpy.float64], engine: str
    ) -> None:
        """Take numbers for inputs. first: those of the first row."""
        from backprop.descent.streamed_objective import StreamedObjective

        given = {**numbers, **dict(zip(self.inputs, first.tolist(), strict=True))}
        self._objective = StreamedObjective(self._model, self.output, self.inputs, given, engine)

    def __call__(
        self, points: NDArray[numpy.float64]
    ) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64]]:
        """Values and gradients, or one of each. Raises what the first row without a value does."""
        objective = self._objective
        assert objective
        if points.ndim == 1:
            try:
                return numpy.array(objective.value(points.tolist())), numpy.array(
                    objective.gradient()
                )
            except NotFinite as error:
                raise objective.explained(error) from None
        found = [self(each) for each in points]
        return numpy.array([value for value, _ in found]), numpy.array([by for _, by in found])


def _computed(
    program: Program | _PassEach, points: NDArray[numpy.float64], place: Callable[[int], str]
) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64]]:
    """Values and gradients. place: where a row stands. Raises what the first row without a value does."""
    try:
        return program(points)
    except BackpropError:
        for row, point in enumerate(points):
            try:
                program(point)
            except BackpropError as error:
                error.hints = (*error.hints, f"these are the numbers of {place(row)}")
                raise
        raise


def _wanted(model: Model, program: Program | _PassEach, wrt: Sequence[str]) -> Sequence[str]:
    """The inputs of the derivatives. Raises UnknownName."""
    for name in wrt:
        if name not in program.inputs:
            hints = did_you_mean(name, program.inputs)
            message = f"{name!r} is no input that {program.output} depends on"
            raise UnknownName(message, hints=hints, where=model.source.name)
    return wrt or [name for name in program.inputs if name not in model.held]


def _no_input(
    model: Model, table: DataTable, name: str, program: Program | _PassEach
) -> UnknownName:
    """The error for a column that is no number of an input."""
    hints = did_you_mean(name, program.inputs)
    hints = hints or [f"{program.output} depends on {listed(program.inputs, 8)}"]
    message = f"the column {name} is no input that {program.output} depends on"
    if name in model.names and model.is_equation(name):
        message, hints = f"{name} has an equation, and takes no number", ["leave the column out"]
    return UnknownName(message, hints=hints, where=table.name)


def _check_bounds(
    model: Model, table: DataTable, name: str, numbers: NDArray[numpy.float64]
) -> None:
    """Raise OutsideBounds for a number outside the bounds of the file."""
    low, high = model.bounds.get(name, (-numpy.inf, numpy.inf))
    off = numpy.flatnonzero((numbers < low) | (numbers > high))
    if len(off):
        row = int(off[0])
        for error in outside(model, {name: float(numbers[row])}):
            error.hints = (*error.hints, f"this is the number of {table.rows([name]).place(row)}")
            raise error
