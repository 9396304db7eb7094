"""Model statements, `y ~ a*exp(-b*x)`: what they leave as an equation, the sum of squared residuals.

`residuals = sum((y - (a*exp(-b*x)))^2)`; of several statements each has a sum of its own, and
`residuals` is all of them. What is added to the text are tokens without a place of their own, so that the
statement stands where that equation is shown.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backprop.errors import NoDataYet, PassedOver
from backprop.language.distributions import COLUMN, DISTRIBUTIONS
from backprop.source import Source
from backprop.syntax.parser import Statement, read, shaped
from backprop.syntax.scanner import Tokens

RESIDUALS = "residuals"
"""The output of a file with model statements."""

_OPENING, _CLOSING = ("LPAR", "LSQB"), ("RPAR", "RSQB")

TokenAt = tuple[str, str, int, int]
"""A token: its kind, its text, and from where to where it stands."""


class Modelled(NamedTuple):
    """The statements of a text without model statements, and the names of the sums that these became, in
    their order; notes: what is to be said."""

    statements: list[Statement]
    sums: Sequence[str]
    notes: Sequence[PassedOver] = ()


def is_model(statement: Statement) -> bool:
    """Whether it is a `~` that draws no number, but says how data depends on other names."""
    tokens, shape = statement
    if not shape.drawn:
        return False
    right = [node for node in shape.nodes if node.first > tokens.sign]
    names = {tokens.texts[node.token] for node in right if node.kind == "call"}
    if COLUMN in names or not names.isdisjoint(DISTRIBUTIONS):
        return False
    return shape.form == "distribution" or any(node.kind in ("name", "index") for node in right)


def is_modelled(statement: Statement) -> bool:
    """Whether it is a model statement: of what is no name it always is, of one where nothing is drawn."""
    return statement.shape.form == "modelled" or is_model(statement)


def as_equations(statements: Sequence[Statement], has_data: bool) -> Modelled:
    """Statements with the sums of squared residuals of those that are model statements. has_data: whether
    there are tables. Raises NoDataYet for a statement that has no rows."""
    models = [each for each in statements if is_modelled(each)]
    others = [each for each in statements if not is_modelled(each)]
    if not models:
        return Modelled([*statements], ())
    own = [each for each in others if defines(each, RESIDUALS)]
    if own:
        message = f"{RESIDUALS} is what the file says: its model statements are passed over"
        hints = [
            f"to have the sum of their squares, call the equation something else than {RESIDUALS}"
        ]
        place = own[0].tokens.span(own[0].shape.target)
        return Modelled(others, (), (PassedOver(message, place, hints=hints),))
    words = {text for each in statements for text in each.tokens.texts}
    names = [RESIDUALS] if len(models) == 1 else [*_names(models, words)]
    made = list[Statement]()
    for name, model in zip(names, models, strict=True):
        _refuse(model, has_data)
        made.append(_squares(name, model.tokens))
    if len(models) > 1:
        last = models[-1].tokens
        made.append(_statement(last, _sum_of(names, last.ends[-1])))
    return Modelled([*others, *made], names)


def squares_text(text: str) -> str:
    """What a model statement without a clause is as the right side of an equation: of `y ~ a + b*x` it is
    `sum((y - (a + b*x))^2)`; other texts are what they are."""
    found, faults = read(Source("<text>", text))
    if len(found) != 1 or faults or not is_modelled(found[0]):
        return text
    tokens = found[0].tokens
    sign, end = tokens.sign, clauses(tokens)
    left, right = tokens.span(0, sign - 1).text, tokens.span(sign + 1, end - 1).text
    if _adds(tokens.since(sign + 1, end)):
        right = f"({right})"
    behind = f" {tokens.span(end, -1).text}" if end < len(tokens.kinds) else ""
    return f"sum(({left} - {right})^2{behind})"


def _adds(tokens: Tokens) -> bool:
    """Whether an expression needs brackets behind a minus."""
    depth = 0
    for kind in tokens.kinds:
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if not depth and kind not in (*_CLOSING, *_BINDING):
            return True
    return False


_BINDING = ("NAME", "NUMBER", "TIMES", "DIVIDE", "POWER", "STARS")
"""Kinds of tokens that bind more closely than a minus."""


def defines(statement: Statement, name: str) -> bool:
    """Whether it is the equation of a name."""
    forms = ("equation", "indexed_equation", "function", "distribution", "indexed_distribution")
    return statement.shape.form in forms and statement.tokens.texts[statement.shape.target] == name


def _names(models: Sequence[Statement], words: set[str]) -> Iterator[str]:
    """A name for the sum of each: `residuals_y`, or `residuals_2` where the left side is no name."""
    taken = {*words, RESIDUALS}
    for at, (tokens, _) in enumerate(models, 1):
        simple = tokens.sign == 1 and tokens.kinds[0] == "NAME"
        name = f"{RESIDUALS}_{tokens.texts[0]}" if simple else f"{RESIDUALS}_{at}"
        while name in taken:
            name += "_"
        taken.add(name)
        yield name


def _refuse(model: Statement, has_data: bool) -> None:
    """Raise NoDataYet for a model statement that has no rows."""
    tokens = model.tokens
    if clauses(tokens) < len(tokens.kinds):
        return
    if not has_data:
        message = "a model statement needs data: a table whose columns it names"
        hints = ["give the table: --data rows.csv"]
        if model.shape.form == "distribution":
            name = tokens.texts[model.shape.target]
            hints.append(
                f"or, for a random input, {name} ~ uniform(low, high), {name} ~ normal(mean, sd)"
            )
        raise NoDataYet(message, tokens.whole, hints=hints)


def clauses(tokens: Tokens) -> int:
    """The `for` behind a statement, which is within no brackets; the number of its tokens if there is
    none."""
    depth = 0
    for at, kind in enumerate(tokens.kinds):
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if kind == "FOR" and not depth:
            return at
    return len(tokens.kinds)


def _squares(name: str, tokens: Tokens) -> Statement:
    """The equation of the sum of squares of one statement, which stands where that stands."""
    sign, end = tokens.sign, clauses(tokens)
    begin, behind = tokens.starts[0], tokens.ends[-1]

    def new(kind: str, text: str, at: int) -> TokenAt:
        return kind, text, at, at

    def old(first: int, last: int) -> Iterator[TokenAt]:
        for at in range(first, last):
            yield tokens.kinds[at], tokens.texts[at], tokens.starts[at], tokens.ends[at]

    middle = tokens.starts[sign]
    pieces = [
        new("NAME", name, begin), new("ASSIGN", "=", begin), new("NAME", "sum", begin),
        new("LPAR", "(", begin), new("LPAR", "(", begin), *old(0, sign),
        new("MINUS", "-", middle), new("LPAR", "(", middle), *old(sign + 1, end),
        *(new(kind, text, tokens.ends[end - 1]) for kind, text in _SQUARED),
        *old(end, len(tokens.kinds)), new("RPAR", ")", behind),
    ]  # fmt: skip
    return _statement(tokens, pieces)


_SQUARED = ("RPAR", ")"), ("RPAR", ")"), ("POWER", "^"), ("NUMBER", "2")


def _sum_of(names: Sequence[str], at: int) -> list[TokenAt]:
    pieces: list[TokenAt] = [("NAME", RESIDUALS, at, at), ("ASSIGN", "=", at, at)]
    for number, name in enumerate(names):
        if number:
            pieces.append(("PLUS", "+", at, at))
        pieces.append(("NAME", name, at, at))
    return pieces


def _statement(tokens: Tokens, pieces: Sequence[TokenAt]) -> Statement:
    kinds, texts, starts, ends = zip(*pieces, strict=True)
    return shaped(Tokens(tokens.source, kinds, [*texts], array("Q", starts), array("Q", ends)))


class NotSquares(Exception):
    """An output is no sum of squares over rows. The text says why."""


def unsquared(statements: Sequence[Statement], output: str) -> tuple[list[Statement], bool]:
    """Statements in which the sums of squares that an output is made of are sums of what was squared, and
    whether the output is a mean. Raises NotSquares."""
    places = {
        each.tokens.texts[each.shape.target]: at
        for at, each in enumerate(statements)
        if each.shape.form == "equation"
    }
    if output not in places:
        raise NotSquares(f"{output} has no equation")
    found, mean = [*statements], False
    parts = _added(statements[places[output]]) or [output]
    for name in parts:
        if name not in places:
            raise NotSquares(f"{name} is no sum of squares over rows")
        made = _without_power(found[places[name]])
        if made is None:
            raise NotSquares(f"{name} is no sum of squares over rows")
        mean |= _gatherer(found[places[name]]) == "mean"
        found[places[name]] = made
    if mean and len(parts) > 1:
        raise NotSquares("several means are added up")
    return found, mean


def _added(statement: Statement) -> list[str]:
    """The names of `residuals_y + residuals_z`; none if it is anything else."""
    tokens = statement.tokens
    right = tokens.kinds[tokens.sign + 1 :]
    if len(right) < 3 or {*right[::2]} != {"NAME"} or {*right[1::2]} != {"PLUS"}:
        return []
    return tokens.texts[tokens.sign + 1 :: 2]


def _gatherer(statement: Statement) -> str:
    return statement.tokens.texts[statement.tokens.sign + 1]


def _without_power(statement: Statement) -> Statement | None:
    """`L = sum(r)` of `L = sum(r^2)` or `sum(r*r)`, also of a mean; None of what is neither."""
    tokens, shape = statement
    nodes, first = shape.nodes, tokens.sign + 1
    if len(nodes) < 3 or shape.limited:
        return None
    whole, power, two = nodes[-1], nodes[-2], nodes[-3]
    if whole.kind != "call" or whole.operands != 1 or whole.first != first:
        return None
    if tokens.texts[first] not in ("sum", "mean") or two.last != power.last:
        return None
    if power.operation == "*":  # of a thing with itself
        one, other = (power.first, two.first - 1), (two.first, two.last + 1)
        if tokens.texts[slice(*one)] != tokens.texts[slice(*other)]:
            return None
    elif power.operation != "^" or two.kind != "number" or tokens.texts[two.token] != "2":
        return None
    left = tokens.without(two.first - 1, two.last + 1)
    left.texts[first] = "sum"
    return shaped(left)
