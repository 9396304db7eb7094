"""Numbers that are drawn at random are made when somebody asks for them, and are then the same."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy
import pytest

from backprop.errors import NotANumber
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.language.families import Families
from backprop.loops.loop_model import LoopModel
from backprop.loops.native.sharing import Shared, shared
from backprop.loops.ready import build
from backprop.loops.worth import read_model
from backprop.source import Source

TEXT = """
x[i] ~ normal(2, 1) for i in 1..40
w[i,j] ~ uniform(-1, 1) for i in 1..40, j in 1..i
c[i] ~ normal(i, 1) for i in 1..40
L = sum(w[i,j]*x[i] + c[j] for i in 1..40, j in 1..i)
"""


def looped(text: str) -> LoopModel:
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    return model


def unrolled(text: str, given: dict[str, float]) -> Gradient:
    """Value and gradients of L."""
    return evaluate(read_model(Source("<text>", text), many=inf), given, None).gradient


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Takes the names of what is drawn."""
    found: list[str] = []
    make = Families.drawn

    def noted(self: Families, name: str, first: float, second: float, labels: Any) -> list[float]:
        found.extend(labels)
        return make(self, name, first, second, labels)

    monkeypatch.setattr(Families, "drawn", noted)
    return found


def test_reading_draws_nothing_but_the_first_of_a_family(drawn: list[str]) -> None:
    model = looped(TEXT)
    assert [name for name in drawn if name[0] != "c"] == ["x[1]", "w[1,1]"]
    names = [name for name in model.inputs if name[0] in "xw"]
    drawn.clear()
    engine = build(model, "L", names, {}, "native")
    found = engine.run(numpy.ones(len(names)))
    assert found is not None
    assert drawn == []  # all of these are given
    right = unrolled(TEXT, dict.fromkeys(names, 1.0))
    assert found[0] == pytest.approx(right.value, rel=1e-14)


@pytest.mark.parametrize("given", [["x[3]"], ["w[2,2]", "w[40,7]"], []])
def test_what_is_not_given_is_drawn(given: list[str]) -> None:
    right = read_model(Source("<text>", TEXT), many=inf)
    names = [*right.inputs]
    numbers = dict(right.default_numbers())
    numbers |= dict.fromkeys(given, 0.25)
    wanted = unrolled(TEXT, dict.fromkeys(given, 0.25))
    model = looped(TEXT)
    engine = build(model, "L", given or names, {}, "native")
    found = engine.run(numpy.array([numbers[name] for name in given or names]))
    assert found is not None
    value, slopes = found
    assert value == pytest.approx(wanted.value, rel=1e-13)
    assert [*slopes] == pytest.approx(
        [wanted.gradients[each] for each in given or names], rel=1e-13
    )
    assert looped(TEXT).default_numbers() == right.default_numbers()


def test_what_may_be_too_large_is_drawn_at_once(drawn: list[str]) -> None:
    """The unrolled text says which."""
    text = "x[i] ~ normal(0, 1e308) for i in 1..1000; L = sum(x[i]/1e300 for i in 1..1000)"
    with pytest.raises(NotANumber, match=r"x\[3\].* cannot be drawn from"):
        read_model(Source("<text>", text), many=0)
    assert "x[3]" in drawn


def test_rows_wait_for_what_has_none() -> None:
    """Of what no cache holds, so that more share them, whatever the order of the file: here u, t and the
    sum."""
    text = """
    u[p,c] = (x[p] - m[c])^2 for p in 1..100, c in 1..5
    t[p] = s + sum(u[p,c] for c in 1..5) for p in 1..100
    L = sum(t[p]^2 for p in 1..100)
    s = sum(m[c] for c in 1..5)
    m[c] = c/2 for c in 1..5; x[p] = sin(p) for p in 1..100
    """
    made: list[Shared] = []

    def noted(*given: Any) -> list[Shared]:
        made.extend(shared(*given))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backprop.loops.native.module.shared", noted)
        patch.setattr("backprop.loops.native.sharing.LARGE", 500)
        model = looped(text)
        names = [f"m[{c}]" for c in range(1, 6)]
        engine = build(model, "L", names, {}, "native")
    assert {*made[-1].local} == {"u", "t"}
    point = numpy.linspace(0.5, 2.5, 5)
    found = engine.run(point)
    assert found is not None
    given = dict(zip(names, point.tolist(), strict=True))
    right = unrolled(text, given)
    assert found[0] == pytest.approx(right.value, rel=1e-14)
    assert [*found[1]] == pytest.approx([right.gradients[each] for each in names], rel=1e-13)
