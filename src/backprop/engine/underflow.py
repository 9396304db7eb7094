"""Whether a result was too small for a double: the processor keeps a mark of that (IEEE 754-2019,
7.5, the underflow flag), which C's fenv.h clears and reads."""

from collections.abc import Callable, Iterator
from functools import cache
from math import copysign, isfinite
from sys import float_info

from backprop.graph import Columns, Graph, depending
from backprop.syntax.functions import TINY, can_vanish
from backprop.values import ByNode, forward

SCALE = 2.0**512
"""Where adjoints become too small they are computed again, times this."""

LARGE = 1000
"""From so many steps on, what is too small even then is left out: it is below 1e-462."""

_LAST, _TRIES = 5e-324, 20
"""The last digit of the smallest numbers, and of how many steps it is tried what it does to an output."""

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


def last_digits(graph: Graph, data: ByNode, gradients: ByNode) -> Iterator[float]:
    """What the last digit of each step does to the output. gradients: its derivatives by the steps.

    Numbers below 2e-308 have few digits, and their slopes are often too large for a double: 1/x of log(x).
    """
    tries = _TRIES
    for step in graph.steps:
        value, gradient = data[step], gradients[step]
        if isfinite(gradient) or not 0 < abs(value) < float_info.min or not tries:
            yield max(float_info.epsilon * abs(value), _LAST if value else 0.0) * gradient
            continue
        tries -= 1
        moved = [*data]
        moved[step] += copysign(_LAST, value)
        later = depending(graph, [step], graph.steps) - {step}
        forward(graph, [at for at in graph.steps if at in later], moved)
        yield moved[graph.output] - data[graph.output]
