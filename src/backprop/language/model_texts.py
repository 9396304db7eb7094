"""Model statements as texts, to be written otherwise: weighed, or with something else on one side."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from backprop.language.modelled import RESIDUALS, clauses, defines, is_modelled
from backprop.language.text_columns import TEXT_COMPARED
from backprop.source import Source
from backprop.syntax.parser import read


class ModelText(NamedTuple):
    """A model statement as texts. place: where it begins and ends; rest: its `for`, with a blank before
    it."""

    left: str
    right: str
    place: tuple[int, int]
    rest: str = ""

    @property
    def whole(self) -> str:
        return f"{self.left} ~ {self.right}{self.rest}"


def plain_texts(source: Source) -> Source:
    """Equations with numbers in the place of comparisons with texts, which take as much room."""
    text = source.text
    if '"' in text or "'" in text:
        text = TEXT_COMPARED.sub(lambda each: "0".ljust(len(each[0])), text)
    return Source(source.name, text)


def model_texts(source: Source) -> list[ModelText]:
    """The model statements of a text that reads well, in their order; none where it says itself what
    `residuals` is."""
    found = list[ModelText]()
    statements = read(plain_texts(source))[0]
    if any(defines(each, RESIDUALS) for each in statements):
        return found
    for statement in statements:
        if not is_modelled(statement):
            continue
        tokens = statement.tokens
        sign, end = tokens.sign, clauses(tokens)
        places = (0, sign - 1), (sign + 1, end - 1), (end, -1)
        left, right, rest = (
            source.text[tokens.starts[first] : tokens.ends[last]]
            if first < len(tokens.kinds)
            else ""
            for first, last in places
        )
        sides, rest = (left, right), f" {rest}" if rest else ""
        found.append(ModelText(*sides, (tokens.starts[0], tokens.ends[-1]), rest))
    return found


def with_models(source: Source, make: Callable[[ModelText], str]) -> Source:
    """A text with other statements in the place of its model statements."""
    text = source.text
    for each in reversed(model_texts(source)):
        begin, end = each.place
        text = f"{text[:begin]}{make(each)}{text[end:]}"
    return Source(source.name, text)
