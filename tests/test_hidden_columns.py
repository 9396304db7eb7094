"""Columns that are called like something else in the equations: parameters and indices hide them, and pi is refused."""

import json
from pathlib import Path

import pytest

from backprop.report import rows_summary
from running import backprop

WAYS = pytest.mark.parametrize("way", ["few", "many", "streamed"])
"""Rows of their own, passes over rows in memory, and over those of a file."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with columns called like much else."""
    monkeypatch.chdir(tmp_path)
    rows = "x,y,k,s,pi,inf,L\n1,2,1,n,2,3,7\n2,3,2,s,2,3,7\n4,5,1,n,2,3,7\n0,1,3,n,2,3,\n"
    (tmp_path / "rows.csv").write_text(rows)


def ran(way: str, monkeypatch: pytest.MonkeyPatch, text: str, *more: str, command: str = "grad"):
    monkeypatch.setattr(rows_summary, "MANY", 1 if way == "many" else 1 << 60)
    memory = "1" if way == "streamed" else "1G"
    return backprop(command, "-e", text, "--data", "rows.csv", "--memory", memory, *more)


HIDDEN = [
    ("f(s) = s^2; L1 = sum(f(x))", 21),
    ("f(y) = y^2; L1 = sum(f(x))", 21),
    ("f(x) = x^2; L1 = sum(f(y))", 39),
    ("f(y) = y^2 + x; L1 = sum(f(y))", 46),
    ("g(s, k) = s*k; L1 = sum(g(x, y)*k)", 2 + 12 + 20),
    ("L1 = sum(x*sum(s for s in 1..2))", 21),
    ("L1 = sum(x*sum(s*y for s in 1..2))", 3 * (2 + 6 + 20)),
    ("w[s] = s for s in 1..3; L1 = sum(x*sum(w[s] for s in 1..2))", 21),
    ("w[s] = s + k for s in 1..3; L1 = sum(w[2])", 15),
    ("w[s] = s for s in 1..3; L1 = sum(w[k])", 7),
    ("L1 = sum(x*sum(sum(k*s for s in 1..k) for k in 1..2))", 49),
]  # fmt: skip


@WAYS
@pytest.mark.parametrize(("text", "due"), HIDDEN)
def test_parameters_and_indices_hide_columns(text, due, way, monkeypatch):
    """Of s, which has texts, and L, which lacks a number, nothing is read."""
    found = ran(way, monkeypatch, text)
    assert found.out.startswith(f"L1 = {due}\n"), found.err
    assert "s[1..4]" not in found.out
    value = json.loads(ran(way, monkeypatch, text, "--format", "json").out)["value"]
    assert value == due


@pytest.mark.parametrize("command", ["descend", "check", "hessian", "jacobian", "draw"])
@WAYS
def test_every_command_knows_what_is_hidden(command, way, monkeypatch):
    more = ["-o", "f.svg"] if command == "draw" else []
    text = "f(s) = a*s^2; a = 1; L1 = mean((f(x) - y)^2)"
    found = ran(way, monkeypatch, text, *more, command=command)
    assert found.status == 0, found.err
    found = ran(way, monkeypatch, text, "--row", "2", command="explain")
    assert (found.status, "x[2]" in found.out) == (0, True)
    found = ran(way, monkeypatch, "f(s) = a*s^2; a = 1; q = f(x)", "--rows", "--format", "csv")
    assert found.out.splitlines()[2] == "2.0,4.0,4.0,4.0"


@WAYS
@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("a = 1; L1 = sum(a*pi*x)", []),
        ("a = 1; L1 = sum(a*x)*pi", []),
        ("a = 1; L1 = sum(if(x < inf, a, 0))", []),
        ("a = 1; L1 = sum(a*p*x)*pi", ["--column", "p = x"]),
    ],
)
def test_columns_called_pi_and_inf_are_refused(text, more, way, monkeypatch):
    for command in ("grad", "descend", "hessian"):
        found = ran(way, monkeypatch, text, *more, command=command)
        name = "inf" if "inf" in text else "pi"
        assert (found.status, found.out) == (1, "")
        assert f"{name} is a column of rows.csv, and a number of the language" in found.err
        assert f'--column "{name}1 = {name}"' in found.err


@WAYS
def test_a_column_with_another_name_has_no_longer_its_own(way, monkeypatch):
    """What an error says to write helps."""
    more = "--column", "p = pi", "--column", "L1 = L", "--where", "k < 3"
    found = ran(way, monkeypatch, "L = sum(p*x + L1)*pi/pi", *more)
    assert found.out.startswith("L = 35\n"), found.err
    found = ran(way, monkeypatch, "L = sum(x)", "--column", "u = x", "--column", "L1 = L")
    assert (found.status, "there is no column" in found.err) == (1, True)
    refused = ran(way, monkeypatch, "L = sum(x)")
    assert '--column "L1 = L"' in refused.err
    assert ran(way, monkeypatch, "L = sum(x)", "--column", "L1 = L").out.startswith("L = 7\n")


@WAYS
@pytest.mark.parametrize("command", ["grad", "descend", "check", "hessian", "draw"])
@pytest.mark.parametrize("rows", [1, 4])
def test_a_column_is_no_output_however_few_rows_it_has(rows, command, way, monkeypatch):
    more = [] if rows == 4 else ["--where", "x == 4"]
    found = ran(
        way, monkeypatch, "a = 1; L = a*sum(x) + x", *more, "--column", "u = L", command=command
    )
    assert (found.status, found.out) == (1, "")
    assert "L is a column of" in found.err
    assert "gather it in an equation: loss = mean(L)" in found.err
    if command == "grad":
        given = "a = 1; L = a*sum(x) + x; loss = mean(L)", *more, "--column", "u = L"
        assert ran(way, monkeypatch, *given).out.startswith(
            "loss = 8" if rows == 1 else "loss = 8.75"
        )
