"""Recurrences whose members of a time are others from time to time: conditions within, in every order of their
indices, against the same with a row of its own for every member."""

from __future__ import annotations

import random

import pytest

from backprop.loops.worth import read_model
from backprop.source import Source
from looped import text_agrees


def text_of(chance: random.Random) -> str:
    """`d[t,j,p]` from `d[t-1,…]`, in one statement where a condition holds and in others elsewhere."""
    times, wide = chance.choice([4, 7, 11]), chance.choice([1, 2, 3])
    ranges = {"t": f"1..{times}", "j": f"1..{wide}", "p": "1..3"}
    if chance.random() < 0.3:
        ranges["p"] = "3..1..-1"
    words = [*ranges]
    chance.shuffle(words)
    clauses = ", ".join(f"{word} in {ranges[word]}" for word in words)
    condition = chance.choice(
        ["clamp(t,1,3) == p", "mod(t,3) + 1 == p", "mod(t + j,3) + 1 == p", "p <= clamp(t,1,2)",
         "clamp(t,1,3) == p and j == 1", "j <= 2"]
    )  # fmt: skip
    inner = chance.choice(
        [f"sum(k[q]*d[t-1,q,p] for q in 1..{wide})", "d[t-1,j,p]", "sum(d[t-1,j,r]*k[r] for r in 1..3)",
         f"max(d[t-1,q,p] for q in 1..{wide})", f"sum(k[q]*d[t-1,q,r]*k[p] for q in 1..{wide}, r in 1..3)"]
    )  # fmt: skip
    one = f"d[t,j,p] = 0.5*({inner} + k[p]) for {clauses} if {condition}"
    other = f"d[t,j,p] = 0.3*{inner}*k[clamp(t,1,3)] for {clauses} if not ({condition})"
    lines = [
        "k[i] = 0.3*i - 0.5 for i in 1..3",
        f"d[0,j,p] = 0.1*j*p for j in 1..{wide}, p in 1..3",
        one,
        other,
        f"L = sum(d[{times},j,p]^2*k[p] for j in 1..{wide}, p in 1..3)",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "number", [*range(80), *(pytest.param(at, marks=pytest.mark.whole) for at in range(80, 300))]
)
@pytest.mark.parametrize("steps", [8, 0])
@pytest.mark.one_in(2)
def test_every_member_is_that_of_its_own_steps(
    number: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_agrees(monkeypatch, text_of(random.Random(number)), "L", steps)


def test_that_there_are_loops_among_them() -> None:
    count = 0
    for number in range(60):
        text = text_of(random.Random(number))
        count += bool(read_model(Source("<text>", text), many=0).loops)
    assert count > 30
