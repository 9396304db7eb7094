"""A folder of pictures, one a step: all of them or none, and none of an earlier run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from backprop.reports.output_folder import OutputFolder
from backprop.reports.shapes.step_shapes import MARK


def frame_name(number: int, last: int, format: str) -> str:
    """`step_07.svg`: as many digits as the last step has, and two at least."""
    return f"step_{number:0{max(2, len(str(last)))}}.{format}"


class FrameFolder:
    """Where the pictures of steps go. Raises BadOption or CannotWrite where they cannot: before any work."""

    def __init__(self, path: str, format: str) -> None:
        self._folder, self._format = OutputFolder(path, "--frames steps", "the pictures"), format

    def write(self, numbers: Sequence[int], pictures: Iterable[bytes], last: int) -> list[str]:
        """Write all pictures, and say what they are called; those of an earlier run, in the same format, go.
        numbers: of their steps. last: the number of the last step. Raises CannotWrite."""
        own = self._of_earlier_runs()
        names = [frame_name(number, last, self._format) for number in numbers]
        foreign = sorted({*names}.difference(own).intersection(self._folder.names()))
        if foreign:
            raise self._folder.refused(
                foreign, ", and is no picture of a step", "choose another folder"
            )
        self._folder.write(zip(names, pictures, strict=True), own)
        return names

    def _of_earlier_runs(self) -> list[str]:
        """The pictures in this format that an earlier run has written: others keep their place."""
        pattern = re.compile(rf"step_\d+\.{self._format}")
        with self._folder.explained():
            return [
                name
                for name in self._folder.names()
                if pattern.fullmatch(name) and self._is_ours(name)
            ]

    def _is_ours(self, name: str) -> bool:
        path = os.path.join(self._folder.path, name)
        if os.path.islink(path) or not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return f"{MARK}, step ".encode() in file.read()
