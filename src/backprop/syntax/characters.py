"""Characters that the language does not have, and what people mean by them.

Text copied from a page, a PDF or a word processor has signs of paper where the language has a name;
text from other languages has `&&` and `!`. A sign that has a meaning is never told to be removed.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from backprop.errors import LIMIT, SyntaxFault, mend
from backprop.operations import BY_SIGN, DERIVATIVE
from backprop.source import one_line
from backprop.syntax.case import (
    APART,
    begin,
    end,
    ends_operand,
    fault,
    other_root,
    own,
    small_pair,
)  # fmt: skip
from backprop.syntax.foreign import colon
from backprop.syntax.leibniz import leibniz
from backprop.syntax.matrices import matrix_product
from backprop.syntax.postfix import DEGREES, TEMPERATURES, postfix
from backprop.syntax.scanner import Tokens
from backprop.syntax.spelling import SUPERSCRIPTS, strangers
from backprop.syntax.tex import tex

_MEANT = (
    dict.fromkeys("–—‐‑‒―﹣", "-")
    | dict.fromkeys("∙•✕✖⨯✗", "*")
    | dict.fromkeys("⁄➗", "/")
    | dict.fromkeys("´`", "'")
    | dict(zip("⩽⩾≦≧≔≜≝←≡➕➖", "<= >= <= >= = = = = == + -".split(), strict=True))
    | {"∀": "for", "…": "..", "‥": "..", "⅟": "1/", "{": "(", "}": ")"}
    | {"¬": "not ", "∧": "and", "∨": "or"}
    | {sign: row.example for sign, row in BY_SIGN.items()}
)
_BY_SIGNS = {
    "&": mend("and", "in words: "),
    "!": "write 'not' before a condition",
    "%": "write a per cent as x/100, a remainder as mod(x, y)",
    ":": "define with '=', choose with if(condition, then, else)",
    "'": "a prime stands right behind a name: x'",
    "$": "names and formulas need no '$'",
    "@": f"a product is '*'; {matrix_product()}",
    "\\": "to go on in the next line, end the line with an operator or use brackets",
    ".": "a number's point has a digit beside it",
    "∓": "write two equations, one with + and one with -",
    "∫∮": "write the integral as its antiderivative, or as a sum: sum(f(i*h)*h for i in 1..n)",
    "∂∇": f"write the derivative of V by x as {DERIVATIVE}(V, x); those of an output 'backprop grad' gives",
    "∜": "write the fourth root of x as x^(1/4)",
    "°": "write an angle in radians: x degrees are x*pi/180",
    "℃": TEMPERATURES["C"],
    "℉": TEMPERATURES["F"],
    "‰": "write x/1000",
    "∆": "write the Greek letter: Δ",
    "‖": "write a norm as hypot(a, b), or sqrt(sum(x[i]^2 for i in 1..n))",
    "⌊⌋": "write floor(x)",
    "⌈⌉": "write ceil(x)",
    "⟨⟩": "write the mean as mean(x[i] for i in 1..n)",
    "∈": "a range reads for i in 1..n",
    "≈": "write abs(x - y) < 1e-9",
    "≪": mend("<"),
    "≫": mend(">"),
    "⊕": mend("+"),
    "⊙⊗": mend("*"),
    "∘": "write *, or for a function of a function f(g(x))",
    "?→": "choose with if(condition, then, else)",
    '"“”„‟«»‘‚‛': "names and numbers need no quotes",
}
_ADVICE = {sign: advice for signs, advice in _BY_SIGNS.items() for sign in signs}
_PAIRS = {"⌊": ("⌋", "floor"), "⌈": ("⌉", "ceil"), "‖": ("‖", ""), "⟨": ("⟩", "")}
"""What encloses an operand: the sign that closes it, and the function, if it is one."""

_SUPERSCRIPT = re.compile(
    r"[\xaa\xb2\xb3\xb9\xba\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d61\u1d78\u1d9b-\u1dbf\u2070-\u207f]+"
)


def unknown_characters(tokens: Tokens) -> list[SyntaxFault]:
    """An error for each token that is a character outside the language, repeats taken together."""
    return list(islice(_faults(tokens), 10 * LIMIT))


def _faults(tokens: Tokens) -> Iterator[SyntaxFault]:
    kinds, texts = tokens.kinds, tokens.texts
    said = set[int]()
    until = 0
    """Where the place of an error ends that has more signs in it."""
    for at, kind in enumerate(kinds):
        if kind != "OTHER" or at in said:
            continue
        more = texts[at] in "⁄.%′″'’\"" or _SUPERSCRIPT.fullmatch(texts[at])
        if more and tokens.starts[at] < until:
            continue
        last = at
        while texts[last + 1 : last + 2] == [texts[at]]:
            last += 1
        said.update(range(at, last + 1))
        if texts[at] in _PAIRS and (closed := _closed(tokens, at)) > last:
            said.add(closed)
            yield _pair(tokens, at, closed)
            continue
        bounds = texts[at] in BY_SIGN and texts[at + 1 : at + 3] == ["_", "{"]
        if (texts[at] in "\\{" or bounds) and (error := tex(tokens, at + 2 * bounds)):
            place = error.labels[0].span
            said.update(each for each in range(at, len(kinds)) if tokens.starts[each] < place.end)
        elif _SUPERSCRIPT.fullmatch(texts[at]) and texts[at] not in DEGREES:
            while last + 1 < len(kinds) and _SUPERSCRIPT.fullmatch(tokens.span(last + 1).text):
                last += 1
            said.update(range(at, last + 1))
            error = _superscript(tokens, at - (kinds[at - 1] == "SUPER_MINUS"), last)
        else:
            error = postfix(tokens, at, last) or _fault(tokens, at, last)
            if texts[at][0] == "∂":  # which stands twice in a derivative
                place = error.labels[0].span
                said.update(
                    each for each in range(at, len(kinds)) if tokens.starts[each] < place.end
                )
        until = max(until, error.labels[0].span.end)
        yield error


def _closed(tokens: Tokens, at: int) -> int:
    """The token that closes what one opens; `at` if none does."""
    sign, texts = tokens.texts[at], tokens.texts
    closing = _PAIRS[sign][0]
    depth = 1
    for behind in range(at + 1, len(texts)):
        depth += -1 if texts[behind] == closing else texts[behind] == sign
        if not depth:
            return behind
    return at


def _pair(tokens: Tokens, at: int, behind: int) -> SyntaxFault:
    sign, whole = tokens.texts[at], tokens.span(at, behind)
    closing, name = _PAIRS[sign]
    inside = own(tokens, at + 1, behind - 1)
    hint = _ADVICE[sign]
    if name:
        first = begin(tokens, at)
        factor = f"{own(tokens, first, at - 1)}*" if first < at else ""
        whole, hint = tokens.span(first, behind), mend(f"{factor}{name}({inside})")
    return fault(f"{sign}…{closing} is a function here", whole, hint)


def _superscript(tokens: Tokens, at: int, last: int) -> SyntaxFault:
    """A superscript that is more than a number or a letter, or stands apart."""
    small = tokens.span(at, last).text
    first = begin(tokens, at)
    if first == at and tokens.kinds[last + 1 : last + 2] == ("SQRT",):
        return other_root(tokens, _exponent(small), at, last + 1)
    if at == last and (pair := small_pair(tokens, last + 1)):
        return pair
    if first == at and small not in _BARE_SIGNS:
        advice = f"put what it raises before it: x^{_bracketed(_exponent(small))}"
        return fault(APART, tokens.span(at, last), advice)
    operand = own(tokens, first, at - 1) if first < at else "x"
    if small in _BARE_SIGNS:
        behind = end(tokens, last + 1)
        if behind <= last or tokens.ends[last] < tokens.starts[last + 1]:
            sign, word = _BARE_SIGNS[small]
            power = f"for a power write {operand}^{sign}1"
            whole = tokens.span(first, last)
            return fault("this sign raises nothing", whole, power, f"or a name {operand}_{word}")
        meant = mend(f"{operand}^({_BARE_SIGNS[small][0]}{own(tokens, last + 1, behind)})")
        return fault("this is no exponent", tokens.span(first, behind), meant)
    exponent, whole = _exponent(small), tokens.span(first, last)
    if over := _OVER.match(whole.source.text, whole.end):
        exponent = f"({exponent})/{unicodedata.normalize('NFKC', over[1])}"
        whole, small = whole._replace(end=over.end()), small + over[0]
    if at and tokens.ends[at - 1] < tokens.starts[at] and set(small) <= {*SUPERSCRIPTS}:
        return fault(APART, whole, mend(f"{operand}^{_bracketed(exponent)}"))
    hints = [f"for a power write {operand}^({exponent})"]
    plain = unicodedata.normalize("NFKC", small)
    if plain.isalpha() and not operand[0].isdigit():
        hints.append(f"for a part of the name {operand}_{plain}")
    return fault("this superscript is more than a number or a letter", whole, *hints)


_OVER = re.compile("[/∕⁄ᐟ]([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_BARE_SIGNS = {"⁻": ("-", "minus"), "⁺": ("", "plus")}


def _bracketed(exponent: str) -> str:
    return exponent if re.fullmatch(r"-?([0-9]+|\w)", exponent) else f"({exponent})"


def _exponent(small: str) -> str:
    """Superscripts as an exponent: `-2*n` of `⁻²ⁿ`."""
    plain = unicodedata.normalize("NFKC", small).replace("−", "-").removeprefix("+")
    if plain.isalpha() and set(small) <= {*SUPERSCRIPTS}:
        return "*".join(plain)  # ˣʸ, and no word
    plain = re.sub(r"(?<=[^\W\d])(?=\d)", "^", plain)  # e⁻ˣ²
    exponent = re.sub(r"(?<=[0-9)])(?=[^\W\d])|(?<=\w)(?=\()", "*", plain)
    return exponent[1:-1] if re.fullmatch(r"\([^()]*\)", exponent) else exponent


def _fault(tokens: Tokens, at: int, last: int) -> SyntaxFault:
    text = tokens.texts[at]
    whole = tokens.span(at, last)
    bounds = tokens.kinds[at + 1 : at + 2] in (("LSQB",), ("LPAR",)) and "FOR" not in tokens.kinds
    if text == "∈" and ("RANGE" in tokens.kinds[at:] or bounds):
        return fault("this is written 'in' here", whole, mend("in"))
    if text == ":" and (error := colon(tokens, at)):
        return error
    if text[0] == "∂" and (found := leibniz(whole.source.text, whole.start))[1]:
        return fault(
            "derivatives are a function here", whole._replace(end=found[0]), mend(found[1])
        )
    if (
        text == "→"
        and tokens.sign < 0
        and ends_operand(tokens.kinds[at - 1])
        and not {"?", ":"}.intersection(tokens.texts)
    ):
        return fault("'→' defines nothing here", whole, mend("="))
    if text == "←" and tokens.source.option != "--set" and tokens.texts.count(text) == 1:
        update = one_line(tokens.whole.text)
        more = f'or give an update as it stands to --set: --set "{update}"'
        return fault("'←' defines nothing here", whole, mend("="), more)
    if text in "–—:" and "IN" in tokens.kinds[:at] and at == last:
        return fault("'..' stands between the ends of a range", whole, mend(".."))
    if len(text) > 1:  # a name with strangers in it
        stranger = strangers(text)[0]
        whole = whole._replace(start=whole.start + stranger, end=whole.start + stranger + 1)
        text = text[stranger]
    meant = _MEANT.get(text) or _plain(text) * (last - at + 1)
    hint = mend(meant) if meant else _ADVICE.get(text) or _default(text)
    if meant in _ADVICE:  # a full-width colon
        hint = _ADVICE[meant]
    return fault(f"{_describe(text)} has no meaning here", whole, hint)


def _default(character: str) -> str:
    hidden = unicodedata.category(character)[0] in "CZM" or not character.isprintable()
    if hidden or unicodedata.name(character, "").startswith(("HANGUL", "HALFWIDTH HANGUL")):
        return "remove it"
    return "write what it means with names, numbers, functions and + - * / ^"


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
