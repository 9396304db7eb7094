"""Which rows of which tables count: conditions of several tables, missing texts, tables that nothing gathers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

import backprop as library
from backprop.descent import looped
from backprop.descent.bends_of_rows import BendsOfRows
from backprop.evaluation import looks
from backprop.evaluation.looks import Looks
from backprop.loops import worth
from backprop.report import rows_summary
from running import backprop

IN_MEMORY_AND_NOT = pytest.mark.parametrize("memory", [(), ("--memory", "1")])


@pytest.fixture
def tables(tmp_path: Path) -> tuple[str, ...]:
    rows, other = tmp_path / "rows.csv", tmp_path / "other.csv"
    rows.write_text("x,site\n1,north\n2,\n3,south\n4,NA\n5,x\n")
    other.write_text("u,kind\n1,hot\n2,cold\n6,hot\n")
    return "--data", str(rows), "--data", str(other)


def value(text: str, *more: str) -> float:
    ran = backprop("grad", "-e", text, "--format", "json", *more)
    assert ran.status == 0, ran.err
    return float(json.loads(ran.out)["value"])


@IN_MEMORY_AND_NOT
def test_a_condition_is_of_the_table_that_has_its_columns(
    tables: tuple[str, ...], memory: tuple[str, ...]
) -> None:
    both = "L = sum(x) + 100*sum(u)"
    assert value(both, *tables, *memory, "--where", "x > 2") == 912
    assert value(both, *tables, *memory, "--where", "x > 2", "--where", "u < 6") == 312
    assert value(both, *tables, *memory, "--where", 'kind == "hot"') == 715
    assert value(both, *tables, *memory, "--where", '"hot" != kind') == 215
    ran = backprop("grad", "-e", both, *tables, *memory, "--where", "x > u")
    assert (ran.status, "has columns of several tables: x, u" in ran.err) == (2, True)
    ran = backprop("grad", "-e", both, *tables, *memory, "--where", "v > 1")
    assert "there is no column 'v' for --where" in ran.err


@IN_MEMORY_AND_NOT
def test_texts_that_are_not_there(tables: tuple[str, ...], memory: tuple[str, ...]) -> None:
    given = *tables, *memory, "--where"
    assert value("L = sum(x)", *given, 'site == ""') == 6
    assert value("L = sum(x)", *given, 'site != ""') == 9
    assert value("L = sum(x)", *given, 'site != "south" and site != ""') == 6
    assert value("L = sum(x)", *given, 'site != "x"', "--skip-missing") == 4
    ran = backprop("grad", "-e", "L = sum(x)", *given, 'site != "south"')
    assert (ran.status, "rows.csv:3: error: site in row 2 is missing" in ran.err) == (1, True)


@IN_MEMORY_AND_NOT
def test_a_table_that_nothing_gathers_has_its_line(
    tables: tuple[str, ...], memory: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_summary, "MANY", 1)
    monkeypatch.setattr(worth, "MANY", 1)
    for text in ("a = 2; r = a*u; L = mean(a*x)", "a = 2; L = 2*a*mean(x)/(count(u) - 1)"):
        ran = backprop("grad", "-e", text, *tables, *memory)
        assert (ran.status, ran.out.startswith("L = 6\n")) == (0, True), ran.err
        assert "3: 1 … 6, mean 3" in ran.out


def test_what_a_text_decides_is_no_border_to_any_command(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    sites = ["north", "south", "west"]
    rows.write_text("x,site\n" + "".join(f"{1 + at % 7},{sites[at % 3]}\n" for at in range(6000)))
    given = "-e", 'a = 3; b = 2; L = mean((if(site == "north", a, b)*x - 1)^2)', "--data", str(rows)
    table = [(1 + at % 7, sites[at % 3] == "north") for at in range(6000)]
    bend = [2 * sum(x * x for x, north in table if north == one) / 6000 for one in (True, False)]
    slope = [
        2 * sum(x * (x * (3 if one else 2) - 1) for x, north in table if north == one) / 6000
        for one in (True, False)
    ]
    for more in ((), ("--memory", "1")):
        found = json.loads(backprop("hessian", *given, *more, "--format", "json").out)
        assert found["hessian"] == [pytest.approx([bend[0], 0]), pytest.approx([0, bend[1]])]
        ran = backprop("jacobian", *given, *more, "--format", "json")
        assert json.loads(ran.out)["jacobian"] == [pytest.approx(slope)]
        assert "border" not in ran.err
        assert "exactly 0" not in ran.err


@pytest.mark.parametrize(
    "text",
    [
        "r = a^2 + if(y > 1.25, b, x) - 2; L = mean(r^2) + 0.01*((a - 1)^2 + (b - 1)^2)",
        'L = mean((y - if(site == "north", a, b)*x)^2)',
        "L = mean((y - floor(3*x)*a - abs(x - 1)*b)^2)",
    ],
)
def test_what_columns_decide_hides_no_minimum(text: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y,site\n0.5,1.3,south\n1.5,0.7,north\n0.9,1.9,south\n1.2,1.1,north\n")
    given = "descend", "-e", f"a = 0.8; b = 1.1; {text}", "--data", str(rows), "--format", "json"
    held = json.loads(backprop(*given).out)
    streamed = json.loads(backprop(*given, "--memory", "1").out)
    assert streamed["stopped"] == held["stopped"] == "minimum"
    assert streamed["value"] == pytest.approx(held["value"], rel=1e-9)


@IN_MEMORY_AND_NOT
def test_a_row_is_explained_beside_equations_that_lead_elsewhere(
    tables: tuple[str, ...], memory: tuple[str, ...]
) -> None:
    text = "a = 1; r = 2*x; s = r + 1; m = a*x; L = mean(m^2)"
    ran = backprop("explain", "-e", text, "--of", "L", "--row", "2", *tables[:2], *memory)
    assert ran.status == 0, ran.err
    assert "m[2] = a·x[2] = 1·2 = 2" in ran.out
    assert "s[2]" not in ran.out


@pytest.mark.parametrize("optimizer", [(), ("--optimizer", "newton"), ("--optimizer", "lbfgs")])
def test_second_derivatives_over_very_many_rows_make_no_arrays(
    optimizer: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = numpy.random.default_rng(4)
    x = chance.uniform(0, 4, 40_000).round(5)
    y = (2.5 * numpy.exp(-0.7 * x) + 0.05 * chance.normal(size=40_000)).round(5)
    county = chance.integers(1, 4, 40_000)
    rows = tmp_path / "rows.csv"
    lines = (f"{a},{b},{c}\n" for a, b, c in zip(x, y, county, strict=True))
    rows.write_text("x,y,county\n" + "".join(lines))
    text = (
        "alpha[i] = 2 for i in 1..3; b = 0.5; L = mean((y - alpha[county]*exp(-b*x))^2) + 0.001*b^2"
    )
    given = "descend", "-e", text, "--data", str(rows), *optimizer, "--format", "json"
    arrays = json.loads(backprop(*given).out)
    asked = list[int]()
    monkeypatch.setattr(looped, "_PASSED", 1)
    before = BendsOfRows.at

    def at(self: BendsOfRows, *more: object) -> object:
        asked.append(1)
        return before(self, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(BendsOfRows, "at", at)
    passed = json.loads(backprop(*given).out)
    assert asked
    assert passed["stopped"] == arrays["stopped"] == "minimum"
    assert passed["reason"] == arrays["reason"]
    assert passed["parameters"] == pytest.approx(arrays["parameters"], rel=1e-7)


def test_what_leads_to_many_ties_is_gone_through_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these rows ties with the one before, and all of them lead there."""
    seen, most = list[Looks](), 100_000
    monkeypatch.setattr(looks, "_VISITED", most)
    before = Looks.__init__

    def kept(self: Looks, *given: Any) -> None:
        before(self, *given)
        seen.append(self)

    monkeypatch.setattr(Looks, "__init__", kept)
    rows = 1500
    data = {"y": numpy.linspace(0, 1, rows), "k": [1, 2] * (rows // 2)}
    text = """b = -0.8; c = -0.2; w[1] = -0.7; w[2] = -0.9
    low = min(max(cosh(b), c + w[k]) + 0*y); high = max(b/(2 + c^2) + 0*y)
    L = b*sum(y) + if(high <= low, b, low)"""
    found = library.parse(text, data=data).grad()
    assert found.value == pytest.approx(-0.8 * (rows / 2 + 1))
    assert found.gradients["b"] == pytest.approx(rows / 2 + 1)
    (looked,) = seen
    assert most <= looked._visited < most + 20 * rows
