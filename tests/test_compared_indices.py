"""Comparisons of the same two things are one, which holds where all of them do."""

from __future__ import annotations

from itertools import product

import pytest

from backprop.algebra.formula import Call, Symbol
from backprop.symbolic.compared_indices import decided, joined
from backprop.syntax.functions import evaluated
from backprop.syntax.parser import formula
from running import backprop

NAMES = ["<", "<=", "==", ">=", ">", "!="]
SIDES = [(Symbol("i"), Symbol("p")), (Symbol("p"), Symbol("i"))]
POINTS = [{"i": 1.0, "p": 1.0}, {"i": 1.0, "p": 2.0}, {"i": 2.0, "p": 1.0}]


def holds(found: Call) -> list[bool]:
    return [bool(evaluated(formula(found.text()), point)) for point in POINTS]


@pytest.mark.parametrize("one", NAMES)
def test_two_comparisons_say_what_both_say(one: str) -> None:
    for other, (first, second) in product(NAMES, product(SIDES, SIDES)):
        parts = [Call(one, first), Call(other, second)]
        both = [all(each) for each in zip(*map(holds, parts), strict=True)]
        found = [holds(each) for each in joined(parts) if isinstance(each, Call)]
        assert [all(each) for each in zip(*found, strict=True)] == both
        if any(both):
            assert len(found) == 1
        known = decided(parts[1], parts[:1])
        among = {own for given, own in zip(holds(parts[0]), holds(parts[1]), strict=True) if given}
        assert known is (among.pop() if len(among) == 1 else None)


def test_others_stay() -> None:
    parts = [Call("<", SIDES[0]), Call("!=", (Symbol("i"), Symbol("k"))), Symbol("c")]
    assert joined(parts) == parts


def test_forces_have_one_condition_for_each_side() -> None:
    """Of pairs i < j the second derivatives by two others are written once for each order of these."""
    text = "n=3; x[i]=1.1*i for i in 1..n; V=sum((x[j]-x[i])^4 for i in 1..n, j in 1..n if j>i); "
    text += "F[i]=-derivative(V,x[i]) for i in 1..n"
    found = backprop("diff", "-e", text, "--of", "F[*]").out
    assert "if p > i\n" in found
    assert "if p < i\n" in found
    assert "!=" not in found
