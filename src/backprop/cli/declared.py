"""How options are declared: as plain data, so that neither reading them nor help is done here.

`Annotated[int, Option("--seed", metavar="N", help="…")]` at a parameter of a command is all there is
to say about it. `app.py` makes Typer's options of these, which takes 70 ms; `quick.py` reads most
command lines without.
"""

from __future__ import annotations


class Declared:
    """What an option and an argument have in common. metavar: what stands for the value in help."""

    def __init__(
        self,
        *flags: str,
        metavar: str | None = None,
        help: str,
        show_default: bool = True,
        min: int | None = None,
        max: int | None = None,
    ) -> None:
        self.flags = flags
        self.metavar = metavar
        self.help = help
        self.show_default = show_default
        self.min = min
        self.max = max


class Option(Declared):
    """An option. flags: `-o` and `--output`; min, max: of a number, inclusive."""


class Argument(Declared):
    """What is known by its place, and has no flags."""
