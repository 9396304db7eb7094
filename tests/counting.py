"""How much work something is: the steps of Python that it takes, which are the same on every machine."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(work: Callable[[], object]) -> int:
    """The instructions of Python's bytecode, and the calls of functions in C, that `work` takes."""
    count = 0

    def traced(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return traced

    def called(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += event == "c_call"

    before = sys.gettrace(), sys.getprofile()
    sys.settrace(traced)
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
    return count


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times the steps of `work(size)` those of `work(2 * size)` are: 2 if it is linear, 4 if
    quadratic. Both are done once before, so that what is kept from then on is not counted."""
    work(size)
    work(2 * size)
    return steps(lambda: work(2 * size)) / steps(lambda: work(size))
