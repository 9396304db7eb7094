"""The graph of a page with one box for each indexed equation, which a click opens.

A box has `data-members`, the numbers of the nodes that it shows, the largest of which are written in it, and
`data-inside`, those that are computed in its equations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from backprop.page_content import PageContent
from backprop.picture import INPUTS, Box, Picture
from backprop.reports.page.page_layout import (
    ROW,
    PageLayout,
    Spot,
    label_of,
    laid_out,
    rect,
    written,
)
from backprop.reports.page.page_svg import wire


def folded_svg(page: PageContent, folded: Picture, texts: Mapping[str, str], seconds: float) -> str:
    """The picture. texts: the words of a language. seconds: that laying out may take. Raises CannotDraw."""
    # numbers of arrows are of whole families
    arrows = [arrow._replace(slope=None) for arrow in folded.arrows]
    plain = folded._replace(arrows=arrows)
    return "\n".join(_lines(page, plain, texts, laid_out(plain, seconds)))


def _lines(
    page: PageContent, folded: Picture, texts: Mapping[str, str], laid: PageLayout
) -> Iterator[str]:
    yield laid.head("folded", f"Graph of {page.nodes[page.output].name}")
    yield from map(wire, laid.curves)
    for box in folded.boxes:
        yield _box(page, box, laid.spots[box.id], texts)
    yield "</svg>"


def _box(page: PageContent, box: Box, spot: Spot, texts: Mapping[str, str]) -> str:
    left, top = spot.x - spot.width / 2, spot.y - spot.height / 2
    members = " ".join(map(str, page.members[box.id]))
    inside = " ".join(map(str, page.inside[box.id]))
    corner = 8 if box.role in INPUTS else 0
    data, grad = ("data", "grad") if box.members == 1 else ("|data| ≤", "|grad| ≤")
    rows = (
        ("name", escape(label_of(box))),
        ("data", f'{data} <tspan data-role="data"></tspan>'),
        ("grad", f'{grad} <tspan data-role="grad"></tspan>'),
    )
    lines = "".join(
        f'<text class="{kind}" x="{written(left + 8)}" y="{written(top + ROW * at + 15)}">{text}</text>'
        for at, (kind, text) in enumerate(rows)
    )
    title = f"{box.label} = {box.equation}" if box.equation else box.label
    if box.members > 1:
        title += f": {texts['values'].format(count=box.members)}"
    many = " many" if box.members > 1 else ""
    return (
        f'<g class="box {box.role}{many}" data-members="{members}" data-inside="{inside}" tabindex="0"'
        f' role="button"><title>{escape(title)}</title>'
        f"{rect(left, top, spot.width, spot.height, corner)}{lines}</g>"
    )
