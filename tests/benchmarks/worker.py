"""A process for one contestant: `python -m benchmarks.worker`, orders in, replies out, a line of JSON each.

Every contestant, the project included, works in a process of its own, so peak memory is its own,
its threads and warnings are nobody else's, and one that takes too long can be stopped.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any


@dataclass
class Job:
    """call: what is timed. check: the numbers that it finds, to be compared. facts: what preparing
    it has shown: seconds, bytes, how many operations. before: the peak of memory, in bytes, when all
    was imported and the work began. keep: what must not be freed before the job."""

    call: Callable[[], Any]
    check: Callable[..., list[float]]
    facts: dict[str, float] = field(default_factory=dict)
    before: float = 0.0
    keep: Any = None


def peak() -> float:
    """The most memory that this process has had so far, in bytes.

    Linux hands the peak of `getrusage` on from a process to those that it starts, so its own count
    is read there.
    """
    with suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(size if sys.platform == "darwin" else size * 1024)


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """How long a call takes, and its result."""
    start = perf_counter()
    result = call()
    return perf_counter() - start, result


def allocated(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """What Python's allocators hold for the result of a call, the most meanwhile, and the result."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    result = call()
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(held - before), float(most - before), result


def main() -> None:
    """Obey until the orders end."""
    with os.fdopen(os.dup(1), "w") as replies:
        os.dup2(2, 1)  # whatever a peer prints is no reply
        job = Job(lambda: None, list)
        for line in sys.stdin:
            order, *arguments = json.loads(line)
            reply: Any
            if order == "prepare":
                module, function, *arguments = arguments
                job = getattr(importlib.import_module(module), function)(*arguments)
                reply = job.facts
            elif order == "run":
                start = perf_counter()
                for _ in range(arguments[0]):
                    job.call()
                reply = perf_counter() - start
            elif order == "bytes":
                reply = peak() - job.before
            elif order == "peak":
                reply = peak()
            else:
                reply = job.check(*arguments)
            replies.write(json.dumps(reply) + "\n")
            replies.flush()


if __name__ == "__main__":
    from benchmarks import worker  # once, under the name by which the jobs import it

    worker.main()
