"""`backprop help`."""

from collections.abc import Sequence

from backprop.cli.printing import put
from backprop.options import option

COMMANDS: Sequence[str] = ("grad", "explain", "check", "descend", "draw", "example", "help")
"""Each is a function in a module of its name, in the order of the help."""

EXAMPLE = "Example: backprop help language"


def help(
    *,
    name: str | None = option(
        "NAME", "A page, or a command, whose options are shown. Default: a list of the pages."
    ),
) -> None:
    """Pages to read, such as that of the equation language, and the options of a command."""
    from backprop import gallery
    from backprop.reports.table import plain

    if name is not None:
        put(gallery.page(name, COMMANDS).text)
        return
    pages = gallery.pages()
    names, titles = [each.name for each in pages], [each.title for each in pages]
    lines = [
        *plain([["page", *names], ["title", *titles]]),
        "",
        "to read one:               backprop help PAGE",
        f"what a command can do:     backprop help {'|'.join(COMMANDS[:-1])}",
    ]
    put("\n".join(lines) + "\n")
