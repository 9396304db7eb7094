"""The graph of a page as SVG.

What changes on the page has data attributes: `data-node` with a node's number on a box, and in it
`data-role="data"` and `data-role="grad"`; `data-edge` on an arrow with its local derivative.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

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


def svg(page: PageContent, seconds: float) -> str:
    """The picture. seconds: that laying it out may take. Raises CannotDraw."""
    return "\n".join(_lines(page, laid_out(page.picture, seconds)))


def _lines(page: PageContent, laid: PageLayout) -> Iterator[str]:
    yield laid.head("graph", f"Graph of {page.nodes[page.output].name}")
    yield from groups(page.picture, laid)
    names = arrow_names(page)
    for curve, edge in zip(laid.curves, edges_of(page), strict=True):
        yield arrow_svg(curve, edge, names[edge] if edge >= 0 else "")
    for circle in page.picture.circles:
        yield circle_svg(circle, laid.spots[circle.id])
    for box in page.picture.boxes:
        yield box_svg(page, box, laid.spots[box.id])
    yield "</svg>"


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


def wire(curve: Curve, ends: str = "") -> str:
    """An arrow without a number. ends: the numbers of what it joins."""
    more = f' data-ends="{ends}"' if ends else ""
    return f'<path class="wire"{more} d="{curve.path}" marker-end="url(#head)"/>'


def arrow_svg(curve: Curve, edge: int, name: str) -> str:
    """An arrow with the local derivative of an edge; -1 for one without."""
    if edge < 0:
        return wire(curve)
    return (
        f'<g class="arrow" data-edge="{edge}" tabindex="0" role="button" aria-label="{escape(name)}">'
        f'<path class="near" d="{curve.path}"/><path d="{curve.path}" marker-end="url(#head)"/>'
        f'<text x="{written(curve.x)}" y="{written(curve.y + 4)}" data-slope="{edge}"></text></g>'
    )


def circle_svg(circle: Circle, place: Spot) -> str:
    """An operation."""
    return (
        f'<g class="operation"><ellipse cx="{written(place.x)}" cy="{written(place.y)}"'
        f' rx="{written(place.width / 2)}" ry="{written(place.height / 2)}"/>'
        f'<text x="{written(place.x)}" y="{written(place.y + 4)}">{escape(circle.symbol)}</text></g>'
    )


def box_svg(page: PageContent, box: Box, place: Spot) -> str:
    """A node with its name and its numbers."""
    left, top = place.x - place.width / 2, place.y - place.height / 2
    node = page.boxes[box.id]
    if box.role == "number":
        text = escape(label_of(box))
        return (
            f'<text class="number" x="{written(place.x)}" y="{written(place.y + 4)}">{text}</text>'
        )
    corner = 8 if box.role in ("input", "constant") else 0
    title = box.equation or box.label or page.nodes[node].name
    rows = [
        ("name", escape(label_of(box))) if box.label else None,
        ("data", f'data <tspan data-role="data" data-of="{node}"></tspan>'),
        ("grad", f'grad <tspan data-role="grad" data-of="{node}"></tspan>'),
    ]
    texts = []
    for at, row in enumerate(filter(None, rows)):
        y = top + ROW * at + 15
        texts.append(
            f'<text class="{row[0]}" x="{written(left + 8)}" y="{written(y)}">{row[1]}</text>'
        )
    name = page.nodes[node].name
    return (
        f'<g class="box {box.role}" data-node="{node}" data-name="{escape(name)}" tabindex="0" role="button">'
        f"<title>{escape(title)}</title>{rect(left, top, place.width, place.height, corner)}"
        f"{''.join(texts)}</g>"
    )
