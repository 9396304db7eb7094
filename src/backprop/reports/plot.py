"""A descent as a picture: loss and gradient norm against the steps, the parameters below, and for
two parameters the map that the path crosses. The only file that knows matplotlib."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from backprop.cache import is_foreign
from backprop.descent import Descent
from backprop.reports.bent import LARGE, Bend, bend_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# The palette of Okabe and Ito (2008), which people with any colour vision can tell apart.
_INK = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#F0E442")

_MOST_PARAMETERS = 8
"""Curves with names of their own; of more parameters those that change most have them."""

_MOST_POINTS = 2000
"""Points of a curve."""

_GRID = 60
"""Points of the map along each side."""

Height = Callable[[Sequence[float]], float]
"""The output at a point, nan where it has no value."""


def write(descent: Descent, height: Height, format: str) -> bytes:
    """The picture as `svg`, `png` or `pdf`. height: for the map, where two parameters are free."""
    _keep_out_of_foreign_folders()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    settings: Any = {"svg.hashsalt": "backprop", "font.size": 9}
    with warnings.catch_warnings(), rc_context(settings):
        warnings.simplefilter("ignore")  # letters that the font does not have are drawn as boxes
        has_map = len(descent.parameters) == 2
        wide, ratios = (10, [1, 1.1]) if has_map else (7, [1])
        figure = Figure(figsize=(wide, 6), layout="constrained")
        places = figure.add_gridspec(2, len(ratios), width_ratios=ratios)
        loss = figure.add_subplot(places[0, 0])
        _loss(loss, descent)
        _parameters(figure.add_subplot(places[1, 0], sharex=loss), descent)
        if has_map:
            _map(figure.add_subplot(places[:, 1]), descent, height)
        file = BytesIO()
        metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        figure.savefig(file, format=format, dpi=150, metadata=metadata.get(format))
    return file.getvalue()


def _keep_out_of_foreign_folders() -> None:
    """Have matplotlib, which makes folders in the home folder, make them elsewhere where that is
    another user's."""
    homes = {"XDG_CONFIG_HOME": "~/.config", "XDG_CACHE_HOME": "~/.cache"}
    given = [os.environ.get(variable) or usual for variable, usual in homes.items()]
    if "MPLCONFIGDIR" not in os.environ and any(map(is_foreign, given)):
        folder = tempfile.mkdtemp(prefix="backprop-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["MPLCONFIGDIR"] = folder


def _loss(axes: Axes, descent: Descent) -> None:
    history = descent.history
    steps, values = _thin(history.steps), _thin(history.values)
    norms = _thin(history.gradient_norms)
    mark = "o" if len(values) <= 50 else ""
    labels = [_plain(descent.output), "gradient norm"]
    bend = Bend() if _logarithmic(axes, values, 1e3) else bend_for([values])
    lines = axes.plot(steps, bend.all(values), color=_INK[0], marker=mark, markersize=3)
    _mark(axes.yaxis, bend)
    axes.set_ylabel(labels[0], color=_INK[0])
    other = axes.twinx()
    bend = Bend() if _logarithmic(other, filter(None, norms), 1e2) else bend_for([norms])
    lines += other.plot(steps, bend.all(norms), color=_INK[1], linewidth=1, linestyle="--")
    _mark(other.yaxis, bend)
    other.set_ylabel(labels[1], color=_INK[1])
    axes.set_title(f"{labels[0]} by {descent.optimizer}")
    axes.legend(lines, labels, frameon=False)


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
    inks = iter(_INK)
    steps = _thin(descent.history.steps)
    drawn = {name: _thin(column) for name, column in columns.items()}
    bend = bend_for(drawn.values())
    mark = "o" if len(steps) == 1 else ""  # a line through one point is none
    for name, column in drawn.items():
        bent = bend.all(column)
        if name in named:
            axes.plot(steps, bent, color=next(inks), label=_plain(name), marker=mark, zorder=2)
        else:
            axes.plot(steps, bent, color="#bbbbbb", linewidth=0.5, zorder=1)
    _mark(axes.yaxis, bend)
    rest = len(columns) - len(named)
    axes.set(xlabel="step", ylabel="parameters")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    title = f"and {rest} more in grey" if rest else None
    beside: Any = {"loc": "upper left", "bbox_to_anchor": (1, 1)} if len(named) > 2 else {}
    axes.legend(frameon=False, title=title, **beside)


def _map(axes: Axes, descent: Descent, height: Height) -> None:
    """Lines of equal height around the path, from its start to its end."""
    import numpy

    (x_name, xs), (y_name, ys) = descent.history.parameters.items()
    bends = [bend_for([_thin(numbers)]) for numbers in (xs, ys)]
    paths = [bend.all(numbers) for bend, numbers in zip(bends, (xs, ys), strict=True)]
    grid = [numpy.linspace(*_side(path), _GRID) for path in paths]
    known = [[*map(bend.back, each.tolist())] for bend, each in zip(bends, grid, strict=True)]
    heights = [[height((x, y)) for x in known[0]] for y in known[1]]
    # as in the plot of the output, so that a map of what overflows is not all one colour
    bend = bend_for([_thin(descent.history.values)])
    shown = numpy.ma.masked_invalid([*map(bend.all, heights)])
    shown /= numpy.abs(shown).max() or 1.0  # what is huge must not overflow
    # Levels close together near the lowest point, where a path winds, far apart above; on a plain
    # that rounding makes flat there is one, and none where no height is known.
    low, high = shown.min(), shown.max()
    levels = numpy.unique(low + (high - low) * numpy.linspace(0, 1, 24) ** 3)
    if shown.count() and len(levels) > 1:
        axes.contourf(*grid, shown, levels=levels, cmap="Greys", alpha=0.5)
        axes.contour(*grid, shown, levels=levels, colors="#888888", linewidths=0.5)
    across, up = paths
    axes.plot(_thin(across), _thin(up), color=_INK[0], marker=".", markersize=3, linewidth=1)
    axes.plot(across[0], up[0], "o", color=_INK[1], label="start")
    axes.plot(across[-1], up[-1], "*", color=_INK[2], markersize=11, label="end")
    for axis, each in zip((axes.xaxis, axes.yaxis), bends, strict=True):
        _mark(axis, each)
    output, x, y = map(_plain, (descent.output, x_name, y_name))
    axes.set(xlabel=x, ylabel=y, title=f"{output} over {x} and {y}")
    axes.legend(frameon=False)


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
    """A label that matplotlib does not hide: it leaves those that begin with `_` out of a legend."""
    return f" {name}" if name.startswith("_") else name
