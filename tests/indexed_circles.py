"""Recurrences whose order is harder to find: circles of families, diagonals, intervals, sieves, trees."""

from __future__ import annotations

from collections.abc import Iterable

from indexed_parts import Family, Term
from indexed_recurrences import Recurrences

Members = Iterable[tuple[int, ...]]


class Circles(Recurrences):
    """Blocks of statements, as in Recurrences."""

    def made(self, name: str, members: Members, low: float, high: float, *said: str) -> None:
        """Say the statements, in any order, and keep the family."""
        shuffled = list(said)
        self.chance.shuffle(shuffled)
        self.say(*shuffled)
        self.families.append(Family(name, set(members), low, high))

    def small(self, **variables: range) -> str:
        """A term between -1 and 1 of what there was before, for each combination of the variables."""
        inside = [{}]
        for name, values in variables.items():
            inside = [{**at, name: value} for at in inside for value in values]
        return self.bounded(self.body(inside, most=2), 1).within(1)

    def circle_through_a_gather(self) -> None:
        """Every member goes towards the mean of all, which the members make."""
        x, m, n, width = self.name(), self.name(), self.chance.choice((1, 3, 8)), self.chance.choice((1, 2, 5))  # fmt: skip
        gather = self.chance.choice(("mean", "max", "logsumexp"))
        self.made(
            x, ((t, j) for t in range(n + 1) for j in range(1, width + 1)), -3, 3,
            f"{x}[0,j] = {self.small(j=range(1, width + 1))} for j in 1..{width}",
            f"{x}[t+1,j] = {x}[t,j] - 0.1*tanh({x}[t,j] - {m}[t]) for t in 0..{n - 1}, j in 1..{width}",
            f"{m}[t] = {gather}({x}[t,j] for j in 1..{width}) for t in 0..{n}",
        )  # fmt: skip
        self.families.append(Family(m, {(t,) for t in range(n + 1)}, -3, 5))

    def forward_and_back(self) -> None:
        """A family forward in time, and one that comes back over it."""
        a, s, n = self.name(), self.name(), self.chance.choice((1, 4, 12))
        self.made(
            s, ((t,) for t in range(n + 1)), -4, 4,
            f"{a}[0] = 0.3; {a}[t] = 0.7*{a}[t-1] + 0.3*{self.small(t=range(1, n + 1))} for t in 1..{n}",
            f"{s}[{n}] = {a}[{n}]",
            f"{s}[t] = {a}[t] + 0.5*({s}[t+1] - {a}[t])*cos({a}[t]) for t in 0..{n - 1}",
        )  # fmt: skip
        self.families.append(Family(a, {(t,) for t in range(n + 1)}, -1, 1))

    def pascals_triangle(self) -> None:
        p, n = self.name(), self.chance.choice((2, 4, 7))
        self.made(
            p, ((i, j) for i in range(1, n + 1) for j in range(1, i + 1)), -1, 1,
            f"{p}[i,i] = 1/i for i in 1..{n}",
            f"{p}[i,1] = {self.small(i=range(2, n + 1))} for i in 2..{n}",
            f"{p}[i,j] = ({p}[i-1,j-1] + {p}[i-1,j])/2 for i in 3..{n}, j in 2..i-1",
        )  # fmt: skip

    def intervals(self) -> None:
        """From shorter intervals to longer ones, as in the order of a product of matrices."""
        m, n = self.name(), self.chance.choice((2, 3, 6))
        body = self.chance.choice(
            (
                "min({m}[i,k] + {m}[k+1,j] for k in i..j-1)/2 + 0.1*(j - i)",
                "logsumexp({m}[i,k] + {m}[k+1,j] for k in i..j-1)/2",
                "mean({m}[i,k]*{m}[k+1,j] for k in i..j-1) + 0.1",
            )
        )
        self.made(
            m, ((i, j) for i in range(1, n + 1) for j in range(i, n + 1)), -3, 6,
            f"{m}[i,i] = {self.small(i=range(1, n + 1))} for i in 1..{n}",
            f"{m}[i,j] = {body.format(m=m)} for i in 1..{n - 1}, j in i+1..{n}",
        )  # fmt: skip

    def horners_form(self) -> None:
        """Backward in the second index, without a step in the first."""
        h, c, n, m = self.name(), self.name(), self.chance.choice((1, 3, 9)), self.chance.choice((1, 2, 6))  # fmt: skip
        self.made(
            h, ((i, j) for i in range(1, n + 1) for j in range(m + 1)), -8, 8,
            f"{c}[j] ~ uniform(-1, 1) for j in 0..{m}",
            f"{h}[i,{m}] = 0 for i in 1..{n}",
            f"{h}[i,j] = {c}[j] + {self.small(i=range(1, n + 1))}*{h}[i,j+1] for i in 1..{n}, j in 0..{m - 1}",
        )  # fmt: skip

    def skewed(self) -> None:
        """A member from the one below it on the left: forward in one index, backward in the other."""
        x, n, m = self.name(), self.chance.choice((1, 3, 6)), self.chance.choice((1, 2, 5))
        more = self.chance.choice(("", f" + 0.2*{x}[i,j-1]", f" + 0.2*sin({x}[i+1,j])"))
        self.made(
            x, ((i, j) for i in range(1, n + 2) for j in range(m + 1)), -2, 2,
            f"{x}[i,0] = {self.small(i=range(1, n + 2))} for i in 1..{n + 1}",
            f"{x}[{n + 1},j] = 0.1*j for j in 1..{m}",
            f"{x}[i,j] = 0.6*{x}[i+1,j-1]{more} for i in 1..{n}, j in 1..{m}",
        )  # fmt: skip

    def three_families_in_a_circle(self) -> None:
        a, b, c, n = self.name(), self.name(), self.name(), self.chance.choice((1, 4, 10))
        self.made(
            a, ((t,) for t in range(n + 1)), -2, 2,
            f"{a}[t+1] = 0.5*{c}[t] + 0.2*{a}[t] for t in 0..{n - 1}",
            f"{b}[t] = sin({a}[t] + {self.small(t=range(1, n + 1))}) for t in 1..{n}",
            f"{c}[t+1] = tanh({b}[t+1] - {a}[t]) for t in 0..{n - 1}",
            f"{a}[0] = 0.4; {c}[0] = -0.2",
        )  # fmt: skip
        self.families.append(Family(b, {(t,) for t in range(1, n + 1)}, -1, 1))
        self.families.append(Family(c, {(t,) for t in range(n + 1)}, -1, 1))

    def every_third_member(self) -> None:
        """One family by three statements, each of which reads what another one defines."""
        x, n = self.name(), self.chance.choice((1, 3, 7))
        self.made(
            x, ((i,) for i in range(3 * n + 3)), -2, 2,
            f"{x}[0] = 0.3",
            f"{x}[3*k] = 0.5*sin({x}[3*k-1]) + {self.small(k=range(1, n + 1))} for k in 1..{n}",
            f"{x}[3*k+1] = {x}[3*k]^2/2 - 0.2 for k in 0..{n}",
            f"{x}[3*k+2] = cos({x}[3*k+1]) - {x}[3*k] for k in 0..{n}",
        )  # fmt: skip

    def heap(self) -> None:
        """Every member from its parent, i/2 rounded down, and from the one before it."""
        x, n = self.name(), self.chance.choice((2, 7, 20))
        self.made(
            x, ((i,) for i in range(1, n + 1)), -2, 2,
            f"{x}[1] = 0.7",
            f"{x}[i] = 0.5*{x}[floor(i/2)] + 0.3*sin({x}[i-1]) for i in 2..{n}",
        )  # fmt: skip

    def both_ways(self) -> None:
        """Forward in the first index, backward in the second, whose order matters."""
        h, n, m = self.name(), self.chance.choice((1, 3, 6)), self.chance.choice((1, 2, 5))
        self.made(
            h, ((t, j) for t in range(n + 1) for j in range(1, m + 2)), -2, 2,
            f"{h}[0,j] = {self.small(j=range(1, m + 2))} for j in 1..{m + 1}",
            f"{h}[t,{m + 1}] = 0.1*t for t in 1..{n}",
            f"{h}[t,j] = 0.5*{h}[t-1,j+1] + 0.4*tanh({h}[t,j+1]) for t in 1..{n}, j in 1..{m}",
        )  # fmt: skip

    def time_last(self) -> None:
        """Time is the last index, and all members of a time are read in the next."""
        x, w, n, width = self.name(), self.name(), self.chance.choice((1, 3, 8)), self.chance.choice((1, 2, 4))  # fmt: skip
        read = self.chance.choice(("for k in 1..{width}", "for k in 1..{width} if k != j"))
        self.made(
            x, ((j, t) for t in range(n + 1) for j in range(1, width + 1)), -1, 1,
            f"{w}[j,k] ~ normal(0, 0.5) for j in 1..{width}, k in 1..{width}",
            f"{x}[j,0] = {self.small(j=range(1, width + 1))} for j in 1..{width}",
            f"{x}[j,t] = sin(sum({w}[k,j]*{x}[k,t-1] {read.format(width=width)})) for t in 1..{n}, j in 1..{width}",
        )  # fmt: skip

    def branches(self) -> None:
        """Which branch a step takes depends on the step before it."""
        x, n = self.name(), self.chance.choice((2, 6, 20))
        own = [Term(f"{x}[t]", -1, 1)]
        other = self.bounded(self.body([{"t": at} for at in range(n)], own, 2), 1)
        self.made(
            x, ((t,) for t in range(n + 1)), -2, 2,
            f"{x}[0] = 0.9",
            f"{x}[t+1] = if({x}[t] > 0.137, 0.5*{x}[t], {x}[t]/2 + {other.within(1)}) for t in 0..{n - 1}",
        )  # fmt: skip
