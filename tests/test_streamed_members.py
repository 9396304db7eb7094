"""Names of rows, of tables larger than memory is to hold: what is asked of single rows, and of all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from running import backprop

MEMBERS = """
    q[i] = 1 + i/10 for i in 1..5
    s = 1; m[i] = q[i]*x for i in 1..5; z = sum(x^2); r = y - s*q[g]
    L = mean(r^2*z)*max(x) + mean(m[1])*logsumexp(y) + prod(1 + x/100)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    chance, rows = numpy.random.default_rng(3), 40
    x, y = chance.uniform(0.1, 3, (2, rows))
    lines = [f"{a},{b},{c}" for a, b, c in zip(x, y, chance.integers(1, 6, rows), strict=True)]
    path = tmp_path_factory.mktemp("members") / "rows.csv"
    path.write_text("\n".join(["x,y,g", *lines]), "utf-8")
    return str(path)


def test_slopes_by_single_rows_are_those_of_tables_in_memory(path: str) -> None:
    asked = "y[3], g[3], x[3], q[2], m[1,3], m[2,3], r[40], x[17], m[1,1]"
    given = "jacobian", "-e", MEMBERS, "--data", path, "--of", "L", "--wrt", asked
    held, found = (
        json.loads(backprop(*given, "--format", "json", *more).out)
        for more in ((), ("--memory", "100"))
    )
    assert found["inputs"] == held["inputs"]
    assert found["jacobian"][0] == pytest.approx(held["jacobian"][0], rel=1e-12)
    assert any(held["jacobian"][0])


@pytest.mark.parametrize(
    ("command", "wrt"),
    [(command, wrt) for command in ("jacobian", "hessian") for wrt in ("x", "r", "x[*]", "*")]
    + [("hessian", "x[1]"), ("hessian", "x[3]"), ("hessian", "a, x[1]")],
)
def test_a_column_is_no_number(command: str, wrt: str, path: str) -> None:
    text = "a = 2; r = y - a*x; L = mean(r^2)"
    given = "-e", text, "--data", path, "--of", "L", "--wrt", wrt, "--memory", "100"
    found = backprop(command, *given)
    assert (found.status, found.out) == (2, "")
    assert "a number in every row" in found.err


@pytest.mark.parametrize(("name", "said"), [("x[41]", "rows 1 to 40"), ("x[0]", "rows 1 to 40")])
def test_a_row_that_is_not_there(name: str, said: str, path: str) -> None:
    given = "-e", "a = 2; L = mean(a*x)", "--data", path, "--memory", "100", "--wrt", name
    found = backprop("jacobian", *given)
    assert (found.status, found.out) == (2, "")
    assert said in found.err


def test_names_are_told_without_those_of_the_first_row(path: str) -> None:
    given = "-e", "a = 2; L = mean(a*x)", "--data", path, "--memory", "100", "--wrt", "s"
    found = backprop("jacobian", *given)
    assert found.status == 1
    assert "the names are: a, L, x\n" in found.err


ROWS = "a = 2; b = .6; r = y - a*exp(-b*x); L = mean(r^2); K = mean(b*y)"


def numbers_of(path: str, *more: str) -> Any:
    found = backprop("grad", "-e", ROWS, "--data", path, "--of", "L", "--format", "json", *more)
    assert found.status == 0, found.err
    return json.loads(found.out)


def assert_alike(found: Any, right: Any) -> None:
    """Whether the objects have the same keys in the same order, and the same numbers."""
    if isinstance(right, dict):
        assert [*found] == [*right]
        for key, value in right.items():
            assert_alike(found[key], value)
    elif isinstance(right, float):
        assert found == pytest.approx(right, rel=1e-12)
    else:
        assert found == right


@pytest.mark.parametrize(
    "wrt", [(), ("--wrt", "a, y"), ("--wrt", "x[3], r[40], b, x"), ("--wrt", "x[1]")]
)
def test_objects_are_the_same_for_few_rows_and_many_in_memory_and_not(
    wrt: tuple[str, ...], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = numbers_of(path, *wrt)
    streamed = numbers_of(path, *wrt, "--memory", "100")
    monkeypatch.setattr("backprop.report.rows_summary.MANY", 1)
    many = numbers_of(path, *wrt)
    for each in (streamed, many):
        for kind in ("data", "gradients", "columns"):
            assert each[kind].keys() == few[kind].keys()
            assert_alike({name: each[kind][name] for name in few[kind]}, few[kind])
    x = [float(line.split(",")[0]) for line in Path(path).read_text("utf-8").splitlines()[1:]]
    said = few["columns"]["x"]
    assert (said["rows"], said["least"], said["most"]) == (len(x), min(x), max(x))
    assert said["mean"] == pytest.approx(numpy.mean(x), rel=1e-14)
    if not wrt:
        assert few["data"].keys() == {"a", "b", "L", "K"}
        rows = numbers_of(path, "--all")["gradients"]
        largest = max(abs(rows[f"x[{row}]"]) for row in range(1, 41))
        assert said["largest_gradient"] == pytest.approx(largest, rel=1e-12)
    elif "x[3]" in wrt[1]:
        assert few["data"]["x[3]"] == x[2]


def test_what_json_tells_is_read_back(path: str, tmp_path: Path) -> None:
    for more in ((), ("--memory", "100")):
        told = numbers_of(path, "--set", "a=3", *more)
        (tmp_path / "told.json").write_text(json.dumps(told), "utf-8")
        again = numbers_of(path, "--values", str(tmp_path / "told.json"), *more)
        assert (again["data"]["a"], again["value"]) == (3.0, told["value"])


def test_lines_for_programs_are_of_single_numbers(path: str) -> None:
    given = "grad", "-e", ROWS, "--data", path, "--of", "L", "--format", "csv", "--wrt", "a, x[3]"
    held, found = (backprop(*given, *more).out.splitlines() for more in ((), ("--memory", "100")))
    assert [line.split(",")[:3] for line in found] == [line.split(",")[:3] for line in held]
    assert len(found) == 4
    every = backprop(*given[:-2], "--all").out.split("\n")
    assert sum(",x[" in line for line in every) == 40


def test_all_of_a_table_larger_than_memory_has_ranges_and_says_so(path: str) -> None:
    given = "grad", "-e", ROWS, "--data", path, "--of", "L", "--memory", "100", "--all"
    found = backprop(*given)
    assert found.status == 0
    assert "x[1..40]  column" in found.out
    assert "of its 40 rows ranges are told" in found.err
    assert "--wrt 'x[3]'" in found.err


def test_every_output_and_patterns(path: str) -> None:
    given = "grad", "-e", ROWS, "--data", path, "--of", "*"
    for more in ((), ("--wrt", "*"), ("--wrt", "[ab]"), ("--only", "a, x[2]")):
        held, found = (backprop(*given, *more, *rest) for rest in ((), ("--memory", "100")))
        assert (found.status, found.out) == (held.status, held.out)


UNUSED = "a = 2; r = y - a*log(x - 0.5); L = mean(r^2); P = sum((y - a)^2); Q = log(-a)"


@pytest.mark.parametrize(
    "command", ["grad", "check", "hessian", "jacobian", "descend", "explain --row 2", "grad --all"]
)
def test_what_leads_to_no_output_may_have_no_value(command: str, path: str) -> None:
    given = *command.split(), "-e", UNUSED, "--data", path, "--of", "P"
    held, found = (backprop(*given, *more) for more in ((), ("--memory", "100")))
    assert (held.status, found.status) == (0, 0), found.err
    if command == "grad":
        assert [line.split() for line in found.out.splitlines()] == [
            line.split() for line in held.out.splitlines()
        ]
        assert "log(x - 0.5) has no value" in found.err
        assert "the output does not need this step" in found.err


@pytest.mark.parametrize("command", ["grad", "jacobian"])
def test_a_row_without_a_value_is_told_of_several_outputs(command: str, path: str) -> None:
    given = command, "-e", UNUSED, "--data", path, "--of", "P, L"
    held, found = (backprop(*given, *more) for more in ((), ("--memory", "100")))
    assert (held.status, held.out) == (found.status, found.out) == (1, "")
    assert found.err.splitlines()[:-1] == held.err.splitlines()[:-1]  # that has all columns
    assert "rows.csv:" in found.err


@pytest.mark.parametrize("more", [(), ("--poisson",), ("--loss", "huber", "--loss-scale", "1")])
@pytest.mark.parametrize("starts", [(), ("--set", "a=1, c=1")])
def test_a_fit_tells_the_row_that_has_no_residual(
    more: tuple[str, ...], starts: tuple[str, ...], path: str
) -> None:
    given = "fit", "-e", "y ~ a*log(x - 0.5) + c", "--data", path, *more, *starts
    for rest in ((), ("--memory", "100")):
        found = backprop(*given, *rest)
        assert (found.status, found.out) == (1, "")
        assert "log(x - 0.5) has no value at x" in found.err
        assert "rows.csv:" in found.err
        assert "the row: x = " in found.err


def test_a_fit_without_a_value_at_its_starts_asks_for_others(path: str) -> None:
    given = "fit", "-e", "y ~ a*log(b*x - 1e9) + c", "--data", path, "--memory", "100"
    found = backprop(*given)
    assert found.status == 1
    assert "at any start that was tried" in found.err


def test_formulas_need_no_data(path: str) -> None:
    given = "explain", "-e", "a = 2; L = sum(a*x)", "--data", path, "--memory", "100"
    found = backprop(*given, "--symbolic")
    assert (found.status, found.out) == (1, "")
    assert "leave the data out: write an index for the rows" in found.err


@pytest.mark.parametrize(
    "text",
    [
        "s = 2; m = mean(y); u = s*m; L = mean((y - u*x)^2) + log(s)",
        "a = 2; b = 1; L = (max(a*x)*b + sum(y)*a)^2; K = L*b; P = K + L",
        "a = 2; b = 1; r = y - a*x; L = mean(r^2)*b",
    ],
)
def test_arrows_of_pictures_have_the_numbers_of_all_rows(
    text: str, path: str, tmp_path: Path
) -> None:
    drawn = []
    for at, more in enumerate(((), ("--memory", "100"))):
        file = tmp_path / f"drawn{at}.dot"
        found = backprop("draw", "-e", text, "--data", path, "-o", str(file), *more)
        assert found.status == 0, found.err
        drawn.append([line for line in file.read_text("utf-8").splitlines() if " -> " in line])
    assert drawn[0] == drawn[1]
    assert any("label=" in line for line in drawn[1])


@pytest.mark.parametrize("more", [("--of", "r"), ("--of", "L, r"), ("--of", "r", "--sparse")])
def test_a_matrix_has_no_line_for_each_row(more: tuple[str, ...], path: str) -> None:
    text = "a = 2; b = 1; r = y - a*x; L = mean(r^2)*b"
    found = backprop("jacobian", "-e", text, "--data", path, "--memory", "100", *more)
    assert (found.status, found.out) == (1, "")
    assert "r is a column of rows, and an output is a single number" in found.err
    assert "backprop grad --rows --of r" in found.err


def test_rows_without_values_are_left_out_of_many_in_memory_too(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "a = 2; r = y - a*log(x - 0.5); L = mean(r^2)"
    given = "grad", "-e", text, "--data", path, "--skip-bad-rows", "--format", "json"
    few, streamed = (backprop(*given, *more) for more in ((), ("--memory", "100")))
    monkeypatch.setattr("backprop.report.rows_summary.MANY", 1)
    monkeypatch.setattr("backprop.all_gradients._grad", None)  # which looks at each row
    many = backprop(*given)
    for each in (streamed, many):
        assert (each.status, each.err) == (0, few.err)
        assert_alike(json.loads(each.out)["columns"]["r"], json.loads(few.out)["columns"]["r"])
    assert "rows left out" in few.err
