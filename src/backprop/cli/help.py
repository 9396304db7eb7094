"""`backprop help`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backprop.cli.printing import put, style_for
from backprop.options import option

if TYPE_CHECKING:
    from backprop.gallery import Example

COMMANDS: Sequence[str] = (
    "grad",
    "jacobian",
    "hessian",
    "diff",
    "explain",
    "check",
    "quiz",
    "descend",
    "fit",
    "draw",
    "page",
    "watch",
    "example",
    "help",
)
"""Each is a function in a module of its name, in the order of the help."""

TAKING_EXPRESSIONS = ("diff", "explain")
"""Those that take an expression in the place of FILE."""

TAKING_LINES = ("watch",)
"""Those of which what stands behind `--` is the line of another command."""

ASKING = ("quiz",)
"""Those that ask, and wait for answers."""

EXAMPLE = "Example: backprop help language"


def help(
    *,
    name: str | None = option(
        "NAME",
        "A page, or a command, whose options are shown. Default: a list of the pages.",
        offers="pages",
    ),
) -> None:
    """Pages to read, such as the language's, and a command's options."""
    from backprop import gallery

    if name is not None:
        put(gallery.page(name, COMMANDS).text)
        return
    put_list(
        "page",
        gallery.pages(),
        "to read one:               backprop help PAGE",
        f"what a command can do:     backprop help {'|'.join(COMMANDS[:-1])}",
    )


def put_list(head: str, texts: Sequence[Example], *hints: str) -> None:
    """Print two columns, the names of texts and their titles, and what to do next."""
    from backprop.report import Column, Table
    from backprop.reports.table import lines

    names, titles = [each.name for each in texts], [each.title for each in texts]
    table = Table([Column(head, names, "name"), Column("title", titles, "text")], tail=hints)
    put(lines(table, style_for(sys.stdout)).lstrip("\n"))
