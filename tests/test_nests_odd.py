"""Loops of odd shapes and at odd points, by machine code and by NumPy, against numbers by hand."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, isclose, log, nan, tanh
from typing import Any

import numpy
import pytest

from backprop.engine.native.machine import llvm
from backprop.evaluation.gradient import by_loops, evaluate
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.native import adding, module
from backprop.loops.ready import build
from backprop.loops.worth import read_model
from backprop.source import Source

Found = tuple[float, dict[str, float]] | None


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


@pytest.fixture(params=["python", "native", "native with few lanes"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function of a text and numbers: value and gradient of its output; None where they are left to
    others."""
    engine, _, few = request.param.partition(" ")
    if few:
        monkeypatch.setattr(module, "lanes", lambda wide: (2, {}))
    if engine == "native":
        llvm()  # raises where there is none: then nothing here would be tested

    def found(text: str, **values: float) -> Found:
        model = read_model(Source("<text>", text), many=0)
        assert isinstance(model, LoopModel)
        names = [name for name in model.inputs if name not in model.constants]
        try:
            made = build(model, model.output(None), names, {}, engine)
        except NotLoops:
            return None
        if engine == "python":
            assert made is made.careful
        x = numpy.array([values.get(name, model.default(name)) for name in names])
        result = made.run(x)
        if result is None:
            return None
        value, slopes = result
        return value, dict(zip(names, numpy.asarray(slopes).tolist(), strict=True))

    return found


Run = Callable[..., Any]


def test_sums_of_uneven_lengths_within_recurrences_of_rows(run: Run) -> None:
    rows = range(1, 32)
    text = (
        "x[i] = i for i in 1..31; y[i,5] = 0 for i in 1..31; "
        "y[i,j] = y[i,j+1]*3 + sum(x[k] for k in TERMS) for i in 1..31, j in 1..4; L = sum(y[i,1] for i in 1..31); output L"
    )
    of = {
        "1..i": lambda i: range(1, i + 1),
        "1..5 if k != i": lambda i: [k for k in range(1, 6) if k != i],
        "i..31": lambda i: range(i, 32),
    }
    for terms, which in of.items():
        value, slopes = run(text.replace("TERMS", terms))
        assert value == 40 * sum(sum(which(i)) for i in rows), terms
        for k in rows:
            assert slopes[f"x[{k}]"] == 40 * sum(k in which(i) for i in rows), (terms, k)


@pytest.mark.parametrize("read", ["h[i,mod(i,3)+1]", "h[i,mod(2*i,4)+1]"])
def test_reads_of_other_columns_in_each_row(read: str, run: Run) -> None:
    """Where rows share a loop, too, and only it needs the family."""
    text = (
        "const v[i,j] = (i - j)/3 for i in 1..41, j in 1..4; s = 0.25; const h[i,4] = i for i in 1..41; "
        f"h[i,j] = tanh(h[i,j+1])*v[i,j] + s for i in 1..41, j in 1..3; y[i] = {read}^2 for i in 1..41; "
        "L = mean(y[i] for i in 1..41); output L"
    )

    def by_hand(s: float) -> tuple[float, float]:
        total = slope = 0.0
        for i in range(1, 42):
            h, d = {4: float(i)}, {4: 0.0}
            for j in (3, 2, 1):
                t, v = tanh(h[j + 1]), (i - j) / 3
                h[j], d[j] = t * v + s, (1 - t * t) * d[j + 1] * v + 1
            at = i % 3 + 1 if "3" in read else 2 * i % 4 + 1
            total += h[at] ** 2
            slope += 2 * h[at] * d[at]
        return total / 41, slope / 41

    value, slopes = run(text)
    assert isclose(value, by_hand(0.25)[0], rel_tol=1e-14)
    assert isclose(slopes["s"], by_hand(0.25)[1], rel_tol=1e-13)


def test_members_that_are_numbers_though_their_statement_reads_names(run: Run) -> None:
    """An empty sum among others is an input of the value 0."""
    text = (
        "x[i] = i for i in 1..20; y[i] = sum(x[i]*j for j in 1..1 if j != i) for i in 1..20; "
        "L = sum(y[i]^2 for i in 1..20); output L"
    )
    value, slopes = run(text)
    assert value == sum(i * i for i in range(2, 21))
    assert slopes["y[1]"] == slopes["x[1]"] == 0
    assert all(slopes[f"x[{i}]"] == 2 * i for i in range(2, 21))


@pytest.mark.parametrize(
    "body",
    ["min(x[i]^2 for i in 1..9)", "max(-1*x[i]*x[i] for i in 1..9)", "tanh(min(x[i]^2 for i in 1..9))"],
)  # fmt: skip
def test_terms_that_overflow_are_not_hidden_by_others(body: str, run: Run) -> None:
    text = f"x[i] = i for i in 1..9; L = {body}; output L"
    assert run(text) is not None
    assert run(text, **{"x[4]": 1e300}) is None


@pytest.mark.parametrize(
    "text",
    [
        "s = 0.5; y[i] = sqrt((s - 0.5)^2) for i in 1..9; L = sum(y[i] for i in 1..9)",
        "s = 0.5; y[i] = sqrt((s - 0.5)^2) for i in 1..9; L = sum(y[i]^2 for i in 1..9)",
        "s = 0.5; y = sqrt((s - 0.5)^2); L = sum(y^2 for i in 1..9)",
        "x[i] = 0 for i in 1..9; s = sum(x[i] for i in 1..9); L = sum(sqrt(s^2) for i in 1..9)",
    ],
)
def test_zero_times_infinity_is_left_to_others(text: str, run: Run) -> None:
    """Also where a number stands alone, which is no literal 0."""
    assert run(text + "; output L") is None


def test_large_terms_of_a_logsumexp(run: Run) -> None:
    """exp(term - value) would have as many wrong digits as the value has left of the point."""
    text = "x[i] = 1e9 + mod(i, 5)/4 for i in 1..40; L = logsumexp(x[i] for i in 1..40); output L"
    _, slopes = run(text)
    parts = [exp((i % 5) / 4) for i in range(1, 41)]
    for i, part in enumerate(parts, 1):
        assert isclose(slopes[f"x[{i}]"], part / sum(parts), rel_tol=1e-14)


def test_outputs_without_inputs(run: Run) -> None:
    text = "const x[i] = i for i in 1..9; L = sum(x[i]^2 for i in 1..9); output L"
    assert run(text) == (285.0, {})


@pytest.mark.parametrize("odd", [inf, -inf, nan])
def test_inputs_that_are_not_finite(odd: float, run: Run) -> None:
    text = "x[i] = i for i in 1..9; L = max(x[i] for i in 1..9) + logsumexp(x[i] for i in 1..9); output L"
    assert run(text, **{"x[4]": odd}) is None


@pytest.mark.parametrize("times", ["backwards", "forwards"])
def test_powers_of_a_time(times: str, run: Run) -> None:
    """Times do not count from 0 up, as the counters of other loops do."""
    first, before, zero = (
        ("5", "j+1", "j in 0..4") if times == "backwards" else ("0", "j-1", "j in 1..5")
    )
    last = "0" if times == "backwards" else "5"
    text = (
        f"x[i] = 1 + i/50 for i in 1..33; q[j] = j/3 for j in 0..5; f[i,{first}] = 1 for i in 1..33; "
        f"f[i,j] = f[i,{before}]*q[j] + x[i]^j for i in 1..33, {zero}; L = sum(f[i,{last}] for i in 1..33); output L"
    )
    order = range(4, -1, -1) if times == "backwards" else range(1, 6)
    total, slopes_of_x = 0.0, {}
    for i in range(1, 34):
        x, value, slope = 1 + i / 50, 1.0, 0.0
        for j in order:
            value, slope = value * j / 3 + x**j, slope * j / 3 + j * x ** (j - 1)
        total += value
        slopes_of_x[i] = slope
    value, slopes = run(text)
    assert isclose(value, total, rel_tol=1e-14)
    for i in slopes_of_x:
        assert isclose(slopes[f"x[{i}]"], slopes_of_x[i], rel_tol=1e-13, abs_tol=1e-14)


def test_products_whose_zeros_hide_what_overflows(run: Run) -> None:
    text = "x[i] = i for i in 1..19; L = prod(x[i]*x[i] for i in 1..19); output L"
    assert run(text, **{"x[4]": 0.0})[0] == 0
    assert run(text, **{"x[4]": 0.0, "x[7]": 1e300}) is None
    assert run(text, **{"x[4]": 0.0, "x[7]": 1e150, "x[9]": 1e150}) is None


def test_a_norm_that_is_too_small_for_a_double_is_left_to_others(run: Run) -> None:
    """Rounded to a multiple of 5e-324 it would make slopes of 2/3 that are the root of 1/2."""
    text = "x[i] = 1e-323 for i in 1..2; L = norm(x[*]); output L"
    assert run(text) is None
    assert run(text, **{"x[1]": 3.0, "x[2]": 4.0}) == (5.0, {"x[1]": 0.6, "x[2]": 0.8})


@pytest.mark.parametrize(
    "number", ["lgamma(0)", "log(1 + floor(-0.5))", "1/(1 + floor(-0.5))", "exp(800)", "sqrt(-1)"]
)
def test_numbers_without_a_value_are_left_to_others(number: str, run: Run) -> None:
    """Also those of the text, and where a comparison hides them."""
    text = f"x[i] = i for i in 1..20; y[i] = if(x[i] <= {number}, x[i], 1) for i in 1..20; L = sum(y[i] for i in 1..20); output L"
    assert run(text) is None


def test_a_row_of_which_the_first_member_is_none() -> None:
    """z[1,*] has no member, and z[2,1] stands first of all."""
    text = "z[i,j] = i for i in 1..2, j in 1..1 if j != i; r[i,j] = logsumexp(z[i,*]) for i in 1..2, j in 1..i-1; L = r[2,1]"
    model = read_model(Source("<text>", text), many=0)
    assert evaluate(model, {}).gradient.gradients == {"z[2,1]": 1.0, "r[2,1]": 1.0, "L": 1.0}


def test_terms_too_small_for_a_double_have_no_say_beside_larger_ones() -> None:
    """exp(-720) and exp(-760) are off by 5e-324 at most, which is nothing beside exp(-681)."""
    text = "a[1] = 681; a[2] = 720; a[3] = 760; c = 1; L = sum(exp(-c*a[i]) for i in 1..3)"
    model = read_model(Source("<text>", text), many=0)
    found = by_loops(model, {}, None)
    assert found
    assert isclose(found.value, exp(-681), rel_tol=1e-15)
    assert isclose(found.gradients["c"], -681 * exp(-681), rel_tol=1e-15)
    many = text.replace("L = ", "L = 1e300*")  # of which the derivatives by a[2] and a[3] show it
    assert by_loops(read_model(Source("<text>", many), many=0), {}, None) is None
    slopes = evaluate(read_carefully(Source("<text>", many)), {}).gradient.gradients
    assert isclose(slopes["a[2]"], -exp(-720 + 300 * log(10)), rel_tol=1e-12)


@pytest.mark.parametrize("rows", [128, 140, 147])
def test_very_many_members_that_all_rows_share(
    rows: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four vectors of rows run at once, the last of which are no rows, and each row counts once."""
    seen: list[int] = []
    decide = module._at_once

    def at_once(*given: Any) -> int:
        seen.append(decide(*given))
        return seen[-1]

    monkeypatch.setattr(module, "FAR", 70 * 3 - 1)
    monkeypatch.setattr(adding, "FAR", 70 * 3 - 1)
    monkeypatch.setattr(module, "_at_once", at_once)
    text = (
        f"u[p,i] = sum(a[i,j]*x[p,j] for j in 1..3) for p in 1..{rows}, i in 1..70; "
        f"x[p,j] = cos(p + 2*j) for p in 1..{rows}, j in 1..3; "
        f"L = sum(u[p,i]^2 for p in 1..{rows}, i in 1..70); output L"
    )
    a = numpy.sin(numpy.outer(range(1, 71), range(1, 4)))
    x = numpy.cos(numpy.add.outer(numpy.arange(1, rows + 1), 2 * numpy.arange(1, 4)))
    inputs = {f"a[{i + 1},{j + 1}]": float(a[i, j]) for i in range(70) for j in range(3)}
    found = run(text, **inputs)
    assert found
    assert set(seen) <= {4}  # none by NumPy
    value, slopes = found
    u = x @ a.T
    assert isclose(value, float((u**2).sum()), rel_tol=1e-13)
    right = 2 * u.T @ x
    for name, at in zip(inputs, numpy.ndindex(70, 3), strict=True):
        assert isclose(slopes[name], right[at], rel_tol=1e-12, abs_tol=1e-12 * abs(right).max())


@pytest.mark.parametrize("engine", ["python", "native"])
def test_what_stays_reads_inputs_of_a_family_that_moves(engine: str) -> None:
    text = "z[i] = i*y[0] for i in 1..20; y[0] = 0.3; a = 0.5; y[t+1] = a*y[t] for t in 0..20; L = sum(y[*])*sum(z[*])"
    model = read_model(Source("<text>", text), many=0)
    assert isinstance(model, LoopModel)
    found = build(model, "L", ["a"], {}, engine).run(numpy.array([0.25]))
    assert found
    assert isclose(found[0], 63 * 0.3 * sum(0.25**t for t in range(22)), rel_tol=1e-14)
    slope = 63 * 0.3 * sum(t * 0.25 ** (t - 1) for t in range(1, 22))
    assert isclose(found[1][0], slope, rel_tol=1e-14)


@pytest.mark.parametrize("first", [-2, 0, 1, 2, 3, 7])
def test_powers_count_from_any_exponent(first: int, run: Callable[..., Found]) -> None:
    """Of negative numbers, too, and of 0, whose power of 0 is 1."""
    t = [i / 8 - 2 + (first < 0) / 16 for i in range(33)]
    text = (
        f"t[i] = i/8 - 2 + {(first < 0) / 16} for i in 0..32; "
        f"L = sum(sum(x[j]*t[i]^j for j in {first}..{first + 9})^2 for i in 0..32); output L"
    )
    inputs = {f"x[{j}]": 1 / (3 + j) for j in range(first, first + 10)}
    found = run(text, **inputs)
    assert found
    value, slopes = found
    sums = [sum(x * each**j for j, x in enumerate(inputs.values(), first)) for each in t]
    assert isclose(value, sum(each**2 for each in sums), rel_tol=1e-13)
    for j, name in enumerate(inputs, first):
        terms = [2 * each * at**j for each, at in zip(sums, t, strict=True)]
        size = sum(map(abs, terms))
        assert isclose(slopes[name], sum(terms), rel_tol=0, abs_tol=1e-14 * size)
