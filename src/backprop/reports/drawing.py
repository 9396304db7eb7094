"""A picture as Graphviz text, and rendered as SVG, PNG or PDF.

A box has label, data and grad in the manner of record nodes; roles differ in outline, so that
nobody needs the colours: inputs are rounded, the output has a bold outline, numbers are small.
Whatever comes from the equations is escaped; ids are made of names, so that the same equations give
the same bytes.
"""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from backprop.errors import CannotDraw
from backprop.numbers import shown
from backprop.picture import Arrow, Box, Circle, Picture
from backprop.reports.themes import THEMES, Theme

if TYPE_CHECKING:
    from graphviz import Digraph

_FONT = "Helvetica,Arial,sans-serif"


class Look(NamedTuple):
    """theme: light, dark, mono. direction: LR or TB. grads: whether the backward pass is shown.
    digits: significant digits, None for four decimals."""

    theme: str = "light"
    direction: str = "LR"
    grads: bool = True
    digits: int | None = None


_PLAIN = Look()


def write(picture: Picture, look: Look, format: str) -> bytes:
    """The picture as `svg`, `png`, `pdf` or `dot`. Raises CannotDraw where nothing renders it."""
    return render(digraph(picture, look), format)


def digraph(picture: Picture, look: Look = _PLAIN) -> Digraph:
    """The Graphviz graph of a picture."""
    import graphviz

    theme = THEMES[look.theme]
    graph = graphviz.Digraph(
        "equations",
        graph_attr={
            "rankdir": look.direction, "bgcolor": theme.paper, "fontname": _FONT, "fontcolor": theme.ink,
            "nodesep": "0.3", "ranksep": "0.55", "pad": "0.2", "fontsize": "12", "color": theme.faint,
        },
        node_attr={"fontname": _FONT, "fontsize": "12", "color": theme.ink, "fontcolor": theme.ink},
        edge_attr={"fontname": _FONT, "fontsize": "10", "color": theme.line, "fontcolor": theme.ink,
                   "arrowsize": "0.7"},
    )  # fmt: skip
    largest = max(
        (abs(box.grad) for box in picture.boxes if abs(box.grad) < float("inf")), default=0
    )
    grouped: dict[str, list[Box | Circle]] = {}
    items: list[Box | Circle] = [*picture.boxes, *picture.circles]
    for item in items:
        grouped.setdefault(item.group if item.group in picture.groups else "", []).append(item)
    for group, inside in grouped.items():
        if not group:
            _nodes(graph, inside, look, largest)
            continue
        text = f"{group} = {picture.groups[group]}"
        with graph.subgraph(name=f"cluster {group}") as cluster:
            assert cluster is not None
            cluster.attr(
                label=_plain(_cut(text)),
                labeljust="l",
                style="rounded,dashed",
                tooltip=_plain(text),
            )
            _nodes(cluster, inside, look, largest)
    for arrow in picture.arrows:
        _edge(graph, arrow, look, picture.output)
    if look.grads and theme.rising:
        graph.attr(label=_legend(theme, picture.output), labelloc="b", labeljust="l")
    return graph


def render(graph: Digraph, format: str) -> bytes:
    """The graph as `svg`, `png`, `pdf` or `dot`. Raises CannotDraw where nothing renders it."""
    if format == "dot":
        return str(graph.source).encode()
    import graphviz
    from graphviz.backend import dot_command

    program = _program()
    if program is None:
        raise CannotDraw(
            "there is no program that lays out graphs",
            hints=[
                "install one: pip install graphviz-pure",
                "or write the graph itself: -o graph.dot",
            ],
        )
    dot_command.DOT_BINARY = Path(program)
    try:
        drawn: bytes = graph.pipe(format=format, quiet=True)
    except graphviz.ExecutableNotFound:
        raise CannotDraw(f"{program} cannot be run") from None
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        hints = ["it needs the real Graphviz: apt-get install graphviz, or brew install graphviz"]
        if "not recognized" not in "".join(said):
            hints = said[-2:]
        raise CannotDraw(f"{Path(program).name} cannot draw {format}", hints=hints) from None
    return drawn


def _program() -> str | None:
    """Graphviz itself, or the program of the package graphviz-pure."""
    return shutil.which("dot") or _pure()


def _pure() -> str | None:
    """The program of the package graphviz-pure, beside this Python or on the PATH."""
    return shutil.which("graphviz-pure", path=sysconfig.get_path("scripts")) or shutil.which(
        "graphviz-pure"
    )


def _nodes(graph: Digraph, items: Iterable[Box | Circle], look: Look, largest: float) -> None:
    theme = THEMES[look.theme]
    for item in items:
        if isinstance(item, Circle):
            small = "0.35" if len(item.symbol) < 3 else "0.5"
            graph.node(item.id, _plain(item.symbol), shape="circle", width=small, margin="0.03",
                       tooltip=_plain(item.symbol), color=theme.line)  # fmt: skip
        elif item.role == "number":
            graph.node(item.id, _plain(item.label or number(item.data, look.digits)), shape="plaintext",
                       fontsize="10", margin="0.03", width="0", height="0.2",
                       tooltip=_plain(f"the number {item.data!r}"))  # fmt: skip
        else:
            fields = [item.label] if item.label else []
            if item.count == 1:
                fields.append(f"data {number(item.data, look.digits)}")
            else:
                fields.append(
                    f"{item.count} values, |data| ≤ {number(abs(item.data), look.digits)}"
                )
            if look.grads and item.count == 1:
                fields.append(f"grad {number(item.grad, look.digits)}")
            elif look.grads:
                fields.append(f"|grad| ≤ {number(abs(item.grad), look.digits)}")
            label = " | ".join(map(_field, fields))
            if look.direction == "LR":
                label = "{ " + label + " }"
            fill = theme.fill(item.grad, largest) if look.grads else "none"
            graph.node(
                item.id, label,
                shape="Mrecord" if item.role == "input" else "record",
                style="filled" if fill != "none" else "solid",
                fillcolor=fill,
                margin="0.15,0.06",  # some programs measure text a little short
                penwidth="2.5" if item.role == "output" else "1",
                fontcolor=theme.text_on(fill),
                tooltip=_plain(_title(item)),
            )  # fmt: skip


def _title(box: Box) -> str:
    if not box.equation:
        return f"{box.label}: an input" if box.role == "input" else box.label or "a step"
    return f"{box.label} = {box.equation}" if box.role not in ("step", "number") else box.equation


def _edge(graph: Digraph, arrow: Arrow, look: Look, output: str) -> None:
    if arrow.slope is None or not look.grads:
        graph.edge(arrow.tail, arrow.head, tooltip=" ")
        return
    slope = number(arrow.slope, look.digits)
    derivative = f"∂{arrow.of}/∂{arrow.by} = " if arrow.of and arrow.by else ""
    product = arrow.upstream * arrow.slope if arrow.upstream and arrow.slope else 0.0
    of, by = arrow.of or "·", arrow.by or "·"
    title = (
        f"{arrow.formula}\n∂{output}/∂{of} · ∂{of}/∂{by}"
        f" = {number(arrow.upstream, look.digits)} · {slope} = {number(product, look.digits)}"
    )
    graph.edge(arrow.tail, arrow.head, label=_plain(f" {derivative}{slope} "),
               tooltip=_plain(title), labeltooltip=_plain(title))  # fmt: skip


def number(value: float, digits: int | None) -> str:
    """A number as a picture shows it: whole numbers whole, others with four decimals."""
    if digits is not None:
        return shown(value, digits)
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return shown(value) if value == round(value) else f"{value:.4f}"
    return shown(value, 4)


def _legend(theme: Theme, output: str) -> str:
    """An HTML-like label: what the colours mean."""
    cells = [
        f'<TD BGCOLOR="{color}"><FONT COLOR="{theme.text_on(color)}">&#160;{text}&#160;&#160;</FONT></TD>'
        for color, text in (
            (theme.falling[-1], "negative, large"),
            (theme.falling[0], "small"),
            (theme.flat, "0"),
            (theme.rising[0], "small"),
            (theme.rising[-1], "positive, large"),
        )
    ]
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="6"><TR>'
        f"<TD>grad: ∂{escape(output, quote=False)}/∂(box)</TD>{''.join(cells)}"
        "<TD>rounded: input; bold: output</TD></TR></TABLE>>"
    )


def _plain(text: str) -> str:
    """Text in which Graphviz sees no escapes and no HTML."""
    import graphviz

    escaped: str = graphviz.escape(text)
    return escaped


def _field(text: str) -> str:
    r"""Text in a field of a record, where `{ | } < >`, spaces and `\` mean something."""
    return "".join(f"\\{character}" if character in "\\{}|<> " else character for character in text)


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
