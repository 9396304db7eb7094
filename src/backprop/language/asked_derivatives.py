"""What is wrong with derivatives in equations, and how others write them: `d(V)/d(x)`, `V'(x)`."""

from collections.abc import Collection, Sequence

from backprop.errors import (
    BackpropError,
    UnexpectedText,
    UnknownFunction,
    WrongNumberOfArguments,
    mend,
)
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
    inside = range(given[1].first, given[1].last + 1)
    if names[0] and tokens.texts[given[0].first] in map(tokens.texts.__getitem__, inside):
        hints = [f"write {DERIVATIVE}({texts[1]}, {texts[0]})", *hints[:1]]
    return UnexpectedText("a derivative is by a name, and this is none", place, hints=hints)


def as_elsewhere(
    statement: Statement, call: Node, functions: Collection[str]
) -> tuple[bool, BackpropError | None]:
    """Whether a call is a derivative as others write it, `diff(V, x)`, `d(V)/d(x)`, `f'(x)`, and the
    error for it, None where that has been told at another call. functions: those of the file."""
    tokens = statement.tokens
    name = tokens.texts[call.token]
    given, texts = _given(statement, call)
    place, of, by = tokens.span(call.first, call.last), "", list[str]()
    word = f"there is no function {name!r}"
    if hints := _of_prime(statement, call, functions):
        return True, UnknownFunction(word, place, hints=hints)
    if tokens.texts[max(call.token - 2, 0) : call.token] == ["d", "/"] and name[0] == "d":
        made = f"{DERIVATIVE}({', '.join(texts)}, {name[1:]})"  # d/dx (…)
        return True, UnknownFunction(
            word, tokens.span(call.token - 2, call.last), hints=[mend(made)]
        )
    if quotient := _quotient(statement, call):
        whole, second = quotient
        if second is call:
            return True, None
        place, of = tokens.span(whole.first, whole.last), texts[0]
        by = _given(statement, second)[1]
    elif name.lower() == "hessian" and len(given) in (2, 3) and _are_names(given[1:]):
        of, by = texts[0], (texts[1:] * 2)[:2]
    elif name.lower() in _ELSEWHERE and _are_names(given[1:2]):
        of, by = texts[0], texts[1:2]
        for one, text in zip(given[2:], texts[2:], strict=True):
            times = int(text) if one.kind == "number" and text in "23" else 0
            if not times and one.kind not in ("name", "index"):
                return False, None
            by += by[-1:] * (times - 1) if times else [text]
    if not by:
        return False, None
    for each in by:
        of = f"{DERIVATIVE}({of}, {each})"
    return True, UnknownFunction(word, place, hints=[mend(of)])


_ELSEWHERE = frozenset(
    "d diff grad gradient deriv jacobian nabla partial pdiff differentiate ableitung".split()
)
"""What others call it, in small letters."""


def _are_names(given: Sequence[Node]) -> bool:
    """Whether arguments are names, or members, by which there are derivatives; of none not."""
    return bool(given) and all(each.kind in ("name", "index") for each in given)


def _quotient(statement: Statement, call: Node) -> tuple[Node, Node] | None:
    """The quotient that a call `d(…)` of one argument is a part of, `d(V)/d(x)`, and the second part."""
    nodes, texts = statement.shape.nodes, statement.tokens.texts
    at = nodes.index(call)
    for number, whole in enumerate(nodes[at + 1 :], at + 1):
        if whole.start > at:
            continue
        first, second = nodes[nodes[number - 1].start - 1], nodes[number - 1]
        pair = all(
            each.kind == "call" and texts[each.token] == "d" and each.operands == 1
            for each in (first, second)
        )
        by = nodes[nodes.index(second) - 1]
        whole_by = by.kind in ("name", "index") and by.start == second.start
        return (whole, second) if whole.operation == "/" and pair and whole_by else None
    return None


def _of_prime(statement: Statement, call: Node, functions: Collection[str]) -> list[str]:
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
        return [mend(made)]
    if plain not in functions:
        return []
    made = of
    for _ in range(order):
        made = f"{DERIVATIVE}({made}, t)"
    return [
        f"define it: {'d' * order}{plain}(t) = {made}, and write {'d' * order}{plain}({texts[0]})"
    ]
