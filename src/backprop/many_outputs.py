"""What `backprop jacobian` does: several outputs, their derivatives by names or along a direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from backprop import streamed_matrices
from backprop.errors import BadOption
from backprop.inputs import Inputs
from backprop.language import Model
from backprop.names import meant
from backprop.report import declared

if TYPE_CHECKING:
    from backprop.report.direction_report import DirectionReport
    from backprop.report.jacobian_report import EntriesReport, JacobianReport

Reported = TypeVar("Reported", "JacobianReport", "EntriesReport", "DirectionReport")


def jacobian(
    inputs: Inputs,
    wrt: Sequence[str] = (),
    only: Sequence[str] = (),
    whole: bool = False,
    mode: str | None = None,
    sparse: bool = False,
    engine: str = "auto",
) -> JacobianReport | EntriesReport:
    """The derivatives of several outputs. only: a table has the rows of these. whole: however large
    it is. sparse: those that can be other than 0. The others are those of `jacobian_at`."""
    if sparse:
        if only:
            raise BadOption("--only is for a matrix", hints=["name the outputs with --of"])
        entries = entries_at(*streamed_matrices.read(inputs), inputs.of, wrt, mode, engine)
        entries.large = "whole" if whole else "refused"
        return entries
    report = jacobian_at(*streamed_matrices.read(inputs), inputs.of, wrt, mode, engine)
    report.only = frozenset(meant(only, report.outputs, "the outputs asked for"))
    report.large = "whole" if whole else "refused"
    return report


def jacobian_at(
    model: Model,
    numbers: Mapping[str, float],
    of: Sequence[str] = (),
    wrt: Sequence[str] = (),
    mode: str | None = None,
    engine: str = "auto",
) -> JacobianReport:
    """The derivatives of several outputs, by itself of all, by the inputs that lead there.

    of: the outputs. wrt: the names that they are derived by. mode: forward or reverse, None for the
    cheaper one. engine: what computes them.
    """
    from backprop.evaluation.several import jacobian  # with NumPy
    from backprop.report.jacobian_report import JacobianReport

    outputs, by = _asked(model, of, wrt)
    asked = model, numbers, outputs, by, mode, engine
    streamed = streamed_matrices.is_streamed(model)
    report = JacobianReport(*(streamed_matrices.jacobian if streamed else jacobian)(*asked))
    return _completed(report, model, numbers)


def entries_at(
    model: Model,
    numbers: Mapping[str, float],
    of: Sequence[str] = (),
    wrt: Sequence[str] = (),
    mode: str | None = None,
    engine: str = "auto",
) -> EntriesReport:
    """Those of the derivatives that can be other than 0. The rest is as for `jacobian_at`."""
    from backprop.evaluation.several import entries
    from backprop.report.jacobian_report import EntriesReport

    outputs, by = _asked(model, of, wrt)
    if streamed_matrices.is_streamed(model):
        found = streamed_matrices.entries(model, numbers, outputs, by, mode, engine)
    else:
        found = entries(model, numbers, outputs, by, mode, engine)
    return _completed(EntriesReport(*found), model, numbers)


def _asked(model: Model, of: Sequence[str], wrt: Sequence[str]) -> tuple[list[str], list[str]]:
    """The outputs, by itself all, and the names that they are derived by, by itself the inputs that lead
    there. Raises UnknownName, ChooseOutput."""
    from backprop.evaluation.several import inputs_of, outputs_of

    outputs = model.meant_outputs(of) or outputs_of(model)
    if streamed_matrices.is_streamed(model):
        streamed_matrices.refuse_columns(model, outputs)
        if wrt:
            return outputs, streamed_matrices.by_names(model, wrt)
    by = list(dict.fromkeys(meant(wrt, model.names, "these equations")))
    return outputs, by or inputs_of(model, outputs)


def _completed(report: Reported, model: Model, numbers: Mapping[str, float]) -> Reported:
    """A report with what the file says of its names, and of their values, and with the numbers of its
    inputs, `numbers` or the file's."""
    from backprop.evaluation.elsewhere import elsewhere

    if model.worked:
        data: dict[str, float] = dict(zip(report.outputs, report.values.tolist(), strict=True))
        report = report._replace(notes=(*report.notes, *elsewhere(model, data)))
    report.declared = declared(model)
    report.data = _numbers_of(model, numbers)
    return report


def _numbers_of(model: Model, numbers: Mapping[str, float]) -> dict[str, float]:
    """The number of each input and constant, but of columns: what `--values` can read back."""
    from backprop.evaluation.leaves import default

    own = (each for each in (*model.inputs, *sorted(model.fixed)) if each not in numbers)
    known = {name: default(model, name) for name in own if name in model.defaults}
    found = {**known, **numbers}
    if not model.laid:
        return found
    return {name: number for name, number in found.items() if not model.laid.is_column(name)}


def along(
    inputs: Inputs,
    direction: Sequence[str],
    order: int,
    others: Sequence[str] = (),
    engine: str = "auto",
    whole: bool = False,
) -> DirectionReport:
    """The derivatives of several outputs along a direction. others: options that were given and are
    about a matrix. whole: a table has all outputs, however many these are. The others are those of
    `along_at`."""
    if others:
        hints = [f"leave out {others[0]}: --along names what moves"]
        raise BadOption(f"{others[0]} is for a matrix, and --along is a direction", hints=hints)
    report = along_at(*streamed_matrices.read(inputs), direction, inputs.of, order, engine)
    report.large = "whole" if whole else "refused"
    return report


def along_at(
    model: Model,
    numbers: Mapping[str, float],
    direction: Sequence[str] | Mapping[str, float],
    of: Sequence[str] = (),
    order: int = 1,
    engine: str = "auto",
) -> DirectionReport:
    """The derivatives of several outputs, by itself of all, along a direction: texts such as
    `a=1, w[*]=0.5`, or numbers by name. order: of the last one. engine: what computes the first."""
    from backprop.evaluation.directions import along  # with NumPy
    from backprop.given import read_direction
    from backprop.report.direction_report import DirectionReport

    streamed = streamed_matrices.is_streamed(model)
    outputs, by = _asked(model, of, ())
    way = read_direction(model, direction, by if streamed else model.inputs, "--along")
    asked = model, numbers, outputs, way, order, engine
    found = (streamed_matrices.along if streamed else along)(*asked)
    return _completed(DirectionReport(*found), model, numbers)
