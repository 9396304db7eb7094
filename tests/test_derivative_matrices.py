"""Derivatives of each member by each: matrices with zeros, of which one warning tells. Loops against the text
unrolled, values, gradients and warnings."""

from __future__ import annotations

import random
from math import cos, cosh, isclose, sin, tanh

import numpy
import pytest

import backprop as library
from backprop.errors import BackpropError
from backprop.evaluation.gradient import by_loops, evaluate
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import apart, without_idle
from running import backprop
from test_derivative_members import term


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small texts are loops, too."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def matrix(number: int) -> str:
    """Equations of members, and derivatives of what is made of one of them by each of another."""
    chance = random.Random(f"matrix {number}")
    text, names = "x[i] = sin(i) + 0.2*i for i in 1..6; a = 0.7", ["x"]
    for name in "yz"[: chance.randrange(3)]:
        text += f"; {name}[i] = {term(chance, names, 3)} for i in 1..6"
        names.append(name)
    made = []
    for name in "gh"[: chance.randrange(1, 3)]:
        by = chance.choice([*(f"{each}[j]" for each in names), "x[j]", "x[2]", "x[7-j]", "a"])
        of = chance.choice(
            (f"{chance.choice(names)}[i]", f"{chance.choice(names)}[i]", term(chance, names, 2))
        )
        some = chance.choice(("", "", " if i <= j"))
        clauses = f"i in 1..6, j in 1..6{some}"
        if not some and chance.random() < 0.3:
            clauses = "j in 1..6"
            of = of.replace("[i]", "[j]").replace("7-i", "7-j").replace("max(i-1,1)", "max(j-1,1)")
            if "for j" in of or "[i" in of or "..i" in of or "i.." in of:
                continue
            text += f"; {name}[j] = derivative({of}, {by}) for {clauses}"
            made.append(f"sum({name}[j]^2*j for {clauses})")
            continue
        if "for j" in of:
            of = of.replace("for j", "for k").replace("[j]", "[k]")
        text += f"; {name}[i,j] = derivative({of}, {by}) for {clauses}"
        made.append(f"sum({name}[i,j]^2*(i+2*j) for {clauses})")
    return f"{text}; L = {' + '.join(made)}; output L" if made else ""


def compared(text: str) -> bool | None:
    """Compare a text as loops with the text unrolled; None where it is none of loops. A derivative of a
    derivative that is 0 for some members may read more than the unrolled one does, and that it is 0 there is
    told once or twice."""
    source = Source("<text>", text)
    try:
        whole = read_carefully(source)
    except BackpropError:
        return None
    model = read_model(source, many=0)
    said = [each.message for each in whole.warnings]
    if not isinstance(model, LoopModel):
        return None
    known = [each.message for each in model.warnings]
    assert known == said or (" k[t] = derivative(g[t]" in text and known == said[: len(known)]), (
        text
    )
    try:
        found = by_loops(model, {}, None)
        right = evaluate(whole, {}, noted=True)
    except BackpropError:
        return None
    if not found or right.gradient.notes:
        return None
    found = without_idle(found, right.gradient)
    assert [*found.gradients] == [*right.gradient.gradients], text
    assert [*found.data] == [*right.gradient.data], text
    size = max(map(abs, right.gradient.data.values()))
    for name, each in found.data.items():
        assert isclose(each, right.gradient.data[name], rel_tol=1e-11, abs_tol=1e-13 * size), text
    size = max(map(abs, right.gradient.gradients.values()))
    if not all(
        isclose(each, right.gradient.gradients[name], rel_tol=1e-9, abs_tol=1e-11 * size)
        for name, each in found.gradients.items()
    ):
        assert apart(found, right) <= 100, text
    return bool(said)


def test_matrices_are_loops(request: pytest.FixtureRequest) -> None:
    models = 800 if request.config.getoption("--whole") else 30
    found = [compared(matrix(number)) for number in range(models)]
    assert sum(each is not None for each in found) > models / 3
    assert sum(each or False for each in found) > models / 10  # with a warning


@pytest.mark.parametrize("number", [333, 467, 475, 678])
def test_what_depends_by_a_condition_alone_is_not_said_to_be_independent(number: int) -> None:
    text = matrix(number)
    assert "if(" in text
    assert compared(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "x[i] = i/3 for i in 1..5; y[i] = x[i]^2 for i in 1..5; g[i,j] = derivative(y[i], x[j]) for i in 1..5, j in 1..5; L = sum(g[*,*])",
        "x[i] = i/3 for i in 1..5; g[i] = derivative(sum(x[i]*x[j] for j in 1..i-1), x[i]) for i in 1..5; L = sum(g[*])",
        "x[i] = i/3 for i in 1..5; V = x[1]*x[2]; g[i] = derivative(V, x[i]) for i in 1..5; L = sum(g[*])",
        "x[i] = i/3 for i in 1..5; y[i] = x[i]^2 for i in 1..5; L = sum(derivative(y[i], x[j]) for i in 1..5, j in 1..5)",
        "x[i] = i/3 for i in 1..5; y[i] = x[i]^2 for i in 1..5; g[i] = derivative(y[i], x[2]) for i in 1..5; L = sum(g[*])",
    ],
)
def test_zeros_are_told_once(text: str) -> None:
    assert compared(text)


def test_a_matrix_with_zeros_by_hand() -> None:
    """Two diagonals, of a million members."""
    n = 1000
    text = f"x[i] = i/{n} for i in 0..{n}; y[i] = x[i]^3*x[i-1] for i in 1..{n}; J[i,j] = derivative(y[i], x[j]) for i in 1..{n}, j in 0..{n}; L = sum(J[i,j]*(i - 2*j) for i in 1..{n}, j in 0..{n})"
    model = library.parse(text)
    assert isinstance(model, LoopModel)
    x = numpy.arange(n + 1) / n
    i = numpy.arange(1, n + 1)
    right = (3 * x[1:] ** 2 * x[:-1] * -i + x[1:] ** 3 * (2 - i)).sum()
    assert isclose(model.grad().data["L"], right, rel_tol=1e-12)
    ran = backprop("grad", "-e", text)
    assert ran.status == 0
    assert ran.err.count("warning") == 1
    assert "y[i] does not depend on x[j] in some cases, such as y[1] and x[2]: derivative(y[i], x[j]) is 0 there" in ran.err  # fmt: skip


def sensitivities(number: int) -> str:
    """A recurrence, and derivatives of what is made of each time by what leads to many."""
    chance = random.Random(f"sensitivities {number}")
    names = ["x", "v", "w"][: chance.randrange(1, 4)]
    text = "a = 0.7; p = 0.4; u[i] = cos(i) for i in 0..9; c[i] = a*u[i] for i in 0..9"
    some = [*names, "u", "c"]
    for name in names:
        first = chance.choice(("0.3", "p", "sin(a)"))
        text += f"; {name}[0] = {first}"

    def term(deep: int) -> str:
        if deep == 0 or chance.random() < 0.2:
            name = chance.choice([*some, *names, "a"])
            return name if name == "a" else f"{name}[t]"
        if chance.random() < 0.5:
            return chance.choice(("sin({})", "tanh({})", "{}^2/2", "exp({}/4)", "{}")).format(
                term(deep - 1)
            )
        pair = chance.choice(
            ("{}*{}", "{} + {}", "{} - 0.3*{}", "max({}, {})", "if({} > 0.4, {}, 0.5)")
        )
        return pair.format(term(deep - 1), term(deep - 1))

    for name in names:
        text += f"; {name}[t+1] = {term(3)} for t in 0..8"
    if chance.random() < 0.4:
        text += f"; y[t] = {term(2)}*{names[0]}[t] for t in 0..9"
        names.append("y")
        some = names
    made = []
    for name in "gh"[: chance.randrange(1, 3)]:
        by = chance.choice(("a", "a", "p", "u[3]", "c[4]", "u[0]"))
        of = chance.choice((f"{chance.choice(names)}[t]", f"{chance.choice(names)}[9-t]", term(2)))
        text += f"; {name}[t] = derivative({of}, {by}) for t in 0..9"
        made.append(f"sum({name}[t]^2*(t+1) for t in 0..9)")
    return f"{text}; L = {' + '.join(made)}; output L"


def test_members_of_recurrences_by_one_name_are_loops(request: pytest.FixtureRequest) -> None:
    models = 800 if request.config.getoption("--whole") else 30
    found = [compared(sensitivities(number)) for number in range(models)]
    assert sum(each is not None for each in found) > models / 3


@pytest.mark.parametrize(
    "text",
    [
        "s[0] = 0.2; a = 0.7; s[i] = sin(a*s[i-1]) for i in 1..8; g[i] = derivative(s[i], a) for i in 1..8; L = sum(g[*])",
        "h[0,j] = j/5 for j in 1..3; b = 0.4; w[i,j] = sin(i+2*j)/3 for i in 1..3, j in 1..3; h[t+1,i] = tanh(b + sum(w[i,j]*h[t,j] for j in 1..3)) for t in 0..4, i in 1..3; g[t,i] = derivative(h[t,i], b) for t in 1..5, i in 1..3; k[t,i] = derivative(h[t,i], w[2,3]) for t in 1..5, i in 1..3; L = sum(g[t,i]^2*t + k[t,i] for t in 1..5, i in 1..3)",
        "u[0,i] = sin(i) for i in 0..6; c = 0.1; u[t+1,i] = u[t,i] + c*(u[t,i+1] - 2*u[t,i] + u[t,i-1]) for t in 0..4, i in 1..5; u[t+1,0] = u[t,1] for t in 0..4; u[t+1,6] = u[t,5] for t in 0..4; g[t,i] = derivative(u[t,i], c) for t in 1..5, i in 0..6; L = sum(g[t,i]^2*(t+i) for t in 1..5, i in 0..6)",
        "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..8; g[t] = derivative(x[t], a) for t in 1..9; k[t] = derivative(g[t], a) for t in 2..9; L = sum(k[t]*t for t in 2..9)",
        "y[10] = 0.5; b = 2; w[t] = t/7 for t in 1..10; y[t] = y[t+1]*w[t+1] + sin(w[t]*b) for t in 1..9; g[t] = derivative(y[t], b) for t in 1..9; k[t] = derivative(y[t], w[7]) for t in 1..7; L = sum(g[t]*t for t in 1..9) + sum(k[*])",
        "q[0] = 0.3; p[0] = 0.1; k = 1.3; dt = 0.1; q[t+1] = q[t] + dt*p[t] for t in 0..8; p[t+1] = p[t] - dt*k*sin(q[t+1]) for t in 0..8; E[t] = p[t]^2/2 - k*cos(q[t]) for t in 0..9; g[t] = derivative(E[t], k) for t in 0..9; r[t] = derivative(E[t], dt) for t in 1..9; L = norm(g[*]) + sum(r[*])",
        "x[0] = p; p = 0.3; a = 3.9; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..8; g[t] = derivative(x[t], p) for t in 0..9; L = mean(log(abs(g[t])) for t in 1..9)",
        "a = 2; x[i] = i/3 for i in 1..5; y[1] = a; y[i] = y[i-1]*x[i] + sum(y[j]*x[j] for j in 1..i-1) for i in 2..5; g[i] = derivative(y[i], a) for i in 1..5; L = sum(g[*])",
    ],
)
def test_sensitivities_are_loops(text: str) -> None:
    assert compared(f"{text}; output L") is not None


def test_derivatives_of_a_derivative_of_one_number() -> None:
    """What is read again within another derivative is a derivative, too: here it was what that is of."""
    text = "a = 0.7; g[t] = derivative(sin(tanh(a)), a) for t in 0..3; k[t] = derivative(g[t], a) for t in 0..3; L = sum(k[t]*t for t in 0..3); output L"
    assert compared(text) is not None
    found = by_loops(read_model(Source("<text>", text), many=0), {}, None)
    slope = 1 / cosh(0.7) ** 2
    right = -sin(tanh(0.7)) * slope**2 - 2 * cos(tanh(0.7)) * slope * tanh(0.7)
    assert found
    assert isclose(found.data["L"], 6 * right, rel_tol=1e-13)


def test_sensitivities_of_many_times() -> None:
    """How all times of a recurrence move with its parameter and with where it begins: the chain rule by hand."""
    n = 20_000
    text = f"x[0] = p; p = 0.3; a = 1.7; x[t+1] = sin(a*x[t]) for t in 0..{n - 1}; g[t] = derivative(x[t], a) for t in 1..{n}; h[t] = derivative(x[t], p) for t in 0..{n}; L = sum(g[t]/t + h[t] for t in 1..{n})"
    model = library.parse(text)
    assert isinstance(model, LoopModel)
    found = model.grad(of="L")
    x, by_a, by_p, total = 0.3, 0.0, 1.0, 0.0
    for t in range(1, n + 1):
        slope = cos(1.7 * x)
        by_a, by_p = slope * (x + 1.7 * by_a), slope * 1.7 * by_p
        x = sin(1.7 * x)
        total += by_a / t + by_p
        if t in (1, 2, 100, n):
            assert isclose(found.data[f"g[{t}]"], by_a, rel_tol=1e-12)
            assert isclose(found.data[f"h[{t}]"], by_p, rel_tol=1e-12, abs_tol=1e-300)
    assert isclose(found.data["L"], total, rel_tol=1e-12)
    assert "read step by step" not in backprop("grad", "-e", text, "--of", "L", "--verbose").err


def twice(number: int) -> str:
    """Sensitivities, derived again."""
    text = sensitivities(number).partition("; L = ")[0]
    chance = random.Random(f"twice {number}")
    by = chance.choice(("a", "p", "u[3]"))
    return f"{text}; k[t] = derivative(g[t], {by}) for t in 0..9; L = sum(k[t]^2*t + g[t] for t in 0..9); output L"


def test_sensitivities_of_sensitivities_are_loops(request: pytest.FixtureRequest) -> None:
    models = 800 if request.config.getoption("--whole") else 20
    found = [compared(twice(number)) for number in range(models)]
    assert sum(each is not None for each in found) > models / 10


def own_members(number: int) -> str:
    """A recurrence of numbers of each time, and derivatives of what is made of its members by those."""
    chance = random.Random(f"own {number}")
    names = ["x", "v"][: chance.randrange(1, 3)]
    text = "a = 0.7; d[t] = cos(t) for t in 0..9; c[t] = a*d[t] for t in 0..9"
    back = chance.random() < 0.3
    for name in names:
        text += f"; {name}[{9 if back else 0}] = {chance.choice(('0.3', 'sin(a)', 'd[0]'))}"

    def term(some: list[str], deep: int) -> str:
        if deep == 0 or chance.random() < 0.2:
            name = chance.choice([*some, "a"])
            return name if name == "a" else name if "[" in name else f"{name}[t]"
        if chance.random() < 0.5:
            return chance.choice(("sin({})", "tanh({})", "{}^2/2", "exp({}/4)", "{}")).format(
                term(some, deep - 1)
            )
        pair = chance.choice(("{}*{}", "{} + {}", "{} - 0.3*{}", "max({}, {})"))
        return pair.format(term(some, deep - 1), term(some, deep - 1))

    old, new = ("t+1", "t") if back else ("t-1", "t")
    for at, name in enumerate(names):
        some = [f"{each}[{old}]" for each in names] * 2 + names[:at] + ["d", "c", f"d[{old}]"]
        clause = "for t in 0..8" if back else "for t in 1..9"
        text += f"; {name}[{new}] = {term(some, 3)} {clause}"
    some = [*names, "d", "c", f"{names[0]}[{old}]"]
    clause = "for t in 0..8" if back else "for t in 1..9"
    if chance.random() < 0.5:
        text += f"; y[t] = {term(some, 2)}*{names[0]}[t] {clause}"
        names.append("y")
    made = []
    for name in "gh"[: chance.randrange(1, 3)]:
        by = chance.choice(("d[t]", "d[t]", "c[t]", f"d[{old}]", f"{names[0]}[{old}]", "d[9-t]"))
        of = chance.choice((f"{chance.choice(names)}[t]", term(names, 2)))
        text += f"; {name}[t] = derivative({of}, {by}) {clause}"
        made.append(f"sum({name}[t]^2*(t+1) {clause})")
    return f"{text}; L = {' + '.join(made)}; output L"


def test_members_of_recurrences_by_members_of_their_time(request: pytest.FixtureRequest) -> None:
    models = 800 if request.config.getoption("--whole") else 20
    found = [compared(own_members(number)) for number in range(models)]
    assert sum(each is not None for each in found) > models / 4


def test_many_members_of_a_recurrence_by_members_of_their_time() -> None:
    n = 100_000
    text = f"s[0] = 0; d[i] = sin(i) for i in 1..{n}; s[i] = s[i-1]/2 + d[i]^2 for i in 1..{n}; g[i] = derivative(s[i], d[i]) for i in 1..{n}; h[i] = derivative(s[i], d[i-1]) for i in 2..{n}; L = sum(g[i] + h[i]*i for i in 2..{n}) + g[1]"
    model = library.parse(text)
    assert isinstance(model, LoopModel)
    i = numpy.arange(1.0, n + 1)
    right = (2 * numpy.sin(i)).sum() + (numpy.sin(i[:-1]) * i[1:]).sum()
    assert isclose(model.grad().data["L"], right, rel_tol=1e-9)


def curvatures(number: int) -> str:
    """A sum over members, and second derivatives of it in several ways."""
    chance = random.Random(f"curvatures {number}")
    text, names = "x[i] = sin(i) + 0.2*i for i in 1..6; a = 0.7", ["x"]
    for name in "yz"[: chance.randrange(3)]:
        text += f"; {name}[i] = {term(chance, names, 2)} for i in 1..6"
        names.append(name)
    of = term(chance, names, 3)
    gather = chance.choice(("sum({} for i in 1..6)", "sum({} for i in 1..6)^2/4", "sin(sum({} for i in 1..6))", "logsumexp({} for i in 1..6)", "sum(({})*x[i]*x[k] for i in 1..6, k in 1..i)"))  # fmt: skip
    text += f"; V = {gather.format(of)}"
    way = chance.randrange(5)
    if way == 0:
        text += "; g[i] = derivative(V, x[i]) for i in 1..6; k[i,j] = derivative(g[i], x[j]) for i in 1..6, j in 1..6"
    elif way == 1:
        text += "; k[i,j] = derivative(derivative(V, x[i]), x[j]) for i in 1..6, j in 1..6"
    elif way == 2:
        text += "; g[i] = -derivative(V, x[i]) for i in 1..6; k[i,j] = derivative(g[i]*x[i], x[i])*j for i in 1..6, j in 1..2"
    elif way == 3:
        text += "; g[i] = derivative(V, x[i]) for i in 1..6; k[i,j] = derivative(g[i], a)*j for i in 1..6, j in 1..2"
    else:
        text += "; g = derivative(V, a); k[i,j] = derivative(g, x[i])*j for i in 1..6, j in 1..2"
    ends = 6 if way < 2 else 2
    text = text.replace(" k[t] =", " k[t] =")
    return f"{text}; L = sum(k[i,j]*(i+2*j) for i in 1..6, j in 1..{ends}); output L"


def test_derivatives_of_derivatives_of_a_sum_are_loops(request: pytest.FixtureRequest) -> None:
    models = 800 if request.config.getoption("--whole") else 20
    found = [compared(curvatures(number)) for number in range(models)]
    assert sum(each is not None for each in found) > models / 3
