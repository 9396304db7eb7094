"""A derivation as plain text."""

from __future__ import annotations

from textwrap import wrap

from backprop.derivation import Derivation
from backprop.reports.explain.document import Block, document
from backprop.reports.explain.mathematics import text
from backprop.reports.numbers import Style, written

_WIDE = 78
"""Columns of a sentence; mathematics is never broken."""


def write(found: Derivation, style: Style, hide: bool) -> str:
    """Sections of numbered steps, a line a derivative."""
    whole = document(found, hide)
    lines = [text(whole.title, style.digits)]
    for section in whole.sections:
        lines += ["", section.heading, "-" * len(section.heading)]
        if section.intro:
            lines += [*wrap(section.intro, _WIDE), ""]
        lines += [f"  {text(line, style.digits)}" for line in section.lines]
        widest = len(str(section.blocks[-1].number)) if section.blocks else 0
        for block in section.blocks:
            lines += _block(block, widest, style.digits)
    return written("\n".join(lines), style) + "\n"


def _block(block: Block, widest: int, digits: int | None) -> list[str]:
    number = f"{block.number:>{widest}}. "
    indent = " " * len(number)
    inner = [text(line, digits) for line in block.lines]
    if block.title is None and not block.rule:
        return [f"  {number}{line}" for line in inner]
    title = text(block.title, digits) if block.title is not None else ""
    head = ", ".join(part for part in (title, block.rule) if part)
    heads = [head] if len(head) + len(number) < _WIDE else [title, *wrap(block.rule, _WIDE - 8)]
    return [
        f"  {number}{heads[0]}",
        *(f"  {indent}{each}" for each in heads[1:]),
        *(f"  {indent}  {line}" for line in inner),
        *(f"  {indent}  ({note})" for note in block.notes),
    ]
