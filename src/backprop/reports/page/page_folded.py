"""The graph of a page with one box for each indexed equation, which a click opens, each by itself.

A box has `data-members`, the numbers of the nodes that it shows, the largest of which are written in it, and
`data-inside`, those that are computed in its equations. Behind it stands what is inside of it, in a group
with `data-inside-of`, the number of the box, and `data-size`; `families.js` makes room for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backprop.page_content import PageContent
from backprop.picture import INPUTS, Box, Picture
from backprop.reports.page.page_interiors import Interior, Interiors
from backprop.reports.page.page_layout import (
    ROW,
    PageLayout,
    Spot,
    label_of,
    laid_out,
    rect,
    written,
)
from backprop.reports.page.page_parts import Markup, joined, part
from backprop.reports.page.page_svg import row, wire
from backprop.reports.right_to_left import in_order


def folded_svg(
    page: PageContent, folded: Picture, texts: Mapping[str, str], seconds: float
) -> Markup:
    """The picture. texts: the words of a language. seconds: that laying out may take. Raises CannotDraw."""
    # numbers of arrows are of whole families
    arrows = [arrow._replace(slope=None) for arrow in folded.arrows]
    plain = folded._replace(arrows=arrows)
    inside = Interiors(page).of([box.id for box in folded.boxes], seconds)
    laid = laid_out(plain, seconds)
    lines = _lines(page, plain, texts, laid, inside)
    label = texts["graph_of"].format(output=page.nodes[page.output].name)
    return laid.svg("folded", label, lines)


def _lines(
    page: PageContent,
    folded: Picture,
    texts: Mapping[str, str],
    laid: PageLayout,
    interiors: Mapping[str, Interior],
) -> Iterator[Markup]:
    turns = {box.id: at for at, box in enumerate(folded.boxes)}
    for curve, arrow in zip(laid.curves, folded.arrows, strict=True):
        yield wire(curve, f"{turns[arrow.tail]} {turns[arrow.head]}")
    for box in folded.boxes:
        yield _box(page, box, laid.spots[box.id], texts, box.id in interiors)
        if interior := interiors.get(box.id):
            size = f"{written(interior.width)} {written(interior.height)}"
            yield part("interior", turn=turns[box.id], size=size, inside=interior.svg)


def _box(page: PageContent, box: Box, spot: Spot, texts: Mapping[str, str], opens: bool) -> Markup:
    left, top = spot.x - spot.width / 2, spot.y - spot.height / 2
    members = " ".join(map(str, page.members[box.id]))
    inside = " ".join(map(str, page.inside[box.id]))
    corner = 8 if box.role in INPUTS else 0
    data, grad = ("data", "grad") if box.members == 1 else ("|data| ≤", "|grad| ≤")
    rows = [
        row("name", left + (20 if opens else 8), top + 15, in_order(label_of(box))),
        row("data", left + 8, top + ROW + 15, part("family_number", word=data, role="data")),
        row("grad", left + 8, top + 2 * ROW + 15, part("family_number", word=grad, role="grad")),
    ]
    if opens:
        rows.append(row("sign", left + 8, top + 15, "+"))
    is_one = box.members == 1 or box.role not in INPUTS  # each of the inputs has its own number
    title = f"{box.label} = {box.equation}" if box.equation and is_one else box.label
    if box.members > 1:
        title += f": {texts['values'].format(count=box.members)}"
    kinds = f"{box.role}{' many' if box.members > 1 else ''}{' opens' if opens else ''}"
    return part(
        "family", kinds=kinds, members=members, inside=inside, title=in_order(title),
        opens=part("opens", name=str(box.label)) if opens else "",
        rect=rect(left, top, spot.width, spot.height, corner), rows=joined(rows),
    )  # fmt: skip
