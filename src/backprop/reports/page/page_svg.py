"""The graph of a page as SVG: where boxes and arrows stand is what Graphviz says, with room for any number.

What changes on the page has data attributes: `data-node` with a node's number on a box, and in it
`data-role="data"` and `data-role="grad"`; `data-edge` on an arrow with its local derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from graphviz import Digraph

from backprop.numbers import shortened, shown
from backprop.page_content import PageContent
from backprop.picture import Box, Circle
from backprop.reports.drawing import render

_INCH, _LETTER = 72.0, 7.2
"""Points an inch, and of a letter of 12 points."""

_NUMBER = 15
"""Letters that `data −1.2345e−300` takes."""

_LONG, _TITLE = 22, 44
"""The longest name of a box, and of a group; the title that a pointer shows has all of it."""

_SIGN = 6.5
"""Points of a letter of an operation's sign."""

_ROW, _SMALL, _MARGIN, _HEAD = 18.0, 11.0, 8.0, 18.0
"""Points: a row of a box, half a circle's side, around what stands in a group, above it."""


_HEAD_OF_ARROWS = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
    ' markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
)

Item = Box | Circle
Points = Callable[[str, str], tuple[float, float]]
"""From inches above the lower edge to points below the upper one."""


class _Spot(NamedTuple):
    """Where something stands: its middle and its size, in points."""

    x: float
    y: float
    width: float
    height: float


def svg(page: PageContent, seconds: float) -> str:
    """The picture. seconds: that laying it out may take. Raises CannotDraw."""
    laid = _laid_out(page, seconds)
    return "\n".join(laid)


def _laid_out(page: PageContent, seconds: float) -> Iterator[str]:
    boxes, circles = page.picture.boxes, page.picture.circles
    items: list[Item] = [*boxes, *circles]
    called = {each.id: f"n{at}" for at, each in enumerate(items)}
    text = render(_graph(page, called), "plain", seconds).decode()
    lines = [line.split(" ") for line in _joined(text)]
    height = float(lines[0][3])
    wide, high = float(lines[0][2]) * _INCH + 24, height * _INCH + 24

    def points(x: str, y: str) -> tuple[float, float]:
        return 12 + float(x) * _INCH, 12 + (height - float(y)) * _INCH

    places = {
        line[1]: _Spot(*points(*line[2:4]), float(line[4]) * _INCH, float(line[5]) * _INCH)
        for line in lines
        if line[0] == "node"
    }
    label = f"Graph of {page.nodes[page.output].name}"
    yield (
        f'<svg id="graph" viewBox="0 0 {_n(wide)} {_n(high)}" width="{_n(wide)}" height="{_n(high)}"'
        f' role="group" aria-label="{escape(label)}">'
    )
    yield _HEAD_OF_ARROWS
    yield from _groups(page, items, {id: places[name] for id, name in called.items()})
    edges = _edges(page)
    drawn = [line for line in lines if line[0] == "edge"]
    ends: dict[tuple[str, str], list[list[str]]] = {}
    for line in drawn:
        ends.setdefault((line[1], line[2]), []).append(line)
    called_by = _arrow_names(page)
    for arrow, edge in zip(page.picture.arrows, edges, strict=True):
        line = ends[called[arrow.tail], called[arrow.head]].pop(0)
        yield _arrow(line, points, edge, called_by[edge] if edge >= 0 else "")
    for circle in circles:
        yield _circle(circle, places[called[circle.id]])
    for box in boxes:
        yield _box(page, box, places[called[box.id]])
    yield "</svg>"


def _joined(text: str) -> Iterator[str]:
    """The lines of Graphviz' plain text, those that it continues together."""
    yield from text.replace("\\\n", "").splitlines()


def _n(number: float) -> str:
    return shown(round(number, 1))


def _graph(page: PageContent, called: Mapping[str, str]) -> Digraph:
    """What Graphviz lays out: boxes and circles without words, in groups."""
    graph = Digraph(
        graph_attr={"rankdir": "LR", "nodesep": "0.25", "ranksep": "0.4"},
        node_attr={"fixedsize": "true", "label": "", "shape": "box"},
        edge_attr={"fontsize": "11", "label": " −1.2345 "},
    )
    grouped: dict[str, list[Item]] = {}
    items: list[Item] = [*page.picture.boxes, *page.picture.circles]
    for item in items:
        group = item.group if item.group in page.picture.groups else ""
        grouped.setdefault(group, []).append(item)
    for at, (group, inside) in enumerate(grouped.items()):
        if not group:
            _nodes(graph, inside, called)
            continue
        with graph.subgraph(name=f"cluster {at}") as cluster:
            assert cluster is not None
            cluster.attr(label="x", fontsize="12")
            _nodes(cluster, inside, called)
    for arrow in page.picture.arrows:
        more = {"label": ""} if arrow.slope is None else {}
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
    if item.role == "number":
        return 8 + _LETTER * len(_label(item)), _ROW
    letters = max(_NUMBER, len(_label(item)) + 2)
    return _LETTER * letters, _ROW * (3 if item.label else 2) + 4


def _label(box: Box) -> str:
    return shortened(box.label or shown(box.data), _LONG)


def _edges(page: PageContent) -> Iterator[int]:
    """Of each arrow the number of its edge, -1 of one from a circle to its result."""
    graph, edge = page.graph, 0
    found = dict[int, list[int]]()
    for at, node in enumerate(graph.order):
        some = found[at] = []
        for _ in graph.operands(node):
            some.append(edge)
            edge += 1
    heads = {f"{id} {page.operation(at)}": at for id, at in page.boxes.items()}
    taken = dict[int, int]()
    for arrow in page.picture.arrows:
        head = heads.get(arrow.head)
        if head is None:
            yield -1
            continue
        use = taken.get(head, 0)
        taken[head] = use + 1
        yield found[head][use]


def _arrow_names(page: PageContent) -> list[str]:
    """Of each edge what it is called: `a → e`."""
    graph, names = page.graph, [node.name for node in page.nodes]
    place = {node: at for at, node in enumerate(graph.order)}
    return [
        f"{names[place[operand]]} → {names[at]}"
        for at, node in enumerate(graph.order)
        for operand in graph.operands(node)
    ]


def _groups(page: PageContent, items: Sequence[Item], places: Mapping[str, _Spot]) -> Iterator[str]:
    """Dashed lines around equations of several boxes."""
    inside: dict[str, list[_Spot]] = {}
    for item in items:
        if item.group in page.picture.groups:
            inside.setdefault(item.group, []).append(places[item.id])
    for group, some in inside.items():
        left = min(each.x - each.width / 2 for each in some) - _MARGIN
        right = max(each.x + each.width / 2 for each in some) + _MARGIN
        top = min(each.y - each.height / 2 for each in some) - _HEAD
        bottom = max(each.y + each.height / 2 for each in some) + _MARGIN
        text = f"{group} = {page.picture.groups[group]}"
        most = max(4, min(_TITLE, int((right - left) / 6.4)))
        yield (
            f'<g class="group"><title>{escape(text)}</title>'
            f"{_rect(left, top, right - left, bottom - top, 8)}"
            f'<text x="{_n(left + 8)}" y="{_n(top + 13)}">{escape(shortened(text, most))}</text></g>'
        )


def _arrow(line: Sequence[str], points: Points, edge: int, name: str) -> str:
    count = int(line[3])
    at = [points(*line[4 + 2 * k : 6 + 2 * k]) for k in range(count)]
    (x, y), rest = at[0], at[1:]
    path = f"M{_n(x)} {_n(y)}C" + " ".join(f"{_n(a)} {_n(b)}" for a, b in rest)
    if edge < 0:
        return f'<path class="wire" d="{path}" marker-end="url(#head)"/>'
    after = line[4 + 2 * count :]
    middle = points(*after[-4:-2]) if len(after) > 2 else at[count // 2]
    return (
        f'<g class="arrow" data-edge="{edge}" tabindex="0" role="button" aria-label="{escape(name)}">'
        f'<path class="near" d="{path}"/><path d="{path}" marker-end="url(#head)"/>'
        f'<text x="{_n(middle[0])}" y="{_n(middle[1] + 4)}" data-slope="{edge}"></text></g>'
    )


def _rect(left: float, top: float, width: float, height: float, corner: float) -> str:
    sizes = f'width="{_n(width)}" height="{_n(height)}" rx="{_n(corner)}"'
    return f'<rect x="{_n(left)}" y="{_n(top)}" {sizes}/>'


def _circle(circle: Circle, place: _Spot) -> str:
    return (
        f'<g class="operation"><ellipse cx="{_n(place.x)}" cy="{_n(place.y)}"'
        f' rx="{_n(place.width / 2)}" ry="{_n(place.height / 2)}"/>'
        f'<text x="{_n(place.x)}" y="{_n(place.y + 4)}">{escape(circle.symbol)}</text></g>'
    )


def _box(page: PageContent, box: Box, place: _Spot) -> str:
    left, top = place.x - place.width / 2, place.y - place.height / 2
    node = page.boxes[box.id]
    if box.role == "number":
        text = escape(_label(box))
        return f'<text class="number" x="{_n(place.x)}" y="{_n(place.y + 4)}">{text}</text>'
    corner = 8 if box.role in ("input", "constant") else 0
    title = box.equation or box.label or page.nodes[node].name
    rows = [
        ("name", escape(_label(box))) if box.label else None,
        ("data", f'data <tspan data-role="data" data-of="{node}"></tspan>'),
        ("grad", f'grad <tspan data-role="grad" data-of="{node}"></tspan>'),
    ]
    texts = []
    for at, row in enumerate(filter(None, rows)):
        y = top + _ROW * at + 15
        texts.append(f'<text class="{row[0]}" x="{_n(left + 8)}" y="{_n(y)}">{row[1]}</text>')
    name = page.nodes[node].name
    return (
        f'<g class="box {box.role}" data-node="{node}" data-name="{escape(name)}" tabindex="0" role="button">'
        f"<title>{escape(title)}</title>{_rect(left, top, place.width, place.height, corner)}"
        f"{''.join(texts)}</g>"
    )
