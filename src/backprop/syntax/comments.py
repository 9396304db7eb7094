"""Comments as other languages begin them: `//`, `/*`, `%`, `--`, `!` and a quote."""

import re

from backprop.errors import SyntaxFault, mend
from backprop.syntax.case import fault
from backprop.syntax.scanner import Tokens
from backprop.syntax.spelling import RESERVED

_WORD = r"[^\W\d][\w’-]*"
_COMMENT = re.compile(
    rf"(?<![^\s;])(?://+|/\*+|(?:%+|--+|!|'|\"|\\\\)(?=[ \t]))[ \t]*"
    rf"({_WORD}(?:[,.:]?[ \t]+{_WORD})+[.!?]?)[ \t]*(?:\*+/[ \t]*)?(?=[\r\n]|\Z)"
)
_SIGN = re.compile(r"(?<![^\s;])(?://|/\*|--|\\\\|[%!'\"])")
_OPERATORS = RESERVED | {"mod", "div", "of"}


def foreign_comment(tokens: Tokens) -> SyntaxFault | None:
    """The error for words behind such a sign, to the end of the line. A single word is none: `n // m`."""
    text = tokens.source.text
    # tried at its signs only: for each of many statements the rest of a text would be looked through
    signs = _SIGN.finditer(text, tokens.starts[0], tokens.ends[-1] + 2)
    matches = (_COMMENT.match(text, sign.start()) for sign in signs)
    found = next(filter(None, matches), None)
    if not found or found.start() > tokens.ends[-1]:
        return None
    words = re.findall(r"\w+", found[1])
    if not _OPERATORS.isdisjoint(words):
        return None
    place = tokens.whole._replace(start=found.start(), end=found.end())
    return fault("a comment begins with '#'", place, mend(f"# {found[1]}"))
