"""Memory: how much is free, and Python's garbage collector, paused while graphs are built.

The collector looks for circles of objects again and again while memory grows; a graph of Values
has none, and building one of a million Values takes half the time without it.
"""

import gc
import os
import re
import sys
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


def available() -> int:
    """About how many bytes of memory are free; where that is not known, as many as there are, or no end."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return installed()


def installed() -> int:
    """How many bytes of memory the machine has; where that is not known, no end of them."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return sys.maxsize


def memory_of(text: str) -> float:
    """How many bytes `512M` or `2G` are; of "" a quarter of the machine's. Raises ValueError."""
    if not text:
        return installed() / 4
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if not found:
        raise ValueError(text)
    return float(found[1]) * 1024.0 ** " KMGT".index(found[2].upper() or " ")
