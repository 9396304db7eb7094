"""`count(x)` in tables larger than memory, beside the same of tables in memory."""

import json
from pathlib import Path

import pytest

from running import backprop

ROWS = "x,y\n" + "".join(f"{at}.5,{at * 7 % 5}\n" for at in range(50))


@pytest.mark.parametrize(
    "text",
    [
        "a = 3; L = a^2*count(x)",
        "a = 3; m = a*x; k = count(m); L = a^2*k + count(y)",
        "a = 3; L = a*mean(x) + a^2*count(y)",
        "a = 3; L = a*sum(x) + count(x)",
        "a = 3; L = a*sum(x/count(y))",
        "a = 3; k = count(x); L = a*sum(x)/k",
        "a = 3; const k = 2*count(x); L = a*sum(x)/k + k^2",
        "a = 3; k = count(x); m = a*x/k; L = sum(m)",
    ],
)
def test_numbers_are_those_of_the_table_in_memory(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS, "utf-8")
    asked = "grad", "-e", text, "--of", "L", "--data", str(path), "--format", "json"
    held, found = (backprop(*asked, *more) for more in ((), ("--memory", "10")))
    assert found.status == held.status == 0, found.err
    made, right = json.loads(found.out), json.loads(held.out)
    for key in ("data", "gradients"):
        assert {"a", "L"} <= made[key].keys()
        for name, number in made[key].items():
            assert number == pytest.approx(right[key][name], rel=1e-12), name
    assert made["columns"]["x"]["rows"] == 50
    whole = backprop("grad", "-e", text, "--of", "L", "--data", str(path), "--memory", "10")
    assert "x[1..50]" in whole.out


@pytest.mark.parametrize("more", [(), ("--memory", "10"), ("--engine", "python")])
@pytest.mark.parametrize("count", ["count(x)", "2*count(x)/2", "-(-count(x))", "k1; k1 = count(x)"])
def test_what_counts_rows_is_computed_and_does_not_move(
    count: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n1,2\n2,4\n3,7\n", "utf-8")
    text = f"a = 1; k = {count}; L = sum((y - a*x)^2)/k + k"
    asked = "-e", text, "--of", "L", "--data", str(path), *more
    shown = json.loads(backprop("grad", *asked, "--format", "json").out)
    # sum of (y - x)^2 is 1 + 4 + 16, of x*(y - x) 1 + 4 + 12
    assert shown["gradients"]["k"] == pytest.approx(1 - 21 / 9, rel=1e-12)
    assert shown["gradients"]["a"] == pytest.approx(-2 * 17 / 3, rel=1e-12)
    found = json.loads(backprop("descend", *asked, "--format", "json").out)
    assert found["parameters"] == {"a": pytest.approx(31 / 14, rel=1e-6)}
    refused = backprop("grad", *asked, "--set", "k=2")
    assert refused.status == 1
    assert "computed by its equation" in refused.err


@pytest.mark.parametrize("more", [(), ("--skip-bad-rows",), ("--memory", "10K")])
def test_a_count_with_a_name_is_of_all_rows_of_a_large_table(
    more: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x\n" + "".join(f"{at % 100 / 10}\n" for at in range(60000)), "utf-8")
    text = "a = 3; k = count(x); L = a*sum(x)/k"
    found = backprop("grad", "-e", text, "--of", "L", "--data", str(path), *more)
    assert found.out.startswith("L = 14.85\n")  # 3 times the mean of 0, 0.1, … 9.9
