"""Values that arithmetic says are doubles are exactly these, with every engine."""

from __future__ import annotations

from math import copysign, factorial, nextafter
from random import Random

import pytest

import backprop as library
from backprop.operations import OPERATIONS
from truth import mp

EXACT = [
    *(
        ("cbrt(x)", float(number) ** 3, float(number))
        for number in (*range(-40, 41), 98765, 123456)
    ),
    *(("cbrt(x)", (number / 8) ** 3, number / 8) for number in range(1, 40)),
    *(("cbrt(x)", 2.0 ** (3 * power), 2.0**power) for power in range(-357, 341, 17)),
    *(("ceil(cbrt(x))", float(number) ** 3, float(number)) for number in range(1, 40)),
    *(("exp2(x)", float(power), 2.0**power) for power in range(-1074, 1024, 41)),
    *(("log2(x)", 2.0**power, float(power)) for power in range(-1074, 1024, 41)),
    *(("log10(x)", float(10**power), float(power)) for power in range(23)),
    *(("10^x", float(power), float(10**power)) for power in range(23)),
    *(("x^0.5", float(number**2), float(number)) for number in range(1, 40)),
    *(("x^5", float(number), float(number**5)) for number in range(-30, 31)),
    *(("gamma(x)", float(number), float(factorial(number - 1))) for number in range(1, 19)),
    ("hypot(x, 4)", 3.0, 5.0),
    ("hypot(x, 120)", 119.0, 169.0),
    ("hypot(x, 12e200)", 5e200, 13e200),
]


@pytest.mark.parametrize("engine", ["python", "native"])
def test_what_is_exact_by_arithmetic_is_exact(engine: str) -> None:
    models: dict[str, library.Model] = {}
    for text, x, right in EXACT:
        model = models.setdefault(text, library.parse(f"y = {text}"))
        assert model.grad({"x": x}, engine=engine).value == right, (text, x)


def test_cube_roots_are_rounded_once_by_every_engine() -> None:
    chance = Random(5)
    points = [
        chance.choice((-1, 1)) * chance.uniform(1, 8) * 2.0 ** chance.randint(-1070, 1020)
        for _ in range(2000)
    ]
    points += [
        5e-324,
        -1e-310,
        1.7976931348623157e308,
        nextafter(1.0, 0.0),
        nextafter(1.0, 2.0),
        -0.0,
    ]
    with mp.workprec(300):
        right = [copysign(float(mp.cbrt(mp.mpf(abs(x)))), x) for x in points]
    model = library.parse("y = cbrt(x)")
    value = OPERATIONS["cbrt"].value
    assert callable(value)
    assert [value(x) for x in points] == right
    program = library.compile(model)
    assert [program([x])[0] for x in points] == right
    count = len(points)
    many = library.parse(
        f"u[i] = cbrt(x[i]) for i in 1..{count}; y = sum(u[i] for i in 1..{count})"
    )
    at = {f"x[{number}]": x for number, x in enumerate(points, 1)}
    data = many.grad(at, engine="native").data
    assert [data[f"u[{number}]"] for number in range(1, count + 1)] == right
