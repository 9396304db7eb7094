"""Remainders and whole quotients as other languages write them: `n % m`, `n//m`, `n mod m`."""

from backprop.errors import SyntaxFault
from backprop.syntax.case import BEGINS, POWERS, Case, begin, end, ends_operand, fault, own
from backprop.syntax.scanner import Tokens

_FACTORS = {"TIMES", "DIVIDE", *POWERS}
_SIGNS = ("MINUS", "PLUS")


def dividend(tokens: Tokens, at: int) -> int:
    """The first token of the product that ends right before the token `at`, with its sign; `at` if
    there is none: of `a - b*c % m` it is that of `b`."""
    kinds, first = tokens.kinds, begin(tokens, at)
    while first < at:
        signed = first and kinds[first - 1] in _SIGNS
        if signed and not (first > 1 and ends_operand(kinds[first - 2])):
            first -= 1
        if not first or kinds[first - 1] not in _FACTORS or begin(tokens, first - 1) == first - 1:
            return first
        first = begin(tokens, first - 1)
    return at


def raised(tokens: Tokens, at: int) -> int:
    """The last token of the operand that begins with the token `at`, with its sign and its power;
    one less if there is none."""
    kinds = (*tokens.kinds, "", "")
    signed = kinds[at] in _SIGNS
    last = end(tokens, at + signed)
    if last < at + signed:
        return at - 1
    while kinds[last + 1] in POWERS:
        behind = end(tokens, last + 2 + (kinds[last + 2] in _SIGNS))
        if behind < last + 2:
            break
        last = behind
    return last


def divided(tokens: Tokens, at: int, sign: int, name: str) -> SyntaxFault | None:
    """The error for a division whose sign is the tokens from `at` to `sign`. name: `mod` for the
    remainder, `floor` for the whole quotient."""
    first, last = dividend(tokens, at), raised(tokens, sign + 1)
    if first == at or last <= sign:
        return None
    left, right = own(tokens, first, at - 1), own(tokens, sign + 1, last)
    signed = tokens.kinds[sign + 1] in _SIGNS
    quotient = f"floor({left}/{f'({right})' if signed else right})"
    what, meant = ("remainder", f"mod({left}, {right})")
    if name == "floor":
        what, meant = "whole quotient", quotient
    return fault(f"a {what} is a function here", tokens.span(first, last), f"write {meant}")


def in_words(case: Case) -> SyntaxFault | None:
    """`n mod m` and `n div m`."""
    name = {"mod": "mod", "div": "floor"}.get(case.text().lower(), "")
    called = case.kind(1) == "LPAR" and case.touching(1)
    if not name or called or case.kind(1) not in {*BEGINS, *_SIGNS} or not case.behind_operand:
        return None
    return divided(case.tokens, case.at, case.at, name)


def whole(case: Case) -> SyntaxFault | None:
    """`n//m`."""
    if case.text(-1) + case.text() != "//":
        return None
    return divided(case.tokens, case.at - 1, case.at, "floor")
