"""What an interactive page needs for descents: methods of the table of optimizers, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backprop.descent.optimizers import FIRST_ORDER, Optimizer, defaults
from backprop.language import Model
from backprop.syntax.notation import names_in, typographic
from backprop.syntax.parser import Statement

SHOWN = "gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"
"""The methods that a page offers."""


class PageSlot(NamedTuple):
    """Where a number goes in a line. name: whose. bracketed: whether it stands in brackets if it is
    negative."""

    name: str
    bracketed: bool


class PageLine(NamedTuple):
    """An equation of an update as a line in which numbers are put: texts and slots in turn. target: what it
    defines."""

    target: str
    parts: Sequence[str | PageSlot]


class PageOptimizer(NamedTuple):
    """A method. state: what it keeps for each input, with the number before the first step. options: its
    numbers. equations: its update: of `x`, `g`, `k`, `lr`, state and options. formulas: these as a reader
    sees them; lines: with places for numbers."""

    name: str
    state: Mapping[str, float]
    options: Mapping[str, float]
    equations: Sequence[tuple[str, Statement]]
    formulas: Sequence[str]
    lines: Sequence[PageLine]


def climbs(model: Model, asked: str | None) -> bool:
    """Whether the output is to rise: as the file says where it says which one, too. asked: the output that
    was asked for by name, None where the file or nobody says it. As for `descend`."""
    return asked is None and model.goal is not None and model.goal.kind == "maximize"


def page_optimizers() -> list[PageOptimizer]:
    """The methods that a page offers."""
    return [_optimizer(row) for row in FIRST_ORDER if row.name in SHOWN]


def _optimizer(row: Optimizer) -> PageOptimizer:
    equations = [*row.equations()]
    known = {"x", "g", "k", "lr", *row.state, *row.options}
    lines = []
    for target, statement in equations:
        lines.append(PageLine(target, _parts(statement, known)))
        known.add(target)
    return PageOptimizer(row.name, row.state, defaults(row), equations, row.formulas(), lines)


_OPEN, _CLOSE = "\ue000", "\ue001"


def _parts(statement: Statement, known: set[str]) -> list[str | PageSlot]:
    """A right side with slots for the names that are known.

    Its notation is asked for twice, with numbers that have a minus and with others: a bracket that only
    the first has is one of a negative number.
    """
    names = sorted(names_in(statement) & known)
    plain = typographic(statement, {name: f"{_OPEN}{name}{_CLOSE}" for name in names})
    minus = typographic(statement, {name: f"−{_OPEN}{name}{_CLOSE}" for name in names})
    texts, others = _split(plain), _split(minus)
    parts, bracketed = list[str | PageSlot](), False
    for at, text in enumerate(texts):
        if at % 2:
            parts.append(PageSlot(text, bracketed))
        else:
            parts.append(text)
            bracketed = others[at].removeprefix(")" if bracketed else "") == f"{text}(−"
    return parts


def _split(text: str) -> list[str]:
    """The texts between names, and these, in turn."""
    return text.replace(_CLOSE, _OPEN).split(_OPEN)
