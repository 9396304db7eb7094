"""Derivations as text: one file a format, one row a format in the table below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from backprop.derivation import Derivation
from backprop.reports.numbers import Style

Format = Callable[[Derivation, Style, bool], str]

FORMATS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "text": ("backprop.reports.explain.text", ".txt"),
        "markdown": ("backprop.reports.explain.markdown", ".md"),
        "latex": ("backprop.reports.explain.latex", ".tex"),
        "html": ("backprop.reports.explain.html", ".html"),
        "json": ("backprop.reports.explain.json", ".json"),
    }
)
"""Each format: the module whose `write` writes it, and the ending of its files."""


def writer(name: str) -> Format:
    """The function that writes a derivation in the format `name`, with blanks for the answers if its
    last argument is true; only its module is imported."""
    write: Format = import_module(FORMATS[name][0]).write
    return write
