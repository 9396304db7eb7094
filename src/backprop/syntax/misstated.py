"""What to say where `const`, a goal, bounds or an uncertainty does not read well."""

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

from backprop.errors import SyntaxFault, mend
from backprop.names import look, strange_letter
from backprop.numbers import exact, fixed
from backprop.source import one_line
from backprop.syntax.case import (
    CONSTRAINTS,
    NO_CONSTRAINTS,
    Case,
    bracketed,
    brief,
    defines,
    fault,
    power_of_ten,
)
from backprop.syntax.scanner import FIRST_WORDS, Tokens

BOUNDS = "bounds read in 0..5, in 0.. or in ..5"

_SIMILAR = (
    dict.fromkeys(("minimise", "minimized", "min"), "minimize")
    | dict.fromkeys(("maximise", "max"), "maximize")
    | {"constant": "const", "constants": "const", "outputs": "output"}
)
_SUPERFLUOUS = frozenset(
    "let var param params parameter input inputs set variable def float double real int".split()
)
_SHOWING = ("return", "print", "show", "display", "disp")
_PER_CENT = {"ppm": "1e-4", "ppb": "1e-7", "percent": "1"}
"""Parts as they stand behind `±`, in per cent."""

_ENDS = re.compile(r"([-−]?[\w.]+)\s*(-|to|and|until|,)\s*([-−]?[\w.]+)")
"""Bounds without their two points: `0 to 5`, `0-5`, `0, 5`."""

_WORDED = re.compile(
    r"(?:between|within|from)\s+([-−]?[\w.]+?)\s*(?:\.\.|\bto\b|\band\b)\s*([-−]?[\w.∞]+)"
)
"""Bounds in words: `between 0 and 5`."""

_NO_BRACKETS = str.maketrans({"[": "", "]": "", "(": "", ")": "", ",": ".."})


def _goal(case: Case) -> SyntaxFault | None:
    tokens = case.tokens
    kinds, texts = tokens.kinds, tokens.texts
    word = texts[0]
    if FIRST_WORDS.get(word) != "GOAL" or kinds[1:2] in (("ASSIGN",), ("TILDE",)):
        return None
    if len(kinds) == 1:
        return fault(f"{word!r} alone says nothing", tokens.whole, f"name an output: {word} L")
    if "ASSIGN" in kinds:
        name = texts[1] if kinds[1:3] == ("NAME", "ASSIGN") else ""
        if not name:
            return None
        hint = mend(f"{tokens.span(1, -1).text}; {word} {name}")
        return fault(f"{word!r} takes a name, and no equation", tokens.span(1, -1), hint)
    if kinds[1] == "CONST" or texts[1] == "const":
        hint = mend(f"{word} {tokens.span(2, -1).text}") if len(kinds) > 2 else "name an output"
        return fault(f"{word!r} takes a name alone", tokens.whole, hint)
    whole, name = tokens.span(1, -1), "loss" if "L" in texts else "L"
    if case.kind() == "COMMA" or kinds[2:] == ("NAME",):
        joined = " + ".join(each for each in texts[1:] if each != ",")
        hint = f"join them in an equation: {name} = {joined}; {word} {name}"
        return fault("there is one output at a time", case.span(), hint)
    if "subject" in texts[2:3] or texts[2:5] == ["such", "that"]:
        return fault(NO_CONSTRAINTS, tokens.span(2, -1), CONSTRAINTS)
    if again := next((at for at in range(2, len(texts)) if texts[at] in FIRST_WORDS), 0):
        hint = "separate statements by ';' or a line end"
        return fault("two statements stand side by side", tokens.span(again, -1), hint)
    hint = mend(f"{name} = {brief(whole)}; {word} {name}")
    return fault(f"{word!r} takes a name, and no expression", whole, hint)


def _word(case: Case) -> SyntaxFault | None:
    """Words that say something elsewhere: `minimise L`, `let a = 2`."""
    tokens, at = case
    kinds, texts = tokens.kinds, tokens.texts
    if texts[0] in _SHOWING and kinds in (("NAME", "NAME"), ("NAME", "LPAR", "NAME", "RPAR")):
        name = texts[1 + (len(kinds) > 2)]
        return fault(f"there is no word {texts[0]!r}", tokens.whole, mend(f"output {name}"))
    if kinds[:2] == ("NAME", "LT") and texts[2:3] in (["lower"], ["upper"]):  # Stan
        return fault(f"there is no word {texts[0]!r}", tokens.span(0), CONSTRAINTS)
    if kinds[:2] != ("NAME", "NAME") or at > 1 + ("ASSIGN" not in kinds):
        return None
    word, rest = texts[0], brief(tokens.span(1, -1))
    meant = _SIMILAR.get(word.lower(), word.lower() if word.lower() in FIRST_WORDS else "")
    if meant and not (FIRST_WORDS[meant] == "GOAL" and "ASSIGN" in kinds):
        return fault(f"there is no word {word!r}", tokens.span(0), mend(f"{meant} {rest}"))
    alike = look(word)
    if alike != word and alike in FIRST_WORDS:
        letters = f"{word!r} has {strange_letter(word, alike)} where {alike!r} has another"
        return fault(f"there is no word {word!r}", tokens.span(0), mend(alike), letters)
    if word.lower() in _SUPERFLUOUS and "ASSIGN" in kinds:
        return fault(f"there is no word {word!r}", tokens.span(0), mend(rest))
    if word.lower() in _SUPERFLUOUS:  # AMPL's `var x >= 0`, Stan's `real x`
        alone = f"give it a value: {texts[1]} = 1" if len(kinds) == 2 else ""
        hint = alone or as_bounds(tokens.since(1)) or CONSTRAINTS
        return fault(f"there is no word {word!r}", tokens.span(0), hint)
    return None


def concise(case: Case) -> SyntaxFault | None:
    """`2(3)`: a product, or an uncertainty of the last digits."""
    around = tuple(map(case.kind, range(-1, 3)))
    apart = not case.touching() and "." not in case.written(-1)
    if apart or around != ("NUMBER", "LPAR", "NUMBER", "RPAR"):
        return None
    before, number, whole = case.written(-1), case.text(1), case.span(-1, 2)
    mantissa, mark, power = before.lower().partition("e")
    stop, ten = power_of_ten(whole.source.text, whole.end)
    exponent = ten or mark + power
    concise = f"{mantissa}({number}){exponent}"
    if "." not in mantissa or not number.isdecimal() or mantissa.endswith("."):
        concise = f"{before}{ten} ± {number}{exponent}"
    hints = [f"for a product write {before}*{number}{ten}"]
    hints.append(f"for an uncertainty of the last digits write {concise}")
    message = "a number behind a number, in brackets"
    return fault(message, whole._replace(end=stop), *hints)


_NO_CONST = "only names, families and members are const"
_CONST_HINT = "with commas between them: const g, w[*], x[1..3]"


def _word_behind(case: Case) -> SyntaxFault | None:
    """Such a word behind the `=`, `g = const 9.81` and `y = return x`, or at the end, `9.81 const`."""
    tokens, at = case
    first, last = tokens.sign + 1, len(tokens.kinds) - 1
    if first < 2 or case.opened or case.touching() or not case.behind_operand:
        return None
    place, rest = first, tokens.since(first + 1)
    if at == last and tokens.kinds[first] != "NAME":
        place, rest = at, tokens.since(first, at)
    elif at != first + 1 or case.kind() == "LPAR":
        return None
    word, left, value = tokens.texts[place], tokens.span(0, first - 2).text, brief(rest.whole)
    if tokens.kinds[place] not in ("NAME", "CONST") or defines(tokens.source.text, word):
        return None
    meant = _SIMILAR.get(word.lower(), word.lower())
    declared = word in _SUPERFLUOUS and rest.kinds == ("NUMBER",)
    if (word in _SHOWING or declared) and place == first:
        hint = mend(f"{left} = {value}")
    elif FIRST_WORDS.get(meant) == "CONST":
        hint = mend(f"const {left} = {value}")
    elif FIRST_WORDS.get(meant) == "GOAL":
        hint = mend(f"{left} = {value}; {meant} {left}")
    else:
        return None
    return fault(f"{word!r} has no place here", tokens.span(place), hint)


def _const(case: Case) -> SyntaxFault | None:
    tokens, at = case
    kinds, texts = tokens.kinds, tokens.texts
    if texts[0] == "const" and kinds == ("NAME",):
        hint = "name what is constant: const g = 9.81"
        return fault("'const' alone says nothing", tokens.whole, hint)
    if texts[0] == "const" and kinds[0] == "NAME" and tokens.sign < 0:
        return fault(_NO_CONST, tokens.span(1, -1), _CONST_HINT)
    if kinds[0] != "CONST":
        return None
    if kinds[2:3] == ("LPAR",):
        return fault("a function is no constant", tokens.span(0), "leave const out")
    sign = tokens.sign
    if case.kind() == "ASSIGN" and "COMMA" in kinds[:at]:
        last = texts[at - 1] if kinds[at - 1] == "NAME" else "x"
        hint = f"give it a statement of its own: const {last} {tokens.span(at, -1).text}"
        return fault("several names, and a value", tokens.span(at), hint)
    if sign < 0 and case.kind() == "FOR":
        hint = mend(f"const {texts[1]}[*]")
        return fault("what is const needs no range here", tokens.span(at, -1), hint)
    if sign < 0 and case.kind(-1) in ("NAME", "RSQB"):
        if case.kind() == "NAME":
            message, hint = "a comma is missing", mend(f"{texts[at - 1]}, {texts[at]}")
            return fault(message, tokens.span(at - 1, at), hint)
        if case.kind() in ("NUMBER", "CONCISE", "MINUS", "PLUS"):
            hint = mend(f"const {texts[at - 1]} = {tokens.span(at, -1).text}")
            return fault("an '=' is missing", tokens.span(at), hint)
    if sign < 0:
        return fault(_NO_CONST, tokens.span(1, -1), _CONST_HINT)
    if case.kind() == "COMMA" and kinds[at + 1 : at + 3] == ("NAME", "ASSIGN") and not case.opened:
        return fault("a value ends its statement", tokens.span(at), mend("; const"))
    return None


def _bounds(case: Case) -> SyntaxFault | None:
    """An `in` that is none of a `for`."""
    tokens, at = case
    kinds, texts = tokens.kinds, tokens.texts
    before = kinds[: at + 1]
    if case.kind() == "NAME" and case.behind_operand and tokens.sign > 0:
        found = _WORDED.match(tokens.source.text, tokens.starts[at])
        if found and not defines(tokens.source.text, texts[at]):
            place = tokens.span(at)._replace(end=found.end())
            return fault("bounds begin with 'in'", place, mend(f"in {found[1]}..{found[2]}"))
    if "IN" not in before:
        return None
    word = max(index for index, kind in enumerate(before) if kind == "IN")
    if "FOR" in before[:word]:
        if word == at and "ASSIGN" in before and case.behind_operand:
            hint = "write = value in low..high for …"
            return fault("bounds stand before 'for'", tokens.span(at), hint)
        return None
    here = tokens.span(word)
    depth = sum((kind in ("LPAR", "LSQB")) - (kind in ("RPAR", "RSQB")) for kind in kinds[:word])
    if word == 0 or depth > 0:
        return None
    if tokens.sign < 0 or tokens.sign > word:
        name = tokens.span(tokens.kinds[0] == "CONST", word - 1).text
        if tokens.sign > word:
            value, bounds = tokens.span(tokens.sign, -1).text, tokens.span(word, tokens.sign - 1)
            ends = "".join(bounds.text.translate(_NO_BRACKETS).split())[2:]
            hint = mend(f"{name} {value} in {ends}")
            return fault("bounds stand behind the value", bounds, hint)
        if word + 1 == len(tokens.kinds):  # nothing behind it
            return None
        ends = tokens.span(word + 1, -1).text
        if ends.startswith(("[", "(")):
            ends = "".join(ends.translate(_NO_BRACKETS).split())
        hint = f"write {name} = … in {ends}"
        return fault(f"{name} has bounds and no value", tokens.span(word, -1), hint)
    if kinds[1:2] == ("LPAR",):
        return fault("only an input has bounds", here, "leave them out")
    if word == at and "IN" in kinds[:at]:
        return fault("a second pair of bounds", here, BOUNDS)
    if case.kind() == "PLUSMINUS":
        hint = "write = value ± uncertainty in low..high"
        return fault("an uncertainty stands before the bounds", tokens.span(at), hint)
    behind = kinds[word + 1 :]
    end = len(kinds) - 1
    sign = next((kind for kind in ("COMMA", "RANGE") if kind in behind), "")
    between = kinds.index(sign, word) if sign else at
    opening, closing = kinds[word + 1 : word + 2], kinds[-1]
    if (
        opening in (("LSQB",), ("LPAR",))
        and closing in ("RSQB", "RPAR")
        and word + 2 < between < end - 1
    ):
        low, high = tokens.span(word + 2, between - 1).text, tokens.span(between + 1, end - 1).text
        hint = mend(f"in {low}..{high}")
        return fault("bounds have no brackets", tokens.span(word + 1, end), hint)
    if "RANGE" not in behind:
        text = tokens.span(word + 1, end).text if behind else ""
        if found := _ENDS.fullmatch(text):
            hints = [mend(f"in {found[1]}..{found[3]}")]
            if found[2] == "-":
                hints = [f"for both ends {hints[0]}", f"for at least write in {text}.."]
            return fault("bounds need '..'", tokens.span(word, end), *hints)
        if at <= end or not text:
            return fault("bounds need '..'", tokens.span(word, min(at, end)), BOUNDS)
        text = text.removesuffix(".")
        hint = f"write in {text}.. for at least, in ..{text} for at most"
        return fault("bounds need '..'", tokens.span(word, end), hint)
    if behind[:1] == ("RANGE",) and at == word + 2:
        return fault("bounds need an end", tokens.span(word, word + 1), BOUNDS)
    return None


def _uncertainty(case: Case) -> SyntaxFault | None:
    tokens, at = case
    kinds, kind = tokens.kinds, case.kind()
    if kind == "PLUSMINUS":
        if tokens.sign < 0 and at and kinds[at - 1] in ("NAME", "RSQB"):
            name = tokens.span(kinds[0] == "CONST", at - 1).text
            hint = f"write {name} = … {tokens.span(at, -1).text}"
            return fault(f"{name} has an uncertainty and no value", tokens.span(at, -1), hint)
        if tokens.sign >= 0 and tokens.kinds[tokens.sign] == "TILDE":
            hint = "its spread stands in the distribution: normal(mean, sd)"
            return fault("what is drawn has no uncertainty besides", tokens.span(at), hint)
        text, start = tokens.source.text, tokens.starts[0]
        for common in _COMMON.finditer(text, start, tokens.ends[-1]):
            if not common.start() < tokens.starts[at] < common.end():
                continue
            stop, ten = power_of_ten(text, common.end())
            place = tokens.span(at)._replace(start=common.start(), end=stop)
            meant = mend(f"{common[1]}{ten} ± {common[2]}{ten}")
            ends = re.match(r"\s*(?:$|in\b|for\b)", text[stop : tokens.ends[-1]])
            if not ends or not text[start : common.start()].rstrip().endswith("="):
                meant = f"give it a name of its own: c = {common[1]}{ten} ± {common[2]}{ten}"
            return fault("an uncertainty stands behind the whole value", place, meant)
        hints = ["write a = 2 ± 0.1; for both signs write two equations, one with + and one with -"]
        message = "'±' stands once, behind the whole value of an input"
        return fault(message, tokens.span(at), *hints)
    part_of = kinds[at - 2 : at] == ("PLUSMINUS", "NUMBER") and case.text() in _PER_CENT
    if part_of and not defines(tokens.source.text, case.text()):
        part = Decimal(exact(float(tokens.texts[at - 1]))) * Decimal(_PER_CENT[case.text()])
        message = f"there is no {case.text()}"
        return fault(message, tokens.span(at - 1, at), mend(f"{fixed(part.normalize())}%"))
    concise = at if kind == "CONCISE" else at - 1
    if not 0 < concise < len(kinds) or kinds[concise] != "CONCISE":
        return None
    here = tokens.span(concise)
    number, _, rest = here.text.partition("(")
    digits, _, power = rest.partition(")")
    hints = [f"give it a name of its own: c = {here.text}"]
    message = "a number with an uncertainty in brackets is a whole value"
    if not power:
        stop, ten = power_of_ten(here.source.text, here.end)
        if ten:
            message = "the power of ten of a number with an uncertainty stands right behind it"
            hints = [mend(f"{here.text}{ten}")]
            here = here._replace(end=stop)
        hints.append(f"or, if a product is meant, write {number}*{digits}{ten}")
    return fault(message, here, *hints)


_COMMON = re.compile(r"\(\s*([-−]?[\d.]+)\s*(?:±|\+/-)\s*([\d.]+)\s*\)")
"""A value and its uncertainty in brackets, with a power of ten for both."""

MISSTATED: tuple[Callable[[Case], SyntaxFault | None], ...] = (
    _goal, _word, _word_behind, _const, _bounds, _uncertainty,
)  # fmt: skip


_RISING, _FALLING = {"LT", "LE"}, {"GT", "GE"}


def as_bounds(tokens: Tokens) -> str:
    """The hint for `0 <= x <= 5` or `x >= 0`, which is how others write bounds; "" for what is none."""
    cuts = [at for at, kind in enumerate(tokens.kinds) if kind in _RISING | _FALLING | {"EQ", "NE"}]
    kinds = {tokens.kinds[at] for at in cuts}
    behind = len(tokens.kinds)
    last = tokens.kinds.index("FOR") if "FOR" in tokens.kinds else behind
    if bracketed(tokens.kinds, cuts) or (last < behind and "LPAR" in tokens.kinds):
        return ""  # within brackets, or perhaps the range of a sum
    pairs = list(pairwise([-1, *cuts, last]))
    rising, falling = kinds <= _RISING, kinds <= _FALLING
    if not cuts or not (rising or falling) or any(after - at < 2 for at, after in pairs):
        return ""  # 0 < x > 1, x == 1, or a side is missing
    sides = [tokens.since(at + 1, after) for at, after in pairs]
    if falling:
        sides.reverse()
    names = [at for at, side in enumerate(sides) if _is_name(side)]
    if len(sides) > 2 and (len(sides) > 3 or 1 not in names):
        return "bounds are those of an input: x = 1 in 0..5"
    if len(sides) == 2 and len(names) != 1:
        return ""
    texts = [one_line(side.whole.text) for side in sides]
    middle = 1 if len(sides) == 3 else names[0]
    name, ends = texts[middle], f"{''.join(texts[:middle])}..{''.join(texts[middle + 1 :])}"
    through = f" {one_line(tokens.span(last, behind - 1).text)}" if last < behind else ""
    if "*" in name:
        name, through = name.replace("*", "i", 1), " for i in 1..n"
    if tokens.source.option == "--set":
        return f"bounds stand in the equations: {name} = … in {ends}{through}"
    return f"for bounds write them behind its value: {name} = … in {ends}{through}"


def _is_name(side: Tokens) -> bool:
    """Whether it is a name or a member, `w[i]`."""
    return side.kinds == ("NAME",) or (
        side.kinds[:2] == ("NAME", "LSQB")
        and side.kinds[-1] == "RSQB"
        and side.kinds.count("RSQB") == 1
    )
