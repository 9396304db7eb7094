"""Third derivatives of what a recurrence leads to, for each time by a member of its own or near it, which stay
loops: against the same with a row of its own for every member, and differences of many digits."""

from __future__ import annotations

import math
import random
from functools import partial

import mpmath
import pytest

import backprop
from backprop.evaluation.gradient import evaluate
from backprop.language.reading import read_carefully
from backprop.loops import sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import text_agrees
from nested_texts import nested_text


def text_of(chance: random.Random, n: int) -> str:
    """A recurrence, what it leads to, and third derivatives of that by members of each time."""
    f = chance.choice(["tanh({})", "sin({})", "exp(-({})^2)", "0.5*({})^2"])
    kind = chance.choice(["one", "one", "two", "order two", "vector", "back"])
    lines = [f"w = 0.7; n = {n}", "u[i] = sin(i) for i in 0..n", "y[i] = cos(2*i) for i in 0..n"]
    state, first, end, last = "s[{}]", 1, "n", "n"
    if kind == "one":
        lines += ["s[0] = 0.4", f"s[i] = {f.replace('{}', 'w*s[i-1] + u[i]')} for i in 1..n"]
    elif kind == "two":
        lines += [
            "s[0] = 0.4; v[0] = w",
            "v[i] = v[i-1]*0.5 - w*s[i-1]*u[i] for i in 1..n",
            f"s[i] = {f.replace('{}', 's[i-1] + 0.3*v[i]')} for i in 1..n",
        ]
    elif kind == "order two":
        body = f.replace("{}", "w*s[i-1] + 0.4*s[i-2] + u[i]")
        lines += ["s[0] = 0.3; s[1] = w", f"s[i] = {body} for i in 2..n"]
        first = 2
    elif kind == "vector":
        body = f.replace("{}", "sum(q[m]*s[i-1,m] for m in 1..2) + q[k]*u[i]")
        lines += [
            "s[0,k] = 0.2*k for k in 1..2",
            "q[k] = 0.4*k - 0.5 for k in 1..2",
            f"s[i,k] = {body} for i in 1..n, k in 1..2",
        ]
        state = "s[{},1]*s[{},2]"
    else:
        lines += ["s[n] = 0.4", f"s[i] = {f.replace('{}', 'w*s[i+1] + u[i]')} for i in 1..n-1"]
        end, last = "1", "n-1"
    each, at = state.replace("{}", "i"), f"for i in {first}..{last}"
    final = state.replace("{}", end)
    one = state.replace("{}", str(chance.choice([first + 1, first + 2, n - 2])))
    loss = chance.choice(
        [
            f"sum({each} {at})",
            f"sum({each}*y[i] {at})^2",
            f"sum({each} {at})^3",
            f"{final}*{one}",
            f"{final}^2",
            f"sum(({each} - y[i])^2 {at})/n",
            f"sqrt(mean(({each} - y[i])^2 {at}))",
            f"exp(sum({each} {at})/n)*{final}",
        ]
    )
    lines.append(f"L = {loss}")
    stop = "n-2" if kind == "back" else "n"

    def near() -> str:
        return chance.choice(["k", "k", "k", "k", "k-1"])

    if chance.random() < 0.7:
        inner = f"derivative(derivative(L, u[k]), u[{near()}])"
        lines.append(f"g[k] = derivative({inner}, u[{near()}]) for k in {first + 2}..{stop}")
    else:
        lines += [
            f"h[k] = derivative(L, u[k]) for k in {first}..{stop}",
            f"p[k] = derivative(h[k], u[{near()}]) for k in {first + 1}..{stop}",
            f"g[k] = derivative(p[k], u[{near()}]) for k in {first + 2}..{stop}",
        ]
    lines.append(f"Z = sum(g[k]*(1 + y[k]) + g[k]^2 for k in {first + 2}..{stop})")
    return "\n".join(lines)


def is_swept(text: str) -> bool:
    """Whether arrays compute it."""
    model = read_model(Source("<text>", text), many=0)
    return isinstance(model, LoopModel) and model.swept({}, "Z", False) is not None


@pytest.mark.parametrize(
    "number", [0, *(pytest.param(at, marks=pytest.mark.whole) for at in range(1, 120))]
)
def test_every_third_derivative_is_that_of_its_own_steps(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_agrees(monkeypatch, text_of(random.Random(number), 6), "Z", 8 * (number % 2))


def test_that_these_are_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more times than an equation is read again within itself."""
    monkeypatch.setattr(sequence, "THIN", 0)
    texts = [text_of(random.Random(number), 40) for number in range(3)]
    assert all(map(is_swept, texts))


@pytest.mark.parametrize("number", [pytest.param(at, marks=pytest.mark.whole) for at in range(12)])
def test_many_times(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text_agrees(monkeypatch, text_of(random.Random(number), 36), "Z", 8 * (number % 2))


LOSSES = ["sum(s[i] for i in 1..n)", "sum(s[i] for i in 1..n)^2", "s[n]*s[3]"]


@pytest.mark.parametrize("loss", [pytest.param(0, marks=pytest.mark.whole), 1, 2])
def test_a_long_recurrence_has_third_derivatives(loss: int) -> None:
    """∂³L/∂x[i]³ of 300 times are differences of L in 60 digits."""
    n = 300
    text = f"""n = {n}
x[i] = sin(i) for i in 0..n
s[0] = 0.1; w = 0.7
s[i] = sin(w*s[i-1] + x[i]) for i in 1..n
L = {LOSSES[loss]}
g[i] = derivative(derivative(derivative(L, x[i]), x[i]), x[i]) for i in 1..n
Z = sum(g[i] for i in 1..n)
"""
    assert is_swept(text)
    found = backprop.parse(text).grad(of="Z")
    with mpmath.workdps(80):
        inputs = [mpmath.mpf(found.data[f"x[{i}]"]) for i in range(n + 1)]
        weight, begin = mpmath.mpf(0.7), mpmath.mpf(0.1)

        def value(at: int, move: mpmath.mpf) -> mpmath.mpf:
            states = [begin]
            for i in range(1, n + 1):
                states.append(
                    mpmath.sin(weight * states[-1] + inputs[i] + (move if i == at else 0))
                )
            total = sum(states[1:])
            return [total, total**2, states[-1] * states[3]][loss]

        h = mpmath.mpf("1e-16")
        for i in (n, n - 1, n - 7, 4, 3, 1):
            one, two, three, four = (value(i, k * h) for k in (-2, -1, 1, 2))
            right = (four - 2 * three + 2 * two - one) / (2 * h**3)
            assert found.data[f"g[{i}]"] == pytest.approx(float(right), rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_few_times_of_recurrences_that_lead_to_one_another(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By members of so few times equations are read again within themselves, each for other times."""
    monkeypatch.setattr(sequence, "THIN", 0)
    text = f"""x[i] = sin(i) for i in 0..{n}
r[0] = 0.2; s[0] = 0.4
r[i] = sin(r[i-1]+x[i]) for i in 1..{n}
s[i] = s[i-1]*r[i] for i in 1..{n}
L = sum(s[i]^2 for i in 1..{n})
g[i] = derivative(derivative(L, r[i]), r[i-1]) for i in 2..{n}
e[i] = derivative(g[i], x[i]) for i in 2..{n}
Z = sum(g[i] + e[i] for i in 2..{n})"""
    x = [mpmath.mpf(math.sin(i)) for i in range(n + 1)]

    def moved(at: int, later: mpmath.mpf, before: mpmath.mpf, by: mpmath.mpf) -> mpmath.mpf:
        """L, where r[at], r[at-1] and x[at] are as much more."""
        more = {at: later, at - 1: before}
        r, s, total = mpmath.mpf(0.2), mpmath.mpf(0.4), mpmath.mpf(0)
        for i in range(1, n + 1):
            r = mpmath.sin(r + x[i] + (by if i == at else 0)) + more.get(i, 0)
            s *= r
            total += s**2
        return total

    with mpmath.workdps(40):
        right = [mpmath.diff(partial(moved, at), (0, 0, 0), (1, 1, 1)) for at in range(2, n + 1)]
    looped = read_model(Source("<text>", text), many=0)
    assert isinstance(looped, LoopModel)
    swept = looped.swept({}, "Z", False)
    assert swept is not None
    assert swept.values["e"][: n - 1].tolist() == pytest.approx([*map(float, right)], rel=1e-12)


@pytest.mark.parametrize(
    "number", [3, 4, *(pytest.param(at, marks=pytest.mark.whole) for at in range(5, 300))]
)
def test_nested_recurrences(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values and gradients are those of the same text with a row of its own for every member."""
    monkeypatch.setattr(sequence, "STEPS", 8 * (number % 2))
    monkeypatch.setattr(sequence, "THIN", 0)
    source = Source("<text>", nested_text(random.Random(number)))
    right = evaluate(read_carefully(source), {}, "Z").gradient
    looped = read_model(source, many=0)
    swept = looped.swept({}, "Z", False) if isinstance(looped, LoopModel) else None
    if swept is None:
        return  # unrolled
    for found, expected in ((swept.values, right.data), (swept.gradients, right.gradients)):
        for name, number_of in expected.items():
            of, at = looped.kind(name)  # type: ignore[attr-defined]
            each = found[of.name][at] if of.name in found else 0.0
            assert each == pytest.approx(number_of, rel=1e-8, abs=1e-11), name


TWICE_READ = """x[i] = sin(i) for i in 0..8
s[0] = 0.4
s[i] = sin(s[i-1] + x[i]) for i in 1..8
L = 1/(1 + s[8]^2)
g[i] = derivative(derivative(L, x[i]), x[1]) for i in 7..8
e[i] = derivative(g[i], x[i]) for i in 7..8
Z = sum(e[i] for i in 7..8)"""
"""What the last state alone is read in is one number for the way of one derivative, and moves on that of another."""

HELD_BY_ANOTHER = """w = 0.7; x[i] = sin(i) for i in 0..4
s[0] = 0.4
s[i] = w*s[i-1]*x[i] for i in 1..4
L = sum(s[i]^2 for i in 1..4)
g[i] = derivative(derivative(L, w), s[i]) for i in 2..4
e[i] = derivative(g[i], x[i]) for i in 2..4
Z = sum(e[i] for i in 2..4)"""
"""A number of the state that ends before the others is its own last one from there on."""


def test_numbers_of_states_are_the_same_for_each_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "THIN", 0)
    x = [mpmath.mpf(math.sin(i)) for i in range(9)]

    def last(at: int, one: mpmath.mpf, other: mpmath.mpf) -> mpmath.mpf:
        state, more = mpmath.mpf(0.4), {at: one, 1: other}
        for i in range(1, 9):
            state = mpmath.sin(state + x[i] + more.get(i, 0))
        return 1 / (1 + state**2)

    def squares(at: int, by: mpmath.mpf, added: mpmath.mpf, more: mpmath.mpf) -> mpmath.mpf:
        state, total = mpmath.mpf(0.4), mpmath.mpf(0)
        for i in range(1, 5):
            own = i == at
            state = (0.7 + by) * state * (x[i] + more * own) + added * own
            total += state**2
        return total

    with mpmath.workdps(40):
        twice = [mpmath.diff(partial(last, at), (0, 0), (2, 1)) for at in (7, 8)]
        held = [mpmath.diff(partial(squares, at), (0, 0, 0), (1, 1, 1)) for at in (2, 3, 4)]
    for text, right in ((TWICE_READ, twice), (HELD_BY_ANOTHER, held)):
        looped = read_model(Source("<text>", text), many=0)
        assert isinstance(looped, LoopModel)
        swept = looped.swept({}, "Z", False)
        assert swept is not None
        found = swept.values["e"][: len(right)].tolist()
        assert found == pytest.approx([*map(float, right)], rel=1e-12)


def test_a_state_near_the_last_that_others_are_multiplied_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`s[3]` is one number for all terms of the sum, and stands near the last time: there it is that number, too."""
    monkeypatch.setattr(sequence, "THIN", 0)
    text = """x[i] = sin(i) for i in 0..5
s[0] = 0.4
s[i] = sin(s[i-1] + x[i]) for i in 1..5
L = sin(s[5])*s[3]*sum(s[i] for i in 1..5)
g[i] = derivative(derivative(L, x[i]), x[i]) for i in 3..5
e[i] = derivative(g[i], x[i-1]) for i in 3..5
Z = sum(e[i] for i in 3..5)"""
    x = [mpmath.mpf(math.sin(i)) for i in range(6)]

    def moved(at: int, one: mpmath.mpf, other: mpmath.mpf) -> mpmath.mpf:
        """L, where x[at] and x[at-1] are as much more."""
        s, more = [mpmath.mpf(0.4)], {at: one, at - 1: other}
        for i in range(1, 6):
            s.append(mpmath.sin(s[-1] + x[i] + more.get(i, 0)))
        return mpmath.sin(s[5]) * s[3] * sum(s[1:])

    with mpmath.workdps(40):
        right = [float(mpmath.diff(partial(moved, at), (0, 0), (2, 1))) for at in (3, 4, 5)]
    looped = read_model(Source("<text>", text), many=0)
    assert isinstance(looped, LoopModel)
    swept = looped.swept({}, "Z", False)
    assert swept is not None
    assert swept.values["e"][:3].tolist() == pytest.approx(right, rel=1e-12)
