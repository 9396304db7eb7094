"""Second derivatives of recurrences by loops, and of compiled programs of loops, against the unrolled text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

from backprop.evaluation import looped_second, program
from backprop.evaluation.hessian_matrix import hessian_at
from backprop.evaluation.hessian_parts import diagonal, sparse, times
from backprop.loops.line_curvature import LineCurvature
from backprop.loops.many import NotLoops
from backprop.loops.parts import Turn
from backprop.loops.ready import needed
from backprop.loops.walks import Doubtful
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from test_looped_hessians import looped, whole
from test_looped_series import BACKWARDS, FORCES, GATHERS, NETWORK, PENDULUM, WIDE

__all__ = ["looped"]

THROUGH_A_SUM = """
    y[t] = b + sum(y[s]*exp(-a*(t - s)) for s in 0..t-1)/t for t in 1..30
    y[0] = c; a = 0.4; b = 0.7; c = 1.1
    L = y[30]^2*a"""
TEXTS = [PENDULUM, GATHERS, NETWORK, BACKWARDS, THROUGH_A_SUM]


def as_loops(text: str) -> Any:
    """A text as loops, which may be unrolled."""
    return read_model(Source("<text>", text), many=0)


def random_loops(
    group: int, request: pytest.FixtureRequest
) -> Iterator[tuple[str, Any, list[str], dict[str, float]]]:
    """Random texts as models of loops, each with the inputs that lead to its first output, and values: 25 in
    a group, or 400 with --whole, but those without a loop, an output, or a number for each input."""
    many = 400 if request.config.getoption("--whole") else 15
    for number in range(group * many, group * many + many):
        text, values = random_indexed(number)
        model = as_loops(text)
        if not model.loops or not model.outputs:
            continue
        names = [name for name in model.inputs if name in model.leading(model.outputs[0])]
        known = {**model.default_numbers(), **values}
        if names and all(name in known for name in names):
            yield text, model, names, values


@pytest.mark.parametrize("text", TEXTS)
def test_the_matrix_and_its_parts(text: str, looped: Callable[[str], Any]) -> None:
    right, found = hessian_at(whole(text), {}), hessian_at(looped(text), {})
    size = numpy.abs(right.matrix).max()
    assert found.inputs == right.inputs
    assert found.matrix == pytest.approx(right.matrix, rel=1e-11, abs=1e-13 * size)
    assert found.gradient.gradients == pytest.approx(right.gradient.gradients, rel=1e-11)
    mine, theirs = found.curvature, right.curvature
    assert (mine.verdict, mine.signs) == (theirs.verdict, theirs.signs)
    assert theirs.error / 30 <= mine.error <= 30 * theirs.error
    way = {name: float(numpy.cos(at)) for at, name in enumerate(right.inputs)}
    vector = numpy.array([*way.values()])
    product = times(looped(text), {}, way).numbers
    assert product == pytest.approx(right.matrix @ vector, rel=1e-10, abs=1e-12 * size)
    own = diagonal(looped(text), {}).numbers
    assert own == pytest.approx(right.matrix.diagonal(), rel=1e-11, abs=1e-13 * size)
    entries = sparse(looped(text), {}).entries
    assert entries is not None
    assert entries.dense() == pytest.approx(right.matrix, rel=1e-11, abs=1e-13 * size)


@pytest.mark.parametrize("text", [WIDE, FORCES.replace("30", "300").replace("29", "299")])
def test_a_product_of_many_inputs_is_one_way(text: str, looped: Callable[[str], Any]) -> None:
    right = hessian_at(whole(text), {})
    vector = numpy.cos(numpy.arange(len(right.inputs)))
    way = dict(zip(right.inputs, vector.tolist(), strict=True))
    size = numpy.abs(right.matrix).max()
    product = times(looped(text), {}, way).numbers
    assert product == pytest.approx(right.matrix @ vector, rel=1e-10, abs=1e-12 * size)


@pytest.mark.parametrize(
    "text",
    [
        "y[t+1] = relu(y[t] - a) + a*t for t in 1..40; y[1] = a; a = 2; L = y[41]^2",
        "y[t+1] = abs(y[t])*a for t in 1..40; y[1] = b; a = 0.9; b = 0; L = y[41]^2",
        "y[t+1] = sqrt(y[t] + b)*a for t in 1..40; y[1] = b; a = 0; b = 0; L = y[41]^2",
        "y[t+1] = y[t]^k*a for t in 1..40; y[1] = a; a = 1; k = 0; L = y[41]",
    ],
)
def test_what_is_in_doubt_is_looked_at_step_by_step(text: str) -> None:
    found, right = hessian_at(whole(text), {}), hessian_at(as_loops(text), {})
    assert found.matrix == pytest.approx(right.matrix, nan_ok=True)
    assert [*map(str, found.notes)] == [*map(str, right.notes)]


@pytest.mark.parametrize("text", [*TEXTS, GATHERS])
@pytest.mark.parametrize("engine", ["auto", "python"])
def test_a_program_has_them_by_loops(text: str, engine: Any, looped: Callable[[str], Any]) -> None:
    ours, plain = (
        program.compile(each(text), hessian=True, engine=engine) for each in (looped, whole)
    )
    assert ours.inputs == plain.inputs
    model = whole(text)
    start = numpy.array([model.default_numbers()[name] for name in plain.inputs])
    for step in (0.0, 0.01):
        x = start * (1 + step) + step / 7
        mine, theirs = ours(x), plain(x)
        size = numpy.abs(theirs[2]).max()
        assert mine[0] == pytest.approx(theirs[0], rel=1e-12)
        assert mine[1] == pytest.approx(theirs[1], rel=1e-10)
        assert mine[2] == pytest.approx(theirs[2], rel=1e-10, abs=1e-12 * size)
        way = numpy.sin(numpy.arange(len(x)) + 1.0)
        product = ours.hessian_times(x, way)
        assert product == pytest.approx(theirs[2] @ way, rel=1e-9, abs=1e-11 * size)


@pytest.mark.parametrize("group", range(2))
def test_random_models(group: int, request: pytest.FixtureRequest) -> None:
    many = 400 if request.config.getoption("--whole") else 36
    looked = 0
    for number in range(group * many, group * many + many):
        text, values = random_indexed(number)
        model = as_loops(text)
        if not model.loops:
            continue
        if all(isinstance(run, Turn) for run in model.plan.runs) or model.outputs == []:
            continue  # without recurrences: tested elsewhere
        output = model.outputs[0]
        names = [name for name in model.inputs if name in model.leading(output)]
        if not 0 < len(names) <= 12:
            continue
        found = looped_second.matrix_by_loops(model, values, output, names)
        if found is None:
            continue
        right = hessian_at(whole(text), values, output, names)
        size = numpy.abs(right.matrix).max()
        least = 1e-12 * size or found.curvature.error
        assert found.matrix == pytest.approx(right.matrix, rel=1e-9, abs=least), text
        looked += 1
    assert looked > 1


def test_a_band_takes_three_gradients_of_machine_code(looped: Callable[[str], Any]) -> None:
    terms = "100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..399"
    text = f"L = sum({terms}); x[i] = i/400 for i in 1..400"
    ours, plain = (program.compile(each(text)) for each in (looped, whole))
    x = numpy.sin(numpy.arange(1, 401))
    found = ours.hessian_sparse(x)
    assert found.sweeps == 3
    assert len(found.values) == 400 + 2 * 399
    assert found.dense() == pytest.approx(plain.hessian(x), rel=1e-11, abs=1e-10)
    other = plain.hessian_sparse(x)
    assert other.dense() == pytest.approx(found.dense(), rel=1e-11, abs=1e-10)


def test_entries_where_structure_saves_nothing() -> None:
    found = program.compile(whole("L = x^2*y + abs(z)*y")).hessian_sparse([1, 2, 3])
    assert found.dense().tolist() == [[4, 2, 0], [2, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize("group", range(2))
def test_machine_code_finds_what_arrays_find(group: int, request: pytest.FixtureRequest) -> None:
    looked = 0
    for text, model, names, values in random_loops(group, request):
        x = numpy.array([{**model.default_numbers(), **values}[name] for name in names])
        way = numpy.cos(numpy.arange(len(x)) + 1.0)
        try:
            asked = needed(model, model.outputs[0], names, values)
            made = LineCurvature(asked, by_code=True)
            right = LineCurvature(asked).at(x, way[None])
        except (NotLoops, Doubtful):
            continue
        if not made.by_code:
            continue
        found = made.at(x, way[None])
        for mine, theirs in zip(found[1:], right[1:], strict=True):
            size = numpy.abs(theirs).max() + 1e-300
            assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12 * size), text
        looked += 1
    assert looked > 3
