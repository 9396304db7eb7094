"""Texts to read, and the peers that read them."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from benchmarks.worker import Job, peak

WORDS = r"""
start: (equation _NEWLINE?)*
equation: NAME "=" sum
?sum: product | sum "+" product -> add | sum "-" product -> sub
_NEWLINE: /\n+/
NAME: /[A-Za-z_]\w*/
NUMBER: /\d+(\.\d*)?([eE][+-]?\d+)?/
%ignore " "
"""
ALIKE = r"""
?product: power | product "*" power -> mul | product "/" power -> div
?power: atom | atom "^" power -> pow
?atom: NUMBER -> number | NAME -> name | "-" atom -> neg | "(" sum ")" | NAME "(" sum ")" -> call
"""
MIXED = r"""
?product: signed | product "*" signed -> mul | product "/" signed -> div
?signed: power | "-" signed -> neg
?power: atom | atom "^" signed -> pow
?atom: NUMBER -> number | NAME -> name | "(" sum ")" | NAME "(" called ("," called)* ")" -> call
?called: sum | sum ">" sum -> gt
"""
GRAMMARS = {"alike": WORDS + ALIKE, "mixed": WORDS + MIXED}
"""A grammar of one's own for each kind of text, no larger than it must be."""

SHAPES = {
    # with how many operations it has; A to D stand for earlier names, N for numbers
    "A*B + sin(C)": 3,
    "N*A - B/N": 3,
    "min(A, B, C)": 2,
    "if(A > N, B, C*D)": 3,
    "(A + B)*(C - D)": 3,
    "A^2 - N*B^3": 4,
    "-A*B + N": 3,
    "exp(-A^2/N)": 4,
    "tanh(N*A + N*B + N*C + N)": 7,
    "A*-N + abs(B)": 3,
}
"""What the statements of a mixed text look like."""

TOKENS = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[-+*/^()=\n]")


def text(kind: str, count: int) -> str:
    """Equations of random earlier names: all alike, `v = v*v + sin(v)`, or of ten shapes mixed."""
    return "\n".join(f"v{at} = {side}" for at, side in enumerate(_sides(kind, count)))


def operations(kind: str, count: int) -> int:
    """How many operations that text has."""
    if kind == "alike":
        return 3 * count
    return sum(SHAPES[shape] for shape in Random(8).choices([*SHAPES], k=count))


def _sides(kind: str, count: int) -> Iterator[str]:
    random = Random(7)

    def name(size: int) -> str:
        at = random.randrange(size + 10)
        return f"x{at}" if at < 10 else f"v{at - 10}"

    if kind == "alike":
        for at in range(count):
            yield f"{name(at)}*{name(at)} + sin({name(at)})"
        return
    for at, shape in enumerate(Random(8).choices([*SHAPES], k=count)):
        yield re.sub(
            "[A-DN]",
            lambda leaf, at=at: _numeral(random) if leaf[0] == "N" else name(at),
            shape,
        )


def _numeral(random: Random) -> str:
    """A number as people write them: `3`, `0.25`, `1.5e-3`."""
    number = random.choice((1, 2, 3)) if random.random() < 0.3 else random.uniform(0.1, 3)
    return random.choice(("{:.3g}", "{:.2f}", "{:.1e}", "{}")).format(number)


def number(name: str) -> float:
    """What a name stands for when a right side is evaluated to see whether it was understood."""
    return 0.1 + 0.001 * (int(name[1:]) % 997) + (name[0] == "x")


def sample(count: int) -> range:
    """The equations that are evaluated."""
    return range(0, count, count // 100)


def symengine(kind: str, count: int) -> Job:
    """`sympify` of each right side by itself: it reads no equations, and `if` only in its own words."""
    import symengine

    branches = re.compile(r"if\((.*), (.*), (.*)\)")
    sides = [branches.sub(r"Piecewise((\2, \1), (\3, True))", each) for each in _sides(kind, count)]
    sympify = symengine.sympify

    def run() -> list[Any]:
        return [sympify(side) for side in sides]

    before = peak()

    def check() -> list[float]:
        found = run()
        return [
            float(found[at].subs({each: number(str(each)) for each in found[at].free_symbols}))
            for at in sample(count)
        ]

    return Job(run, check, before=before)


class Node:
    """A simple object for what is read."""

    __slots__ = ("label", "operands", "rule")

    def __init__(self, rule: str, label: str, operands: tuple[Node, ...] = ()) -> None:
        self.rule = rule
        self.label = label
        self.operands = operands

    def number(self) -> float:
        if self.rule == "name":
            return number(self.label)
        if self.rule == "number":
            return float(self.label)
        function = FUNCTIONS[self.label if self.rule == "call" else self.rule]
        return float(function(*(operand.number() for operand in self.operands)))


FUNCTIONS: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "gt": operator.gt,
    "if": lambda condition, taken, other: taken if condition else other,
    "min": min,
    "abs": abs,
    "sin": math.sin,
    "exp": math.exp,
    "tanh": math.tanh,
}


def lark(kind: str, count: int) -> Job:
    """A plain LALR grammar of one's own with an inline transformer that builds simple objects."""
    from lark import Lark, Transformer, v_args

    def builder(rule: str) -> Any:
        return lambda self, *operands: Node(rule, "", operands)

    rules = {rule: builder(rule) for rule in ("add", "sub", "mul", "div", "pow", "neg", "gt")}
    rules["name"] = lambda self, token: Node("name", token.value)
    rules["number"] = lambda self, token: Node("number", token.value)
    rules["call"] = lambda self, token, *operands: Node("call", token.value, operands)
    rules["equation"] = lambda self, token, side: (token.value, side)
    rules["start"] = lambda self, *equations: dict(equations)
    transformer = v_args(inline=True)(type("Build", (Transformer,), rules))
    parser = Lark(GRAMMARS[kind], parser="lalr", transformer=transformer())
    source = text(kind, count)
    before = peak()
    found: dict[str, Node] = {}

    def run() -> None:
        found.clear()
        found.update(parser.parse(source))

    def check() -> list[float]:
        run()
        return [found[f"v{at}"].number() for at in sample(count)]

    return Job(run, check, before=before)


def tokens(kind: str, count: int) -> Job:
    """Python's regular expressions cut the text into tokens; nothing is understood."""
    source = text(kind, count)

    def check() -> list[float]:
        return [float(len(TOKENS.findall(source)))]

    return Job(lambda: TOKENS.findall(source), check, before=peak())
