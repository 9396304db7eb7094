"""A fit as a picture: data, curve and bands, with the residuals below."""

from __future__ import annotations

from typing import Any

import numpy

from backprop.numbers import shown
from backprop.predicting import FitPicture
from backprop.reports.canvas import INK, figure_of, saved

_MOST_ROWS = 20_000
"""Of more rows every so many is drawn."""

_SMALL = 2000
"""From so many rows on points are small and pale."""


def write(
    picture: FitPicture, format: str, transparent: bool = False, width: int | None = None
) -> bytes:
    """The picture as `svg`, `png` or `pdf`. transparent: without a background. width: in pixels, 96 an
    inch."""
    names = "".join([picture.title, picture.left, picture.right, picture.label])
    with figure_of((7.0, 5.5), width, names, format) as figure:
        upper, lower = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
        _rows(upper, lower, picture)
        return saved(figure, format, transparent, width)


def _rows(upper: Any, lower: Any, picture: FitPicture) -> None:
    step = -(-len(picture.x) // _MOST_ROWS)
    x, y = picture.x[::step], picture.observed[::step]
    many = len(x) > _SMALL
    points: dict[str, Any] = {
        "color": INK[0], "marker": ".", "linestyle": "none",
        "markersize": 1.5 if many else 5, "alpha": 0.35 if many else 0.9, "zorder": 1 if many else 3,
    }  # fmt: skip
    upper.plot(x, y, label="data", **points)
    if picture.curve is not None:
        at, curve = picture.along, picture.curve
        sure = f"{shown(100 * picture.level, 4)} %"
        bands = (curve.least, curve.most, 0.12, "data"), (curve.low, curve.high, 0.35, "the curve")
        for low, high, alpha, what in bands:
            if numpy.isfinite(high).all():
                looks: Any = {"color": INK[1], "alpha": alpha, "linewidth": 0}
                upper.fill_between(at, low, high, label=f"{sure} of {what}", **looks)
        upper.plot(at, curve.fitted, color=INK[1], label=picture.label)
    else:
        ends = [float(numpy.min(picture.x)), float(numpy.max(picture.x))]
        upper.plot(ends, ends, color=INK[1], label=picture.label)
    upper.set_ylabel(picture.left)
    upper.legend(frameon=False, fontsize="small")
    upper.set_title(picture.title, fontsize="medium", loc="left")
    lower.axhline(0, color="#888888", linewidth=0.8)
    lower.plot(x, picture.residual[::step], **points)
    lower.set_xlabel(picture.right)
    lower.set_ylabel("residual")
