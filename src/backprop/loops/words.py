"""The words of a statement."""

from backprop.syntax.bodies import Nodes, Parts
from backprop.syntax.scanner import Tokens


def words(tokens: Tokens, parts: Parts) -> set[str]:
    """The words in a sum: its clauses, its condition and its body, with the sums in that."""
    found: set[str] = set()
    open_ = [parts]
    while open_:
        part = open_.pop()
        several: list[Nodes] = [part.condition, part.body.nodes, *part.indices]
        several += [item for clause in part.clauses for item in clause.items]
        found.update(tokens.texts[node.token] for nodes in several for node in nodes)
        open_ += part.body.parts.values()
    return found
