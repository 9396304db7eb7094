"""Statements of a file that stand in front of derivatives, and what each defines."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from backprop.operations import FUNCTIONS
from backprop.source import one_line
from backprop.syntax.parser import Statement

_BETWEEN = re.compile(r",(?![^\[]*\])")
"""A comma between the names of a declaration, not between indices."""

_DEFINES = re.compile(r"\s*(?P<name>[^\W\d]\w*'*)\s*\([^()]*\)\s*=(?!=)")
_WORD = re.compile(r"[^\W\d]\w*'*")


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


def functions_apart(statements: Sequence[str], formulas: Sequence[str]) -> list[str]:
    """Statements of a file in which functions that are called as one of the language have another name, where
    formulas that stand behind them mean that of the language."""
    own = [made["name"] for each in statements if (made := _DEFINES.match(each))]
    words = {word for each in (*statements, *formulas) for word in _WORD.findall(each)}
    found = [*statements]
    for name in own:
        called = re.compile(rf"(?<![\w.]){re.escape(name)}(?=\s*\()")
        if name in FUNCTIONS and any(map(called.search, formulas)):
            other = f"{name}_"
            while other in words:
                other += "_"
            found = [called.sub(other, each) for each in found]
    return found
