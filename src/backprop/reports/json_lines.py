"""A report as JSON: one object a line for each output. The shape is a promise; README has it."""

from __future__ import annotations

import json
from math import isfinite

from backprop.report import GradientReport
from backprop.reports.numbers import Style, exact

SCHEMA = 1
"""Raised when a name goes away or changes its meaning; new names do not raise it."""


def gradient(report: GradientReport, style: Style) -> str:
    """`{"schema": 1, "output": "L", "value": -8.0, "data": {…}, "gradients": {…}}` a line."""

    def number(value: float) -> float | str:
        return exact(value, style.digits) if isfinite(value) else f"{value}"

    lines = []
    for result in report.results:
        found = {
            "schema": SCHEMA,
            "output": result.output,
            "value": number(result.value),
            "data": {name: number(value) for name, value in result.data.items()},
            "gradients": {name: number(value) for name, value in result.gradients.items()},
        }
        lines.append(json.dumps(found, ensure_ascii=style.ascii, allow_nan=False))
    return "\n".join(lines) + "\n"
