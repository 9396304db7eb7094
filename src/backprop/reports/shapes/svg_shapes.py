"""From an SVG that Graphviz has drawn to its shapes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from backprop.reports.right_to_left import MARK
from backprop.reports.shapes.shape import NONE, DrawnShape, Scene, ShapeKind, ShapePoint

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def scene_of(svg: bytes) -> Scene:
    """The shapes of an SVG, its corner at 0, 0."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = _numbers(root.get("viewBox", ""))
    whole = root.find(f"{_SVG}g")
    assert whole is not None
    right, down = _numbers(whole.get("transform", "").rpartition("translate")[2])
    reading = _ShapeReading(right, down)
    shapes = [*reading.shapes(whole, "", "")]
    return Scene(width, height, shapes, font=reading.font)


class _ShapeReading:
    """right, down: by how much everything is moved."""

    def __init__(self, right: float, down: float) -> None:
        self._right, self._down = right, down
        self.font = ""

    def shapes(self, group: ElementTree.Element, owner: str, hint: str) -> Iterator[DrawnShape]:
        """The shapes of a group, and of the groups in it, in order."""
        for each in group:
            kind = each.tag.removeprefix(_SVG)
            if kind == "g":
                inside = each.get("class", "")
                title = each.find(f"{_SVG}title")
                own = {
                    "edge": each.get("id", ""),
                    "node": (title.text if title is not None else ""),
                }
                yield from self.shapes(each, own.get(inside, owner) or "", hint)
            elif kind == "a":
                yield from self.shapes(each, owner, (each.get(f"{_LINK}title") or "").strip())
            elif kind in ("polygon", "polyline", "path", "ellipse", "text"):
                yield self._shape(each, kind)._replace(owner=owner, hint=hint)

    def _shape(self, each: ElementTree.Element, kind: str) -> DrawnShape:
        fill, stroke = (_colour(each.get(name)) for name in ("fill", "stroke"))
        width = float(each.get("stroke-width", "1"))
        dashed = "stroke-dasharray" in each.attrib
        if kind == "text":
            self.font = each.get("font-family", self.font)
            at = self._points([float(each.get("x", "0")), float(each.get("y", "0"))])
            text = (each.text or "").replace("\u00a0", " ").replace(MARK, "")
            size, anchor = float(each.get("font-size", "12")), each.get("text-anchor", "")
            fill = each.get("fill", "black")  # which Graphviz leaves out
            text = text.strip() if anchor == "middle" else text
            return DrawnShape("text", at, fill, text=text, anchor=anchor, size=size)
        if kind == "ellipse":
            middle = self._points([float(each.get(name, "0")) for name in ("cx", "cy")])
            radii = float(each.get("rx", "0")), float(each.get("ry", "0"))
            return DrawnShape("ellipse", (*middle, radii), fill, stroke, width, dashed=dashed)
        points = self._points(_numbers(each.get("d" if kind == "path" else "points", "")))
        named: ShapeKind = "path" if kind == "path" else "line" if kind == "polyline" else "polygon"
        return DrawnShape(named, points, fill, stroke, width, dashed=dashed)

    def _points(self, numbers: list[float]) -> tuple[ShapePoint, ...]:
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return tuple((x + self._right, y + self._down) for x, y in pairs)


def _colour(text: str | None) -> str:
    return NONE if text in (None, "", "transparent") else text or NONE


def _numbers(text: str) -> list[float]:
    return [*map(float, _NUMBER.findall(text))]
