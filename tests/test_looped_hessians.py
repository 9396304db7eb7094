"""Second derivatives and derivatives along a direction by loops, against those of the unrolled text."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy
import pytest
from mpmath import diff, mpf, workdps

from backprop.engine.sparsity import hessian_pattern
from backprop.errors import BackpropError
from backprop.evaluation import hessian_matrix, looped_second
from backprop.evaluation.directions import along
from backprop.evaluation.hessian_matrix import hessian_at
from backprop.evaluation.hessian_parts import diagonal, sparse, times
from backprop.language.reading import read_carefully
from backprop.loops import loop_model
from backprop.loops.loop_model import LoopModel
from backprop.loops.ready import needed
from backprop.loops.worth import read_model
from backprop.source import Source
from gradbench import PROBLEMS
from indexed_models import random_indexed
from test_looped_bends import LOGISTIC

MIXTURE = PROBLEMS["gaussian_mixture"].text({"n": 150, "d": 2, "k": 3})
K_MEANS = PROBLEMS["k_means"].text({"n": 300, "k": 3, "d": 2})
FLAT = "L = sum((a - b - x[i])^2 for i in 1..400) + 0*c; a = 0.3; b = 0.2; c = 1; const x; x[i] = i/400 for i in 1..400"
SADDLE = "L = sum(a*b*x[i] + a^2*c^2 for i in 1..400); a = 0; b = 0; c = 0.5; const x; x[i] = i/400 for i in 1..400"
CANCELS = "L = sum(1e16*(a^2 - a^2*x[i]) + a^2*x[i] for i in 1..400); a = 0; const x; x[i] = 1 for i in 1..400"
TEXTS = [LOGISTIC, MIXTURE, K_MEANS, FLAT, SADDLE, CANCELS]


@pytest.fixture
def looped(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Reads a text as loops, which must not be unrolled."""

    def unrolled(self: LoopModel) -> Any:
        raise AssertionError("unrolled")

    monkeypatch.setattr(LoopModel, "unrolled", unrolled)
    monkeypatch.setattr(looped_second, "AGAIN", 0)
    return lambda text: read_model(Source("<text>", text), many=0)


def whole(text: str) -> Any:
    return read_carefully(Source("<text>", text))


@pytest.mark.parametrize("text", TEXTS)
def test_the_matrix_and_what_it_says(text: str, looped: Callable[[str], Any]) -> None:
    found, right = hessian_at(looped(text), {}), hessian_at(whole(text), {})
    assert found.inputs == right.inputs
    size = numpy.abs(right.matrix).max()
    mine, theirs = found.curvature, right.curvature
    lost = theirs.error if text == CANCELS else 1e-13 * size
    if text == CANCELS:  # which loops leave open: of doubles there is nothing left
        assert numpy.isnan(found.matrix).all()
        assert "all rounding" in found.warnings[-1].message
    else:
        assert found.matrix == pytest.approx(right.matrix, rel=1e-11, abs=lost)
    assert numpy.array_equal(found.matrix, found.matrix.T, equal_nan=True)
    assert found.gradient.value == pytest.approx(right.gradient.value, rel=1e-13)
    assert (mine.verdict, mine.stationary, mine.signs) == (
        theirs.verdict,
        theirs.stationary,
        theirs.signs,
    )
    assert [sorted(each) for each in mine.flat] == [sorted(each) for each in theirs.flat]
    assert mine.eigenvalues == pytest.approx(theirs.eigenvalues, rel=1e-10, abs=10 * lost)
    assert theirs.error / 10 <= mine.error
    # single steps are computed with more digits where doubles have none, loops are not
    assert mine.error <= 10 * theirs.error or text == CANCELS


@pytest.mark.parametrize("text", TEXTS[:3])
def test_products_and_derivatives_along_a_direction(
    text: str, looped: Callable[[str], Any]
) -> None:
    right = hessian_at(whole(text), {})
    count = len(right.inputs)
    way = {name: numpy.cos(at) for at, name in enumerate(right.inputs)}
    way[right.inputs[0]] = 0.0
    product = times(looped(text), {}, way)
    vector = numpy.array([*way.values()])
    size = numpy.abs(right.matrix).max() * count
    assert product.inputs == right.inputs
    assert product.numbers == pytest.approx(right.matrix @ vector, rel=1e-11, abs=1e-13 * size)
    output = right.gradient.output
    for order in (1, 2):
        mine = along(looped(text), {}, [output], way, order)
        theirs = along(whole(text), {}, [output], way, order)
        assert mine.values == pytest.approx(theirs.values, rel=1e-13)
        assert mine.derivatives == pytest.approx(theirs.derivatives, rel=1e-10)
        assert mine.derivatives.shape == (1, order)


def test_random_models_have_the_matrices_that_they_have_unrolled(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(loop_model, "FEW", 0)
    looked, models = 0, 150 if request.config.getoption("--whole") else 24
    for number in range(models):
        text, values = random_indexed(number)
        try:
            model = read_model(Source("<text>", text), many=0)
            output = model.output()
            names = hessian_matrix.inputs_by(model, output, ()) if model.loops else []
            if not 0 < len(names) <= 30:
                continue
            found = looped_second.matrix_by_loops(model, values, output, names)
        except BackpropError:
            continue
        if found is None:
            continue
        right = hessian_at(whole(text), values)
        size = numpy.abs(right.matrix).max()
        assert isfinite(size)
        least = 1e-12 * size or found.curvature.error  # where all cancel, what is left is rounding
        assert found.matrix == pytest.approx(right.matrix, rel=1e-10, abs=least), text
        sizes = numpy.abs(right.curvature.eigenvalues - found.curvature.eigenvalues)
        assert (sizes <= right.curvature.error + found.curvature.error + least).all()
        if right.curvature.signs[1] == 0 or found.curvature.signs[1] == 0:
            assert found.curvature.signs == right.curvature.signs, text
        looked += 1
    assert looked > models / 10


@pytest.mark.parametrize(
    "text",
    [
        "x[t+1] = a*x[t] + b for t in 0..40; x[0] = 1; L = x[41]^2; a = 0.5; b = 0.1",
        "L = sum(abs(a - x[i])*a for i in 1..40); a = 3; const x; x[i] = i for i in 1..40",
        "L = sum((a + i)^b*i for i in 1..40); a = 1; b = 0",
        "L = sum(max(a, x[i])^2 for i in 1..40); a = 3; const x; x[i] = i for i in 1..40",
    ],
)
def test_what_loops_leave_open_is_looked_at_as_before(text: str) -> None:
    found = hessian_at(read_model(Source("<text>", text), many=0), {})
    right = hessian_at(whole(text), {})
    assert found.matrix == pytest.approx(right.matrix, nan_ok=True)
    assert found.curvature.verdict == right.curvature.verdict
    assert [*map(str, found.warnings)] == [*map(str, right.warnings)]
    assert [*map(str, found.notes)] == [*map(str, right.notes)]
    way = dict.fromkeys(right.inputs, 1.0)
    for order in (1, 2):
        mine = along(read_model(Source("<text>", text), many=0), {}, ["L"], way, order)
        theirs = along(whole(text), {}, ["L"], way, order)
        assert mine.derivatives == pytest.approx(theirs.derivatives, nan_ok=True)
        assert [*map(str, mine.warnings)] == [*map(str, theirs.warnings)]


def test_of_many_inputs_the_structure_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 500 are swept as the unrolled graph allows."""
    text = "L = sum(exp(x[i]) for i in 1..600); x[i] = 0.1 for i in 1..600"
    found = hessian_at(read_model(Source("<text>", text), many=0), {})
    assert found.matrix == pytest.approx(numpy.diag([numpy.exp(0.1)] * 600))


CHAIN = """
L = sum((x[i]*x[i+1] - 1)^2 for i in 1..149) + exp(a)*sum(sin(x[2*i]) for i in 1..75) + norm(b[*])*b[3]
x[i] = i/150 for i in 1..150; a = 0.5; b[i] = i for i in 1..5
y = 3*L + logsumexp(b[1..3]) + prod(cos(b[i]) for i in 1..4)
"""


def _parts(text: str, model: Any, values: dict[str, float]) -> bool:
    """Assert that the entries, and the diagonal, are those of the unrolled text, and that the structure
    is the one that its graph has. Whether loops have them."""
    output = model.output() if model.loops else ""
    names = hessian_matrix.inputs_by(model, output, ()) if model.loops else []
    if not 0 < len(names) <= 700:
        return False
    found = looped_second.parts_by_loops(model, values, output, names, False)
    if found is None:
        return False
    right = hessian_at(whole(text), values)
    assert [*right.inputs] == names
    size = numpy.abs(right.matrix).max()
    least = max(1e-12 * size, right.curvature.error)
    graph = whole(text)
    pattern = hessian_pattern(graph.graph(output), [graph.names[name] for name in names])
    loops = looped_second.curvature_of(needed(model, output, names, values), 1)
    mine = loops.pattern()
    assert pattern is None or mine is None or mine == pattern, text
    assert found[1].dense() == pytest.approx(right.matrix, rel=1e-10, abs=least), text
    own = looped_second.parts_by_loops(model, values, output, names, True)
    assert own
    expected = right.matrix.diagonal()
    assert own[1].diagonal() == pytest.approx(expected, rel=1e-10, abs=least), text
    return True


@pytest.mark.parametrize("text", [*TEXTS, CHAIN])
def test_entries_and_the_diagonal(
    text: str, looped: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_model, "FEW", 0)
    assert _parts(text, looped(text), {})


def test_random_models_have_the_entries_that_they_have_unrolled(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(loop_model, "FEW", 0)
    monkeypatch.setattr(looped_second, "LEAST", 0)
    looked, models = 0, 1000 if request.config.getoption("--whole") else 15
    for number in range(models):
        text, values = random_indexed(number)
        try:
            looked += _parts(text, read_model(Source("<text>", text), many=0), values)
        except BackpropError:
            continue
    assert looked > models * 15 / 80


EQUAL = "w = 0.9; y[i,j] = w for i in 1..12, j in 1..12; L = w + logsumexp(y[*,*]) + 0.25*logsumexp(y[1,*])"


@pytest.mark.parametrize(("text", "right"), [(CANCELS, 800.0), (EQUAL, 0.0)])
def test_what_is_all_rounding_in_loops_is_computed_with_more_digits(
    text: str, right: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand: 2*sum(x[i]) of ones, and the linear function log(n) + w."""
    monkeypatch.setattr(loop_model, "FEW", 0)

    def model() -> Any:
        return read_model(Source("<text>", text), many=0)

    assert model().loops
    found = hessian_at(model(), {})
    assert found.matrix.item() == right
    assert not found.warnings
    (entry,) = sparse(model(), {}).entries.dense().ravel()
    assert entry == diagonal(model(), {}).numbers.item() == right
    name = found.inputs[0]
    assert times(model(), {}, {name: 0.5}).numbers.item() == right / 2


def test_many_inputs_have_a_matrix_by_few_sweeps(
    looped: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_model, "FEW", 0)
    model = looped(CHAIN)
    found, right = hessian_at(model, {}, "y"), hessian_at(whole(CHAIN), {}, "y")
    assert found.matrix == pytest.approx(right.matrix, rel=1e-11, abs=1e-12)
    assert found.curvature.verdict == right.curvature.verdict
    assert found.curvature.signs == right.curvature.signs
    swept = looped_second.parts_by_loops(looped(CHAIN), {}, "y", found.inputs, True)
    assert swept
    assert swept[1].sweeps < 12


@pytest.mark.parametrize(
    ("rate", "steps", "verdict"),
    [(2.5, 200, "curved down"), (3.5, 300, "curved down"), (3.9, 60, "")],
)
def test_recurrences_have_verdicts_by_what_changes_do(
    rate: float,
    steps: int,
    verdict: str,
    looped: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sizes of all products of slopes grow without limit. Where nothing is known that is said. Sums that lead
    to the derivatives are off by no more than the bound: mpmath, with 400 digits."""
    monkeypatch.setattr(loop_model, "FEW", -1)
    text = f"n = {steps}; a = {rate}; x[0] = 0.3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..n-1; L = mean(x[t]^2 for t in 1..n)"
    found = hessian_at(looped(text), {}, None, ["a", "x[0]"])
    assert found.curvature.verdict == (verdict or "cannot tell: rounding")
    if not verdict:
        return
    with workdps(400):

        def mean(a: Any, x: Any) -> Any:
            total = mpf(0)
            for _ in range(steps):
                x = a * x * (1 - x)
                total += x**2
            return total / steps

        here = mpf(rate), mpf(0.3)
        right = [[diff(mean, here, each, h=mpf(10) ** -120) for each in row] for row in _ORDERS]
        apart = numpy.array(right, float) - found.matrix
    assert (numpy.abs(apart) <= found.curvature.error).all()


@pytest.mark.parametrize("recurrence", ["0", "s[i-1]"])
def test_times_the_number_0_is_no_entry(recurrence: str) -> None:
    text = f"x[i] = i/900 for i in 1..900; s[0] = 0; s[i] = {recurrence} + x[i]^2 + 0*x[i]*x[1] for i in 1..900; L = sum(s[*])"
    model = read_model(Source("<text>", text), many=0)
    entries = sparse(model, {}, "L", ["x[*]"]).entries
    assert entries
    apart = entries.rows != entries.columns
    assert set(zip(entries.rows[~apart], entries.columns[~apart], strict=True)) == {
        (at, at) for at in range(900)
    }
    assert not apart.any()


_ORDERS = [[(2, 0), (1, 1)], [(1, 1), (0, 2)]]


def test_the_diagonal_of_k_means_is_found_by_one_sweep(looped: Callable[[str], Any]) -> None:
    """By hand: twice the number of points that are nearest to the centre."""
    found = diagonal(looped(PROBLEMS["k_means"].text({"n": 20000, "k": 6, "d": 3})), {})
    assert found.way == "1 sweep over the gradient"
    counts = found.numbers.reshape(6, 3)
    assert (counts == counts[:, :1]).all()
    assert counts.sum() == 2 * 3 * 20000


def test_a_gather_of_one_term_does_not_bend() -> None:
    """`logsumexp(x)` is x; of other groups it bends, and so each of several groups counts by itself."""
    text = """x[i] = i/7 for i in 1..6; n = 3
s[i] = logsumexp(x[j] for j in 1..i) for i in 1..3
L = sum(s[i]*1.5 for i in 1..3) + logsumexp(x[j] for j in 5..5) + prod(x[j] for j in 6..6)
"""
    model = read_model(Source("<text>", text), many=0)
    names = [f"x[{at}]" for at in range(1, 7)]
    loops = looped_second.curvature_of(needed(model, "L", names, {}), 1)
    assert loops.pattern() == [[0, 1, 2], [0, 1, 2], [0, 1, 2], [], [], []]


def test_members_that_nothing_reads_do_not_bend() -> None:
    """Of s[i] = sin(a*x[i]) the output reads the second, of t that which is exp(x[4]) and one of no terms."""
    text = """a = 0.3; x[i] = i/7 for i in 1..4
s[i] = sin(a*x[i]) for i in 1..4
t[i] = sum(exp(x[k]) for k in 1..4 if k == 2*i) for i in 1..4
L = s[2] + t[2] + t[3]
"""
    model = read_model(Source("<text>", text), many=0)
    names = ["a", *(f"x[{at}]" for at in range(1, 5))]
    loops = looped_second.curvature_of(needed(model, "L", names, {}), 1)
    assert loops.pattern() == [[0, 2], [], [0, 2], [], [4]]
