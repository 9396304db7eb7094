"""`backprop jacobian`: a row is what `grad` says of its output, in both modes, and what mpmath says."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path

import numpy
import pytest

import backprop as library
from backprop.engine import tape
from backprop.errors import BackpropError, BadOption, NoMachineCode
from backprop.evaluation import several
from backprop.evaluation.directions import along
from backprop.evaluation.several import Jacobian, jacobian
from backprop.options import ENGINES
from backprop.report.gradient_report import gradient_report
from indexed_models import random_indexed
from odd_models import random_model
from odd_points import NO_VALUE, POINTS, Point
from running import Ran, backprop
from test_odd_points import _numbers

MODES = ["forward", "reverse"]


def by_gradients(
    model: library.Model, values: dict[str, float], of: list[str], wrt: list[str]
) -> tuple[list[float], list[list[float]], set[str], set[str]]:
    """What `grad --of y --wrt …` says of every output: values, rows, warnings, notes."""
    results = [model.grad(values, of=each) for each in of]
    report = gradient_report(model, results, wrt, False, ())
    rows = [[each.gradients[name] for name in wrt] for each in report.results]
    warnings, notes = ({str(each) for each in found} for found in (report.warnings, report.notes))
    return [each.value for each in results], rows, warnings, notes


def assert_as_grad(model: library.Model, values: dict[str, float], of: list[str]) -> None:
    """Both modes say what `grad` says: the numbers up to rounding, warnings and notes to the letter. What
    leads to no output has warnings of its own there."""
    wrt = [*model.names]
    try:
        numbers, rows, warnings, notes = by_gradients(model, values, of, wrt)
    except BackpropError as error:
        for mode in MODES:
            with pytest.raises(type(error)):
                jacobian(model, values, of, wrt, mode)
        return
    for mode in MODES:
        found = jacobian(model, values, of, wrt, mode)
        assert [*found.values] == numbers
        exact = mode == "reverse"
        assert found.jacobian == pytest.approx(
            numpy.array(rows), rel=0 if exact else 1e-9, abs=0 if exact else 1e-300, nan_ok=True
        ), mode
        said = {str(each) for each in found.warnings}
        assert said <= warnings
        assert not [each for each in warnings - said if "slope" in each or "0·∞" in each]
        assert {str(each) for each in found.notes} == notes


@pytest.mark.parametrize("point", [each for each in POINTS if each.kind != NO_VALUE], ids=str)
@pytest.mark.one_in(2)
def test_at_odd_points_a_row_is_the_gradient(point: Point) -> None:
    model = library.parse(point.text)
    equations = [name for name in model.names if model.is_equation(name)]
    assert_as_grad(model, dict(_numbers(model, point.at)), equations)


def test_of_random_odd_models_a_row_is_the_gradient(request: pytest.FixtureRequest) -> None:
    models = 2000 if request.config.getoption("--whole") else 40
    for seed in [*range(models), *range(10**6, 10**6 + models)]:
        made = random_model(seed)
        model = library.parse(made.text)
        assert_as_grad(model, dict(made.values), [name for name, _ in made.equations])


def test_of_random_indexed_models_a_row_is_the_gradient(request: pytest.FixtureRequest) -> None:
    compared, models = 0, 200 if request.config.getoption("--whole") else 5
    for number in range(models):
        text, values = random_indexed(number)
        model = library.parse(text)
        outputs = [name for name in model.names if model.is_equation(name)][-6:]
        if len(model.names) < 2000:
            compared += 1
            assert_as_grad(model, values, outputs)
    assert compared > models * 5 / 12


TEXT = (
    "r[1] = 10*(y - x^2); r[2] = 1 - x; r[3] = x*y*k; L = sum(r[*]); x = -1.2; y = 1; const k = 3"
)
RIGHT = [[24.0, 10.0], [-1.0, 0.0], [3.0, -3.6]]


def said(*options: str) -> Ran:
    return backprop("jacobian", "-e", TEXT, *options)


def test_the_json_is_a_promise() -> None:
    ran = said("--of", "r", "--wrt", "x, y", "--format", "json", "--mode", "reverse")
    found = json.loads(ran.out)
    assert found == {
        "schema": 1,
        "outputs": ["r[1]", "r[2]", "r[3]"],
        "inputs": ["x", "y"],
        "values": [pytest.approx(-4.4), pytest.approx(2.2), pytest.approx(-3.6)],
        "jacobian": [pytest.approx(row) for row in RIGHT],
        "mode": "reverse",
        "data": found["data"],
        "constants": ["k"],
    }
    assert ran.err == "reverse mode: 3 sweeps back from 3 outputs, by 2 inputs\n"


@pytest.mark.parametrize(
    "words",
    [
        ("jacobian",),
        ("jacobian", "--sparse"),
        ("jacobian", "--along", "x[*]=1"),
        ("hessian", "--times", "x=1"),
        ("hessian", "--diagonal"),
        ("hessian", "--sparse"),
    ],
)
def test_the_json_of_every_form_is_read_back_as_values(
    words: Sequence[str], tmp_path: Path
) -> None:
    text = "n = 2; x[i] = i for i in 1..n; const c = 3; y = c*b*x[1]^2*x[2]"
    set_ = ("--set", "x[1]=5, b=0.1, c=7")
    ran = backprop(words[0], "-e", text, *words[1:], *set_, "--format", "json")
    file = tmp_path / "point.json"
    file.write_text(ran.out)
    again = backprop("grad", "-e", text, "--values", str(file), "--format", "json")
    assert json.loads(again.out) == json.loads(
        backprop("grad", "-e", text, *set_, "--format", "json").out
    )


def test_the_formats() -> None:
    rows = [*csv.reader(io.StringIO(said("--of", "r[1]", "--format", "csv").out))]
    assert rows[0] == ["output", "value", "x", "y"]
    assert [rows[1][0], *map(float, rows[1][1:])] == ["r[1]", pytest.approx(-4.4), 24, 10]
    assert r"& $\partial\,\cdot/\partial y$ \\" in said("--format", "latex").out
    assert r"| name | value | ∂/∂x | ∂/∂y |" in said("--format", "markdown").out


def test_outputs_and_inputs_by_themselves() -> None:
    found = library.parse(TEXT).jacobian()
    assert (found.outputs, found.inputs) == (("L",), ("x", "y"))  # constants have no column
    assert library.parse(TEXT).jacobian(wrt="k").jacobian == pytest.approx(-1.2)
    two = library.parse(TEXT + "; M = x^2").jacobian()
    assert two.outputs == ("L", "M")
    goal = library.parse(TEXT + "; M = x^2; minimize M").jacobian()
    assert (goal.outputs, goal.inputs) == (("M",), ("x",))
    assert library.parse("a = 1; b = 2").jacobian().jacobian.tolist() == [[1, 0], [0, 1]]


def test_the_mode_with_fewer_sweeps_is_taken() -> None:
    assert "forward mode: 2 sweeps from 2 inputs on, to 3 outputs" in said("--of", "r").err
    assert "reverse mode: 1 sweep back from 1 output, by 2 inputs" in said("--of", "L").err
    assert "reverse mode: 2 sweeps" in said("--of", "r[1], r[2]").err
    for mode in MODES:
        found = library.parse(TEXT).jacobian(of="r", wrt="x, y", mode=mode)
        assert (found.mode, found.jacobian) == (mode, pytest.approx(numpy.array(RIGHT)))


def test_rows_of_some_outputs() -> None:
    out = said("--of", "r", "--only", "r[2]").out
    assert "r[2]" in out
    assert "r[1]" not in out


def test_intermediate_names_are_derived_by_as_grad_has_it() -> None:
    model = library.parse("u = x^2; v = u*x; w = v + u")
    for mode in MODES:
        found = model.jacobian({"x": 3}, of="v, w", wrt="x, u, v", mode=mode)
        assert found.jacobian.tolist() == [[27, 3, 1], [33, 4, 1]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--of", "q"], "there is no 'q' in these equations"),
        (["--wrt", "q"], "there is no 'q' in these equations"),
        (["--of", "L", "--only", "r"], "there is no 'r' in the outputs asked for"),
        (["--mode", "backward"], "there is no mode 'backward'"),
    ],
)
def test_what_cannot_be_asked(options: list[str], message: str) -> None:
    ran = said(*options)
    assert (ran.status != 0, ran.out) == (True, "")
    assert message in ran.err


LARGE = "y[i] = x[i]^2 + x[1] for i in 1..70; x[i] = i for i in 1..70"


def test_a_matrix_too_large_to_print() -> None:
    ran = backprop("jacobian", "-e", LARGE)
    assert (ran.status, ran.out) == (1, "")
    assert "the Jacobian has 70 rows and 70 columns, more than a table can show" in ran.err
    assert "--format json" in ran.err
    assert len(backprop("jacobian", "-e", LARGE, "--all").out.splitlines()) == 74
    assert (
        len(json.loads(backprop("jacobian", "-e", LARGE, "--format", "json").out)["values"]) == 70
    )
    assert backprop("jacobian", "-e", LARGE, "--of", "y[1..9]", "--wrt", "x[1..9]").status == 0
    found = library.parse(LARGE).jacobian()
    assert "the first of 70 rows and 70 columns of .jacobian" in str(found)
    assert found.jacobian.shape == (70, 70)


def test_values_that_are_missing_or_not_finite() -> None:
    assert "y has no value" in backprop("jacobian", "-e", "u = x; v = y; x = 1").err
    ran = backprop("jacobian", "-e", "u = x; v = log(x); x = -1")
    assert (ran.status, ran.out) == (1, "")
    assert "error:" in ran.err
    assert backprop("jacobian", "-e", "u = x; v = log(x); x = -1", "--of", "u").status == 0


def test_infinite_slopes_come_with_their_warning() -> None:
    ran = backprop("jacobian", "-e", "u = sqrt(x); v = x^2; x = 0", "--format", "json")
    assert json.loads(ran.out)["jacobian"] == [["inf"], [0.0]]
    assert "warning" in ran.err


def test_a_report_is_a_jacobian() -> None:
    found = library.parse(TEXT).jacobian(of="r")
    assert isinstance(found, Jacobian)
    assert repr(found) == "Jacobian(3 outputs by 2 inputs, forward mode)"
    assert not isnan(found.jacobian.sum())


SPARSE = {
    "banded": "y[i] = x[i-1]*sin(x[i]) + x[i+1]^2 for i in 2..39; x[i] = i/10 for i in 1..40",
    "arrow": "y[i] = x[1]*x[i] + x[i] for i in 2..40; y[1] = sum(x[i]^3 for i in 1..40); x[i] = i/10 for i in 1..40",
    "with corners": "y[i] = abs(x[i] - 1) + sqrt(x[i+1]^2)*x[i] for i in 1..39; x[i] = (i - 20)/10 for i in 1..40",
    "in blocks": "y[i,j] = tanh(x[i,1] + 2*x[i,2]*j) for i in 1..20, j in 1..2; x[i,j] = i/20 - j for i in 1..20, j in 1..2",
    "full": "y[i] = sin(i*s) for i in 1..20; s = sum(x[j]*j for j in 1..20); x[j] = 1/j for j in 1..20",
}  # fmt: skip


@pytest.mark.parametrize("text", SPARSE.values(), ids=SPARSE)
def test_sparse_ones_are_found_by_few_sweeps_and_are_what_grad_says(text: str) -> None:
    model = library.parse(text)
    rows = [model.grad(of=name).gradients for name in model.outputs]
    for mode in MODES:
        found = model.jacobian_sparse(of=list(model.outputs), mode=mode)
        table = numpy.zeros((len(found.outputs), len(found.inputs)))
        table[found.rows, found.columns] = found.derivatives
        right = [[row.get(name, 0.0) for name in found.inputs] for row in rows]
        assert table == pytest.approx(numpy.array(right), rel=1e-12, abs=1e-300)
        assert model.jacobian(of=list(model.outputs), mode=mode).jacobian.tolist() == table.tolist()
        if mode == "forward" and "sum" not in text:
            assert found.sweeps <= 3
    assert model.jacobian_sparse(of=list(model.outputs)).sweeps <= 20


def test_entries_by_names_with_equations_are_those_that_can_be_other_than_0() -> None:
    """A step has what leads to it before it, in the same sweep or not."""
    text = """
        h[i] = tanh(x[i]*x[i+1]) for i in 1..30
        y[i] = h[i]^2 + x[i]*h[i] for i in 1..30
        x[i] = i/20 - 0.7 for i in 1..31"""
    model = library.parse(text)
    wrt = [*(f"h[{at}]" for at in range(1, 31)), *(f"x[{at}]" for at in range(1, 32))]
    for mode in MODES:
        found = model.jacobian_sparse(of="y", wrt=wrt, mode=mode)
        assert len(found.derivatives) == 3 * 30
        table = numpy.zeros((30, len(wrt)))
        table[found.rows, found.columns] = found.derivatives
        for at, row in enumerate(table, 1):
            right = model.grad(of=f"y[{at}]").gradients
            expected = numpy.array([right.get(name, 0.0) for name in wrt])
            assert row == pytest.approx(expected, rel=1e-12, abs=1e-300)
        if mode == "forward":
            assert found.sweeps <= 4


IN_DOUBT = (
    "exp(-x[i]*1600)*z", "abs(x[i]-0.5) + z", "(x[i]+1e16-1e16)*z", "sqrt(x[i]-0.5)*z", "max(x[i], 0.5)*z",
    "if(x[i] > 0.5, x[i]^2, z*x[i])", "(x[i]*1e-200*1e-200)*1e300*z", "floor(x[i]*2)*z + x[i]",
    "min(abs(x[i]-0.5), max(z, 1))", "abs(abs(x[i]-0.5) - w[i])", "w[i]^x[i]*z", "relu(x[i]-0.5)*abs(z-1)",
)  # fmt: skip


@pytest.mark.parametrize("text", IN_DOUBT)
def test_outputs_in_doubt_beside_one_another_are_what_grad_says(text: str) -> None:
    """The numbers, and all that there is to say of them."""
    given = "x[i] = 0.5 for i in 1..3; w[i] = 0 for i in 1..3; z = 1"
    others = "; ".join(f"t{at} = {each.replace('[i]', '[1]')}" for at, each in enumerate(IN_DOUBT))
    model = library.parse(f"y[i] = {text} for i in 1..3; {given}; {others}")
    names = ["y[1]", "t0", "y[3]", "t1", "t5", "y[2]"]
    found = model.jacobian(of=names)
    grads = [model.grad(of=name) for name in names]
    right = [[each.gradients.get(name, 0.0) for name in found.inputs] for each in grads]
    assert found.jacobian == pytest.approx(numpy.array(right), rel=1e-12, abs=0, nan_ok=True)
    for said in ("warnings", "notes"):
        expected = {str(each) for grad in grads for each in getattr(grad, said)}
        assert {str(each) for each in getattr(found, said)} == expected


def test_outputs_in_doubt_take_linear_time() -> None:
    """Eight times as many outputs take about eight times as long; thirty are allowed."""

    def taken(count: int) -> float:
        text = f"y[i] = abs(x[i] - 0.5) + z for i in 1..{count}; x[i] = 0.5 for i in 1..{count}"
        model = library.parse(f"{text}; z = 1")
        start = time.process_time()
        found = model.jacobian_sparse(of="y")
        assert (found.derivatives[0], len(found.notes)) == (0.0, count)
        return time.process_time() - start

    taken(10)
    small = min(taken(100) for _ in range(2))
    assert taken(800) < 30 * small


def test_large_banded_jacobians_take_linear_time_and_room() -> None:
    """Ten times as many rows take about ten times as long; twenty are allowed."""

    def taken(count: int) -> float:
        text = f"y[i] = x[i]^2*x[i+1] for i in 1..{count}; x[i] = i/1000 for i in 1..{count + 1}"
        model = library.parse(text)
        start = time.process_time()
        found = model.jacobian_sparse(of="y")
        assert (found.sweeps, len(found.derivatives)) == (2, 2 * count)
        return time.process_time() - start

    small = min(taken(400) for _ in range(3))
    assert taken(4000) < 20 * small


def test_entries_in_every_format() -> None:
    text = "y[i] = x[i]^2 for i in 1..3; x[i] = i for i in 1..3"
    ran = backprop("jacobian", "-e", text, "--sparse", "--format", "json")
    found = json.loads(ran.out)
    assert found["entries"]["value"][0] == 2
    assert "jacobian" not in found
    model = library.parse(SPARSE["banded"])
    rows = [
        *csv.reader(
            io.StringIO(
                backprop("jacobian", "-e", SPARSE["banded"], "--sparse", "--format", "csv").out
            )
        )
    ]
    entries = model.jacobian_sparse()
    assert rows[0] == ["output", "by", "derivative"]
    assert len(rows) == len(entries.derivatives) + 1 == 3 * 38 + 1
    assert "2,000" not in str(entries)
    large = "y[i] = x[i]^2 for i in 1..2100; x[i] = i for i in 1..2100"
    ran = backprop("jacobian", "-e", large, "--sparse")
    assert (ran.status, ran.out) == (1, "")
    assert "2,100 derivatives are more than a table can show" in ran.err
    assert "the first of 2,100" in str(library.parse(large).jacobian_sparse())
    huge = backprop("jacobian", "-e", large.replace("2100", "7000"), "--format", "json")
    assert "--sparse" in huge.err


def test_many_sweeps_back_over_a_large_graph_are_a_tape_s(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
        h[i] = tanh(sum(w[i,j]*x[j] for j in 1..20)) for i in 1..20
        y[k] = sum(v[k,i]*h[i]^2 for i in 1..20) + sqrt(z)*(k - 3) for k in 1..6
        w[i,j] ~ uniform(-1, 1) for i in 1..20, j in 1..20
        v[k,i] ~ uniform(-1, 1) for k in 1..6, i in 1..20
        x[j] = j/20 for j in 1..20"""
    model = library.parse(text)
    wrt = ["x[3]", "h[2]", "w[1,2]", "y[1]", "z"]
    for z in (0.25, 0.0):
        plain = model.jacobian({"z": z}, of="y", wrt=wrt, mode="reverse")
        with monkeypatch.context() as patch:
            patch.setattr(several, "_SMALL", 0)
            patch.setattr(several, "tape_pays", lambda *_: True)
            patch.setattr(several, "_back", None)
            made = model.jacobian({"z": z}, of="y", wrt=wrt, mode="reverse") if z else plain
        assert made.jacobian == pytest.approx(plain.jacobian, rel=1e-13, abs=1e-15)
    assert plain.jacobian[0, 4] == -numpy.inf


def test_few_outputs_of_loops_are_computed_by_arrays() -> None:
    text = "L = sum(log(1 + exp(-w*x[i]*y[i])) for i in 1..60000) + w^2; M = w*sum(x[i]^2*y[i] for i in 1..60000); x[i] = i/60000 for i in 1..60000; y[i] = 1 - 2*x[i] for i in 1..60000; w = 2"
    model = library.parse(text)
    assert model.loops
    found = model.jacobian(of="L, M", wrt="w, x[7]")
    assert model.loops  # and was not unrolled
    right = [model.grad(of=name).gradients for name in ("L", "M")]
    assert found.jacobian.tolist() == [[each["w"], each["x[7]"]] for each in right]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_finds_the_same(
    engine: str, mode: str, request: pytest.FixtureRequest
) -> None:
    for seed in range(40 if request.config.getoption("--whole") else 15):
        made = random_model(seed)
        model, values = library.parse(made.text), dict(made.values)
        of, wrt = [name for name, _ in made.equations], [*made.values]
        try:
            plain = jacobian(model, values, of, wrt, mode)
        except BackpropError as error:
            with pytest.raises(type(error)):
                jacobian(model, values, of, wrt, mode, engine)
            continue
        found = jacobian(model, values, of, wrt, mode, engine)
        assert found.jacobian == pytest.approx(plain.jacobian, rel=1e-12, abs=1e-300, nan_ok=True)
        assert [*map(str, found.warnings)] == [*map(str, plain.warnings)]
        if not wrt:
            continue
        way = dict.fromkeys(wrt, 0.5)
        one, other = (along(model, values, of, way, 2, each) for each in (engine, "auto"))
        assert one.derivatives == pytest.approx(
            other.derivatives, rel=1e-9, abs=1e-300, nan_ok=True
        )


def test_machine_code_is_used_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> object:
        raise NoMachineCode("machine code cannot be made here: no library")

    model = library.parse("y = sin(p)*q^3; z = p*q; p = 0.3; q = 2")
    monkeypatch.setattr(tape, "library", none)
    asked: list[Callable[[str], object]] = [
        lambda engine: model.jacobian(of="y, z", mode="forward", engine=engine),
        lambda engine: model.jacobian(of="y, z", mode="reverse", engine=engine),
        lambda engine: model.along({"p": 1}, of="y, z", engine=engine),
        lambda engine: model.hessian(of="y", engine=engine),
    ]
    for ask in asked:
        ask("auto")
        with pytest.raises(NoMachineCode):
            ask("native")


def test_no_engine_is_taken_for_another_where_loops_compute() -> None:
    model = library.parse("L = sum(x[i]^2 for i in 1..60000); x[i] = i for i in 1..60000; M = L")
    assert model.loops
    asked: list[Callable[[], object]] = [
        lambda: model.grad(engine="fast"),
        lambda: model.jacobian(wrt="x[1]", engine="fast"),
        lambda: model.hessian(wrt=["x[1]"], engine="fast"),
        lambda: library.compile(model, engine="fast"),  # type: ignore[arg-type]
        lambda: model.descend(engine="fast", steps=1),
    ]
    for ask in asked:
        with pytest.raises(BadOption, match="there is no engine 'fast'"):
            ask()


def test_the_mode_stands_below_the_table() -> None:
    command = [
        sys.executable,
        "-m",
        "backprop",
        "jacobian",
        "-e",
        "y = a*b; z = a",
        "--set",
        "a=1, b=2",
    ]
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    assert ran.stdout.startswith("derivatives of 2 outputs")
    assert ran.stdout.splitlines()[-1].startswith("reverse mode: 2 sweeps")


def test_a_table_along_a_direction_is_no_longer_than_a_page() -> None:
    text = "a = 2; y[i] = sin(a*i) for i in 1..5000"
    command = "jacobian", "-e", text, "--of", "y", "--along", "a=1"
    ran = backprop(*command)
    assert ran.status == 1
    assert "has 5,000 rows and 1 column, more than a table can show" in ran.err
    assert len(backprop(*command, "--all").out.splitlines()) == 5004
    assert len(backprop(*command, "--format", "csv").out.splitlines()) == 5001
    found = library.parse(text).along({"a": 1}, of="y[*]")
    assert "the first of 5,000 rows of .derivatives" in str(found)
    assert "the first of 1 row and 5,000 columns" in str(
        library.parse("y = sum(x[i] for i in 1..5000); x[i] = i for i in 1..5000").jacobian()
    )
