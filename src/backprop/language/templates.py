"""A statement's shape as a Python function that makes the Values of every statement like it.

`v = x*y + sin(z)` and `u = a*b + sin(c)` differ in their leaves only. The function for both takes the
leaves apart, looks the names up, and makes three Values, with nothing left to decide: a tenth of the
time that the builder needs, which decides everything anew. What it makes is what the builder makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, nan
from typing import Any, NamedTuple

from backprop.operations import CONSTANTS, FUNCTIONS
from backprop.syntax.parser import Statement
from backprop.syntax.pieces import NAME_LEAF, NUMBER_LEAF, Parts
from backprop.values import NUMBER, Value

Anew = Callable[[str], Value]
"""The Value for a name that is defined although it is known: used further up, or defined twice."""

Values = dict[str, Value]
One = Callable[[Parts, int, Values, Values, Anew], int]
Learn = Callable[[Sequence[int], str, int], bool]
"""(leaves, piece, where): make inputs of the leaves that are names not known; whether there were any."""

Run = Callable[[Iterator[str], int, Values, Values, Anew, Learn], tuple[str | None, int, int]]

NAME, NUMERAL = "", "0"
"""The class of a leaf; that of any other word (a function, a constant, `and`) is the word itself."""


class Template:
    """Reads the statements of one shape; `values`, `defaults`: as in Model; where: as in Value.

    one(parts, where, values, defaults, anew): read one statement; answer with its steps, or, having
    done nothing, with 0: a leaf is not of its class, or a name not known.
    run(pieces, where, values, defaults, anew, learn): read statements as long as they are of this shape;
    answer with the first one that is not (None: there is none), where it begins, and the steps.
    names: the leaves on the right that are names.
    """

    __slots__ = ("_code", "_run", "names", "one")

    def __init__(self, code: _Code, parts: Parts, classes: tuple[str, ...]) -> None:
        self.names = _names(classes)
        self.one: One = code.one(len(classes))
        self._code = code, parts, classes
        self._run: Run | None = None

    @property
    def run(self) -> Run:
        if self._run is None:  # made when it is wanted, for the regular expression takes its time
            self._run = self._code[0].run(*self._code[1:])
        return self._run


def template(
    statement: Statement, parts: Parts, leaves: Mapping[int, int], classes: tuple[str, ...]
) -> Template:
    """The functions for statements like this equation. leaves: which leaf a token is, from 0."""
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
    code.finish(len(shape.nodes))
    return Template(code, parts, classes)


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
        self.steps = 0
        self._made = 0
        self._last = "", "", ""

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
        self._last = data, prev, op
        made = f"made{self._made}"
        self.makes += [f"{made} = new(Value)", *_fill(made, data, '""', prev, op, where)]
        return made

    def finish(self, steps: int) -> None:
        """Give the last Value its name."""
        self.steps = steps
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
            self.makes[last] = f"named = {named}"
            self.makes[last + 1 :] = _fill("named", *self._last[:1], "x0", *self._last[1:])
        self.makes.append("values[x0] = named")

    def one(self, leaves: int) -> One:
        function: One = self._function(
            "parts, where, values, defaults, anew",
            [
                f"{''.join(f'_, x{leaf}, ' for leaf in range(leaves))}_ = parts",
                *(f"if {check}: return 0" for check in self.checks),
                "try:",
                *self._read(),
                "except (KeyError, ValueError): return 0",
                *self._make("return 0"),
                f"return {self.steps}",
            ],
        )
        return function

    def run(self, parts: Parts, classes: tuple[str, ...]) -> Run:
        groups = {NAME: f"({NAME_LEAF})", NUMERAL: f"({NUMBER_LEAF})"}
        leaves = [groups.get(kind) or f"{re.escape(kind)}()" for kind in classes]
        between = [re.escape(part) for part in parts[::2]]
        pattern = "".join(a + b for a, b in zip(between, [*leaves, ""], strict=True))
        stop = "return piece, where, steps"
        function: Run = self._function(
            "pieces, where, values, defaults, anew, learn",
            [
                "steps = 0",
                "for piece in pieces:",
                "    found = match(piece)",
                f"    if found is None: {stop}",
                f"    {''.join(f'x{leaf}, ' for leaf in range(len(classes)))} = found.groups()",
                "    while True:",
                "        try:",
                *(f"        {line}" for line in self._read()),
                "            break",
                "        except KeyError:",
                f"            if not learn({_names(classes)}, piece, where): {stop}",
                f"        except ValueError: {stop}",
                *(f"    {line}" for line in self._make(stop)),
                f"    steps += {self.steps}",
                "    where -= len(piece)",
                "return None, where, steps",
            ],
            match=re.compile(pattern, re.ASCII).fullmatch,
        )
        return function

    def _read(self) -> list[str]:
        return [*(f"    {name} = {read}" for name, read in self.reads.items()), "    pass"]

    def _make(self, stop: str) -> list[str]:
        numbers = [name for name in self.reads if name.startswith("n")]
        return [*(f"if {number} == inf: {stop}" for number in numbers), *self.makes]

    def _function(self, arguments: str, lines: list[str], **known: object) -> Any:
        environment = {"new": object.__new__, "Value": Value, "nan": nan, "inf": inf, **known}
        exec(f"def made({arguments}):\n    " + "\n    ".join(lines), environment)
        return environment["made"]


def _names(classes: Sequence[str]) -> list[int]:
    """The leaves that are names, but for the one that is defined."""
    return [leaf for leaf, kind in enumerate(classes) if kind == NAME and leaf]


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
