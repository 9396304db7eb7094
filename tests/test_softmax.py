"""softmax of scores of any size, against mpmath: values, gradients and second derivatives, by single steps,
by arrays and by machine code."""

from __future__ import annotations

import mpmath
import numpy
import pytest

from backprop.evaluation.gradient import gradient
from backprop.evaluation.hessian_matrix import hessian_at
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.worth import read_model
from backprop.source import Source
from test_nests import compiled

SCORES = [
    [1e16, 1e16, 1e16],
    [1e16, 1e16 - 2, 1e16 + 4, 1e16 + 2],
    [-1e16, -1e16],
    [1e300, 1e300, -1e300],
    [1e5, 1e5 + 3.3, 1e5 - 2.2, 1e5 + 1],
    [3.0, 1.0, 2.0],
    [0.0, -3.0, -700.0],
    [7.0],
    [0.0] * 9,
    [-1e8 + 0.5 * at for at in range(20)],
]


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def text(count: int) -> str:
    """Two rows of so many scores, with weights."""
    return (
        f"const k = {count}; t[r,c] = 0 for r in 1..2, c in 1..k; "
        "y[r,c] = softmax(t[r,*], c) for r in 1..2, c in 1..k; "
        "L = sum(y[r,c]*(c + 2*r) for r in 1..2, c in 1..k)"
    )


def named(scores: list[float]) -> dict[str, float]:
    return {f"t[{r},{c}]": each for r in (1, 2) for c, each in enumerate(scores, 1)}


def right(scores: list[float], row: int) -> tuple[list[float], list[float], list[list[float]]]:
    """The shares of a row, and the first and the second derivatives of its part of L."""
    with mpmath.workdps(60):
        size = [mpmath.exp(mpmath.mpf(each) - max(scores)) for each in scores]
        share = [each / sum(size) for each in size]
        weight = [c + 2 * row for c in range(1, len(scores) + 1)]
        mean = sum(w * p for w, p in zip(weight, share, strict=True))
        first = [p * (w - mean) for w, p in zip(weight, share, strict=True)]
        second = [
            [
                (i == j) * first[i] - share[i] * first[j] - share[j] * first[i]
                for j in range(len(scores))
            ]
            for i in range(len(scores))
        ]
        return (
            [*map(float, share)],
            [*map(float, first)],
            [[*map(float, each)] for each in second],
        )


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("loops", [False, True])
def test_shares_and_gradients_are_those_of_mpmath(scores: list[float], loops: bool) -> None:
    source = Source("<text>", text(len(scores)))
    model = read_model(source, many=0) if loops else read_carefully(source)
    found = gradient(model, named(scores))
    assert bool(model.loops) == loops
    for row in (1, 2):
        shares, slopes, _ = right(scores, row)
        for c, (share, slope) in enumerate(zip(shares, slopes, strict=True), 1):
            distance = min(
                max(scores) - scores[c - 1], 1000
            )  # which is rounded before exp is taken
            accurate = 2.3e-16 * (distance + 6)
            assert found.data[f"y[{row},{c}]"] == pytest.approx(share, rel=accurate, abs=1e-300)
            assert found.gradients[f"t[{row},{c}]"] == pytest.approx(slope, rel=1e-9, abs=3e-14)


@pytest.mark.parametrize("scores", SCORES)
def test_machine_code_computes_them(scores: list[float]) -> None:
    made = compiled(text(len(scores)), named(scores))
    assert made is not None
    model, names, engine = made
    point = {**{name: model.default(name) for name in names}, **named(scores)}
    value, gradients = engine.run(numpy.array([point[name] for name in names]))
    by_name = dict(zip(names, gradients.tolist(), strict=True))
    total = 0.0
    for row in (1, 2):
        shares, slopes, _ = right(scores, row)
        total += sum(share * (c + 2 * row) for c, share in enumerate(shares, 1))
        for c, slope in enumerate(slopes, 1):
            assert by_name[f"t[{row},{c}]"] == pytest.approx(slope, rel=1e-9, abs=3e-14)
    assert value == pytest.approx(total, rel=1e-14)


@pytest.mark.parametrize("scores", SCORES[:-1])
@pytest.mark.parametrize("loops", [False, True])
def test_second_derivatives(scores: list[float], loops: bool) -> None:
    source = Source("<text>", text(len(scores)))
    model = read_model(source, many=0) if loops else read_carefully(source)
    names = [*named(scores)]
    found = hessian_at(model, named(scores), "L", names)
    count = len(scores)
    for row in (1, 2):
        _, _, second = right(scores, row)
        block = found.matrix[(row - 1) * count : row * count, (row - 1) * count : row * count]
        assert numpy.abs(block - numpy.array(second)).max() <= 1e-13
    assert not found.matrix[:count, count:].any()
