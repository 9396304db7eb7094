"""Formulas as a line of mathematics: `2*x - 1` as `2·x − 1`; and the names that they have."""

from collections.abc import Mapping
from types import MappingProxyType

from backprop.syntax.case import RAISING, ROOTS
from backprop.syntax.parser import Statement

_SIGNS = {"*": "·", "-": "−", ",": ", ", "<=": "≤", ">=": "≥", "!=": "≠", "**": "^"}
_SPACED = frozenset({"PLUS", "MINUS", "LT", "LE", "GT", "GE", "EQ", "NE"})
_CALLED = frozenset({"BAR", *ROOTS})
"""Signs that are written as functions: `abs(x)`, `sqrt(x)`."""

_WORDS = frozenset({"AND", "OR", "NOT", "FOR", "IN", "IF"})


def typographic(statement: Statement, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """A formula, or the right side of an equation, as a line of mathematics: `2·x − 1`. names:
    what stands for a name, such as its number; what is negative goes into brackets."""
    tokens, shape = statement
    kinds = (*tokens.kinds, "")
    members = {node.first: node.last for node in shape.nodes if node.kind == "index"}
    own = {node.token: node for node in shape.nodes if tokens.kinds[node.token] in _CALLED}
    closing: list[int] = []  # where the brackets of roots close, last first
    parts: list[str] = []
    after = shape.target + 2 if shape.form == "equation" else 0
    while kinds[after]:
        at, after = after, members.get(after, after) + 1
        kind, word, following = kinds[at], "".join(tokens.texts[at:after]), kinds[after]
        begins = not parts or parts[-1].endswith(("(", ", "))
        if kind.startswith("SUPER") and kinds[at - 1] != "SUPER_MINUS":
            parts.append("^")
        if kind in ("NAME", "SUPER_NAME") and word in names and following != "LPAR":
            text = names[word]
            alone = begins and following not in RAISING
            parts.append(text if alone or text[0] not in "−-" else f"({text})")
        elif kind in _SPACED:
            sign = _SIGNS.get(word, word)
            unary = begins or parts[-1].endswith((" ", "·", "/", "^", "−"))
            parts.append(sign if unary else f" {sign} ")
        elif kind in _WORDS:
            called = kind == "IF" and following == "LPAR" and (begins or parts[-1][-1:] != "]")
            parts.append(word if called else f"{word} " if kind == "NOT" else f" {word} ")
        elif kind == "BAR" and at not in own:
            parts.append(")")
        elif kind in _CALLED:
            bracketed = kind != "BAR" and following == "LPAR"  # and so nothing but a bracket
            parts.append(own[at].operation + ("" if bracketed else "("))
            closing += [own[at].last] if kind != "BAR" and not bracketed else []
        else:
            parts.append(_SIGNS.get(word, word.replace("-", "−")))
        while closing and closing[-1] == after - 1:
            parts.append(")")
            closing.pop()
    return "".join(parts)


def names_in(statement: Statement) -> set[str]:
    """The names and the members (`w[1,2]`) that a formula has; functions are none."""
    nodes = statement.shape.nodes
    return {statement.word(node) for node in nodes if node.kind in ("name", "index")}
