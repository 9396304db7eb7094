"""What is wrong with derivatives in equations, and how others write them: `d(V)/d(x)`, `V'(x)`."""

from collections.abc import Collection

from backprop.errors import BackpropError, UnexpectedText, WrongNumberOfArguments
from backprop.operations import DERIVATIVE
from backprop.source import one_line
from backprop.syntax.grammar import Node, roots
from backprop.syntax.parser import Statement

BY = "by an input, a member such as x[1], a name with an equation, or a parameter of the function"
"""What a derivative can be taken by."""


def _given(statement: Statement, call: Node) -> tuple[list[Node], list[str]]:
    """The arguments of a call, and their texts."""
    tokens, nodes = statement.tokens, statement.shape.nodes
    given = [nodes[at] for at in roots(nodes, call.start, nodes.index(call) - 1)]
    return given, [one_line(tokens.span(each.first, each.last).text) for each in given]


def derivative_fault(statement: Statement, call: Node) -> BackpropError | None:
    """What is wrong with the arguments of a derivative."""
    tokens = statement.tokens
    given, texts = _given(statement, call)
    names = [each.kind in ("name", "index") for each in given]
    if len(given) != 2:
        of, by = (*texts[:2], *("V", "x")[len(texts) :])
        hints = [f"write {DERIVATIVE}({of}, {by})"]
        if len(given) == 3 and names[1] and (names[2] or texts[2] == "2"):
            then = texts[2] if names[2] else by
            hints = [f"for a second one write {DERIVATIVE}({DERIVATIVE}({of}, {by}), {then})"]
        message = f"{DERIVATIVE} takes 2 arguments, of what and by what, not {len(given)}"
        return WrongNumberOfArguments(message, tokens.span(call.first, call.last), hints=hints)
    if names[1]:
        return None
    place = tokens.span(given[1].first, given[1].last)
    hints = [f"it is {BY}"]
    if given[1].kind not in ("number", "gather"):
        hints.append(f"give it a name: u = {texts[1]}, and write {DERIVATIVE}(…, u) of what uses u")
    if names[0]:
        hints = [f"write {DERIVATIVE}({texts[1]}, {texts[0]})", *hints[:1]]
    return UnexpectedText("a derivative is by a name, and this is none", place, hints=hints)


def by_differentials(statement: Statement, call: Node) -> list[str]:
    """The hint for `d(V)/d(x)`, of which this is the first call; [] for others."""
    tokens, nodes = statement.tokens, statement.shape.nodes
    at = nodes.index(call)
    whole = next((each for each in nodes[at + 1 :] if each.start == call.start), None)
    if whole is None or whole.operation != "/" or tokens.texts[call.token] not in ("d", "∂"):
        return []
    other = nodes[nodes.index(whole) - 1]
    if other.kind != "call" or tokens.texts[other.token] != tokens.texts[call.token]:
        return []
    parts = [*_given(statement, call)[1], *_given(statement, other)[1]]
    return [f"write {DERIVATIVE}({', '.join(parts)})"] if len(parts) == 2 else []


def of_prime(statement: Statement, call: Node, functions: Collection[str]) -> list[str]:
    """The hint for `f'(x)`: a derivative, where x is a name, or a function that gives it."""
    name = statement.tokens.texts[call.token]
    plain = name.rstrip("'′")
    given, texts = _given(statement, call)
    if plain == name or len(given) != 1:
        return []
    order = len(name) - len(plain)
    of = f"{plain}(t)" if plain in functions else plain
    if given[0].kind in ("name", "index"):
        made = of.replace("(t)", f"({texts[0]})")
        for _ in range(order):
            made = f"{DERIVATIVE}({made}, {texts[0]})"
        return [f"write {made}"]
    if plain not in functions:
        return []
    made = of
    for _ in range(order):
        made = f"{DERIVATIVE}({made}, t)"
    return [
        f"define it: {'d' * order}{plain}(t) = {made}, and write {'d' * order}{plain}({texts[0]})"
    ]
