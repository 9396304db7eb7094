"""Every report of a command in every format of tables: what one has room for, the others have, too."""

from pathlib import Path

import pytest

from backprop.reports import TABLES
from running import backprop

MODEL = "y ~ a*exp(-b*x); a = 2; b = 0.5"
FILE = "x = l*cos(q); y = l*sin(q); r = x^2 + 2*y; const l = 2; q = 0.5; p = 3; z = r*p"
FAMILY = "L = sum((x[i+1] - x[i])^2 for i in 1..30) + x[1]^4"
LINES = [
    *("grad -e {FILE} --of z", "grad -e {FILE} --of x,r,z", "grad -e {FILE} --of * --all"),
    *("grad -e {FAMILY} --set x=1", "grad -e {FAMILY} --set x=1 --all"),
    *("grad -e m=a*x;a=2 --data rows.csv --rows", "grad -e m=a*x;c=3 --values sweep.csv"),
    *("grad -e m=a*x;L=sum(m);a=2 --data rows.csv", "grad -e m=x --data rows.csv --rows --wrt x"),
    *("jacobian -e {FILE} --of x,y", "jacobian -e {FILE} --of x,y --sparse"),
    *("jacobian -e {FILE} --of x,y --along q=1 --order 3", "jacobian -e m=a*x;a=2 --data rows.csv"),
    *("hessian -e {FILE} --of z", "hessian -e {FILE} --of z --sparse", "hessian -e y=3"),
    *("hessian -e {FILE} --of z --diagonal", "hessian -e {FILE} --of z --times q=1"),
    *("hessian -e {FAMILY} --set x=1", "hessian -e {FAMILY} --set x=1 --diagonal"),
    *("descend -e {FILE} --of r --only q", "descend -e {FAMILY} --set x=1 --starts 3 --steps 9"),
    *("fit -e {MODEL} --data rows.csv", "fit -e {MODEL} --data rows.csv --intervals profile"),
    *("check -e {FILE} --of z", "check -e {FILE} --of z --claim dq=1;dp=r", "check -e {FILE} --of z --precise"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run beside tables."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("x,y\n0,2.1\n1,1.2\n2,0.9\n4,0.3\n")
    Path("sweep.csv").write_text("a,x\n1,2\n3,4\n")


@pytest.mark.parametrize("line", LINES)
def test_every_report_has_every_format(line: str) -> None:
    texts = {"{FILE}": FILE, "{FAMILY}": FAMILY, "{MODEL}": MODEL}
    words = [texts.get(word, word) for word in line.split()]
    for kind in TABLES.names:
        ran = backprop(*words, "--format", kind)
        assert ran.out, (kind, ran.err)
        assert "Traceback" not in ran.err
        assert ran.status == (1 if "--claim" in line else 0), ran.err


def test_rows_in_latex_have_their_numbers() -> None:
    out = backprop("grad", "-e", "m=a*x;a=2", "--data", "rows.csv", "--rows", "--format", "latex").out  # fmt: skip
    assert r"row & x & m & dm\_dx & dm\_da \\" in out
    assert r"4 & $4$ & $8$ & $2$ & $4$ \\" in out


def test_what_a_fit_predicts_has_every_format() -> None:
    for ending in TABLES.endings:
        ran = backprop("fit", "-e", MODEL, "--data", "rows.csv", "--predict", f"p{ending}")
        assert (ran.status, Path(f"p{ending}").exists()) == (0, True), ran.err
    assert r"$0.3$ & $4$ & $0.3167466441$" in Path("p.tex").read_text()


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize(
    "line",
    [
        *("grad", "explain", "explain --all", "check", "draw", "hessian", "hessian --diagonal"),
        *("hessian --times p=1", "jacobian", "jacobian --along p=1", "descend", "check --claim dp=2"),
        *("explain --paths p", "explain --detail operations", "explain --only p", "hessian --sparse"),
    ],
)  # fmt: skip
def test_a_table_that_no_equation_uses_changes_nothing(line: str, memory: str) -> None:
    words = [*line.split(), "-e", "L = (p - 2)^2; p = 3"]
    plain = backprop(*words)
    given = backprop(*words, "--data", "rows.csv", "--memory", memory)
    assert (given.status, given.out) == (plain.status, plain.out), given.err
    assert "Traceback" not in given.err


@pytest.mark.parametrize("memory", ["1G", "1"])
def test_a_fit_needs_a_column(memory: str) -> None:
    words = ["fit", "-e", "L = (p - 2)^2; p = 3", "--data", "rows.csv", "--memory", memory]
    ran = backprop(*words, "--of", "L")
    assert (ran.status, ran.out) == (1, "")
    assert "L has no column of data in it" in ran.err
    assert "the columns are x, y" in ran.err
