"""Derivatives as an equation file, or as mathematics to read."""

from backprop.report.derivative_report import DerivativeReport
from backprop.reports.formulas.derivative_signs import sign
from backprop.reports.style import Style, written
from backprop.syntax.notation import typographic
from backprop.syntax.parser import formula


def write(found: DerivativeReport, style: Style) -> str:
    """A line an equation. What can be read again is never broken into lines."""
    if found.pretty:
        return written(_mathematics(found), style) + "\n"
    if found.alone and len(found.equations) == 1:
        return f"{found.equations[0].text}\n"
    lines = [*found.given, *(f"{each.name} = {each.text}" for each in found.equations)]
    return "\n".join(lines) + "\n"


def _mathematics(found: DerivativeReport) -> str:
    signs = {each.name: sign(found, each) for each in found.equations if each.of}
    named = {name: f"({text})" if "/" in text else text for name, text in signs.items()}
    lines = [
        f"{signs.get(each.name, each.name)} = {typographic(formula(each.text), named)}"
        for each in found.equations
    ]
    if found.alone and len(lines) == 1:
        return typographic(formula(found.equations[0].text))
    return "\n".join(lines)
