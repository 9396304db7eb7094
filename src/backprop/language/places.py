"""Where things stand in the text, worked out when somebody asks, by reading the statement again.

The quick route (`quick.py`) keeps for each row the offset at which its statement begins, and nothing
else. Read again by the ordinary route, the statement gives the same rows in the same order, each with
its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backprop.graph import Columns, Place
from backprop.language.build import Builder
from backprop.language.families import Families
from backprop.language.integers import Integers
from backprop.source import Source, pack
from backprop.syntax.bodies import prepared
from backprop.syntax.grammar import shape
from backprop.syntax.scanner import Tokens, statements


class Places:
    """The places of rows and of right sides, as packed spans.

    names, defaults: as in `Model`. known: the right sides that are known already, by name.
    """

    def __init__(
        self,
        source: Source,
        columns: Columns,
        names: Mapping[str, int],
        known: Mapping[str, int] = MappingProxyType({}),
        defaults: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._source = source
        self._columns = columns
        self._names = names
        self._known = known
        self._defaults = defaults
        self._last: tuple[int, str, list[Place]] = (0, "", [])
        """The places found in one statement: who asks for one mostly asks for its neighbours."""

    def right_side(self, name: str) -> int | None:
        """The right side of the equation for `name`; None for an input that has none."""
        if name in self._known:
            return self._known[name]
        default = self._defaults.get(name)
        node = self._names[name] if default is None else default
        start = self._columns.places[node]
        if start >= 0 or (default is None and not self._columns.is_step(node)):
            return None
        return _right_side(self._tokens(~start))

    def find(self, node: int) -> Place:
        """The place of a row, None for one that stands nowhere."""
        columns = self._columns
        start = columns.places[node]
        if start >= 0:
            caller = columns.callers.get(node)
            return (start or None) if caller is None else (start, caller)
        if self._last[0] != start:
            self._last = start, *self._read(~start)
        _, name, places = self._last
        if self._names.get(name) == node and columns.is_step(node):
            return places[-1] or None
        first = node
        while first and columns.places[first - 1] == start:
            first -= 1
        return places[node - first] or None

    def _tokens(self, start: int) -> Tokens:
        tokens = next(statements(self._source, start=start))
        assert isinstance(tokens, Tokens)
        return tokens

    def _read(self, start: int) -> tuple[str, list[Place]]:
        """The name of the statement at `start`, and the places of the rows that it made, in order."""
        tokens = self._tokens(start)
        parsed = shape(tokens.kinds)
        scratch = self._columns.copy()
        builder = Builder({}, Families(Integers({})), columns=scratch)
        builder.names = {**self._names}
        name = tokens.texts[parsed.target]
        begin = len(scratch)
        root = builder.expression(tokens, prepared(parsed).right, {})
        made: list[Place] = [*scratch.places[begin:]]
        if root < begin or name in self._defaults:
            made.append(_right_side(tokens))
        return name, made


def _right_side(tokens: Tokens) -> int:
    """The right side of the equation `name = …`."""
    return pack(tokens.starts[2], tokens.ends[-1])
