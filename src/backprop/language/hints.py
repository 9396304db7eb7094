"""What is meant by a call of a function that there is not: a text that can take its place."""

import re

from backprop.operations import OPERATIONS
from backprop.source import one_line
from backprop.synonyms import MEANT
from backprop.syntax.grammar import Node, roots
from backprop.syntax.parser import Statement, formula

_SLOT = re.compile(r"<([xyz])>|\[([xyz])\]")
_LONGEST = 40
"""Longer arguments stand as x, y and z in a hint."""


def meant(statement: Statement, call: Node) -> list[str]:
    """The hints for a call by its name, none for a name that is in no table.

    What they propose can be put in the place of the call as it stands: `sqr(a + 1)^3` gets the hint
    `write ((a + 1)^2)`.
    """
    tokens, nodes = statement.tokens, statement.shape.nodes
    texts = MEANT.get(tokens.texts[call.token].lower(), ())
    at = nodes.index(call)
    arguments = [nodes[each] for each in roots(nodes, call.start, at - 1)]
    fitting = [text for text in texts if len(_slots(text)) == len(arguments)]
    spans = [tokens.span(each.first, each.last) for each in arguments]
    given = {name: one_line(span.text) for name, span in zip("xyz", spans, strict=False)}
    if not fitting or max(map(len, given.values())) > _LONGEST:
        given, bound = {name: name for name in "xyz"}, set("xyz")
    else:
        bound = {n for n, each in zip("xyz", arguments, strict=False) if each.kind != "operation"}

    def put(slot: re.Match[str]) -> str:
        name = slot[1] or slot[2]
        return given[name] if slot[2] or name in bound else f"({given[name]})"

    parent = next((node for node in nodes[at + 1 :] if node.start <= at), call)
    around = OPERATIONS[parent.operation].binding if parent.operation not in ("", "if") else 0
    found: list[str] = []
    for text in fitting or texts:
        root = formula(_SLOT.sub("x", text)).shape.nodes[-1]
        loose = root.operation and OPERATIONS[root.operation].binding <= around
        made = _SLOT.sub(put, text)
        found.append(f"{'or' if found else 'write'} {f'({made})' if loose else made}")
    return found


def _slots(text: str) -> set[str]:
    return {slot[1] or slot[2] for slot in _SLOT.finditer(text)}
