"""Random recurrences: families whose members read others of the same family, or in a circle.

Every family stays between -1 and 1, or grows by small steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from indexed_formulas import Formulas
from indexed_parts import At, Family, Term


class Recurrences(Formulas):
    """Blocks of statements; what holds the statements is `Models`."""

    largest: int
    statements: list[str]
    names: list[str]

    def say(self, *statements: str) -> None:
        self.statements += statements

    def name(self) -> str:
        return self.names.pop()

    def body(self, inside: Sequence[At], extra: Sequence[Term] = (), most: int = 4) -> Term:
        depth = self.chance.choice((1, *range(2, most + 1), *range(2, most + 1)))
        return self.expression(inside, depth, extra)

    def steps(self) -> int:
        return self.chance.choice((1, 2, 3, 5, 8, 8, 20, max(3, self.largest)))

    def wave(self, inside: Sequence[At], own: Sequence[Term]) -> str:
        """A formula between -1 and 1 that reads what it is given."""
        kind, first = self.chance.random(), self.chance.choice(own).text
        if kind < 0.2:
            return f"{first}*{first} - 0.{self.chance.choice((1, 3, 5))}"
        term = self.body(inside, own, 2)
        if kind < 0.5:
            return f"0.6*{first} + 0.4*{self.chance.choice(('tanh', 'sin'))}({term.text})"
        if kind < 0.75:
            return f"sin({first} + {term.within(1)})"
        return f"({first} - {term.within(1)})/{1 + int(max(abs(term.low), abs(term.high), 1))}/2"

    def recurrence_forward(self) -> None:
        name, count = self.name(), self.steps()
        inside = [{"t": at} for at in range(count)]
        kind = self.chance.choice((0, 1, 2))
        start = self.number(-1, 1).text
        if kind == 0:
            body = self.wave(inside, [Term(f"{name}[t]", -1, 1)])
            said = [f"{name}[0] = {start}", f"{name}[t+1] = {body} for t in 0..{count - 1}"]
        elif kind == 1:
            inside = [{"t": at} for at in range(2, count + 2)]
            own = [Term(f"{name}[t-{back}]", -1, 1) for back in (1, 2)]
            said = [f"{name}[0] = {start}; {name}[1] = 0.5", f"{name}[t] = {self.wave(inside, own)} for t in 2..{count + 1}"]  # fmt: skip
        else:
            inside = [{"t": at} for at in range(2, 2 * count + 1, 2)]
            body = self.wave(inside, [Term(f"{name}[t-2]", -1, 1)])
            said = [f"{name}[0] = {start}", f"{name}[t] = {body} for t in 2..{2 * count}..2"]
        self.chance.shuffle(said)
        self.say(*said)
        last = {0: range(count + 1), 1: range(count + 2), 2: range(0, 2 * count + 1, 2)}[kind]
        self.families.append(Family(name, {(at,) for at in last}, -1, 1))

    def recurrence_backward(self) -> None:
        name, count = self.name(), self.steps()
        inside = [{"t": at} for at in range(count)]
        body = self.wave(inside, [Term(f"{name}[t+1]", -1, 1)])
        way = self.chance.choice((f"0..{count - 1}", f"{count - 1}..0..-1"))
        said = [
            f"{name}[t] = {body} for t in {way}",
            f"{name}[{count}] = {self.number(-1, 1).text}",
        ]
        self.say(*said)
        self.families.append(Family(name, {(at,) for at in range(count + 1)}, -1, 1))

    def running_sum(self) -> None:
        name, count = self.name(), self.chance.choice((2, 5, 12))
        term = self.bounded(self.body([{"i": at} for at in range(1, count + 1)], most=2), 2)
        sign = self.chance.choice("+-")
        self.say(
            f"{name}[0] = 0; {name}[i] = {name}[i-1] {sign} {term.within(1)} for i in 1..{count}"
        )
        self.families.append(
            Family(name, {(at,) for at in range(count + 1)}, -2 * count, 2 * count)
        )

    def two_families_in_a_circle(self) -> None:
        x, v, count = self.name(), self.name(), min(self.steps(), 30)
        force = self.chance.choice((f"{x}[t+1]", f"sin({x}[t+1])", f"{x}[t+1]^3", f"({x}[t+1] + 0.2*{v}[t])"))  # fmt: skip
        said = [
            f"{x}[t+1] = {x}[t] + 0.1*{v}[t] for t in 0..{count - 1}",
            f"{v}[t+1] = {v}[t] - 0.1*{force} for t in 0..{count - 1}",
            f"{x}[0] = 0.7; {v}[0] = {self.number(-0.5, 0.5).text}",
        ]
        self.chance.shuffle(said)
        self.say(*said)
        for name in (x, v):
            self.families.append(Family(name, {(at,) for at in range(count + 1)}, -2, 2))

    def layers(self) -> None:
        """h[t,j] from all h[t-1,k], as in a recurrent network."""
        h, w, count, width = self.name(), self.name(), min(self.steps(), 12), self.chance.choice((1, 2, 3, 5))  # fmt: skip
        inside = [{"t": t, "j": j} for t in range(1, count + 1) for j in range(1, width + 1)]
        before = self.chance.choice(
            (f"sum({w}[j,k]*{h}[t-1,k] for k in 1..{width})", f"dot({w}[j,*], {h}[t-1,*])")
        )
        more = self.bounded(self.leaf(inside), 2)
        self.say(
            f"{w}[j,k] ~ uniform(-1, 1) for j in 1..{width}, k in 1..{width}",
            f"{h}[0,j] = 0.1*j for j in 1..{width}",
            f"{h}[t,j] = tanh({before} + {more.within(1)}) for t in 1..{count}, j in 1..{width}",
        )
        self.families.append(Family(w, {(j, k) for j in range(1, width + 1) for k in range(1, width + 1)}, -1, 1))  # fmt: skip
        self.families.append(Family(h, {(t, j) for t in range(count + 1) for j in range(1, width + 1)}, -1, 1))  # fmt: skip

    def triangular_solve(self) -> None:
        x, a, n = self.name(), self.name(), self.chance.choice((2, 3, 5, 8))
        inside = [{"i": at} for at in range(1, n + 1)]
        right = self.bounded(self.body(inside, most=2), 2)
        rest = self.chance.choice(("1..i-1", f"i+1..{n}"))
        self.say(
            f"{a}[i,j] ~ uniform(-1, 1) for i in 1..{n}, j in 1..{n}",
            f"{x}[i] = ({right.text} - sum({a}[i,j]*{x}[j] for j in {rest}))/({2 * n} + {a}[i,i]) for i in 1..{n}",
        )
        self.families.append(Family(x, {(at,) for at in range(1, n + 1)}, -2, 2))
        self.families.append(Family(a, {(i, j) for i in range(1, n + 1) for j in range(1, n + 1)}, -1, 1))  # fmt: skip

    def grid(self) -> None:
        """A member from those above and on the left: the way of least cost through a grid."""
        d, n, m = self.name(), self.chance.choice((1, 2, 5)), self.chance.choice((1, 3, 6))
        inside = [{"i": i, "j": j} for i in range(1, n + 1) for j in range(1, m + 1)]
        cost = self.bounded(self.body(inside, most=2), 1)
        least = self.chance.choice(("min({a}, {b})", "({a} + {b})/2", "-logsumexp(-{a}, -{b})"))
        least = least.format(a=f"{d}[i-1,j]", b=f"{d}[i,j-1]")
        said = [
            f"{d}[0,j] = 0.3*j for j in 0..{m}",
            f"{d}[i,0] = 0.2*i for i in 1..{n}",
            f"{d}[i,j] = {least} + {cost.within(1)} for i in 1..{n}, j in 1..{m}",
        ]
        self.chance.shuffle(said)
        self.say(*said)
        self.families.append(Family(d, {(i, j) for i in range(n + 1) for j in range(m + 1)}, -20, 20))  # fmt: skip

    def diffusion(self) -> None:
        u, n, count = self.name(), self.chance.choice((1, 3, 8)), self.chance.choice((1, 4, 10))
        self.say(
            f"{u}[t+1,i] = {u}[t,i] + 0.2*({u}[t,i+1] - 2*{u}[t,i] + {u}[t,i-1]) for t in 0..{count - 1}, i in 1..{n}",
            f"{u}[0,i] = sin({self.chance.choice('123')}*i) for i in 1..{n}",
            f"{u}[t,i] = 0 for t in 0..{count}, i in [0, {n + 1}]",
        )
        self.families.append(Family(u, {(t, i) for t in range(count + 1) for i in range(n + 2)}, -1, 1))  # fmt: skip

    def tree(self) -> None:
        """Every member from the one above it, which a table says."""
        x, parent, n = self.name(), self.name(), self.chance.choice((2, 4, 9))
        table = {at: self.chance.randint(1, at - 1) for at in range(2, n + 1)}
        inside = [{"i": at} for at in range(2, n + 1)]
        own = [Term(f"{x}[{parent}[i]]", -1, 1)]
        self.say(
            f"const {parent}; "
            + "; ".join(f"{parent}[{at}] = {each}" for at, each in table.items()),
            f"{x}[1] = 0.4; {x}[i] = {self.wave(inside, own)} for i in 2..{n}",
        )
        self.features.add("index from a table")
        self.families.append(Family(x, {(at,) for at in range(1, n + 1)}, -1, 1))
