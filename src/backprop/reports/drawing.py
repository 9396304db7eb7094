"""A picture as Graphviz text, and rendered as SVG, PNG or PDF; Values and Models in a notebook.

A box has label, data and grad in the manner of record nodes; roles differ in outline, so that
nobody needs the colours: inputs are rounded, the output has a bold outline, numbers are small.
Whatever comes from the equations is escaped; ids are made of names, so that the same equations give
the same bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from operator import itemgetter
from time import monotonic
from typing import Any

from graphviz import Digraph, ExecutableNotFound, escape

from backprop.errors import CannotDraw
from backprop.evaluation.unrounded import is_product
from backprop.numbers import IN_DOUBLES, exact, fixed, shortened, shown
from backprop.picture import INPUTS, Arrow, Box, Circle, Picture
from backprop.reports import graphviz_program
from backprop.reports.far_arrows import ALL, led_around, near
from backprop.reports.fonts import boxed, fonts_for, named, refuse, unusual
from backprop.reports.headings import beside
from backprop.reports.layout import fit, missing, roomier, with_free_titles
from backprop.reports.right_to_left import svg_in_order
from backprop.reports.themes import THEMES, TIMEOUT, Look, WidestTexts

_FONT, _FONTS = "Arial", "Arial,Helvetica,{}sans-serif"
"""What programs know the widths of, and the families that an SVG asks its reader for, with those for
letters of other scripts."""

_DPI = 96
"""Pixels an inch, in PNG and in browsers."""

_ANY = 10_000
"""Inches: no limit to the height of a picture whose width is given."""

_PROMPT = 1.0
"""Seconds that a layout may take and be made again with room for its titles."""

_LONG = 60
"""The longest title of a group; hover text has all of it."""


def write(picture: Picture, look: Look, format: str) -> bytes:
    """The picture as `svg`, `png`, `pdf` or `dot`, from left to right where that fits a slide, else
    in the direction that fits it better, if none is given. Raises CannotDraw where nothing renders it."""
    return _drawn(picture, look, format)


def with_room(picture: Picture, look: Look, room: WidestTexts) -> bytes:
    """The picture as `svg` with other texts: the widest that stand at each place in some steps. Raises
    CannotDraw."""
    return _drawn(picture, look._replace(width=None), "svg", room)


def _drawn(picture: Picture, look: Look, format: str, room: WidestTexts | None = None) -> bytes:
    ways, kept = [look.direction] if look.direction else ["LR", "TB"], near(picture)
    graphs = [digraph(picture, look._replace(direction=way), room, kept) for way in ways]
    if not kept:
        return _render(graphs, format, look.timeout)
    if format == "dot":
        way = _chosen(graphs, look.timeout).graph_attr["rankdir"]
        return str(digraph(picture, look._replace(direction=way), room).source).encode()

    def whole(graph: Digraph, layout: str) -> str:
        way, others = graph.graph_attr["rankdir"], Digraph()

        def put(at: int, **place: str) -> None:
            _edge(others, picture, at, look._replace(direction=way), room, **place)

        return led_around(picture, kept, layout, way, put, lambda: "".join(others.body))

    return _render(graphs, format, look.timeout, whole)


class PlainDigraph(Digraph):  # type: ignore[misc]
    """A Digraph that notebooks show where Graphviz is not installed, too."""

    def _repr_mimebundle_(self, *kinds: Any, **named_kinds: Any) -> dict[str, Any]:
        try:
            found: dict[str, Any] = super()._repr_mimebundle_(*kinds, **named_kinds)
        except (ExecutableNotFound, FileNotFoundError):
            return {"image/svg+xml": render(self, "svg").decode()}
        return found


def digraph(
    picture: Picture,
    look: Look,
    room: WidestTexts | None = None,
    kept: Mapping[int, int] = ALL,
) -> Digraph:
    """The Graphviz graph of a picture. room: as for `with_room`. kept: as `far_arrows.near` has it; the
    other arrows are left out."""
    theme = THEMES[look.theme]
    graph = PlainDigraph(
        "equations",
        graph_attr={
            "rankdir": look.direction or "LR",
            "bgcolor": "transparent" if look.transparent else theme.paper,
            "fontname": _FONT, "fontcolor": theme.ink,
            "nodesep": "0.3", "ranksep": "0.55", "pad": "0.2", "fontsize": "12", "color": theme.faint,
        },
        node_attr={"fontname": _FONT, "fontsize": "12", "color": theme.ink, "fontcolor": theme.ink},
        edge_attr={"fontname": _FONT, "fontsize": "10", "color": theme.line, "fontcolor": theme.ink,
                   "arrowsize": "0.7"},
    )  # fmt: skip
    if look.width:
        graph.attr(size=f"{shown(look.width / _DPI, 6)},{_ANY}!")
    moving = (box.grad for box in picture.boxes if box.role != "constant")
    largest = max((abs(grad) for grad in moving if isfinite(grad)), default=0)
    grouped: dict[str, list[Box | Circle]] = {}
    items: list[Box | Circle] = [*picture.boxes, *picture.circles]
    for item in items:
        grouped.setdefault(item.group if item.group in picture.groups else "", []).append(item)
    for group, inside in grouped.items():
        if not group:
            _nodes(graph, inside, look, largest, room)
            continue
        text = f"{group} = {picture.groups[group]}"
        label, tooltip = escape(shortened(text, _LONG)), escape(text)
        with graph.subgraph(name=f"cluster {group}") as cluster:
            assert cluster is not None
            cluster.attr(label=label, labeljust="l", style="rounded,dashed", tooltip=tooltip)
            _nodes(cluster, inside, look, largest, room)
    for at in range(len(picture.arrows)):
        if not kept or at in kept:
            least = {"minlen": str(kept[at])} if kept else {}
            _edge(graph, picture, at, look, room, **least)
    graph.attr(**beside(picture, look, room))
    return graph


def render(graph: Digraph, format: str, seconds: float = TIMEOUT) -> bytes:
    """The graph as `svg`, `png`, `pdf` or `dot`. Raises CannotDraw where nothing renders it."""
    return _render([graph], format, seconds)


def plain(graphs: Sequence[Digraph], seconds: float = TIMEOUT) -> list[str]:
    """Graphs laid out, each in Graphviz's format `plain`. seconds: for all. Raises CannotDraw."""
    run = graphviz_program.runner("plain", seconds)
    found = (
        run("\n".join(graph.source for graph in graphs), "-Tplain").decode().split("stop\n")[:-1]
    )
    if len(found) != len(graphs):  # not every program takes several
        found = [run(graph.source, "-Tplain").decode() for graph in graphs]
    return found


def _render(
    graphs: Sequence[Digraph],
    format: str,
    seconds: float,
    whole: Callable[[Digraph, str], str] | None = None,
) -> bytes:
    """The first of the graphs that fits a slide, or the one that fits it best. As `dot` it is the
    first one where nothing can lay them out. whole: what makes of a graph and its layout one with all
    arrows."""
    if format == "dot":
        return str(_chosen(graphs, seconds).source).encode()
    run = graphviz_program.runner(format, seconds)
    if format != "svg":
        _need_fonts(graphs[0].source, lambda text: run(text, "-Tpng"))
    best, layout, first = _best(graphs, run)
    layout = with_free_titles(layout, first)
    layout = whole(best, layout) if whole else layout
    without = (
        ["-Gmargin=0"] if format == "pdf" else []
    )  # else half an inch around what was asked for
    drawn = run(layout, "-Knop2", f"-T{format}", *without)
    if format != "svg":
        return drawn
    families = _FONTS.format("".join(f"{font}," for font in named(unusual(layout))))
    said, meant = (f' font-family="{fonts}"'.encode() for fonts in (_FONT, families))
    # a blank that does not break looks like any other: it is written by its number
    return svg_in_order(drawn.replace(said, meant).replace("\u00a0".encode(), b"&#160;"))


def _chosen(graphs: Sequence[Digraph], seconds: float) -> Digraph:
    """The graph that is drawn; the first one where nothing can lay them out."""
    if len(graphs) > 1:
        with suppress(CannotDraw):
            return _best(graphs, graphviz_program.runner("dot", seconds))[0]
    return graphs[0]


def _best(graphs: Iterable[Digraph], run: Callable[..., bytes]) -> tuple[Digraph, str, str]:
    """The graph that is drawn, its layout, and the one before its titles had room."""
    found = []
    for graph in graphs:
        begin = monotonic()
        layout = first = run(graph.source, "-Tdot").decode()
        if monotonic() - begin < _PROMPT:
            layout = _widened(graph.source, first, lambda text: run(text, "-Tdot").decode())
        found.append((graph, layout, first))
        if fit(layout) >= 1:
            break
    return max(found, key=lambda each: fit(each[1]))


def _widened(source: str, first: str, laid_out: Callable[[str], str]) -> str:
    """The layout with the most room for its titles of those in which groups are wider; first: the
    layout as it was made of the source. What makes one group wider may move arrows onto others."""
    tried = [(missing(first, first), source, first)]
    # what is missing may come on either side of the arrows
    for times, again in ((2, False), (4, False), (6, False), (2, True), (3, True), (4, True)):
        if not tried[-1][0]:
            break
        _, text, layout = min(tried, key=itemgetter(0)) if again else tried[0]
        text = roomier(text, layout, first, times)
        layout = laid_out(text)
        tried.append((missing(layout, first), text, layout))
    return min(tried, key=itemgetter(0))[2]


def _need_fonts(source: str, drawn: Callable[[str], bytes]) -> None:
    """Raise CannotDraw for a graph with letters that would be boxes. drawn: the PNG of a graph."""
    letters = unusual(source)
    if (
        letters and graphviz_program.program_that_draws() == graphviz_program.graphviz_pure()
    ):  # it has fonts of its own
        missing = boxed(letters, lambda each: drawn(f'graph {{ "{each}" [fontname={_FONT}] }}'))
        refuse(
            missing, "of graphviz-pure", "or install Graphviz itself, which draws with your fonts"
        )
    elif letters:
        refuse(fonts_for(letters)[1], "on this computer", "or install a font, and draw again")


def _nodes(
    graph: Digraph,
    items: Iterable[Box | Circle],
    look: Look,
    largest: float,
    room: WidestTexts | None,
) -> None:
    theme = THEMES[look.theme]
    for item in items:
        if isinstance(item, Circle):
            small, symbol = "0.35" if len(item.symbol) < 3 else "0.5", escape(item.symbol)
            graph.node(item.id, symbol, shape="circle", width=small, margin="0.03", tooltip=symbol,
                       color=theme.line)  # fmt: skip
        elif item.role == "number":
            graph.node(item.id, escape(item.label or number(item.data, look.digits)), shape="plaintext",
                       fontsize="10", margin="0.03", width="0", height="0.2",
                       tooltip=escape(f"the number {exact(item.data)}"))  # fmt: skip
        else:
            muted = item.role == "constant"
            fill = theme.fill(item.grad, largest) if look.grads and not muted else "none"
            graph.node(
                item.id, _record(item, look, room),
                shape="Mrecord" if item.role in INPUTS else "record",
                style="filled" if fill != "none" else "solid",
                fillcolor=fill,
                # some programs measure text a little short
                margin="0.15,0.14" if room and room.high else "0.15,0.06",
                penwidth="2.5" if item.role == "output" else "1",
                fontcolor=theme.faint if muted else theme.text_on(fill),
                **({"color": theme.faint} if muted else {}),
                tooltip=escape(_title(item)),
            )  # fmt: skip


def _record(box: Box, look: Look, room: WidestTexts | None) -> str:
    """The fields of a box: its label, data and grad, or how large they are in several Values."""
    label = f"{box.label} = {box.formula}" if box.formula else box.label
    numbers = room.boxes[box.id] if room else numbers_of(box, look)
    fields = [label] if label else []
    fields += map("{} {}".format, words_of(box), numbers)
    text = " | ".join(map(_field, fields if look.grads else fields[:-1]))
    return text if look.direction == "TB" else "{ " + text + " }"


def words_of(box: Box) -> tuple[str, str]:
    """What stands before the two numbers of a box."""
    if box.members > 1:
        return f"{box.members:,} values, |data| ≤", "|grad| ≤"
    return "data", "grad"


def numbers_of(box: Box, look: Look) -> tuple[str, str]:
    """The two numbers of a box."""
    sizes = (box.data, box.grad) if box.members == 1 else (abs(box.data), abs(box.grad))
    data, grad = (number(size, look.digits) for size in sizes)
    return data, grad


def _title(box: Box) -> str:
    if not box.equation:
        what = {"input": ": an input", "constant": ": a constant"}.get(box.role, "")
        return f"{box.label}{what}" or "a step"
    return box.equation if box.role == "step" else f"{box.label} = {box.equation}"


def _edge(
    graph: Digraph, picture: Picture, at: int, look: Look, room: WidestTexts | None, **more: str
) -> None:
    """Write an arrow of a picture. more: attributes that it has besides."""
    arrow, id, output = picture.arrows[at], f"arrow:{at}", picture.output
    more |= {"id": id} if room else {}
    if arrow.slope is None or not look.grads:
        graph.edge(arrow.tail, arrow.head, tooltip=" ", **more)
        return
    derivative, slope, said = arrow_texts(arrow, look, output)
    text = room.arrows.get(id, derivative + slope) if room else derivative + slope
    label, title = escape(f" {text} "), escape(said)
    tips = {"tooltip": title, "labeltooltip": title}
    graph.edge(arrow.tail, arrow.head, label=label, **tips, **more)


def arrow_texts(arrow: Arrow, look: Look, output: str) -> tuple[str, str, str]:
    """Of an arrow with a number what stands before it, such as `∂e/∂a = `, the number, and the hover text."""
    local = (
        0.0 if arrow.slope is None else arrow.slope
    )  # one too small for a double is no 0, but false
    numbers = (arrow.upstream, local, arrow.share)
    upstream, slope, share = (number(each + 0.0, look.digits) for each in numbers)
    double = number(float(arrow.share), look.digits)
    aside = f" ({double} {IN_DOUBLES})" if arrow.single and share != double else ""
    of, by = arrow.of or "·", arrow.by or "·"
    # as `explain` calls it: one of several shares is not ∂L/∂a, which stands in the box of a
    part = "" if arrow.single else f"share of ∂{output}/∂{by}: "
    derivative = part if part and of == output else f"∂{of}/∂{by} = "
    derivative = derivative if arrow.of and arrow.by else ""
    rule = f"{part}∂{output}/∂{of} · ∂{of}/∂{by} = {upstream} · {slope}"
    decided = is_product(arrow.upstream, local, arrow.share)
    rule += f" = {share}{aside}" if decided else f", which may be anything; here it is {share}"
    return derivative, slope + (aside if of == output else ""), f"{arrow.formula}\n{rule}"


def number(value: float, digits: int | None) -> str:
    """A number as a picture shows it: whole numbers whole, others with four decimals."""
    if digits is not None:
        return shown(value, digits)
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return shown(value) if value == round(value) else fixed(value, 4)
    return shown(value, 4)


def _field(text: str) -> str:
    r"""Text in a field of a record, where `{ | } < >`, spaces and `\` mean something."""
    return "".join(f"\\{character}" if character in "\\{}|<> " else character for character in text)
