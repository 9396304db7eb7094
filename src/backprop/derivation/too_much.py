"""What is more than a person reads of a derivation."""

from __future__ import annotations

from backprop.errors import TooLarge
from backprop.language import Model

MOST = 300
"""Equations that are explained without being asked twice."""


def too_many(model: Model, only: str, count: int, about: str = "") -> TooLarge:
    """The error for more steps than are explained. only: what to ask for. about: what was asked for."""
    message = f"{count:,} steps {f'use {about},' if about else 'are'} more than a person reads"
    hints = [f"explain {'one' if about else 'some'}: --only {only}", "explain everything: --all"]
    return TooLarge(message, hints=hints, where=model.source.name)


def too_many_rows(where: str, count: int) -> None:
    """Raise TooLarge for more rows of data than are explained. where: the file of equations."""
    if count > MOST:
        hints = ["explain one: --row 1", "explain everything: --all"]
        message = f"{count:,} rows of data are more than a person reads"
        raise TooLarge(message, hints=hints, where=where)
