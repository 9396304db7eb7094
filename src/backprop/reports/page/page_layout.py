"""Where the boxes, circles and arrows of a page's picture stand, as Graphviz lays them out, with room for any
number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import sqrt
from typing import NamedTuple

from graphviz import Digraph

from backprop.numbers import shortened, shown
from backprop.picture import Box, Circle, Picture
from backprop.reports.drawing import plain
from backprop.reports.far_arrows import AtPlace, near, ways_around
from backprop.reports.page.page_parts import Markup, joined, part
from backprop.reports.right_to_left import in_order

_INCH, _LETTER = 72.0, 7.2
"""Points an inch, and of a letter of 12 points."""

_AROUND, _TIP, _HALF = 12.0, 10.0, 20.0
"""Points around a picture, of the tip of an arrow, and of half its number."""

_NUMBER = 15
"""Letters that `data −1.2345e−300` takes."""

_FOLDED = 20
"""Letters that `|data| ≤ 1.2345e−300` takes."""

GUEST, _GUEST = "guest", 12
"""The role of a box that tells of another one, in a row, and the letters that it has besides its name."""

_LONG, _TITLE = 22, 44
"""The longest name of a box, and of a group; the title that a pointer shows has all of it."""

_SIGN = 6.5
"""Points of a letter of an operation's sign."""

ROW, _SMALL, _MARGIN, _HEAD = 18.0, 11.0, 8.0, 18.0
"""Points: a row of a box, half a circle's side, around what stands in a group, above it."""

Item = Box | Circle


class Spot(NamedTuple):
    """Where something stands: its middle and its size, in points."""

    x: float
    y: float
    width: float
    height: float


class Curve(NamedTuple):
    """An arrow: its path, and where its number stands."""

    path: str
    x: float
    y: float


class PageLayout(NamedTuple):
    """A picture that is laid out. spots: by the ids of boxes and circles. curves: of its arrows, in order."""

    width: float
    height: float
    spots: Mapping[str, Spot]
    curves: Sequence[Curve]

    def svg(self, id: str, label: str, lines: Iterable[Markup]) -> Markup:
        """The SVG with what stands in it."""
        wide, high = written(self.width), written(self.height)
        return part("svg", id=id, label=label, width=wide, height=high, inside=joined(lines, "\n"))


def laid_out(picture: Picture, seconds: float) -> PageLayout:
    """A picture's layout. seconds: that it may take. Raises CannotDraw."""
    return laid_out_each([picture], seconds)[0]


def laid_out_each(pictures: Sequence[Picture], seconds: float) -> list[PageLayout]:
    """The layouts of several. seconds: that they may take together. Raises CannotDraw."""
    if not pictures:
        return []
    asked = [(picture, _called(picture), near(picture)) for picture in pictures]
    drawn = plain([_graph(*each) for each in asked], seconds)
    return [_read(*each, text) for each, text in zip(asked, drawn, strict=True)]


def _called(picture: Picture) -> dict[str, str]:
    """What Graphviz calls boxes and circles, by their ids."""
    items: list[Item] = [*picture.boxes, *picture.circles]
    return {each.id: f"n{at}" for at, each in enumerate(items)}


def _read(
    picture: Picture, called: Mapping[str, str], kept: Mapping[int, int], text: str
) -> PageLayout:
    # lines that Graphviz has broken are whole again
    lines = [line.split(" ") for line in text.replace("\\\n", "").splitlines()]
    height, above = float(lines[0][3]), 0.0

    def points(x: str, y: str) -> tuple[float, float]:
        return _AROUND + float(x) * _INCH, _AROUND + above + (height - float(y)) * _INCH

    def curve(line: Sequence[str]) -> Curve:
        count = int(line[3])
        at = [points(*line[4 + 2 * k : 6 + 2 * k]) for k in range(count)]
        after = line[4 + 2 * count :]
        return Curve(_path(at), *(points(*after[-4:-2]) if len(after) > 2 else at[count // 2]))

    nodes = [line for line in lines if line[0] == "node"]
    far = [at for at in range(len(picture.arrows)) if kept and at not in kept]
    ways = dict[int, Curve]()
    if far:
        places = {
            line[1]: AtPlace(
                points(*line[2:4])[0], -points(*line[2:4])[1],
                float(line[4]) * _INCH / 2, float(line[5]) * _INCH / 2,
            )
            for line in nodes
        }  # fmt: skip
        named = {id: places[name] for id, name in called.items()}
        around = ways_around(picture, far, named, -_AROUND, _TIP)
        above = _AROUND + max(across for way in around.values() for _, across in way.points)
        for at, way in around.items():
            x, y = way.number
            ways[at] = Curve(_path([(a, above - b) for a, b in way.points]), x - _HALF, above - y)
    spots = {
        line[1]: Spot(*points(*line[2:4]), float(line[4]) * _INCH, float(line[5]) * _INCH)
        for line in nodes
    }
    ends: dict[tuple[str, str], list[Curve]] = {}
    for line in lines:
        if line[0] == "edge":
            ends.setdefault((line[1], line[2]), []).append(curve(line))
    curves = [
        ways[at] if at in ways else ends[called[each.tail], called[each.head]].pop(0)
        for at, each in enumerate(picture.arrows)
    ]
    own = {id: spots[name] for id, name in called.items()}
    wide, high = float(lines[0][2]) * _INCH, height * _INCH + above
    return PageLayout(wide + 2 * _AROUND, high + 2 * _AROUND, own, curves)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Bézier curves through points."""
    (x, y), *rest = points
    return f"M{written(x)} {written(y)}C" + " ".join(f"{written(a)} {written(b)}" for a, b in rest)


def in_a_grid(boxes: Sequence[Box]) -> PageLayout:
    """A layout of boxes that nothing joins, in rows, somewhat higher than wide."""
    count = max(1, round(sqrt(len(boxes) / 2)))
    rows = [boxes[at : at + count] for at in range(0, len(boxes), count)]
    wide = max(_size(box)[0] for box in boxes)
    high = max(_size(box)[1] for box in boxes)
    spots = {
        box.id: Spot(
            12 + wide / 2 + at * (wide + 2 * _MARGIN),
            12 + high / 2 + row * (high + _MARGIN),
            *_size(box),
        )
        for row, some in enumerate(rows)
        for at, box in enumerate(some)
    }
    right = max(spot.x for spot in spots.values()) + wide / 2 + 12
    return PageLayout(right, 12 + len(rows) * (high + _MARGIN) - _MARGIN + 12, spots, [])


def written(number: float) -> str:
    """A number of points."""
    return shown(round(number, 1))


def _graph(picture: Picture, called: Mapping[str, str], kept: Mapping[int, int]) -> Digraph:
    """What Graphviz lays out: boxes and circles without words, in groups. kept: as `near` has it."""
    graph = Digraph(
        graph_attr={"rankdir": "LR", "nodesep": "0.25", "ranksep": "0.4"},
        node_attr={"fixedsize": "true", "label": "", "shape": "box"},
        # without a head of Graphviz's own, for which it would end a line before its box
        edge_attr={"fontsize": "11", "label": " −1.2345 ", "arrowhead": "none"},
    )
    grouped: dict[str, list[Item]] = {}
    items: list[Item] = [*picture.boxes, *picture.circles]
    for item in items:
        group = item.group if item.group in picture.groups else ""
        grouped.setdefault(group, []).append(item)
    for at, (group, inside) in enumerate(grouped.items()):
        if not group:
            _nodes(graph, inside, called)
            continue
        with graph.subgraph(name=f"cluster {at}") as cluster:
            assert cluster is not None
            cluster.attr(label="x", fontsize="12")
            _nodes(cluster, inside, called)
    for at, arrow in enumerate(picture.arrows):
        if kept and at not in kept:
            continue
        more = {"label": ""} if arrow.slope is None else {}
        if kept:
            more["minlen"] = str(kept[at])
        graph.edge(called[arrow.tail], called[arrow.head], **more)
    return graph


def _nodes(graph: Digraph, items: Sequence[Item], called: Mapping[str, str]) -> None:
    for item in items:
        width, height = _size(item)
        inches = {"width": shown(width / _INCH), "height": shown(height / _INCH)}
        shape = "ellipse" if isinstance(item, Circle) else "box"
        graph.node(called[item.id], shape=shape, **inches)


def _size(item: Item) -> tuple[float, float]:
    """Width and height, in points."""
    if isinstance(item, Circle):
        return 2 * _SMALL + _SIGN * max(0, len(item.symbol) - 2), 2 * _SMALL
    if item.role == GUEST:
        return _LETTER * (len(label_of(item)) + _GUEST), ROW + 4
    if item.role == "number":
        return 8 + _LETTER * len(label_of(item)), ROW
    least = _NUMBER if item.members == 1 else _FOLDED
    letters = max(least, len(label_of(item)) + 2)
    return _LETTER * letters, ROW * (3 if item.label else 2) + 4


def label_of(box: Box) -> str:
    """What a box is called in its first row."""
    label = f"{box.label} = {box.formula}" if box.formula else box.label
    return shortened(label or shown(box.data), _LONG if not box.formula else _TITLE)


def groups(picture: Picture, laid: PageLayout) -> Iterator[Markup]:
    """Dashed lines around equations of several boxes."""
    inside: dict[str, list[Spot]] = {}
    items: list[Item] = [*picture.boxes, *picture.circles]
    for item in items:
        if item.group in picture.groups:
            inside.setdefault(item.group, []).append(laid.spots[item.id])
    for group, some in inside.items():
        left = min(each.x - each.width / 2 for each in some) - _MARGIN
        right = max(each.x + each.width / 2 for each in some) + _MARGIN
        top = min(each.y - each.height / 2 for each in some) - _HEAD
        bottom = max(each.y + each.height / 2 for each in some) + _MARGIN
        text = f"{group} = {picture.groups[group]}"
        most = max(4, min(_TITLE, int((right - left) / 6.4)))
        yield part(
            "group", title=in_order(text), rect=rect(left, top, right - left, bottom - top, 8),
            x=written(left + 8), y=written(top + 13), text=in_order(shortened(text, most)),
        )  # fmt: skip


def rect(left: float, top: float, width: float, height: float, corner: float) -> Markup:
    """A rectangle."""
    return part(
        "rect", left=written(left), top=written(top), width=written(width), height=written(height),
        corner=written(corner),
    )  # fmt: skip
