"""The picture of a step in each format."""

from backprop.reports.shapes import shapes_canvas, shapes_svg, tikz
from backprop.reports.shapes.shape import Scene


def write(scene: Scene, format: str) -> bytes:
    """A picture as `svg`, `png`, `pdf` or `tex`. Raises CannotDraw for letters that no font has."""
    if format == "svg":
        return shapes_svg.write(scene)
    return tikz.fragment(scene) if format == "tex" else shapes_canvas.write(scene, format)
