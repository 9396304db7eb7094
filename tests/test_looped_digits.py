"""Digits of second derivatives of loops: what rounding takes is told of, against 60 digits by hand."""

from math import isnan

import mpmath
import pytest

from backprop.evaluation import looped_second
from backprop.evaluation.hessian_parts import diagonal, sparse
from backprop.evaluation.hessian_parts import times as product
from backprop.loops import loop_model, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source

MEMBERS = 12


def chaotic(times: int) -> str:
    """Logistic maps side by side, all with one rate: after some thirty times nothing is left of doubles."""
    return f"""
        a = 3.9
        x[0,i] = 0.3 + i/1000 for i in 1..{MEMBERS}
        x[t+1,i] = a*x[t,i]*(1 - x[t,i]) for t in 0..{times - 1}, i in 1..{MEMBERS}
        L = sum(x[{times},i] for i in 1..{MEMBERS})
        """


def truth(times: int) -> list[float]:
    """The derivative by a of the gradient by a and by the first numbers, by recurrences of these."""
    with mpmath.workdps(60):
        a, whole, each = mpmath.mpf(3.9), mpmath.mpf(0), []
        for i in range(1, MEMBERS + 1):
            x, by_a, twice = mpmath.mpf(0.3 + i / 1000), mpmath.mpf(0), mpmath.mpf(0)
            by_x, both = mpmath.mpf(1), mpmath.mpf(0)
            for _ in range(times):
                flow, slope = x * (1 - x), 1 - 2 * x
                twice = 2 * slope * by_a + a * (slope * twice - 2 * by_a**2)
                both = slope * by_x + a * (slope * both - 2 * by_a * by_x)
                x, by_a, by_x = a * flow, flow + a * slope * by_a, a * slope * by_x
            whole += twice
            each.append(float(both))
        return [float(whole), *each]


@pytest.mark.parametrize(
    ("times", "known", "told", "again"),
    [(10, 13, 0, 1e5), (35, 13, 1, 1e5), (60, 13, 0, 1e5), (90, 13, 0, 1e5), (90, 0, 1, 0)],
)
def test_a_number_is_right_or_it_is_told(
    times: int, known: int, told: int, again: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """again: up to how many steps what is all rounding is computed with more digits."""
    monkeypatch.setattr(looped_second, "AGAIN", again)
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)
    model = read_model(Source("<text>", chaotic(times)), many=0)
    assert isinstance(model, LoopModel)
    right, names = truth(times), ["a", *(f"x[0,{i}]" for i in range(1, MEMBERS + 1))]
    found = product(model, {}, {"a": 1.0}, "L", names)
    assert sum(not isnan(number) for number in found.numbers) == known
    for number, wanted in zip(found.numbers, right, strict=True):
        assert isnan(number) or number == pytest.approx(wanted, rel=1e-3 if told else 1e-7)
    assert bool(found.warnings) == bool(told)
    own = diagonal(model, {}, "L", ["a"])
    assert isnan(own.numbers[0]) == (known == 0)
    assert isnan(sparse(model, {}, "L", ["a"]).entries.values[0]) == (known == 0)
