"""Where a descent begins: an output at a point, as a function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan

from backprop.descent.objective import GraphObjective, Objective, around
from backprop.errors import NotFinite
from backprop.evaluation.gradient import Gradient, by_loops, evaluate
from backprop.language import Model

_PASSES = 4
"""Passes over all rows that a run by minibatches makes at least, if these are many."""


def begin(
    model: Model,
    values: Mapping[str, float],
    output: str,
    names: Sequence[str],
    engine: str,
    runs: int,
    compiled: bool = False,
) -> tuple[Objective, Gradient]:
    """An output as a function of some inputs, and what is known of it at these values, of these inputs
    at least: by loops, if the Model has some, and else by its graph.

    engine, runs: how it is to be computed, and about how often. compiled: whether a compiled loop may do
    that. Raises what `Model.grad` raises.
    """
    if streamed := _streamed(model, values, output, names, engine):
        return streamed
    begun = _over_rows(model, values, output, names)
    if begun or (model.loops and (begun := by_loops(model, values, output, names))):
        from backprop.descent.looped import LoopedObjective, NotLoops  # with numpy

        try:
            saved = around(len(names)) if compiled else 0.0
            return LoopedObjective(model, begun, names, values, engine, runs, saved), begun  # type: ignore[arg-type]
        except NotLoops:
            pass
    at = evaluate(model, values, output, restores=False)
    how = ("auto", 1) if compiled else (engine, runs)
    return GraphObjective(model, at, names, values, *how), at.gradient


def begin_with_rows(
    model: Model,
    values: Mapping[str, float],
    output: str,
    names: Sequence[str],
    engine: str,
    runs: int,
) -> tuple[Objective, Gradient]:
    """As `begin`, but of all that is known there only the numbers of these inputs are found, if the Model is
    one of loops: values and gradients of all rows take many times the room of a table."""
    if streamed := _streamed(model, values, output, names, engine):
        return streamed
    known = {**model.default_numbers(), **values} if model.loops else {}
    if all(name in known for name in names) and model.loops:
        from backprop.descent.looped import LoopedObjective, NotLoops  # with numpy

        numbers = {name: known[name] for name in names}
        begun = Gradient(output, nan, numbers, {}, tuple(model.warnings))
        try:
            how = engine, max(runs, _PASSES), 0.0, True
            found = LoopedObjective(model, begun, names, values, *how)  # type: ignore[arg-type]
            value = found.value(found.start)
            return found, begun._replace(value=value)
        except (NotLoops, NotFinite):
            pass
    return begin(model, values, output, names, engine, runs)


def _streamed(
    model: Model, values: Mapping[str, float], output: str, names: Sequence[str], engine: str
) -> tuple[Objective, Gradient] | None:
    """The output over tables that are read in batches; None where there are none."""
    if model.laid is None:
        return None
    from backprop.data_streamed import is_streamed  # for data only

    if not is_streamed(model.laid):
        return None
    from backprop.descent.streamed_objective import StreamedObjective

    found = StreamedObjective(model, model.output(output), names, values, engine)
    try:
        return found, found.found(found.start)
    except NotFinite as error:
        raise found.explained(error) from None


def _over_rows(
    model: Model, values: Mapping[str, float], output: str, names: Sequence[str]
) -> Gradient | None:
    """What is known of an output over many rows of data."""
    if not model.loops or model.laid is None:
        return None
    from backprop.by_rows.rows_engine import found_over_rows  # for data only

    of = model.output(output)
    found = found_over_rows(model, of, values)
    if found is None or any(name not in found.data for name in names):
        return None
    data = {name: found.data[name] for name in (*names, of)}
    slopes = {name: found.gradients[name] for name in (*names, of) if name in found.gradients}
    return Gradient(of, found.value, data, slopes, tuple(model.warnings))
