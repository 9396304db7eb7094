"""What a fit says of parameters two by two, as a picture: a panel for each pair."""

from __future__ import annotations

from typing import Any

import numpy

from backprop.cornering import Corner
from backprop.reports.canvas import INK, figure_of, saved


def write(
    corner: Corner, format: str, transparent: bool = False, width: int | None = None
) -> bytes:
    """The picture as `svg`, `png` or `pdf`. transparent: without a background. width: in pixels, 96 an
    inch."""
    names = [*corner.names]
    words = "".join([corner.title, *names, *corner.said.values()])
    count = len(names)
    side = min(max(1.9 * (count - 1), 4.5), 14.0)
    with figure_of((side, side), width, words, format) as figure:
        panels = figure.subplots(count - 1, count - 1, squeeze=False, sharex="col", sharey="row")
        drawn = {(each.other - 1, each.one): each.points for each in corner.contours[0]}
        inner = {(each.other - 1, each.one): each.points for each in corner.contours[1]}
        for row in range(count - 1):
            for column in range(count - 1):
                panel: Any = panels[row][column]
                if column > row:
                    panel.set_visible(False)
                    continue
                _panel(panel, corner, (row, column), drawn, inner)
                if row == count - 2:
                    panel.set_xlabel(names[column])
                    panel.tick_params(axis="x", rotation=45)
                if column == 0:
                    panel.set_ylabel(names[row + 1])
        figure.suptitle(corner.title, fontsize="medium")
        return saved(figure, format, transparent, width)


def _panel(panel: Any, corner: Corner, place: tuple[int, int], outer: Any, inner: Any) -> None:
    """One pair."""
    row, column = place
    for contours, alpha in ((outer, 0.2), (inner, 0.45)):
        points = contours.get(place)
        if points is None or not numpy.isfinite(points).all(axis=1).any():
            continue
        if numpy.isfinite(points).all():
            panel.fill(points[:, 0], points[:, 1], color=INK[0], alpha=alpha, linewidth=0)
        panel.plot(points[:, 0], points[:, 1], color=INK[0], linewidth=1)
    if said := corner.said.get((column, row + 1)):
        where: Any = {"transform": panel.transAxes, "ha": "center", "va": "center"}
        panel.text(0.5, 0.75, said, fontsize="x-small", color="#555555", **where)
    panel.plot(corner.x[column], corner.x[row + 1], color=INK[1], marker="+", markersize=8)
    panel.locator_params(nbins=4)
