"""All second derivatives of one output by its inputs, at a point."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import inf, isfinite, isinf, isnan, nan
from sys import float_info
from typing import Any, NamedTuple

import numpy

from backprop.errors import (
    AtBorder,
    BackpropError,
    IndeterminateForm,
    InfiniteSlope,
    Label,
    NotAnInput,
)
from backprop.evaluation.borders import crossed, met
from backprop.evaluation.curvature import Curving, curvature
from backprop.evaluation.diagnosis import place
from backprop.evaluation.endless_bend import endless_bend
from backprop.evaluation.gradient import Evaluation, Gradient, evaluate, only_by
from backprop.evaluation.second_around import SAME, MovedTogether, SecondAround
from backprop.evaluation.second_derivatives import SecondDerivatives
from backprop.evaluation.second_digits import Both, by_values, spoilt
from backprop.evaluation.second_sides import BEYOND, TOO_MANY, UNKNOWN, SecondSides, SecondSlope
from backprop.evaluation.shaken import MOST, changed
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.names import meant
from backprop.numbers import few, listed, shown
from backprop.source import normal
from backprop.syntax.functions import TINY


class Curved(NamedTuple):
    """The second derivatives of an output at a point.

    gradient: that of the output, by name. inputs: n names. matrix: shape (n, n), the derivative of the
    output by an input and another; nan where there is none. curvature: its eigenvalues and what they
    say. warnings, notes: of the gradient, and on numbers of the matrix that are no double or
    those of one side.
    """

    gradient: Gradient
    inputs: tuple[str, ...]
    matrix: Any
    curvature: Curving
    warnings: tuple[BackpropError, ...] = ()
    notes: tuple[BackpropError, ...] = ()


def inputs_by(model: Model, output: str, wrt: Sequence[str]) -> list[str]:
    """The inputs by which an output is differentiated: those that `wrt` names, or all that lead to it
    but constants. Raises UnknownName, and NotAnInput for a name with an equation."""
    if not wrt:
        leading = model.leading(output)
        found = [name for name in model.inputs if name in leading]
        still = {*model.constants, *model.fixed} if len(found) > _MANY else model.still
        return [name for name in found if name not in still]
    chosen = list[str]()
    for each in wrt:
        names = meant([each], model.names, "these equations")
        inputs = [name for name in names if not model.is_equation(name)]
        if not inputs:
            name, text = names[0], model.instance_of(names[0])
            message = f"{name!r} is computed, {name} = {text}, and second derivatives are by inputs"
            inputs = [each for each in model.inputs if each not in model.still]
            hints = [f"name what leads to it: {listed(inputs, 8)}"] if inputs else ()
            raise NotAnInput(message, hints=hints, where=model.source.name)
        chosen += inputs
    return list(dict.fromkeys(chosen))


class CurvedPoint(NamedTuple):
    """An output at a point, with the graph of its gradient. names: of n inputs; leaves: their rows; x: their
    numbers. data: the numbers of all rows of the gradient's graph."""

    at: Evaluation
    names: list[str]
    leaves: list[int]
    x: list[float]
    second: SecondDerivatives
    data: list[float]


def at_point(
    model: Model,
    values: Mapping[str, float],
    of: str | None,
    wrt: Sequence[str],
    engine: str,
) -> CurvedPoint:
    """Where second derivatives are wanted. Raises as `Model.grad`."""
    at = evaluate(model, values, of, engine, noted=True)
    names = inputs_by(model, at.gradient.output, wrt)
    asked = only_by(at.gradient, names)  # a slope by a constant, say, is nobody's matter here
    at = at._replace(gradient=at.gradient._replace(warnings=asked.warnings))
    leaves = [model.names[name] for name in names]
    x = [at.numbers.data[leaf] for leaf in leaves]
    notes = at.gradient.notes
    if notes and not crossed(at.graph, met(at.graph, at.numbers.data), leaves):
        # what is on a border does not move: a condition of a row of data, or by texts
        notes = tuple(each for each in notes if not isinstance(each, AtBorder))
    # nor is it anybody's matter here that the slopes by other names have two sides
    notes = tuple(
        each
        for each in notes
        if not (isinstance(each, AtBorder) and each.told and each.told.isdisjoint(names))
    )
    at = at._replace(gradient=at.gradient._replace(notes=notes))
    inside = set(leaves)
    fixed = {node: at.numbers.data[node] for node in at.graph.inputs if node not in inside}
    second = SecondDerivatives(at.graph, leaves, fixed, engine)
    return CurvedPoint(at, names, leaves, x, second, second.data(x))


def hessian_at(
    model: Model,
    values: Mapping[str, float],
    of: str | None = None,
    wrt: Sequence[str] = (),
    engine: str = "auto",
) -> Curved:
    """What `Model.hessian` says it does. wrt: names or patterns of inputs."""
    if model.loops:
        from backprop.evaluation.looped_second import matrix_by_loops

        output = model.output(of)
        names = inputs_by(model, output, wrt)
        if looped := matrix_by_loops(model, values, output, names):
            gradient, table, said, warnings = looped
            told = (*gradient.warnings, *warnings)
            return Curved(gradient, tuple(names), table, said, told, gradient.notes)
    point = at_point(model, values, of, wrt, engine)
    found = careful(model, point)
    if not found.bent and (note := _together(model, point, found.matrix)):
        found = found._replace(notes=(*found.notes, note), bent=True)
    slopes = [found.gradient.gradients.get(name, 0.0) for name in point.names]
    value = found.gradient.value

    def slopes_at(there: Sequence[float]) -> Any:
        near = {normal(name): number for name, number in values.items()}
        try:
            at = evaluate(model, near | dict(zip(point.names, there, strict=True)), of, engine)
        except BackpropError:  # beyond the domain, or the bounds
            return numpy.full(len(there), nan)
        return numpy.array([at.gradient.gradients.get(name, 0.0) for name in point.names])

    said = curvature(
        point.second, point.x, found.known, slopes, slopes_at, found.moved, found.bent, value
    )
    return Curved(
        found.gradient, tuple(point.names), found.matrix, said, found.warnings, found.notes
    )


class Careful(NamedTuple):
    """A matrix of which everything is known that can be.

    known: the same, with what the chain rule makes of numbers that rounding may have made and that were not
    looked at. moved: of numbers that rounding spoils otherwise, how far that of the inputs moves them,
    infinite where they were not looked at. bent: whether some do not say all, because the output or the
    gradient jumps, or ends here.
    """

    gradient: Gradient
    matrix: Any
    known: Any
    moved: Mapping[Both, float]
    warnings: tuple[BackpropError, ...]
    notes: tuple[BackpropError, ...]
    bent: bool


def careful(
    model: Model, point: CurvedPoint, asked: Callable[[int, int], bool] | None = None
) -> Careful:
    """The second derivatives, what is in doubt looked at from both sides, and what is to be said. asked:
    of which places; None: of all."""
    count = len(point.names)
    table = point.second.matrix(point.x, point.data) if count else numpy.zeros((0, 0))
    rule = table.copy()
    doubts, moved = _doubts(point, table)
    known = table.copy()
    for key in moved:
        if moved[key] == inf:
            known[key] = rule[key]
    some = {key: each for key, each in doubts.items() if asked is None or asked(*key)}
    told = list(_told(model, point, some))
    gradient = point.at.gradient
    return Careful(
        gradient,
        symmetric(table),
        symmetric(known),
        moved,
        (*gradient.warnings, *(each for each in told if not isinstance(each, AtBorder))),
        (*gradient.notes, *(each for each in told if isinstance(each, AtBorder))),
        any(isinstance(each, AtBorder) for each in (*told, *gradient.notes))
        or any(each.beside for each in doubts.values()),
    )


def symmetric(table: Any) -> Any:
    """A matrix of the halves of both triangles, nan where one of them is."""
    with numpy.errstate(all="ignore"):
        same = table == table.T  # infinite ones among them
        return numpy.where(same, table, table / 2 + table.T / 2) + 0.0


def _doubts(point: CurvedPoint, table: Any) -> tuple[dict[Both, SecondSlope], dict[Both, float]]:
    """Put the numbers of the table right that are in doubt, and return them by their places; and of
    those that rounding spoils otherwise how far that of the inputs moves them. What is the same on
    both sides of a border, but not around it, is none."""
    second, leaves, data = point.second, point.leaves, point.data
    slopes = point.at.gradient.gradients
    endless = {
        row
        for row, name in zip(second.graph.outputs, point.names, strict=True)
        if not isfinite(slopes.get(name, 0.0))
    }
    sides = SecondSides(second.graph, leaves, data, endless, second.whole)
    found = {
        (place, at): each
        for at in range(len(leaves))
        for place, each in sides.row(at, table[:, at].tolist()).items()
    }
    if len(second.graph.steps) > MOST:
        lost = numpy.argwhere(spoilt(second, data, len(leaves), table, second.table)).tolist()
        asked = [(one, other) for one, other in lost if (one, other) not in found]
        found |= dict(by_values(second, data, asked))
    moved = dict[Both, float]()
    for key, each in found.items():
        if each.how == TOO_MANY and each.step < 0 and isfinite(data[second.graph.outputs[key[1]]]):
            moved |= {key: inf} if isfinite(table[key]) else {}
    around = SecondAround(second, [data[x] for x in leaves])
    for key, each in found.items():
        if not isfinite(each.number):
            continue
        if each.step >= 0 and not around.agree(key, each.number):
            found[key] = each._replace(number=nan, how=_UNEVEN)
        elif each.beside and not each.jumps and around.agree(key, each.number, everywhere=True):
            found[key] = each._replace(beside=False)
    for one, other in list(found):  # by values of the one gradient, where the other has none
        each, twin = found[one, other], found.get((other, one))
        if each.beside and isnan(each.number) and not (twin and twin.beside):
            number = twin.number if twin else float(table[other, one])
            # that may stand on a corner itself, which it does not cross: all around it is asked
            if one != other and not isnan(number) and around.tend((other, one), number):
                found[one, other] = each._replace(number=number, how=twin.how if twin else "")
    for (one, other), each in list(found.items()):
        number = found[other, one].number if (other, one) in found else each.number
        if abs(each.number - number) > SAME * max(abs(each.number), abs(number)) + _LOST:
            found[one, other] = each._replace(number=nan, how=_UNEVEN)  # the mean is nobody's
    for key, each in found.items():
        table[key] = each.number
    if not any(each.jumps or each.beside or not isfinite(each.number) for each in found.values()):
        # else no sign of an eigenvalue is asked for
        rounded = SecondSides(second.graph, leaves, list(changed(second.graph, data, 0)[1]))
        moved |= {key: abs(rounded.one(*key).number - each.number) for key, each in found.items()}
    return found, moved


_MANY = 1000
"""Of so many names those that do not move are listed once, and not looked up."""

_UNEVEN = "not the same in all directions"

_LOST = TINY / float_info.epsilon
"""On the way to what is smaller numbers may have lost all their digits."""


def _told(
    model: Model, point: CurvedPoint, doubts: Mapping[Both, SecondSlope]
) -> Iterator[BackpropError]:
    """Notes on what stands on a border, warnings on the rest: what is nan, infinite, or at a jump."""
    at, names = point.at, point.names
    border = met(at.graph, at.numbers.data)
    first = [label for each in at.gradient.warnings[:1] for label in each.labels]
    step_of = _BorderSteps(at.graph, border, point.leaves).of

    def labels_at(step: int | None) -> list[Label]:
        return first if step is None else place(model, step, at.numbers.data)[1]

    said = dict[tuple[str, int | None], list[Both]]()
    jumping = dict[int | None, list[tuple[Both, float]]]()
    for one, other in sorted({(min(key), max(key)) for key in doubts}):
        both = [doubts[key] for key in ((one, other), (other, one)) if key in doubts]
        each = max(both, key=lambda each: (isnan(each.number), isinf(each.number), each.jumps))
        if not isfinite(each.number):
            said.setdefault((each.how, step_of(one, other)), []).append((one, other))
        elif each.jumps:
            jumping.setdefault(step_of(one, other), []).append(((one, other), each.number))
    output, where = at.gradient.output, model.source.name
    for (how, step), pairs in said.items():
        listed = few([_name(output, names, pair) for pair in pairs])
        what, are = ("derivatives", "are") if len(pairs) > 1 else ("derivative", "is")
        message = f"the second {what} {listed} {are} {how}"
        if how.removesuffix(BEYOND) in ("inf", "-inf"):
            yield InfiniteSlope(message, *_at_step(model, point, pairs), where=where)
        elif how in (TOO_MANY, UNKNOWN):
            labels = _at_step(model, point, pairs)
            yield IndeterminateForm(f"{message}: nan is given", *labels, where=where)
        else:
            yield AtBorder(f"{message}: nan is given", *labels_at(step), where=where)
    for step, each_of in jumping.items():
        texts = [f"{_name(output, names, pair)} = {shown(number)}" for pair, number in each_of]
        message = f"the gradient jumps here: beside the jump is {few(texts)}"
        yield AtBorder(message, *labels_at(step), where=where)


_MOST_BORDERS = 32
"""Of more steps on a border it is not looked which inputs lead to them."""


class _BorderSteps:
    """The steps of a graph that stand on a border, and which inputs lead to them. leaves: of the inputs."""

    def __init__(self, graph: Graph, border: Collection[int], leaves: Sequence[int]) -> None:
        self._all, self._below = sorted(border), list[tuple[int, set[int]]]()
        at = {leaf: number for number, leaf in enumerate(leaves)}
        if 1 < len(self._all) <= _MOST_BORDERS:
            for step in self._all:
                rows = in_order([step], graph.operands)
                self._below.append((step, {at[row] for row in rows if row in at}))

    def of(self, one: int, other: int) -> int | None:
        """The first of them that two inputs lead to, or one of these; the first of all where that is not
        known, None where there is none."""
        for some in ({one, other}.issubset, lambda each: one in each or other in each):
            for step, inputs in self._below:
                if some(inputs):
                    return step
        return self._all[0] if self._all else None


def _together(model: Model, point: CurvedPoint, table: Any) -> AtBorder | None:
    """A note where what is the same on both sides of each input jumps if several move: `relu(min(x, y))`."""
    at = point.at
    together = MovedTogether(point.second, point.x, table, at.numbers.data)
    if not (what := together.jumps()):
        return None
    names = few([point.names[each] for each in together.places])
    move = f"{names} move together" if len(together.places) > 1 else f"{names} moves with others"
    borders = _BorderSteps(at.graph, met(at.graph, at.numbers.data), point.leaves)
    step = borders.of(together.places[0], together.places[-1])
    labels = [] if step is None else place(model, step, at.numbers.data)[1]
    message = f"the {what} jumps here where {move}"
    return AtBorder(message, *labels, where=model.source.name)


def _at_step(model: Model, point: CurvedPoint, pairs: Sequence[Both]) -> list[Label]:
    """Where the step stands that makes second derivatives infinite or leaves them open, if one does."""
    graph, data = point.at.graph, point.at.numbers.data
    step = endless_bend(graph, data, {point.leaves[each] for pair in pairs for each in pair})
    return [] if step is None else place(model, step, data)[1]


def _name(output: str, names: Sequence[str], pair: Both) -> str:
    """`∂²L/∂x²` or `∂²L/∂x∂y`."""
    one, other = (names[place] for place in pair)
    return f"∂²{output}/∂{one}²" if one == other else f"∂²{output}/∂{one}∂{other}"
