"""Shapes as SVG: one picture, or all steps in turn, moved by CSS alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

from backprop.numbers import shown
from backprop.reports.right_to_left import in_order
from backprop.reports.shapes.shape import NONE, DrawnShape, Scene, ShapePoint

HOLD = 4
"""How many steps longer than the others the last picture of an animation stands."""

_MOVING = """@media screen and (prefers-reduced-motion: no-preference) {{
{rules}
svg:hover * {{ animation-play-state: paused }}
}}"""
"""Without motion, and on paper, the last picture is what there is; a pointer over it stops the time."""


def write(scene: Scene) -> bytes:
    """One picture."""
    return _document(scene, _grouped((each, _drawn(each)) for each in scene.shapes))


def moving(scene: Scene, slots: Sequence[Sequence[Sequence[DrawnShape]]], interval: float) -> bytes:
    """All pictures in turn, again and again. scene: the last one. slots: of each picture the shapes in the
    place of each of the layout's. interval: seconds from one to the next."""
    count = len(slots)
    whole = count + HOLD
    names: dict[str, str] = {}
    drawn = list[tuple[DrawnShape, str]]()
    for place in range(len(slots[0])):
        for shape, where in _windows([each[place] for each in slots]).items():
            if len(where) == count:
                drawn.append((shape, _drawn(shape)))
                continue
            frames = _keyframes(where, count, whole)
            name = names.setdefault(frames, f"s{len(names)}")
            drawn.append((shape, _drawn(shape, f'class="{name}"', where[-1] == count - 1)))
    time = f"{shown(whole * interval, 6)}s"
    rules = "\n".join(
        f"@keyframes {name} {{ {frames} }}\n.{name} {{ animation: {name} {time} step-end infinite }}"
        for frames, name in names.items()
    )
    style = f"<style>\n{_MOVING.format(rules=rules)}\n</style>"
    return _document(scene, [style, *_grouped(drawn)])


def _grouped(drawn: Iterable[tuple[DrawnShape, str]]) -> Iterator[str]:
    """What belongs to one box, circle or arrow in a group, with its hover text."""
    for (owner, hint), some in groupby(drawn, key=lambda each: (each[0].owner, each[0].hint)):
        lines = [line for _, line in some]
        if owner or hint:
            title = f"<title>{escape(hint, quote=False)}</title>" if hint else ""
            of = f' data-of="{escape(owner)}"' if owner else ""
            lines = [f"<g{of}>{title}", *lines, "</g>"]
        yield from lines


def _windows(pictures: Sequence[Sequence[DrawnShape]]) -> Mapping[DrawnShape, list[int]]:
    """Each shape that stands at one place, with the pictures that have it."""
    found: dict[DrawnShape, list[int]] = {}
    for number, shapes in enumerate(pictures):
        for shape in shapes:
            # a hover text would tell what is yet to come
            still = shape._replace(hint="") if shape.owner.startswith("arrow:") else shape
            found.setdefault(still, []).append(number)
    return found


def _keyframes(where: Sequence[int], count: int, whole: int) -> str:
    """When what is seen in some pictures is visible. whole: how many pictures' time all take."""
    seen = {*where}
    changes = [
        (number, number in seen)
        for number in range(count)
        if number == 0 or (number in seen) != (number - 1 in seen)
    ]
    changes.append((whole, changes[-1][1]))
    return " ".join(
        f"{shown(100 * at / whole, 7)}% {{ visibility: {'visible' if visible else 'hidden'} }}"
        for at, visible in changes
    )


def _document(scene: Scene, lines: Iterable[str]) -> bytes:
    scale = scene.scale or 1.0
    wide, high = written(scene.width), written(scene.height)
    size = f'width="{written(scene.width * scale)}pt" height="{written(scene.height * scale)}pt"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {wide} {high}"'
        f' font-family="{escape(scene.font)}" role="img" aria-label="{scene.mark}">'
    )
    return "\n".join([f"<!-- {scene.mark} -->", head, *lines, "</svg>", ""]).encode()


def _drawn(shape: DrawnShape, more: str = "", visible: bool = True) -> str:
    words = [more] if more else []
    if not visible:
        words.append('visibility="hidden"')
    if shape.kind == "text":
        inside = escape(in_order(shape.text), quote=False)
        words += [
            _at("x", "y", shape.points[0]),
            f'fill="{shape.fill}"',
            f'font-size="{written(shape.size)}"',
        ]
        words += ['text-anchor="middle"'] * (shape.anchor == "middle")
        words += ['font-weight="bold"'] * shape.bold
        words += ['xml:space="preserve"'] * (inside != inside.strip())
    else:
        inside = ""
        words += _outline(shape)
        words.append(f'fill="{shape.fill}"')
        if shape.stroke != NONE:
            words.append(f'stroke="{shape.stroke}"')
            words += [f'stroke-width="{written(shape.width)}"'] * (shape.width != 1)
            words += ['stroke-dasharray="5,2"'] * shape.dashed
    tag = {"line": "polyline"}.get(shape.kind, shape.kind)
    return f"<{tag} {' '.join(words)}{f'>{inside}</{tag}>' if inside else '/>'}"


def _outline(shape: DrawnShape) -> list[str]:
    if shape.kind == "ellipse":
        middle, radii = shape.points
        return [_at("cx", "cy", middle), _at("rx", "ry", radii)]
    pairs = [f"{written(x)},{written(y)}" for x, y in shape.points]
    if shape.kind == "path":
        return [f'd="M{pairs[0]}C{" ".join(pairs[1:])}"']
    return [f'points="{" ".join(pairs)}"']


def _at(first: str, second: str, point: ShapePoint) -> str:
    return f'{first}="{written(point[0])}" {second}="{written(point[1])}"'


def written(number: float) -> str:
    """A number of points."""
    return shown(round(number, 2))
