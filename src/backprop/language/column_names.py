"""Columns of data that are called like something else in the equations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backprop.errors import BackpropError, NameDefinedTwice, raise_all
from backprop.language.laid import Data
from backprop.operations import CONSTANTS
from backprop.syntax.parser import Statement

_CLAUSES = "range", "listed"


def words_of(statements: Iterable[Statement]) -> set[str]:
    """What statements name, a column perhaps: not parameters and indices where they hide columns."""
    found = set[str]()
    for statement in statements:
        texts, hiding = statement.tokens.texts, _hiding(statement)
        if not hiding:
            found.update(texts)
            continue
        for at, text in enumerate(texts):
            if not any(first <= at <= last for first, last in hiding.get(text, ())):
                found.add(text)
    return found


def _hiding(statement: Statement) -> dict[str, list[tuple[int, int]]]:
    """Of parameters and indices from which token to which they stand for themselves."""
    tokens, shape = statement
    every = 0, len(tokens.texts) - 1
    found = {tokens.texts[at]: [every] for at in shape.parameters}
    gathers = [node for node in shape.nodes if node.kind == "gather"]
    for clause in shape.nodes:
        if clause.kind in _CLAUSES:
            around = [
                (each.first, each.last)
                for each in gathers
                if each.first <= clause.first and clause.last <= each.last
            ]
            scope = max(around, default=every)  # the innermost one begins last
            found.setdefault(tokens.texts[clause.token], []).append(scope)
    return found


def check_names(statements: Sequence[Statement], table: Data) -> None:
    """Raise NameDefinedTwice for columns that are named like what a statement defines, or like a number of
    the language that equations name."""
    errors = [*_like_numbers(statements, table)]
    for tokens, shape in statements:
        if shape.form in ("function", "declaration", "goal", "expression"):
            continue
        name = tokens.texts[shape.target]
        if name not in table.names or (shape.form == "equation" and shape.kinds[0] == "CONST"):
            continue
        message = f"{name} is a column of {table.name}, and has a statement here"
        hints = [f'call the column something else: --column "{name}1 = {name}"']
        if shape.form == "equation" and not any(
            node.kind in ("name", "index") for node in shape.nodes
        ):
            hints.append(f"or let the column stand for it: const {tokens.whole.text}")
        errors.append(NameDefinedTwice(message, tokens.span(shape.target), hints=hints))
    raise_all(errors)


def _like_numbers(statements: Sequence[Statement], table: Data) -> Iterator[BackpropError]:
    """The errors for columns called pi or inf: nobody knows which of both is meant."""
    names = CONSTANTS.keys() & table.names
    for tokens, _ in statements if names else ():
        for at, name in enumerate(tokens.texts):
            if name in names:
                message = f"{name} is a column of {table.name}, and a number of the language"
                hints = [f'call the column something else: --column "{name}1 = {name}"']
                yield NameDefinedTwice(message, tokens.span(at), hints=hints)
                names -= {name}
