"""Long histories wait in a file, and memory that gives out costs nothing that was found."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import backprop as library
from backprop.descent.history import History
from backprop.descent.problem import Problem
from backprop.descent.spool import Spool
from backprop.reports import csv_rows
from running import backprop

TEXT = "L = (a - 1)^2 + (b + 2)^4 + c^2; a = 3; b = 1; c = 2"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces so small that short runs have many."""
    monkeypatch.setattr("backprop.descent.spool._CELLS", 1)
    monkeypatch.setattr("backprop.descent.spool._LEAST", 3)


def full(*_: object, **__: object) -> Any:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("disk", ["free", "full", "full after a while"])
def test_a_column_is_a_list(small: None, monkeypatch: pytest.MonkeyPatch, disk: str) -> None:
    drawn = random.Random(5)
    spool = Spool()
    columns, lists = [spool.column("d"), spool.column("q")], [[], []]  # type: ignore[var-annotated]
    if disk == "full":
        monkeypatch.setattr(tempfile, "TemporaryFile", full)
    for number in range(500):
        if disk == "full after a while" and number == 200:
            assert spool._file is not None
            monkeypatch.setattr(spool._file, "write", full, raising=False)
        row = drawn.random(), drawn.randrange(2**53)
        if drawn.random() < 0.3 and lists[0]:
            for column, plain in zip(columns, lists, strict=True):
                column.pop(), plain.pop()
        for column, plain, cell in zip(columns, lists, row, strict=True):
            column.append(cell), plain.append(cell)
        spool.grown()
        if number % 20 < 3:
            for column, plain in zip(columns, lists, strict=True):
                assert column.tolist() == plain == list(column)
                assert len(column) == len(plain)
                assert (column[-1], column[0], min(column)) == (plain[-1], plain[0], min(plain))
                for part in (slice(None, -1, 7), slice(3, 90), slice(None, None, -5), slice(0, 0)):
                    assert list(column[part]) == plain[part]
    with pytest.raises(IndexError):
        columns[0][len(lists[0])]


@pytest.mark.parametrize("name", ["h.csv", pytest.param("h.json", marks=pytest.mark.whole)])
@pytest.mark.parametrize("every", ["1", "7"])
def test_a_history_in_pieces_is_the_same(
    tmp_path: Path, request: pytest.FixtureRequest, name: str, every: str
) -> None:
    """And what the library keeps in memory: what the callback was told, the last step as `grad` has it."""
    arguments = ["-e", TEXT, "--lr", "0.01", "--steps", "100", "--every", every]
    backprop("descend", *arguments, "--history", str(tmp_path / name))
    whole = (tmp_path / name).read_text()
    request.getfixturevalue("small")
    ran = backprop("descend", *arguments, "--history", str(tmp_path / name), "--plot", str(tmp_path / "p.svg"))  # fmt: skip
    assert (ran.status, ran.complaints) == (0, "")
    assert (tmp_path / name).read_text() == whole
    assert sorted(os.listdir(tmp_path)) == [name, "p.svg"]
    seen = []
    descent = library.parse(TEXT).descend(lr=0.01, steps=100, callback=seen.append)
    steps = [step for step in seen if step.number % int(every) == 0 or step.number == 100]
    if name == "h.json":
        found = json.loads(whole)
        assert found["step"] == [step.number for step in steps]
        assert found["value"][:-1] == [step.value for step in steps][:-1]
        assert found["value"][-1] == descent.value
        assert found["parameters"]["b"] == [step.parameters["b"] for step in steps]
    else:
        rows = [line.split(",") for line in whole.splitlines()]
        assert rows[0] == ["step", "L", "gradient_norm", "step_length", "lr", "a", "b", "c"]
        assert [row[:2] + row[6:7] for row in rows[1:-1]] == [
            [f"{step.number}", f"{step.value!r}", f"{step.parameters['b']!r}"]
            for step in steps[:-1]
        ]


def test_a_disk_that_is_full_meanwhile_loses_no_history(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Spool.put

    def failing(spool: Spool, piece: Any) -> Any:
        spool._full = spool._end > 100
        return put(spool, piece)

    monkeypatch.setattr(Spool, "put", failing)
    file = tmp_path / "h.json"
    backprop("descend", "-e", TEXT, "--lr", "0.01", "--steps", "50", "--history", str(file))
    assert json.loads(file.read_text())["step"] == list(range(51))


def test_many_lines_of_a_trace_wait_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "r.txt"
    arguments = ["descend", "-e", TEXT.replace("a", "ä"), "--lr", "0.01", "--steps", "50", "--trace", "-o", str(file)]  # fmt: skip
    backprop(*arguments)
    whole = file.read_text()
    assert whole.count("\n") > 50
    monkeypatch.setattr("backprop.cli.onlooker._MOST", 300)
    backprop(*arguments)
    assert file.read_text() == whole
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    monkeypatch.setattr(
        "backprop.cli.collisions.check_writable", print
    )  # it makes such a file, too
    backprop(*arguments)
    assert file.read_text() == whole


MEASURED = """
import os, sys
child = os.fork()
if not child:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.execv(sys.executable, [sys.executable, "-m", "backprop", "descend", *sys.argv[1:]])
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss)
"""


@pytest.mark.parametrize("name", ["h.csv", pytest.param("h.json", marks=pytest.mark.whole)])
def test_memory_does_not_grow_with_the_steps(
    tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    """A history of 12 columns takes 96 bytes a step if it is kept, and 200 as text."""
    steps = 1_000_000 if request.config.getoption("--whole") else 150_000
    text = "L = " + "+".join(f"(x{at}-1)^2" for at in range(7))
    given = ",".join(f"x{at}=0" for at in range(7))

    def peak(count: int) -> int:
        arguments = ["-e", text, "--set", given, "--lr", "1e-9", "--steps", str(count)]
        files = ["-o", os.devnull, "--history", str(tmp_path / name)]
        ran = subprocess.run([sys.executable, "-c", MEASURED, *arguments, *files], capture_output=True, text=True, check=True)  # fmt: skip
        status, kilobytes = map(int, ran.stdout.split())
        assert status == 0, ran.stderr
        return kilobytes

    peak(20_000)  # machine code is made, and kept
    few = peak(20_000)
    assert peak(steps) - few < 8_000
    with open(tmp_path / name) as file:
        rows = sum(1 for _ in file) - 1 if name == "h.csv" else len(json.load(file)["step"])
    assert rows == steps + 1


def give_out(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, at: int) -> None:
    """Have the call number `at` of a function, and all later ones, need more memory than there is."""
    function: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def failing(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= at:
            raise MemoryError
        return function(*arguments, **named)

    monkeypatch.setattr(owner, name, failing)


@pytest.mark.parametrize("optimizer", ["gd", "adam", "bfgs", "gd with a line search"])
@pytest.mark.parametrize(
    ("owner", "name", "at"),
    [(Problem, "both", 6), (Problem, "value", 6), (Problem, "norm", 5), (History, "keep", 5)],
)
def test_memory_that_gives_out_ends_a_descent_as_ctrl_c_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    optimizer: str,
    owner: object,
    name: str,
    at: int,
) -> None:
    """Report, equations and state are there, and are those of a run of just so many steps."""
    monkeypatch.chdir(tmp_path)
    line = ["descend", "-e", TEXT, "--engine", "python", "--optimizer", optimizer.split()[0]]
    line += ["--lr", "0.01"] if optimizer in ("gd", "adam") else []
    with monkeypatch.context() as patched:
        give_out(patched, owner, name, at)
        files = ["--save", "s.txt", "--state", "s.json", "--history", "h.json"]
        ran = backprop(*line, "--steps", "30", *files, "-o", "r.json")
    if (
        not ran.complaints
    ):  # a line search has values and gradients by themselves, others both at once
        assert name in ("value", "both")
        return
    assert ran.status == 1
    assert "not enough memory to go on" in ran.err
    assert ran.wrote == ["r.json", "s.txt", "s.json", "h.json"]
    report = json.loads(Path("r.json").read_text())
    assert (report["stopped"], report["converged"]) == ("interrupted", False)
    assert "not enough memory" in report["reason"]
    steps = report["steps"]
    same = backprop(*line, "--steps", f"{steps}", "--save", "t.txt", "--state", "t.json", "--format", "json")  # fmt: skip
    assert json.loads(same.out)["parameters"] == report["parameters"]
    assert json.loads(same.out)["value"] == report["value"]
    assert Path("s.txt").read_text() == Path("t.txt").read_text()
    assert json.loads(Path("s.json").read_text()) == json.loads(Path("t.json").read_text())
    history = json.loads(Path("h.json").read_text())
    assert {len(history["parameters"][each]) for each in "abc"} == {len(history["step"])}


def test_memory_that_is_gone_at_the_end_leaves_what_the_run_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["descend", "-e", TEXT, "--lr", "0.01", "--steps", "5", "--format", "json"]
    whole = json.loads(backprop(*line).out)
    give_out(monkeypatch, sys.modules["backprop.descent.objective"], "evaluate", 1)
    ran = backprop(*line, "--save", str(tmp_path / "s.txt"))
    assert (ran.status, ran.wrote) == (0, [str(tmp_path / "s.txt")])
    assert "warning: not enough memory" in ran.err
    found = json.loads(ran.out)
    assert (found["parameters"], found["stopped"]) == (whole["parameters"], "steps")


def test_a_result_that_needs_too_much_memory_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    give_out(monkeypatch, csv_rows, "pieces", 1)
    ran = backprop("descend", "-e", TEXT, "--history", "h.csv", "--save", "s.txt", "--state", "s.json")  # fmt: skip
    assert (ran.status, ran.wrote) == (1, ["s.txt", "s.json"])
    assert "not enough memory" in ran.err
    assert ran.out.startswith("L = ")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are the system's")
def test_a_small_file_needs_little_memory(tmp_path: Path) -> None:
    """Less than the 1 GiB that the largest file has."""
    (tmp_path / "eqs.txt").write_text(TEXT)
    command = f"ulimit -v 600000; {sys.executable} -m backprop descend --state s.json --history h.csv --values -"
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, input="a = 2", capture_output=True, text=True, check=True)  # fmt: skip
    assert ran.stdout.startswith("L = ")
