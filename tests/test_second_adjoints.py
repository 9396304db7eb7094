"""Derivatives of the adjoints of recurrences, for each time by a member of its own or near it, which stay loops:
against the same with a row of its own for every member."""

from __future__ import annotations

import random

import mpmath
import pytest

import backprop
from backprop.errors import TooLarge
from backprop.loops import sequence
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import text_agrees


def text_of(chance: random.Random, times: int = 0) -> str:
    """A recurrence, what it leads to, the derivatives of that by members of each time, and of these others.
    times: how many, drawn if not given."""
    n = chance.choice([5, 6, 7])
    n = times or n
    f = chance.choice(
        ["tanh({})", "sin({})", "0.5*({})^2", "exp(-({})^2)", "if({} > 0, 0.4*w*({0})^2, sin({}))"]
    ).replace("{0}", "{}")
    kind = chance.choice(["one", "one", "order two", "two", "vector", "chain", "split", "back"])
    lines = [
        "w = 0.7; n = " + str(n),
        "x[i] = sin(i) for i in 0..n",
        "y[i] = cos(2*i) for i in 0..n",
    ]
    of, states, first = "s[{}]", ["s[{}]"], 1
    if kind == "order two":
        lines += [
            "s[0] = 0.3; s[1] = w",
            f"s[i] = {f.replace('{}', 'w*s[i-1] + 0.4*s[i-2] + x[i]')} for i in 2..n",
        ]
        first = 2
    elif kind == "two":
        lines += [
            "s[0] = 0.4; v[0] = w",
            "v[i] = v[i-1] - w*s[i-1]*x[i] for i in 1..n",
            f"s[i] = {f.replace('{}', 's[i-1] + 0.3*v[i]')} for i in 1..n",
        ]
        states.append("v[{}]")
    elif kind == "chain":
        lines += [
            "r[0] = 0.2; s[0] = 0.4",
            f"r[i] = {f.replace('{}', 'w*r[i-1] + x[i]')} for i in 1..n",
            "s[i] = sin(s[i-1] + r[i]*w) for i in 1..n",
        ]
        states.append("r[{}]")
    elif kind == "split":
        lines += [
            "s[0] = 0.4",
            "d[i] = x[i]^2*w for i in 1..n",
            f"s[i] = {f.replace('{}', 'w*s[i-1] + d[i]')} for i in 1..n",
        ]
        states.append("d[{}]")
    elif kind == "vector":
        body = f.replace("{}", "sum(u[q]*s[i-1,q] for q in 1..2) + u[k]*x[i]")
        lines += [
            "s[0,k] = 0.2*k for k in 1..2",
            "u[k] = 0.4*k - 0.5 for k in 1..2",
            f"s[i,k] = {body} for i in 1..n, k in 1..2",
        ]
        of, states = "s[{},1]*s[{},2]", ["s[{},1]", "s[{},2]"]
    elif kind == "back":
        lines += ["s[n] = 0.4", f"s[i] = {f.replace('{}', 'w*s[i+1] + x[i]')} for i in 1..n-1"]
    else:
        lines += ["s[0] = 0.4", f"s[i] = {f.replace('{}', 'w*s[i-1] + x[i]')} for i in 1..n"]
    last, stop = ("1", "n-1") if kind == "back" else ("n", "n")
    each = of.replace("{}", "i")
    end = of.replace("{}", last)
    span = f"{first}..{stop}"
    far = str(chance.choice([first, first + 1, n - 1]))
    lines.append(
        "L = "
        + chance.choice(
            [
                f"sin({end})",
                f"({end})^2",
                f"sum(({each} - y[i])^2 for i in {first}..{stop})",
                f"sum(sin({each})*x[i] for i in {first}..{stop}) + exp({end})",
                f"sum({each} for i in {first}..{stop})^2",
                f"mean(({each})^2*y[i] for i in {first}..{stop})",
                f"sqrt(mean(({each} - y[i])^2 for i in {first}..{stop}))",
                f"log(1 + sum(({each})^2*x[i]^2 for i in {first}..{stop}))*{end}",
                f"logsumexp({each}*x[i] for i in {first}..{stop}) + w*{end}",
                f"{end}*{of.replace('{}', far)}",
                f"sin({end})*{of.replace('{}', far)}*sum({each}*x[i] for i in {first}..{stop})",
                f"({end})^2 + sum(x[i]^2*y[i] for i in 0..n)",
                f"{end}*sum(x[i]^2*y[i] for i in 0..n)",
                f"dot({states[0].replace('{}', span)}, x[{span}])^2*w + sum(x[i]^2 for i in 0..n)",
            ]
        )
    )
    if len(states) > 1 and kind != "vector" and chance.random() < 0.4:
        also = states[1].replace("{}", "i")
        lines[-1] += f" + sum({also}*x[i] for i in {first}..{stop})^2*{end}"
    names = ["x[{}]", *states]
    by, other = chance.choice(names), chance.choice(names)
    near = chance.choice(["i", "i", "i", "i-1", "i+1", "i-2"])
    low, high = first + 2, n - 1 if near == "i+1" else n
    if kind == "back":
        low, high = 3, n - 2
    lines.append(f"h[i] = derivative(L, {by.replace('{}', 'i')}) for i in {first}..{stop}")
    what = chance.choice(["h[i]", "h[i]", "h[i]^2*w", "sin(h[i]) + x[i]*h[i]"])
    other = other.replace("{}", near)
    if chance.random() < 0.2:
        what = f"derivative(L, {by.replace('{}', 'i')})"
    lines.append(f"g[i] = derivative({what}, {other}) for i in {low}..{high}")
    total = "g[i]*(1 + y[i]) + g[i]^2"
    if chance.random() < 0.25:
        lines.append(
            f"e[i] = derivative(g[i], {chance.choice(['x[i]', 'x[i-1]', 'w'])}) for i in {low}..{high}"
        )
        total += " + e[i]*y[i]"
    lines.append(f"Z = sum({total} for i in {low}..{high})")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "number", [*range(36), *(pytest.param(at, marks=pytest.mark.whole) for at in range(36, 600))]
)
@pytest.mark.parametrize("steps", [8, 0])
def test_every_member_is_that_of_its_own_steps(
    number: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_agrees(monkeypatch, text_of(random.Random(number)), "Z", steps)


@pytest.mark.parametrize("number", [87, 200, 326, 460, 536, 544])
def test_the_last_members_of_many_that_depend_on_nothing_are_told(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The derivative of a product of states, by the last of them, and that of a derivative which is 0."""
    text = text_of(random.Random(number), 40)
    assert read_model(Source("<text>", text), many=0).warnings
    text_agrees(monkeypatch, text, "Z", 8)


def test_that_nearly_all_of_these_are_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more times than an equation is read again within itself."""
    monkeypatch.setattr(sequence, "THIN", 0)
    texts = [text_of(random.Random(number), 40) for number in range(16)]
    texts = [text for text in texts if "\ne[i]" not in text]  # without third derivatives
    loops = [bool(read_model(Source("<text>", text), many=0).loops) for text in texts]
    assert sum(loops) >= 0.8 * len(texts)  # some are 0 for all members


NUMBERS = [
    "sum(x[i]^2*y[i] for i in 1..n)",
    "mean(sin(x[i]*w) for i in 1..n)",
    "sum(s[i]*x[i] for i in 1..n)",
    "s[n]",
    "s[n-3]",
    "x[7]",
    "logsumexp(x[i]*w for i in 1..n)",
    "norm(x[1..n])",
]


@pytest.mark.parametrize(
    "number", [*range(10), *(pytest.param(at, marks=pytest.mark.whole) for at in range(10, 200))]
)
def test_numbers_that_multiply_what_comes_back(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more times than an equation is read again within itself, against the unrolled text."""
    chance = random.Random(number)
    one, two, three = chance.sample(NUMBERS, 3)
    of = chance.choice(["{}*{}", "{}*{}*w + {}", "sin({})*{}", "({} + 1)^2*{} + {}", "exp(-({}))/(2 + sin({}))"])  # fmt: skip
    of = of.format(*[one, two, three][: of.count("{}")])
    near = chance.choice(["i", "i", "i-1"])
    named = chance.random() < 0.5
    first = "h[i] = derivative(L, x[i]) for i in 1..n\n" if named else ""
    inner = "h[i]" if named else "derivative(L, x[i])"
    text = f"""n = 40; w = 0.7
x[i] = sin(i) for i in 0..n
y[i] = cos(2*i) for i in 0..n
s[0] = 0.1
s[i] = {chance.choice(["sin", "tanh"])}(w*s[i-1] + x[i]) for i in 1..n
L = {of}
{first}g[i] = derivative({inner}, x[{near}]) for i in 2..n
Z = sum(g[i]*(1 + y[i]) + g[i]^2 for i in 2..n)
"""
    if "s[" in of:
        monkeypatch.setattr(sequence, "THIN", 0)
        assert read_model(Source("<text>", text), many=0).loops, text
    text_agrees(monkeypatch, text, "Z", 8)


def test_a_state_of_many_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """m = 18; n = 5
x[t] = sin(0.7*t) for t in 1..n
w[i,j] = sin(3*i + 5*j)*0.3 for i in 1..m, j in 1..m
v[i] = cos(i) for i in 1..m
h[0,i] = 0.1*cos(i) for i in 1..m
h[t,i] = tanh(sum(w[i,j]*h[t-1,j] for j in 1..m) + v[i]*x[t]) for t in 1..n, i in 1..m
L = mean((sum(v[i]*h[t,i] for i in 1..m) - 0.3)^2 for t in 1..n)
g[t] = derivative(derivative(L, x[t]), x[t]) for t in 1..n
Z = sum(g[t]*cos(t) for t in 1..n)
"""
    monkeypatch.setattr(sequence, "THIN", 0)
    assert read_model(Source("<text>", text), many=0).loops
    text_agrees(monkeypatch, text, "Z", 8)


LOSSES = [
    "s[n]^2",
    "sum((s[i] - 0.2)^2 for i in 1..n)/n",
    "sqrt(mean((s[i] - 0.2)^2 for i in 1..n))",
    "dot(s[1..n], x[1..n])^2/n",
    "s[n]*s[1]",
    "s[n]*s[1]*mean((s[i] - 0.2)^2 for i in 1..n)",
    "s[n]*mean(x[i]^2 for i in 1..n)",
    "sin(s[n]*mean(x[i]^2 for i in 1..n) + mean(s[i] for i in 1..n))",
]


@pytest.mark.parametrize("loss", range(8))
def test_a_long_recurrence_has_the_curvatures_of_its_inputs(loss: int) -> None:
    """∂²L/∂x[i]² and ∂²L/∂x[i]∂x[i-1] of 3,000 times are differences of L in 60 digits."""
    n = 3000
    text = f"""n = {n}
x[i] = sin(i) for i in 0..n
s[0] = 0.1; w = 0.7
s[i] = sin(w*s[i-1] + x[i]) for i in 1..n
L = {LOSSES[loss]}
g[i] = derivative(derivative(L, x[i]), x[i]) for i in 1..n
f[i] = derivative(derivative(L, x[i]), x[i-1]) for i in 2..n
Z = sum(g[i] for i in 1..n) + sum(f[i] for i in 2..n)
"""
    assert read_model(Source("<text>", text)).loops
    found = backprop.parse(text).grad(of="Z")
    with mpmath.workdps(60):
        inputs = [mpmath.mpf(found.data[f"x[{i}]"]) for i in range(n + 1)]
        weight, begin = mpmath.mpf(0.7), mpmath.mpf(0.1)

        zero = mpmath.mpf(0)
        reached = [(begin, zero, zero, zero, zero, zero)]
        """What each time begins with, where nothing is moved."""

        def value(moves: dict[int, mpmath.mpf]) -> mpmath.mpf:
            since = min(moves, default=1)
            state, initial, sums, total, both, lengths = reached[since - 1]
            for i in range(since, n + 1):
                here = inputs[i] + moves.get(i, 0)
                state = mpmath.sin(weight * state + here)
                both += state * here
                lengths += here**2
                initial = state if i == 1 else initial
                sums += state
                total += (state - mpmath.mpf(0.2)) ** 2
                if not moves:
                    reached.append((state, initial, sums, total, both, lengths))
            ends = state * initial
            squares = [state**2, total / n, mpmath.sqrt(total / n), both**2 / n]
            scaled = state * lengths / n
            waves = mpmath.sin(scaled + sums / n)
            return [*squares, ends, ends * total / n, scaled, waves][loss]

        h, middle = mpmath.mpf("1e-15"), value({})
        for i in (n, n - 1, n - 7, 1, 2):
            right = (value({i: h}) - 2 * middle + value({i: -h})) / h**2
            assert found.data[f"g[{i}]"] == pytest.approx(float(right), rel=1e-11, abs=1e-15)
            if i == 1:
                continue
            pairs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            moved = [a * b * value({i: a * h, i - 1: b * h}) for a, b in pairs]
            right = sum(moved) / (4 * h**2)
            assert found.data[f"f[{i}]"] == pytest.approx(float(right), rel=1e-11, abs=1e-15)


def test_what_no_double_holds_far_back_does_not_unroll_a_long_recurrence() -> None:
    """0.7^2000 is nearly too small; g[n] and g[n-1] of s[n]^2 are those of its last two steps."""
    text = """n = 2000; w = 0.7
x[i] = sin(i*i)/2 for i in 1..n
s[0] = 0.1
s[i] = tanh(w*s[i-1] + x[i]) for i in 1..n
L = s[n]^2
g[i] = derivative(derivative(L, x[i]), x[i]) for i in 1..n
S = sum(g[i]*cos(i) for i in 1..n)
"""
    found = backprop.parse(text).grad(of="S")
    with mpmath.workdps(50):
        weight = mpmath.mpf(0.7)
        before, last, end = (
            mpmath.mpf(found.data[name]) for name in ("s[1998]", "x[1999]", "x[2000]")
        )

        def value(move: mpmath.mpf, more: mpmath.mpf) -> mpmath.mpf:
            return (
                mpmath.tanh(weight * mpmath.tanh(weight * before + last + move) + end + more) ** 2
            )

        right = mpmath.diff(value, (0, 0), (2, 0)), mpmath.diff(value, (0, 0), (0, 2))
    assert found.data["g[1999]"] == pytest.approx(float(right[0]), rel=1e-11)
    assert found.data["g[2000]"] == pytest.approx(float(right[1]), rel=1e-11)
    assert found.data["g[3]"] == pytest.approx(0, abs=1e-280)


def test_a_member_through_a_long_recurrence_is_not_explained() -> None:
    """Its equation, unrolled, has as many steps as the recurrence."""
    text = """n = 5000
x[i] = sin(i) for i in 0..n
s[0] = 0.1; w = 0.7
s[i] = sin(w*s[i-1] + x[i]) for i in 1..n
L = s[n]^2
g[i] = derivative(derivative(L, x[i]), x[i]) for i in 1..n
Z = sum(g[i] for i in 1..n)
"""
    with pytest.raises(
        TooLarge, match=r"a derivative in g\[5\] goes through 4,999 members of a rec"
    ):
        backprop.parse(text).explain(of="Z", only=["g[5]"])
