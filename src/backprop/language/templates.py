"""A statement's shape as a Python function that makes the rows of every statement like it.

`v = x*y + sin(z)` and `u = a*b + sin(c)` differ in their leaves only. The builder reads a specimen
of the shape, whose leaves can be told apart in the rows that come out; the function for all others
takes their leaves, looks the names up and adds the same rows, with nothing left to decide: a tenth
of the time that the builder needs, which decides everything anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from backprop.graph import CODES, INPUT, Columns
from backprop.language.build import Builder
from backprop.syntax.bodies import prepared
from backprop.syntax.parser import Statement

One = Callable[[list[str], int], int]
"""(the leaves of a statement, ~ of the offset where it begins) → how many steps it has; 0, with
nothing done, if a leaf is not of its class, or a name that is not known."""

NAME, NUMERAL = "", "0"
"""The class of a leaf; that of any other word (a function, a constant, `and`) is the word itself."""

_TELLING = 1e-290
"""The number leaves of a specimen are multiples of it: no constant of the language is one."""


class Template(NamedTuple):
    """What reads the statements of one shape. one: the function for a statement. names: which leaves
    on the right are names."""

    one: One
    names: list[int]


def template(
    statement: Statement, leaves: Mapping[int, int], classes: tuple[str, ...], scope: dict[str, Any]
) -> Template:
    """The reader of all statements that have the shape of this one. leaves: for each token that is a
    leaf, which one, from 0. classes: of the leaves. scope: what its function works on, by name."""
    target = statement.shape.target
    names = [leaf for leaf, kind in enumerate(classes) if kind == NAME and leaf > target]
    lines = _lines(statement, leaves, classes, names)
    exec("def one(leaves, where):\n    " + "\n    ".join(lines), scope)
    return Template(scope["one"], names)


def _specimen(
    statement: Statement, leaves: Mapping[int, int], names: list[int]
) -> tuple[Columns, int, bool]:
    """The rows that the builder makes of a statement in which the names are the first rows, in the
    order of their leaves, and the number of leaf 3 is 4*_TELLING; the row of the whole; and whether
    it is computed from names."""
    tokens, shape = statement
    texts = [*tokens.texts]
    for token, leaf in leaves.items():
        if leaf in names:
            texts[token] = f"name {leaf}"
        elif tokens.kinds[token] == "NUMBER":
            texts[token] = repr(_TELLING * (leaf + 1))
    columns = Columns()
    builder = Builder({f"name {leaf}": columns.input() for leaf in names}, columns)
    root = builder.expression(tokens._replace(texts=texts), prepared(shape).body, {})
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
        if leaf in numerals:
            return f"-n{leaf}" if value < 0 else f"n{leaf}"
        return repr(value)

    numerals = [leaf for leaf, kind in enumerate(classes) if kind == NUMERAL]
    words = [leaf for leaf, kind in enumerate(classes) if kind not in (NAME, NUMERAL)]
    if root < inputs:  # a name alone
        root = columns.step("copy", (root,))
    ops, constants, more = bytearray(), list[str](), list[str]()
    first, second = list[str](), list[str]()
    for node in range(inputs, len(columns)):
        ops.append(columns.ops[node])
        if columns.is_number(node):
            first.append(f"k - {len(constants)}" if constants else "k")
            constants.append(number(columns.constant(node)))
        else:
            first.append(row(columns.first[node]))
        second.append(row(columns.second[node]) if columns.second[node] >= 0 else "-1")
        if rest := columns.more.get(node, ()):
            more.append(f"more[{row(node)}] = ({''.join(f'{row(each)}, ' for each in rest)})")
    result = row(root)
    if not uses_names:  # the row of the name itself, an input with this default
        ops.append(CODES[INPUT])
        first.append("-1")
        second.append("-1")
    rows = len(ops)
    lines = [f"{''.join(f'x{leaf}, ' for leaf in range(len(classes)))} = leaves"]
    # digits and the point stand before ":" and the letters behind it
    lines += [f'if x{leaf} > ":": return 0' for leaf in numerals]
    lines += [f"if x{leaf} != {classes[leaf]!r}: return 0" for leaf in words]
    lines += [
        "try:",
        *(f"    v{leaf} = names[x{leaf}]" for leaf in names),
        *(f"    n{leaf} = float(x{leaf})" for leaf in numerals),
        "    at = count()",
        "except (KeyError, ValueError): return 0",
        *(
            f"if n{leaf} == inf or not n{leaf} and beyond_doubles(x{leaf}, 0.0)[0]: return 0"
            for leaf in numerals
        ),
    ]
    if constants:
        lines += ["k = -2 - len(constants)", *(f"add_constant({each})" for each in constants)]
    lines += [
        f"add_ops({bytes(ops)!r})",
        f"add_first(({', '.join(first)},))",
        f"add_second(({', '.join(second)},))",
        f"add_places((where,){f' * {rows}' if rows > 1 else ''})",
        *more,
    ]
    name = f"x{statement.shape.target}"
    if uses_names:
        lines += [f"if {name} in names: known({name}, {result})", f"else: names[{name}] = {result}"]
    else:
        lines += [
            f"if {name} in names: known({name}, None)",
            f"else: names[{name}] = at + {rows - 1}",
            f"defaults[{name}] = {result}",
        ]
    if statement.shape.const:
        lines.append(f"declared[{name}] = somewhere")
    return [*lines, f"return {len(statement.shape.nodes)}"]
