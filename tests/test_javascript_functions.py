"""Formulas as functions of JavaScript, in node: the updates of the table of optimizers are Python's."""

from __future__ import annotations

import json
from random import Random

import pytest

from backprop.descent.optimizers import FIRST_ORDER, defaults
from backprop.engine.writers.javascript.javascript_functions import (
    JavaScriptFunction,
    javascript_functions,
)
from backprop.syntax import functions, parser
from in_node import NODE, run

pytestmark = pytest.mark.skipif(not NODE, reason="node is not installed")


def test_updates_of_all_optimizers_are_those_of_python() -> None:
    turn, asked, right = Random(1), list[list[object]](), list[list[float]]()
    given = {}
    for row in FIRST_ORDER:
        parameters = ["x", "g", "k", "lr", *row.state]
        given[row.name] = JavaScriptFunction(parameters, [*row.equations()], defaults(row))
        for k in range(1, 40):
            numbers = [turn.gauss(0, 3), turn.gauss(0, 2), float(k), turn.uniform(1e-3, 1)]
            numbers += [turn.uniform(0, 2) for _ in row.state]
            known = {**defaults(row), **dict(zip(parameters, numbers, strict=True))}
            found = []
            for target, statement in row.equations():
                known[target] = functions.evaluated(statement, known)
                found.append(known[target])
            asked.append([row.name, numbers])
            right.append(found)
    page = run(
        f"const made = {javascript_functions(given)};\n"
        f"const asked = {json.dumps(asked)};\n"
        "return asked.map(([name, numbers]) => made[name](...numbers));"
    )
    assert len(page) == 39 * len(FIRST_ORDER)
    for (name, numbers), one, other in zip(asked, page, right, strict=True):
        # radam subtracts what differs by a hundredth, twice: a last bit of a power becomes 2^-40
        rel = 1e-11 if name == "radam" else 1e-13
        assert one == pytest.approx(other, rel=rel, abs=1e-300), (name, numbers)


def test_names_do_not_reach_the_code_and_later_equations_see_earlier_ones() -> None:
    text = "window = alert*2; return = window + alert^2 - sqrt(3)*pi"
    equations = [
        (each.tokens.texts[each.shape.target], each) for each in parser.equations(text, "names")
    ]
    code = javascript_functions({'a"b': JavaScriptFunction(["alert"], equations, {})})
    assert "window" not in code
    assert "alert" not in code
    found = run(f"return {code}['a\"b'](3);")
    assert found == pytest.approx([6, 15 - 3**0.5 * 3.141592653589793], rel=1e-14)
