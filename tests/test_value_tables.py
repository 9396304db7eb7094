"""`grad --values table.csv`: each row is what `--set` with its numbers says."""

import json
from pathlib import Path

import pytest
from pyarrow import parquet

from running import backprop


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run beside a table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.csv").write_text("b,a\n2,1\n3,0.5\n-1,4\n")


TEXT = "e = a*b^2; L = exp(-a) + e/c; a = 7; c = 2; const k = 3"


def test_each_row_is_a_run_of_its_own() -> None:
    ran = backprop("grad", "-e", TEXT, "--values", "sweep.csv", "--format", "json")
    assert ran.status == 0, ran.err
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [(row["a"], row["b"]) for row in rows] == [(1, 2), (0.5, 3), (4, -1)]
    for row in rows:
        given = f"a={row['a']}, b={row['b']}"
        alone = json.loads(backprop("grad", "-e", TEXT, "--set", given, "--format", "json").out)
        assert row["L"] == pytest.approx(alone["value"], rel=1e-14)
        for name in "abc":
            assert row[f"dL_d{name}"] == pytest.approx(alone["gradients"][name], rel=1e-14)


def test_files_and_single_derivatives() -> None:
    line = ["grad", "-e", TEXT, "--values", "sweep.csv", "--wrt", "b", "--set", "c=1"]
    assert backprop(*line, "-o", "out.parquet").status == 0
    assert parquet.read_table("out.parquet").column_names == ["b", "a", "L", "dL_db"]
    shown = backprop(*line)
    assert "L in 3 rows" in shown.out
    assert shown.out.count("\n") == 7


def test_sweeps_over_rows_of_data() -> None:
    Path("rows.csv").write_text("x,y\n1,2\n2,3\n")
    line = ["grad", "-e", "L = mean((y - a*x)^2)*b", "--data", "rows.csv", "--values", "sweep.csv"]
    ran = backprop(*line, "--format", "csv")
    # by hand: ((2 - a)^2 + (3 - 2a)^2)/2*b
    assert [float(each.split(",")[2]) for each in ran.out.splitlines()[1:]] == [
        2.0,
        9.375,
        -14.5,
    ]


@pytest.mark.parametrize(
    ("text", "table", "said"),
    [
        (TEXT, "e,a\n1,2\n", "e has an equation"),
        (TEXT, "aa,b\n1,2\n", "the column aa is no input"),
        ("L = log(a)*b", "a,b\n1,2\n-1,2\n", "these are the numbers of table.csv:3"),
        ("L = a*b*q", "a,b\n1,2\n", "q has no number"),
        ("L = a*b", "a,b\n1,x\n", "table.csv:2: error: b in row 1 is 'x', and no number"),
        ("L = a*b", "a,b\n1,\n", "b in row 1 is missing"),
        ("L = a*b; a = 1 in 0..1", "a,b\n1,2\n2,3\n", "this is the number of table.csv:3"),
        ("L = a*b", "a,b\n", "it has no rows"),
    ],
)
def test_what_is_wrong_names_the_table(text: str, table: str, said: str) -> None:
    Path("table.csv").write_text(table)
    ran = backprop("grad", "-e", text, "--values", "table.csv")
    assert ran.status in (1, 2)
    assert said in ran.err
    assert not ran.out


def test_other_commands_take_no_table() -> None:
    for command in ("descend", "check", "hessian"):
        ran = backprop(command, "-e", TEXT, "--values", "sweep.csv")
        assert ran.status == 2
        assert "sweep.csv is a table" in ran.err


def test_a_column_of_texts_is_no_input_before_it_is_no_number() -> None:
    Path("named.csv").write_text("a,site\n1,north\n")
    ran = backprop("grad", "-e", TEXT, "--set", "b=1", "--values", "named.csv")
    assert (ran.status, ran.out) == (1, "")
    assert "the column site is no input that L depends on" in ran.err


def test_set_wins_over_the_columns_of_a_table() -> None:
    Path("rows.csv").write_text("x\n1\n3\n")
    Path("more.txt").write_text("b = 7\n")
    line = ["grad", "-e", "L = a*b", "--values", "sweep.csv", "--format", "csv"]
    rows = backprop(*line, "--set", "b=10").out.splitlines()
    assert rows == [
        "b,a,L,dL_da,dL_db",
        "10.0,1.0,10.0,10.0,1.0",
        "10.0,0.5,5.0,10.0,0.5",
        "10.0,4.0,40.0,10.0,4.0",
    ]
    assert backprop(*line, "--values", "more.txt") == backprop(*line)
    line[2] = "L = a*b*mean(x)"
    for memory in ("1G", "1"):
        given = "--data", "rows.csv", "--memory", memory, "--set", "b=10"
        rows = backprop(*line, *given).out.splitlines()
        assert rows[1] == "10.0,1.0,20.0,20.0,2.0"


def test_several_tables_of_values_are_refused() -> None:
    Path("sweep2.csv").write_text("c\n1\n")
    ran = backprop("grad", "-e", TEXT, "--values", "sweep*.csv")
    assert (ran.status, ran.out) == (2, "")
    assert "--values sweep*.csv has 2 tables" in ran.err
    Path("sweep2.csv").write_text("a,b\n1,2\n")
    ran = backprop("grad", "-e", TEXT, "--values", "sweep*.csv", "-o", "out.jsonl")
    assert (ran.status, len(Path("out.jsonl").read_text().splitlines())) == (0, 4)
