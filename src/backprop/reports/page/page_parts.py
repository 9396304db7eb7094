"""HTML, SVG and MathML as files, with places `{{key}}` for what a page puts into them.

`parts.html` has the small parts, each a `template` with an id. Where a line of it is broken inside of a tag
there is a space; elsewhere lines follow one another without any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_PART = re.compile(r'<template id="(\w+)">(.*?)</template>', re.S)


class Markup(str):
    """Text that is markup already. All other text is escaped where it is put in."""


def joined(parts: Iterable[Markup], between: str = "") -> Markup:
    """Markup one after the other."""
    return Markup(between.join(parts))


def filled(name: str, values: Mapping[str, object]) -> Markup:
    """A file with these values in its places."""
    return _filled(_places(name), values)


def document(name: str, values: Mapping[str, object]) -> Markup:
    """A whole page, of whose body a file has the markup."""
    return filled("document.html", {**values, "body": filled(name, values)})


def part(id: str, /, **values: object) -> Markup:
    """One of the small parts."""
    return _filled(_parts()[id], values)


@cache
def text_of(name: str) -> str:
    """The text of a file."""
    return files("backprop.reports").joinpath("page", name).read_text("utf-8")


def _filled(pieces: list[str], values: Mapping[str, object]) -> Markup:
    """Pieces between which there are keys, and their values."""
    found = [*pieces]
    for at in range(1, len(found), 2):
        value = values[found[at]]
        found[at] = value if isinstance(value, Markup) else escape(str(value))
    return Markup("".join(found))


@cache
def _places(name: str) -> list[str]:
    return _PLACE.split(text_of(name))


@cache
def _parts() -> dict[str, list[str]]:
    return {id: _PLACE.split(_line(text)) for id, text in _PART.findall(text_of("parts.html"))}


def _line(text: str) -> str:
    return re.sub(r"\s*\n\s*(?=[^<\s])", " ", re.sub(r"\s*\n\s*(?=<|$)", "", text))
