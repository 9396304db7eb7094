"""The picture of a page without scripts: boxes as on other pages, with the numbers of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite

from backprop.picture import INPUTS, Arrow, Box, Picture
from backprop.reports import drawing
from backprop.reports.page.help_section import still_legend
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
from backprop.reports.page.page_svg import circle_svg, row, wire
from backprop.reports.right_to_left import in_order
from backprop.reports.themes import shade


def still(picture: Picture, texts: Mapping[str, str], seconds: float) -> Markup:
    """The picture, and what it means. texts: the words of a language. seconds: for the layout. Raises
    CannotDraw."""
    many = {box.id for box in picture.boxes if box.members > 1}
    # a number of an arrow is read at its box, which has those of a whole family
    arrows = [
        each._replace(slope=None) if many & {each.tail, each.head} else each
        for each in picture.arrows
    ]
    picture = picture._replace(arrows=arrows)
    laid = laid_out(picture, seconds)
    label = texts["graph_of"].format(output=picture.output)
    svg = laid.svg("folded", label, _lines(picture, laid, texts))
    means = still_legend(picture, texts)
    return part("still", graph=texts["graph"], picture=svg, title=texts["legend"], legend=means)


def _lines(picture: Picture, laid: PageLayout, texts: Mapping[str, str]) -> Iterator[Markup]:
    yield from groups(picture, laid)
    for curve, arrow in zip(laid.curves, picture.arrows, strict=True):
        yield _arrow(curve, arrow)
    for circle in picture.circles:
        yield circle_svg(circle, laid.spots[circle.id])
    grads = (abs(each.grad) for each in picture.boxes if each.role != "constant")
    largest = max(filter(isfinite, grads), default=0.0)
    for box in picture.boxes:
        yield _box(box, laid.spots[box.id], largest, texts)


def _arrow(curve: Curve, arrow: Arrow) -> Markup:
    if arrow.slope is None:
        return wire(curve)
    at = {"x": written(curve.x), "y": written(curve.y + 4)}
    return part("still_arrow", path=curve.path, slope=_number(arrow.slope), **at)


def _box(box: Box, spot: Spot, largest: float, texts: Mapping[str, str]) -> Markup:
    left, top = spot.x - spot.width / 2, spot.y - spot.height / 2
    if box.role == "number":
        return row("number", spot.x, spot.y + 4, label_of(box))
    title = f"{box.label} = {box.equation}" if box.equation else box.label
    if many := box.members > 1:
        title += f": {texts['values'].format(count=box.members)}"
    word = "|{}| ≤" if many else "{}"
    numbers = {
        role: abs(number) if many else number
        for role, number in (("data", box.data), ("grad", box.grad))
    }
    rows = [
        ("name", in_order(label_of(box))),
        *(
            (role, part("still_number", word=word.format(role), role=role, number=_number(number)))
            for role, number in numbers.items()
        ),
    ]
    fill = "none" if box.role == "constant" else shade(box.grad, largest)
    return part(
        "still_box", kinds=f"{box.role}{' many' if many else ''}", name=box.label, title=in_order(title),
        fill=fill, rect=rect(left, top, spot.width, spot.height, 8 if box.role in INPUTS else 0),
        rows=joined(row(kind, left + 8, top + ROW * at + 15, text) for at, (kind, text) in enumerate(rows)),
    )  # fmt: skip


def _number(number: float) -> str:
    return drawing.number(number, None).replace("-", "−")
