"""Numbers in claims that no double holds: `∂u/∂x = −1e−400`."""

from decimal import Decimal

from backprop.evaluation.unrounded import decimal
from backprop.numbers import Wide, beyond_doubles, half_unit, whole_number
from backprop.syntax.scanner import Tokens

_MOST = 900_000
"""Decimals end, as Python has them, at an exponent of 999,999."""


def literals(link: Tokens) -> list[tuple[int, Wide]]:
    """The numbers of a text that no double holds but a Decimal does, and where they stand."""
    numbers = [(at, text) for at, text in enumerate(link.texts) if link.kinds[at] == "NUMBER"]
    return [
        (at, Wide(Decimal(text)))
        for at, text in numbers
        if beyond_doubles(text, float(text))[0]
        and len(text) + abs(whole_number(text.lower().partition("e")[2] or "0")) < _MOST
    ]


def rounding(link: Tokens) -> float:
    """How far a product of numbers may be off, relative, because of the digits that they have."""
    texts = [text for kind, text in zip(link.kinds, link.texts, strict=True) if kind == "NUMBER"]
    mantissas = [text.lower().partition("e")[0] for text in texts]
    offs = [half_unit(f"{each}e0", 2 if len(texts) == 1 else 3) for each in mantissas]
    pairs = zip(mantissas, offs, strict=True)
    return sum(off / float(mantissa) for mantissa, off in pairs if off)


def agree(claimed: float, right: float, part: float, off: float) -> bool:
    """Whether two numbers differ by no more than this part of the larger one, or by no more than off."""
    one, other = decimal(claimed), decimal(right)
    if not (one.is_finite() and other.is_finite()):
        return claimed == right
    return abs(one - other) <= max(Decimal(part) * max(abs(one), abs(other)), Decimal(off))
