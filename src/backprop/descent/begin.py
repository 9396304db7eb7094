"""Where a descent begins: an output at a point, as a function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop.descent.objective import GraphObjective, Objective, around
from backprop.evaluation.gradient import Gradient, by_loops, evaluate
from backprop.language import Model


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
    if model.loops and (begun := by_loops(model, values, output, names)):
        from backprop.descent.looped import LoopedObjective, NotLoops  # with numpy

        try:
            saved = around(len(names)) if compiled else 0.0
            return LoopedObjective(model, begun, names, values, engine, runs, saved), begun  # type: ignore[arg-type]
        except NotLoops:
            pass
    at = evaluate(model, values, output, restores=False)
    how = ("auto", 1) if compiled else (engine, runs)
    return GraphObjective(model, at, names, values, *how), at.gradient
