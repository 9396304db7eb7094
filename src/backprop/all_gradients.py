"""What `backprop grad` computes: the value and the gradient of outputs, by every name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backprop.errors import BackpropError, ByOtherMeans
from backprop.evaluation.gradient import gradient
from backprop.inputs import Inputs, Opened
from backprop.language import Model
from backprop.loops.worth import MANY
from backprop.names import is_pattern, meant
from backprop.report.gradient_report import GradientReport, gradient_report

if TYPE_CHECKING:
    from backprop.report.large_report import LargeReport
    from backprop.report.rows_folded import RowsFolded
    from backprop.report.rows_summary import RowsSummary


def grad(
    inputs: Inputs,
    wrt: Sequence[str] = (),
    whole: bool = False,
    only: Sequence[str] = (),
    engine: str = "auto",
) -> GradientReport | LargeReport | RowsFolded | RowsSummary:
    """The value and the gradient of each output that is asked for (of the only one, if none is).

    wrt: the names in the gradient. whole: a table has every member of a family; only: it has these
    names. engine: how it is computed.
    """
    opened = inputs.opened()
    if inputs.skip_bad_rows and opened.tables and not opened.heads():
        good = inputs.good_tables(*opened, MANY, ())
        opened = opened._replace(tables=good)  # type: ignore[arg-type]
        inputs = inputs._replace(skip_bad_rows=False)  # which is done
    if opened.tables:
        from backprop.report.rows_summary import rows_summary  # for data only
        from backprop.streamed_members import of_members

        if summary := rows_summary(inputs, opened, wrt, only, whole, of_members):
            return summary
    return _grad(inputs, opened, wrt, whole, only, engine)


def _grad(
    inputs: Inputs,
    opened: Opened,
    wrt: Sequence[str],
    whole: bool,
    only: Sequence[str],
    engine: str,
) -> GradientReport | LargeReport | RowsFolded:
    """As `grad`, by single rows of data."""
    model, numbers = inputs.given(opened=opened)
    report = _of_members(model, numbers, inputs.of, wrt, whole, only, engine)
    if whole or not model.laid:
        return report
    from backprop.report.rows_folded import RowsFolded  # for data only

    return RowsFolded(report, model.laid, {*wrt, *only}.intersection(model.names))


def _of_members(
    model: Model,
    numbers: Mapping[str, float],
    of: Sequence[str],
    wrt: Sequence[str],
    whole: bool,
    only: Sequence[str],
    engine: str,
) -> GradientReport | LargeReport:
    """The report on every member."""
    model.engine = engine
    names = meant(wrt, model.names, "these equations")
    shown = meant(only, model.names, "these equations")
    for each in of:
        if not is_pattern(each):
            model.output(each)  # which says of a family what to choose
    outputs: Sequence[str | None] = model.meant_outputs(of) or [None]
    if model.loops and not whole:
        from backprop.report.large_report import large_report  # with numpy

        if large := large_report(model, numbers, outputs, shown, names):
            large.notes = [*large.notes, *_by_other_means(model, engine)]
            return large
    by = [*dict.fromkeys((*names, *map(model.output, outputs)))] if names else []
    results = [gradient(model, numbers, output, engine, by) for output in outputs]
    report = gradient_report(model, results, names, whole, shown)
    if slow := _by_other_means(model, engine):
        report = report._replace(elsewhere=slow)
    if not model.worked:
        return report
    from backprop.evaluation.elsewhere import elsewhere

    return report._replace(elsewhere=[*report.elsewhere, *elsewhere(model, results[0].data)])


def _by_other_means(model: Model, engine: str) -> list[BackpropError]:
    """The note that machine code was asked for, and has not computed a gradient of loops."""
    if engine != "native" or not model.slow:
        return []
    message = f"computed without machine code, since {model.slow}"
    return [ByOtherMeans(message, where=model.source.name)]
