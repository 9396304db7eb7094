"""Indexed equations as loops over arrays, against the same text unrolled."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from math import hypot, isclose
from typing import Any

import pytest

from backprop import api
from backprop.errors import Cancelled, NotAnInput, NotANumber
from backprop.evaluation.gradient import Evaluation, Gradient, by_loops, evaluate, gradient
from backprop.language import Model
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, scattered, sequence, slice_sums, step_sums
from backprop.loops.worth import read_model
from backprop.source import Source
from backprop.values import Numbers, derivatives
from counting import growth
from indexed_models import random_indexed
from looped import apart
from running import backprop, unrolled
from test_nests import gradient as machine_gradient

GROUPS = 10

LEAST = sequence.THIN
"""As it is without the tests."""


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member, and the least of outputs, too, are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def both(text: str, values: Mapping[str, float]) -> tuple[Model, Gradient | None, Evaluation]:
    """The model of loops with what it finds, None for nothing, and what the unrolled graph finds."""
    source = Source("<text>", text)
    looped = read_model(source, many=0)
    found = by_loops(looped, values, None)
    return looped, found, evaluate(read_carefully(source), values, noted=True)


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_models_are_what_they_are_unrolled(
    group: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of even groups with their recurrences slice by slice, the others step by step. In half of the
    groups two terms of a gradient are already many, as in large models."""
    monkeypatch.setattr(sequence, "STEPS", 0 if group % 2 == 0 else 10**6)
    if group % 4 > 1:
        for each in (scattered, slice_sums, step_sums):
            monkeypatch.setattr(each, "FEW", 1)
        monkeypatch.setattr(slice_sums, "_OFTEN", 1)
        monkeypatch.setattr(step_sums, "_SOME", 2)
    models = 100 if request.config.getoption("--whole") else 8
    looped = noted = 0
    for number in range(group * models, (group + 1) * models):
        text, values = random_indexed(number)
        _, found, whole = both(text, values)
        if found is None:
            continue
        looped, right = looped + 1, whole.gradient
        assert [*found.data.items()] == [*right.data.items()], number  # to the bit
        assert [*found.gradients] == [*right.gradients], number
        if right.notes:  # of a small text that is chaotic more digits are told, with a note
            assert {type(each) for each in right.notes} == {Cancelled}, number
            graph, (data, _), _ = whole
            whole = whole._replace(numbers=Numbers(data, derivatives(graph, data)))
            noted += 1
        assert apart(found, whole) <= 4, number
        assert [*map(str, found.warnings)] == [*map(str, right.warnings)], number
    assert looped > models / 2  # some stand on borders, or in circles
    assert noted < 2


BIG = """
n = 8000
const t[i] = cos(i/3) for i in 1..n
x[i] = sin(i) for i in 1..n
w[1] = 0.5; w[2] = -0.2 in -1..1; b = 0.1
h[i] = tanh(w[1]*x[i] + w[2]*x[i]^2 + b) for i in 1..n
L = mean((h[i] - t[i])^2 for i in 1..n)
minimize L
"""
"""Large enough for loops."""


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--set", "w[1]=0.7, x[3]=2", "--only", "w[*], h[3], x[1..4]"),
        ("--wrt", "x[7], b"),
        ("--set", "n=7500"),
        ("--of", "h[12]", "--all", "--format", "csv"),
        ("--set", "x[*]=0.25", "--format", "markdown"),
    ],
)
@pytest.mark.one_in(2)
def test_commands_print_the_same(more: tuple[str, ...]) -> None:
    assert read_model(Source("<text>", BIG)).loops
    found = backprop("grad", "-e", BIG, *more).out.splitlines()
    right = unrolled("grad", "-e", BIG, *more).out.splitlines()
    assert len(found) == len(right)
    for line, other in zip(found, right, strict=True):
        if line != other:  # the last digits of sums
            parts = zip(
                line.replace(",", " ").split(), other.replace(",", " ").split(), strict=True
            )
            assert all(
                one == two or isclose(float(one), float(two), rel_tol=1e-9, abs_tol=1e-15)
                for one, two in parts
            )


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (BIG.replace("tanh(", "log(x[i] - 0.5 + "), ()),
        (BIG.replace("x[i] = sin(i) ", "x[i] = 1/(i - 100) "), ()),
        (BIG.replace("+ b)", "+ c)"), ()),
        (BIG.replace("h[i] - t[i]", "h[i] - t[i+1]"), ()),
        (BIG.replace("minimize L", "M = sum(h[i] for i in 1..n)"), ()),
        (BIG, ("--set", "w[3]=1")),
        (BIG, ("--set", "h[5]=1")),
        (BIG, ("--set", "w[2]=7")),
        (BIG, ("--of", "h[0]")),
        (BIG.replace("b = 0.1", "b = 0.1; x[5] = 2"), ()),
        (BIG.replace("tanh(", "exp(800 + "), ()),
        (BIG.replace("minimize L", "minimize h"), ()),
        (BIG.replace("n = 8000", "n = 8000.5"), ()),
    ],
)
@pytest.mark.one_in(2)
def test_mistakes_are_told_as_of_unrolled_texts(text: str, more: tuple[str, ...]) -> None:
    found = backprop("grad", "-e", text, *more)
    right = unrolled("grad", "-e", text, *more)
    assert (found.status, found.err) == (right.status, right.err)
    assert found.err


def test_numbers_of_the_file_are_what_they_are_unrolled() -> None:
    """Digits that rounding takes are restored, and what jumps is not taken for that."""
    bits = "x[i] = mod(floor((32 + mod(7*i, 95))/2^3), 2) for i in 1..200; L = sum(a*x[i] for i in 1..200)"
    looped = read_model(Source("<text>", bits), many=0)
    found = by_loops(looped, {"a": 2.0}, None)
    assert found
    ones = sum((32 + 7 * i % 95) // 8 % 2 for i in range(1, 201))
    assert (found.value, found.gradients["a"]) == (2.0 * ones, ones)
    lost = "x[i] = 1e16 + i - 1e16 for i in 1..200; L = sum(a*x[i] for i in 1..200)"
    assert backprop("grad", "-e", lost, "--set", "a=1").out.startswith("L = 20100\n")
    looped = read_model(Source("<text>", lost), many=0)
    found = by_loops(looped, {"a": 1.0}, None)
    assert found is None or found.value == 20100


def test_a_norm_has_the_bits_of_single_steps() -> None:
    text = "w[i,j] = sin(i*j) + i/7 for i in 1..3, j in 1..16; m[i] = norm(w[i,*]) for i in 1..3"
    looped, found, right = both(f"{text}; output L; L = norm(w[*,*]) + m[1]", {})
    assert looped.loops
    assert found
    assert found.data == right.gradient.data
    one_by_one = 0.0
    for j in range(1, 17):
        one_by_one = hypot(one_by_one, found.data[f"w[2,{j}]"])
    assert found.data["m[2]"] == one_by_one


def test_uncertainties_alone_are_kept() -> None:
    text = (
        "x[i] = 2.0(1) for i in 1..4; y[i] = i ± 5% for i in 1..4; L = sum(x[i]*y[i] for i in 1..4)"
    )
    looped, _, _ = both(text, {})
    assert looped.loops
    assert looped.uncertainties["x[3]"] == 0.1
    assert looped.uncertainties["y[4]"] == 0.2
    assert looped.text_of("x[3]") == looped.instance_of("x[3]") == "2.0"


def test_a_table_made_of_another_input_is_told() -> None:
    text = "k = 2; const c[i] = mod(i, 3) + k for i in 1..9; a[i] = i for i in 1..4; L = a[c[3]]; const d[i] = i*a[2] for i in 1..2"
    with pytest.raises(NotAnInput, match=r"in d\[1\] .*is no constant"):
        read_model(Source("<text>", text), many=0)


SMALL = BIG.replace("8000", "5").replace("b = 0.1", "b = 0.1 ± 0.02")


@pytest.fixture
def looped(monkeypatch: pytest.MonkeyPatch) -> api.Model:
    """A Model of the library with few members, of loops."""
    monkeypatch.setattr(
        api, "read_model", lambda source, **more: read_model(source, **more, many=0)
    )
    model = api.parse(SMALL)
    assert model.loops
    return model


def numbers(model: api.Model) -> list[tuple[str, float, float]]:
    return [(name, each.data, round(each.grad, 12)) for name, each in model.values.items()]


def rounded(name: str, *found: float) -> tuple[str, float, float]:
    """Without the last digits, which descents by loops may have others of."""
    data, grad = (round(each, 12) for each in found)
    return name, data, grad


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(
    "asked",
    [
        lambda model: model.table().columns,
        str,
        repr,
        lambda model: [*model._repr_mimebundle_().items()][1:],
        lambda model: [*model.names.items()],
        lambda model: [*model.defaults.items()],
        lambda model: [*model.labels.items()],
        lambda model: model.names == dict(model.names),
        lambda model: model.equation("h[2]").text,
        lambda model: model.read_with,
        lambda model: (model.columns, numbers(model))[1],
        numbers,
        lambda model: (model.grad(b=2.0), model.columns, numbers(model))[2],
        lambda model: (model.grad(b=2.0, engine="python"), numbers(model))[1],
        lambda model: numbers(pickle.loads(pickle.dumps(model))),
        lambda model: numbers(copy.copy(model)),
        lambda model: numbers(copy.deepcopy(model)),
        lambda model: (
            model.descend(optimizer="gd", steps=3),
            [rounded(*each) for each in numbers(model)],
        )[1],
    ],
)
def test_the_library_says_the_same(
    looped: api.Model, asked: Callable[[Any], Any], before: bool
) -> None:
    right = api.parse(SMALL)
    assert right.columns  # which unrolls it
    if before:
        looped.grad()
        right.grad(engine="python")
    assert asked(looped) == asked(right)


@pytest.mark.parametrize("number", ["3", b"3", True, 10**400, float("nan"), None])
def test_what_is_no_number_is_refused(looped: api.Model, number: Any) -> None:
    with pytest.raises(NotANumber):
        looped.grad({"x[1]": number})


def test_what_is_read_for_no_combination_is_not_used() -> None:
    text = "a[i] = i for i in 1..3; y[i] = a[i]^2 for i in 1..3; z[i,j] = y[i]*j for i in 1..3, j in 1..i-1"
    looped, found, right = both(f"{text}; output L; L = sum(z[*,*])", {})
    assert looped.outputs == ["y[1]", "L"]
    assert found
    assert [*found.gradients] == [*right.gradient.gradients]
    assert "a[1]" not in found.gradients
    text = "a[i] = i for i in 1..3; y[i] = a[i]^2 for i in 1..3; z[i] = 1 + sum(y[i]*j for j in 1..i-1) for i in 1..3"
    looped, found, right = both(f"{text}; output L; L = sum(z[*])", {})
    assert looped.outputs == ["y[1]", "L"]
    assert found
    assert [*found.gradients] == [*right.gradient.gradients]


def test_the_digits_of_a_small_output_beside_large_families(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_model, "FEW", 1000)
    text = "x[i] = i for i in 1..4000; a = 1; c = 1e16; L = sum(a*x[i]^2 for i in 1..4000); M = (a+c)-c"
    looped = read_model(Source("<text>", text), many=0)
    assert by_loops(looped, {}, "L")
    assert by_loops(looped, {}, "M") is None
    assert "with more digits it is 1" in str(gradient(looped, {}, "M").notes[0])


def test_products_are_as_quick_as_they_are_unrolled() -> None:
    """Each factor's slope is the product of the others."""
    text = "n = {0}; x[i] = 1 + i/{0}^2 for i in 1..n; L = prod(x[i] for i in 1..n)"

    def multiplied(size: int) -> Gradient:
        found = by_loops(read_model(Source("<text>", text.format(size)), many=0), {}, None)
        assert found
        return found

    assert growth(multiplied, 1000) < 2.2
    found = multiplied(50_000)
    for at in (1, 25_000, 50_000):
        right = found.value / found.data[f"x[{at}]"]
        assert isclose(found.gradients[f"x[{at}]"], right, rel_tol=1e-10)
    rows = "y[i] = prod(x[j] + i for j in 1..i-1) for i in 1..9; x[j] = sin(j) for j in 1..9; L = sum(y[*])"
    _, found, other = both(rows, {})
    assert found
    assert apart(found, other) <= 4


def test_each_member_is_drawn_around_its_own_number() -> None:
    """A narrow normal distribution shows its mean."""
    text = "s[i] = 10*i for i in 1..3; u[i] ~ normal(s[i], 1e-6) for i in 1..3; L = sum(u[*])"
    looped, found, right = both(text, {})
    assert found
    assert found.data == right.gradient.data
    assert [round(found.data[f"u[{at}]"]) for at in (1, 2, 3)] == [10, 20, 30]
    assert looped.inputs == ["u[1]", "u[2]", "u[3]"]


@pytest.mark.parametrize(
    "distribution",
    [
        "normal(i/n, 1 + i/n)",
        "uniform(-i, i^2 + sqrt(i))",
        "normal(sin(i)*pi, exp(-i/7) + 0.5e-3)",
        "uniform(min(i, 3), max(i, 5, 2*i))",
        "normal(mod(i, 3), 10^(-mod(i, 50)))",
        "normal(2e16*i - 1e16*(2*i) + i, i*9007199254740993)",
        "normal(f(i), n)",
    ],
)
def test_distributions_of_indices_draw_what_single_ones_do(distribution: str) -> None:
    text = f"const n = 40; f(a) = a^2; x[i] ~ {distribution} for i in 1..n; L = sum(x[i]^2 for i in 1..n)"
    _, found, right = both(text, {})
    assert found
    assert found.data == right.gradient.data


def test_squares_have_the_bits_of_single_powers() -> None:
    """Powers are rounded less well than products: pow(x, 2) is not always x*x."""
    text = "x[i] ~ normal(0, 0.5) for i in 1..20000; y[i] = x[i]^2 for i in 1..20000; z[i] = x[i]^-1 + (x[i]^2)^0.5 for i in 1..20000"
    looped = read_model(Source("<text>", text), many=0)
    found = by_loops(looped, {}, "y[1]")
    assert found
    for at in range(1, 20001):
        x, y, z = (found.data[f"{name}[{at}]"] for name in "xyz")
        assert y == pow(x, 2.0)
        assert z == pow(x, -1.0) + pow(y, 0.5)


def test_a_function_of_computed_numbers_is_an_equation() -> None:
    text = "f(u) = sin(u); t[i] = f(cosh(i/3)) for i in 1..3; a = 1; L = sum(t[i]*a for i in 1..3)"
    looped, _, _ = both(text, {})
    assert looped.inputs == ["a"]
    assert "t[1]" not in looped.defaults


@pytest.mark.parametrize(
    ("body", "loops", "inputs"),
    [("f(i)", True, True), ("f(-i)/2 + 1", True, True), ("g(0.5, i)", True, True), ("f(i + 1)", True, False),
     ("g(2*i, i)", True, False), ("g(i, i - 1)", False, False)],
)  # fmt: skip
def test_a_function_of_an_index_makes_numbers(body: str, loops: bool, inputs: bool) -> None:
    """And one of what is computed equations; a sum of nothing may hide which it is."""
    text = f"f(u) = sin(u)/2; g(u, k) = sum(f(u)^j/j for j in 1..k); c[i] = {body} for i in 1..5; L = sum(c[*])"
    looped, found, right = both(f"{text}; output L", {})
    assert bool(looped.loops) == loops
    assert looped.inputs == read_model(Source("<text>", text)).inputs
    if loops:
        assert found
        assert looped.inputs == [f"c[{at}]" for at in range(1, 6) if inputs]
        assert found.data == right.gradient.data
        assert found.gradients == right.gradient.gradients


@pytest.mark.parametrize(
    "text",
    [
        "c[i] = f(2*i) for i in 1..n; z[i] = c[i]*x[i] for i in 1..n; L = sum(z[i]*a for i in 1..n) + f(3*2)",
        "c[i] = f(2*i) for i in 1..n; s[0] = 0; s[i] = s[i-1]*a + c[i]*x[i] for i in 1..n; L = s[n]",
        "c[i] = f(2*i) for i in 1..n; L = a*sum(c[i] for i in 1..n)",
        "z[i] = x[i] + sum(x[j]*x[k] for j in 1..m, k in 1..j) for i in 1..n; L = a*sum(z[i] for i in 1..n)",
        "z[i,j] = x[i] for i in 1..m, j in 1..i; L = a*sum(x[*]) + sum(z[i,j] for i in 1..m, j in i..n)",
        "L = a*sum(x[i] for i in 1..n) + sum(x[i]*j*k for i in 1..m, j in i..0, k in 1..j if k > j)",
    ],
)
def test_constant_equations_and_ranges_within_empty_ones_are_loops(text: str) -> None:
    whole = f"f(u) = sqrt(u - 1); {text}; x[i] = i/n for i in 1..n; a = 2; const n = 40; const m = 0; output L"
    looped, found, right = both(whole, {})
    assert looped.loops
    assert found
    plain = read_carefully(Source("<text>", whole))
    assert [*found.data.items()] == [*right.gradient.data.items()]
    assert [*found.gradients] == [*right.gradient.gradients]
    assert apart(found, right) <= 4
    assert (looped.inputs, looped.outputs) == (plain.inputs, plain.outputs)
    assert looped.default_numbers() == plain.default_numbers()
    value, slopes = machine_gradient(whole)
    assert value == pytest.approx(found.value, rel=1e-14)
    assert slopes == pytest.approx({name: found.gradients[name] for name in slopes}, rel=1e-12)


@pytest.mark.parametrize(
    ("equation", "fixed"),
    [
        ("z[i,j] = x[k[i]] + j for i in 1..4, j in 1..i-1; L = sum(z[*,*])", (2, 3, 4)),
        ("z[i] = 1 + sum(x[k[i]]*j for j in 3..i) for i in 1..4; L = sum(z[*])", (3, 4)),
        ("z[i] = sum(x[j] for j in 1..k[i]-1) + x[1] for i in 1..4; L = sum(z[*])", (1, 2, 3, 4)),
    ],
)
def test_numbers_of_a_table_that_nothing_reads_stay_free(equation: str, fixed: Any) -> None:
    text = f"const k[i] = i for i in 1..4; x[i] = i/3 for i in 1..4; {equation}"
    looped = read_model(Source("<text>", text), many=0)
    assert looped.loops
    right = read_model(Source("<text>", text))
    assert {*looped.fixed} == {*right.fixed} == {f"k[{at}]" for at in fixed}
    assert looped.inputs == right.inputs


def test_few_members_of_unlike_times_are_unrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one they are computed more quickly than as arrays of one."""
    monkeypatch.setattr(sequence, "THIN", LEAST)
    one = "x[0] = 0.5; x[t+1] = 0.1*t + mean(x[s] for s in 0..t) for t in 0..99; L = x[100]"
    assert not read_model(Source("<text>", one), many=0).loops
    many = "x[0,i] = i/50 for i in 1..40; x[t+1,i] = 3*x[t,i]*(1 - x[t,i]) for t in 0..99, i in 1..40; L = x[100,7]"
    assert read_model(Source("<text>", many), many=0).loops


def test_recurrences_that_share_a_number_count_it_once_each() -> None:
    """By a, x[5] is a sum of powers of 1/2, y[5] of 1/4, z[5] of 1/8."""
    text = "".join(
        f"{name}[0] = 1; {name}[t+1] = {name}[t]*{by} + a for t in 0..4; "
        for name, by in (("x", 0.5), ("y", 0.25), ("z", 0.125))
    )
    looped, found, _ = both(f"a = 0.7; {text}L = x[5] + y[5] + z[5]", {})
    assert looped.loops
    assert found
    assert found.gradients["a"] == sum(by**at for by in (0.5, 0.25, 0.125) for at in range(5))


def test_rows_of_other_indices_are_not_mixed_up() -> None:
    """q is a family and the variable of a sum, and q[0], beside which j runs, is no member."""
    text = "q[i] = i/10 for i in 1..4; F[i,j] = sum(j*q/(1 + q[i]) for q in [1, 5]) for i in 0..3, j in 1..i-1; L = sum(F[*,*])"
    source = Source("<text>", text)
    right = sum(j * (1 + 5) / (1 + i / 10) for i in range(4) for j in range(1, i))
    found = by_loops(read_model(source, many=0), {}, None) or gradient(read_carefully(source), {})
    assert isclose(found.value, right, rel_tol=1e-14)
    text = "w[i,k] = i + k/10 for i in 1..3, k in 1..4; f(v[*]) = sum(k*v[k]^2 for k in 1..4); L = sum(f(w[i,*])/i for i in 1..3)"
    _, found, whole = both(text, {})
    assert found
    value = sum(k * (i + k / 10) ** 2 / i for i in (1, 2, 3) for k in range(1, 5))
    assert isclose(found.value, value, rel_tol=1e-14)
    assert apart(found, whole) <= 4
