"""Tables of pandas and polars as data, by the interface of Arrow."""

from __future__ import annotations

from typing import Any

import numpy
import pyarrow
import pytest

import backprop
import running
from backprop.errors import BadData

TEXT = 'a = 2; L = mean((y - a*x)^2) + sum(if(site == "n", a, 0))'
X, Y, SITE = [1, 2, 4], [2.0, 3.0, 5.0], ["n", "s", "n"]
VALUE, SLOPE = (0 + 1 + 9) / 3 + 4, 2 * (0 + 2 + 12) / 3 + 2
"""By hand: residuals 0, -1, -3 and their slopes -x; two rows of site n."""


def frames() -> list[Any]:
    """What makes a table of columns."""

    def pandas_(x: Any, y: Any, site: Any) -> Any:
        pandas = pytest.importorskip("pandas")
        return pandas.DataFrame({"x": x, "y": y, "site": site}, index=[7, 8, 9])

    def categories(x: Any, y: Any, site: Any) -> Any:
        pandas = pytest.importorskip("pandas")
        return pandas.DataFrame({"x": x, "y": y, "site": pandas.Categorical(site)})

    def polars_(x: Any, y: Any, site: Any) -> Any:
        return pytest.importorskip("polars").DataFrame({"x": x, "y": y, "site": site})

    def categorical(x: Any, y: Any, site: Any) -> Any:
        polars = pytest.importorskip("polars")
        texts = polars.Series(site, dtype=polars.Categorical)
        return polars.DataFrame({"x": polars.Series(x, dtype=polars.UInt8), "y": y, "site": texts})

    def views(x: Any, y: Any, site: Any) -> Any:
        texts = pyarrow.array(site, pyarrow.string_view())
        return pyarrow.table({"x": x, "y": y, "site": texts})

    def viewed(x: Any, y: Any, site: Any) -> Any:
        known = pyarrow.array(["n", "s"], pyarrow.string_view())
        indices = pyarrow.array([known.to_pylist().index(each) for each in site], pyarrow.uint32())
        texts = pyarrow.DictionaryArray.from_arrays(indices, known)
        return pyarrow.table({"x": x, "y": y, "site": texts})

    return [pandas_, categories, polars_, categorical, views, viewed]


@pytest.mark.parametrize("make", frames())
def test_columns_stand_for_names(make: Any) -> None:
    found = backprop.parse(TEXT, data=make(X, Y, SITE)).grad()
    assert found.value == pytest.approx(VALUE, rel=1e-15)
    assert found.gradients["a"] == pytest.approx(SLOPE, rel=1e-15)


@pytest.mark.parametrize("make", frames())
def test_texts_are_no_numbers(make: Any) -> None:
    with pytest.raises(BadData, match="site in row 1 is 'n', and no number"):
        backprop.parse("L = sum(site)", data=make(X, Y, SITE))


def test_the_path_of_a_file_is_no_table():
    with pytest.raises(BadData, match="is the path of a file") as found:
        backprop.parse("L = a*sum(x); a = 1", data="rows.csv")
    assert "backprop.read_data('rows.csv')" in found.value.hints[0]


def _odd() -> list[Any]:
    """Columns with 1, 2, 4 in them, each in another way, or with what no equation uses."""
    numbers: list[Any] = [
        numpy.array(X, dtype=kind)
        for kind in ("int8", "uint64", "float16", "float32", ">f8", ">i4", "longdouble", object)
    ]
    numbers += [
        numpy.arange(6)[[1, 2, 4]],
        numpy.array([4.0, 2, 1])[::-1],
        numpy.array([0, 1, 2, 3, 4.0])[1::1][:3] * [1, 1, 4 / 3],
    ]
    numbers += [
        (1, 2, 4),
        [1.0, 2, 4],
        (x for x in X),
        memoryview(numpy.array(X, dtype=float)),
        ["1", " 2", "4.0"],
    ]
    numbers += [
        pyarrow.array(X),
        pyarrow.chunked_array([[1], [2, 4]]),
        pyarrow.array(X).dictionary_encode(),
    ]
    numbers += [pyarrow.RunEndEncodedArray.from_arrays([1, 2, 3], pyarrow.array(X))]
    return numbers  # fmt: skip


@pytest.mark.parametrize("at", range(len(_odd())))
def test_numbers_of_all_kinds_in_mappings(at: int) -> None:
    found = backprop.parse("a = 2; L = mean((y - a*x)^2)", data={"x": _odd()[at], "y": Y}).grad()
    assert (found.value, found.gradients["a"]) == pytest.approx((10 / 3, 28 / 3), rel=1e-15)


@pytest.mark.parametrize(
    "unused", [[1, "b", 3], [1 + 2j, 2, 3], [object()] * 3, [2**70, 1, 2], [[1], [], [2]]]
)
@pytest.mark.parametrize("by", ["dict", "pandas"])
def test_a_column_that_is_none_is_told_where_it_is_used(unused: list[Any], by: str) -> None:
    data: Any = {"x": X, "y": Y, "z": unused}
    if by == "pandas":
        data = pytest.importorskip("pandas").DataFrame(data)
    assert backprop.parse("a = 2; L = mean((y - a*x)^2)", data=data).grad().value == 10 / 3
    text = "L = sum(z)"
    if unused[0] == 2**70:
        assert backprop.parse(text, data=data).grad().value == 2.0**70
        return
    with pytest.raises(BadData, match=r"z in row . is .*, and no number") as found:
        backprop.parse(text, data=data)
    assert not any("--" in each for each in found.value.hints)


def test_kinds_of_columns_that_extend_others() -> None:
    truths = pyarrow.ExtensionArray.from_storage(
        pyarrow.bool8(), pyarrow.array([1, 0, 1], pyarrow.int8())
    )
    data = pyarrow.table({"x": truths, "y": Y})
    assert backprop.parse("L = sum(x*y)", data=data).grad().value == 7  # fmt: skip


def test_tables_in_memory_with_the_same_columns_are_joined() -> None:
    one, other = {"x": [1, 2], "y": [1.0, 2]}, pyarrow.table({"y": [3.0], "x": [5]})
    for data in ([one, other], (other, one), [one, [other]]):
        found = backprop.parse("a = 2; L = sum(a*x*y) + count(x)", data=data).grad()
        assert (found.value, found.gradients["a"]) == (43, 20)
    with pytest.raises(BadData, match="<data> and <data> both have x"):
        backprop.parse("L = sum(x)", data=[one, {"x": [1], "z": [2]}])
    both = [one, {"u": [1, 2, 3]}]
    assert backprop.parse("L = sum(x)*sum(u)", data=both).grad().value == 18


def test_hints_for_rows_of_a_program_name_no_option() -> None:
    for bad in ([1, None, 3], [1, float("nan"), 3], ["a", "1", "2"]):
        with pytest.raises(BadData) as found:
            backprop.parse("L = sum(x)", data={"x": bad})
        assert "rows out of the table" in found.value.hints[0]


@pytest.mark.parametrize("memory", ["1G", "1"])
@pytest.mark.parametrize("name", ["rows.arrow", "rows.arrows"])
def test_files_with_views_of_texts(name: str, memory: str, tmp_path: Any) -> None:
    """As polars writes them."""
    known = pyarrow.array(["n", "s"], pyarrow.string_view())
    kinds = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0, 1, 0], pyarrow.uint32()), known)
    table = pyarrow.table(
        {"x": X, "y": Y, "site": pyarrow.array(SITE, pyarrow.string_view()), "kind": kinds}
    )
    path = str(tmp_path / name)
    make = pyarrow.ipc.new_stream if name == "rows.arrows" else pyarrow.ipc.new_file
    with make(path, table.schema) as writer:
        writer.write_table(table)
    for column in ("site", "kind"):
        text = TEXT.replace("site", column)
        ran = running.backprop(
            "grad", "-e", text, "--data", path, "--memory", memory, "--where", f'{column} != "q"'
        )
        assert ran.out.startswith("L = 7.333333333\n"), ran.err
