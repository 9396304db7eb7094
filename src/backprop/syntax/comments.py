"""Comments as other languages begin them: `//`, `/*`, `%`, `--`, `!` and a quote."""

import re

from backprop.errors import SyntaxFault, mend
from backprop.syntax.case import fault
from backprop.syntax.scanner import Tokens
from backprop.syntax.spelling import RESERVED

_WORD = r"[^\W\d][\w’-]*"
_COMMENT = re.compile(
    rf"(?<![^\s;])(?://+|/\*+|(?:%+|--+|!|'|\"|\\\\)(?=[ \t]))[ \t]*"
    rf"({_WORD}(?:[,.:]?[ \t]+{_WORD})+[.!?]?)[ \t]*(?:\*+/)?[ \t]*(?=[\r\n]|\Z)"
)
_SIGN = re.compile(r"(?<![^\s;])(?://|/\*|--|\\\\|[%!'\"])")
_OPERATORS = RESERVED | {"mod", "div", "of"}


def foreign_comment(tokens: Tokens) -> SyntaxFault | None:
    """The error for words behind such a sign, to the end of the line. A single word is none: `n // m`."""
    text = tokens.source.text
    # without a sign there is no need to look through the rest of a text, as for each link of a chain
    if not _SIGN.search(text, tokens.starts[0], tokens.ends[-1] + 2):
        return None
    found = _COMMENT.search(text, tokens.starts[0])
    if not found or found.start() > tokens.ends[-1]:
        return None
    words = re.findall(r"\w+", found[1])
    if not _OPERATORS.isdisjoint(words):
        return None
    place = tokens.whole._replace(start=found.start(), end=found.end())
    return fault("a comment begins with '#'", place, mend(f"# {found[1]}"))
