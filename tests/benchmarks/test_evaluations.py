"""Evaluations until the end is shown, against scipy's best method on the same function.

Value and gradient at a point are one evaluation. Scipy's method is chosen for each function by who gets to
the published minimum with the fewest, with its default settings; ours are all that the default takes, the
looks that show the end included.
"""

from __future__ import annotations

from statistics import median

import pytest

import backprop
from benchmarks.table import Table
from scipy_evaluations import fewest
from standard_functions import STANDARD_FUNCTIONS

SECTION = "8. Evaluations of standard functions"
MOST = 1.3
"""Times scipy's best, in the median."""


@pytest.mark.benchmark
def test_evaluations(benchmark: object, table: Table) -> None:
    ratios = []
    for function in STANDARD_FUNCTIONS:
        ours = backprop.parse(function.equations).descend(function.start).evaluations
        best = fewest(function)
        if best is None:
            table.add(SECTION, function.name, "none of scipy's gets there", f"{ours}")
            continue
        ratios.append(ours / best.evaluations)
        theirs = f"{best.evaluations}"
        table.add(SECTION, function.name, f"scipy {best.method}", f"{ours}", theirs, ratios[-1])
    middle = median(ratios)
    table.add(SECTION, f"median of {len(ratios)}", "scipy's best", ratio=middle, limit=MOST)
    benchmark(lambda: None)  # type: ignore[operator]
    assert middle <= MOST
