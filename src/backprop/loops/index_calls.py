"""Functions of the file in indices, ranges and conditions of loops."""

from collections.abc import Callable, Sequence

from backprop.language.called import DEEPEST, whole_body
from backprop.language.families import Families
from backprop.language.index_code import Scope
from backprop.language.integers import Argument
from backprop.loops.many import NotLoops
from backprop.syntax.bodies import Nodes
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens


class CalledRows:
    """Calls of functions of the file, as rows. read: the row of an expression in a scope."""

    def __init__(self, families: Families, read: Callable[[Tokens, Nodes, Scope], int]) -> None:
        self._families, self._read = families, read
        self._depth = 0

    def row(self, function: Statement, operands: Sequence[int]) -> int:
        """The row of a call with these rows. Raises NotLoops, TooLarge."""
        tokens, nodes, parameters = whole_body(function)
        self._families.spend(len(nodes), tokens)
        if self._depth >= DEEPEST:
            raise NotLoops("functions call one another too deep in an index or a range")
        self._depth += 1
        found = self._read(
            tokens, nodes, dict(zip(parameters, map(Argument, operands), strict=True))
        )
        self._depth -= 1
        return found
