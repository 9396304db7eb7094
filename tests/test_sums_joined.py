"""Sums over neighbouring ranges in derivatives are one sum, where they have the same terms, and only there."""

from __future__ import annotations

import pytest

import backprop as library
from backprop.indexed_derivatives import DiffRequest, with_indices
from derived_again import compare_families

N = "n=9; a=0.7; w[i]=sin(i+1) for i in 0..n-1; "


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (N + "y[i]=a*w[i]^2 for i in 0..2; y[3]=a*w[3]^2; y[i]=a*w[i]^2 for i in 4..n-1; L=sum(y[i]^2 for i in 0..n-1)", "dL_da = sum(w[i]^2*dL_dy[i] for i in 0..n-1)"),
        (N + "y[0]=a*w[0]^2; y[i]=a*w[i]^2 for i in 1..n-1; L=sum(y[i]^3 for i in 0..n-1)", "dL_da = sum(w[i]^2*dL_dy[i] for i in 0..n-1)"),
        (N + "y[i]=a*w[i]^2 for i in 4..n-1; y[i]=a*w[i]^2 for i in 0..3; L=sum(y[i]^3 for i in 0..n-1)", "dL_da = sum(w[i]^2*dL_dy[i] for i in 0..n-1)"),
        (N + "L=2*sum(a*w[i]^2 for i in 0..2) + 2*a*w[3]^2 + 2*sum(a*w[k]^2 for k in 4..n-1)", "dL_da = 2*sum(w[i]^2 for i in 0..n-1)"),
        ("n=6; m=5; a=0.7; w[i,j]=i+j for i in 1..n, j in 1..m; y[i,j]=a*w[i,j]^2 for i in 1..n, j in 1..2; y[i,j]=a*w[i,j]^2 for i in 1..n, j in 3..m; L=sum(y[i,j]^2 for i in 1..n, j in 1..m)",
         "dL_da = sum(w[i,j]^2*dL_dy[i,j] for i in 1..n, j in 1..m)"),
        # others stay apart: a member left out, another number, another power, a range that overlaps
        (N + "L=sum(a*w[i]^2 for i in 0..2) + sum(a*w[i]^2 for i in 4..n-1)", "dL_da = sum(w[i]^2 for i in 0..2) + sum(w[i]^2 for i in 4..n-1)"),
        (N + "L=sum(a*w[i]^2 for i in 0..2) + 3*sum(a*w[i]^2 for i in 3..n-1)", "dL_da = sum(w[i]^2 for i in 0..2) + 3*sum(w[i]^2 for i in 3..n-1)"),
        (N + "L=sum(a*w[i]^2 for i in 0..2) + sum(a*w[i]^3 for i in 3..n-1)", "dL_da = sum(w[i]^2 for i in 0..2) + sum(w[i]^3 for i in 3..n-1)"),
        (N + "L=sum(a*w[i]^2 for i in 0..3) + sum(a*w[i]^2 for i in 3..n-1)", "dL_da = sum(w[i]^2 for i in 0..3) + sum(w[i]^2 for i in 3..n-1)"),
    ],
)  # fmt: skip
def test_sums_that_go_on_are_one(text: str, line: str) -> None:
    found = with_indices(library.parse(text), {}, ["L"], DiffRequest())
    assert found is not None
    assert line in {each.line for each in found.equations}
    assert compare_families(text, {}, found, "L")
