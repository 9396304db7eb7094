"""`derivative(V, x)` in equations of rows: what tables larger than memory say is what unrolled rows say."""

import json

import numpy
import pytest

from backprop import data_batches
from backprop.report import rows_summary
from running import backprop

ROWS = "x,y,k\n" + "".join(f"{at % 7 / 4 + 0.1},{at % 5 - 1.75},{at % 3 + 1}\n" for at in range(60))
TEXTS = [
    "m = derivative(a*exp(-b*x), x); a = 1; b = 1; L = mean((y - m)^2)",
    "v = a*exp(-b*x)*t; t = 1; m = derivative(v, t); a = 1; b = 1; L = mean((y - m)^2)",
    "f(u) = a*sin(b*u); m = derivative(f(x), x); a = 1; b = 1.5; L = mean((y - m)^2)",
    "f(u) = a*sin(b*u); g(u) = derivative(f(u), u); m = g(x); L = mean((y - m)^2); a = 1; b = 2",
    "m = a*exp(-b*x); L = mean(y*derivative(m, a)); a = 1; b = 2",
    "a = 2; b = 1; k1 = a*b; v = k1*x^2*a; m = derivative(v, x); L = mean((y - m)^2)",
    "a = 2; b = 1; k1 = a*b; v = k1*x^2*a; m = derivative(v, k1)*b; L = mean((y - m)^2)",
    "a = 2; b = 1; g = derivative(a^2*b, a); m = g*x*b; L = mean((y - m)^2)",
    "u[i] = 0.3*i for i in 1..3; v = u[k]*x^2; m = derivative(v, x); L = mean((y - m)^2)",
    "a = 2; w = a*x; v = sin(w)*w; m = derivative(v, w)*a; L = mean((y - m)^2)",
    "a = 2; v = sin(a*x); m = derivative(derivative(v, x), x); L = mean((y - m)^2)",
    "a = 2; b = 0.5; m = a*x*b; v = m*b; h = derivative(v, b); L = mean((y - h)^2)",
]
REFUSED = [
    "a = 2; b = 1; k1 = a*b; v = k1*x^2*a; m = derivative(v, a); L = mean((y - m)^2)",
    "a = 2; v = a*(x - mean(x))^2; m = derivative(v, x); L = mean((y - m)^2)",
    "u[i] = 0.3*i for i in 1..3; v = u[k]*x^2; m = derivative(v, u[2]); L = mean((y - m)^2)",
    "a = 2; m = a*x; J = mean((y - m)^2); g = derivative(J, a); L = g^2 + m1; m1 = 1",
]


@pytest.fixture
def rows(tmp_path, monkeypatch):
    (tmp_path / "rows.csv").write_text(ROWS)
    monkeypatch.setattr(data_batches, "_BYTES", 300)
    return str(tmp_path / "rows.csv")


@pytest.mark.parametrize("text", TEXTS)
def test_they_are_those_of_unrolled_rows(text, rows, monkeypatch):
    given = "-e", text, "--of", "L", "--data", rows, "--format", "json"
    held = json.loads(backprop("grad", *given).out)
    found = backprop("grad", *given, "--memory", "1")
    assert found.status == 0, found.err
    made = json.loads(found.out)
    assert made["value"] == pytest.approx(held["value"], rel=1e-12)
    assert len(made["gradients"]) > 1
    for name, slope in made["gradients"].items():
        assert slope == pytest.approx(held["gradients"][name], rel=1e-11, abs=1e-13), name
    bent, larger = (
        json.loads(backprop("hessian", *given, *more).out) for more in ((), ("--memory", "1"))
    )
    assert larger["inputs"] == bent["inputs"]
    assert numpy.allclose(larger["hessian"], bent["hessian"], rtol=1e-10, atol=1e-12)
    table = backprop("grad", *given[:-2])
    monkeypatch.setattr(rows_summary, "MANY", 0)
    for more in ((), ("--memory", "1")):
        lines = backprop("grad", *given[:-2], *more).out.splitlines()
        assert [each.split()[:2] for each in lines] == [
            each.split()[:2] for each in table.out.splitlines()
        ]


@pytest.mark.parametrize("text", REFUSED)
def test_what_a_row_alone_does_not_know_is_refused(text, rows):
    found = backprop("grad", "-e", text, "--of", "L", "--data", rows, "--memory", "1")
    assert found.status == 1
    assert "derivatives stand in equations, of what depends on other" in found.err
    held = backprop("grad", "-e", text, "--of", "L", "--data", rows)
    assert held.status == 0, held.err


def test_each_row_has_its_own(rows):
    text = "v = a*exp(-b*x)*t; t = 1; m = derivative(v, t); a = 1; b = 1"
    given = "grad", "--rows", "-e", text, "--of", "m", "--data", rows, "--format", "csv"
    found = backprop(*given, "--memory", "1")
    assert found.status == 0, found.err
    (head, *made), (same, *held) = (text.splitlines() for text in (found.out, backprop(*given).out))
    assert head == same == "x,m,dm_dx,dm_da,dm_db"
    for one, other in zip(made, held, strict=True):
        assert [*map(float, one.split(","))] == pytest.approx([*map(float, other.split(","))])
