"""What a command has to say, as plain data; `backprop.reports` turns it into text."""

from backprop.report.gradient import GradientReport, gradient_report
from backprop.report.rows import Cell, Column, Report, Table

__all__ = [
    "Cell",
    "Column",
    "GradientReport",
    "Report",
    "Table",
    "gradient_report",
]
