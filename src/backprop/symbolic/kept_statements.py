"""Statements of a file that stand in front of derivatives, and what each defines."""

from __future__ import annotations

import re
from collections.abc import Container

from backprop.source import one_line
from backprop.syntax.parser import Statement

_BETWEEN = re.compile(r",(?![^\[]*\])")
"""A comma between the names of a declaration, not between indices."""


def written(statement: Statement, kept: Container[str]) -> str:
    """A statement on one line. kept: of a declaration, the names and families that it may still name."""
    text = one_line(statement.tokens.whole.text)
    if statement.shape.form != "declaration":
        return text
    word, _, items = text.partition(" ")
    named = [each.strip() for each in _BETWEEN.split(items)]
    return f"{word} {', '.join(each for each in named if each.partition('[')[0].strip() in kept)}"


def defined_by(statement: Statement) -> set[str]:
    """The names that a statement defines, or declares."""
    tokens, shape = statement
    if shape.form == "declaration":
        return {tokens.texts[node.token] for node in shape.nodes}
    return {tokens.texts[shape.target]}
