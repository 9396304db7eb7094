r"""Names in LaTeX's math mode, so that no two names of a document look alike.

`x1`, `x_1`, `x₁` and `x[1]` are four names, and the best way to write each of them alone is
`x_{1}`; so are `alpha` and `α`. Where two names of a document would look alike, they are spelled
letter by letter, `\texttt{x1}`, and the indices of a family stand in brackets, `x[1]`.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeVar

_MARK = "[\u0300-\u036f\u20d0-\u20ff]"
_NAME = re.compile(rf"((?:[^\W\d_₀-₉]{_MARK}*)+)(\d*|[₀-₉]*)((?:_+(?:\w|{_MARK})*)?)('*)")
_LETTERS = re.compile(rf"[₀-₉]+|.{_MARK}*", re.DOTALL)
_LETTER = re.compile(r"GREEK (\S+) LETTER (\S+)")
_GREEK = frozenset(
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau
    upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega""".split()
)
_OTHERS = {
    "ς": r"\varsigma", "ϑ": r"\vartheta", "ϕ": r"\varphi", "ϵ": r"\varepsilon", "ϱ": r"\varrho",
    "ϖ": r"\varpi", "ħ": r"\hbar", "ℓ": r"\ell",
}  # fmt: skip
"""Letters that TeX has in math mode, besides those."""

_LATIN = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo")
"""Greek letters that TeX does not have, because they look like these."""

_ACCENTS = {
    "\u0300": "grave", "\u0301": "acute", "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar",
    "\u0305": "overline", "\u0306": "breve", "\u0307": "dot", "\u0308": "ddot", "\u030a": "mathring",
    "\u030c": "check", "\u0332": "underline", "\u20d7": "vec",
}  # fmt: skip
"""What stands above a letter."""

_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

Piece = TypeVar("Piece")


class Naming:
    """How the names of one document look. names: all that it has, members (`x[1]`) among them."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        # the circle's number is in every document
        bases = dict.fromkeys(["pi", *(name.partition("[")[0] for name in names)])
        self.has_e = "e" in bases
        """Whether e is a name of the document, so that the exponential function is no e^x."""
        alike: dict[str, list[str]] = defaultdict(list)
        for name in bases:
            alike[_alone(name)].append(name)
        self._looks = {
            name: look if len(same) == 1 else _spelled(name, r"\texttt")
            for look, same in alike.items()
            for name in same
        }
        self._with_below = {look.partition("_{")[0] for look in alike if "_{" in look}
        """What stands above a subscript in the names that are no members."""

    def name(self, name: str) -> str:
        """A name or a member in math mode: `x_{1}`."""
        base, _, members = name.partition("[")
        look = self._look(base)
        if not members:
            return look
        below = members[:-1].replace("..", r" \ldots ")
        return "".join(self.member(base, [below]))

    def member(self, family: str, indices: Sequence[Piece]) -> "list[Piece | str]":
        """A member of a family in pieces. indices: what stands for them."""
        look = self._look(family)
        below = "_{" not in look and look[0] != "{" and look not in self._with_below
        begin, end = ("_{", "}") if below and r"\texttt" not in look else ("[", "]")
        return [look, begin, *indices, end]

    def _look(self, base: str) -> str:
        return self._looks.get(base) or _alone(base)


def escaped(text: str) -> str:
    r"""A name with `\_` for `_`."""
    return text.replace("_", r"\_")


def letters(text: str) -> list[str]:
    """A text in pieces: each letter with what stands above it, and small digits that belong together."""
    return _LETTERS.findall(text.translate(_LATIN))


def letter(sign: str) -> str:
    r"""A piece of a text that pdflatex knows in math mode only: `α` as `\alpha`, `ẋ` as `\dot{x}`,
    small digits as `_{12}`; "" for any other."""
    if sign[0] in "₀₁₂₃₄₅₆₇₈₉":
        return f"_{{{sign.translate(_DIGITS)}}}"
    if len(sign) == 1 and sign < "ƀ" and sign not in _OTHERS:
        return ""  # its fonts for texts have these
    parts = unicodedata.normalize("NFD", sign)
    base, marks = parts[0], parts[1:]
    name = _called(base)
    look = rf"\{name}" if name in _GREEK else _OTHERS.get(base, "")
    if marks and not look and (latin := base.translate(_LATIN)).isascii():
        look = latin
    for mark in marks:
        look = rf"\{_ACCENTS[mark]}{{{look}}}" if look and mark in _ACCENTS else ""
    return look


def _called(sign: str) -> str:
    """What a Greek letter is called, `alpha`; any other sign itself."""
    found = _LETTER.fullmatch(unicodedata.name(sign, ""))
    if not found:
        return sign
    name = found[2].lower().replace("lamda", "lambda")
    return name if found[1] == "SMALL" else name.capitalize()


def _alone(name: str) -> str:
    """A name where no other could be meant: words upright, the rest below."""
    found = _NAME.fullmatch(name)
    if not found:
        return _spelled(name.translate(_LATIN), r"\text")
    base, digits, rest, primes = found.groups()
    below = [part.translate(_DIGITS) for part in (digits, *rest.split("_")) if part]
    subscript = ",".join(
        part if part.isascii() and (len(part) == 1 or part.isdigit()) else _word(part)
        for part in below
    )
    # braces, because a power of a name with primes would have two exponents
    whole = _word(base) + (f"_{{{subscript}}}" if subscript else "") + primes
    return f"{{{whole}}}" if primes else whole


def _word(base: str) -> str:
    base = _called(base) if len(base) == 1 else base
    if base in _GREEK:
        return rf"\{base}"
    base = base.translate(_LATIN)
    if not base.isascii():
        return _spelled(base, r"\text")
    return base if len(base) == 1 else rf"\mathrm{{{escaped(base)}}}"


def _spelled(name: str, font: str) -> str:
    """A name as its letters are, one after the other, in a font for texts."""
    text = ""
    for look, signs in groupby(_LETTERS.findall(name), letter):
        same = [*signs]
        text += look * len(same) if look else rf"{font}{{{escaped(''.join(same))}}}"
    return f"{{}}{text}" if text[0] == "_" else text  # a subscript needs something to stand at
