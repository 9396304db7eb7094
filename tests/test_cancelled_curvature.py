"""Second and third derivatives of which doubles keep nothing: large terms that go away, in any order and
association, in short and in long sums. All numbers are fractions, so that the right ones are exact."""

import math
from fractions import Fraction
from random import Random
from typing import Any

import numpy
import pytest

from backprop.errors import AtBorder
from backprop.evaluation.directions import along
from backprop.evaluation.hessian_matrix import hessian_at
from backprop.evaluation.hessian_parts import diagonal, sparse, times
from backprop.language.reading import read_carefully
from backprop.loops import loop_model
from backprop.loops.worth import read_model
from backprop.source import Source

NAMES = "abc"
WAY = {"a": Fraction(1), "b": Fraction(-1, 2), "c": Fraction(2)}
TENTHS = float(10**17 * (Fraction(0.1) * Fraction(0.1) - Fraction(0.010000000000000002)))
Terms = list[tuple[Fraction, str]]
"""A polynomial: factors, and the names that they stand before, one for each power."""


def _written(random: Random, factor: str, names: str) -> str:
    """A product in some order and association."""
    parts = [factor, *names]
    random.shuffle(parts)
    while len(parts) > 1:
        at = random.randrange(len(parts) - 1)
        parts[at : at + 2] = [f"({parts[at]}*{parts[at + 1]})"]
    return parts[0]


def _cancelling(number: int) -> tuple[str, Terms, dict[str, Fraction]]:
    """The text of a sum, the polynomial that is left of it, and where it is asked."""
    random = Random(number)
    terms, texts = Terms(), list[str]()
    for _ in range(random.randint(1, 3)):
        names = "".join(random.choices(NAMES, k=random.randint(1, 3)))
        factor = random.choice([1, 2, 3, -1])
        terms.append((Fraction(factor), names))
        texts.append(("+" if factor > 0 else "-") + _written(random, f"{abs(factor)}", names))
    for _ in range(random.randint(1, 2)):
        names = "".join(random.choices(NAMES, k=random.randint(1, 3)))
        large = random.choice(["1e15", "1e17", "3e18", "1e20"])
        texts += [sign + _written(random, large, names) for sign in "+-"]
    random.shuffle(texts)
    text = "0"
    for each in texts:
        text = f"({text}{each})" if random.random() < 0.5 else f"{text}{each}"
    values = {
        name: Fraction(random.choice([1, 2, 3, -1, 5]), random.choice([1, 2, 4])) for name in NAMES
    }
    return text, terms, values


def _derivative(terms: Terms, values: dict[str, Fraction], *by: str) -> Fraction:
    for name in by:
        terms = [
            (factor * names.count(name), names.replace(name, "", 1))
            for factor, names in terms
            if name in names
        ]
    total = Fraction(0)
    for factor, names in terms:
        for name in names:
            factor *= values[name]
        total += factor
    return total


@pytest.mark.parametrize("members", [3, 60, 400])
@pytest.mark.parametrize("loops", [False, True])
def test_second_derivatives_of_which_doubles_keep_nothing(
    members: int, loops: bool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(loop_model, "FEW", 0)
    some = (1, 3) if members < 400 else (3,)
    for number in range(100) if request.config.getoption("--whole") else some:
        summand, terms, values = _cancelling(number)
        given = "; ".join(f"{name} = {float(each)}" for name, each in values.items())
        text = (
            f"L = sum(({summand})*x[i] for i in 1..{members}); x[i] = 1 for i in 1..{members};"
            f" const x; {given}"
        )

        def model(text: str = text) -> Any:
            source = Source("<text>", text)
            return read_model(source, many=0) if loops else read_carefully(source)

        def right(*by: str, at: Any = (terms, values)) -> Fraction:
            return members * _derivative(*at, *by)

        table = numpy.array([[float(right(one, other)) for other in NAMES] for one in NAMES])
        product = [float(sum(right(one, each) * WAY[each] for each in NAMES)) for one in NAMES]
        second = sum(right(x, y) * WAY[x] * WAY[y] for x in NAMES for y in NAMES)
        third = sum(
            right(x, y, z) * WAY[x] * WAY[y] * WAY[z] for x in NAMES for y in NAMES for z in NAMES
        )
        way = {name: float(each) for name, each in WAY.items()}
        line = along(model(), {}, ["L"], way, 3).derivatives[0]
        entries = sparse(model(), {}, None, [*NAMES]).entries
        assert entries
        for found, expected in [
            (hessian_at(model(), {}, None, [*NAMES]).matrix, table),
            (entries.dense(), table),
            (diagonal(model(), {}, None, [*NAMES]).numbers, table.diagonal()),
            (times(model(), {}, way, None, [*NAMES]).numbers, product),
            (line[1:], [float(second), float(third)]),
        ]:
            assert found == pytest.approx(numpy.array(expected), rel=1e-9, abs=1e-9), text


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("b*1e17*(b*c) + b*(b*c) - 1e17*(c*(b*b))", [[2.5, 3], [3, 0]]),
        ("b*1e17*c + 2*(b*c) - 1e17*(c*b)", [[0, 2], [2, 0]]),
        ("(1e17*(b*c) + 2*(b*c)) - b*1e17*c", [[0, 2], [2, 0]]),
        ("1e17*b^2 + b^2 - 1e17*(b*b) + 0*c", [[2, 0], [0, 0]]),
        ("1e17*((b^2*0.1)*0.1 - b^2*0.010000000000000002) + 0*c", [[2 * TENTHS, 0], [0, 0]]),
    ],
)
def test_factors_of_large_terms_that_go_away(text: str, right: list[list[float]]) -> None:
    """By hand."""
    found = hessian_at(read_carefully(Source("<text>", f"L = {text}; b = 1.5; c = 1.25")), {})
    assert found.matrix == pytest.approx(numpy.array(right), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("x/0.1/(y*x)", [[0, 0], [0, 20 / 2.3**3]]),
        ("x/3/(x*y)", [[0, 0], [0, 2 / 3 / 2.3**3]]),
        ("log2(x)/log(x)*y", [[0, 0], [0, 0]]),
        ("log10(x)/log(x)*y^2", [[0, 0], [0, 2 / math.log(10)]]),
        ("exp2(x)*exp(-x*log(2))*y^2", [[0, 0], [0, 2]]),
        ("erf(x)/(2*normcdf(x*sqrt(2)) - 1)*y", [[0, 0], [0, 0]]),
        ("selu(-x)/expm1(-x)*y", [[0, 0], [0, 0]]),
        ("(x*9/5 + 32 - 32)*5/9/x*y", [[0, 0], [0, 0]]),
        ("y*1.380649e-23/(x*1.602e-19)*x*1.602e-19/1.380649e-23", [[0, 0], [0, 0]]),
        ("y/(x*1.602e-17)*(x*1.602e-17)", [[0, 0], [0, 0]]),
        ("6.626e-34*2.998e8/(x*5e-17)*y*(x*5e-17)/2.998e8", [[0, 0], [0, 0]]),
    ],
)
def test_what_goes_away_but_for_the_rounding_of_numbers(
    text: str, right: list[list[float]]
) -> None:
    """By hand: x goes away. Slopes had 10 for 1/0.1, and a double for 1/log(2) and the circle's pi; and of
    numbers as small as those of physics the last digits were taken for a change."""
    found = hessian_at(read_carefully(Source("<text>", f"L = {text}; y = 2.3; x = 0.46")), {})
    assert found.inputs in (("x", "y"), ("y", "x"))
    table = found.matrix if found.inputs == ("x", "y") else found.matrix[::-1, ::-1]
    assert table == pytest.approx(numpy.array(right), rel=1e-12, abs=1e-300)
    assert not found.warnings
    assert not any(isinstance(each, AtBorder) for each in found.notes)
