"""Sparse second derivatives have the same number on both sides of the diagonal, to the last bit."""

import json
from math import sin
from typing import Any

import numpy
import pytest

import backprop
from running import backprop as command

N = 60
INDEXED = "sum(exp(x[i]*x[i+1]/3)*sin(x[i] - x[i+1]/7) for i in 1..{n}-1)"
DENSE = "exp(sum(sin(x[i]*i) for i in 1..{n})/9)*sum(tanh(x[i]) for i in 1..{n})"


def dense(rows: Any, columns: Any, values: Any, n: int) -> Any:
    table = numpy.zeros((n, n))
    table[rows, columns] = values
    return table


@pytest.mark.parametrize("text", [INDEXED, DENSE, f"{INDEXED} + x[1]*sum(x[*])"])
@pytest.mark.parametrize("n", [N, 2500])
def test_both_triangles_are_one(text: str, n: int) -> None:
    if n > N and "exp(sum" in text:
        n = 600
    start = f"x[i] = sin(i) for i in 1..{n}; "
    model = backprop.parse(start + "L = " + text.format(n=n))
    found = model.hessian_sparse()
    table = dense(found.rows, found.columns, found.entries, n)
    assert numpy.count_nonzero(table) > 2 * n
    assert (table == table.T).all()
    if n == N:
        right = model.hessian().matrix
        assert numpy.allclose(table, right, rtol=1e-12, atol=1e-12)
        for engine in ("python", "native"):
            program = backprop.compile(model, engine=engine)
            entries = program.hessian_sparse([sin(at + 1) for at in range(n)])
            again = dense(entries.rows, entries.columns, entries.values, n)
            assert (again == again.T).all()
            assert numpy.allclose(again, right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("memory", ["1G", "20k"])
def test_of_tables_too(memory: str, tmp_path: Any) -> None:
    random = numpy.random.default_rng(1)
    path = tmp_path / "rows.csv"
    rows = random.normal(size=(2000, 2))
    numpy.savetxt(path, rows, delimiter=",", header="t,y", comments="")
    text = "L = mean((y - a*exp(-b*t/9) - c*sin(d*t))^2) + logsumexp(y*a*b*c)"
    options = ["--data", str(path), "--set", "a=0.3, b=0.7, c=0.2, d=1.3", "--memory", memory]
    told = command("hessian", "-e", text, *options, "--sparse", "--format", "json").out
    entries = json.loads(told)["entries"]
    table = dense(entries["row"], entries["column"], entries["value"], 4)
    assert (table == table.T).all()
    assert numpy.count_nonzero(table) == 16
