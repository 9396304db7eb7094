"""Quick looks of `backprop check`, at graphs with many inputs: verdicts are those of small graphs."""

import time

import pytest

from backprop import parse, values
from backprop.checks import along, check_gradient
from backprop.evaluation import shaken
from backprop.gallery import example
from backprop.graph import CODES
from running import backprop

MANY = 80
RESTS = {
    "sum": "{} + " + " + ".join(f"x[{i}]*x[{i % MANY + 1}]" for i in range(1, MANY + 1)),
    "product": "({})"
    + "".join(f" * (1 + sin(x[{i}])*x[{i % MANY + 1}]/1000)" for i in range(1, MANY + 1)),
}
"""The terms that change are computed alone, or machine code computes all."""

ODD = [
    ("abs(z)", 0, "corner"),
    ("max(z, 1)", 1, "corner"),
    ("z + 1e-6*abs(z - 0.3)", 0.3, "corner"),
    ("sqrt(abs(z))", 0, "corner"),
    ("floor(z) + z^2", 2, "jump"),
    ("z + 1e-12*floor(z)", 2, "jump"),
    ("if(z > 1, z^2, 5)", 1, "jump"),
    ("if(z == 1, 5, z)", 1, "jump"),
    ("sqrt(z)", 0, "edge"),
    ("asin(z)", 1, "edge"),
    ("cbrt(z)", 0, "agrees"),
    ("z^3", 0, "agrees"),
    ("log(z)", 0.1, "agrees"),
    ("gamma(z)", 3.3, "agrees"),
    ("tanh(1000*z)", 0, "agrees"),
    ("abs(z - 0.5) + z", 0.5000001, "agrees"),
    ("sin(1e17*z)", 1.3, "cannot tell"),
]


def many(rest: str, term: str, at: float) -> dict[str, str]:
    """The verdicts on a graph with such a term, and many other inputs."""
    drawn = f"x[i] ~ uniform(0.1, 2) for i in 1..{MANY}"
    model = parse(f"z = {at}\n{drawn}\nL = {RESTS[rest].format(term)}")
    assert len(model.inputs) * len(model.graph("L").steps) >= along._MUCH
    return {check.name: check.verdict for check in check_gradient(model, of="L").checks}


@pytest.mark.parametrize(
    ("rest", "term", "at", "verdict"),
    [("sum", *each) for each in ODD] + [("product", *each) for each in ODD[::3]],
)
def test_odd_points_among_many_inputs(rest: str, term: str, at: float, verdict: str) -> None:
    found = many(rest, term, at)
    assert found.pop("z") == verdict
    others = {"agrees", "cannot tell"} if verdict == "cannot tell" else {"agrees"}
    assert {*found.values()} <= others


@pytest.mark.parametrize("rest", RESTS)
def test_wrong_slopes_among_many_inputs(monkeypatch: pytest.MonkeyPatch, rest: str) -> None:
    right = values.SURE_SLOPES[CODES["tanh"]][0]
    wrong = (lambda x, out: right(x, out) * (1 + 1e-6),)
    monkeypatch.setitem(values.SURE_SLOPES, CODES["tanh"], wrong)
    monkeypatch.setattr(shaken, "MOST", 0)  # which would see that these are not the table's
    found = many(rest, "tanh(z)", 0.4)
    assert found.pop("z") == "DIFFERS"
    assert {*found.values()} == {"agrees"}


def test_large_models_take_seconds() -> None:
    begin = time.perf_counter()
    ran = backprop("check", "-", "--of", "loss", stdin=example("two_moons").text.encode())
    assert ran.out.endswith("all 337 gradients agree with differences\n")
    assert time.perf_counter() - begin < 60  # 4 on an idle machine, where it was 200
