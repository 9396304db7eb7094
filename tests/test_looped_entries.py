"""Sparse Jacobians of loops: those of the unrolled text, whose graph says which derivatives there are."""

from __future__ import annotations

import numpy
import pytest

import backprop
from backprop.evaluation import looped_entries, several
from backprop.evaluation.looped_entries import entries_by_loops
from backprop.language.reading import read_carefully
from backprop.loops.worth import read_model
from backprop.source import Source

TEXTS = [
    "y[i] = x[i]^2*sin(x[min(i+1,n)]) for i in 1..n",
    "u[i] = exp(x[i])*2 for i in 1..n; y[i] = sum(u[j]*x[j] for j in max(1,i-2)..i) + 3 for i in 1..n",
    "y[i] = if(x[i] > 0.4, x[i]*z[i], z[n+1-i]) for i in 1..n",
    "y[i] = max(x[i], z[i]) + relu(x[i] - 0.26) for i in 1..n",
    "w[i] = x[n+1-i] for i in 1..n; y[i] = w[i]*w[max(i-1,1)] + 5 for i in 1..n",
    "k[i] = x[1 + mod(7*i, n)] for i in 1..n; y[i] = k[i]^3 for i in 1..n",
    "y[i] = prod(x[j] for j in i..min(i+2,n)) for i in 1..n",
    "y[i,j] = x[i]*z[j] for i in 1..n, j in i..min(i+1,n)",
    "y[i] = i for i in 1..n",
    "c = 2; y[i] = c*x[i] for i in 1..n",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("count", [3, 20])
def test_entries_are_those_of_the_unrolled_text(
    text: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looped_entries, "_LEAST", 1)
    whole = f"n = {count}; x[i] = 0.2 for i in 1..n; z[i] = 0.6 for i in 1..n; " + text
    values = {f"x[{at}]": 0.1 * at + 0.05 for at in range(1, count + 1)}
    unrolled = read_carefully(Source("<text>", whole))
    model = read_model(Source("<text>", whole), many=0)
    of = [name for name in unrolled.names if name.startswith("y")]
    wrt = [name for name in unrolled.inputs if name[0] in "xzc"]
    right = several.entries(unrolled, values, of, wrt)
    found = entries_by_loops(model, values, of, wrt)
    if found is None:
        assert count == 3 or "y[i] = i" in text
        return
    assert found.values == pytest.approx(right.values, rel=1e-14)
    expected = numpy.zeros((len(of), len(wrt)))
    expected[right.rows, right.columns] = right.derivatives
    table = numpy.zeros_like(expected)
    table[found.rows, found.columns] = found.derivatives
    assert table == pytest.approx(expected, rel=1e-13, abs=1e-300)
    assert {*zip(right.rows, right.columns, strict=True)} <= {
        *zip(found.rows, found.columns, strict=True)
    }
    assert found.sweeps < len(wrt)


@pytest.mark.parametrize("place", [1, 700, 1500])
def test_borders_and_what_is_not_finite_are_left_to_single_steps(place: int) -> None:
    text = """n = 1500; x[i] = 1 for i in 1..n
        y[i] = relu(x[i])*2 for i in 1..n; r[i] = sqrt(x[i]) for i in 1..n"""
    model = backprop.parse(text)
    names = [f"y[{at}]" for at in range(1, 1501)]
    plain = model.jacobian_sparse(of="y[*]")
    assert plain.derivatives.tolist() == [2.0] * 1500
    assert plain.outputs == tuple(names)
    found = model.jacobian_sparse({f"x[{place}]": 0.0}, of="y[*]")
    assert (
        found.derivatives[place - 1]
        == model.grad({f"x[{place}]": 0.0}, of=f"y[{place}]").gradients[f"x[{place}]"]
    )
    assert found.notes
    roots = model.jacobian_sparse({f"x[{place}]": 0.0}, of="r[*]")
    assert roots.derivatives[place - 1] == numpy.inf
    assert roots.warnings
    with pytest.raises(backprop.errors.NotFinite):
        model.jacobian_sparse({f"x[{place}]": -1.0}, of="r[*]")


def test_large_ones_are_not_unrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    model = backprop.parse(
        "n = 50000; x[i] = 0.5 for i in 1..n; y[i] = x[i]*x[min(i+1,n)]^2 for i in 1..n"
    )
    found = model.jacobian_sparse(of="y[*]")
    assert model.loops  # still
    assert found.sweeps == 2
    own = found.rows == found.columns
    assert found.derivatives[own][:-1].tolist() == [0.25] * 49_999
    assert found.derivatives[own][-1] == 3 * 0.25
    assert found.derivatives[~own].tolist() == [0.5] * 49_999
