r"""What to say of LaTeX in an equation: `\frac{x}{2}`, `2 \cdot x`, `\left(`, `e^{-x}`, `x_{1}`."""

import re

from backprop.errors import SyntaxFault, mend
from backprop.operations import BY_SIGN, DERIVATIVE, FUNCTIONS
from backprop.syntax.case import BEGINS, POWERS, begin, defines, ends_operand, fault, own
from backprop.syntax.leibniz import leibniz
from backprop.syntax.scanner import Tokens

_SIGNS = {
    sign: words.split()
    for sign, words in {
        "*": "cdot times ast",
        "/": "div",
        "<=": "le leq leqslant",
        ">=": "ge geq geqslant",
        "!=": "ne neq",
        "<": "lt ll",
        ">": "gt gg",
        "±": "pm",
        "and": "land wedge",
        "or": "lor vee",
        "not": "lnot neg",
        "=": "coloneqq leftarrow gets",
        "inf": "infty",
        "asin": "arcsin",
        "acos": "arccos",
        "atan": "arctan",
        "log": "ln",
        "log2": "log_2",
        "log10": "log_10 lg",
        "|": "lvert rvert vert mid",
    }.items()
}
_WRITTEN = {word: sign for sign, words in _SIGNS.items() for word in words}
_LETTERS = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho"
    " sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split()
)
_DERIVED = frozenset(("frac", "dfrac", "tfrac", "cfrac", "partial", "mathrm"))
"""What a derivative may begin with."""

_FRACTIONS = frozenset(("frac", "dfrac", "tfrac", "cfrac"))
_SHORT = re.compile(r"[dtc]?frac(\d)(\d)")
_GATHERS = {row.latex.removeprefix("\\"): row.example for row in BY_SIGN.values()}
_LAYOUT = frozenset("left right big Big bigg Bigg bigl bigr Bigl Bigr displaystyle".split())
_FONTS = frozenset("text mathrm mathit mathbf operatorname textrm rm".split())


def tex(tokens: Tokens, at: int) -> SyntaxFault | None:
    r"""The error for LaTeX that begins with the token `at`, a `\` or a `{`; None where it is none.

    What the hint says to write stands for the whole place of the error, so that with several of
    them the line is mended from one to the next.
    """
    if tokens.texts[at] == "{":
        return _group(tokens, at)
    word = tokens.texts[at + 1 : at + 2]
    if not word or tokens.kinds[at + 1] not in ("NAME", "OR", "NOT", "AND"):
        return None
    if not tokens.touch(at, at + 1):
        return None
    return _command(tokens, at, word[0])


def _command(tokens: Tokens, at: int, word: str) -> SyntaxFault:
    r"""The error for `\word` and what belongs to it."""
    before = (
        _WRITTEN.get(tokens.texts[at - 1], "") if tokens.texts[at - 2 : at - 1] == ["\\"] else ""
    )
    is_sign = before and not before[0].isalpha()
    apart = "*" if at and ends_operand(tokens.kinds[at - 1]) and not is_sign else ""
    behind = at + 2
    gather = word.partition("_")[0]
    if gather in _GATHERS:
        return _gathering(tokens, at, at + 1, _GATHERS[gather])
    if (closing := f"r{word[1:]}") in tokens.texts[at:] and word in ("lfloor", "lceil"):
        last = tokens.texts.index(closing, at)
        meant = f"{apart}{word[1:]}({own(tokens, at + 2, last - 2)})"
        return fault(_LATEX, tokens.span(at, last), mend(meant))
    if word in _DERIVED:
        end, meant = leibniz(tokens.source.text, tokens.starts[at])
        if meant:
            last = max(each for each in range(at, len(tokens.kinds)) if tokens.ends[each] <= end)
            return fault(_LATEX, tokens.span(at, last), mend(f"{apart}{meant}"))
    if word in ("partial", "nabla", "int"):
        hint = f"write the derivative of V by x as {DERIVATIVE}(V, x), an integral as its antiderivative"
        return fault(_LATEX, tokens.span(at, at + 1), hint)
    if digits := _SHORT.fullmatch(word):
        return fault(_LATEX, tokens.span(at, at + 1), mend(f"{apart}({digits[1]}/{digits[2]})"))
    if word in _FRACTIONS:
        above, below = (
            _argument(tokens, behind),
            _argument(tokens, _argument(tokens, behind)[1] + 1),
        )
        if below[1] > above[1] >= behind:
            return _fraction(tokens, at, above, below)
        return fault("a fraction is written with '/'", tokens.span(at, at + 1), "write … / …")
    if word == "sqrt" and tokens.texts[behind : behind + 3 : 2] == ["[", "]"]:
        order, inside = tokens.texts[behind + 1], _argument(tokens, behind + 3)
        if inside[1] > behind + 2:
            operand = own(tokens, *_within(tokens, inside))
            meant = f"cbrt({operand})" if order == "3" else f"({operand})^(1/{order})"
            return fault(_LATEX, tokens.span(at, inside[1]), mend(f"{apart}{meant}"))
    if word == "binom":
        above = _argument(tokens, behind)
        below = _argument(tokens, above[1] + 1)
        if below[1] > above[1] >= behind:
            parts = (own(tokens, *_within(tokens, each)) for each in (above, below))
            return fault(
                _LATEX, tokens.span(at, below[1]), mend(f"{apart}binom({', '.join(parts)})")
            )
    if _WRITTEN.get(word, word) in FUNCTIONS and tokens.texts[behind : behind + 1] == ["\\"]:
        letter = tokens.texts[behind + 1 : behind + 2]
        if letter and letter[0] in _LETTERS:
            meant = f"{apart}{_WRITTEN.get(word, word)}({letter[0]})"
            return fault(_LATEX, tokens.span(at, behind + 1), mend(meant))
    if word in _FONTS and (found := _argument(tokens, behind))[1] >= behind:
        name = own(tokens, *_within(tokens, found))
        return fault(_LATEX, tokens.span(at, found[1]), mend(f"{apart}{name}"))
    if word in _LAYOUT:
        last = min(behind, len(tokens.kinds) - 1)
        sign = tokens.span(last).text if last == behind else "what it encloses"
        return fault(_LATEX, tokens.span(at, last), mend(sign))
    whole, meant = tokens.span(at, at + 1), _WRITTEN.get(word, word)
    if apart and word not in {*_WRITTEN, *FUNCTIONS} and defines(tokens.source.text, word):
        hints = f"for a quotient write /{word}", f"for a product *{word}"
        return fault("names have no '\\'", whole, *hints)
    if meant in FUNCTIONS or (meant[0].isalpha() and meant not in ("and", "or", "not")):
        meant = apart + meant
    return fault("names have no '\\'" if meant == apart + word else _LATEX, whole, mend(meant))


def _gathering(tokens: Tokens, first: int, last: int, meant: str) -> SyntaxFault:
    r"""The error for `\sum_{i=1}^{n}`, whose tokens begin with `first`; its bounds follow `last`."""
    for sign in ("_", "^"):
        last = _argument(tokens, last + 1 + (tokens.texts[last + 1 : last + 2] == [sign]))[1]
    return fault(_LATEX, tokens.span(first, last), mend(meant))


def _fraction(
    tokens: Tokens, at: int, above: tuple[int, int], below: tuple[int, int]
) -> SyntaxFault:
    quotient = "/".join(_operand(tokens, *_within(tokens, each)) for each in (above, below))
    kinds, last = (*tokens.kinds, ""), below[1]
    first = begin(tokens, at)
    factor = f"{own(tokens, first, at - 1)}*" if first < at else ""
    held = kinds[last + 1] in (*BEGINS, *POWERS) or kinds[at - 1] in (*POWERS, "DIVIDE")
    meant = factor + (f"({quotient})" if held and at else quotient)
    return fault(_LATEX, tokens.span(first, last), mend(meant))


def _group(tokens: Tokens, at: int) -> SyntaxFault | None:
    """The error for `{…}`: round brackets, part of a name behind a `_`, or a lone operand."""
    last = _argument(tokens, at)[1]
    if last <= at + 1:
        return None
    inside = own(tokens, at + 1, last - 1)
    name = tokens.span(at - 1).text if at else ""
    if name[-1:] == "_" and name[:-1] in ("", *_GATHERS):  # `∑_{i=1}`, of which the sign is told
        gather = name[:-1] or {"∑": "sum", "∏": "prod"}.get(tokens.texts[at - 2], "")
        if gather:
            return _gathering(tokens, at - 1 - (not name[:-1]), at - 1, _GATHERS[gather])
    if name.endswith("_") and tokens.kinds[at - 1] == "NAME" and tokens.touch(at - 1, at):
        meant = f"{name[:-1]}[{inside}]" if "," in inside else f"{name}{inside}"
        if name == "log_" and f"log{inside}" in FUNCTIONS:
            meant = f"log{inside}"
        if inside.replace(",", "").replace(" ", "").isalnum():
            return fault(_LATEX, tokens.span(at - 1, last), mend(meant))
    if at and tokens.kinds[at - 1] == "IN" and "FOR" not in tokens.kinds:
        ends = re.split(r"\s*(?:,|\.\.)\s*", inside)
        if len(ends) == 2:  # which may be a set of two numbers
            hint = f"for all numbers between them write {'..'.join(ends)}"
            return fault("bounds have no braces", tokens.span(at, last), hint)
    return fault("braces are round brackets here", tokens.span(at, last), mend(f"({inside})"))


def _argument(tokens: Tokens, at: int) -> tuple[int, int]:
    """The first and the last token of what a command at `at` takes: `{…}` or one token; the last
    is before the first if there is none."""
    kinds, texts = tokens.kinds, tokens.texts
    if at >= len(kinds) or texts[at] != "{":
        return at, at if at < len(kinds) and kinds[at] in ("NAME", "NUMBER") else at - 1
    depth = 0
    for last in range(at, len(texts)):
        depth += (texts[last] == "{") - (texts[last] == "}")
        if not depth:
            return at, last
    return at, at - 1


def _within(tokens: Tokens, found: tuple[int, int]) -> tuple[int, int]:
    first, last = found
    return (first + 1, last - 1) if tokens.texts[first] == "{" else found


def _operand(tokens: Tokens, first: int, last: int) -> str:
    text = own(tokens, first, last)
    return text if first == last else f"({text})"


_LATEX = "LaTeX is written here as plain text"
