"""Whole numbers of tables that no double is."""

import gzip

import pytest

import backprop as library
from running import backprop

pyarrow = pytest.importorskip("pyarrow")

SAID = "n in row 3 is 9007199254740993, which as a double is 9007199254740992"


@pytest.fixture(params=["rows.csv", "rows.parquet", "rows.arrow"])
def path(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    numbers = [1, -(2**53), 2**53 + 1, None, 2**53 + 3]
    table = pyarrow.table({"n": pyarrow.array(numbers, pyarrow.int64()), "x": [1.0, 2, 3, 4, 5]})
    if request.param.endswith("csv"):
        lines = [f"{'' if n is None else n},{x}" for n, x in zip(numbers, range(1, 6), strict=True)]
        (tmp_path / "rows.csv").write_text("\n".join(["n,x", *lines, ""]))
    elif request.param.endswith("parquet"):
        from pyarrow import parquet

        parquet.write_table(table, request.param)
    else:
        from pyarrow import feather

        feather.write_feather(table, request.param, compression="uncompressed")
    return request.param


@pytest.mark.parametrize("more", [(), ("--memory", "10")])
def test_they_are_told_of_once_by_file_row_and_column(path, more):
    asked = "grad", "-e", "L = a*sum(n); a = 1", "--data", path, "--skip-missing", *more
    found = backprop(*asked)
    assert found.status == 0, found.err
    assert found.err.count(SAID) == found.err.count("beyond 2^53") == 1
    assert f"{path}:4: " in found.err if path.endswith("csv") else f"{path}, row 3: " in found.err


def test_what_no_equation_uses_is_not_told_of(path):
    found = backprop("grad", "-e", "L = a*sum(x); a = 1", "--data", path)
    assert (found.status, found.err) == (0, "")


def test_what_is_exact_is_not_told_of(tmp_path):
    (tmp_path / "rows.csv").write_text(f"n\n{2**53}\n{-(2**53)}\n{2**60}\n")
    found = backprop("grad", "-e", "L = a*sum(n); a = 1", "--data", str(tmp_path / "rows.csv"))
    assert (found.status, found.err) == (0, "")


def test_a_program_is_warned(path):
    with pytest.warns(RuntimeWarning, match=SAID):
        library.parse("L = a*sum(n); a = 1", data=library.read_data(path, skip_missing=True)).grad()
    with pytest.warns(RuntimeWarning, match="in row 1 is 9007199254740993"):
        library.parse("L = a*sum(n); a = 1", data={"n": [2**53 + 1]}).grad()


BIG = 2**64 + 1  # beyond whole numbers of 64 bits


@pytest.mark.parametrize("memory", ["1G", "10"])
@pytest.mark.parametrize(
    ("text", "place", "cell"),
    [
        (f"x,n\n1,0.5\n2,{2**53 + 1}\n", "rows.csv:3: n in row 2", 2**53 + 1),
        (f"x,n\n1,\n2,-{BIG}\n", "rows.csv:3: n in row 2", -BIG),
        (f"x,n\n1,1e300\n\n2,{BIG}\n3,{BIG}\n", "rows.csv:4: n in row 2", BIG),
        (f"""x,n\n1,{2**60}\n2,"{2**60 + 1} "\n""", "rows.csv:3: n in row 2", 2**60 + 1),
    ],
)
def test_they_are_found_beside_fractions_and_missing_cells(
    text, place, cell, memory, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(text)
    asked = "grad", "-e", "L = a*sum(n); a = 1", "--data", "rows.csv", "--skip-missing"
    found = backprop(*asked, "--memory", memory)
    assert found.status == 0, found.err
    assert f"{place} is {cell}, which as a double is {int(float(cell))}" in found.err


@pytest.mark.parametrize("memory", ["1G", "10"])
def test_they_are_found_in_the_file_that_has_them(memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").write_text("x,n\n1,0.5\n2,1e300\n")
    (tmp_path / "two.csv.gz").write_bytes(gzip.compress(f"n,x\n0.5,1\n{BIG},2\n".encode()))
    asked = "grad", "-e", "L = a*sum(n) + sum(x); a = 1", "--data", "*.csv*"
    found = backprop(*asked, "--memory", memory)
    assert found.err.count("beyond 2^53") == 1
    assert f"two.csv.gz:3: n in row 2 is {BIG}" in found.err


@pytest.mark.parametrize("memory", ["1G", "10"])
def test_large_numbers_that_are_no_whole_ones_are_not_told_of(memory, tmp_path):
    (tmp_path / "rows.csv").write_text(f"n\n1e300\n{2**54}\n{2**53 + 1}.5\n-1e30\n")
    asked = "-e", "L = a*sum(n); a = 1", "--data", str(tmp_path / "rows.csv"), "--memory", memory
    found = backprop("grad", *asked)
    assert (found.status, found.err) == (0, "")
