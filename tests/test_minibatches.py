"""Minibatches: the updates are those of NumPy, each row is seen once an epoch, and runs can go on."""

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

import backprop as library
from backprop.descent.minibatch_rows import RowOrder
from backprop.descent.optimizers import FIRST_ORDER
from backprop.errors import BadOption
from running import backprop

TEXT = "z = a*x + b*u + c; L = mean(softplus(z) - y*z) + 0.01*a^2; a = 0.3; b = -0.2; c = 0"


def table(rows: int, seed: int = 3) -> dict[str, Any]:
    """Columns x, u and y of so many rows."""
    chance = numpy.random.default_rng(seed)
    x, u = chance.normal(size=(2, rows))
    y = (chance.random(rows) < 1 / (1 + numpy.exp(u - 2 * x))).astype(float)
    return {"x": x, "u": u, "y": y}


def gradient(p: Any, data: dict[str, Any], places: Any) -> Any:
    """Of the rows at some places, by hand."""
    x, u, y = (data[name][places] for name in "xuy")
    off = (1 / (1 + numpy.exp(-(p[0] * x + p[1] * u + p[2]))) - y) / len(places)
    return numpy.array([off @ x + 0.02 * p[0], off @ u, off.sum()])


def adam(data: dict[str, Any], order: RowOrder, epochs: int, lr: float) -> list[float]:
    """Where Adam gets to, by hand (Kingma, Ba 2015, algorithm 1)."""
    p, m, v, k = numpy.array([0.3, -0.2, 0.0]), numpy.zeros(3), numpy.zeros(3), 0
    for epoch in range(epochs):
        rows = order.of(epoch)
        for first in range(0, len(rows), order.size):
            g = gradient(p, data, rows[first : first + order.size])
            k += 1
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            p = p - lr * (m / (1 - 0.9**k)) / (numpy.sqrt(v / (1 - 0.999**k)) + 1e-8)
    found: list[float] = p.tolist()
    return found


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("rows", "batch"), [(40, 8), (41, 8), (5, 8), (7, 1), (33, 32)])
def test_updates_are_those_by_hand(rows: int, batch: int, shuffle: bool, engine: str) -> None:
    data = table(rows)
    model = library.parse(TEXT, data=data, seed=5)
    found = model.descend(
        batch=batch, epochs=3, shuffle=shuffle, optimizer="adam", lr=0.05, engine=engine
    )
    due = adam(data, RowOrder(rows, batch, shuffle, 5), 3, 0.05)
    assert [found.parameters[name] for name in "abc"] == pytest.approx(due, rel=1e-12)
    assert found.epochs is not None
    assert (found.epochs.epochs, found.epochs.updates) == (3, 3 * -(-rows // batch))
    whole = library.parse(TEXT, data=data).grad(found.parameters)
    assert found.value == pytest.approx(whole.value, rel=1e-14)


def test_each_row_is_seen_once_an_epoch_in_orders_of_their_own() -> None:
    order = RowOrder(1000, 64, True, 0)
    first, second = order.of(0), order.of(1)
    assert sorted(first) == sorted(second) == list(range(1000))
    assert (first != second).any()
    assert (first == RowOrder(1000, 64, True, 0).of(0)).all()
    assert (first != RowOrder(1000, 64, True, 1).of(0)).any()


@pytest.mark.parametrize("row", FIRST_ORDER, ids=lambda row: row.name)
def test_machine_code_and_python_are_one(row: Any) -> None:
    model = library.parse(TEXT, data=table(37))
    if row.whole:
        with pytest.raises(BadOption, match="takes no batches"):
            model.descend(batch=8, optimizer=row.name, lr=0.01)
        return
    given = {"batch": 8, "epochs": 4, "shuffle": True, "optimizer": row.name, "lr": 0.02}
    one, other = (model.descend(**given, engine=each) for each in ("python", "native"))
    assert one.parameters == pytest.approx(other.parameters, rel=1e-11)
    assert list(one.values) == pytest.approx(list(other.values), rel=1e-11)


@pytest.mark.parametrize(
    "text",
    [
        "s = (x - mean(x))/2; m = a*s + b; L = mean((y - m)^2)",
        "s = x^2; L = sum((y - a*s - b*x)^2)/count(x)",
        "L = max(abs(y - a*x)) + b^2*mean(u)",
        "h[i] = tanh(w[i]*x + b) for i in 1..3; L = mean((y - a*sum(h[*]))^2); w[1] = 1; w[2] = 2; w[3] = -1",
        "L = mean(if(x > 0, a*x, b*u)^2)",
        "m = exp(-1000*a*x^2)*b; L = mean((y - m)^2)",
        "k[i] = 0.1*i for i in 1..2; L = mean((y - k[site]*a - b)^2)",
    ],
)
def test_what_is_computed_of_columns_alone_is_of_the_batch(text: str) -> None:
    data = {**table(29), "site": numpy.array(([1, 2, 2] * 10)[:29])}
    model = library.parse(text + "; a = 0.5; b = 0.25", data=data)
    given = {"batch": 6, "epochs": 2, "shuffle": True, "optimizer": "momentum", "lr": 0.01}
    one, other = (model.descend(**given, engine=each) for each in ("python", "auto"))
    assert one.parameters == pytest.approx(other.parameters, rel=1e-11)


def test_a_run_that_goes_on_is_one_that_never_ended() -> None:
    model = library.parse(TEXT, data=table(50))
    given = {"batch": 8, "shuffle": True, "optimizer": "adam"}
    whole = model.descend(**given, epochs=6)
    half = model.descend(**given, epochs=2)
    rest = model.descend(**given, epochs=4, state=half.state)
    assert rest.parameters == whole.parameters
    assert rest.state == whole.state
    assert [*half.values[1:], *rest.values[1:]] == [*whole.values[1:]]


def test_bounds_clipping_and_climbing() -> None:
    text = "L = -mean((y - a*x - b)^2); a = 0.4 in 0..0.5; b = 0"
    model = library.parse(text, data=table(40))
    given = {"batch": 8, "lr": 0.3, "clip": 0.5, "maximize": True, "epochs": 3}
    one, other = (model.descend(**given, engine=each) for each in ("python", "native"))
    assert one.parameters == pytest.approx(other.parameters, rel=1e-12)
    assert 0 <= one.parameters["a"] <= 0.5
    assert one.value > one.start_value


def test_patience_keeps_the_best_epoch() -> None:
    model = library.parse(TEXT, data=table(20))
    other = table(200, seed=8)
    found = model.descend(batch=4, epochs=400, optimizer="adam", lr=0.1, validate=other, patience=5)
    assert found.epochs is not None
    validated = found.epochs.validated
    assert found.stopped == "patience"
    assert found.epochs.kept == validated.index(min(validated))
    assert found.epochs.epochs == found.epochs.kept + 5 == len(validated) - 1
    of_others = library.parse(TEXT, data=other).grad(found.parameters).value
    assert of_others == pytest.approx(min(validated), rel=1e-13)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in a folder of their own."""
    monkeypatch.chdir(tmp_path)


CSV = "x,y\n1,2\n2,4.5\n3,5.5\n4,8.5\n5,9.5\n"


def write(folder: Path) -> list[str]:
    """Files in a folder, and the line of a command there."""
    (folder / "rows.csv").write_text(CSV)
    (folder / "eqs.txt").write_text("L = mean((y - a*x)^2)\na = 1\n")
    return ["descend", "eqs.txt", "--data", "rows.csv", "--batch", "2"]


def test_the_command(tmp_path: Path) -> None:
    line = write(tmp_path)
    more = ["--epochs", "1", "--lr", "0.01", "--explain-step", "2", "--state", "s.json"]
    ran = backprop(*line, *more, "--save", "out.eq")
    assert ran.status == 0, ran.err
    assert "after 1 epoch of gd" in ran.out
    assert "∂L/∂x of rows.csv:4, rows.csv:5 (2 rows)" in ran.out
    assert "3 updates in each epoch, by 2 of 5 rows, the last by 1" in ran.out
    # by hand: g = mean(2x(ax - y)), rows (1, 2), (3, 4), 5
    a = 1.0
    for some in ([(1, 2), (2, 4.5)], [(3, 5.5), (4, 8.5)], [(5, 9.5)]):
        a -= 0.01 * sum(2 * x * (a * x - y) for x, y in some) / len(some)
    saved = (tmp_path / "out.eq").read_text()
    assert float(saved.splitlines()[1].removeprefix("a = ")) == pytest.approx(a, rel=1e-13)
    state = json.loads((tmp_path / "s.json").read_text())
    assert (state["steps"], [*state["inputs"]]) == (3, ["a"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--optimizer", "lbfgs"], "lbfgs compares outputs of one function"),
        (["--optimizer", "newton"], "newton compares outputs of one function"),
        (["--optimizer", "gd"], "gd by batches needs a step size"),
        (["--optimizer", "rprop"], "rprop takes no batches"),
        (["--steps", "5"], "--steps has no meaning with --batch"),
        (["--starts", "5"], "--starts has no meaning with --batch"),
        (["--until-grad", "0.1"], "--until-grad is of the output of all rows"),
        (["--target", "0.1"], "--target is of the output of all rows"),
        (["--patience", "3"], "--patience is of --validate"),
        (["--validate", "none.csv"], "there is no file none.csv"),
        (["--batch", "0"], "at least 1"),
        (["--epochs", "0"], "at least 1"),
    ],
)
def test_what_makes_no_sense_is_said(more: list[str], said: str, tmp_path: Path) -> None:
    ran = backprop(*write(tmp_path), *more)
    assert ran.status in (1, 2)
    assert said in ran.err
    assert not ran.out


def test_batches_need_data(tmp_path: Path) -> None:
    write(tmp_path)
    ran = backprop("descend", "-e", "L = a^2; a = 1", "--batch", "3")
    assert "--batch is of --data" in ran.err
    ran = backprop("descend", "eqs.txt", "--data", "rows.csv", "--shuffle")
    assert "--shuffle is of --batch" in ran.err


def test_what_a_run_did_not_come_to_is_said(tmp_path: Path) -> None:
    ran = backprop(*write(tmp_path), "--epochs", "2", "--explain-step", "7", "--lr", "10")
    assert "step 7 cannot be explained: the run ended after step 6" in ran.err
    assert "take a smaller --lr, or larger batches" in ran.err


def test_a_batch_without_a_value_names_its_row(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x\n1\n2\n3\n4\n")
    line = ["descend", "-e", "L = mean(log(a + x)); a = 1", "--data", "rows.csv"]
    ran = backprop(*line, "--batch", "2", "--lr", "100")
    assert ran.status == 1
    assert "row 1 is rows.csv:4" in ran.err
    assert "cannot go on at update 2" in ran.out
    assert "the last finite values are those of the start" in ran.out


@pytest.mark.parametrize("memory", [(), ("--memory", "1")])
def test_rows_name_members_in_batches(memory: tuple[str, ...], tmp_path: Path) -> None:
    """By hand: plain steps against mean((y - alpha[county] - if(site == "north", b, 0)*x)^2) + 0.01*k*b^2."""
    rows, batch, counties = 57, 10, 4
    chance = numpy.random.default_rng(8)
    x, y = chance.normal(size=(2, rows)).round(4)
    county, north = chance.integers(1, counties + 1, rows), chance.random(rows) < 0.4
    sites = numpy.where(north, "north", "south")
    lines = [f"{a},{b},{c},{d}\n" for a, b, c, d in zip(x, y, county, sites, strict=True)]
    file = tmp_path / "rows.csv"
    file.write_text("x,y,county,site\n" + "".join(lines))
    text = (
        f"alpha[i] = 0.5 for i in 1..{counties}; b = 0.3; k = count(x);"
        ' L = mean((y - alpha[county] - if(site == "north", b, 0)*x)^2) + 0.01*k*b^2'
    )
    alpha, b = numpy.full(counties, 0.5), 0.3
    for _ in range(3):
        for first in range(0, rows, batch):
            at = slice(first, min(first + batch, rows))
            off = y[at] - alpha[county[at] - 1] - numpy.where(north[at], b, 0) * x[at]
            slopes = numpy.bincount(county[at] - 1, off, counties) * -2 / len(off)
            slope = -2 * (off * north[at] * x[at]).mean() + 0.02 * len(off) * b
            alpha, b = alpha - 0.1 * slopes, b - 0.1 * slope
    more = "--optimizer", "gd", "--lr", "0.1", "--batch", str(batch), "--epochs", "3"
    ran = backprop(
        "descend", "-e", text, "--data", str(file), *more, *memory, "--format", "json", "--all"
    )
    found = json.loads(ran.out)["parameters"]
    due = {f"alpha[{at + 1}]": number for at, number in enumerate(alpha)} | {"b": b}
    assert {name: found[name] for name in due} == pytest.approx(due, rel=1e-12)


@pytest.mark.parametrize("memory", [(), ("--memory", "1")])
def test_rows_to_validate_with_have_the_columns_of_the_others(
    memory: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("x,y,s\n1,2,n\n2,3,q\n")
    (tmp_path / "others.csv").write_text("x,z\n1,2\n")
    text = 'const y = 1; a = 1; L = mean((y - a*x*if(s == "n", 1, 2))^2)'
    given = "descend", "-e", text, "--data", str(tmp_path / "rows.csv"), "--batch", "2", *memory
    ran = backprop(*given, "--validate", str(tmp_path / "others.csv"))
    assert (ran.status, ran.out) == (2, "")
    assert "others.csv has no column y\n" in ran.err
    assert backprop(*given, "--validate", str(tmp_path / "rows.csv")).status == 0
