"""A place where the grammar gave up, what stands around it, and how it would be spelled."""

import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from backprop.errors import Label, SyntaxFault, UnexpectedText, mend
from backprop.source import Span
from backprop.syntax.scanner import Tokens
from backprop.syntax.spelling import PLAIN

BRACKETS = {"RPAR": "LPAR", "RSQB": "LSQB"}
POWERS = ("POWER", "STARS")
SIGNS = ("MINUS", "PLUS")
ROOTS = ("SQRT", "CBRT")
SUPERSCRIPTS = ("SUPER_NUMBER", "SUPER_MINUS", "SUPER_NAME")
RAISING = frozenset({*POWERS, *SUPERSCRIPTS})
BEGINS = frozenset({"NUMBER", "NAME", "LPAR", "BAR", *ROOTS})
"""What an operand begins with; so does `if(`, which is no factor."""

_ENDS = {"NUMBER", "NAME", "RPAR", "RSQB", "SUPER_NUMBER", "SUPER_NAME"}
MIXED = "a number with a fraction behind it could mean two things"
NO_CONSTRAINTS = "there are no constraints between names"
CONSTRAINTS = "bounds are those of an input: x = 1 in 0..5"
APART = "a superscript stands right behind what it raises"

_LONGEST = 60
"""The most characters of an operand that a hint repeats."""

_BRIEF = 40
"""The most characters of a statement that a hint repeats."""


def fault(message: str, at: Label | Span, *hints: str) -> SyntaxFault:
    """The error that a text is not as the grammar has it."""
    return UnexpectedText(message, at, hints=hints)


def _open(kinds: Sequence[str], first: int = 0) -> Iterator[tuple[int, list[int], bool]]:
    """Each token from `first` on with the brackets and bars that are open behind it, and whether an
    operand ends with it: where an operand is due a bar opens, behind an operand it closes."""
    stack: list[int] = []
    ends = False
    for at in range(first, len(kinds)):
        kind = kinds[at]
        if kind in ("LPAR", "LSQB") or (kind == "BAR" and not ends):
            stack.append(at)
        elif stack and (kind in BRACKETS or (kind == "BAR" and kinds[stack[-1]] == "BAR")):
            stack.pop()
        ends = kind in _ENDS or (kind == "BAR" and ends)
        yield at, stack, ends


def opened(kinds: Sequence[str]) -> tuple[list[int], bool]:
    """The brackets and bars that these tokens leave open, and whether they end with an operand."""
    last = deque(_open(kinds), 1)
    return last[0][1:] if last else ([], False)


def bracketed(kinds: Sequence[str], tokens: Iterable[int]) -> bool:
    """Whether one of these tokens, which are no brackets, stands within brackets or bars."""
    places = {*tokens}
    return any(stack for at, stack, _ in _open(kinds) if at in places)


def begin(tokens: Tokens, at: int) -> int:
    """The first token of the operand that ends right before the token `at`; `at` if there is none."""
    kinds, first = tokens.kinds, at - 1
    while first > 0 and kinds[first] in SUPERSCRIPTS:
        first -= 1
    if first < 0 or kinds[first] not in {"NUMBER", "NAME", "BAR", *BRACKETS}:
        return at
    if kinds[first] in ("BAR", *BRACKETS):
        stack, _ = opened(kinds[:first])
        if not stack or kinds[stack[-1]] != BRACKETS.get(kinds[first], "BAR"):
            return at
        first = stack[-1]
        if first and kinds[first] != "BAR" and kinds[first - 1] in ("NAME", "IF"):
            first -= 1
    while first > 0 and kinds[first - 1] in ROOTS:
        first -= 1
    return first


def end(tokens: Tokens, at: int) -> int:
    """The last token of the operand that begins with the token `at`; one less if there is none."""
    last = at
    while _kind(tokens, last) in ROOTS:
        last += 1
    if _kind(tokens, last) not in {*BEGINS, "IF"}:
        return at - 1
    if _kind(tokens, last) in ("NAME", "IF") and _kind(tokens, last + 1) in BRACKETS.values():
        last += 1
    if _kind(tokens, last) in ("LPAR", "LSQB", "BAR"):
        last = closing(tokens, last)
        if last < 0:
            return at - 1
    while _kind(tokens, last + 1) in SUPERSCRIPTS:
        last += 1
    return last


def _kind(tokens: Tokens, at: int) -> str:
    """The kind of a token, "" behind the last."""
    return tokens.kinds[at] if at < len(tokens.kinds) else ""


def closing(tokens: Tokens, at: int) -> int:
    """The token that closes the bracket or bar that is the token `at`; -1 if none does."""
    return next((each for each, stack, _ in _open(tokens.kinds, at) if not stack), -1)


def ends_operand(kind: str) -> bool:
    """Whether a token of this kind may end an operand."""
    return kind in _ENDS or kind == "BAR"


def own(tokens: Tokens, first: int, last: int) -> str:
    """The tokens from `first` to `last` with `^` for superscripts, and otherwise as they stand."""
    if last >= first and tokens.ends[last] - tokens.starts[first] > 2 * _LONGEST:
        return "(…)"
    pieces: list[str] = []
    for at in range(first, last + 1):
        kind, text = tokens.kinds[at], tokens.span(at).text
        if tokens.starts[at] == tokens.ends[at]:  # a '*' that was put in
            pieces += ["*"] if kind == "TIMES" else []
            continue
        if at > first and tokens.starts[at - 1] < tokens.ends[at - 1]:
            pieces.append(tokens.source.text[tokens.ends[at - 1] : tokens.starts[at]])
        if kind == "NAME" and not text.isascii():
            text = unglued(tokens.texts[at], tokens.source.text) if text[-1] != "ˆ" else text
        if kind in SUPERSCRIPTS:
            text = ("" if tokens.kinds[at - 1] == "SUPER_MINUS" else "^") + tokens.texts[at]
        pieces.append(text)
    text = "".join(pieces)
    return text if len(text) <= _LONGEST and "\n" not in text else "(…)"


def brief(span: Span) -> str:
    """A text that fits into a hint; `…` for any other."""
    return span.text if len(span.text) <= _BRIEF and "\n" not in span.text else "…"


def unglued(name: str, text: str) -> str:
    """`π*r` of the name `πr`, if the text does not define it, and `x^2` of `xˆ2`; else the name."""
    rest = name[1:]
    if "ˆ" in name[1:-1]:
        return name.replace("ˆ", "^")
    if name[:1] != "π" or not rest[:1].isalpha() or defines(text, name):
        return name
    words = _words(text)
    return "π*" + ("*".join(rest) if rest not in words and words.issuperset(rest) else rest)


@lru_cache(4)  # thousands of statements may ask for those of one text
def _words(text: str) -> frozenset[str]:
    """All words of a text."""
    return frozenset(re.findall(r"[^\W\d]\w*", text))


def defines(text: str, name: str) -> bool:
    """Whether a text has an equation for a name, or for a family of that name."""
    return name in _defined(text)


@lru_cache(4)
def _defined(text: str) -> frozenset[str]:
    """All names and signs that stand left of an `=` or a `~`."""
    name = r"(?<![\w'′’])([\w'′’]+|[^\w\s])"
    return frozenset(re.findall(rf"{name}(?=\s*(?:\[[^][]*\]\s*)?[=~](?!=))", text))


@lru_cache(4)
def values(text: str) -> frozenset[str]:
    """All names of a text that stand by themselves somewhere, not called and without a point; and pi."""
    return frozenset(["pi", *re.findall(r"(?<![\w.])([^\W\d]\w*+)(?![.(])", text)])


def raised(tokens: Tokens, at: int) -> int:
    """The last token of the operand that begins with the token `at`, with its sign and its power;
    one less if there is none."""
    kinds = (*tokens.kinds, "", "")
    signed = kinds[at] in SIGNS
    last = end(tokens, at + signed)
    if last < at + signed:
        return at - 1
    while kinds[last + 1] in POWERS:
        behind = end(tokens, last + 2 + (kinds[last + 2] in SIGNS))
        if behind < last + 2:
            break
        last = behind
    return last


def product(tokens: Tokens, last: int) -> int:
    """The last token of the product `x/2` that goes on without blanks behind the token `last`, or
    behind a number; `last` itself if none does."""
    kinds = (*tokens.kinds, "", "")
    while kinds[last + 1] in ("TIMES", "DIVIDE"):
        behind = raised(tokens, last + 2)
        close = kinds[last] == "NUMBER" or tokens.touch(last, last + 1)
        if behind < last + 2 or not close:
            break
        last = behind
    return last


def bare(tokens: Tokens, first: int, last: int) -> int:
    """The last token of an operand without the superscripts that it ends with."""
    while last > first and tokens.kinds[last] in SUPERSCRIPTS:
        last -= 1
    return last


def other_root(tokens: Tokens, order: str, at: int, root: int) -> SyntaxFault:
    """The error for `⁴√x` and `∜x`. order: 4. at: the first token of it. root: that of the sign."""
    kinds, texts = (*tokens.kinds, "", ""), (*tokens.texts, "", "")
    first = root + 1
    last = max(raised(tokens, first), root)
    base = last if kinds[first] in SIGNS else bare(tokens, first, max(end(tokens, first), root))
    inside = own(tokens, first, base) if base > root else "x"
    if kinds[first] in (*SIGNS, *ROOTS):
        inside = f"({inside})"
    behind = own(tokens, base + 1, last)
    if texts[last + 1] in tuple("!%‰°"):
        last += 1
        behind += texts[last]

    def of(operand: str) -> str:
        short = order if order.isalnum() else f"({order})"
        return f"∛{operand}" if order == "3" else f"{operand}^(1/{short})"

    before = begin(tokens, at)
    factor = f"{own(tokens, before, at - 1)}*" if before < at else ""
    hints = [mend(f"{factor}{of(inside)}")]
    if behind:
        what = "a power" if kinds[base + 1] in RAISING else behind
        hints = [f"for {what} of the root write {factor}({of(inside)}){behind}"]
        hints.append(f"for the root of {what} {factor}{of(f'({inside}{behind})')}")
    elif base > root and kinds[last + 1] in BEGINS and tokens.ends[last] == tokens.starts[last + 1]:
        first, last = last + 1, max(end(tokens, last + 1), last + 1)
        other = own(tokens, first, last)
        hints = [f"for the root of a product write {factor}{of(f'({inside}*{other})')}"]
        hints.append(f"for a product {factor}{of(inside)}*{other}")
    elif at and kinds[at - 1] in ROOTS:
        hints = [mend(f"({of(inside)})")]
    whole = tokens.span(before, last)
    return fault("a root of this order has another form", whole, *hints)


_SMALL = "[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
_SMALL_PAIR = re.compile(f"([⁺⁻]?{_SMALL})([/∕⁄ᐟ·⋅∙.])({_SMALL}|[₀-₉]+)")


def small_pair(tokens: Tokens, at: int) -> SyntaxFault | None:
    """The error for `x¹⁄²`, `x⁰·⁵` and `¹⁄₂`, whose sign between the two numbers is the token `at`."""
    inside = 0 < at < len(tokens.kinds) - 1
    found = _SMALL_PAIR.match(tokens.source.text, tokens.starts[at - 1]) if inside else None
    if not found or found.end() != tokens.ends[at + 1]:
        return None
    left, sign, right = (unicodedata.normalize("NFKC", part) for part in found.groups())
    left, first = left.replace("−", "-"), begin(tokens, at)
    power = f"{left}.{right}" if sign in "·⋅∙." else f"({left}/{right})"
    base = own(tokens, first, at - 2)
    if first >= at - 1:
        return fault("a fraction is written with numbers", tokens.span(at - 1, at + 1), mend(power))
    whole = tokens.span(first, at + 1)
    if found[3][0] in "₀₁₂₃₄₅₆₇₈₉" and tokens.kinds[at - 2] == "NUMBER":
        hints = f"for the sum write ({base} + {power})", f"for a power {base}^{power}"
        return fault(MIXED, whole, *hints)
    return fault("a superscript is a whole number", whole, mend(f"{base}^{power}"))


_POWER_OF_TEN = re.compile(
    r"(?:[eE]|\s*[*·×⋅∗]\s*10\s*(?:\^|\*\*)\s*(\()?)([-−+]?\d+)(?(1)\))(?![\w.^(])"
    rf"|\s*[*·×⋅∗]\s*10([⁺⁻]?{_SMALL})(?![\w.^(])"
)


def power_of_ten(text: str, at: int) -> tuple[int, str]:
    """Where `×10⁻¹¹` or `e5`, which begins at a place of the text, ends, and it as an exponent:
    `e-11`; the place itself and "" if there is none."""
    found = _POWER_OF_TEN.match(text, at)
    if not found:
        return at, ""
    return found.end(), "e" + (found[2] or found[3]).translate(PLAIN).replace("+", "")


class Case(NamedTuple):
    """The tokens of a statement, and the index at which the grammar gave up. Offsets count from there."""

    tokens: Tokens
    at: int

    def kind(self, offset: int = 0) -> str:
        return self._around(self.tokens.kinds, offset)

    def text(self, offset: int = 0) -> str:
        return self._around(self.tokens.texts, offset)

    def _around(self, words: Sequence[str], offset: int) -> str:
        index = self.at + offset
        return words[index] if 0 <= index < len(words) else ""

    def span(self, first: int = 0, last: int = 0) -> Span:
        return self.tokens.span(self.at + first, self.at + last)

    def written(self, offset: int = 0) -> str:
        """A token as it stands in the text."""
        return self.tokens.span(self.at + offset).text

    def before(self, offset: int = 0) -> str:
        """The text before a token."""
        return self.tokens.source.text[: self.tokens.starts[self.at + offset]]

    def touching(self, offset: int = 0) -> bool:
        """Whether nothing stands between a token and the one before it; not so of none."""
        at = self.at + offset
        return at < len(self.tokens.kinds) and self.tokens.touch(at - 1, at)

    @property
    def opened(self) -> list[int]:
        """The brackets and bars that are open where the grammar gave up."""
        return opened(self.tokens.kinds[: self.at])[0]

    @property
    def behind_operand(self) -> bool:
        """Whether an operand ends where the grammar gave up."""
        last = self.kind(-1)
        return last in _ENDS or (last == "BAR" and opened(self.tokens.kinds[: self.at])[1])
