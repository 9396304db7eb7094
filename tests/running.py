"""Running the command, in this process, as a person would see it."""

from __future__ import annotations

import io
import signal
import sys
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any
from unittest.mock import patch

from backprop.cli import main
from backprop.loops.worth import read_model


def interruptible() -> None:
    """In a new process: take signals as they are meant, even where these tests run in the background,
    without a terminal that could be closed."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


EXAMPLES = Path(__file__).parent / "examples"
CLASSIC = "e = a*b; d = e+c; L = d*f"
POINT = "a=2, b=-3, c=10, f=-2"


@dataclass(frozen=True)
class Ran:
    """What came: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    @property
    def wrote(self) -> list[str]:
        """The files that it says it wrote."""
        lines = self.err.splitlines()
        return [line.removeprefix("wrote ") for line in lines if line.startswith("wrote ")]

    @property
    def complaints(self) -> str:
        """What else it says on standard error."""
        lines = self.err.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("wrote "))


def backprop(*arguments: str, stdin: bytes = b"") -> Ran:
    """`backprop arguments…`, its output caught; standard streams are pipes, as in a script."""
    out, err = io.BytesIO(), io.BytesIO()
    streams = {
        "stdin": io.TextIOWrapper(io.BytesIO(stdin)),
        "stdout": io.TextIOWrapper(out, encoding="utf-8", newline=""),
        "stderr": io.TextIOWrapper(err, encoding="utf-8", newline="", errors="backslashreplace"),
    }
    status = 0
    with patch.multiple(sys, argv=["backprop", *arguments], **streams):
        try:
            main()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        streams["stdout"].flush()
        streams["stderr"].flush()
        return Ran(status, out.getvalue().decode(), err.getvalue().decode())


def unrolled(*arguments: str) -> Ran:
    """`backprop`, where no text is one of loops: every step has a row."""

    def read(source: Any, seed: int, most: int, many: float, *more: Any) -> Any:
        return read_model(source, seed, most, inf, *more)

    with patch("backprop.inputs.read_model", read):
        return backprop(*arguments)
