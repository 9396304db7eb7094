"""Every kind of bad file: what is said, and where; of files in memory, and of those that are read pass after pass."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from running import backprop

TEXT = "a = 2; L = mean((y - a*x)^2)"
MANY = "1,2\n" * 5000

KINDS: dict[str, tuple[bytes, str, str]] = {
    "missing": (b"x,y\n1,2\n,3\n", ":3", "x in row 2 is missing"),
    "missing_word": (b"x,y\n1,2\n4,NA\n", ":3", "y in row 2 is missing"),
    "long": (b"x,y\n1,2\n1,2,3\n", ":3", "3 cells, where the first line has 2"),
    "short": (b"x,y\n1,2\n\n1\n", ":4", "1 cell, where the first line has 2"),
    "no_header": (b"1,2\n3,4\n", "", "--no-header calls the columns c1, c2"),
    "duplicate": (b"x,y,x\n1,2,3\n", ":1", "the column x is there 2 times"),
    "equation": (b"x,y,L\n1,2,3\n", "", "L is a column of rows.csv, and has a statement here"),
    "input": (b"x,y,a\n1,2,3\n", "", "a is a column of rows.csv, and has a statement here"),
    "text": (b"x,y\n1,2\n4,abc\n", ":3", "y in row 2 is 'abc', and no number"),
    "unit": (b"x,y\n1,2\n4,5 kg\n", ":3", "y in row 2 is '5 kg', and no number"),
    "percent": (b"x,y\n1,2\n4,5%\n", ":3", "write the number without its %"),
    "decimal": (b"x;y\n1;2\n4;5,25\n", ":3", "if it has a decimal comma: --decimal ,"),
    "thousands": (b'x,y\n1,2\n4,"1,000"\n', ":3", "if the comma is one of thousands"),
    "no_rows": (b"x,y\n", "", "there is nothing to compute with"),
    "nothing": (b"\n", "", "there is nothing in this file"),
    "nan": (b"x,y\n1,2\nnan,3\n", ":3", "x in row 2 is nan, and no finite number"),
    "inf": (b"x,y\n1,2\n4,-inf\n", ":3", "y in row 2 is -inf, and no finite number"),
    "beyond": (b"x,y\n1,2\n4,1e400\n", ":3", "y in row 2 is inf, and no finite number"),
    "quoted": (b'"x","b\nc",y\n1,2,3\n1,2\n', ":4", "2 cells, where the first line has 3"),
    "latin": ("größe,x,y\n1,2,3\n".encode("latin-1"), ":1", "byte 0xF6 is no UTF-8"),
    "utf16": ("x,y\n1,2\n".encode("utf-16"), ":1", "byte 0xFF is no UTF-8"),
    "crlf": (b"x,y\r\n1,2\r\n4,abc\r\n", ":3", "y in row 2 is 'abc', and no number"),
    "bom": ("\ufeffx,y\n1,2\n4,abc\n".encode(), ":3", "y in row 2 is 'abc', and no number"),
    "row": (b"x,y\n1,2\n1e200,3\n", "", "= the row: x = 1e+200"),
}


@pytest.mark.parametrize("memory", ["8G", "1"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_bad_file(
    kind: str, memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, place, said = KINDS[kind]
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_bytes(data)
    found = backprop("grad", "-e", TEXT, "--data", "rows.csv", "--memory", memory, "-o", "out.csv")
    assert (found.status in (1, 2), found.out) == (True, "")
    assert said in found.err
    assert not place or f"rows.csv{place}: error: " in found.err
    assert not Path("out.csv").exists()
    Path("rows.csv.gz").write_bytes(gzip.compress(data))
    packed = backprop("grad", "-e", TEXT, "--data", "rows.csv.gz", "--memory", memory)
    assert packed.err == found.err.replace("rows.csv", "rows.csv.gz")


@pytest.mark.parametrize("memory", ["8G", "1"])
@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.parquet", "folder", "none.csv"])
def test_what_cannot_be_read(
    name: str, memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    parquet.write_table(pyarrow.table({"x": [1.0] * 999, "y": [2.0] * 999}), "whole.parquet")
    Path("rows.parquet").write_bytes(Path("whole.parquet").read_bytes()[:700])
    Path("rows.csv.gz").write_bytes(gzip.compress(f"x,y\n{MANY}".encode())[:60])
    found = backprop("grad", "-e", TEXT, "--data", name, "--memory", memory)
    assert (found.status in (1, 2), found.out) == (True, "")
    words = {"folder": "is a directory", "none.csv": "there is no file none.csv"}
    assert words.get(name, "it may be cut off: copy it again") in found.err


@pytest.mark.parametrize("memory", ["8G", "1"])
@pytest.mark.parametrize(
    "data",
    [
        "\ufeffx,y\n1,2\n4,5\n".encode(),
        b"x,y\r\n1,2\r\n4,5\r\n",
        b"x,y\n1,2\n\n4,5\n\n",
        b"x;y\n1;2\n4;5\n",
        b"x\ty\n1\t2\n4\t5\n",
        b" x , y \n 1 , 2 \n4, 5\n",
        b'"x","y"\n"1","2"\n"4","5"\n',
        b'"a, b","c\nd",x,y\n9,9,1,2\n9,9,4,5\n',
        b'"x",\xce\xb2,,y\n1,9,9,2\n4,9,9,5\n',
    ],
)
def test_what_is_a_table(
    data: bytes, memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_bytes(data)
    found = backprop("grad", "-e", TEXT, "--data", "rows.csv", "--memory", memory)
    assert found.out.startswith("L = 4.5\n"), found.err


@pytest.mark.parametrize("memory", ["8G", "1"])
def test_files_with_partly_the_same_columns(memory: str, tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("x,y\n1,2\n")
    other.write_text("x,z\n1,2\n")
    data = "--data", str(one), "--data", str(other), "--memory", memory
    found = backprop("grad", "-e", TEXT, *data)
    assert found.status == 1
    assert "have only x in common" in found.err
