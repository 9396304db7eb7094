"""Whether a result was too small for a double: the processor keeps a mark of that (IEEE 754-2019,
7.5, the underflow flag), which C's fenv.h clears and reads."""

from collections.abc import Callable
from functools import cache

from backprop.graph import Columns, Graph
from backprop.syntax.functions import TINY, can_vanish
from backprop.values import ByNode

SCALE = 2.0**512
"""Where adjoints become too small they are computed again, times this."""

LARGE = 1000
"""From so many steps on, what is too small even then is left out: it is below 1e-462."""

_FLAGS = {"x86_64": 0x10, "AMD64": 0x10, "i686": 0x10, "aarch64": 0x08, "arm64": 0x08}


def flag() -> int:
    """The bit of the mark on this processor; 0 where that is not known."""
    import platform

    return _FLAGS.get(platform.machine(), 0)


def both() -> int:
    """The bits of the marks of underflow and of overflow, which is the one below on all of these."""
    return flag() | flag() >> 1


@cache
def functions() -> tuple[Callable[[], object], Callable[[], int]] | None:
    """One that clears the mark and one that reads it, in this thread; None where there are none."""
    import ctypes

    try:
        library = ctypes.PyDLL(None)
        clear, read = library.feclearexcept, library.fetestexcept
    except (OSError, AttributeError, TypeError):
        return None
    bit = ctypes.c_int(flag())
    return (lambda: clear(bit), lambda: read(bit)) if bit.value else None


def vanished(graph: Graph | Columns, node: int, data: ByNode) -> bool:
    """Whether the value of a node is 0 only because it is too small for a double."""
    return not data[node] and has_lost(graph, node, data)


def too_small(graph: Graph, data: ByNode) -> list[int]:
    """The steps whose values have lost digits because they are too small for a double, or all of them."""
    small = [step for step in graph.steps if -TINY < data[step] < TINY]
    return [step for step in small if has_lost(graph, step, data)]


def has_lost(graph: Graph | Columns, node: int, data: ByNode) -> bool:
    """Whether the value of a step has lost digits, or all of them, because it is too small for a
    double: a sum loses none, nor what is 0 because a factor is."""
    made = data[node] or all(data[each] for each in graph.operands(node))
    return -TINY < data[node] < TINY and bool(made) and can_vanish(graph.op(node))
