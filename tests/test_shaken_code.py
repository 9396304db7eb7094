"""How far rounding moves second derivatives of recurrences, as machine code shows it that changes everything a
little: against arrays that are changed so, and against the error that there is, from 60 digits."""

from collections.abc import Callable
from sys import float_info
from typing import Any

import mpmath
import numpy
import pytest

from backprop.evaluation import looped_second
from backprop.evaluation.hessian_matrix import hessian_at
from backprop.evaluation.looped_second import parts_by_loops
from backprop.loops.engine import ArrayEngine
from backprop.loops.line_curvature import LineCurvature
from backprop.loops.many import NotLoops
from backprop.loops.native.nest_engine import NestEngine
from backprop.loops.ready import needed
from backprop.loops.rounded import SIZE, Shaken
from backprop.loops.walks import Doubtful
from test_looped_hessians import looped, whole
from test_recurrences_twice import as_loops, random_loops

__all__ = ["looped"]

CHAOS = """
    r = {r}; c = {c}
    s[0] = c
    s[t] = r*s[t-1]*(1 - s[t-1]) for t in 1..{n}
    L = s[{n}]*{times}
"""


def made_of(text: str, names: list[str], values: dict[str, float]) -> tuple[Any, Any]:
    """What has second derivatives by machine code, and the numbers of the inputs."""
    model = as_loops(text)
    output = model.outputs[0]
    known = {**model.default_numbers(), **values}
    made = LineCurvature(needed(model, output, names, values), by_code=True)
    return made, numpy.array([known[name] for name in names])


def shown_by(engine: Any, both: Any) -> tuple[Any, Any]:
    """How far gradients move if everything is changed, by machine code and by arrays."""
    assert isinstance(engine, NestEngine)
    assert engine.forward(both) is not None
    known, arrays = engine.backward().copy(), engine.careful
    assert isinstance(arrays, ArrayEngine)
    assert arrays.forward(both) is not None
    mine = [numpy.abs(engine.shaken(both, turn) - known) for turn in range(4)]
    writers = [Shaken(1009 * turn) for turn in range(4)]
    moved = [arrays._backward(arrays._forward(arrays._plain, writer=x))[0] for x in writers]
    assert numpy.array_equal(engine.backward(), known)  # it stays
    return numpy.max(mine, 0), numpy.max([numpy.abs(each - known) for each in moved], 0)


@pytest.mark.parametrize("group", range(2))
def test_machine_code_and_arrays_are_changed_alike(
    group: int, request: pytest.FixtureRequest
) -> None:
    looked = 0
    for text, _, names, values in random_loops(group, request):
        try:
            made, x = made_of(text, names, values)
            way = numpy.cos(numpy.arange(len(x)) + 1.0)
            if not made.by_code:
                continue
            made.at(x, way[None])
            mine, theirs = shown_by(made._engine, numpy.concatenate([x, way]))
        except (NotLoops, Doubtful):
            continue
        gradient = numpy.abs(made._slopes(made._engine, numpy.concatenate([x, way])))
        least = SIZE * gradient.max(initial=0.0)
        assert numpy.linalg.norm(theirs) <= 30 * numpy.linalg.norm(mine) + least, text
        assert numpy.linalg.norm(mine) <= 100 * numpy.linalg.norm(theirs) + 30 * least, text
        looked += 1
    assert looked > 3


def bend(r: float, c: float, n: int, times: str) -> mpmath.mpf:
    """The second derivative by r, by Taylor's arithmetic."""
    s, one, two = mpmath.mpf(c), mpmath.mpf(0), mpmath.mpf(0)
    for _ in range(n):
        part, first, second = s * (1 - s), one - 2 * s * one, two - 2 * s * two - 2 * one * one
        s, one, two = r * part, part + r * first, 2 * first + r * second
    return two * mpmath.mpf(times)


@pytest.mark.parametrize(("r", "c", "n"), [(3.9, 0.3, 45), (3.7, 0.55, 60), (4.0, 0.2, 30), (2.5, 0.3, 300)])  # fmt: skip
def test_what_is_shown_is_the_error_of_doubles(r: float, c: float, n: int) -> None:
    made, x = made_of(CHAOS.format(r=r, c=c, n=n, times="0.7"), ["r"], {})
    assert made.by_code
    way = numpy.ones((1, 1))
    found = float(made.at(x, way).products[0, 0])
    with mpmath.workdps(60):
        error = abs(float(bend(r, c, n, "0.7") - mpmath.mpf(found)))
    noise = 2.0**-50 * float(made.sizes(x, way).products[0, 0])
    assert error <= 20 * noise
    assert noise <= 1000 * max(error, 2.0**-52 * abs(found))


def test_what_is_whole_is_not_changed() -> None:
    text = "a = 3; s[0] = a; s[t] = s[t-1]*2 - a for t in 1..40; L = s[40]^2"
    made, x = made_of(text, ["a"], {})
    assert made.by_code
    assert made.sizes(x, numpy.ones((1, 1))).products[0, 0] == 0


def test_many_weights_of_a_network_are_told_by_loops(
    monkeypatch: pytest.MonkeyPatch, looped: Callable[[str], Any]
) -> None:
    for name, number in {"_MUCH": 1, "_FEW": 3}.items():
        monkeypatch.setattr(f"backprop.evaluation.looped_second.{name}", number)
    text = """
        n = 40; a = 0.9; b = 0.4; c = 0.2; d = 0.5
        k[i,j] = 0.3*sin(3*i + 5*j)*a for i in 1..3, j in 1..3
        h[0,i] = d for i in 1..3
        h[t,i] = tanh(sum(k[i,j]*h[t-1,j] for j in 1..3) + b*sin(t) + c) for t in 1..n, i in 1..3
        L = mean((h[t,1] - 0.1)^2 for t in 1..n); minimize L"""
    found, right = (hessian_at(each(text), {}) for each in (looped, whole))
    size = numpy.abs(right.matrix).max()
    assert found.inputs == right.inputs
    assert found.matrix == pytest.approx(right.matrix, rel=1e-11, abs=1e-13 * size)
    assert found.curvature.verdict == right.curvature.verdict != "cannot tell: rounding"
    assert right.curvature.error / 30 <= found.curvature.error <= 30 * right.curvature.error


def test_the_diagonal_of_a_recurrence_is_not_shaken_once_an_input(
    looped: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each second derivative of a recurrence takes its own sweep; how far rounding moves them all is told
    along few directions."""
    text = """
        u[0,i] = sin(i/10) for i in 0..21
        u[t,0] = 0 for t in 1..30
        u[t,21] = 0 for t in 1..30
        u[t,i] = u[t-1,i] + d[t-1,i] + q[t,i] - 0.01*u[t-1,i]^2 for t in 1..30, i in 1..20
        d[t,i] = 0.1*(u[t,i-1] - 2*u[t,i] + u[t,i+1]) for t in 0..29, i in 1..20
        q[t,i] = 0 for t in 1..30, i in 1..20
        L = sum(u[30,i]^2 for i in 1..20)
    """
    model = looped(text)
    names = [f"q[{t},{i}]" for t in range(1, 31) for i in range(1, 21)]
    monkeypatch.setattr(looped_second, "_FEW", 1)  # so few steps would be made one by one
    monkeypatch.setattr(looped_second, "_MUCH", 1)
    runs: list[int] = []
    shaken = NestEngine.shaken
    monkeypatch.setattr(
        NestEngine, "shaken", lambda self, x, turn: runs.append(turn) or shaken(self, x, turn)
    )
    found = parts_by_loops(model, {}, "L", names, diagonal=True)
    assert found is not None
    _, entries, noise = found
    assert 0 < len(runs) < 50
    made, x = made_of(text, names, {})
    own = 4 * float_info.epsilon * looped_second._own(made.sizes, x, numpy.arange(len(x)))
    assert (noise >= own / 2).all()
    last = entries.values[names.index("q[30,7]")]
    assert last == pytest.approx(2, rel=1e-15)
    assert (noise < 1e-12).all()
