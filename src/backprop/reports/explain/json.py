"""A derivation as JSON: the steps as data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from backprop.derivation import Derivation
from backprop.report.rows import SCHEMA
from backprop.reports.json_lines import line
from backprop.reports.numbers import Style

_ANSWERS = frozenset(
    "value expanded formula local upstream product total shares factors rules notes".split()
)
"""What a student is to find."""


def write(found: Derivation, style: Style, hide: bool) -> str:
    """One object: output, value, given, forward, start, backward, paths; answers are null if hidden."""
    steps = {
        "forward": [asdict(step) for step in found.forward],
        "backward": [asdict(step) for step in found.backward],
        "paths": {name: [asdict(way) for way in ways] for name, ways in found.paths.items()},
    }
    plain = {
        "schema": SCHEMA,
        "output": found.output,
        "value": None if hide else found.value,
        "given": {each.name: each.value for each in found.given},
        "start": found.start or None,
        **(_hidden(steps) if hide else steps),
    }
    return line(plain, style) + "\n"


def _hidden(item: Any) -> Any:
    """The same with null for everything that a student is to find; steps are never deep."""
    if isinstance(item, dict):
        return {
            key: None if key in _ANSWERS and not _are_steps(each) else _hidden(each)
            for key, each in item.items()
        }
    return [_hidden(each) for each in item] if isinstance(item, (list, tuple)) else item


def _are_steps(item: Any) -> bool:
    """`shares` are steps in an equation, and numbers in a total."""
    return isinstance(item, (list, tuple)) and bool(item) and isinstance(item[0], dict)
