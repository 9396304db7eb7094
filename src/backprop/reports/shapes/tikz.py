r"""Pictures as TikZ: a fragment for a document, in which `\input{graph}` shows it.

It needs TikZ and none of its libraries. As large as its text of 12 points makes it, or as a line is wide and
a page is high, where that is less. One that begins a paragraph is not indented: with an indent it would be
wider than its line.
"""

from __future__ import annotations

from collections.abc import Iterator

from backprop.numbers import shown
from backprop.picture import Picture
from backprop.reports.drawing import write as drawn
from backprop.reports.shapes.letter_widths import wide
from backprop.reports.shapes.shape import NONE, DrawnShape, Scene, ShapePoint
from backprop.reports.shapes.svg_shapes import scene_of
from backprop.reports.shapes.tex_letters import tex
from backprop.reports.themes import PIXEL, Look

_HEAD = r"""% {mark}
% A picture for a document with \usepackage{{tikz}}; no TikZ library is needed. Show it with \input.
{others}\ifvmode\noindent\fi{{{plain}%
{sized}%
\begin{{tikzpicture}}[x=1bp, y=-1bp, inner sep=0pt, outer sep=0pt]
\useasboundingbox (0,0) rectangle ({right},{down});"""

_PLAIN = "".join(rf"\catcode{ord(sign)} 12" for sign in "!\"'*+,-./:;<=>?|`")
"""These signs mean themselves: some languages of babel have given them other meanings, which none of TikZ's
libraries takes back within an argument."""

_OTHERS = "% Letters that pdflatex has not need lualatex or xelatex, and a font that has them.\n"

_FITTING = (
    r"\resizebox{!}{\ifdim\totalheight>\textheight\textheight\else\totalheight\fi}{"
    r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"
)


def write(picture: Picture, look: Look, format: str) -> bytes:
    """A picture whose steps are of no interest. Raises CannotDraw."""
    scene = scene_of(drawn(picture, look._replace(width=None), "svg"))
    return fragment(scene._replace(scale=scaled(look, scene), mark="backprop draw"))


def scaled(look: Look, scene: Scene) -> float | None:
    """How much larger than in points a picture is asked for; None where it is not."""
    return look.width and look.width * PIXEL / scene.width


def fragment(scene: Scene) -> bytes:
    """A picture."""
    colours = dict.fromkeys(
        colour for shape in scene.shapes for colour in (shape.fill, shape.stroke) if colour != NONE
    )
    lines = [
        rf"\definecolor{{{_called(each)}}}{{HTML}}{{{each[1:].upper()}}}"
        for each in colours
        if each[0] == "#"
    ]
    body = [line for shape in scene.shapes for line in _lines(shape)]
    others = _OTHERS if any(not line.isascii() for line in body) else ""
    sized, end = _FITTING, "}}}%"
    if scene.scale is not None:
        sized, end = rf"\resizebox{{{written(scene.width * scene.scale)}bp}}{{!}}{{", "}}%"
    right, down = written(scene.width), written(scene.height)
    head = _HEAD.format(
        mark=scene.mark, others=others, plain=_PLAIN, sized=sized, right=right, down=down
    )
    return "\n".join([head, *lines, *body, r"\end{tikzpicture}" + end, ""]).encode()


def _lines(shape: DrawnShape) -> Iterator[str]:
    if shape.kind == "text":
        if shape.text.strip():
            yield _text(shape)
        return
    words = []
    if shape.fill != NONE and shape.kind != "line":
        words.append(f"fill={_called(shape.fill)}")
    if shape.stroke != NONE:
        words += [f"draw={_called(shape.stroke)}", f"line width={written(shape.width)}bp"]
        words += ["dash pattern=on 5bp off 2bp"] * shape.dashed
    if words:
        yield rf"\path[{', '.join(words)}] {_way(shape)};"


def _way(shape: DrawnShape) -> str:
    if shape.kind == "ellipse":
        middle, (wide, high) = shape.points
        return f"{_at(middle)} ellipse [x radius={written(wide)}bp, y radius={written(high)}bp]"
    at = [*map(_at, shape.points)]
    if shape.kind == "path":
        triples = zip(at[1::3], at[2::3], at[3::3], strict=True)
        curves = [f" .. controls {one} and {two} .. {end}" for one, two, end in triples]
        return at[0] + "".join(curves) + (" -- cycle" if at[0] == at[-1] else "")
    return " -- ".join(at) + (" -- cycle" if shape.kind == "polygon" else "")


def _text(shape: DrawnShape) -> str:
    anchor = "base" if shape.anchor == "middle" else "base west"
    size, bold = written(shape.size), r"\bfseries" * shape.bold
    font = rf"\normalfont\sffamily{bold}\fontsize{{{size}}}{{{size}}}\selectfont"
    words = f"anchor={anchor}, text={_called(shape.fill)}, font={font}"
    text = shape.text.strip()
    room = written(max(wide(text, shape.size), shape.size))
    # the letters of a document may be wider than those that the picture was laid out with
    fitted = rf"\ifdim\wd0>{room}bp\resizebox{{{room}bp}}{{\height}}{{\unhbox0}}\else\unhbox0\fi"
    return rf"\node[{words}] at {_at(shape.points[0])} {{\setbox0\hbox{{{tex(text)}}}{fitted}}};"


def _at(point: ShapePoint) -> str:
    return f"({written(point[0])},{written(point[1])})"


def _called(colour: str) -> str:
    """What a colour is called within the picture."""
    return f"backprop{colour[1:]}" if colour[0] == "#" else colour


def written(number: float) -> str:
    """A number of points."""
    return shown(round(number, 2))
