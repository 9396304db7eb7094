"""A few members of loops with `derivative(V, x)` in their text, explained and drawn, against the text
unrolled."""

from __future__ import annotations

import random
from collections import defaultdict
from math import isclose
from pathlib import Path

import pytest

from backprop import commands
from backprop.derivation import Derivation
from backprop.derivation.excerpts import of_members
from backprop.errors import BackpropError
from backprop.evaluation.gradient import gradient
from backprop.inputs import Asked
from backprop.language import Model
from backprop.language.reading import read_carefully
from backprop.loops import excerpt, loop_model, sequence
from backprop.loops.worth import read_model
from backprop.picture import Picture
from backprop.source import Source
from running import backprop
from test_derivative_loops import TEXTS, with_derivatives


@pytest.fixture
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small texts are loops, too, and sums of 40 terms are long."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)
    monkeypatch.setattr(excerpt, "WHOLE", 40)


def same(found: Derivation, right: Derivation) -> None:
    """Numbers are the same; formulas of derivatives may have another order."""
    values = [
        {step.name: (step.equation, step.value) for step in each.forward} for each in (found, right)
    ]
    assert values[0].keys() == values[1].keys()
    for name, (text, value) in values[0].items():
        assert text == values[1][name][0]
        assert isclose(value, values[1][name][1], rel_tol=1e-9, abs_tol=1e-12)
    mine, theirs = map(_shares, (found, right))
    for pair in mine.keys() | theirs.keys():
        assert isclose(mine[pair], theirs[pair], rel_tol=1e-7, abs_tol=1e-9), pair


def _shares(found: Derivation) -> dict[tuple[str, str], float]:
    """What each equation adds to the gradient by each name."""
    shares: dict[tuple[str, str], float] = defaultdict(float)
    for step in found.backward:
        for share in step.shares:
            shares[step.name, share.by] += share.product
    return shares


def explained(model: Model, name: str) -> Derivation:
    return commands.explain(Asked(model, {}, None), "equations", [], [name], "both", False)[0]


def pairs(source: Source) -> Model | None:
    """The text unrolled, if it is one of loops, too."""
    try:
        right = read_carefully(source)
        gradient(right, {}, None)
    except BackpropError:
        return None
    return right if read_model(source, many=0).loops else None


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize("text", TEXTS)
def test_members_are_explained_with_the_numbers_of_the_unrolled_graph(text: str) -> None:
    source = Source("<text>", text)
    right = pairs(source)
    assert right
    for name in random.Random(1).sample(sorted(gradient(right, {}, None).gradients), 3):
        looped = read_model(source, many=0)
        same(explained(looped, name), explained(right, name))
        assert looped.loops


SLOW = 2, 8
"""Of these no member is explained by itself, which takes five seconds each to find out."""


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize(
    "group", [0, 1, *(pytest.param(each, marks=pytest.mark.whole) for each in (2, 3))]
)
def test_random_members_are_explained(group: int, request: pytest.FixtureRequest) -> None:
    models = 500 if request.config.getoption("--whole") else 7
    looped = 0
    for number in range(group * models, (group + 1) * models):
        if (number in SLOW and models == 7) or not (text := with_derivatives(number)):
            continue
        source = Source("<text>", text)
        if not (right := pairs(source)):
            continue
        names = sorted(gradient(right, {}, None).gradients)
        for name in random.Random(number).sample(names, min(len(names), 2)):
            model = read_model(source, many=0)
            if of_members(model, {}, None, [name], "both"):
                same(explained(model, name), explained(right, name))
                looped += 1
    assert looped > models / 40


def drawn(model: Model, focus: list[str]) -> Picture:
    return commands.draw(Asked(model, {}, None), "equations", focus, 1, whole=False)[0]


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize("text", TEXTS)
def test_families_and_members_are_drawn_as_of_the_unrolled_graph(text: str) -> None:
    source = Source("<text>", text)
    right = pairs(source)
    assert right
    names = sorted(gradient(right, {}, None).gradients)
    for focus in ([], *([name] for name in random.Random(2).sample(names, 3))):
        looped = read_model(source, many=0)
        found, whole = drawn(looped, focus), drawn(right, focus)
        assert looped.loops
        boxes = [{box.id: box for box in each.boxes} for each in (found, whole)]
        assert boxes[1].keys() <= boxes[0].keys()  # steps that two derivatives share are drawn once
        for name, other in boxes[1].items():
            box = boxes[0][name]
            assert (box.label, box.role, box.equation) == (other.label, other.role, other.equation)
            assert isclose(box.data, other.data, rel_tol=1e-9, abs_tol=1e-12)
            assert isclose(box.grad, other.grad, rel_tol=1e-7, abs_tol=1e-9)
        arrows = [{(arrow.tail, arrow.head) for arrow in each.arrows} for each in (found, whole)]
        assert arrows[0] == arrows[1] if not focus else arrows[1] <= arrows[0]


LARGE = """n = 500000
k[i] = 1 + i/n for i in 1..n
x = 0.5
V = x^2*sum(k[*])
F = -derivative(V, x)
y[i] = k[i]*F for i in 1..n
L = sum(y[i]^2 for i in 1..n)/n
"""


def test_large_texts_are_explained_and_drawn_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F is -2*x times the sum of k, 750000.5; the gradient by k[3] comes from y[3] and from F."""

    def unrolled(_: object) -> None:
        raise AssertionError("unrolled")

    monkeypatch.setattr(loop_model.LoopModel, "unrolled", unrolled)
    ran = backprop("explain", "-e", LARGE, "--only", "F, k[3], x", "--digits", "8")
    assert "more than a person reads" in ran.err  # F has 500,000 users
    ran = backprop("explain", "-e", LARGE, "--only", "k[3], x", "--digits", "12")
    assert "F = −derivative(V, x) = −750000.5" in ran.out
    assert "∂F/∂k[3] = −2·x = −2·0.5 = −1" in ran.out
    for options in ((), ("--focus", "F"), ("--focus", "k[7]")):
        ran = backprop("draw", "-e", LARGE, *options, "-o", str(tmp_path / "a.dot"))
        assert ran.status == 0
        assert "derivative(V" in (tmp_path / "a.dot").read_text()
