"""What is `const` and has an equation: nothing that it is computed from may move."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from backprop.graph import Columns, in_order
from backprop.language.index_code import Scope
from backprop.syntax.bodies import Parts
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

ComputedConstant = tuple[str, Statement, Parts, Scope]
"""A name that is const and computed, and the variables of its indices."""


def moving(
    computed: Sequence[ComputedConstant],
    columns: Columns,
    names: Mapping[str, int],
    still: Collection[str],
) -> Iterator[ComputedConstant]:
    """Those that are computed from an input that moves: one a statement. still: the inputs that do not."""
    move = {row for name, row in names.items() if name not in still and not columns.is_step(row)}
    for row in in_order([names[name] for name, *_ in computed], columns.operands):
        if not move.isdisjoint(columns.operands(row)):
            move.add(row)
    told: Statement | None = None
    for each in computed:
        if names[each[0]] in move and each[1] is not told:
            told = each[1]
            yield each


def words_of(tokens: Tokens, parts: Parts) -> set[str]:
    """The names in a right side, but for the variables of its sums."""
    found: set[str] = set()
    variables: set[str] = set()
    open_ = [parts]
    while open_:
        part = open_.pop()
        several = [part.body.nodes, part.condition, *chain(*(each.items for each in part.clauses))]
        found.update(
            tokens.texts[node.token] for nodes in several for node in nodes if node.kind == "name"
        )
        variables.update(tokens.texts[clause.node.token] for clause in part.clauses)
        open_ += part.body.parts.values()
    return found - variables
