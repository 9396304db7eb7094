"""What to say where passes over tables that memory does not hold find no gradient: which row is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.held_rows import HeldRows
from backprop.data_streamed import StreamedRows
from backprop.errors import BackpropError, BadData, OutputIsColumn
from backprop.evaluation.gradient import gradient
from backprop.inputs import Inputs, Opened
from backprop.language.apart import NotApart

ENDLESS = 1 << 62


def refused(
    error: Exception, inputs: Inputs, opened: Opened, sources: Sequence[HeldRows | StreamedRows]
) -> BackpropError:
    """What to say where tables are larger than memory. error: why they were not gone through."""
    if isinstance(error, BackpropError):
        return error
    if isinstance(error, NotSure) and error.row >= 0:
        try:
            looked_at(error, inputs, opened, sources, next(iter(inputs.of), None))
        except BackpropError as found:
            return found
    if isinstance(error, NotApart) and (column := _no_output(inputs, opened)):
        return column
    name = next(each.name for each in sources if isinstance(each, StreamedRows))
    message = f"{name} is larger than memory is to hold at once, and {error}"
    return BadData(message, where=name, hints=["let it have more: --memory 8G"])


def looked_at(
    error: NotSure,
    inputs: Inputs,
    opened: Opened,
    sources: Sequence[HeldRows | StreamedRows],
    output: str | None,
) -> Sequence[BackpropError]:
    """The warnings on a row that is not finite. Raises what is wrong with it, if that leads to the output."""
    some = [
        each.head(error.row if at == error.table else 0)
        if isinstance(each, StreamedRows)
        else each.first()
        for at, each in enumerate(sources)
    ]
    model, numbers = inputs.given((), ENDLESS, opened, some)
    return gradient(model, numbers, output).warnings


def _no_output(inputs: Inputs, opened: Opened) -> OutputIsColumn | None:
    """The error for an output that is a column, by the first rows of all tables."""
    try:
        model, _ = inputs.given((), ENDLESS, opened, opened.heads())
        model.output(next(iter(inputs.of), None))
    except OutputIsColumn as found:
        return found
    except BackpropError:
        pass
    return None
