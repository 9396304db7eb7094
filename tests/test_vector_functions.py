"""The functions of C's library that loops have for eight doubles or four at once, against mpmath."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable
from functools import cache
from math import copysign, inf, isnan, nan, ulp
from typing import Any

import mpmath
import numpy
import pytest

from backprop.engine.native.machine import library, processor
from backprop.engine.writers.llvm import ATTRIBUTES, Code
from backprop.engine.writers.marks import marks
from backprop.engine.writers.vector_functions import SYMBOLS, WIDTHS, defined

EXPONENTS = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    709.7,
    710.0,
    1e308,
    inf,
    -708.3,
    -720.0,
    -745.1,
    -746.0,
    -1e308,
    -inf,
    nan,
]
ULPS = {"exp": 1.12, "tanh": 3.0, "cosh": 2.0}


@cache
def made(name: str, width: int) -> Callable[[Any], tuple[Any, int]]:
    """A function of an array of so many, that tells whether something was too small for a double."""
    features = processor()[2].split(",")
    if f"+{WIDTHS[width]}" not in features or "+avx2" not in features:
        pytest.skip(f"this processor has no vectors of {width} doubles")
    code = Code(width, {name: SYMBOLS[name]})
    given = code.emit(f"load {code.double}, ptr %x, align 8")
    code.store(code.call(name, [given]), "%y")
    lines = "\n".join([*defined(code.declared, width), marks()])
    text = (
        f"{lines}\ndefine i32 @apply(ptr %x, ptr %y) {{\n  call fastcc void @clear_marks(i32 16)\n"
        f"{code.body}\n  %small = call fastcc i1 @marked(i32 16)\n  %answer = zext i1 %small to i32\n"
        f"  ret i32 %answer\n}}\n{ATTRIBUTES}"
    )
    found = library(text, lambda: text)
    run = found.function("apply", ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    def apply(x: Any, library: Any = found) -> tuple[Any, int]:
        y = numpy.zeros(width)
        small = run(x.ctypes.data, y.ctypes.data)
        return y, small

    return apply


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SYMBOLS)
def test_numbers(name: str, width: int, request: pytest.FixtureRequest) -> None:
    function = made(name, width)
    whole = request.config.getoption("--whole")
    chance = random.Random(name)
    points = [*EXPONENTS]
    for _ in range(20_000 if whole else 1000):
        points.append(chance.choice((-1, 1)) * 10 ** chance.uniform(-320, 3))
        points.append(chance.uniform(-750, 711))
        points.append(chance.uniform(-2, 2))
    points += [0.5] * (-len(points) % width)
    worst = 0.0
    with mpmath.workdps(40):
        for at in range(0, len(points), width):
            x = numpy.array(points[at : at + width])
            y, small = function(x)
            rights = [getattr(mpmath, name)(mpmath.mpf(each)) for each in x.tolist()]
            for each, found, right in zip(x.tolist(), y.tolist(), rights, strict=True):
                if isnan(each):
                    assert isnan(found)
                elif abs(right) > mpmath.mpf(2) ** 1024:
                    assert found == inf
                elif abs(right) < mpmath.mpf(2) ** -1022:
                    assert abs(found - right) <= 2 * ulp(0.0)
                else:
                    worst = max(worst, float(abs(found - right)) / ulp(float(right)))
                if each == 0 and name == "tanh":
                    assert copysign(1, found) == copysign(1, each)
            tiny = [0 < abs(right) < mpmath.mpf(2) ** -1022 for right in rights]
            if small:  # nothing is marked for what happens on the way
                assert any(tiny), x
            elif name == "exp":  # what is too small, and not marked, has lost only bits that were 0
                for right, found in zip(rights, y.tolist(), strict=True):
                    if 0 < right < mpmath.mpf(2) ** -1022:
                        assert abs(found - right) <= ULPS[name] * right * mpmath.mpf(2) ** -52, x
    assert worst <= ULPS[name]
