"""A statement's shape as a Python function that makes the Values of every statement like it.

`v = x*y + sin(z)` and `u = a*b + sin(c)` differ in their leaves only. The function for both takes the
leaves apart, looks the names up, and makes three Values, with nothing left to decide: a tenth of the
time that the builder needs, which decides everything anew. What it makes is what the builder makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nan
from typing import NamedTuple

from backprop.language.parser import Statement
from backprop.operations import CONSTANTS, FUNCTIONS
from backprop.values import NUMBER, Value

Parts = list[str]
"""A statement cut at its leaves: what stands before the first, the first leaf, what stands between …"""

Anew = Callable[[str], Value]
"""The Value for a name that is defined although it is known: used further up, or defined twice."""

Make = Callable[[Parts, int, dict[str, Value], dict[str, Value], Anew], int]
"""(parts, where, values, defaults, anew) → the steps read; or 0, and nothing is done, if a leaf is
not of its class, or a name not known yet."""

NAME, NUMERAL = "", "0"
"""The class of a leaf; that of any other word (a function, a constant, `and`) is the word itself."""


def template(statement: Statement, leaves: Mapping[int, int], classes: tuple[str, ...]) -> Make:
    """The function for statements like this equation. leaves: which leaf a token is, from 0."""
    tokens, shape = statement
    code = _Code()
    for node in shape.nodes:
        word = tokens.texts[node.token]
        if node.kind == "name" and classes[leaves[node.token]] == NAME:
            code.name(leaves[node.token])
        elif node.kind == "name":
            code.number(repr(CONSTANTS[word]))
        elif node.kind == "number":
            code.number(code.numeral(leaves[node.token]))
        elif node.operation == "neg" and (number := code.stack[-1].number):
            code.stack.pop()  # -3 is a number
            code.number(number[1:] if number.startswith("-") else f"-{number}")
        elif node.kind == "operation":
            code.operation(node.operation, node.operands)
        else:
            code.call(word, node.operands)
    for leaf, kind in enumerate(classes):
        if kind not in (NAME, NUMERAL):
            code.checks.append(f"x{leaf} != {kind!r}")
    return code.function(len(classes), len(shape.nodes))


class _Operand(NamedTuple):
    """What waits for its operation: a Python name of a Value, or of a number the expression."""

    value: str = ""
    number: str = ""
    where: str = "where"


class _Code:
    """The text of the function while it is written."""

    def __init__(self) -> None:
        self.checks: list[str] = []
        self.reads: dict[str, str] = {}
        self.makes: list[str] = []
        self.stack: list[_Operand] = []
        self.uses_names = False
        self._made = 0

    def name(self, leaf: int) -> None:
        self.uses_names = True
        self.reads[f"v{leaf}"] = f"values[x{leaf}]"
        self.stack.append(_Operand(f"v{leaf}"))

    def numeral(self, leaf: int) -> str:
        """The expression of a number that is written in the text."""
        self.checks.append(f'x{leaf} > ":"')  # behind the digits and the point, before the letters
        self.reads[f"n{leaf}"] = f"float(x{leaf})"
        return f"n{leaf}"

    def number(self, expression: str, where: str = "where") -> None:
        self.stack.append(_Operand(number=expression, where=where))

    def call(self, word: str, count: int) -> None:
        """A function of the table, with what it takes by default, or folded over many arguments."""
        row = FUNCTIONS[word]
        for number in row.defaults[len(row.defaults) - max(0, row.arity - count) :]:
            self.number(repr(number), "None")
        rest = [self.stack.pop() for _ in range(count - row.arity)]
        self.operation(row.name, row.arity)
        while rest:
            self.stack.append(rest.pop())
            self.operation(row.name, 2)

    def operation(self, op: str, count: int) -> None:
        operands = self.stack[-count:]
        del self.stack[-count:]
        prev = "".join(f"{self._operand(each)}, " for each in operands)
        self.stack.append(_Operand(self._value("nan", f"({prev})", op)))

    def _operand(self, operand: _Operand) -> str:
        return operand.value or self._value(operand.number, "()", NUMBER, operand.where)

    def _value(self, data: str, prev: str, op: str, where: str = "where") -> str:
        self._made += 1
        made = f"made{self._made}"
        self.makes += [f"{made} = new(Value)", *_fill(made, data, '""', prev, op, where)]
        return made

    def function(self, leaves: int, steps: int) -> Make:
        named = "new(Value) if x0 not in values else anew(x0)"
        root = self.stack.pop()
        if not self.uses_names:
            self.makes += [f"named = {named}", f"defaults[x0] = {self._operand(root)}"]
            self.makes += _fill("named", "nan", "x0", "()", "")
        elif root.value.startswith("v"):  # a name alone
            self.makes += [f"named = {named}"]
            self.makes += _fill("named", "nan", "x0", f"({root.value},)", "copy")
        else:  # the last Value that is made is the named one
            last = self.makes.index(f"{root.value} = new(Value)")
            self.makes[last] = f"{root.value} = {named}"
            self.makes[last + 3] = f"{root.value}.label = x0"
            self.makes.append(f"named = {root.value}")
        numbers = [name for name in self.reads if name.startswith("n")]
        lines = [
            "def make(parts, where, values, defaults, anew):",
            f"    {''.join(f'_, x{leaf}, ' for leaf in range(leaves))}_ = parts",
            *(f"    if {check}: return 0" for check in self.checks),
            "    try:",
            *(f"        {name} = {read}" for name, read in self.reads.items()),
            "        pass",
            "    except (KeyError, ValueError): return 0",
            *(f"    if {number} == inf: return 0" for number in numbers),
            *(f"    {line}" for line in self.makes),
            "    values[x0] = named",
            f"    return {steps}",
        ]
        environment = {"new": object.__new__, "Value": Value, "nan": nan, "inf": inf}
        exec("\n".join(lines), environment)
        return environment["make"]  # type: ignore[return-value]


def _fill(made: str, data: str, label: str, prev: str, op: str, where: str = "where") -> list[str]:
    """The lines that do what Value's constructor does, without the time that calling it takes."""
    return [
        f"{made}.data = {data}",
        f"{made}.grad = 0.0",
        f"{made}.label = {label}",
        f"{made}.prev = {prev}",
        f"{made}.op = {op!r}",
        f"{made}._where = {where}",
    ]
