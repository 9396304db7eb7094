"""Formulas of the equation language as functions of JavaScript, for pages."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backprop.chain.walk import Operand
from backprop.engine.writers.javascript.javascript_writer import JavaScriptWriter, helpers, written
from backprop.syntax.parser import Statement


class JavaScriptFunction(NamedTuple):
    """Equations as a function. parameters: the names whose numbers it takes. equations: each a name and
    a right side, which may use the names before it. numbers: those of the other names."""

    parameters: Sequence[str]
    equations: Sequence[tuple[str, Statement]]
    numbers: Mapping[str, float]


def javascript_functions(named: Mapping[str, JavaScriptFunction]) -> str:
    """The text of a JavaScript expression, an object with a function for each name.

    A function takes the numbers of its parameters, and returns an array of what its equations define,
    in their order. The names in formulas do not reach the code.
    """
    writer = JavaScriptWriter()
    writer.helpers = {}  # those of the formulas only
    made = [f"{json.dumps(name)}: {_arrow(writer, function)}" for name, function in named.items()]
    called = [*helpers(writer.helpers), *writer.functions.values()]
    return "\n".join(["(() => {", *called, "return {", *(f"{each}," for each in made), "};\n})()"])


def _arrow(writer: JavaScriptWriter, function: JavaScriptFunction) -> str:
    taken = [f"p{at}" for at in range(len(function.parameters))]
    names: dict[str, Operand[str]] = {
        **function.numbers,
        **dict(zip(function.parameters, taken, strict=True)),
    }
    lines, results = list[str](), list[str]()
    for target, statement in function.equations:
        results.append(f"r{len(results)}")
        lines.append(f"const {results[-1]} = {written(writer.statement(statement, names))};")
        names[target] = results[-1]
    return "\n".join([f"({', '.join(taken)}) => {{", *lines, f"return [{', '.join(results)}];\n}}"])
