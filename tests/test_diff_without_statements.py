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
    ["n=6; V=sum(x[i] for i in 1..3)+sum(x[i]^2 for i in 6..9)", "n=3; V=sum((u[i+1,k]-u[i,k])^2+(u[i,k+1]-u[i,k])^2 for i in 1..n, k in 1..n)"],
    ids=["a gap", "no corner"],
)  # fmt: skip
def test_what_leaves_members_out_is_written_by_members(text: str) -> None:
    assert with_indices(library.parse(text), {}, ["V"], DiffRequest()) is None


def test_the_same_in_large() -> None:
    ran = backprop("diff", "-e", "n=100000; V=sum(x[i]^2*x[i+1] for i in 1..n)")
    assert ran.status == 0
    assert ran.out.splitlines()[2:] == ["dV_dx[i] = 2*x[i]*x[i+1] + x[i-1]^2 for i in 2..n", "dV_dx[n+1] = x[n]^2"]  # fmt: skip


def test_second_derivatives_stand_on_their_diagonals() -> None:
    out = backprop("diff", "--order", "2", "-e", "n=6; V=sum(x[i]^2*x[i+1] for i in 1..n)").out
    for line in ("i] = 2*x[i+1]", "i+1] = 2*x[i]", "i-1] = 2*x[i-1]"):
        assert f"d2V_dx2[i,{line} for i in 2..n\n" in out
