"""`backprop example`."""

import os
from collections.abc import Sequence
from contextlib import suppress

from backprop import gallery
from backprop.cli.collisions import check_copies
from backprop.cli.help import put_list
from backprop.cli.printing import Results, put, write
from backprop.errors import BackpropError, BadOption, CannotWrite
from backprop.files import reason
from backprop.gallery import Example
from backprop.options import force_option, option

EXAMPLE = "Example: backprop example classic | backprop grad -"


def example(
    *,
    name: str | None = option(
        "NAME", "Which one. Default: a list of all of them.", offers="examples"
    ),
    copy: str | None = option(
        "--copy DIR",
        "Write it, or without NAME all of them, into this folder, which is made if missing.",
        path="folder",
    ),
    force: bool = force_option("--copy"),
) -> None:
    """Examples and exercises, to read or to copy and work on."""
    if force and copy is None:
        raise BadOption("--force is for copies", hints=["say where to: --copy DIR"])
    first, second = gallery.examples(), gallery.larger()
    chosen = [*first, *second] if name is None else [gallery.example(name)]
    if copy is not None:
        _copy(chosen, copy, force)
    elif name is None:
        put_list("name", first)
        put("\n")
        put_list(
            "larger",
            second,
            "to read one:       backprop example NAME",
            "to work on one:    backprop example NAME --copy DIR",
            "to have them all:  backprop example --copy DIR",
        )
    else:
        put(chosen[0].text)


def _copy(chosen: Sequence[Example], folder: str, force: bool) -> None:
    """Write them one by one, each whole or not at all. Raises CannotWrite."""
    if not folder:
        raise BadOption("the folder after --copy has no name", hints=["here: --copy ."])
    paths = [os.path.join(folder, each.file_name) for each in chosen]
    there = [path for path in paths if os.path.lexists(path)]
    if there and not force:
        more = f", and so do {len(there) - 1} more" if len(there) > 1 else ""
        hints = ["nothing was changed; copy to another folder, or overwrite: --force"]
        raise CannotWrite(f"{there[0]} exists already{more}", hints=hints)
    made = _make(folder)
    try:
        check_copies(paths)
    except BackpropError:
        _remove(made)
        raise
    results = Results()
    for path, each in zip(paths, chosen, strict=True):
        with results.each():
            write(path, each.data)
    results.end()


def _make(folder: str) -> list[str]:
    """Make a folder and those above it that are missing; say which, the innermost first, or raise
    CannotWrite and leave none."""
    missing, above = [], folder
    while above and not os.path.isdir(above):
        missing.append(above)
        above = os.path.dirname(above.rstrip(os.sep))
    try:
        os.makedirs(folder, exist_ok=True)
    except (OSError, ValueError) as error:
        _remove(missing)
        taken = isinstance(error, (FileExistsError, NotADirectoryError))
        why = "it is no folder" if taken else reason(error)
        message = f"the folder {folder} cannot be made: {why}"
        hints = ["nothing was changed; choose another place"]
        raise CannotWrite(message, hints=hints) from None
    return missing


def _remove(folders: Sequence[str]) -> None:
    """Take away those of the folders that are there with nothing in them."""
    for each in folders:
        with suppress(OSError, ValueError):
            os.rmdir(each)
