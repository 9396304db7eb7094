"""`backprop example`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Optional

from backprop import gallery
from backprop.cli.declared import Argument, Option
from backprop.cli.printing import put
from backprop.errors import BadOption, CannotWrite
from backprop.files import check_writable, write_whole
from backprop.gallery import Example

EXAMPLE = "Example: backprop example classic | backprop grad -"

Name = Annotated[
    Optional[str],
    Argument(metavar="NAME", show_default=False, help="Which one. Default: a list of all of them."),
]
Folder = Annotated[
    Optional[str],
    Option(
        "--copy",
        metavar="DIR",
        show_default=False,
        help="Write it, or without NAME all of them, into this folder, which is made if missing.",
    ),
]


def example(
    name: Name = None,
    copy: Folder = None,
    force: Annotated[
        bool, Option("--force", help="Let --copy overwrite files that exist.")
    ] = False,
) -> None:
    """Examples and exercises: a list, one of them as text, or copies to work on."""
    if force and copy is None:
        raise BadOption("--force is for copies", hints=["say where to: --copy DIR"])
    chosen = gallery.examples() if name is None else [gallery.example(name)]
    if copy is not None:
        written = _copy(chosen, copy, force)
        put("".join(f"wrote {path}\n" for path in written))
    elif name is None:
        put(_listed(chosen))
    else:
        put(chosen[0].text)


def _listed(chosen: Sequence[Example]) -> str:
    """Two columns, and what to do next."""
    rows = [("name", "title"), *((each.name, each.title) for each in chosen)]
    name, title = (max(map(len, column)) for column in zip(*rows, strict=True))
    rows.insert(1, ("-" * name, "-" * title))
    lines = [
        *(f"{left:{name}}  {right}" for left, right in rows),
        "",
        "to read one:       backprop example NAME",
        "to work on one:    backprop example NAME --copy DIR",
        "to have them all:  backprop example --copy DIR",
    ]
    return "\n".join(lines) + "\n"


def _copy(chosen: Sequence[Example], folder: str, force: bool) -> list[str]:
    """Write them all, or none; return the paths. Raises CannotWrite."""
    if not folder:
        raise BadOption("the folder after --copy has no name", hints=["here: --copy ."])
    paths = [os.path.join(folder, each.file_name) for each in chosen]
    there = [path for path in paths if os.path.lexists(path)]
    if there and not force:
        more = f", and so do {len(there) - 1} more" if len(there) > 1 else ""
        raise CannotWrite(
            f"{there[0]} exists already{more}",
            hints=["nothing was changed; copy to another folder, or overwrite: --force"],
        )
    with _folder(folder):
        for path in paths:
            check_writable(path)
        try:
            for path, each in zip(paths, chosen, strict=True):
                write_whole(path, each.data)
        except BaseException:
            for path in set(paths).difference(there):
                with suppress(OSError):
                    os.unlink(path)
            raise
    return paths


@contextmanager
def _folder(name: str) -> Iterator[None]:
    """The folder exists within; where that fails, it is gone again, if it was not there before."""
    path = Path(name)
    missing = [each for each in (path, *path.parents) if not os.path.lexists(each)]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _remove(missing)
        there = isinstance(error, FileExistsError)
        reason = "it is no folder" if there else (error.strerror or str(error)).lower()
        raise CannotWrite(
            f"the folder {name} cannot be made: {reason}",
            hints=["nothing was changed; choose another place"],
        ) from None
    try:
        yield
    except BaseException:
        _remove(missing)
        raise


def _remove(folders: Sequence[Path]) -> None:
    """Remove empty folders, the innermost first."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
