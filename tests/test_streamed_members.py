"""Names of rows, of tables larger than memory is to hold: what is asked of single rows, and of all."""

from __future__ import annotations

import json

import numpy
import pytest

from running import backprop

MEMBERS = """
    q[i] = 1 + i/10 for i in 1..5
    s = 1; m[i] = q[i]*x for i in 1..5; z = sum(x^2); r = y - s*q[g]
    L = mean(r^2*z)*max(x) + mean(m[1])*logsumexp(y) + prod(1 + x/100)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    chance, rows = numpy.random.default_rng(3), 40
    x, y = chance.uniform(0.1, 3, (2, rows))
    lines = [f"{a},{b},{c}" for a, b, c in zip(x, y, chance.integers(1, 6, rows), strict=True)]
    path = tmp_path_factory.mktemp("members") / "rows.csv"
    path.write_text("\n".join(["x,y,g", *lines]), "utf-8")
    return str(path)


def test_slopes_by_single_rows_are_those_of_tables_in_memory(path: str) -> None:
    asked = "y[3], g[3], x[3], q[2], m[1,3], m[2,3], r[40], x[17], m[1,1]"
    given = "jacobian", "-e", MEMBERS, "--data", path, "--of", "L", "--wrt", asked
    held, found = (
        json.loads(backprop(*given, "--format", "json", *more).out)
        for more in ((), ("--memory", "100"))
    )
    assert found["inputs"] == held["inputs"]
    assert found["jacobian"][0] == pytest.approx(held["jacobian"][0], rel=1e-12)
    assert any(held["jacobian"][0])


@pytest.mark.parametrize(
    ("command", "wrt"),
    [(command, wrt) for command in ("jacobian", "hessian") for wrt in ("x", "r", "x[*]", "*")]
    + [("hessian", "x[1]"), ("hessian", "x[3]"), ("hessian", "a, x[1]")],
)
def test_a_column_is_no_number(command: str, wrt: str, path: str) -> None:
    text = "a = 2; r = y - a*x; L = mean(r^2)"
    given = "-e", text, "--data", path, "--of", "L", "--wrt", wrt, "--memory", "100"
    found = backprop(command, *given)
    assert (found.status, found.out) == (2, "")
    assert "a number in every row" in found.err


@pytest.mark.parametrize(("name", "said"), [("x[41]", "rows 1 to 40"), ("x[0]", "rows 1 to 40")])
def test_a_row_that_is_not_there(name: str, said: str, path: str) -> None:
    given = "-e", "a = 2; L = mean(a*x)", "--data", path, "--memory", "100", "--wrt", name
    found = backprop("jacobian", *given)
    assert (found.status, found.out) == (2, "")
    assert said in found.err


def test_names_are_told_without_those_of_the_first_row(path: str) -> None:
    given = "-e", "a = 2; L = mean(a*x)", "--data", path, "--memory", "100", "--wrt", "s"
    found = backprop("jacobian", *given)
    assert found.status == 1
    assert "the names are: a, L, x\n" in found.err
