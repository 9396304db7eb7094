"""Files in which `pi` is a name as any other: while these are derived it is called otherwise, since slopes
have the circle's pi in them, and are simplified by what that is worth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from backprop.language import Model
from backprop.loops.worth import read_model
from backprop.operations import CONSTANTS
from backprop.source import Source

_T = TypeVar("_T")

_SIGNS = {"π": "pi", "∞": "inf"}


class OtherNames(NamedTuple):
    """A Model whose names are none of the language's constants. apart: what these are called in it."""

    model: Model
    apart: Mapping[str, str]

    def renamed(self, name: str) -> str:
        """What a name of the file is called in the Model."""
        return _word(self.apart).sub(lambda found: self.apart[_plain(found[0])], name)

    def given(self, numbers: Mapping[str, float]) -> dict[str, float]:
        return {self.renamed(name): number for name, number in numbers.items()}

    def back(self, found: _T) -> _T:
        """What is said of the Model with the names of the file, and the constants as numbers."""
        names = {own: name for name, own in self.apart.items()}
        texts = names | {name: repr(CONSTANTS[name]) for name in self.apart}
        every = _word(texts)

        def put(part: Any) -> Any:
            if isinstance(part, str):
                return every.sub(lambda word: texts[_plain(word[0])], part)
            if isinstance(part, tuple) and hasattr(part, "_fields"):
                return type(part)(*map(put, part))
            return type(part)(map(put, part)) if isinstance(part, list | tuple) else part

        made: _T = put(found)
        return made


def other_names(model: Model) -> OtherNames | None:
    """A Model with other names for those that the language has for constants; None where it has none."""
    own = {name.partition("[")[0] for name in model.names} & CONSTANTS.keys()
    if not own:
        return None
    text, apart = model.source.text, dict[str, str]()
    for name in sorted(own):
        other = f"{name}_"
        while re.search(rf"(?<!\w){other}(?!\w)", text):
            other += "_"
        apart[name] = other
    source = Source(
        model.source.name, _word(apart).sub(lambda found: apart[_plain(found[0])], text)
    )
    return OtherNames(read_model(source, model.seed, sizes=model.sizes), apart)


def _plain(word: str) -> str:
    return _SIGNS.get(word, word)


def _word(names: Mapping[str, str]) -> re.Pattern[str]:
    """Names in a text, and signs for them; not those of functions."""
    signs = [sign for sign, name in _SIGNS.items() if name in names]
    found = "|".join(map(re.escape, sorted([*names, *signs], key=len, reverse=True)))
    return re.compile(rf"(?<![\w.])(?:{found})(?![\w'′ʹ’]|\s*\()")
