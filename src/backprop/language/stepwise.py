"""The builder for a text whose names are not known before: one statement after the other."""

from __future__ import annotations

from array import array

from backprop.language.build import Builder
from backprop.language.families import Families
from backprop.operations import CONSTANTS
from backprop.syntax.scanner import Tokens


class Unsure(Exception):
    """Something that only the ordinary route can decide, which knows the whole text."""


class Stepwise(Builder):
    """Takes a name that is not known for an input, until it is defined.

    constants: those that were used; a text that defines such a name further down means something else.
    """

    def __init__(self, most: int) -> None:
        super().__init__({}, Families(most=most))
        self.constants: set[str] = set()
        self.first: list[int] = []
        self.second: list[int] = []
        self.starts: list[int] = []
        """What templates have added to the columns of operands and places, and `flush` has not: lists
        take numbers sooner than arrays do."""

    def flush(self) -> None:
        """Bring the columns up to date."""
        if self.first:
            columns = self.columns
            columns.first.extend(array("i", self.first))
            columns.second.extend(array("i", self.second))
            columns.places.extend(array("q", self.starts))
            for each in (self.first, self.second, self.starts):
                each.clear()

    def known(self, name: str, root: int | None) -> None:
        """Define a name that is known already, so that it stands in the order where it is defined.

        root: its step, None for an input that is given a default.
        """
        self.flush()
        node = self.names.pop(name)
        if self.columns.is_step(node) or name in self.defaults:
            raise Unsure  # defined twice
        self.names[name] = node
        if root is not None:
            self.columns.define(node, root)

    def _define(self, name: str, root: int, place: int) -> None:
        if name in self.names:
            self.known(name, None)
        super()._define(name, root, place)

    def _new_name(self, name: str, tokens: Tokens, token: int) -> int:
        if name in CONSTANTS and name not in self.names:
            self.constants.add(name)
        return super()._new_name(name, tokens, token)
