"""A bar on standard error while a descent runs, for a person who waits in front of a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from backprop.descent import Step
from backprop.numbers import shown

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE = 1.0
"""Seconds after which a person wants to know."""

_PERIOD = 0.1
"""Seconds between two pictures of the bar."""


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
        progress.TextColumn("{task.fields[value]}"),
        progress.TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        auto_refresh=False,
    )
