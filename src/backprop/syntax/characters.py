"""Characters that the language does not have, and what people mean by them.

Text copied from a page, a PDF or a word processor has typographic signs where a keyboard has ASCII
ones; text from other languages has `&&` and `!`.
"""

import unicodedata
from itertools import islice

from backprop.errors import LIMIT, UnexpectedText
from backprop.syntax.scanner import Tokens

_MEANT = (
    dict.fromkeys("−–—‐‑‒―﹣", "-")
    | dict.fromkeys("×·⋅∙•∗✕✖⨯", "*")
    | dict.fromkeys("÷∕⁄", "/")
    | dict.fromkeys("’‘′´`", "'")
    | dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", (f"^{digit}" for digit in range(10)), strict=True))
    | {"≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!=", "≔": "=", "←": "=", "≡": "=="}
    | {"½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)", "∞": "inf", "…": "..", "‥": ".."}
    | {"¬": "not", "∧": "and", "∨": "or", "∑": "sum(… for i in 1..n)", "∏": "prod(… for i in 1..n)"}
    | {"√": "sqrt(x)", "∛": "cbrt(x)", "{": "(", "}": ")"}
)
_ADVICE = {
    "&": "write 'and'",
    "|": "write 'or' between conditions, abs(x) for an absolute value",
    "!": "write 'not' before a condition, gamma(n + 1) for a factorial",
    "%": "a per cent is /100; a remainder is x - y*floor(x/y)",
    ":": "define with '=', choose with if(condition, then, else)",
    "?": "choose with if(condition, then, else)",
    '"': "names and numbers need no quotes",
    "'": "a prime stands right behind a name: x'",
    "$": "names need no '$'",
    "@": "a product is '*'",
    "\\": "to go on in the next line, end the line with an operator or use brackets",
    ".": "a number's point has a digit beside it",
}


def unknown_characters(tokens: Tokens) -> list[UnexpectedText]:
    """An error for each token that is a character outside the language, repeats taken together."""
    strange = (
        _fault(tokens, at)
        for at, kind in enumerate(tokens.kinds)
        if kind == "OTHER" and (at == 0 or tokens.texts[at - 1] != tokens.texts[at])
    )
    return list(islice(strange, 10 * LIMIT))


def _fault(tokens: Tokens, at: int) -> UnexpectedText:
    character = tokens.texts[at]
    last = at
    while tokens.texts[last + 1 : last + 2] == [character]:
        last += 1
    meant = _MEANT.get(character) or _plain(character)
    hint = f"write {meant}" if meant else _ADVICE.get(character, "remove it")
    return UnexpectedText(
        f"{_describe(character)} has no meaning here", tokens.span(at, last), hints=[hint]
    )


def _plain(character: str) -> str:
    """The ASCII character that a full-width or otherwise dressed-up one stands for, or ""."""
    if character.isascii():
        return ""
    plain = unicodedata.normalize("NFKC", character)
    if plain.isascii() and plain.isprintable() and plain.strip():
        return plain
    value = unicodedata.digit(character, -1)
    return str(value) if value >= 0 else ""


def _describe(character: str) -> str:
    if character.isascii():
        return f"the character {character!r}"
    name = unicodedata.name(character, "no name")
    shown = f"{character!r}, " if character.isprintable() else ""
    return f"the character {shown}{name} (U+{ord(character):04X})"
