"""A derivation as Markdown with mathematics between dollar signs."""

from __future__ import annotations

from backprop.derivation import Derivation
from backprop.reports.explain.document import Line, document
from backprop.reports.explain.mathematics import latex, latex_part
from backprop.reports.numbers import Style


def write(found: Derivation, style: Style, hide: bool) -> str:
    """Headings, numbered steps, formulas as `$…$`."""
    whole = document(found, hide)
    lines = [f"# {_math(whole.title, style.digits)}"]
    for section in whole.sections:
        lines += ["", f"## {section.heading}", ""]
        if section.intro:
            lines += [section.intro, ""]
        lines += [f"- {_math(line, style.digits)}" for line in section.lines]
        for block in section.blocks:
            inner = [_math(line, style.digits) for line in block.lines]
            if block.title is None and not block.rule:
                lines += [f"{block.number}. {line}" for line in inner]
                continue
            title = _math(block.title, style.digits) if block.title is not None else ""
            head = ", ".join(part for part in (title, block.rule) if part)
            notes = [f"*{note}*".replace("_", r"\_") for note in block.notes]
            lines.append(f"{block.number}. {head}")
            lines += [f"    - {line}" for line in [*inner, *notes]]
    return "\n".join(lines) + "\n"


def _math(line: Line, digits: int | None) -> str:
    part = f" ${latex_part(line.lead_part)}$" if line.lead_part is not None else ""
    lead = f"{line.lead}{part}: " if line.lead else ""
    return f"{lead}${latex(line, digits)}$"
