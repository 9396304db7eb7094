"""Errors and warnings as text: path, line, column, the line itself, and carets under the place.

    eqs.txt:3:5: error: there is no function 'sen'
      3 | y = sen(x)
        |     ^^^
      = did you mean 'sin'?

The only place that turns errors into text.
"""

from __future__ import annotations

from collections.abc import Iterable

from backprop.errors import LIMIT, BackpropError, Label
from backprop.reports.table import cells_wide
from backprop.source import Span

_LINE = 100
"""The most columns of a source line that are shown, around the caret; fewer in a narrow terminal."""

_BOLD, _RED, _YELLOW, _BLUE, _END = "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[0m"


def render(
    errors: Iterable[BackpropError],
    kind: str = "error",
    color: bool = False,
    width: int | None = None,
) -> str:
    """All errors, with an empty line between them; beyond the limit only their number."""
    errors = list(errors)
    parts = [_one(error, kind, color, width) for error in errors[:LIMIT]]
    if len(errors) > LIMIT:
        parts.append(f"… and {len(errors) - LIMIT} more {kind}s\n")
    return "\n".join(parts)


def _one(error: BackpropError, kind: str, color: bool, width: int | None) -> str:
    def paint(text: str, ink: str) -> str:
        return f"{ink}{text}{_END}" if color else text

    where = error.where
    if error.labels:
        span = error.labels[0].span
        line, column = span.source.position(span.start)
        where = f"{where}:{line}:{column}"
    head = paint(f"{kind}:", _RED if kind == "error" else _YELLOW)
    lines = [f"{where + ': ' if where else ''}{head} {paint(_shortened(error.message), _BOLD)}"]
    numbers = [label.span.source.position(label.span.start)[0] for label in error.labels]
    gutter = max((len(str(number)) for number in numbers), default=0) + 2
    room = min(_LINE, max((width or _LINE + gutter + 8) - gutter - 8, 20))
    primary = error.labels[0].span.source if error.labels else None
    for at, label in enumerate(error.labels):
        source = label.span.source
        if source is not primary:
            lines.append(f"{' ' * gutter} in {source.name}:")
        text, carets = _excerpt(label.span, "^" if at == 0 else "-", room)
        ink = (_RED if kind == "error" else _YELLOW) if at == 0 else _BLUE
        repeated = (
            at > 0 and numbers[at] == numbers[at - 1] and source is error.labels[at - 1].span.source
        )
        if not repeated:
            lines.append(f"{paint(f'{numbers[at]:>{gutter}} |', _BLUE)} {text}".rstrip())
        lines.append(f"{paint(' ' * gutter + ' |', _BLUE)} {paint(_said(carets, label), ink)}")
    lines += [f"{' ' * gutter}{paint('=', _BLUE)} {_shortened(hint)}" for hint in error.hints]
    return "\n".join(lines) + "\n"


def _shortened(text: str, most: int = 400) -> str:
    """A sentence with very long names in it, its middle left out."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 4 :]}"


def _said(carets: str, label: Label) -> str:
    return f"{carets} {label.text}" if label.text else carets


def _excerpt(span: Span, mark: str, room: int) -> tuple[str, str]:
    """The line of a span, tabs as spaces and cut around the span if long; and the carets under it."""
    number, column = span.source.position(span.start)
    line = span.source.line(number)
    first = column - 1
    last = min(first + max(1, span.end - span.start), max(len(line), first + 1))
    begin, end = 0, len(line)
    if cells_wide(line) > room:
        most = room if line.isascii() else room // 2  # a wide character takes two columns
        begin = max(0, min(first - most // 4, len(line) - most))
        end = min(len(line), begin + most)
    before, guilty, after = (
        line[begin:first],
        line[first : min(last, end)],
        line[min(last, end) : end],
    )
    before, guilty, after = map(_visible, (before, guilty, after))
    lead = "… " if begin else ""
    shown = lead + before + guilty + after + (" …" if end < len(line) else "")
    return shown, " " * cells_wide(lead + before) + mark * max(1, cells_wide(guilty))


def _visible(text: str) -> str:
    """Tabs as four spaces; characters that cannot be seen, or would move the cursor, as `\\u…`."""
    text = text.replace("\t", "    ")
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in "\u200d"
        else f"<U+{ord(character):04X}>"
        for character in text
    )
