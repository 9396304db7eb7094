"""Fits to rounded numbers have more creases at a point than inputs, and sets of minima: HiGHS has their least
values, and how far each input can move there."""

from random import Random
from typing import Any, NamedTuple

import numpy
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, identity

import backprop

LOSSES = {
    "sizes": "abs({r})",
    "a quantile": "max({q}*{r}, ({q} - 1)*{r})",
    "a choice": "if({r} > 0, {q}*{r}, ({q} - 1)*{r})",
    "the largest": "abs({r})",
    "two corners at one place": "(relu({r}) + 0.1*abs({r}))",
}
"""Of a residual r; of the last but one the largest is taken, of the others the sum."""

PRICES = {"sizes": (1.0, 1.0), "two corners at one place": (1.1, 0.1)}
"""Of a residual above 0 and below; else what the quantile says."""

ALIKE, APART = 1e-6, 1e-4
"""Inputs that can move less far, at a minimum, have one place there; by farther, several."""


class Fit(NamedTuple):
    """name: of its loss. x: (m, n). y: (m,)."""

    name: str
    x: Any
    y: Any
    quantile: float

    @property
    def text(self) -> str:
        terms = []
        for row, y in zip(self.x.tolist(), self.y.tolist(), strict=True):
            parts = "".join(f" - ({number!r})*b{at}" for at, number in enumerate(row))
            terms.append(LOSSES[self.name].format(r=f"({y!r}{parts})", q=self.quantile))
        joined = f"max({', '.join(terms)})" if self.name == "the largest" else " + ".join(terms)
        return "\n".join([*(f"b{at} = 0.1" for at in range(self.x.shape[1])), f"f = {joined}"])

    def least(self) -> tuple[float, float]:
        """The least value, and how far an input can move there at most."""
        (rows, count), name = self.x.shape, self.name
        free = [(None, None)] * count
        if name == "the largest":
            cost = numpy.append(numpy.zeros(count), 1.0)
            one = numpy.ones((rows, 1))
            table = numpy.block([[self.x, -one], [-self.x, -one]])
            program = {
                "A_ub": table,
                "b_ub": numpy.concatenate([self.y, -self.y]),
                "bounds": [*free, (0, None)],
            }
        else:
            above, below = PRICES.get(name, (self.quantile, 1 - self.quantile))
            cost = numpy.repeat([0.0, above, below], [count, rows, rows])
            table = numpy.hstack([self.x, numpy.eye(rows), -numpy.eye(rows)])
            program = {"A_eq": table, "b_eq": self.y, "bounds": free + [(0, None)] * (2 * rows)}
        found = linprog(cost, method="highs", **program)
        upper = numpy.vstack([program.get("A_ub", table[:0]), cost])
        most = numpy.append(program.get("b_ub", []), found.fun + 1e-9)
        widest = 0.0
        for at in range(count):
            way = numpy.eye(len(cost))[at]
            ends = [
                linprog(side * way, method="highs", **{**program, "A_ub": upper, "b_ub": most})
                for side in (1, -1)
            ]
            widest = max(widest, numpy.inf if ends[0].status == 3 else -ends[0].fun - ends[1].fun)
        return float(found.fun), widest


def fit(seed: int) -> Fit:
    """A fit of 1 to 4 inputs to numbers with few digits."""
    random = Random(seed)
    count, rows = random.choice([1, 2, 2, 3, 4]), random.choice([4, 6, 10, 20, 40])
    digits = random.choice([0, 1, 1, 2, 9])
    name = random.choice([*LOSSES])
    x = [[round(random.uniform(-3, 3), digits) for _ in range(count)] for _ in range(rows)]
    if random.random() < 0.5:
        x = [[*row[:-1], 1.0] for row in x]
    truth = [random.choice([1, 2, -1, 0.5]) for _ in range(count)]
    y = []
    for row in x:
        exact = sum(a * b for a, b in zip(row, truth, strict=True))
        y.append(round(exact + random.gauss(0, 1) * random.choice([1, 0.1]), digits))
    return Fit(name, numpy.array(x), numpy.array(y), random.choice([0.1, 0.5, 0.9, 0.25]))


ODD = 14, 140, 145, 153, 162, 185, 206, 215, 227, 255, 279, 291, 311, 481
"""Sets of minima; and a fit that comes to where four terms are the largest, and three creases do not lead on."""


@pytest.mark.parametrize("seed", [*ODD, *range(14)])
def test_fits_end_at_the_least_value_and_say_whether_that_is_at_one_point(seed: int) -> None:
    one = fit(seed)
    least, widest = one.least()
    found = backprop.parse(one.text).descend()
    if found.stopped == "flat":  # it begins there
        assert found.steps == 0
        return
    assert found.converged, found.reason
    assert found.value == pytest.approx(least, rel=1e-9, abs=1e-12), found.reason
    if not ALIKE < widest < APART:
        assert (found.stopped == "minimum, not unique") == (widest > APART), found.reason


ROUNDED = {
    "sizes": ("mean(abs(r))", 0.5, 1),
    "sizes, two digits": ("mean(abs(r))", 0.5, 2),
    "a quantile by a choice": ("mean(2*if(r > 0, 0.8*r, -0.2*r))", 0.8, 1),
}
"""Twice a loss, its quantile, and the digits of the numbers."""


@pytest.mark.parametrize("name", ROUNDED)
def test_rounded_numbers_over_many_rows(name: str) -> None:
    loss, quantile, digits = ROUNDED[name]
    chance = numpy.random.default_rng(3)
    x = chance.uniform(0, 10, 6_000).round(digits)
    y = (2 * x + 1 + chance.normal(size=len(x))).round(digits)
    text = f"a = 0; b = 0; r = y - a*x - b; L = {loss}"
    found = backprop.parse(text, data={"x": x, "y": y}).descend(of="L")
    cost = numpy.concatenate(
        [[0, 0], numpy.full(len(x), quantile), numpy.full(len(x), 1 - quantile)]
    )
    line = csr_matrix(numpy.column_stack([x, numpy.ones(len(x))]))
    table = hstack([line, identity(len(x)), -identity(len(x))])
    limits = [(None, None)] * 2 + [(0, None)] * (2 * len(x))
    least = linprog(2 * cost / len(x), A_eq=table, b_eq=y, bounds=limits, method="highs").fun
    assert found.value == pytest.approx(least, rel=1e-10)
    assert found.converged, found.reason
    assert "along the creases" in found.reason or "not unique" in found.reason


@pytest.mark.parametrize("digits", [2, 12])
def test_the_largest_residual_of_many_rows(digits: int, request: pytest.FixtureRequest) -> None:
    rows = 40_000 if request.config.getoption("--whole") else 8_000
    chance = numpy.random.default_rng(5)
    x = chance.uniform(0, 10, rows).round(digits)
    y = (2 * x + 1 + chance.normal(size=len(x))).round(digits)
    text = "a = 0; b = 0; L = max(abs(y - a*x - b))"
    found = backprop.parse(text, data={"x": x, "y": y}).descend(of="L")
    one = numpy.ones(len(x))
    table = numpy.block(
        [[x[:, None], one[:, None], -one[:, None]], [-x[:, None], -one[:, None], -one[:, None]]]
    )
    limits = [(None, None)] * 3
    least = linprog([0, 0, 1], table, numpy.concatenate([y, -y]), bounds=limits, method="highs").fun
    assert found.value == pytest.approx(least, rel=1e-10)
    assert found.stopped == "minimum at a corner", found.reason
    assert "along the creases" in found.reason


@pytest.mark.parametrize("count", [60, 150])
def test_as_many_creases_as_inputs_of_which_there_are_many(count: int) -> None:
    text = f"x[i] = 0.5 for i in 1..{count}; f = sum(abs(x[i] - i) for i in 1..{count})"
    found = backprop.parse(text).descend(of="f")
    assert found.stopped == "minimum at a corner", found.reason
    assert found.value == pytest.approx(0, abs=1e-9)


def test_a_way_along_creases_that_does_not_bend_is_seen_beside_those_that_do() -> None:
    text = """
x = 2770000; y = 1.6; z = -0.137; w = -1.46e-8
f = (x/1e6 - 1.77)^2 + abs(x/1e6 - 1.77) + 0.001*abs(y + 0.03) + 0.001*relu(z + 0.12) + 10*abs(1e8*w + 1.44)
"""
    found = backprop.parse(text).descend(of="f", bounds={"y": (0.41, 2.83)}, optimizer="bfgs")
    assert found.value == pytest.approx(0.00044, rel=1e-9)
    assert found.stopped == "minimum, not unique", found.reason


def test_sizes_of_inputs_that_have_one_are_not_looked_for() -> None:
    """They were, by 80,000 values, since the slope of a maximum by all inputs but one is 0."""
    text = "f = max(abs(x[i] - sin(i)) for i in 1..50); x[i] = 0.3*i for i in 1..50"
    found = backprop.parse(text).descend()
    assert (found.value, found.stopped) == (0, "minimum at a corner"), found.reason
    assert found.evaluations < 20_000
