"""What is said of single rows where all are gone through: the same whatever memory holds, and of many as of few."""

import re
from pathlib import Path

import pytest

from backprop import row_passes
from backprop.report import rows_summary
from running import backprop

IN_MEMORY_AND_NOT = pytest.mark.parametrize("memory", ["1G", "1"])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run beside two tables, of which each has many rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(row_passes, "MANY", 1)
    monkeypatch.setattr(rows_summary, "MANY", 1)
    (tmp_path / "rows.csv").write_text("x,k,site\n1,1,n\n4,2,s\n0,1,n\n-1,2,n\n9,1,s\n")
    (tmp_path / "others.csv").write_text("u\n3\n10\n20\n")


FORMS = (["--format", "csv"], ["--format", "json"], [], ["-o", "q.parquet"], ["-o", "q.md"])


@IN_MEMORY_AND_NOT
@pytest.mark.parametrize("more", FORMS)
def test_a_slope_that_is_not_finite_is_told_with_its_row(more: list[str], memory: str) -> None:
    given = "--data", "rows.csv", "--memory", memory, "--where", "x >= 0", "--rows"
    ran = backprop("grad", "-e", "q = a*sqrt(x)", "--set", "a=2", *given, *more)
    assert ran.status == 0
    assert "warning: the slope of sqrt(x) by x[3] is inf at x[3] = 0" in ran.err
    assert "row 3 is rows.csv:4" in ran.err
    assert "error" not in ran.err
    assert "^^^^^^^ x[3] = 0" in ran.err


@IN_MEMORY_AND_NOT
def test_a_row_without_a_value_is_told_by_its_number(memory: str) -> None:
    given = "--data", "rows.csv", "--memory", memory, "--rows"
    ran = backprop("grad", "-e", "q = a*log(x + 1)", "--set", "a=2", *given)
    assert (ran.status, ran.out) == (1, "")
    assert "in q[4]: log(x+1) has no value at" in ran.err.replace(" + ", "+")
    assert "row 4 is rows.csv:5" in ran.err


@IN_MEMORY_AND_NOT
def test_a_table_says_that_a_gradient_is_not_finite(memory: str) -> None:
    text = "m = sqrt(abs(x) + x); L = a*sum(m)"
    given = "--data", "rows.csv", "--memory", memory, "--where", "x > -1"
    ran = backprop("grad", "-e", text.replace("abs(x)", "x"), "--set", "a=2", *given)
    assert ran.status == 0
    assert re.search(r"x\[1..4\] .*≤ inf", ran.out)
    assert ran.err == "<-e>: warning: ∂L/∂x is inf in some rows\n"


@IN_MEMORY_AND_NOT
@pytest.mark.parametrize(
    "data", [("rows.csv",), ("rows.csv", "others.csv"), ("others.csv", "rows.csv")]
)
def test_rows_are_left_out_of_the_table_that_they_are_of(
    data: tuple[str, ...], memory: str
) -> None:
    """Also beside a table that nothing here uses, and of comparisons with texts and members by rows."""
    given = [word for each in data for word in ("--data", each)]
    more = *given, "--memory", memory, "--skip-bad-rows", "--rows", "--format", "csv", "--of", "q"
    text = 'w[i] = i for i in 1..2; q = w[k]*log(x)*if(site == "n", 1, 0); r = w[k]'
    ran = backprop("grad", "-e", text, *more, "--wrt", "x")
    head, *rows = ran.out.splitlines()
    assert head == "x,site_is_n,q,dq_dx"
    assert rows == ["1.0,1.0,0.0,1.0", "4.0,0.0,0.0,0.0", "9.0,0.0,0.0,0.0"]
    assert (
        ran.err
        == "rows.csv: 2 of 5 rows left out: something has no finite value (the first is rows.csv:4)\n"
    )
    if len(data) == 2:
        ran = backprop("grad", "-e", "q = log(u - 5)", *more)
        assert (
            ran.err
            == "others.csv: 1 of 3 rows left out: something has no finite value (the first is others.csv:2)\n"
        )


def test_names_of_rows_are_not_asked_of_tables_row_by_row() -> None:
    ran = backprop(
        "grad", "-e", "q = a*x", "--set", "a=2", "--data", "rows.csv", "--rows", "--only", "a"
    )
    assert (ran.status, ran.out) == (2, "")
    assert "--only has no meaning" in ran.err
    assert "--wrt" in ran.err
