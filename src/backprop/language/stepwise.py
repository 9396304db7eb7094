"""The builder for a text whose names are not known before: one statement after the other."""

from __future__ import annotations

from math import nan

from backprop.language.build import Builder
from backprop.language.families import Families
from backprop.language.integers import Integers
from backprop.operations import CONSTANTS
from backprop.syntax.scanner import Tokens
from backprop.values import Value


class Unsure(Exception):
    """Something that only the ordinary route can decide, which knows the whole text."""


class Stepwise(Builder):
    """Takes a name that is not known for an input, until it is defined.

    ahead: whether that has happened. constants: those that were used; a text that defines such a
    name further down means something else.
    """

    def __init__(self, most: int) -> None:
        super().__init__({}, Families(Integers({}), most=most))
        self.constants: set[str] = set()

    def anew(self, name: str) -> Value:
        """The Value of a name that is being defined. It stands in the order where it is defined."""
        value = self.values.pop(name, None)
        if value is None:
            return Value(nan, name)
        if value.op or name in self.defaults:
            raise Unsure  # defined twice
        self.ahead = True
        return value

    def _define(self, name: str, root: Value, place: int) -> None:
        self.values[name] = self.anew(name)
        super()._define(name, root, place)

    def _new_name(self, name: str, tokens: Tokens, token: int) -> Value:
        value = self.values.get(name)
        if value is None:
            if name in CONSTANTS:
                self.constants.add(name)
            value = super()._new_name(name, tokens, token)
        return value
