"""Members that need one another in an order that is not that of one index: it is found, and everything
is what it is unrolled."""

from __future__ import annotations

from math import isclose

import numpy
import pytest

from backprop.evaluation.gradient import by_loops
from backprop.loops import loop_model, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.recurrence import Recurrence
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import apart
from test_loops import both
from test_nests import compiled

THIN = sequence.THIN


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


TEXTS = {
    "a product of matrices, from shorter to longer intervals": (
        "m[i,i] = sin(i) for i in 1..9; m[i,j] = logsumexp(m[i,k] + m[k+1,j] for k in i..j-1)/2 for i in 1..8, j in i+1..9; L = m[1,9] + m[3,5]^2", 8),
    "from the lower left": (
        "x[i,0] = i/9 for i in 1..9; x[9,j] = 0.1*j for j in 1..8; x[i,j] = 0.6*x[i+1,j-1] + 0.2*x[i,j-1] + 0.1*sin(x[i+1,j]) for i in 1..8, j in 1..8; L = x[1,8]", 15),
    "from the lower left, two rows on": (
        "x[i,0] = i/9 for i in 1..9; x[9,j] = 0.1*j for j in 1..8; x[i,j] = 0.6*x[min(i+2,9),j-1] + 0.2*x[i,j-1]*x[i+1,min(j+1, 8)] for i in 1..8, j in 1..8; L = x[1,8]", 64),
    "Cholesky": (
        "a[i,j] = if(i == j, 9, sin(i*j)) for i in 1..8, j in 1..8; l[i,i] = sqrt(a[i,i] - sum(l[i,k]^2 for k in 1..i-1)) for i in 1..8; l[i,j] = (a[i,j] - sum(l[i,k]*l[j,k] for k in 1..j-1))/l[j,j] for i in 2..8, j in 1..i-1; L = sum(log(l[i,i]) for i in 1..8)", 8),
    "LU": (
        "a[i,j] = if(i == j, 9, sin(i*j)) for i in 1..8, j in 1..8; u[i,j] = a[i,j] - sum(l[i,k]*u[k,j] for k in 1..i-1) for i in 1..8, j in i..8; l[i,j] = (a[i,j] - sum(l[i,k]*u[k,j] for k in 1..j-1))/u[j,j] for i in 2..8, j in 1..i-1; L = sum(log(u[i,i]) for i in 1..8)", 8),
    "every second member": (
        "y[0] = 1; x[2*t] = sin(y[t]) for t in 0..9; y[t+1] = 0.5*x[2*t] + 0.1 for t in 0..9; L = y[10]", 11),
    "every third member and every second one, from the end": (
        "x[30] = 0.4; y[20] = 0.3; x[3*t] = cos(y[2*t+2])*x[3*t+3] for t in 0..9; y[2*t] = sin(x[3*t+3]) - y[2*t+2]/3 for t in 0..9; y[2*t+1] = 7 for t in 0..9; L = x[0]*y[0]*y[1]", 10),
    "every second member, of which others are read": (
        "y[0] = 1; x[2*t] = sin(y[t]) + x[2*t+1] for t in 0..9; x[2*t+1] = t/9 for t in 0..9; y[t+1] = 0.5*x[2*t] + sum(x[s] for s in 2*t..2*t+1) for t in 0..9; L = y[10]", 11),
    "one family counts from 0 and one from 1": (
        "x[t] = sin(y[t+1]) + y[t] for t in 1..9; y[t+1] = 0.4*x[t-1] + sum(x[s] for s in 0..t-1)/t for t in 1..9; y[1] = 0.3; x[0] = 0.2; L = x[9]", 9),
    "three families backwards, each with an index of its own": (
        "x[t-2] = 0.5*z[t] + 0.1*y[t-1] for t in 2..9; y[t-1] = sin(z[t+1]) for t in 1..9; z[t] = 0.3*x[t-1] - y[t] + 0.2*z[t+1] for t in 1..8; z[9] = 0.2; z[10] = 0.1; y[9] = 0.3; x[8] = 0.7; L = x[0] + z[1]", 9),
    "a triangle by columns, backwards": (
        "x[i,i] = sin(i) for i in 1..9; x[i,j] = sum(x[k,j+1]/(k+j) for k in i..9 if k > j) for i in 2..9, j in 1..i-1; L = sum(x[i,1] for i in 1..9)", 8),
}  # fmt: skip
"""Each with how many times there are in the order that is found."""


@pytest.mark.parametrize("name", TEXTS)
def test_the_order_is_found(name: str) -> None:
    text, times = TEXTS[name]
    looped, found, right = both(f"{text}; output L", {})
    assert [run.count for run in looped.loops.runs if isinstance(run, Recurrence)] == [times]
    assert found
    assert found.data == right.gradient.data
    assert [*found.gradients] == [*right.gradient.gradients]
    assert apart(found, right) <= 4
    made = compiled(f"{text}; output L", {})
    assert made
    model, names, engine = made
    value, slopes = engine.run(numpy.array([model.default(name) for name in names]))
    assert isclose(value, right.gradient.value, rel_tol=1e-14)
    by_name = dict(zip(names, slopes.tolist(), strict=True))
    assert apart(right.gradient._replace(gradients=by_name), right) <= 4


@pytest.mark.parametrize("rest", ["1..i-1", "i+1..n"])
def test_a_triangular_solve_is_loops(rest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One member a time, of which each has a sum. By the right side its gradient is a solution, too."""
    monkeypatch.setattr(sequence, "THIN", THIN)
    text = (
        f"n = 100; a[i,j] = sin(i + 2*j) for i in 1..n, j in 1..n; b[i] = cos(i) for i in 1..n; output L; "
        f"L = sum(c[i]*x[i] for i in 1..n); const c[i] = 1/i for i in 1..n; "
        f"x[i] = (b[i] - sum(a[i,j]*x[j] for j in {rest}))/(n + a[i,i]) for i in 1..n"
    )
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    found = by_loops(model, {}, None)
    assert found
    i, j = numpy.arange(1, 101)[:, None], numpy.arange(1, 101)[None, :]
    a = numpy.sin(i + 2 * j) + 100 * numpy.eye(100)
    a = numpy.tril(a) if rest == "1..i-1" else numpy.triu(a)
    x = numpy.linalg.solve(a, numpy.cos(numpy.arange(1, 101)))
    back = numpy.linalg.solve(a.T, 1 / numpy.arange(1, 101))
    for at in range(100):
        assert isclose(found.data[f"x[{at + 1}]"], x[at], rel_tol=1e-12)
        assert isclose(found.gradients[f"b[{at + 1}]"], back[at], rel_tol=1e-12)
    assert isclose(found.gradients["a[7,7]"], -x[6] * back[6], rel_tol=1e-12)


def test_what_has_no_order_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every member reads one that is earlier, but by no order of an index: i to 5*i mod 17."""
    text = "k[i] = mod(5*i, 17) for i in 2..16; x[1] = 0.3; x[i] = 0.5*x[k[i]] + 0.1 for i in 2..16; L = x[16]; output L"
    said: list[str] = []
    model = read_model(Source("<text>", text), many=0, tell=said.append)
    assert not model.loops
    assert "members need one another in an order that is no loop" in said[0]
