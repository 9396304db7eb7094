"""Second derivatives through recurrences along a rod whose ends are given for all times, stay, or are what is
beside them: loops against the text unrolled, and against mpmath."""

from __future__ import annotations

import random

import mpmath
import pytest

from backprop.evaluation.gradient import by_loops
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import text_agrees

INNER = (
    "u[t-1,i] + k[t]*(u[t-1,i-1] - 2*u[t-1,i] + u[t-1,i+1])",
    "u[t-1,i] + k[t]*sin(u[t-1,i-1])*u[t-1,i+1] - 0.1*u[t-1,i]^3",
    "0.8*u[t-1,i] + w*u[t-1,i-1]*k[t] + tanh(u[t-1,i+1])",
    "u[t-1,i] + k[t]*(u[t-1,i+1] - u[t-1,i-1])*u[t-1,i]",
)
LEFT = (
    "0", "0.5", "c[t]", "c[t]^2", "w", "k[t]", "sin(t)", "u[0,1]", "u[t-1,1]", "u[t,2]",
    "w*u[t-1,2]", "u[t-1,1]*0.9 + c[t]", "c[t]*k[t]",
)  # fmt: skip


def text_of(chance: random.Random) -> str:
    """A rod of a few cells, a number of it, and that number's second derivatives for each time."""
    n, times = chance.choice([4, 5, 6]), chance.choice([5, 7, 9])
    right = (
        "0", "0.2", "c[t]", "k[t]*w", "sin(c[t])", f"u[0,{n}]", f"u[t-1,{n}]", f"u[t-1,{n - 1}]",
        "u[t-1,2]", "u[t,2]",
    )  # fmt: skip
    lines = [
        f"k[t] = 0.1 + 0.03*sin(t) for t in 0..{times}",
        f"c[t] = cos(t)/3 for t in 0..{times}",
        "w = 0.4",
        f"u[0,i] = sin(i/2 + 0.3) for i in 1..{n}",
        f"u[t,i] = {chance.choice(INNER)} for t in 1..{times}, i in 2..{n - 1}",
        f"u[t,1] = {chance.choice(LEFT)} for t in 1..{times}",
        f"u[t,{n}] = {chance.choice(right)} for t in 1..{times}",
    ]
    totals = [
        f"sum(u[{times},i]^2 for i in 1..{n})",
        f"sum(u[t,2]^2*u[t,1] for t in 1..{times})",
        f"u[{times},2]^4",
        f"sum(u[t,i]^3*c[t] for t in 1..{times}, i in 1..{n})",
        f"sum(u[{times},i] for i in 1..{n})^2",
        f"u[{times},2]*u[3,2]",
    ]
    if chance.random() < 0.3:
        lines.append(f"v[t] = u[t,2]*c[t] + u[t,1] for t in 0..{times}")
        totals = [f"sum(v[t]^2 for t in 0..{times})", f"v[{times}]*v[1] + u[{times},2]^3"]
    lines.append(f"E = {chance.choice(totals)}")
    one = chance.choice(["k[t]", "k[t]", "c[t]", "u[t,2]", "u[t,1]", "u[t-1,2]", "u[t,i]"])
    other = chance.choice(["k[t]", "k[t]", "c[t]", "w", "u[t,2]", "u[t,1]", "k[t-1]", "u[t,i]"])
    cells = "i" in one + other
    member = "g[t,i]" if cells else "g[t]"
    clauses = f"t in 1..{times}, i in 1..{n}" if cells else f"t in 1..{times}"
    lines.append(f"{member} = derivative(derivative(E, {one}), {other}) for {clauses}")
    lines.append(f"L = sum({member}^2 + {member}*k[t] for {clauses})")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "number", [*range(6), *(pytest.param(at, marks=pytest.mark.whole) for at in range(6, 200))]
)
def test_every_number_is_that_of_its_own_steps(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_agrees(monkeypatch, text_of(random.Random(number)), "L", 8 * (number % 2))


@pytest.mark.parametrize(
    ("left", "right"), [("0.5", "0.2"), ("u[t-1,1]", "u[0,4]"), ("c[t]*k[t]", "sin(t)")]
)
def test_long_ones_are_loops_and_right(left: str, right: str) -> None:
    times, at = 150, 7
    text = f"""
        u[0,i] = sin(i/5) for i in 1..4
        u[t,i] = u[t-1,i] + k[t]*(u[t-1,i-1] - 2*u[t-1,i] + u[t-1,i+1])*u[t-1,i] for t in 1..{times}, i in 2..3
        u[t,1] = {left} for t in 1..{times}
        u[t,4] = {right} for t in 1..{times}
        E = sum(u[{times},i]^4 for i in 1..4)
        g[t] = derivative(derivative(E, k[t]), k[t]) for t in 1..{times}
        k[t] = 0.1 for t in 1..{times}
        c[t] = cos(t) for t in 1..{times}
        L = g[{at}]
        output L
    """
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    found = by_loops(model, {}, None)
    assert found

    def end(step: mpmath.mpf) -> mpmath.mpf:
        u = [mpmath.sin(mpmath.mpf(i) / 5) for i in range(1, 5)]
        first = u
        for t in range(1, times + 1):
            k = mpmath.mpf(0.1) + (step if t == at else 0)
            inner = [u[i] + k * (u[i - 1] - 2 * u[i] + u[i + 1]) * u[i] for i in (1, 2)]
            ends = {
                "0.5": mpmath.mpf(0.5), "0.2": mpmath.mpf(0.2), "u[t-1,1]": u[0], "u[0,4]": first[3],
                "c[t]*k[t]": mpmath.cos(t) * k, "sin(t)": mpmath.sin(t),
            }  # fmt: skip
            u = [ends[left], *inner, ends[right]]
        return sum(each**4 for each in u)

    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        expected = (end(h) - 2 * end(mpmath.mpf(0)) + end(-h)) / h**2
    assert found.value == pytest.approx(float(expected), rel=1e-11)
