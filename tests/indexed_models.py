"""Random models with indices: families, nests of loops, gathers, recurrences, tables of indices.

`random_indexed(number)` is the same text and values for the same number; `features_of` says what
occurs in it. Every fourth model has a recurrence whose order is hard to find. Every name of FEATURES
occurs among the first 400; values and gradients of the first 2000 are finite.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pytest

from indexed_circles import Circles
from indexed_formulas import FUNCTIONS, GATHERS, MORE, WITH_NUMBERS
from indexed_parts import At, Family, Loop, listed, ranges, span

NAMES = "x y z w u v a b c d h g s q x1 y2 alpha beta theta μ λ m2 F T_0 z' p3 r2 o1 K B G1 N2 M_a R S0 Z9".split()


def random_indexed(number: int) -> tuple[str, dict[str, float]]:
    """A text, and numbers for what no statement of it defines."""
    made = _model(number)
    return made.text, dict(made.values)


def features_of(number: int) -> frozenset[str]:
    """Which of FEATURES, and which functions, the model of this number has."""
    return frozenset(_model(number).features)


@lru_cache(maxsize=64)
def _model(number: int) -> Models:
    return Models(number)


class Models(Circles):
    """One model, made block by block: a block is a few statements that define a family."""

    def __init__(self, number: int) -> None:
        chance = random.Random(f"indexed {number} 0")
        super().__init__(chance, chance.choice((300, 1000, 1000, 2000, 6000)))
        self.statements: list[str] = []
        self.values: dict[str, float] = {}
        self.names = NAMES.copy()
        chance.shuffle(self.names)
        self.largest = chance.choice((1, 2, 3, 4, 5, 6, 8, 12, 30, 100))
        self.setting()
        for _ in range(chance.choice((1, 2, 2, 3))):
            self.block(INPUTS)
        for _ in range(chance.choice((1, 1, 2, 3, 4, 5))):
            self.block(STEPS)
        if number % 4 == 3:
            self.block(HARDER)
        self.end()
        self.text = self.written()

    def block(self, kinds: Sequence[Callable[[Any], None]]) -> None:
        kind = self.chance.choice(kinds)
        self.features.add(kind.__name__.replace("_", " "))
        kind(self)

    def setting(self) -> None:
        """Constants that decide sizes, and functions of the file."""
        chance = self.chance
        for name in ("n", "m")[: chance.choice((0, 1, 1, 2))]:
            self.constants[name] = self.known[name] = chance.choice((1, 2, 3, 4, 6))
            self.say(f"{chance.choice(('', 'const '))}{name} = {self.constants[name]}")
            self.features.add("size from a constant")
        forms = (
            ("u", "u/(1 + u^2)", -0.5, 0.5), ("u", "tanh(u)/2 + u/60", -1, 1), ("u", "if(u > 0.137, log1p(u), u/3)", -10, 3.5),
            ("u, k", "sum(sin(i*u)/i for i in 1..k)", -6, 6), ("u, k", "prod(1 + cos(u)/(i + 1) for i in 1..k)", 0, 7),
            ("v[*]", "tanh(dot(v[*], v[*]))", -1, 1), ("v[*]", "mean(v[*])/(1 + norm(v[*]))", -1, 1), ("v[*]", "atan(max(v[*]) - min(v[*]))", 0, 1.6),
            ("v[*], k", "v[k]/(1 + norm(v[*]))", -1, 1), ("v[*], k", "softmax(v[*], k)", 0, 1),
        )  # fmt: skip
        for name in ("f", "G", "h2")[: chance.choice((0, 1, 2, 3))]:
            form, body, low, high = chance.choice(forms)
            self.say(f"{name}({form}) = {body}")
            self.functions.append((name, form, low, high))

    def dimensions(self, most: int = 400) -> tuple[list[Loop], list[At], str]:
        """Ranges and a condition for the left side of an equation, and its iterations, one at least."""
        chance = self.chance
        most = max(4, min(most, 380 - sum(len(each.members) for each in self.families)))
        while True:
            loops: list[Loop] = []
            inside: list[At] = [{}]
            for name in "ijkt"[: chance.choice((1, 1, 1, 1, 2, 2, 2, 3, 4))]:
                first = chance.choice((1, 1, 1, 0, -1, 2))
                if loops and self.happens(0.3):
                    before = loops[-1].name
                    loop = chance.choice((span(name, 1, before), span(name, f"{before}+1", 5), span(name, 1, f"{before}-1")))  # fmt: skip
                    self.features.add("triangle")
                elif self.constants and self.happens(0.5):
                    size = chance.choice(list(self.constants))
                    loop = chance.choice(
                        (span(name, 1, size), span(name, 0, size), span(name, 1, f"2*{size}"))
                    )
                elif self.happens(0.1):
                    loop = listed(name, sorted(chance.sample(range(9), chance.choice((1, 2, 4)))))
                    self.features.add("list of indices")
                elif self.happens(0.1):
                    loop = chance.choice(
                        (span(name, 0, 8, 2), span(name, 1, 9, 4), span(name, 6, 1, -1))
                    )
                    self.features.add("step")
                else:
                    loop = span(name, first, first - 1 + chance.choice((1, 2, 3, 4, self.largest)))
                loops.append(loop)
                inside = self.iterations([{}], loops)[0]
                if len(inside) > most:
                    break
            condition = self.condition([loop.name for loop in loops]) if self.happens(0.15) else ""
            inside = self.iterations([{}], loops, condition)[0]
            if 0 < len(inside) <= most:
                if len(loops) == 4:
                    self.features.add("nest of 4")
                return loops, inside, condition

    def defined(self, name: str, loops: Sequence[Loop], inside: Sequence[At], low: float, high: float) -> Family:  # fmt: skip
        members = {tuple(at[loop.name] for loop in loops) for at in inside}
        family = Family(name, members, low, high)
        self.families.append(family)
        return family

    def head(self, name: str, loops: Sequence[Loop]) -> str:
        return f"{name}[{','.join(loop.name for loop in loops)}]"

    # what a file is given

    def literal_family(self) -> None:
        name, (loops, inside, condition) = self.name(), self.dimensions()
        i, chance = loops[0].name, self.chance
        body, low, high = chance.choice(
            ((f"mod(3*{i} + 1, 5)/4", 0, 1), ("0.5", 0.5, 0.5), (f"sin({i})", -1, 1), (f"1/(1 + {i}^2)", 0, 1), (f"mod({i}, 3)", 0, 2))
        )  # fmt: skip
        const = chance.choice(("", "const "))
        self.features |= {"const family"} if const else set()
        bounds = " in -3..3" if self.happens(0.2) else ""
        self.say(f"{const}{self.head(name, loops)} = {body}{bounds}{ranges(loops, condition)}")
        self.defined(name, loops, inside, low, high)

    def drawn_family(self) -> None:
        name, (loops, inside, condition) = self.name(), self.dimensions()
        drawn, low, high = self.chance.choice(
            (("uniform(-1, 1)", -1, 1), ("uniform(0.5, 2)", 0.5, 2), ("normal(0, 0.5)", -3, 3))
        )
        self.say(f"{self.head(name, loops)} ~ {drawn}{ranges(loops, condition)}")
        self.defined(name, loops, inside, low, high)

    def family_of_single_members(self) -> None:
        name, count = self.name(), self.chance.choice((1, 2, 3, 5))
        first = self.chance.choice((0, 1, 1, -2))
        numbers = [self.number() for _ in range(count)]
        self.say("; ".join(f"{name}[{at}] = {each.text}" for at, each in enumerate(numbers, first)))
        inside = [{"i": at} for at in range(first, first + count)]
        self.defined(name, [span("i", first, first + count - 1)], inside, -2, 2)

    def family_without_statements(self) -> None:
        """Numbers of what is read stand in `values`; some are said to be const."""
        name, (loops, inside, _) = self.name(), self.dimensions(60)
        self.defined(name, loops, inside, -2, 2).defined = False

    def scalar_inputs(self) -> None:
        for _ in range(self.chance.choice((1, 2, 3))):
            name, number = self.name(), self.number()
            more = self.chance.choice(("", "", " in -3..3", " ± 0.1"))
            self.say(f"{self.chance.choice(('', '', 'const '))}{name} = {number.text}{more}")
            self.families.append(Family(name, {()}, number.low, number.high))

    def table_of_indices(self) -> None:
        name, count = self.name(), self.chance.choice((2, 3, 5, 12))
        numbers = {at: self.chance.choice((1, 1, 2, 3, 4)) for at in range(1, count + 1)}
        if self.happens(0.3):
            self.say(f"const {name}[i] = mod(i, 3) + 1 for i in 1..{count}")
            numbers = {at: at % 3 + 1 for at in numbers}
        else:
            self.say(
                f"const {name}; "
                + "; ".join(f"{name}[{at}] = {value}" for at, value in numbers.items())
            )
        self.tables.append(name)
        self.known[name.replace("'", "_prime")] = numbers
        other = self.name()
        self.say(f"{other}[i] = 0.3*i for i in 1..4")
        self.families.append(Family(other, {(at,) for at in range(1, 5)}, 0.3, 1.2))

    # what is computed

    def scalar(self) -> None:
        name, term = self.name(), self.body([{}])
        self.say(f"{name} = {term.text}")
        self.families.append(Family(name, {()}, term.low, term.high))

    def pointwise(self) -> None:
        name, (loops, inside, condition) = self.name(), self.dimensions()
        term = self.body(inside)
        self.say(f"{self.head(name, loops)} = {term.text}{ranges(loops, condition)}")
        self.defined(name, loops, inside, term.low, term.high)

    def gathered(self) -> None:
        """A family of gathers, such as a product of matrices."""
        name, (loops, inside, condition) = self.name(), self.dimensions(100)
        term = self.gather(inside, 2) or self.body(inside)
        term = self.bounded(term)
        self.say(f"{self.head(name, loops)} = {term.text}{ranges(loops, condition)}")
        self.defined(name, loops, inside, term.low, term.high)

    def pieces(self) -> None:
        """A family by two indexed statements and a member of its own, in any order."""
        name, count = self.name(), self.chance.choice((2, 3, 6))
        low, high = [{"i": at} for at in range(1, count + 1)], [{"j": at} for at in range(count + 1, 2 * count + 1)]  # fmt: skip
        first, second, own = self.body(low, most=2), self.body(high, most=2), self.number()
        said = [
            f"{name}[i] = {first.text} for i in 1..{count}",
            f"{name}[j] = {second.text} for j in {count + 1}..{2 * count}",
            f"{name}[0] = {own.text}",
        ]
        self.chance.shuffle(said)
        self.say(*said)
        terms = (first, second, own)
        members = {(at,) for at in range(2 * count + 1)}
        self.families.append(Family(name, members, min(each.low for each in terms), max(each.high for each in terms)))  # fmt: skip

    def reversed_half(self) -> None:
        """Members that read those of the other half of the family, from its end."""
        name, count = self.name(), self.chance.choice((1, 2, 4))
        self.say(
            f"{name}[i] = 0.25*i for i in 1..{count}",
            f"{name}[{2 * count + 1}-i] = sin({name}[i]) + {name}[{count}] for i in 1..{count}",
        )
        self.defined(name, [span("i", 1, 2 * count)], [{"i": at} for at in range(1, 2 * count + 1)], -1, 2)  # fmt: skip

    def empty_family(self) -> None:
        name, term = self.name(), self.number()
        self.say(f"{name}[i] = {term.text}*i for i in 1..0")
        self.families.append(Family(name, set(), 0, 0))
        self.say(f"{(other := self.name())} = sum({name}[i] for i in 1..0) + 0.5")
        self.families.append(Family(other, {()}, 0.5, 0.5))

    # the end

    def total(self, family: Family) -> str:
        """All members of a family in one number, or one of them."""
        weight = self.number(0.2, 2).text
        if not family.rank:
            return f"{weight}*{family.name}"
        if not family.members:
            return f"sum({family.name}[i] for i in 1..0)"
        columns = [sorted(set(column)) for column in zip(*family.members, strict=True)]
        names = "ijkt"[: family.rank]
        whole = {()}
        for column in columns:
            whole = {(*each, at) for each in whole for at in column}
        if family.defined and self.happens(0.3) and len(family.members) < 150:
            name = self.chance.choice(("sum", "mean", "logsumexp", "norm"))
            self.features.add(f"{name} of members" if name != "norm" else name)
            return f"{weight}*{name}({family.name}[{','.join('*' * family.rank)}])"
        loops = [
            span(name, column[0], column[-1]) if column[-1] - column[0] + 1 == len(column) else listed(name, column)
            for name, column in zip(names, columns, strict=True)
        ]  # fmt: skip
        if whole == family.members and len(whole) < 300:
            family.read |= whole
            member = f"{family.name}[{','.join(names)}]"
            squared = self.chance.choice(
                (f"{member}^2", f"{member}*{weight}", f"({member} - 0.3)^2")
            )
            name = self.chance.choice(("sum", "sum", "mean"))
            self.features.add(name)
            return f"{name}({squared}{ranges(loops)})"
        one = self.chance.choice(sorted(family.members))
        family.read.add(one)
        return f"{weight}*{family.name}[{','.join(map(str, one))}]"

    def end(self) -> None:
        """The output of what was computed; in some texts one of several outputs."""
        chosen = [each for each in self.families if self.happens(0.85)] or self.families[-1:]
        self.say(f"L = {' + '.join(self.total(each) for each in chosen)}")
        if self.happens(0.2):
            self.say("L2 = L^2 + 1")
            self.features.add("several outputs")
        self.say(f"{self.chance.choice(('minimize', 'maximize', 'output'))} L")
        for family in self.families:
            if not family.defined and family.read:
                self.features.add("numbers from values")
                if self.happens(0.3):
                    self.say(f"const {family.name}")
                for member in sorted(family.read):
                    self.values[f"{family.name}[{','.join(map(str, member))}]"] = self.number().low

    def written(self) -> str:
        if self.happens(0.4):
            self.chance.shuffle(self.statements)
            self.features.add("statements in any order")
        return (self.chance.choice(("\n", "\n", "; "))).join(self.statements) + "\n"


INPUTS = (Models.literal_family, Models.drawn_family, Models.drawn_family, Models.family_of_single_members,
          Models.family_without_statements, Models.scalar_inputs, Models.table_of_indices)  # fmt: skip
STEPS = (Models.pointwise,) * 4 + (
    Models.gathered, Models.gathered, Models.scalar, Models.pieces, Models.reversed_half, Models.empty_family,
    Models.recurrence_forward, Models.recurrence_forward, Models.recurrence_backward, Models.running_sum,
    Models.two_families_in_a_circle, Models.layers, Models.triangular_solve, Models.grid, Models.diffusion, Models.tree,
)  # fmt: skip

HARDER = tuple(
    made for name, made in vars(Circles).items() if name not in ("made", "small") and name[0] != "_"
)

FEATURES = frozenset(
    {each.__name__.replace("_", " ") for each in (*INPUTS, *STEPS, *HARDER)}
    | {*FUNCTIONS, *MORE, *WITH_NUMBERS, *GATHERS, "dot", "norm", "softmax", "sech", "unit"}
    | {f"{name} of members" for name in GATHERS if name != "prod"}
    | set(
        """offset, scaled index, index from a table, function in an index, shared read, index as a number
triangle, list of indices, step, empty range, condition, nest of 4, gather in a gather, const family
an index inside another of its name, function of the file, function with a gather, function with v[*]
size from a constant, numbers from values, several outputs, statements in any order""".replace(
            "\n", ", "
        ).split(", ")
    )
)
"""What the models have: kinds of families and of recurrences, functions, forms of indices."""


def of_group(group: int, request: pytest.FixtureRequest, few: int, many: int) -> range:
    """The numbers of the models of a group: so few of them, so many with `--whole`."""
    models = many if request.config.getoption("--whole") else few
    return range(group * models, (group + 1) * models)
