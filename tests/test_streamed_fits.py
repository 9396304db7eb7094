"""Fits of tables larger than memory: by machine code, by NumPy, and in memory, all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from backprop.by_rows import held_residuals, machine_residuals
from backprop.by_rows.reductions import CHUNK
from running import backprop as run

ROWS = 20 * CHUNK + 77

FITS = (
    "y ~ a*exp(-b*x) + c; a = 2; b = 0.5; c = 0",
    "y ~ a*exp(-b*x); x ~ m; a = 3; b = 1; m = 0",
    "y ~ if(x > 1.9, a, b) + k*x; a = 1; b = 1; k = 2*u; u = 1",
    "y ~ a[site]*x + b; a[i] = 1 for i in 1..3; b = 1",
    "a = 1; b = 1; L = mean((y - a*x - b)^2)",
)


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chance = numpy.random.default_rng(0)
    x = chance.uniform(0.5, 2, ROWS)
    y = 3 * numpy.exp(-x) + 0.1 * chance.normal(size=ROWS)
    site = chance.integers(1, 4, ROWS)
    lines = [
        f"{a!r},{b!r},{c}" for a, b, c in zip(x.tolist(), y.tolist(), site.tolist(), strict=True)
    ]
    Path("rows.csv").write_text("\n".join(["x,y,site", *lines]))


def fitted(text: str, *more: str) -> Any:
    of = ["--of", "L"] if "L =" in text else []
    found = run(
        "fit", "-e", text.replace("; ", "\n"), "--data", "rows.csv", "--format", "json", *of, *more
    )
    assert found.status == 0, found.err
    return json.loads(found.out)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("text", FITS)
def test_a_fit_of_a_streamed_table(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite")
    made = list[str]()
    init = machine_residuals.ResidualBatches.__init__

    def told(batches: Any, program: Any, term: Any, *more: Any) -> None:
        init(batches, program, term, *more)
        made.append(term.total)

    monkeypatch.setattr(machine_residuals.ResidualBatches, "__init__", told)
    right = fitted(text)
    by_numpy = fitted(text, "--memory", "64K")
    assert not made
    monkeypatch.setattr(held_residuals, "WORTH", 0)
    by_code = fitted(text, "--memory", "64K")
    # each pass of the file makes as many as there are sums, and members of families need NumPy
    assert made or "[site]" in text
    for found in (by_numpy, by_code):
        assert found["rows"] == right["rows"]
        assert found["parameters"] == pytest.approx(right["parameters"], rel=1e-9)
        assert found["errors"] == pytest.approx(right["errors"], rel=1e-7)
        assert found["value"] == pytest.approx(right["value"], rel=1e-12)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("worth", [0, 1 << 60])
def test_a_row_without_a_value(worth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_residuals, "WORTH", worth)
    lines = Path("rows.csv").read_text().splitlines()
    lines[5 * CHUNK] = "-1,2,1"
    Path("rows.csv").write_text("\n".join(lines))
    found = run(
        "fit", "-e", "y ~ a*sqrt(x)", "--set", "a=1", "--data", "rows.csv", "--memory", "64K"
    )
    assert found.status == 1
    assert "Traceback" not in found.err
    assert f"rows.csv:{5 * CHUNK + 1}" in found.err
