"""Derivatives that are sums of many terms are off by little, whatever reads the members and however many do.

The terms are exact doubles, the truth is `math.fsum` of them. Equal terms are the hardest: each is rounded
the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from sys import float_info
from typing import Any

import numpy
import pytest

from backprop.evaluation.gradient import by_loops
from backprop.loops import chunked, chunks, loop_model, passes, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.native import module
from backprop.loops.ready import build
from backprop.loops.worth import read_model
from backprop.source import Source
from many_reads import TEXTS, WEIGHTS, Terms

UNITS = 4
"""The most that a derivative may be off, in units of the last place of itself and of the sizes of its
terms."""

SIDE = 33
"""Members are read up to a thousand times."""


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def off(slopes: Mapping[str, float], terms: Terms) -> float:
    """How far derivatives are from the sums, at most."""
    units = [0.0]
    for name, each in terms.items():
        total = fsum(each)
        size = abs(total) + sum(map(abs, each))
        units.append(abs(slopes[name] - total) / (size * float_info.epsilon))
    return max(units)


def looped(text: str) -> LoopModel:
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    return model


def often(text: str, names: list[str], engine: str) -> dict[str, float]:
    """The derivatives by an engine for many runs."""
    model = looped(text)
    made: Any = build(model, "L", names, {}, engine)
    found = made.run(numpy.array([model.default(name) for name in names]))
    assert found
    assert engine == "python" or not made._own.made.careful
    return dict(zip(names, found[1].tolist(), strict=True))


@pytest.fixture
def weights(request: pytest.FixtureRequest) -> list[str]:
    return [*WEIGHTS] if request.config.getoption("--whole") else ["equal"]


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("lanes", [0, 2, 1])
@pytest.mark.one_in(2)
def test_by_machine_code(
    kind: str, lanes: int, weights: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """lanes: of the processor, or so many."""
    if lanes:
        monkeypatch.setattr(module, "lanes", lambda wide: (lanes, {}))
    for each in weights:
        text, terms = TEXTS[kind](WEIGHTS[each], SIDE)
        assert off(often(text, [*terms], "native"), terms) <= UNITS, each


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("how", ["as it is", "step by step", "slice by slice", "in chunks"])
@pytest.mark.parametrize("once", [True, False])
@pytest.mark.one_in(2)
def test_by_arrays(
    kind: str, how: str, once: bool, weights: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """once: by a single pass, which chunks are of."""
    if how.endswith(("step", "slice")):
        monkeypatch.setattr(sequence, "STEPS", 10**6 if how == "step by step" else 0)
    if how == "in chunks":
        for each in (chunked, passes):
            monkeypatch.setattr(each, "KEPT", 64)
        monkeypatch.setattr(chunks, "SOME", 16)
    for weight in weights:
        text, terms = TEXTS[kind](WEIGHTS[weight], SIDE)
        if once:
            found = by_loops(looped(text), {}, "L")
            assert found
            slopes: Mapping[str, float] = found.gradients
        else:
            slopes = often(text, [*terms], "python")
        assert off(slopes, terms) <= UNITS, weight


@pytest.mark.whole
@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_of_many_more(kind: str, weight: str) -> None:
    """Members are read up to a hundred thousand times."""
    text, terms = TEXTS[kind](WEIGHTS[weight], 300)
    assert off(often(text, [*terms], "native"), terms) <= UNITS


@pytest.mark.parametrize("n", [10**3, 10**5])
@pytest.mark.parametrize(
    "text",
    [
        "L = sum(0.1*a for i in 1..{n})",
        "g[i,j] = 0.1*a for i in 1..{side}, j in 1..{side}; L = sum(g[*,*])",
        "h[i] = sum(0.1*a for j in 1..{side}) for i in 1..{side}; L = sum(h[*])",
    ],
)
def test_sums_themselves(text: str, n: int) -> None:
    """By machine code, of equal terms."""
    side = int(n**0.5)
    model = looped("a = 1; " + text.format(n=side * side, side=side))
    found: Any = build(model, "L", ["a"], {}, "native").run(numpy.array([1.0]))
    right = fsum([0.1] * side**2)
    for each in (found[0], found[1][0]):
        assert abs(each - right) <= 2 * UNITS * float_info.epsilon * right
