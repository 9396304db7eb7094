"""Families that no statement defines, `V = sum(x[i]^2*x[i+1] for i in 1..n)`: their derivatives have indices, with
the numbers of `grad` and of `hessian`."""

from __future__ import annotations

import random

import pytest

import backprop as library
from backprop.indexed_derivatives import DiffRequest, with_indices
from derived_again import compare_families, compare_second
from running import backprop


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("n=6; V=sum(x[i]^2*x[i+1] for i in 1..n)", ["dV_dx[1] = 2*x[1]*x[2]", "dV_dx[i] = 2*x[i]*x[i+1] + x[i-1]^2 for i in 2..n", "dV_dx[n+1] = x[n]^2"]),
        ("n=6; V=sum((x[i+1]-2*x[i]+x[i-1])^2 for i in 1..n)", ["dV_dx[0] = 2*(x[2] - 2*x[1] + x[0])"]),
        ("n=4; m=3; V=sum(k*(x[i+1,k]-x[i,k])^4 for i in 1..n, k in 1..m)", []),
        ("n=4; V=sum(x[i]*x[i+2] for i in 1..n)+x[1]*x[3]", []),
        ("n=5; V=sum(x[i]*y[i+1]*y[i] for i in 1..n)+sin(x[3])", []),
        ("n=6; V=sum(x[i] for i in 1..3)+sum(x[i]^2 for i in 6..9)", ["dV_dx[i] = 1 for i in 1..3", "dV_dx[i] = 2*x[i] for i in 6..9"]),
        ("n=3; V=sum((u[i+1,k]-u[i,k])^2+(u[i,k+1]-u[i,k])^2 for i in 1..n, k in 1..n)", ["dV_du[n+1,k] = 2*(u[n+1,k] - u[n,k]) for k in 1..n", "dV_du[i,n+1] = 2*(u[i,n+1] - u[i,n]) for i in 1..n"]),
        ("n=3; V=sum(a[i,1]^2 for i in 1..n)+sum(a[1,j]^3 for j in 1..n)", ["dV_da[1,1] = 2*a[1,1] + 3*a[1,1]^2", "dV_da[1,j] = 3*a[1,j]^2 for j in 2..n"]),
        ("V=sum(x[i]^2 for i in 1..5..2)", ["dV_dx[i] = 2*x[i] for i in 1..5..2"]), ("V=sum(x[i]^2 for i in [1,3,7])", ["dV_dx[i] = 2*x[i] for i in [1, 3, 7]"]),
        ("n=4; V=sum(w[i,j]^2*x[j] for i in 1..n, j in 1..i)", ["dV_dx[j] = sum(w[i,j]^2 for i in j..n) for j in 1..n", "dV_dw[i,j] = 2*w[i,j]*x[j] for i in 1..n, j in 1..i"]),
        ("n=4; V=sum(w[i,j]^2*x[j] for i in 1..n, j in 1..n if i != j)", ["dV_dw[i,j] = 2*w[i,j]*x[j] for i in 1..n, j in 1..n if i != j"]),
        ("n=4; V=sum(w[i,j]^2 for i in 1..n, j in 1..n if i + j > 2 and i < 4)+sum(w[p,q] for p in 1..n, q in 1..n if p + q > 2 and p < 4)", []),
        ("n=3; h[i]=tanh(sum(w[i,j]*h[j] for j in 1..i-1)+b[i]) for i in 1..n; V=h[n]", ["dV_dh[n] = 1"]), ("V=x[1]*x[5]^2+y[0]", ["dV_dx[5] = 2*x[1]*x[5]"]),
    ],
)  # fmt: skip
def test_reads_that_are_apart_make_one_family(text: str, lines: list[str]) -> None:
    model, chance = library.parse(text), random.Random(text)
    numbers = {name: chance.uniform(0.3, 2) for name in model.inputs if "[" in name}
    for order, compare in ((1, compare_families), (2, compare_second)):
        found = with_indices(model, {}, ["V"], DiffRequest(order=order))
        assert found is not None
        assert compare(text, numbers, found, "V")
        if order == 1:
            assert {*lines} <= {each.line for each in found.equations}


@pytest.mark.parametrize(
    "text",
    ["n=5; V=sum(x[i]^2*x[i+2] for i in 1..n..2)", "n=3; V=sum(if(i > 1, w[i,j]^2, 2) for i in 1..n, j in 1..i)", "n=3; V=sum(x[i*k] for i in 1..n, k in 1..n)"],
    ids=["steps", "some in a choice", "a product"],
)  # fmt: skip
def test_what_is_no_box_and_no_range_is_written_by_members(text: str) -> None:
    assert with_indices(library.parse(text), {}, ["V"], DiffRequest()) is None


def read_of(name: str, axes: int, chance: random.Random) -> str:
    """A sum over some members of a family: a box, a line, a triangle, or with steps and conditions."""
    low, high = chance.choice(("0", "1", "2")), chance.choice(("n", "n-1", "n+2", "4"))
    kind = chance.choice(("box", "shifted", "line", "triangle", "steps", "condition", "list"))
    if axes == 1:
        clause = {
            "steps": f"i in {low}..n+1..2",
            "list": "i in [1, 2, 4]",
            "condition": f"i in 1..{high} if i != 2",
        }.get(kind, f"i in {low}..{high}")
        index = "i+1" if kind == "shifted" else "i"
        return f"sum({name}[{index}]^{chance.choice((1, 2, 3))}*y for {clause})"
    clause = {
        "triangle": f"i in 1..{high}, j in 1..i",
        "steps": "i in 1..n, j in 1..n..2",
        "condition": f"i in 1..n, j in 1..n if i {chance.choice(('!=', '<', '<='))} j",
    }.get(kind, f"i in {low}..{high}, j in 1..n")
    index = {
        "shifted": chance.choice(("i+1,j", "i,j+1")),
        "line": chance.choice(("1,j", "i,n")),
    }.get(kind, "i,j")
    return f"sum({name}[{index}]^{chance.choice((1, 2, 3))}*y for {clause})"


@pytest.mark.parametrize("order", [1, 2])
def test_random_reads_have_the_numbers_of_grad(order: int, request: pytest.FixtureRequest) -> None:
    """And as many derivatives as there are members."""
    chance, compared, indexed = random.Random(f"reads {order}"), 0, 0
    many = 200 if request.config.getoption("--whole") else 30
    for _ in range(many):
        axes = chance.choice((1, 1, 2))
        terms = [read_of("x", axes, chance) for _ in range(chance.choice((1, 1, 2, 3)))]
        text = (
            f"n = {chance.choice((2, 3, 5))}; V = {chance.choice((' + ', ' - ', '*')).join(terms)}"
        )
        model = library.parse(text)
        numbers = {name: chance.uniform(0.3, 2) for name in model.inputs if name != "n"}
        found = with_indices(model, {}, ["V"], DiffRequest(order=order, shape="steps"))
        if found is None:
            continue
        indexed += 1
        count = (compare_families if order == 1 else compare_second)(text, numbers, found, "V")
        members = sum(1 for name in model.inputs if "[" in name)
        assert count >= (members if order == 1 else members**2), text
        compared += count
    assert indexed > many / 3
    assert compared > 4 * many


def test_the_same_in_large() -> None:
    ran = backprop("diff", "-e", "n=100000; V=sum(x[i]^2*x[i+1] for i in 1..n)")
    assert ran.status == 0
    assert ran.out.splitlines()[2:] == ["dV_dx[i] = 2*x[i]*x[i+1] + x[i-1]^2 for i in 2..n", "dV_dx[n+1] = x[n]^2"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("n=1000; L=sum(w[i,j]^2*x[j] for i in 1..n, j in 1..i)", ["dL_dx[j] = sum(w[i,j]^2 for i in j..n) for j in 1..n", "dL_dw[i,j] = 2*w[i,j]*x[j] for i in 1..n, j in 1..i"]),
        ("n=1000; L=sum(w[i,j]^2*x[j] for i in 1..n, j in i+1..n)", ["dL_dx[j] = sum(w[i,j]^2 for i in 1..j-1) for j in 2..n", "dL_dw[i,j] = 2*w[i,j]*x[j] for i in 1..n, j in i+1..n"]),
    ],
)  # fmt: skip
def test_large_triangles_are_as_small_ones(text: str, lines: list[str]) -> None:
    assert backprop("diff", "-e", text).out.splitlines()[1:] == lines
    small = {*backprop("diff", "-e", text.replace("1000", "4")).out.splitlines()[1:]}
    assert small == {*lines}


def test_rules_keep_the_ranges_of_triangles() -> None:
    text = "n=3; L=sum(w[i,j]^2*x[j] for i in 1..n, j in 1..i)"
    out = backprop("explain", "-e", text, "--symbolic", "--only", "x").out
    assert "derivative: sum(w[i,j]^2 for i in 1..n if j ≤ i)" in out


def test_second_derivatives_stand_on_their_diagonals() -> None:
    out = backprop("diff", "--order", "2", "-e", "n=6; V=sum(x[i]^2*x[i+1] for i in 1..n)").out
    for line in ("i] = 2*x[i+1]", "i+1] = 2*x[i]", "i-1] = 2*x[i-1]"):
        assert f"d2V_dx2[i,{line} for i in 2..n\n" in out
