"""What a member can be drawn from at random."""

from collections.abc import Mapping
from types import MappingProxyType

from backprop.errors import UnexpectedText, WrongNumberOfArguments
from backprop.syntax.grammar import Node
from backprop.syntax.scanner import Tokens

DISTRIBUTIONS: Mapping[str, str] = MappingProxyType({"uniform": "low, high", "normal": "mean, sd"})
"""The arguments of each."""

COLUMN = "column of data"
"""What columns of data are drawn from: a name that no text can have."""


def check_distribution(tokens: Tokens, drawn: Node) -> None:
    """Raise an error for what stands right of a `~`, unless it can be drawn from."""
    if tokens.texts[drawn.token] == COLUMN:
        return
    name, span = tokens.texts[drawn.token], tokens.span(drawn.first, drawn.last)
    if drawn.kind != "call" or name not in DISTRIBUTIONS:
        hints = ["write uniform(low, high) or normal(mean, sd)"]
        raise UnexpectedText("this is no distribution", span, hints=hints)
    if drawn.operands != 2:
        hints = [f"write {name}({DISTRIBUTIONS[name]})"]
        message = f"{name} takes 2 arguments, not {drawn.operands}"
        raise WrongNumberOfArguments(message, span, hints=hints)
