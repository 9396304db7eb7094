"""What is wrong with tables is said alike of those in memory and of those larger than it."""

import bz2
import gzip
import io
import lzma

import pytest

from running import backprop

pyarrow = pytest.importorskip("pyarrow")

EQUATIONS = "a = 1; L = mean((y - a*x)^2)"


def _parquet():
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(pyarrow.table({"x": [1.0, 2, 3], "y": [2.0, 4, 7]}), out)
    return out.getvalue()


def _damaged():
    whole = _parquet()
    return whole[:8] + b"\xff" * 40 + whole[48:]


def _stream():
    table, out = pyarrow.table({"x": [1.0, 2, 3], "y": [2.0, 4, 7]}), io.BytesIO()
    with pyarrow.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def _feather():
    from pyarrow import feather

    out = io.BytesIO()
    feather.write_feather(pyarrow.table({"x": [1.0, 2, 3], "y": [2.0, 4, 7]}), out)
    return out.getvalue()


BAD = [
    ("missing.csv", "x,y\n1,2\n,3\n", "missing.csv:3: error: x in row 2 is missing"),
    ("ragged.csv", "x,y\n1,2\n1,2,3\n", "ragged.csv:3: error: 3 cells, where the first line has 2"),
    ("short.csv", "x,y\n1,2\n1\n", "short.csv:3: error: 1 cell, where the first line has 2"),
    ("above.csv", "# of May\nx,y\n1,2\n", "above.csv:2: error: 2 cells, where the first line has 1"),
    ("no_header.csv", "1,2\n3,4\n", "and there is no column in it"),
    ("twice.csv", "x,x,y\n1,2,3\n", "twice.csv:1: error: the column x is there 2 times"),
    ("like.csv", "x,y,L\n1,2,3\n", "L is a column of like.csv, and has a statement here"),
    ("other.csv", "x,z\n1,2\n", "the input y has no value, and L needs it"),
    ("text.csv", "x,y\n1,2\nabc,3\n", "text.csv:3: error: x in row 2 is 'abc', and no number"),
    ("comma.csv", "x;y\n1,5;2\n", "comma.csv:2: error: x in row 1 is '1,5', and no number"),
    ("no_rows.csv", "x,y\n", "no_rows.csv: error: there is nothing to compute with: it has no rows"),
    ("nothing.csv", "", "nothing.csv: error: there is nothing in this file"),
    ("nan.csv", "x,y\n1,2\nnan,3\n", "nan.csv:3: error: x in row 2 is nan, and no finite number"),
    ("inf.csv", "x,y\n1,2\n1,-inf\n", "inf.csv:3: error: y in row 2 is -inf, and no finite number"),
    ("end.csv", 'x,y\n1,2\n3,"4\n', "end.csv:3: error: y in row 2 is '4\\n', and no number"),
    ("open.csv", 'x,y\n1,"2\n3,4\n', "open.csv:2: error: y in row 1 is"),
    ("latin.csv", b"x,y\n1,2\xe9\n", "latin.csv:2: error: byte 0xE9 is no UTF-8"),
    ("wide.csv", "x,y\n1,2\n".encode("utf-16"), "wide.csv:1: error: byte 0xFF is no UTF-8"),
    ("cut.csv.gz", gzip.compress(b"x,y\n" + b"1,2\n" * 9)[:-12], "ends in the middle"),
    ("cut.parquet", _parquet()[:-20], "cut.parquet cannot be read as Parquet"),
    ("cut.feather", _feather()[:-20], "cut.feather cannot be read as Arrow"),
    ("text.parquet", "x,y\n1,2\n", "text.parquet is no Parquet file"),
    ("text.arrow", "x,y\n1,2\n", "text.arrow is no Arrow file"),
    ("some.json", '{"x": [1, 2]}', "this looks like JSON, and no table"),
    ("lines.jsonl", '{"x": 1, "y": 2}\n{"x": 1, "y": 2}\n', "and there is no column in it"),
    ("names.csv", "x,y", "names.csv: error: there is nothing to compute with: it has no rows"),
    ("digits.csv", "x,y\n1,2\n1_000,3\n", "digits.csv:3: error: x in row 2 is '1_000', and no number"),
    ("arabic.csv", "x,y\n1,2\n\u0661,3\n", "arabic.csv:3: error: x in row 2 is '\u0661', and no number"),
    ("sum.csv.gz", gzip.compress(b"x,y\n1,2\n")[:-8] + b"12345678", "sum.csv.gz cannot be unpacked"),
    ("more.csv.gz", gzip.compress(b"x,y\n1,2\n") + b"more", "more.csv.gz cannot be unpacked"),
    ("cells.parquet", _damaged(), "cells.parquet cannot be read as Parquet"),
    ("cut.arrows", _stream()[:-40], "cut.arrows cannot be read as Arrow"),
    ("packed.csv.bz2", bz2.compress(b"x,y\n1,2\n"), "this is packed by bzip2"),
    ("packed.csv.xz", lzma.compress(b"x,y\n1,2\n"), "this is packed by xz"),
    ("book.xlsx", b"PK\x03\x04abc", "this is a spreadsheet or an archive, and no table"),
]  # fmt: skip


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize(("name", "data", "said"), BAD, ids=[each[0] for each in BAD])
def test_what_is_wrong_is_said_at_its_place(name, data, said, memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    out = "--format", "json", "-o", "out.json"
    found = backprop("grad", "-e", EQUATIONS, "--data", name, "--memory", memory, *out)
    assert found.status in (1, 2)
    assert said in found.err.splitlines()[0]
    assert found.out == ""
    assert not (tmp_path / "out.json").exists()


def test_columns_in_other_letters_are_recognised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("X,Time of day\n1,2\n")
    text = "time_of_day = 3; L = sum(x*time_of_day)"
    found = backprop("grad", "-e", text, "--data", "rows.csv")
    assert '--column "x = X" --column "time_of_day = Time of day"' in found.err
    other = backprop("grad", "-e", "L = sum(a)", "--data", "rows.csv")
    assert 'rename one: --column "x = Temp (C)"' in other.err


def test_columns_with_units_behind_their_names_are_recognised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x (m),y/s,z\n1,2,3\n")
    line = "grad", "-e", "L = sum(x*y)", "--data", "rows.csv"
    assert backprop(*line).err.endswith('--column "x = x (m)" --column "y = y/s"\n')
    turned = backprop(*line, "--column", "x (m) = x", "--column", "y = y/s")
    assert (turned.status, turned.err.splitlines()[-1]) == (2, '  = write --column "x = x (m)"')
    right = backprop(*line, "--column", "x = x (m)", "--column", "y = y/s")
    assert right.out.startswith("L = 2\n")


@pytest.mark.parametrize("memory", ["1G", "1"])
def test_an_input_without_a_number_may_be_a_column(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x,Y,y2 (m)\n1,2,3\n")
    line = "grad", "-e", "L = sum(x*y)", "--data", "rows.csv", "--memory", memory
    found = backprop(*line)
    assert "the input y has no value" in found.err
    assert "= the columns are x, Y, y2 (m)\n" in found.err
    assert found.err.endswith('= rename what is meant: --column "y = Y"\n')
    assert backprop(*line, "--column", "y = Y").out.startswith("L = 2\n")


def test_a_column_of_dates_is_called_that(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x,y\n2024-01-01,2024-01-01 10:00:00\n")
    for name in "xy":
        err = backprop("grad", "-e", f"L = sum({name})", "--data", "rows.csv").err
        assert "each cell of this column is a date or time: give a column of numbers" in err


ROWS = [
    ("L = sum(log(x))", "x,k\n1,1\n2,2\n0,2\n", "log(x) has no value at x[3] = 0"),
    ("b[i] = i for i in 1..2; L = sum(b[k]*x)", "x,k\n1,1\n2,2\n3,5\n", "= k[3] is 5"),
    ("b[i] = i for i in 1..2; L = sum(b[k]*x)", "x,k\n1,1\n2,2\n3,1.5\n", "k[3] is 1.5, no whole number"),
]  # fmt: skip


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize(("text", "data", "said"), ROWS, ids=[each[2] for each in ROWS])
def test_a_row_is_told_by_its_number_in_the_table(text, data, said, memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(data)
    found = backprop("grad", "-e", text, "--data", "rows.csv", "--memory", memory)
    assert said in found.err
    assert "= row 3 is rows.csv:4" in found.err


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize("delimiter", [",,", '"', "\n", "é"])
def test_what_cannot_stand_between_cells(delimiter, memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n")
    asked = "--data", "rows.csv", "--delimiter", delimiter, "--memory", memory
    found = backprop("grad", "-e", EQUATIONS, *asked)
    assert found.status == 2
    assert found.err.startswith("error: --delimiter ")


@pytest.mark.parametrize("memory", ["1G", "1"])
def test_a_decimal_comma_is_one_in_all_cells(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x;y\n1,5;3\n2.5;4\n")
    asked = "--data", "rows.csv", "--decimal", ",", "--memory", memory
    found = backprop("grad", "-e", EQUATIONS, *asked)
    assert found.err.startswith("rows.csv:3: error: x in row 2 is '2.5', and no number\n")
    assert "its decimal sign is ., and --decimal says ," in found.err
    (tmp_path / "rows.csv").write_text("x;y\n+1,5;3\n-2,5; -5\n")
    assert backprop("grad", "-e", EQUATIONS, *asked).out.startswith("L = 4.25\n")


GOOD = [
    ("also.csv", "x,z,y,z\n1,0,2,0\n2,0,4,0\n3,0,7,0\n"),
    ("long.csv", f"x,y,z\n1,2,{'z' * 2_000_000}\n2,4,\n3,7,\n"),
    ("mark.csv", b"\xef\xbb\xbfx,y\n1,2\n2,4\n3,7\n"),
    ("crlf.csv", "x,y\r\n1,2\r\n2,4\r\n3,7\r\n"),
    ("cr.csv", "x,y\r1,2\r2,4\r3,7\r"),
    ("above.csv", "\n\r\n\nx,y\n1,2\n\n2,4\n3,7\n"),
    ("blank.csv", "x,y\n1,2\n\n2,4\n3,7\n\n"),
    ("spaces.csv", " x , y\n 1 , 2 \n2,4\n3, 7\n"),
    ("semicolons.csv", "x;y\n1;2\n2;4\n3;7\n"),
    ("packed.csv.gz", gzip.compress(b"x,y\n1,2\n2,4\n3,7\n")),
    ("not_packed.csv.gz", "x,y\n1,2\n2,4\n3,7\n"),
    ("table.parquet", _parquet()),
    ("table.feather", _feather()),
    ("table.arrows", _stream()),
    ("stream.arrow", _stream()),
]


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize(("name", "data"), GOOD, ids=[each[0] for each in GOOD])
def test_these_are_the_same_table(name, data, memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    found = backprop("grad", "-e", EQUATIONS, "--data", name, "--memory", memory)
    assert (found.err, found.out.splitlines()[0]) == ("", "L = 7")  # (1 + 4 + 16)/3


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize("command", ["grad", "descend", "check", "hessian"])
def test_a_constant_gives_way_to_a_column_and_that_is_said_once(
    command, memory, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n2,4\n3,7\n")
    text = "const x = 5; const z = 2; a = 1; L = mean((y - a*x)^2)*z"
    found = backprop(command, "-e", text, "--data", "rows.csv", "--memory", memory)
    assert found.status == 0
    assert found.err == "rows.csv: the column x takes the place of const x = 5\n"


def test_a_column_of_texts_can_be_compared_and_one_wrong_cell_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x,site\n1,north\n2,south\nabc,north\n")
    found = backprop("grad", "-e", "L = a*sum(site); a = 1", "--data", "rows.csv")
    assert 'texts can be compared: site == "north"' in found.err
    found = backprop("grad", "-e", "L = a*sum(x); a = 1", "--data", "rows.csv")
    assert "texts can be compared" not in found.err


@pytest.mark.parametrize("memory", ["1G", "1"])
def test_batches_of_several_files(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n2,4\n3,6\n")
    batches = "--batch", "2", "--epochs", "2", "--shuffle", "--seed", "3", "--format", "json"
    found = backprop("descend", "-e", EQUATIONS, "--data", "*.csv", *batches, "--memory", memory)
    assert (found.status, found.err) == (0, "")
