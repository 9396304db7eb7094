"""Descent on the inputs of a Model: a table of optimizers, rules for stopping, and the run.

Names are imported when they are first used: who needs a part of this folder need not have all of it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # of `typing`, whose import takes longer than all else here
if TYPE_CHECKING:
    from typing import Any

    from backprop.descent.errand import Errand
    from backprop.descent.history import Step
    from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES
    from backprop.descent.result import Descent, State
    from backprop.descent.starts import descend

__all__ = ["OPTIMIZERS", "SCHEDULES", "Descent", "Errand", "State", "Step", "descend"]

_HOMES = {
    "errand": ("Errand",),
    "history": ("Step",),
    "optimizers": ("OPTIMIZERS", "SCHEDULES"),
    "result": ("Descent", "State"),
    "starts": ("descend",),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"backprop.descent.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
