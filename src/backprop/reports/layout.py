"""Layouts that Graphviz has made, as its own text with places: how well one fits a slide, and where
the titles of its groups go.

A title stands in a strip along the upper edge of its group. Graphviz keeps boxes out of that
strip, but not arrows; here a title moves along it to where no arrow is. A group that was made wider
to have such a place ends where what stands in it does.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from math import ceil, dist
from operator import itemgetter
from typing import NamedTuple

from backprop.numbers import shortened, shown

SLIDE = 2100.0, 2100.0 * 9 / 16
"""The largest picture, in points, whose text can still be read on a slide of 16:9."""

_STEP = 4.0
"""How far apart the points are that stand for an arrow."""

_CELL = 100.0
"""The side of the squares in which points are looked up."""

_MARGIN = 8.0
"""Between a group's border and its title; half of it is kept between a title and an arrow."""

_BLANK, _BLANK_WIDE = "\u00a0", 12 * 0.278
"""A blank that stays at the end of a title, and how wide it is in Arial, at least."""

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_PLACES = r'"([-\d.,e+ \\\n]+)"'
_GROUP = re.compile(
    rf"bb={_PLACES},\s+label={_TEXT},(?:(?!bb=).)*?lheight=([\d.]+),\s+lp={_PLACES},\s+lwidth=([\d.]+)",
    re.S,
)
_ARROW = re.compile(r'pos="e,(?:[^" ]+) ([^"]+)"')
_NODE = re.compile(rf"\spos={_PLACES},(?:(?!\spos=).)*?\swidth=([\d.]+)\]", re.S)
_NODES = re.compile(
    rf'^\t+("(?:[^"\\]|\\.|\\\n)*"|[^\s"\[]+)\s+\[(?:(?!\];).)*?height=([\d.]+),(?:(?!\];).)*?'
    rf"\spos={_PLACES},(?:(?!\];).)*?\swidth=([\d.]+)\]",
    re.S | re.M,
)
_LABEL = re.compile(rf"label={_TEXT},\s+(?:labeltooltip={_TEXT},\s+)?lp={_PLACES},\s+pos=", re.S)

Position = tuple[float, float]


def fit(layout: str) -> float:
    """How large a layout can be on a slide; 1 and more fits."""
    found = re.search(rf"bb={_PLACES}", layout)
    left, low, right, high = _numbers(found[1]) if found else (0.0, 0.0, 1.0, 1.0)
    return min(SLIDE[0] / max(right - left, 1.0), SLIDE[1] / max(high - low, 1.0))


def with_free_titles(layout: str, first: str) -> str:
    """The layout with its titles where no arrow crosses them, shortened where there is no room, and
    its groups no wider than what is in them. first: the layout of the same graph without blanks
    behind its titles."""

    def moved(title: _Title) -> str:
        text, start, wide = title.text, title.start, title.wide
        if title.room < wide:
            room = max(int(len(text) * title.room / wide), 1)
            text, wide = shortened(text, room), title.room
        at = f'"{shown(start + wide / 2, 7)},{shown(title.y, 7)}"'
        left, low, right, high = _numbers(title.found[1])
        left = max(left, min(start, title.inside[0]) - _MARGIN)
        right = min(right, max(start + wide, title.inside[1]) + _MARGIN)
        border = ",".join(shown(each, 7) for each in (left, low, right, high))
        whole = title.found[0].replace(f'bb="{title.found[1]}"', f'bb="{border}"', 1)
        whole = whole.replace(f'"{title.found[2]}"', f'"{text}"', 1)
        return whole.replace(f'lp="{title.found[4]}"', f"lp={at}", 1)

    found = _titles(layout, first)
    return _GROUP.sub(lambda group: moved(found[group.start()]), layout)


def missing(layout: str, first: str) -> float:
    """How much room its titles lack, in points; 0 where each has enough. first: as for
    `with_free_titles`."""
    return sum(max(title.wide - title.room, 0) for title in _titles(layout, first).values())


def roomier(source: str, layout: str, first: str, times: float) -> str:
    """The text of a graph whose groups ask for more room, where its layout has none for their titles:
    blanks behind a title make its group wider, by so many times what is missing.
    `with_free_titles` takes them away. first: as there."""
    for title in _titles(layout, first).values():
        if title.room < title.wide:
            more = title.width - title.wide + times * (title.wide - title.room)
            label = rf'label="{re.escape(title.text)}{_BLANK}*" labeljust'
            padded = f'label="{title.text}{_BLANK * ceil(more / _BLANK_WIDE)}" labeljust'
            source = re.sub(label, padded.replace("\\", r"\\"), source, count=1)
    return source


def places_in(layout: str) -> dict[str, tuple[float, float, float, float]]:
    """By the names of the nodes of a layout their middles, widths and heights, in points."""
    found = {}
    for node in _NODES.finditer(layout):
        name = _joined(node[1])
        if name.startswith('"'):
            name = name[1:-1].replace('\\"', '"')
        wide, high = (72 * float(node[at]) for at in (4, 2))
        x, y = _numbers(node[3])
        found[name] = x, y, wide, high
    return found


def edge_of(layout: str) -> Position:
    """How far a layout goes to the right and up."""
    found = re.search(rf"bb={_PLACES}", layout)
    return (*_numbers(found[1])[2:],) if found else (0.0, 0.0)  # type: ignore[return-value]


def with_arrows(layout: str, lines: str, outer: float, right: bool) -> str:
    """A layout with more arrows. lines: these. outer: how far it then goes, up or to the right."""

    def wider(found: re.Match[str]) -> str:
        ends = _numbers(found[1])
        ends[2 if right else 3] = outer
        return f'bb="{",".join(shown(each, 7) for each in ends)}"'

    whole = re.sub(rf"bb={_PLACES}", wider, layout, count=1)
    return f"{whole[: whole.rindex('}')]}{lines}}}\n"


class _Title(NamedTuple):
    """The title of a group: its text and how wide that is, how wide the group is, from where to where
    what is in the group stands, and where along its edge, at height y, the place with room for it
    begins that makes the group least wide, or the one with the most room."""

    found: re.Match[str]
    text: str
    wide: float
    width: float
    inside: Position
    start: float
    room: float
    y: float


def _titles(layout: str, first: str) -> dict[int, _Title]:
    """The titles by where their groups stand in the text. first: the layout that has their widths."""
    widths = {_joined(group[2]): 72 * float(group[5]) for group in _GROUP.finditer(first)}
    cells: dict[tuple[int, int], list[Position]] = defaultdict(list)
    for x, y in _points(layout):
        cells[int(x // _CELL), int(y // _CELL)].append((x, y))

    def title(group: re.Match[str]) -> _Title:
        left, _, right, _ = _numbers(group[1])
        _, y = _numbers(group[4])
        text = _joined(group[2]).rstrip(_BLANK)
        height, wide = 72 * float(group[3]), widths[text]
        low, high = y - height / 2 - 1, y + height / 2 + 1
        across = range(int(left // _CELL), int(right // _CELL) + 1)
        near = {int(low // _CELL), int(high // _CELL)}
        met = (cells[x, y] for x in across for y in near if (x, y) in cells)
        taken = sorted(x for points in met for x, y in points if low <= y <= high)
        ends = [left + _MARGIN / 2, *(x for x in taken if left < x < right), right - _MARGIN / 2]
        free = [(a + _MARGIN / 2, b - _MARGIN / 2) for a, b in pairwise(ends)]
        inside = _inside(layout[group.end() : layout.index("\n\t}", group.end())])
        start, room = min(
            [(min(max(a, inside[0]), b - wide), b - a) for a, b in free if b - a >= wide]
            or [max(((a, b - a) for a, b in free), key=itemgetter(1))],
            key=lambda place: max(place[0] + wide, inside[1]) - min(place[0], inside[0]),
        )
        return _Title(group, text, wide, right - left, inside, start, room, y)

    return {group.start(): title(group) for group in _GROUP.finditer(layout)}


def _inside(group: str) -> Position:
    """From where to where the boxes, circles and arrows of a group stand. group: its text."""
    ends = [x for x, _ in _points(group)]
    for node in _NODE.finditer(group):
        (x, _), half = _numbers(node[1]), 36 * float(node[2])  # inches, and points
        ends += [x - half, x + half]
    return min(ends), max(ends)


def _joined(text: str) -> str:
    """A text that Graphviz has broken into lines, in one."""
    return text.replace("\\\n", "")


def _points(layout: str) -> Iterator[Position]:
    """Points along all arrows, and on what is written at them."""
    for arrow in _ARROW.finditer(layout):
        places = [*map(_numbers, arrow[1].replace("\\\n", "").split())]
        for k in range(0, len(places) - 3, 3):
            yield from _curve(places[k : k + 4])
    for label in _LABEL.finditer(layout):
        x, y = _numbers(label[3])
        half = 2.6 * len(label[1])  # 10 points high, half as wide
        for k in range(ceil(2 * half / _STEP) + 1):
            yield from ((x - half + k * _STEP, y + up) for up in (-4, 0, 4))


def _curve(ends: list[list[float]]) -> Iterator[Position]:
    """Points along the Bézier curve with these four control points."""
    count = ceil(sum(dist(a, b) for a, b in pairwise(ends)) / _STEP) or 1
    for step in range(count + 1):
        t = step / count
        parts = [f * t**k * (1 - t) ** (3 - k) for k, f in enumerate((1, 3, 3, 1))]
        yield (
            sum(part * x for part, (x, _) in zip(parts, ends, strict=True)),
            sum(part * y for part, (_, y) in zip(parts, ends, strict=True)),
        )


def _numbers(text: str) -> list[float]:
    return [float(each) for each in text.replace("\\\n", "").split(",")]
