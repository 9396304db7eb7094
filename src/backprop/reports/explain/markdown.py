"""A derivation as Markdown with mathematics between dollar signs."""

from backprop.derivation import Derivation
from backprop.derivation.steps import SymbolicDerivation
from backprop.reports.explain.document import Document, Section
from backprop.reports.markdown_table import words
from backprop.reports.style import Style


def write(found: Derivation | SymbolicDerivation, style: Style, hide: bool) -> str:
    """Headings, numbered steps, formulas as `$…$`."""
    page = _Markdown(found, style, hide)
    return "\n".join([f"# {page.title}", *page.body]) + "\n"


class _Markdown(Document):
    def words(self, text: str) -> str:
        return words(text)

    def note(self, text: str) -> str:
        return f"*{self.words(text)}*"

    def section(self, part: Section) -> list[str]:
        lines = ["", f"## {part.heading}", ""]
        lines += [part.intro, ""] if part.intro else []
        lines += [f"- {line}" for line in part.lines]
        for step in part.steps:
            if step.head:
                lines.append(f"{step.number}. {step.head}")
                lines += [f"    - {line}" for line in step.lines]
            else:
                lines += [f"{step.number}. {line}" for line in step.lines]
        return lines
