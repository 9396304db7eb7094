"""Start-up: one example's value and gradient by a whole process, from a text where the peer reads any.

backprop's table and JSON against importing what its command line is made of, bare Python, qalc,
maxima, SymEngine, SymPy and JAX. Wall time and peak memory of the process; files are in the system's
cache and the grammar's tables in the user's.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.contest import Launcher, Ran, in_turn, installed
from benchmarks.table import Table, duration

PYTHON = [sys.executable, "-c"]
COMMAND = shutil.which("backprop", path=str(Path(sys.executable).parent))
GRAD = [COMMAND] if COMMAND else [sys.executable, "-m", "backprop"]
GRAD += ["grad", "-e", "e = a*b; d = e+c; L = d*f", "--set", "a=2, b=-3, c=10, f=-2"]
LIMITS = {"table": 0.6, "json": 0.6}

SYMENGINE = """
from symengine import sympify
L = sympify("(a*b + c)*f")
at = {"a": 2, "b": -3, "c": 10, "f": -2}
print(L.subs(at), *(L.diff(name).subs(at) for name in at))
"""
SYMPY = """
from sympy import diff, parse_expr, symbols
L = parse_expr("(a*b + c)*f")
at = dict(zip(symbols("a b c f"), (2, -3, 10, -2)))
print(L.subs(at), *(diff(L, name).subs(at) for name in at))
"""
JAX = """
import jax
L = jax.value_and_grad(lambda a, b, c, f: (a*b + c)*f, argnums=(0, 1, 2, 3))
value, slopes = L(2.0, -3.0, 10.0, -2.0)
print(float(value), *map(float, slopes))
"""
QALC = "[(2*(-3)+10)*(-2), " + ", ".join(
    f"diff({formula}, x, 1, {at})"
    for formula, at in (
        ("(x*(-3)+10)*(-2)", 2),
        ("(2*x+10)*(-2)", -3),
        ("(2*(-3)+x)*(-2)", 10),
        ("(2*(-3)+10)*x", -2),
    )
)
MAXIMA = (
    "L:(a*b+c)*f$ p:[a=2,b=-3,c=10,f=-2]$"
    "print(subst(p,[L,diff(L,a),diff(L,b),diff(L,c),diff(L,f)]))$"
)

PEERS: dict[str, tuple[str, list[str]]] = {
    # name: the module or program that it needs, the command
    "import typer, rich, lark": ("lark", [*PYTHON, "import typer, rich.table, rich.console, lark"]),
    "python -c ''": ("", [*PYTHON, ""]),
    "qalc": ("qalc", ["qalc", "-t", QALC + "]"]),
    "maxima": ("maxima", ["maxima", "--very-quiet", f"--batch-string={MAXIMA}"]),
    "SymEngine": ("symengine", [*PYTHON, SYMENGINE]),
    "SymPy": ("sympy", [*PYTHON, SYMPY]),
    "JAX": ("jax", [*PYTHON, JAX]),
}


def missing(needed: str, command: list[str]) -> bool:
    if command[0] == sys.executable:
        return bool(needed) and not installed(needed)
    return shutil.which(needed) is None


@pytest.mark.parametrize("form", ["table", "json"])
def test_start(form: str, benchmark: Any, table: Table, launcher: Launcher) -> None:
    ours = [*GRAD, "--format", form] if form == "json" else GRAD
    ran: dict[str, Ran] = {}

    def run(name: str, command: list[str], repeats: int) -> float:
        found = [launcher.run(command) for _ in range(repeats)]
        ran[name] = found[0]
        return sum(each.seconds for each in found) / repeats

    # the peers run once: the second form meets the two that its limits are about
    names = PEERS if form == "table" else [*PEERS][:2]
    absent = [name for name in names if missing(*PEERS[name])]
    present = [name for name in names if name not in absent]
    times = in_turn(
        benchmark,
        lambda repeats: run("", ours, repeats),
        {name: lambda n, name=name: run(name, PEERS[name][1], n) for name in present},
        most=30,
    )
    gradient = json.loads(launcher.run([*GRAD, "--format", "json"]).output)
    expected = [gradient["value"], *(gradient["gradients"][name] for name in "abcf")]
    for name in present:
        mine, theirs = times.medians(name)
        limit = LIMITS[form] if name.startswith("import") else None
        table.add(
            "1. Start-up, a whole process",
            f"grad, {form}",
            name,
            duration(mine),
            duration(theirs),
            times.ratio(name),
            limit,
            (ran[""].bytes, ran[name].bytes),
        )
        if ran[name].output.strip():
            assert numbers(ran[name].output) == pytest.approx(expected, rel=1e-9)
    for name in absent:
        table.add("1. Start-up, a whole process", f"grad, {form}", f"{name}: not installed")


def numbers(output: str) -> list[float]:
    """The five numbers at the end of what a peer prints, whatever stands around them."""
    text = output.replace("\u2212", "-").replace("- ", "-")
    return [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text)[-5:]]
