"""The steps of a descent as a file: CSV or JSON, numbers to the last bit."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from backprop.descent import Descent
from backprop.reports.json_lines import line
from backprop.reports.numbers import Style

SCHEMA = 1


def write(descent: Descent, format: str) -> str:
    """What `descent.history` holds, as `csv` or `json`."""
    return _json(descent) if format == "json" else _csv(descent)


def _columns(descent: Descent) -> dict[str, Sequence[float]]:
    kept = descent.history
    return {
        "step": kept.steps,
        "gradient_norm": kept.gradient_norms,
        "step_length": kept.step_lengths,
        "lr": kept.lrs,
    }


def _csv(descent: Descent) -> str:
    """Columns step, the output, gradient_norm, step_length, lr, then the parameters.

    Where an equation file has a name of these columns itself, the column is called `descent.step`:
    no name has a point.
    """
    own = {descent.output: descent.history.values, **descent.history.parameters}
    about = {
        f"descent.{title}" if title in own else title: column
        for title, column in _columns(descent).items()
    }
    (step, steps), *others = about.items()
    columns = {step: steps, descent.output: own.pop(descent.output), **dict(others), **own}
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(map(repr, column) for column in columns.values()), strict=True))
    return file.getvalue()


def _json(descent: Descent) -> str:
    """One object of lists: step, value, gradient_norm, step_length, lr, parameters by name."""
    found = {
        "schema": SCHEMA,
        "output": descent.output,
        "optimizer": descent.optimizer,
        **{title: list(column) for title, column in _columns(descent).items()},
        "value": list(descent.history.values),
        "parameters": {name: list(each) for name, each in descent.history.parameters.items()},
    }
    return line(found, Style()) + "\n"
