"""The first derivative along a direction where there is no tangent plane, against mpmath's values beside the
point; and derivatives along a direction of any length."""

from __future__ import annotations

import random
from math import inf, isfinite, isnan, ldexp
from typing import Any

import mpmath
import pytest

import backprop
from backprop.errors import AtBorder, BackpropError, IndeterminateForm
from backprop.evaluation import along_line
from running import backprop as run

mp = mpmath.mp.clone()
mp.dps = 200

TERMS: dict[str, Any] = {
    "cbrt(x^2*y)": lambda x, y: mp.sign(y) * mp.cbrt(abs(x * x * y)),
    "cbrt(x*y*(x + y))": lambda x, y: mp.sign(x * y * (x + y)) * mp.cbrt(abs(x * y * (x + y))),
    "if(x == 0, 0, x*y^2/(x^2 + y^2))": lambda x, y: x * y * y / (x * x + y * y) if x else mp.mpf(0),
    "if(x*y == 0, 0, x^3/(x^2 + y^2))": lambda x, y: x**3 / (x * x + y * y) if x * y else mp.mpf(0),
    "sqrt(x^2*y^2)^0.5": lambda x, y: mp.sqrt(abs(x * y)),
    "abs(x*y)^0.5": lambda x, y: mp.sqrt(abs(x * y)),
    "x*sign(y)": lambda x, y: x * mp.sign(y),
    "y*ceil(x)": lambda x, y: y * mp.ceil(x),
    "x*floor(2*y)": lambda x, y: x * mp.floor(2 * y),
    "if(y > 0, x, 0)": lambda x, y: x if y > 0 else mp.mpf(0),
    "if(x*y > 0, x + y, y - x)": lambda x, y: x + y if x * y > 0 else y - x,
    "max(x, 2*y)": lambda x, y: max(x, 2 * y),
    "min(x, 2*y)": lambda x, y: min(x, 2 * y),
    "hypot(x, y)": lambda x, y: mp.sqrt(x * x + y * y),
    "abs(x - y)": lambda x, y: abs(x - y),
    "sin(x*y) + 3*x": lambda x, y: mp.sin(x * y) + 3 * x,
}  # fmt: skip

PLACES = [0.0, -0.0]


def sides_of(terms: list[str], way: tuple[float, float]) -> list[Any]:
    """The slopes before and behind 0 along a direction."""
    step = mp.mpf(10) ** -80 / max(map(abs, way))

    def at(t: Any) -> Any:
        return mp.fsum([TERMS[each](t * way[0], t * way[1]) for each in terms])

    return [(at(side * step) - at(0)) / (side * step) for side in (-1, 1)]


@pytest.mark.parametrize(
    "seed", [*range(60), *(pytest.param(at, marks=pytest.mark.whole) for at in range(60, 600))]
)
def test_the_first_is_what_values_say(seed: int) -> None:
    chance = random.Random(f"along {seed}")
    terms = chance.sample([*TERMS], chance.choice([1, 1, 2, 2, 3]))
    way = chance.choice([-2.0, 1.0, 3.0]), chance.choice([-1.0, 1.0, 0.25])
    power = chance.choice([0, 0, -400, 300])
    way = ldexp(way[0], power), ldexp(way[1], power)
    point = {name: chance.choice(PLACES) for name in "xy"}
    model = backprop.parse(f"L = {' + '.join(terms)}")
    found = model.along({"x": way[0], "y": way[1]}, point, order=chance.choice([1, 2]))
    number = float(found.derivatives[0][0])
    before, behind = sides_of(terms, way)
    said = [*found.warnings, *found.notes]
    if abs(before - behind) <= 1e-30 * abs(behind):
        assert number == pytest.approx(float(behind), rel=1e-12, abs=0), (terms, way)
        return
    assert any("this direction" in each.message for each in said), (terms, way)
    assert isnan(number) or isfinite(number)
    if said and not isnan(number):
        low, high = sorted([float(before), float(behind)])
        gradient = model.grad(point).gradients
        parts = [gradient.get(name, 0.0) * part for name, part in zip("xy", way, strict=True)]
        assert number == pytest.approx(sum(parts), rel=1e-12) or low <= number <= high


@pytest.mark.parametrize(
    ("text", "right", "kind", "says"),
    [
        ("cbrt(x^2*y)", 1, IndeterminateForm, "is not the sum of those by each input: by values it is 1"),
        ("(x^2*y)^(1/3)", 1, IndeterminateForm, "by values it is 1"),
        ("sqrt(x*y)", 0, IndeterminateForm, "-1 from the left and 1 from the right; 0 is taken, as at the corner of abs"),
        ("x*ceil(y)", 0, AtBorder, "is 0 before this point and 1 behind it: 0 is the sum of those by each input"),
        ("if(y > 0, x, -x)", -1, AtBorder, "is -1 before this point and 1 behind it"),
        ("if(x*y > 0, 1, 0) + x", 1, AtBorder, "is 1 before this point and 1 behind it, after a jump"),
    ],
)  # fmt: skip
def test_what_is_said(text: str, right: float, kind: type[BackpropError], says: str) -> None:
    found = backprop.parse(f"L = {text}").along("x=1, y=1", x=0, y=0)
    assert found.derivatives[0].tolist() == [right]
    (told,) = [each for each in (*found.warnings, *found.notes) if isinstance(each, kind)]
    assert says in told.message
    assert told.labels  # underlined


@pytest.mark.parametrize(
    ("text", "point", "right"),
    [
        ("abs(x)*(cos(y) < 2)", {"x": 700.0, "y": 5e-324}, 1),
        ("min(x, x)", {"x": -1e300}, 1),
        ("if(x*y >= y^(-0.5), log(x), min(x, x))", {"x": -1e300, "y": 1e-300}, 1),
        ("x + abs(y)*1e-20", {"x": 1.0, "y": 1e-310}, 1),
        ("sqrt(x*y)*1e10 + x", {"x": 1e-300, "y": 1e-300}, 1e10 + 1),
        ("x*y + max(x, x)", {"x": 1e-280, "y": 1e200}, 1e200),
    ],
)
def test_inputs_of_very_different_sizes(text: str, point: dict[str, float], right: float) -> None:
    """None is moved farther than itself, and what moves is not lost in the others."""
    for size in (1.0, 1e-100, 1e90):
        found = backprop.parse(f"L = {text}").along(dict.fromkeys(point, size), point)
        assert found.derivatives[0][0] == pytest.approx(right * size, rel=1e-14)
        assert not any("this direction" in each.message for each in (*found.warnings, *found.notes))


def test_a_slope_too_small_for_a_double_along_a_long_direction() -> None:
    for order in (1, 2):
        found = backprop.parse("L = erfinv(1 - cos(x))").along("x=1e120", x=5e-324, order=order)
        right = mp.sqrt(mp.pi) / 2 * mp.mpf(5e-324) * mp.mpf(1e120)
        assert found.derivatives[0][0] == pytest.approx(float(right), rel=1e-14)


def test_of_many_outputs_it_is_said_of_a_few() -> None:
    text = "e[i] = cbrt(x^2*y)*i for i in 1..30"
    found = backprop.parse(text).along("x=1, y=1", x=0, y=0)
    assert found.derivatives[:, 0].tolist() == [*range(1, 31)]
    assert len(found.warnings) == 5
    assert [each.message for each in found.notes] == [
        "so it is with 25 more outputs along this direction"
    ]


def test_large_outputs_say_that_values_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = backprop.parse("L = sum(cbrt(x[i]^2*y)*i for i in 1..9)")
    smooth = backprop.parse("L = sum(sin(x[i]^2*y)*i for i in 1..9)*1e-320")
    point = dict.fromkeys([*(f"x[{at}]" for at in range(1, 10)), "y"], 0.0)
    way = dict.fromkeys(point, 1.0)
    assert odd.along(way, point).derivatives.tolist() == [[45]]
    monkeypatch.setattr(along_line, "_MOST", 10)
    found = odd.along(way, point)
    assert found.derivatives.tolist() == [[0]]
    assert "whether values say another is not looked at" in found.warnings[-1].message
    assert not any("looked at" in each.message for each in smooth.along(way, point).warnings)


def test_infinite_from_both_sides_is_none() -> None:
    found = backprop.parse("L = abs(x*y)^0.25").along("x=1, y=1", x=0, y=0)
    assert isnan(found.derivatives[0][0])
    assert "-inf from the left and inf from the right: nan is given" in found.warnings[-1].message


@pytest.mark.parametrize("part", [1e-200, 3e-190, -1e-320])
def test_what_is_too_large_by_an_input_may_not_be_along_it(part: float) -> None:
    """Its slope is beyond doubles."""
    for text, at in (("1/x", {"x": 1e-200}), ("1/x + y^2", {"x": 1e-200, "y": 1.0})):
        for order in (1, 3):
            found = backprop.parse(f"L = {text}").along({"x": part}, at, order=order)
            right = float(-mp.mpf(part) / mp.mpf(1e-200) ** 2)
            assert found.derivatives[0][0] == pytest.approx(right, rel=1e-14)
            assert not found.warnings
    found = backprop.parse("L = 1/x").along("x=1", x=1e-200)
    assert found.derivatives.tolist() == [[-inf]]
    assert "is -inf at x = 1e-200" in found.warnings[0].message


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("min(acosh(a), a)", {"a": 1.0}),
        ("a*sqrt(a)*max(a, b)", {"a": 0.0, "b": 0.0}),
        ("selu(cbrt(a*b)/1e-300)", {"a": 0.0, "b": 0.0}),
        ("sqrt(cbrt(elu(a, -1))^2)^2", {"a": 0.0}),
        ("log1p(a*a)*acosh(a*a)", {"a": 1.0}),
        ("hypot(a, b)*a*b", {"a": 0.0, "b": 0.0}),
        ("1e-30*a*abs(a)", {"a": 0.0}),
        ("max(a^3, a^5) + a^2", {"a": 0.0}),
    ],
)
@pytest.mark.parametrize("power", [-900, -500, -60, 40, 300])
def test_a_direction_of_any_length_says_the_same(
    text: str, point: dict[str, float], power: int
) -> None:
    """What is known, and what is not."""
    model = backprop.parse(f"L = {text}")
    one = model.along(dict.fromkeys(point, 0.75), point, order=3)
    far = model.along(dict.fromkeys(point, ldexp(0.75, power)), point, order=3)
    for order, (near, number) in enumerate(
        zip(one.derivatives[0].tolist(), far.derivatives[0].tolist(), strict=True), 1
    ):
        assert isnan(near) == isnan(number), (order, near, number)
        try:
            right = ldexp(near, power * order)
        except OverflowError:
            right = inf if near > 0 else -inf
        assert isnan(near) or number == pytest.approx(right, rel=1e-12, abs=1e-300)
    assert len(one.notes) == len(far.notes)


LARGE = "(1/x + 1/y)^2", {"x": 1e-110, "y": 2e-110}, ("x", "y")
MANY = "sum(1/x[i] for i in 1..60)*x[1]", {f"x[{i}]": i * 1e-170 for i in range(1, 61)}, ("x[2]",)


def second_times(text: str, point: dict[str, float], way: dict[str, float], name: str) -> Any:
    """A number of the product with a direction, by differences."""
    size = min(map(abs, point.values()))
    steps = [mp.mpf(10) ** -40 * size / max(map(abs, way.values())), mp.mpf(10) ** -40 * size]

    def at(*moves: int) -> Any:
        x = {
            each: mp.mpf(number) + moves[0] * steps[0] * mp.mpf(way.get(each, 0))
            for each, number in point.items()
        }
        x[name] += moves[1] * steps[1]
        if len(point) == 2:
            return (1 / x["x"] + 1 / x["y"]) ** 2
        return mp.fsum(1 / each for each in x.values()) * x["x[1]"]

    total = at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)
    return total / (4 * steps[0] * steps[1])


@pytest.mark.parametrize(("text", "point", "names"), [LARGE, MANY], ids=["few", "many"])
@pytest.mark.parametrize("size", [1e-300, 1e-120, 1e-30, 1.0])
def test_products_with_what_is_too_large_for_a_double(
    text: str, point: dict[str, float], names: tuple[str, ...], size: float
) -> None:
    """Of second derivatives beyond 1e308; by the library, too, where it is asked often."""
    model = backprop.parse(f"L = {text}")
    way = {name: size * (at + 1) * (-1) ** at for at, name in enumerate(names)}
    found = model.hessian_times(way, point)
    program = backprop.compile(model)
    order = [[numbers.get(name, 0.0) for name in program.inputs] for numbers in (point, way)]
    often = dict(zip(program.inputs, program.hessian_times(*order).tolist(), strict=True))
    for name in names:
        right = float(second_times(text, point, way, name))
        assert found.numbers[found.inputs.index(name)] == pytest.approx(right, rel=1e-12)
        assert often[name] == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("size", [1e-240, 1e-30, 1e200])
def test_products_of_large_files_do_not_depend_on_the_length_of_the_direction(size: float) -> None:
    """What is swept is no smaller than its direction."""
    text = "L = sum((1e-180*x[i]*x[1])^2*1e300 for i in 1..60); x[i] = 1 for i in 1..60"
    way = {f"x[{at}]": size for at in range(1, 61)}
    found = backprop.parse(text).hessian_times(way).numbers
    assert found * 1e60 / size == pytest.approx([366, *[6] * 59], rel=1e-11)


def test_a_second_derivative_that_is_infinite_stays_so() -> None:
    found = backprop.parse("L = x^1.5*y").hessian_times({"x": 1e-300}, x=0, y=1)
    assert found.numbers.tolist() == [inf, 0]


def test_what_is_nothing_but_rounding_is_zero() -> None:
    found = backprop.parse("L = hypot(x, y)*x*y").along("x=1, y=1", x=0, y=0, order=2)
    assert found.derivatives.tolist() == [[0, 0]]


def test_small_outputs_have_their_corners() -> None:
    """Of physics in SI units, say."""
    found = backprop.parse("L = 1e-20*x*abs(x)").along("x=1", x=0, order=2)
    assert "about -2e-20 before this point and 2e-20 behind it" in found.notes[0].message
    found = backprop.parse("L = if(x > 1e-9, exp(x*1e9), x^2*1e18)").along("x=1", x=1e-9, order=2)
    assert "about 2e+18 before this point and 2.7183e+18 behind it" in found.notes[-1].message


def test_the_command_says_it() -> None:
    ran = run("jacobian", "-e", "L = x*sign(y)", "--set", "x=0, y=0", "--along", "x=1, y=1")
    assert ran.status == 0
    assert "is -1 before this point and 1 behind it" in ran.err


@pytest.mark.parametrize(("x", "y"), [(1e30, 1.0), (1e60, 2.0), (1e100, 3.0)])
def test_large_inputs_that_move_as_fast(x: float, y: float) -> None:
    """(x*(1 + t))^(y*(1 + t)) to order ten, those beyond doubles infinite; they were 0 from the eighth on."""
    found = backprop.parse("L = x^y").along({"x": x, "y": y}, {"x": x, "y": y}, order=10)
    with mpmath.workdps(120):
        series = mpmath.taylor(lambda t: (x * (1 + t)) ** (y * (1 + t)), 0, 10)
        right = [float(mpmath.factorial(k) * each) for k, each in enumerate(series)][1:]
    assert found.derivatives[0].tolist() == pytest.approx(right, rel=1e-13)
