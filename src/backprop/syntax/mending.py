"""Several mistakes in one line: the line as it should be, once, where each of them has one mend."""

import re
from collections.abc import Callable, Sequence

from backprop.errors import SyntaxFault, UnexpectedText, mend
from backprop.operations import CONSTANTS, FUNCTIONS, GATHERS
from backprop.source import Source
from backprop.synonyms import ALIASES
from backprop.syntax.grammar import Unfit, shape
from backprop.syntax.scanner import Tokens, statements
from backprop.syntax.spelling import RESERVED

Unread = Callable[[Tokens, Unfit | None], list[SyntaxFault]]
"""What answers with the errors of a statement."""

_MOST = 8
"""The most mistakes in one line that are mended."""

_LONGEST = 100
"""The most characters of a statement that a hint repeats."""

_WORD = re.compile(r"[^\W\d_⁰¹²³⁴-⁹][^\W⁰¹²³⁴-⁹]*")
_CALLED = {*FUNCTIONS, *GATHERS, *ALIASES}
_KNOWN = {*FUNCTIONS, *RESERVED, *CONSTANTS}


def at_once(tokens: Tokens, errors: Sequence[SyntaxFault], unread: Unread) -> list[SyntaxFault]:
    """One error for a statement that has several mistakes, with the whole of it as the hint; the
    errors themselves where there is but one, or where one of them asks what is meant."""
    text, said = tokens.whole.text, list[str]()
    shift, left, least = tokens.whole.start, errors, 2
    if (bare := _without_math(text)) != text and bare:
        text, shift, least = bare, 0, 1
        said = ["a formula has no signs around it"]
        left = _errors(text, unread)
        place = errors[0].labels[0]
        errors = [UnexpectedText(said[0], place, hints=[mend(text)])]
    while left and len(said) < _MOST and len(text) < _LONGEST and "\n" not in text:
        span = left[0].labels[0].span
        meant = left[0].meant
        first = text.rfind(";", 0, max(span.start - shift, 0)) + 1
        last = text.find(";", span.end - shift)
        statement = text[first : last if last >= 0 else len(text)]
        whole = "=" in meant and _left(meant) == _left(statement)
        known = {*_WORD.findall(statement if whole else span.text), *_KNOWN}
        if (
            not meant
            or "…" in meant
            or not known.issuperset(_WORD.findall(meant))
            or tokens.sign < 0
            or not 0 <= span.start - shift < span.end - shift <= len(text)
        ):
            return [*errors]
        said.append(left[0].message)
        start, end = span.start - shift, span.end - shift
        if whole:
            start, end = first + (first > 0), first + len(statement)
        text = text[:start] + meant + text[end:]
        shift, left = 0, _errors(text, unread)
    least -= any("LaTeX" in message or "\\" in message for message in said)
    plain = _with_small_mends(text, tokens.source.text) if not left else text
    if left or len(said) < least - (plain != text):
        return [*errors]
    text = plain
    also = [f"also: {message}" for message in dict.fromkeys(said[1:]) if message != said[0]]
    place = errors[0].labels[0]
    return [UnexpectedText(said[0], place, hints=[*also, mend(text)])]


def settled(hint: str, meant: str, unread: Unread) -> str:
    """A hint that proposes a whole statement, with what is left to mend in it, where each mistake has
    one mend; meant: the statement."""
    for tokens in statements(Source("<line>", meant)):
        if not isinstance(tokens, Tokens) or tokens.whole.text != meant:
            break
        found = at_once(tokens, _errors(meant, unread), unread)
        if len(found) == 1 and _left(found[0].meant) == _left(meant):
            return mend(found[0].meant, hint.removesuffix(f"write {meant}"))
    return hint


def _with_small_mends(text: str, source: str) -> str:
    """A statement whose functions have small letters, and a `*` behind a value of the source that
    stands before a bracket: `y = Sin(x)*t(x + 1)`."""

    def put(found: re.Match[str]) -> str:
        name = found[1]
        own = rf"(?<![\w'′’]){re.escape(name)}\s*"
        if name in _CALLED or re.search(rf"{own}\([^()=]*\)\s*=", source):
            return found[0]
        if re.search(rf"{own}[=~](?!=)", source):
            return f"{name}*("
        return found[0].lower() if name.lower() in _CALLED else found[0]

    left, sign, right = text.partition("=")
    return left + sign + _BEFORE_A_BRACKET.sub(put, right)


_BEFORE_A_BRACKET = re.compile(r"(?<![\w.'′’/^])(?<!/ )([^\W\d_]\w*)\(")


def _without_math(text: str) -> str:
    """A statement without the signs that LaTeX has around formulas in a text, `$y = x^2$`."""

    def put(found: re.Match[str]) -> str:
        inside = (found[1] or found[2]).strip()
        before, after = text[: found.start()].rstrip(), text[found.end() :].strip()
        alone = not after and (not before or before[-1] == "=" or "=" in inside)
        return inside if alone or inside.lstrip("\\").isalnum() else f"({inside})"

    return _MATH.sub(put, text)


_MATH = re.compile(r"\$\$?([^$\n]+)\$\$?|\\[(\[]((?:(?!\\[(\[]).)+?)\\[])]")
"""A formula as LaTeX has it in a text."""


def _left(text: str) -> str:
    return "".join(text.partition("=")[0].split())


def _errors(text: str, unread: Unread) -> list[SyntaxFault]:
    for tokens in statements(Source("<line>", text)):
        if not isinstance(tokens, Tokens):
            return [tokens]
        if "OTHER" in tokens.kinds:
            return unread(tokens, None)
        try:
            shape(tokens.kinds)
        except Unfit as unfit:
            return unread(tokens, unfit)
    return []
