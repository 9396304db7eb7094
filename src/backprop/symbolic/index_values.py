"""What formulas of indices are worth: each is compiled once, and asked at thousands of points."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import inf, nan
from typing import Any

from backprop.operations import CONSTANTS
from backprop.syntax.functions import Function, python
from backprop.syntax.parser import formula

_KEPT = 20_000


class IndexValue:
    """A formula as a function of the numbers of its names."""

    def __init__(self, text: str) -> None:
        places, scope = _PythonNames(), dict[str, Any]({"inf": inf, "nan": nan})
        code = python(formula(text), scope, places)
        parameters = ", ".join(places.values())
        self._function: Function = eval(f"lambda {parameters}: {code}", scope)
        self._names = tuple(places)

    def __call__(self, numbers: Mapping[str, float]) -> float:
        """Its number; of the language's constants those that have no other one."""
        return self._function(
            *(numbers[name] if name in numbers else CONSTANTS[name] for name in self._names)
        )


class _PythonNames(dict[str, str]):
    """What Python calls the names of a formula, which may be words of Python."""

    def get(self, name: str, _: object = None) -> str:
        return self.setdefault(name, f"v{len(self)}")


@lru_cache(maxsize=_KEPT)
def index_value(text: str) -> IndexValue:
    """The function of a formula's text."""
    return IndexValue(text)
