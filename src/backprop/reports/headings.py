"""What stands above and below a picture: its heading, the line that tells the step, what the colours mean."""

from __future__ import annotations

from html import escape

from backprop.picture import Picture
from backprop.reports.diagnostics import visible
from backprop.reports.themes import THEMES, Look, Theme, WidestTexts

_HEADING = 18
"""Points of the letters of a heading."""

_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'

_BESIDE_LEGEND = 40
"""Empty cells beside the legend: Graphviz gives every column as much of what a heading is wider, so that its
colours would grow with the heading."""


def beside(picture: Picture, look: Look, room: WidestTexts | None) -> dict[str, str]:
    """The label of a graph as attributes for Graphviz: above it where there is a heading, else below."""
    theme, lines = THEMES[look.theme], list[str]()
    if look.title:
        size = f'<FONT POINT-SIZE="{_HEADING}">{_text(look.title)}</FONT>'
        lines.append(f'<TD ALIGN="LEFT" CELLPADDING="6">{size}</TD>')
    if room and room.caption:
        lines.append(f'<TD ALIGN="LEFT" CELLPADDING="6">{_text(room.caption)}</TD>')
    if look.grads and theme.rising and (room is None or room.legend):
        muted = any(box.role == "constant" for box in picture.boxes)
        legend = _legend(theme, picture.output, muted)
        row = f"<TR><TD>{legend}</TD>{'<TD></TD>' * _BESIDE_LEGEND}</TR>"
        lines.append(f"<TD>{_TABLE}{row}</TABLE></TD>" if lines else legend)
    if not lines:
        return {}
    if len(lines) > 1 or lines[0].startswith("<TD"):
        rows = "".join(f"<TR>{line}</TR>" for line in lines)
        rows += '<TR><TD HEIGHT="8"></TD></TR>' * bool(look.title)
        lines = [f"{_TABLE}{rows}</TABLE>"]
    return {"label": f"<{lines[0]}>", "labelloc": "t" if look.title else "b", "labeljust": "l"}


def _text(text: str) -> str:
    return escape(visible(text), quote=False)


def _legend(theme: Theme, output: str, muted: bool) -> str:
    """What the colours mean, as a table. muted: whether there are constants."""
    meanings = ("negative, large", "small", "0", "small", "positive, large")
    falling, rising = theme.falling, theme.rising
    colors = (falling[-1], falling[0], theme.flat, rising[0], rising[-1])
    cells = [
        f'<TD BGCOLOR="{color}"><FONT COLOR="{theme.text_on(color)}">&#160;{text}&#160;&#160;</FONT></TD>'
        for color, text in zip(colors, meanings, strict=True)
    ]
    return (
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="6"><TR>'
        f"<TD>grad: ∂{escape(output, quote=False)}/∂(box)</TD>{''.join(cells)}"
        f"<TD>rounded: input; bold: output{'; grey: constant' * muted}</TD></TR></TABLE>"
    )
