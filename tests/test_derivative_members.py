"""Derivatives of members by others, through the equations of random texts: loops against the text unrolled."""

from __future__ import annotations

import random
from math import isclose

import mpmath
import pytest

from backprop.errors import BackpropError
from backprop.evaluation.gradient import by_loops, evaluate
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source
from looped import apart, without_idle

_ONE = "sin({})", "exp({}/4)", "{}^2", "tanh({})", "sqrt(1 + {}^2)", "cos({})", "{}"
_TWO = "{}*{}", "{} + {}", "{} - 0.3*{}", "{}/(2 + {}^2)", "max({}, {})", "if({} > 0.8, {}, 0.5)"
_AT = "i", "i", "i", "7-i", "max(i-1,1)", "3"
_SUMS = (
    "sum({of} for j in 1..6)",
    "sum({of} for j in 1..i)",
    "logsumexp({of} for j in 1..6)",
    "max({of} for j in i..6)",
    "prod({of} for j in 1..i)",
)


def term(chance: random.Random, names: list[str], deep: int) -> str:
    pick = chance.random()
    if deep == 0 or pick < 0.2:
        name = chance.choice([*names, "a"])
        return name if name == "a" else f"{name}[{chance.choice(_AT)}]"
    if pick < 0.3:
        name = chance.choice(names)
        return chance.choice(_SUMS).format(of=f"{name}[j]*{name}[i]/3")
    if pick < 0.6:
        return chance.choice(_ONE).format(term(chance, names, deep - 1))
    return chance.choice(_TWO).format(*(term(chance, names, deep - 1) for _ in range(2)))


def members(number: int) -> str:
    """Equations of members, and derivatives of what is made of them by one of their kind, or by `a`."""
    chance = random.Random(f"members {number}")
    text, names = "x[i] = sin(i) + 0.2*i for i in 1..6; a = 0.7", ["x"]
    for name in "yzw"[: chance.randrange(1, 4)]:
        text += f"; {name}[i] = {term(chance, names, 3)} for i in 1..6"
        names.append(name)
    made = []
    for name in "gh"[: chance.randrange(1, 3)]:
        by = chance.choice(["a", *(f"{each}[i]" for each in names), "x[i]", "x[7-i]"])
        of = f"{chance.choice(names)}[i]*{term(chance, names, 2)} + {by}*{term(chance, names, 1)}"
        text += f"; {name}[i] = derivative({of}, {by}) for i in 1..6"
        names.append(name)
        made.append(name)
    return (
        f"{text}; L = {' + '.join(f'sum({each}[i]^2*i for i in 1..6)' for each in made)}; output L"
    )


def recurrence(number: int) -> str:
    """A recurrence of which each time has derivatives of what it has itself."""
    chance = random.Random(f"recurrence {number}")
    names = ["x", "v"][: chance.randrange(1, 3)]
    text = "a = 0.7; " + "; ".join(f"{each}[0] = {0.3 + 0.4 * at}" for at, each in enumerate(names))

    def term(among: list[str], deep: int) -> str:
        if deep == 0 or chance.random() < 0.2:
            name = chance.choice([*among, "a"])
            return name if name == "a" else f"{name}[t]"
        if chance.random() < 0.5:
            return chance.choice(_ONE).format(term(among, deep - 1))
        return chance.choice(_TWO).format(*(term(among, deep - 1) for _ in range(2)))

    text += f"; V[t] = {term(names, 3)} for t in 0..7"
    text += f"; W[t] = V[t]*{term(names, 2)} for t in 0..7"
    for each in names:
        of, by = chance.choice("VW"), chance.choice(names)
        made = f"{each}[t] - 0.1*derivative({of}[t]*{term(names, 1)}, {by}[t])"
        text += f"; {each}[t+1] = {made} for t in 0..7"
    return f"{text}; L = {' + '.join(f'{each}[8]^2' for each in names)} + W[7]; output L"


@pytest.mark.parametrize("kind", [members, recurrence])
def test_loops_say_what_the_unrolled_text_says(
    kind, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)
    models = 1000 if request.config.getoption("--whole") else 30
    looped = 0
    for number in range(models):
        source = Source("<text>", kind(number))
        try:
            model = read_model(source, many=0)
            found = by_loops(model, {}, None) if isinstance(model, LoopModel) else None
            whole = evaluate(read_carefully(source), {}, noted=True)
        except BackpropError:
            continue
        if not found or whole.gradient.notes:
            continue
        looped += 1
        right = whole.gradient
        found = without_idle(found, right)
        assert [*found.data] == [*right.data], source.text
        assert [*found.gradients] == [*right.gradients], source.text
        assert [*map(str, found.warnings)] == [*map(str, right.warnings)], source.text
        size = max(map(abs, right.data.values()))
        for name, each in found.data.items():
            assert isclose(each, right.data[name], rel_tol=1e-11, abs_tol=1e-13 * size), source.text
        size = max(map(abs, right.gradients.values()))
        if not all(
            isclose(each, right.gradients[name], rel_tol=1e-9, abs_tol=1e-11 * size)
            for name, each in found.gradients.items()
        ):
            assert apart(found, whole) <= 100, source.text
    assert looped > models / 4


def test_an_equation_of_a_slope_is_no_member_that_has_the_same() -> None:
    """The second derivative of tanh has tanh(y) in it, which is not the z of the text: by z, which only z^2
    reads, h moves by 2*z''."""
    text = "x[i] = sin(i) + 0.2*i for i in 1..6; y[i] = x[i]^2 for i in 1..6; z[i] = tanh(y[i]) for i in 1..6; "
    text += "g[i] = derivative(z[i]^2, x[i]) for i in 1..6; h[i] = derivative(g[i], x[i]) for i in 1..6; "
    model = read_model(Source("<text>", f"{text}L = sum(h[i]^2*i for i in 1..6)"), many=0)
    assert isinstance(model, LoopModel)
    found = by_loops(model, {}, None)
    assert found

    def z(x: mpmath.mpf) -> mpmath.mpf:
        return mpmath.tanh(x**2)

    with mpmath.workdps(40):
        for i in range(1, 7):
            x = mpmath.mpf(found.data[f"x[{i}]"])
            bend = mpmath.diff(z, x, 2)
            h = 2 * mpmath.diff(z, x) ** 2 + 2 * z(x) * bend
            assert found.gradients[f"z[{i}]"] == pytest.approx(float(4 * i * h * bend), rel=1e-11)
