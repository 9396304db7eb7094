"""One gradient of GradBench's problems and of long recurrences; and all that comes before the first.

From the texts of the gallery's second shelf, on one core, against JAX (jit, blocked) and C++ written by
hand. The inputs are the same numbers, in a file of NumPy; values and gradients agree to 1e-9 of the
largest, with those by NumPy of gradbench.py, too. JAX's forms are those of GradBench; another one that
is faster stands beside it. With --whole the largest mixture, the whole
process of a mixture as large as GradBench's, and recurrences of 10^7 steps.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import ExitStack
from math import cos, sin
from pathlib import Path
from statistics import median
from typing import Any

import numpy
import pytest

from benchmarks.contest import Launcher, Worker, commands_in_turn, in_turn, installed
from benchmarks.table import Table, duration
from gradbench import PROBLEMS, Problem, characters, prior_constant

SECTION = "6. Arrays: one gradient"
FIRST = "6. Arrays: from the text to the first gradient"

CASES: list[tuple[str, dict[str, int], dict[str, float], bool]] = [
    ("gaussian_mixture", {"n": 1000, "d": 2, "k": 5}, {}, False),
    ("gaussian_mixture", {"n": 100, "d": 10, "k": 5}, {}, False),
    ("gaussian_mixture", {"n": 1000, "d": 10, "k": 5}, {"JAX": 0.4, "C++": 0.3}, True),
    ("gaussian_mixture", {"n": 1000, "d": 64, "k": 100}, {"JAX": 0.7, "C++": 0.5, "build": 0.5}, True),
    ("k_means", {"n": 1000, "k": 10, "d": 8}, {"JAX": 0.6, "C++": 1.0}, False),
    ("log_sum_exp", {"n": 80_000}, {"JAX": 0.6, "C++": 0.5}, False),
    ("polynomial", {"n": 1024, "m": 128}, {"JAX": 0.3, "C++": 0.7}, False),
    ("powers", {"n": 1024, "m": 64}, {"Horner's text": 2.0}, False),
    ("powers", {"n": 1024, "m": 128}, {"Horner's text": 2.0}, True),
    ("lstm", {"layers": 2, "n": 1024, "bits": 14}, {"0.5 ms": 1.0}, False),
]  # fmt: skip
"""A problem, its sizes, the goals of its ratios, and whether it needs --whole."""

OTHER_FORMS = {"polynomial": ["Horner"], "log_sum_exp": ["logsumexp"]}
"""Forms for JAX that GradBench does not have, without a goal."""

COMMAND = shutil.which("backprop", path=str(Path(sys.executable).parent))
BACKPROP = [COMMAND] if COMMAND else [sys.executable, "-m", "backprop"]
JAX_FIRST = (
    "import json, sys; from benchmarks.array_peers import first; first(*json.loads(sys.argv[1]))"
)


def saved(problem: Problem, sizes: dict[str, int], path: Path) -> Path:
    """A file with the inputs."""
    given = problem.inputs(sizes)
    moves = {each.name: each.moves for each in problem.families(sizes)}
    arrays = {f"{'moves' if moves[name] else 'fixed'}.{name}": each for name, each in given.items()}
    if "alpha" in given:
        arrays["fixed.unit"] = numpy.array(prior_constant(sizes["d"]))
    if "bits" in sizes:
        arrays["fixed.text"] = characters(sizes["n"], sizes["bits"])
    numpy.savez(path, **arrays)
    return path


def close(found: list[float], expected: list[float]) -> bool:
    scale = max(map(abs, expected[1:])) * 1e-9
    return found == pytest.approx(expected, rel=1e-9, abs=scale)


@pytest.mark.parametrize(
    ("name", "sizes", "goals"),
    [
        pytest.param(
            *case,
            id=f"{case[0]}-{'-'.join(map(str, case[1].values()))}",
            marks=[pytest.mark.whole] * large,
        )
        for *case, large in CASES
    ],
)
def test_gradient(
    name: str,
    sizes: dict[str, int],
    goals: dict[str, float],
    benchmark: Any,
    table: Table,
    tmp_path: Path,
) -> None:
    what = f"{name} {' '.join(f'{key}={size}' for key, size in sizes.items())}"
    problem, path = PROBLEMS[name], str(saved(PROBLEMS[name], sizes, tmp_path / "inputs.npz"))
    given = problem.inputs(sizes)
    value, slopes = problem.gradient(sizes, given)
    start = problem.by_name(sizes, {each: given[each] for each in slopes})
    expected = [value, *problem.by_name(sizes, slopes).values()]
    with ExitStack() as stack:
        ours = stack.enter_context(Worker("arrays", "text", problem.text(sizes), start))
        others: dict[str, Worker] = {}
        forms = [("JAX", "jax", name), ("C++", "cpp", name)]
        forms += [(f"JAX, {form}", "jax", form) for form in OTHER_FORMS.get(name, ())]
        for shown, function, form in forms:
            if shutil.which("g++") if function == "cpp" else installed("jax"):
                worker = Worker("array_peers", function, form, sizes, path)
                others[shown] = stack.enter_context(worker)
            else:
                table.add(SECTION, what, f"{shown}: not installed")
        if name == "powers":
            text = PROBLEMS["polynomial"].text(sizes)
            others["Horner's text"] = stack.enter_context(Worker("arrays", "text", text, start))
        times = in_turn(
            benchmark, ours.run, {key: each.run for key, each in others.items()}, most=3
        )
        assert close(ours.check(), expected)
        mine = median(times.ours)
        for shown, worker in others.items():
            theirs = times.medians(shown)[1]
            memory = (ours.bytes(), worker.bytes())
            table.add(
                SECTION,
                what,
                shown,
                duration(mine),
                duration(theirs),
                times.ratio(shown),
                goals.get(shown),
                memory,
            )
            assert close(worker.check(), expected)
        if "0.5 ms" in goals:
            table.add(SECTION, what, "a goal: 0.5 ms", duration(mine), "", mine / 0.5e-3, 1.0)
        parse, build = ours.facts["parse"], ours.facts["build"]
        table.add(FIRST, what, "itself: parsing the text", duration(parse))
        compiling = others["JAX"].facts["build"] if "JAX" in others else 0.0
        table.add(
            FIRST,
            what,
            "JAX: its compiler" if compiling else "itself: compiling",
            duration(build),
            duration(compiling) if compiling else "",
            build / compiling if compiling else None,
        )
        if "build" in goals:
            table.add(FIRST, what, "a goal: 0.5 s", duration(build), "", build / 0.5, 1.0)


@pytest.mark.parametrize("cache", ["cached", "uncached"])
def test_first_gradient(
    cache: str, benchmark: Any, table: Table, whole: bool, launcher: Launcher, tmp_path: Path
) -> None:
    """A mixture in 10 dimensions: `backprop grad` against a script of JAX that loads its inputs."""
    sizes = {"n": 1000 if whole else 100, "d": 10, "k": 5}
    problem = PROBLEMS["gaussian_mixture"]
    path = saved(problem, sizes, tmp_path / "inputs.npz")
    file = tmp_path / "mixture.eq"
    file.write_text(problem.text(sizes), encoding="utf-8")
    ours = [*BACKPROP, "grad", str(file), "--wrt", "alpha, mu, q, l", "--format", "json"]
    if cache == "uncached":
        ours = ["env", "BACKPROP_CACHE=off", *ours]
    given = json.dumps(["gaussian_mixture", sizes, str(path)])
    theirs = [
        "env",
        f"PYTHONPATH={Path(__file__).parents[1]}",
        sys.executable,
        "-c",
        JAX_FIRST,
        given,
    ]
    others = {"JAX": theirs} if installed("jax") and cache == "cached" else {}
    times, outputs, memory = commands_in_turn(benchmark, launcher, ours, others, rounds=3, most=20)
    what = f"mixture n={sizes['n']} d=10 k=5, process, {cache}"
    mine, goal = median(times.ours), 0.35 if cache == "cached" else 0.5
    table.add(FIRST, what, f"a goal: {goal} s", duration(mine), "", mine / goal, 1.0)
    value, slopes = problem.gradient(sizes, problem.inputs(sizes))
    by_name = problem.by_name(sizes, slopes)
    found = json.loads(outputs[""])
    expected = [value, *by_name.values()]
    assert close([found["value"], *(found["gradients"][each] for each in by_name)], expected)
    for name in others:
        shown, both = duration(times.medians(name)[1]), (memory[""], memory[name])
        table.add(FIRST, what, name, duration(mine), shown, times.ratio(name), None, both)
        assert close(list(map(float, outputs[name].split())), expected)


def test_two_moons(benchmark: Any, table: Table, launcher: Launcher) -> None:
    """A network trained by the whole command: `--optimizer lbfgs --target 0.001`."""
    from backprop import gallery

    text = gallery.example("two_moons").text
    command = [*BACKPROP, "descend", "-e", text, "--optimizer", "lbfgs", "--target", "0.001", "--format", "json"]  # fmt: skip
    outputs: list[str] = []

    def run(repeats: int) -> float:
        ran = launcher.run(command)
        outputs.append(ran.output)
        return ran.seconds

    mine = median(in_turn(benchmark, run, {}, rounds=3).ours)
    assert json.loads(outputs[-1])["value"] <= 0.001
    table.add(
        FIRST, "two moons to 0.001, process", "a goal: 0.5 s", duration(mine), "", mine / 0.5, 1.0
    )


RECURRENCES = {
    "arithmetic": ("x[t+1] = a*x[t] + b", [1.0, 0.9999, 0.001]),
    "sine": ("x[t+1] = x[t] + a*sin(x[t]) + b", [0.5, 0.0001, 0.00001]),
}


@pytest.mark.parametrize("kind", RECURRENCES)
def test_recurrence(kind: str, benchmark: Any, table: Table, whole: bool) -> None:
    """Steps in time, by the start and two parameters, against the same loops in C++."""
    steps = 10_000_000 if whole else 100_000
    equation, point = RECURRENCES[kind]
    text = f"{equation} for t in 0..{steps - 1}; L = x[{steps}]\nx[0] = {point[0]}; a = {point[1]}; b = {point[2]}"  # fmt: skip
    start = dict(zip(("x[0]", "a", "b"), point, strict=True))
    what = f"recurrence, {kind}, {steps:,} steps"
    with Worker("arrays", "text", text, start) as ours, ExitStack() as stack:
        others: dict[str, Worker] = {}
        fewer = stack.enter_context(Worker("arrays", "text", shorter(text, steps), start))
        if shutil.which("g++"):
            peer = Worker("array_peers", "cpp_recurrence", steps, kind == "sine", point)
            others["C++"] = stack.enter_context(peer)
        else:
            table.add(SECTION, what, "C++: not installed")
        times = in_turn(
            benchmark, ours.run, {name: each.run for name, each in others.items()}, most=3
        )
        expected = recurrence(kind == "sine", steps, *point)
        assert close(ours.check(), expected)
        mine, memory = median(times.ours), ours.bytes()
        for name, each in others.items():
            assert close(each.check(), expected)
            both, theirs = (memory, each.bytes()), times.medians(name)[1]
            table.add(SECTION, what, name, duration(mine), duration(theirs), times.ratio(name), 1.3, both)  # fmt: skip
            once, theirs = ours.facts["first"], each.facts["first"]
            table.add(SECTION, what, f"{name}: the first run", duration(once), duration(theirs), once / theirs, 1.3)  # fmt: skip
        each_step = (memory - fewer.bytes()) / (
            steps - steps // 2
        )  # what is loaded takes some, too
    if whole:  # of fewer steps other things take more
        table.add(SECTION, what, "itself: bytes a step", memory=(each_step, None), most=16)


def shorter(text: str, steps: int) -> str:
    """The same with half as many steps."""
    return text.replace(f"0..{steps - 1}", f"0..{steps // 2 - 1}").replace(f"[{steps}]", f"[{steps // 2}]")  # fmt: skip


def recurrence(sine: bool, steps: int, x: float, a: float, b: float) -> list[float]:
    """The last member, and its derivatives by x, a and b, step by step from the front."""
    of_x, of_a, of_b = 1.0, 0.0, 0.0
    for _ in range(steps):
        by_x, by_a = (1 + a * cos(x), sin(x)) if sine else (a, x)
        of_x, of_a, of_b = by_x * of_x, by_x * of_a + by_a, by_x * of_b + 1
        x = x + a * sin(x) + b if sine else a * x + b
    return [x, of_x, of_a, of_b]
