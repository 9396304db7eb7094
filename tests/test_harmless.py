"""What is too small for a double and has no say costs no pass with many digits."""

from __future__ import annotations

from math import exp

import pytest

import backprop
from backprop.evaluation import indeterminate

POINTS = [number / 10 for number in range(-10, 10)] + [
    38 + number / 10 for number in range(-10, 10)
]


def test_a_mixture_of_far_apart_bells_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of log(exp(-d^2/2) + exp(-e^2/2)) by the first centre is d/(1 + exp(d^2/2 - e^2/2))."""
    monkeypatch.setattr(indeterminate, "settle", None)  # which would be called
    terms = [f"log(exp(-(({x}-a)^2)/2) + exp(-(({x}-b)^2)/2))" for x in POINTS]
    found = backprop.parse("y = " + " + ".join(terms)).grad({"a": 0.1, "b": 37.9})
    for name, own, other in (("a", 0.1, 37.9), ("b", 37.9, 0.1)):
        shares = (
            (x - own) / (1 + exp(min(((x - own) ** 2 - (x - other) ** 2) / 2, 700))) for x in POINTS
        )
        assert found.gradients[name] == pytest.approx(sum(shares), rel=1e-12)
    assert (found.warnings, found.notes) == ((), ())


@pytest.mark.parametrize(
    ("text", "at", "gradient"),
    [
        ("y = x*exp(-z)/(exp(-z) + exp(-z))", {"x": 3, "z": 740}, 0.5),
        ("y = exp(-x)*1e300", {"x": 740}, -exp(-740 + 690) * 1e300 / exp(690)),
        ("y = (exp(-z) + 1)*x", {"x": 3, "z": 740}, 1),
        ("y = relu(x*x)", {"x": 1e-300}, 2e-300),
        ("y = x*x*1e200*1e200", {"x": 1e-170}, 2e230),
    ],
)
def test_what_has_a_say_is_computed(text: str, at: dict[str, float], gradient: float) -> None:
    assert backprop.parse(text).grad(at).gradients["x"] == pytest.approx(gradient, rel=1e-12)
