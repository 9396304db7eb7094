"""A report as a Markdown table."""

from __future__ import annotations

from backprop.report import GradientReport
from backprop.reports.numbers import Style, shown


def gradient(report: GradientReport, style: Style) -> str:
    """A table for GitHub's Markdown and its kin: name, role, equation, data, grad."""
    grads = ["grad"] if len(report.results) == 1 else [f"∂{r.output}" for r in report.results]
    lines = [
        "| name | role | equation | data | " + " | ".join(grads) + " |",
        "| :-- | :-- | :-- | --: |" + " --: |" * len(grads),
    ]
    for row in report.rows:
        numbers = [shown(number, style.digits) for number in (row.data, *row.gradients)]
        cells = [_code(row.name), row.role, _code(row.equation), *numbers]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    """Text that Markdown leaves alone. Equations have neither backticks nor bars in them."""
    return f"`{text}`" if text else ""
