"""The project as a contestant for one gradient of arrays, from a text of the gallery's second shelf."""

from __future__ import annotations

import numpy

import backprop
from benchmarks.array_peers import one_core
from benchmarks.project import by_these
from benchmarks.worker import Job, peak, seconds


def text(text: str, start: dict[str, float]) -> Job:
    """The one output of a text, by these inputs. facts: seconds to parse and to compile, and of the first
    run, which nobody has touched memory for."""
    one_core()
    backprop.parse("y[0] = 1; y[t+1] = sin(y[t]) for t in 0..1; L = y[2]")  # loads what reads it
    before = peak()
    parse, model = seconds(lambda: backprop.parse(text))
    build, run = seconds(lambda: by_these(model, list(start)))
    point = numpy.array(list(start.values()))
    first, _ = seconds(lambda: run(point))

    def check() -> list[float]:
        value, slopes = run(point)
        return [float(value), *map(float, slopes)]

    return Job(lambda: run(point), check, {"parse": parse, "build": build, "first": first}, before)
