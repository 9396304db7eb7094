"""The text of a Model with other defaults for its inputs, and everything else as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backprop.language.model import Model
from backprop.source import LINE_END

_COMMENT = re.compile(r"#[^\r\n]*")


def with_defaults(model: Model, numbers: Mapping[str, float]) -> str:
    """The equation text in which the inputs `numbers` have these defaults, to the last bit.

    Comments, layout and line ends stay. An input without a statement gets one, at the end. A default
    that already has the number keeps its spelling: `2*pi` stays `2*pi`.
    """
    text = model.source.text
    found = LINE_END.search(text)
    line_end = found.group() if found else "\n"
    pieces: list[str] = []
    at = 0
    spans = {name: model.equation(name) for name in numbers if name in model.defaults}
    for name, span in sorted(spans.items(), key=lambda item: item[1].start):
        if model.defaults[name].data == numbers[name]:
            continue
        # A comment inside a right side that goes over several lines stays, behind the number.
        comments = "".join(f"  {each}{line_end}" for each in _COMMENT.findall(span.text))
        pieces += [text[at : span.start], _number(numbers[name]), comments]
        at = span.end
    pieces.append(text[at:])
    written = "".join(pieces)
    added = [f"{name} = {_number(number)}" for name, number in numbers.items() if name not in spans]
    if added and written and not LINE_END.search(written[-1]):
        written += line_end
    return written + "".join(line + line_end for line in added)


def _number(number: float) -> str:
    """`1.994`; the shortest text that reads back as the same number."""
    text = repr(float(number) + 0.0)
    return text.removesuffix(".0")
