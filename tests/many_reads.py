"""Texts whose members are read by very many, and the terms of their derivatives, which are exact doubles.

Every text has an output L that is linear in the members: a derivative is the sum of the weights with which the
member is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

Terms = dict[str, list[float]]
"""Of each member the terms of the derivative by it."""

Text = tuple[str, Terms]


class Weight(NamedTuple):
    """A number that depends on another one, n: as a text, and as a function that rounds in the same way."""

    text: str
    of: Callable[[int], float]

    def at(self, index: str) -> str:
        return self.text.replace("n", f"({index})")


WEIGHTS = {
    "equal": Weight("0.1", lambda n: 0.1),
    "positive": Weight("0.1*(1 + mod(7*n, 11))", lambda n: 0.1 * (1 + 7 * n % 11)),
    "alternating": Weight(
        "0.1*(1 - 2*mod(n, 2))*(3 + mod(5*n, 7))",
        lambda n: 0.1 * (1 - 2 * (n % 2)) * (3 + 5 * n % 7),
    ),
    "of all sizes": Weight(
        "0.1*(mod(n^2, 13) - 5)*2^(mod(3*n, 23) - 11)",
        lambda n: 0.1 * (n * n % 13 - 5) * 2.0 ** (3 * n % 23 - 11),
    ),
}


class Members(NamedTuple):
    """A family `s` of so many members from `first` on, which are inputs, or twice as large as inputs."""

    many: int
    computed: bool = False
    first: int = 1

    @property
    def text(self) -> str:
        of = f"for k in {self.first}..{self.first + self.many - 1}"
        if self.computed:
            return f"z[k] = 0.1*k {of}; s[k] = 2*z[k] {of}"
        return f"s[k] = 0.1*k {of}"

    def terms(self, reads: list[tuple[int, float]]) -> Terms:
        """Of what is read with which weights."""
        name, factor = ("z", 2) if self.computed else ("s", 1)
        found: Terms = {}
        for at, weight in reads:
            found.setdefault(f"{name}[{at}]", []).append(factor * weight)
        return found


def scalar(family: bool, w: Weight, side: int) -> Text:
    n = side * side
    terms = {"s": [w.of(i) for i in range(1, n + 1)]}
    if family:
        return f"s = 0.3; g[i] = {w.at('i')}*s for i in 1..{n}; L = sum(g[*])", terms
    return f"s = 0.3; L = sum({w.at('i')}*s for i in 1..{n})", terms


def table(members: Members, w: Weight, side: int) -> Text:
    n, k = side * side, members.many
    text = (
        f"{members.text}; const c[i] = mod(i*i, {k}) + 1 for i in 1..{n}; "
        f"L = sum({w.at('i')}*s[c[i]] for i in 1..{n})"
    )
    return text, members.terms([(i * i % k + 1, w.of(i)) for i in range(1, n + 1)])


def inner_table(rows: int, w: Weight, side: int) -> Text:
    members, m = Members(5), side * side // rows
    text = (
        f"{members.text}; const c[j] = mod(j*j, 5) + 1 for j in 1..{m}; "
        f"L = sum({w.at(f'i*{m} + j')}*s[c[j]] for i in 1..{rows}, j in 1..{m})"
    )
    reads = [(j * j % 5 + 1, w.of(i * m + j)) for i in range(1, rows + 1) for j in range(1, m + 1)]
    return text, members.terms(reads)


def nest(order: str, members: Members, family: bool, w: Weight, side: int) -> Text:
    """order: of the loops over i and j, and over the members, t."""
    sizes = {"t": members.many, "i": side, "j": side}
    loops = ", ".join(f"{name} in 1..{sizes[name]}" for name in order)
    body = f"{w.at(f'i*{side} + j')}*s[t]"
    reads = [
        (t, w.of(i * side + j))
        for t in range(1, members.many + 1)
        for i in range(1, side + 1)
        for j in range(1, side + 1)
    ]
    if family:
        text = f"{members.text}; g[{','.join(order)}] = {body} for {loops}; L = sum(g[*,*,*])"
    else:
        text = f"{members.text}; L = sum({body} for {loops})"
    return text, members.terms(reads)


def offsets(first: int, computed: bool, w: Weight, side: int) -> Text:
    """Rows, and what is added to their number: 1, or `first`, of one to the other."""
    n, m = (first * side, side) if first > 0 else (side, -first * side)
    members = Members(n + m - 1, computed, 2)
    text = f"{members.text}; L = sum({w.at(f'i*{m} + j')}*s[i+j] for i in 1..{n}, j in 1..{m})"
    reads = [(i + j, w.of(i * m + j)) for i in range(1, n + 1) for j in range(1, m + 1)]
    return text, members.terms(reads)


def triangle(index: str, w: Weight, side: int) -> Text:
    n = 2 * side
    members = Members(n)
    text = f"{members.text}; L = sum({w.at('i + 3*j')}*s[{index}] for i in 1..{n}, j in 1..i)"
    at = {"i": lambda i, j: i, "j": lambda i, j: j, "i-j+1": lambda i, j: i - j + 1}[index]
    reads = [(at(i, j), w.of(i + 3 * j)) for i in range(1, n + 1) for j in range(1, i + 1)]
    return text, members.terms(reads)


def steps(of: str, w: Weight, side: int) -> Text:
    """A recurrence in which all times read a number, or one from a table, or its first member."""
    n = side * side
    weights = [w.of(t) for t in range(n)]
    times = f"for t in 0..{n - 1}"
    text = f"a = 0.3; x[0] = 0; x[t+1] = x[t] + {w.at('t')}*a {times}; L = x[{n}]"
    if of == "number":
        return text, {"a": weights}
    if of == "number of two":
        text = text.replace("*a for", "*a + y[t] for")
        return f"{text}; y[0] = 0; y[t+1] = 0.1*a {times}", {"a": weights + [0.1] * (n - 1)}
    if of == "first member":
        text = text.replace("a = 0.3; x[0] = 0", "x[0] = 0.3").replace("*a", "*x[0]")
        return text, {"x[0]": [1.0, *weights]}
    members = Members(5)
    text = text.replace("a = 0.3", members.text).replace("*a", "*s[c[t]]")
    reads = [(t * t % 5 + 1, weight) for t, weight in enumerate(weights)]
    return f"{text}; const c[t] = mod(t*t, 5) + 1 {times}", members.terms(reads)


def rows_in_time(rows: int, of: str, w: Weight, side: int) -> Text:
    """Recurrences of several rows that read a number, or one for each row, or one for each of three."""
    n = side * side // rows
    weights = {(i, t): w.of(t * rows + i) for i in range(1, rows + 1) for t in range(n)}
    read = {"number": "a", "own": "s[i]", "three": "(s[1] + s[2] + s[3])"}[of]
    members = Members(rows if of == "own" else 3)
    text = (
        f"{'a = 0.3' if of == 'number' else members.text}; x[i,0] = 0 for i in 1..{rows}; "
        f"x[i,t+1] = x[i,t] + {w.at(f't*{rows} + i')}*{read} for i in 1..{rows}, t in 0..{n - 1}; "
        f"L = sum(x[i,{n}] for i in 1..{rows})"
    )
    if of == "number":
        return text, {"a": [*weights.values()]}
    if of == "own":
        return text, members.terms([(i, weight) for (i, _), weight in weights.items()])
    return text, members.terms([(k, each) for k in (1, 2, 3) for each in weights.values()])


def hot(rows: int, w: Weight, side: int) -> Text:
    """Of a large family one member is read at every second time, and each other one once."""
    n = side * side
    members = Members(n)
    text = (
        f"{members.text}; const c[t] = 1 + mod(t, 2)*t for t in 0..{n - 1}; "
        f"x[i,0] = 0 for i in 1..{rows}; "
        f"x[i,t+1] = x[i,t] + {w.at(f't*{rows} + i')}*s[c[t]] for i in 1..{rows}, t in 0..{n - 1}; "
        f"L = sum(x[i,{n}] for i in 1..{rows})"
    )
    reads = [(1 + t % 2 * t, w.of(t * rows + i)) for t in range(n) for i in range(1, rows + 1)]
    return text, members.terms(reads)


def layers(times: int, w: Weight, side: int) -> Text:
    """All members of a time are read by all of the next one. Later weights are 1 or 0."""
    m = 2 * side
    weight = w.at(f"j*{m} + k")
    if times > 1:
        weight = f"if(t == 0, {weight}, if(j == k, 1, 0))"
    text = (
        f"h[0,k] = 0.1*k for k in 1..{m}; "
        f"h[t+1,j] = sum({weight}*h[t,k] for k in 1..{m}) for t in 0..{times - 1}, j in 1..{m}; "
        f"L = sum(h[{times},j] for j in 1..{m})"
    )
    return text, {f"h[0,{k}]": [w.of(j * m + k) for j in range(1, m + 1)] for k in range(1, m + 1)}


def sums(own: bool, rows: int, w: Weight, side: int) -> Text:
    """Rows that are sums, of what they all read, or of what each has for itself."""
    m = side * side // rows
    members = Members(rows if own else m)
    text = (
        f"{members.text}; h[j] = sum({w.at(f'j*{m} + k')}*s[{'j' if own else 'k'}] for k in 1..{m}) "
        f"for j in 1..{rows}; L = sum(h[*])"
    )
    reads = [
        (j if own else k, w.of(j * m + k)) for j in range(1, rows + 1) for k in range(1, m + 1)
    ]
    return text, members.terms(reads)


TEXTS: dict[str, Callable[[Weight, int], Text]] = {
    **{f"one of many in {rows} rows": partial(hot, rows) for rows in (1, 3)},
    **{f"scalar, {'family' if each else 'sum'}": partial(scalar, each) for each in (False, True)},
    **{f"table of {many}": partial(table, Members(many)) for many in (2, 7, 40)},
    "table of computed members": partial(table, Members(5, True)),
    **{f"inner table in {rows} rows": partial(inner_table, rows) for rows in (5, 50)},
    **{
        f"nest {order}, {many}{', computed' * computed}{', family' * family}": partial(
            nest, order, Members(many, computed), family
        )
        for order in ("tij", "itj", "ijt")
        for many in (3, 20)
        for computed in (False, True)
        for family in (False, True)
    },
    **{
        f"offsets {first}{', computed' * computed}": partial(offsets, first, computed)
        for first in (3, -3)
        for computed in (False, True)
    },
    **{f"triangle, {index}": partial(triangle, index) for index in ("i", "j", "i-j+1")},
    **{
        f"recurrence, {of}": partial(steps, of)
        for of in ("number", "number of two", "first member", "table")
    },
    **{
        f"{rows} rows in time, {of}": partial(rows_in_time, rows, of)
        for rows in (3, 20, 100)
        for of in ("number", "own", "three")
    },
    **{f"layers, {times}": partial(layers, times) for times in (1, 3)},
    **{
        f"sums in {rows} rows{', own' * own}": partial(sums, own, rows)
        for rows in (10, 100)
        for own in (False, True)
    },
}
"""Each by a weight, and a side: members are read up to about its square times."""
