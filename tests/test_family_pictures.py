"""Whole families of loops drawn from arrays, against the text unrolled."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from backprop import commands, gallery
from backprop.errors import BackpropError
from backprop.inputs import Asked
from backprop.language import Model
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.worth import read_model
from backprop.picture import Picture
from backprop.reports.drawing import digraph
from backprop.reports.themes import Look
from backprop.source import Source
from gradbench import PROBLEMS
from indexed_models import of_group, random_indexed
from running import backprop
from test_gradbench import SIZES


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member, and the least of outputs, too, are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def drawn(model: Model, values: dict[str, float], focus: Sequence[str], depth: int) -> Any:
    """The picture of families; a message where it is too much."""
    try:
        found, _ = commands.draw(Asked(model, values, None), "equations", focus, depth, whole=False)
    except BackpropError as error:
        return error.message, error.hints
    return found


def same(
    text: str, values: dict[str, float], focus: Sequence[str] = (), depth: int = 1
) -> tuple[bool, bool]:
    """Whether a text is drawn as loops, and whether there is a picture; it is compared, numbers but for
    rounding, with that of the text unrolled, and the Graphviz text to the letter."""
    source = Source("<text>", text)
    looped = read_model(source, many=0)
    if not looped.loops:
        return False, False
    found = drawn(looped, values, focus, depth)
    right = drawn(read_carefully(source), values, focus, depth)
    if not isinstance(right, Picture):
        assert found == right
        return bool(looped.loops), False
    largest = max(abs(box.grad) for box in right.boxes)
    for mine, other in zip(found.boxes, right.boxes, strict=True):
        assert isclose(mine.data, other.data, rel_tol=1e-12, abs_tol=1e-15)
        assert isclose(mine.grad, other.grad, rel_tol=1e-9, abs_tol=1e-15 * largest)
    boxes = [
        mine._replace(data=other.data, grad=other.grad)
        for mine, other in zip(found.boxes, right.boxes, strict=True)
    ]
    look = Look(direction="LR", digits=6)
    assert digraph(found._replace(boxes=boxes), look).source == digraph(right, look).source
    return bool(looped.loops), True


@pytest.mark.parametrize("group", range(5))
@pytest.mark.one_in(2)
def test_random_families_are_drawn_as_they_are_unrolled(
    group: int, request: pytest.FixtureRequest
) -> None:
    compared = 0
    for number in of_group(group, request, 12, 200):
        text, values = random_indexed(number)
        chance = random.Random(number)
        right = commands.evaluate(read_carefully(Source("<text>", text)), values)
        names = sorted({name.partition("[")[0] for name in right.gradient.data})
        focus = chance.choice([[], [], [chance.choice(names)]])
        compared += same(text, values, focus, chance.choice([0, 1, 2])) == (True, True)
    assert compared > len(of_group(group, request, 12, 200)) / 3


TEXTS = {each.name: each.text for each in gallery.examples()} | {
    f"{name}, {', '.join(map(str, sizes.values()))}": PROBLEMS[name].text(sizes)
    for name, sizes in SIZES
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_gallery_is_drawn_as_it_is_unrolled(name: str) -> None:
    same(TEXTS[name], {})


LARGE = """v[0] = b
v[t] = v[t-1]*a + x[t]^2 for t in 1..n
x[t] = cos(c*t) for t in 1..n
y[i,j] = a*z[i,j] + b*z[j,i] for i in 1..k, j in 1..k
z[i,j] = tanh(w[i]*j/k) for i in 1..k, j in 1..k
w[i] = i/k for i in 1..k
const q[i] = -1/i for i in 1..n
p[i] = prod(1 + y[i,j]/100 for j in 1..k) for i in 1..k
M = logsumexp(v[t]*q[t] for t in 1..n) + max(x[t] for t in 1..n)
L = M + sum((y[i,j] - w[i]*a)^2 for i in 1..k, j in 1..k)/k + mean(p[i] for i in 1..k) + norm(x[*]) + v[n]
a = 0.9; b = 0.5; c = 0.3; const k = 50; const n = 500; minimize L
"""
"""Sums, products and extremes of hundreds of terms, that of parameters too, within one another, and a
recurrence."""


@pytest.mark.parametrize(
    "focus",
    [[], ["v"], ["y"], ["a"], ["M"], ["L"], ["x", "p"], ["q"], ["k"], ["zz"], ["x[1..9]"], ["w*"]],
)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_of_large_families_each_option_draws_what_is_drawn_unrolled(
    focus: list[str], depth: int
) -> None:
    assert same(LARGE, {}, focus, depth) == (True, focus != ["zz"])


def test_a_family_is_one_box_with_its_largest_numbers() -> None:
    text = "y[i] = a*x[i]^2 for i in 1..n; L = sum(y[i] for i in 1..n) + b; x[i] = 1/i for i in 1..n; a = 3"
    model = read_model(Source("<text>", f"const n = 100; b = 2; {text}"), many=0)
    found, _ = commands.draw(Asked(model, {}, None), None, [], 1, whole=False)
    assert model.loops
    boxes = {box.id: (box.members, box.data, box.grad) for box in found.boxes}
    squares = sum(1 / i**2 for i in range(1, 101))
    assert boxes == {
        "a": (1, 3.0, pytest.approx(squares)),
        "b": (1, 2.0, 1.0),
        "x[1..100]": (100, 1.0, 6.0),
        "y[1..100]": (100, 3.0, 1.0),
        "L": (1, pytest.approx(2 + 3 * squares), 1.0),
    }
    arrows = {(each.tail, each.head): each.slope for each in found.arrows}
    assert arrows == {
        ("a", "y[1..100]"): None,
        ("x[1..100]", "y[1..100]"): None,
        ("y[1..100]", "L"): None,
        ("b", "L"): 1.0,
    }


def test_a_million_members_are_drawn_at_once(tmp_path: Path) -> None:
    text = "s[t] = s[t-1]*a + x[t] for t in 1..n; x[t] = cos(t*b) for t in 1..n; L = sum(s[t]^2 for t in 1..n)/n"
    text = f"const n = 200000; s[0] = 1; a = 0.5; b = 2; {text}"
    for more in ([], ["--focus", "x"], ["--focus", "a"], ["--focus", "L", "--depth", "0"]):
        ran = backprop("draw", "-e", text, *more, "-o", str(tmp_path / "g.dot"), "--verbose")
        assert ran.status == 0
        assert ran.err.startswith("read as loops over arrays")
        assert "unrolled" not in ran.err.partition("\n")[2]
        drawn = (tmp_path / "g.dot").read_text("utf-8")
        assert ("200,000\\ values" in drawn) == (more[-1:] != ["0"])
    ran = backprop("draw", "-e", text, "--detail", "operations", "-o", "-")
    assert ran.status == 1
    assert "operation by operation, are more than a page can show" in ran.err
