"""A folder of question sheets and keys: all of them or none."""

import os
import re
from collections.abc import Collection, Sequence

from backprop.errors import BadOption
from backprop.places import identity
from backprop.reports.exams.question_sheets import ExamText
from backprop.reports.output_folder import OutputFolder

_OURS = re.compile(
    r"(?:(?:variant|key|values|claims)_\d+|keys|exam)\.(?:md|tex|txt|json)|graph_\d+\.svg"
)
"""What the files of an exam are called."""


class ExamFolder:
    """Where an exam goes. force: whether it may take the place of an earlier one. read: the paths of what the
    exam is made of, which stay. Raises BadOption or CannotWrite where it cannot go: before any work."""

    def __init__(self, path: str, force: bool, read: Collection[str] = ()) -> None:
        self._folder = OutputFolder(path, "--exam exam", "the exam")
        self._earlier = [each for each in self._folder.names() if _OURS.fullmatch(each)]
        if self._earlier and not force:
            raise self._folder.refused(
                self._earlier, "", "choose another folder, or overwrite: --force"
            )
        known = [identity(each) for each in read]
        for name in self._earlier:
            own = os.path.join(path, name)
            if any(identity(own) & each for each in known):
                hints = ["write into another folder"]
                raise BadOption(f"{own} is read and would be lost", hints=hints)

    def write(self, texts: Sequence[ExamText]) -> None:
        """Write all files; those of an earlier exam go. Raises CannotWrite."""
        self._folder.write(((each.name, each.text.encode()) for each in texts), self._earlier)
