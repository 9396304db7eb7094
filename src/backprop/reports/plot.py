"""A descent as a picture: loss and gradient norm against the steps, the parameters below, and beside
them the path, on the curve of one parameter or the map of two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf, nan
from typing import TYPE_CHECKING, Any

from backprop.descent import Descent
from backprop.descent.problem import Problem
from backprop.reports.bent import LARGE, Bend, bend_for
from backprop.reports.canvas import INK, TEXT, figure_of, saved

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_MOST_PARAMETERS = 8
"""Curves with names of their own; of more parameters those that change most have them."""

_MOST_POINTS = 2000
"""Points of a curve."""

_ALONG = 1000
"""Points of the curve of one parameter."""

_GRID = range(60, 241)
"""How many points the map may have along each side."""

_WORK = 60_000_000
"""About how many operations a map may take, with `_CALL` for those around each of its points."""

_CALL = 800

_MOST_GREY = 100
"""Of more parameters without a name so many are drawn, from those that change most to those that change
least."""

_LONG = 28
"""The longest names: longer ones leave no room for the curves."""

_GREY = "#888888"


def write(
    descent: Descent,
    ground: Problem | None,
    format: str,
    transparent: bool = False,
    width: int | None = None,
) -> bytes:
    """The picture as `svg`, `png` or `pdf`. ground: the output as a function of one or two parameters.
    transparent: without a background. width: in pixels, 96 an inch."""
    wide, ratios = (10.0, [1, 1.1]) if ground else (7.0, [1])
    names = "".join([descent.output, *descent.history.parameters])
    with figure_of((wide, 6.0), width, names, format) as figure:
        places = figure.add_gridspec(2, len(ratios), width_ratios=ratios)
        loss = figure.add_subplot(places[0, 0])
        _loss(loss, descent)
        _parameters(figure.add_subplot(places[1, 0], sharex=loss), descent)
        if ground:
            draw = _map if len(descent.parameters) == 2 else _curve
            draw(figure.add_subplot(places[:, 1]), descent, ground)
        return saved(figure, format, transparent, width)


def _loss(axes: Axes, descent: Descent) -> None:
    history = descent.history
    steps, values = _thin(history.steps), _thin(history.values)
    norms = _thin(history.gradient_norms)
    mark = "o" if len(values) <= 50 else ""
    labels = [_plain(descent.output), "gradient norm"]
    bend = Bend() if _logarithmic(axes, values, 1e3) else bend_for([values])
    lines = axes.plot(steps, bend.all(values), color=INK[0], marker=mark, markersize=_points(3))
    _mark(axes.yaxis, bend)
    axes.set_ylabel(labels[0], color=INK[0])
    other = axes.twinx()
    bend = Bend() if _logarithmic(other, filter(None, norms), 1e2) else bend_for([norms])
    lines += other.plot(steps, bend.all(norms), color=INK[1], linewidth=_points(1), linestyle="--")
    _mark(other.yaxis, bend)
    other.set_ylabel(labels[1], color=INK[1])
    axes.set_title(f"{labels[0]} by {descent.optimizer}", pad=_points(24))
    # above the curves, of which one belongs to other axes and would be drawn over
    axes.legend(lines, labels, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)


def _logarithmic(axes: Axes, numbers: Iterable[float], span: float) -> bool:
    """Whether the numbers are positive and span so much that their axis is made logarithmic."""
    known = [*numbers]
    fits = bool(known) and min(known) > 0 and span * min(known) < max(known) <= LARGE
    if fits:
        axes.set_yscale("log")
    return fits


def _mark(axis: Axis, bend: Bend) -> None:
    """Mark numbers on an axis on which bent ones are drawn."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    if bend.straight:
        low, high = axis.get_view_interval()
        ticks = bend.ticks(low, high)
        axis.set_major_locator(FixedLocator([*ticks]))
        axis.set_major_formatter(FixedFormatter([*ticks.values()]))


def _parameters(axes: Axes, descent: Descent) -> None:
    from matplotlib.ticker import MaxNLocator

    columns = descent.history.parameters
    by_change = sorted(columns, key=lambda name: -(max(columns[name]) - min(columns[name])))
    named = set(by_change[:_MOST_PARAMETERS])
    rest = by_change[_MOST_PARAMETERS:]
    some = set(rest[:: -(-len(rest) // _MOST_GREY) or 1])  # of much and of little change
    inks = iter(INK)
    steps = _thin(descent.history.steps)
    drawn = {
        name: _thin(column) for name, column in columns.items() if name in named or name in some
    }
    bend = bend_for(drawn.values())
    mark = "o" if len(steps) == 1 else ""  # a line through one point is none
    for name, column in drawn.items():
        bent = bend.all(column)
        if name in named:
            axes.plot(steps, bent, color=next(inks), label=_plain(name), marker=mark, zorder=2)
        else:
            axes.plot(steps, bent, color="#bbbbbb", linewidth=_points(0.5), zorder=1)
    _mark(axes.yaxis, bend)
    axes.set(xlabel="step", ylabel="parameters")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    others = f"{len(some)} of {len(rest):,}" if len(some) < len(rest) else len(rest)
    title = f"and {others} more in grey" if rest else None
    beside: Any = {"loc": "upper left", "bbox_to_anchor": (1, 1)} if len(named) > 2 else {}
    axes.legend(frameon=False, title=title, **beside)


def _curve(axes: Axes, descent: Descent, ground: Problem) -> None:
    """The output over its only parameter, with the path on it."""
    import numpy

    ((name, xs),) = descent.history.parameters.items()
    values = descent.history.values
    across, up = bend_for([_thin(xs)]), bend_for([_thin(values)])
    path, heights = across.all(xs), up.all(values)
    grid = numpy.linspace(*_side(path), _ALONG)
    curve = numpy.array(up.all(ground.known((across.back(x),), nan) for x in grid.tolist()))
    # what lies far above and below the path, as beside a pole, is left out
    low, high = min(heights), max(heights)
    far = high - low or inf
    curve[(curve < low - far) | (curve > high + far)] = nan
    axes.plot(grid, curve, color=_GREY, linewidth=_points(1))
    _path(axes, path, heights)
    for axis, bend in zip((axes.xaxis, axes.yaxis), (across, up), strict=True):
        _mark(axis, bend)
    output, x = map(_plain, (descent.output, name))
    axes.set(xlabel=x, ylabel=output, title=f"{output} over {x}")


def _map(axes: Axes, descent: Descent, ground: Problem) -> None:
    """Lines of equal height around the path, from its start to its end."""
    import numpy

    (x_name, xs), (y_name, ys) = descent.history.parameters.items()
    bends = [bend_for([_thin(numbers)]) for numbers in (xs, ys)]
    paths = [bend.all(numbers) for bend, numbers in zip(bends, (xs, ys), strict=True)]
    fine = int((_WORK / (_CALL + ground.size)) ** 0.5)
    points = min(max(fine, _GRID.start), _GRID[-1])
    grid = [numpy.linspace(*_side(path), points) for path in paths]
    known = [[*map(bend.back, each.tolist())] for bend, each in zip(bends, grid, strict=True)]
    heights = [[ground.known((x, y), nan) for x in known[0]] for y in known[1]]
    # as in the plot of the output, so that a map of what overflows is not all one colour
    bend = bend_for([_thin(descent.history.values)])
    shown = numpy.ma.masked_invalid([*map(bend.all, heights)])
    shown /= numpy.abs(shown).max() or 1.0  # what is huge must not overflow
    # Levels close together near the lowest point, where a path winds, far apart above; on a plain
    # that rounding makes flat there is one, and none where no height is known.
    low, high = shown.min(), shown.max()
    levels = numpy.unique(low + (high - low) * numpy.linspace(0, 1, 24) ** 3)
    if shown.count() and len(levels) > 1:
        levels = _seen(grid, shown, levels)
        axes.contourf(*grid, shown, levels=levels, cmap="Greys", alpha=0.5)
        lines: Any = {"colors": _GREY, "linewidths": _points(0.5), "linestyles": "solid"}
        axes.contour(*grid, shown, levels=levels[1:], **lines)
    _path(axes, *paths)
    for axis, each in zip((axes.xaxis, axes.yaxis), bends, strict=True):
        _mark(axis, each)
    output, x, y = map(_plain, (descent.output, x_name, y_name))
    axes.set(xlabel=x, ylabel=y, title=f"{output} over {x} and {y}")


def _seen(grid: list[Any], heights: Any, levels: Any) -> Any:
    """The levels that these heights are close enough together for: half of the heights show as many
    lines. Others fall into islands, as at the bottom of a narrow valley."""
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    lines = [
        axes.contour(
            *(each[::step] for each in grid), heights[::step, ::step], levels=levels
        ).allsegs
        for step in (1, 2)
    ]
    same = [len(fine) == len(coarse) for fine, coarse in zip(*lines, strict=True)]
    same[0] = same[-1] = True
    return levels[same]


def _path(axes: Axes, across: Sequence[float], up: Sequence[float]) -> None:
    """The way from start to end."""
    axes.plot(
        _thin(across),
        _thin(up),
        color=INK[0],
        marker=".",
        markersize=_points(3),
        linewidth=_points(1),
    )
    axes.plot(across[0], up[0], "o", color=INK[1], label="start")
    axes.plot(across[-1], up[-1], "*", color=INK[2], markersize=_points(11), label="end")
    axes.legend(frameon=True, framealpha=0.8, edgecolor="none")


def _points(many: float) -> float:
    """So many points, beside text of 9 points, in the size of the picture that is being drawn."""
    from matplotlib import rcParams

    return float(many * rcParams["font.size"] / TEXT)


def _side(numbers: Sequence[float]) -> tuple[float, float]:
    """The part of an axis that holds the path, with a margin."""
    low, high = min(numbers), max(numbers)
    margin = 0.25 * (high - low) or max(1e-3, 0.1 * abs(low))
    return low - margin, high + margin


def _thin(column: Sequence[float]) -> Sequence[float]:
    """Every so many of the numbers, and the last: more than a picture shows are not drawn."""
    stride = -(-len(column) // _MOST_POINTS)
    return [*column[:-1:stride], column[-1]]


def _plain(name: str) -> str:
    """A label that fits, with both its ends, and that matplotlib does not hide: it leaves those that
    begin with `_` out of a legend."""
    if len(name) > _LONG:
        name = f"{name[: _LONG // 2]}…{name[-_LONG // 2 :]}"
    return f" {name}" if name.startswith("_") else name
