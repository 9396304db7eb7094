"""Random texts of recurrences, one through another, with second and third derivatives by few or all of their
members."""

from __future__ import annotations

import random

FUNCTIONS = ["sin({})", "tanh({})", "exp(-({})^2)", "0.5*({})^2", "{}"]
LOSSES = ["{}*{}", "{} + {}", "{}*{}*{}", "{}*{} + {}", "({})^2", "sqrt(1 + ({})^2)"]


def nested_text(chance: random.Random) -> str:
    """Names: w, x and y by time, the states s and maybe r; L, which they lead to; its derivatives g and maybe e,
    and Z, made of these."""
    n = chance.choice([3, 4, 5, 6, 7, 9])
    lines = [
        f"w = 0.7; n = {n}",
        "x[i] = sin(i) for i in 0..n",
        "y[i] = cos(2*i) for i in 0..n",
    ]
    recurrence, states = _recurrence(chance)
    lines += recurrence

    def state(at: str) -> str:
        return chance.choice(states).format(at)

    def term() -> str:
        return chance.choice(
            [
                f"sum({state('i')}{chance.choice(['', '*x[i]', '^2', '*y[i]'])} for i in 1..n)",
                state(chance.choice(["n", "1", "2", "n-1"])),
                f"sin({state(chance.choice(['n', 'n-1', '2']))})",
                f"sum(({state('i')} - y[i])^2 for i in 1..n)",
                f"sum({state('i')}*{state('i-1')} for i in 2..n)",
                f"sum({state('i')} for i in 1..n)^2",
            ]
        )

    def by() -> str:
        return chance.choice(["x[i]", "x[i-1]", state("i"), state("i-1"), "w", "x[1]", "x[i]"])

    lines.append("L = " + chance.choice(LOSSES).format(term(), term(), term()))
    first, last = chance.choice([("3", "n"), ("2", "n"), ("n-1", "n"), ("2", "3")])
    inner = f"derivative(derivative(L, {by()}), {by()})"
    if chance.random() < 0.4:
        lines.append(f"h[i] = derivative(L, {chance.choice(['x[i]', state('i')])}) for i in 1..n")
        inner = (
            f"derivative({chance.choice(['h[i]', 'h[i]^2', 'h[i]*x[i]', 'h[i-1] + h[i]'])}, {by()})"
        )
    lines.append(f"g[i] = {inner} for i in {first}..{last}")
    total = "g[i]"
    if chance.random() < 0.75:
        lines.append(f"e[i] = derivative(g[i], {by()}) for i in {first}..{last}")
        total = "g[i] + e[i]^2"
    lines.append(f"Z = sum({total} for i in {first}..{last})")
    return "\n".join(lines)


def _recurrence(chance: random.Random) -> tuple[list[str], list[str]]:
    """The lines of one or two recurrences, and what their members are called at a time."""
    one, other = (chance.choice(FUNCTIONS) for _ in range(2))
    begin = "s[0] = 0.4; r[0] = 0.3"
    match chance.choice(["one", "one", "nest", "nest", "order", "vector", "back", "both"]):
        case "one":
            of = chance.choice(["w*s[i-1] + x[i]", "s[i-1]*x[i]", "s[i-1] + w*x[i]^2"])
            return ["s[0] = 0.4", f"s[i] = {one.format(of)} for i in 1..n"], ["s[{}]"]
        case "nest":
            inner = other.format(chance.choice(["w*r[i-1] + x[i]", "r[i-1]*x[i]"]))
            of = chance.choice(["s[i-1]*r[i]", "w*s[i-1] + r[i]", "s[i-1] + r[i-1]*y[i]"])
            lines = [
                begin,
                f"r[i] = {inner} for i in 1..n",
                f"s[i] = {one.format(of)} for i in 1..n",
            ]
            return lines, ["s[{}]", "r[{}]"]
        case "order":
            of = one.format("w*s[i-1] + 0.4*s[i-2] + x[i]")
            return ["s[0] = 0.4; s[1] = w*x[1]", f"s[i] = {of} for i in 2..n"], ["s[{}]"]
        case "vector":
            of = one.format("sum(u[q]*s[i-1,q] for q in 1..2) + u[k]*x[i]")
            begins = ["s[0,k] = 0.2*k for k in 1..2", "u[k] = 0.4*k - 0.5 for k in 1..2"]
            return [*begins, f"s[i,k] = {of} for i in 1..n, k in 1..2"], ["s[{},1]", "s[{},2]"]
        case "back":
            return ["s[n+1] = 0.4", f"s[i] = {one.format('w*s[i+1] + x[i]')} for i in 1..n"], [
                "s[{}]"
            ]
    lines = ["r[i] = w*r[i-1] - s[i-1]*x[i] for i in 1..n"]
    lines.append(f"s[i] = {one.format('s[i-1] + 0.3*r[i]')} for i in 1..n")
    return [begin, *lines], ["s[{}]", "r[{}]"]
