"""The random models with indices read, have finite gradients, and have everything that they are to have."""

from __future__ import annotations

import math
import re

import pytest

import backprop as library
from backprop.operations import OPERATIONS
from indexed_models import FEATURES, features_of, random_indexed

WRITTEN = {
    "triangle": r"in 1\.\.i-1", "step": r"\.\.\d+\.\.", "condition": r" if i != j", "offset": r"\[t\+1\] = ",
    "scaled index": r"\[2\*", "index from a table": r"\w\[\w+\[i\]\]", "softmax": r"softmax\(", "dot": r"dot\(\w+\[",
    "gather in a gather": r"sum\(sum\(", "empty range": r"in 3\.\.1", "function with v[*]": r"\(v\[\*\]",
    "numbers from values": "", "drawn family": " ~ ", "const family": r"const \w+\[",
}  # fmt: skip


def test_a_number_is_one_model() -> None:
    first = [random_indexed(number) for number in range(70)]
    assert first == [random_indexed(number) for number in range(70)]
    assert len({text for text, _ in first}) == 70


def test_every_feature_occurs() -> None:
    called = {row.name for row in OPERATIONS.values() if row.called and row.name.isidentifier()}
    assert called <= FEATURES, "a function of the table has no place in the random models"
    models = [(random_indexed(number)[0], features_of(number)) for number in range(400)]
    assert set().union(*(features for _, features in models)) == FEATURES
    for feature, pattern in WRITTEN.items():  # what is said is written
        texts = [text for text, features in models if feature in features]
        assert any(re.search(pattern, text) for text in texts), feature


def test_models_have_finite_gradients(request: pytest.FixtureRequest) -> None:
    for number in range(2000 if request.config.getoption("--whole") else 30):
        text, values = random_indexed(number)
        found = library.parse(text).grad(values)
        assert math.isfinite(found.value), number
        assert all(map(math.isfinite, found.gradients.values())), number
        assert all(name in found.data for name in values), number
