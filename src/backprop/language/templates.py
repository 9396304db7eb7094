"""A statement's shape as a Python function that makes the rows of every statement like it.

`v = x*y + sin(z)` and `u = a*b + sin(c)` differ in their leaves only. The builder reads a specimen of the
shape, whose leaves can be told apart in the rows that come out; the function for all others takes
their leaves, looks the names up and adds the same rows, with nothing left to decide: a tenth of the
time that the builder needs, which decides everything anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from backprop.graph import Columns
from backprop.language.build import Builder
from backprop.language.families import Families
from backprop.language.integers import Integers
from backprop.syntax.bodies import Program
from backprop.syntax.parser import Statement
from backprop.syntax.pieces import Parts

Names = dict[str, int]
Known = Callable[[str, int | None], None]
"""Defines a name that is known although it is defined here: used further up, or defined twice."""

One = Callable[[Parts, int, Known], int]
"""(a statement cut at its leaves, ~ of the offset where it begins, …) → how many steps it has; 0, with
nothing done, if a leaf is not of its class, or a name that is not known."""

NAME, NUMERAL = "", "0"
"""The class of a leaf; that of any other word (a function, a constant, `and`) is the word itself."""

_TELLING = 1e-290
"""The number leaves of a specimen are multiples of it: no constant of the language is one."""


class Template:
    """Reads the statements of one shape. one: the function. names: the leaves on the right that are
    names."""

    __slots__ = ("names", "one")

    def __init__(
        self,
        statement: Statement,
        leaves: Mapping[int, int],
        classes: tuple[str, ...],
        columns: Columns,
        names: Names,
        defaults: Names,
    ) -> None:
        """statement: one of the shape. leaves: which leaf a token is, from 0. The others are those of
        the text, which `one` adds to."""
        self.names = [leaf for leaf, kind in enumerate(classes) if kind == NAME and leaf]
        lines = _lines(statement, leaves, classes, self.names)
        scope: dict[str, Any] = {
            "inf": inf,
            "columns": columns,
            "names": names,
            "defaults": defaults,
            "more": columns.more,
            "count": columns.ops.__len__,
            "constants": columns.constants,
            **{f"add_{name}": getattr(columns, name).extend for name in _EXTENDED},
        }
        exec("def one(parts, where, known):\n    " + "\n    ".join(lines), scope)
        self.one: One = scope["one"]


_EXTENDED = ("ops", "first", "second", "constants", "places")


def _specimen(
    statement: Statement, leaves: Mapping[int, int], names: list[int]
) -> tuple[Columns, int, bool]:
    """The rows that the builder makes of a statement in which the names are the first rows, in the
    order of their leaves, and the number of leaf 3 is 4*_TELLING; the row of the whole; and whether it
    is computed from names."""
    tokens, shape = statement
    texts = [
        f"{_TELLING * (leaves[token] + 1)!r}"
        if kind == "NUMBER"
        else f"name {leaves[token]}"
        if token in leaves and leaves[token] in names
        else text
        for token, (kind, text) in enumerate(zip(tokens.kinds, tokens.texts, strict=True))
    ]
    columns = Columns()
    builder = Builder({}, Families(Integers({})), columns=columns)
    builder.names = {f"name {leaf}": columns.input() for leaf in names}
    root = builder.expression(tokens._replace(texts=texts), Program(shape.nodes, {}), {})
    return columns, root, builder.uses_names


def _lines(
    statement: Statement, leaves: Mapping[int, int], classes: tuple[str, ...], names: list[int]
) -> list[str]:
    """The body of the function `one`."""
    columns, root, uses_names = _specimen(statement, leaves, names)
    inputs = len(names)

    def row(node: int) -> str:
        """A row of the specimen as an expression: the row of a name, or one that is added."""
        return f"v{names[node]}" if node < inputs else f"at + {node - inputs}"

    def number(value: float) -> str:
        """A number as an expression: a leaf, or a constant."""
        leaf = round(min(abs(value) / _TELLING, 1e9)) - 1
        if 0 <= leaf < len(classes) and classes[leaf] == NUMERAL:
            return f"-n{leaf}" if value < 0 else f"n{leaf}"
        return repr(value)

    if root < inputs:  # a name alone
        root = columns.step("copy", (root,))
    ops, constants, more = bytearray(), list[str](), list[str]()
    first, second = list[str](), list[str]()
    for node in range(inputs, len(columns)):
        ops.append(columns.ops[node])
        if columns.is_number(node):
            first.append(f"-2 - k - {len(constants)}" if constants else "-2 - k")
            constants.append(number(columns.constant(node)))
        else:
            first.append(row(columns.first[node]))
        second.append(row(columns.second[node]) if columns.second[node] >= 0 else "-1")
        rest = columns.more.get(node, ())
        if rest:
            more.append(f"more[{row(node)}] = ({''.join(f'{row(each)}, ' for each in rest)})")
    numerals = [leaf for leaf, kind in enumerate(classes) if kind == NUMERAL]
    words = [leaf for leaf, kind in enumerate(classes) if kind not in (NAME, NUMERAL)]
    count = len(columns) - inputs
    lines = [f"{''.join(f'_, x{leaf}, ' for leaf in range(len(classes)))}_ = parts"]
    # digits and the point stand before ":" and the letters behind it
    lines += [f'if x{leaf} > ":": return 0' for leaf in numerals]
    lines += [f"if x{leaf} != {classes[leaf]!r}: return 0" for leaf in words]
    lines += [
        "try:",
        *(f"    v{leaf} = names[x{leaf}]" for leaf in names),
        *(f"    n{leaf} = float(x{leaf})" for leaf in numerals),
        "    at = count()",
        "except (KeyError, ValueError): return 0",
        *(f"if n{leaf} == inf: return 0" for leaf in numerals),
    ]
    if constants:
        lines += ["k = len(constants)", f"add_constants(({', '.join(constants)},))"]
    lines += [
        f"add_ops({bytes(ops)!r})",
        f"add_first(({', '.join(first)},))",
        f"add_second(({', '.join(second)},))",
        f"add_places((where,){f' * {count}' if count > 1 else ''})",
        *more,
    ]
    if uses_names:
        lines += [f"if x0 in names: known(x0, {row(root)})", f"else: names[x0] = {row(root)}"]
    else:
        lines += [
            "if x0 in names: known(x0, None)",
            "else: names[x0] = columns.input(where)",
            f"defaults[x0] = {row(root)}",
        ]
    return [*lines, f"return {len(statement.shape.nodes)}"]
