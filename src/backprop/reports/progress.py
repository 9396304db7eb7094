"""A bar on standard error while a descent runs, for a person who waits in front of a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from backprop.descent import Step
from backprop.numbers import shown

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

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
        self._task: TaskID | None = None

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
            self._progress = self._begin(done)
        assert self._task is not None
        self._progress.update(
            self._task,
            completed=done,
            value=f"{self._output} = {shown(step.value, 6)}",
            refresh=True,
        )

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()

    def _begin(self, done: int) -> Progress:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            ProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Task as RichTask
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: RichTask) -> Text:
                speed = task.speed or task.finished_speed
                return Text(f"{speed:,.0f} steps/s" if speed else "")

        progress = Progress(
            TextColumn("{task.completed}/{task.total}"),
            BarColumn(bar_width=20),
            Rate(),
            TextColumn("{task.fields[value]}"),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            transient=True,
            auto_refresh=False,
        )
        self._task = progress.add_task("", total=self._steps, completed=done, value="")
        progress.start()
        return progress
