"""A gradient that is asked often is computed by compiled code: the same to the bit, warnings and all."""

from __future__ import annotations

import random
from struct import pack

import pytest

import backprop
from backprop.errors import BackpropError
from backprop.evaluation import gradient
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.leaves import inputs_at
from backprop.evaluation.often import sweep
from backprop.evaluation.shaken import doubted
from backprop.operations import FUNCTIONS
from odd_models import NEWER, random_model
from sizes import size

PLAIN = [
    "e = a*b; d = e+c; L = d*f",
    "y = exp(-a^2)*sin(3*b) + log(1 + c^2) - f/a",
    "y = if(a < b, a*c, sqrt(abs(f))) + max(a, b, c) + relu(b) + floor(2.5*c)*a",
    "y = abs(a)^b*c + f^2",
    "u = tanh(a*b + c); v = u*f; y = v + u - a; other = f^2 + u; output y",
    "h = hypot(a, b); y = softplus(h) + erf(c)/f + mod(a, 3)*b + (a == 4)",
    *(
        f"y = {row.name}({', '.join('abcf'[: row.arity])})*a + b"
        for row in FUNCTIONS.values()
        if row.name != "^"
    ),
]


def bits(numbers: list[float]) -> list[bytes]:
    return [pack("d", number) for number in numbers]


def _agrees(model: backprop.Model, values: dict[str, float]) -> bool:
    """Whether the compiled code takes the point; then it has to have what the interpreter has."""
    try:
        found = evaluate(model, values)
    except BackpropError:
        found = None
    graph = model.graph(model.output(None))
    start = graph.columns.start()
    try:
        given = inputs_at(model, values)[0]
    except BackpropError:  # of a default
        return False
    for node, number in given.items():
        start[node] = number
    data, gradients = [*start], [0.0] * len(start)
    if not sweep(graph)(data, gradients):
        assert bits(data) == bits(start)
        assert not any(gradients)
        return False
    assert found
    assert found.gradient.warnings == tuple(model.warnings)
    order = graph.order
    for own, interpreted in ((data, found.numbers.data), (gradients, found.numbers.gradients)):
        assert bits([own[node] for node in order]) == bits([interpreted[node] for node in order])
    assert not doubted(graph, data, gradients)
    return True


@pytest.mark.parametrize("text", PLAIN)
def test_compiled_gradients_are_the_interpreters_to_the_bit(text: str) -> None:
    model, chance = backprop.parse(text), random.Random(text)
    taken = 0
    for _ in range(60):
        spread = chance.choice((1.0, 1.0, 5.0, 0.1))
        values = {name: chance.uniform(-spread, spread) for name in model.inputs}
        if chance.random() < 0.5:
            values = {name: abs(number) for name, number in values.items()}
        taken += _agrees(model, values)
    jumping = {"floor", "ceil", "round", "polygamma", "acosh"}
    assert taken > 20 or any(f"{name}(" in text for name in jumping) or "clamp" in text


def test_odd_models_are_taken_only_where_nothing_is_in_doubt() -> None:
    taken, models = 0, size(200, 400)
    for seed in [*range(models), *range(NEWER, NEWER + models)]:
        odd = random_model(seed)
        model = backprop.parse(odd.text)
        values = {name: odd.values[name] for name in model.inputs if name in odd.values}
        taken += _agrees(model, values)
    assert taken > models / 8


def test_the_fiftieth_gradient_says_what_the_first_one_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gradient, "_OFTEN", 2)
    text = "u = abs(a); v = expm1(u)/u; y = v*b + sqrt(b); other = log(b - 2); output y"
    model = backprop.parse(text)
    points = [
        (1.0, 2.5),
        (0.3, 1.0),
        (1e-20, 3.0),
        (-1e-13, 4.0),
        (2.0, 0.0),
        (-2.0, 7.0),
        (3.0, 3.0),
    ]
    for a, b in points * 2:
        often, once = model.grad(a=a, b=b), backprop.parse(text).grad(a=a, b=b)
        for own, other in ((often.data, once.data), (often.gradients, once.gradients)):
            assert [*own] == [*other]
            assert bits([*own.values()]) == bits([*other.values()])
        assert [*map(str, often.warnings)] == [*map(str, once.warnings)]
        assert [*map(str, often.notes)] == [*map(str, once.notes)]


def test_a_point_without_a_value_stays_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient, "_OFTEN", 0)
    model = backprop.parse("y = log(x) + 1/x")
    assert model.grad(x=2).gradients["x"] == 0.25
    with pytest.raises(BackpropError, match="log"):
        model.grad(x=-1)
    assert model.grad(x=2).gradients["x"] == 0.25
