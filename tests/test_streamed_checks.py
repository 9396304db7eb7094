"""`check` of tables larger than memory is to hold: the verdicts of tables in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from math import inf, isnan
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pytest
from pyarrow import csv

from backprop.checks.in_rounds import in_rounds
from backprop.data_streamed import StreamedTable
from backprop.descent.streamed_objective import StreamedObjective
from backprop.errors import NotFinite
from backprop.inputs import Inputs
from backprop.language.laid import RowNumbers
from backprop.streamed_matrices import StreamedPoint, read
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


MORE = TEXTS | {
    "levels": "a = 1; r = mean(y); v = mean((y*a - r)^2); L = sum((y - a*v)^2) + prod(1 + a*y/1e5)",
    "largest": "a = 1.3; b = 1; L = max((y - a*x - b)^2) + logsumexp(a*y)",
    "edge": "a = 1; L = mean(sqrt(a*x - 0.05))",
    "jump": "a = 1; L = mean(if(a*x > 1, y, 0))",
    "many": "c[i] = 1 + i/9 for i in 1..120; L = mean((y - sum(c[i]*sin(i*x) for i in 1..120))^2)",
}


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of each pass the rows of its first batch."""
    begun, plain = list[int](), StreamedTable.batches

    def counted(self: StreamedTable, names: Sequence[str]) -> Iterator[RowNumbers]:
        for at, batch in enumerate(plain(self, names)):
            begun.extend([batch.size] * (at == 0))
            yield batch

    monkeypatch.setattr(StreamedTable, "batches", counted)
    return begun


@pytest.mark.parametrize("inputs", [1, 3, 12])
def test_a_check_takes_as_many_passes_for_many_inputs_as_for_one(
    inputs: int, path: str, passes: list[int]
) -> None:
    terms = " + ".join(f"a{at}*exp(-{at}*x/{inputs})" for at in range(inputs))
    starts = "; ".join(f"a{at} = 1 + {at}/7" for at in range(inputs))
    text = f"{starts}; L = mean((y - ({terms}))^2)"
    found = backprop("check", "-e", text, "--data", path, "--memory", "1K")
    assert found.status == 0, found.err
    assert len(passes) <= 12


@pytest.mark.parametrize("kind", MORE)
@pytest.mark.one_in(3)
def test_looks_at_many_points_at_once_see_what_looks_one_by_one_see(
    kind: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = "check", "-e", MORE[kind], "--data", path, "--format", "json", "--memory", "1K"
    found = backprop(*given)
    points = list[int]()

    def one_after_the_other(looks: Any, values: Any, *_: Any) -> Any:
        def output(x: Any) -> float:
            points.append(len(points))
            (number,) = values([x])
            return float(number)

        return looks(output)

    monkeypatch.setattr("backprop.streamed_checks.in_rounds", one_after_the_other)
    plain = backprop(*given)
    assert points
    assert (found.status, found.out) == (plain.status, plain.out)


@pytest.mark.parametrize("kind", MORE)
@pytest.mark.parametrize("engine", ["auto", "python"])
def test_values_at_many_points_are_those_of_one_pass_each(
    kind: str, engine: str, path: str
) -> None:
    model, given = read(Inputs(expressions=(MORE[kind],), data=(path,), memory="1K"))
    names = [name for name in model.inputs_among(model.names) if name not in model.still]
    objective = StreamedObjective(model, "L", names, given, engine)
    chance = numpy.random.default_rng(1)
    at = numpy.array(objective.start)
    points = [at + chance.normal(0, size, len(at)) for size in (0, 1e-9, 1e-3, 0.3)]
    points += [numpy.full(len(at), far) for far in (1e300, inf)]
    found = objective.values([each.tolist() for each in points])
    for x, value in zip(points, found, strict=True):
        try:
            right = objective.value(x.tolist())
        except NotFinite:
            assert isnan(value)
        else:
            assert value == pytest.approx(right, rel=1e-14)


@pytest.mark.parametrize("most", [3, 40, 100_000])
def test_rounds_end_with_what_looks_see_whatever_is_computed_at_once(most: int) -> None:
    start = numpy.array([0.3, -2.0, 5.0])
    computed = list[int]()

    def true(x: Any) -> float:
        return float(numpy.exp(x[0]) * numpy.sin(3 * x[1]) + abs(x[2] - 5) * x[0])

    def values(points: Sequence[Any]) -> list[float]:
        computed.append(len(points))
        return [*map(true, points)]

    def looks(output: Callable[[Any], float]) -> list[float]:
        """Halve steps until two slopes are alike: how often depends on what is seen."""
        slopes = list[float]()
        for at in range(3):
            step, before = 0.5, inf
            for _ in range(40):
                x = start.copy()
                x[at] += step
                slope = (output(x) - output(start)) / step
                if abs(slope - before) < 1e-4:
                    break
                before, step = slope, step / 2
            slopes.append(slope)
        return slopes

    slopes = numpy.array([2.0, 1.0, 0.0])  # wrong ones do no harm
    assert in_rounds(looks, values, start, true(start), slopes, most) == looks(true)
    assert max(computed) <= most
    if most == 100_000:
        assert len(computed) < 8
