"""The pictures of all steps, for Python and notebooks."""

from __future__ import annotations

from os import PathLike, fspath

from backprop.names import unknown_choice
from backprop.options import StepSeconds, declared, default_of
from backprop.picture_steps import SteppedPicture
from backprop.reports import STEPS
from backprop.reports.shapes import all_steps
from backprop.reports.shapes.frame_folder import FrameFolder
from backprop.reports.themes import Look


class StepDrawings:
    """A graph in steps. steps: how many there are. blank: whether what is not computed has lines to write
    on."""

    def __init__(self, stepped: SteppedPicture, look: Look, blank: bool) -> None:
        self._stepped, self._look, self.blank = stepped, look, blank
        self.steps = stepped.last

    def picture(self, step: int | None = None, format: str = "svg") -> bytes:
        """The picture after so many steps; None for all, or with blanks for none. format: svg, png, pdf or
        tex. Raises BadOption and CannotDraw."""
        number = all_steps.step_number(self._stepped, step, self.blank)
        return all_steps.one(self._stepped, self._look, _known(format), number, self.blank)

    def animation(self, interval: StepSeconds = default_of(StepSeconds)) -> str:
        """Both passes as one SVG that moves. interval: seconds from one step to the next. Raises BadOption
        and CannotDraw."""
        if wrong := declared(StepSeconds).out_of_range(interval):
            raise wrong
        return all_steps.animation(self._stepped, self._look, interval).decode()

    def save(self, folder: str | PathLike[str], format: str = "svg") -> list[str]:
        """Write a picture a step, step_01.svg and so on, into a folder, in place of those of an earlier
        time; the names of the files. Raises CannotWrite, BadOption and CannotDraw."""
        place = FrameFolder(fspath(folder), _known(format))
        numbers = [moment.number for moment in self._stepped.moments]
        pictures = all_steps.frames(self._stepped, self._look, format, self.blank, numbers)
        return place.write(numbers, pictures, self.steps)

    def __repr__(self) -> str:
        return f"<{self.steps} steps of {self._stepped.picture.output}>"

    def _repr_svg_(self) -> str:
        """Moving, or a worksheet."""
        return self.picture().decode() if self.blank else self.animation()


def _known(format: str) -> str:
    if format not in STEPS.names:
        raise unknown_choice("format", format, STEPS.names)
    return format
