"""Ctrl-C at any moment: the exit status is 130, and nobody sees a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

import backprop
import running
from running import interruptible

SCRIPT = str(Path(sysconfig.get_path("scripts")) / "backprop")
LINE = ["grad", "-e", "L = a*b", "--set", "a=1, b=2"]


def started(words: list[str]) -> subprocess.Popen[str]:
    """A command that takes Ctrl-C, with pipes for what it says."""
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, preexec_fn=interruptible)


@pytest.mark.skipif(not os.path.exists(SCRIPT), reason="the command is not installed")
@pytest.mark.parametrize(
    "command",
    [[SCRIPT, *LINE], [sys.executable, "-m", "backprop", "explain", *LINE[1:], "--format", "html"]],
)
def test_ctrl_c_while_the_program_starts(
    command: list[str], request: pytest.FixtureRequest
) -> None:
    """Before its first line Python answers by itself, and ends by the signal or with its own error."""
    many = 300 if request.config.getoption("--whole") else 15
    begin = time.monotonic()
    assert started(command).communicate(timeout=60)[1] == ""
    whole = time.monotonic() - begin
    own = str(Path(backprop.__file__).parent)
    in_it, met = 0, list[tuple[int, str]]()
    for moment in range(20 * many):
        answered = met.count((130, "interrupted\n")) > many / 4
        if answered and moment >= many:
            break
        begin = time.monotonic()
        with started(command) as process:
            time.sleep(whole * (moment % many) / many)
            process.send_signal(signal.SIGINT)
            took = time.monotonic() - begin
            _, err = process.communicate(timeout=60)
        # the machine has more to do than before, or less
        if process.returncode == -signal.SIGINT:
            whole = max(whole, 2 * took)
        elif process.returncode == 0:
            whole = min(whole, took)
        if own in err and "Traceback" in err:  # the one line between Python and the program
            in_it += 1
        elif "Traceback" not in err and "Fatal" not in err:
            met.append((process.returncode, err))
    assert in_it <= 1
    assert {*met} <= {(130, "interrupted\n"), (-signal.SIGINT, ""), (0, "")}
    assert answered


DESCENT = "L = (x - 1)^2 + (y + 2)^4*0.1; x = 5; y = 3"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("optimizer", ["gd", "adam", "rprop"])
def test_a_state_that_a_signal_ended_is_whole_and_goes_on(
    number: signal.Signals, optimizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted and gone on with, a descent is to the bit where it is without a pause."""
    monkeypatch.chdir(tmp_path)
    words = ["descend", "-e", DESCENT, "--optimizer", optimizer, "--lr", "1e-9"]
    traced = ["--state", "s.json", "--steps", "1000000000", "--trace", "--every", "500"]
    with started([sys.executable, "-m", "backprop", *words, *traced]) as process:
        assert process.stdout is not None
        for _ in range(5):
            process.stdout.readline()  # it runs
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + number, "wrote s.json\n")
    kept = json.loads(Path("s.json").read_text())
    assert kept["steps"] >= 500
    ends = []
    for more in (["--state", "s.json", "--steps", "7"], ["--steps", str(kept["steps"] + 7)]):
        ran = running.backprop(*words, *more, "--format", "json")
        assert ran.status == 0
        ends.append(json.loads(ran.out)["parameters"])
    assert ends[0] == ends[1] != kept["parameters"]
    assert json.loads(Path("s.json").read_text())["steps"] == kept["steps"] + 7


def test_a_state_that_was_there_stays_whole_at_any_moment(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run reads it and writes it again; a signal comes somewhere in between."""
    monkeypatch.chdir(tmp_path)
    words = ["descend", "-e", DESCENT, "--optimizer", "adam", "--lr", "1e-3", "--state", "s.json"]
    assert running.backprop(*words, "--steps", "10").status == 0
    many = 150 if request.config.getoption("--whole") else 12
    begin = time.monotonic()
    assert running.backprop(*words, "--steps", "10").status == 0
    steps, whole = 20, 0.5 + time.monotonic() - begin
    for moment in range(many):
        number = (signal.SIGINT, signal.SIGTERM)[moment % 2]
        with started([sys.executable, "-m", "backprop", *words, "--steps", "2000"]) as process:
            time.sleep(whole * moment / many)
            process.send_signal(number)
            process.communicate(timeout=60)
        assert [each.name for each in tmp_path.iterdir()] == ["s.json"]
        kept = json.loads(Path("s.json").read_text())
        assert kept["steps"] >= steps
        steps = kept["steps"]
    assert running.backprop(*words, "--steps", "10").status == 0
    assert json.loads(Path("s.json").read_text())["steps"] == steps + 10


PROGRAM = """
import os, signal, sys, weakref
from backprop.cli import main, run

class Module:
    pass

def stop(_=None):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass

def forgets():
    gone = Module()
    kept = weakref.ref(gone, stop)
    del gone
    while True:
        pass

def converts():
    try:
        stop()
    except KeyboardInterrupt:
        raise ImportError("a library could not be loaded") from None

def swallows():
    try:
        stop()
    except KeyboardInterrupt:
        return 0

run.run = globals()[sys.argv[1]]
main()
"""


@pytest.mark.parametrize(
    ("what", "said"),
    [("forgets", "interrupted\n"), ("converts", "interrupted\n"), ("swallows", "interrupted\n")],
)
def test_what_libraries_make_of_ctrl_c_ends_with_130(what: str, said: str) -> None:
    process = started([sys.executable, "-c", PROGRAM, what])
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", said)


@pytest.mark.skipif(os.name == "nt", reason="programs there are no scripts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_program_that_draws_ends_with_the_command(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would wait for it any more, and nobody would end it."""
    dot, begun = tmp_path / "dot", tmp_path / "begun"
    dot.write_text(f"#!/bin/sh\necho $$ > {begun}.new; mv {begun}.new {begun}\nexec sleep 300\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    picture = tmp_path / "graph.svg"
    words = ["draw", *LINE[1:], "--timeout", "300", "-o", str(picture)]
    with started([sys.executable, "-m", "backprop", *words]) as process:
        while not begun.exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, "")
    assert err == ("interrupted\n" if number == signal.SIGINT else "")
    assert not picture.exists()
    asked = ["ps", "-o", "stat=", "-p", begun.read_text().strip()]
    state = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    assert state[:1] in ("", "Z")  # it is gone, or dead and nobody has asked for its status


AT_ITS_BEGIN = """
import os, signal, subprocess, sys

class Begun(subprocess.Popen):
    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        print(self.pid, flush=True)
        os.kill(os.getpid(), int(number))

number, subprocess.Popen = sys.argv.pop(1), Begun
from backprop.cli import main
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="programs there are no scripts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_draws_ends_where_a_signal_comes_at_its_begin(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it runs already, and nobody knows it yet."""
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\nexec sleep 300\n")
    dot.chmod(0o755)
    picture = tmp_path / "graph.svg"
    command = [
        sys.executable,
        "-c",
        AT_ITS_BEGIN,
        str(int(number)),
        "draw",
        *LINE[1:],
        "-o",
        str(picture),
    ]
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with started(command) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    asked = ["ps", "-o", "stat=", "-p", out.strip()]
    state = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    assert state[:1] in ("", "Z")
