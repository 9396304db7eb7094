"""A fit as a picture: data, curves and bands, with the residuals below."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import numpy

from backprop.fit_pictures import FitCurve, FitPanel, FitPicture
from backprop.numbers import shown
from backprop.reports.canvas import INK, figure_of, saved

_MOST_ROWS = 20_000
"""Of more rows every so many is drawn."""

_SMALL = 2000
"""From so many rows on points are small and pale, and have no bars."""

_COLOURS, _SMALL_PANELS = 7, 30
"""Up to so many groups have a colour each in one panel, up to so many a small panel each; more are lines in
the colours of a scale."""

_ACROSS = 3
"""Panels side by side."""


def write(
    picture: FitPicture, format: str, transparent: bool = False, width: int | None = None
) -> bytes:
    """The picture as `svg`, `png` or `pdf`. transparent: without a background. width: in pixels, 96 an
    inch."""
    panels = picture.panels
    across = min(len(panels), _ACROSS)
    down = -(-len(panels) // across)
    groups = len(panels[0].curves)
    small = len(panels) == 1 and _COLOURS < groups <= _SMALL_PANELS
    size = (7.0, 5.5) if len(panels) == 1 else (4.4 * across, 4.2 * down)
    size = (9.0, 2.0 + 1.7 * _rows_of_small(groups)) if small else size
    with figure_of(size, width, picture.words, format) as figure:
        if small:
            _small_panels(figure, panels[0], picture)
        else:
            heights = [3, 1] * down
            axes = figure.subplots(2 * down, across, height_ratios=heights, squeeze=False)
            for at in range(across * down):
                row, column = divmod(at, across)
                upper, lower = axes[2 * row][column], axes[2 * row + 1][column]
                if at >= len(panels):
                    upper.set_visible(False)
                    lower.set_visible(False)
                    continue
                lower.sharex(upper)
                upper.tick_params(axis="x", labelbottom=False)
                _panel(figure, upper, lower, panels[at], picture)
        return saved(figure, format, transparent, width)


def _panel(figure: Any, upper: Any, lower: Any, panel: FitPanel, picture: FitPicture) -> None:
    """One statement: data and curves, and the residuals below."""
    curves, many = panel.curves, len(panel.curves) > _COLOURS
    if many:
        _lines(figure, upper, lower, panel)
    elif len(curves) > 1:
        for ink, curve in zip(_inks(), curves, strict=False):
            _data(upper, panel, curve.rows, ink, picture, "")
            _curve(upper, curve, ink, picture, curve.name, False)
            _residuals(lower, panel, curve.rows, ink)
        upper.legend(frameon=False, fontsize="small", title=panel.by)
    else:
        every = numpy.arange(len(panel.x))
        _data(upper, panel, every, INK[0], picture, "data")
        if curves:
            _curve(upper, curves[0], INK[1], picture, panel.label, True)
        else:
            ends = [float(panel.x.min()), float(panel.x.max())]
            upper.plot(ends, ends, color=INK[1], label=panel.label)
        _residuals(lower, panel, every, INK[0])
        upper.legend(frameon=False, fontsize="small")
    _keep_near(upper, panel)
    upper.set_ylabel(panel.left)
    upper.set_title(panel.title, fontsize="medium", loc="left", wrap=True)
    lower.axhline(0, color="#888888", linewidth=0.8)
    lower.set_xlabel(panel.right)
    lower.set_ylabel("residual")


def _keep_near(axes: Any, panel: FitPanel) -> None:
    """Let the data fill a good part of the picture, however far bands lead beside a pole."""
    bars = 0.0 if panel.bars is None else panel.bars
    every = [panel.observed - bars, panel.observed + bars, panel.observed - panel.residual]
    low, high = float(numpy.min(every)), float(numpy.max(every))
    span = high - low or abs(high) or 1.0
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, low - span), min(top, high + span))


def _inks() -> Sequence[str]:
    return [each for each in INK if each != "#F0E442"]  # yellow is too pale for lines


def _rows_of_small(count: int) -> int:
    """How many rows of small panels there are."""
    return -(-count // _columns_of_small(count))


def _columns_of_small(count: int) -> int:
    return max(ceil(sqrt(count * 1.4)), 1)


def _small_panels(figure: Any, panel: FitPanel, picture: FitPicture) -> None:
    """A small panel for each group, and the residuals of all below."""
    curves = panel.curves
    across, down = _columns_of_small(len(curves)), _rows_of_small(len(curves))
    above, below = figure.subfigures(2, 1, height_ratios=[1.7 * down, 1.6])
    axes = above.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for at in range(across * down):
        here = axes[at // across][at % across]
        if at >= len(curves):
            here.set_visible(False)
            continue
        curve = curves[at]
        _data(here, panel, curve.rows, INK[0], picture, "")
        _curve(here, curve, INK[1], picture, "", False)
        _keep_near(here, panel)
        here.set_title(curve.name, fontsize="small", loc="left", pad=2)
        if at + across >= len(curves):  # the lowest of its column
            here.tick_params(axis="x", labelbottom=True)
    above.suptitle(panel.title, fontsize="medium")
    above.supylabel(panel.left, fontsize="medium")
    lower = below.subplots()
    for curve in curves:
        _residuals(lower, panel, curve.rows, INK[0])
    lower.axhline(0, color="#888888", linewidth=0.8)
    lower.set_xlabel(panel.right)
    lower.set_ylabel("residual")


def _lines(figure: Any, upper: Any, lower: Any, panel: FitPanel) -> None:
    """Many groups: thin lines in the colours of a scale, which a bar explains."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scale, count = colormaps["viridis"], len(panel.curves)
    step = -(-len(panel.x) // _MOST_ROWS)
    for at, curve in enumerate(panel.curves):
        ink = scale(at / (count - 1))
        upper.plot(curve.along, curve.found.fitted, color=ink, linewidth=0.7, alpha=0.8)
        some = curve.rows[::step]
        points = _points(len(panel.x), ink)
        points |= {"markersize": min(points["markersize"], 3)}
        upper.plot(panel.x[some], panel.observed[some], **points)
        lower.plot(panel.x[some], panel.residual[some], **points)
    mapped = ScalarMappable(Normalize(0, count - 1), scale)
    bar = figure.colorbar(mapped, ax=[upper, lower], label=f"{panel.by}, {count} groups")
    places = numpy.unique(numpy.linspace(0, count - 1, 6).round().astype(int)).tolist()
    bar.set_ticks(places, labels=[_short(panel.curves[at].name) for at in places])


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"


_LETTERS = 16
"""Names of groups that are longer are cut at a scale."""


def _points(count: int, ink: Any) -> dict[str, Any]:
    """How the points of so many rows look."""
    many = count > _SMALL
    return {
        "color": ink, "marker": ".", "linestyle": "none",
        "markersize": 1.5 if many else 5, "alpha": 0.35 if many else 0.9, "zorder": 1 if many else 3,
    }  # fmt: skip


def _data(axes: Any, panel: FitPanel, rows: Any, ink: Any, picture: FitPicture, label: str) -> None:
    """Points, with bars where errors were given."""
    count = len(panel.x)
    some = rows[:: -(-count // _MOST_ROWS)]
    bars, across = (None if b is None else b[some] for b in (panel.bars, panel.bars_x))
    drawn = count <= _SMALL and not (bars is None and across is None)
    if drawn:
        _bars(axes, panel.x[some], panel.observed[some], bars, across, ink)
    sign = " ± " if panel.bars is not None else ", "
    said = f"{label}{sign}{picture.errors}" if label and drawn else label or None
    axes.plot(panel.x[some], panel.observed[some], label=said, **_points(count, ink))


def _bars(axes: Any, x: Any, y: Any, bars: Any, across: Any, ink: Any) -> None:
    looks: dict[str, Any] = {"fmt": "none", "ecolor": ink, "elinewidth": 0.8, "alpha": 0.6}
    axes.errorbar(x, y, yerr=bars, xerr=across, zorder=2, **looks)


def _curve(
    axes: Any, curve: FitCurve, ink: Any, picture: FitPicture, label: str, both: bool
) -> None:
    """A curve with its band, and that of the data. both: whether these are named, and both drawn."""
    found, sure = curve.found, f"{shown(100 * picture.level, 4)} %"
    bands = [(found.low, found.high, 0.35 if both else 0.2, "the curve")]
    if both:
        bands.insert(0, (found.least, found.most, 0.12, "data"))
    for low, high, alpha, what in bands:
        if numpy.isfinite(high).all():
            looks: Any = {"color": ink, "alpha": alpha, "linewidth": 0}
            said = f"{sure} of {what}" if both else None
            axes.fill_between(curve.along, low, high, label=said, **looks)
    axes.plot(curve.along, found.fitted, color=ink, label=label or None)


def _residuals(axes: Any, panel: FitPanel, rows: Any, ink: Any) -> None:
    count = len(panel.x)
    some = rows[:: -(-count // _MOST_ROWS)]
    if panel.bars is not None and count <= _SMALL:
        _bars(axes, panel.x[some], panel.residual[some], panel.bars[some], None, ink)
    axes.plot(panel.x[some], panel.residual[some], **_points(count, ink))
