"""Numbers from outside for what ranges, indices, draws and bounds are made of: they stand while a text is
read in the place of those that it gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from backprop.errors import BackpropError, Label
from backprop.names import Names, family, indices, is_pattern
from backprop.numbers import listed, shown
from backprop.operations import CONSTANTS
from backprop.source import Span
from backprop.syntax.bodies import Nodes, Parts, prepared
from backprop.syntax.parser import Statement


class Size(NamedTuple):
    """What is given: a number, or nested lists of numbers for the members of a family; and where."""

    number: Any
    place: Span | None = None


class GivenSizes:
    """What a person gives, by names, families and patterns, of which later ones win.

    used: the numbers that were asked for while a text was read, by name.
    """

    def __init__(self, given: Iterable[tuple[str, Size]] = ()) -> None:
        self._given: dict[str, tuple[int, Size]] = {}
        self._patterns: dict[str, list[str]] = {}
        for turn, (name, size) in enumerate(given):
            self._given[name] = turn, size
        for name in self._given:
            own = name.partition("[")[0]
            if is_pattern(name) and not is_pattern(own):  # `*` alone is for inputs
                self._patterns.setdefault(own, []).append(name)
        self._families = {name.partition("[")[0] for name in self._given}
        self.used: dict[str, Size] = {}

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """The numbers that are given for some names, with which the text is read. names: of a family all
        members, as lists are for them from the least indices on."""
        found = self._sized(names)
        self.used |= found
        return {name: size.number for name, size in found.items()}

    def among(self, names: Iterable[str]) -> dict[str, float]:
        """As `read`, of what the text may yet be read with."""
        return {name: size.number for name, size in self._sized(names).items()}

    def _sized(self, names: Iterable[str]) -> dict[str, Size]:
        found: dict[str, Size] = {}
        together: dict[str, list[str]] = {}
        for name in names if self._given else ():
            if (own := family(name)) in self._families:
                together.setdefault(own, []).append(name)
            elif not own and name in self._given:
                found[name] = self._given[name][1]
        for own, labels in together.items():
            found |= self._members(own, labels)
        return {name: size for name, size in found.items() if isinstance(size.number, float)}

    def of_statement(
        self, name: str, statement: Statement, equations: Collection[str]
    ) -> float | None:
        """The number for the name of a statement, if that makes an input; a whole one without a point,
        as a file has it."""
        if name not in self._families or not takes_numbers(statement, equations):
            return None
        number = self.read([name]).get(name)
        return int(number) if number is not None and number.is_integer() else number

    def _members(self, own: str, labels: Sequence[str]) -> dict[str, Size]:
        turns: list[tuple[int, dict[str, Size]]] = []
        if own in self._given:
            turn, size = self._given[own]
            if isinstance(size.number, list):
                least = [*map(min, zip(*map(indices, labels), strict=False))]
                each = unfolded(own, size.number, least)
                numbers = {name: Size(number, size.place) for name, number in each.items()}
            else:
                numbers = dict.fromkeys(labels, size)
            turns.append((turn, numbers))
        known = Names(labels)
        for pattern in self._patterns.get(own, ()):
            turn, size = self._given[pattern]
            turns.append((turn, dict.fromkeys(known.matching(pattern), size)))
        found: dict[str, tuple[int, Size]] = {}
        for turn, numbers in sorted(turns, key=lambda each: each[0]):
            found |= {name: (turn, size) for name, size in numbers.items()}
        some = labels if len(labels) < len(self._given) else self._given
        for name in some:
            alone = self._given.get(name)
            if alone and found.get(name, (-1,))[0] < alone[0]:
                found[name] = alone
        there = found.keys() & {*labels}
        return {name: found[name][1] for name in labels if name in there}

    def concerns(self, own: str) -> bool:
        """Whether anything may be given for members of a family."""
        return own in self._families

    def told(self, error: BackpropError) -> None:
        """Say of an error with which of these numbers the text was read, and where they stand."""
        if not self.used:
            return
        given = listed([f"{name} = {shown(size.number)}" for name, size in self.used.items()], 6)
        those = f"the number{'s that are' if len(self.used) > 1 else ' that is'} given"
        places = {size.place: name for name, size in self.used.items() if size.place}
        once: dict[object, BackpropError] = {}
        for each in error.all:
            each.hints = (*each.hints, f"this is so with {those}: {given}")
            named = [place for place, name in places.items() if _names(each, name)]
            # what a number makes wrong in several places is one mistake
            once.setdefault((each.message, *named) if named else id(each), each)
            each.labels = (*each.labels, *(Label(place, "given here") for place in named[:2]))
        error.also = tuple(each for each in once.values() if each is not error)


def _names(error: BackpropError, name: str) -> bool:
    """Whether the text that an error underlines names this constant."""
    own = family(name) or name
    return any(own in label.span.text for label in error.labels)


def unfolded(own: str, nested: Sequence[Any], least: Sequence[int]) -> dict[str, Any]:
    """What nested lists have for the members of a family, whose least indices these are."""
    found: dict[str, Any] = {}
    waiting: list[tuple[tuple[int, ...], Any]] = [((), nested)]
    while waiting:
        above, item = waiting.pop()
        if isinstance(item, list) and len(above) < len(least):
            begin = least[len(above)]
            waiting += [((*above, begin + number), each) for number, each in enumerate(item)]
        else:
            found[f"{own}[{','.join(map(str, above))}]"] = item
    return found


def takes_numbers(statement: Statement, equations: Collection[str]) -> bool:
    """Whether a statement makes inputs, of which another number may stand: it needs no names."""
    if statement.shape.drawn:
        return False
    tokens = statement.tokens
    words, several = set[str](), list[Nodes]()
    variables, open_ = set[str](), [prepared(statement.shape)]
    while open_:
        parts: Parts = open_.pop()
        several.append(parts.body.nodes)
        variables.update(tokens.texts[clause.node.token] for clause in parts.clauses)
        open_ += parts.body.parts.values()
    for nodes in several:
        if any(node.kind == "index" for node in nodes):
            return False
        words.update(tokens.texts[node.token] for node in nodes if node.kind == "name")
    names = words - variables
    return all(name in CONSTANTS and name not in equations for name in names)


NO_SIZES = GivenSizes()
"""None from outside; nothing is ever entered here."""
