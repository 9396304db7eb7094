"""Text → statements: each the tokens it is made of and the shape that the grammar gives it."""

from functools import lru_cache
from typing import NamedTuple

from backprop.errors import LIMIT, SyntaxFault, raise_all
from backprop.source import Source, Span
from backprop.syntax.grammar import Node, Shape, Unfit, shape
from backprop.syntax.scanner import ENDS, Tokens, control_characters, statements


class Statement(NamedTuple):
    """One statement, or one expression: `tokens` has its text, `shape` what it says."""

    tokens: Tokens
    shape: Shape

    def word(self, node: Node) -> str:
        """The text of a leaf: a number, a name, a member such as `w[1,2]`; else the node's token."""
        if node.kind == "index":
            return "".join(self.tokens.texts[node.first : node.last + 1])
        return self.tokens.texts[node.token]


def read(
    source: Source,
    ends: frozenset[str] = ENDS,
    patterns: list[tuple[str, Statement, Span]] | None = None,
    start: str = "statement",
) -> tuple[list[Statement], list[SyntaxFault]]:
    """The statements that read well, and an error for each of the others (up to a limit).

    patterns: takes what sets many names at once, `w[*,1] = 0`, as the pattern and its right side.
    start: what they are, statements or each an `expression`.
    """
    found: list[Statement] = []
    errors: list[SyntaxFault] = [*control_characters(source)]
    for tokens in () if errors else statements(source, ends):
        if not isinstance(tokens, Tokens):
            errors.append(tokens)
        elif "OTHER" in tokens.kinds:
            errors += unread(tokens)
        else:
            try:
                many = None if patterns is None else _pattern(tokens)
                if patterns is not None and many is not None:
                    patterns.append(many)
                else:
                    found.append(Statement(tokens, shape(tokens.kinds, start)))
            except Unfit as unfit:
                errors += unread(tokens, unfit)
        if len(errors) > 10 * LIMIT:  # no equation file: enough is known
            break
    return found, errors


def unread(tokens: Tokens, unfit: Unfit | None = None) -> list[SyntaxFault]:
    """What is wrong with a statement: its unknown characters, or why the grammar has no place for it."""
    if unfit is None:
        from backprop.syntax.characters import unknown_characters  # for a mistake only: 2 ms

        return unknown_characters(tokens)
    from backprop.syntax.faults import explain_all

    return explain_all(tokens, unfit)


def _pattern(tokens: Tokens) -> tuple[str, Statement, Span] | None:
    """The pattern of `w[*,1] = 0`, the right side, and where the pattern stands. Raises Unfit."""
    kinds = tokens.kinds
    at = kinds.index("ASSIGN") if "ASSIGN" in kinds else 0
    if not {"TIMES", "RANGE"} & set(kinds[:at]):
        return None
    right = tokens.since(at + 1)
    statement = Statement(right, shape(right.kinds, "expression"))
    return "".join(tokens.texts[:at]), statement, tokens.span(0, at - 1)


def formula(text: str) -> Statement:
    """An expression alone, such as a slope in the table of operations. Raises SyntaxFault."""
    return equations(text, start="expression")[0]


@lru_cache(maxsize=1024)
def equations(
    text: str, name: str = "<formula>", start: str = "statement"
) -> tuple[Statement, ...]:
    """The statements of a text of our own, such as an optimizer's update. Raises SyntaxFault."""
    found, errors = read(Source(name, text), start=start)
    raise_all(errors)
    return tuple(found)
