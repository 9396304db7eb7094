"""Indexed equations as loops over arrays, against the same text unrolled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import inf, ulp

import pytest

from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient, by_loops, gradient
from backprop.language import Model
from backprop.language.reading import read_carefully
from backprop.loops import sequence
from backprop.loops.reading import read_model
from backprop.source import Source
from indexed_models import random_indexed
from running import backprop

GROUPS = 10


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member, too, are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)


def both(text: str, values: Mapping[str, float]) -> tuple[Model, Gradient | None, Gradient]:
    """The model of loops with what it finds, None for nothing, and what the unrolled graph finds."""
    source = Source("<text>", text)
    looped = read_model(source, many=0)
    found = by_loops(looped, values, None)
    return looped, found, gradient(read_carefully(source), values)


def same(found: Mapping[str, float], right: Mapping[str, float]) -> bool:
    """Whether numbers are the same up to the rounding of sums: to a few units in the last place of the
    largest ones, of which the others may be what is left."""
    assert found.keys() == right.keys()
    largest = max(map(abs, right.values()), default=0.0)
    return all(
        abs(found[name] - right[name]) <= 400 * ulp(abs(right[name])) + 40 * ulp(largest) * 1e-2
        for name in right
    )


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_models_are_what_they_are_unrolled(group: int, request: pytest.FixtureRequest) -> None:
    models = 100 if request.config.getoption("--whole") else 15
    looped = 0
    for number in range(group * models, (group + 1) * models):
        text, values = random_indexed(number)
        model, found, right = both(text, values)
        if found is None:
            continue
        looped += 1
        assert same(found.data, right.data), number
        assert same(found.gradients, right.gradients), number
        assert not right.warnings and not right.notes, number
    assert looped > 0.8 * models
