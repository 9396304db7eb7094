"""NIST's certified fits from both published starts, with default settings: digits of the worst parameter and
how often the residuals were computed, beside lmfit, scipy and gnuplot.

    python -m benchmarks.certified     # in tests/: a table in Markdown; a peer that is not installed is left out
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from math import isfinite, log10
from pathlib import Path
from typing import Any, NamedTuple

import numpy

import backprop
from benchmarks.contest import installed
from certified_fits import MODELS, CertifiedFit, certified_fits
from test_fit import columns_of

warnings.simplefilter("ignore")


class Found(NamedTuple):
    """numbers: of the parameters by name; effort: steps or evaluations, as the program counts them."""

    numbers: Mapping[str, float]
    effort: float


Peer = Callable[[CertifiedFit, Mapping[str, Any], dict[str, float]], Found]


def digits(found: Mapping[str, float], certified: Mapping[str, float]) -> float:
    """How many digits of the worst parameter are right, from 0 to 11."""
    least = 11.0
    for name, right in certified.items():
        number = found.get(name, float("nan"))
        if not isfinite(number):
            return 0.0
        apart = abs(number - right) / abs(right)
        least = min(least, -log10(apart) if apart else 11.0)
    return max(0.0, least)


def function(problem: CertifiedFit) -> tuple[Callable[..., Any], list[str]]:
    """The right side by NumPy, of a table's columns and parameters."""
    names = list(problem.parameters)
    text = MODELS[problem.name].replace("^", "**")
    scope = {name: getattr(numpy, name) for name in ("exp", "cos", "sin", "pi")}
    made = eval(f"lambda x, z, {', '.join(names)}: {text}", {**scope, "atan": numpy.arctan})
    return made, names


def observed(problem: CertifiedFit, columns: Mapping[str, Any]) -> Any:
    return numpy.log(columns["y"]) if problem.name == "Nelson" else columns["y"]


def ours(problem: CertifiedFit, columns: Mapping[str, Any], start: dict[str, float]) -> Found:
    left = "log(y)" if problem.name == "Nelson" else "y"
    model = backprop.parse(f"{left} ~ {MODELS[problem.name]}", data=dict(columns))
    found = model.fit(values=start)
    return Found(found.parameters, found.found.solved.steps)


def by_scipy(method: str) -> Peer:
    def run(problem: CertifiedFit, columns: Mapping[str, Any], start: dict[str, float]) -> Found:
        from scipy.optimize import curve_fit, least_squares

        made, names = function(problem)
        x, z, y = columns["x"], columns.get("z"), observed(problem, columns)
        count = [0]

        def model(_: Any, *b: float) -> Any:
            count[0] += 1
            return made(x, z, *b)

        first = [start[name] for name in names]
        if method == "curve_fit":
            best, _ = curve_fit(model, x, y, first)
        else:
            best = least_squares(lambda b: model(None, *b) - y, first).x
        return Found(dict(zip(names, map(float, best), strict=True)), count[0])

    return run


def by_lmfit(problem: CertifiedFit, columns: Mapping[str, Any], start: dict[str, float]) -> Found:
    import lmfit

    made, names = function(problem)
    x, z, y = columns["x"], columns.get("z"), observed(problem, columns)
    begin = lmfit.create_params(**start)
    found = lmfit.minimize(lambda p: made(x, z, *[p[n].value for n in names]) - y, begin)
    return Found({name: float(found.params[name].value) for name in names}, found.nfev)


def by_gnuplot(problem: CertifiedFit, columns: Mapping[str, Any], start: dict[str, float]) -> Found:
    names = list(problem.parameters)
    y = observed(problem, columns)
    x, z = columns["x"], columns.get("z", numpy.zeros_like(y))
    with tempfile.TemporaryDirectory() as folder:
        numpy.savetxt(Path(folder, "rows"), numpy.c_[x, z, y], fmt="%.17g")
        model = re.sub(r"\bz\b", "y", MODELS[problem.name]).replace("^", "**")
        model = re.sub(r"(?<![\w.])(\d+)(?![\w.])", r"\1.", model)  # 1/2 is 0 there
        lines = [f"{name} = {number!r}" for name, number in start.items()]
        lines += ["set fit quiet nolog", f"f(x, y) = {model}"]
        lines += [f"fit f(x, y) 'rows' using 1:2:3 via {', '.join(names)}"]
        lines += [f'print sprintf("{name} %.17g", {name})' for name in names]
        lines += ["print sprintf('steps %d', FIT_NITER)"]
        command = ["gnuplot", "-e", "; ".join(lines)]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    numbers = dict(line.split() for line in ran.stderr.splitlines() if len(line.split()) == 2)
    found = {name: float(numbers[name]) for name in names}
    return Found(found, float(numbers["steps"]))


PEERS: dict[str, Peer] = {"backprop": ours}
if installed("lmfit"):
    PEERS["lmfit"] = by_lmfit
if installed("scipy"):
    PEERS |= {name: by_scipy(name) for name in ("least_squares", "curve_fit")}
if shutil.which("gnuplot"):
    PEERS["gnuplot"] = by_gnuplot


def main() -> None:
    print(f"| set | start | {' | '.join(PEERS)} |")
    print(f"| --- | --- | {' | '.join('---' for _ in PEERS)} |")
    solved = {name: [0, 0] for name in PEERS}
    for problem in certified_fits():
        columns = columns_of(problem.name)
        for at, start in enumerate(problem.starts, 1):
            cells = []
            for name, run in PEERS.items():
                try:
                    found = run(problem, columns, dict(start))
                except Exception as error:  # whatever it says, it has found nothing
                    cells.append(f"- ({type(error).__name__})")
                    continue
                right = digits(found.numbers, problem.parameters)
                for place, wanted in enumerate((6, 4)):
                    solved[name][place] += right >= wanted
                cells.append(f"{right:.1f} ({found.effort:g})")
            print(f"| {problem.name} | {at} | {' | '.join(cells)} |")
            sys.stdout.flush()
    for place, wanted in enumerate((6, 4)):
        counts = " | ".join(str(solved[name][place]) for name in PEERS)
        print(f"| {wanted} digits, of 54 | | {counts} |")


if __name__ == "__main__":
    main()
