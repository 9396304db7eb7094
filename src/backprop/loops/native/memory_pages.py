"""Arrays for machine code, in large pages of memory where the system has them.

The first touch of a page of 4 KiB takes as long as to compute the numbers that it holds; large pages are
512 times as large (Linux: madvise(2), MADV_HUGEPAGE). NumPy asks for them, too, but not for zeros.
"""

from __future__ import annotations

import ctypes
import mmap
from contextlib import suppress

import numpy

from backprop.loops.domains import Reals

_LARGE = 1 << 22
"""Bytes from which on an array has large pages, as of NumPy."""


_MUCH = 1 << 25
"""Bytes of an array before which it is worth to give memory back."""


def _give_back() -> None:
    """Let the system have the memory of arrays that are gone: glibc keeps that of some tens of megabytes
    (its manual, malloc_trim(3)). Other libraries have no such function."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def zeros(count: int) -> Reals:
    """So many doubles, all 0, in memory that is used when they are touched."""
    if 8 * count < _LARGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return numpy.zeros(count)
    room = mmap.mmap(-1, 8 * count)
    with suppress(OSError):  # of a system without them
        room.madvise(mmap.MADV_HUGEPAGE)
    return numpy.frombuffer(room, dtype=float)


def aligned(count: int) -> Reals:
    """So many doubles, whatever they are, that begin at a multiple of 64 bytes."""
    if 8 * count >= _MUCH:
        _give_back()
    whole = numpy.empty(count + 8)
    begin = -whole.ctypes.data // 8 % 8
    found: Reals = whole[begin : begin + count]
    return found
