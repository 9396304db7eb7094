"""A derivation as one web page with MathML, which needs nothing else."""

from __future__ import annotations

from html import escape

from backprop.derivation import Derivation
from backprop.numbers import shown
from backprop.reports.explain.document import Line, document
from backprop.reports.explain.mathematics import DIGITS, latex, latex_part
from backprop.reports.numbers import Style

_STYLE = """
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid #ccc; }
ol { padding-left: 2.5rem; } li { margin: .4rem 0; } ul { list-style: none; padding-left: 1rem; }
.rule { color: #555; } .note { color: #8a4d08; font-style: italic; }
math { font-size: 1.1em; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #1b1b1f; } .rule { color: #aaa; }
  .note { color: #fdb863; } }
@media print { body { margin: 0; max-width: none; } li { break-inside: avoid; } }
"""


def write(found: Derivation, style: Style, hide: bool) -> str:
    """The page; its title is the output."""
    whole = document(found, hide)
    title = found.output if hide else f"{found.output} = {shown(found.value, DIGITS)}"
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}, step by step</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{_math(whole.title, style.digits)}</h1>",
    ]
    for section in whole.sections:
        lines.append(f"<h2>{escape(section.heading)}</h2>")
        if section.intro:
            lines.append(f"<p>{escape(section.intro)}</p>")
        if section.lines:
            items = "".join(f"<li>{_math(line, style.digits)}</li>" for line in section.lines)
            lines.append(f"<ul>{items}</ul>")
        if section.blocks:
            lines.append(f'<ol start="{section.blocks[0].number}">')
        for block in section.blocks:
            equation = _math(block.title, style.digits) if block.title is not None else ""
            rule = f'<span class="rule">{escape(block.rule)}</span>' if block.rule else ""
            head = ", ".join(part for part in (equation, rule) if part)
            inner = [_math(line, style.digits) for line in block.lines]
            inner += [f'<span class="note">{escape(note)}</span>' for note in block.notes]
            if head:
                items = "".join(f"<li>{item}</li>" for item in inner)
                lines.append(f"<li>{head}<ul>{items}</ul></li>")
            else:
                lines.append(f"<li>{'<br>'.join(inner)}</li>")
        if section.blocks:
            lines.append("</ol>")
    return "\n".join([*lines, "</body></html>"]) + "\n"


def _math(line: Line, digits: int | None) -> str:
    part = f" {_mathml(latex_part(line.lead_part))}" if line.lead_part is not None else ""
    lead = f"{escape(line.lead)}{part}: " if line.lead else ""
    return lead + _mathml(latex(line, digits))


def _mathml(formula: str) -> str:
    from latex2mathml.converter import convert

    # its own blanks are too short to write into, and it leaves TeX's escapes in words
    found: str = convert(formula.replace(r"\underline{\hspace{3em}}", r"\text{________}"))
    found = found.replace("\\_", "_")
    return found.replace("<math ", '<math displaystyle="true" ', 1)
