"""Functions of many operands, joined from operations of two, against mpmath at all magnitudes."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache

import pytest

import backprop as library
from backprop.chain.derivatives import derivative_graph
from backprop.engine.engines import GeneratedPython, Interpreted, StraightCode, TapeCode
from backprop.graph import joined
from backprop.values import forward
from running import backprop
from truth import mp, ulps

ENGINES = (Interpreted, GeneratedPython, StraightCode, TapeCode)
HUGE = 1.7976931348623157e308


@lru_cache(1)  # of which several results are asked about
def softmax(point: tuple[float, ...]) -> tuple[object, list[object]]:
    """How far logsumexp is above the largest operand, and its derivatives by all."""
    with mp.workprec(2200):
        apart = [max(mp.mpf(x) - mp.mpf(max(point)), mp.mpf(-2000)) for x in point]
    with mp.workprec(200):
        parts = [mp.exp(each) for each in apart]
        return mp.log(mp.fsum(parts)), [each / mp.fsum(parts) for each in parts]


def spread(chance: random.Random, count: int) -> list[float]:
    """Numbers of one of the kinds at which sums of exponentials go wrong."""
    size, sign = 10.0 ** chance.uniform(-300, 308), chance.choice((1, -1))
    base = sign * 10.0 ** chance.uniform(0, 12)
    kinds: list[Callable[[], float]] = [
        lambda: chance.uniform(-5, 5),
        lambda: chance.uniform(-200, 200),
        lambda: size * chance.uniform(-1, 1),
        lambda: chance.choice((1, -1)) * 10.0 ** chance.uniform(-300, 308),
        lambda: sign * size,
        lambda: base + chance.uniform(-30, 30),
        lambda: chance.choice((1e308, -1e308, HUGE, -HUGE, 0.0)),
        lambda: float(chance.randint(-3, 3)),
        lambda: chance.choice((0.0, -chance.uniform(20, 60))),
    ]
    kind = chance.choice(kinds)
    return [kind() for _ in range(count)]


def close(point: Sequence[float], value: float, slopes: Sequence[float]) -> None:
    """Fails unless value and slopes of logsumexp are true: a difference of d that is rounded
    moves exp(d) by d units in the last place, and each level of the tree may add as much."""
    top, levels = max(point), math.log2(len(point)) + 1
    above, shares = softmax(tuple(point))
    with mp.workprec(2200):
        missed = abs(mp.mpf(value) - mp.mpf(top) - above)
    assert missed <= 60 * levels * 2**-52 * above + math.ulp(value), point
    for x, slope, true in zip(point, slopes, shares, strict=True):
        if true < 1e-307:
            assert slope < 2e-307, point
        else:
            assert ulps(slope, true) <= levels * (3 + min(top - x, 745)), (point, x)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 12])
def test_logsumexp_has_the_slopes_of_softmax_at_all_magnitudes(count: int, points: int) -> None:
    chance = random.Random(count)
    model = library.parse(f"L = logsumexp(x[i] for i in 1..{count})")
    names = [f"x[{at}]" for at in range(1, count + 1)]
    graph, leaves = model.graph("L"), [model.names[name] for name in names]
    engines = [engine(graph, leaves, {}) for engine in ENGINES]
    for _ in range(points):
        point = spread(chance, count)
        found = model.grad(dict(zip(names, point, strict=True)))
        assert not found.warnings
        close(point, found.value, [found.gradients[name] for name in names])
        values = [library.Value(x) for x in point]
        total = values[0] if count < 2 else library.logsumexp(*values)
        total.backward()
        slopes = [each.grad for each in values]
        if not any(map(math.isnan, slopes)):  # nan where a share is too small for a double
            close(point, total.data, slopes)
        for engine in engines:
            if ran := engine.run(point):  # None: left to the interpreter
                close(point, ran[0], list(ran[1]))


@pytest.mark.parametrize("x", [0.0, 1e-300, 1e6, -1e6, 1e16, 1e308, -1e308, HUGE])
@pytest.mark.parametrize("count", [3, 5, 1000])
def test_equal_operands_have_equal_shares(x: float, count: int) -> None:
    found = library.parse(
        f"L = logsumexp(x[i] for i in 1..{count}); x[i] = {x} for i in 1..{count}"
    ).grad()
    slopes = [found.gradients[f"x[{at}]"] for at in range(1, count + 1)]
    assert slopes == pytest.approx([1 / count] * count, rel=1e-14, abs=0)
    assert found.value == pytest.approx(x + math.log(count), rel=1e-15, abs=0)
    assert not found.notes


def test_a_thousand_operands_around_a_million() -> None:
    """Folded one after the other they lost 10 digits of the slopes."""
    chance = random.Random(0)
    point = [1e6 + chance.uniform(-10, 10) for _ in range(1000)]
    model = library.parse("L = logsumexp(x[i] for i in 1..1000)")
    found = model.grad({f"x[{at}]": x for at, x in enumerate(point, 1)})
    close(point, found.value, [found.gradients[f"x[{at}]"] for at in range(1, 1001)])


@pytest.mark.parametrize(("count", "wide"), [(1000, 8.0), (20, 8.0), (300, 100.0)])
def test_small_shares_are_off_by_as_much_as_the_page_says(count: int, wide: float) -> None:
    """By 2*(d + 2) units, be there twenty operands or a thousand; SciPy's are off by d/2 + 1."""
    chance = random.Random(count)
    point = [chance.gauss(0, wide) for _ in range(count)]
    model = library.parse(f"L = logsumexp(x[i] for i in 1..{count})")
    found = model.grad({f"x[{at}]": x for at, x in enumerate(point, 1)}).gradients
    above, shares = softmax(tuple(point))
    for at, (x, true) in enumerate(zip(point, shares, strict=True), 1):
        missed = abs(found[f"x[{at}]"] - true) / true
        below = max(point) + above - x
        assert missed <= 2 * (below + 2) * 2**-52, (x, below)


def test_small_shares_are_in_the_value() -> None:
    found = library.parse("L = logsumexp(0, x, x); x = -40").grad()
    assert found.value == pytest.approx(2 * math.exp(-40), rel=1e-14, abs=0)


def test_second_derivatives_at_a_million() -> None:
    """Of logsumexp they are s(1 - s) and -s*t, where s and t are shares."""
    model = library.parse("L = logsumexp(a, b, c)")
    leaves = [model.names[name] for name in "abc"]
    point = [1e6, 1e6 + 0.5, 1e6 - 0.25]
    first = derivative_graph(model.graph("L"), leaves)
    second = derivative_graph(first, leaves, {first.outputs[0]: 1.0})
    data = second.columns.start()
    for leaf, number in zip(leaves, point, strict=True):
        data[leaf] = number
    forward(second, second.steps, data)
    s, t, u = map(float, softmax(tuple(point))[1])
    found = [data[node] for node in second.outputs]
    assert found == pytest.approx([s * (1 - s), -s * t, -s * u], rel=1e-14)


def test_every_command_has_the_same_shares() -> None:
    text = "L = logsumexp(a, b, c); a = 1e308; b = 1e308; c = 1e308"
    third = pytest.approx(1 / 3, rel=1e-15)
    by_grad = json.loads(backprop("grad", "-e", text, "--format", "json").out)["gradients"]
    assert [by_grad[name] for name in "abc"] == [third] * 3
    for detail in ("equations", "operations"):
        told = json.loads(
            backprop("explain", "-e", text, "--detail", detail, "--format", "json").out
        )
        shares = {
            share["by"]: share["product"] for step in told["backward"] for share in step["shares"]
        }
        assert [shares[name] for name in "abc"] == [by_grad[name] for name in "abc"]
    assert backprop("check", "-e", text.replace("1e308", "1e3")).status == 0


def test_an_explanation_in_operations_leaves_the_pivot_out() -> None:
    text = "L = logsumexp(a, b, c); a = 1; b = 2; c = 0.5"
    told = backprop("explain", "-e", text, "--detail", "operations").out
    assert "v2 = max(v1, c)" in told
    assert "v3 = a − v2" in told
    assert "v2, the largest, is taken away and put back" in told
    assert "∂L/∂v2" not in told


def test_operands_are_joined_one_after_the_other_or_two_by_two() -> None:
    def step(name: str, parts: Sequence[str]) -> str:
        return f"{name}({' '.join(parts)})"

    assert joined("min", list("abc"), step) == "min(min(a b) c)"
    assert joined("logsumexp", list("ab"), step) == "logsumexp(a b)"
    pivot = "pivot(pivot(a b) c)"
    below = [f"below({each} {pivot})" for each in "abc"]
    assert joined("logsumexp", list("abc"), step) == (
        f"above({pivot} logsumexp(logsumexp({below[0]} {below[1]}) {below[2]}))"
    )


def _hypot(point: Sequence[float]) -> list[object]:
    length = mp.sqrt(sum(mp.mpf(x) ** 2 for x in point))
    return [x / length for x in point]


def _product(point: Sequence[float]) -> list[object]:
    whole = mp.fprod(point)
    return [whole / x for x in point]


@pytest.mark.parametrize(
    ("form", "truth", "least", "most"),
    [("hypot({})", _hypot, -150, 150), ("prod(x[i] for i in 1..60)", _product, -0.3, 0.3)],
)
def test_slopes_of_others_of_many_operands(
    form: str, truth: Callable[[Sequence[float]], list[object]], least: float, most: float
) -> None:
    """Each operation adds a rounding: 60 of them no more than 60 units in the last place."""
    chance = random.Random(form)
    names = [f"x[{at}]" for at in range(1, 61)]
    model = library.parse(f"L = {form.format(', '.join(names))}")
    for _ in range(10):
        point = [chance.choice((1, -1)) * 10.0 ** chance.uniform(least, most) for _ in names]
        found = model.grad(dict(zip(names, point, strict=True)))
        with mp.workprec(2600):
            for name, true in zip(names, truth(point), strict=True):
                assert ulps(found.gradients[name], true) <= 60
