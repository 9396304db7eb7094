"""The program of an output over the rows of a Model's tables, and which of their columns it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from backprop.by_rows.row_program import RowProgram
from backprop.language.apart import NotApart, apart
from backprop.language.column_names import words_of
from backprop.language.laid import Data, data_of
from backprop.language.model import Model
from backprop.language.text_columns import statements_over
from backprop.syntax.parser import Statement

_Rewriting = Callable[[list[Statement]], list[Statement]]


class ProgramOver(NamedTuple):
    """used: tables, each with those of its columns that are named."""

    program: RowProgram
    used: Sequence[tuple[Data, Sequence[str]]]


def program_over(
    model: Model, output: str, change: _Rewriting = lambda found: found
) -> ProgramOver:
    """The program of an output. change: makes other statements of those of the text. Raises NotApart, and
    what reading and `change` raise, where this is not the way."""
    plain = data_of(model.laid)
    statements, tables, errors = statements_over(model.source, plain)
    if errors or not tables:
        raise NotApart("there are mistakes, or no tables")
    statements = change(statements)
    parts = apart(statements, tables, model.source)
    # what texts are compared with cannot move
    still = {name for each in tables for name in each.names}
    still -= {name for each in plain for name in each.names}
    program = RowProgram(parts, output, model.seed, model.sizes, still)
    words = words_of(statements)
    used = [(table, [name for name in table.names if name in words]) for table in tables]
    return ProgramOver(program, [(table, some) for table, some in used if some])
