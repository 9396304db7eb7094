"""The graph of single steps of an output, where there is one: of rows that memory does not hold the end of a
run is looked at by values and gradients alone."""

from __future__ import annotations

from backprop.descent.objective import GraphObjective, Objective


def graph_at_hand(objective: Objective) -> GraphObjective | None:
    """It; None of rows that memory does not hold."""
    return None if getattr(objective, "is_by_passes", False) else objective.graph
