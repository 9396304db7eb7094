"""Files of data: what is read, and what is said of those that cannot be."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy
import pyarrow
import pytest
from pyarrow import feather, parquet

from backprop import data_bytes
from backprop.data_files import read_tables
from backprop.data_lines import TextForm
from backprop.errors import BackpropError
from running import backprop

MEAN = "a = 2; L = a*mean(x) + sum(y)"
"""Of x = 1, 2, 4 and y = 0.5, -1, 3 it is 14/3 + 2.5."""

GOOD = {
    "commas in names.csv": b"x;y;Temp, C;b\n1;0.5;7;8\n2;-1;7;8\n4;3;7;8\n",
    "semicolons in names.csv": b'x,"a; b; c; d",y\n1,7,0.5\n2,7,-1\n4,7,3\n',
    "one of each.csv": b"x,a;b,y\n1,7,0.5\n2,7,-1\n4,7,3\n",
    "plain.csv": b"x,y\n1,0.5\n2,-1\n4,3\n",
    "crlf.csv": b"x,y\r\n1,0.5\r\n2,-1\r\n4,3\r\n",
    "cr_at_the_end_missing.csv": b"x,y\n1,0.5\n2,-1\n4,3",
    "marked.csv": b"\xef\xbb\xbfx,y\n1,0.5\n2,-1\n4,3\n",
    "tabs.tsv": b"x\ty\n1\t0.5\n2\t-1\n4\t3\n",
    "semicolons.csv": b"x;y\n1;0.5\n2;-1\n4;3\n",
    "blanks.csv": b"x , y\n 1, 0.5\n 2,-1 \n4, 3\n",
    "quoted.csv": b'"x","y","a, b\nc"\n"1","0.5",7\n"2","-1",8\n"4","3",9\n',
    "exponents.csv": b"x,y\n1e0,5e-1\n2E0,-1\n4.0,+3\n",
    "more.csv": b"name,x,y,when\nn,1,0.5,2020-01-01\ns,2,-1,2020-01-02\ne,4,3,2020-01-03\n",
    "plain.csv.gz": gzip.compress(b"x,y\n1,0.5\n2,-1\n4,3\n"),
}


def written(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def value(*arguments: str, text: str = MEAN) -> float:
    ran = backprop("grad", "-e", text, "--format", "json", *arguments)
    assert not ran.status, ran.err
    return float(ran.out.split('"value": ')[1].split(",")[0])


@pytest.mark.parametrize("name", GOOD)
def test_files_are_read(name: str, tmp_path: Path) -> None:
    assert value("--data", written(tmp_path, name, GOOD[name])) == pytest.approx(14 / 3 + 2.5)


def test_arrow_and_parquet_are_read(tmp_path: Path) -> None:
    table = pyarrow.table({"x": [1, 2, 4], "y": pyarrow.array([0.5, -1, 3], pyarrow.float32())})
    parquet.write_table(table, tmp_path / "rows.parquet")
    feather.write_feather(table, str(tmp_path / "rows.feather"))
    for name in ("rows.parquet", "rows.feather"):
        assert value("--data", str(tmp_path / name)) == pytest.approx(14 / 3 + 2.5)


def test_decimal_commas_and_files_without_a_header(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", b"x;y\n1,0;0,5\n2;-1\n4;3\n")
    assert value("--data", path, "--decimal", ",") == pytest.approx(14 / 3 + 2.5)
    path = written(tmp_path, "rows.txt", b"1 0.5\n2 -1\n4 3\n")
    names = ["--no-header", "--delimiter", " ", "--column", "x = c1", "--column", "y=c2"]
    assert value("--data", path, *names) == pytest.approx(14 / 3 + 2.5)


@pytest.mark.parametrize("memory", ["1G", "1"])
def test_columns_can_change_their_names(memory: str, tmp_path: Path) -> None:
    """Of x = 1, 2 and y = 5, 7; a name is that of a file before it is one that `--column` gives."""
    given = "--data", written(tmp_path, "rows.csv", b"x,y\n1,5\n2,7\n"), "--memory", memory
    both = "L = sum(10*x + y)"
    swapped = "--column", "y = x", "--column", "x = y"
    assert value(*given, text=both) == 42
    assert value(*given, *swapped, text=both) == 123
    assert value(*given, "--column", "x=y", text="L = sum(x)") == 12
    assert value(*given, "--column", "u = x", "--column", "v = u", text="L = sum(v)") == 3
    assert value(*given, "--column", "u = x", "--column", "u = x", text="L = sum(u)") == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["x = y", "x = x"], "--column says twice what x is: y and x"),
        (["for = y"], "'for = y': for is a word of the language, and no name"),
        (["not = x"], "not is a word of the language, and no name"),
        (["= x"], "does not say what a column is called"),
        (["2 = x"], "does not say what a column is called"),
    ],
)
@pytest.mark.parametrize("memory", ["1G", "1"])
def test_names_that_columns_cannot_have(
    more: list[str], said: str, memory: str, tmp_path: Path
) -> None:
    data = written(tmp_path, "rows.csv", b"x,y\n1,5\n2,7\n")
    given = [word for each in more for word in ("--column", each)]
    ran = backprop("grad", "-e", "L = sum(x)", "--data", data, "--memory", memory, *given)
    assert (ran.status, ran.out, said in ran.err) == (2, "", True), ran.err


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize(
    ("condition", "due"),
    [
        ("max(x, y, 6) == 6", 1),
        ("min(x, y, 4) > 1 and hypot(x, y, 1) < 9", 2),
        ("logsumexp(x, y, x) < 5.1", 1),
        ("leaky_relu(x) > 1", 6),
        ("clamp(x, 0, 1) == 1 and not x == 2", 5),
        ("|x - 2| > 0", 5),
        ("x² > 1", 6),
    ],
)
def test_conditions_are_expressions_of_the_language(
    condition: str, due: float, memory: str, tmp_path: Path
) -> None:
    data = written(tmp_path, "rows.csv", b"x,y\n1,5\n2,7\n4,8\n")
    given = "--data", data, "--memory", memory, "--where", condition
    assert value(*given, text="L = sum(x)") == due


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("x > z", "there is no column 'z' for --where\n  = there are s, x, y"),
        ('s == "n', "is no condition on rows"),
        ('s < "n"', "is no condition on rows"),
        ("s == n", "there is no column 'n' for --where"),
        ("sum(x) > 1", "--where has what is no condition on one row: sum"),
        ("sin(x, y) > 1", "--where has what is no condition on one row: sin"),
        ("clamp(x) > 1", "--where has what is no condition on one row: clamp"),
        ("x < 1e400", "--where has a number beyond 1.8e308: 1e400"),
    ],
)
def test_conditions_are_looked_at_before_rows(condition: str, said: str, tmp_path: Path) -> None:
    """And say the same of tables that memory does not hold, of which no other column is read."""
    data = written(tmp_path, "rows.csv", b"x,y,s\n1,5,n\nq,7,s\n")
    given = "grad", "-e", "L = sum(y)", "--data", data, "--where", condition
    held, streamed = (backprop(*given, "--memory", each) for each in ("1G", "1"))
    assert held == streamed
    assert held.status in (1, 2)
    assert said in held.err


def test_files_with_the_same_columns_are_joined(tmp_path: Path) -> None:
    written(tmp_path, "day1.csv", b"x,y\n1,0.5\n2,-1\n")
    written(tmp_path, "day2.csv", b"y,x\n3,4\n")
    assert value("--data", str(tmp_path / "day*.csv")) == pytest.approx(14 / 3 + 2.5)
    table = read_tables([str(tmp_path / "day*.csv")])[0]
    assert table.count == 3
    assert table.place(2) == f"{tmp_path / 'day2.csv'}:2"


def test_lines_are_counted_as_editors_do(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", b'x,t\n1,"two\nlines"\n\n2,b\n')
    table = read_tables([path])[0]
    assert [table.place(row) for row in range(2)] == [f"{path}:2", f"{path}:5"]


BAD = {
    "missing": (b"x,y\n1,0.5\n,2\n", "rows.csv:3: error: x in row 2 is missing"),
    "na": (b"x,y\n1,0.5\nNA,2\n", "rows.csv:3: error: x in row 2 is missing"),
    "text": (b"x,y\n1,0.5\nabc,2\n", "rows.csv:3: error: x in row 2 is 'abc', and no number"),
    "comma": (b'x,y\n"1,5",0.5\n', "--decimal ,"),
    "nan": (b"x,y\n1,0.5\n3,nan\n", "rows.csv:3: error: y in row 2 is nan, and no finite number"),
    "inf": (b"x,y\ninf,0.5\n", "rows.csv:2: error: x in row 1 is inf, and no finite number"),
    "ragged": (b"x,y\n1,0.5\n2\n", "rows.csv:3: error: 1 cell, where the first line has 2"),
    "long": (b"x,y\n1,0.5\n2,3,4\n", "rows.csv:3: error: 3 cells, where the first line has 2"),
    "twice": (b"x,y,x\n1,0.5,3\n", "rows.csv:1: error: the column x is there 2 times"),
    "delimiter": (b"x:y\n1:0.5\n", "the columns are x:y"),
    "no header": (b"1,0.5\n2,3\n", "the columns are 1, 0.5"),
    "no rows": (b"x,y\n", "there is nothing to compute with: it has no rows"),
    "empty": (b"", "there is nothing in this file"),
    "bytes": (b"x,y\n1,0.5\n2,\xff\n", "rows.csv:3: error: byte 0xFF is no UTF-8"),
    "spaces": (b"x y\n1 2\n", "if ' ' stands between cells: --delimiter ' '"),
    "colons": (b"x:y\n1:2\n", "if ':' stands between cells: --delimiter ':'"),
    "numbers first": (b"1,0.5\n2,3\n", "--no-header calls the columns c1, c2"),
    "comment": (b"# made by hand\nx,y\n1,2\n", "take out what stands above it"),
    "thousands": (b'x,y\n"1,000",2\n', "write the number without it"),
    "per cent": (b"x,y\n5%,2\n", "write the number without its %"),
    "truth": (b"x,y\ntrue,2\n", "write 1 and 0"),
    "date": (b"x,y\n2020-01-01,2\n", "give a column of numbers"),
    "open quote": (b'x,y\n1,"2\n3,4\n', 'a quote, ", opens this cell'),
    "nothing": (b"x,y\n1,?\n", "write a number, or nothing at all"),
    "spreadsheet": (b"PK\x03\x04abc", "rows.csv: error: this is a spreadsheet or an archive"),
    "json": (b'[{"x": 1}]', "rows.csv: error: this looks like JSON, and no table"),
    "wide characters": ("x,y\n1,2\n".encode("utf-16"), "rows.csv:1: error: byte 0xFF is no UTF-8"),
    "gzip": (gzip.compress(b"x,y\n1,0.5\n" * 99)[:-9], "ends in the middle"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_a_file_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, said = BAD[name]
    written(tmp_path, "rows.csv", data)
    monkeypatch.chdir(tmp_path)
    ran = backprop("grad", "-e", MEAN, "--data", "rows.csv")
    assert ran.status in (1, 2)
    assert said in ran.err
    assert "\n  = " in ran.err.replace("\n   = ", "\n  = "), "no word of what to do"
    assert not ran.out
    assert "Traceback" not in ran.err


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def said(*paths: str) -> str:
        ran = backprop("grad", "-e", MEAN, *(word for path in paths for word in ("--data", path)))
        assert ran.status == 2 or ran.status == 1
        return ran.err

    assert "there is no file rows.csv" in said("rows.csv")
    assert "no file is like *.csv" in said("*.csv")
    (tmp_path / "folder").mkdir()
    assert "folder is a directory, not a file" in said("folder")
    parquet.write_table(pyarrow.table({"x": [1.0], "y": [2.0]}), tmp_path / "rows.parquet")
    whole = (tmp_path / "rows.parquet").read_bytes()
    written(tmp_path, "cut.parquet", whole[:-20])
    assert "cut.parquet cannot be read as Parquet" in said("cut.parquet")
    written(tmp_path, "text.parquet", b"x,y\n1,2\n")
    assert "text.parquet is no Parquet file" in said("text.parquet")
    written(tmp_path, "one.csv", b"x,y\n1,2\n")
    written(tmp_path, "two.csv", b"x,z\n1,2\n")
    assert "one.csv and two.csv have only x in common" in said("one.csv", "two.csv")


def test_standard_input_has_other_names(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", GOOD["plain.csv"])
    line = [sys.executable, "-m", "backprop", "grad", "-e", MEAN, "--data", "/dev/stdin"]
    for more, status in (([], 0), (["--data", "-"], 2), (["--data", "/dev/stdin"], 2)):
        with open(path) as file:
            ran = subprocess.run([*line, *more], stdin=file, capture_output=True, check=False)
        assert ran.returncode == status, ran.stderr
        assert (b"can be read once only" in ran.stderr) == (status == 2)


def test_what_has_no_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_bytes, "available", lambda: 4e8)
    ran = backprop("grad", "-e", MEAN, "--data", "/dev/zero")
    assert ran.status == 2
    assert "/dev/zero has more than 0.1 GB, which memory does not hold" in ran.err


def test_what_is_larger_than_memory_when_unpacked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "rows.csv.gz", gzip.compress(b"x,y\n" + b"1,0.5\n" * 40_000_000))
    monkeypatch.setattr(data_bytes, "available", lambda: 4e8)
    assert "has more than 0.1 GB" in backprop("grad", "-e", MEAN, "--data", path).err


def test_rows_with_a_missing_cell_that_is_used_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", b"x,y,z\n1,0.5,\n,7,1\n2,-1,\n4,3,5\n8,,\n")
    assert value("--data", path, "--skip-missing") == pytest.approx(14 / 3 + 2.5)
    with pytest.raises(BackpropError, match="missing"):
        read_tables([path])[0].used({"x": "x"})


def test_numbers_are_the_nearest_doubles(tmp_path: Path) -> None:
    texts = ["0.1", "1e-300", "123456789.123456789", "9007199254740993", "4.9e-324", "2.5e+100"]
    path = written(tmp_path, "rows.csv", "\n".join(["x", *texts]).encode())
    found = read_tables([path], TextForm())[0].used({"x": "x"}).numbers["x"]
    assert numpy.array_equal(found, [float(each) for each in texts])


def test_columns_in_pieces_are_there_once(tmp_path: Path) -> None:
    """The numbers of a column take the place of the pieces that they were made of."""
    path = tmp_path / "rows.parquet"
    made = pyarrow.table({"x": [float(row) for row in range(5000)], "k": [*range(5000)]})
    parquet.write_table(made, path, row_group_size=700)
    (table,) = read_tables([str(path)])
    first = table.used({"x": "x", "k": "k"}).numbers
    again = table.used({"x": "x"}).numbers["x"]
    assert numpy.shares_memory(first["x"], again)
    assert again.tolist() == [*range(5000)]
    assert first["k"].tolist() == [*range(5000)]
    assert table.look(4321) == ["the row: x = 4321.0, k = 4321"]
