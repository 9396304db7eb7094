"""Ctrl-C at any moment: the exit status is 130, and nobody sees a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

import backprop
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
    for moment in range(many):
        with started(command) as process:
            time.sleep(whole * moment / many)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        if own in err and "Traceback" in err:  # the one line between Python and the program
            in_it += 1
        elif "Traceback" not in err and "Fatal" not in err:
            met.append((process.returncode, err))
    assert in_it <= 1
    assert {*met} <= {(130, "interrupted\n"), (-signal.SIGINT, ""), (0, "")}
    assert met.count((130, "interrupted\n")) > many / 4


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
    [("forgets", "interrupted\n"), ("converts", "interrupted\n"), ("swallows", "")],
)
def test_what_libraries_make_of_ctrl_c_ends_with_130(what: str, said: str) -> None:
    process = started([sys.executable, "-c", PROGRAM, what])
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", said)
