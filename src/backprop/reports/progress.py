"""What a person sees of a descent while it runs: its steps as lines, or a bar on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING

from backprop.descent import Step
from backprop.numbers import DIGITS, shown
from backprop.reports.style import Style, cells_wide

if TYPE_CHECKING:
    from rich.progress import Progress

_STEP = 6
"""Columns of the step's number; a larger one moves the rest of its line."""

_NARROW, _NARROW_DIGITS = 9, 6
"""Columns and digits of a number in a terminal, where seven of them are to fit into 80 columns."""

_PATIENCE = 1.0
"""Seconds after which a person wants to know."""

_PERIOD = 0.1
"""Seconds between two pictures of the bar."""


class Trace:
    """Columns of fixed width, because nobody knows the numbers to come.

    In a terminal numbers are short, and parameters that have no room are left out; the head says
    how many. In a pipe or with --digits they are whole.
    """

    def __init__(self, output: str, names: Iterable[str], style: Style) -> None:
        narrow = style.width is not None and style.digits is None
        self._digits = _NARROW_DIGITS if narrow else style.digits or DIGITS
        self._most = _NARROW if narrow else self._digits + 6  # sign, point and exponent
        self._gap = " " if narrow else "  "
        titles = [output, "|grad|", "|step|", *names]
        room = inf if style.width is None else style.width
        shown = self._fitting_columns(titles, room)
        if shown < 4 and style.width is not None:  # the output and a parameter share what is left
            each = len(self._gap) + self._most
            longest = max((style.width - _STEP - 2 * each) // 2 - len(self._gap), self._most)
            titles = [_cut(title, longest) for title in titles]
            shown = self._fitting_columns(titles, room)
        self._titles = titles[: max(shown, 1)]
        self._widths = self._wide(self._titles)
        self._left_out = len(titles) - max(shown, 3)
        self._lined = style.width is not None and not style.ascii

    def _wide(self, titles: Iterable[str]) -> list[int]:
        return [max(self._most, cells_wide(title)) for title in titles]

    def _fitting_columns(self, titles: Iterable[str], room: float) -> int:
        """How many of the columns fit."""
        ends = accumulate((len(self._gap) + width for width in self._wide(titles)), initial=_STEP)
        return sum(end <= room for end in ends) - 1

    def head(self) -> str:
        """The titles, and a rule below them."""
        widths = [_STEP, *self._widths]
        titles = zip(["step", *self._titles], widths, strict=True)
        head = self._gap.join(" " * (width - cells_wide(title)) + title for title, width in titles)
        more = f"({self._left_out} more parameters have no room here)\n" if self._left_out else ""
        rule = self._gap.join("-" * width for width in widths)
        if self._lined:  # as other tables are in a terminal
            rule = "─" * len(rule)
        return f"{more}{head}\n{rule}\n"

    def row(self, step: Step) -> str:
        """The line of one step."""
        numbers = [step.value, step.gradient_norm, step.step_length, *step.parameters.values()]
        cells = [f"{step.number:{_STEP}}"]
        for number, width in zip(numbers, self._widths, strict=False):
            cells.append(self._fitting(number).rjust(width))
        return self._gap.join(cells) + "\n"

    def _fitting(self, number: float) -> str:
        """The number with as many digits as fit into its column."""
        texts = (shown(number, digits) for digits in range(self._digits, 0, -1))
        return next((text for text in texts if len(text) <= self._most), shown(number, 1))


def _cut(title: str, most: int) -> str:
    """A title of at most so many columns, its end left out."""
    if cells_wide(title) <= most:
        return title
    while cells_wide(title) >= most:
        title = title[:-1]
    return f"{title}…"


class Bar:
    """Steps, rate, output and time left; it appears after a second, and is gone at the end."""

    def __init__(self, output: str, steps: int) -> None:
        self._output = output
        self._steps = steps
        self._first = -1
        self._next = time.monotonic() + _PATIENCE
        self._progress: Progress | None = None

    def update(self, step: Step) -> None:
        """Draw the bar anew, if it is time."""
        if self._first < 0:
            self._first = step.number
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _PERIOD
        done = step.number - self._first
        if self._progress is None:
            self._progress = _progress()
            self._progress.add_task("", total=self._steps, completed=done, value="")
            self._progress.start()
        value = f"{self._output} = {shown(step.value, 6)}"
        task = self._progress.task_ids[0]
        self._progress.update(task, completed=done, value=value, refresh=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()


def _progress() -> Progress:
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    class Rate(progress.ProgressColumn):
        def render(self, task: progress.Task) -> Text:
            speed = task.speed or task.finished_speed
            return Text(f"{speed:,.0f} steps/s" if speed else "")

    return progress.Progress(
        progress.TextColumn("{task.completed}/{task.total}"),
        progress.BarColumn(bar_width=20),
        Rate(),
        progress.TextColumn("{task.fields[value]}", markup=False),
        progress.TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        auto_refresh=False,
    )
