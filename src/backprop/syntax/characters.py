"""Characters that the language does not have, and what people mean by them.

Text copied from a page, a PDF or a word processor has signs of paper where the language has a name;
text from other languages has `&&` and `!`. A sign that has a meaning is never told to be removed.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from backprop.errors import LIMIT, SyntaxFault
from backprop.syntax.case import (
    APART,
    ROOTS,
    begin,
    end,
    fault,
    other_root,
    own,
    small_fraction,
)  # fmt: skip
from backprop.syntax.division import divided
from backprop.syntax.foreign import dotted
from backprop.syntax.scanner import Tokens
from backprop.syntax.spelling import SUPERSCRIPTS, strangers

_MEANT = (
    dict.fromkeys("–—‐‑‒―﹣", "-")
    | dict.fromkeys("∙•✕✖⨯✗", "*")
    | dict.fromkeys("⁄➗", "/")
    | dict.fromkeys("´`", "'")
    | dict(zip("⩽⩾≦≧≔←≡➕➖", "<= >= <= >= = = == + -".split(), strict=True))
    | {"…": "..", "‥": "..", "⅟": "1/", "{": "(", "}": ")"}
    | {"¬": "not", "∧": "and", "∨": "or", "∑": "sum(… for i in 1..n)", "∏": "prod(… for i in 1..n)"}
)
_BY_SIGNS = {
    "&": "write 'and'",
    "!": "write 'not' before a condition",
    "%": "write a per cent as x/100, a remainder as mod(x, y)",
    ":": "define with '=', choose with if(condition, then, else)",
    "'": "a prime stands right behind a name: x'",
    "$": "names need no '$'",
    "@": "a product is '*'",
    "\\": "to go on in the next line, end the line with an operator or use brackets",
    ".": "a number's point has a digit beside it",
    "∓": "write two equations, one with + and one with -",
    "∫∮": "write the integral as its antiderivative, or as a sum: sum(f(i*h)*h for i in 1..n)",
    "∂∇": "derivatives come out of 'backprop grad': write the function itself, without its derivative",
    "∜": "write the fourth root of x as x^(1/4)",
    "°": "write an angle in radians: x degrees are x*pi/180",
    "℃": "write a temperature in kelvin: x + 273.15",
    "℉": "write a temperature in kelvin: (x + 459.67)*5/9",
    "‰": "write x/1000",
    "∆": "write the Greek letter: Δ",
    "‖": "write a norm as hypot(a, b), or sqrt(sum(x[i]^2 for i in 1..n))",
    "⌊⌋": "write floor(x)",
    "⌈⌉": "write ceil(x)",
    "⟨⟩": "write the mean as mean(x[i] for i in 1..n)",
    "∈": "a range reads for i in 1..n",
    "≈": "write abs(x - y) < 1e-9",
    "≪": "write <",
    "≫": "write >",
    "⊕": "write +",
    "⊙⊗": "write *",
    "∘": "write *, or for a function of a function f(g(x))",
    "?→": "choose with if(condition, then, else)",
    '"“”„‟«»‘‚‛': "names and numbers need no quotes",
}
_ADVICE = {sign: advice for signs, advice in _BY_SIGNS.items() for sign in signs}
_PAIRS = {"⌊": ("⌋", "floor"), "⌈": ("⌉", "ceil"), "‖": ("‖", ""), "⟨": ("⟩", "")}
"""What encloses an operand: the sign that closes it, and the function, if it is one."""

_DEGREES = "°˚º"
_PARTS = {"%": "({}/100)", "‰": "({}/1000)"}
_MADE = {"!": "gamma({} + 1)", **dict.fromkeys(_DEGREES, "({}*pi/180)"), **_PARTS}
"""What stands behind an operand, and how the two are written."""
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
    for at, kind in enumerate(kinds):
        if kind != "OTHER" or at in said or (texts[at] in ".%" and tokens.starts[at] < until):
            continue
        last = at
        while texts[last + 1 : last + 2] == [texts[at]]:
            last += 1
        said.update(range(at, last + 1))
        if texts[at] in _PAIRS and (behind := _closed(tokens, at)) > last:
            said.add(behind)
            yield _pair(tokens, at, behind)
        elif _SUPERSCRIPT.fullmatch(texts[at]) and texts[at] not in _DEGREES:
            while last + 1 < len(kinds) and _SUPERSCRIPT.fullmatch(tokens.span(last + 1).text):
                last += 1
            said.update(range(at, last + 1))
            yield _superscript(tokens, at - (kinds[at - 1] == "SUPER_MINUS"), last)
        else:
            error = _behind(tokens, at, last) or _fault(tokens, at, last)
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
        whole, hint = tokens.span(first, behind), f"write {factor}{name}({inside})"
    return fault(f"{sign}…{closing} is a function here", whole, hint)


def _behind(tokens: Tokens, at: int, last: int) -> SyntaxFault | None:
    """What stands behind an operand, such as `!`: the error that shows how the two are written."""
    kinds, sign = (*tokens.kinds, ""), tokens.texts[at]
    first = begin(tokens, at)
    following = kinds[last + 1]
    if last > at:
        if sign != "!" or first == at:
            return None
        advice = "write it as a product, or a factorial as gamma(n + 1)"
        return fault("there is no double factorial", tokens.span(first, last), advice)
    if sign in "'’" and following == "NUMBER" and kinds[at - 1 : at] == ("NUMBER",):
        meant = tokens.texts[at - 1] + tokens.texts[at + 1]
        return fault(
            "a number has nothing between its thousands",
            tokens.span(at - 1, at + 1),
            f"write {meant}",
        )
    if sign == "∜" and (*kinds, "")[at + 1]:
        return other_root(tokens, "4", at, at)
    if first == at:
        return None
    if sign == "⁄" and (fraction := small_fraction(tokens, at)):
        return fraction
    if sign == ".":
        return dotted(tokens, at)
    operand, whole = own(tokens, first, at - 1), tokens.span(first, at)
    if sign in _MADE and kinds[first] in ROOTS and end(tokens, at + 1) <= at:
        base = next(each for each in range(first, at) if kinds[each] not in ROOTS)
        root, below = own(tokens, first, base - 1), own(tokens, base, at - 1)
        inner = f"for the root of {below}{sign} write {root}{_MADE[sign].format(below)}"
        outer = f"for {sign} of the root {_MADE[sign].format(operand)}"
        return fault("what is below the root?", whole, inner, outer)
    if sign == "!" and (following != "ASSIGN" or tokens.ends[at] < tokens.starts[at + 1]):
        message = "a factorial is a function here"
        return fault(message, whole, f"write {_MADE[sign].format(operand)}")
    if sign in _DEGREES:
        if tokens.texts[at + 1 : at + 2] in (["C"], ["F"]):
            advice = _ADVICE["℃" if tokens.texts[at + 1] == "C" else "℉"]
            return fault("there are no temperatures here", tokens.span(first, at + 1), advice)
        return fault("angles are in radians", whole, f"write {_MADE[sign].format(operand)}")
    if sign == "‰" and kinds[at - 2 : at] == ("PLUSMINUS", "NUMBER"):
        return fault("there is no ‰", whole, f"write {Decimal(operand) / 10}%")
    if sign in _PARTS and "PLUSMINUS" in kinds[:at]:
        message = f"'{sign}' stands right behind the number after '±'"
        return fault(message, tokens.span(at), "write a = 2 ± 5%")
    if sign in _PARTS and following != "ASSIGN":
        part = _MADE[sign].format(operand)
        last = end(tokens, at + 1)
        if last <= at and (following not in ("MINUS", "PLUS") or _is_apart(tokens, at + 1)):
            return fault("there are no per cents here", whole, f"write {part}")
        remainder = divided(tokens, at, at, "mod") if sign == "%" else None
        if remainder and (last > at or remainder.labels[0].span.end < whole.end):
            return remainder
        close = tokens.starts[at + 1 : at + 2] == tokens.ends[at : at + 1]
        if remainder and close:
            last = remainder.labels[0].span.end
            rest = whole.source.text[whole.end : last]
            hints = f"for a remainder {remainder.hints[0]}", f"for a per cent write {part}{rest}"
            return fault("% could mean two things", whole._replace(end=last), *hints)
        meant = remainder.hints[0].removeprefix("write ") if remainder else "mod(x, y)"
        hints = f"for a per cent write {part}", f"for a remainder {meant}"
        return fault(f"{sign} could mean two things", whole, *hints)
    return None


def _is_apart(tokens: Tokens, at: int) -> bool:
    """Whether there are blanks on both sides of an operator, and none before what is left of it:
    `5% - 2`."""
    ends, starts = tokens.ends, tokens.starts
    between = starts[at + 1 : at + 2]
    gaps = [
        ends[at - 2] < starts[at - 1],
        ends[at - 1] < starts[at],
        *(ends[at] < each for each in between),
    ]
    return gaps == [False, True, True]


def _superscript(tokens: Tokens, at: int, last: int) -> SyntaxFault:
    """A superscript that is more than a number or a letter, or stands apart."""
    small = tokens.span(at, last).text
    first = begin(tokens, at)
    if first == at and tokens.kinds[last + 1 : last + 2] == ("SQRT",):
        return other_root(tokens, _exponent(small), at, last + 1)
    operand = own(tokens, first, at - 1) if first < at else "x"
    if small in _BARE_SIGNS:
        behind = end(tokens, last + 1)
        if behind <= last or tokens.ends[last] < tokens.starts[last + 1]:
            sign, word = _BARE_SIGNS[small]
            power = f"for a power write {operand}^{sign}1"
            whole = tokens.span(first, last)
            return fault("this sign raises nothing", whole, power, f"or a name {operand}_{word}")
        meant = f"write {operand}^({_BARE_SIGNS[small][0]}{own(tokens, last + 1, behind)})"
        return fault("this is no exponent", tokens.span(first, behind), meant)
    exponent, whole = _exponent(small), tokens.span(first, last)
    if at and tokens.ends[at - 1] < tokens.starts[at] and set(small) <= {*SUPERSCRIPTS}:
        simple = re.fullmatch(r"-?([0-9]+|\w)", exponent)
        power = exponent if simple else f"({exponent})"
        return fault(APART, whole, f"write {operand}^{power}")
    hints = [f"for a power write {operand}^({exponent})"]
    plain = unicodedata.normalize("NFKC", small)
    if plain.isalpha() and not operand[0].isdigit():
        hints.append(f"for a part of the name {operand}_{plain}")
    return fault("this superscript is more than a number or a letter", whole, *hints)


_BARE_SIGNS = {"⁻": ("-", "minus"), "⁺": ("", "plus")}


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
    if text == "∈" and "RANGE" in tokens.kinds[at:]:
        return fault("this is written 'in' here", whole, "write in")
    if text == ":" and "ASSIGN" in tokens.kinds[at + 1 : at + 2] and tokens.touch(at, at + 1):
        return fault("there is no ':='", tokens.span(at, at + 1), "write =")
    if text in "–—:" and "IN" in tokens.kinds[:at] and at == last:
        return fault("'..' stands between the ends of a range", whole, "write ..")
    if len(text) > 1:  # a name with strangers in it
        stranger = strangers(text)[0]
        whole = whole._replace(start=whole.start + stranger, end=whole.start + stranger + 1)
        text = text[stranger]
    meant = _MEANT.get(text) or _plain(text) * (last - at + 1)
    hint = f"write {meant}" if meant else _ADVICE.get(text) or _default(text)
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
