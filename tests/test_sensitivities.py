"""Derivatives of the members of recurrences by states that they began at or came through, by several
parameters and by states just before, which stay loops: against the same with a row of its own for every member."""

from __future__ import annotations

import math
import random

import mpmath
import pytest

import backprop
from backprop.evaluation.gradient import evaluate
from backprop.language.reading import read_carefully
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import loops_agree, text_agrees
from sizes import size


def text_of(chance: random.Random) -> str:
    """A recurrence of one family, of two, or of a vector, and derivatives of its members."""
    times = chance.choice([4, 6, 9])
    f = chance.choice(
        [
            "tanh({})",
            "sin({})",
            "0.5*({})^2",
            "exp(-({})^2)",
            "abs({})",
            "if({} > 0, 0.4*w, {}*0.9)",
        ]
    )
    g = chance.choice(["tanh({})", "0.7*({})", "cos({})", "max({}, 0.1)"])
    begin = "0..3" if (long := chance.random() < 0.4) else "0..0"
    late = chance.randint(1, times - 1)
    lines = ["w = 0.7", "u[k] = 0.4*k - 0.5 for k in 1..3", f"x[i] = sin(i) for i in 0..{times}"]
    kind = chance.choice(["one", "two", "vector", "grid"])
    if kind == "one":
        back = chance.choice([1, 1, 2, 4]) if long else 1
        body = f.replace("{}", f"w*s[i-{back}] + 0.2*s[i-1] + u[1]*x[i]")
        lines += [
            f"s[i] = 0.3 + 0.1*i for i in {begin}",
            f"s[i] = {body} for i in {4 if long else 1}..{times}",
        ]
        of, state = "s[i]", "s[{}]"
    elif kind == "two":
        lines += [
            "s[0] = 0.4; v[0] = u[2]",
            f"v[i] = {g.replace('{}', 'v[i-1] - w*s[i-1]')} for i in 1..{times}",
            f"s[i] = {f.replace('{}', 's[i-1] + 0.3*v[i]*u[3]')} for i in 1..{times}",
        ]
        of, state = chance.choice([("s[i]", "v[{}]"), ("s[i]", "s[{}]"), ("v[i]*s[i]", "s[{}]")])
    elif kind == "grid":
        body = f.replace("{}", "s[i-1,k-1] - w*s[i-1,k+1] + 0.3*s[i-1,k]")
        lines += [
            "s[0,k] = 0.2*k for k in 0..4",
            f"s[i,k] = {body} for i in 1..{times}, k in 1..3",
            f"s[i,0] = w*s[i-1,1] for i in 1..{times}",
            f"s[i,4] = u[2] for i in 1..{times}",
        ]
        of, state = "s[i,k]", chance.choice(["s[{},j]", "s[{},2]", "s[{},4]"])
    else:
        body = f.replace("{}", "sum(u[q]*s[i-1,q] for q in 1..3) + u[k]*w")
        lines += [
            "s[0,k] = 0.2*k for k in 1..3",
            f"s[i,k] = {body}" + f" for i in 1..{times}, k in 1..3",
        ]
        of, state = "s[i,k]", "s[{},j]"
    names = ["0", f"{late}", "i-1"]
    if kind == "one" and not long:
        names += ["i-2", "i-3"]
    at = chance.choice(names)
    first = {"0": 1, f"{late}": late + 1, "i-1": 1, "i-2": 2, "i-3": 3}[at]
    if kind == "one" and long:
        at, first = chance.choice(["0", "2", "3", "i-1"]), 4
    by = chance.choice([state.format(at), state.format(at), "u[j]", "w"])
    if by in ("u[j]", "w"):
        first = 1
    clauses = [f"i in {first}..{times}", *(["k in 1..3"] if kind in ("vector", "grid") else [])]
    if "j" in by:
        clauses.append("j in 1..3")
    chance.shuffle(clauses)
    letters = ",".join(each[0] for each in clauses)
    of = chance.choice([of, of, f"{of}^2*u[2] + x[i]", f"sin({of})*w", f"max({of}, 0.05)"])
    lines.append(f"d[{letters}] = derivative({of}, {by}) for {', '.join(clauses)}")
    total = f"d[{letters}]^2*x[i] + d[{letters}]"
    if chance.random() < 0.4:  # of a derivative that is a recurrence itself
        other = chance.choice(["x[i]", "w", "x[i-1]", "u[2]"])
        lines.append(f"e[{letters}] = derivative(d[{letters}], {other}) for {', '.join(clauses)}")
        total += f" + e[{letters}]*(2 + i)"
    lines.append(f"L = sum({total} for {', '.join(clauses)})")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "number", [*range(60), *(pytest.param(at, marks=pytest.mark.whole) for at in range(60, 600))]
)
@pytest.mark.parametrize("steps", [8, 0])
def test_every_member_is_that_of_its_own_steps(
    number: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_agrees(monkeypatch, text_of(random.Random(number)), "L", steps)


def test_that_nearly_all_of_these_are_loops() -> None:
    texts = [text_of(random.Random(number)) for number in range(size(50, 100))]
    loops = [bool(read_model(Source("<text>", text), many=0).loops) for text in texts]
    assert sum(loops) > 0.75 * len(loops)  # of others derivatives are 0 for all members


def test_the_first_of_the_largest_terms_has_the_derivative() -> None:
    """L = q^2 * max(r), of which r[2] and r[3] are both the largest: by r[2] it is q^2, by r[3] 0, by q 2*q*1."""
    text = """q[i] = 0.4 + i for i in 0..2
r[1] = 0.5
r[2] = 1
r[3] = 1
L = sum(max(q[i]^2*r[j] for j in 1..3) - min(-q[i]*r[j] for j in 1..3) for i in 0..2)
D[i] = derivative(L, q[i]) for i in 0..2
E[i] = derivative(L, r[i]) for i in 1..3
H[i,j] = derivative(D[i], r[j]) for i in 0..2, j in 1..3
Z = sum(D[i] for i in 0..2) + sum(E[i] for i in 1..3) + sum(H[i,j] for i in 0..2, j in 1..3)
"""
    model = read_model(Source("<text>", text), many=0)
    assert model.loops
    found = model.swept({}, "Z", False)  # type: ignore[attr-defined]
    assert found.values["D"][:3] == pytest.approx([1.8, 3.8, 5.8], rel=1e-14)
    total = sum(q * q + q for q in (0.4, 1.4, 2.4))
    assert found.values["E"][:3] == pytest.approx([0, total, 0], rel=1e-14)
    slopes = [each for q in (0.4, 1.4, 2.4) for each in (0, 2 * q + 1, 0)]
    assert found.values["H"][:9] == pytest.approx(slopes, rel=1e-14)


def test_a_variational_equation_is_the_recurrence_of_its_state() -> None:
    """Of x[t+1] = r*x[t]*(1 - x[t]) the derivative by x[0] is the product of r*(1 - 2*x[t]), in 60 digits."""
    text = """n = 30000
x[0] = 0.3; r = 3.2
x[t+1] = r*x[t]*(1 - x[t]) for t in 0..n-1
g[t] = derivative(x[t], x[0]) for t in 1..n
S = sum(g[t] for t in 1..n)
"""
    found = backprop.parse(text).grad(of="S")
    with mpmath.workdps(60):
        r, x, slope = mpmath.mpf(3.2), mpmath.mpf(0.3), mpmath.mpf(1)
        total = mpmath.mpf(0)
        for _ in range(30000):
            slope *= r * (1 - 2 * x)
            x = r * x * (1 - x)
            total += slope
        assert found.value == pytest.approx(float(total), rel=1e-12)


@pytest.mark.parametrize("times", [300, 3000])
def test_sensitivities_are_no_longer_quadratic(times: int) -> None:
    """A derivative for each member of a recurrence goes through all before it, which was unrolled."""
    text = f"""n = {times}
s[0] = 0.1
s[i] = tanh(w*s[i-1] + 0.1) for i in 1..n
w = 0.7
g[i] = derivative(s[i], w) for i in 1..n
G = sum(g[i] for i in 1..n)
"""
    found = backprop.parse(text).grad(of="G")
    s, g, total = 0.1, 0.0, 0.0
    for _ in range(times):
        before, s = s, math.tanh(0.7 * s + 0.1)
        g = (1 - s * s) * (before + 0.7 * g)
        total += g
    assert found.value == pytest.approx(total, rel=1e-13)
    assert read_model(Source("<text>", text)).loops


def test_of_many_members_none_may_depend_on_a_name() -> None:
    """Then all are 0, and a warning names both; unrolled, each goes through all that is before it."""
    text = """n = 20000
s[0] = 0.1; q = 2; w = 0.7
s[i] = tanh(w*s[i-1] + 0.1) for i in 1..n
g[i] = derivative(s[i], q) for i in 1..n
G = sum(g[i] + s[i]/n for i in 1..n) + q
"""
    model = read_model(Source("<text>", text))
    assert model.loops
    (warning,) = model.warnings
    assert warning.message == "s[i] does not depend on q: derivative(s[i], q) is 0"
    found = backprop.parse(text).grad(of="G")
    assert not any(found.data[f"g[{at}]"] for at in (1, 20000))
    assert found.gradients["q"] == 1


def test_sums_of_one_term_at_the_end_of_a_window_stay_loops() -> None:
    """Of the last window the sum is its only term, a power whose slope does not have its value."""
    text = """u[i] = a*cos(i) + b for i in 1..40
s[i] = sum(u[j]^2 for j in i..min(i+3,40)) for i in 1..40
V = logsumexp(s[i]*c for i in 1..40)
L = derivative(V, a) + derivative(derivative(V, b), c)
a = 0.9; b = 0.3; c = 0.7
"""
    source = Source("<text>", text)
    looped = read_model(source, many=0)
    assert looped.loops
    loops_agree(looped, evaluate(read_carefully(source), {}, "L").gradient)
