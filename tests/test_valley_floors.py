"""Ends in narrow valleys that bend: one minimum, a set of minima, or none; the last digits do not say which.

Flat bottoms of high powers, sets of minima and infima far away are known by how the functions are made; every
start is shaken by 1e-9 of its numbers, which leads to other last digits as another processor does.
"""

from __future__ import annotations

import random

import pytest

import backprop
from backprop.descent.result import Descent
from sizes import size

CURVES = (
    "0.5*x^2", "sin(1.3*x)", "exp(0.5*x) - 1", "x^3", "x^2 - x", "tanh(2*x)", "x*exp(-x)", "log(1 + x^2)",
    "cos(2*x) - 1", "1.3*x",
)  # fmt: skip
TAILS = (
    "exp(-2*x)", "1/(1 + x^2)", "1/(1 + exp(2*x))", "1/cosh(x)", "exp(-x) + exp(-2*x)", "exp(-x^1.5)",
    "1/(1 + x^4)", "exp(-sqrt(1 + x^2))",
)  # fmt: skip
WALLS = (
    "(x*y - 1)^2", "(x*y - 2)^2", "(x^2*y - 1)^2", "(y - 1/(1 + x^2))^2", "(y*(1 + x^2) - 1)^2",
    "(y - log(1 + x^2))^2", "(y - sqrt(1 + x^2))^2", "(y - exp(-x))^2", "(y + tanh(x))^2",
)  # fmt: skip
UNITS = ("1", "1", "1e-3", "1e6", "1e-12", "1e15")


def ended(chance: random.Random, text: str, names: str, low: float, high: float) -> Descent:
    start = {name: round(chance.uniform(low, high), 2) for name in names}
    if chance.random() < 0.5:
        start = {name: x * (1 + 1e-9 * chance.uniform(-1, 1)) for name, x in start.items()}
    return backprop.parse(f"f = {chance.choice(UNITS)}*({text})").descend(start)


def test_an_infimum_far_along_a_valley_is_called_no_minimum() -> None:
    chance, seen, turns = random.Random(3), 0, size(10, 60)
    for _ in range(turns):
        more = chance.choice(("", "", "+ 1e-6", "+ 3", "+ (z - 1)^2"))
        text = f"{chance.choice(('', '10*', '0.1*'))}{chance.choice(WALLS)} + {chance.choice(TAILS)} {more}"
        found = ended(chance, text, "xyz" if "z" in more else "xy", 0.3, 3)
        assert not found.converged, (text, found.reason)
        seen += found.stopped == "falls without end"
    assert seen > 0.7 * turns


def test_the_flat_bottom_of_a_valley_that_bends_is_one_minimum() -> None:
    chance, seen, turns = random.Random(4), 0, size(10, 60)
    for _ in range(turns):
        power, more = 2 * chance.randint(2, 10), chance.choice(("", "", "+ 3", "+ 1e-6", "+ 100"))
        text, names = f"({chance.choice(CURVES)} - y)^2", "xy"
        kind = chance.randint(0, 3)
        if kind == 0:
            text += f" + (x + y)^{power}"
        elif kind == 1:
            text += f" + 0.1*x^{power}"
        elif kind == 2:
            text, names = (
                f"{text} + (z - {chance.choice(('y^2', 'sin(y)'))})^2 + (x + z)^{power}",
                "xyz",
            )
        else:
            text = f"{text}*(1 + x^2) + (x - 0.5)^{power}"
        found = ended(chance, f"{text} {more}", names, -2, 2)
        assert found.stopped != "minimum, not unique", (text, found.reason)
        assert not found.failed, (text, found.reason)
        seen += found.stopped == "minimum"
    assert seen > 0.7 * turns


def test_a_set_of_minima_in_a_valley_that_bends_is_not_unique() -> None:
    chance = random.Random(5)
    for _ in range(size(10, 60)):
        more, wide = chance.choice(("", "", "+ 3", "+ 1e-6")), round(chance.uniform(0.5, 3), 2)
        text, names = chance.choice(
            [
                (f"({chance.choice(CURVES)} - y)^2", "xy"),
                (f"(x*y - {wide})^2", "xy"),
                (f"(x^2 + 2*y^2 - {wide})^2", "xy"),
                (f"({chance.choice(CURVES)} - y)^2 + (z - x)^2", "xyz"),
                ("(x*y - 1)^2 + z^2", "xyz"),
                ("(exp(x) - y)^2*(1 + y^2)", "xy"),
            ]
        )
        found = ended(chance, f"{text} {more}", names, -2, 2)
        assert found.stopped in ("minimum, not unique", "flat", "rounding"), (text, found.reason)


@pytest.mark.parametrize(
    ("text", "start", "stopped"),
    [
        # along two ways or more they hardly bend: a set goes along one of them, or along none
        ("(x*y - 1)^2 + z^20", {"x": 1.46, "y": 0.88, "z": -1.37}, "minimum, not unique"),
        ("(x*y - 1)^2 + z^6 + 3", {"x": 1.46, "y": 0.88, "z": -1.37}, "minimum, not unique"),
        ("(x*y - 1)^2 + (z - x^2)^10", {"x": 1.46, "y": 0.88, "z": -1.37}, "minimum, not unique"),
        (
            "1e-12*((tanh(1.3*x) - y)^2 + (z - x)^12)",
            {"x": 1.23, "y": 0.83, "z": 0.98},
            "minimum, not unique",
        ),
        (
            "0.1*(y - sqrt(1 + x^2))^2 + 1/(1 + x^4) + (z - 1)^2",
            {"x": 1.37, "y": 2.46, "z": 1.5},
            "falls without end",
        ),
        # three high powers at once: what begins beside the lowest point comes back on each way
        (
            "x^12 + y^8 + z^6 + (u - x^2)^2 + 1e-6",
            {"x": -1.96, "y": -0.5, "z": -0.9, "u": 1.24},
            "minimum",
        ),
        ("x^12 + y^12 + (u - x^2)^2 + 1e-6", {"x": -1.57, "y": 1.62, "u": 0.52}, "minimum"),
        ("x^10 + y^6 + (u - x^2)^2", {"x": 0.5, "y": 1.61, "u": 0.5}, "minimum"),
        # exp(-x) is nothing to 300 digits far out, but was not on the way
        (
            "(y - 1/(1 + x^2))^2 + exp(-x) + exp(-2*x)",
            {"x": 0.39, "y": 0.96},
            "falls without end",
        ),
        ("10*(y - exp(-x))^2 + normcdf(-x)", {"x": -0.49, "y": -0.86}, "falls without end"),
        # tanh is 1 to doubles far out
        ("(tanh(1.3*x) - y)^2", {"x": 1.94, "y": -0.64}, "minimum, not unique"),
        ("1e15*(tanh(2*x) - y)^2", {"x": 1.88, "y": -0.67}, "minimum, not unique"),
        ("(tanh(x) - 1)^2 + (y - 1)^2", {"x": 1.94, "y": -0.64}, "falls without end"),
        ("exp(-exp(x)) + (y - 1)^2", {"x": 1.94, "y": -0.64}, "falls without end"),
        # w grew eightfold on the way, and behind a descent of so flat walls ends above the floor
        (
            "(exp(x) - y)^2 + (u - x)^14 + v^4 + (w - x)^14 + 1e-6",
            {"x": -1.59, "y": 1.46, "u": -1.62, "v": 1.28, "w": -0.16},
            "minimum, not unique",
        ),
        # five ways to look along
        (
            "(sin(1.3*x) - y)^2 + (u - x)^6 + (v - y^2)^4 + (w - x)^10 + 3",
            {"x": 0.57, "y": -0.16, "u": 1.46, "v": -1.09, "w": -1.99},
            "minimum, not unique",
        ),
        (
            "(x*y - 2.04)^2 + (u - 1)^8 + (v - x)^8 + w^14 + 1e-6",
            {"x": -0.79, "y": 0.74, "u": -0.41, "v": 1.11, "w": -1.53},
            "minimum, not unique",
        ),
    ],
)
def test_flat_ends_are_told_apart(text: str, start: dict[str, float], stopped: str) -> None:
    chance = random.Random(1)
    for turn in range(3):
        at = {name: x * (1 + turn * 1e-9 * chance.uniform(-1, 1)) for name, x in start.items()}
        found = backprop.parse(f"f = {text}").descend(at)
        assert found.stopped == stopped, found.reason


@pytest.mark.parametrize(
    ("text", "start", "optimizer"),
    [
        ("1e6*(10*(y + tanh(x))^2 + exp(-exp(x)) + 3)", {"x": 1.61, "y": 0.2}, "bfgs"),
        ("1e6*(1e-4*(y - 1/(1 + x^2))^2 + erfc(x) + 3)", {"x": 1.64, "y": 1.34}, "lbfgs"),
        ("1e6*(1e-4*(y - 1/(1 + x^2))^2 + normcdf(-x) + 3)", {"x": 2.32, "y": 0.77}, "auto"),
        (
            "1e-4*(y - exp(-x))^2 + 1/(1 + exp(x))^3 + (z - 1)^4",
            {"x": -0.64, "y": 1.19, "z": -0.59},
            "lbfgs",
        ),
    ],
)
def test_an_infimum_that_rounding_hides_is_no_minimum(
    text: str, start: dict[str, float], optimizer: str
) -> None:
    """What is left of a fall is below the rounding of the output, and second derivatives are none of 0."""
    found = backprop.parse(f"f = {text}").descend(start, optimizer=optimizer)
    assert not found.converged, found.reason


def test_what_a_high_power_keeps_does_not_move_along_a_set() -> None:
    """The bottom of v^4 is flat to doubles, and v comes to rest now here, now there."""
    chance = random.Random(7)
    for _ in range(size(8, 60)):
        sets = ("(x*y - {})^2", "(x + y - {})^2", "(x^2 + 2*y^2 - {})^2", "(exp(x) - y)^2")
        text = chance.choice(sets).format(round(chance.uniform(0.5, 3), 2))
        power = f"(v - {chance.choice((0, 0, 1))})^{2 * chance.randint(2, 5)}"
        start = {name: round(chance.uniform(-2, 2), 2) for name in "xyv"}
        text = f"f = {text} + {power}{chance.choice(('', '', ' + 3', ' + 1e-6'))}"
        found = backprop.parse(text).descend(start)
        assert found.stopped == "minimum, not unique", (text, start, found.reason)
        assert "not unique: x, y can move together" in found.reason, (text, start, found.reason)
