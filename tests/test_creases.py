"""Minima of functions with corners along curves: published ones, and some that are known by how they are made.

Published: Lukšan, Vlček: Test problems for nonsmooth unconstrained and linearly constrained optimization, 2000;
Bukin's function N.6; Demyanov, Malozemov.
"""

from math import inf
from random import Random

import pytest

import backprop

_ROSEN_SUZUKI = """
q = x^2 + y^2 + 2*z^2 + w^2 - 5*x - 5*y - 21*z + 7*w
f = max(q, q + 10*(x^2+y^2+z^2+w^2+x-y+z-w-8), q + 10*(x^2+2*y^2+z^2+2*w^2-x-w-10), q + 10*(x^2+y^2+z^2+2*x-y-w-5))
"""

PUBLISHED = {
    "Bukin N.6": ("f = 100*sqrt(abs(y-0.01*x^2)) + 0.01*abs(x+10)", {"x": -5, "y": 0}, 0),
    "Bukin N.6, from afar": ("f = 100*sqrt(abs(y-0.01*x^2)) + 0.01*abs(x+10)", {"x": -14, "y": -2}, 0),
    "DEM": ("f = max(5*x+y, -5*x+y, x^2+y^2+4*y)", {"x": 1, "y": 1}, -3),
    "Rosenbrock's valley": ("f = 100*abs(y-x^2) + abs(1-x)", {"x": -1.2, "y": 1}, 0),
    "and half of it": ("f = 8*abs(x^2-y) + (1-x)^2", {"x": -1.2, "y": 1}, 0),
    "CB2": ("f = max(x^2+y^4, (2-x)^2+(2-y)^2, 2*exp(-x+y))", {"x": 1, "y": -0.1}, 1.9522245),
    "QL": ("f = max(x^2+y^2, x^2+y^2+10*(-4*x-y+4), x^2+y^2+10*(-x-2*y+6))", {"x": -1, "y": 5}, 7.2),
    "Mifflin 1": ("f = -x + 20*max(x^2+y^2-1, 0)", {"x": 0.8, "y": 0.6}, -1),
    "Mifflin 2": ("f = -x + 2*(x^2+y^2-1) + 1.75*abs(x^2+y^2-1)", {"x": -1, "y": -1}, -1),
    "crescent": ("f = max(x^2+(y-1)^2+y-1, -x^2-(y-1)^2+y+1)", {"x": -1.5, "y": 2}, 0),
    "Rosen-Suzuki": (_ROSEN_SUZUKI, dict.fromkeys("xyzw", 0), -44),
    "EVD52": (
        "f = max(x^2+y^2+z^2-1, x^2+y^2+(z-2)^2, x+y+z-1, x+y-z+1, 2*x^3+6*y^2+2*(5*z-x+1)^2, x^2-9*z)",
        dict.fromkeys("xyz", 1), 3.5997193,
    ),
    "a choice": ("f = if(x < y^2, y^2 - x, 2*(x - y^2)) + if(x > 1, x - 1, 1 - x)", {"x": 3, "y": 1}, 0),
}  # fmt: skip
"""Text, start and the least value."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_minima_at_corners_are_found_and_called_that(name: str) -> None:
    text, start, least = PUBLISHED[name]
    found = backprop.parse(text).descend(start)
    assert found.value == pytest.approx(least, rel=1e-7, abs=1e-9), found.reason
    assert found.stopped == "minimum at a corner", found.reason


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs", "bfgs", "cg", "newton"])
def test_beside_a_curved_crease_no_minimum_is_claimed(optimizer: str) -> None:
    text, start, _ = PUBLISHED["Bukin N.6"]
    found = backprop.parse(text).descend(start, optimizer=optimizer)
    assert found.value < 1e-5 or not found.converged, found.reason


@pytest.mark.parametrize("optimizer", ["auto", "gd", "lbfgs"])
@pytest.mark.parametrize(
    ("text", "start", "least"),
    [
        ("sqrt(x)", {"x": 0}, 0),
        ("sqrt(x - 3)", {"x": 3}, 0),
        ("x^0.5 + x", {"x": 0}, 0),
        ("acos(x)", {"x": 1}, 0),
        ("sqrt(x) + sqrt(y) - x*y", {"x": 0, "y": 0}, 0),
    ],
)
def test_a_start_at_the_edge_where_the_slope_is_infinite_may_be_a_minimum(
    text: str, start: dict[str, float], least: float, optimizer: str
) -> None:
    found = backprop.parse(f"f = {text}").descend(start, optimizer=optimizer)
    assert (found.value, found.stopped) == (least, "minimum at a corner"), found.reason
    assert "at the edge where f has no value" in found.reason
    assert abs(found.start_gradients["x"]) == inf


@pytest.mark.parametrize(
    ("text", "start", "least"),
    [
        # known by hand: at x = 1/4; x = -6^-0.6; both parts are 0; x = 0 and y = 1
        ("x - sqrt(x)", {"x": 0}, -0.25),
        ("x^2 + cbrt(x)", {"x": 0}, 6**-1.2 - 6**-0.2),
        ("sqrt(x + y) + (x - y - 1)^2", {"x": 0, "y": 0}, 0),
        ("sqrt(x) + (y - 1)^2", {"x": 0, "y": 0}, 0),
        ("sqrt(x) + (y - 1)^2", {"x": 1, "y": 0}, 0),
        ("sqrt((y - x^2)^2) + 0.1*(x - 2)^2", {"x": 1, "y": 3}, 0),
    ],
)
def test_a_descent_leaves_an_edge_or_goes_along_it(
    text: str, start: dict[str, float], least: float
) -> None:
    found = backprop.parse(f"f = {text}").descend(start)
    assert found.converged, found.reason
    assert found.value == pytest.approx(least, abs=1e-12)


def made(seed: int) -> tuple[str, dict[str, float]]:
    """A function whose only minimum is 0, and a start: of inputs that are bent, each by one before it, from where
    they are 0, and of a largest one, of sizes, or of a barrier whose multipliers hold 0."""
    chance = Random(seed)
    count = chance.choice([2, 3, 4, 5])
    lines, names = [], [f"u{at}" for at in range(count)]
    kind = chance.choice(["sizes", "largest", "barrier", "pieces"])
    for at in range(count):
        zero, bent = round(chance.uniform(-3, 3), 3), ""
        if at and kind in ("sizes", "largest"):
            bent = f" + {chance.uniform(-2, 2):.2f}*sin(u{chance.randrange(at)})"
            bent += f" + {chance.uniform(-1, 1):.2f}*u{chance.randrange(at)}^2"
        lines.append(f"u{at} = x{at} - ({zero}){bent}")
    if kind in ("sizes", "largest"):
        terms = [f"{chance.uniform(0.5, 50):.2f}*abs({name})" for name in names]
        lines.append(
            "f = " + (" + ".join(terms) if kind == "sizes" else f"max({', '.join(terms)})")
        )
    else:
        slopes = [chance.uniform(-2, 2) for _ in names]
        bends = [f"{chance.uniform(0.1, 3):.2f}*{name}^2" for name in names]
        pull = " + ".join(f"({slope!r})*{name}" for slope, name in zip(slopes, names, strict=True))
        if kind == "barrier":
            part = chance.uniform(0.1, 0.9)
            lines.append(f"g = {pull} + {' + '.join(bends)}")
            lines.append(f"f = 5*relu(g) - {5 * part!r}*({pull}) + {' + '.join(bends)}")
        else:
            size = chance.uniform(0.3, 3)
            lines.append(
                f"f = max({pull} + {bends[0]}, -{size!r}*({pull}) + {bends[-1]}) + {' + '.join(bends)}"
            )
    return "\n".join(lines), {f"x{at}": round(chance.uniform(-3, 3), 3) for at in range(count)}


def test_what_is_called_a_minimum_at_corners_is_one(request: pytest.FixtureRequest) -> None:
    claimed, found_ = 0, 0
    count = 600 if request.config.getoption("--whole") else 35
    for seed in range(count):
        text, start = made(seed)
        found = backprop.parse(text).descend(start)
        least = found.value <= 1e-8 * found.start_value
        assert least or not found.converged, (seed, text, found.reason)
        claimed += found.converged
        found_ += least
    assert claimed > 0.9 * count
    assert found_ > 0.95 * count


def test_units_do_not_matter_to_them(request: pytest.FixtureRequest) -> None:
    """Inputs in units of 10^-12 to 10^12, outputs in units of 10^-20 to 10^20."""
    count = 200 if request.config.getoption("--whole") else 14
    for seed in range(1000, 1000 + count):
        text, start = made(seed)
        chance = Random(seed)
        lines, begin = [text], {}
        for name, number in start.items():
            unit = 10.0 ** chance.randint(-12, 12)
            lines.append(f"{name} = {unit!r}*v{name}")
            begin[f"v{name}"] = number / unit
        lines.append(f"F = {10.0 ** chance.randint(-20, 20)!r}*f")
        found = backprop.parse("\n".join(lines)).descend(begin, of="F")
        assert found.converged, (seed, found.reason)
        assert found.value <= 1e-8 * found.start_value, (seed, found.reason)
