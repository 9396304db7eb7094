"""The language's own spelling of what is written in another one: `x²` with `2`, `×` as `*`, `½` as 0.5."""

import unicodedata

from backprop.source import normal

FRACTIONS = "½¼¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿⁱˣʸᵏᵐᵗ", "0123456789-nixykmt", strict=True)) | {"⁺": ""}
SIGNS = dict.fromkeys("·×⋅∗", "*") | dict.fromkeys("÷∕", "/") | {"−": "-"}
"""Signs that are read as an operator of one character."""

PLAIN = str.maketrans(
    {**SIGNS, **SUPERSCRIPTS, "≤": "<=", "≥": ">=", "≠": "!="}
    | {sign: repr(unicodedata.numeric(sign)) for sign in FRACTIONS}
)
RESERVED = frozenset("for in if and or not".split())
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""What cannot be seen among the letters and marks of Unicode; variation selectors apart."""

_settled = set[str]()
"""Letters of names that were met, of which a name in normal form can be made."""


def spelled(kind: str, text: str) -> tuple[str, str]:
    """The kind and the text of a token that is written with other signs than ASCII."""
    if kind != "NAME":
        return kind, text.translate(PLAIN) if kind != "OTHER" else text
    if not _settled.issuperset(text):
        if strangers(text):
            return "OTHER", text
        _settled.update(filter(_is_settled, text))
        text = normal(text)
    return (text.upper() if text in RESERVED else kind), text


def _is_settled(sign: str) -> bool:
    """Whether a letter is the same in each name, whatever stands beside it."""
    letter = sign < "\u1100" and unicodedata.category(sign)[0] != "M"
    return letter and sign != "π" and normal(sign) == sign


def strangers(text: str) -> list[int]:
    """Where a name has characters that belong to no name: numbers that are no digits, as ① and Ⅳ,
    and what cannot be seen."""
    return [
        at
        for at, sign in enumerate(text)
        if sign in _HIDDEN
        or "\ufe00" <= sign <= "\ufe0f"
        or (unicodedata.category(sign) in ("No", "Nl") and not "₀" <= sign <= "₉")
    ]
