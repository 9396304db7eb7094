"""What is wrong with a member is said in the same words where its equation is a loop, and with its
indices."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from backprop import inputs
from backprop.language import Model
from backprop.loops import loop_model, sequence, worth
from backprop.loops.worth import MOST_VALUES, read_model, silent
from backprop.source import Source
from indexed_mistakes import random_mistake
from running import Ran, backprop

GROUPS = 8


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a command says of a text that is read as loops, and of the same one unrolled; and whether it
    was read as loops."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)
    many, looped = 0.0, False

    def read(source: Source, seed: int = 0, most: int = MOST_VALUES, *more: Any) -> Model:
        nonlocal looped
        model = read_model(source, seed, most, many, silent, *more[2:])
        looped = looped or bool(model.loops)
        return model

    monkeypatch.setattr(inputs, "read_model", read)

    def run(*arguments: str) -> tuple[Ran, Ran, bool]:
        nonlocal many, looped
        many, looped = 0.0, False
        found, as_loops = backprop(*arguments), looped
        many = inf
        return found, backprop(*arguments), as_loops

    return run


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_mistakes_are_told_as_of_unrolled_texts(
    both: Any, group: int, request: pytest.FixtureRequest
) -> None:
    texts = 400 if request.config.getoption("--whole") else 20
    command = ("descend", "--steps", "2") if group == 7 else ("check",) if group == 6 else ("grad",)
    loops = said = 0
    for number in range(group * texts, (group + 1) * texts):
        found, right, looped = both(*command, "-e", random_mistake(number))
        assert (found.status, found.err) == (right.status, right.err), number
        loops += looped
        said += bool(right.err)
    assert loops > texts / 4  # others need every step to say what is wrong
    assert said > texts / 2


@pytest.mark.parametrize(
    ("formula", "member", "message"),
    [
        ("log(i - 5)", "y[1]", "log(i - 5) has no value at i - 5 = -4"),
        ("sqrt(2 - i)*x[i]", "y[3]", "sqrt(2 - i) has no value at 2 - i = -1"),
        ("2/(i - 3)", "y[3]", "2/(i - 3) has no value at i - 3 = 0"),
        ("1 + sum(1/(i - 2*j) for j in 1..2)", "y[2]", "1/(i - 2*j) has no value at i - 2*j = 0"),
        ("norm(w[i,*])/(i - 4)", "y[4]", "norm(w[i,*])/(i - 4) has no value at norm(w[i,*]) = 2.236067977, i - 4 = 0"),
        ("f(i - 3)", "y[1]", "log(u) has no value at i - 3 = -2"),
        ("exp(500*i)", "y[2]", "exp(500*i) overflows at 500*i = 1000, i = 2: it is beyond 1.8e308"),
    ],
)  # fmt: skip
def test_the_member_is_named(both: Any, formula: str, member: str, message: str) -> None:
    text = (
        f"f(u) = log(u); x[i] = i/10 for i in 1..5; w[i,j] = i + j for i in 1..5, j in -3..-2; "
        f"L = sum(y[*]) + sum(x[*]) + sum(w[*,*]); y[i] = {formula} for i in 1..5"
    )
    found, right, _ = both("grad", "-e", text)
    assert found.err == right.err
    assert f"error: in {member}: {message}" in found.err


SIZED = """n = 4; m = 2*n
const c[i] = mod(i,3) + 1 for i in 1..n
const d[i,j] = mod(i+j,2) + 1 for i in 1..2, j in 1..2
x[i] = 0.5*i in 0..50 for i in 1..m
y[i] = x[c[i]]*i + x[d[c[i]-mod(c[i],2),1]+1] for i in 1..n if c[i] > 1
s = 2; q = 1 in 0..s; z[i] ~ uniform(0, s) for i in 1..n
L = sum(y[*]) + sum(z[i] for i in s..n..2) + q*x[m]
minimize L
"""
"""Sizes, tables, bounds and draws that may be given from outside."""


@pytest.mark.parametrize("command", ["grad", "descend --steps 1 --lr 1e-4 --save -", "hessian"])
def test_what_is_given_does_the_same_in_loops(both: Any, command: str) -> None:
    """And where it is a single number, what the text does that says so itself."""
    good = """n=3 n=5 n=2 n=3,c=2 c=2 c[*]=3 c[1]=0 d=2 d[1,*]=2 d[*,1]=1 d[2,2]=2 s=1 s=3 q=2 s=3,q=3 x=1
        n=5,x[9]=1 *=1 z=0.1 z[*]=0.1,n=3 c[1..]=2 c[..2]=2 n=4,c[4]=3,c[1..2]=3""".split()
    bad = """n=0 n=-1 n=2.5 n=1 c[2]=9 c[2]=1.5 c[9]=1 c[*,*]=1 d[3,1]=1 s=-1 s=0.5 s=2.5 q=3 x[9]=1
        x[1..9]=1 m=3 n=1e18 n=1e300 L=2 c=-1 x[*]=60 n=pi c=2,c=3""".split()
    verb, *more = command.split()
    for given in good + bad:
        found, right, looped = both(verb, "-e", SIZED, "--set", given, *more)
        assert found == right, given
        assert (found.status == 0) == (given in good), given
        assert looped or given in bad, given
    for given in ("n = 3", "n = 5", "s = 3"):
        name = given[0]
        (changed,) = (SIZED.replace(old, given) for old in ("n = 4", "s = 2") if old[0] == name)
        found, _, _ = both("grad", "-e", SIZED, "--set", given, "--only", "L, z[*], y[*]")
        assert found.out == both("grad", "-e", changed, "--only", "L, z[*], y[*]")[0].out


LATE = {
    "y[i] = x[i+1]^2 for i in 1..n": "in y[{n}] (i = {n}): x[{n1}] is not defined; x has the indices 1..{n}",
    "y[i] = sum(x[i+j] for j in 0..2) for i in 1..n-1": "in y[{n0}] (i = {n0}): x[{n1}] is not defined; x has the indices 1..{n}",
    "y[1] = sum(x[i+1] for i in 1..n)": "x[{n1}] is not defined; x has the indices 1..{n}",
    "y[i] = x[i/2] for i in 2..n..2; y[1] = max(x[i/2] for i in 4..n)": "this is 2.5, no whole number",
    "const c[i] = i - (i-1)*(i == {h}) + (i == {h})/2 for i in 1..n; y[i] = x[c[i]] for i in 1..n": "in y[{h}] (i = {h}): c[{h}] is 1.5, no whole number",
    "const c[i] = i + (i == n) for i in 1..n; y[i] = x[c[i]] for i in 1..n": "in y[{n}] (i = {n}): x[{n1}] is not defined; x has the indices 1..{n}",
    "y[i] = x[i] for i in 1..n; y[{h}] = 2": "'y[{h}]' is defined twice",
    "y[i] = x[i] for i in 1..{h}; y[i] = x[i] for i in {h}..n": "in y[{h}] (i = {h}): 'y[{h}]' is defined twice",
    "y[mod(i, {h})] = x[i] for i in 1..n": "in y[1] (i = {h1}): 'y[1]' is defined twice",
    "y[i] = y[if(i == {h}, i, i - 1)] + 1 for i in 2..n; y[1] = 1": "'y[{h}]' is defined by itself",
    "y[i] = z[i] + 1 for i in 1..n; z[i] = 2*y[i] for i in 1..n": "'y[1]' is defined by itself: y[1] → z[1] → y[1]",
    "y[i] = x for i in 1..n": "in y[1] (i = 1): 'x' has members, and this is none of them",
    "y[i] = i in 0..{h} for i in 1..n": "in y[{h1}] (i = {h1}): y[{h1}] = {h1} lies outside its bounds 0..{h}",
    "y[i] ~ uniform(0, {h} - i) for i in n..1..-1": "in y[{n}] (i = {n}): uniform(0, ",
}  # fmt: skip
"""Statements of many members with one that is wrong, and what is said of it."""


@pytest.mark.parametrize("statements", LATE)
def test_late_mistakes_of_large_texts_are_found_and_told_as_of_small_ones(
    monkeypatch: pytest.MonkeyPatch, statements: str
) -> None:
    """Nothing is unrolled to find them."""

    def error(n: int) -> str:
        h = n * 2 // 3
        numbers = {"{h}": h, "{h1}": h + 1, "{n}": n, "{n1}": n + 1, "{n0}": n - 1}
        text, said = f"n = {n}\nx[i] = i for i in 1..n\n{statements}\nL = y[1]", LATE[statements]
        for key, number in numbers.items():
            text, said = text.replace(key, str(number)), said.replace(key, str(number))
        found = backprop("grad", "-e", text)
        assert said in found.err
        return found.err

    small = error(30)

    def unrolled(*_: object) -> None:
        raise AssertionError("unrolled")

    monkeypatch.setattr(worth, "unrolled", unrolled)
    assert error(300_000).count("error:") == small.count("error:")
