"""A folder of pictures, one a step: all of them or none, and none of an earlier run."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from backprop.errors import BadOption, CannotWrite
from backprop.files import reason
from backprop.reports.shapes.step_shapes import MARK
from backprop.undisturbed import undisturbed


def frame_name(number: int, last: int, format: str) -> str:
    """`step_07.svg`: as many digits as the last step has, and two at least."""
    return f"step_{number:0{max(2, len(str(last)))}}.{format}"


class FrameFolder:
    """Where the pictures of steps go. Raises BadOption or CannotWrite where they cannot: before any work."""

    def __init__(self, path: str, format: str) -> None:
        self._path, self._format = path, format
        if not path:
            raise BadOption(
                "the folder after --frames has no name", hints=["name one: --frames steps"]
            )
        above = os.path.dirname(os.path.abspath(path))
        with self._explained():
            if os.path.lexists(path) and not os.path.isdir(path):
                raise FileExistsError(17, "It is no folder")
            if not os.path.isdir(above):
                raise FileNotFoundError(2, f"There is no folder {above}")
            # a folder may be writable by its mode, and lie on a disk that is not
            tempfile.TemporaryFile(dir=path if os.path.isdir(path) else above).close()

    def write(self, numbers: Sequence[int], pictures: Iterable[bytes], last: int) -> list[str]:
        """Write all pictures, and say what they are called; those of an earlier run, in the same format, go.
        numbers: of their steps. last: the number of the last step. Raises CannotWrite."""
        own = self._of_earlier_runs()
        names = [frame_name(number, last, self._format) for number in numbers]
        self._refuse_foreign({*names}.difference(own))
        there = os.path.isdir(self._path)
        with self._explained():
            beside = self._path if there else os.path.dirname(os.path.abspath(self._path))
            with tempfile.TemporaryDirectory(prefix=".backprop-", dir=beside) as made:
                for name, picture in zip(names, pictures, strict=True):
                    with open(os.path.join(made, name), "wb") as file:
                        file.write(picture)
                with undisturbed():
                    self._put_in_place(made, names, own)
        return names

    def _put_in_place(self, made: str, names: Sequence[str], own: Iterable[str]) -> None:
        os.makedirs(self._path, exist_ok=True)
        for name in names:
            os.replace(os.path.join(made, name), os.path.join(self._path, name))
        for name in {*own}.difference(names):
            os.unlink(os.path.join(self._path, name))

    def _of_earlier_runs(self) -> list[str]:
        """The pictures in this format that an earlier run has written: others keep their place."""
        if not os.path.isdir(self._path):
            return []
        pattern = re.compile(rf"step_\d+\.{self._format}")
        with self._explained():
            return [
                name
                for name in os.listdir(self._path)
                if pattern.fullmatch(name) and self._is_ours(name)
            ]

    def _is_ours(self, name: str) -> bool:
        path = os.path.join(self._path, name)
        if os.path.islink(path) or not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return f"{MARK}, step ".encode() in file.read()

    def _refuse_foreign(self, names: Iterable[str]) -> None:
        """Raise CannotWrite where files are that no earlier run has written."""
        there = [
            path
            for name in sorted(names)
            if os.path.lexists(path := os.path.join(self._path, name))
        ]
        if there:
            more = f", and so do {len(there) - 1} more" if len(there) > 1 else ""
            hints = ["nothing was changed; choose another folder"]
            raise CannotWrite(
                f"{there[0]} exists already{more}, and is no picture of a step", hints=hints
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What goes wrong inside is a CannotWrite."""
        try:
            yield
        except (OSError, ValueError) as error:
            message = f"the pictures cannot be written into {self._path}: {reason(error)}"
            hints = ["nothing was changed; choose another folder"]
            raise CannotWrite(message, hints=hints) from None
