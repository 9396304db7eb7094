"""Places that are worked out only when somebody asks, by reading the statement again.

The quick route (`quick.py`) keeps for each statement the offset at which it begins, and nothing else.
Read again by the ordinary route, the statement gives Values like the ones that were made of it, with
their places; walking both side by side finds the place of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backprop.language.build import Builder
from backprop.language.families import Families
from backprop.language.integers import Integers
from backprop.source import Source, pack
from backprop.syntax.bodies import Program
from backprop.syntax.grammar import shape
from backprop.syntax.scanner import Tokens, statements
from backprop.values import NUMBER, Later, Place, Value


class LatePlaces(Mapping[str, int]):
    """The right side of every equation as a packed span, by name, in file order.

    values, defaults: as in `Model`. known: the places that are known already.
    """

    def __init__(
        self,
        source: Source,
        values: dict[str, Value],
        defaults: Mapping[str, Value],
        known: Mapping[str, int],
    ) -> None:
        self._source = source
        self._values = values
        self._defaults = defaults
        self._known = known
        self._last: tuple[int, dict[Value, Place]] = (-1, {})
        """The places found in one statement: who asks for one mostly asks for its neighbours."""

    def __getitem__(self, name: str) -> int:
        if name in self._known:
            return self._known[name]
        if name not in self:
            raise KeyError(name)
        place = self._values[name].place
        assert isinstance(place, Later)
        return _right_side(self._tokens(place.start))

    def __contains__(self, name: object) -> bool:
        value = self._values.get(name) if isinstance(name, str) else None
        return value is not None and (bool(value.op) or name in self._defaults)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._values if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def find(self, later: Later) -> Place:
        """The place of a Value that was made of the statement at `later.start`."""
        start, places = self._last
        if start != later.start:
            places = self._read(later.start)
            self._last = later.start, places
        return places.get(later.value)

    def _tokens(self, start: int) -> Tokens:
        tokens = next(statements(self._source, start=start))
        assert isinstance(tokens, Tokens)
        return tokens

    def _read(self, start: int) -> dict[Value, Place]:
        """The places of all Values that the statement at `start` has made."""
        tokens = self._tokens(start)
        parsed = shape(tokens.kinds)
        builder = Builder({}, Families(Integers({})))
        builder.values = self._values  # what it finds there it uses, and makes nothing new
        twin = builder.expression(tokens, Program(parsed.nodes, {}), {})
        name = tokens.texts[parsed.target]
        named = self._values[name]
        places: dict[Value, Place] = {named: _right_side(tokens)}
        if name in self._defaults:
            pairs = [(self._defaults[name], twin)]
        elif twin.label or twin.op == NUMBER:
            pairs = [(named.prev[0], twin)]
        else:
            pairs = [(named, twin)]
        while pairs:
            value, twin = pairs.pop()
            if value is not twin:  # the same are names, whose places are elsewhere
                places[value] = twin.place
                pairs += zip(value.prev, twin.prev, strict=True)
        return places


def _right_side(tokens: Tokens) -> int:
    """The right side of the equation `name = …`."""
    return pack(tokens.starts[2], tokens.ends[-1])
