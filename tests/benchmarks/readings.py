"""Texts to read, and the peers that read them."""

from __future__ import annotations

import math
import re
from random import Random
from typing import Any

from benchmarks.worker import Job, peak

GRAMMAR = r"""
start: (equation _NEWLINE?)*
equation: NAME "=" sum
?sum: product | sum "+" product -> add | sum "-" product -> sub
?product: power | product "*" power -> mul | product "/" power -> div
?power: atom | atom "^" power -> pow
?atom: NUMBER -> number | NAME -> name | "-" atom -> neg | "(" sum ")" | NAME "(" sum ")" -> call
_NEWLINE: /\n+/
NAME: /[A-Za-z_]\w*/
NUMBER: /\d+(\.\d*)?([eE][+-]?\d+)?/
%ignore " "
"""
TOKENS = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[-+*/^()=\n]")


def text(count: int) -> str:
    """Equations `v = v*v + sin(v)` of random earlier names."""
    random = Random(7)

    def name(size: int) -> str:
        at = random.randrange(size + 10)
        return f"x{at}" if at < 10 else f"v{at - 10}"

    return "\n".join(f"v{k} = {name(k)}*{name(k)} + sin({name(k)})" for k in range(count))


def number(name: str) -> float:
    """What a name stands for when a right side is evaluated to see whether it was understood."""
    return 0.1 + 0.001 * (int(name[1:]) % 997) + (name[0] == "x")


def sample(count: int) -> range:
    """The equations that are evaluated."""
    return range(0, count, count // 100)


def symengine(count: int) -> Job:
    """`sympify` of each right side by itself: it reads no equations."""
    import symengine

    sides = [line.split(" = ")[1] for line in text(count).splitlines()]
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
        first, *others = [operand.number() for operand in self.operands]
        return {"add": lambda: first + others[0], "mul": lambda: first * others[0]}.get(
            self.rule, lambda: math.sin(first)
        )()


def lark(count: int) -> Job:
    """A plain LALR grammar of one's own with an inline transformer that builds simple objects."""
    from lark import Lark, Transformer, v_args

    def builder(rule: str) -> Any:
        return lambda self, *operands: Node(rule, "", operands)

    rules = {rule: builder(rule) for rule in ("add", "sub", "mul", "div", "pow", "neg")}
    rules["name"] = lambda self, token: Node("name", token.value)
    rules["number"] = lambda self, token: Node("number", token.value)
    rules["call"] = lambda self, token, operand: Node("call", token.value, (operand,))
    rules["equation"] = lambda self, token, side: (token.value, side)
    rules["start"] = lambda self, *equations: dict(equations)
    transformer = v_args(inline=True)(type("Build", (Transformer,), rules))
    parser = Lark(GRAMMAR, parser="lalr", transformer=transformer())
    source = text(count)
    before = peak()
    found: dict[str, Node] = {}

    def run() -> None:
        found.clear()
        found.update(parser.parse(source))

    def check() -> list[float]:
        run()
        return [found[f"v{at}"].number() for at in sample(count)]

    return Job(run, check, before=before)


def tokens(count: int) -> Job:
    """Python's regular expressions cut the text into tokens; nothing is understood."""
    source = text(count)

    def check() -> list[float]:
        return [float(len(TOKENS.findall(source)))]

    return Job(lambda: TOKENS.findall(source), check, before=peak())
