"""The interactive page of a Model, for Python and notebooks."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

_HEIGHT = 900
"""Pixels of a page within a notebook."""

_ALLOWED = "allow-scripts allow-forms allow-downloads"
"""What a page may do there; guesses are a form, and their score is saved."""


class InteractivePage(NamedTuple):
    """An interactive page. html: all of it, one file that needs no network. A notebook shows it."""

    html: str

    def save(self, path: str | Path) -> None:
        """Write it. Raises OSError for a file that cannot be written."""
        Path(path).write_text(self.html, "utf-8")

    def __repr__(self) -> str:
        return f"<InteractivePage of {len(self.html):,} characters>"

    def _repr_html_(self) -> str:
        """In a frame of its own, whose scripts cannot reach the notebook."""
        size = f'width="100%" height="{_HEIGHT}"'
        return f'<iframe sandbox="{_ALLOWED}" {size} srcdoc="{escape(self.html)}"></iframe>'
