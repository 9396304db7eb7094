"""The Typer application: the whole command line, with help, completion and messages."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_args, get_type_hints

import typer

from backprop import __version__
from backprop.cli.declared import Argument, Declared
from backprop.cli.run import COMMANDS, command


def application(function: Callable[[str], Callable[..., None]] = command) -> typer.Typer:
    """All commands as a Typer application. function: has the function of each command."""
    app = typer.Typer(
        name="backprop",
        help="Exact gradients of equations in plain text, step by step and fast.",
        epilog='Example: backprop grad -e "e = a*b; d = e+c; L = d*f" --set "a=2, b=-3, c=10, f=-2"',
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in COMMANDS:
        found = function(name)
        epilog = sys.modules[found.__module__].EXAMPLE
        app.command(name, epilog=epilog)(_for_typer(found))
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"backprop {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Exact gradients of equations in plain text."""


def _for_typer(function: Callable[..., None]) -> Callable[..., None]:
    """The same function, with Typer's options for what its parameters declare."""
    hints = get_type_hints(function, include_extras=True)
    annotations: dict[str, Any] = {}
    for name, hint in hints.items():
        if name != "return":
            kind, row = get_args(hint)
            annotations[name] = Annotated[kind, _typed(row)]
    signature = inspect.signature(function)
    parameters = [
        each.replace(annotation=annotations[each.name]) for each in signature.parameters.values()
    ]

    @wraps(function)
    def call(**arguments: Any) -> None:
        function(**arguments)

    call.__annotations__ = annotations
    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call


def _typed(row: Declared) -> Any:
    if isinstance(row, Argument):
        return typer.Argument(metavar=row.metavar, show_default=row.show_default, help=row.help)
    return typer.Option(
        *row.flags,
        metavar=row.metavar,
        show_default=row.show_default,
        help=row.help,
        min=row.min,
        max=row.max,
    )
