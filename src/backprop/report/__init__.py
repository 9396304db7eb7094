"""What a command has to say, as plain data; `backprop.reports` turns it into text."""

from backprop.report.gradient import GradientReport, gradient_report
from backprop.report.rows import Cell, Column, Records, Report, Table

__all__ = ["Cell", "Column", "GradientReport", "Records", "Report", "Table", "gradient_report"]
