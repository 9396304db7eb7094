"""What a shell offers for the values of options: names of tables, and those of the equations."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import typer

from backprop.errors import BackpropError
from backprop.inputs import Inputs
from backprop.language import Model
from backprop.language.declarations import written_bounds
from backprop.names import family
from backprop.numbers import exact
from backprop.options import Option

_LISTS = ("names", "equations", "inputs", "settings", "bounds")
"""What several of can stand in one text, with commas between them."""

Complete = Callable[[typer.Context, str], list[str]]


def completer(option: Option) -> Complete | None:
    """What Typer asks for the values of an option; None where the shell offers files."""
    offers = option.offers or option.choices
    if not offers:
        return None

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        start, last = "", incomplete
        if offers in _LISTS:
            comma = incomplete.rfind(",") + 1
            last = incomplete[comma:].lstrip()
            start = incomplete[: len(incomplete) - len(last)]
        try:
            texts = (
                [*_texts(offers, _written(ctx), "[" in last)] if isinstance(offers, str) else offers
            )
        except (BackpropError, OSError):  # a file that is not there, or does not read yet
            return []
        return [start + text for text in texts if text.startswith(last)]

    return complete


def _written(ctx: typer.Context) -> Mapping[str, Any]:
    """The command line so far; an option that has no value yet keeps Typer from reading FILE."""
    places = iter(ctx.args)
    return ctx.params | {"file": ctx.params.get("file") or next(places, None)}


def _texts(offers: str, written: Mapping[str, Any], members: bool) -> Iterable[str]:
    """All that is offered. written: the command line so far. members: of a family, and not its name."""
    if offers in _LISTS:
        return _of_file(offers, _model(written), members)
    if offers in ("optimizers", "schedules"):
        from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES

        return OPTIMIZERS if offers == "optimizers" else SCHEDULES
    from backprop import gallery
    from backprop.cli.help import COMMANDS

    if offers == "examples":
        return [each.name for each in (*gallery.examples(), *gallery.larger())]
    return [*(each.name for each in gallery.pages()), *COMMANDS]


def _model(written: Mapping[str, Any]) -> Model:
    """The Model of the equations on the command line. What comes down a pipe is left in it."""
    file, expressions = written.get("file"), written.get("expressions") or ()
    if file == "-" or (file and not os.path.isfile(file)):
        raise OSError(file)
    return Inputs(file=None if expressions else file, expressions=expressions).model()


def _of_file(offers: str, model: Model, members: bool) -> Iterable[str]:
    names = [*model.names] if offers == "names" else model.inputs
    if offers in ("inputs", "bounds"):  # of which no descent and no check moves the constants
        constants = set(model.constants)
        names = [name for name in names if name not in constants]
    if offers == "equations":
        names = [name for name in model.names if model.is_equation(name)]
    shown = {name if members else family(name) or name: name for name in names}
    if offers == "settings":  # with the number that is to be changed
        numbers = {
            text: exact(model.default(n)) if n in model.defaults else ""
            for text, n in shown.items()
        }
        return [f"{text}={number}" for text, number in numbers.items()]
    if offers == "bounds":
        ends = {
            text: written_bounds(*model.bounds[n]) if n in model.bounds else ""
            for text, n in shown.items()
        }
        return [f"{text}={limits}" for text, limits in ends.items()]
    return shown
