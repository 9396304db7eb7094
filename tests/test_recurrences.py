"""Recurrences that are gone through step by step, against closed forms and the same text unrolled."""

from __future__ import annotations

from math import isclose, log

import mpmath
import pytest

from backprop.evaluation.gradient import Gradient, by_loops
from backprop.loops import loop_model, sequence
from backprop.loops.passes import gradient
from backprop.loops.recurrence import Recurrence
from backprop.loops.stepped import Stepped
from backprop.loops.walks import Doubtful
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import apart
from test_loops import both


@pytest.fixture(autouse=True, params=["steps", "slices"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Step by step where that can be, or slice by slice."""
    monkeypatch.setattr(sequence, "STEPS", 10**6 if request.param == "steps" else 0)
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)
    return str(request.param)


def of_loops(text: str) -> Gradient:
    found = by_loops(read_model(Source("<text>", text), most=10**9, many=0), {}, None)
    assert found
    return found


def is_stepped(text: str) -> bool:
    plan = read_model(Source("<text>", text), many=0).loops
    runs = [each for each in plan.runs if isinstance(each, Recurrence)]
    assert runs
    return all(isinstance(each, Stepped) for each in runs)


ALIKE = [
    "x[t+1] = 2.5*x[t]*(1 - x[t]) for t in 0..40; x[0] = 0.4; L = x[41]",
    "x[t] = 2.5*x[t-1]*(1 - x[t-1]) + a*t for t in 1..40; x[0] = 0.4; a = 0.001; L = x[40]^2 + x[7]",
    "x[t+1] = x[t] + v[t]/9 for t in 0..30; v[t+1] = v[t] - sin(x[t+1])/9 for t in 0..30; x[0] = 1; v[0] = 0.1; L = x[31]*v[30]",
    "v[t+1] = v[t] - x[t]/9 for t in 0..30; x[t] = x[t-1] + v[t]/9 for t in 1..40; v[t] = x[t-1] for t in 32..40; x[0] = 1; v[0] = 0.1; L = x[40]",
    "b[t] = tanh(b[t+1] + u[t]) + b[t+2]/(t+1) for t in 0..20; b[21] = 0.3; b[22] = -0.4; u[t] = cos(t) for t in 0..20; L = b[0]",
    "x[t,i] = sum(w[i,j]*cos(x[t-1,j]) for j in 1..3)/(1 + logsumexp(x[t-1,j] for j in 1..3)) for t in 1..15, i in 1..3; x[0,i] = i/3 for i in 1..3; w[i,j] = sin(i+2*j) for i in 1..3, j in 1..3; L = mean(x[15,*])",
    "x[t,i] = norm(x[t-1,*]) - max(x[t-1,j]/j for j in 1..i+1) + prod(x[t-1,k] for k in 1..0) for t in 1..9, i in 1..2; x[0,i] = sin(i) for i in 1..3; x[t,3] = 0.3*t for t in 1..9; L = x[9,1] + x[9,2]",
    "x[t] = if(x[t-1] > 0.5, x[t-1]^2, sqrt(x[t-1]) + 0.1) for t in 1..30; x[0] = 0.3; L = x[30]",
    "x[t] = if(k[t] == 1, x[t-1]*p, x[t-1] - p/4) for t in 1..30; k[t] = mod(t, 2) for t in 1..30; x[0] = 0.3; p = 1.1; L = x[30]",
    "x[t] = x[t-1]*0.9 + y[2*t] + y[t*t] + y[7] for t in 1..10; y[i] = sin(i) for i in 1..100; x[0] = 0.3; L = x[10]",
    "x[t] = x[t-1]*0.9 + x[0]*mean(y[*]) for t in 1..20; y[i] = sin(i) for i in 1..9; x[0] = 0.3; L = x[20] + x[3]",
    "x[t,i] = y[t-1] for t in 1..8, i in 1..3; y[t] = x[t,1]*x[t,2]^2 + 0.1*x[t,3] for t in 1..8; y[0] = 0.9; L = y[8]",
    "x[t] = exp(-x[t-1]) + log1p(x[t-1])*atan2(x[t-1], t) for t in 1..50; x[0] = 0.3; L = x[50]; M = x[3]; output M",
    "x[t] = x[t-1] + c[t] for t in 1..9; c[t] = a^t for t in 1..9; a = 0.7; x[0] = a; L = x[9]",
    "x[t+1] = 0.9*x[t] + t*0.01 for t in 9..0..-1; x[0] = 0.3; L = x[10]",
    "x[t-1] = 0.9*x[t] + t*0.01 for t in 1..10; x[10] = 0.3; L = x[0]",
    "x[3*t] = 0.9*x[3*t-3] + y[3*t-2] for t in 1..9; y[3*t+1] = sin(x[3*t]) for t in 1..9; y[1] = 0.1; x[0] = 0.3; L = x[27]",
    "x[t] = 0.9*x[t-1] for t in [1, 2, 3, 4, 5, 6]; x[0] = 0.3; L = x[6]",
    "x[t,i] = 0.9*x[t-1,i] + v[t-1,1]*i for t in 1..12, i in 1..2; v[s,1] = sin(x[s,1]*x[s,2]) for s in 1..12; v[0,1] = 0.3; x[0,i] = i for i in 1..2; L = x[12,1]",
    "x[t] = x[t-2]*0.9 + 0.1 for t in 2..60; x[0] = 0.3; x[1] = 0.2; L = x[59]",
]


@pytest.mark.parametrize("text", ALIKE)
def test_every_member_is_what_it_is_unrolled(text: str, way: str) -> None:
    text = text if "output" in text else f"{text}; output L"
    looped, found, right = both(text, {})
    assert looped.loops
    assert found
    assert is_stepped(text) == (way == "steps")
    assert found.data == right.gradient.data  # to the bit
    assert found.gradients.keys() == right.gradient.gradients.keys()
    assert apart(found, right) <= 4
    assert not right.gradient.notes


@pytest.mark.parametrize(
    "text",
    [
        "x[t,i] = sum(x[t-1,j] for j in 1..i-1)/t + i + x[t-1,1] for t in 1..7, i in 1..t; x[0,1] = 1; L = sum(x[7,*])",
        "x[t] = x[t-1]*0.9 + sum(y[j] for j in 1..t) for t in 1..10; y[i] = sin(i) for i in 1..10; x[0] = 0.3; L = x[10]",
    ],
)
def test_times_that_are_not_alike_are_slices(text: str) -> None:
    assert not is_stepped(text)
    _, found, right = both(text, {})
    assert found
    assert found.data == right.gradient.data
    assert apart(found, right) <= 4


def test_a_geometric_series_has_its_closed_form() -> None:
    """x[n] = a^n*x0 + b*(1 - a^n)/(1 - a)."""
    n, a, b, x = 3000, 0.999, 0.3, 1.7
    found = of_loops(
        f"n = {n}; a = {a}; b = {b}; x[0] = {x}; x[t+1] = a*x[t] + b for t in 0..n-1; L = x[n]"
    )
    with mpmath.workdps(30):
        a, b, x = map(mpmath.mpf, (a, b, x))
        power = a**n
        right = {
            "L": power * x + b * (1 - power) / (1 - a),
            "x[0]": power,
            "b": (1 - power) / (1 - a),
            "a": n * power / a * x + b * (1 - power) / (1 - a) ** 2 - b * n * power / a / (1 - a),
        }
    assert isclose(found.value, right.pop("L"), rel_tol=1e-13)
    for name, slope in right.items():
        assert isclose(found.gradients[name], slope, rel_tol=1e-12)
    assert found.gradients["x[1000]"] / found.gradients["x[999]"] == pytest.approx(1 / float(a))


def test_the_logistic_map_at_4_has_its_closed_form() -> None:
    """x[t] = sin(2^t*u)^2 with x[0] = sin(u)^2: the derivative is 2^n*sin(2^(n+1)*u)/sin(2*u)."""
    found = of_loops("x[0] = 0.3; x[t+1] = 4*x[t]*(1 - x[t]) for t in 0..11; L = x[12]")
    with mpmath.workdps(30):
        u = mpmath.asin(mpmath.sqrt(mpmath.mpf(0.3)))
        slope = 4096 * mpmath.sin(8192 * u) / mpmath.sin(2 * u)
        assert isclose(found.value, mpmath.sin(4096 * u) ** 2, rel_tol=1e-11)
        assert isclose(found.gradients["x[0]"], slope, rel_tol=1e-10)


@pytest.mark.parametrize(
    "text",
    [
        "x[t] = x[t-1]^2 for t in 1..30; x[0] = 1.5; L = x[30]",  # overflows
        "x[t] = if(x[t-1] > 5, 1/(x[t-1] - 5), x[t-1] + 1) for t in 1..30; x[0] = 2; L = x[30]",  # at a border
        "x[t] = 1/(1 + 1/(x[t-1] - 1)) for t in 1..5; x[0] = 1; L = x[5]",  # infinite on the way
        "x[t] = sqrt(x[t-1]) - 1 for t in 1..2; x[0] = 1; L = x[1]; M = x[2]; output M",
        "x[t] = x[t-1]*1e-90 for t in 1..5; x[0] = 1; L = x[5]*1e300",  # vanishes
        "x[t] = max(x[t-1], x[t-1]/2 + 1) for t in 1..5; x[0] = 2; L = x[5]",  # a tie
        "x[t] = sqrt(x[t-1])*y for t in 1..4; x[0] = 0; y = 1; L = x[4]",  # an infinite slope
    ],
)
def test_what_is_in_doubt_is_left_to_single_steps(text: str) -> None:
    model = read_model(Source("<text>", text), many=0)
    family, at = model.loops and model.place(model.output(None))
    with pytest.raises(Doubtful):
        gradient(model.plan, model.numbers({}), family.name, at, noted=True)


def test_values_that_vanish_with_their_gradients_are_in_no_doubt() -> None:
    """x[t,i] is below all doubles from t = 10 on, about 1e-513, and so are the derivatives by what is
    before x[15,i]: these are 0 to the nearest double, as are those that mpmath finds."""
    text = "x[t,i] = sum(sin(i+2*j)*x[t-1,j]^2 for j in 1..3)/(1 + logsumexp(x[t-1,j] for j in 1..3)) for t in 1..15, i in 1..3; x[0,i] = i/3 for i in 1..3; L = mean(x[15,*]); output L"
    found = of_loops(text)
    assert found.value == 0.0
    with mpmath.workdps(40):
        x = [mpmath.mpf(i) / 3 for i in (1, 2, 3)]
        for t in range(1, 16):
            below = 1 + mpmath.log(sum(map(mpmath.exp, x)))
            sines = [[mpmath.sin(i + 2 * j) for j in (1, 2, 3)] for i in (1, 2, 3)]
            x = [sum(s * each**2 for s, each in zip(row, x, strict=True)) / below for row in sines]
            for i, each in enumerate(x, 1):
                exact = float(each)
                assert isclose(found.data[f"x[{t},{i}]"], exact, rel_tol=1e-11)
                slope = found.gradients[f"x[{t},{i}]"]
                # 2*x[14,j] times what comes, and smaller still before
                assert slope == (0.0 if t < 15 else pytest.approx(1 / 3))
        assert max(map(abs, x)) < mpmath.mpf(10) ** -8000
    assert all(found.gradients[f"x[0,{i}]"] == 0.0 for i in (1, 2, 3))


def test_gradients_that_vanish_are_left_out() -> None:
    """2^-2000 is below all doubles."""
    text = "x[t] = x[t-1]/2 + a for t in 1..2000; x[0] = 1; a = 1; L = x[2000]"
    found = of_loops(text)
    assert found.gradients["x[0]"] == 0.0
    assert found.gradients["x[1500]"] == 2.0**-500
    assert found.gradients["x[990]"] == 2.0**-1010
    assert found.gradients["a"] == 2.0


def test_values_that_vanish_and_have_no_say() -> None:
    """As of the unrolled graph: y is below all doubles from y[4] on, and only 1 + y counts."""
    text = "y[t] = y[t-1]*1e-90 for t in 1..9; y[0] = 1; x[t] = x[t-1]*(1 + y[t]) for t in 1..9; x[0] = 2; L = x[9]"
    _, found, right = both(text, {})
    if found:
        assert found.data == right.gradient.data
        assert apart(found, right) <= 4


@pytest.mark.parametrize("way", ["steps"], indirect=True)  # more slices than are made otherwise
def test_a_million_steps(way: str) -> None:
    """Newton's method for the logarithm of 5, drawn out: its derivative by what it starts from is 0, by
    the number 1/5."""
    text = "a = 5; x[0] = 2; x[t+1] = x[t] + h*(a*exp(-x[t]) - 1) for t in 0..999999; const h = 1e-4; L = x[1000000]"
    found = of_loops(text)
    assert isclose(found.value, log(5), rel_tol=1e-12)
    assert isclose(found.gradients["a"], 0.2, rel_tol=1e-9)
    assert found.gradients["x[0]"] == pytest.approx(0, abs=1e-30)
