"""The Typer application, and the one place where errors become messages and exit statuses."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from backprop import __version__
from backprop.cli import check, descend, draw, example, explain, grad
from backprop.cli.printing import Finished, complain
from backprop.errors import BackpropError

app = typer.Typer(
    name="backprop",
    help="Exact gradients of equations in plain text, step by step and fast.",
    epilog='Example: backprop grad -e "e = a*b; d = e+c; L = d*f" --set "a=2, b=-3, c=10, f=-2"',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("grad", epilog=grad.EXAMPLE)(grad.grad)
app.command("explain", epilog=explain.EXAMPLE)(explain.explain)
app.command("check", epilog=check.EXAMPLE)(check.check)
app.command("descend", epilog=descend.EXAMPLE)(descend.descend)
app.command("draw", epilog=draw.EXAMPLE)(draw.draw)
app.command("example", epilog=example.EXAMPLE)(example.example)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"backprop {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Exact gradients of equations in plain text."""


def run() -> int:
    """Run the command line; return its exit status. Typer itself exits for usage errors."""
    try:
        app(prog_name="backprop")
    except SystemExit as stop:
        if stop.code == 130:  # Typer has met Ctrl-C, without a word
            raise KeyboardInterrupt from None
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except Finished as end:
        return end.status
    except BackpropError as error:
        complain(error.all)
        return error.status
    except BrokenPipeError:
        return _without_stdout()
    except OSError as error:  # of a stream: files have their own errors
        complain(
            [
                BackpropError(
                    f"the results cannot be written: {(error.strerror or str(error)).lower()}"
                )
            ]
        )
        return _without_stdout()
    except MemoryError:
        complain([BackpropError("not enough memory for a graph of this size")])
        return 1
    return 0


def _without_stdout() -> int:
    """Standard output is gone: do not let Python try again, and complain, when it exits."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        pass
    return 1
