"""Numbers drawn at random, each by the seed and its name alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from struct import unpack
from typing import Any


def random_numbers(
    seed: int, name: str, first: float, second: float, labels: Sequence[str]
) -> list[float]:
    """The numbers that members draw from a distribution, each from the BLAKE2b hash of the seed and its
    name: 53 bits as a fraction u between 0 and 1. uniform: low + (high - low)*u; normal: mean + sd times
    the quantile of u (Wichura's AS 241, as Python's statistics has it). So a member keeps its number
    whatever else a file draws, on every machine.
    """
    start = _hash()(f"{seed}:".encode(), digest_size=8)
    hashes = [start.copy() for _ in labels]  # which takes half the time of new ones
    for one, label in zip(hashes, labels, strict=True):
        one.update(label.encode())
    bits = unpack(f">{len(hashes)}Q", b"".join([one.digest() for one in hashes]))
    fractions = [((each >> 11) + 0.5) / 2**53 for each in bits]
    wide = width(name, first, second)
    if name == "uniform":
        return [first + wide * each for each in fractions]
    quantile = normal_quantile()
    return [first + wide * quantile(each, 0.0, 1.0) for each in fractions]


def width(name: str, first: Any, second: Any) -> Any:
    """What a number of the distribution's standard form, uniform(0, 1) or normal(0, 1), is multiplied by
    before `first` is added. first, second: numbers or arrays."""
    return second - first if name == "uniform" else second


@cache
def _hash() -> Any:
    """BLAKE2b, if possible without all of hashlib, which loads OpenSSL in 5 ms."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b


@cache
def normal_quantile() -> Any:
    """The quantile of a fraction, by a mean and a standard deviation, if possible without all of
    statistics, whose import takes 5 ms."""
    try:
        from _statistics import _normal_dist_inv_cdf as quantile  # type: ignore[import-not-found]
    except ImportError:
        from statistics import NormalDist

        def quantile(fraction: float, mean: float, sd: float) -> float:
            return NormalDist(mean, sd).inv_cdf(fraction)

    return quantile
