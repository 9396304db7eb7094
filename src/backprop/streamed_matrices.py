"""`hessian` and `jacobian` of tables that memory does not hold: passes over files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backprop.errors import BadData, BadOption, NotFinite
from backprop.evaluation.gradient import Gradient
from backprop.inputs import Asked, Inputs
from backprop.language import Model
from backprop.loops.worth import MANY

if TYPE_CHECKING:
    from backprop.evaluation.directions import Directional
    from backprop.evaluation.hessian_matrix import Curved
    from backprop.evaluation.hessian_parts import HessianPart
    from backprop.evaluation.rows_bending import RowsBent
    from backprop.evaluation.several import Jacobian, JacobianEntries
    from backprop.language.row_members import RowMember


def read(inputs: Inputs, many: float = MANY) -> tuple[Model, dict[str, float]]:
    """The Model and the numbers for its inputs; of tables that memory does not hold it sees their first
    rows."""
    if not inputs.data:
        return inputs.given((), many)
    opened = inputs.opened()
    return inputs.given((), many, opened, opened.heads())


def asked(inputs: Inputs | Asked, many: float = MANY) -> Asked:
    """As `read`, with the one output."""
    return Asked(*read(inputs, many), inputs.output) if isinstance(inputs, Inputs) else inputs


def refuse(model: Model, why: str = "all rows are needed at once", *instead: str) -> None:
    """Raise BadData for tables that memory does not hold. why: in words; instead: what else to ask for."""
    if model.laid is not None:
        from backprop.data_streamed import in_memory  # for data only

        try:
            in_memory(model.laid, why)
        except BadData as error:
            error.hints = *instead, *(f"or {each}" if instead else each for each in error.hints)
            raise


def is_streamed(model: Model) -> bool:
    """Whether it is one of tables that memory does not hold."""
    if model.laid is None:
        return False
    from backprop.data_streamed import is_streamed  # for data only

    return is_streamed(model.laid)


def refuse_columns(model: Model, outputs: Sequence[str]) -> None:
    """Raise OutputIsColumn for outputs that have rows."""
    laid = model.laid
    assert laid
    columns = [name for name in outputs if name.partition("[")[0] in laid.families]
    if columns and (error := laid.no_output(columns, model.source.name)):
        raise error


def by_names(model: Model, wrt: Sequence[str]) -> list[str]:
    """The names that names and patterns mean, single rows among them. Raises BadOption for all rows."""
    from backprop.language.row_members import asked_names
    from backprop.streamed_members import refuse_all_rows

    asked = asked_names(model, wrt)
    what = "of a table larger than memory no matrix has a column for each"
    hints = ["name a row: --wrt 'x[3]'", "or ask grad how large they are: backprop grad --wrt x"]
    refuse_all_rows(asked.with_rows, what, hints)
    return asked.names


class StreamedPoint:
    """An output at a point, as a function of inputs of these names. Raises what passes over rows raise."""

    def __init__(
        self,
        model: Model,
        numbers: Mapping[str, float],
        output: str,
        names: Sequence[str],
        engine: str,
    ) -> None:
        from backprop.descent.streamed_objective import StreamedObjective  # with NumPy

        self.names = [*names]
        self.objective = StreamedObjective(model, output, names, numbers, engine)
        self.x = self.objective.start
        try:
            self.gradient: Gradient = self.objective.found(self.x)
        except NotFinite as error:
            raise self.objective.explained(error) from None
        self.every = self.objective.gradients

    @property
    def slopes(self) -> Any:
        """The gradient by these names, (n,)."""
        import numpy

        return numpy.array([self.gradient.gradients.get(name, 0.0) for name in self.names])

    def slopes_of(self, members: Sequence[RowMember]) -> dict[str, float]:
        """The gradient by names of single rows."""
        if not members:
            return {}
        from backprop.streamed_members import of_members

        passed = self.objective.noted()[1]
        found = of_members(self.objective.program, passed, self.objective.streams, members)
        return {name: slope for name, (_, slope) in found.items()}

    def bends(self, ways: Any = None, x: Sequence[float] | None = None) -> RowsBent:
        """The second derivatives, times directions or as a matrix. Raises BadData where they are in doubt."""
        return self._found("bent", x or self.x, ways)

    def sizes(self) -> RowsBent:
        """The sizes of what is added up to the matrix, and to the gradient."""
        return self._found("sizes_of", self.x)

    def _found(self, name: str, *asked: Any) -> RowsBent:
        from backprop.by_rows.block_kernel import NotSure
        from backprop.data_streamed import larger_than_memory

        known = self.objective.second_derivatives
        if known is None:
            why = "its rows name many members of a family: of these no second derivatives are known so"
            raise larger_than_memory(self.objective.streams, why)
        try:
            found: RowsBent = getattr(known, name)(*asked)
        except NotSure as error:
            where = self.objective.streams[max(error.table, 0)].name
            message = f"no second derivatives of tables larger than memory are known where {error}"
            raise BadData(message, where=where, hints=["let it have more: --memory 8G"]) from None
        return found


def gradient(model: Model, numbers: Mapping[str, float], of: str | None, engine: str) -> Gradient:
    """Value and gradient of an output, with the numbers of what is computed once."""
    from backprop.descent.streamed_objective import StreamedObjective  # with NumPy

    objective = StreamedObjective(model, model.output(of), (), numbers, engine)
    try:
        return objective.noted()[0]
    except NotFinite as error:
        raise objective.explained(error) from None


def second_by(model: Model, wrt: Sequence[str]) -> Sequence[str]:
    """The names that second derivatives are by. Raises BadOption for rows of tables that memory does not
    hold."""
    if not wrt or not is_streamed(model):
        return wrt
    from backprop.language.row_members import asked_names
    from backprop.streamed_members import refuse_all_rows

    asked = asked_names(model, wrt)
    what = "second derivatives of tables larger than memory are by what all rows have in common"
    names = [*asked.with_rows, *(each.name for each in asked.members)]
    refuse_all_rows(names, what, ["leave them out of --wrt"])
    return wrt


def hessian(
    model: Model, numbers: Mapping[str, float], of: str | None, wrt: Sequence[str], engine: str
) -> Curved:
    """What `evaluation.hessian_matrix.hessian_at` finds."""
    import numpy

    from backprop.evaluation.curvature import curvature_within, points_near, rounding_by
    from backprop.evaluation.hessian_matrix import Curved, inputs_by

    output = model.output(of)
    names = inputs_by(model, output, second_by(model, wrt))
    point = StreamedPoint(model, numbers, output, names, engine)
    table = point.bends().products if names else numpy.zeros((0, 0))

    def rounding() -> Any:
        sizes = point.sizes()
        near = (point.bends(x=there) for there in points_near(point.x))
        others = ((each.products, each.gradient) for each in near)
        return rounding_by(table, point.slopes, (sizes.products, sizes.gradient), others)

    matrix, gradient = table / 2 + table.T / 2, point.gradient

    def slopes_at(there: Sequence[float]) -> Any:
        return point.bends(x=there).gradient

    said = curvature_within(matrix, point.slopes, rounding, slopes_at, point.x, gradient.value)
    return Curved(gradient, tuple(names), matrix, said, gradient.warnings, gradient.notes)


def hessian_part(
    model: Model,
    numbers: Mapping[str, float],
    part: str,
    direction: Mapping[str, float],
    of: str | None,
    wrt: Sequence[str],
    engine: str,
) -> HessianPart:
    """What the function of `evaluation.hessian_parts` that is called as the part finds. direction: by names,
    0 of others."""
    import numpy

    from backprop.evaluation.hessian_matrix import inputs_by, symmetric
    from backprop.evaluation.hessian_parts import HessianPart
    from backprop.evaluation.sweep_plan import Entries

    output = model.output(of)
    names = inputs_by(model, output, second_by(model, wrt))
    point = StreamedPoint(model, numbers, output, names, engine)
    gradient, count = point.gradient, len(names)
    said = gradient.warnings, gradient.notes
    if part == "times":
        way = numpy.array([direction.get(name, 0.0) for name in names])
        products = point.bends(way[None]).products[0]
        return HessianPart(gradient, tuple(names), way, products, None, "", *said)
    table = point.bends().products if names else numpy.zeros((0, 0))
    if part == "diagonal":
        return HessianPart(gradient, tuple(names), None, table.diagonal().copy(), None, "", *said)
    table = symmetric(table)
    rows, columns = numpy.nonzero(table)
    entries = Entries(rows, columns, table[rows, columns], count, count)
    return HessianPart(gradient, tuple(names), None, None, entries, "", *said)


def jacobian(
    model: Model,
    numbers: Mapping[str, float],
    outputs: Sequence[str],
    by: Sequence[str],
    mode: str | None,
    engine: str,
) -> Jacobian:
    """What `evaluation.several.jacobian` finds."""
    import numpy

    from backprop.evaluation.several import Jacobian

    if mode == "forward":
        hints = ["leave --mode out, or let tables have more: --memory 8G"]
        raise BadOption("tables larger than memory are gone through in reverse mode", hints=hints)
    from backprop.language.row_members import asked_names

    members = asked_names(model, by).members
    rows = {each.name for each in members}
    inputs = [name for name in by if name not in rows and not model.is_equation(name)]
    points = [StreamedPoint(model, numbers, output, inputs, engine) for output in outputs]
    slopes = [{**point.every, **point.slopes_of(members)} for point in points]
    table = numpy.array([[found.get(name, 0.0) for name in by] for found in slopes])
    values = numpy.array([point.gradient.value for point in points])
    warnings = tuple(dict.fromkeys(each for point in points for each in point.gradient.warnings))
    shape = len(outputs), len(by)
    return Jacobian(outputs, by, values, table.reshape(shape), "reverse", len(outputs), warnings)


def entries(
    model: Model,
    numbers: Mapping[str, float],
    outputs: Sequence[str],
    by: Sequence[str],
    mode: str | None,
    engine: str,
) -> JacobianEntries:
    """What `evaluation.several.entries` finds."""
    import numpy

    from backprop.evaluation.several import JacobianEntries

    found = jacobian(model, numbers, outputs, by, mode, engine)
    rows, columns = numpy.nonzero(found.jacobian)
    head, some = (found.outputs, found.inputs, found.values), found.jacobian[rows, columns]
    said = found.warnings, found.notes
    return JacobianEntries(*head, rows, columns, some, found.mode, found.sweeps, *said)


def along(
    model: Model,
    numbers: Mapping[str, float],
    outputs: Sequence[str],
    way: Mapping[str, float],
    order: int,
    engine: str,
) -> Directional:
    """What `evaluation.directions.along` finds."""
    import numpy

    from backprop.evaluation.directions import Directional

    if order > 2:
        hints = ["ask for --order 2", "or let tables have more: --memory 8G"]
        message = "of tables larger than memory derivatives along a direction go up to order 2"
        raise BadOption(message, hints=hints)
    names, values, found = [*way], list[float](), list[list[float]]()
    vector = numpy.array([way[name] for name in names])
    for output in outputs:
        point = StreamedPoint(model, numbers, output, names, engine)
        values.append(point.gradient.value)
        found.append([float(point.slopes @ vector)])
        if order == 2:
            found[-1].append(float(point.bends(vector[None]).products[0] @ vector))
    return Directional(outputs, way, numpy.array(values), numpy.array(found))
