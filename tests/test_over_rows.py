"""Equations over columns of data, against the same computed row by row as plain numbers."""

from __future__ import annotations

import json
import pickle
import random
from math import fsum, isfinite
from pathlib import Path
from typing import Any

import numpy
import pytest

import backprop as library
from backprop.evaluation.gradient import gradient
from backprop.language.laid import RowNumbers
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.worth import read_model
from backprop.operations import FUNCTIONS
from backprop.source import Source
from running import backprop


class Given:
    """A table in memory."""

    def __init__(self, **columns: Any) -> None:
        self.name = "rows.csv"
        self._columns = {name: numpy.asarray(each, dtype=float) for name, each in columns.items()}
        self.names = [*columns]

    def rows(self, names: Any) -> RowNumbers:
        size = len(next(iter(self._columns.values())))
        found = {name: self._columns[name] for name in names}
        return RowNumbers(self.name, size, found, lambda row: f"rows.csv:{row + 2}")


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member, and the least of outputs, too, are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def both(text: str, **columns: Any) -> list[Any]:
    """The gradient with every step in a row of its own, and by loops."""
    source, table = Source("<text>", text), [Given(**columns)]
    looped = read_model(source, many=0, tables=table)
    assert looped.loops
    found = [gradient(read_carefully(source, tables=table), {}, None)]
    return [*found, gradient(looped, {}, None)]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_columns_is_the_sum_of_its_rows(name: str) -> None:
    row = FUNCTIONS[name]
    if not row.called or row.chooses:
        return
    words = "x y z".split()[: row.arity]
    if len(words) < row.arity:
        return
    samples = [each for each in row.samples if len(each) == row.arity][:6]
    call = f"{name}({', '.join(words)})"
    plain = library.parse(f"L = a*{call}")
    kept, right = list[Any](), list[Any]()
    for each in samples:
        try:
            found = plain.grad({"a": 1.5, **dict(zip(words, each, strict=True))})
        except library.BackpropError:
            continue
        if isfinite(found.value):
            kept.append(each)
            right.append(found)
    if not kept:
        return
    columns = dict(zip(words, zip(*kept, strict=True), strict=True))
    for found in both(f"a = 1.5; L = sum(a*{call})", **columns):
        total = fsum(each.value for each in right)
        assert found.value == pytest.approx(total, rel=1e-13, abs=1e-300)
        slope = fsum(each.gradients["a"] for each in right)
        assert found.gradients["a"] == pytest.approx(slope, rel=1e-13, abs=1e-300)
        for word in words:
            for at, each in enumerate(right, 1):
                if isfinite(each.gradients[word]):
                    got = found.gradients[f"{word}[{at}]"]
                    assert got == pytest.approx(each.gradients[word], rel=1e-13, abs=1e-300)


def random_formula(chance: random.Random, depth: int, names: list[str]) -> str:
    if depth == 0 or chance.random() < 0.15:
        return chance.choice([*names, *names, str(chance.randint(1, 9) / 4)])
    one, other = (random_formula(chance, depth - 1, names) for _ in range(2))
    made = [f"({one} + {other})", f"({one} - {other})", f"{one}*{other}", f"sin({one})"]
    made += [f"tanh({one})", f"exp(-({one})^2)", f"({one})/(2 + ({other})^2)"]
    return chance.choice([*made, f"max({one}, {other})", f"sqrt(1 + ({one})^2)"])


@pytest.mark.parametrize("number", range(60))
def test_random_models_are_what_they_are_row_by_row(number: int) -> None:
    """Of two columns, two parameters and a column that is computed: each row as a text of its own."""
    chance = random.Random(number)
    count = chance.choice([1, 2, 7, 30])
    x, y = ([chance.uniform(-2, 2) for _ in range(count)] for _ in range(2))
    inner, outer = (
        random_formula(chance, 2, ["x", "a", "y"]),
        random_formula(chance, 2, ["m", "x", "b", "y"]),
    )
    at = {"a": 0.7, "b": -0.4}
    plain = library.parse(f"m = {inner} + 0*(a + x); t = {outer} + 0*(b + m + y)")
    rows = [plain.grad({**at, "x": u, "y": v}, of="t") for u, v in zip(x, y, strict=True)]
    text = f"a = 0.7; b = -0.4; m = {inner} + 0*(a + x); t = {outer} + 0*(b + m + y); L = mean(t)*count(x)"
    for found in both(text, x=x, y=y):
        assert found.value == pytest.approx(fsum(each.value for each in rows), rel=1e-12, abs=1e-14)
        for name in at:
            slope = fsum(each.gradients[name] for each in rows)
            assert found.gradients[name] == pytest.approx(slope, rel=1e-12, abs=1e-13)


X, Y = numpy.linspace(-1, 2, 9), numpy.linspace(3, 5, 9) ** 2


def test_gatherers_are_those_of_numpy() -> None:
    text = "a = 2; L = sum(a*x) + 10*mean(y) + 100*min(x*y) + 1000*max(y - x) + prod(y/10) + logsumexp(x) + count(y)"
    right = (
        (2 * X).sum() + 10 * Y.mean() + 100 * (X * Y).min() + 1000 * (Y - X).max()
        + (Y / 10).prod() + numpy.log(numpy.exp(X).sum()) + 9
    )  # fmt: skip
    for found in both(text, x=X, y=Y):
        assert found.value == pytest.approx(right, rel=1e-13)
        assert found.gradients["a"] == pytest.approx(X.sum(), rel=1e-13)


def test_what_is_gathered_stands_beside_columns() -> None:
    text = "z = (x - mean(x))/sqrt(mean((x - mean(x))^2)); L = mean(z^4) + a; a = 1"
    z = (X - X.mean()) / X.std()
    for found in both(text, x=X):
        assert found.value == pytest.approx((z**4).mean() + 1, rel=1e-13)


def test_families_and_functions_over_rows() -> None:
    text = """w[i] = i/3 for i in 1..3
    f(u) = u^2 + x
    h[i] = tanh(w[i]*x) for i in 1..3
    s = sum(h[*]) + sum(h[i]*i for i in 1..2)
    L = mean((s - f(y/9))^2)"""
    h = numpy.tanh(numpy.outer([1 / 3, 2 / 3, 1], X))
    right = ((h.sum(0) + h[0] + 2 * h[1] - (Y / 9) ** 2 - X) ** 2).mean()
    for found in both(text, x=X, y=Y):
        assert found.value == pytest.approx(right, rel=1e-13)


def test_a_column_of_whole_numbers_is_an_index() -> None:
    county = [1, 3, 2, 3, 3, 1, 2, 2, 3]
    text = "alpha[i] = i^2 for i in 1..3; L = sum(alpha[county]*y)"
    for found in both(text, county=county, y=Y):
        assert found.value == pytest.approx(sum(k * k * v for k, v in zip(county, Y, strict=True)))
        for k in (1, 2, 3):
            right = sum(v for other, v in zip(county, Y, strict=True) if other == k)
            assert found.gradients[f"alpha[{k}]"] == pytest.approx(right, rel=1e-13)


def test_parameters_of_functions_and_indices_hide_columns() -> None:
    text = "f(x) = 2*x; L = sum(f(y)) + sum(x*a for x in 1..3); a = 1"
    for found in both(text, x=X, y=Y):
        assert found.value == pytest.approx(2 * Y.sum() + 6, rel=1e-13)


# ------------------------------------------------------------------------------ command lines

ROWS = b"x,y,site,Temp (C)\n1,2.5,north,3\n2,4.5,south,4\n3,6.1,north,5\n4,7.9,north,6\n"
LINE = "a = 1; b = 0.1; L = mean((y - a*x - b)^2)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rows.csv").write_bytes(ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(command: str, text: str, *more: str) -> str:
    ran = backprop(command, "-e", text, "--data", "rows.csv", *more)
    assert ran.status in (1, 2)
    assert not ran.out
    return ran.err


@pytest.mark.usefixtures("folder")
def test_every_command_takes_data() -> None:
    slopes = numpy.polyfit([1, 2, 3, 4], [2.5, 4.5, 6.1, 7.9], 1)
    ran = backprop("descend", "-e", LINE, "--data", "rows.csv", "--format", "json")
    final = json.loads(ran.out)["parameters"]
    assert [final["a"], final["b"]] == pytest.approx(slopes, rel=1e-6)
    ran = backprop("hessian", "-e", LINE, "--data", "rows.csv", "--format", "json")
    assert json.loads(ran.out)["hessian"] == [[15.0, 5.0], [5.0, 2.0]]  # 2·mean(x²), 2·mean(x), 2
    ran = backprop("check", "-e", LINE, "--data", "rows.csv")
    assert "all 2 gradients agree" in ran.out
    ran = backprop("explain", "-e", "m = a*x; a = 2; L = mean((y - m)^2)", "--data", "rows.csv")
    assert "m[3] = a·x[3] = 2·3 = 6" in ran.out
    ran = backprop("draw", "-e", LINE, "--data", "rows.csv", "-o", "graph.dot")
    assert not ran.status
    ran = backprop("jacobian", "-e", "m = a*x; a = 2", "--data", "rows.csv", "--of", "m")
    assert "m[4]" in ran.out


@pytest.mark.usefixtures("folder")
def test_a_column_is_one_line_of_the_table() -> None:
    out = backprop("grad", "-e", LINE, "--data", "rows.csv").out
    assert "x[1..4]  column" in out
    assert "4: 1 … 4, mean 2.5" in out


@pytest.mark.usefixtures("folder")
def test_rows_that_count() -> None:
    def mean(*more: str) -> float:
        ran = backprop("grad", "-e", "L = mean(x)", "--data", "rows.csv", "--format", "json", *more)
        return float(json.loads(ran.out)["value"])

    assert mean("--where", "x > 1") == 3
    assert mean("--where", 'site == "north"') == pytest.approx(8 / 3)
    assert mean("--where", "site != 'north'") == 2
    assert mean("--where", 'site == "north" and (x < 2 or y > 7)') == 2.5
    assert mean("--where", "T >= 4", "--where", "not x == 3", "--column", "T=Temp (C)") == 3


MISTAKES = [
    ("a = 1; x = 3; L = mean(a*x)", [], "x is a column of rows.csv, and has a statement here"),
    ("m = a*x; a = 2", [], "m is a column of 4 rows, and an output is a single number"),
    ("a = 1; L = mean(log(x - 3)*a)", [], "row 1 is rows.csv:2"),
    ("a = 1; m = 1/(x - 3); L = mean(m)*a", [], "row 3 is rows.csv:4"),
    (LINE, ["--set", "x=3"], "x is a column of data"),
    (LINE, ["--where", "z > 1"], "there is no column 'z' for --where"),
    (LINE, ["--where", "x > 9"], "no row of it meets --where"),
    (LINE, ["--column", "T = Temp"], "there is no column 'Temp' for --column T"),
    (LINE, ["--where", "x >"], "is no condition on rows"),
    (LINE, ["--where", 'x > "a"'], "is no condition on rows"),
    (LINE, ["--delimiter", ";;"], "is not one character"),
    (LINE, ["--column", "T"], "does not say what a column is called"),
    ("L = mean(u)", [], "the columns are x, y, site, Temp (C)"),
    ("L = mean(site)", [], "site in row 1 is 'north', and no number"),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("text", "more", "message"), MISTAKES)
def test_what_is_said_of_mistakes(text: str, more: list[str], message: str) -> None:
    assert message in said("grad", text, *more)


@pytest.mark.usefixtures("folder")
def test_columns_of_two_tables_do_not_mix(folder: Path) -> None:
    (folder / "other.csv").write_bytes(b"u\n1\n2\n")
    ran = backprop("grad", "-e", "L = sum(x*u)", "--data", "rows.csv", "--data", "other.csv")
    assert "columns of rows.csv and of other.csv" in ran.err
    ran = backprop("grad", "-e", "L = sum(x*mean(u))", "--data", "rows.csv", "--data", "other.csv")
    assert ran.out.startswith("L = 15\n")


@pytest.mark.usefixtures("folder")
def test_a_constant_gives_way() -> None:
    ran = backprop("grad", "-e", "const x = 100; L = sum(x)*a; a = 1", "--data", "rows.csv")
    assert ran.out.startswith("L = 10\n")


def test_options_of_data_need_data() -> None:
    ran = backprop("grad", "-e", "L = a", "--set", "a=1", "--where", "x > 1")
    assert ran.status == 2
    assert "--data" in ran.err


@pytest.mark.usefixtures("folder")
def test_a_table_is_computed_row_by_row(folder: Path) -> None:
    text = "m = a*exp(-b*x); a = 2; b = 0.5"
    ran = backprop("grad", "-e", text, "--data", "rows.csv", "--rows", "--format", "csv")
    lines = ran.out.splitlines()
    assert lines[0] == "x,m,dm_dx,dm_da,dm_db"
    for x, line in zip([1, 2, 3, 4], lines[1:], strict=True):
        e = numpy.exp(-x / 2)
        right = [x, 2 * e, -e, e, -2 * x * e]
        assert [float(each) for each in line.split(",")] == pytest.approx(right, rel=1e-14)
    ran = backprop("grad", "-e", text, "--data", "rows.csv", "--rows", "--format", "json")
    assert json.loads(ran.out.splitlines()[2])["dm_da"] == pytest.approx(numpy.exp(-1.5))
    ran = backprop("grad", "-e", text, "--data", "rows.csv", "--rows", "-o", "m.parquet")
    assert ran.err == "wrote m.parquet\n"
    ran = backprop("grad", "-e", "L = sum(dm_da)", "--data", "m.parquet", "--format", "json")
    right = sum(numpy.exp(-x / 2) for x in (1, 2, 3, 4))
    assert json.loads(ran.out)["value"] == pytest.approx(right)
    assert "m in 4 rows" in backprop("grad", "-e", text, "--data", "rows.csv", "--rows").out
    assert {path.name for path in folder.iterdir()} == {"rows.csv", "m.parquet"}


@pytest.mark.usefixtures("folder")
def test_one_row_is_explained() -> None:
    text = "m = a*x; a = 2; L = mean((y - m)^2)"
    out = backprop("explain", "-e", text, "--data", "rows.csv", "--row", "3").out
    assert "m[3] = a·x[3] = 2·3 = 6" in out
    # -2·(6.1 - 6)/4 = -0.05, times 3; of all rows -2·(0.5·1 + 0.5·2 + 0.1·3 - 0.1·4)/4
    assert "share of ∂L/∂a: ∂L/∂m[3] · ∂m[3]/∂a = ∂L/∂m[3] · x[3] = −0.05 · 3 = −0.15" in out
    assert "(∂L/∂a of all rows: -0.7)" in out
    assert "m[2] =" not in out
    assert "there are rows 1 to 4" in said("explain", text, "--row", "5")
    assert "there is none" in backprop("explain", "-e", "L = a", "--set", "a=1", "--row", "1").err


ROW_MISTAKES = [
    ("m = x - mean(x)", ["--wrt", "x"], "m of a row depends on x in other rows, too"),
    ("m = 2*x; n = 3*x", [], "--rows is of one column"),
    ("m = 2*x; a = 3", ["--of", "a"], "a is a single number, and --rows is of a column"),
    ("m = 2*x; a = 3", ["--of", "b"], "there is no 'b' in these equations"),
    ("L = a; a = 1", [], "no equation here is computed row by row"),
    ("h[i] = x*i for i in 1..2", [], "h is more than one number in a row"),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("text", "more", "message"), ROW_MISTAKES)
def test_what_is_said_of_rows_that_are_none(text: str, more: list[str], message: str) -> None:
    assert message in said("grad", text, "--rows", *more)


def test_rows_need_data() -> None:
    assert "there is none" in backprop("grad", "-e", "m = a", "--set", "a=1", "--rows").err


# ------------------------------------------------------------------------------------- in Python


class Frame:
    """What pandas and polars have: a table that speaks Arrow."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def test_tables_in_memory_stand_for_names() -> None:
    import pyarrow

    table = pyarrow.table({"x": [1, 2, 4], "y": [2.0, 3.0, 5.5]})
    for data in ({"x": [1, 2, 4], "y": numpy.array([2.0, 3.0, 5.5])}, table, Frame(table), [table]):
        model = library.parse("L = mean((y - a*x)^2)", data=data)
        found = model.grad(a=1)
        assert found.value == pytest.approx((1 + 1 + 1.5**2) / 3)
        assert found.gradients["a"] == pytest.approx(-2 * (1 + 2 + 6) / 3)
        assert model.descend({"a": 0}).parameters["a"] == pytest.approx(30 / 21, rel=1e-6)
    with pytest.raises(library.BackpropError, match="these are no columns"):
        library.parse("L = mean(x)", data=7)
    with pytest.raises(library.BackpropError, match="missing"):
        library.parse("L = mean(x)", data={"x": [1, None]})


def test_models_and_programs_with_data_are_copied(folder: Path) -> None:
    data = library.read_data("rows.csv")
    model = library.parse("a = 1; L = mean((y - a*x)^2)", data=data)
    right = model.grad().value
    assert pickle.loads(pickle.dumps(model)).grad().value == right
    program = library.compile(model, of="L")
    (folder / "rows.csv").unlink()
    again = pickle.loads(pickle.dumps(program))
    assert again([1.0])[0] == program([1.0])[0] == pytest.approx(right)


@pytest.mark.usefixtures("folder")
def test_claims_and_saved_equations_have_data() -> None:
    ran = backprop("check", "-e", LINE, "--data", "rows.csv", "--claim", "da = -15.2, db = 5.3")
    assert "right" in ran.out
    assert "∂L/∂b = 5.3 is wrong" in ran.out
    ran = backprop("descend", "-e", LINE, "--data", "rows.csv", "--save", "-")
    assert float(ran.out.removeprefix("a = ").split(";")[0]) == pytest.approx(1.78)


def test_files_are_data_in_python(folder: Path) -> None:
    data = library.read_data("rows.csv", columns={"T": "Temp (C)"}, where="T > 3")
    assert library.parse("L = mean(x*T)", data=data).grad().value == pytest.approx(
        (8 + 15 + 24) / 3
    )


@pytest.mark.usefixtures("folder")
def test_formulas_of_derivatives_take_no_data() -> None:
    assert "made without data" in said("diff", LINE)


def test_functions_gather_what_they_are_given() -> None:
    """What they say is what is written out."""
    data = {"x": [0.0, 1.0, 2.0, 4.0], "y": [2.1, 1.2, 0.9, 0.3]}
    written = "L = sqrt(sum((y - a*exp(-b*x))^2)/4) + max(a*x) + mean(x*b^2); a = 2; b = 0.5"
    called = (
        "sse(u) = sum(u^2); rms(u, v) = sqrt(sse(u - v)/count(u)); top(u) = max(u); m(k) = mean(x*k)"
        "; L = rms(y, a*exp(-b*x)) + top(a*x) + m(b^2); a = 2; b = 0.5"
    )
    one, other = (library.parse(text, data=data).grad() for text in (written, called))
    for name in ("L", "a", "b"):
        assert other.gradients[name] == pytest.approx(one.gradients[name], rel=1e-14)
    assert other.value == pytest.approx(one.value, rel=1e-14)
    line = ["-e", called.replace("; a = 2; b = 0.5", ""), "--set", "a=2, b=0.5", "--data"]
    rows = "".join(f"{x},{y}\n" for x, y in zip(data["x"], data["y"], strict=True))
    for command in ("grad", "check", "explain", "hessian", "jacobian", "descend"):
        assert backprop(command, *line, "-", stdin=f"x,y\n{rows}".encode()).status == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f(u) = sum(u); L = f(a)", "there is no column in it"),
        ("f(u) = f(u)*mean(u); L = f(x)", "calls itself"),
        ("f(u, v) = mean(u*v); L = f(x)", "f takes 2 arguments, not 1"),
    ],
)
def test_functions_that_cannot_gather_say_why(text: str, said: str) -> None:
    with pytest.raises(library.BackpropError, match=said):
        library.parse(f"{text}; a = 1", data={"x": [1.0, 2.0]})


def test_programs_and_gradients_take_other_tables() -> None:
    class Streamed:
        """What has Arrow's interface and nothing else, as frames of polars and pandas have."""

        def __init__(self, **columns: list[float]) -> None:
            import pyarrow

            self._table = pyarrow.table(columns)

        def __arrow_c_stream__(self, schema: Any = None) -> Any:
            return self._table.__arrow_c_stream__(schema)

    model = library.parse("L = mean((y - a*x)^2); a = 1", data={"x": [1.0], "y": [3.0]})
    for table in ({"x": [1.0, 2.0], "y": [2.0, 5.0]}, Streamed(x=[1.0, 2.0], y=[2.0, 5.0])):
        # by hand: the mean of (2 - 2)^2 and (5 - 4)^2, and of their slopes -2*x*(y - a*x)
        found = model.grad(a=2, data=table)
        assert (found.value, found.gradients["a"]) == (0.5, -2.0)
        assert model.over(table).grad({"a": 2}).value == 0.5
        program = library.compile(model, data=table)
        assert program.inputs == ("a",)
        value, gradient_ = program([2.0])
        assert (value, gradient_.tolist()) == (0.5, [-2.0])
    assert model.grad().value == 4.0
    with pytest.raises(library.BackpropError, match="the input y has no value"):
        model.grad(data={"x": [1.0]})


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("dL/da = mean(-2*x*(y - m))", "the claim is right"),
        ("db = -2*sum(y - m)/count(y)", "the claim is right"),
        ("db = 2*mean(y - m)", "a sign error"),
        ("dL/dm[2] = -2*(y[2] - m[2])/3", "the claim is right"),
    ],
)
def test_claims_gather_rows(claim: str, verdict: str) -> None:
    text = "m = a*x + b; L = mean((y - m)^2); a = 2; b = 1"
    rows = b"x,y\n0,2\n1,4.5\n3,5\n"
    ran = backprop("check", "-e", text, "--data", "-", "--claim", claim, stdin=rows)
    assert verdict in ran.out


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("dL/dw[2] = mean(-2*p[2]/w[2]*(y - m))", "the claim is right"),
        ("dL/dw[2] = mean(-2*x^2*(y - sum(p[*])))", "the claim is right"),
        ("dL/dw[1] = mean(-2*p[1]/w[1]*(y - sum(p[j] for j in 1..2)))", "the claim is right"),
        ("dL/dw[2] = mean(-2*p[1]/w[2]*(y - m))", "the claim is wrong"),
        ("dL/dp[2,3] = -2*(y[3] - m[3])/3", "the claim is right"),
        ("dL/dw[2] = mean(-2*p[2,3]/w[2])", "no data"),
    ],
)
def test_claims_gather_rows_of_families(claim: str, verdict: str) -> None:
    rows = b"x,y\n1,2\n0.5,-1\n1.5,0.25\n"
    text = "w[j] = 0.1*j for j in 1..2; p[j] = w[j]*x^j for j in 1..2; m = sum(p[*]); L = mean((y - m)^2)"
    ran = backprop("check", "-e", text, "--data", "-", "--claim", claim, stdin=rows)
    assert verdict in ran.out + ran.err


def test_a_column_beside_an_output_is_none() -> None:
    text = "a = 2; L = mean(a*x) + a; q = x^2"
    for found in both(text, x=[1.0, 2.0, 6.0]):
        assert (found.output, found.value) == ("L", 8.0)
