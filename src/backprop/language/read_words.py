"""Which names a text reads, through equations too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from backprop.language.model_texts import plain_texts
from backprop.language.text_columns import TEXT_COMPARED, ComparedText
from backprop.source import Source, normal
from backprop.syntax.parser import read

_DEFINING = ("equation", "indexed_equation", "function", "distribution", "indexed_distribution")


def words_in(text: str) -> list[str]:
    """The names in a text, functions among them, in their order."""
    return re.findall(r"[^\W\d][\w']*", text)


def words_read(text: str) -> list[str]:
    """The names in a text as equations have them, without those in quotes."""
    plain = TEXT_COMPARED.sub(lambda each: ComparedText.of(each).column, text)
    return [*map(normal, words_in(plain))]


def meanings(source: Source) -> dict[str, list[str]]:
    """The names that each name is computed from, by name."""
    found = dict[str, list[str]]()
    for tokens, shape in read(plain_texts(source))[0]:
        if shape.form in _DEFINING:
            begin, end = tokens.ends[tokens.sign], tokens.ends[-1]
            found.setdefault(tokens.texts[shape.target], []).extend(
                words_read(source.text[begin:end])
            )
    return found


def words_through(text: str, means: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The names in a text, and those that these are computed from, each once. means: as of `meanings`."""
    found, left = dict[str, None](), [*reversed(words_read(text))]
    while left:
        word = left.pop()
        if word not in found:
            found[word] = None
            left += reversed(means.get(word, ()))
    yield from found


def compared_with_texts(source: Source) -> list[str]:
    """The columns that are."""
    found = (ComparedText.of(each).column for each in TEXT_COMPARED.finditer(source.text))
    return [*dict.fromkeys(found)]
