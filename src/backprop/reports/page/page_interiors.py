"""What an opened box of families shows inside its frame: its members, step by step, and beside each step the
names that come from outside, as guests: boxes of one row.

Each is laid out ahead. In which of the others is opened besides it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from backprop.page_content import PageContent
from backprop.picture import Arrow, Box, Picture
from backprop.reports.page import page_parts
from backprop.reports.page.page_layout import (
    GUEST,
    PageLayout,
    Spot,
    in_a_grid,
    label_of,
    laid_out_each,
    rect,
    written,
)
from backprop.reports.page.page_parts import Markup, joined
from backprop.reports.page.page_svg import (
    arrow_names,
    arrow_svg,
    box_svg,
    circle_svg,
    edges_of,
    wire,
)


class Interior(NamedTuple):
    """What a frame shows. width, height: its size without its heading."""

    width: float
    height: float
    svg: Markup


class _InsidePart(NamedTuple):
    """A part of a picture. edges: of its arrows. meant: of each guest the box that it stands for."""

    picture: Picture
    edges: list[int]
    meant: dict[str, Box]


class Interiors:
    """Those of a page."""

    def __init__(self, page: PageContent) -> None:
        self._page = page
        self._boxes = {box.id: box for box in page.picture.boxes}
        self._arrows = [*zip(page.picture.arrows, edges_of(page), strict=True)]
        self._names = arrow_names(page)

    def of(self, ids: Iterable[str], seconds: float) -> dict[str, Interior]:
        """What is inside of boxes of the folded picture, without those in which is nothing besides
        themselves. seconds: that laying out may take. Raises CannotDraw."""
        page, parts, grids = self._page, dict[str, _InsidePart](), dict[str, _InsidePart]()
        for id in ids:
            if len(page.members[id]) > 1 or len(page.inside[id]) > 1:
                part = self._part({*page.members[id], *page.inside[id]})
                (parts if part.picture.arrows else grids)[id] = part
        laid = laid_out_each([part.picture for part in parts.values()], seconds)
        found = [*zip(parts, parts.values(), laid, strict=True)]
        found += [(id, part, in_a_grid(part.picture.boxes)) for id, part in grids.items()]
        return {
            id: Interior(laid.width, laid.height, joined(self._lines(part, laid)))
            for id, part, laid in found
        }

    def _part(self, nodes: set[int]) -> _InsidePart:
        """Some nodes, and guests for what they use of others."""
        page = self._page
        own = [box for id, box in self._boxes.items() if page.boxes[id] in nodes]
        signs = {f"{box.id} {page.operation(page.boxes[box.id])}" for box in own}
        circles = [circle for circle in page.picture.circles if circle.id in signs]
        group_of = {box.id: box.group for box in own} | {each.id: each.group for each in circles}
        meant, guests = dict[str, Box](), list[Box]()
        arrows, edges = list[Arrow](), list[int]()
        for arrow, edge in self._arrows:
            if arrow.head not in group_of:
                continue
            tail = arrow.tail
            if tail not in group_of:
                box = self._boxes[tail]
                tail = f"{tail} in {group_of[arrow.head]}"
                if tail not in meant:
                    meant[tail] = box
                    guests.append(self._guest(box, tail, group_of[arrow.head]))
            arrows.append(arrow._replace(tail=tail))
            edges.append(edge)
        # Graphviz puts what nothing joins from the bottom upwards
        turns = {group: at for at, group in enumerate(dict.fromkeys(group_of.values()))}
        boxes = sorted([*own, *guests], key=lambda each: -turns[each.group])
        circles.sort(key=lambda each: -turns[each.group])
        return _InsidePart(Picture(page.picture.output, boxes, circles, arrows, {}), edges, meant)

    def _guest(self, box: Box, id: str, group: str) -> Box:
        """A box that stands for one outside, in a group; of a number a number."""
        label = box.label or self._page.nodes[self._page.boxes[box.id]].name
        role = box.role if box.role == "number" else GUEST
        return box._replace(id=id, role=role, label=label, formula="", group=group)

    def _lines(self, part: _InsidePart, laid: PageLayout) -> Iterator[Markup]:
        for curve, edge in zip(laid.curves, part.edges, strict=True):
            yield arrow_svg(curve, edge, self._names[edge]) if edge >= 0 else wire(curve)
        for circle in part.picture.circles:
            yield circle_svg(circle, laid.spots[circle.id])
        for box in part.picture.boxes:
            spot = laid.spots[box.id]
            meant = part.meant.get(box.id, box)
            if box.role == GUEST:
                yield self._guest_box(box, meant, spot)
            else:
                yield box_svg(self._page, meant, spot)

    def _guest_box(self, box: Box, meant: Box, spot: Spot) -> Markup:
        node, kind = self._page.boxes[meant.id], " constant" if meant.role == "constant" else ""
        left, top = spot.x - spot.width / 2, spot.y - spot.height / 2
        return page_parts.part(
            "guest", kind=f"guest{kind}", node=node, name=self._page.nodes[node].name,
            rect=rect(left, top, spot.width, spot.height, 8), x=written(left + 8), y=written(top + 15),
            label=label_of(box),
        )  # fmt: skip
