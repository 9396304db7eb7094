"""A derivation as one web page with MathML, which needs nothing else."""

from collections.abc import Callable, Sequence
from html import escape

from backprop.derivation import Derivation
from backprop.derivation.steps import SymbolicDerivation
from backprop.numbers import shown
from backprop.reports.explain.document import DIGITS, Document, Section
from backprop.reports.explain.mathematics import Notation
from backprop.reports.explain.mathml import pieces
from backprop.reports.style import Style

_STYLE = """
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid #ccc; }
ol { padding-left: 2.5rem; } li { margin: .4rem 0; } ul { list-style: none; padding-left: 1rem; }
.rule { color: #555; margin-left: .5em; } .rule:first-child { margin: 0; }
.note { color: #8a4d08; font-style: italic; }
math { font-size: 1.1em; margin: .12em 0; }
.wide { display: inline-block; max-width: 100%; overflow: auto hidden; vertical-align: middle; }
.phone { display: none; }
@media (max-width: 40rem) { .phone { display: inline; } .page { display: none; } }
@media (max-width: 30rem) { body { margin: 1rem auto; padding: 0 .8rem; overflow-wrap: anywhere; }
  ol { padding-left: 1.9rem; } ul { padding-left: 0; } .wide { font-size: .8em; } }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #1b1b1f; } .rule { color: #aaa; }
  .note { color: #fdb863; } }
@media print { body { margin: 0; max-width: none; } li { break-inside: avoid; } }
"""


def write(found: Derivation | SymbolicDerivation, style: Style, hide: bool) -> str:
    """The page; its title is the output."""
    if style.fragment:
        return fragment(found, style, hide)
    page = _Page(found, style, hide)
    title = found.output
    if not hide and isinstance(found, Derivation):
        title += f" = {shown(found.value, DIGITS)}"
    head = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}, step by step</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{page.title}</h1>",
    ]
    return "\n".join([*head, *page.body, "</body></html>"]) + "\n"


def body(found: Derivation | SymbolicDerivation, said: Callable[[str], str]) -> list[str]:
    """The lines of a page's body, without its heading. said: what its words are in the page's language."""

    class Said(_Page):
        def words(self, text: str) -> str:
            return super().words(said(text))

        def rule(self, text: str) -> str:
            return super().rule(said(text))

        def section(self, part: Section) -> list[str]:
            return super().section(
                part._replace(heading=said(part.heading), intro=said(part.intro))
            )

    return Said(found, Style(), False).body


def fragment(found: Derivation | SymbolicDerivation, style: Style, hide: bool = False) -> str:
    """The page's heading and body, for another page, such as a notebook, whose own style would set
    the lines so close that fractions touch."""
    page = _Page(found, style, hide)
    body = "\n".join([f"<h2>{page.title}</h2>", *page.body]) + "\n"
    return body.replace("<li>", '<li style="margin: .4rem 0">')


class _Page(Document):
    printed = False

    def written_in(self, found: Derivation | SymbolicDerivation) -> Notation:
        """With blanks that are long enough to write into."""
        return super().written_in(found)._replace(blank=r"\text{________}")

    def words(self, text: str) -> str:
        return escape(text)

    def formula(self, text: str) -> str:
        """MathML."""
        from latex2mathml.converter import convert

        try:  # TeX's escapes are left in words
            found: str = convert(text)
            return pieces(found.replace("\\_", "_"))
        except RecursionError:  # a few hundred brackets in one another: nobody reads that
            return f"<code>{escape(text)}</code>"

    def rule(self, text: str) -> str:
        return f'<span class="rule">{escape(text)}</span>'

    def note(self, text: str) -> str:
        return f'<span class="note">{escape(text)}</span>'

    def section(self, part: Section) -> list[str]:
        lines = [f"<h2>{part.heading}</h2>"]
        lines += [f"<p>{part.intro}</p>"] if part.intro else []
        lines += [f"<ul>{_items(part.lines)}</ul>"] if part.lines else []
        if not part.steps:
            return lines
        listed = [
            f"{step.equation} {step.rule}<ul>{_items(step.lines)}</ul>"
            if step.head
            else "<br>".join(step.lines)
            for step in part.steps
        ]
        start = f'<ol start="{part.steps[0].number}">'
        return [*lines, start, *(_items([item]) for item in listed), "</ol>"]


def _items(lines: Sequence[str]) -> str:
    return "".join(f"<li>{line}</li>" for line in lines)
