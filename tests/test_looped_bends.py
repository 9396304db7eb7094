"""Second derivatives of descents by loops: newton goes the way that it goes unrolled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import backprop
from backprop.descent import bends, creased_ends, landing, second_order
from backprop.descent.begin import begin
from backprop.language.reading import read_carefully
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source
from gradbench import PROBLEMS
from sizes import size

LOGISTIC = """L = mean(softplus(-t[i]*(b + sum(w[j]*x[i,j] for j in 1..4))) for i in 1..n) + 0.001*sum(w[j]^2 for j in 1..4)
t[i] = if(u[i] > 0.3 + 0.1*x[i,1], 1, -1) for i in 1..n
w[j] = 0.1 for j in 1..4; b = 0
const x, u; const n = 400
x[i,j] ~ normal(0, 1) for i in 1..n, j in 1..4
u[i] ~ uniform(0, 1) for i in 1..n
minimize L
""".replace("n = 400", f"n = {size(400, 2000)}")
TEXTS = {
    "logistic regression": LOGISTIC,
    "mixture": PROBLEMS["gaussian_mixture"].text({"n": 40, "d": 2, "k": 3}),
    "k-means": PROBLEMS["k_means"].text({"n": 60, "k": 3, "d": 2}),
    "circle": "L = sum((hypot(x[i] - a, y[i] - c) - r)^2 for i in 1..80); a = 0.1; c = 0.2; r = 1; const x, y\n"
    "x[i] = 1 + 2*cos(i/8) for i in 1..80; y[i] = 0.5 + 2*sin(i/8) + 0.01*cos(3*i) for i in 1..80",
}
FREE = {"mixture": ["mu*", "q*", "l[*"]}
"""Who moves; all weights of a mixture may grow alike, and along that second derivatives are rounding."""


@pytest.fixture
def told() -> list[str]:
    """What was said of how a text is read and computed."""
    return []


@pytest.fixture
def looped(told: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Reads a text as loops, which must not be unrolled."""

    def unrolled(self: LoopModel) -> Any:
        raise AssertionError("unrolled")

    monkeypatch.setattr(LoopModel, "unrolled", unrolled)
    return lambda text: read_model(Source("<text>", text), many=0, tell=told.append)


def descend(model: Any, **options: Any) -> Any:
    from backprop.descent.errand import Errand
    from backprop.descent.minimize import descend as run

    return run(Errand(model), **options)[0]


def test_a_run_of_loops_with_corners_is_not_unrolled(looped: Callable[[str], Any]) -> None:
    found = descend(looped(TEXTS["k-means"]), optimizer="newton", steps=12)
    assert found.value < found.start_value


@pytest.mark.parametrize("name", TEXTS)
def test_newton_goes_the_way_that_it_goes_unrolled(
    name: str, looped: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError("differences of gradients")

    for each in (second_order, landing):
        monkeypatch.setattr(each, "by_differences", refuse)
    # as of texts that are large enough to be loops: of small ones creases are looked along first
    monkeypatch.setattr(creased_ends, "_QUICK", 0)
    options = {"optimizer": "newton", "only": FREE.get(name), "steps": 12}
    options = {key: each for key, each in options.items() if each is not None}
    found = descend(looped(TEXTS[name]), **options)
    right = descend(read_carefully(Source("<text>", TEXTS[name])), **options)
    assert found.values.tolist() == pytest.approx(right.values.tolist(), rel=1e-10)
    assert found.parameters == pytest.approx(right.parameters, rel=1e-10, abs=1e-10)
    assert found.stopped == right.stopped
    assert (found.steps, found.evaluations) == (right.steps, right.evaluations)
    assert found.steps > 3


@pytest.mark.parametrize("text", [LOGISTIC, TEXTS["circle"]])
def test_they_and_their_sizes_are_those_of_the_unrolled_text(
    text: str, looped: Callable[[str], Any]
) -> None:
    """Sums of a few thousand terms, one by one and two by two."""
    names = ["w[1]", "w[2]", "w[3]", "w[4]", "b"] if text == LOGISTIC else ["a", "c", "r"]
    found = begin(looped(text), {}, "L", names, "auto", 1000)[0]
    right = begin(read_carefully(Source("<text>", text)), {}, "L", names, "auto", 1000)[0]
    assert isinstance(found.second_derivatives, bends.BendsOfLoops)
    assert right.second_derivatives
    for point in (found.start, [number + 0.3 for number in found.start]):
        table, size = (getattr(found.second_derivatives, each)(point) for each in ("at", "sizes"))
        expected, sizes = (
            getattr(right.second_derivatives, each)(point) for each in ("at", "sizes")
        )
        assert (numpy.abs(table - expected) <= 1e-13 * sizes).all()
        assert (sizes / 2 <= size).all()
        assert (size <= 2 * sizes).all()
        assert (numpy.abs(table) <= size * (1 + 1e-9)).all()


def test_a_minimum_is_one_by_loops_as_it_is_unrolled(looped: Callable[[str], Any]) -> None:
    """At rest from the start: the sums of what is added up say whether a bend is more than rounding."""
    text_of = "L = sum((a - b)^2*x[i]^2 for i in 1..50) {}; a = 1; b = 1; const x; x[i] = i/50 for i in 1..50"
    for more, ends in (
        ("+ 1e-3*a^2*(a - 1)^2 + 1e-3*(b - 1)^2", "minimum"),
        ("", "minimum, not unique"),
    ):
        text = text_of.format(more)
        found = descend(looped(text), optimizer="newton")
        right = backprop.parse(text).descend(optimizer="newton")
        assert (found.stopped, found.steps) == (right.stopped, right.steps) == (ends, 0)


def test_what_loops_do_not_have_is_found_as_before_and_said(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "x[t+1] = a*x[t] + b for t in 0..40; x[0] = 1; L = (x[41] - 2)^2 + a^2; a = 0.5; b = 0.1"
    model = read_model(Source("<text>", text), many=0, tell=told.append)
    found = descend(model, optimizer="newton")
    right = backprop.parse(text).descend(optimizer="newton")
    assert found.value == pytest.approx(right.value, rel=1e-10)
    assert "second derivatives are taken of the unrolled text: members need one another" in told


def test_large_recurrences_have_exact_ones(
    looped: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that the graph of single steps says, and the same minimum, without any difference."""

    def never(*_: object) -> None:
        raise AssertionError("differences of gradients")

    monkeypatch.setattr(second_order, "by_differences", never)
    monkeypatch.setattr(landing, "by_differences", never)
    text = "x[t+1] = x[t] + h*a*x[t]*(1 - x[t]/b) for t in 0..200; x[0] = 0.3; const h; h = 0.05"
    text += "; L = (x[100] - 0.9)^2 + (x[201] - 1.2)^2; a = 0.7; b = 1"
    right = backprop.parse(text).descend(optimizer="newton")
    expected = backprop.parse(text).hessian(wrt=["a", "b"]).matrix
    for few, looks in ((50, 0), (50, 10**9)):
        monkeypatch.setattr(bends, "_FEW_STEPS", few)
        monkeypatch.setattr(bends, "_LOOKED_AT", looks)
        found = descend(looped(text), optimizer="newton", freeze=["x[0]"])
        frozen = backprop.parse(text).descend(optimizer="newton", freeze=["x[0]"])
        assert found.value == pytest.approx(frozen.value, abs=1e-18)
        assert found.parameters == pytest.approx(frozen.parameters, rel=1e-6)
        assert found.stopped == frozen.stopped
        objective = begin(looped(text), {}, "L", ["a", "b"], "auto", 1)[0]
        known = objective.second_derivatives
        assert isinstance(known, bends.BendsOfLoops)
        assert not known.is_quick
        table = known.at(objective.start)
        assert table == pytest.approx(expected, rel=1e-11)
        assert (abs(table) <= known.sizes(objective.start) * (1 + 1e-9)).all()
    assert right.converged


def test_conditions_that_do_not_move_are_no_borders(looped: Callable[[str], Any]) -> None:
    """A condition of 0, which no parameter changes, leaves second derivatives as they are."""
    text = """L = sum(if(k[i], (b - 1)^2*x[i]^2, sin(b*c)*x[i]) for i in 1..60); b = 2; c = 0.5
        const k, x; k[i] = mod(i, 2) for i in 1..60; x[i] = i/60 for i in 1..60"""
    objective = begin(looped(text), {}, "L", ["b", "c"], "auto", 1)[0]
    known = objective.second_derivatives
    assert isinstance(known, bends.BendsOfLoops)
    found = known._loops.at(numpy.array([2.0, 0.5]), numpy.identity(2)).products
    odd = sum((at / 60) ** 2 for at in range(1, 61, 2))
    even = sum(at / 60 for at in range(2, 61, 2))
    s, c = numpy.sin(1.0), numpy.cos(1.0)
    right = [[2 * odd - s * 0.25 * even, (c - s) * even], [(c - s) * even, -4 * s * even]]
    assert found == pytest.approx(numpy.array(right), rel=1e-13)
