"""A folder of files that one run writes: all of them or none, and none of an earlier run."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from backprop.errors import BadOption, CannotWrite
from backprop.files import reason
from backprop.places import STANDARD
from backprop.undisturbed import undisturbed


class OutputFolder:
    """Where files go. option: by which a person names it, as `--frames steps`. what: is written, as `the
    pictures`. Raises BadOption or CannotWrite where they cannot go: before any work."""

    def __init__(self, path: str, option: str, what: str) -> None:
        self.path, self._what = path, what
        if path in ("", STANDARD):
            flag = option.partition(" ")[0]
            message = f"the folder after {flag} has no name"
            if path:
                message = f"{what} are files of a folder, and none is for standard output"
            raise BadOption(message, hints=[f"name one: {option}"])
        above = os.path.dirname(os.path.abspath(path))
        with self.explained():
            if os.path.lexists(path) and not os.path.isdir(path):
                raise FileExistsError(17, "It is no folder")
            if not os.path.isdir(above):
                raise FileNotFoundError(2, f"There is no folder {above}")
            # a folder may be writable by its mode, and lie on a disk that is not
            tempfile.TemporaryFile(dir=path if os.path.isdir(path) else above).close()

    def names(self) -> list[str]:
        """What is in it now, sorted."""
        with self.explained():
            return sorted(os.listdir(self.path)) if os.path.isdir(self.path) else []

    def write(self, files: Iterable[tuple[str, bytes]], earlier: Iterable[str]) -> None:
        """Write all files; those of an earlier run go. Raises CannotWrite."""
        beside = (
            self.path if os.path.isdir(self.path) else os.path.dirname(os.path.abspath(self.path))
        )
        with (
            self.explained(),
            tempfile.TemporaryDirectory(prefix=".backprop-", dir=beside) as made,
        ):
            names = list[str]()
            for name, content in files:
                with open(os.path.join(made, name), "wb") as file:
                    file.write(content)
                names.append(name)
            with undisturbed():
                os.makedirs(self.path, exist_ok=True)
                for name in names:
                    os.replace(os.path.join(made, name), os.path.join(self.path, name))
                for name in {*earlier}.difference(names):
                    os.unlink(os.path.join(self.path, name))

    def refused(self, names: list[str], is_what: str, hint: str) -> CannotWrite:
        """The error for files that are there already and stay."""
        first = os.path.join(self.path, names[0])
        more = f", and so do {len(names) - 1} more" if len(names) > 2 else ""
        more = f", and so does {names[1]}" if len(names) == 2 else more
        return CannotWrite(
            f"{first} exists already{more}{is_what}", hints=[f"nothing was changed; {hint}"]
        )

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What goes wrong inside is a CannotWrite."""
        try:
            yield
        except (OSError, ValueError) as error:
            message = f"{self._what} cannot be written into {self.path}: {reason(error)}"
            hints = ["nothing was changed; choose another folder"]
            raise CannotWrite(message, hints=hints) from None
