"""A derivation as plain text."""

from collections.abc import Sequence
from textwrap import wrap

from backprop.derivation import Derivation
from backprop.derivation.steps import SymbolicDerivation
from backprop.reports.explain.document import Document, Section, Written
from backprop.reports.explain.mathematics import TEXT, Notation
from backprop.reports.style import Style, fitted, written

_WIDE = 78
"""The most columns of a sentence in a terminal. In a pipe or a file nothing is broken."""


def write(found: Derivation | SymbolicDerivation, style: Style, hide: bool) -> str:
    """Sections of numbered steps, a line a derivative."""
    page = TextDocument(found, style, hide)
    return written("\n".join([page.title, *page.body]), style) + "\n"


class TextDocument(Document):
    """A derivation as lines of a terminal, or of a file."""

    def written_in(self, found: Derivation | SymbolicDerivation) -> Notation:
        return TEXT

    def formula(self, text: str) -> str:
        return text

    def note(self, text: str) -> str:
        return f"({text})"

    def section(self, part: Section) -> list[str]:
        wide = self.style.width and min(self.style.width, _WIDE)
        lines = ["", part.heading, "-" * len(part.heading)]
        if part.intro:
            lines += [*(wrap(part.intro, wide) if wide else [part.intro]), ""]
        lines += [each for line in part.lines for each in fitted(f"  {line}", self.style, 4)]
        return lines + self.numbered(part.steps)

    def numbered(self, steps: Sequence[Written]) -> list[str]:
        """The lines of some steps."""
        wide = self.style.width and min(self.style.width, _WIDE)
        lines = list[str]()
        widest = len(str(steps[-1].number)) if steps else 0
        for step in steps:
            number = f"  {step.number:>{widest}}. "
            indent = " " * len(number)
            if not step.head:
                lines += self._fitted(number, *step.lines)
                continue
            heads = [step.head]
            if wide and len(step.head) + len(number) - 2 >= wide:
                heads = [step.equation, *wrap(step.rule, wide - 8)]
            lines += self._fitted(number, heads[0])
            lines += [indent + each for each in heads[1:]]
            lines += self._fitted(f"{indent}  ", *step.lines)
        return lines

    def _fitted(self, before: str, *lines: str) -> list[str]:
        """The lines, each behind `before`, and broken where a terminal is too narrow for them."""
        pad = len(before) + 2
        return [each for line in lines for each in fitted(before + line, self.style, pad)]
