"""A derivation as JSON: the steps as data."""

from typing import Any

from backprop.derivation import Derivation
from backprop.derivation.steps import SymbolicDerivation
from backprop.numbers import beyond
from backprop.report import SCHEMA
from backprop.reports.json_lines import line
from backprop.reports.style import Style

_ANSWERS = frozenset(
    "value expanded formula local upstream product total shares factors gradients rules notes".split()
)
"""What a student is to find."""


def write(found: Derivation | SymbolicDerivation, style: Style, hide: bool) -> str:
    """One object: output, value, inputs, given, forward, start, backward, paths, and the gradients by
    the names that the paths come from, and what the file says of its inputs; answers are null if
    hidden. Beside numbers that no double holds, their texts are `beyond`: {"product": "-1e-400"}."""
    if isinstance(found, SymbolicDerivation):
        rules = {"schema": SCHEMA, **_data(found, False)}
        return line(_without_derivatives(rules) if hide else rules, style) + "\n"
    steps = {"forward": found.forward, "backward": found.backward, "paths": dict(found.paths)}
    steps["gradients"] = dict(found.gradients)
    plain = {"schema": SCHEMA, "output": found.output, "value": None if hide else found.value}
    plain |= {"inputs": dict(found.inputs), "given": dict(found.given), **found.declared}
    plain |= {"start": found.start or None, **_data(steps, hide)}
    if (texts := beyond(found.gradients)) and not hide:
        plain["beyond"] = {"gradients": texts}
    return line(plain, style) + "\n"


def _data(item: Any, hide: bool) -> Any:
    """Steps as dicts, with null for everything that a student is to find; they are never deep."""
    if _is_step(item):
        item = item._asdict()
        found = {} if hide else beyond(item)
        item |= {"beyond": found} if found else {}
    if isinstance(item, dict):
        return {
            key: None if hide and key in _ANSWERS and not _are_steps(each) else _data(each, hide)
            for key, each in item.items()
        }
    return [_data(each, hide) for each in item] if isinstance(item, (list, tuple)) else item


def _without_derivatives(item: Any) -> Any:
    """Steps without what a student is to find: derivatives, and the rules that lead there."""
    if isinstance(item, dict):
        hidden = {"derivative", "rule", "law", "put", "how"}
        return {k: None if k in hidden else _without_derivatives(v) for k, v in item.items()}
    return [*map(_without_derivatives, item)] if isinstance(item, list) else item


def _is_step(item: Any) -> bool:
    return hasattr(item, "_asdict")


def _are_steps(item: Any) -> bool:
    """`shares` are steps in an equation, and numbers in a total."""
    return isinstance(item, (list, tuple)) and bool(item) and _is_step(item[0])
