"""Which numbers are tidy: what a person can be asked for on paper.

A number is tidy if it is exact with at most 6 significant digits, and lies between 0.001 and 10,000 in
size. What a function such as exp or sqrt has a part in need not be exact: it is asked with 4 digits that
count, if these do not look like a whole number, as 0.99998 does.
"""

from functools import cache, lru_cache
from itertools import product
from math import isfinite

from backprop.numbers import digits_of, fixed, rounded, shown
from backprop.row import Operation
from backprop.syntax import functions

EXACT, ROUNDED = 6, 4
"""So many significant digits has an exact answer at most, and one that is rounded."""
LEAST, MOST = 0.001, 10_000.0
"""The sizes between which tidy numbers lie."""

_RELATIVE = 1e-12
"""So far from a short number is what rounding of doubles makes of it."""
_TRIED = (2.0, 3.0, 5.0, -2.0, 2.5, -2.5)
_DENOMINATOR = 5040.0 * 4096

FAULTS = ("0", "too small", "too large", "no short number", "rounds to a short number", "infinite")
"""What keeps a number from being tidy."""


class TidyInput(float):
    """A number that was chosen for an input, and the text that it is written as: `log(2) - 6`."""

    text: str

    def __new__(cls, number: float, text: str = "") -> "TidyInput":
        found = super().__new__(cls, number)
        found.text = text or plain(number)
        return found

    def __reduce__(self) -> tuple[type["TidyInput"], tuple[float, str]]:
        return TidyInput, (float(self), self.text)


def plain(number: float) -> str:
    """A number without an exponent, as a sheet has it: `-0.65`."""
    return shown(number, 12) if abs(number) >= 1e12 else fixed_text(number)


def fixed_text(number: float) -> str:
    text = shown(number, 12)
    if "e" not in text:
        return text
    return fixed(float(text), 15).rstrip("0").rstrip(".")


@lru_cache(1 << 14)
def count_digits(number: float) -> int:
    """With how many significant digits a number is exact, at least 1; 0 if that takes more than 6, of a whole
    number as well."""
    if abs(number - rounded(number, EXACT)) > _RELATIVE * abs(number):
        return 0
    return len(digits_of(number, EXACT)[0].rstrip("0")) or 1


def fault(number: float, rounds: bool = False, vanishes: bool = False) -> str:
    """What keeps a number from being tidy, one of FAULTS; "" if it is tidy.

    rounds: whether a function has a part in it, so that it may be asked in 4 digits. vanishes: whether
    it may be 0, as behind a gate that is shut.
    """
    if not isfinite(number):
        return "infinite"
    size = abs(number)
    if size == 0:
        return "" if vanishes else "0"
    if size < LEAST:  # which may be a 0 that rounding has missed, or what saturates
        return "too small"
    if size >= MOST:
        return "too large"
    if count_digits(number):
        return ""
    if not rounds:
        return "no short number"
    # 0.99998 would be asked as 1.000: it looks exact, and is not
    short = len(digits_of(size, ROUNDED)[0].rstrip("0")) == 1
    return "rounds to a short number" if short else ""


def answer_text(number: float) -> str:
    """A tidy number as a key has it: exact, or in 4 significant digits, zeros among them."""
    return plain(number + 0.0) if count_digits(number) else _rounded(number)


def is_rounded(number: float) -> bool:
    """Whether an answer is rounded to 4 digits."""
    return not count_digits(number)


def _rounded(number: float) -> str:
    text = shown(number, ROUNDED, zeros=True)
    if "e" in text:
        text = fixed(number, max(0, ROUNDED - 1 - digits_of(number, ROUNDED)[1]))
    return text


@cache
def leaves_fractions(name: str, known: tuple[float | None, ...]) -> bool:
    """Whether an operation can make of simple fractions what is none, as exp and sqrt do; known: of each
    operand the number that stands in the equations, if it is one. Found by trying."""
    value = functions.value(name)
    choices = [_TRIED if number is None else (number,) for number in known]
    found = (value(*operands) for operands in product(*choices))
    multiples = (each * _DENOMINATOR for each in found if isfinite(each) and abs(each) < 1e6)
    return any(abs(each - round(each)) > 1e-6 + 1e-15 * abs(each) for each in multiples)


def has_gate(row: Operation) -> bool:
    """Whether an operation lets some operands have no say in it: relu, min, an `if`."""
    return bool(row.corner or row.jump or row.chooses or row.says)
