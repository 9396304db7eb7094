"""Straight-line machine code for a small graph.

Compiling costs 0.05 to 0.3 ms an operation, so this is for up to about a thousand of them, evaluated
many times. The numbers are the interpreter's, to the bit but for what `writers.llvm` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

from backprop.engine.native.machine import ATTRIBUTES
from backprop.engine.walk import value_and_gradient
from backprop.engine.writers.llvm import Code, Operand
from backprop.graph import Graph


def finite(code: Code, operands: Sequence[Operand]) -> str:
    """A register that is 0 where all of these are finite, and nan elsewhere."""
    total: Operand = 0.0
    for each in operands:
        if isinstance(each, float):
            if not isfinite(each):
                total = nan
            continue
        text = code.write(each)
        zero = code.emit(f"fsub double {text}, {text}")  # x - x is nan for what is no number
        total = zero if total == 0.0 else code.value("+", [total, zero])
    return code.write(total)


def evaluation(graph: Graph, wrt: Sequence[int], fixed: Sequence[int]) -> str:
    """The function `evaluate(x, fixed, value, gradient) -> 0, or 1 where something is not finite`.

    x: the numbers of `wrt`; fixed: those of `fixed`, the other inputs.
    """
    code = Code()
    known = loads(code, "%fixed", fixed) | loads(code, "%x", wrt)
    out, by, looked = value_and_gradient(code, graph, wrt, known)
    bad = finite(code, [*looked, *by])
    code.store(out, "%value")
    for at, each in enumerate(by):
        code.store(each, code.at("%gradient", at))
    return f"""
define i32 @evaluate(ptr noalias %x, ptr noalias %fixed, ptr noalias %value, ptr noalias %gradient) {{
{code.body}
  %bad = fcmp uno double {bad}, 0.0
  %answer = zext i1 %bad to i32
  ret i32 %answer
}}
{code.declarations}
{ATTRIBUTES}"""


def loads(code: Code, pointer: str, nodes: Sequence[int]) -> dict[int, Operand]:
    """Registers with the numbers behind a pointer, one for each node."""
    found: dict[int, Operand] = {}
    for at, each in enumerate(nodes):
        found[each] = code.load(code.at(pointer, at))
    return found
