"""The graph of a page as SVG.

What changes on the page has data attributes: `data-node` with a node's number on a box, and in it
`data-role="data"` and `data-role="grad"`; `data-edge` on an arrow with its local derivative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backprop.page_content import PageContent
from backprop.picture import Box, Circle
from backprop.reports.page.page_layout import (
    ROW,
    Curve,
    PageLayout,
    Spot,
    groups,
    label_of,
    laid_out,
    rect,
    written,
)
from backprop.reports.page.page_parts import Markup, joined, part
from backprop.reports.right_to_left import in_order

_NUMBERS = "data", "grad"


def svg(page: PageContent, texts: Mapping[str, str], seconds: float) -> Markup:
    """The picture. texts: the words of a language. seconds: for the layout. Raises CannotDraw."""
    laid = laid_out(page.picture, seconds)
    label = texts["graph_of"].format(output=page.nodes[page.output].name)
    return laid.svg("graph", label, _lines(page, laid))


def _lines(page: PageContent, laid: PageLayout) -> Iterator[Markup]:
    yield from groups(page.picture, laid)
    names = arrow_names(page)
    for curve, edge in zip(laid.curves, edges_of(page), strict=True):
        yield arrow_svg(curve, edge, names[edge] if edge >= 0 else "")
    for circle in page.picture.circles:
        yield circle_svg(circle, laid.spots[circle.id])
    for box in page.picture.boxes:
        yield box_svg(page, box, laid.spots[box.id])


def edges_of(page: PageContent) -> Iterator[int]:
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


def arrow_names(page: PageContent) -> list[str]:
    """Of each edge what it is called: `a → e`."""
    graph, names = page.graph, [node.name for node in page.nodes]
    place = {node: at for at, node in enumerate(graph.order)}
    return [
        f"{names[place[operand]]} → {names[at]}"
        for at, node in enumerate(graph.order)
        for operand in graph.operands(node)
    ]


def wire(curve: Curve, ends: str = "") -> Markup:
    """An arrow without a number. ends: the numbers of what it joins."""
    return part("wire", ends=part("ends", ends=ends) if ends else "", path=curve.path)


def arrow_svg(curve: Curve, edge: int, name: str) -> Markup:
    """An arrow with the local derivative of an edge; -1 for one without."""
    if edge < 0:
        return wire(curve)
    at = {"x": written(curve.x), "y": written(curve.y + 4)}
    return part("arrow", edge=edge, name=name, path=curve.path, **at)


def circle_svg(circle: Circle, place: Spot) -> Markup:
    """An operation."""
    return part(
        "operation", cx=written(place.x), cy=written(place.y), rx=written(place.width / 2),
        ry=written(place.height / 2), y=written(place.y + 4), symbol=circle.symbol,
    )  # fmt: skip


def row(kind: str, x: float, y: float, text: str) -> Markup:
    """A row of a box."""
    return part("row", kind=kind, x=written(x), y=written(y), text=text)


def box_svg(page: PageContent, box: Box, place: Spot) -> Markup:
    """A node with its name and its numbers."""
    left, top = place.x - place.width / 2, place.y - place.height / 2
    node = page.boxes[box.id]
    if box.role == "number":
        return row("number", place.x, place.y + 4, label_of(box))
    corner = 8 if box.role in ("input", "constant") else 0
    names = [("name", in_order(label_of(box)))] if box.label else []
    rows = [
        *names,
        *((each, part("box_number", word=each, role=each, node=node)) for each in _NUMBERS),
    ]
    return part(
        "box", role=box.role, node=node, name=page.nodes[node].name, title=in_order(page.title_of(node)),
        rect=rect(left, top, place.width, place.height, corner),
        rows=joined(row(kind, left + 8, top + ROW * at + 15, text) for at, (kind, text) in enumerate(rows)),
    )  # fmt: skip
