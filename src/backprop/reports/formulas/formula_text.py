"""Derivatives as an equation file, or as mathematics to read."""

from backprop.report.derivative_report import DerivativeReport
from backprop.reports.formulas.derivative_signs import sign
from backprop.reports.style import Style, written
from backprop.syntax.notation import names_in, typographic
from backprop.syntax.parser import formula


def write(found: DerivativeReport, style: Style) -> str:
    """A line an equation. What can be read again is never broken into lines."""
    if found.pretty:
        return written(_mathematics(found), style) + "\n"
    if found.alone and len(found.equations) == 1:
        (only,) = found.equations
        return f"{only.text} {only.behind}".rstrip() + "\n"
    lines = [*found.given, *(each.line for each in found.equations)]
    return "\n".join(lines) + "\n"


def _mathematics(found: DerivativeReport) -> str:
    statements = [formula(each.text) for each in found.equations]
    if found.alone and len(statements) == 1:
        return f"{typographic(statements[0])}  {found.equations[0].behind}".rstrip()
    lines = []
    for each, statement in zip(found.equations, statements, strict=True):
        named = {}
        for name in names_in(statement):
            if (derivative := found.derivative(name)) is not None:
                named[name] = f"({sign(found, derivative)})"
        left = sign(found, each) if each.of else each.name
        lines.append(f"{left} = {typographic(statement, named)}  {each.behind}".rstrip())
    return "\n".join(lines)
