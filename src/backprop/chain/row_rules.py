"""Functions that write what a step brings to the gradients of its operands, as rows of columns.

They are made of the table's slopes, once for each kind of step: the operation, which operands are
numbers, and which move. The walk of the chain rule says what a step of that kind brings; the writer
of this file makes a line of Python of each row of it, which looks for an equal row and adds one
where there is none. Five times as fast as to fold the slopes anew for each step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, NamedTuple

from backprop.chain.folding import constant, known
from backprop.chain.walk import Operand, Texts, Walk
from backprop.graph import CODES, Columns
from backprop.operations import OPERATIONS
from backprop.row import is_truth
from backprop.syntax import functions

Rule = Callable[[int, int, int, int, Any, int, int], None]
"""Takes the operands, the step and its gradient, all rows; the sums that it adds to, and where."""

Tangent = Callable[[int, int, int, Any, Any], int]
"""Takes the operands and the step, and the tangents of the operands, all rows; gives that of the step."""

ONE = 1.0

_ROWS = re.compile(r"\br\d+\b")
"""What rows are called."""


class NoRule(Exception):
    """What a kind of step brings depends on more than its kind: on a choice."""


class RowLines(Texts[str]):
    """Writes each row as lines of Python. number: makes
    the row of a number. moving: by the place of an operand whether a gradient comes to it."""

    def __init__(self, number: Callable[[float], int], moving: Sequence[bool]) -> None:
        self._parts: list[tuple[str, list[str]]] = []
        """What is written: a row each, with what it is called, or what is added to a gradient."""
        self._number = number
        self._moving = moving
        self._made: dict[tuple[str, ...], str] = {}

    def value(self, name: str, operands: Sequence[Operand[str]]) -> Operand[str]:
        row = OPERATIONS[name]
        if (found := known(name, operands)) is not None:
            return found
        numbers = any(isinstance(each, float) for each in operands)
        if numbers and row.says and is_truth(row):  # `and` with a 0 is 0
            tried = {
                functions.value(name)(*[x if isinstance(x, float) else other for x in operands])
                for other in (0.0, 1.0)
            }
            if len(tried) == 1:
                return float(tried.pop())
        if row.chooses or len(operands) > 2 or row.says:
            raise NoRule
        return self._row(name, [self.called(each) for each in operands])

    def constant(self, name: str) -> Operand[str]:
        return constant(name, self.value)

    def slopes(
        self, name: str, operands: Sequence[Operand[str]], out: Operand[str]
    ) -> tuple[Operand[str], ...]:
        row = OPERATIONS[name]
        names = {**dict(zip(row.operands, operands, strict=True)), "out": out}
        texts = zip(row.again or row.slopes, self._moving, strict=True)
        return tuple([self.text(text, names) if moves else 0.0 for text, moves in texts])

    def product(
        self, gradient: Operand[str], slope: Operand[str], careful: bool = False
    ) -> Operand[str]:
        return gradient if slope == ONE else self.value("*", [gradient, slope])

    def add(self, at: str, share: Operand[str]) -> None:
        """Add a share to the gradient of an operand."""
        share = self.called(share)
        total, lines = self._written("+", ["before", share], "        ")
        head = [
            f"    before = sums[{at}]",
            "    if before is None:",
            f"        sums[{at}] = {share}",
            f"    elif before in special or {share} in special:",
            f"        sums[{at}] = add(before, {share})",
            "    else:",
        ]
        self._parts.append(("", [*head, *lines, f"        sums[{at}] = {total}"]))

    def lines(self, result: str = "") -> list[str]:
        """The lines for what is added, and for a result: of a choice between numbers that are known only
        the branch that is taken has rows."""
        needed, found = {result}, list[list[str]]()
        for name, lines in reversed(self._parts):
            if not name or name in needed:
                needed.update(_ROWS.findall(" ".join(lines)))
                found.append(lines)
        return [line for lines in reversed(found) for line in lines]

    def called(self, operand: Operand[str]) -> str:
        """The row of an operand, as Python."""
        return operand if isinstance(operand, str) else str(self._number(operand))

    def _row(self, name: str, operands: list[str]) -> str:
        key = (name, *operands)
        if key not in self._made:
            found, lines = self._written(name, operands, "    ")
            self._made[key] = found
            self._parts.append((found, lines))
        return self._made[key]

    def _written(self, name: str, operands: list[str], indent: str) -> tuple[str, list[str]]:
        code, found = CODES[name], f"r{len(self._parts)}"
        first, second = (*operands, "-1")[:2]
        key = f"{first} << 31 | {second}" if len(operands) > 1 else first
        return found, [
            f"{indent}new = size(ops)",
            f"{indent}{found} = find{code}({key}, new)",
            f"{indent}if {found} == new:",
            f"{indent}    add_op({code}); add_first({first}); add_second({second})",
        ]


class _Kind(NamedTuple):
    """A kind of step, alone in columns: its operands and what they are called, and its writer."""

    writer: RowLines
    walk: Walk[str]
    step: int
    called: dict[int, str]

    def shares(
        self, gradient: Operand[str], moved: Container[int]
    ) -> Iterator[tuple[int, Operand[str]]]:
        return self.walk.shares(self.step, gradient, moved)


def _kind(
    name: str,
    operands: Sequence[float | None],
    moving: Sequence[bool],
    number: Callable[[float], int],
) -> _Kind:
    columns = Columns()
    called = {columns.input(): text for text in ("a", "b")[: len(operands)]}
    step = columns.step(name, [*called])
    known: dict[int, Operand[str]] = {
        node: text if constant is None else constant
        for (node, text), constant in zip(called.items(), operands, strict=True)
    }
    writer = RowLines(number, moving)
    return _Kind(writer, Walk(writer, columns, [], {**known, step: "out"}), step, called)


def _made(head: str, lines: Sequence[str], scope: dict[str, Any]) -> Any:
    exec("\n".join([head, *lines]), scope)
    return scope["rule"]


def rule(
    name: str,
    operands: Sequence[float | None],
    moving: Sequence[bool],
    gradient: float | None,
    scope: dict[str, Any],
    number: Callable[[float], int],
) -> Rule:
    """The function for steps of a kind, backward. Raises NoRule.

    operands: the numbers among the operands, None for others. moving: those that a gradient comes
    to. gradient: if it is a number. scope: what the lines call, `find…` of each
    operation among it. number: makes the row of a number.
    """
    kind = _kind(name, operands, moving, number)
    moved = {node for node, moves in zip(kind.called, moving, strict=True) if moves}
    for operand, share in kind.shares("g" if gradient is None else gradient, moved):
        kind.writer.add(f"at_{kind.called[operand]}", share)
    lines = kind.writer.lines() or ["    pass"]
    made: Rule = _made("def rule(a, b, out, g, sums, at_a, at_b):", lines, scope)
    return made


def tangent_rule(
    name: str,
    operands: Sequence[float | None],
    seeds: Sequence[bool | None],
    scope: dict[str, Any],
    number: Callable[[float], int],
) -> Tangent:
    """The function for steps of a kind, forward. Raises NoRule. seeds: by operand None where it has no
    tangent, else whether that is 1. The rest as for `rule`."""
    kind = _kind(name, operands, [each is not None for each in seeds], number)
    total: Operand[str] | None = None
    for (node, text), whole in zip(kind.called.items(), seeds, strict=True):
        for _, share in kind.shares(
            ONE if whole else f"of_{text}", {node} if whole is not None else ()
        ):
            total = share if total is None else kind.writer.value("+", [total, share])
    result = kind.writer.called(0.0 if total is None else total)
    lines = [*kind.writer.lines(result), f"    return {result}"]
    made: Tangent = _made("def rule(a, b, out, of_a, of_b):", lines, scope)
    return made
