"""Numbers and lists as text. Every number that a person reads is written here."""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import inf, isinf, isnan
from sys import float_info
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

DIGITS = 10
"""Significant digits, unless somebody asks for others."""

PRECISION = 1e-9
"""How far a number may be off, relative, that is written without all of its digits."""

IN_DOUBLES = "in doubles"
"""What stands behind the double that a gradient is printed as, where it is another number."""

_NUMBER = re.compile(r"[+-]?\s*(\d*)(\.\d*)?(?:[eE]([+-]?\d+))?")


class Wide(float):
    """A number that no double holds: -1e-400. As a float it is the double that stands for it, the
    nearest one or the one that is given, and as a text itself."""

    exact: "Decimal"

    def __new__(cls, exact: "Decimal", double: float | None = None) -> "Wide":
        from decimal import Context

        wide = super().__new__(cls, exact if double is None else double)
        wide.exact = Context(DIGITS).plus(exact).normalize()
        return wide

    def __add__(self, other: float) -> float:
        """Itself plus 0, which makes 0 of -0 elsewhere, is itself."""
        return self if other == 0 else float(self) + other

    def __format__(self, spec: str) -> str:
        return format(self.exact, spec.replace("#", ""))  # Decimals keep their zeros anyway


def beyond(item: object) -> Any:
    """The texts of the numbers that no double holds: of a number its own, of several with None for
    the others, of a mapping those of its values; empty if there is none."""
    if isinstance(item, Mapping):
        return {key: found for key, each in item.items() if (found := beyond(each))}
    if isinstance(item, (list, tuple)):
        texts = [beyond(each) or None if isinstance(each, float) else None for each in item]
        return texts if any(texts) else []
    return shown(item) if isinstance(item, Wide) else ""


def as_double(number: float) -> float:
    """A number of Python's or NumPy's as a float; text, truth values and nan are none.
    Raises TypeError, ValueError, OverflowError."""
    if isinstance(number, (str, bytes, bool)) or number != number:
        raise ValueError(number)
    return float(number)


def shown(
    number: float | None,
    digits: int | None = None,
    minus: str = "-",
    short: bool = False,
    zeros: bool = False,
) -> str:
    """A number for people: `0.3333333333`, `1e-05`, `nan`, `-0`; nothing for None. digits:
    significant ones, None for DIGITS. minus: the sign. short: `1e-5` instead of `1e-05`. zeros:
    `1.00000` for 1.0000001, `2.40000` for 2.3999996: the last zeros say that it was rounded."""
    if number is None:
        return ""
    text = f"{number:.{digits or DIGITS}g}"
    if 1e308 < abs(number) < inf == abs(float(text)):  # past the largest double, which text may be
        text = f"{number:.{(digits or DIGITS) - 1}e}"
    elif zeros and abs(number) < 1e308 and abs(float(text) - number) > PRECISION * abs(number):
        padded = f"{number:#.{digits or DIGITS}g}"
        if not padded.endswith("."):
            text = padded
        elif abs(float(text) - number) > half_unit(text):  # 120000, which looks like a count
            text = f"{number:.{(digits or DIGITS) - 1}e}"
    if short:
        mantissa, mark, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}" if mark else text
    return text.replace("-", minus)


def fixed(number: "float | Decimal", places: int | None = None) -> str:
    """A number without an exponent, with so many places behind its point, or all that it has."""
    return f"{number:f}" if places is None else f"{number:.{places}f}"


def printed(number: float, digits: int = DIGITS, zeros: bool = False) -> str:
    """A number as print has it: `−0.001`, `2e−12`."""
    return shown(number, digits, "−", True, zeros)


def spoken(number: float, digits: int = DIGITS) -> str:
    """A number in a sentence: `−0.001`, `infinite`, `undefined`; 0 for -0.0."""
    if isinstance(number, Wide):
        return printed(number, digits)
    if isnan(number):
        return "undefined"
    if isinf(number):
        return "infinite" if number > 0 else "−infinite"
    return printed(number + 0.0, digits)


def whole_number(text: str) -> int:
    """A whole number. Python reads at most 4,300 digits at once: of more than 4,000 that count the
    first 4,000 are read, which is large enough for all that is asked of it."""
    digits = text.lstrip("+-").lstrip("0")[:4000] or "0"
    return -int(digits) if text[0] == "-" else int(digits)


def listed(texts: Sequence[str], most: int = 3) -> str:
    """The first few of them: `a, b, c, …`."""
    return ", ".join(texts[:most]) + (", …" if len(texts) > most else "")


def few(texts: Sequence[str], most: int = 4) -> str:
    """The first few of them in a sentence: `a, b, c and 9 more`."""
    named, rest = texts[:most], len(texts) - most
    *first, last = [*named, f"{rest} more"] if rest > 0 else named
    return f"{', '.join(first)} and {last}" if first else last


def either(texts: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = texts
    return f"{', '.join(most)} or {last}" if most else last


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, its end left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def rounded(number: float, digits: int | None) -> float:
    """A number with so many significant digits; None: unchanged. What is finite stays finite: past
    the largest double it is cut."""
    if digits is None:
        return number
    found = float(f"{number:.{digits}g}")
    if isinf(found) > isinf(number):
        from decimal import ROUND_DOWN, Context  # 2 ms, for numbers from 1.75e308 on

        found = float(Context(digits, ROUND_DOWN).create_decimal(number))
    return found


def digits_of(number: float, digits: int) -> tuple[str, int]:
    """The digits of a number's size that count, so many, and the power of ten of the first: `"250", -1` for
    0.25."""
    mantissa, _, exponent = f"{abs(number):.{digits - 1}e}".partition("e")
    return mantissa.replace(".", ""), int(exponent)


def half_unit(text: str, least: int = 2) -> float:
    """Half a unit of the last digit of a number that may have been rounded; else 0.

    It may have been, if it was written with three digits that count, or with two where a point
    or an exponent says that it is no count of things: 0.33, 3.1, 1235; but not 12, 100 or 0.3.
    least: how many these two are, if others.
    """
    found = _NUMBER.fullmatch(text)
    if not found:
        return 0.0
    whole, point, exponent = found[1], found[2] or "", whole_number(found[3] or "0")
    plain = found[2] is None and found[3] is None
    digits = (whole + point[1:]).lstrip("0")
    counting = len(digits.rstrip("0") if plain else digits)
    last = exponent - len(point[1:])
    if counting < (3 if plain else least) or exponent < -400 or last > float_info.max_10_exp:
        return 0.0
    return float(0.5 * 10.0 ** max(last, -330))


def exact(number: float) -> str:
    """The shortest text that reads back as the same number: `1.994`, `2`, `-0.0`."""
    text = repr(float(number))
    return text if text == "-0.0" else text.removesuffix(".0")


def beyond_doubles(text: str, number: float, infinity: str = "inf") -> tuple[str, str]:
    """What the text of a number is that no double can hold, and what to do; "" for others.
    number: what `float` makes of the text: infinite, or 0 where a digit is none. infinity: how it
    is written there."""
    if isinf(number) and any(map(str.isdigit, text)):
        return "too large for a double, which ends at 1.8e308", f"write {infinity} for infinity"
    if number == 0 and text.lower().partition("e")[0].strip("+-.0"):
        hint = "write 0 if it is to be none, or choose another unit"
        return "too small for a double, which begins at 4.9e-324", hint
    return "", ""


def call_text(name: str, operands: Iterable[float]) -> str:
    """A call with numbers as it is spoken of: `half(3)`."""
    numbers = (exact(each) if float(each).is_integer() else shown(each, 6) for each in operands)
    return f"{name}({', '.join(numbers)})"
