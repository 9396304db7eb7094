"""A folder of question sheets and keys: all of them or none."""

import os
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from backprop.errors import BadOption, CannotWrite
from backprop.files import reason
from backprop.places import identity
from backprop.reports.exams.question_sheets import ExamText
from backprop.undisturbed import undisturbed

_OURS = re.compile(r"(?:(?:variant|key|values|claims)_\d+|keys|exam)\.(?:md|tex|txt|json)")
"""What the files of an exam are called."""


class ExamFolder:
    """Where an exam goes. force: whether it may take the place of an earlier one. read: the paths of what the
    exam is made of, which stay. Raises BadOption or CannotWrite where it cannot go: before any work."""

    def __init__(self, path: str, force: bool, read: Collection[str] = ()) -> None:
        self._path = path
        if not path:
            raise BadOption("the folder after --exam has no name", hints=["name one: --exam exam"])
        above = os.path.dirname(os.path.abspath(path))
        with self._explained():
            if os.path.lexists(path) and not os.path.isdir(path):
                raise FileExistsError(17, "It is no folder")
            if not os.path.isdir(above):
                raise FileNotFoundError(2, f"There is no folder {above}")
            # a folder may be writable by its mode, and lie on a disk that is not
            tempfile.TemporaryFile(dir=path if os.path.isdir(path) else above).close()
            self._earlier = self._of_earlier_exams()
        if self._earlier and not force:
            first = os.path.join(path, self._earlier[0])
            more = f", and so do {len(self._earlier) - 1} more" if len(self._earlier) > 1 else ""
            hints = ["nothing was changed; choose another folder, or overwrite: --force"]
            raise CannotWrite(f"{first} exists already{more}", hints=hints)
        known = [identity(each) for each in read]
        for name in self._earlier:
            own = os.path.join(path, name)
            if any(identity(own) & each for each in known):
                hints = ["write into another folder"]
                raise BadOption(f"{own} is read and would be lost", hints=hints)

    def write(self, texts: Sequence[ExamText]) -> None:
        """Write all files; those of an earlier exam go. Raises CannotWrite."""
        names = [each.name for each in texts]
        there = os.path.isdir(self._path)
        with self._explained():
            beside = self._path if there else os.path.dirname(os.path.abspath(self._path))
            with tempfile.TemporaryDirectory(prefix=".backprop-", dir=beside) as made:
                for each in texts:
                    with open(os.path.join(made, each.name), "wb") as file:
                        file.write(each.text.encode())
                with undisturbed():
                    os.makedirs(self._path, exist_ok=True)
                    for name in names:
                        os.replace(os.path.join(made, name), os.path.join(self._path, name))
                    for name in {*self._earlier}.difference(names):
                        os.unlink(os.path.join(self._path, name))

    def _of_earlier_exams(self) -> list[str]:
        if not os.path.isdir(self._path):
            return []
        return sorted(each for each in os.listdir(self._path) if _OURS.fullmatch(each))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What goes wrong inside is a CannotWrite."""
        try:
            yield
        except (OSError, ValueError) as error:
            message = f"the exam cannot be written into {self._path}: {reason(error)}"
            hints = ["nothing was changed; choose another folder"]
            raise CannotWrite(message, hints=hints) from None
