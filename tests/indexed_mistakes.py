"""Random indexed texts with mistakes: at some member a step has no value, an index names no member, …

`random_mistake(number)` is the same text for the same number.
"""

from __future__ import annotations

import random

_STEPS = (
    "log({x} - {c})", "sqrt({x} - {c})", "1/({x} - {y})", "asin({c}*{x})", "acos(3 - {x})", "atanh({x})",
    "({x} - {c})^0.5", "gamma(1 - {i})", "exp(200*{i}*{x})", "mod({x}, {i} - 3)", "clamp({x}, 3, {i})",
    "log({i} - {k})", "log({i} - {k})*{x}", "1/({i} - {k})", "1/({i} - {k}) + {x}", "log1p(-{x})", "acosh({x})",
    "{x}/({i} - {k})", "sum(log({x} - j/4) for j in 1..{k})", "sum(1/(j - {k}) for j in 1..5)*{x}",
    "prod(sqrt({x} - j/9) for j in 1..{k})", "max(log({x} - j) for j in 1..3)", "f({x} - {c})", "g({i} - {k})",
    "norm(w[{i},*])/({i} - {k})", "logsumexp(800*w[{i},*])*exp(710 + {i})", "mean(1/(w[{i},j] - 0.5) for j in 1..3)",
    "erfinv({x})", "polygamma({i} - {k}, {x})", "lgamma({i} - {k})", "{x}^(400*{i})*10^300", "tan({x})/(0*{x})",
    "if({x} > {c}, log({x} - 1), {x})", "if({i} > {k}, 1/(sin({x}) - sin({x})), 2*{x})", "-1e308*{i}*{x}",
)  # fmt: skip
"""Formulas that have no value for some members."""

_READS = (
    "{x} + x[{i}+1]", "x[{i}-1]*{x}", "x[2*{i}]", "x[{i}/2]", "x[{i}*0.5]", "w[{i},{k}]", "w[{i},{i}]", "h[{i}]*{x}",
    "x[t[{i}]]", "x[s[{i}]]*{x}", "x[r[{i}]]", "x[mod({i}, {i} - {k})]", "x[floor(6/({i} - {k}))]", "x[sqrt({i})]",
    "x[{i}^2]", "x[x[{i}]]", "x[u]", "x[n + {i}]", "x[{i} - {k}]", "sum(x[j] for j in {i}..n+1)", "x", "w[{i}]", "x[{i},1]",
    "sum(h[j] for j in 1..n)", "sum(w[{i},j] for j in 1..{k}+1)", "dot(x[*], w[{i},*])", "norm(h[*])*{x}", "sum(x[*,*])",
    "softmax(x[*], {i} - {k})", "softmax(w[{i},*], {k})", "mean(x[j] for j in {i}..{k})", "max(x[j] for j in 1..{i}-1)",
    "min(x[j] for j in 5..1)", "sum(x[j] for j in 5..1) + {x}", "logsumexp(x[j] for j in {i}+1..n)", "x[99999999999*{i}]",
    "sum(x[j] for j in 1..{i}/2)", "sum(x[j] for j in 1..x[1])", "sum(x[j] for j in 1..u)", "prod(x[j] for j in 1..n if j > u)",
    "sum(x[j] for j in 1..n if x[j] > 0)", "sum(x[j] for j in 1..n if mod(j, {i} - {k}) == 0)", "max(x[j] for j in 1..n if j > n)",
    "sum(j*{x} for j in 1..n..0)", "sum(x[j] for j in n..1)", "sum(x[j] for j in 1..n, i in 1..2)", "sum(x[j] for j in [])",
    "q[{i}]*{x}", "q*{x}", "q[1]*{x}", "sin({x}, 2)", "blah({x})", "f(x[*])", "d(x[*])", "d({x})", "d(w[*,*])", "d(w[{i},*])*{x}",
    "sum({x})", "mean(x)", "norm({x})", "atan2({x})", "x[clamp({i}, 0, n)]", "x[max({i} - {k}, 0)]", "x[min({i}, {k}) + n - 2]",
)  # fmt: skip
"""Formulas that ask for members, some of which there are not."""

_STATEMENTS = (
    "x[{k}] = 2", "x[{i}] = 3*{i} for {i} in {k}..n", "z[{i}] = z[{i}] + 1 for {i} in 1..n", "p[{i}] = o[{i}] + x[{i}] for {i} in 1..n; o[{i}] = p[{i}] for {i} in 1..n",
    "p[{i}] = p[{i}+1] + 1 for {i} in 1..n", "p[{i}] = 1 + p[{i}-1] for {i} in 1..n", "p[0] = 0.9; p[{i}] = log(p[{i}-1]) for {i} in 1..n",
    "p[0] = 2; p[{i}] = p[{i}-1]^9 for {i} in 1..n", "p[0] = 2; p[{i}] = 1/(p[{i}-1] - 1.5) for {i} in 1..n; o[{i}] = sqrt(1 - p[{i}]) for {i} in 0..n",
    "p[0] = 1; p[{i}+1] = p[{i}]*o[{i}] for {i} in 0..n-1; o[{i}] = log(p[{i}] - {i}/3) for {i} in 0..n",
    "p[0,j] = j for j in 1..3; p[{i},j] = sqrt(p[{i}-1,j] - 0.6) for {i} in 1..n, j in 1..3", "p[{i}] ~ uniform({i}, {k}) for {i} in 1..n",
    "p[{i}] ~ normal(0, {k} - {i}) for {i} in 1..n", "p[{i}] ~ uniform(0, x[1]) for {i} in 1..n", "p[{i}] = {i} in 0..{k} for {i} in 1..n",
    "p[{i}] = {i} in {k}..{i}-1 for {i} in 1..n", "p[{i}] = {i} ± {k} - {i} for {i} in 1..n", "p[{i}] = {i} ± (2 - {i}) for {i} in 1..n",
    "const p[{i}] = x[{i}] for {i} in 1..n", "const p[{i}] = log({i} - {k}) for {i} in 1..n", "p[{i}] = x[{i}] for {i} in 1..n..{k}-3",
    "p[{i}/2] = x[{i}] for {i} in 1..n", "p[2*{i}, {i}] = x[{i}] for {i} in 1..n; p[{i},1] = 2 for {i} in 2..4", "p[{i}*{i} - {i}] = x[{i}] for {i} in -1..n",
    "p[t[{i}]] = {i} for {i} in 1..n", "p[{i}] = x[{i}] for {i} in 1..n, {i} in 1..2", "p[{i}] = x[{i}] for {j} in 1..n", "p = x[{i}] for {i} in 1..n",
    "p[{i}] = x[{i}] for {i} in 1..m", "m = n/2; p[{i}] = x[{i}] for {i} in 1..m", "m = x[1]; p[{i}] = x[{i}] for {i} in 1..m", "p[{i}] = 1 for {i} in n..1",
    "p[{i}] = 1 for {i} in 9..1", "minimize x", "minimize q", "output x[{k}0]", "const q, x", "const q[{i}]", "a[{i}] = {i}/(3 - {k}) for {i} in 1..n; p[{i}] = x[a[{i}]] for {i} in 1..n",
    "p[{i}] = {i} for {i} in 1..n if {i} > x[1]", "p[{i}] = {i} for {i} in 1..n if mod({i}, {i} - {k}) == 0", "p[{i}] = {i} for {i} in 1..n if {i} > 1/0", "p[1.5] = 3",
    "p[{i}] = x[{i}] for {i} in 0..n", "p[{i}] = h[{i}]*x[{i}] for {i} in 1..n if {i} != {k}", "d(v[*]) = 2", "f(u) = 3", "p[{i}] = x[{i}] for {i} in 1..u", "q[{i}] ~ uniform(0, 1)",
)  # fmt: skip
"""Statements with a mistake, or where another one has it."""


def random_mistake(number: int) -> str:
    """A text."""
    chance = random.Random(f"mistake {number}")
    i = chance.choice(("i", "i", "k", "t"))
    k, size = chance.choice((1, 2, 3, 4, 5)), chance.choice((5, 6, 9))

    def filled(text: str) -> str:
        x = chance.choice((f"x[{i}]", f"x[{i}]", f"x[n+1-{i}]", "a", f"w[{i},2]", f"({i}*x[1])"))
        y = chance.choice((f"x[{k}]", "x[n]", f"w[{i},3]", "a"))
        c = chance.choice(("0.7", "a", "1", f"{i}/5"))
        for key, to in {"x": x, "y": y, "c": c, "i": i, "k": str(k), "j": "j"}.items():
            text = text.replace("{" + key + "}", to)
        return text

    kind = chance.random()
    formula = filled(chance.choice(_STEPS if kind < 0.45 else _READS))
    other = filled(chance.choice(_STEPS + _READS)) if chance.random() < 0.15 else f"x[{i}]^2"
    where = chance.choice(("", "", "", f" if {i} != {k}", f" if {i} > 1"))
    m = "m" if i == "t" else i  # a variable beside a family of its name
    statements = [
        f"n = {size}",
        "a = 0.8",
        f"x[{i}] = 0.5 + {i}/10 for {i} in 1..n",
        f"w[{i},j] = (2*{i} - j)/8 for {i} in 1..n, j in 1..3",
        f"h[{i}] = {i} for {i} in 1..n if {i} != {k}",
        f"s[{m}] = {m}*{k} for {m} in 1..n; r[{m}] = {m}/{k} for {m} in 1..n; t[{m}] = 1 + mod({m}*{m}, {k}) for {m} in 1..n",
        "f(u) = log(u)/2; g(u) = sqrt(u - 1); d(v[*]) = sum(v[*])^2",
    ]  # fmt: skip
    if kind < 0.85:
        statements.append(f"y[{i}] = {formula} for {i} in 1..n{where}")
        statements.append(f"L = sum(y[*]) + sum({other} for {i} in 1..n)")
        if chance.random() < 0.2:
            gather = chance.choice(("sum", "max", "mean"))
            statements[-2:] = [f"L = {gather}({formula} for {i} in 1..n{where})"]
    else:
        statements.append(filled(chance.choice(_STATEMENTS)))
        more = chance.choice(("a", "sum(p[*])", "p[2]"))
        statements.append(f"L = sum({other} for {i} in 1..n) + 0*{more}")
    if chance.random() < 0.5:
        chance.shuffle(statements)
    return "\n".join(statements)
