"""Remainders and whole quotients as other languages write them: `n % m`, `n//m`, `n mod m`."""

import re

from backprop.errors import SyntaxFault, mend
from backprop.syntax.case import (
    BEGINS,
    POWERS,
    SIGNS,
    Case,
    begin,
    ends_operand,
    fault,
    own,
    raised,
)  # fmt: skip
from backprop.syntax.scanner import Tokens

_FACTORS = {"TIMES", "DIVIDE", *POWERS}


def dividend(tokens: Tokens, at: int) -> int:
    """The first token of the product that ends right before the token `at`, with its sign; `at` if
    there is none: of `a - b*c % m` it is that of `b`."""
    kinds, first = tokens.kinds, begin(tokens, at)
    while first < at:
        signed = first and kinds[first - 1] in SIGNS
        if signed and not (first > 1 and ends_operand(kinds[first - 2])):
            first -= 1
        if not first or kinds[first - 1] not in _FACTORS or begin(tokens, first - 1) == first - 1:
            return first
        first = begin(tokens, first - 1)
    return at


def divided(tokens: Tokens, at: int, sign: int, name: str) -> SyntaxFault | None:
    """The error for a division whose sign is the tokens from `at` to `sign`. name: `mod` for the
    remainder, `floor` for the whole quotient. Of several in a row it is the first."""
    first = dividend(tokens, at)
    while earlier := _earlier(tokens, first):  # they go from left to right
        at, sign, name = earlier
        first = dividend(tokens, at)
    last = raised(tokens, sign + 1)
    if first == at or last <= sign:
        return None
    left, right = own(tokens, first, at - 1), own(tokens, sign + 1, last)
    signed = tokens.kinds[sign + 1] in SIGNS
    quotient = f"floor({left}/{f'({right})' if signed else right})"
    what, meant = ("remainder", f"mod({left}, {right})")
    if name == "floor":
        what, meant = "whole quotient", quotient
    return fault(f"a {what} is a function here", tokens.span(first, last), mend(meant))


_WORDS = {"mod": "mod", "div": "floor", "%": "mod"}


def _earlier(tokens: Tokens, first: int) -> tuple[int, int, str] | None:
    """Another such division that ends right before the token `first`: its sign and its name."""
    if tokens.kinds[max(first - 2, 0) : first] == ("DIVIDE", "DIVIDE"):
        return first - 2, first - 1, "floor"
    word = tokens.texts[first - 1].lower() if first > 1 else ""
    if word not in _WORDS or not ends_operand(tokens.kinds[first - 2]):
        return None
    return first - 1, first - 1, _WORDS[word]


def in_words(case: Case) -> SyntaxFault | None:
    """`n mod m` and `n div m`."""
    name = _WORDS.get(case.text().lower(), "")
    called = case.kind(1) == "LPAR" and case.touching(1)
    if not name or called or case.kind(1) not in {*BEGINS, *SIGNS} or not case.behind_operand:
        return None
    return divided(case.tokens, case.at, case.at, name)


def whole(case: Case) -> SyntaxFault | None:
    """`n//m`; a lone word behind a blank, to the end of the line, that the text uses nowhere else may be
    a comment."""
    if case.text(-1) + case.text() != "//":
        return None
    error = divided(case.tokens, case.at - 1, case.at, "floor")
    text, word, last = case.tokens.source.text, case.text(1), case.tokens.ends[case.at + 1 :]
    alone = (
        case.kind(1) == "NAME"
        and not case.touching(1)
        and not text[last[0] :].partition("\n")[0].strip(" \t\r")
    )
    if error and alone and len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text)) == 1:
        hints = (f"for a comment write # {word}", f"for a quotient {error.meant}")
        return fault("'//' could mean two things", case.span(-1, 1), *hints)
    return error


def below(tokens: Tokens, at: int) -> bool:
    """Whether a token stands behind a division of something else than a number: `x/2y` may be x/(2y),
    and `4/3x` is 4/3 of x."""
    over = tokens.source.text[: tokens.starts[at]].rstrip()
    return over.endswith("/") and not _FRACTION.search(over)


def raised_by(tokens: Tokens, at: int) -> bool:
    """Whether a token is the exponent of a number, but of ten, or of e: `e^2x` may be e^(2x)."""
    base = begin(tokens, at - 1)
    if base != at - 2 or tokens.kinds[at - 1] not in POWERS:
        return False
    return tokens.texts[base] == "e" or (
        tokens.kinds[base] == "NUMBER" and tokens.texts[base] != "10"
    )


_FRACTION = re.compile(r"(?<![\w.^])(?<!\*\*)\d[\d.]*\s*/\Z")
