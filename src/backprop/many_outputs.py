"""What `backprop jacobian` does: several outputs, their derivatives by names or along a direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backprop.errors import BadOption
from backprop.inputs import Inputs
from backprop.language import Model
from backprop.names import meant
from backprop.report import declared

if TYPE_CHECKING:
    from backprop.report.direction_report import DirectionReport
    from backprop.report.jacobian_report import JacobianReport


def jacobian(
    inputs: Inputs,
    wrt: Sequence[str] = (),
    only: Sequence[str] = (),
    whole: bool = False,
    mode: str | None = None,
) -> JacobianReport:
    """The derivatives of several outputs. only: a table has the rows of these. whole: however large
    it is. The others are those of `jacobian_at`."""
    report = jacobian_at(*inputs.given(), inputs.of, wrt, mode)
    report.only = frozenset(meant(only, report.outputs, "the outputs asked for"))
    report.large = "whole" if whole else "refused"
    return report


def jacobian_at(
    model: Model,
    numbers: Mapping[str, float],
    of: Sequence[str] = (),
    wrt: Sequence[str] = (),
    mode: str | None = None,
) -> JacobianReport:
    """The derivatives of several outputs, by itself of all, by the inputs that lead there.

    of: the outputs. wrt: the names that they are derived by. mode: forward or reverse, None for the
    cheaper one.
    """
    from backprop.evaluation.elsewhere import elsewhere
    from backprop.evaluation.several import inputs_of, jacobian, outputs_of  # with NumPy
    from backprop.report.jacobian_report import JacobianReport

    outputs = list(dict.fromkeys(meant(of, model.names, "these equations"))) or outputs_of(model)
    by = list(dict.fromkeys(meant(wrt, model.names, "these equations")))
    report = JacobianReport(
        *jacobian(model, numbers, outputs, by or inputs_of(model, outputs), mode)
    )
    report.declared = declared(model)
    if model.worked:
        data = dict(zip(report.outputs, report.values.tolist(), strict=True))
        report = report._replace(notes=(*report.notes, *elsewhere(model, data)))
    return report


def along(
    inputs: Inputs, direction: Sequence[str], order: int, others: Sequence[str] = ()
) -> DirectionReport:
    """The derivatives of several outputs along a direction. others: options that were given and are
    about a matrix. The others are those of `along_at`."""
    if others:
        hints = [f"leave out {others[0]}: --along names what moves"]
        raise BadOption(f"{others[0]} is for a matrix, and --along is a direction", hints=hints)
    return along_at(*inputs.given(), direction, inputs.of, order)


def along_at(
    model: Model,
    numbers: Mapping[str, float],
    direction: Sequence[str] | Mapping[str, float],
    of: Sequence[str] = (),
    order: int = 1,
) -> DirectionReport:
    """The derivatives of several outputs, by itself of all, along a direction: texts such as
    `a=1, w[*]=0.5`, or numbers by name. order: of the last one."""
    from backprop.evaluation.directions import along  # with NumPy
    from backprop.evaluation.several import outputs_of
    from backprop.given import read_direction
    from backprop.report.direction_report import DirectionReport

    way = read_direction(model, direction, model.inputs, "--along")
    outputs = list(dict.fromkeys(meant(of, model.names, "these equations"))) or outputs_of(model)
    report = DirectionReport(*along(model, numbers, outputs, way, order))
    report.declared = declared(model)
    return report
