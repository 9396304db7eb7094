"""`check` of tables larger than memory is to hold: the verdicts of tables in memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pyarrow
import pytest
from pyarrow import csv

from backprop.streamed_matrices import StreamedPoint
from running import backprop

FIT = "a = 2; b = .5; L = sum((y - a*exp(-b*x))^2)"
TEXTS = {
    "fit": FIT,
    "spread": "s = 2; m = mean(y); L = mean((y - s*m)^2)/s^2 + log(s)",
    "corner": "a = 0; L = mean(y*abs(a))",
    "counties": "c[i] = 1 for i in 1..3; L = mean((y - c[k])^2)",
    "site": 'a = 1; L = mean((y - if(site == "north", a^2, 0))^2)',
    "bounds": "a = 0 in 0..1; b = 1; L = mean((y - a*x - b)^2)",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    chance, rows = numpy.random.default_rng(0), 3000
    x, y = chance.uniform(0.1, 3, (2, rows))
    site = numpy.where(x > 1, "north", "south")
    table = pyarrow.table({"x": x, "y": y, "k": chance.integers(1, 4, rows), "site": site})
    path = tmp_path_factory.mktemp("checked") / "rows.csv"
    csv.write_csv(table, path)
    return str(path)


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.one_in(2)
def test_verdicts_are_those_of_tables_in_memory(kind: str, path: str) -> None:
    given = "check", "-e", TEXTS[kind], "--data", path, "--format", "json"
    held, found = (json.loads(backprop(*given, *more).out) for more in ((), ("--memory", "1K")))
    assert found["value"] == pytest.approx(held["value"], rel=1e-12)
    for made, right in zip(found["inputs"], held["inputs"], strict=True):
        assert made["name"] == right["name"]
        assert made["verdict"] == right["verdict"], right["name"]
        if isinstance(right["numeric"], float):
            assert made["numeric"] == pytest.approx(right["numeric"], rel=1e-6, abs=1e-9)


def test_a_wrong_gradient_is_seen(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = StreamedPoint.slopes.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(StreamedPoint, "slopes", property(lambda self: plain(self) * 1.0001))
    found = backprop("check", "-e", FIT, "--data", path, "--memory", "1K")
    assert found.status == 1
    assert "2 of 2 gradients are wrong" in found.out


def test_one_input_is_asked_for(path: str) -> None:
    found = backprop("check", "-e", FIT, "--data", path, "--memory", "1K", "--only", "b")
    assert (found.status, "\na " in found.out, "\nb " in found.out) == (0, False, True)


@pytest.fixture
def few(path: str, tmp_path: Path) -> str:
    lines = Path(path).read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "few.csv").write_text("".join(lines[:41]), "utf-8")
    return str(tmp_path / "few.csv")


CLAIMS = [
    ("s = 2; m = mean(y); L = mean((y - s*m)^2)/s^2 + log(s)", "dL/dm = -2*m*(1-s)/s^2"),
    ("s = 2; m = mean(y); L = m^2*s", "dL/ds = m^2"),
    ("s = 2; m = mean(y); L = m^2*s", "dL/dm = 2*m*s, ds = 2*m"),
    ("s = 2; m = mean(y); L = m^2*s", "dL/ds = 4*m^2/s^2"),
    (FIT, "da = 3, db = 17"),
    ("a = 3; L = a^2*count(x) + sum(0*x)", "dL/da = 2*a*40"),
    ("a = 3; L = a*max(x)", "dL/da = L/a"),
]


@pytest.mark.parametrize(("text", "claim"), CLAIMS)
def test_claims_are_marked_as_of_tables_in_memory(text: str, claim: str, few: str) -> None:
    path = few
    given = "check", "-e", text, "--data", path, "--claim", claim, "--of", "L", "--format", "json"
    held, found = (backprop(*given, *more) for more in ((), ("--memory", "100")))
    assert found.status == held.status, found.err
    for made, right in zip(
        json.loads(found.out)["claims"], json.loads(held.out)["claims"], strict=True
    ):
        assert (made["of"], made["by"]) == (right["of"], right["by"])
        assert (made["verdict"] == "right") == (right["verdict"] == "right"), right
        for key in ("claimed", "value"):
            assert made[key] == pytest.approx(right[key], rel=1e-11)


@pytest.mark.parametrize("claim", ["dL/dx[1] = 2", "da = x[1]", "dL/da = dL/db*2"])
def test_claims_about_rows_are_refused(claim: str, path: str) -> None:
    given = "check", "-e", FIT, "--data", path, "--memory", "1K", "--claim", claim
    found = backprop(*given)
    assert (found.status, found.out) == (2, "")
    assert "of tables larger than memory claims are" in found.err


@pytest.mark.parametrize("more", [["--precise"]])
def test_what_needs_all_rows_says_so(more: list[str], path: str) -> None:
    found = backprop("check", "-e", FIT, "--data", path, "--memory", "1K", *more)
    assert (found.status, found.out) == (1, "")
    assert "larger than memory is to hold at once" in found.err
    assert "--memory 8G" in found.err
    assert "leave --precise out" in found.err
