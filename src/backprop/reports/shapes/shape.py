"""What a picture consists of where everything has its place: lines, outlines and texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

ShapeKind = Literal["polygon", "path", "ellipse", "line", "text"]
ShapePoint = tuple[float, float]

NONE = "none"
"""Instead of a colour: not filled, or without an outline."""


class DrawnShape(NamedTuple):
    """One of them. points: the corners; of a path where it begins and three points for each Bézier curve; of
    an ellipse its middle and its two radii; of a text where its line begins, or with the anchor `middle` its
    middle, and how wide it was laid out. In points, from the upper left corner on. owner: the box or circle
    that it is a part of, or the place of its arrow as text, `arrow:3`; "" for neither. hint: what a pointer
    shows. dashed: whether its line is."""

    kind: ShapeKind
    points: tuple[ShapePoint, ...]
    fill: str = NONE
    stroke: str = NONE
    width: float = 1.0
    owner: str = ""
    hint: str = ""
    text: str = ""
    anchor: str = "start"
    size: float = 12.0
    bold: bool = False
    dashed: bool = False


class Scene(NamedTuple):
    """A picture. mark: what its files say that it is. scale: how much larger than its size in points, None
    where nobody has said. font: the families of its letters."""

    width: float
    height: float
    shapes: Sequence[DrawnShape]
    mark: str = ""
    scale: float | None = None
    font: str = ""
