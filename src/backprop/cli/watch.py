"""`backprop watch`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backprop.cli.help import ASKING, COMMANDS, TAKING_LINES
from backprop.options import option

EXAMPLE = 'Example: backprop watch eqs.txt -- draw --set "a=2" -o graph.svg'

_COMMANDS = [each for each in COMMANDS if each not in (*TAKING_LINES, *ASKING, "example", "help")]


def watch(
    *,
    file: str | None = option(
        "FILE", "The equations that the command reads. Default: what the command says.", path="equations",
    ),
    line: list[str] = option(
        "COMMAND",
        "Behind --: what is run, with its options. Default: grad; with --serve it is page.",
        offers=_COMMANDS,
    ),
    serve: bool = option(
        "--serve", "Serve the page on this machine; a browser that has it open follows the file."
    ),
    port: int | None = option(
        "--port N", "Where to serve it. Default: a free one.", min=1, max=65535, needs=("serve",)
    ),
    browser: bool = option("--open", "Open the served page in a browser.", needs=("serve",)),
) -> Callable[[Callable[[list[str]], Any], Callable[[], int]], None]:  # fmt: skip
    """Run a command again whenever its files have changed.

    Equations, numbers and tables are watched. An error is shown below what came last. Ctrl-C ends it.
    """

    def begin(read: Callable[[list[str]], Any], run: Callable[[], int]) -> None:
        from backprop.cli.watching.watch_loop import keep
        from backprop.cli.watching.watched_line import watched_line

        keep(watched_line(file, line, serve, read), run, port, browser)

    return begin
