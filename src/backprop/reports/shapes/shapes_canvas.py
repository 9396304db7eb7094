"""Shapes as PNG and PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backprop.reports.canvas import saved_exactly, sheet
from backprop.reports.shapes.shape import NONE, DrawnShape, Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FAMILIES = ("Arial", "Liberation Sans", "Helvetica", "Arimo", "Nimbus Sans", "DejaVu Sans")
"""What is as wide as Arial, and a font that is always there."""


def write(scene: Scene, format: str) -> bytes:
    """A picture as `png` or `pdf`. Raises CannotDraw for letters that no font has."""
    letters = "".join(shape.text for shape in scene.shapes)
    with sheet((scene.width, scene.height), letters, _FAMILIES) as (figure, axes):
        for shape in scene.shapes:
            _draw(axes, shape)
        return saved_exactly(figure, format, scene.scale or 1.0, scene.mark)


def _draw(axes: Axes, shape: DrawnShape) -> None:
    from matplotlib.patches import Ellipse, PathPatch, Polygon
    from matplotlib.path import Path

    if shape.kind == "text":
        x, y = shape.points[0]
        side = "center" if shape.anchor == "middle" else "left"
        axes.text(
            x, y, shape.text.strip(), color=shape.fill, fontsize=shape.size, ha=side, va="baseline",
            fontweight="bold" if shape.bold else "normal", parse_math=False,
        )  # fmt: skip
        return
    stroked = shape.stroke != NONE
    style: dict[str, Any] = {
        "facecolor": shape.fill, "edgecolor": shape.stroke, "linewidth": stroked * shape.width,
        "linestyle": (0, (5 / shape.width, 2 / shape.width)) if shape.dashed else "solid",
        "joinstyle": "miter", "capstyle": "butt",
    }  # fmt: skip
    if shape.kind == "ellipse":
        middle, (wide, high) = shape.points
        axes.add_artist(Ellipse(middle, 2 * wide, 2 * high, **style))
    elif shape.kind == "polygon":
        axes.add_artist(Polygon([*shape.points], closed=True, **style))
    else:
        then = Path.CURVE4 if shape.kind == "path" else Path.LINETO
        codes = [Path.MOVETO, *[then] * (len(shape.points) - 1)]
        axes.add_artist(PathPatch(Path([*shape.points], codes), **style))
