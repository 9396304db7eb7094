"""The end of a process that has read a table: threads of pyarrow must not fail while Python ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("runs", [6, pytest.param(80, marks=pytest.mark.whole)])
@pytest.mark.parametrize("module", ["backprop", "main"])
def test_a_process_that_has_read_a_table_ends_with_its_status(
    tmp_path: Path, module: str, runs: int
) -> None:
    """An error soon after a table was read ended one process in seven by SIGABRT: a thread of pyarrow gave back
    what it had read, for which it needed the interpreter. main: without the end that `command` has."""
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n" + "".join(f"{at},{at * at}\n" for at in range(10)))
    line = ["fit", "-e", "y ~ a*x^2 + b", "--data", str(rows), "--sigma-x", "z=0.1"]
    code = (
        ["-m", "backprop"]
        if module == "backprop"
        else ["-c", "from backprop.cli import main; main()"]
    )
    for _ in range(runs):
        ran = subprocess.run(
            [sys.executable, *code, *line], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 2, ran.stderr
        assert ran.stderr.endswith("write --sigma-x x=0.1\n")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({}, "1 None"),
        ({"OPENBLAS_NUM_THREADS": "3"}, "3 None"),
        ({"OMP_NUM_THREADS": "2"}, "None 2"),
    ],
)
def test_linear_algebra_takes_one_thread_if_nobody_says_another_number(
    given: dict[str, str], taken: str
) -> None:
    code = """
import os, sys
from backprop.cli import command
try:
    command()
except SystemExit:
    print(*map(os.environ.get, ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")))
"""
    own = {name: number for name, number in os.environ.items() if "NUM_THREADS" not in name}
    ran = subprocess.run(
        [sys.executable, "-c", code, "--version"],
        env={**own, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == taken
