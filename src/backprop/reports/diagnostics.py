"""Errors and warnings as text: path, line, column, the line itself, and carets under the place.

    eqs.txt:3:5: error: there is no function 'sen'
      3 | y = sen(x)
        |     ^^^
      = did you mean 'sin'?

The only place that turns errors into text.
"""

from collections.abc import Iterable

from backprop.errors import LIMIT, BackpropError
from backprop.reports.style import Style, cells_wide, fitted
from backprop.source import Span

_LINE = 100
"""The most columns of a source line that are shown, around the caret; fewer in a narrow terminal."""

_BOLD, _RED, _YELLOW, _BLUE, _END = "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[0m"


def render(errors: Iterable[BackpropError], kind: str, style: Style) -> str:
    """All errors, with an empty line between them; beyond the limit only their number."""
    errors = list(errors)
    parts = [_one(error, kind, style) for error in errors[:LIMIT]]
    if len(errors) > LIMIT:
        parts.append(f"… and {len(errors) - LIMIT} more {kind}s\n")
    return "\n".join(parts)


def text(error: BackpropError) -> str:
    """An error and all that were found with it, for a program that prints them: without colours."""
    return render(error.all, "", Style()).rstrip("\n")


def _one(error: BackpropError, kind: str, style: Style) -> str:
    def paint(text: str, ink: str) -> str:
        return f"{ink}{text}{_END}" if style.color else text

    first_ink = _RED if kind == "error" else _YELLOW
    places = [
        (label.span.source, *label.span.source.position(label.span.start)) for label in error.labels
    ]
    where = visible(error.where)
    if places:
        where = ":".join(map(str, (where, *places[0][1:])))
    start = f"{where}: " * bool(where)
    head = start + f"{paint(f'{kind}:', first_ink)} " * bool(kind)
    # a message is broken at its spaces, and what stands in front of it is not
    solid = "x" * cells_wide(start + f"{kind}: " * bool(kind))
    message = "\n".join(fitted(solid + _shortened(error.message), style))[len(solid) :]
    lines = [f"{head}{paint(message, _BOLD)}"]
    gutter = max((len(str(number)) for _, number, _ in places), default=0) + 2
    room = min(_LINE, max((style.width or _LINE + gutter + 8) - gutter - 8, 20))
    before = None
    for at, label in enumerate(error.labels):
        source, number, _ = places[at]
        if source is not places[0][0]:
            lines.append(f"{' ' * gutter} in {visible(source.name)}:")
        mark, ink = ("-", _BLUE) if at else ("^", first_ink)
        text, carets = _excerpt(label.span, mark, room)
        if before != (source, number):
            lines.append(f"{paint(f'{number:>{gutter}} |', _BLUE)} {text}".rstrip())
        before = (source, number)
        said = f"{carets} {label.text}" if label.text else carets
        lines.append(f"{paint(' ' * gutter + ' |', _BLUE)} {paint(said, ink)}")
    for hint in map(_shortened, error.hints):
        copied = hint.startswith("write ") or "backprop " in hint
        wide = style._replace(width=None) if copied else style
        said = "\n".join(fitted(f"{' ' * gutter}= {hint}", wide, gutter + 2))
        lines.append(f"{' ' * gutter}{paint('=', _BLUE)}{said[gutter + 1 :]}")
    return "\n".join(lines) + "\n"


def _shortened(text: str, most: int = 400) -> str:
    """A sentence with very long names in it, its middle left out; in a path there may be anything."""
    text = visible(text)
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 4 :]}"


def _excerpt(span: Span, mark: str, room: int) -> tuple[str, str]:
    """The line of a span, tabs as spaces and cut around the span if long; and the carets under it."""
    number, column = span.source.position(span.start)
    line = span.source.line(number)
    first = column - 1
    last = min(first + max(1, span.end - span.start), max(len(line), first + 1))
    begin, end = 0, len(line)
    if cells_wide(line) > room or len(line) > 2 * room:  # of what has no width there may be more
        most = room if line.isascii() else room // 2  # a wide character takes two columns
        begin = max(0, min(first - most // 4, len(line) - most))
        end = min(len(line), begin + most)
    last = min(last, end)
    before, guilty, after = map(visible, (line[begin:first], line[first:last], line[last:end]))
    lead = "… " if begin else ""
    shown = lead + before + guilty + after + (" …" if end < len(line) else "")
    return shown, " " * cells_wide(lead + before) + mark * max(1, cells_wide(guilty))


def visible(text: str) -> str:
    """Tabs as four spaces; characters that cannot be seen, or would move the cursor, as `\\u…`."""
    text = text.replace("\t", "    ")

    def seen(character: str) -> str:
        hidden = not character.isprintable() and character != "\u200d"
        return f"<U+{ord(character):04X}>" if hidden else character

    return text if text.isprintable() else "".join(map(seen, text))
