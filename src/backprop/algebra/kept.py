"""What is computed of an object when it is first asked for, and then stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any


class KeptValue:
    """`cached_property` without its lock, which takes longer than most of what is kept."""

    def __init__(self, compute: Callable[[Any], Any]) -> None:
        self._compute = compute
        self._name = compute.__name__

    def __get__(self, owner: Any, _: Any = None) -> Any:
        value = owner.__dict__[self._name] = self._compute(owner)
        return value


if TYPE_CHECKING:
    kept_property = cached_property
else:
    kept_property = KeptValue
