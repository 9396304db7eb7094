"""Pages of tables: all rows where these fit, else one at a time."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest

import backprop
from browser import CHROMIUM, DRIVER, Page
from running import backprop as run

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

LINE = "r = y - (a*x + b); L = mean(r^2); a = 1.5; b = 0.25; minimize L"
NET = (
    "h[i] = tanh(w[i]*x + c[i]) for i in 1..3; out = sum(v[i]*h[i] for i in 1..3); L = mean((out - y)^2);"
    "w[i] = 0.3*i for i in 1..3; c[i] = 0.1 for i in 1..3; v[i] = 1 - 0.5*i for i in 1..3"
)


def table(folder: Path, count: int, kinds: bool = False) -> Path:
    """A table of random rows."""
    chosen, path = random.Random(3), folder / "rows.csv"
    rows = [[round(chosen.uniform(-2, 2), 3) for _ in "xy"] for _ in range(count)]
    texts = [f"{x},{y}" + (f",{'ab'[at % 2]}" if kinds else "") for at, (x, y) in enumerate(rows)]
    path.write_text("\n".join(["x,y,kind" if kinds else "x,y", *texts]) + "\n", "utf-8")
    return path


def paged(driver: Any, folder: Path, text: str, data: Path, *more: str, fragment: str = "") -> Page:
    path = folder / "page.html"
    found = run("page", "-e", text, "--data", str(data), "-o", str(path), *more)
    assert found.status == 0, found.err
    return Page(driver, path, fragment)


@pytest.mark.parametrize("text", [LINE, NET])
def test_a_long_table_is_gone_through_row_by_row(text: str, driver: Any, tmp_path: Path) -> None:
    data = table(tmp_path, 300)
    page = paged(driver, tmp_path, text, data)
    rows = [*csv.DictReader(data.read_text("utf-8").splitlines())]
    whole = backprop.parse(text).grad(data=backprop.read_data(data)).value
    note = page.run("return document.getElementById('rows-note').textContent")
    assert "300 rows" in note
    assert f"L = {whole:.6g}"[:8] in note
    assert "L of the chosen row alone" in page.run("return document.body.textContent")
    field = "const one = document.getElementById(arguments[0]); one.value = arguments[1];"
    field += "one.dispatchEvent(new Event('input', {bubbles: true}))"
    model = backprop.parse(text.replace("mean(", "("))
    for row, id in ((1, "row"), (2, "row-slider"), (300, "row"), (77, "row-slider")):
        page.run(field, id, row)
        given = {name: float(number) for name, number in rows[row - 1].items()}
        found = model.grad(given)
        for mine, theirs in ((page.values(), found.data), (page.gradients(), found.gradients)):
            assert {"x", "y", "L"} <= {*mine}
            assert mine == pytest.approx({name: theirs[name] for name in mine}, rel=1e-13)
        told = page.run("return document.getElementById('row-told').textContent")
        assert told.startswith(f"Row {row}: ")
    place = page.driver.execute_async_script("setTimeout(() => arguments[0](location.hash), 400)")
    assert place == "#@row=77"
    assert page.run("return window.backprop.address()") == place
    page = paged(driver, tmp_path, text, data, fragment=place)
    assert page.values()["x"] == float(rows[76]["x"])
    page.press("reset")
    assert page.values()["x"] == float(rows[0]["x"])
    page = paged(driver, tmp_path, text, data, fragment="#@row=999&x=5")
    assert page.values()["x"] == float(rows[299]["x"])


def test_a_library_page_goes_through_rows_too(driver: Any, tmp_path: Path) -> None:
    data = table(tmp_path, 200)
    text = "c[i] = i for i in 1..3; L = mean(sum(c[i]*x^i for i in 1..3)*a*y); a = 3"
    model = backprop.parse(text, data=backprop.read_data(data))
    model.page(a=-1).save(tmp_path / "page.html")
    page = Page(driver, tmp_path / "page.html", "#@row=4")
    row = [*csv.DictReader(data.read_text("utf-8").splitlines())][3]
    x, y = float(row["x"]), float(row["y"])
    assert page.values()["L"] == pytest.approx(-(x + 2 * x**2 + 3 * x**3) * y, rel=1e-13)


def test_rows_are_those_that_count_and_a_thousand_at_most(driver: Any, tmp_path: Path) -> None:
    data = table(tmp_path, 5000)
    page = paged(driver, tmp_path, LINE, data, "--where", "x > 1")
    rows = [
        row for row in csv.DictReader(data.read_text("utf-8").splitlines()) if float(row["x"]) > 1
    ]
    assert page.run("return document.getElementById('row').max") == "1000"
    assert f"{len(rows):,} rows" in page.run("return document.getElementById('rows-note').textContent")  # fmt: skip
    assert page.values()["x"] == float(rows[0]["x"])


def test_short_tables_are_shown_whole_and_others_as_large_graphs_are(driver: Any, tmp_path: Path) -> None:  # fmt: skip
    page = paged(driver, tmp_path, LINE, table(tmp_path, 5))
    assert page.run("return document.getElementById('row')") is None
    assert "x[5]" in page.values()
    text = "L = a*b; r = mean(x*a); a = 2; b = 3"  # which rows have no say in
    page = paged(driver, tmp_path, text, table(tmp_path, 900), "--of", "L")
    assert page.values()["L"] == 6
    assert page.run("return document.getElementById('row')") is None
    text = 'L = mean(if(kind == "a", a, 1)*x^2); a = 2'
    page = paged(driver, tmp_path, text, table(tmp_path, 300, kinds=True))
    assert page.run("return document.scripts.length") == 0
    text = page.run("return document.body.textContent")
    assert "too large for a box for each operation" in text
    assert ("rule by rule" in text) == ("Derivative of" in text)
