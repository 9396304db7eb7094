"""Gradients of large texts that stand exactly on corners or jumps: of so many steps it is only said that
there are some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backprop.errors import AtBorder

if TYPE_CHECKING:
    from backprop.loops.loop_model import LoopModel
    from backprop.loops.passes import Found


def swept_with_notes(
    model: LoopModel, values: Mapping[str, float], output: str, most: float
) -> tuple[Found, list[AtBorder]] | None:
    """The numbers of all members, and the note that is due; None where something is in doubt, and where a
    note is due of no more than `most` steps: that says where, and what is so on the other side."""
    if found := model.swept(values, output):
        return found, []
    found = model.swept(values, output, noted=False)
    if found is None or model.plan.leading <= most:
        return None
    message = (
        "there are corners or jumps exactly here: gradients by what leads there are of one side"
    )
    return found, [AtBorder(message, where=model.source.name)]
