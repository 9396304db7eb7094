"""Statements that say the number of one member each are read together, as if each were read by itself."""

from __future__ import annotations

import random

import pytest

from backprop.errors import BackpropError
from backprop.evaluation.gradient import gradient
from backprop.language.reading import read_carefully
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source

TEXTS = [
    "x[1] = -0.5; x[2] = 2; x[3] = 1e-3; L = sum(x[i]^2 for i in 1..3)",
    "const w[-1,2] = 3; w[0,2] = -4.25; w[1,2] = .5; b[0] = 1; w[2,2] = 0; L = sum(w[i,2]*b[0] for i in -1..2)",
    "x[3] = 1; y[1] = 2; x[2] = 3; y[2] = 4; x[1] = 5; L = sum(x[i]*y[1]*y[2] for i in 1..3); minimize L",
    "x[0] = 0.5; x[t+1] = x[t]*a[t] for t in 0..3; a[0] = 1.5; a[1] = -2; a[2] = 3; a[3] = 0.25; L = x[4]",
    "x[i] ~ uniform(0, 1) for i in 1..3; x[4] = 4; x[5] = -0.0; x[6] = 1/4; L = prod(x[i] for i in 1..5) + x[6]",
    "const n = 3; x[1] = 1 in 0..2; x[2] = 2 ± 0.1; x[3] = 3; L = sum(x[i] for i in 1..n)",
    "k[1] = 3; k[2] = 1; k[3] = 2; const k; y[1] = 0.1; y[2] = 0.2; y[3] = 0.3; L = sum(y[k[i]]*i for i in 1..3)",
    "b ~ normal(0, 1); x[i] = i + b for i in 1..3; L = sum(x[i] for i in 1..3)",
    "const b ~ uniform(0, n); n = 3; x[i] = i*b for i in 1..n; L = sum(x[i] for i in 1..3)",
    "x[i] = i*b for i in 1..3; L = sum(x[i] for i in 1..3); s = 2; b ~ normal(0, s) in -9..9",
    "f(x) = x^2 + c; c ~ uniform(1, 2); b = f(3); x[i] = i*b for i in 1..3; L = sum(x[i] for i in 1..3)",
    "c ~ uniform(1, 2); b = derivative(c^2, c); x[i] = i*b for i in 1..3; L = sum(x[i] for i in 1..3)",
    "x[2] = 5; L = sum(x[i]*z[i] for i in 1..2); x[1] = 3; z[1] = 1; z[2] = x[1] + 1",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_many_lines_say_is_what_each_says(text: str) -> None:
    for each in (text, text.replace("; ", "\n")):
        found = read_model(Source("<text>", each), many=0)
        right = read_carefully(Source("<text>", each))
        assert isinstance(found, LoopModel)
        assert [*found.names] == [*right.names]
        assert [*found.defaults] == [*right.defaults]
        assert (found.inputs, found.outputs) == (right.inputs, right.outputs)
        assert found.constants == right.constants
        assert (found.bounds, found.uncertainties) == (right.bounds, right.uncertainties)
        assert {*found.givers(right.defaults)} == {*right.givers(right.defaults)}
        for name in right.names:
            assert found.is_equation(name) == right.is_equation(name)
            assert found.text_of(name) == right.text_of(name)
            assert found.instance_of(name) == right.instance_of(name)
            assert str(found.equation(name)) == str(right.equation(name))
            if name in right.defaults:
                assert found.default(name) == right.default(name)
        assert found.repeated == right.repeated
        assert found.loops
        whole = gradient(right, {}, "L")
        by_names = found.by_names({}, "L", [*right.names])
        assert by_names == (whole.data, whole.gradients)


@pytest.mark.parametrize(
    "text",
    [
        "x[1] = 2; x[2] = 3; x[1] = 4; L = sum(x[i] for i in 1..2)",
        "x[1] = 2; x[1,2] = 3; L = sum(x[i] for i in 1..1)",
        "x[1] = 2; x[i] = i for i in 1..2; L = sum(x[i] for i in 1..2)",
        "x[1] = 1e400; x[2] = 1; L = sum(x[i] for i in 1..2)",
        "x[1] = 1e-400; x[2] = 1; L = sum(x[i] for i in 1..2)",
        "x[i] = i*y + 1e-400 for i in 1..3; y = 1; L = sum(x[i] for i in 1..3)",
        "x[1.5] = 1; x[2] = 1; L = sum(x[i] for i in 2..2)",
        "x[1] = 2; x[2] = 3; L = sum(x[i] for i in 1..3) + sum(x[i]*2 for i in 1..2); x[3] = y; x[5] = 1",
    ],
)
def test_mistakes_are_told_as_they_are(text: str) -> None:
    outcomes = []
    for read in (
        lambda: read_model(Source("<t>", text), many=0),
        lambda: read_carefully(Source("<t>", text)),
    ):
        try:
            outcomes.append([*read().names])
        except BackpropError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_thousands_of_lines_are_loops() -> None:
    """Not only where the rest of the text is large."""
    chance = random.Random(1)
    lines = [f"x[{i}] = {chance.uniform(-1, 1)!r}" for i in range(1, 30_001)]
    text = "\n".join([*lines, "L = sum((x[i] - 1)^2 for i in 1..30000)"])
    model = read_model(Source("<text>", text))
    assert isinstance(model, LoopModel)
    assert model.default("x[17]") == float(lines[16].split(" = ")[1])
    found = model.by_names({}, "L", ["x[17]"])
    assert found
    assert found[1]["x[17]"] == 2 * (model.default("x[17]") - 1)
