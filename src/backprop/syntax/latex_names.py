r"""Names in LaTeX's math mode, so that no two names of a document look alike.

`x1`, `x_1`, `x₁` and `x[1]` are four names, and the best way to write each of them alone is
`x_{1}`; so are `alpha` and `α`. Where two names of a document would look alike, they are spelled
letter by letter, `\texttt{x1}`, and the indices of a family stand in brackets, `x[1]`.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

_NAME = re.compile(r"([^\W\d_₀-₉]+)(\d*|[₀-₉]*)((?:_+\w*)?)('*)")
_LETTER = re.compile(r"GREEK (\S+) LETTER (\S+)")
_GREEK = frozenset(
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau
    upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega""".split()
)
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


def greek(sign: str) -> str:
    r"""A Greek letter that TeX has, as `\alpha`; "" for any other sign."""
    name = _called(sign)
    return rf"\{name}" if name in _GREEK else ""


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
        return _spelled(name, r"\text")
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
    if not base.isascii():
        return rf"\text{{{escaped(base)}}}"
    return base if len(base) == 1 else rf"\mathrm{{{escaped(base)}}}"


def _spelled(name: str, font: str) -> str:
    """A name as its letters are, one after the other, in a font for texts."""
    pieces = []
    for part in re.findall(r"[₀-₉]+|[\u0370-\u03ff]|[^₀-₉\u0370-\u03ff]+", name):
        if part[0] in "₀₁₂₃₄₅₆₇₈₉":
            pieces.append(f"_{{{part.translate(_DIGITS)}}}")
        else:
            pieces.append(greek(part[0]) or rf"{font}{{{escaped(part)}}}")
    text = "".join(pieces)
    return f"{{}}{text}" if text[0] == "_" else text  # a subscript needs something to stand at
