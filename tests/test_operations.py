"""Every row of the table of operations: value, slopes, corners, text, LaTeX."""

from __future__ import annotations

import itertools
import math
import random
import re
import time
from fractions import Fraction
from typing import Any

import pytest

from backprop import special
from backprop.engine.writers.exact import Exact, ExactWriter
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.row import AND, COMPARISON, NOT, OR, Operation
from backprop.syntax import functions, precision
from backprop.syntax.parser import formula
from truth import TRUTH, condition, mp, true_slope, true_value, ulps

ROWS = list(OPERATIONS.values())
NEAR = 1.0000000001 - 1
"""log(gamma(1 + h)) is -γ*h + π²/12*h² - … (DLMF 5.7.3)."""

SAMPLES = [(row, at) for row in ROWS for at in row.samples]
CORNERS = [(row, at, slopes) for row in ROWS for at, slopes in row.corners]
NO_ORDER = {"polygamma": {0}, "below": {1}, "above": {0}}
"""Operands by which there is no derivative: the order of polygamma is an integer, a pivot cancels."""


def _name(item: object) -> str:
    return item.name if isinstance(item, Operation) else str(item).replace(" ", "")


def tolerance(row: Operation, at: tuple[float, ...], slope: int | None = None) -> float:
    """4 ulp, and as many more as an exact function's operands being half an ulp off would cost."""
    function = (
        (lambda points: true_value(row.name, points))
        if slope is None
        else (lambda points: true_slope(row.name, points, slope))
    )
    return 4 * (1 + condition(function, at, function(at)))


def is_true(
    got: float, truth: Any, row: Operation, at: tuple[float, ...], slope: int | None = None
) -> bool:
    """Whether a value, or a slope, is as near to the truth as is allowed; 4 ulp always are."""
    off = ulps(got, truth)
    return off <= 4 or off <= tolerance(row, at, slope)


def faults(row: Operation, at: tuple[float, ...]) -> list[str]:
    """What is wrong with a row at a point, in words; nothing if value and slopes are true."""
    found = []
    value = functions.compiled(row.value, row.operands) if isinstance(row.value, str) else row.value
    got, truth = value(*at), true_value(row.name, at)
    if truth is None or not is_true(got, truth, row, at):
        found.append(f"{row.name}{at}\n  table {got!r}\n  truth {mp.nstr(truth, 20)}")
    for number, text in enumerate(row.slopes):
        if number in NO_ORDER.get(row.name, ()):
            continue
        slope = functions.compiled(text, (*row.operands, "out"))(*at, got)
        truth = true_slope(row.name, at, number)
        if truth is None or not is_true(slope, truth, row, at, number):
            found.append(
                f"slope of {row.name}{at} by {row.operands[number]}: {text}\n"
                f"  table {slope!r}\n  truth {mp.nstr(truth, 20)}"
            )
    return found


@pytest.mark.parametrize(("row", "at"), SAMPLES, ids=_name)
def test_value_and_slopes_are_true_at_the_samples(row: Operation, at: tuple[float, ...]) -> None:
    assert not faults(row, at), "\n".join(faults(row, at))


@pytest.mark.parametrize(("row", "at"), SAMPLES, ids=_name)
def test_slopes_of_many_digits_are_true(row: Operation, at: tuple[float, ...]) -> None:
    """A constant that is a double, such as pi, would leave them 16: `erf(x)/x` cancels more."""
    writer = ExactWriter(60, [])
    operands = [Exact(writer.mp.mpf(number), True) for number in at]
    out = writer.value(row.name, operands)
    for number, slope in enumerate(writer.slopes(row.name, operands, out)):
        truth = true_slope(row.name, at, number)
        if number in NO_ORDER.get(row.name, ()) or truth is None or row.chooses:
            continue
        got = mp.mpf(slope.value if isinstance(slope, Exact) else slope)
        size = max(mp.fabs(truth), mp.mpf(10) ** -60)
        assert mp.fabs(got - truth) <= size * mp.mpf(10) ** -40, (row.slopes[number], got, truth)


@pytest.mark.parametrize("x", [31.0, 32.0, 40.5, 745.0, -1e5, 1e16, -1e16, 1e300, -1e300])
@pytest.mark.parametrize("digits", [60, 1300])
def test_exp_of_many_digits(x: float, digits: int) -> None:
    """Also of whole numbers, of which mpmath would take a product of all digits for each bit."""
    found = precision.unbounded("exp", digits)(special.context(digits).mpf(x))
    with mp.workdps(digits + 10):
        assert mp.fabs(found / mp.exp(mp.mpf(x)) - 1) <= mp.mpf(10) ** (2 - digits)


@pytest.mark.parametrize("x", [0.3, -0.999999, 1e-290, -5e-324, 1 - 1e-7, 1 - 2**-53])
@pytest.mark.parametrize("digits", [35, 60, 1300])
def test_erfinv_of_many_digits(x: float, digits: int) -> None:
    """By Newton's method; of numbers next to 0 and 1 it is mpmath's."""
    found = special.context(digits).erfinv(special.context(digits).mpf(x))
    with mp.workdps(digits + 20):
        assert mp.fabs(found / mp.erfinv(mp.mpf(x)) - 1) <= mp.mpf(10) ** (2 - digits)


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_a_wrong_slope_is_noticed(row: Operation) -> None:
    """A slope off by 0.1 %, or by 0.001 where it is 0, is found at some sample."""
    for number, text in enumerate(row.slopes):
        if number in NO_ORDER.get(row.name, ()):
            continue
        wrong = f"0.001 + ({text})" if text == "0" else f"1.001*({text})"
        slopes = [wrong if at == number else slope for at, slope in enumerate(row.slopes)]
        spoiled = row._replace(slopes=tuple(slopes))
        assert any(faults(spoiled, at) for at in row.samples), f"{row.name}: {wrong}"


@pytest.mark.parametrize(("row", "at", "promised"), CORNERS, ids=_name)
def test_corners_have_the_slopes_that_the_row_promises(
    row: Operation, at: tuple[float, ...], promised: tuple[float, ...]
) -> None:
    out = functions.value(row.name)(*at)
    for slope, expected in zip(functions.slopes(row.name), promised, strict=True):
        got = slope(*at, out)
        assert got == expected or (math.isnan(got) and math.isnan(expected))


NASTY = [
    *(sign * 10.0**power for power in (-300, -160, -20, -9, -3, 0, 1, 2, 3, 9, 18, 150, 300) for sign in (1, -1)),
    *(sign * x for x in (0.5, 0.9999999999, 1.0000000001, 1.5, 2.0, 3.0, 5.5, 10.5, 26.0, 36.7, 40.0) for sign in (1, -1)),
    *(sign * x for x in (354.9, 372.0, 709.7, 745.0, 800.0, 1e5 + 0.5) for sign in (1, -1)),
    *(math.pi * k / 4 for k in (1, 2, 3, 4, 7, 1e6)),
]  # fmt: skip


def _spread(row: Operation, count: int) -> list[tuple[float, ...]]:
    """Points over the whole line, or the whole plane, the same each time."""
    chance = random.Random(row.name)
    points: list[tuple[float, ...]] = []
    for _ in range(count):
        point = []
        for name in row.operands:
            if name == "n":
                point.append(float(chance.choice((0, 1, 2, 3, 7))))
            elif name == "c":
                point.append(float(chance.choice((0, 1))))
            else:
                near = chance.choice((1.0, 1.0, -1.0)) * 10 ** chance.uniform(-4, 2.6)
                point.append(chance.choice((chance.choice(NASTY), near, float(round(near)))))
        points.append(tuple(point))
    if row.arity == 1:
        points += [(x,) for x in NASTY]
    return points


def _in_range(truth: object) -> bool:
    return truth is not None and (truth == 0 or 1e-307 < abs(truth) < 1e308)


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_accuracy_over_the_whole_domain(row: Operation, points: int) -> None:
    """4 ulp wherever the function is well-conditioned; in proportion to its condition elsewhere."""
    checked = 0
    for at in _spread(row, points):
        if row.name == "polygamma" and at[1] < -1000:
            continue  # mpmath takes a step for each unit there
        truth = true_value(row.name, at)
        if not _in_range(truth) or at in [corner for corner, _ in row.corners]:
            continue
        got = functions.value(row.name)(*at)
        assert is_true(got, truth, row, at), f"{row.name}{at}: {got!r}, {mp.nstr(truth, 20)}"
        checked += 1
        for number, slope_of in enumerate(functions.slopes(row.name)):
            truth = true_slope(row.name, at, number)
            if not _in_range(truth) or number in NO_ORDER.get(row.name, ()):
                continue
            slope = slope_of(*at, got)
            # at a corner the row promises something else; only who is off is asked whether it is one
            right = functions.kinks(row.name, at) or is_true(slope, truth, row, at, number)
            assert right or _is_corner(row, at, number, truth), (
                f"slope of {row.name}{at} by {row.operands[number]}: {slope!r}, {mp.nstr(truth, 20)}"
            )
    assert checked > 5


def _is_corner(row: Operation, at: tuple[float, ...], number: int, truth: object) -> bool:
    """Whether the value or the slope jumps here: the two sides disagree."""
    step = 2.0**-40 * (abs(at[number]) or 1.0)
    points = [tuple(x + side * step * (k == number) for k, x in enumerate(at)) for side in (-1, 1)]
    values = [true_value(row.name, point) for point in points]
    if None in values or abs(values[1] - values[0]) > 0.5 * max(map(abs, values)) > 0:
        return True
    sides = [true_slope(row.name, point, number) for point in points]
    if any(side is None for side in sides):
        return True
    jump = abs(sides[1] - sides[0])
    return bool(jump > 1e-3 * max(abs(sides[0]), abs(sides[1])) and jump > 1e-9) or (
        row.name in ("floor", "ceil", "round", "sign", "<", "<=", ">", ">=", "==", "!=")
        and truth != 0
    )


def _broken(row: Operation) -> set[tuple[float, ...]]:
    """Points where the truth has other slopes, or another value, on one side than on the other: of
    those made of simple numbers and of the numbers that the row's own texts have."""
    texts = [row.value if isinstance(row.value, str) else "", *row.slopes]
    own = {float(each) for text in texts for each in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", text)}
    simple = {-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 2.5} | (own if row.arity == 1 else set())
    found, step = set(), mp.mpf(2) ** -60
    for at in itertools.product(simple, repeat=row.arity):
        for number in set(range(row.arity)) - NO_ORDER.get(row.name, set()):
            before, here, after = (
                true_value(row.name, (*at[:number], at[number] + side * step, *at[number + 1 :]))
                for side in (-1, 0, 1)
            )
            if None in (before, here, after) or not all(map(mp.isfinite, (before, here, after))):
                continue
            left, right = (here - before) / step, (after - here) / step
            corner = mp.fabs(left - right) > 1e-6 * (1 + min(mp.fabs(left), mp.fabs(right)))
            if corner or mp.fabs(after - before) > 1e-3:
                found.add(at)
    return found


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_no_row_forgets_a_corner_or_a_jump(row: Operation) -> None:
    """Where the truth breaks the row says so; and where a row says so the search finds some place,
    so that a row without its `corner` or `jump` would fail. Conditions are borders by themselves,
    and the pivot of logsumexp cancels."""
    if row.binding in (COMPARISON, NOT, AND, OR) or row.name in ("if", "pivot"):
        return
    broken = _broken(row)
    unsaid = [at for at in broken if not functions.kinks(row.name, at)]
    assert not unsaid, f"{row.name}{unsaid[0]}: give the row `corner` or `jump`"
    assert broken or not (row.corner or row.jump)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log1p(1e-18)", 1e-18),
        ("softplus(800)", 800.0),
        ("softplus(-800)", 0.0),
        ("sigmoid(-800)", 0.0),
        ("sigmoid(800)", 1.0),
        ("hypot(1e200, 1e200)", 1.4142135623730951e200),
        ("tanh(400)", 1.0),
        ("expm1(1e-18)", 1e-18),
        ("erfc(25)", 8.300172571196522e-274),  # DLMF's function at 25, by mpmath
        ("lgamma(1.0000000001)", -0.5772156649015329 * NEAR + math.pi**2 / 12 * NEAR**2),
        ("sinc(1e-8)", 1.0),
        ("sinc(0)", 1.0),
        ("logsumexp(1e5, 1e5)", 1e5 + math.log(2)),
        ("logsumexp(-1e5, -1e5)", -1e5 + math.log(2)),
        ("logsumexp(1e308, -1e308)", 1e308),
        ("logsigmoid(-800)", -800.0),
        ("logsigmoid(40)", -4.248354255291589e-18),  # log1p(exp(-40))
        ("mish(-1e4)", 0.0),
        ("mish(1e300)", 1e300),
        ("elu(-1e-18, 1)", -1e-18),
        ("elu(-800, 2)", -2.0),
        ("erfinv(1e-300)", 8.862269254527580e-301),  # sqrt(pi)/2 times that
        ("erfinv(-1e-300)", -8.862269254527580e-301),
        ("cot(1e-300)", 1e300),
        ("mod(-1e-20, 1)", 1.0),  # 1 - 1e-20, rounded
        ("mod(1e300, 3)", float(int(1e300) % 3)),
        ("mod(-7, 3)", 2.0),
        ("mod(7, -3)", -2.0),
        ("mod(-7, -3)", -1.0),
        ("mod(6, 3)", 0.0),
        ("clamp(7, 0, 5)", 5.0),
        ("clamp(-7, 0, 5)", 0.0),
        ("clamp(3, 3, 3)", 3.0),
        ("0^0", 1.0),
        ("(-2)^3", -8.0),
        ("(-8)^-1", -0.125),
        ("0^2", 0.0),
        ("2^0.5", 1.4142135623730951),
        ("round(2.5)", 2.0),
        ("round(-3.5)", -4.0),
    ],
)
def test_values_where_a_naive_formula_fails(text: str, expected: float) -> None:
    scope: dict[str, object] = {}
    code = functions.python(formula(text), scope)
    assert eval(code, scope) == pytest.approx(expected, rel=4e-16, abs=0)


def test_the_normal_distribution_in_its_tail() -> None:
    """Within 1 + x^2 ulp: no more than if x were rounded once."""
    value, chance = functions.value("normcdf"), random.Random(1)
    for x in (-37.5, *(chance.uniform(-37.5, -2) for _ in range(300))):
        with mp.workprec(400):
            truth = mp.erfc(-mp.mpf(x) / mp.sqrt(2)) / 2
        assert ulps(value(x), truth) <= 1 + x * x, x


def test_the_inverse_of_the_error_function_at_its_ends() -> None:
    """Within 6 ulp of the number whose error function is x, the closest doubles to 1 among them."""
    near_one = [math.nextafter(1.0, 0.0) - k * 2.0**-53 for k in (0, 1, 7, 1000, 2**40, 2**50)]
    for x in (*near_one, 0.85, math.nextafter(0.85, 1), 5e-324, 1e-308, 1e-16, 0.1):
        with mp.workprec(1400):
            truth = mp.erfinv(mp.mpf(x))
        assert ulps(functions.value("erfinv")(x), truth) <= 6, x
        assert functions.value("erfinv")(-x) == -functions.value("erfinv")(x)


def test_a_remainder_is_exact() -> None:
    """x - y*floor(x/y), which fractions compute without error, rounded once."""
    chance, value, slope = random.Random(1), functions.value("mod"), functions.slopes("mod")[1]
    for _ in range(2000):
        x = chance.choice((1, -1)) * 10.0 ** chance.uniform(-20, 20)
        y = chance.choice((1, -1)) * 10.0 ** chance.uniform(-5, 5)
        if chance.random() < 0.2:
            x = y * chance.randint(-50, 50)  # beside a jump, or on it
        whole = Fraction(x) // Fraction(y)
        assert value(x, y) == float(Fraction(x) - Fraction(y) * whole), (x, y)
        assert slope(x, y, value(x, y)) == pytest.approx(-float(whole), rel=4e-16, abs=0), (x, y)


def test_power_at_every_sign_and_zero() -> None:
    """x^y: the value of IEEE 754's pow wherever there is a real one, nan where there is none."""
    power = functions.value("^")
    for x in (-math.inf, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0, math.inf):
        for y in (-3.0, -2.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 2.5):
            got = power(x, y)
            if x == 0 and y < 0:
                assert abs(got) == math.inf
                assert (got < 0) == (math.copysign(1, x) < 0 and y % 2 == 1)
            elif x < 0 and x != -math.inf and not y.is_integer():
                assert math.isnan(got)
            else:
                assert got == math.pow(x, y)


def test_the_corners_that_the_language_promises() -> None:
    """LANGUAGE's list, written here a second time on purpose: a row must not drift from it."""
    for name in ("abs", "relu", "sign"):
        assert functions.slopes(name)[0](0.0, 0.0) == 0
    for name in ("floor", "ceil", "round"):
        assert functions.slopes(name)[0](3.0, 3.0) == 0
    for name in ("min", "max"):
        assert [slope(2.0, 2.0, 2.0) for slope in functions.slopes(name)] == [1, 0]
    by_base = functions.slopes("^")[0]
    assert [by_base(0.0, y, 0.0**y) for y in (2.0, 1.0, 0.0)] == [0, 1, 0]
    assert by_base(0.0, 0.5, 0.0) == math.inf


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_no_function_of_the_table_ever_raises(row: Operation) -> None:
    strange = (0.0, -0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan)
    chance = random.Random(1)
    for _ in range(120):
        at = tuple(chance.choice(strange) for _ in row.operands)
        out = functions.value(row.name)(*at)
        assert isinstance(out, float)
        for slope in functions.slopes(row.name):
            assert isinstance(slope(*at, out), float | int)


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_a_row_is_whole(row: Operation) -> None:
    assert len(row.slopes) == row.arity, f"{row.name} needs a slope for each operand"
    assert row.samples, f"{row.name} needs samples, at which value and slopes are tested"
    assert all(len(at) == row.arity for at in row.samples)
    assert row.latex.count("{") == row.latex.count("}")
    for operand in row.operands if row.latex else ():
        assert any(f"{a}{operand}{b}" in row.latex for a, b in ("{}", "<>", "[]"))
    for text in (*row.slopes, *([row.value] if isinstance(row.value, str) else [])):
        statement = formula(text)
        names = {
            statement.tokens.texts[node.token]
            for node in statement.shape.nodes
            if node.kind == "name"
        }
        assert names <= {*row.operands, "out", "pi"}


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_a_row_says_where_it_has_no_value(row: Operation) -> None:
    near = [at for at in _spread(row, 100) if max(map(abs, at)) < 100]
    missing = [at for at in near if math.isnan(functions.value(row.name)(*at))]
    assert row.domain or not missing, f"{row.name} has no value at {missing[0]}: give it a domain"


CALLED_BACK = {"gamma", "lgamma", "digamma", "polygamma"}
"""Rows whose value machine code asks Python for, at fifty times the cost: there is nothing else."""

WITHOUT_SPECIAL = {"atan2", "hypot"}
"""Rows of several operands that call C's library and have no operand that makes them simpler."""


def test_no_row_forgets_machine_code() -> None:
    """A new row with a function of `numerics` has `machine` too, or says here that it cannot."""
    slow = {row.name for row in ROWS if callable(row.value) and not row.machine}
    assert slow == CALLED_BACK, "give the row `machine`, or name it in CALLED_BACK"


def test_no_row_forgets_its_special_cases() -> None:
    """`x^2` is a product: a new row of several operands says so in `special`, or here that it has none."""
    called = {
        row.name for row in ROWS if row.arity > 1 and hasattr(math, row.machine) and not row.special
    }
    assert called == WITHOUT_SPECIAL, "give the row `special`, or name it in WITHOUT_SPECIAL"


@pytest.mark.parametrize("row", [row for row in ROWS if row.special], ids=_name)
def test_special_cases_are_the_value(row: Operation) -> None:
    for operand, number, text in row.special:
        short = functions.compiled(text, row.operands)
        for at in row.samples:
            point = tuple(
                number if name == operand else x for name, x in zip(row.operands, at, strict=True)
            )
            truth = true_value(row.name, point)
            if _in_range(truth):
                assert ulps(short(*point), truth) <= tolerance(row, point), f"{text} at {point}"


def test_every_function_of_the_language_is_in_the_table() -> None:
    promised = """exp log log2 log10 log1p expm1 exp2 sqrt cbrt abs sign floor ceil round mod clamp
    sin cos tan sec csc cot asin acos atan atan2 sinh cosh tanh asinh acosh atanh sinc
    erf erfc erfinv gamma lgamma digamma polygamma normcdf normpdf
    min max pow hypot logaddexp logsumexp
    relu leaky_relu sigmoid logsigmoid softplus silu gelu elu selu mish"""
    assert set(promised.split()) <= set(FUNCTIONS)


def test_the_truth_knows_every_row() -> None:
    assert all(row.name in TRUTH or hasattr(mp, row.name) for row in ROWS)


HUGE = 2**200
"""Of powers of two: no machine holds as many bits."""

AT_HUGE = (
    ("log", (mp.ldexp(1, HUGE),), HUGE * mp.log(2)),
    ("log2", (mp.ldexp(1, HUGE),), HUGE),
    ("log10", (mp.ldexp(1, -HUGE),), -HUGE * mp.log10(2)),
    ("sqrt", (mp.ldexp(1, HUGE),), mp.ldexp(1, HUGE // 2)),
    ("cbrt", (-mp.ldexp(8, 3 * HUGE),), -mp.ldexp(2, HUGE)),
    ("/", (mp.ldexp(3, HUGE), mp.ldexp(1, HUGE)), 3),
    ("hypot", (mp.ldexp(3, HUGE), mp.ldexp(4, HUGE)), mp.ldexp(5, HUGE)),
    ("max", (mp.ldexp(1, HUGE), mp.mpf(2)), mp.ldexp(1, HUGE)),
    ("relu", (-mp.ldexp(1, HUGE),), 0),
)


@pytest.mark.parametrize(("name", "at", "truth"), AT_HUGE, ids=[name for name, *_ in AT_HUGE])
def test_what_is_algebraic_and_logarithms_have_no_largest_number(
    name: str, at: tuple[Any, ...], truth: Any
) -> None:
    found = precision.unbounded(name, mp.dps)(*at)
    assert abs(found - truth) <= abs(truth) * mp.mpf(10) ** (10 - mp.dps)


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_every_row_is_quick_with_many_digits(row: Operation) -> None:
    """`exp` of a huge number would have as many bits as that says."""
    numbers = (mp.ldexp(1, HUGE), -mp.ldexp(1, HUGE), mp.ldexp(1, -HUGE), mp.mpf(0.5))
    begin = time.process_time()
    for at in itertools.product(numbers, repeat=row.arity):
        precision.unbounded(row.name, 60)(*at)
    assert time.process_time() - begin < 2


def test_gamma_of_halves_needs_no_digits() -> None:
    """At whole numbers and halves it is known without mpmath, which takes 40 ms to load."""
    with mp.workdps(40):
        for x in [each / 2 for each in (*range(1, 50), 99, 128, 333, 399)]:
            assert special.digamma(x) == float(mp.digamma(mp.mpf(x)))
            if x < 8:
                assert special.lgamma(x) == float(mp.loggamma(mp.mpf(x)))


@pytest.mark.parametrize("row", [row for row in ROWS if row.short], ids=_name)
def test_slopes_for_people_are_true(row: Operation) -> None:
    assert len(row.short) == row.arity
    for at in row.samples:
        for number, text in enumerate(row.short):
            out = functions.value(row.name)(*at)
            slope = functions.compiled(text, (*row.operands, "out"))(*at, out)
            assert slope == pytest.approx(float(true_slope(row.name, at, number)), rel=1e-14)
