r"""Any text for TeX, in ASCII alone: what pdflatex, with no package but TikZ, sets as it stands there.

Of a letter that pdflatex has not, lualatex and xelatex get the letter, and pdflatex its number in Unicode.
"""

from __future__ import annotations

import unicodedata

from backprop.syntax.latex import latex_text
from backprop.syntax.latex_names import letters

_SIGNS = {
    '"': "''{}", "`": r"\char96{}", "'": "'{}", "|": r"\ensuremath{|}", "-": r"\ensuremath{-}",
    "*": r"\ensuremath{*}", "$": r"\ensuremath{\$}", "\\": r"\ensuremath{\backslash}",
    "{": r"\ensuremath{\{}", "}": r"\ensuremath{\}}", "^": r"\char94{}", "~": r"\char126{}",
    "×": r"\ensuremath{\times}", "÷": r"\ensuremath{\div}",
    "²": r"\ensuremath{^2}", "³": r"\ensuremath{^3}", "¹": r"\ensuremath{^1}", "√": r"\ensuremath{\surd}",
    "∞": r"\ensuremath{\infty}", "±": r"\ensuremath{\pm}", "∇": r"\ensuremath{\nabla}",
    "∑": r"\ensuremath{\sum}", "∏": r"\ensuremath{\prod}", "µ": r"\ensuremath{\mu}",
    "°": r"\ensuremath{^\circ}",
    "←": r"\ensuremath{\gets}", "⇒": r"\ensuremath{\Rightarrow}", "∈": r"\ensuremath{\in}",
    "≈": r"\ensuremath{\approx}", "′": r"\ensuremath{'}", "–": "--", "—": "---", "’": "'{}", "‘": "`{}",
    "“": "``{}", "”": "''{}", "„": ",,", "§": r"\ensuremath{\S}", "\u00a0": "~", "ß": r"\ss{}", "æ": r"\ae{}",
    "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}",
    "ı": r"\i{}",
}  # fmt: skip

_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d",
    "\u0327": "c",
}  # fmt: skip
"""What every encoding of TeX's fonts has above and below a letter."""


def tex(text: str) -> str:
    """A line of text."""
    clean = "".join(each if each.isprintable() else " " for each in text)
    return "".join(map(_tex, letters(clean)))


def _tex(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    found = latex_text(sign)
    if found.isascii():
        return found
    parts = unicodedata.normalize("NFD", sign)
    base, marks = parts[0], parts[1:]
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks in _ACCENTS:
        return rf"\{_ACCENTS[marks]}{{{base}}}"
    return "".join(map(_other, sign))


def _other(sign: str) -> str:
    if sign.isascii():
        return sign
    return rf"\ifdefined\Umathcode {sign}\else{{[U+{ord(sign):04X}]}}\fi{{}}"
