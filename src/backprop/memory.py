"""Python's garbage collector, paused while graphs are built.

The collector looks for circles of objects again and again while memory grows; a graph of Values
has none, and building one of a million Values takes half the time without it.
"""

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_MANY = 50_000
"""So many new objects are a graph: the collector, which looks at what is new, need not look at it."""

P = ParamSpec("P")
R = TypeVar("R")


def without_collector(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, run with the collector off; afterwards it is as it was."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                gc.freeze()  # calls everything old, without a look at it, …
                gc.unfreeze()  # … and leaves it there, to be collected when that is worth while
            gc.enable()

    return run
