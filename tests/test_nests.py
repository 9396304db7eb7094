"""Loops as machine code, against the same text unrolled and against sums by hand."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator, Mapping
from math import exp, hypot, isclose, log, log1p, prod, sin, tanh
from typing import Any

import numpy
import pytest

import backprop
from backprop.engine.native.machine import llvm
from backprop.evaluation.gradient import evaluate
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.native import adding, module, nests, row_loops, sharing
from backprop.loops.ready import build
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from looped import apart

GROUPS = 10


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Slices of a single member are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)
    llvm()  # raises where there is none: then nothing here would be tested


def compiled(text: str, values: Mapping[str, float]) -> tuple[LoopModel, list[str], Any] | None:
    """The model, the inputs of its output, and an engine of machine code; None of what is no loops."""
    model = read_model(Source("<text>", text), many=0)
    if not isinstance(model, LoopModel):
        return None
    output = model.output(None)
    ((family, place),) = [model.place(output) or (None, 0)]
    assert family
    reached = model.plan.reached(family.name, place)
    names = []
    for name in model.inputs:
        at = model.place(name)
        if at and reached[at[0].name][at[1]] and name not in model.constants:
            names.append(name)
    try:
        return model, names, build(model, output, names, values, "native")
    except NotLoops:
        return None


def gradient(text: str) -> tuple[float, dict[str, float]]:
    """Value and gradient by machine code, where the file's numbers are."""
    found = compiled(text, {})
    assert found
    model, names, engine = found
    value, slopes = engine.run(numpy.array([model.default(name) for name in names]))
    return value, dict(zip(names, slopes.tolist(), strict=True))


@pytest.mark.parametrize("lanes", [2, 0])
@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("group", range(GROUPS))
def test_random_models_are_what_they_are_unrolled(
    group: int,
    few: bool,
    lanes: int,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """lanes: where they are few, more rows are run several at once, and share their loops. few: whether two
    terms are already many, as in large models."""
    if lanes:
        monkeypatch.setattr(module, "lanes", lambda wide: (lanes, {}))
    if few:
        monkeypatch.setattr(adding, "FEW", 1)
        monkeypatch.setattr(adding, "_SHORT", 0)
        monkeypatch.setattr(nests, "FEW", 1)
        monkeypatch.setattr(row_loops, "CHUNK", 2)
        monkeypatch.setattr(sharing, "LARGE", 1)
    models = 100 if request.config.getoption("--whole") else 5
    looped = 0
    for number in range(group * models, (group + 1) * models):
        text, values = random_indexed(number)
        made = compiled(text, values)
        if not made:
            continue
        model, names, engine = made
        x = numpy.array([values.get(name, model.default(name)) for name in names])
        found = engine.run(x)
        if found is None:
            continue
        looped += 1
        value, slopes = found
        whole = evaluate(read_carefully(Source("<text>", text)), values)
        right = whole.gradient
        sizes = max(map(abs, right.data.values()))
        assert isclose(value, right.value, rel_tol=1e-13, abs_tol=1e-14 * sizes), number
        by_name = dict(zip(names, slopes.tolist(), strict=True))
        assert apart(right._replace(gradients=by_name), whole) <= 4, number
    assert looped > models / 2  # some are no loops, or stand on borders


def numbers(name: str, of: list[float]) -> str:
    return "; ".join(f"{name}[{at}] = {each!r}" for at, each in enumerate(of, 1))


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 16, 19, 8 * 64 + 3])
def test_each_row_counts_once(size: int) -> None:
    """Where the last lanes are rows that were computed before, too."""
    value, slopes = gradient(
        f"n = {size}; x[i] = i for i in 1..n; a = 2; L = sum(a*x[i]^2 for i in 1..n)"
    )
    assert value == 2 * sum(i * i for i in range(1, size + 1))
    assert slopes["a"] == value / 2
    assert all(slopes[f"x[{i}]"] == 4 * i for i in range(1, size + 1))


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_products_with_zeros(zeros: int) -> None:
    of = [0.5 + 0.1 * i for i in range(11)]
    of[3 : 3 + zeros] = [0.0] * zeros
    text = f"{numbers('x', of)}; L = prod(x[i] for i in 1..11)"
    value, slopes = gradient(text)
    assert isclose(value, prod(of), rel_tol=1e-14)
    for at in range(11):
        others = prod(of[:at] + of[at + 1 :])
        assert isclose(slopes[f"x[{at + 1}]"], others, rel_tol=1e-14)


@pytest.mark.parametrize("name", ["min", "max"])
def test_of_ties_the_first_takes_the_gradient(name: str) -> None:
    of = [3.0, 1.0, 5.0, 2.0, 5.0, 1.0, 4.0, 5.0, 1.0, 3.0, 5.0, 1.0]
    value, slopes = gradient(f"{numbers('x', of)}; L = {name}(x[i] for i in 1..12)")
    best = {"min": min, "max": max}[name](of)
    assert value == best
    assert slopes == {f"x[{i + 1}]": float(i == of.index(best)) for i in range(12)}


@pytest.mark.parametrize("many", [1, 2, 3, 40])
def test_logsumexp_around_its_largest(many: int) -> None:
    of = [700.0 + (7 * i % 11) / 3 for i in range(many)]
    value, slopes = gradient(f"{numbers('x', of)}; L = logsumexp(x[i] for i in 1..{many})")
    total = sum(exp(each - 700) for each in of)
    assert isclose(value, 700 + log(total), rel_tol=1e-15)
    for at, each in enumerate(of, 1):
        assert isclose(slopes[f"x[{at}]"], exp(each - 700) / total, rel_tol=1e-13)


def test_norms() -> None:
    of = [(-1.0) ** i * (i + 0.25) for i in range(13)]
    value, slopes = gradient(f"{numbers('x', of)}; L = norm(x[*])")
    assert isclose(value, hypot(*of), rel_tol=1e-14)
    for at, each in enumerate(of, 1):
        assert isclose(slopes[f"x[{at}]"], each / hypot(*of), rel_tol=1e-14)


def test_groups_that_a_table_chooses() -> None:
    """The gradient is gathered back where lanes meet in one member."""
    text = (
        "county[i] = mod(i*i*i, 3) for i in 1..21; alpha[k] = k + 0.5 for k in 0..2; "
        "y[i] = i/10 for i in 1..21; L = sum((y[i] - alpha[county[i]])^2 for i in 1..21)"
    )
    value, slopes = gradient(text)
    groups = [i**3 % 3 for i in range(1, 22)]
    assert isclose(
        value, sum((i / 10 - groups[i - 1] - 0.5) ** 2 for i in range(1, 22)), rel_tol=1e-14
    )
    for k in range(3):
        slope = sum(-2 * (i / 10 - k - 0.5) for i in range(1, 22) if groups[i - 1] == k)
        assert isclose(slopes[f"alpha[{k}]"], slope, rel_tol=1e-14, abs_tol=1e-14)


def test_recurrences_of_rows_and_of_single_members() -> None:
    """A sum of powers by hand, forwards and backwards in time."""
    for rows in (1, 3, 20):
        text = (
            f"a = 0.5; x[0,i] = i for i in 1..{rows}; x[t+1,i] = a*x[t,i] + 1 for t in 0..9, i in 1..{rows}; "
            f"z[10] = 1; z[t] = a*z[t+1] for t in 0..9; L = z[0] + sum(x[10,i] for i in 1..{rows})"
        )
        value, slopes = gradient(text)
        a = 0.5
        each = [a**10 * i + sum(a**t for t in range(10)) for i in range(1, rows + 1)]
        assert isclose(value, a**10 + sum(each), rel_tol=1e-14)
        slope = 10 * a**9 * (1 + sum(range(1, rows + 1)))
        slope += rows * sum(t * a ** (t - 1) for t in range(10))
        assert isclose(slopes["a"], slope, rel_tol=1e-14)
        assert slopes["z[10]"] == slopes["x[0,1]"] == a**10


def test_triangles_and_steps() -> None:
    text = (
        "l[i,j] = i + j/10 for i in 2..12, j in 1..i-1; b[i] = i for i in 1..12; "
        "L = sum(l[i,j]*b[j] for i in 2..12, j in 1..i-1) + sum(b[i]^2 for i in 1..12..3)"
    )
    value, slopes = gradient(text)
    pairs = [(i, j) for i in range(2, 13) for j in range(1, i)]
    assert isclose(
        value, sum((i + j / 10) * j for i, j in pairs) + 1 + 16 + 49 + 100, rel_tol=1e-14
    )
    for k in range(1, 12):
        slope = sum(i + j / 10 for i, j in pairs if j == k) + (2 * k if k % 3 == 1 else 0)
        assert isclose(slopes[f"b[{k}]"], slope, rel_tol=1e-14)


def test_gradients_that_are_too_small_on_the_way() -> None:
    """1e-200 * 1e-200 * 1e150, from the end back: 1e-400 is no double."""
    text = (
        "x[i] = 1e150*i for i in 1..20; y[i] = 1e150*x[i] for i in 1..20; "
        "z[i] = 1e-200*y[i] for i in 1..20; L = sum(1e-200*z[i] for i in 1..20)"
    )
    value, slopes = gradient(text)
    assert isclose(value, 1e-100 * sum(range(1, 21)), rel_tol=1e-12)
    assert all(isclose(each, 1e-250, rel_tol=1e-12) for each in slopes.values())


def test_what_is_not_finite_is_left_to_others() -> None:
    found = compiled("x[i] = i for i in 1..20; L = sum(log(x[i]) for i in 1..20)", {})
    assert found
    _, names, engine = found
    assert engine.run(numpy.array([-1.0] + [2.0] * 19)) is None
    value, slopes = engine.run(numpy.full(20, 2.0))
    assert isclose(value, 20 * log(2), rel_tol=1e-15)
    assert slopes.tolist() == [0.5] * 20
    assert len(names) == 20


def test_programs_run_loops() -> None:
    """30,000 points of a line: a text of so many steps is loops; all engines find the same."""
    text = "const x[i] = i/30000 for i in 1..30000; a = 2; b = 3; L = mean((a*x[i] + b - sin(x[i]))^2 for i in 1..30000)"
    model = backprop.parse(text)
    assert model.loops
    at = numpy.arange(1, 30001) / 30000
    off = 2 * at + 3 - numpy.sin(at)
    for engine in ("python", "native"):
        program = backprop.compile(model, engine=engine, runs=1000)
        names = program.inputs
        for other in (copy.copy(program), pickle.loads(pickle.dumps(program))):
            assert repr(other) == repr(program)  # which says how it is computed
        value, all_slopes = program([model.default(name) for name in names])
        slopes = [all_slopes[names.index(name)] for name in ("a", "b")]
        assert isclose(value, (off**2).mean(), rel_tol=1e-13)
        assert isclose(slopes[0], (2 * off * at).mean(), rel_tol=1e-13)
        assert isclose(slopes[1], (2 * off).mean(), rel_tol=1e-13)


def test_rows_of_several_statements_share_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what only they need has room for the rows of one turn: its first and last members are given."""
    shown: list[Any] = []
    plain = module.shared

    def seen(*arguments: Any) -> Any:
        shown.extend(plain(*arguments))
        return plain(*arguments)

    monkeypatch.setattr(module, "shared", seen)
    text = (
        "const h[i,5] = i/7 for i in 1..40; h[i,j] = x[j] + t[i]*h[i,j+1] for i in 1..40, j in 0..4; t[i] = i/40 for i in 1..40; "
        "u[i] = h[i,0]^2 for i in 1..40; x[j] = j - 1.5 for j in 0..4; L = mean(u[i] - t[i]*h[i,2] for i in 1..40)"
    )
    value, slopes = gradient(text)
    together = [one for one in shown if len(one.units) > 1]
    assert [{*one.local} for one in together] == [{"h", "u"}]

    def by_hand(x: list[float]) -> float:
        total = 0.0
        for i in range(1, 41):
            t, h = i / 40, [0.0] * 5 + [i / 7]
            for j in range(4, -1, -1):
                h[j] = x[j] + t * h[j + 1]
            total += h[0] ** 2 - t * h[2]
        return total / 40

    x = [j - 1.5 for j in range(5)]
    assert isclose(value, by_hand(x), rel_tol=1e-13)
    for j in range(5):
        up, down = ([each + (k == j) * sign for k, each in enumerate(x)] for sign in (1, -1))
        slope = (by_hand(up) - by_hand(down)) / 2  # of a square, exactly
        assert isclose(slopes[f"x[{j}]"], slope, rel_tol=1e-12)


def test_powers_of_an_index_that_counts() -> None:
    """0.1^200 and its like are too small for a double, and have no say."""
    text = "t[i] = i/30 for i in 1..30; x[j] = 1 + j for j in 0..250; L = sum(sum(x[j]*t[i]^j for j in 0..250) for i in 1..30)"
    value, slopes = gradient(text)
    t = [i / 30 for i in range(1, 31)]
    assert isclose(value, sum((1 + j) * each**j for each in t for j in range(251)), rel_tol=1e-12)
    for j in range(251):
        assert isclose(slopes[f"x[{j}]"], sum(each**j for each in t), rel_tol=1e-13)


def test_gradients_that_no_scale_fits_are_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too small without the scale, and too large with it: at each call, whatever the one before did."""
    monkeypatch.setattr(module, "lanes", lambda wide: (2, {}))
    found = compiled(
        "x[i] = 0.5 for i in 1..3; q[k] = k/3 for k in -3..3; "
        "f[4-i] = if(x[i] <= x[1], x[mod(i,3)+1], log(x[i])) for i in 1..3; "
        "g[i] = f[i]*f[4-i] + q[-2]*q[-i+0] for i in 1..3; L = max(g[i] for i in 1..3)",
        {},
    )
    assert found
    model, names, engine = found
    odd = {"x[2]": 1e308, "x[3]": -1e200, "q[-3]": 1e300, "q[-2]": 1.0, "q[-1]": 1e308}
    x = numpy.array([odd.get(name, model.default(name)) for name in names])
    assert [engine.run(x) for _ in range(4)] == [None] * 4


def test_what_is_kept_is_that_of_each_phase() -> None:
    """At time 0 only p has a member, at time 1 c and p have one."""
    value, slopes = gradient(
        "c[0] = 0.3; p[t] = exp(c[t]) for t in 0..1; "
        "c[t+1] = c[t] - 0.1*tanh(c[t] - p[t]) for t in 0..0; L = c[1] + p[1]"
    )
    inner = tanh(0.3 - exp(0.3))
    last = 0.3 - 0.1 * inner
    assert isclose(value, last + exp(last), rel_tol=1e-14)
    slope = (1 + exp(last)) * (1 - 0.1 * (1 - inner**2) * (1 - exp(0.3)))
    assert isclose(slopes["c[0]"], slope, rel_tol=1e-13)


@pytest.mark.parametrize("rows", [1, 3, 20])
def test_what_is_too_small_is_exact_where_it_is_seen(rows: int) -> None:
    """Halves of halves: 2^-1060 has lost nothing, and is no 0. What comes behind in a sum is not seen."""
    start = f"x[0,i] = 1 for i in 1..{rows}; x[t+1,i] = a*x[t,i] for t in 0..1059, i in 1..{rows}; a = 0.5; "
    found = compiled(start + f"L = sum(x[1060,i] for i in 1..{rows})", {})
    assert found
    _, names, engine = found
    x = numpy.array([0.5 if name == "a" else 1.0 for name in names])
    for _ in range(3):  # the first time it is found out
        value, slopes = engine.run(x)
        assert value == rows * 2.0**-1060
        by_name = dict(zip(names, slopes.tolist(), strict=True))
        assert by_name["x[0,1]"] == 2.0**-1060
        assert isclose(by_name["a"], rows * 1060 * 2.0**-1059, rel_tol=1e-12)
    value, by_name = gradient(start + f"L = sum(x[t,i] for t in 0..1060, i in 1..{rows})")
    assert isclose(value, 2.0 * rows, rel_tol=1e-14)
    assert isclose(by_name["x[0,1]"], 2.0, rel_tol=1e-14)
    assert isclose(by_name["a"], 4.0 * rows, rel_tol=1e-14)
    assert float.fromhex("0x1p-1060") / 2 > 0.0  # here nothing is taken for 0 afterwards


@pytest.mark.parametrize("rows", [3, 5, 9, 14, 16, 27])
def test_few_rows_are_run_at_once(rows: int) -> None:
    """Lanes that are no row count for nothing, in sums, extremes, products and recurrences over them."""
    n = f"for i in 1..{rows}"
    value, slopes = gradient(
        f"x[i] = i/10 {n}; w[i] = 1 + i/50 {n}; h[0,i] = 0.1*i {n}; h[t+1,i] = tanh(w[i]*h[t,i] + x[{rows + 1}-i]) for t in 0..4, i in 1..{rows}; "
        f"L = sum(h[5,i]^2 {n}) + max(h[4,i] {n}) + logsumexp(h[3,i] {n}) + prod(h[2,i] {n}) + mean(x[i]*h[1,i] {n})"
    )

    def by_hand(x: list[float], w: list[float], h: list[float]) -> float:
        all_h = [h]
        for _ in range(5):
            all_h.append([tanh(w[i] * all_h[-1][i] + x[rows - 1 - i]) for i in range(rows)])
        sums = sum(each**2 for each in all_h[5]) + max(all_h[4]) + prod(all_h[2])
        sums += log(sum(exp(each) for each in all_h[3]))
        return sums + sum(a * b for a, b in zip(x, all_h[1], strict=True)) / rows

    start = (
        [i / 10 for i in range(1, rows + 1)],
        [1 + i / 50 for i in range(1, rows + 1)],
        [0.1 * i for i in range(1, rows + 1)],
    )
    assert isclose(value, by_hand(*start), rel_tol=1e-13)
    for at, name in enumerate(("x[{}]", "w[{}]", "h[0,{}]")):
        for i in range(rows):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [[*each] for each in start]
                moved[at][i] += step
                ends.append(by_hand(*moved))
            slope = (ends[0] - ends[1]) / 2e-5
            assert isclose(slopes[name.format(i + 1)], slope, rel_tol=1e-6, abs_tol=1e-8)


@pytest.mark.parametrize("many", [2, 5, 40])
def test_shares_that_are_too_small_for_a_double(many: int) -> None:
    """exp(-900) is none, and times 1e100 it is one; what is far below that has no say."""
    of = [-450.0 * (i % 4) for i in range(many)]
    text = f"{numbers('x', of)}; L = 1e100*logsumexp(x[i] for i in 1..{many})"
    found = compiled(text, {})
    assert found
    _, names, engine = found
    value, slopes = engine.run(numpy.array(of))
    total, first = sum(exp(each) for each in of), of.count(0.0)
    rest = sum(exp(each) for each in of if each) / first
    assert isclose(value, 1e100 * (log(first) + log1p(rest)), rel_tol=1e-14)
    for name, slope in zip(names, slopes.tolist(), strict=True):
        each = of[int(name[2:-1]) - 1]
        right = exp(each / 2) / total * 1e100 * exp(each / 2)
        assert isclose(slope, right, rel_tol=1e-12)
    assert not engine._own.made.careful


@pytest.mark.parametrize(
    "of",
    [
        "const c[i] = mod(i, 2) + 1 for i in 1..{n}^2; f = sum(cos(s[c[i]]) for i in 1..{n}^2)",
        "g[i,j,t] = cos(s[t]) for i in 1..{n}, j in 1..{n}, t in 1..2; f = sum(g[*,*,*])",
    ],
)
@pytest.mark.parametrize("n", [30, 100, 300])
def test_rounding_does_not_grow_with_what_reads_a_member(of: str, n: int) -> None:
    """Gradients of members that many read, as the terms are equal: their number times one of them."""
    text = f"s[i] = 0.3*i for i in 1..4; {of.format(n=n)}"
    times = n * n if "g[" in text else n * n / 2
    _, slopes = gradient(text)
    for at in (1, 2):
        assert abs(slopes[f"s[{at}]"] / (-times * sin(0.3 * at)) - 1) <= 8 * 2.0**-53
    if n < 300:  # unrolled
        return
    again = backprop.parse(text).grad(of="f").gradients
    for at in (1, 2):
        assert abs(again[f"s[{at}]"] / (-times * sin(0.3 * at)) - 1) <= 8 * 2.0**-53
