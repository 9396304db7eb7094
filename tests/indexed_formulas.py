"""Random formulas over index variables, which stay in the domains of what they call.

A formula is made for a nest of loops, of which every iteration is known: an index is written only
if the member is there in each of them, and every term knows between which numbers it stays.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from indexed_parts import At, Family, Loop, Term, arithmetic, chance_of, listed, ranges, span, whole

LARGE = 30.0
"""No term is larger."""

FUNCTIONS = {
    row.split()[0]: tuple(map(float, row.split()[1:]))
    for row in """exp -3 3 0.04 20.1; exp2 -4 4 0.06 16; expm1 -3 3 -1 19.1; log 0.1 20 -2.4 3
log2 0.1 20 -3.4 4.4; log10 0.1 20 -1 1.4; log1p -0.8 20 -1.7 3.1; sqrt 0.1 25 0.3 5; cbrt 0.1 27 0.4 3
sin -30 30 -1 1; cos -30 30 -1 1; tan -1.2 1.2 -2.6 2.6; sec -1.2 1.2 1 2.8; csc 0.3 2.8 1 3.4
cot 0.3 2.8 -3.3 3.3; asin -0.9 0.9 -1.2 1.2; acos -0.9 0.9 0.4 2.7; atan -30 30 -1.6 1.6
sinc -30 30 -0.3 1; sinh -3 3 -10.1 10.1; cosh -3 3 1 10.1; tanh -30 30 -1 1; asinh -30 30 -4.2 4.2
acosh 1.2 30 0.6 4.2; atanh -0.9 0.9 -1.5 1.5; erf -30 30 -1 1; erfc -3 5 0 2; erfinv -0.9 0.9 -1.2 1.2
normcdf -8 8 0 1; normpdf -8 8 0 0.4; gamma 0.5 4 0.8 6; lgamma 0.3 10 -0.2 12.9; digamma 0.5 20 -2 3
abs -30 30 0 30; sign -30 30 -1 1; floor -30 29 -30 30; ceil -30 29 -30 30; round -30 29 -30 30
relu -30 30 0 30; sigmoid -30 30 0 1; softplus -30 30 0 30.1; logsigmoid -30 30 -30.1 0
silu -30 30 -0.3 30; gelu -30 30 -0.2 30; elu -30 30 -1 30; selu -28 28 -1.8 29.5; mish -30 30 -0.4 30
leaky_relu -30 30 -0.3 30""".replace("\n", "; ").split("; ")
}
"""Functions of one argument: the numbers that it may be, and between which the value is then."""

JUMPS = ("sign", "floor", "ceil", "round")
WITH_NUMBERS = "^ ^ ^ mod clamp polygamma".split()
MORE = "hypot atan2 min max logsumexp ^ if / - + *".split()
GATHERS = ("sum", "prod", "mean", "min", "max", "logsumexp")


class Formulas:
    """Makes formulas of what there is so far: families, constants, functions of the file.

    features: what has occurred. budget: about how many steps the model may still get.
    """

    def __init__(self, chance: random.Random, budget: int) -> None:
        self.chance, self.budget = chance, budget
        self.families: list[Family] = []
        self.functions: list[tuple[str, str, float, float]] = []  # name, form, low, high
        self.constants: dict[str, int] = {}
        self.tables: list[str] = []  # whole numbers by one index, also in `known`
        self.known = arithmetic()
        self.features: set[str] = set()

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def iterations(self, outer: Sequence[At], loops: Sequence[Loop], condition: str = "") -> list[list[At]]:  # fmt: skip
        """For every iteration outside those inside."""
        found = []
        for at in outer:
            inside = [at]
            for loop in loops:
                inside = [{**each, loop.name: value} for each in inside for value in loop.values(each, self.known)]  # fmt: skip
            if condition:
                inside = [each for each in inside if whole(condition, each, self.known)]
            found.append(inside)
        return found

    # terms without operands

    def number(self, low: float = -2, high: float = 2) -> Term:
        text = f"{self.chance.uniform(low, high):.{self.chance.choice((0, 1, 1, 2))}f}"
        text = text if low <= float(text) <= high else f"{(low + high) / 2:.3f}"
        value = float(text)
        return Term(text, value, value, 0 if text.startswith("-") else 2)

    def index(self, names: Sequence[str], there: Sequence[int]) -> str:
        """An expression for one place of a member, which may or may not fit."""
        chance, near = self.chance, chance_of(self.chance, there)
        if not names or self.happens(0.06):
            return str(near)
        i, j = (names[-1] if self.happens(0.4) else chance.choice(names) for _ in range(2))
        if self.happens(0.55):
            return i
        forms = [
            f"{i}+1",
            f"{i}-1",
            f"{i}+2",
            f"2*{i}",
            f"2*{i}-1",
            f"{near}-{i}",
            f"{i}+{j}-1",
            f"{i}-{j}",
        ]
        forms += [
            f"max({i}-1, {near})",
            f"min({i}+1, {near})",
            f"mod({i}, {abs(near) + 1})+{min(there)}",
        ]
        forms += [f"floor({i}/2)", f"abs({i}-{near})", f"if({i} > {near}, {near}, {i})", f"clamp({i}, {min(there)}, {near})"]  # fmt: skip
        forms += [f"{table}[{i}]" for table in self.tables for _ in range(5)]
        forms += list(self.constants)
        return chance.choice(forms)

    def fits(self, text: str, at: At) -> int | None:
        try:
            return int(whole(text, at, self.known))
        except KeyError:
            return None  # no such member of a table

    def member(self, iterations: Sequence[At], wanted: Family | None = None) -> Term | None:
        """A member that is there in every iteration, or a scalar."""
        for _ in range(12):
            family = wanted or chance_of(self.chance, self.families)
            if not family.members:
                continue
            names = list(iterations[0]) if iterations else []
            columns = [sorted(set(column)) for column in zip(*family.members, strict=True)]
            written = [self.index(names, column) for column in columns]
            found = {tuple(self.fits(text, at) for text in written) for at in iterations}
            if not iterations or not found <= family.members:
                continue
            family.read |= found  # type: ignore[arg-type]
            self.noticed(written, len(found) < len(iterations))
            text = f"{family.name}[{','.join(written)}]" if written else family.name
            return Term(text, family.low, family.high)
        return None

    def noticed(self, written: Sequence[str], shared: bool) -> None:
        text = " ".join(written)
        marks = {"+": "offset", "-1": "offset", "2*": "scaled index", "/2": "scaled index"}
        marks |= {"(": "function in an index", **{f"{table}[": "index from a table" for table in self.tables}}  # fmt: skip
        self.features |= {said for mark, said in marks.items() if mark in text}
        self.features |= {"shared read"} if shared else set()

    def leaf(self, iterations: Sequence[At], extra: Sequence[Term] = ()) -> Term:
        """A member, a scalar, an index variable, a number, or one of what else may be read."""
        if extra and self.happens(0.5):
            return self.chance.choice(extra)
        names = list(iterations[0]) if iterations else []
        if names and self.happens(0.12):
            name = self.chance.choice(names)
            values = [at[name] for at in iterations]
            self.features.add("index as a number")
            return Term(name, min(values), max(values))
        return (None if self.happens(0.1) else self.member(iterations)) or self.number()

    # terms with operands

    def bounded(self, term: Term, size: float = LARGE) -> Term:
        """The same made smaller, if it may be larger."""
        most = max(abs(term.low), abs(term.high))
        if most <= size:
            return term
        kind = self.chance.choice(("sin", "tanh", "atan", "/", "/"))
        if kind == "/" or size < 1.6 or most > 300:
            by = math.ceil(most / size)
            return Term(f"{term.within(1)}/{by}", term.low / by, term.high / by, 1)
        return Term(f"{kind}({term.text})", *FUNCTIONS[kind][2:])

    def between(self, term: Term, low: float, high: float) -> Term:
        """The same, or a wave of it, that stays between these numbers."""
        if low <= term.low and term.high <= high:
            return term
        middle, half = round((low + high) / 2, 3), math.floor((high - low) * 49) / 100
        wave = self.chance.choice(("sin", "cos", "tanh"))
        return Term(f"{middle:g} + {half:g}*{wave}({term.text})", middle - half, middle + half, 0)

    def expression(self, iterations: Sequence[At], depth: int, extra: Sequence[Term] = ()) -> Term:
        """A term of at most so many operations above one another."""
        self.budget -= len(iterations)
        if depth <= 0 or self.budget < 0:
            return self.bounded(self.leaf(iterations, extra))
        kind = self.chance.random()
        if kind < 0.17 and (found := self.gather(iterations, depth - 1, extra)):
            return self.bounded(found)
        if kind < 0.27 and (found := self.of_members(iterations)):
            return self.bounded(found)
        if kind < 0.34 and any("*" not in form for _, form, _, _ in self.functions):
            return self.called(iterations, depth, extra)
        if kind < 0.62:
            return self.of_one(self.expression(iterations, depth - 1, extra))
        left, right = (self.expression(iterations, depth - 1, extra) for _ in range(2))
        return self.bounded(self.of_two(self.chance.choice(MORE), left, right))

    def of_one(self, term: Term, name: str = "") -> Term:
        name = name or self.chance.choice([*FUNCTIONS, *WITH_NUMBERS])
        if "gamma" in name and self.happens(0.7):  # slow where it is computed with many digits
            name = "tanh"
        if name in WITH_NUMBERS:
            return self.with_numbers(name, term)
        low, high, least, most = FUNCTIONS[name]
        if name == "sigmoid" and len(term.text) % 2:
            name = "sech"  # within the same numbers
        self.features.add(name)
        if name in JUMPS:  # far from where rounding could decide
            term = Term(f"{term.text} + 0.137", term.low + 0.137, term.high + 0.137, 0)
        inside = self.between(term, low, high)
        by = {"leaky_relu": ", 0.01", "elu": ", 1"}.get(name, "") if self.happens(0.5) else ""
        return Term(f"{name}({inside.text}{by})", least, most)

    def with_numbers(self, name: str, term: Term) -> Term:
        """A function of one term and of numbers."""
        self.features.add(name)
        if name == "^":
            power, a = self.chance.choice((2, 2, 3)), self.bounded(term, 5)
            ends = [a.low**power, a.high**power] + [0.0] * (a.low <= 0 <= a.high)
            return Term(f"{a.within(2)}^{power}", min(ends), max(ends))
        if name == "mod":
            return Term(f"mod({term.text} + 0.0137, 1.5)", 0, 1.5)
        if name == "clamp":
            return Term(f"clamp({term.text}, -0.7, 1.3)", -0.7, 1.3)
        order, inside = self.chance.choice((1, 2)), self.between(term, 0.5, 10)
        return Term(f"polygamma({order}, {inside.text})", -17, 5)

    def of_two(self, name: str, a: Term, b: Term) -> Term:
        self.features.add(name)
        most = max(abs(each) for each in (a.low, a.high, b.low, b.high))
        if name == "+":
            return Term(f"{a.text} + {b.text}", a.low + b.low, a.high + b.high, 0)
        if name == "-":
            return Term(f"{a.text} - {b.within(1)}", a.low - b.high, a.high - b.low, 0)
        if name == "*":
            ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
            return Term(f"{a.within(1)}*{b.within(2)}", min(ends), max(ends), 1)
        if name == "/":
            below = f"(1 + {b.within(2)}^2)" if self.happens(0.6) else f"(0.5 + abs({b.text}))"
            return Term(f"{a.within(1)}/{below}", -2 * most, 2 * most, 1)
        if name == "^":
            base, power = self.between(a, 0.3, 3), self.between(b, -2, 2)
            return Term(f"{base.within(2)}^{power.within(2)}", 0.1, 11.2)
        if name == "if":
            sign = self.chance.choice(("<", "<=", ">", ">="))
            return Term(f"if({a.text} {sign} {b.within(1)} + 0.137, {a.text}, {b.text})", -most, most)  # fmt: skip
        if name == "atan2":
            if len(a.text) % 2:
                self.features.add("unit")
                return Term(f"unit({a.text}, 1 + {b.within(2)}^2)", -1, 1)
            return Term(f"atan2({a.text}, 1 + {b.within(2)}^2)", -1.6, 1.6)
        return Term(f"{name}({a.text}, {b.text})", -most if name != "hypot" else 0, 1.5 * most + 0.7)  # fmt: skip

    def loop(self, iterations: Sequence[At], taken: Sequence[str]) -> Loop:
        """A range of few numbers: of numbers or constants, from or to an index variable, a list, with a step."""
        chance, names = self.chance, list(iterations[0]) if iterations else []
        free = [name for name in ("i", "j", "k", "p", "q", "r", "t") if name not in taken]
        name = chance.choice(free[:3])
        small = [each for each in names if max((at[each] for at in iterations), default=0) <= 12]
        kind = chance.random()
        if names and self.happens(0.04):
            self.features.add("an index inside another of its name")
            return span(chance.choice(names), 1, chance.choice((1, 2, 3)))
        if small and kind < 0.35:
            self.features.add("triangle")
            i = chance.choice(small)
            return chance.choice((span(name, 1, f"{i}-1"), span(name, 1, i), span(name, i, 12), span(name, f"{i}+1", 13)))  # fmt: skip
        if kind < 0.45:
            self.features.add("list of indices")
            return listed(name, sorted(chance.sample(range(7), chance.choice((1, 2, 3)))))
        if kind < 0.55:
            self.features.add("step")
            return chance.choice((span(name, 0, 6, 2), span(name, 1, 7, 3), span(name, 5, 1, -2), span(name, 6, 1, -1)))  # fmt: skip
        if kind < 0.6:
            self.features.add("empty range")
            return chance.choice((span(name, 3, 1), span(name, 1, 0)))
        if self.constants and self.happens(0.5):
            n = chance.choice(list(self.constants))
            return chance.choice((span(name, 1, n), span(name, 0, f"{n}-1"), span(name, 1, f"{n}+1")))  # fmt: skip
        return span(name, chance.choice((0, 1, 1, 1)), chance.choice((1, 2, 3, 4, 5)))

    def condition(self, names: Sequence[str]) -> str:
        if len(names) > 1 and self.happens(0.5):
            i, j = self.chance.sample(list(names), 2)
            forms = (
                f"{i} != {j}",
                f"{i} < {j}",
                f"mod({i} + {j}, 2) == 0",
                f"{i} == {j} or {j} > 2",
            )
        else:
            i = self.chance.choice(list(names))
            forms = (f"{i} != 2", f"{i} > 1", f"mod({i}, 2) == 1", f"not {i} == 3", f"{i} > 0 and {i} < 5")  # fmt: skip
        self.features.add("condition")
        return self.chance.choice(forms)

    def gather(self, outer: Sequence[At], depth: int, extra: Sequence[Term] = ()) -> Term | None:
        """`sum(… for …)` or another gather, unless it would be too much or of nothing."""
        names = list(outer[0]) if outer else []
        name = self.chance.choice(GATHERS + ("sum",) * 4)
        loops: list[Loop] = []
        inside: list[list[At]] = [[at] for at in outer]
        for _ in range(self.chance.choice((1, 1, 1, 2))):
            flat = [at for each in inside for at in each]
            loops.append(self.loop(flat, [*names, *(loop.name for loop in loops)]))
            inside = self.iterations(outer, loops)
        variables = {*names, *(loop.name for loop in loops)}
        condition = self.condition(sorted(variables)) if self.happens(0.25) else ""
        inside = self.iterations(outer, loops, condition)
        flat = [at for each in inside for at in each]
        counts = [len(each) for each in inside]
        if len(variables) > 4 or len(flat) > max(self.budget, 12) or not counts:
            return None
        if not min(counts) and name not in ("sum", "prod"):
            return None
        if {loop.name for loop in loops} & set(names):
            extra = ()  # they would mean another index
        if depth > 0 and self.happens(0.3) and (found := self.gather(flat, depth - 1, extra)):
            body = self.bounded(found)
            self.features.add("gather in a gather")
        else:
            body = self.expression(flat, depth, extra)
        self.features |= {name} | ({"nest of 4"} if len(variables) == 4 else set())
        least, most, binds = body.low, body.high, 2
        if name == "sum":
            ends = [count * each for count in (min(counts), max(counts)) for each in (least, most)]
            least, most = min(ends), max(ends)
        elif name == "prod":
            body = self.between(body, -0.9, 1.1)
            least, most = -(1.1 ** max(counts)), 1.1 ** max(counts)
        elif name == "logsumexp":
            most += math.log(max(counts))
        return Term(f"{name}({body.text}{ranges(loops, condition)})", least, most, binds)

    # families as arguments

    def some(self, iterations: Sequence[At]) -> tuple[str, Family, list[set[tuple[int, ...]]]] | None:  # fmt: skip
        """`w[i,*]` or its like: its text, its family, and the open indices of each iteration."""
        there = [each for each in self.families if each.defined and each.rank and each.members]
        for _ in range(8 if there and iterations else 0):
            family = self.chance.choice(there)
            names = list(iterations[0])
            columns = [sorted(set(column)) for column in zip(*family.members, strict=True)]
            written = [self.index(names, column) for column in columns]
            stars = self.chance.sample(
                range(family.rank), self.chance.randint(1, min(2, family.rank))
            )
            opened: list[set[tuple[int, ...]]] = []
            for at in iterations:
                wanted = [
                    None if place in stars else self.fits(text, at)
                    for place, text in enumerate(written)
                ]
                fitting = {each for each in family.members if all(place in stars or each[place] == wanted[place] for place in range(family.rank))}  # fmt: skip
                opened.append({tuple(each[place] for place in sorted(stars)) for each in fitting})
            if min(map(len, opened)) and sum(map(len, opened)) < max(self.budget, 50):
                text = ",".join(
                    "*" if place in stars else each for place, each in enumerate(written)
                )
                return f"{family.name}[{text}]", family, opened
        return None

    def of_members(self, iterations: Sequence[At]) -> Term | None:
        """`sum(w[i,*])`, `dot`, `norm`, `softmax`, or a function of the file with a parameter `v[*]`."""
        if not (found := self.some(iterations)):
            return None
        text, family, opened = found
        most = max(map(len, opened))
        self.budget -= sum(map(len, opened))
        size = max(abs(family.low), abs(family.high))
        own = [each for each in self.functions if "[*]" in each[1]]
        rank = len(next(iter(opened[0])))
        name = self.chance.choice(["sum", "sum", "mean", "min", "max", "logsumexp", "dot", "norm", "softmax"] + ["own"] * 3 * bool(own))  # fmt: skip
        common = sorted(set.intersection(*opened))
        if name == "own" and rank == 1:
            called, form, low, high = self.chance.choice(own)
            if form == "v[*]" or common:
                self.features.add("function with v[*]")
                more = "" if form == "v[*]" else f", {common[0][0]}"
                return Term(f"{called}({text}{more})", low, high)
        if name == "softmax" and rank == 1 and common:
            self.features.add("softmax")
            return Term(f"softmax({text}, {common[-1][0]})", 0, 1)
        if name == "dot" and (other := self.some(iterations)) and other[2] == opened:
            self.features.add("dot")
            both = most * size * max(abs(other[1].low), abs(other[1].high))
            return Term(f"dot({text}, {other[0]})", -both, both)
        if name == "norm":
            self.features.add("norm")
            return Term(f"norm({text})", 0, size * most)
        name = name if name in GATHERS else "sum"
        self.features.add(f"{name} of members")
        if name == "sum":
            return Term(f"sum({text})", -most * size, most * size)
        more = math.log(most) if name == "logsumexp" else 0
        return Term(f"{name}({text})", family.low, family.high + more)

    def called(self, iterations: Sequence[At], depth: int, extra: Sequence[Term]) -> Term:
        """A function of the file, of a number or of a number and a whole one."""
        name, form, low, high = self.chance.choice([each for each in self.functions if "*" not in each[1]])  # fmt: skip
        inside = self.expression(iterations, depth - 1, extra)
        self.features.add("function of the file")
        if form == "u":
            return Term(f"{name}({inside.text})", low, high)
        small = [each for each in (iterations[0] if iterations else ()) if all(0 < at[each] < 6 for at in iterations)]  # fmt: skip
        count = self.chance.choice(small) if small else str(self.chance.choice((1, 2, 4)))
        self.features.add("function with a gather")
        return Term(f"{name}({inside.text}, {count})", low, high)
