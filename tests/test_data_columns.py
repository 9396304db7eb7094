"""Columns of pyarrow by their memory, beside what pyarrow itself makes of them."""

import subprocess
import sys

import numpy
import pytest

from running import backprop

pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.compute")

from backprop.data_columns import doubles, has_numbers, missing_in, piece_of, text_of, truths  # noqa: E402

KINDS = [
    "float64", "float32", "float16", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip


def columns(kind, nulls):
    """Columns in one piece and in several, some of them parts of others that begin anywhere."""
    chance = numpy.random.default_rng(5)
    numbers = chance.integers(0, 100, 50).astype(kind)
    mask = chance.random(50) < 0.3 if nulls else numpy.zeros(50, bool)
    whole = pyarrow.array(numbers, mask=mask)
    yield pyarrow.chunked_array([whole])
    yield pyarrow.chunked_array([whole.slice(3, 21)])
    yield pyarrow.chunked_array([whole.slice(9, 1), whole[:0], whole.slice(17), whole])
    yield pyarrow.chunked_array([], type=whole.type)


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_and_what_is_missing(kind, nulls):
    for column in columns(kind, nulls):
        right = [numpy.nan if each is None else float(each) for each in column.to_pylist()]
        assert has_numbers(column)
        found = doubles(column)
        assert found.dtype == numpy.float64
        assert numpy.array_equal(found, right, equal_nan=True)
        assert missing_in(column).tolist() == [each is None for each in column.to_pylist()]


def test_whole_numbers_are_the_nearest_doubles():
    some = [2**53 + 1, -(2**63), 2**63 - 1, 7]
    column = pyarrow.chunked_array([pyarrow.array(some, pyarrow.int64())])
    assert doubles(column).tolist() == [*map(float, some)]
    column = pyarrow.chunked_array([pyarrow.array([2**64 - 1], pyarrow.uint64())])
    assert doubles(column).tolist() == [float(2**64 - 1)]


def test_truths_begin_anywhere():
    some = [True, False, False, True, True, False, True, True, False, True, False]
    whole = pyarrow.array(some)
    for start in range(11):
        assert truths(whole.slice(start)).tolist() == some[start:]
        column = pyarrow.chunked_array([whole.slice(start, 2), whole])
        assert truths(column).tolist() == some[start : start + 2] + some


def test_what_is_missing_is_not_true():
    some = [True, None, False, None, True, True, False, True, None, True]
    whole = pyarrow.array(some)
    for start in range(10):
        assert truths(whole.slice(start)).tolist() == [each is True for each in some[start:]]


@pytest.mark.parametrize("text", ["", "n", "Šibenik, \U0001d465"])
def test_texts_to_compare_with(text):
    column = pyarrow.chunked_array([["n", None, text, "other"]])
    found = truths(pyarrow.compute.equal(column, text_of(text)))
    assert found.tolist() == [text == "n", False, True, False]


def test_a_piece_is_these_numbers():
    numbers = numpy.arange(12.0)[::2]
    assert piece_of(numbers).to_pylist() == numbers.tolist()


def test_nothing_is_read_by_way_of_pandas(tmp_path):
    """Which takes longer to import than a million rows take."""
    (tmp_path / "rows.csv").write_text("x,y,k,site\n1,2,1,n\n2,,2,s\n3,4,1,n\n")
    code = """if True:
        import sys
        class Never:
            def find_spec(self, name, *_):
                assert name != "pandas"
        sys.meta_path.insert(0, Never())
        from backprop.cli import main
        sys.argv = ["backprop", *sys.argv[1:]]
        main()
    """
    text = 'a = 1; u[i] = i for i in 1..2; m = a*x*u[k]*if(site == "n", 1, y); L = sum(m)'
    given = "grad", "-e", text, "--data", str(tmp_path / "rows.csv"), "--skip-missing"
    for more in (["--of", "L"], ["--rows", "--of", "m", "-o", str(tmp_path / "m.parquet")]):
        for memory in ("1G", "1"):
            command = [sys.executable, "-c", code, *given, *more, "--memory", memory]
            found = subprocess.run(command, capture_output=True, text=True, check=False)
            assert found.returncode == 0, found.stderr
    assert backprop(*given, "--of", "L").out.startswith("L = 4")  # 1*1 + 3*1, u[1] = 1
