"""Reports as text: one file a format, one row a format in the table below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from backprop.report import Report
from backprop.reports.numbers import Style

Format = Callable[[Report, Style], str]

FORMATS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "table": ("backprop.reports.table", ".txt"),
        "json": ("backprop.reports.json_lines", ".json"),
        "csv": ("backprop.reports.csv_rows", ".csv"),
        "markdown": ("backprop.reports.markdown", ".md"),
        "latex": ("backprop.reports.latex", ".tex"),
    }
)
"""Each format: the module whose `write` writes it, and the ending of its files."""


def writer(name: str) -> Format:
    """The function that writes a report in the format `name`; only its module is imported."""
    write: Format = import_module(FORMATS[name][0]).write
    return write
