"""Tables of pandas and polars as data, by the interface of Arrow."""

from __future__ import annotations

from typing import Any

import pyarrow
import pytest

import backprop
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
