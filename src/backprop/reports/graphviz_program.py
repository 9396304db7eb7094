"""The program that lays out graphs: where it is, and a run of it."""

import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from time import monotonic

from backprop.errors import CannotDraw
from backprop.numbers import shown
from backprop.undisturbed import undisturbed


def runner(format: str, seconds: float) -> Callable[..., bytes]:
    """What runs the program that draws: on the text of a graph and with options, for so many seconds
    in all. Raises CannotDraw where there is none."""
    program = program_that_draws()
    if program is None:
        hints = [
            "install one: pip install graphviz-pure",
            "or write the graph itself: -o graph.dot",
        ]
        raise CannotDraw("there is no program that lays out graphs", hints=hints)
    end = monotonic() + seconds

    def run(text: str, *options: str) -> bytes:
        try:
            return _output([program, *options], text.encode(), max(end - monotonic(), 0))
        except subprocess.TimeoutExpired:
            hints = [
                f"give it more time: --timeout {ceil(4 * seconds)}",
                "draw a part: --focus NAME --depth 2",
                "or write the graph itself: -o graph.dot",
            ]
            limit = f"{shown(seconds)} second{'s' * (seconds != 1)}"
            message = f"{Path(program).name} has not drawn this in {limit}"
            raise CannotDraw(message, hints=hints) from None
        except OSError:
            raise CannotDraw(f"{program} cannot be run") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            real = "it needs the real Graphviz: apt-get install graphviz, or brew install graphviz"
            hints = [real] if "not recognized" in said else said.splitlines()[-2:]
            message = f"{Path(program).name} cannot draw {format}"
            raise CannotDraw(message, hints=hints) from None

    return run


def _output(words: Sequence[str], text: bytes, seconds: float) -> bytes:
    """What a program answers to a text. It does not go on, however this ends: `subprocess.run` leaves one
    behind where a signal comes between its begin and its being known. Raises what `subprocess.run` raises."""
    pipe, process = subprocess.PIPE, None
    try:
        with undisturbed():
            process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe)
        out, err = process.communicate(text, seconds)
    except BaseException:
        if process:
            process.kill()
            with process:
                pass
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words, out, err)
    return out


def program_that_draws() -> str | None:
    """Graphviz itself, or the program of the package graphviz-pure."""
    return shutil.which("dot") or graphviz_pure()


def graphviz_pure() -> str | None:
    """The program of the package graphviz-pure, beside this Python or on the PATH."""
    beside = shutil.which("graphviz-pure", path=sysconfig.get_path("scripts"))
    return beside or shutil.which("graphviz-pure")
