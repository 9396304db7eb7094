"""Arrows that lead far: in a large picture they go around all boxes, along its edge.

Graphviz makes room for an arrow in every rank that it passes, and places all of that room at once. A few
hundred arrows over a hundred ranks each take it minutes. It is given the others alone, each as long as it
would be with all of them; the far arrows from a box then share a lane.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import dist
from types import MappingProxyType
from typing import NamedTuple

from backprop.numbers import shown
from backprop.picture import Box, Circle, Picture
from backprop.reports.layout import edge_of, places_in, with_arrows

_MANY = 2_200
"""Ranks that all arrows of a picture pass together: of more, those that lead farthest go around."""

_FEW = 1_500
"""So many ranks those pass together that are left."""

_LANE, _CURVE = 7.0, 9.0
"""Points between two lanes, and of the bend into one."""

_BEFORE, _BESIDE = 18.0, 5.0
"""Points before a box in which arrows come down to it, and between two that do."""


_TIP, _NUMBER, _BLANK = 7.0, 24.0, 10.0
"""Points of the tip of an arrow in a layout of Graphviz, of half its number, and around a picture."""

ALL: Mapping[int, int] = MappingProxyType({})
"""Of a picture whose arrows are all laid out together, as `near` has it."""

AlongAcross = tuple[float, float]


class AtPlace(NamedTuple):
    """Where a box stands: its middle along the picture and across it, and half its size both ways."""

    along: float
    across: float
    half_along: float
    half_across: float


class Around(NamedTuple):
    """The way of an arrow around a picture: points of Bézier curves, along and across, and where its number
    stands."""

    points: Sequence[AlongAcross]
    number: AlongAcross


def lengths(picture: Picture) -> list[int]:
    """Of each arrow how many ranks it passes, where everything stands right before what uses it first."""
    arrows = picture.arrows
    waiting: dict[str, int] = defaultdict(int)
    into: dict[str, list[str]] = defaultdict(list)
    for arrow in arrows:
        waiting[arrow.tail] += 1
        into[arrow.head].append(arrow.tail)
    rank: dict[str, int] = defaultdict(int)  # from the end, and right before the first use
    items: list[Box | Circle] = [*picture.boxes, *picture.circles]
    ready = [item.id for item in items if not waiting[item.id]]
    while ready:
        head = ready.pop()
        for tail in into[head]:
            rank[tail] = max(rank[tail], rank[head] + 1)
            waiting[tail] -= 1
            if not waiting[tail]:
                ready.append(tail)
    return [rank[arrow.tail] - rank[arrow.head] for arrow in arrows]


def near(picture: Picture) -> Mapping[int, int]:
    """The arrows that a layout is made of, by their place among all, each with how many ranks it passes: none
    if that is all of them, however long."""
    found = lengths(picture)
    if sum(found) <= _MANY:
        return ALL
    total, most = 0, 1
    for most in sorted(found):
        total += most
        if total > _FEW:
            break
    return {at: length for at, length in enumerate(found) if length < most or length == 1}


def ways_around(
    picture: Picture, far: Iterable[int], places: Mapping[str, AtPlace], edge: float, tip: float
) -> dict[int, Around]:
    """The ways of these arrows. places: by ids. edge: how far across a picture without them goes. tip: of
    an arrow, before which its way ends."""
    spans: dict[str, list[float]] = {}
    into: dict[str, list[int]] = defaultdict(list)
    for at in far:
        arrow = picture.arrows[at]
        begin, end = places[arrow.tail], places[arrow.head]
        spans.setdefault(arrow.tail, [begin.along + begin.half_along]).append(end.along)
        into[arrow.head].append(at)
    lanes: list[list[tuple[float, float]]] = []
    lane_of = dict[str, float]()
    for tail in sorted(spans, key=lambda tail: (max(spans[tail]) - spans[tail][0], tail)):
        low, high = spans[tail][0], max(spans[tail])
        free = (
            lane for lane in range(len(lanes)) if all(high < a or b < low for a, b in lanes[lane])
        )
        place = next(free, len(lanes))
        if place == len(lanes):
            lanes.append([])
        lanes[place].append((low, high))
        lane_of[tail] = edge + (place + 2) * _LANE
    found = dict[int, Around]()
    for head, some in into.items():
        end = places[head]
        for use, at in enumerate(some):
            tail = picture.arrows[at].tail
            begin, lane = places[tail], lane_of[tail]
            up = begin.along + begin.half_along + _BEFORE
            down = end.along - end.half_along - _BEFORE - _BESIDE * use
            across = end.across + _BESIDE * (use - (len(some) - 1) / 2)
            corners = [
                (begin.along + begin.half_along, begin.across), (up, begin.across), (up, lane),
                (down, lane), (down, across), (end.along - end.half_along - tip, across),
            ]  # fmt: skip
            found[at] = Around(_rounded(corners), (down, across + _LANE * (use + 2)))
    return found


def _rounded(corners: Sequence[AlongAcross]) -> list[AlongAcross]:
    """Bézier curves along these straight lines, whose corners are round."""

    def between(one: AlongAcross, other: AlongAcross, way: float) -> AlongAcross:
        part = min(way / (dist(one, other) or 1.0), 0.5)
        return one[0] + part * (other[0] - one[0]), one[1] + part * (other[1] - one[1])

    found = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        bend, out = between(corner, before, _CURVE), between(corner, after, _CURVE)
        found += [found[-1], bend, bend, corner, corner, out]
    return [*found, found[-1], corners[-1], corners[-1]]


def led_around(
    picture: Picture,
    kept: Mapping[int, int],
    layout: str,
    direction: str,
    put: Callable[..., None],
    lines: Callable[[], str],
) -> str:
    """A layout, as Graphviz's text, with the arrows of a picture that it has not. kept: those that it has.
    direction: LR or TB. put: writes an arrow, by its place among all; lines: what was written."""
    down = direction == "TB"  # from the top, around on the right

    def turned(point: AlongAcross) -> AlongAcross:
        return (point[1], -point[0]) if down else point

    def text(point: AlongAcross) -> str:
        return ",".join(shown(each, 7) for each in point)

    found = {
        name: AtPlace(-y, x, high / 2, wide / 2) if down else AtPlace(x, y, wide / 2, high / 2)
        for name, (x, y, wide, high) in places_in(layout).items()
    }
    far = [at for at in range(len(picture.arrows)) if at not in kept]
    ways = ways_around(picture, far, found, edge_of(layout)[0 if down else 1], _TIP)
    for at, way in ways.items():
        along, across = way.points[-1]
        points = " ".join(text(turned(point)) for point in way.points)
        x, y = turned(way.number)
        number = (x + _NUMBER, y - _CURVE) if down else (x - _NUMBER, y)
        put(
            at,
            pos=f"e,{text(turned((along + _TIP, across)))} {points}",
            lp=text(number),
        )
    outer = _BLANK + max(across for way in ways.values() for _, across in way.points)
    return with_arrows(layout, lines(), outer, down)
