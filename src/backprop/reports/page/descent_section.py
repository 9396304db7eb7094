"""The part of a page that descends: its HTML, what its scripts know, and the updates of its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop.engine.writers.javascript.javascript_functions import (
    JavaScriptFunction,
    javascript_functions,
)
from backprop.page_content import PageContent
from backprop.page_descent import PageLine, PageOptimizer, page_optimizers
from backprop.reports.page.page_parts import Markup, joined, part

_TAKEN = "x", "g", "k", "lr"
"""The numbers that an update takes, before its state."""


def options(texts: Mapping[str, str]) -> Markup:
    """The choices among methods as HTML."""
    chosen = {"gd": texts["gd"]}
    return joined(
        part("choice", name=each.name, text=chosen.get(each.name, each.name))
        for each in page_optimizers()
    )


def descent_data(page: PageContent) -> dict[str, object]:
    """What the scripts know."""
    return {
        "climbs": page.climbs,
        "optimizers": {each.name: _known(each) for each in page_optimizers()},
    }


def _known(row: PageOptimizer) -> dict[str, object]:
    targets = [target for target, _ in row.equations]
    return {
        "state": row.state,
        "options": row.options,
        "formulas": row.formulas,
        "x": targets.index("x'"),
        "kept": {name: targets.index(f"{name}'") for name in row.state},
        "lines": [{"target": line.target, "parts": _parts(line)} for line in row.lines],
    }


def _parts(line: PageLine) -> Sequence[object]:
    """Texts as such, slots as lists of a name and whether it is bracketed."""
    return [each if isinstance(each, str) else [each.name, each.bracketed] for each in line.parts]


def descent_updates() -> str:
    """The updates as an expression in JavaScript: an object of functions of x, g, k, lr, state, which return
    what the equations define."""
    return javascript_functions(
        {
            each.name: JavaScriptFunction([*_TAKEN, *each.state], each.equations, each.options)
            for each in page_optimizers()
        }
    )
