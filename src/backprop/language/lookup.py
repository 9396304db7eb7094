"""Indices from a table: the numbers of a family, such as `county` in `alpha[county[i]]`."""

from weakref import proxy

from backprop.errors import BackpropError, Label, NotANumber, TooLarge
from backprop.language.distributions import COLUMN
from backprop.language.families import Families, left, ready_made, right
from backprop.language.sizes import takes_numbers
from backprop.source import Span
from backprop.syntax.parser import Statement

_DEEPEST = 50
"""So many tables may be made of one another, one after the other."""


def provide(families: Families) -> None:
    """Let indices and ranges be made of members of these families."""
    own = proxy(families)  # what the families keep would keep them alive otherwise
    families.integers.table = lambda *asked: _number(own, *asked)


def _number(families: Families, name: str, key: tuple[int, ...], place: Span) -> float:
    """The number of a member that an index is made of, which no descent moves. place: where it is
    asked for. Raises NotANumber, UnknownName."""
    label = f"{name}[{','.join(map(str, key))}]"
    if name not in families.tables:
        if families.within_tables >= _DEEPEST:
            message = f"tables of numbers that {name} is made of, more than {_DEEPEST} deep"
            raise TooLarge(message, place)
        families.tables[name] = {}
        families.within_tables += 1
        try:
            for statement in families.owners.get(name, ()):
                _enter(families, name, statement, place)
            families.tables[name] |= _given(families, name)
        finally:
            families.within_tables -= 1
    table = families.tables[name]
    if label not in table:
        families.refuse(label, name, place, dict.fromkeys(table, 0))
        hints = [f"give it one in the file: {label} = 1"]
        raise NotANumber(f"an index needs a number, and {label} has none", place, hints=hints)
    number = families.integers.known[label] = table[label]
    return number


def _given(families: Families, name: str) -> dict[str, float]:
    """The numbers from outside for members of a family."""
    sizes, table = families.integers.sizes, families.tables[name]
    if not (table and sizes.concerns(name)):
        return {}
    owners, equations = families.owners[name], families.integers.defined
    if not all(takes_numbers(each, equations) for each in owners):
        return {}
    return sizes.read(table)


def _enter(families: Families, name: str, statement: Statement, asked: Span) -> None:
    """Enter the numbers that a statement gives members of a family."""
    tokens, parts = statement.tokens, ready_made(statement)
    if tokens.texts[parts.body.nodes[-1].token] == COLUMN:
        for scope in families.scopes(tokens, parts, {}):
            label = families.label(tokens, name, parts.indices, scope)
            families.tables[name][label] = families.draw(tokens, parts.body, label, scope)[0]
        return
    if statement.shape.drawn:
        labels = Label(asked, "an index is made of it"), Label(left(statement), "drawn here")
        raise NotANumber(f"{name} is drawn at random", *labels)
    for scope in families.scopes(tokens, parts, {}):
        label = families.label(tokens, name, parts.indices, scope)
        try:
            number = families.integers.of_body(tokens, parts.body, scope, free=True)
        except TooLarge:
            raise
        except BackpropError:
            message = f"{label} is no constant of these equations"
            hints = ["indices and ranges must be known before anything is computed"]
            labels = Label(asked, "an index or a range needs one"), Label(right(statement))
            raise NotANumber(message, *labels, hints=hints) from None
        families.tables[name][label] = number
