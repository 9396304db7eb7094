"""A derivation as plain text."""

from textwrap import wrap

from backprop.derivation import Derivation
from backprop.reports.explain.document import Document, Section
from backprop.reports.explain.notation import TEXT, Notation
from backprop.reports.style import Style, written

_WIDE = 78
"""Columns of a sentence; mathematics is never broken."""


def write(found: Derivation, style: Style, hide: bool) -> str:
    """Sections of numbered steps, a line a derivative."""
    page = _Text(found, style, hide)
    return written("\n".join([page.title, *page.body]), style) + "\n"


class _Text(Document):
    def written_in(self, found: Derivation) -> Notation:
        return TEXT

    def formula(self, text: str) -> str:
        return text

    def note(self, text: str) -> str:
        return f"({text})"

    def section(self, part: Section) -> list[str]:
        lines = ["", part.heading, "-" * len(part.heading)]
        lines += [*wrap(part.intro, _WIDE), ""] if part.intro else []
        lines += [f"  {line}" for line in part.lines]
        widest = len(str(part.steps[-1].number)) if part.steps else 0
        for step in part.steps:
            number = f"  {step.number:>{widest}}. "
            indent = " " * len(number)
            if not step.head:
                lines += [f"{number}{line}" for line in step.lines]
                continue
            heads = [step.head]
            if len(step.head) + len(number) - 2 >= _WIDE:
                heads = [step.equation, *wrap(step.rule, _WIDE - 8)]
            lines.append(number + heads[0])
            lines += [indent + each for each in heads[1:]]
            lines += [f"{indent}  {line}" for line in step.lines]
        return lines
