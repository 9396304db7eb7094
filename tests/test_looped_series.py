"""Derivatives along a direction by loops, of any order, against those of the unrolled text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from backprop.errors import BackpropError
from backprop.evaluation import looped_series
from backprop.evaluation.directions import along
from backprop.evaluation.gradient import gradient
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from test_looped_hessians import LOGISTIC, MIXTURE, looped, whole

__all__ = ["looped"]

PENDULUM = """
    x[t+1] = x[t] + dt*v[t] for t in 0..60
    v[t+1] = v[t] - dt*sin(x[t])*k for t in 0..60
    x[0] = 1; v[0] = 0.3; k = 2; dt = 0.03
    L = x[61]^2 + sum(v[t] for t in 0..61)"""
NETWORK = """
    h[t+1,i] = tanh(sum(w[i,j]*h[t,j] for j in 1..3) + b[i]) for t in 0..20, i in 1..3
    h[0,i] = i/3*q for i in 1..3
    w[i,j] = sin(i*j)/2 for i in 1..3, j in 1..3
    b[i] = cos(i) for i in 1..3
    q = 0.4
    L = sum(h[21,i]^2 for i in 1..3) + exp(q)"""
BACKWARDS = (
    "y[t] = exp(-a*y[t+1])*t + b for t in 1..40; y[41] = c; a = 0.02; b = 0.1; c = 1; L = y[1]*c"
)
WIDE = """
    u[t+1,i] = u[t,i] + k*(u[t,i-1] - 2*u[t,i] + u[t,i+1]) + s*u[t,i]^3 for t in 0..12, i in 1..30
    u[t+1,0] = 0 for t in 0..12; u[t+1,31] = 0 for t in 0..12
    u[0,i] = sin(i/5) for i in 0..31
    k = 0.2; s = 0.01
    L = sum(u[13,i]^2 for i in 1..30)"""
GATHERS = """
    y[i] = if(x[i] > 0.5, sin(x[i]*a), prod(x[i] + a*j for j in 1..3))/norm(z[*]) for i in 1..60
    x[i] = i/60 + 0.00001 for i in 1..60; z[i] = a + i for i in 1..5; a = 0.7
    L = logsumexp(y[i] for i in 1..60) + max(y[i]^2 for i in 1..60) + mean(y[i]*a for i in 1..60)"""
FORCES = """
    V = sum((x[i+1] - x[i])^4 + k*cos(x[i]) for i in 1..29)
    F[i] = -derivative(V, x[i]) for i in 1..30
    x[i] = i^1.3/10 for i in 1..30; k = 0.4
    L = sum(F[i]^2 for i in 1..30)"""
INDICES = """
    y[t,j] = (y[t-1,j] + hypot(a, j)*t)/(t + j) + a*j for t in 1..20, j in 1..3
    y[0,j] = a*j for j in 1..3; a = 0.4
    L = sum(y[20,j]^2 for j in 1..3)"""
TEXTS = [INDICES, PENDULUM, NETWORK, BACKWARDS, WIDE, GATHERS, FORCES, LOGISTIC, MIXTURE]


LARGE = LOGISTIC.replace("n = 400", "n = 2000")


@pytest.mark.parametrize("text", [*TEXTS, pytest.param(LARGE, marks=pytest.mark.whole)])
@pytest.mark.one_in(2)
def test_they_are_those_of_the_unrolled_text(text: str, looped: Callable[[str], Any]) -> None:
    model = looped(text)
    output = model.output("V" if text == MIXTURE and "V" in model.names else None)
    inputs = [name for name in model.inputs if name in model.leading(output)]
    way = {name: float(numpy.cos(at + 1)) for at, name in enumerate(inputs)}
    right = whole(text)
    for order in (1, 3, 5):
        mine = along(looped(text), {}, [output], way, order)
        theirs = along(right, {}, [output], way, order)
        assert mine.values == pytest.approx(theirs.values, rel=1e-13)
        assert mine.derivatives == pytest.approx(theirs.derivatives, rel=1e-8)
        assert mine.warnings == theirs.warnings == ()
    for name in inputs[:: max(len(inputs) // 4, 1)] + inputs[-1:]:
        mine, theirs = (along(each, {}, [output], {name: 1.0}, 2) for each in (looped(text), right))
        assert mine.derivatives == pytest.approx(theirs.derivatives, rel=1e-8, abs=1e-14)


def test_whole_families_are_one_sweep(looped: Callable[[str], Any]) -> None:
    model, right = looped(PENDULUM), whole(PENDULUM)
    of = [f"{name}[{t}]" for t in range(62) for name in "xv"] + ["L", "k"]
    mine, theirs = (along(each, {}, of, {"k": 1.0, "x[0]": 2.0}, 4) for each in (model, right))
    assert mine.outputs == theirs.outputs
    assert mine.values == pytest.approx(theirs.values, rel=1e-13)
    assert mine.derivatives == pytest.approx(theirs.derivatives, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize(
    "text",
    [
        "L = sum(abs(a - x[i])*a for i in 1..40); a = 3; const x; x[i] = i for i in 1..40",
        "L = sum((a + i)^b*i for i in 1..40); a = 1; b = 0",
        "L = sum(max(a, x[i])^2 for i in 1..40); a = 3; const x; x[i] = i for i in 1..40",
        "y[t+1] = relu(y[t] - a) + a for t in 1..40; y[1] = a; a = 2; L = y[41]^2",
        "L = sum(sqrt(a*i) for i in 1..40); a = 0",
        "L = sum((1 - cos(a/i))/(a/i)^2 for i in 1..40); a = 1e-5",
        "y[t+1] = (1 - cos(y[t]))/y[t]^2*1e-5 for t in 1..40; y[1] = a; a = 1e-5; L = y[41]",
        "L = sum(a^2*1e-200*b^3*1e-200*1e250*1e160*i for i in 1..40); a = 1e-3; b = 1e-4",
    ],
)
def test_what_is_in_doubt_is_looked_at_step_by_step(text: str) -> None:
    for order in (1, 3):
        way = {"a": 1.0}
        model = read_model(Source("<text>", text), many=0)
        assert model.loops
        mine = along(model, {}, ["L"], way, order)
        theirs = along(whole(text), {}, ["L"], way, order)
        assert mine.derivatives == pytest.approx(theirs.derivatives, rel=1e-12, nan_ok=True)
        assert [*map(str, mine.warnings)] == [*map(str, theirs.warnings)]
        assert [*map(str, mine.notes)] == [*map(str, theirs.notes)]


@pytest.mark.parametrize("group", range(4))
def test_random_models(group: int, request: pytest.FixtureRequest) -> None:
    many = 400 if request.config.getoption("--whole") else 15
    looked = 0
    for number in range(group * many, group * many + many):
        text, values = random_indexed(number)
        try:
            model = read_model(Source("<text>", text), many=0)
            output = model.output()
            inputs = [name for name in model.inputs if name in model.leading(output)]
        except BackpropError:
            continue
        if not model.loops or not inputs:
            continue
        way = {name: float(numpy.cos(at + 1)) for at, name in enumerate(inputs)}
        if number % 2:  # along one of them
            way = {inputs[number % len(inputs)]: 1.0}
        found = looped_series.along_by_loops(model, values, [output], way, 3)
        if found is None:
            continue
        right = whole(text)
        theirs = along(right, values, [output], way, 3)
        size = numpy.abs(theirs.derivatives).max()
        assert found[0] == pytest.approx(theirs.values, rel=1e-11), text
        assert found[1] == pytest.approx(theirs.derivatives, rel=1e-7, abs=1e-12 * size), text
        looked += 1
    assert looked > many // 5


def test_a_large_recurrence_is_not_unrolled(looped: Callable[[str], Any]) -> None:
    text = PENDULUM.replace("60", "60000").replace("61", "60001").replace("0.03", "3e-5")
    found = along(looped(text), {}, ["L"], {"k": 1.0}, 3)
    assert found.derivatives.shape == (1, 3)
    near = [gradient(looped(text), {"k": 2 + step}, "L").gradients["k"] for step in (-1e-4, 1e-4)]
    assert found.derivatives[0, 0] == pytest.approx(sum(near) / 2, rel=1e-5)
    assert found.derivatives[0, 1] == pytest.approx((near[1] - near[0]) / 2e-4, rel=1e-5)
