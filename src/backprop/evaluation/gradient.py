"""One output of a Model, its value and its gradient by every name that leads to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from backprop.engine.underflow import LARGE, SCALE, too_small
from backprop.errors import AtBorder, BackpropError, Cancelled, IndeterminateForm, InfiniteSlope
from backprop.evaluation import borders, diagnosis
from backprop.evaluation.leaves import by_rounding, inputs_at
from backprop.evaluation.shaken import MOST, doubted
from backprop.graph import Graph, depending, in_order
from backprop.language import Model
from backprop.memory import without_collector
from backprop.source import normal
from backprop.values import ByNode, Numbers, any_steep, backward, forward

if TYPE_CHECKING:
    from backprop.engine.writers.exact import Open
    from backprop.evaluation.often import Sweep
    from backprop.loops.loop_model import LoopModel
    from backprop.loops.passes import Found


_OFTEN = 40
"""Gradients of a graph after which it is worth compiling, which takes as long as some 20."""

_SWEEPS: WeakKeyDictionary[Graph, Sweep] = WeakKeyDictionary()


class Gradient(NamedTuple):
    """The result of `Model.grad`.

    output: the name of the output. value: its value. data: the value of every name that could be
    computed, in file order. gradients: the derivative of the output by every name that it depends
    on, in file order, the output itself (1.0) included; inf or nan where a slope is. warnings:
    steps that made a gradient inf or nan, steps without a value that the output does not need, and
    names that look the same.
    notes: steps exactly on a border of a choice, where the gradient is that of one side, and
    gradients that are computed with more digits, because rounding would leave too few.

        >>> import backprop
        >>> backprop.parse("L = a*b").grad({"a": 2, "b": -3}).gradients
        {'a': -3.0, 'b': 2.0, 'L': 1.0}
    """

    output: str
    value: float
    data: Mapping[str, float]
    gradients: Mapping[str, float]
    warnings: tuple[BackpropError, ...] = ()
    notes: tuple[AtBorder | Cancelled, ...] = ()

    def __repr__(self) -> str:
        """The output: thousands of numbers are no repr."""
        return f"Gradient({self.output} = {self.value!r}, by {len(self.gradients)} names)"


class Evaluation(NamedTuple):
    """A Model at a point: the graph of an output, the numbers of all rows, and what they say."""

    graph: Graph
    numbers: Numbers
    gradient: Gradient


def gradient(
    model: Model,
    values: Mapping[str, float],
    of: str | None = None,
    engine: str = "auto",
    wrt: Sequence[str] = (),
) -> Gradient:
    """What `Model.grad` says it does. wrt: the names that the derivatives by are asked for, if not all."""
    if found := by_loops(model, values, of, wrt=wrt):
        return found
    return evaluate(model, values, of, engine, noted=True).gradient


def by_loops(
    model: Model,
    values: Mapping[str, float],
    of: str | None,
    names: Sequence[str] | None = None,
    wrt: Sequence[str] = (),
    alone: bool = False,
) -> Gradient | None:
    """What `gradient` finds, by arrays, for a Model of loops; None for others, and where something
    is in doubt, or worth a note: then every step is looked at. names: with the numbers of these and
    the output alone, also where a note may be due. wrt: with the derivatives by these alone, if any. alone:
    with the number of the output only. Raises UnknownName, ChooseOutput."""
    name = model.output(of) if model.loops else ""
    if not model.loops:  # which may have been unrolled for the message
        return None
    from backprop.loops.loop_model import LoopModel

    assert isinstance(model, LoopModel)
    given = {normal(each): number for each, number in values.items()}
    if names is None:
        at = by_arrays(model, given, name)
        if at is not None and alone:
            family, place = model.kind(name)
            value = float(at.values[family.name][place])
            return Gradient(
                name, value, {name: value}, model.slopes(at, wrt), tuple(model.warnings)
            )
        model.found = at
        found = None if at is None else model.named(at, wrt)
    else:
        found = model.by_names(given, name, [*names, name], wrt)
    if found is None:
        return None
    data, gradients = found
    return Gradient(name, data[name], data, gradients, tuple(model.warnings))


def by_arrays(model: LoopModel, values: Mapping[str, float], output: str) -> Found | None:
    """The numbers of all members of a Model of loops; None where something is in doubt, or worth a note."""
    found = model.swept(values, output)
    if found is not None or not model.leads_few(output):
        return found
    found = model.swept(values, output, False)
    return None if found is None else _looked_at(model, found, output)


def _looked_at(model: LoopModel, found: Found, output: str) -> Found | None:
    """These numbers, of the few steps that lead to an output those that these have alone, with the digits
    that rounding takes; None where there is something to say of them, or they cannot be cut out."""
    from backprop.loops.chosen import Chosen
    from backprop.loops.excerpt import Excerpt
    from backprop.loops.many import NotLoops

    try:
        chosen = Chosen(model, output)
        excerpt = Excerpt(model, chosen.in_turn(chosen.computed()), {}, found.values)
        if not excerpt.roots:
            return found
        part = excerpt.model
        given = {name: excerpt.data[part.names[name]] for name in part.inputs}
        near = evaluate(part, given, output, noted=True).gradient
    except (NotLoops, BackpropError):
        return None
    if excerpt.rests or near.notes or near.warnings:
        return None
    gradients = {**found.gradients}
    copied = set[str]()
    for name, slope in near.gradients.items():
        of, at = model.kind(name)
        if of.name not in copied:
            copied.add(of.name)
            gradients[of.name] = gradients[of.name].copy()
        gradients[of.name][at] = slope
    return found._replace(gradients=gradients)


def refuse(model: Model, values: Mapping[str, float], of: str | None) -> None:
    """Raise MissingInputs, or NotFinite for a step, of a Model of loops, where that is known without all
    other steps."""
    if model.loops:
        from backprop.evaluation.no_number import no_number
        from backprop.evaluation.no_value import no_value
        from backprop.loops.loop_model import LoopModel

        assert isinstance(model, LoopModel)
        given = {normal(each): number for each, number in values.items()}
        name = model.output(of)
        if error := no_number(model, given, name) or no_value(model, given, name):
            raise error


def settled(graph: Graph, data: ByNode, gradients: ByNode) -> Mapping[int, Open] | None:
    """Set `gradients` to the derivatives of the output by every node that leads to it, where the
    nodes are worth `data`; nan where the chain rule does not decide (0·∞): these nodes are returned,
    each with where that is. None: nothing was in doubt."""
    order, steps = graph.order, graph.steps
    for node in order:
        gradients[node] = 0.0
    gradients[graph.output] = 1.0
    doubtful = backward(graph, steps, data, gradients)
    finite = all([isfinite(gradients[node]) for node in order])  # noqa: C419
    if finite and doubtful and _scaled(graph, data, gradients):
        doubtful = []
    if too_small(graph, data):  # what such a value is a factor of is in doubt, too
        doubtful = [graph.output]
    if finite and not doubtful:
        return None
    from backprop.evaluation.harmless import harmless

    if (sure := harmless(graph, data)) is not None:
        for node in order:
            gradients[node] = sure[node]
        return None
    from backprop.evaluation.indeterminate import settle  # which has mpmath compute: 40 ms

    return settle(graph, data, gradients, doubtful)


def _swept(graph: Graph, data: ByNode, gradients: ByNode) -> bool:
    """Whether values and gradients of a graph are set, and nothing about them is in doubt: so for
    most points of one whose gradient is asked often."""
    graph.asked += 1
    if graph.asked <= _OFTEN or len(graph.steps) > MOST:
        return False
    from backprop.evaluation.often import sweep

    if graph not in _SWEEPS:
        _SWEEPS[graph] = sweep(graph)
    return _SWEEPS[graph](data, gradients)


def _scaled(graph: Graph, data: ByNode, gradients: ByNode) -> bool:
    """Compute the gradients again, large enough for doubles on the way; whether that went well."""
    found: dict[int, float] = defaultdict(float, {graph.output: SCALE})
    doubtful = backward(graph, graph.steps, data, found)
    # what is too small even then is left out
    if doubtful and (len(graph.steps) < LARGE or any_steep(graph, doubtful, data)):
        return False
    if not all([isfinite(found[node]) for node in graph.order]):  # noqa: C419
        return False
    for node in graph.order:
        gradients[node] = found[node] / SCALE
    return True


def partials(graph: Graph, node: int, data: ByNode) -> dict[int, float]:
    """The derivative of one equation by each name that it uses, as `Model.grad` would have it if
    these were inputs."""
    used = list(graph.uses(node))
    alone = graph.alone(node)
    gradients: dict[int, float] = dict.fromkeys(used, 0.0)
    if undecided := settled(alone, data, gradients):
        from backprop.evaluation.indeterminate import slopes_by_values

        slope = slopes_by_values(alone, data)
        gradients |= {name: slope(name)[0] for name in used if name in undecided}
    if found := doubted(alone, data, gradients):
        from backprop.evaluation.cancelled import restored

        restored(alone, data, gradients, found, undecided is not None)
    return {name: gradients[name] for name in used}


@without_collector
def evaluate(
    model: Model,
    values: Mapping[str, float],
    of: str | None = None,
    engine: str = "auto",
    noted: bool = False,
    by_values: bool = True,
    restores: bool = True,
    among: Sequence[str] | None = None,
    known: Sequence[float] | None = None,
) -> Evaluation:
    """The value and the gradient of an output, with all numbers that lead there.

    noted: whether to look for the borders that notes are about. by_values: whether what the chain
    rule does not decide is asked of the values; otherwise it is nan. restores: whether gradients of
    which rounding leaves too few digits are computed again. Raises as `Model.grad`.
    """
    name = model.output(of)
    refuse(model, values, name)
    columns, output = model.columns, model.names[name]
    graph = model.graph(name)
    order, leading = graph.order, set(graph.order)
    names = model.names
    if among is not None:
        names = {label: names[label] for label in (*among, name)}
    if others := [node for node in names.values() if node not in leading and among is None]:
        # what the output does not need is computed too
        others = in_order(
            others, lambda node: [each for each in graph.operands(node) if each not in leading]
        )
        order = order + others
    given, missing = inputs_at(model, values) if known is None else ({}, set[int]())
    if missing and (needed := missing.intersection(graph.order)):
        absent = [label for label, node in model.names.items() if node in needed]
        from backprop.evaluation.missing import missing_inputs

        raise missing_inputs(model, name, absent)
    data = columns.start() if known is None else [*known]
    for node, number in given.items():
        data[node] = number
    gradients = [0.0] * len(data)
    native = sure = False
    swept = not missing and engine == "auto" and restores and _swept(graph, data, gradients)
    if engine != "auto":  # which interprets here: for one run it takes longer to lay a graph out
        from backprop.engine.choosing import choose

        native = choose(engine, len(order), 1) is None
    if native:
        from backprop.engine.tape import Tape

        sure = Tape(columns, order, output).run(data, gradients)
        sure = sure and not too_small(graph, data)
    else:
        forward(columns, filter(columns.is_step, others if swept else order), data)
    computed = order
    if missing:  # what needs an input without a number has no value either
        unknown = depending(columns, missing, order)
        computed = [node for node in order if node not in unknown]
    warnings = [*model.warnings, *by_rounding(model, values)]
    whole, by_sides, corners = graph, list[int](), None
    if model.derivations and not missing:
        from backprop.evaluation.decided import decided

        if seen := decided(model, graph, order, data, settled):
            graph, computed, by_sides, told, corners = seen
            warnings += told
    if others or not swept:
        warnings += diagnosis.values(model, computed, len(graph.order), data)
    undecided = None if sure or swept else settled(graph, data, gradients)
    if undecided is not None and by_values:
        from backprop.evaluation import indeterminate

        warnings += indeterminate.by_values(model, graph, data, gradients, undecided)
        warnings += indeterminate.lost(model, graph, data)
    if sure or undecided is not None:  # otherwise all are finite
        warnings += diagnosis.gradients(model, graph, data, gradients, undecided or ())
    lost = None
    if restores and not swept and (moving := doubted(graph, data, gradients)):
        from backprop.evaluation import cancelled  # with mpmath

        if len(graph.steps) <= cancelled.LARGE:
            lost = cancelled.restored(graph, data, gradients, moving, undecided is not None)
        else:
            warnings += cancelled.left(model, graph, gradients, moving)
    for node, more in corners.more(graph.output, model.labels).items() if corners else ():
        gradients[node] += more
    notes: tuple[AtBorder | Cancelled, ...] = ()
    at_border = borders.met if among is None else borders.met_within
    steps = at_border(graph, data) if noted else []
    if steps and corners:
        outside = corners.outside(graph.output)
        steps = [step for step in steps if step in outside]
    if steps:
        from backprop.evaluation.other_side import asked  # which has mpmath compute: 40 ms

        notes = asked(model, graph, steps, data, gradients)
    if lost and lost.jumping and undecided is None:  # else it is told above
        from backprop.evaluation import indeterminate

        warnings += indeterminate.lost(model, graph, data)
    if lost:
        notes += (*cancelled.notes(model, graph, data, lost),)
    if by_sides:
        from backprop.evaluation.decided import abridged, add_slopes

        warnings += abridged(model, add_slopes(model, whole, data, gradients, by_sides))
    if corners:
        from backprop.evaluation.decided import unseen

        warnings += unseen(model, corners)
    valued = set(computed if missing else order)
    found = Gradient(
        name,
        data[output],
        {label: data[node] for label, node in names.items() if node in valued},
        # + 0.0 makes a 0 of -0.0, which means nothing as a gradient
        {label: gradients[node] + 0.0 for label, node in names.items() if node in leading},
        tuple(warnings),
        notes,
    )
    return Evaluation(whole, Numbers(data, gradients), found)


def only_by(result: Gradient, names: Sequence[str]) -> Gradient:
    """A Gradient by these names alone, with what there is to say of them. A name that the output does
    not depend on has the derivative 0."""
    gradients = {name: result.gradients.get(name, 0.0) for name in names}
    finite = all(map(isfinite, gradients.values()))

    def is_asked(warning: BackpropError) -> bool:
        """Not of slopes that nobody asked for."""
        if isinstance(warning, IndeterminateForm | Cancelled):
            return not warning.leads.isdisjoint(names)
        return not (finite and isinstance(warning, InfiniteSlope))

    warnings = tuple(filter(is_asked, result.warnings))
    seen = {*names, result.output}  # its value is shown, too
    notes = tuple(
        each
        for each in result.notes
        if not each.leads.isdisjoint(seen if isinstance(each, Cancelled) else names)
    )
    return result._replace(gradients=gradients, warnings=warnings, notes=notes)
