"""The Typer application: the whole command line, with help, completion and messages."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any

import typer

from backprop import __version__
from backprop.cli.completion import completer
from backprop.errors import BackpropError, BadOption
from backprop.given import from_lines
from backprop.numbers import beyond_doubles, either, shortened, shown
from backprop.options import Field, Option, call, fields
from backprop.source import Source

UsageError: Any = typer.BadParameter.__base__
"""What Typer raises for a command line that it cannot read; it has no public name for it."""

Runner = Callable[[Callable[..., None], Mapping[str, Any]], object]


def application(commands: Iterable[Callable[..., None]], run: Runner = call) -> typer.Typer:
    """These commands as a Typer application. run: is given a command and what its options are."""
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
    for found in commands:
        app.command(found.__name__, epilog=sys.modules[found.__module__].EXAMPLE)(
            _for_typer(found, run)
        )
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


def _for_typer(found: Callable[..., None], run: Runner) -> Callable[..., None]:
    """A function from which Typer learns the options of a command."""

    def function(**written: Any) -> None:
        run(found, written)

    parameters = [
        Parameter(each.name, Parameter.KEYWORD_ONLY, default=each.default, annotation=_typed(each))
        for each in fields(found)
    ]
    function.__doc__ = found.__doc__
    function.__annotations__ = {each.name: each.annotation for each in parameters}
    function.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return function


def _typed(field: Field) -> Any:
    _, kind, default, option = field
    hint: Any = list[str] if kind is list else kind | None if default is None else kind
    made: Any = typer.Option if option.flags else typer.Argument
    parser = _number_of(option, kind is int) if kind in (int, float) else None
    says = made(
        *option.flags,
        metavar=option.metavar,
        parser=parser,
        help=helped(option),
        show_default="efault" not in option.help,  # where it does not say so itself
        autocompletion=completer(option),
    )
    return Annotated[hint, says]


def _number_of(option: Option, whole: bool) -> Callable[[str], float]:
    """What makes a number of the text that stands behind an option. It raises BadOption."""
    flag = option.flags[0]
    kind = "a whole number" if whole else "a number"

    def number(text: str | float) -> float:
        if not isinstance(text, str):
            return text  # the default
        wrong = BadOption(f"{flag} takes {kind}, not {shortened(text, 40)!r}")
        try:
            found = float(text)
        except ValueError:
            wrong.hints = tuple(_with_a_point(text) or _computed(text, whole))
            raise wrong from None
        beyond, _ = beyond_doubles(text, found)
        if beyond:
            raise BadOption(f"{flag} {shortened(text, 40)}: a number {beyond}")
        if not whole:
            return found
        try:
            exact = int(text)
        except ValueError:  # 1e4
            if found != found // 1:
                raise wrong from None
            exact = int(found)
        return exact

    return number


def _with_a_point(text: str) -> list[str]:
    """The hint for a number with a comma where its point belongs, or between its thousands."""
    if not re.fullmatch(r"[-+]?\d+,\d+(e[-+]?\d+)?", text):
        return []
    point, thousands = text.replace(",", "."), text.replace(",", "")
    if re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", text):
        return [f"for a thousand and more write {thousands}", f"for a part of one write {point}"]
    return [f"write {point}"]


_UNITS = (
    dict.fromkeys(("px", "pixel", "pixels", "s", "sec", "second", "seconds", "steps"), 1.0)
    | {"k": 1e3, "M": 1e6, "%": 0.01, "min": 60, "ms": 0.001}
    | {"in": 96, "cm": 96 / 2.54, "mm": 9.6 / 2.54, "pt": 96 / 72}
)


def _computed(text: str, whole: bool) -> list[str]:
    """The hint for a number that has yet to be computed, `1/10` and `10^3`, or has a unit, `640px`;
    none for other texts, or where it is no whole number, and one is due."""
    if not text.isprintable():
        return []
    unit = re.findall(r"(?<![^\W\d])[^\W\d]+\Z|%\Z|\Z", text)[0]
    number = text.removesuffix(unit).rstrip()
    if text.lower() in ("none", "off", "auto", "default"):
        return ["leave it out"]
    try:
        found = from_lines(Source("<option>", f"x = {number}"))["x"][0] * _UNITS.get(unit, 1.0)
    except BackpropError:
        return []
    if unit in ("cm", "mm", "pt"):
        found = float(round(found))
    if (unit and unit not in _UNITS) or (whole and found % 1):
        return []
    return [f"write {shown(found)}"]


def helped(option: Option) -> str:
    """The help of an option, with the names from the tables that it speaks of."""
    if "{" not in option.help:
        return option.help
    from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES

    schedules = either(each.form for each in SCHEDULES.values())
    return option.help.format(optimizers=either(OPTIMIZERS), schedules=schedules)
