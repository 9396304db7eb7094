"""Guess mode of a page: its panel, what it knows of each share, and the table of mistakes as JavaScript."""

import json
from collections.abc import Mapping
from functools import cache

from backprop.checks.mistake_table import COMPUTED, INSIDE, QUANTITIES, TABLE, factors
from backprop.engine.writers.javascript.javascript_functions import (
    JavaScriptFunction,
    javascript_functions,
)
from backprop.page_content import PageContent
from backprop.syntax.parser import formula

ROWS = [row for row in TABLE if row.tried not in (INSIDE, COMPUTED)]
"""A step of a page is one operation: nothing is inside of it. And a page asks for no values."""


def asks(page: PageContent) -> Mapping[str, object]:
    """Of each edge that adds to a gradient which use of its operand in the step it is, 0 if there is one
    only, and each operand that may be a factor too few or too many, with the name of its mistake."""
    graph = page.graph
    place = {node: at for at, node in enumerate(graph.order)}
    found = dict[str, object]()
    for step in page.steps:
        operands = [place[each] for each in graph.operands(graph.order[step.node])]
        for share in step.shares:
            some = [*factors(page.operation(step.node), operands, share.by)]
            found[str(share.edge)] = {"use": share.use, "factors": some}
    return found


@cache
def mistakes() -> str:
    """The table of mistakes as a JavaScript expression: `rows`, the `names` of the numbers that claims are
    made of, and of each row by name a function of these that `gives` the claim, and whether it counts."""
    functions = {
        row.name: JavaScriptFunction(
            QUANTITIES, [("claim", formula(row.claim)), ("is", formula(row.where or "1"))], {}
        )
        for row in ROWS
    }
    rows = [{"name": row.name, "tried": row.tried, "rank": row.rank} for row in ROWS]
    data = json.dumps({"rows": rows, "names": QUANTITIES}, ensure_ascii=False)
    return f"{{...{data}, gives: {javascript_functions(functions)}}}"
