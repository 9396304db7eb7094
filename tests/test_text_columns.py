"""Columns of text compared in equations, and rows that are left out because something is not finite."""

from pathlib import Path

import numpy
import pytest

import backprop as library
from backprop.errors import BackpropError
from running import backprop

CSV = "x,y,site\n0,2.1,north\n1,1.2,north\n2,0.9,south\n4,0.3,north\n"
Y, NORTH = numpy.array([2.1, 1.2, 0.9, 0.3]), numpy.array([1.0, 1.0, 0.0, 1.0])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run beside a table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(CSV)


def gradients(text: str, *more: str) -> dict[str, float]:
    """Those by a and b, at a = 1 and b = 2."""
    model = library.parse(f"{text}; a = 1; b = 2", data=library.read_data("rows.csv"))
    found = model.grad()
    return {"L": found.value, "a": found.gradients["a"], "b": found.gradients["b"]}


@pytest.mark.parametrize(
    "condition",
    [
        'site == "north"',
        "site == 'north'",
        '"north" == site',
        "'south' != site",
        'site != "south"',
        'site=="north"',
        'site == "north" and x >= 0',
        'not (site == "south") or site == "nowhere"',
    ],
)
def test_a_comparison_with_a_text_chooses_rows(condition: str) -> None:
    found = gradients(f"L = mean(if({condition}, a, b)*y)  # site == 'x'\n")
    due = {"L": (Y * (2 - NORTH)).mean(), "a": (Y * NORTH).mean(), "b": (Y * (1 - NORTH)).mean()}
    assert found == pytest.approx(due, rel=1e-14)


def test_texts_in_functions_families_and_with_indices() -> None:
    found = gradients('f(v) = if(site == "north", v, 0); m = f(a*y); L = sum(m) + b')
    assert found == pytest.approx({"L": 5.6, "a": 3.6, "b": 1.0}, rel=1e-14)
    text = 'k[i] = i*a for i in 1..2; h[i] = k[i]*(site == "south")*y for i in 1..2; L = sum(h[1]) + sum(h[2]) + b'
    found = gradients(text)
    assert found == pytest.approx({"L": 4.7, "a": 2.7, "b": 1.0}, rel=1e-14)


def test_texts_with_signs_of_the_language_in_them() -> None:
    Path("rows.csv").write_text('s,y\n"a b; c",1\n"(x) = 2",2\n"[1]",4\n')
    for text, due in (("a b; c", 1), ("(x) = 2", 2), ("[1]", 4), ("", 0), ("no", 0)):
        found = gradients(f'L = sum(if(s == "{text}", y*a, 0)) + b')
        assert found["a"] == due


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('L = mean(if(sit == "north", a, b))', "there is no column 'sit'"),
        ('L = mean(a*"north")', "has no meaning here"),
        ('L = mean(if(site == "north, a, b))', "has no meaning here"),
        ("L = mean(site*a)", "'north', and no number"),
        ('L = mean(if(site == "north", a, b)', "never closed"),
        ('L = if(site == "north", a, b)', "is a column of 4 rows"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, said: str) -> None:
    ran = backprop("grad", "-e", text, "--set", "a=1, b=2", "--data", "rows.csv")
    assert ran.status in (1, 2)
    assert said in ran.err
    assert not ran.out


def test_a_missing_text_is_a_missing_cell() -> None:
    Path("rows.csv").write_text(CSV + "5,1,\n")
    line = ["grad", "-e", 'L = mean(if(site == "south", a, 0)); a = 1', "--data", "rows.csv"]
    ran = backprop(*line)
    assert ran.status == 1
    assert "rows.csv:6: error: site in row 5 is missing" in ran.err
    ran = backprop(*line, "--skip-missing")
    assert ran.err == "rows.csv: 1 of 5 rows left out: a cell is missing\n"
    assert ran.out.startswith("L = 0.25\n")


def test_every_command_knows_texts() -> None:
    text = 'm = if(site == "north", a, b); L = mean((y - m)^2); a = 1; b = 2'
    line = ["-e", text, "--data", "rows.csv"]
    ran = backprop("descend", *line, "--save", "out.eq")
    assert ran.status == 0, ran.err
    assert 'if(site == "north", a, b)' in Path("out.eq").read_text()
    again = backprop("grad", "out.eq", "--data", "rows.csv", "--format", "json")
    assert '"a": 1.2' in again.out
    assert "agree with differences" in backprop("check", *line).out
    assert (
        "m[3] = if(site_is_north[3], a, b) = b = 2" in backprop("explain", *line, "--row", "3").out
    )
    for command in ("hessian", "jacobian"):
        assert backprop(command, *line).status == 0


BAD = "x,y\n1,2\n-3,1\n2,nan\n4,3\n-1,2\n3,inf\n5,1\n"


@pytest.mark.parametrize("command", ["grad", "descend", "check", "hessian"])
def test_bad_rows_are_counted_and_left_out(command: str) -> None:
    Path("rows.csv").write_text(BAD)
    Path("good.csv").write_text("x,y\n1,2\n4,3\n5,1\n")
    text = "L = mean((y - a*log(x))^2); a = 1"
    line = [command, "-e", text, "--format", "json", "--data"]
    if command == "check":
        line.remove("--format")
        line.remove("json")
    found = backprop(*line, "rows.csv", "--skip-bad-rows")
    due = backprop(*line, "good.csv")
    assert found.out == due.out != ""
    assert "rows.csv: 2 of 7 rows left out: a cell is no finite number" in found.err
    assert (
        "2 of 5 rows left out: something has no finite value (the first is rows.csv:3)" in found.err
    )


def test_a_bad_row_is_told_with_its_cells() -> None:
    Path("rows.csv").write_text("x,y,z\n1,2,3\n-3,1,q\n")
    ran = backprop("grad", "-e", "L = mean(a*log(x)*y); a = 1", "--data", "rows.csv")
    assert "row 2 is rows.csv:3\n" in ran.err
    assert "the row: x = -3, y = 1, z = q\n" in ran.err
    assert "^^^^^^" in ran.err


def test_tables_leave_bad_rows_out() -> None:
    Path("rows.csv").write_text("x\n1\n-2\n0\n4\n")
    line = ["grad", "-e", "m = a*log(x); a = 3", "--data", "rows.csv", "--skip-bad-rows", "--rows"]
    for more in ([], ["--of", "m"]):
        ran = backprop(*line, *more, "--wrt", "a", "--format", "csv", "--digits", "6")
        assert ran.out == "x,m,dm_da\n1.0,0.0,0.0\n4.0,4.15888,1.38629\n"
        assert "2 of 4 rows left out" in ran.err


def test_no_row_is_left() -> None:
    Path("rows.csv").write_text("x\n-1\n-2\n")
    line = ["grad", "-e", "L = mean(a*log(x)); a = 1", "--data", "rows.csv", "--skip-bad-rows"]
    ran = backprop(*line)
    assert ran.status in (1, 2)
    assert "there is nothing to compute with" in ran.err


def test_conditions_are_looked_at_before_cells() -> None:
    """A row that --where leaves out may lack what is used."""
    Path("rows.csv").write_text("x,y\n1,2\n2,\n3,nan\n4,5\n")
    line = ["grad", "-e", "L = a*sum(y); a = 1", "--data", "rows.csv"]
    assert backprop(*line, "--where", "x < 2 or x > 3").out.startswith("L = 7\n")
    with pytest.raises(BackpropError, match="missing"):
        library.parse("L = sum(y)", data=library.read_data("rows.csv", where="x < 3"))


@pytest.mark.parametrize("rows", [3, 40_000])
def test_an_index_outside_its_range_names_its_row(rows: int) -> None:
    Path("rows.csv").write_text("county,y\n1,2\n7,3\n" + "2,1\n" * (rows - 2))
    text = "alpha[i] = 0 for i in 1..3; L = mean((y - alpha[county])^2)"
    ran = backprop("grad", "-e", text, "--data", "rows.csv")
    assert ran.status == 1
    assert "county[2] is 7" in ran.err
    assert "row 2 is rows.csv:3" in ran.err


CODES = "code, t,v,d,y\n007,12:30,1.50, 2020-01-01,1\n7,13:00,1.5,2020-02-01,2\n0007,12:30, 2 ,2020-01-01,4\n"


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize(
    ("condition", "due"),
    [
        ('code == "007"', 1),
        ('code == "7"', 2),
        ('code != "7"', 5),
        ("code == 7", 7),
        ('t == "12:30"', 5),
        ('t != "12:30:00"', 7),
        ('v == "1.50"', 1),
        ('v == "2"', 4),
        ('d == "2020-01-01"', 5),
        ('d == " 2020-01-01 "', 5),
    ],
)
def test_texts_that_look_like_numbers_are_compared_as_they_are_written(
    condition: str, due: int, memory: str
) -> None:
    """In memory, pyarrow makes numbers, dates and times of them; two files, so that there are two parts."""
    Path("rows.csv").write_text(CODES)
    Path("more.csv").write_text("\n\n" + CODES)
    given = "--data", "rows.csv", "--data", "more.csv", "--memory", memory
    ran = backprop("grad", "-e", f"a = 1; L = sum(if({condition}, a*y, 0))", *given)
    assert ran.out.startswith(f"L = {2 * due}\n"), ran.err
    if due < 7:
        ran = backprop("grad", "-e", "a = 1; L = a*sum(y)", *given, "--where", condition)
        assert ran.out.startswith(f"L = {2 * due}\n"), ran.err
    if "code" in condition and "==" in condition:  # of columns of the same name
        Path("rows.csv").write_text(CODES.replace("code, t", "t, t"))
        condition = condition.replace("code", "t")
        given = "--data", "rows.csv", "--memory", memory, "--where", condition
        ran = backprop("grad", "-e", "L = a*sum(y)", "--set", "a=1", *given)
        assert (ran.status, "the column t is there 2 times" in ran.err) == (1, True)


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize(
    "cell", ["0x1F", "0XA", "\N{NO-BREAK SPACE}1", " NA ", "1\N{NO-BREAK SPACE}000"]
)
def test_what_is_no_number_is_none_whatever_memory_holds(cell: str, memory: str) -> None:
    Path("rows.csv").write_text(f"x,y\n1,2\n{cell},3\n")
    ran = backprop("grad", "-e", "L = a*sum(x); a = 1", "--data", "rows.csv", "--memory", memory)
    assert ran.status == 1
    assert f"rows.csv:3: error: x in row 2 is {cell!r}, and no number" in ran.err
