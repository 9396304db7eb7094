"""Families as arguments, tables of indices, ranges with steps; right values by hand and by `math`."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest

import backprop as library
from backprop.errors import BackpropError
from running import backprop

A = "; a[1] = 1; a[2] = -2; a[3] = 4; b[1] = 3; b[2] = 0.5; b[3] = 2; i = 2"
W = "; w[r,c] = 10*r + c for r in 1..2, c in 1..3"

VALUES = [
    ("y = sum(a[*])", 3), ("y = prod(a[*])", -8), ("y = mean(a[*])", 1), ("y = min(a[*])", -2), ("y = max(a[*])", 4),
    ("y = logsumexp(a[*])", math.log(math.exp(1) + math.exp(-2) + math.exp(4))), ("y = hypot(a[*])", math.sqrt(21)),
    ("y = max(a[*], 5)", 5), ("y = min(2, b[*], a[1])", 0.5), ("y = sum(a[2..3])", 2), ("y = sum(a[i..3])", 2), ("y = sum(a[2..])", 2), ("y = sum(a[..i])", -1),
    ("y = dot(a[*], b[*])", 3 - 1 + 8), ("y = dot(a[1..2], b[1..2])", 2), ("y = norm(a[*])", math.sqrt(21)),
    ("y = norm(a[2..2])", 2), ("y = softmax(a[*], 1)", math.e / (math.e + math.exp(-2) + math.exp(4))),
    ("y = softmax(a[*], i)", math.exp(-2) / (math.e + math.exp(-2) + math.exp(4))),
    ("y = sum(softmax(a[*], k) for k in 1..3)", 1), ("y = 2*sum(a[*])^2 - mean(b[*])", 18 - 5.5 / 3),
    ("f(v[*], k) = v[k]*sum(v[*]); y = f(a[*], 3)", 12), ("f(v[*]) = dot(v[*], v[*]); y = f(b[*])", 9 + 0.25 + 4),
    ("f(v[*]) = g(v[2..3]); g(u[*]) = u[3] - u[2]; y = f(a[*])", 6),
    ("sq(x) = x^2; f(v[*]) = sum(sq(v[k]) for k in 1..3); y = f(a[*])", 21),
    ("f(v[*], u[*]) = dot(v[*], u[*]); y = f(a[*], b[*])", 10),
    ("u[k] = 2*a[k] for k in 1..3; y = sum(u[*])", 6),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_values_of_families(text: str, value: float) -> None:
    assert library.parse(text + A).grad(of="y").value == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y = sum(w[*,*])", 3 * 10 + 3 * 20 + 12), ("y = sum(w[1,*])", 36), ("y = mean(w[*,3])", 18), ("y = max(w[1,*])", 13),
        ("y = sum(max(w[r,*]) for r in 1..2)", 36), ("y = dot(w[1,*], w[2,*])", 11 * 21 + 12 * 22 + 13 * 23),
        ("y = softmax(w[2,*], 3)", 1 / (1 + math.exp(-1) + math.exp(-2))), ("y = sum(w[1..2,2..3])", 12 + 13 + 22 + 23),
        ("f(m[*,*], r) = sum(m[r,*]) + m[1,1]; y = f(w[*,*], 2)", 66 + 11),
        ("f(m[*,*]) = m[2,3]; y = f(w[1..2,2..3])", 23), ("f(v[*]) = v[2]; y = f(w[2,*])", 22),
        ("h[r] = norm(w[r,*]) for r in 1..2; y = h[2]", math.sqrt(21**2 + 22**2 + 23**2)),
    ],
)  # fmt: skip
def test_rows_and_columns(text: str, value: float) -> None:
    assert library.parse(text + W).grad(of="y").value == pytest.approx(value, rel=1e-15)


def test_gradients_are_the_textbooks() -> None:
    model = library.parse("y = dot(a[*], b[*]) + norm(a[*]); z = softmax(a[*], 3)" + A)
    found = model.grad(of="y").gradients
    for k, (a, b) in enumerate(((1, 3), (-2, 0.5), (4, 2)), 1):
        assert found[f"a[{k}]"] == pytest.approx(b + a / math.sqrt(21), rel=1e-14)
        assert found[f"b[{k}]"] == a
    weights = [math.exp(a) for a in (1, -2, 4)]
    p = [each / sum(weights) for each in weights]
    found = model.grad(of="z").gradients  # p3*([k = 3] - pk)
    for k, each in enumerate(p, 1):
        assert found[f"a[{k}]"] == pytest.approx(p[2] * ((k == 3) - each), rel=1e-13)


def test_the_norm_of_large_numbers_does_not_overflow() -> None:
    found = library.parse("y = norm(a[*]); a[1] = 3e200; a[2] = 4e200").grad()
    assert found.value == pytest.approx(5e200, rel=1e-15)
    assert found.gradients["a[1]"] == pytest.approx(0.6, rel=1e-15)


ODD = [
    ("y = dot(a[*], c[*]); c[1] = 1", "a[*] has a member 2, c[*] has none"), ("y = dot(a[*])", "dot takes 2 arguments, not 1"),
    ("y = dot(a[*], 3)", "dot takes a family here, not 3"), ("y = norm(i)", "norm takes a family here"),
    ("y = softmax(a[*], a[*])", "softmax takes one number here"), ("y = softmax(a[*], b[2])", "depends on a value"),
    ("y = softmax(a[*], 7)", "no member 7"), ("f(v[*]) = v[9]; y = f(a[*])", "v is a[*] here, which has no member 9"),
    ("f(v[*]) = v[1]; y = f(i)", "f takes a family here, not i"), ("f(v) = v; y = f(a[*])", "f takes one number here, not a[*]"),
    ("f(v) = v[1]; y = f(i)", "'v' has no indices here"), ("y = sum(a[8..9])", "a[8..9] has no members"),
    ("y = sum(q[*])", "q[*] has no members"), ("y = sum(a[*,*])", "a[*,*] has no members"), ("y = sin(a[*])", "one number is due"),
    ("y = sum(2*a[*])", "sum(2*a[i] for i in 1..3)"), ("y = a[*]", "one number is due"), ("y = nothing(a[*])", "no function 'nothing'"),
    ("f(v[*], v) = v; y = f(a[*], 1)", "the parameter 'v' stands twice"), ("y = mean(a[*], 2)", "mean takes 1 argument, not 2"),
    ("f(v[*]) = v; y = f(a[*])", "'v' has members, and this is none of them"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), ODD)
def test_what_does_not_fit_is_told(text: str, said: str) -> None:
    with pytest.raises(BackpropError) as caught:
        library.parse(text + A).grad(of="y")
    assert said in str(caught.value)


TABLES = [
    ("y = sum(x[k[i]]*i for i in 1..3); k[1] = 2; k[2] = 1; k[3] = 2", 20 * 1 + 10 * 2 + 20 * 3),
    ("y = x[k[j[1]]]; k[2] = 1; j[1] = 2", 10), ("y = x[k[1] + 1]; const k[1] = 1", 20),
    ("y = sum(x[i] for i in 1..k[1]); k[1] = 2", 30), ("y = sum(x[i] for i in 1..2 if k[i] > 0.5); k[1] = 0.4; k[2] = 0.6", 20),
    ("y = x[max(k[1], k[2])]; k[1] = 1; k[2] = 2", 20), ("y = x[k[1,2]]; k[i,j] = i for i in 1..2, j in 1..2", 10),
    ("f(t) = x[k[t]]; y = f(1) + f(2); k[i] = 3 - i for i in 1..2", 30), ("y = x[k[1]]; k[1] = n - 1; n = 3", 20),
    ("z[i] = x[k[i]] for i in 1..3; y = sum(z[*]); k[i] = 1 + mod(i, 2) for i in 1..3", 50),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), TABLES)
def test_indices_from_a_table(text: str, value: float) -> None:
    assert library.parse(text + "; x[1] = 10; x[2] = 20").grad(of="y").value == value


def test_gradients_are_gathered_back_and_the_table_does_not_move() -> None:
    text = (
        "L = sum((x[k[i]] - i)^2 for i in 1..3); k[1] = 2; k[2] = 1; k[3] = 2; x[1] = 1; x[2] = 0"
    )
    model = library.parse(text)
    assert model.grad().gradients == {"L": 1.0, "x[1]": -2.0, "x[2]": -2.0 - 6.0}
    found = model.descend(lr=0.1, steps=500)
    assert found.parameters == pytest.approx({"x[1]": 2, "x[2]": 2})
    ran = backprop("grad", "-e", text, "--set", "k[3]=1", "--format", "json")
    assert json.loads(ran.out)["value"] == 1 + 1 + 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y = sum(x[k[i]] for i in 1..2); k[1] = 1; k[2] = 1.5", "k[2] is 1.5, no whole number"),
        ("y = sum(x[k[i]] for i in 1..2); k[1] = 1; k[2] = 7", "k[2] is 7"), ("y = x[k[3]]; k[1] = 1", "k[3] is not defined"),
        ("y = x[k[1]]", "k[1] has none"), ("y = x[k[1]]; k[1] = x[1]*z", "k[1] is no constant"),
        ("y = x[k[1]]; k[i] ~ uniform(1, 2) for i in 1..1", "k is drawn at random"),
        ("y = x[k[1]]; k[i] = k[i] for i in 1..1", "k[1] is no constant"), ("y = x[k[0.5]]; k[1] = 1", "0.5"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_told(text: str, said: str) -> None:
    with pytest.raises(BackpropError) as caught:
        library.parse(text + "; x[1] = 10; x[2] = 20").grad(of="y")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("span", "numbers"),
    [
        ("0..6..2", [0, 2, 4, 6]), ("0..7..3", [0, 3, 6]), ("5..1..-2", [5, 3, 1]), ("1..1..4", [1]), ("1..n..n-1", [1, 3]),
        ("3..1", []), ("1..3..-1", []), ("6..0..-4", [6, 2]),
    ],
)  # fmt: skip
def test_ranges_with_steps(span: str, numbers: list[int]) -> None:
    model = library.parse(f"y = sum(a*2^k for k in {span}); a = 1; n = 3")
    assert model.grad(of="y").value == sum(2**k for k in numbers)


def test_a_recurrence_of_steps() -> None:
    text = "x[0] = 1; x[t] = 2*x[t-2] for t in 2..8..2; y = x[8]"
    found = library.parse(text).grad(of="y")
    assert [found.data[f"x[{t}]"] for t in range(0, 9, 2)] == [1, 2, 4, 8, 16]
    ratios = [a / b for a, b in pairwise(found.gradients[f"x[{t}]"] for t in range(0, 9, 2))]
    assert ratios == [2, 2, 2, 2]


def test_a_step_of_nothing_is_told() -> None:
    assert "a step of 0 never arrives" in backprop("grad", "-e", "y = sum(i for i in 1..3..0)").err
    assert (
        "write 1..3..1"
        in backprop("grad", "-e", "y = a + sum(i for i in 1..3..-1)", "--set", "a=1").err
    )


MATRICES = "; A[i,j] = i*j for i in 1..2, j in 1..3; b[i] = i for i in 1..3"
OF_MATRICES = [
    ("y = A*b", "y[i] = sum(A[i,k]*x[k] for k in 1..n) for i in 1..m"), ("y = A@b", "y[i] = sum(A[i,k]*x[k]"),
    ("y = matmul(A, b)", "y[i] = sum(A[i,k]*x[k]"), ("y = transpose(A)", "A[j,i] instead of A[i,j]"),
    ("y = trace(A)", "sum(A[i,i] for i in 1..n)"), ("y = inv(A)", "no matrices as values"), ("y = inv(2)", "write 1/2"),
    ("y = sum(A)", "write sum(A[*,*])"), ("y = norm(b)", "write norm(b[*])"), ("y = dot(A[1,*], b)", "write dot(A[1,*], b[*])"),
    ("y = softmax(b, 2)", "write softmax(b[*], 2)"), ("y = norm(3)", "write norm(a[*])"), ("y = dot(b[*])", "write dot(a[*], b[*])"),
    ("f(v[*]) = sum(v[*]); y = f(b)", "write f(b[*])"), ("y = A + 1", "write A[…,…], or sum(A[*,*])"), ("y = b + 1", "write b[…], or sum(b[*])"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), OF_MATRICES)
def test_who_thinks_in_matrices_is_told_what_to_write(text: str, said: str) -> None:
    with pytest.raises(BackpropError) as caught:
        library.parse(text + MATRICES).grad(of="y")
    assert said in " ".join(caught.value.hints)
