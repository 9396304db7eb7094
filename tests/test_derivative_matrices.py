"""Derivatives of each member by each: matrices with zeros, of which one warning tells. Loops against the text
unrolled, values, gradients and warnings."""

from __future__ import annotations

import random
from math import isclose

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
from looped import apart
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
    """Compare a text as loops with the text unrolled; None where it is none of loops."""
    source = Source("<text>", text)
    try:
        whole = read_carefully(source)
    except BackpropError:
        return None
    model = read_model(source, many=0)
    said = [*map(str, whole.warnings)]
    if not isinstance(model, LoopModel):
        return None
    assert [*map(str, model.warnings)] == said, text
    try:
        found = by_loops(model, {}, None)
        right = evaluate(whole, {}, noted=True)
    except BackpropError:
        return None
    if not found or right.gradient.notes:
        return None
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
    models = 2000 if request.config.getoption("--whole") else 150
    found = [compared(matrix(number)) for number in range(models)]
    assert sum(each is not None for each in found) > models / 3
    assert sum(each or False for each in found) > models / 10  # with a warning


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
